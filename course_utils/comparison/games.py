"""A game in a notebook: its picture, a button for each choice, and the score so far."""

from collections.abc import Callable, Sequence
from typing import Protocol

import ipywidgets as widgets
from matplotlib.figure import Figure

from course_utils.show.widgets import one_at_a_time, png


class Game(Protocol):
    """What is played: it draws itself, and knows when it is over."""

    finished: bool

    def figure(self) -> Figure: ...


def play(
    game: Game, choices: Sequence[str], choose: Callable[[int], object], score: Callable[[], str], width: int
) -> widgets.VBox:
    """Show a game; a click calls `choose` with the number of its button, and draws picture and score anew.

    The picture is at most `width` pixels wide. When the game is over, its buttons do nothing more.
    """
    # A box would stretch it to its own width, and one small picture with it.
    picture = widgets.Image(format="png", layout=widgets.Layout(max_width=f"{width}px", align_self="flex-start"))
    buttons = [widgets.Button(description=choice) for choice in choices]
    line = widgets.Label()

    def redraw() -> None:
        picture.value = png(game.figure())
        line.value = score()
        for button in buttons:
            button.disabled = game.finished

    @one_at_a_time()
    def click(button: widgets.Button) -> None:
        if not game.finished:  # another click may have been under way
            choose(buttons.index(button))
            redraw()

    for button in buttons:
        button.on_click(click)
    redraw()
    return widgets.VBox([picture, widgets.HBox(buttons), line])
