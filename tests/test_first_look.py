"""Before the first step: networks and data that do not fit are told in one sentence, and nothing was learned."""

import pytest
import torch
from helpers import ring_points, tiny_gan, weights
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from course_utils.gan import GAN
from course_utils.networks import ConvDiscriminator, ConvEncoder, ConvGenerator, MLPDiscriminator, MLPGenerator
from course_utils.plumbing.checks import check_data
from course_utils.training import fit
from course_utils.vae import VAE

IMAGES = torch.rand(12, 1, 28, 28, generator=torch.Generator().manual_seed(0))
POINTS = ring_points()


def conv_gan(generator: nn.Module | None = None, discriminator: nn.Module | None = None) -> GAN:
    return GAN(generator or ConvGenerator(3, (4, 2)), discriminator or ConvDiscriminator((2, 4)))


def conv_vae(encoder: nn.Module | None = None, decoder: nn.Module | None = None) -> VAE:
    return VAE(encoder or ConvEncoder(3, (2, 4)), decoder or ConvGenerator(3, (4, 2)))


def ending_in(network: nn.Module, *ends: nn.Module) -> nn.Module:
    """Return a network with more layers at its end."""
    longer = nn.Sequential(network, *ends)
    if hasattr(network, "latent_dim"):
        longer.latent_dim = network.latent_dim
    return longer


class Moved(nn.Module):
    def forward(self, x):
        return (torch.tanh(x) + 1) / 2


class Functional(nn.Module):
    """A discriminator whose sigmoid is no layer."""

    def __init__(self):
        super().__init__()
        self.body = ConvDiscriminator((2, 4))

    def forward(self, x):
        return torch.sigmoid(self.body(x)).unsqueeze(1).squeeze(1)


def dcgan() -> nn.Module:
    """Return a generator that wants z of shape (N, d, 1, 1)."""
    network = nn.Sequential(nn.ConvTranspose2d(8, 1, 28))
    network.latent_dim = 8
    return network


def flat_generator() -> nn.Module:
    network = nn.Sequential(nn.Linear(8, 784))
    network.latent_dim = 8
    return network


def squashed(kind: str, end: nn.Module):
    """Return a function that makes a model one of whose networks has an end that does not belong there."""
    makers = {
        "generator": lambda: conv_gan(generator=ending_in(ConvGenerator(3, (4, 2)), end)),
        "discriminator": lambda: conv_gan(discriminator=ending_in(ConvDiscriminator((2, 4)), end)),
        "decoder": lambda: conv_vae(decoder=ending_in(ConvGenerator(3, (4, 2)), end)),
        "encoder": lambda: conv_vae(encoder=ending_in(ConvEncoder(3, (2, 4)), end)),
    }
    return makers[kind]


NETWORKS = {
    "a decoder with a sigmoid": (squashed("decoder", nn.Sigmoid()), "a sigmoid at its end"),
    "an encoder with a tanh": (squashed("encoder", nn.Tanh()), "a tanh at its end"),
    "a generator with a sigmoid": (squashed("generator", nn.Sigmoid()), "a sigmoid at its end"),
    "a generator with a tanh": (squashed("generator", nn.Tanh()), "a tanh at its end"),
    "a discriminator with a sigmoid": (squashed("discriminator", nn.Sigmoid()), "a sigmoid at its end"),
    "a discriminator that calls torch.sigmoid": (lambda: conv_gan(discriminator=Functional()), "a sigmoid at its end"),
    "a generator from -1 to 1, moved to [0, 1]": (squashed("generator", Moved()), "a tanh at its end"),
    "a discriminator with a relu": (squashed("discriminator", nn.ReLU()), "a relu at its end"),
    "a decoder with a softplus": (squashed("decoder", nn.Softplus()), "a softplus at its end"),
    "a generator of other latent shape": (lambda: conv_gan(dcgan()), r"begin with nn.Unflatten\(1, \(8, 1, 1\)\) if"),
    "a flat generator": (lambda: conv_gan(flat_generator()), r"end the generator with nn.Unflatten\(1, \(1, 28, 28\)"),
    "a discriminator of points": (
        lambda: conv_gan(discriminator=MLPDiscriminator((8,), (2,))), r"a discriminator that takes \(4, 1, 28, 28\)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NETWORKS)
def test_networks_that_do_not_fit_are_told_before_anything_is_learned(case):
    make, message = NETWORKS[case]
    model = make()
    before = weights(model)
    with pytest.raises(ValueError, match=f"^expected .*{message}"):
        fit(model, IMAGES, steps=3, batch_size=4)
    assert torch.equal(weights(model), before)
    with pytest.raises(ValueError, match=message):
        model.training_step(IMAGES[:4], model.make_optimizers(), 0)


def test_a_generator_without_the_size_of_its_codes_is_told_at_once():
    for make in (lambda network: conv_gan(network), lambda network: conv_vae(decoder=network)):
        with pytest.raises(ValueError, match="the size of z as an attribute latent_dim, got Sequential without it"):
            make(nn.Sequential(nn.Linear(8, 784)))


def test_points_may_end_as_they_like():
    gan = GAN(ending_in(MLPGenerator(3, (8,), (2,)), nn.Tanh()), MLPDiscriminator((8,), (2,)))
    assert fit(gan, POINTS, steps=2, batch_size=4).steps == [2]


def test_the_first_look_changes_neither_networks_nor_random_numbers_nor_gradients():
    torch.manual_seed(0)
    gan = GAN(MLPGenerator(3, (8,), (2,), batch_norm=True), nn.Sequential(nn.Dropout(), MLPDiscriminator((8,), (2,))))
    before, state = weights(gan), torch.get_rng_state()
    with pytest.raises(ValueError, match=r"got \(5, 3\)"):
        gan.training_step(torch.zeros(5, 3), gan.make_optimizers(), 0)
    assert torch.equal(weights(gan), before) and torch.equal(torch.get_rng_state(), state)
    assert gan.training and all(p.grad is None for p in gan.parameters())


def test_frozen_layers_of_a_generator_stay_and_the_others_learn():
    gan = tiny_gan()
    frozen = gan.generator[0].requires_grad_(False)
    before = weights(frozen), weights(gan.generator)
    fit(gan, POINTS, steps=2, batch_size=4)
    assert torch.equal(weights(frozen), before[0]) and not torch.equal(weights(gan.generator), before[1])


def test_a_likelihood_of_images_is_not_taken_for_points_whatever_the_decoder():
    decoder = nn.Sequential(nn.Linear(3, 2))
    decoder.latent_dim = 3
    with pytest.raises(ValueError, match='expected likelihood="gaussian" for points'):
        fit(VAE(nn.Linear(2, 6), decoder), POINTS, steps=1)


def test_what_is_right_is_not_refused():
    class Conditional(nn.Module):
        latent_dim = 3

        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, z, y):
            return self.layer(z) + y

    class ConditionalGAN(GAN):
        def generate(self, n, y=None):
            return self.generator(torch.randn(n, 3), torch.ones(n, 1))

    fit(ConditionalGAN(Conditional(), MLPDiscriminator((8,), (2,))), POINTS, steps=1, batch_size=4)
    bounded = ending_in(ConvEncoder(3, (2, 4)), nn.Tanh())
    fit(VAE(bounded, ConvGenerator(3, (4, 2)), stochastic=False), IMAGES, steps=1, batch_size=4)
    for series in (torch.randn(10, 20, 3), torch.randn(2, 4, 8, 8)):
        check_data(series)


class Stream(IterableDataset):
    def __iter__(self):
        yield POINTS[0]


def batch_norm_gan() -> GAN:
    return GAN(MLPGenerator(3, (8,), (2,), batch_norm=True), MLPDiscriminator((8,), (2,)))


def rows(**columns):
    return DataLoader([dict(zip(columns, row)) for row in zip(*columns.values())], batch_size=4)


DATA = {
    "flat images": (conv_gan, IMAGES.flatten(1), ValueError, r"got \(12, 784\): pass x.view\(-1, 1, 28, 28\)"),
    "no channel": (conv_gan, IMAGES[:, 0], ValueError, r"\(N, 1, H, W\), got \(12, 28, 28\): pass x\[:, None\]"),
    "grey levels to 255": (conv_gan, IMAGES * 255, ValueError, r"got values from .*: pass x / 255$"),
    "images from -1": (conv_gan, 2 * IMAGES - 1, ValueError, r"got values from -.*: pass \(x \+ 1\) / 2$"),
    "float64": (conv_gan, IMAGES.double(), TypeError, r"torch.float32 as .*, got torch.float64: convert with"),
    "batches of float64": (
        conv_gan, DataLoader(TensorDataset(IMAGES.double()), batch_size=4), TypeError, "got torch.float64: convert with"
    ),
    "batches that are dicts": (
        conv_gan, rows(image=IMAGES, label=range(12)), TypeError, r"a collate_fn .*got a dict of image, label"
    ),
    "a stream": (tiny_gan, DataLoader(Stream(), batch_size=4), TypeError, "whose data set has a length, got Stream"),
    "a last batch of one": (
        batch_norm_gan, DataLoader(POINTS[:9], batch_size=4), ValueError, r"got 1: use DataLoader\(drop_last=True\)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DATA)
def test_data_that_do_not_fit_are_told_before_anything_is_learned(case):
    make, data, error, message = DATA[case]
    model = make()
    before = weights(model)
    with pytest.raises(error, match=f"^expected .*{message}"):
        fit(model, data, steps=3, batch_size=4)
    assert torch.equal(weights(model), before)


def test_batches_of_one_are_told_to_a_model_with_batch_norm_only():
    with pytest.raises(ValueError, match="at least 2 samples in a batch, .* got 1: use a larger batch_size"):
        fit(batch_norm_gan(), POINTS, steps=1, batch_size=1)
    assert fit(tiny_gan(), POINTS, steps=1, batch_size=1).steps == [1]


def test_a_model_of_float64_trains_on_float64():
    gan = tiny_gan().double()
    assert fit(gan, POINTS.double(), steps=2, batch_size=4).steps == [2] and gan.sample(3).dtype == torch.float64


NUMBERS = {
    "half a step of the critic": lambda: tiny_gan(n_critic=1.5),
    "a penalty on every second and a half step": lambda: tiny_gan(penalty_every=2.5),
    "steps that are True": lambda: fit(tiny_gan(), POINTS, steps=True),
    "a batch of True": lambda: fit(tiny_gan(), POINTS, steps=1, batch_size=True),
    "half a snapshot": lambda: fit(tiny_gan(), POINTS, steps=4, snapshots=[0.5]),
    "snapshots that are True": lambda: fit(tiny_gan(), POINTS, steps=4, snapshots=True),
    "half a step of warm-up": lambda: conv_vae_with(warmup_steps=0.5),
    "half a sample": lambda: tiny_gan().sample(2.5),
}


def conv_vae_with(**settings) -> VAE:
    return VAE(ConvEncoder(3, (2, 4)), ConvGenerator(3, (4, 2)), **settings)


@pytest.mark.parametrize("case", NUMBERS)
def test_numbers_that_must_be_whole_are_whole(case):
    with pytest.raises(ValueError, match=r"^expected .*, got (\[?\d\.\d\]?|True)$"):
        NUMBERS[case]()
