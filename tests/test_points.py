"""The two-dimensional data sets: where their points lie, and which modes samples cover."""

import math

import pytest
import torch

from course_utils.metrics import mode_coverage
from course_utils.points import grid, ring, two_moons


def test_the_ring_has_eight_distinct_centres_at_radius_1():
    centres = ring().centres
    assert centres.shape == (8, 2)
    torch.testing.assert_close(centres.norm(dim=1), torch.ones(8))
    nearest = torch.cdist(centres, centres).fill_diagonal_(math.inf).amin(1)  # (8,)
    torch.testing.assert_close(nearest, torch.full((8,), 2 * math.sin(math.pi / 8)))


def test_the_grid_is_a_centred_lattice_with_spacing_2():
    centres = grid().centres
    assert {tuple(c) for c in centres.tolist()} == {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}


@pytest.mark.parametrize("mixture, sigma", [(ring(), 0.01), (grid(), 0.05), (ring(sigma=0.2), 0.2)])
def test_points_spread_by_sigma_around_equally_likely_centres(mixture, sigma):
    assert mixture.sigma == sigma
    mode = torch.randint(len(mixture.centres), (20_000,), generator=torch.Generator().manual_seed(0))
    noise = mixture.sample(20_000) - mixture.centres[mode]  # the modes are the first numbers drawn
    assert noise.std(0).sub(sigma).abs().max() < 0.02 * sigma and noise.mean(0).abs().max() < 0.03 * sigma
    assert torch.bincount(mode).min() > 0.85 * 20_000 / len(mixture.centres)


def test_two_moons_are_half_circles_around_two_centres():
    points = two_moons(1000, noise=0.0)
    upper = points[0::2]
    lower = points[1::2] - torch.tensor([1.0, 0.5])
    for moon in (upper, lower):
        torch.testing.assert_close(moon.norm(dim=1), torch.ones(500))
        assert moon[:, 0].min() < -0.99 and moon[:, 0].max() > 0.99
    assert upper[:, 1].min() >= -1e-6 and lower[:, 1].max() <= 1e-6


def test_the_noise_of_two_moons_has_the_given_width():
    noise = two_moons(20_000, noise=0.1, seed=3) - two_moons(20_000, noise=0.0, seed=3)
    assert noise.std(0).sub(0.1).abs().max() < 0.002


@pytest.mark.parametrize("draw", [ring().sample, grid().sample, two_moons], ids=["ring", "grid", "two_moons"])
def test_a_seed_decides_the_points_and_the_global_state_is_left_alone(draw):
    before = torch.get_rng_state()
    assert torch.equal(draw(50, seed=1), draw(50, seed=1))
    assert not torch.equal(draw(50, seed=1), draw(50, seed=2))
    assert draw(50).shape == (50, 2) and draw(50).dtype == torch.float32
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("mixture", [ring(), grid()])
def test_perfect_samples_cover_all_modes(mixture):
    k = len(mixture.centres)
    n = 20_000
    found = mode_coverage(mixture.sample(n), mixture.centres, mixture.sigma)
    assert found["modes"] == k
    assert found["high_quality"] == pytest.approx(1 - math.exp(-4.5), abs=0.003)
    assert 0 < found["kl"] < 2.5 * (k - 1) / (2 * n)


def test_one_mode_of_eight_is_found_out():
    centres = ring().centres
    found = mode_coverage(centres[3].repeat(100, 1), centres, 0.01)
    assert found == pytest.approx({"modes": 1, "high_quality": 1, "kl": math.log(8)})


def test_points_beside_the_modes_do_not_count():
    centres = ring().centres
    points = torch.cat([centres, centres[:4], centres[:4] * 1.04])
    found = mode_coverage(points, centres, 0.01)
    shares = [2 / 12] * 4 + [1 / 12] * 4
    kl = sum(share * math.log(share * 8) for share in shares)
    assert found == pytest.approx({"modes": 8, "high_quality": 12 / 16, "kl": kl}, abs=1e-6)
    assert mode_coverage(torch.zeros(5, 2), centres, 0.01) == {"modes": 0, "high_quality": 0, "kl": math.inf}
