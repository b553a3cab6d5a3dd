"""The adversarial step: who moves, when, and by how much."""

import pytest
import torch
from helpers import ring_points, same_bits, tiny_gan, weights
from torch.nn.functional import binary_cross_entropy

from course_utils.gan import GAN
from course_utils.losses import ADVERSARIAL, r1_penalty
from course_utils.networks import ConvDiscriminator, ConvGenerator

every_loss = pytest.mark.parametrize("loss", ADVERSARIAL)
REAL = ring_points()[:16]


def step_of(gan: GAN, player: str, step: int = 0) -> dict:
    """Let one player move once, from fixed random numbers."""
    torch.manual_seed(1)
    optimizer = gan.make_optimizers()[player]
    if player == "generator":
        return gan.generator_step(16, optimizer)
    return gan.discriminator_step(REAL, optimizer, step)


@every_loss
@pytest.mark.parametrize("player, other", [("discriminator", "generator"), ("generator", "discriminator")])
def test_one_player_moves_and_the_other_gets_no_gradient(loss, player, other):
    gan = tiny_gan(loss=loss, r1_weight=0.5, gp_weight=0.5)
    before = {name: weights(getattr(gan, name)) for name in (player, other)}
    step_of(gan, player)
    assert not torch.equal(weights(getattr(gan, player)), before[player])
    assert torch.equal(weights(getattr(gan, other)), before[other])
    assert all(p.grad is None for p in getattr(gan, other).parameters())
    assert all(p.requires_grad for p in gan.parameters())


@every_loss
def test_a_small_step_lowers_the_loss_of_the_player_that_moves(loss):
    gan = tiny_gan(loss=loss, generator_lr=1e-3, discriminator_lr=1e-3)
    for player, name in (("discriminator", "d_loss"), ("generator", "g_loss")):
        before = step_of(gan, player)[name]
        assert step_of(gan, player)[name] < before


def test_a_step_starts_from_clean_gradients():
    gan, other = tiny_gan(), tiny_gan()
    for p in gan.parameters():
        p.grad = torch.ones_like(p)
    for player in ("discriminator", "generator"):
        step_of(gan, player), step_of(other, player)
    assert torch.equal(weights(gan), weights(other))


def test_the_discriminators_step_equals_one_written_with_probabilities():
    gan, other = tiny_gan(), tiny_gan()
    metrics = step_of(gan, "discriminator")
    torch.manual_seed(1)
    fake = other.generator(torch.randn(16, 3)).detach()
    d_real, d_fake = (other.discriminator(x).sigmoid() for x in (REAL, fake))
    loss = binary_cross_entropy(d_real, torch.ones(16)) + binary_cross_entropy(d_fake, torch.zeros(16))
    loss.backward()
    torch.optim.Adam(other.discriminator.parameters(), 1e-3, (0.0, 0.99)).step()
    torch.testing.assert_close(weights(gan), weights(other), rtol=1e-5, atol=1e-7)
    expected = {"d_loss": loss.detach(), "d_real": d_real.mean().detach(), "d_fake": d_fake.mean().detach()}
    torch.testing.assert_close(metrics, expected)


def test_the_generators_step_equals_one_written_with_probabilities():
    gan, other = tiny_gan(), tiny_gan()
    metrics = step_of(gan, "generator")
    torch.manual_seed(1)
    d_fake = other.discriminator(other.generator(torch.randn(16, 3))).sigmoid()
    loss = binary_cross_entropy(d_fake, torch.ones(16))
    loss.backward()
    torch.optim.Adam(other.generator.parameters(), 1e-3, (0.0, 0.99)).step()
    torch.testing.assert_close(weights(gan), weights(other), rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(metrics, {"g_loss": loss.detach()})


@pytest.mark.parametrize("n_critic", [1, 3])
def test_the_generator_moves_on_every_nth_step(n_critic):
    gan = tiny_gan(n_critic=n_critic)
    optimizers, moved = gan.make_optimizers(), []
    for step in range(7):
        before = weights(gan.generator), weights(gan.discriminator)
        metrics = gan.training_step(REAL, optimizers, step)
        moved.append(not torch.equal(before[0], weights(gan.generator)))
        assert ("g_loss" in metrics) == moved[-1] and not torch.equal(before[1], weights(gan.discriminator))
    assert moved == [(step + 1) % n_critic == 0 for step in range(7)]


def test_a_lazy_penalty_is_k_times_as_strong_on_every_kth_step():
    gan = tiny_gan(r1_weight=0.3, penalty_every=4)
    r1 = r1_penalty(gan.discriminator, REAL).item()
    penalties = [torch.as_tensor(gan.penalty(REAL, REAL, step)).item() for step in range(9)]
    assert penalties == pytest.approx([1.2 * r1, 0, 0, 0, 1.2 * r1, 0, 0, 0, 1.2 * r1])


@pytest.mark.parametrize("name", ["r1_weight", "gp_weight"])
def test_a_penalty_moves_the_discriminator_but_stays_out_of_the_logged_loss(name):
    plain, penalised = tiny_gan(), tiny_gan(**{name: 2.0})
    logged = [step_of(gan, "discriminator")["d_loss"] for gan in (plain, penalised)]
    assert torch.equal(*logged)
    assert not torch.equal(weights(plain.discriminator), weights(penalised.discriminator))
    assert penalised.penalty(REAL, REAL + 1, 0).item() > 0


CHANGES = {
    "loss": ("hinge", {"generator", "discriminator"}),
    "r1_weight": (3.0, {"discriminator"}),
    "gp_weight": (3.0, {"discriminator"}),
    "generator_lr": (2e-3, {"generator"}),
    "discriminator_lr": (2e-3, {"discriminator"}),
}


@pytest.mark.parametrize("argument", CHANGES)
def test_changing_one_argument_changes_only_what_it_is_about(argument):
    value, changed = CHANGES[argument]
    gan, usual = tiny_gan(**{argument: value}), tiny_gan()
    assert torch.equal(weights(gan), weights(usual))
    for player in ("discriminator", "generator"):
        gan, usual = tiny_gan(**{argument: value}), tiny_gan()
        step_of(gan, player), step_of(usual, player)
        assert (not torch.equal(weights(gan), weights(usual))) == (player in changed)


def test_each_optimizer_owns_one_player_and_has_its_settings():
    gan = tiny_gan(generator_lr=0.1, discriminator_lr=0.2, betas=(0.3, 0.4))
    for name, lr in (("generator", 0.1), ("discriminator", 0.2)):
        optimizer = gan.make_optimizers()[name]
        owned = [p for group in optimizer.param_groups for p in group["params"]]
        assert list(map(id, owned)) == list(map(id, getattr(gan, name).parameters()))
        assert optimizer.defaults["lr"] == lr and optimizer.defaults["betas"] == (0.3, 0.4)


def test_the_discriminator_only_ever_sees_data():
    gan = GAN(ConvGenerator(3, (4, 2)), ConvDiscriminator((2, 4)), gp_weight=1.0)
    assert gan.generator(torch.randn(9, 3)).min() < 0, "raw output cannot be told from data"
    seen = []
    gan.discriminator.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    gan.training_step(torch.rand(4, 1, 28, 28), gan.make_optimizers(), 0)
    assert len(seen) == 5 and all(0 <= x.min() and x.max() <= 1 for x in seen)


def test_labels_beside_the_images_are_ignored():
    gan, other = tiny_gan(), tiny_gan()
    for model, batch in ((gan, REAL), (other, [REAL, torch.zeros(16)])):
        torch.manual_seed(2)
        model.training_step(batch, model.make_optimizers(), 0)
    assert torch.equal(weights(gan), weights(other))


def test_logged_metrics_hold_no_graph():
    gan = tiny_gan(r1_weight=1.0)
    metrics = gan.training_step(REAL, gan.make_optimizers(), 0)
    assert set(metrics) == {"d_loss", "d_real", "d_fake", "g_loss"}
    assert not any(value.requires_grad for value in metrics.values())


def test_fresh_samples_in_training_differ_and_are_a_part_of_the_graph():
    gan = tiny_gan()
    first, second = gan.generate(5), gan.generate(5)
    assert not torch.equal(first, second) and first.requires_grad
    assert same_bits(gan.sample(5), gan.sample(5))


@pytest.mark.parametrize("shape", [(16, 3), (16, 2, 1), (16,)])
def test_a_batch_of_the_wrong_shape_is_refused_and_changes_nothing(shape):
    gan = tiny_gan()
    before = weights(gan)
    with pytest.raises(ValueError, match=r"expected .*\(16, 2\), got \(16,"):
        gan.training_step(torch.zeros(shape), gan.make_optimizers(), 0)
    assert torch.equal(weights(gan), before)
