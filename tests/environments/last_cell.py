# The cell that colab.py adds at a lesson's end: it turns every slider and presses every button that the lesson made, as
# a learner would, and expects another picture. ipywidgets 7 and 8 keep their widgets in different places.
import ipywidgets

living = getattr(ipywidgets.widgets.widget, "_instances", None) or ipywidgets.Widget.widgets


def inside(box):  # a box's widgets, and those of the boxes in it
    for child in box.children:
        yield from inside(child) if hasattr(child, "children") else [child]


def after(knob, picture):  # the picture after one move of a knob: the next value of a slider, a click on a button
    if isinstance(knob, ipywidgets.Button):
        knob.click()
    else:
        knob.index = (knob.index + 1) % len(knob.options)
    return bytes(picture.value)


boxes = [box for box in list(living.values()) if isinstance(box, ipywidgets.VBox)]
for box in boxes:
    (picture,) = [widget for widget in inside(box) if isinstance(widget, ipywidgets.Image)]
    for slider in [widget for widget in box.children if isinstance(widget, ipywidgets.SelectionSlider)]:
        before = bytes(picture.value)
        assert after(slider, picture) != before, f"expected another picture, got the same after {slider.description!r}"
    buttons = [widget for widget in inside(box) if isinstance(widget, ipywidgets.Button)]
    pictures = {bytes(picture.value)} | {after(button, picture) for button in reversed(buttons)}  # Reset comes last
    assert len(pictures) > 1 or not buttons, "expected another picture, got the same after every button"
print(f"widgets that answered: {len(boxes)}")
