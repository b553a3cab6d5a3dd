"""The exercises of lesson 01: samples of few points, noise of the wrong shape, flat covariances."""

import pytest
import torch
from answers_01 import frechet

from course_utils.exercises import lesson_01


def by_counts(count, shuffle):
    """A sample with a number of points for each Gaussian that is worked out, not drawn."""

    def answer(n, weights, means, sigmas):
        clouds = [means[k] + sigmas[k] * torch.randn(c, 2) for k, c in enumerate(count(n, weights))]
        points = torch.cat(clouds)
        return points[torch.randperm(len(points))] if shuffle else points

    return answer


def truncated(n, weights):
    return [int(n * w) for w in weights]


def rounded(n, weights):
    return [round(float(n * w)) for w in weights]


def rest_to_the_last(n, weights):
    counts = truncated(n, weights)
    return [*counts[:-1], n - sum(counts[:-1])]


def drawn(n, weights):
    return torch.distributions.Multinomial(n, weights).sample().int().tolist()


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("count", [truncated, rounded, rest_to_the_last])
def test_a_fixed_number_of_points_for_each_gaussian_is_named(count, shuffle):
    verdict = lesson_01.check_sample_mixture.verdict(by_counts(count, shuffle))
    assert verdict.startswith("✗ sample_mixture: each Gaussian gets a fixed number of points")


def test_points_that_come_sorted_by_cloud_are_named_and_shuffled_ones_are_right():
    check = lesson_01.check_sample_mixture
    assert "the points come sorted by cloud" in check.verdict(by_counts(drawn, shuffle=False))
    assert check.verdict(by_counts(drawn, shuffle=True)) == "✓ sample_mixture is right."


def with_noise(draw, generator=None):
    def answer(n, weights, means, sigmas):
        k = torch.multinomial(weights, n, replacement=True, generator=generator and generator())
        return means[k] + sigmas[k, None] * draw(n)

    return answer


def in_pairs(n):
    noise = torch.randn((n + 1) // 2, 2)
    return torch.stack([noise, -noise], 1).flatten(0, 1)[:n]


def along_x(n):
    return torch.randn(n, 2) * torch.tensor([1.0, 0.0])


def from_a_fixed_generator(n):
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(0))


NOISES = {
    "the noise is as wide as it should be, but not Gaussian": lambda n: 12**0.5 * (torch.rand(n, 2) - 0.5),
    "the noise is uniform": lambda n: 2 * torch.rand(n, 2) - 1,
    "the correlation of the noise in neighbouring rows": in_pairs,
    "the spread of each cloud over its sigma to be [1, 1, 1, ...] with shape (3, 2), got 2 times that": lambda n: (
        2 * torch.randn(n, 2)
    ),
    "the spread of each cloud over its sigma to be 1 at entry [0, 1], got 0": along_x,
    "the offset of each cloud from its mean": lambda n: 0.5 + torch.randn(n, 2),
}


@pytest.mark.parametrize("part", NOISES)
def test_the_shape_of_the_noise_is_measured(part):
    verdict = lesson_01.check_sample_mixture.verdict(with_noise(NOISES[part]))
    assert verdict.startswith("✗ sample_mixture: ") and part in verdict


def test_a_sampler_that_always_draws_the_same_is_named():
    answer = with_noise(from_a_fixed_generator, lambda: torch.Generator().manual_seed(0))
    assert "every call draws the same points" in lesson_01.check_sample_mixture.verdict(answer)


def test_one_point_is_a_sample_too():
    def squeezed(n, weights, means, sigmas):
        return lesson_01.check_sample_mixture.reference(n, weights, means, sigmas).squeeze()

    assert "the points for n = 1 to be a tensor of shape (1, 2)" in lesson_01.check_sample_mixture.verdict(squeezed)


def by_cholesky(a, b):
    factor = torch.linalg.cholesky(a)
    return torch.trace(a + b) - 2 * torch.linalg.eigvalsh(factor.T @ b @ factor).clamp(0).sqrt().sum()


def without_clamp(a, b):
    return torch.trace(a + b) - 2 * torch.linalg.eigvals(a @ b).real.sqrt().sum()


@pytest.mark.parametrize("spread", [by_cholesky, without_clamp])
def test_a_distance_that_fails_for_flat_covariances_gets_a_hint(spread):
    (hint,) = set(lesson_01.check_frechet_between.hints.values())
    assert lesson_01.check_frechet_between.verdict(frechet(spread=spread)) == f"✗ frechet_between: {hint}"


def test_a_complex_distance_is_told_to_take_its_real_part():
    answer = frechet(spread=lambda a, b: torch.trace(a + b) - 2 * torch.linalg.eigvals(a @ b).sqrt().sum())
    assert "to be real, got complex numbers: take `.real`" in lesson_01.check_frechet_between.verdict(answer)
