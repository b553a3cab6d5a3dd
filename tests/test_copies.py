"""Copies of a small GAN that train at once: each is what it would be alone."""

import pytest
import torch

from course_utils import networks, points
from course_utils.gan import GAN
from course_utils.playground.copies import Copies, coverage_of_each, draw_each, points_gan
from course_utils.playground.wrappers import packed
from course_utils.training import fit, seed_everything


def discriminators(n: int = 3, pack: int = 1) -> list:
    seed_everything(0)
    return [networks.MLPDiscriminator((8, 8), shape=(2 * pack,)) for _ in range(n)]


def train_on(gan: GAN, batches: torch.Tensor, z: torch.Tensor) -> None:
    """Train on given batches (steps, N, 2) with given codes (steps, N, latent_dim)."""
    optimizers = gan.make_optimizers()
    for step, (batch, codes) in enumerate(zip(batches, z)):
        gan.generate = lambda n, y, codes=codes: gan.generator(codes)
        gan.training_step(batch, optimizers, step)


@pytest.mark.parametrize("pack", [1, 2])
def test_each_copy_answers_as_the_network_alone_does(pack):
    alone = discriminators(pack=pack)
    x = torch.randn(3, 6, 2)
    answers = packed(Copies(alone), pack)(x.flatten(0, 1)).unflatten(0, (3, -1))
    expected = torch.stack([packed(one, pack)(part) for one, part in zip(alone, x)])
    assert torch.allclose(answers, expected, atol=1e-6)


def test_a_mean_over_all_rows_gives_each_copy_the_gradient_of_the_network_alone():
    alone = discriminators()
    x = torch.randn(3, 6, 2)
    together = Copies(alone)
    together(x.flatten(0, 1)).square().mean().backward()
    for one, part, row in zip(alone, x, together.rows.grad):
        one(part).square().mean().backward()
        gradient = torch.cat([parameter.grad.flatten() for parameter in one.parameters()])
        assert torch.allclose(row, gradient, atol=1e-6)


def test_copies_train_as_the_same_networks_would_alone():
    real = points.ring(sigma=0.05).sample(512)
    seed_everything(0)
    generators = [networks.MLPGenerator(2, (8,), shape=(2,)) for _ in range(2)]
    discriminators = [networks.MLPDiscriminator((8,), shape=(2,)) for _ in range(2)]
    together = GAN(Copies(generators), Copies(discriminators), r1_weight=0.1)
    alone = [GAN(*players, r1_weight=0.1) for players in zip(generators, discriminators)]
    z = torch.randn(20, 2, 64, 2)  # (steps, copies, N, latent_dim)
    batches = real[torch.randint(512, (20, 2, 64))]  # (steps, copies, N, 2)
    train_on(together, batches.flatten(1, 2), z.flatten(1, 2))
    for i, gan in enumerate(alone):
        train_on(gan, batches[:, i], z[:, i])
        vector = torch.nn.utils.parameters_to_vector(gan.discriminator.parameters())
        assert torch.allclose(together.discriminator.rows[i], vector, atol=1e-5)


def test_one_copy_never_sees_what_another_gets():
    together = Copies(discriminators())
    x = torch.randn(9, 2)
    before = together(x)
    after = together(torch.cat([x[:3], 100 * x[3:]]))
    assert torch.equal(before[:3], after[:3]) and not torch.equal(before[3:], after[3:])


def test_copies_start_from_different_weights_and_the_seed_decides_them():
    seed_everything(1)
    first = draw_each(points_gan(3), 50)  # (3, 50, 2)
    seed_everything(1)
    assert torch.equal(first, draw_each(points_gan(3), 50))
    assert not torch.allclose(first[0], first[1])


def test_one_copy_is_the_plain_network():
    assert isinstance(points_gan().generator, networks.MLPGenerator)
    assert draw_each(points_gan(), 50).shape == (1, 50, 2)


def test_a_fitted_ring_is_covered_by_every_copy():
    ring = points.ring(sigma=0.05)
    seed_everything(0)
    gan = points_gan(3)
    assert coverage_of_each(gan, ring)["modes"].max() < 8
    fit(gan, ring.sample(4000), steps=1500, batch_size=3 * 128)
    assert coverage_of_each(gan, ring)["modes"].tolist() == [8, 8, 8]


def test_settings_that_make_no_sense_raise():
    with pytest.raises(ValueError, match="expected at least one copy, got 0"):
        points_gan(0)
    with pytest.raises(ValueError, match="expected a batch that 3 networks can share equally, got 10 rows"):
        Copies(discriminators())(torch.randn(10, 2))
    with pytest.raises(ValueError, match="expected networks without running statistics"):
        Copies([networks.MLPGenerator(2, (8,), shape=(2,), batch_norm=True) for _ in range(2)])
