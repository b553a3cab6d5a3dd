"""The metrics against other implementations, closed forms and known extremes."""

import math

import pytest
import scipy.linalg
import torch
from helpers import digits

from course_utils.metrics import frechet_distance, nearest_neighbours, neighbourhood_metrics, sharpness


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


def neighbourhoods_in_loops(real, fake, k: int) -> dict[str, float]:
    """Precision, recall, density and coverage as the papers write them, point by point."""

    def radius(points, i):
        return sorted(math.dist(points[i], other) for j, other in enumerate(points) if j != i)[k - 1]

    ball_real, ball_fake = ([radius(points, i) for i in range(len(points))] for points in (real, fake))
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
