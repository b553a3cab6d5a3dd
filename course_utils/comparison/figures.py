"""Figures of the recorded fights: a mark for each run beside real images, and the verdicts on one page."""

import textwrap
from collections.abc import Mapping, Sequence
from math import isfinite
from statistics import mean

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.comparison.records import ARMS, Fight, Numbers
from course_utils.comparison.verdicts import CLAIMS, FAILS, HOLDS, OPEN, PARTLY, SIGNS, Claim
from course_utils.show.plots import GENERATED, POSTERIOR, PRIOR, REAL, plt, show

MARKS = (("x", GENERATED), ("o", POSTERIOR), ("s", POSTERIOR))  # of each arm


def strips(fight: Fight, measures: Mapping[str, str], title: str, alt: str) -> None:
    """Show measures of a fight, each a panel with a mark for every run; the blue line is what real images score."""
    fig, panels = plt.subplots(1, len(measures), figsize=(2.4 * len(measures), 2.3), squeeze=False)
    for axes, (name, label) in zip(panels[0], measures.items()):
        for place, (arm, (marker, colour)) in enumerate(zip(ARMS, MARKS)):
            numbers = [run[name] for run in fight.of(arm)]
            axes.scatter([place] * len(numbers), numbers, marker=marker, color=colour, s=30)
        if name in fight.real:
            axes.axhline(fight.real[name], color=REAL, linewidth=1)
        axes.set_title(label, fontsize=10)
        axes.set(xticks=range(3), xlim=(-0.5, 2.5), xticklabels=["GAN", "VAE", "VAE,\nsame time"])
        axes.tick_params(axis="x", labelsize=8)
    fig.suptitle(title, x=0.01, ha="left", fontsize=11)
    show(fig, alt)


def draw_grid(axes: Axes, fight: Fight, family: str) -> None:
    """Draw the Fréchet distances over the grid of settings, the darker the further from the family's best."""
    cells = fight.grid(family)
    rates, sizes = (sorted(set(axis)) for axis in zip(*cells))
    ratios = torch.tensor([[cells[rate, size] for size in sizes] for rate in rates])  # (rates, sizes)
    relative = ratios / ratios.min()
    axes.imshow(relative.clamp(max=6).numpy(), cmap="Greys", vmin=1, vmax=6, aspect="auto")
    for i in range(len(rates)):
        for j in range(len(sizes)):
            shade = "white" if relative[i, j] > 3.5 else "black"
            axes.text(j, i, f"{ratios[i, j]:.3g}", ha="center", va="center", color=shade)
    axes.set(
        xticks=range(len(sizes)), xticklabels=sizes, xlabel="batch size",
        yticks=range(len(rates)), yticklabels=[f"× {rate:g}" for rate in rates], ylabel="learning rate",
        title=f"{family.upper()}: worst {relative.max():.1f} × its best",
    )  # fmt: skip


def grids(fight: Fight, title: str, alt: str) -> None:
    """Show the grids of both families side by side."""
    fig, panels = plt.subplots(1, 2, figsize=(7, 2.6))
    for axes, family in zip(panels, ("gan", "vae")):
        draw_grid(axes, fight, family)
    fig.suptitle(title, x=0.01, ha="left", fontsize=11)
    show(fig, alt)


def agreements(numbers: Mapping[str, list[float]], title: str, alt: str) -> None:
    """Show how well losses rank the stages of training, a row of marks for each loss."""
    fig, axes = plt.subplots(figsize=(6, 1.9))
    for place, (name, values) in enumerate(numbers.items()):
        vae = name.startswith("VAE")
        marker, colour = ("o", POSTERIOR) if vae else ("x", GENERATED)
        axes.scatter(values, [place] * len(values), color=colour, marker=marker)
    axes.set(yticks=range(len(numbers)), yticklabels=numbers, ylim=(len(numbers) - 0.5, -0.5))
    axes.set_xlim(min(0, *(x for values in numbers.values() for x in values)) - 0.02, 1.02)
    axes.set(xlabel="rank correlation with the Fréchet distance", title=title)
    show(fig, alt)


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
