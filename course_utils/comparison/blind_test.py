"""A blind test: two rows of generated images without names, and the question which of them are the GAN's."""

import math
import random

import ipywidgets as widgets
import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.comparison.games import play
from course_utils.show.plots import draw_images

SOUGHT = "GAN"
PLACES = ("upper", "lower")


def check_rows(rows: dict[str, Tensor], columns: int, rounds: int) -> None:
    """Raise ValueError unless there are enough images of two families, and as many of each."""
    if min(columns, rounds) < 1:
        raise ValueError(f"expected at least one column and one round, got {columns} and {rounds}")
    if len(rows) != 2 or SOUGHT not in rows:
        raise ValueError(f"expected images of two families, one of them {SOUGHT}, got {', '.join(rows) or 'none'}")
    one, other = rows
    n = len(rows[one])
    if n != len(rows[other]):
        raise ValueError(f"expected as many images of {one} as of {other}, got {n} and {len(rows[other])}")
    if n < columns * rounds:
        raise ValueError(f"expected {columns * rounds} images each, {columns} for each of {rounds} rounds, got {n}")


class BlindTest:
    """A test in rounds; no image is shown twice.

    `rows` maps the names of two families, one of them "GAN", to their images (N, 1, H, W) in [0, 1]. `order` holds the
    position of the GAN's row in each round: 0 is the upper row, 1 the lower one.
    """

    def __init__(self, rows: dict[str, Tensor], columns: int = 10, rounds: int = 5, seed: int = 0):
        check_rows(rows, columns, rounds)
        self.rows = rows
        self.columns = columns
        self.rounds = rounds
        coin = random.Random(seed)
        self.order = [coin.randrange(2) for _ in range(rounds)]
        self.played = 0
        self.score = 0

    @property
    def finished(self) -> bool:
        return self.played == self.rounds

    def shown(self) -> dict[str, Tensor]:
        """The rows of this round, or of the last one when all are played, from top to bottom: columns images each."""
        number = min(self.played, self.rounds - 1)
        images = slice(number * self.columns, (number + 1) * self.columns)
        names = [name for name in self.rows if name != SOUGHT]
        names.insert(self.order[number], SOUGHT)
        return {name: self.rows[name][images] for name in names}

    def bet(self, position: int) -> bool:
        """Bet that the upper row (0) or the lower row (1) is the GAN's, and tell whether it was."""
        if position not in (0, 1):
            raise ValueError(f"expected 0 for the upper row or 1 for the lower one, got {position!r}")
        if self.finished:
            raise ValueError(f"expected at most {self.rounds} bets, one for each round, got another")
        right = position == self.order[self.played]
        self.played += 1
        self.score += right
        return right

    def result(self) -> str:
        """The score in a sentence, beside what a coin would have scored."""
        as_well = sum(math.comb(self.played, right) for right in range(self.score, self.played + 1))
        share = as_well / 2**self.played
        rounds = f"{self.score} of {self.played} rounds"
        return f"You found the {SOUGHT} in {rounds}; a tossed coin does as well or better in {share:.0%} of tests."

    def figure(self) -> Figure:
        """The two rows of this round; they have their names only when the test is over."""
        rows = self.shown()
        title = "The last round"
        if not self.finished:
            rows = dict(zip(PLACES, rows.values()))
            title = f"Round {self.played + 1} of {self.rounds}"
        fig, axes = plt.subplots(figsize=(0.6 * self.columns + 0.9, 1.6))
        draw_images(axes, torch.cat(list(rows.values())), self.columns, list(rows))
        axes.set_title(title)
        return fig


def blind_test(rows: dict[str, Tensor], seed: int = 0) -> widgets.VBox:
    """A blind test of five rounds: a picture above a button for each row, and the score so far."""
    test = BlindTest(rows, seed=seed)

    def score() -> str:
        return test.result() if test.finished else f"{test.score} of {test.played} right"

    return play(test, [f"{place} is the {SOUGHT}" for place in PLACES], test.bet, score, width=640)
