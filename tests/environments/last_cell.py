# The cell that colab.py adds at a lesson's end: turn every slider and press every button that the lesson made, as a
# learner would. Each picture must change. The interface of ipywidgets 7 and 8 differs in where the widgets are kept.
import ipywidgets

living = getattr(ipywidgets.widgets.widget, "_instances", None) or ipywidgets.Widget.widgets
boxes = [box for box in list(living.values()) if isinstance(box, ipywidgets.VBox)]


def inside(box):  # a box's widgets, and those of the boxes in it
    for child in box.children:
        yield from inside(child) if hasattr(child, "children") else [child]


def move(knob):  # to another value, as a hand or a key does
    if isinstance(knob, ipywidgets.Button):
        knob.click()
    elif isinstance(knob, ipywidgets.SelectionSlider):
        knob.index = (knob.index + 1) % len(knob.options)


for box in boxes:
    (picture,) = [widget for widget in inside(box) if isinstance(widget, ipywidgets.Image)]
    for knob in inside(box):
        if isinstance(knob, (ipywidgets.Button, ipywidgets.SelectionSlider)) and not knob.disabled:
            before = bytes(picture.value)
            move(knob)
            assert bytes(picture.value) != before, f"expected another picture, got the same after {knob.description!r}"
print(f"widgets that answered: {len(boxes)}")
