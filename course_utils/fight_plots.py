"""Figures of the recorded fight between GAN and VAE: a mark for each run, beside real images."""

from collections.abc import Mapping

import torch
from matplotlib.axes import Axes

from course_utils.fights import ARMS, Fight
from course_utils.plots import GENERATED, POSTERIOR, REAL, plt, show

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
