"""Explorers: sliders that redraw one picture. A notebook shows a static figure beside each, for readers on the web."""

import io
import threading
from collections.abc import Callable
from contextlib import contextmanager

import ipywidgets as widgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

LOCK = threading.RLock()  # for what all callbacks share: matplotlib and the random state of torch


def png(fig: Figure) -> bytes:
    """Turn a figure into PNG bytes and close it."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    plt.close(fig)
    return buffer.getvalue()


@contextmanager
def one_at_a_time():
    """Let a callback wait until no other one runs: JupyterLab calls them in threads."""
    with LOCK:
        yield


def label(value: int | float | str) -> str:
    """The text of a value on a slider."""
    return format(value, {str: "", int: ","}.get(type(value), ".3g"))


def explore(draw: Callable[..., Figure], width: int = 640, start: dict | None = None, **choices: list) -> widgets.VBox:
    """Show a figure below sliders that redraw it, one for each argument of `draw`.

    `choices` lists the values of each argument; `start` may say where its slider starts, or else it is at the first
    value. The arrow keys move a slider that has the focus.
    """
    if not choices or not all(choices.values()):
        raise ValueError(f"expected a list of values for each slider, got {choices}")
    start = {name: values[0] for name, values in choices.items()} | (start or {})
    if wrong := {name: value for name, value in start.items() if value not in choices.get(name, [])}:
        raise ValueError(f"expected each start among the values of its slider, got {wrong}")
    sliders = {
        name: widgets.SelectionSlider(
            options=[(label(value), value) for value in values],
            value=start[name],
            description=name.replace("_", " "),
            layout=widgets.Layout(width="400px"),
            style={"description_width": "110px"},
        )
        for name, values in choices.items()
    }
    # An image whose bytes change works without flicker in JupyterLab, Colab and Voila alike.
    picture = widgets.Image(format="png", layout=widgets.Layout(width=f"{width}px"))

    @one_at_a_time()
    def redraw(_=None) -> None:
        picture.value = png(draw(**{name: slider.value for name, slider in sliders.items()}))

    for slider in sliders.values():
        slider.observe(redraw, names="value")
    redraw()
    return widgets.VBox([*sliders.values(), picture])
