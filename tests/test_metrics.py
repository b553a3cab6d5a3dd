"""The metrics against other implementations, closed forms and known extremes."""

import math

import pytest
import scipy.linalg
import torch
from helpers import digits

from course_utils.data import vary
from course_utils.metrics import (
    frechet_distance,
    kernel_distance,
    nearer_to_training,
    nearest_neighbours,
    neighbourhood_metrics,
    sharpness,
)


def normal(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_the_frechet_distance_agrees_with_scipy():
    a, b = normal(200, 6, 0) @ normal(6, 6, 1), normal(150, 6, 2) @ normal(6, 6, 3) + 0.5
    cov_a, cov_b = a.double().T.cov().numpy(), b.double().T.cov().numpy()
    shift = (a.double().mean(0) - b.double().mean(0)).square().sum().item()
    root = scipy.linalg.sqrtm(cov_a @ cov_b).real
    expected = shift + cov_a.trace() + cov_b.trace() - 2 * root.trace()
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-8)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-8)


def test_the_frechet_distance_of_uncorrelated_sets_has_a_closed_form():
    a = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])  # variance 4/3 along both axes
    stretched = a * torch.tensor([3.0, 0.5]) + torch.tensor([0.0, 7.0])
    assert frechet_distance(a, stretched) == pytest.approx(7**2 + 4 / 3 * ((3 - 1) ** 2 + (1 - 0.5) ** 2), rel=1e-6)


def test_the_frechet_distance_of_shifted_sets_is_the_squared_shift_even_without_full_rank():
    a = normal(50, 4, 0)
    a[:, 3] = 2.0
    shift = torch.tensor([1.0, 0.0, -2.0, 0.5])
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, a + shift) == pytest.approx(5.25, rel=1e-5)


def test_the_frechet_distance_of_single_numbers_is_that_of_means_and_deviations():
    a = torch.tensor([[-1.0], [1.0]])  # mean 0, standard deviation √2
    assert frechet_distance(a, 3 * a + 5) == pytest.approx(5**2 + 2 * (3 - 1) ** 2, rel=1e-6)


def test_rounding_never_makes_the_frechet_distance_negative():
    sets = [100 * normal(50, 8, seed) for seed in range(20)]
    assert min(frechet_distance(a, a.flip(0)) for a in sets) >= 0


def test_the_kernel_distance_agrees_with_loops_over_all_pairs():
    a, b = normal(12, 3, 0), 2 * normal(9, 3, 1) + 1

    def mean(x, y, others: bool):
        pairs = [(p, q) for i, p in enumerate(x) for j, q in enumerate(y) if not others or i != j]
        return sum((sum(u * v for u, v in zip(p, q)) / 3 + 1) ** 3 for p, q in pairs) / len(pairs)

    x, y = a.double().tolist(), b.double().tolist()
    expected = mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)
    assert kernel_distance(a, b) == pytest.approx(expected, rel=1e-9) == kernel_distance(b, a)


def test_the_kernel_distance_of_few_points_is_not_biased_and_the_frechet_distance_is():
    pairs = [(normal(40, 8, 2 * seed), normal(40, 8, 2 * seed + 1)) for seed in range(200)]
    kernel = torch.tensor([kernel_distance(a, b) for a, b in pairs])
    assert abs(kernel.mean()) < 3 * kernel.std() / math.sqrt(len(pairs))
    assert min(frechet_distance(a, b) for a, b in pairs) > 0.2


def neighbourhoods_in_loops(real, fake, k: int, real_originals=None, fake_originals=None) -> dict[str, float]:
    """Precision, recall, density and coverage as the papers write them, point by point."""

    def radius(points, originals, i):
        family = originals or range(len(points))
        return sorted(math.dist(points[i], other) for j, other in enumerate(points) if family[j] != family[i])[k - 1]

    ball_real = [radius(real, real_originals, i) for i in range(len(real))]
    ball_fake = [radius(fake, fake_originals, i) for i in range(len(fake))]
    inside = [[math.dist(r, f) < ball_real[i] for f in fake] for i, r in enumerate(real)]
    return {
        "precision": sum(any(row[j] for row in inside) for j in range(len(fake))) / len(fake),
        "recall": sum(any(math.dist(r, f) < ball_fake[j] for j, f in enumerate(fake)) for r in real) / len(real),
        "density": sum(map(sum, inside)) / (k * len(fake)),
        "coverage": sum(map(any, inside)) / len(real),
    }


@pytest.mark.parametrize("k", [1, 3, 5])
def test_neighbourhood_metrics_agree_with_loops_over_all_points(k):
    real, fake = normal(40, 3, 0), 0.7 * normal(35, 3, 1) + 0.6
    expected = neighbourhoods_in_loops(real.tolist(), fake.tolist(), k)
    assert neighbourhood_metrics(real, fake, k) == pytest.approx(expected, abs=1e-6)
    assert 0 < expected["coverage"] < 1 and 0 < expected["recall"] < 1 and expected["density"] != expected["precision"]


def test_siblings_are_no_neighbours_of_each_other():
    real, fake = normal(700, 3, 0), 0.7 * normal(35, 3, 1) + 0.6
    of_real, of_fake = torch.arange(700) % 70, torch.arange(35) // 5
    expected = neighbourhoods_in_loops(real.tolist(), fake.tolist(), 2, of_real.tolist(), of_fake.tolist())
    assert neighbourhood_metrics(real, fake, 2, of_real, of_fake) == pytest.approx(expected, abs=1e-6)
    assert neighbourhood_metrics(real, fake, 2) != pytest.approx(expected, abs=1e-3)
    apart = neighbourhood_metrics(real, fake, 2, torch.arange(700), torch.arange(35))
    assert apart == neighbourhood_metrics(real, fake, 2)


def test_two_sets_of_one_distribution_have_density_1_and_the_coverage_that_theory_says():
    found = neighbourhood_metrics(normal(3000, 4, 0), normal(3000, 4, 1))
    assert found["density"] == pytest.approx(1, abs=0.03) and found["coverage"] == pytest.approx(1 - 0.5**5, abs=0.01)


def test_fewer_points_than_neighbours_are_refused():
    with pytest.raises(ValueError, match="more than k=5 points, got 5"):
        neighbourhood_metrics(normal(5, 2, 0), normal(9, 2, 1))


def test_neighbourhood_metrics_of_large_sets_do_not_depend_on_the_order():
    real, fake = normal(1100, 3, 0), 0.7 * normal(1300, 3, 1) + 0.6
    expected = neighbourhood_metrics(real, fake)
    assert neighbourhood_metrics(real.flip(0), fake.flip(0)) == pytest.approx(expected, abs=1e-3)
    assert neighbourhood_metrics(real.double(), fake.double()) == pytest.approx(expected, abs=1e-3)


def test_neighbourhood_metrics_know_their_extremes():
    real = normal(60, 4, 0)
    assert neighbourhood_metrics(real, real.flip(0))["precision"] == 1
    assert neighbourhood_metrics(real, real.flip(0))["recall"] == neighbourhood_metrics(real, real)["coverage"] == 1
    assert set(neighbourhood_metrics(real, real + 100).values()) == {0.0}
    collapsed = neighbourhood_metrics(real, real[:1] + 1e-3 * normal(60, 4, 1))
    assert collapsed["precision"] == 1 and collapsed["recall"] < 0.1 and collapsed["coverage"] < 0.3


def test_copies_of_real_points_are_precise_but_do_not_cover():
    real = normal(200, 4, 0)
    few = neighbourhood_metrics(real, real[:10].repeat(20, 1) + 1e-4 * normal(200, 4, 1))
    assert few["precision"] == 1 and few["coverage"] < 0.5 and few["recall"] < 0.2


def test_sharpness_is_the_mean_absolute_laplacian():
    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 2, 2] = 1
    assert sharpness(image) == pytest.approx((4 + 4 * 1) / 25)
    assert sharpness(torch.zeros(2, 1, 28, 28)) == 0


def blurred(images: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(images, 3, stride=1, padding=1)


def test_sharpness_falls_with_every_blur():
    images = digits().test[:200]
    values = [sharpness(images), sharpness(blurred(images)), sharpness(blurred(blurred(images)))]
    assert values[0] > 1.2 * values[1] > 1.2**2 * values[2]


def test_nearest_neighbours_finds_copies():
    training, rows = digits().train[:1000], torch.tensor([7, 900, 3, 7])
    distance, index = nearest_neighbours(training[rows], training)
    assert torch.equal(index, rows) and distance.max() < 1e-2
    distance, index = nearest_neighbours((training[rows] - 0.1).clamp(0, 1), training)
    assert torch.equal(index, rows) and distance.min() > 0.1


def test_nearest_neighbours_measures_pixels():
    images = torch.zeros(3, 1, 28, 28)
    images[1, 0, :3, :3], images[2] = 1, 1
    distance, index = nearest_neighbours(images[:1], images[1:])
    assert distance.item() == pytest.approx(3) and index.item() == 0


@pytest.fixture(scope="module")
def unseen():
    return digits().test[torch.randperm(len(digits().test), generator=torch.Generator().manual_seed(9))[:200]]


def some(images: torch.Tensor, seed: int, n: int = 200) -> torch.Tensor:
    return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:n]]


def test_copies_are_nearer_to_training_than_all_unseen_images(unseen):
    assert nearer_to_training(some(digits().train, 0), digits().train, unseen, tries=0) == 1


@pytest.mark.parametrize("seed", range(5))
def test_who_draws_training_images_anew_is_caught_and_held_out_images_pass(seed, unseen):
    redrawn = vary(some(digits().train, seed), torch.Generator().manual_seed(seed))
    assert nearer_to_training(redrawn, digits().train, unseen) > 0.6
    assert nearer_to_training(some(digits().validation, seed), digits().train, unseen) < 0.6
    by_pixels = nearest_neighbours(redrawn, digits().train)[0]
    usual = nearest_neighbours(unseen, digits().train)[0]
    assert (by_pixels < usual.quantile(0.01)).float().mean() < 0.1  # which a search without variations does not see
