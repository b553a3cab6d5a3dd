"""Figures of the recorded fights: a mark for each run beside real images, and the verdicts on one page."""

import textwrap
from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.comparison.records import Fight
from course_utils.comparison.tables import SAMPLES
from course_utils.comparison.verdicts import AFTER, CLAIMS, FAILS, HOLDS, SIGNS, USUAL, Claim, Comparison
from course_utils.show.plots import GENERATED, POSTERIOR, REAL, plt, show

MARKS = {"gan": (GENERATED, "x"), "vae": (POSTERIOR, "o")}
FURTHEST = 6  # smallest differences that matter; what lies further is drawn at the edge
DATA_SETS = {"digits": ("o", "#222222"), "mnist": ("s", "#777777"), "fashion_mnist": ("^", "#aaaaaa")}


def strips(fight: Fight, measures: Mapping[str, str], title: str, alt: str) -> None:
    """Show measures of a fight, each a panel from 0 with a mark for every run, and a line where real images are."""
    fig, panels = plt.subplots(1, len(measures), figsize=(2.6 * len(measures) + 1.4, 2.4), squeeze=False, sharey=True)
    for axes, (name, label) in zip(panels[0], measures.items()):
        real = torch.tensor(fight.real[name]).mean().item()
        axes.axvline(real, color=REAL, linewidth=1)
        furthest = real
        for height, (arm, way) in enumerate(SAMPLES.values()):
            colour, marker = MARKS[arm]
            numbers = fight.values(arm, way, name)
            numbers = numbers.mean(1) if numbers.dim() == 2 else numbers  # (S,), over the judges
            axes.scatter(numbers, [height] * len(numbers), marker=marker, color=colour, s=30)
            furthest = max(furthest, *numbers.tolist())
        axes.set(xlabel=label, xlim=(0, 1.08 * furthest), ylim=(len(SAMPLES) - 0.5, -0.5), yticks=range(len(SAMPLES)))
        axes.set_yticklabels(SAMPLES)
    fig.suptitle(title, x=0.01, ha="left", fontsize=11)
    show(fig, alt)


def grids(fight: Fight, title: str, alt: str) -> None:
    """Show how both families' distances depend on learning rate and batch size, shaded on one scale."""
    fig, panels = plt.subplots(1, 2, figsize=(7, 2.6))
    for axes, family in zip(panels, ("gan", "vae")):
        draw_grid(axes, fight, family)
    fig.suptitle(title, x=0.01, ha="left", fontsize=11)
    show(fig, alt)


def draw_grid(axes: Axes, fight: Fight, family: str) -> None:
    """Draw the Fréchet distances over the grid of settings, the darker the larger, up to 30 × floor."""
    cells = fight.grid(family)
    rates = sorted({rate for rate, _ in cells})
    sizes = sorted({size for _, size in cells})
    ratios = torch.tensor([[cells[rate, size] for size in sizes] for rate in rates])  # (rates, sizes)
    axes.imshow(
        ratios.clamp(1, 30).log().numpy(), cmap="Greys", vmin=0, vmax=torch.tensor(60.0).log().item(), aspect="auto"
    )
    for i in range(len(rates)):
        for j in range(len(sizes)):
            shade = "white" if ratios[i, j] > 12 else "black"
            axes.text(j, i, f"{ratios[i, j]:.3g}", ha="center", va="center", color=shade)
    axes.set_xticks(range(len(sizes)), sizes)
    axes.set_yticks(range(len(rates)), [f"× {rate:g}" for rate in rates])
    axes.set(xlabel="batch size", ylabel="learning rate", title=f"{family.upper()}, Fréchet distance, × floor")


def picture(fights: Sequence[Fight]) -> Figure:
    """The verdicts of all claims: each difference in multiples of the smallest that matters, with its interval."""
    turned = sum(turns_round(claim, fights[0]) for claim in CLAIMS)
    title = f"Of {len(CLAIMS)} claims about GANs and VAEs, {turned} turn round after a step of seconds"
    rows = [(number, claim, way) for number, claim in enumerate(CLAIMS, 1) for way in claim.comparisons]
    fig, axes = plt.subplots(figsize=(11, 0.56 * len(rows) + 1.3), layout="none")
    fig.subplots_adjust(left=0.37, right=0.72, top=0.92, bottom=0.08)
    axes.axvspan(-1, 1, color="#eeeeee", linewidth=0)
    axes.axvline(0, color="#bbbbbb", linewidth=0.8)
    for height, (number, claim, way) in enumerate(rows):
        comparison = claim.comparisons[way]
        for place, fight in enumerate(fights):
            draw_interval(axes, height + 0.22 * (place - (len(fights) - 1) / 2), comparison, fight)
        label_row(axes, height, number, claim.says, way, comparison)
        signs = " ".join(SIGNS[comparison.verdict(fight)] for fight in fights)
        right = axes.get_yaxis_transform()
        axes.text(1.03, height, f"{signs}   {comparison.found}", transform=right, va="center", fontsize=11)
    axes.set(xlim=(-FURTHEST - 0.6, FURTHEST + 0.6), ylim=(len(rows) - 0.4, -0.6), yticks=[])
    axes.set_xlabel("difference in favour of the claim; 1 is the smallest that matters")
    axes.spines[["left", "right", "top"]].set_visible(False)
    for fight in fights:
        marker, colour = DATA_SETS[fight.dataset]
        axes.plot([], [], marker, color=colour, label=fight.title)
    fig.legend(loc="upper right", ncols=3, frameon=False, fontsize=10, bbox_to_anchor=(0.985, 0.955))
    fig.suptitle(title, x=0.015, ha="left", fontsize=16, y=0.985)
    return fig


def turns_round(claim: Claim, fight: Fight) -> bool:
    """Whether a claim about samples holds before the step after training and not after it, or the other way round."""
    ways = {USUAL, AFTER} & claim.comparisons.keys()
    return {claim.comparisons[way].verdict(fight) for way in ways} == {HOLDS, FAILS}


def draw_interval(axes: Axes, height: float, comparison: Comparison, fight: Fight) -> None:
    """Draw an interval in multiples of what matters; an arrow's head stands where it leaves the picture."""
    found = comparison.interval(fight)
    if found is None:
        return
    marker, colour = DATA_SETS[fight.dataset]
    mean, low, high = (max(-FURTHEST, min(FURTHEST, end / comparison.matters)) for end in found)
    axes.plot([low, high], [height, height], color=colour, linewidth=2, solid_capstyle="round")
    if abs(mean) == FURTHEST:
        marker = "<" if mean < 0 else ">"
    axes.plot(mean, height, marker, color=colour, markersize=6)


def label_row(axes: Axes, height: int, number: int, says: str, way: str, comparison: Comparison) -> None:
    """Write the claim, and what was compared, to the left of a row; the second row of a claim has only the way."""
    left = axes.get_yaxis_transform()
    first = not way or way == next(iter(CLAIMS[number - 1].comparisons))
    if first:
        axes.axhline(height - 0.5, color="#dddddd", linewidth=0.6, xmin=-0.85, xmax=1.6, clip_on=False)
        axes.text(
            -0.84, height - 0.12, f"{number}  {textwrap.fill(says, 44)}", transform=left, va="center", fontsize=12
        )
    detail = way or comparison.measure
    axes.text(
        -0.80, height + 0.26 if first else height, detail, transform=left, va="center", fontsize=9, color="#666666"
    )
