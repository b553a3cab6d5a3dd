"""Images of other sizes and in colour."""

import pytest
import torch
from helpers import weights
from torch import nn

from course_utils.gan import GAN
from course_utils.hybrids import VAEGAN, BiGAN
from course_utils.judge import Classifier
from course_utils.networks import (
    ConvDiscriminator,
    ConvEncoder,
    ConvGenerator,
    MLPDiscriminator,
    MLPEncoder,
    MLPGenerator,
    PairDiscriminator,
)
from course_utils.training import fit
from course_utils.vae import VAE

COLOUR = (3, 64, 64)
NARROW = {"shape": COLOUR, "channels": (4, 4, 4)}


SHAPES = {  # a shape: default widths of the generator and of the others, height and width of the smallest picture
    (1, 28, 28): ((32, 16), (32, 64), (7, 7)),
    (3, 32, 32): ((32, 16), (32, 64), (8, 8)),
    (3, 64, 64): ((64, 32, 16), (32, 64, 128), (8, 8)),
    (3, 64, 48): ((64, 32, 16), (32, 64, 128), (8, 6)),
    (1, 96, 96): ((128, 64, 32, 16), (32, 64, 128, 256), (6, 6)),
    (2, 20, 20): ((32, 16), (32, 64), (5, 5)),
    (3, 10, 14): ((16,), (32,), (5, 7)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_network_takes_images_of_a_shape(shape):
    of_generator, of_others, smallest = SHAPES[shape]
    x, z = torch.rand(2, *shape), torch.randn(2, 5)
    generator, encoder = ConvGenerator(5, shape=shape), ConvEncoder(5, shape=shape)
    assert generator(z).shape == x.shape and encoder(x).shape == (2, 10)
    assert ConvDiscriminator(shape=shape)(x).shape == PairDiscriminator(5, shape=shape)(x, z).shape == (2,)
    assert Classifier(4, shape)(x).shape == (2, 4)
    assert tuple(generator(z).shape) == tuple(MLPGenerator(5, (8,), shape)(z).shape)
    assert MLPEncoder(5, (8,), shape)(x).shape == (2, 10) and MLPDiscriminator((8,), shape)(x).shape == (2,)
    convolutions = [layer for layer in generator if isinstance(layer, nn.Conv2d)]
    assert tuple(layer.in_channels for layer in convolutions) == of_generator
    assert tuple(layer.out_channels for layer in encoder if isinstance(layer, nn.Conv2d)) == of_others
    assert generator[1].unflattened_size == (of_generator[0], *smallest)
    assert encoder[-1].in_features == of_others[-1] * smallest[0] * smallest[1]


def test_networks_for_colour_pictures_have_the_sizes_computed_by_hand():
    def convolution(n_in, n_out):
        return 9 * n_in * n_out + n_out

    generator, discriminator = ConvGenerator(10, shape=COLOUR), ConvDiscriminator(shape=COLOUR)
    of_generator = 11 * 64 * 8 * 8 + convolution(64, 4 * 32) + convolution(32, 4 * 16) + convolution(16, 4 * 3)
    of_discriminator = convolution(4 * 3, 32) + convolution(32, 64) + convolution(64, 128) + 128 * 8 * 8 + 1
    assert sum(p.numel() for p in generator.parameters()) == of_generator
    assert sum(p.numel() for p in discriminator.parameters()) == of_discriminator


def test_the_number_of_widths_says_how_small_the_smallest_picture_is():
    for channels, smallest in (((8,), 32), ((8, 8), 16), ((8, 8, 8, 8), 4)):
        assert ConvGenerator(5, channels, shape=COLOUR)[1].unflattened_size == (8, smallest, smallest)
        assert ConvDiscriminator(channels, shape=COLOUR)(torch.rand(2, *COLOUR)).shape == (2,)


def test_a_signal_does_not_fade_on_its_way_through_many_layers():
    """The control: with the first weights that torch draws, what the last layer reads is nearly the same for all."""
    torch.manual_seed(0)
    x = torch.rand(20, *COLOUR).round()
    spread = []
    for reset in (False, True):
        network = ConvDiscriminator(shape=COLOUR)
        for layer in network.modules() if reset else ():
            if isinstance(layer, nn.Conv2d):
                layer.reset_parameters()
        spread.append(nn.Sequential(*list(network)[:-2])(x).std(0).mean().item())  # of the features
    assert spread[0] > 5 * spread[1]


BUILD = {
    "generator": lambda shape, channels: ConvGenerator(4, channels, shape=shape),
    "discriminator": lambda shape, channels: ConvDiscriminator(channels, shape=shape),
    "encoder": lambda shape, channels: ConvEncoder(4, channels, shape=shape),
    "pair discriminator": lambda shape, channels: PairDiscriminator(4, channels, shape=shape),
}
REFUSED = {  # a shape, widths, a part of the sentence
    "too many widths": (
        (3, 28, 28),
        (8, 8, 8),
        r"multiples of 8, one halving .*channels=\(8, 8, 8\), got 28 and 28: s",
    ),
    "one odd side": ((3, 64, 50), (8, 8), r"multiples of 4, .*, got 64 and 50: scale the pictures, or pass other"),
    "odd": ((1, 27, 27), None, r"multiples of 2, .* got 27 and 27: scale"),
    "odd from the start": ((1, 7, 7), None, "multiples of 2, .* got 7 and 7: scale the pictures, or pass other"),
    "a size": ((64, 64), None, r"the shape of one picture, such as \(3, 64, 64\), got \(64, 64\)"),
    "a flat image": ((784,), None, r"the shape of one picture, .*, got \(784,\)"),
    "no height": ((3, 0, 64), (8,), "height to be a whole number of at least 1, got 0"),
    "half a pixel": ((3, 64.0, 64), (8,), "height to be a whole number of at least 1, got 64.0"),
}


@pytest.mark.parametrize("network", BUILD)
@pytest.mark.parametrize("case", REFUSED)
def test_a_shape_that_the_widths_do_not_fit_is_told_in_one_sentence(network, case):
    shape, channels, words = REFUSED[case]
    with pytest.raises(ValueError, match=f"^expected .*{words}") as caught:
        BUILD[network](shape, channels)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_images_of_another_size_are_refused_before_the_first_step():
    gan = GAN(ConvGenerator(4, **NARROW), ConvDiscriminator(**NARROW))
    with pytest.raises(ValueError, match=r"expected data shaped like what the generator makes, \(8, 3, 64, 64\), got"):
        fit(gan, torch.rand(8, 3, 32, 32), steps=1, batch_size=8)
    with pytest.raises(ValueError, match=r"\(8, 3, 64, 64\), got \(8, 1, 64, 64\)"):
        fit(gan, torch.rand(8, 1, 64, 64), steps=1, batch_size=8)


def models(classes: int) -> dict[str, nn.Module]:
    told = {"classes": classes, **NARROW}
    return {
        "GAN": GAN(ConvGenerator(4, **told), ConvDiscriminator(**told), r1_weight=1.0, gp_weight=1.0),
        "VAE": VAE(ConvEncoder(4, **told), ConvGenerator(4, **told, batch_norm=True)),
        "VAE-GAN": VAEGAN(ConvEncoder(4, **told), ConvGenerator(4, **told), ConvDiscriminator(**told)),
        "BiGAN": BiGAN(ConvEncoder(4, **told), ConvGenerator(4, **told), PairDiscriminator(4, **told, hidden=8)),
    }


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("name", models(0))
def test_every_model_trains_on_colour_pictures(name, classes):
    torch.manual_seed(0)
    model, x = models(classes)[name], torch.rand(12, *COLOUR)
    before = {part: weights(network) for part, network in model.named_children()}
    history = fit(model, (x, torch.arange(12) % 3) if classes else x, steps=2, batch_size=6, log_every=1)
    assert all(not torch.equal(before[part], weights(network)) for part, network in model.named_children())
    assert all(len(column) == 2 for column in history.metrics.values())
    samples = model.sample(6)
    assert samples.shape == (6, *COLOUR) and 0 <= samples.min() <= samples.max() <= 1
    assert torch.equal(samples, model.sample(6))


def plain_colours(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (n, 3, 16, 16) of one colour on the left, and of its complement on the right; the colours (n, 3)."""
    colours = torch.rand(n, 3, generator=torch.Generator().manual_seed(seed))
    left = colours[:, :, None, None].expand(-1, -1, 16, 8)
    return torch.cat([left, 1 - left], 3), colours


def test_a_vae_learns_each_colour_in_its_place():
    x, _ = plain_colours(2000, 0)
    held_out, _ = plain_colours(100, 1)
    torch.manual_seed(0)
    shape = x.shape[1:]
    vae = VAE(ConvEncoder(3, (16, 16), shape=shape), ConvGenerator(3, (16, 16), shape=shape), sigma=0.1,
              likelihood="gaussian", lr=5e-3)  # fmt: skip
    error = [(vae.reconstruct(held_out) - held_out).abs().mean()]
    fit(vae, x, steps=300, batch_size=64)
    error.append((vae.reconstruct(held_out) - held_out).abs().mean())
    swapped = (vae.reconstruct(held_out)[:, [1, 2, 0]] - held_out).abs().mean()  # a wrong answer that a mean would hide
    assert error[1] < 0.05 < 0.2 < error[0] and swapped > 0.2


def test_a_gan_learns_which_colours_go_together():
    x, _ = plain_colours(2000, 0)
    shape = x.shape[1:]
    torch.manual_seed(0)
    gan = GAN(ConvGenerator(4, (16, 16), shape=shape), ConvDiscriminator((16, 16), shape=shape), r1_weight=0.1,
              penalty_every=4, generator_lr=5e-3, discriminator_lr=5e-3)  # fmt: skip

    fit(gan, x, steps=400, batch_size=32)
    left, right = (half.mean((2, 3)) for half in gan.sample(200).chunk(2, 3))  # (200, 3) each
    assert left.std(0).min() > 0.15 and right.std(0).min() > 0.15  # many colours, not one,
    assert (left + right - 1).abs().mean() < 0.15  # and each beside its complement
