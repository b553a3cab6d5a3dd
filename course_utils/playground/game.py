"""A game in the plane that is stepped by hand: what a playground shows and drives, without its buttons."""

import copy
from collections.abc import Callable
from itertools import pairwise
from math import nan

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_utils.losses import ADVERSARIAL
from course_utils.metrics import mode_coverage
from course_utils.playground.copies import points_gan
from course_utils.plumbing.checks import check_whole
from course_utils.plumbing.device import forked_random
from course_utils.points import grid, ring, two_moons
from course_utils.show.plots import GENERATED, REAL, draw_discriminator, draw_points

MIXTURES = {"ring": ring(sigma=0.05), "grid": grid(sigma=0.1), "two moons": None}  # the moons are no mixture
LIMITS = {"ring": 1.6, "grid": 5.5, "two moons": 1.8}  # of the plane that is drawn
BATCH = 128
SLOW = {"discriminator_lr": 1e-4, "betas": (0.5, 0.999)}
CRITIC = {"loss": "wasserstein", "betas": (0.5, 0.999)}
PRESETS = {  # settings of `points_gan`, the data if they are not the ring, and what to try
    "healthy": {"hint": "Press play. Then reset, step D 100 times, then G alone 500: the samples leave the picture."},
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


def check_name(kind: str, name: str, names) -> None:
    """Raise ValueError unless the name is one of the names."""
    if name not in names:
        raise ValueError(f"expected {kind} among {', '.join(names)}, got {name!r}")


class Surface(nn.Module):
    """What a discriminator says of each place, as logits that are 0 where it does not know: x (N, 2) to (N,).

    One that judges several samples at a time gets the same sample several times.
    """

    def __init__(self, discriminator: nn.Module, loss: str, undecided: float):
        super().__init__()
        self.discriminator = discriminator
        self.loss = loss
        self.undecided = undecided

    def forward(self, x: Tensor) -> Tensor:
        pack = getattr(self.discriminator, "n", 1)
        said = self.discriminator(x.repeat_interleave(pack, 0))
        if self.loss == "least_squares":  # with targets 0 and 1, D itself is a chance: p / (p + q) at best
            return said.logit(eps=1e-6)
        return said - self.undecided


class Game:
    """A GAN for points with its data and its random numbers: all of the playground but the buttons.

    `changes` replace settings of the preset. `steps` counts the steps of each player. `trace` has the columns time
    (moves so far), players (who made the last ones), the score, the losses, and mean logits (d_real, d_fake).
    """

    def __init__(self, preset: str = "healthy", seed: int = 0, **changes):
        check_name("a preset", preset, PRESETS)
        settings = {"mixture": "ring"} | PRESETS[preset] | changes
        mixture = settings.pop("mixture")
        check_name("a mixture", mixture, MIXTURES)
        self.hint = settings.pop("hint")
        self.mixture = MIXTURES[mixture]
        self.limit = LIMITS[mixture]
        if self.mixture:
            self.data = self.mixture.sample(10_000)  # (10000, 2)
        else:
            middle = torch.tensor([0.5, 0.25])  # of the two moons, which goes to that of the plane
            self.data = two_moons(10_000) - middle
        with forked_random(seed, torch.device("cpu")):
            self.gan = points_gan(**settings)
            self.random = torch.get_rng_state()
        self.optimizers = self.gan.make_optimizers()
        self.steps = {"discriminator": 0, "generator": 0}
        self.trace: dict[str, list] = {}
        self.record(0, "both", {})

    def tune(self, name: str, value: str | float) -> None:
        """Set loss, discriminator_lr or generator_lr from the next step on."""
        check_name("a setting", name, TUNABLE)
        if name == "loss":
            check_name("a loss", value, ADVERSARIAL)
        else:
            self.optimizers[name.removesuffix("_lr")].param_groups[0]["lr"] = value
        setattr(self.gan, name, value)

    def step(self, players: str = "both", n: int = 1) -> None:
        """Let the discriminator, the generator or both move n times, each time with a fresh batch."""
        check_name("players", players, PLAYERS)
        check_whole(n=n)
        before = self.trace["time"][-1]
        with forked_random(0, torch.device("cpu")):  # the caller's random state comes back in any case
            torch.set_rng_state(self.random)
            for i in range(1, n + 1):
                metrics = self.move(players)
                self.steps["discriminator"] += "d_loss" in metrics
                self.steps["generator"] += "g_loss" in metrics
                if i % 25 == 0 or i == n:
                    self.record(before + i, players, metrics)
            self.random = torch.get_rng_state()

    def move(self, players: str) -> dict[str, Tensor]:
        """Let the players move once, and return the metrics of their step."""
        real = self.data[torch.randint(len(self.data), (BATCH,))]  # (128, 2)
        step = self.steps["discriminator"]
        if players == "discriminator":
            return self.gan.discriminator_step(real, self.optimizers["discriminator"], step)
        if players == "generator":
            return self.gan.generator_step(BATCH, self.optimizers["generator"])
        return self.gan.training_step(real, self.optimizers, step)

    def record(self, time: int, players: str, metrics: dict[str, Tensor]) -> None:
        """Add a row to the trace; a loss of a player who did not move is missing."""
        row = {"time": time, "players": players} | self.score()
        with torch.no_grad():
            row["d_real"] = self.gan.discriminator(self.data[:500]).mean().item()
            row["d_fake"] = self.gan.discriminator(self.gan.sample(500)).mean().item()
        for loss in ("d_loss", "g_loss"):
            row[loss] = float(metrics.get(loss, nan))
        for name, value in row.items():
            self.trace.setdefault(name, []).append(value)

    def score(self) -> dict[str, float]:
        """Modes, high_quality and kl of 2,500 samples (`metrics.mode_coverage`); nothing for the moons."""
        if not self.mixture:
            return {}
        return mode_coverage(self.gan.sample(2500), self.mixture.centres, self.mixture.sigma)

    def pull(self, samples: Tensor) -> Tensor:
        """Minus the gradient of the generator's loss at each sample, the way it would go: (N, 2) to (N, 2)."""
        _, generator_loss = ADVERSARIAL[self.gan.loss]
        x = samples.clone().requires_grad_()
        logits = self.gan.discriminator(x)
        loss = len(logits) * generator_loss(logits)  # a sum, so that the pull does not depend on N
        (gradient,) = torch.autograd.grad(loss, x)  # (N, 2)
        return -gradient

    def undecided(self) -> float:
        """The logit at which the discriminator does not know."""
        if self.gan.loss == "wasserstein":  # a critic's zero means nothing
            return (self.trace["d_real"][-1] + self.trace["d_fake"][-1]) / 2
        return 0.0

    def frame(self) -> Callable[[Axes], None]:
        """A function that draws the plane as it is now, even when it is called later."""
        real = self.data[:400]  # (400, 2)
        generated = self.gan.sample(256)  # (256, 2)
        limit = self.limit
        surface = Surface(copy.deepcopy(self.gan.discriminator), self.gan.loss, self.undecided())
        pulled = generated[:24]  # (24, 2), those with an arrow
        pull = self.pull(pulled)  # (24, 2)
        length = pull.norm(dim=1, keepdim=True)  # (24, 1)
        # Arrows are as long as the root of the pull, so that a hundredth of it is still seen and a millionth is a dot.
        arrows = pull / length.clamp_min(1e-12) * (2 * length.sqrt()).tanh() * limit / 4  # (24, 2)

        def draw(axes: Axes) -> None:
            draw_discriminator(axes, surface, limit, n=60)
            opinion = axes.images[-1].get_array()
            if opinion.min() < 0.5 < opinion.max():
                axes.contour(opinion, [0.5], extent=axes.images[-1].get_extent(), colors="0.4", linewidths=0.8)
            draw_points(axes, real, generated, limit)
            style = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.008, "zorder": 3}
            axes.quiver(*pulled.T, *arrows.T, **style)
            outside = int((generated.abs() > limit).any(1).sum())
            if outside:
                axes.set_xlabel(f"{outside} of {len(generated)} outside")

        return draw

    def draw(self, axes: Axes) -> None:
        """Draw the plane: what D says of it, real and generated points, and the way that some of these would go."""
        self.frame()(axes)

    def verdict(self) -> str:
        """The score in words."""
        if not self.mixture:
            return "No modes to count"
        found = f"{self.trace['modes'][-1]} of {len(self.mixture.centres)} modes"
        share = f"{self.trace['high_quality'][-1]:.0%} of samples on one"
        kl = f"KL {self.trace['kl'][-1]:.2f}".replace("inf", "∞")
        return f"{found}, {share}, {kl}"

    def figure(self) -> Figure:
        """The plane beside the course of the game."""
        margins = {"left": 0.01, "right": 0.96, "bottom": 0.12, "top": 0.92, "wspace": 0.2, "hspace": 0.35}
        fig = plt.figure(figsize=(7.8, 4.2), layout="none")  # fixed margins: half the time of constrained layout
        places = fig.add_gridspec(2, 2, **margins)
        plane = fig.add_subplot(places[:, 0])
        above = fig.add_subplot(places[0, 1])
        below = fig.add_subplot(places[1, 1])
        self.draw(plane)
        plane.set(title=self.verdict(), xticks=[], yticks=[])
        plane.spines[:].set_visible(True)
        pack = getattr(self.gan.discriminator, "n", 1)
        if pack > 1:
            beside = plane.get_xlabel() and f"\n{plane.get_xlabel()}"
            plane.set_xlabel(f"colour: D on {pack} samples at the same place{beside}")
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
        """Draw a blue and an orange column over time, and shade where one player moved alone."""
        time = self.trace["time"]
        for (label, column), colour, line in zip(columns.items(), (REAL, GENERATED), ("-", "--")):
            axes.plot(time, column, line, color=colour, label=label)
        for player, colour in (("discriminator", REAL), ("generator", GENERATED)):
            for (start, end), moved in zip(pairwise(time), self.trace["players"][1:]):
                if moved == player:
                    axes.axvspan(start, end, color=colour, alpha=0.15, linewidth=0)
        axes.legend(loc="lower right", bbox_to_anchor=(1.03, 0.95), ncols=2, handlelength=1.5, fontsize=9)
        axes.set(title=title, xlim=(0, max(time[-1], 100)))
