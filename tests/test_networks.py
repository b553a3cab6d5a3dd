"""The networks: their sizes, what flows through them, and samples that change nothing."""

import pytest
import torch
from helpers import same_bits, tiny_gan, weights
from torch import nn

from course_utils.gan import GAN
from course_utils.networks import (
    ACTIVATIONS,
    ConvDiscriminator,
    ConvEncoder,
    ConvGenerator,
    MLPDiscriminator,
    MLPEncoder,
    MLPGenerator,
    sample,
    to_data,
)
from course_utils.playground.wrappers import packed, spectral
from course_utils.training import fit
from course_utils.vae import VAE

DISCRIMINATOR = [784, 512, 256, 1]
RECIPES = {  # how the course writes the networks; sizes of the layers; widths that have batch norm
    "A": (
        lambda: (MLPGenerator(100, (256, 512)), MLPDiscriminator((512, 256), act="relu")),
        [100, 256, 512, 784],
        [],
    ),
    "B": (
        lambda: (MLPGenerator(100, (256, 512, 1024)), MLPDiscriminator((512, 256))),
        [100, 256, 512, 1024, 784],
        [],
    ),
    "C": (
        lambda: (MLPGenerator(100, (128, 256, 512), act="leaky_relu", batch_norm=True), MLPDiscriminator((512, 256))),
        [100, 128, 256, 512, 784],
        [128, 256, 512],
    ),
}


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def by_hand(sizes: list[int], batch_norm: list[int] = ()) -> int:
    """Weights and biases of linear layers, scale and shift of batch norm."""
    return sum(n_in * n_out + n_out for n_in, n_out in zip(sizes, sizes[1:])) + 2 * sum(batch_norm)


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_networks_of_the_recipes_have_the_sizes_computed_by_hand(recipe):
    build, sizes, batch_norm = RECIPES[recipe]
    generator, discriminator = build()
    assert parameters(generator) == by_hand(sizes, batch_norm)
    assert parameters(discriminator) == by_hand(DISCRIMINATOR) == 533_505
    assert sum(isinstance(layer, nn.BatchNorm1d) for layer in generator.modules()) == len(batch_norm)


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_networks_of_the_recipes_train(recipe):
    torch.manual_seed(0)
    gan = GAN(*RECIPES[recipe][0](), generator_lr=2e-4, discriminator_lr=2e-4, betas=(0.5, 0.999))
    before = weights(gan.generator), weights(gan.discriminator)
    history = fit(gan, torch.rand(64, 1, 28, 28), steps=4, batch_size=16, log_every=2)
    assert not torch.equal(before[0], weights(gan.generator)) and not torch.equal(before[1], weights(gan.discriminator))
    assert history["d_loss"][-1] < history["d_loss"][0] and gan.sample(3).shape == (3, 1, 28, 28)


VAES = {  # how the course writes the networks; sizes of the encoder's layers, its output double; of the decoder's
    "A": (lambda: (MLPEncoder(20), MLPGenerator(20)), [784, 512, 256, 40], [20, 256, 512, 784]),
    "B": (lambda: (MLPEncoder(20, (400,)), MLPGenerator(20, (400,))), [784, 400, 40], [20, 400, 784]),
    "C": (lambda: (MLPEncoder(2, (256,)), MLPGenerator(2, (256,))), [784, 256, 4], [2, 256, 784]),
}


@pytest.mark.parametrize("recipe", VAES)
@pytest.mark.parametrize("stochastic", [True, False])
def test_the_autoencoders_of_the_recipes_have_the_sizes_computed_by_hand_and_train(recipe, stochastic):
    build, of_encoder, of_decoder = VAES[recipe]
    torch.manual_seed(0)
    vae = VAE(*build(), stochastic=stochastic)
    assert [parameters(vae.encoder), parameters(vae.decoder)] == [by_hand(of_encoder), by_hand(of_decoder)]
    history = fit(vae, torch.rand(64, 1, 28, 28), steps=6, batch_size=16, log_every=2)
    assert history["reconstruction"][-1] < history["reconstruction"][0]
    assert vae.sample(3).shape == (3, 1, 28, 28)


def test_a_convolutional_encoder_goes_from_images_to_means_and_log_variances():
    encoder = ConvEncoder(5, (4, 6))
    assert encoder(torch.rand(3, 1, 28, 28)).shape == (3, 10)
    assert parameters(encoder) - parameters(ConvDiscriminator((4, 6))) == 9 * (6 * 7 * 7 + 1)


def test_an_activation_stands_between_layers_and_not_after_the_last():
    for name, make in ACTIVATIONS.items():
        kinds = [type(layer) for layer in MLPGenerator(3, (4, 5), (2,), act=name)]
        assert kinds == [nn.Linear, type(make()), nn.Linear, type(make()), nn.Linear, nn.Unflatten]
    assert MLPDiscriminator((4,))[2].negative_slope == 0.2


@pytest.mark.parametrize("batch_norm", [False, True])
def test_convolutional_networks_go_from_z_to_images_to_logits(batch_norm):
    generator, discriminator = ConvGenerator(5, (6, 4), batch_norm=batch_norm), ConvDiscriminator((4, 6))
    output = generator(torch.randn(3, 5))
    assert output.shape == (3, 1, 28, 28) and generator.latent_dim == 5
    assert discriminator(to_data(output)).shape == (3,)
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in generator.modules()) == (2 if batch_norm else 0)


def test_one_image_gives_one_logit_and_not_a_number():
    assert ConvDiscriminator((2, 2))(torch.rand(1, 1, 28, 28)).shape == (1,)
    assert MLPDiscriminator((2,))(torch.rand(1, 1, 28, 28)).shape == (1,)


def test_only_images_pass_through_a_sigmoid():
    images, points = torch.tensor([[[[0.0, 3.0]]]]), torch.tensor([[-7.0, 3.0]])
    torch.testing.assert_close(to_data(images), 1 / (1 + torch.exp(-images)))
    assert to_data(points) is points


def test_samples_follow_z_or_the_seed():
    generator = MLPGenerator(3, (8,), (2,))
    z = torch.randn(5, 3)
    assert torch.equal(sample(generator, z=z), generator(z)) and len(sample(generator)) == 64
    assert torch.equal(sample(generator, 7, seed=4), sample(generator, 7, seed=4))
    assert not torch.equal(sample(generator, 7, seed=4), sample(generator, 7, seed=5))
    assert not sample(generator).requires_grad


def test_many_samples_are_those_of_one_pass():
    generator = MLPGenerator(3, (8,), (2,), batch_norm=True).eval()
    z = torch.randn(1201, 3)
    torch.testing.assert_close(sample(generator, z=z), generator(z))


@pytest.mark.parametrize("training", [True, False])
def test_sampling_changes_neither_network_nor_mode_nor_random_state(training):
    gan = GAN(ConvGenerator(3, (4, 2), batch_norm=True), ConvDiscriminator((2, 4)))
    gan.generator.train(training)
    before, state = {k: v.clone() for k, v in gan.state_dict().items()}, torch.get_rng_state()
    first = gan.sample(6)
    assert torch.equal(torch.get_rng_state(), state) and gan.generator.training is training
    assert same_bits(before, dict(gan.state_dict()))
    gan.generator.eval()
    assert torch.equal(first, gan.sample(6)), "batch statistics leaked into the samples"
    assert first.min() >= 0 and first.max() <= 1


def test_batch_norm_samples_do_not_depend_on_their_neighbours():
    generator = MLPGenerator(3, (8,), (2,), batch_norm=True)
    z = torch.randn(10, 3)
    torch.testing.assert_close(sample(generator, z=z)[:4], sample(generator, z=z[:4]))


@pytest.mark.parametrize("build", [lambda: MLPDiscriminator((32, 16)), lambda: ConvDiscriminator((4, 6))])
def test_spectral_normalization_brings_every_layer_to_singular_value_1(build):
    torch.manual_seed(0)
    discriminator = spectral(build()).train()
    for _ in range(50):
        discriminator(torch.rand(2, 1, 28, 28))
    layers = [layer for layer in discriminator.modules() if isinstance(layer, (nn.Linear, nn.Conv2d))]
    assert len(layers) == 3
    for layer in layers:
        largest = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2).item()
        assert largest == pytest.approx(1, abs=1e-2)


def test_packed_joins_neighbours_and_leaves_a_remainder_out():
    seen = []
    images = torch.rand(7, 1, 28, 28)
    inner = ConvDiscriminator((2, 2), shape=(2, 28, 28))
    inner.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    assert packed(inner, 2)(images).shape == (3,)
    assert torch.equal(seen[0], torch.stack([torch.cat([images[i], images[i + 1]]) for i in (0, 2, 4)]))


def test_packed_points_are_joined_along_their_features():
    points, inner = torch.randn(6, 2), MLPDiscriminator((4,), (6,))
    torch.testing.assert_close(packed(inner, 3)(points), inner(points.reshape(2, 6)))


@pytest.mark.parametrize("wrap", [spectral, lambda D: packed(D, 2)], ids=["spectral", "packed"])
def test_a_wrapped_discriminator_trains(wrap):
    gan = tiny_gan(r1_weight=0.1)
    shape = (4,) if wrap is not spectral else (2,)
    gan.discriminator = wrap(MLPDiscriminator((8,), shape))
    before = weights(gan.discriminator)
    history = fit(gan, torch.randn(50, 2), steps=4, batch_size=8, log_every=4)
    assert not torch.equal(before, weights(gan.discriminator)) and len(history["g_loss"]) == 1
