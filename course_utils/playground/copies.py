"""Small GANs for points in the plane, several at once: one seed is an anecdote, ten are an experiment."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from course_utils.gan import GAN
from course_utils.metrics import mode_coverage
from course_utils.networks import MLPDiscriminator, MLPGenerator, packed
from course_utils.plumbing.device import looking_at
from course_utils.points import Mixture


class Copies(nn.Module):
    """Fully connected networks of one shape side by side: each gets its own share of the batch, one call computes all.

    x (n * N, ...) gives what each of the n networks makes of its N rows, in order. A loss that is a mean over all rows
    gives each network the gradient that it would get alone.
    """

    def __init__(self, networks: Sequence[nn.Module]):
        super().__init__()
        if buffers := [name for name, _ in networks[0].named_buffers()]:
            raise ValueError(f"expected networks without running statistics, such as batch norm's, got {buffers}")
        self.n, self.shapes = len(networks), [parameter.shape for parameter in networks[0].parameters()]
        # One long row of weights for each network: a few large operations are faster than many small ones.
        self.rows = nn.Parameter(torch.stack([parameters_to_vector(one.parameters()).detach() for one in networks]))
        self.latent_dim = getattr(networks[0], "latent_dim", None)
        layers = [part for part in networks[0].modules() if not list(part.children())]
        self.layers = [None if isinstance(part, nn.Linear) else part for part in layers if type(part) is not nn.Flatten]

    def weights(self) -> Iterator[Tensor]:
        """Yield weight (n, out, in) and bias (n, out) of each layer in turn."""
        # A mean over n networks leaves 1/n of each gradient: give back n times as much, and change no value.
        rows = self.rows + (self.n - 1) * (self.rows - self.rows.detach())
        parts = rows.split([shape.numel() for shape in self.shapes], dim=1)
        return (part.unflatten(1, shape) for part, shape in zip(parts, self.shapes))

    def forward(self, x: Tensor) -> Tensor:
        if len(x) % self.n:
            raise ValueError(f"expected a batch that {self.n} networks can share equally, got {len(x)} rows")
        x, weights = x.unflatten(0, (self.n, -1)), self.weights()  # (n, N, in)
        for activation in self.layers:  # None stands for a linear layer
            if activation is None:
                weight, bias = next(weights), next(weights)
                x = torch.baddbmm(bias[:, None], x, weight.mT)  # (n, N, out)
            else:
                x = activation(x)
        return x.flatten(0, 1).squeeze(1)  # (n * N, out), or logits (n * N,)


def points_gan(copies: int = 1, pack: int = 1, hidden: Sequence[int] = (64, 64), **settings) -> GAN:
    """Return a GAN for points (N, 2), or several that train at once and never meet, each with weights of its own.

    `pack` shows the discriminator so many samples at a time (`networks.packed`); `settings` are those of `GAN`. Train
    copies with a batch that many times as large.
    """
    if copies < 1:
        raise ValueError(f"expected at least one copy, got {copies}")
    generators = [MLPGenerator(2, hidden, shape=(2,)) for _ in range(copies)]
    discriminators = [MLPDiscriminator(hidden, shape=(2 * pack,)) for _ in range(copies)]
    generator, discriminator = (Copies(each) if copies > 1 else each[0] for each in (generators, discriminators))
    return GAN(generator, packed(discriminator, pack) if pack > 1 else discriminator, **settings)


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
