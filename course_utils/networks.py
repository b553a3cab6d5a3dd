"""The networks: generators, discriminators and encoders, each a sequence of layers.

A generator is also the decoder of a variational autoencoder: z in, raw output out. The raw output becomes data
through `to_data`, which the model calls, never the network. A discriminator takes data and gives one logit each, an
encoder gives two numbers for each dimension of z.

    symbol     shape                        meaning
    z          (N, latent_dim)              latent codes
    output     (N, 1, 28, 28) or (N, 2)     raw output of a generator: logits of pixels, or points
    x          the same                     data: images in [0, 1], or points in their own units
    logits     (N,)                         output of a discriminator: above 0 means "real"
    mu, logvar (N, latent_dim) each         halves of an encoder's output: mean and log-variance of the code
"""

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn

from course_utils.plumbing.checks import check_whole
from course_utils.plumbing.device import in_parts, torch_defaults

IMAGE = (1, 28, 28)
ACTIVATIONS = {"relu": nn.ReLU, "leaky_relu": lambda: nn.LeakyReLU(0.2), "tanh": nn.Tanh, "silu": nn.SiLU}


def to_data(output: Tensor) -> Tensor:
    """Turn a generator's raw output into data: a sigmoid for images, nothing for points."""
    return output.sigmoid() if output.dim() == 4 else output


@torch_defaults()
def sample(generator: nn.Module, n: int = 64, z: Tensor | None = None, seed: int = 0) -> Tensor:
    """Draw n samples for display, on the CPU; the generator and the global random state stay as they are.

    The same n and seed give the same z on every device; `z` of shape (n, latent_dim) replaces them.
    """
    check_whole(n=n)
    if z is None:
        z = torch.randn(n, generator.latent_dim, generator=torch.Generator().manual_seed(seed))  # (n, latent_dim)
    if z.dim() != 2 or z.shape[1] != generator.latent_dim:
        raise ValueError(f"expected z of shape (n, {generator.latent_dim}), got {tuple(z.shape)}")
    z = z.to(next(generator.parameters()).dtype)
    return in_parts(generator, lambda part: to_data(generator(part)), z)


def activation(name: str) -> nn.Module:
    """Return a fresh activation layer by name; raises ValueError for an unknown one."""
    if name not in ACTIVATIONS:
        raise ValueError(f"expected an activation among {', '.join(ACTIVATIONS)}, got {name!r}")
    return ACTIVATIONS[name]()


def mlp(sizes: Sequence[int], act: str, batch_norm: bool = False) -> nn.Sequential:
    """Return linear layers of the given sizes with an activation (and batch norm) between them."""
    if min(sizes) < 1:
        raise ValueError(f"expected layer sizes of at least 1, got {list(sizes)}")
    layers = []
    for n_in, n_out in zip(sizes[:-2], sizes[1:-1]):
        layers += [nn.Linear(n_in, n_out), *([nn.BatchNorm1d(n_out)] if batch_norm else []), activation(act)]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


def halving(in_channels: int, channels: Sequence[int], out: int, act: str) -> nn.Sequential:
    """Return convolutional layers from 28×28 images to `out` numbers each; each step halves the picture, 28 → 14 → 7.

    The first halving turns each 2×2 block of pixels into four channels and so loses nothing; the second takes means.
    """
    narrow, wide = channels
    return nn.Sequential(
        nn.PixelUnshuffle(2),  # (N, 4 * in_channels, 14, 14)
        nn.Conv2d(4 * in_channels, narrow, 3, padding=1),  # (N, narrow, 14, 14)
        activation(act),
        nn.AvgPool2d(2),  # (N, narrow, 7, 7)
        nn.Conv2d(narrow, wide, 3, padding=1),  # (N, wide, 7, 7)
        activation(act),
        nn.Flatten(),
        nn.Linear(wide * 7 * 7, out),
    )


class MLPGenerator(nn.Sequential):
    """A fully connected generator, or decoder: z (N, latent_dim) to raw output (N, *shape)."""

    def __init__(self, latent_dim=64, hidden=(256, 512), shape=IMAGE, act="relu", batch_norm=False):
        super().__init__(*mlp([latent_dim, *hidden, prod(shape)], act, batch_norm), nn.Unflatten(1, tuple(shape)))
        self.latent_dim = latent_dim


class MLPDiscriminator(nn.Sequential):
    """A fully connected discriminator: x (N, *shape) to logits (N,)."""

    def __init__(self, hidden=(512, 256), shape=IMAGE, act="leaky_relu"):
        super().__init__(nn.Flatten(), *mlp([prod(shape), *hidden, 1], act), nn.Flatten(0))  # (N, 1) to (N,)


class ConvGenerator(nn.Sequential):
    """A convolutional generator, or decoder, for 28×28 images: each step doubles the picture, 7 → 14 → 28.

    A doubling turns each group of four channels into a 2×2 block of pixels (Shi et al., 2016), which is faster on a
    CPU than a transposed convolution.
    """

    def __init__(self, latent_dim=32, channels=(32, 16), act="silu", batch_norm=False):
        wide, narrow = channels
        norm = (lambda n: [nn.BatchNorm2d(n)]) if batch_norm else (lambda n: [])
        super().__init__(
            nn.Linear(latent_dim, wide * 7 * 7),
            nn.Unflatten(1, (wide, 7, 7)),  # (N, wide, 7, 7)
            *norm(wide),
            activation(act),
            nn.Conv2d(wide, 4 * narrow, 3, padding=1),
            nn.PixelShuffle(2),  # (N, narrow, 14, 14)
            *norm(narrow),
            activation(act),
            nn.Conv2d(narrow, 4, 3, padding=1),
            nn.PixelShuffle(2),  # (N, 1, 28, 28)
        )
        self.latent_dim = latent_dim


class ConvDiscriminator(nn.Sequential):
    """A convolutional discriminator for 28×28 images: x (N, in_channels, 28, 28) to logits (N,)."""

    def __init__(self, channels=(32, 64), in_channels=1, act="leaky_relu"):
        super().__init__(*halving(in_channels, channels, 1, act), nn.Flatten(0))  # (N, 1) to (N,)


class MLPEncoder(nn.Sequential):
    """A fully connected encoder: x (N, *shape) to the means and log-variances of codes (N, 2 * latent_dim)."""

    def __init__(self, latent_dim=64, hidden=(512, 256), shape=IMAGE, act="relu"):
        super().__init__(nn.Flatten(), *mlp([prod(shape), *hidden, 2 * latent_dim], act))


class ConvEncoder(nn.Sequential):
    """A convolutional encoder for 28×28 images: x to the means and log-variances of codes (N, 2 * latent_dim)."""

    def __init__(self, latent_dim=32, channels=(32, 64), act="silu"):
        super().__init__(*halving(1, channels, 2 * latent_dim, act))
