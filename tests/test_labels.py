"""Labels beside the data: who gets them, what they change, and what is refused."""

import math

import pytest
import torch
from helpers import ring_points, same_bits, tiny_gan, weights
from torch import nn
from torch.nn import functional as F

from course_utils import losses
from course_utils.gan import GAN
from course_utils.networks import (
    Beside,
    ConvDiscriminator,
    ConvEncoder,
    ConvGenerator,
    MLPDiscriminator,
    MLPEncoder,
    MLPGenerator,
    Planes,
    Projection,
    sample,
)
from course_utils.plumbing.labels import one_hot
from course_utils.training import fit
from course_utils.vae import VAE

POINTS = ring_points()
LABELS = torch.arange(len(POINTS)) % 3
IMAGES = torch.rand(30, 1, 28, 28, generator=torch.Generator().manual_seed(0))
DIGITS = torch.arange(30) % 10


def labelled_gan(seed: int = 0, told: str = "projection", **settings) -> GAN:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator = MLPGenerator(3, (8,), (2,), "tanh", classes=3)
        return GAN(generator, MLPDiscriminator((8,), (2,), "tanh", classes=3, told=told), **settings)


def labelled_vae(**settings) -> VAE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = MLPEncoder(2, (8,), (2,), "tanh", classes=3)
        return VAE(encoder, MLPGenerator(2, (8,), (2,), "tanh", classes=3), likelihood="gaussian", **settings)


@pytest.mark.parametrize("build", [tiny_gan, lambda: VAE(MLPEncoder(3, (8,), (2,)), MLPGenerator(3, (8,), (2,)),
                                                         likelihood="gaussian")])  # fmt: skip
def test_labels_change_nothing_in_networks_that_were_not_built_for_them(build):
    found = []
    for data in (POINTS, (POINTS, LABELS)):
        with torch.random.fork_rng():
            torch.manual_seed(1)
            model = build()
        history = fit(model, data, steps=10, batch_size=8)
        found.append((weights(model), history.metrics, model.sample(4)))
    assert same_bits(*found)


def test_a_label_stands_beside_a_code_as_ones_and_zeros():
    x, y = torch.randn(3, 2), torch.tensor([0, 2, 1])
    assert Beside(3)(x, y)[:, 2:].tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert torch.equal(Beside(3)(x, y)[:, :2], x)


def test_labels_of_an_image_are_a_convolution_of_planes_away_from_the_border():
    layer = Planes(nn.Conv2d(2, 6, 3, padding=1), 3)
    x, y = torch.randn(5, 2, 8, 7), torch.tensor([0, 2, 1, 1, 0])
    planes = F.one_hot(y, 3).float()[:, :, None, None].expand(-1, -1, 8, 7)
    of_planes = layer.label.weight[:, :, None, None].expand(-1, -1, 3, 3) / 9  # nine taps that add up to the number
    weight = torch.cat([layer.convolution.weight, of_planes], 1)
    expected = F.conv2d(torch.cat([x, planes], 1), weight, layer.convolution.bias, padding=1)
    inside = (slice(None), slice(None), slice(1, -1), slice(1, -1))
    assert torch.allclose(layer(x, y)[inside], expected[inside], atol=1e-5)
    assert not torch.allclose(layer(x, y), expected, atol=1e-5)


def test_the_projection_is_the_formula_of_the_paper():
    layer = learned(Projection(5, 3))
    features, y = torch.randn(4, 5), torch.tensor([2, 0, 2, 1])
    by_hand = [layer.psi(f) + layer.v[c] @ f for f, c in zip(features, y)]
    assert torch.allclose(layer(features, y), torch.cat(by_hand), atol=1e-6)


def test_a_fresh_projection_leaves_labels_aside():
    layer, features = Projection(5, 3), torch.randn(4, 5)
    assert torch.allclose(layer(features, torch.tensor([2, 0, 2, 1])), layer.psi(features).squeeze(1), atol=1e-6)


def learned(network):
    """The network with every v of a projection away from its start, which is zero."""
    for layer in network.modules():
        if isinstance(layer, Projection):
            nn.init.normal_(layer.v)
    return network


NETWORKS = {
    "MLPGenerator": (MLPGenerator(3, (8,), classes=10), (6, 3)),
    "ConvGenerator": (ConvGenerator(3, (8, 4), classes=10), (6, 3)),
    "MLPEncoder": (MLPEncoder(3, (8,), classes=10), (6, 1, 28, 28)),
    "ConvEncoder": (ConvEncoder(3, (4, 8), classes=10), (6, 1, 28, 28)),
    **{f"MLPDiscriminator, {told}": (MLPDiscriminator((8,), classes=10, told=told), (6, 1, 28, 28))
       for told in ("planes", "projection")},
    **{f"ConvDiscriminator, {told}": (ConvDiscriminator((4, 8), classes=10, told=told), (6, 1, 28, 28))
       for told in ("planes", "projection")},
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_each_network_listens_to_the_label_of_its_own_sample(name):
    network, shape = learned(NETWORKS[name][0]), NETWORKS[name][1]
    x, y = torch.rand(shape, generator=torch.Generator().manual_seed(1)), torch.tensor([0, 1, 2, 3, 4, 5])
    other = y.clone()
    other[2] = 9
    changed = (network(x, y) != network(x, other)).flatten(1 if network(x, y).dim() > 1 else 0)
    changed = changed.any(1) if changed.dim() > 1 else changed
    assert changed.tolist() == [False, False, True, False, False, False]


@pytest.mark.parametrize("told", ["planes", "projection"])
def test_a_step_with_labels_is_the_step_of_the_networks_with_the_labels_held(told):
    """The same losses and gradients, with labels handed over by hand."""
    gan, twin = labelled_gan(told=told, r1_weight=0.5), labelled_gan(told=told, r1_weight=0.5)
    x, y = POINTS[:6], LABELS[:6]
    with torch.random.fork_rng():
        torch.manual_seed(3)
        metrics = gan.training_step((x, y), gan.make_optimizers(), 0)
        torch.manual_seed(3)
        fake = twin.generator(torch.randn(6, 3), y).detach()
    real_logits, fake_logits = twin.discriminator(x, y), twin.discriminator(fake, y)
    loss = losses.non_saturating_d(real_logits, fake_logits)
    assert metrics["d_loss"] == loss
    slope_at = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(twin.discriminator(slope_at, y).sum(), slope_at, create_graph=True)
    optimizer = twin.make_optimizers()["discriminator"]
    (loss + 0.5 * slope.square().sum(1).mean() / 2).backward()
    optimizer.step()
    assert torch.allclose(weights(gan.discriminator), weights(twin.discriminator), atol=1e-6)


def test_both_players_learn_from_labels():
    """Three points, one for each class: the generator puts each class where it belongs."""
    places = torch.tensor([[-1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    gan = labelled_gan(r1_weight=0.1, generator_lr=5e-3, discriminator_lr=5e-3)
    fit(gan, (places[LABELS] + 0.05 * POINTS, LABELS), steps=600, batch_size=32, seed=0)
    drawn = gan.sample(300)  # each class in turn
    middles = torch.stack([drawn[c::3].mean(0) for c in range(3)])
    assert torch.cdist(middles, places).argmin(1).tolist() == [0, 1, 2]


def test_samples_take_one_label_many_or_each_class_in_turn():
    generator = ConvGenerator(3, (8, 4), classes=10)
    z = torch.randn(4, 3)
    sevens = sample(generator, z=z, y=7)
    assert torch.equal(sevens, sample(generator, z=z, y=[7, 7, 7, 7]))
    assert torch.equal(sevens, sample(generator, z=z, y=F.one_hot(torch.full((4,), 7), 10).float()))
    assert torch.equal(sample(generator, z=z), sample(generator, z=z, y=torch.tensor([0, 1, 2, 3])))
    assert not torch.equal(sevens, sample(generator, z=z))
    many = sample(generator, 1203, y=torch.arange(1203) % 10)
    assert torch.equal(many, sample(generator, 1203)) and len(many) == 1203


def test_rows_of_weights_mix_labels():
    layer = MLPGenerator(2, (), (3,), classes=4)
    x = torch.zeros(1, 2)
    half = layer(x, torch.tensor([[0.5, 0.0, 0.0, 0.5]]))
    assert torch.allclose(half, (layer(x, torch.tensor([0])) + layer(x, torch.tensor([3]))) / 2, atol=1e-6)


class LinearEncoder(nn.Module):
    """The exact posterior of z ~ N(0, 1), x ~ N(w z + shift_y, noise²)."""

    classes = 3

    def __init__(self, w, noise, shifts):
        super().__init__()
        self.w, self.noise, self.shifts = nn.Parameter(w), noise, shifts

    def forward(self, x, y=None):
        precision = 1 + self.w.square().sum() / self.noise**2
        mu = (x - one_hot(y, 3, x) @ self.shifts) @ self.w / self.noise**2 / precision
        return torch.stack([mu, torch.full_like(mu, -math.log(precision))], 1)


class LinearDecoder(LinearEncoder):
    latent_dim = 1

    def forward(self, z, y=None):
        return z * self.w + one_hot(y, 3, z) @ self.shifts


def test_with_the_exact_posterior_the_bound_is_the_log_likelihood_given_the_label():
    w, noise, shifts = torch.tensor([1.0, 0.5]), 0.5, torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    vae = VAE(LinearEncoder(w, noise, shifts), LinearDecoder(w, noise, shifts), likelihood="gaussian", sigma=noise)
    covariance = w.outer(w) + noise**2 * torch.eye(2)
    x, y = torch.randn(20, 2), torch.arange(20) % 3
    exact = torch.distributions.MultivariateNormal(shifts[y], covariance).log_prob(x)  # (20,), log p(x | y)
    assert torch.allclose(vae.iwae_bound(x, 3, y=y), exact, atol=1e-4)
    many = vae.elbo(x.repeat(800, 1), y=y.repeat(800)).view(800, 20).mean(0)
    assert torch.allclose(many, exact, atol=0.15)
    assert vae.evaluate(x, y)["elbo"].item() == pytest.approx(vae.elbo(x, y=y).mean().item(), rel=1e-5)
    assert not torch.allclose(vae.iwae_bound(x, 3, y=(y + 1) % 3), exact, atol=0.5)


def test_a_labelled_vae_rebuilds_with_the_labels_of_its_images():
    vae = labelled_vae()
    fit(vae, (POINTS, LABELS), steps=5, batch_size=8)
    codes = vae.codes(POINTS, LABELS)
    assert torch.equal(vae.reconstruct(POINTS, LABELS), vae.sample(z=codes, y=LABELS))
    assert not torch.equal(codes, vae.codes(POINTS, (LABELS + 1) % 3))
    assert vae.active_units(POINTS, 0.0, y=LABELS) == 2


def test_one_label_serves_for_all_samples():
    vae = labelled_vae()
    ones = torch.ones(len(POINTS), dtype=torch.int64)
    assert torch.equal(vae.codes(POINTS, 1), vae.codes(POINTS, ones))
    assert torch.equal(vae.elbo(POINTS, y=1), vae.elbo(POINTS, y=ones))


@pytest.mark.parametrize("told", ["encoder", "decoder"])
def test_a_vae_may_tell_one_of_its_networks_alone(told):
    classes = {"encoder": 0, "decoder": 0, told: 3}
    encoder = MLPEncoder(2, (8,), (2,), classes=classes["encoder"])
    vae = VAE(encoder, MLPGenerator(2, (8,), (2,), classes=classes["decoder"]), likelihood="gaussian")
    fit(vae, (POINTS, LABELS), steps=2, batch_size=8, held_out=(POINTS, LABELS))
    assert not torch.equal(vae.reconstruct(POINTS, LABELS), vae.reconstruct(POINTS, (LABELS + 1) % 3))
    with pytest.raises(ValueError, match="got none"):  # and not labels in turn
        vae.reconstruct(POINTS)


def test_held_out_data_may_bring_their_labels():
    vae = labelled_vae()
    history = fit(vae, (POINTS, LABELS), steps=4, batch_size=8, held_out=(POINTS, LABELS))
    assert history.metrics["held_out_elbo"][-1] == pytest.approx(vae.evaluate(POINTS, LABELS)["elbo"].item())


def test_a_run_with_labels_resumes_to_the_bit(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(tmp_path))
    settings = {"batch_size": 8, "average": 0.9, "checkpoint": "labelled"}
    straight, stopped = labelled_gan(), labelled_gan()
    fit(straight, (POINTS, LABELS), steps=12, **settings | {"checkpoint": None})
    fit(stopped, (POINTS, LABELS), steps=12, **settings)
    again = labelled_gan()
    fit(again, (POINTS, LABELS), steps=12, **settings)  # from the file
    assert torch.equal(weights(straight), weights(stopped)) and torch.equal(weights(straight), weights(again))
    fit(labelled_gan(), (POINTS, (LABELS + 1) % 3), steps=12, **settings)  # other labels, another run
    assert len(list(tmp_path.iterdir())) == 2


BAD = {
    "no labels for a gan": (lambda: fit(labelled_gan(), POINTS, steps=1), "expected labels .* 3 classes, got none"),
    "no labels for a vae": (lambda: fit(labelled_vae(), POINTS, steps=1), "expected labels .* got none: fit takes"),
    "no labels for a bound": (lambda: labelled_vae().elbo(POINTS), "expected labels .* got none"),
    "no labels for held-out data": (
        lambda: fit(labelled_vae(), (POINTS, LABELS), steps=1, held_out=POINTS), "got none: .* also as held_out"),
    "one label of many too large": (
        lambda: fit(labelled_gan(), (POINTS, LABELS.index_fill(0, torch.tensor([7]), 3)), steps=1, batch_size=1),
        "got them from 0 to 3"),
    "fewer labels than samples": (lambda: labelled_vae().codes(POINTS, LABELS[:5]), "labels, or one for all, got 5"),
    "a bound with labels as floats": (lambda: labelled_vae().elbo(POINTS, y=LABELS + 0.7), "whole numbers"),
    "labels for a network without classes": (lambda: MLPGenerator(3)(torch.zeros(2, 3), LABELS[:2]), "without classes"),
    "labels as floats": (lambda: fit(labelled_gan(), (POINTS, LABELS.float()), steps=1), "whole numbers"),
    "a label too large": (lambda: fit(labelled_gan(), (POINTS, LABELS + 1), steps=1, batch_size=99), "2, .* 1 to 3"),
    "two columns": (lambda: fit(labelled_gan(), (POINTS, LABELS[:, None]), steps=1), r"\(N,\), got torch.int64"),
    "rows too short": (lambda: labelled_gan().sample(4, y=torch.ones(4, 2)), "rows of 3 weights"),
    "drawn with too few labels": (lambda: labelled_gan().sample(5, y=[0, 1]), "expected 5 labels, .* got 2"),
    "drawn with a label too large": (lambda: labelled_gan().sample(2, y=[0, 3]), "from 0 to 2, got them from 0 to 3"),
    "drawn with a negative label": (lambda: labelled_gan().sample(2, y=-1), "from 0 to 2, got them from -1"),
    "drawn without labels": (lambda: tiny_gan().sample(2, y=1), "built for classes, got it for MLPGenerator"),
    "told both ways": (lambda: ConvDiscriminator(classes=3, told="both"), 'told="planes" or "projection"'),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_unfit_labels_are_refused_in_one_sentence(case):
    action, sentence = BAD[case]
    with pytest.raises(ValueError, match=sentence):
        action()
