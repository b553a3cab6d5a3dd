"""The verdict table as one figure: a row for each claim, its numbers as dots, its verdict on every data set."""

import textwrap
from collections.abc import Sequence
from math import isfinite
from statistics import mean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.fights import Fight
from course_utils.plots import GENERATED, POSTERIOR, PRIOR, REAL, plt
from course_utils.verdicts import CLAIMS, FAILS, HOLDS, PARTLY, SIGNS, Claim

GAN, VAE = GENERATED, POSTERIOR
CROSS, DOT = ("x", GAN, 30), ("o", VAE, 26)
STYLES = {"GAN": CROSS, "G's loss": CROSS, "VAE": DOT, "−ELBO": DOT}  # any other group is a yardstick: a line
BADGES = {HOLDS: "#d7ecdf", PARTLY: "#f3ead0", FAILS: "#f3d9d4"}
NAMES = {"mnist": "MNIST", "fashion_mnist": "Fashion-\nMNIST"}
TEXT, STRIP, VERDICTS = 0.0, 0.47, 0.80  # where the three parts of a row begin


def picture(fights: Sequence[Fight]) -> Figure:
    """Return the verdicts of all claims: numbers of the first data set, verdicts of all."""
    fig, axes = plt.subplots(figsize=(9.5, 0.62 * len(CLAIMS) + 0.7), layout="none")
    fig.subplots_adjust(left=0.015, right=0.985, top=0.95, bottom=0.01)
    axes.set(xlim=(0, 1), ylim=(len(CLAIMS) - 0.45, -0.9))
    axes.axis("off")
    columns = [VERDICTS + 0.2 * (i + 0.5) / len(fights) for i in range(len(fights))]
    for x, fight in zip(columns, fights):
        axes.text(x, -0.66, NAMES.get(fight.dataset, fight.dataset), ha="center", va="center", fontsize=8)
    for row, claim in enumerate(CLAIMS):
        axes.axhline(row + 0.5, color="#dddddd", linewidth=0.6)
        axes.text(TEXT, row, textwrap.fill(claim.says, 52), va="center", fontsize=9.5)
        strip(axes, row, claim, fights[0])
        for x, fight in zip(columns, fights):
            verdict = claim.verdict(fight)
            axes.text(x, row, SIGNS[verdict], ha="center", va="center", fontsize=11,
                      bbox={"boxstyle": "circle,pad=0.25", "facecolor": BADGES[verdict], "linewidth": 0})  # fmt: skip
    fig.suptitle("What is said about GANs and VAEs, measured", x=0.015, ha="left", fontsize=13, y=0.99)
    axes.text(TEXT, -0.66, "one mark for each run: × GAN   ● VAE   | yardstick     ✓ holds  ○ in part  ✗ does not hold",
              fontsize=8, va="center", color="#555555")  # fmt: skip
    return fig


def strip(axes: Axes, row: int, claim: Claim, fight: Fight) -> None:
    """Draw the numbers of a claim's first test between the smallest and the largest of them."""
    test = claim.tests[0]
    groups = {name: [x for x in numbers if isfinite(x)] for name, numbers in zip(test.names, test.numbers(fight))}
    if test.names == ("GAN", "VAE") and test.measure in fight.real:
        groups["real"] = [fight.real[test.measure]]
    every = [x for numbers in groups.values() for x in numbers]
    low, high = min(every), max(every)
    place = {x: STRIP + 0.02 + 0.26 * ((x - low) / (high - low) if high > low else 0.5) for x in every}
    axes.plot([STRIP, STRIP + 0.3], [row + 0.05] * 2, color="#e8e8e8", linewidth=4, solid_capstyle="round", zorder=1)
    for name, numbers in groups.items():
        marker, colour, size = STYLES.get(name, ("|", REAL if "real" in name else PRIOR, 120))
        axes.scatter([place[x] for x in numbers], [row + 0.05] * len(numbers), s=size, marker=marker, color=colour,
                     linewidths=1.4, zorder=3)  # fmt: skip
        if numbers:
            centre = mean(place[x] for x in numbers)
            below = name in STYLES  # a yardstick's number stands above its line, with its name
            text = f"{mean(numbers):.3g}" if below else f"{name} {mean(numbers):.3g}"
            axes.text(centre, row + (0.36 if below else -0.11), text, ha="center", fontsize=7, color=colour)
    axes.text(STRIP, row - 0.29, test.measure, fontsize=7.5, color="#555555")
