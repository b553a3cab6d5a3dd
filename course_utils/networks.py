"""The networks: generators, discriminators and encoders, each a sequence of layers.

A generator is also the decoder of a variational autoencoder: z in, raw output out. The raw output becomes data
through `to_data`, which the model calls, never the network. A discriminator takes data and gives one logit each, an
encoder gives two numbers for each dimension of z.

    symbol     shape                        meaning
    z          (N, latent_dim)              latent codes
    output     (N, C, H, W) or (N, 2)       raw output of a generator: logits of pixels, or points
    x          the same                     data: images in [0, 1], or points in their own units
    logits     (N,)                         output of a discriminator: above 0 means "real"
    mu, logvar (N, latent_dim) each         halves of an encoder's output: mean and log-variance of the code
    y          (N,)                         labels, whole numbers from 0, for networks that were built for `classes`

`shape` is that of one sample: (1, 28, 28) for the images of the lessons, (3, 64, 64) for colour pictures, (2,) for
points. A convolutional network has one width in `channels` for each halving of a picture, so that height and width
are multiples of 2 ** len(channels).
"""

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from course_utils.plumbing.checks import check_picture_shape, check_whole
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


def widths(shape: Sequence[int], first: int) -> list[int]:
    """Return widths that double from `first` on, one for each halving of a picture (C, H, W).

    It is halved once, and on until no side is above 8 or one is odd: 28 → 14 → 7 takes two, 64 → 32 → 16 → 8 three.
    """
    sides = shape[1:]
    channels = []
    while sides and (not channels or max(sides) > 8) and not any(side % 2 for side in sides):
        sides = [side // 2 for side in sides]
        channels.append(first * 2 ** len(channels))
    return channels


def halved(shape: Sequence[int], channels: Sequence[int]) -> tuple[int, int]:
    """Return height and width of a picture (C, H, W) after one halving for each width; raises ValueError if odd."""
    check_picture_shape(shape)
    _, height, width = shape
    parts = 2 ** len(channels)
    if not channels or height % parts or width % parts:
        wanted = f"multiples of {max(parts, 2)}, one halving for each width in channels={tuple(channels)}"
        remedy = "scale the pictures, or pass other channels"
        raise ValueError(f"expected a height and a width that are {wanted}, got {height} and {width}: {remedy}")
    return height // parts, width // parts


def he_weights(network: nn.Module) -> None:
    """Draw the first weights of all convolutions anew, so that no signal fades on its way (He et al., 2015).

    Those that torch draws make it weaker with each layer. Two layers do without; three may never begin to learn.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)


def halving(
    in_channels: int, channels: Sequence[int], out: int, act: str, classes: int = 0, sides: Sequence[int] = IMAGE[1:]
) -> nn.Sequential:
    """Return convolutional layers from pictures to `out` numbers each; each step halves the picture, 28 → 14 → 7.

    The first halving turns each 2×2 block of pixels into four channels and so loses nothing; the others take means.
    With `classes` the first convolution sees labels.
    """
    height, width = halved((in_channels, *sides), channels)
    first = nn.Conv2d(4 * in_channels, channels[0], 3, padding=1)
    layers = [nn.PixelUnshuffle(2), Planes(first, classes) if classes else first, activation(act)]  # (N, C0, H/2, W/2)
    for narrow, wide in pairwise(channels):
        layers += [nn.AvgPool2d(2), nn.Conv2d(narrow, wide, 3, padding=1), activation(act)]  # (N, C1, H/4, W/4), ...
    network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[-1] * height * width, out))
    if len(channels) > 2:
        he_weights(network)
    return network


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
    """A convolutional generator, or decoder, for images of a shape: each step doubles the picture, 7 → 14 → 28.

    A doubling turns each group of four channels into a 2×2 block of pixels (Shi et al., 2016), which is faster on a
    CPU than a transposed convolution. `channels` has one width for each step, by default (32, 16) for 28×28 images
    and (64, 32, 16) for 64×64.
    """

    def __init__(self, latent_dim=32, channels=None, act="silu", batch_norm=False, classes=0, shape=IMAGE):
        channels = widths(shape, 16)[::-1] if channels is None else channels
        height, width = halved(shape, channels)
        layers = [Beside(classes)] if classes else []
        layers += [
            nn.Linear(latent_dim + classes, channels[0] * height * width),
            nn.Unflatten(1, (channels[0], height, width)),  # (N, 32, 7, 7)
        ]
        for wide, narrow in pairwise([*channels, shape[0]]):
            layers += [
                *([nn.BatchNorm2d(wide)] if batch_norm else []),
                activation(act),
                nn.Conv2d(wide, 4 * narrow, 3, padding=1),
                nn.PixelShuffle(2),  # (N, 16, 14, 14), then (N, 1, 28, 28)
            ]
        super().__init__(*layers, classes=classes)
        self.latent_dim = latent_dim


class ConvDiscriminator(Layers):
    """A convolutional discriminator for images of a shape: x (N, *shape) to logits (N,).

    `channels` has one width for each halving, by default (32, 64) for 28×28 images and (32, 64, 128) for 64×64.
    Built for `classes` it is `told` labels by a "projection" of its features, or as "planes" beside the image.
    """

    def __init__(self, channels=None, act="leaky_relu", classes=0, told="projection", shape=IMAGE):
        planes, projected = planes_and_projection(told, classes)
        channels = widths(shape, 32) if channels is None else channels
        layers = halving(shape[0], channels, 1, act, planes, shape[1:])
        super().__init__(*to_logits(layers, projected), classes=classes)


class MLPEncoder(Layers):
    """A fully connected encoder: x (N, *shape) to the means and log-variances of codes (N, 2 * latent_dim)."""

    def __init__(self, latent_dim=64, hidden=(512, 256), shape=IMAGE, act="relu", classes=0):
        layers = mlp([prod(shape), *hidden, 2 * latent_dim], act, classes=classes)
        super().__init__(nn.Flatten(), *layers, classes=classes)


class ConvEncoder(Layers):
    """A convolutional encoder: x (N, *shape) to the means and log-variances of codes (N, 2 * latent_dim).

    `channels` as for ConvDiscriminator.
    """

    def __init__(self, latent_dim=32, channels=None, act="silu", classes=0, shape=IMAGE):
        channels = widths(shape, 32) if channels is None else channels
        super().__init__(*halving(shape[0], channels, 2 * latent_dim, act, classes, shape[1:]), classes=classes)


class PairDiscriminator(nn.Module):
    """Judges an image together with a code: x (N, *shape) and z (N, latent_dim) to logits (N,).

    `channels` as for ConvDiscriminator.
    """

    def __init__(self, latent_dim: int, channels=None, hidden: int = 256, act="leaky_relu", classes=0, shape=IMAGE):
        super().__init__()
        channels = widths(shape, 32) if channels is None else channels
        layers = halving(shape[0], channels, hidden, act, sides=shape[1:])
        self.image = nn.Sequential(*layers, activation(act))
        self.pair = Layers(*mlp([hidden + latent_dim, hidden, 1], act, classes=classes), classes=classes)
        self.classes = classes

    def forward(self, x: Tensor, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.pair(torch.cat([self.image(x), z], 1), y).squeeze(1)
