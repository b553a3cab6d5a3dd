"""Small GANs for points in the plane, several at once: one seed is an anecdote, ten are an experiment."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from course_utils.gan import GAN
from course_utils.metrics import mode_coverage
from course_utils.networks import MLPDiscriminator, MLPGenerator
from course_utils.playground.wrappers import packed
from course_utils.plumbing.device import looking_at
from course_utils.points import Mixture

LINEAR = "linear"  # stands for a linear layer, whose weights are in `Copies.rows`


class Copies(nn.Module):
    """n fully connected networks of one shape in one: the first gets the first share of the batch, and so on.

    A batch of n * N rows gives n * N rows. From a loss that is a mean over all rows, each network gets the gradient
    that it would get alone.
    """

    def __init__(self, networks: Sequence[nn.Module]):
        super().__init__()
        first = networks[0]
        buffers = [name for name, _ in first.named_buffers()]
        if buffers:
            raise ValueError(f"expected networks without running statistics, such as batch norm's, got {buffers}")
        self.n = len(networks)
        self.latent_dim = getattr(first, "latent_dim", None)
        self.shapes = [parameter.shape for parameter in first.parameters()]
        layers = [part for part in first.modules() if not list(part.children())]
        layers = [layer for layer in layers if not isinstance(layer, (nn.Flatten, nn.Unflatten))]
        self.layers = [LINEAR if isinstance(layer, nn.Linear) else layer for layer in layers]
        # One long row of weights for each network: a few large operations are faster than many small ones.
        self.rows = nn.Parameter(torch.stack([parameters_to_vector(one.parameters()).detach() for one in networks]))

    def weights(self) -> Iterator[Tensor]:
        """Yield the weight (n, out, in) and the bias (n, out) of each linear layer, one after the other."""
        # A mean over n networks leaves 1/n of each gradient: give back n times as much, and change no value.
        rows = self.rows + (self.n - 1) * (self.rows - self.rows.detach())
        parts = rows.split([shape.numel() for shape in self.shapes], dim=1)
        return (part.unflatten(1, shape) for part, shape in zip(parts, self.shapes))

    def forward(self, x: Tensor) -> Tensor:
        if len(x) % self.n:
            raise ValueError(f"expected a batch that {self.n} networks can share equally, got {len(x)} rows")
        x = x.unflatten(0, (self.n, -1))  # (n, N, in)
        weights = self.weights()
        for layer in self.layers:
            if layer is LINEAR:
                weight = next(weights)  # (n, out, in)
                bias = next(weights)  # (n, out)
                x = torch.baddbmm(bias[:, None], x, weight.mT)  # (n, N, out)
            else:
                x = layer(x)
        return x.flatten(0, 1).squeeze(1)  # (n * N, out), or logits (n * N,)


def points_gan(copies: int = 1, pack: int = 1, hidden: Sequence[int] = (64, 64), **settings) -> GAN:
    """A GAN for points (N, 2), or several in one that train at once and never meet.

    Train `copies` with a batch that many times as large. The discriminator judges `pack` samples at a time
    (`wrappers.packed`); `settings` are those of `GAN`.
    """
    if copies < 1:
        raise ValueError(f"expected at least one copy, got {copies}")
    generators = [MLPGenerator(2, hidden, shape=(2,)) for _ in range(copies)]
    discriminators = [MLPDiscriminator(hidden, shape=(2 * pack,)) for _ in range(copies)]
    generator = Copies(generators) if copies > 1 else generators[0]
    discriminator = Copies(discriminators) if copies > 1 else discriminators[0]
    if pack > 1:
        discriminator = packed(discriminator, pack)
    return GAN(generator, discriminator, **settings)


def draw_each(gan: GAN, n: int = 2500, seed: int = 0) -> Tensor:
    """Draw n points from every copy in a GAN of `points_gan`, all from the same z: (copies, n, 2)."""
    copies = getattr(gan.generator, "n", 1)
    z = torch.randn(n, gan.generator.latent_dim, generator=torch.Generator().manual_seed(seed))  # (n, latent_dim)
    with looking_at(gan) as device:
        return gan.generator(z.repeat(copies, 1).to(device)).unflatten(0, (copies, n)).cpu()


def coverage_of_each(gan: GAN, mixture: Mixture) -> dict[str, Tensor]:
    """Modes, high_quality and kl of every copy (`metrics.mode_coverage`): (copies,) each."""
    scores = [mode_coverage(x, mixture.centres, mixture.sigma) for x in draw_each(gan)]
    return {name: torch.tensor([float(score[name]) for score in scores]) for name in scores[0]}
