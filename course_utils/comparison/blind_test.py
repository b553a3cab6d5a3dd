"""A blind test: two rows of generated images without names, and the question which of them are the GAN's."""

import math
import random

import ipywidgets as widgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.show.plots import draw_rows
from course_utils.show.widgets import in_turn, png

SOUGHT, PLACES = "GAN", ("upper", "lower")


def matching(rows: dict[str, Tensor], columns: int, rounds: int) -> dict[str, Tensor]:
    """Return rows that are fit for a blind test, or raise ValueError."""
    if min(columns, rounds) < 1:
        raise ValueError(f"expected at least one column and one round, got {columns} and {rounds}")
    if len(rows) != 2 or SOUGHT not in rows:
        raise ValueError(f"expected images of two families, one of them {SOUGHT}, got {', '.join(rows) or 'none'}")
    (one, n), (other, m) = ((name, len(images)) for name, images in rows.items())
    if n != m:
        raise ValueError(f"expected as many images of {one} as of {other}, got {n} and {m}")
    if n < columns * rounds:
        raise ValueError(f"expected {columns * rounds} images each, {columns} for each of {rounds} rounds, got {n}")
    return rows


class BlindTest:
    """A test in rounds, each with images of its own: `order` holds for each round whether the GAN is upper or lower.

    `rows` maps the names of two families, one of them "GAN", to their images (N, 1, H, W) in [0, 1].
    """

    def __init__(self, rows: dict[str, Tensor], columns: int = 10, rounds: int = 5, seed: int = 0):
        self.rows, self.columns, self.rounds = matching(rows, columns, rounds), columns, rounds
        coin = random.Random(seed)
        self.order = [coin.randrange(2) for _ in range(rounds)]
        self.score = self.played = 0

    @property
    def finished(self) -> bool:
        """Tell whether all rounds are played."""
        return self.played == self.rounds

    def shown(self) -> dict[str, Tensor]:
        """Return the rows of the present round, or of the last one, from top to bottom: columns images each."""
        number = min(self.played, self.rounds - 1)
        names = sorted(self.rows, key=SOUGHT.__ne__, reverse=bool(self.order[number]))
        return {name: self.rows[name][number * self.columns :][: self.columns] for name in names}

    def bet(self, position: int) -> bool:
        """Take the row at a position, 0 for the upper and 1 for the lower, for the GAN's; tell whether it was."""
        if position not in (0, 1):
            raise ValueError(f"expected 0 for the upper row or 1 for the lower one, got {position!r}")
        if self.finished:
            raise ValueError(f"expected at most {self.rounds} bets, one for each round, got another")
        right = position == self.order[self.played]
        self.played, self.score = self.played + 1, self.score + right
        return right

    def result(self) -> str:
        """Return the score in a sentence, beside what a coin would have scored."""
        as_good = sum(math.comb(self.played, k) for k in range(self.score, self.played + 1)) / 2**self.played
        rounds = f"{self.score} of {self.played} rounds"
        return f"You found the {SOUGHT} in {rounds}; a tossed coin does as well or better in {as_good:.0%} of tests."

    def figure(self) -> Figure:
        """Return the two rows of the present round, without their names until the test is over."""
        rows = self.shown() if self.finished else dict(zip(PLACES, self.shown().values()))
        fig, axes = plt.subplots(figsize=(0.6 * self.columns + 0.9, 1.6))
        draw_rows(axes, rows)
        axes.set_title("The last round" if self.finished else f"Round {self.played + 1} of {self.rounds}")
        return fig


def blind_test(rows: dict[str, Tensor], seed: int = 0) -> widgets.VBox:
    """Return a blind test of five rounds: a picture above a button for each row, and the score so far."""
    test = BlindTest(rows, seed=seed)
    picture = widgets.Image(format="png", layout=widgets.Layout(width="640px"))
    buttons = [widgets.Button(description=f"{place} is the {SOUGHT}") for place in PLACES]
    score = widgets.Label()

    def redraw() -> None:
        picture.value = png(test.figure())
        score.value = test.result() if test.finished else f"{test.score} of {test.played} right"
        for button in buttons:
            button.disabled = test.finished

    @in_turn
    def bet(button) -> None:
        if not test.finished:  # another click may have been under way
            test.bet(buttons.index(button))
            redraw()

    for button in buttons:
        button.on_click(bet)
    redraw()
    return widgets.VBox([picture, widgets.HBox(buttons), score])
