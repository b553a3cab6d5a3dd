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
    y          (N,)                         labels, whole numbers from 0, for networks that were built for `classes`
"""

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn

from course_utils.plumbing.checks import check_whole
from course_utils.plumbing.device import in_parts, torch_defaults
from course_utils.plumbing.labels import given, labels_to_draw, one_hot, rows_of

IMAGE = (1, 28, 28)
ACTIVATIONS = {"relu": nn.ReLU, "leaky_relu": lambda: nn.LeakyReLU(0.2), "tanh": nn.Tanh, "silu": nn.SiLU}


def to_data(output: Tensor) -> Tensor:
    """Turn a generator's raw output into data: a sigmoid for images, nothing for points."""
    return output.sigmoid() if output.dim() == 4 else output


@torch_defaults()
def sample(generator: nn.Module, n: int = 64, z: Tensor | None = None, seed: int = 0, y=None) -> Tensor:
    """Draw n samples for display, on the CPU; the generator and the global random state stay as they are.

    The same n and seed give the same z on every device; `z` of shape (n, latent_dim) replaces them.
    A generator for `classes` draws the labels y, (n,) or one for all; unless told, each class in turn.
    """
    check_whole(n=n)
    if z is None:
        z = torch.randn(n, generator.latent_dim, generator=torch.Generator().manual_seed(seed))  # (n, latent_dim)
    if z.dim() != 2 or z.shape[1] != generator.latent_dim:
        raise ValueError(f"expected z of shape (n, {generator.latent_dim}), got {tuple(z.shape)}")
    z = z.to(next(generator.parameters()).dtype)
    y = labels_to_draw(generator, z, y)
    return in_parts(generator, lambda z, y=None: to_data(given(generator, y)(z)), z, y)


def activation(name: str) -> nn.Module:
    """Return a fresh activation layer by name; raises ValueError for an unknown one."""
    if name not in ACTIVATIONS:
        raise ValueError(f"expected an activation among {', '.join(ACTIVATIONS)}, got {name!r}")
    return ACTIVATIONS[name]()


class Layers(nn.Sequential):
    """Layers in a row; those that are told labels get y (N,) beside their input."""

    def __init__(self, *layers: nn.Module, classes: int = 0):
        super().__init__(*layers)
        self.classes = classes

    def forward(self, input: Tensor, y: Tensor | None = None) -> Tensor:  # named as in nn.Sequential
        if y is not None and not self.classes:
            raise ValueError("expected no labels for a network that was built without classes, got some")
        for layer in self:
            input = layer(input, y) if isinstance(layer, (Beside, Planes, Projection)) else layer(input)
        return input


class Beside(nn.Module):
    """One-hot labels as more columns beside codes or flat data: x (N, d) and y (N,) to (N, d + classes)."""

    def __init__(self, classes: int):
        super().__init__()
        self.classes = classes

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return torch.cat([x, one_hot(y, self.classes, x)], 1)


class Planes(nn.Module):
    """A convolution that sees one-hot labels as more planes beside the image.

    A plane is the same at every pixel, so a filter makes one number for each class of it (but at the border). Adding
    that number is cheaper than convolving the planes.
    """

    def __init__(self, convolution: nn.Conv2d, classes: int):
        super().__init__()
        self.convolution = convolution
        self.label = nn.Linear(classes, convolution.out_channels, bias=False)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        label = self.label(one_hot(y, self.label.in_features, x))  # (N, out_channels)
        return self.convolution(x) + label[:, :, None, None]


class Projection(nn.Module):
    """The end of a discriminator that is told labels: features (N, d) to logits psi(features) + <v_y, features>, (N,).

    The first term asks "real?", the second "of class y?" (Miyato and Koyama, 2018, equation 3, with a linear psi).
    Every v begins at zero: at first the labels make no difference.
    """

    def __init__(self, features: int, classes: int):
        super().__init__()
        self.psi = nn.Linear(features, 1)
        self.v = nn.Parameter(torch.zeros(classes, features))

    def forward(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        v_y = rows_of(self.v, y)  # (N, d)
        return torch.linalg.vecdot(self.psi.weight + v_y, features) + self.psi.bias  # one product for both terms


def mlp(sizes: Sequence[int], act: str, batch_norm: bool = False, classes: int = 0) -> nn.Sequential:
    """Return linear layers of the given sizes with an activation (and batch norm) between them.

    With `classes` the first of them sees labels beside its input.
    """
    if min(sizes) < 1:
        raise ValueError(f"expected layer sizes of at least 1, got {list(sizes)}")
    sizes = [sizes[0] + classes, *sizes[1:]]
    layers = [Beside(classes)] if classes else []
    for n_in, n_out in zip(sizes[:-2], sizes[1:-1]):
        layers += [nn.Linear(n_in, n_out), *([nn.BatchNorm1d(n_out)] if batch_norm else []), activation(act)]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


def halving(in_channels: int, channels: Sequence[int], out: int, act: str, classes: int = 0) -> nn.Sequential:
    """Return convolutional layers from 28×28 images to `out` numbers each; each step halves the picture, 28 → 14 → 7.

    The first halving turns each 2×2 block of pixels into four channels and so loses nothing; the second takes means.
    With `classes` the first convolution sees labels.
    """
    narrow, wide = channels
    first = nn.Conv2d(4 * in_channels, narrow, 3, padding=1)
    return nn.Sequential(
        nn.PixelUnshuffle(2),  # (N, 4 * in_channels, 14, 14)
        Planes(first, classes) if classes else first,  # (N, narrow, 14, 14)
        activation(act),
        nn.AvgPool2d(2),  # (N, narrow, 7, 7)
        nn.Conv2d(narrow, wide, 3, padding=1),  # (N, wide, 7, 7)
        activation(act),
        nn.Flatten(),
        nn.Linear(wide * 7 * 7, out),
    )


def to_logits(layers: nn.Sequential, classes: int) -> list[nn.Module]:
    """End a discriminator in one logit for each sample; with `classes` by a projection in place of its last layer."""
    *body, last = layers
    return [*body, Projection(last.in_features, classes)] if classes else [*layers, nn.Flatten(0)]  # (N, 1) to (N,)


def planes_and_projection(told: str, classes: int) -> tuple[int, int]:
    """Return for how many classes a discriminator gets planes, and for how many a projection."""
    if told not in ("planes", "projection"):
        raise ValueError(f'expected told="planes" or "projection", got {told!r}')
    return (classes, 0) if told == "planes" else (0, classes)


class MLPGenerator(Layers):
    """A fully connected generator, or decoder: z (N, latent_dim) to raw output (N, *shape)."""

    def __init__(self, latent_dim=64, hidden=(256, 512), shape=IMAGE, act="relu", batch_norm=False, classes=0):
        layers = mlp([latent_dim, *hidden, prod(shape)], act, batch_norm, classes)
        super().__init__(*layers, nn.Unflatten(1, tuple(shape)), classes=classes)
        self.latent_dim = latent_dim


class MLPDiscriminator(Layers):
    """A fully connected discriminator: x (N, *shape) to logits (N,); `told` as for ConvDiscriminator."""

    def __init__(self, hidden=(512, 256), shape=IMAGE, act="leaky_relu", classes=0, told="projection"):
        planes, projected = planes_and_projection(told, classes)
        layers = mlp([prod(shape), *hidden, 1], act, classes=planes)
        super().__init__(nn.Flatten(), *to_logits(layers, projected), classes=classes)


class ConvGenerator(Layers):
    """A convolutional generator, or decoder, for 28×28 images: each step doubles the picture, 7 → 14 → 28.

    A doubling turns each group of four channels into a 2×2 block of pixels (Shi et al., 2016), which is faster on a
    CPU than a transposed convolution.
    """

    def __init__(self, latent_dim=32, channels=(32, 16), act="silu", batch_norm=False, classes=0):
        wide, narrow = channels
        norm = (lambda n: [nn.BatchNorm2d(n)]) if batch_norm else (lambda n: [])
        super().__init__(
            *([Beside(classes)] if classes else []),
            nn.Linear(latent_dim + classes, wide * 7 * 7),
            nn.Unflatten(1, (wide, 7, 7)),  # (N, wide, 7, 7)
            *norm(wide),
            activation(act),
            nn.Conv2d(wide, 4 * narrow, 3, padding=1),
            nn.PixelShuffle(2),  # (N, narrow, 14, 14)
            *norm(narrow),
            activation(act),
            nn.Conv2d(narrow, 4, 3, padding=1),
            nn.PixelShuffle(2),  # (N, 1, 28, 28)
            classes=classes,
        )
        self.latent_dim = latent_dim


class ConvDiscriminator(Layers):
    """A convolutional discriminator for 28×28 images: x (N, in_channels, 28, 28) to logits (N,).

    Built for `classes` it is `told` labels by a "projection" of its features, or as "planes" beside the image.
    """

    def __init__(self, channels=(32, 64), in_channels=1, act="leaky_relu", classes=0, told="projection"):
        planes, projected = planes_and_projection(told, classes)
        super().__init__(*to_logits(halving(in_channels, channels, 1, act, planes), projected), classes=classes)


class MLPEncoder(Layers):
    """A fully connected encoder: x (N, *shape) to the means and log-variances of codes (N, 2 * latent_dim)."""

    def __init__(self, latent_dim=64, hidden=(512, 256), shape=IMAGE, act="relu", classes=0):
        layers = mlp([prod(shape), *hidden, 2 * latent_dim], act, classes=classes)
        super().__init__(nn.Flatten(), *layers, classes=classes)


class ConvEncoder(Layers):
    """A convolutional encoder for 28×28 images: x to the means and log-variances of codes (N, 2 * latent_dim)."""

    def __init__(self, latent_dim=32, channels=(32, 64), act="silu", classes=0):
        super().__init__(*halving(1, channels, 2 * latent_dim, act, classes), classes=classes)


class PairDiscriminator(nn.Module):
    """Judges an image together with a code: x (N, 1, 28, 28) and z (N, latent_dim) to logits (N,)."""

    def __init__(self, latent_dim: int, channels=(32, 64), hidden: int = 256, act="leaky_relu", classes=0):
        super().__init__()
        self.image = nn.Sequential(*halving(1, channels, hidden, act), activation(act))
        self.pair = Layers(*mlp([hidden + latent_dim, hidden, 1], act, classes=classes), classes=classes)
        self.classes = classes

    def forward(self, x: Tensor, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.pair(torch.cat([self.image(x), z], 1), y).squeeze(1)
