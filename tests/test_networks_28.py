"""At 28×28 the networks are those that were written for this size alone, bit for bit."""

import pytest
import torch
from helpers import same_bits
from torch import nn

from course_utils.judge import Classifier
from course_utils.networks import (
    Beside,
    ConvDiscriminator,
    ConvEncoder,
    ConvGenerator,
    Layers,
    PairDiscriminator,
    Planes,
    Projection,
    activation,
    mlp,
)

# How the networks were written for 28×28 images alone: this copy stays as it is.


def generator_28(latent_dim=32, channels=(32, 16), batch_norm=False, classes=0):
    wide, narrow = channels
    norm = (lambda n: [nn.BatchNorm2d(n)]) if batch_norm else (lambda n: [])
    return Layers(
        *([Beside(classes)] if classes else []),
        nn.Linear(latent_dim + classes, wide * 7 * 7),
        nn.Unflatten(1, (wide, 7, 7)),
        *norm(wide),
        activation("silu"),
        nn.Conv2d(wide, 4 * narrow, 3, padding=1),
        nn.PixelShuffle(2),
        *norm(narrow),
        activation("silu"),
        nn.Conv2d(narrow, 4, 3, padding=1),
        nn.PixelShuffle(2),
        classes=classes,
    )


def halving_28(in_channels, channels, out, act, classes=0):
    narrow, wide = channels
    first = nn.Conv2d(4 * in_channels, narrow, 3, padding=1)
    return [
        nn.PixelUnshuffle(2),
        Planes(first, classes) if classes else first,
        activation(act),
        nn.AvgPool2d(2),
        nn.Conv2d(narrow, wide, 3, padding=1),
        activation(act),
        nn.Flatten(),
        nn.Linear(wide * 7 * 7, out),
    ]


def discriminator_28(channels=(32, 64), in_channels=1, planes=0, projected=0):
    *body, last = halving_28(in_channels, channels, 1, "leaky_relu", planes)
    end = [Projection(last.in_features, projected)] if projected else [last, nn.Flatten(0)]
    return Layers(*body, *end, classes=planes + projected)


def encoder_28(latent_dim=32, channels=(32, 64), classes=0):
    return Layers(*halving_28(1, channels, 2 * latent_dim, "silu", classes), classes=classes)


class PairDiscriminator28(nn.Module):
    def __init__(self, latent_dim, channels=(32, 64), hidden=256, classes=0):
        super().__init__()
        self.image = nn.Sequential(*halving_28(1, channels, hidden, "leaky_relu"), activation("leaky_relu"))
        self.pair = Layers(*mlp([hidden + latent_dim, hidden, 1], "leaky_relu", classes=classes), classes=classes)

    def forward(self, x, z, y=None):
        return self.pair(torch.cat([self.image(x), z], 1), y).squeeze(1)


class Classifier28(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(32 * 7 * 7, 64),
            nn.ReLU(),
        )
        self.head = nn.Linear(64, classes)

    def forward(self, x):
        return self.head(self.body(x))


Z, X, Y = torch.randn(5, 6), torch.rand(5, 1, 28, 28), torch.tensor([0, 2, 1, 2, 0])
PAIRS = {  # what the course builds now, the copy, what goes in
    "generator": (lambda: ConvGenerator(6), lambda: generator_28(6), (Z,)),
    "generator with batch norm": (
        lambda: ConvGenerator(6, (8, 4), batch_norm=True),
        lambda: generator_28(6, (8, 4), batch_norm=True),
        (Z,),
    ),
    "generator with classes": (lambda: ConvGenerator(6, classes=3), lambda: generator_28(6, classes=3), (Z, Y)),
    "discriminator": (lambda: ConvDiscriminator(), lambda: discriminator_28(), (X,)),
    "discriminator of two channels": (
        lambda: ConvDiscriminator((8, 4), shape=(2, 28, 28)),
        lambda: discriminator_28((8, 4), 2),
        (torch.rand(5, 2, 28, 28),),
    ),
    "discriminator with a projection": (
        lambda: ConvDiscriminator(classes=3),
        lambda: discriminator_28(projected=3),
        (X, Y),
    ),
    "discriminator with planes": (
        lambda: ConvDiscriminator(classes=3, told="planes"),
        lambda: discriminator_28(planes=3),
        (X, Y),
    ),
    "encoder": (lambda: ConvEncoder(6), lambda: encoder_28(6), (X,)),
    "encoder with classes": (lambda: ConvEncoder(6, (16, 32), classes=3), lambda: encoder_28(6, (16, 32), 3), (X, Y)),
    "pair discriminator": (lambda: PairDiscriminator(6), lambda: PairDiscriminator28(6), (X, Z)),
    "pair discriminator with classes": (
        lambda: PairDiscriminator(6, classes=3),
        lambda: PairDiscriminator28(6, classes=3),
        (X, Z, Y),
    ),
    "classifier": (lambda: Classifier(4), lambda: Classifier28(4), (X,)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_at_28_pixels_the_networks_are_those_of_before_to_the_last_bit(name):
    """The same names, first weights, random numbers used up, outputs, and gradients."""
    new, old, inputs = PAIRS[name]
    found = []
    for build in (new, old):
        torch.manual_seed(0)
        network = build()
        state = {name: value.clone() for name, value in network.state_dict().items()}
        output = network(*inputs)
        output.square().sum().backward()
        found.append((state, [p.grad for p in network.parameters()], output, torch.get_rng_state()))
    assert same_bits(*found)


def test_the_comparison_with_the_copy_sees_another_order_of_building():
    """The control: two layers that swap their random numbers are not the same network."""
    torch.manual_seed(0)
    last, first = nn.Linear(64 * 7 * 7, 1), nn.Conv2d(4, 32, 3, padding=1)
    torch.manual_seed(0)
    kept = ConvDiscriminator().state_dict()
    assert not torch.equal(kept["1.weight"], first.weight) and not torch.equal(kept["7.weight"], last.weight)
