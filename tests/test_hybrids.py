"""The hybrids: who learns from which loss, the steps of the papers, and a case with a known answer."""

import pytest
import torch
from helpers import ring_points, same_bits, weights
from torch import nn

from course_utils.hybrids import VAEGAN, BiGAN, move
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

POINTS = ring_points()
LABELS = torch.arange(len(POINTS)) % 3
IMAGES = torch.rand(30, 1, 28, 28, generator=torch.Generator().manual_seed(0))


class Pairs(nn.Module):
    """A discriminator of points with codes; it counts the kinds of pairs that it was shown."""

    def __init__(self, latent_dim: int = 2, classes: int = 0):
        super().__init__()
        self.layers = MLPDiscriminator((8,), (2 + latent_dim,), "tanh", classes=classes)
        self.classes = classes

    def forward(self, x, z, y=None):
        return self.layers(torch.cat([x, z], 1), y)


def vaegan(classes: int = 0, **settings) -> VAEGAN:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = MLPEncoder(2, (8,), (2,), "tanh", classes=classes)
        decoder = MLPGenerator(2, (8,), (2,), "tanh", classes=classes)
        discriminator = MLPDiscriminator((8,), (2,), "tanh", classes=classes)
        return VAEGAN(encoder, decoder, discriminator, **settings)


def bigan(classes: int = 0, **settings) -> BiGAN:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = MLPEncoder(2, (8,), (2,), "tanh", classes=classes)
        return BiGAN(encoder, MLPGenerator(2, (8,), (2,), "tanh", classes=classes), Pairs(2, classes), **settings)


def one_step(hybrid, batch=POINTS[:6], step: int = 1) -> dict:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return hybrid.training_step(batch, hybrid.make_optimizers(), step)


def test_a_vaegan_step_is_the_pseudocode_with_a_graph_of_its_own_for_each_network():
    hybrid, twin = vaegan(sigma=0.5, gamma=0.2), vaegan()
    x = POINTS[:6]
    metrics = one_step(hybrid, x)

    def losses():
        with torch.random.fork_rng():
            torch.manual_seed(3)
            mu, logvar = twin.encode(x)
            z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
            rebuilt, drawn = twin.decoder(z), twin.decoder(torch.randn_like(mu))
        l_prior = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()
        features = nn.Sequential(*list(twin.discriminator)[:-2])
        l_llike = ((features(rebuilt) - features(x)) ** 2).sum(1).mean() / (2 * 0.5**2)
        real, fake = twin.discriminator(x).sigmoid(), twin.discriminator(torch.cat([rebuilt, drawn])).sigmoid()
        l_dis, l_fool = -(real.log().mean() + (1 - fake).log().mean()), -fake.log().mean()
        return {"encoder": l_prior + l_llike, "decoder": 0.2 * l_llike + l_fool, "discriminator": l_dis}

    gradients = {name: torch.autograd.grad(losses()[name], list(getattr(twin, name).parameters())) for name in losses()}
    for name, optimizer in twin.make_optimizers().items():
        for weight, gradient in zip(getattr(twin, name).parameters(), gradients[name]):
            weight.grad = gradient
        optimizer.step()
    assert torch.allclose(weights(hybrid), weights(twin), atol=1e-6)
    assert metrics.keys() == {"d_loss", "g_loss", "nll", "kl"}


def test_a_bigan_step_is_the_pseudocode_with_a_graph_of_its_own_for_each_side():
    hybrid, twin = bigan(), bigan()
    x = POINTS[:6]
    one_step(hybrid, x)

    def losses():
        with torch.random.fork_rng():
            torch.manual_seed(3)
            z = torch.randn(6, 2)
        real = twin.discriminator(x, twin.encoder(x)[:, :2]).sigmoid()
        fake = twin.discriminator(twin.generator(z), z).sigmoid()
        return {
            "discriminator": -real.log().mean() - (1 - fake).log().mean(),
            "pair": -(1 - real).log().mean() - fake.log().mean(),
        }

    sides = {"discriminator": [twin.discriminator], "pair": [twin.encoder, twin.generator]}
    players = {name: [p for network in side for p in network.parameters()] for name, side in sides.items()}
    gradients = {name: torch.autograd.grad(losses()[name], players[name], allow_unused=True) for name in players}
    for name, optimizer in twin.make_optimizers().items():
        for weight, gradient in zip(players[name], gradients[name]):
            weight.grad = gradient
        optimizer.step()
    assert torch.allclose(weights(hybrid), weights(twin), atol=1e-6)


def test_gradients_are_taken_before_anybody_moves_and_stay_with_their_player():
    a, b = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor(2.0))
    optimizers = {name: torch.optim.SGD([weight], 1.0) for name, weight in {"a": a, "b": b}.items()}
    move({"a": a * b, "b": a * b}, optimizers)
    assert (a.item(), b.item()) == (1.0 - 2.0, 2.0 - 1.0)  # one after the other, b would have moved by -1


@pytest.mark.parametrize("build", [vaegan, bigan])
def test_the_penalty_comes_on_every_kth_step_only(build):
    moved = []
    for step in (1, 8):
        plain, pulled = build(r1_weight=0.0), build(r1_weight=2.0, penalty_every=8)
        one_step(plain, step=step)
        one_step(pulled, step=step)
        moved.append([same_bits(*(weights(getattr(hybrid, name)) for hybrid in (plain, pulled)))
                      for name in ("encoder", "discriminator")])  # fmt: skip
    assert moved == [[True, True], [True, False]]


@pytest.mark.parametrize("build", [vaegan, bigan])
def test_labels_reach_the_networks_that_were_built_for_them(build):
    hybrid = build(classes=3)
    fit(hybrid, (POINTS, LABELS), steps=10, batch_size=8)
    assert not torch.equal(hybrid.sample(6, y=0), hybrid.sample(6, y=1))
    assert not torch.equal(hybrid.codes(POINTS, LABELS), hybrid.codes(POINTS, (LABELS + 1) % 3))
    assert hybrid.reconstruct(POINTS, LABELS).shape == POINTS.shape
    plain, labelled = build(), build()
    fit(plain, POINTS, steps=10, batch_size=8)
    fit(labelled, (POINTS, LABELS), steps=10, batch_size=8)
    assert torch.equal(weights(plain), weights(labelled))


@pytest.mark.parametrize("build", [vaegan, bigan, lambda: bigan(stochastic=True)])
def test_a_run_resumes_to_the_bit(build, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(tmp_path))
    settings = {"steps": 12, "batch_size": 8, "average": 0.9, "schedule": "linear"}
    straight, kept, again = build(), build(), build()
    fit(straight, POINTS, **settings)
    fit(kept, POINTS, checkpoint="hybrid", **settings)
    fit(again, POINTS, checkpoint="hybrid", **settings)
    assert torch.equal(weights(straight), weights(kept)) and torch.equal(weights(straight), weights(again))


def test_codes_of_a_stochastic_bigan_are_drawn_in_training_and_means_afterwards():
    hybrid = bigan(stochastic=True)
    assert not torch.equal(hybrid.encode(POINTS), hybrid.encode(POINTS))
    assert torch.equal(hybrid.codes(POINTS), hybrid.codes(POINTS))
    assert torch.allclose(hybrid.codes(POINTS), hybrid.encoder(POINTS)[:, :2].detach())


def test_where_only_one_code_fits_an_encoder_learns_to_invert_the_generator():
    """Data x = 2 z + 1: the pairs agree only if G draws such points and E finds their codes (up to a mirror)."""
    torch.manual_seed(0)
    z = torch.randn(2000, 1)
    x = torch.cat([2 * z + 1, torch.zeros_like(z)], 1)
    encoder, generator = MLPEncoder(1, (16,), (2,)), MLPGenerator(1, (16,), (2,))
    hybrid = BiGAN(encoder, generator, Pairs(1), r1_weight=0.1)
    fit(hybrid, x, steps=2500, batch_size=64, seed=0, average=0.99)
    found = torch.corrcoef(torch.cat([hybrid.codes(x), z], 1).T)[0, 1].abs()
    assert found > 0.95
    assert (hybrid.reconstruct(x) - x).square().mean() < 0.1 * x.var(0).sum()


def test_images_go_through_both():
    for hybrid in (
        VAEGAN(ConvEncoder(3, (4, 8)), ConvGenerator(3, (8, 4)), ConvDiscriminator((4, 8))),
        BiGAN(ConvEncoder(3, (4, 8)), ConvGenerator(3, (8, 4)), PairDiscriminator(3, (4, 8), 16)),
    ):
        fit(hybrid, IMAGES, steps=3, batch_size=8)
        assert hybrid.reconstruct(IMAGES).shape == IMAGES.shape
        assert 0 <= hybrid.sample(3).min() <= hybrid.sample(3).max() <= 1


def test_the_features_are_what_the_last_layer_with_weights_reads():
    x = IMAGES[:4]
    plain = VAEGAN(ConvEncoder(3), ConvGenerator(3), ConvDiscriminator())
    features, logits = plain.look(x)
    assert torch.allclose(plain.discriminator[-2](features).squeeze(1), logits)
    told = VAEGAN(ConvEncoder(3), ConvGenerator(3), ConvDiscriminator(classes=10))
    y = torch.arange(4)
    features, logits = told.look(x, y)
    assert torch.allclose(told.discriminator[-1](features, y), logits)


def test_the_features_of_layers_within_layers_are_those_of_the_last():
    inner = ConvDiscriminator()
    hybrid = VAEGAN(ConvEncoder(3), ConvGenerator(3), nn.Sequential(inner, nn.Identity()))
    features, logits = hybrid.look(IMAGES[:4])
    assert torch.allclose(inner[-2](features).squeeze(1), logits)


def test_a_frozen_player_stays_and_the_others_move():
    hybrid = VAEGAN(ConvEncoder(3, (4, 8)), ConvGenerator(3, (8, 4)), ConvDiscriminator((4, 8)).requires_grad_(False))
    before = {name: weights(network) for name, network in hybrid.named_children()}
    fit(hybrid, IMAGES, steps=2, batch_size=8)
    moved = {name for name, network in hybrid.named_children() if not torch.equal(weights(network), before[name])}
    assert moved == {"encoder", "decoder"}


class Squashed(PairDiscriminator):
    def forward(self, x, z, y=None):
        return super().forward(x, z, y).sigmoid()


BAD = {
    "a discriminator whose last layer is unknown": (
        lambda: VAEGAN(ConvEncoder(3), ConvGenerator(3), PairDiscriminator(3)), "is an nn.Sequential"),
    "a judge of pairs that squashes": (
        lambda: one_step(BiGAN(ConvEncoder(3), ConvGenerator(3), Squashed(3)), IMAGES, 0), "logits, got a sigmoid"),
    "sigma": (lambda: vaegan(sigma=0.0), "sigma above 0"),
    "gamma": (lambda: vaegan(gamma=-1.0), "gamma and r1_weight of at least 0"),
    "penalty_every": (lambda: vaegan(penalty_every=0), "penalty_every"),
    "r1_weight": (lambda: bigan(r1_weight=-1.0), "at least 0"),
    "a sigmoid at the end": (
        lambda: one_step(VAEGAN(ConvEncoder(3), nn_with_sigmoid(), ConvDiscriminator()), IMAGES, 0),
        "logits of pixels",
    ),
    "an encoder of another size": (lambda: one_step(VAEGAN(ConvEncoder(4), ConvGenerator(3), ConvDiscriminator()),
                                                    IMAGES, 0), "latent_dim=3"),
    "images of another size": (lambda: one_step(BiGAN(ConvEncoder(3), ConvGenerator(3), PairDiscriminator(3)),
                                                IMAGES[:, :, :20, :20], 0), "expected a"),
}  # fmt: skip


def nn_with_sigmoid() -> nn.Module:
    decoder = nn.Sequential(*ConvGenerator(3), nn.Sigmoid())
    decoder.latent_dim = 3
    return decoder


@pytest.mark.parametrize("case", BAD)
def test_unfit_settings_and_networks_are_refused_in_one_sentence(case):
    action, sentence = BAD[case]
    with pytest.raises(ValueError, match=sentence):
        action()
