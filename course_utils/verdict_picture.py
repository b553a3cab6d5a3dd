"""The verdict table as one figure: a row for each claim, its numbers as marks, its verdict on every data set."""

import textwrap
from collections.abc import Sequence
from math import isfinite
from statistics import mean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.fights import Fight, Numbers
from course_utils.plots import GENERATED, POSTERIOR, PRIOR, REAL, plt
from course_utils.verdicts import CLAIMS, FAILS, HOLDS, OPEN, PARTLY, SIGNS, Claim

CROSS, DOT = ("x", GENERATED, 36), ("o", POSTERIOR, 30)
# Any other group is a yardstick: a line.
STYLES = {"GAN": CROSS, "G's loss": CROSS, "−D's loss": CROSS, "VAE": DOT, "−ELBO": DOT}
BADGES = {HOLDS: "#d7ecdf", PARTLY: "#f3ead0", FAILS: "#f3d9d4", OPEN: "#eeeeee"}
STRIP, WIDTH, VERDICTS = 0.45, 0.31, 0.79  # where the second and third part of a row begin
LEGEND = "× GAN   ● VAE   | yardstick, one mark a run     ✓ holds   ○ in part   ✗ does not   – open"


def picture(fights: Sequence[Fight]) -> Figure:
    """Return the verdicts of all claims: numbers of the first data set, verdicts of all."""
    fig, axes = plt.subplots(figsize=(9.5, 0.74 * len(CLAIMS) + 0.9), layout="none")
    fig.subplots_adjust(left=0.015, right=0.985, top=0.955, bottom=0.01)
    axes.set(xlim=(0, 1), ylim=(len(CLAIMS) - 0.45, -0.85))
    axes.axis("off")
    columns = [VERDICTS + (1 - VERDICTS) * (i + 0.5) / len(fights) for i in range(len(fights))]
    for x, fight in zip(columns, fights):
        axes.text(x, -0.68, fight.title.replace("-", "-\n"), ha="center", va="center", fontsize=10)
    for row, claim in enumerate(CLAIMS):
        axes.axhline(row + 0.5, color="#dddddd", linewidth=0.6)
        axes.text(0.018, row, row + 1, va="center", ha="right", fontsize=10, color="#777777")
        axes.text(0.03, row, textwrap.fill(claim.says, 36), va="center", fontsize=11.5)
        strip(axes, row, claim, fights[0])
        for x, verdict in zip(columns, map(claim.verdict, fights)):
            badge = {"boxstyle": "circle,pad=0.25", "facecolor": BADGES[verdict], "linewidth": 0}
            axes.text(x, row, SIGNS[verdict], ha="center", va="center", fontsize=13, bbox=badge)
    fig.suptitle("What is said about GANs and VAEs, measured", x=0.015, ha="left", fontsize=15, y=0.993)
    axes.text(0, -0.68, LEGEND, fontsize=9.5, va="center", color="#555555")
    return fig


def shown(claim: Claim, fight: Fight) -> dict[str, Numbers]:
    """Return the groups of numbers of a claim's first comparison, and of others in the same measure, by name."""
    groups: dict[str, Numbers] = {}
    for test in claim.tests:
        if test.measure == claim.tests[0].measure:
            groups |= dict(zip(test.names, test.numbers(fight)))
    if claim.tests[0].measure in fight.real:
        groups["real"] = [fight.real[claim.tests[0].measure]]
    return {name: [x for x in numbers if isfinite(x)] for name, numbers in groups.items()}


def strip(axes: Axes, row: int, claim: Claim, fight: Fight) -> None:
    """Draw the numbers that `shown` returns, between the smallest and the largest of them."""
    groups, line = shown(claim, fight), row + 0.1
    every = [x for numbers in groups.values() for x in numbers]
    low, high = min(every, default=0), max(every, default=0)
    place = {x: STRIP + 0.02 + (WIDTH - 0.04) * ((x - low) / (high - low) if high > low else 0.5) for x in every}
    axes.text(STRIP, row - 0.27, claim.tests[0].measure, fontsize=9, color="#555555", va="center")
    axes.plot([STRIP, STRIP + WIDTH], [line] * 2, color="#e8e8e8", linewidth=4, solid_capstyle="round", zorder=1)
    labels: list[float] = []
    for name, numbers in groups.items():
        marker, colour, size = STYLES.get(name, ("|", REAL if "real" in name else PRIOR, 150))
        # Crosses last: a dot would hide them.
        axes.scatter([place[x] for x in numbers], [line] * len(numbers), s=size, marker=marker, color=colour,
                     linewidths=1.5, zorder=4 if marker == "x" else 3)  # fmt: skip
        if numbers:
            below = name in STYLES  # a yardstick's number stands above its line, with its name
            short = name.removesuffix("'s loss")
            text = f"{mean(numbers):.3g}" if name in ("GAN", "VAE") else f"{short} {mean(numbers):.3g}"
            at = mean(place[x] for x in numbers)
            if below and any(abs(at - other) < 0.05 for other in labels):
                at = max(labels) + 0.06  # beside the number that it would cover
            labels += [at] if below else []
            edge = "left" if at < STRIP + 0.06 else "right" if at > STRIP + WIDTH - 0.06 else "center"
            side = "center" if below else edge
            axes.text(at, line + (0.31 if below else -0.15), text, ha=side, va="center", fontsize=8.5, color=colour)
