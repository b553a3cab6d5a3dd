"""Small GANs for points in the plane, several at once: one seed is an anecdote, ten are an experiment."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from course_utils.gan import GAN
from course_utils.metrics import mode_coverage
from course_utils.networks import MLPDiscriminator, MLPGenerator, packed
from course_utils.points import Mixture
from course_utils.runtime import looking_at


class Copies(nn.Module):
    """Networks of one shape side by side: each gets its own share of the batch, and one call computes all.

    x (n * N, ...) gives what each of the n networks makes of its N rows, in order. A loss that is a mean over all rows
    gives each network the gradient that it would get alone.
    """

    def __init__(self, networks: Sequence[nn.Module]):
        super().__init__()
        parameters, buffers = stack_module_state(list(networks))
        if buffers:
            raise ValueError(f"expected networks without running statistics, such as batch norm's, got {list(buffers)}")
        self.n, self.shapes = len(networks), {name: stacked.shape[1:] for name, stacked in parameters.items()}
        # One long row of weights for each network: a few large operations are faster than many small ones.
        self.rows = nn.Parameter(torch.cat([stacked.detach().flatten(1) for stacked in parameters.values()], 1))
        self.plan = [copy.deepcopy(networks[0]).to("meta")]  # in a list, so that its weights do not count
        self.latent_dim = getattr(networks[0], "latent_dim", None)

    def weights(self) -> dict[str, Tensor]:
        """Return the weights of all networks by name, each (n, ...)."""
        # A mean over n networks leaves 1/n of each gradient: give back n times as much, and change no value.
        rows = self.rows + (self.n - 1) * (self.rows - self.rows.detach())
        parts = rows.split([shape.numel() for shape in self.shapes.values()], dim=1)
        return {name: part.unflatten(1, shape) for (name, shape), part in zip(self.shapes.items(), parts)}

    def forward(self, x: Tensor) -> Tensor:
        if len(x) % self.n:
            raise ValueError(f"expected a batch that {self.n} networks can share equally, got {len(x)} rows")

        def one(weights: dict[str, Tensor], part: Tensor) -> Tensor:
            return functional_call(self.plan[0], weights, part)

        return torch.vmap(one)(self.weights(), x.unflatten(0, (self.n, -1))).flatten(0, 1)  # (n * N, ...)


def points_gan(copies: int = 1, pack: int = 1, hidden: Sequence[int] = (64, 64), **settings) -> GAN:
    """Return a GAN for points (N, 2), or several that train at once and never meet, each with weights of its own.

    `pack` shows the discriminator so many samples at a time (`networks.packed`); `settings` are those of `GAN`. Train
    copies with a batch that many times as large.
    """

    def discriminator() -> nn.Module:
        alone = MLPDiscriminator(hidden, shape=(2 * pack,))
        return packed(alone, pack) if pack > 1 else alone

    if copies < 1:
        raise ValueError(f"expected at least one copy, got {copies}")
    if copies == 1:
        return GAN(MLPGenerator(2, hidden, shape=(2,)), discriminator(), **settings)
    generators = Copies([MLPGenerator(2, hidden, shape=(2,)) for _ in range(copies)])
    return GAN(generators, Copies([discriminator() for _ in range(copies)]), **settings)


def draw_each(gan: GAN, n: int = 2500, seed: int = 0) -> Tensor:
    """Return n points of every copy in a GAN of `points_gan`, all from the same z: (copies, n, 2)."""
    copies = getattr(gan.generator, "n", 1)
    z = torch.randn(n, gan.generator.latent_dim, generator=torch.Generator().manual_seed(seed))  # (n, latent_dim)
    with looking_at(gan) as device:
        return gan.generator(z.repeat(copies, 1).to(device)).unflatten(0, (copies, n)).cpu()


def coverage_of_each(gan: GAN, mixture: Mixture, n: int = 2500, seed: int = 0) -> dict[str, Tensor]:
    """Return modes, high_quality and kl (`metrics.mode_coverage`) of every copy: (copies,) each."""
    scores = [mode_coverage(x, mixture.centres, mixture.sigma) for x in draw_each(gan, n, seed)]
    return {name: torch.tensor([float(score[name]) for score in scores]) for name in scores[0]}
