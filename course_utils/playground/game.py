"""A game in the plane that is stepped by hand: what a playground shows and drives, without its buttons."""

import copy
from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_utils.losses import ADVERSARIAL
from course_utils.metrics import mode_coverage
from course_utils.playground.copies import points_gan
from course_utils.plumbing.device import forked_random
from course_utils.points import grid, ring, two_moons
from course_utils.show.plots import GENERATED, REAL, draw_discriminator, draw_points

MIXTURES = {"ring": (ring(sigma=0.05), 1.6), "grid": (grid(sigma=0.1), 5.5), "two moons": (None, 1.8)}  # and its limit
SLOW = {"discriminator_lr": 1e-4, "betas": (0.5, 0.999)}
CRITIC = {"loss": "wasserstein", "betas": (0.5, 0.999)}
PRESETS = {  # settings of `toys.points_gan`, the data if they are not the ring, and what to try
    "healthy": {"hint": "Press play. Then pause, reset, and step D, then G alone: all samples run to one place."},
    "slow discriminator": {**SLOW, "hint": "Press play: the samples hunt one mode after another; D comes too late."},
    "slow discriminator in pairs": {**SLOW, "pack": 2, "hint": "D sees pairs: samples that are alike give G away."},
    "too much momentum": {"betas": (0.95, 0.999), "hint": "Press play: both players follow gradients of long ago."},
    "saturating loss": {"loss": "saturating", "hint": "Step D alone 2,000 times, then both: which loss saves G?"},
    "Wasserstein without a penalty": {**CRITIC, "hint": "Press play: nothing bounds the slope of the critic."},
    "Wasserstein with a penalty": {**CRITIC, "r1_weight": 1.0, "hint": "Press play: R1 bounds the critic's slope."},
    "grid": {"mixture": "grid", "hint": "One sample is enough for a mode to be found. How many samples are on one?"},
    "two moons": {"mixture": "two moons", "hint": "No modes to count: judge with your eyes. Do the losses help?"},
}
PLAYERS = ("discriminator", "generator", "both")
TUNABLE = ("loss", "discriminator_lr", "generator_lr")


def known(kind: str, name: str, names) -> str:
    """Return a name that is among the names, or raise ValueError."""
    if name not in names:
        raise ValueError(f"expected {kind} among {', '.join(names)}, got {name!r}")
    return name


class Alike(nn.Module):
    """A discriminator that sees each point in the company of itself, undecided at 0: x (N, 2) to logits (N,)."""

    def __init__(self, discriminator: nn.Module, undecided: float):
        super().__init__()
        self.discriminator, self.undecided = discriminator, undecided

    def forward(self, x: Tensor) -> Tensor:
        return self.discriminator(x.repeat_interleave(getattr(self.discriminator, "n", 1), 0)) - self.undecided


class Game:
    """A GAN for points with its data and random numbers: everything but the buttons; `changes` replace settings.

    `steps` counts those of each player. Columns of `trace`: time (moves so far), players (who made them), the score,
    losses, and mean logits (d_real, d_fake).
    """

    def __init__(self, preset: str = "healthy", seed: int = 0, **changes):
        settings = {"mixture": "ring", **PRESETS[known("a preset", preset, PRESETS)], **changes}
        self.hint, mixture = settings.pop("hint"), known("a mixture", settings.pop("mixture"), MIXTURES)
        self.mixture, self.limit = MIXTURES[mixture]
        # The moons move to the middle of the plane.
        self.data = self.mixture.sample(10_000) if self.mixture else two_moons(10_000) - torch.tensor([0.5, 0.25])
        with forked_random(seed, torch.device("cpu")):
            self.gan = points_gan(**settings)
            self.random = torch.get_rng_state()
        self.optimizers, self.steps = self.gan.make_optimizers(), {"discriminator": 0, "generator": 0}
        self.trace: dict[str, list] = {}
        self.record(0, "both", {})

    def tune(self, name: str, value: str | float) -> None:
        """Set loss, discriminator_lr or generator_lr from the next step on."""
        if known("a setting", name, TUNABLE) == "loss":
            known("a loss", value, ADVERSARIAL)
        else:
            self.optimizers[name.removesuffix("_lr")].param_groups[0]["lr"] = value
        setattr(self.gan, name, value)

    def step(self, players: str = "both", n: int = 1) -> None:
        """Let the discriminator, the generator or both move n times, each time with a fresh batch of 128."""
        known("players", players, PLAYERS)
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"expected a number of steps of at least 1, got {n!r}")
        moves = {
            "discriminator": lambda real, step: gan.discriminator_step(real, optimizers["discriminator"], step),
            "generator": lambda real, step: gan.generator_step(len(real), optimizers["generator"]),
            "both": lambda real, step: gan.training_step(real, optimizers, step),
        }
        gan, optimizers, before = self.gan, self.optimizers, self.trace["time"][-1]
        with forked_random(0, torch.device("cpu")):  # the caller's random state comes back in any case
            torch.set_rng_state(self.random)
            for i in range(1, n + 1):
                rows = torch.randint(len(self.data), (128,))
                metrics = moves[players](self.data[rows], self.steps["discriminator"])
                self.steps["discriminator"] += "d_loss" in metrics
                self.steps["generator"] += "g_loss" in metrics
                if i % 25 == 0 or i == n:
                    self.record(before + i, players, metrics)
            self.random = torch.get_rng_state()

    def record(self, time: int, players: str, metrics: dict[str, Tensor]) -> None:
        """Add a row to the trace; a loss of a player who did not move is missing."""
        samples = self.gan.sample(500)
        with torch.no_grad():
            d_real, d_fake = (self.gan.discriminator(x).mean().item() for x in (self.data[:500], samples))
        losses = {name: float(metrics.get(name, "nan")) for name in ("d_loss", "g_loss")}
        row = {"time": time, "players": players, "d_real": d_real, "d_fake": d_fake, **losses, **self.score()}
        for name, value in row.items():
            self.trace.setdefault(name, []).append(value)

    def score(self) -> dict[str, float]:
        """Return modes, high_quality and kl of 2,500 samples (`metrics.mode_coverage`); nothing for the moons."""
        return mode_coverage(self.gan.sample(2500), self.mixture.centres, self.mixture.sigma) if self.mixture else {}

    def pull(self, samples: Tensor) -> Tensor:
        """Return minus the gradient of the generator's loss at each sample, the way it would go: (N, 2) to (N, 2)."""
        x = samples.clone().requires_grad_()
        logits = self.gan.discriminator(x)
        loss = len(logits) * ADVERSARIAL[self.gan.loss][1](logits)  # a sum, so that the pull does not depend on N
        return -torch.autograd.grad(loss, x)[0]

    def frame(self) -> Callable[[Axes], None]:
        """Return a function that draws the plane as it is now, even when it is called later."""
        real, generated, limit = self.data[:400], self.gan.sample(256), self.limit
        # Least squares is undecided between its targets; a critic's zero means nothing.
        shifted = self.gan.loss in ("least_squares", "wasserstein")
        undecided = (self.trace["d_real"][-1] + self.trace["d_fake"][-1]) / 2 if shifted else 0.0
        surface, pull = Alike(copy.deepcopy(self.gan.discriminator), undecided), self.pull(generated[:24])
        length = pull.norm(dim=1, keepdim=True)  # (24, 1)
        # Of roots, so that a hundredth of the pull is still seen and a millionth is a dot.
        arrows = pull / length.clamp_min(1e-12) * (2 * length.sqrt()).tanh() * limit / 4

        def draw(axes: Axes) -> None:
            draw_discriminator(axes, surface, limit, n=60)
            opinion = axes.images[-1].get_array()
            if opinion.min() < 0.5 < opinion.max():
                axes.contour(opinion, [0.5], extent=axes.images[-1].get_extent(), colors="0.4", linewidths=0.8)
            draw_points(axes, real, generated, limit)
            style = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.008, "zorder": 3}
            axes.quiver(*generated[:24].T, *arrows.T, **style)
            if outside := int((generated.abs() > limit).any(1).sum()):
                box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8}
                axes.text(0.03, 0.04, f"{outside} of {len(generated)} outside", transform=axes.transAxes, bbox=box)

        return draw

    def draw(self, axes: Axes) -> None:
        """Draw the plane: what D says of it, real and generated points, and the way that some of these would go."""
        self.frame()(axes)

    def verdict(self) -> str:
        """Return the score in words."""
        if not self.mixture:
            return "No modes to count"
        modes, share, kl = (self.trace[name][-1] for name in ("modes", "high_quality", "kl"))
        return f"{modes} of {len(self.mixture.centres)} modes, {share:.0%} of samples on one, KL {kl:.2f}".replace(
            "inf", "∞"
        )

    def figure(self) -> Figure:
        """Return the plane beside the course of the game."""
        margins = {"left": 0.01, "right": 0.96, "bottom": 0.12, "top": 0.92, "wspace": 0.2, "hspace": 0.35}
        fig = plt.figure(figsize=(7.8, 4.2), layout="none")  # fixed margins: half the time of constrained layout
        places = fig.add_gridspec(2, 2, **margins)
        plane, above, below = (fig.add_subplot(place) for place in (places[:, 0], places[0, 1], places[1, 1]))
        self.draw(plane)
        plane.set(title=self.verdict(), xticks=[], yticks=[])
        plane.spines[:].set_visible(True)
        if (pack := getattr(self.gan.discriminator, "n", 1)) > 1:
            plane.set_xlabel(f"colour: D on {pack} samples at the same place")
        if self.mixture:
            found = [modes / len(self.mixture.centres) for modes in self.trace["modes"]]
            self.draw_course(above, "Shares", {"modes found": found, "samples on one": self.trace["high_quality"]})
            above.set(ylim=(-0.03, 1.03), yticks=[0, 0.5, 1])
        else:
            self.draw_course(above, "Losses", {"of D": self.trace["d_loss"], "of G": self.trace["g_loss"]})
        self.draw_course(below, "D's mean logit", {"real": self.trace["d_real"], "generated": self.trace["d_fake"]})
        below.set_xlabel("moves (blue: D alone, orange: G alone)")
        return fig

    def draw_course(self, axes: Axes, title: str, columns: dict[str, list]) -> None:
        """Draw a blue and an orange column over time, and shade when one player moved alone."""
        time, moved = self.trace["time"], self.trace["players"]
        players = (("discriminator", REAL, "-"), ("generator", GENERATED, "--"))
        for (label, column), (player, colour, line) in zip(columns.items(), players):
            axes.plot(time, column, line, color=colour, label=label)
            spans = [(a, b - a) for a, b, who in zip(time, time[1:], moved[1:]) if who == player]
            axes.broken_barh(spans, (0, 1), transform=axes.get_xaxis_transform(), color=colour, alpha=0.15, linewidth=0)
        axes.legend(loc="lower right", bbox_to_anchor=(1.03, 0.95), ncols=2, handlelength=1.5, fontsize=9)
        axes.set(title=title, xlim=(0, max(time[-1], 100)))
