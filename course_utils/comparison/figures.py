"""Figures of the recorded fights: a mark for each run beside real images, and the verdicts on one page."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import mean

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.comparison.records import Fight, Numbers
from course_utils.comparison.verdicts import CLAIMS, FAILS, HOLDS, OPEN, PARTLY, SIGNS, Claim
from course_utils.show.plots import GENERATED, POSTERIOR, PRIOR, REAL, plt, show


@dataclass(frozen=True)
class Mark:
    """How the numbers of a group are marked."""

    marker: str
    colour: str
    size: float


SQUARE = Mark("s", POSTERIOR, 30)
CROSS = Mark("x", GENERATED, 36)
DOT = Mark("o", POSTERIOR, 30)
REAL_LINE = Mark("|", REAL, 150)
LIMIT_LINE = Mark("|", PRIOR, 150)
ARM_MARKS = {"gan": CROSS, "vae, same images": DOT, "vae, same time": SQUARE}
ARM_LABELS = ["GAN", "VAE", "VAE,\nsame time"]


def strips(fight: Fight, measures: Mapping[str, str], title: str, alt: str) -> None:
    """Show measures of a fight, each a panel with a mark for every run; the blue line is what real images score."""
    fig, panels = plt.subplots(1, len(measures), figsize=(2.4 * len(measures), 2.3), squeeze=False)
    for axes, (name, label) in zip(panels[0], measures.items()):
        for place, (arm, mark) in enumerate(ARM_MARKS.items()):
            numbers = [run[name] for run in fight.of(arm)]
            axes.scatter([place] * len(numbers), numbers, marker=mark.marker, color=mark.colour, s=30)
        if name in fight.real:
            axes.axhline(fight.real[name], color=REAL, linewidth=1)
        axes.set_title(label, fontsize=10)
        axes.set_xticks(range(len(ARM_LABELS)), ARM_LABELS)
        axes.set_xlim(-0.5, len(ARM_LABELS) - 0.5)
        axes.tick_params(axis="x", labelsize=8)
    fig.suptitle(title, x=0.01, ha="left", fontsize=11)
    show(fig, alt)


def draw_grid(axes: Axes, fight: Fight, family: str) -> None:
    """Draw the Fréchet distances over the grid of settings, the darker the further from the family's best."""
    cells = fight.grid(family)
    rates = sorted({rate for rate, _ in cells})
    sizes = sorted({size for _, size in cells})
    ratios = torch.tensor([[cells[rate, size] for size in sizes] for rate in rates])  # (rates, sizes)
    relative = ratios / ratios.min()
    axes.imshow(relative.clamp(max=6).numpy(), cmap="Greys", vmin=1, vmax=6, aspect="auto")
    for i in range(len(rates)):
        for j in range(len(sizes)):
            shade = "white" if relative[i, j] > 3.5 else "black"
            axes.text(j, i, f"{ratios[i, j]:.3g}", ha="center", va="center", color=shade)
    axes.set_xticks(range(len(sizes)), sizes)
    axes.set_yticks(range(len(rates)), [f"× {rate:g}" for rate in rates])
    axes.set(xlabel="batch size", ylabel="learning rate")
    axes.set_title(f"{family.upper()}: worst {relative.max():.1f} × its best")


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
        mark = DOT if name.startswith("VAE") else CROSS
        axes.scatter(values, [place] * len(values), color=mark.colour, marker=mark.marker)
    axes.set_yticks(range(len(numbers)), list(numbers))
    axes.set_ylim(len(numbers) - 0.5, -0.5)
    lowest = min(min(values) for values in numbers.values())
    axes.set_xlim(min(0, lowest) - 0.02, 1.02)
    axes.set(xlabel="rank correlation with the Fréchet distance", title=title)
    show(fig, alt)


GROUP_MARKS = {"GAN": CROSS, "G's loss": CROSS, "−D's loss": CROSS, "VAE": DOT, "−ELBO": DOT}
BADGES = {HOLDS: "#d7ecdf", PARTLY: "#f3ead0", FAILS: "#f3d9d4", OPEN: "#eeeeee"}
LEGEND = "× GAN   ● VAE   | yardstick, one mark a run     ✓ holds   ○ in part   ✗ does not   – open"
# A row of the picture, which is 1 wide: the claim, the strip of marks, and the verdicts.
LEFT = 0.45
RIGHT = 0.76
VERDICTS = 0.79


def picture(fights: Sequence[Fight]) -> Figure:
    """The verdicts of all claims: numbers of the first data set, verdicts of all."""
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
        for x, fight in zip(columns, fights):
            verdict = claim.verdict(fight)
            badge = {"boxstyle": "circle,pad=0.25", "facecolor": BADGES[verdict], "linewidth": 0}
            axes.text(x, row, SIGNS[verdict], ha="center", va="center", fontsize=13, bbox=badge)
    fig.suptitle("What is said about GANs and VAEs, measured", x=0.015, ha="left", fontsize=15, y=0.993)
    axes.text(0, -0.68, LEGEND, fontsize=9.5, va="center", color="#555555")
    return fig


def marked(claim: Claim, fight: Fight) -> dict[str, Numbers]:
    """The groups of a claim's first measure, with their finite numbers; real images are a group where they have it."""
    measure = claim.tests[0].measure
    groups: dict[str, Numbers] = {}
    for test in claim.tests:
        if test.measure == measure:
            groups |= {group.name: group.of(fight) for group in test.groups}
    if measure in fight.real:
        groups["real"] = [fight.real[measure]]
    return {name: [x for x in numbers if isfinite(x)] for name, numbers in groups.items()}


def strip(axes: Axes, row: int, claim: Claim, fight: Fight) -> None:
    """Draw the numbers of a claim's first measure on a line from the smallest to the largest."""
    groups = marked(claim, fight)
    every = [x for numbers in groups.values() for x in numbers]
    low = min(every, default=0)
    high = max(every, default=0)

    def place(x: float) -> float:
        share = (x - low) / (high - low) if high > low else 0.5
        return LEFT + 0.02 + (RIGHT - LEFT - 0.04) * share

    line = row + 0.1
    axes.text(LEFT, row - 0.27, claim.tests[0].measure, fontsize=9, color="#555555", va="center")
    axes.plot([LEFT, RIGHT], [line, line], color="#e8e8e8", linewidth=4, solid_capstyle="round", zorder=1)
    taken: list[float] = []  # places of the labels below the line
    for name, numbers in groups.items():
        if not numbers:
            continue
        mark = GROUP_MARKS.get(name, REAL_LINE if name == "real" else LIMIT_LINE)
        places = [place(x) for x in numbers]
        over = 4 if mark is CROSS else 3  # a dot would hide a cross
        axes.scatter(places, [line] * len(places), s=mark.size, marker=mark.marker, color=mark.colour, linewidths=1.5,
                     zorder=over)  # fmt: skip
        label = f"{mean(numbers):.3g}"
        if name not in ("GAN", "VAE"):  # their marks need no name
            label = name.removesuffix("'s loss") + f" {label}"
        at = mean(places)
        style = {"va": "center", "fontsize": 8.5, "color": mark.colour}
        if name not in GROUP_MARKS:  # a yardstick's label stands above the line
            axes.text(at, line - 0.15, label, ha=alignment(at), **style)
            continue
        if any(abs(at - other) < 0.05 for other in taken):
            at = max(taken) + 0.06  # beside the label that it would cover
        taken.append(at)
        axes.text(at, line + 0.31, label, ha="center", **style)


def alignment(at: float) -> str:
    """The alignment of a text that keeps it between the ends of the strip."""
    if at < LEFT + 0.06:
        return "left"
    if at > RIGHT - 0.06:
        return "right"
    return "center"
