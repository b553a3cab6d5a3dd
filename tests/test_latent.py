"""Latent spaces whose paths, directions, neighbours and codes are known."""

import math

import pytest
import scipy.stats
import torch
from sklearn.mixture import GaussianMixture

from course_utils import latent
from course_utils.comparison import spaces


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def fade(shares: list[float], n: int = 3) -> torch.Tensor:
    """Frames (T, n, 1, 4, 4) on straight lines between two images, at the given shares of the way."""
    a, b = normal(2, n, 1, 4, 4)
    return torch.stack([torch.lerp(a, b, share) for share in shares])


def test_a_quarter_circle_is_walked_evenly():
    a = torch.tensor([[1.0, 0.0]])
    b = torch.tensor([[0.0, 1.0]])
    for position in (0.0, 0.25, 0.5, 1.0):
        angle = position * math.pi / 2
        expected = torch.tensor([[math.cos(angle), math.sin(angle)]])
        assert torch.allclose(latent.slerp(a, b, position), expected, atol=1e-6)


def test_codes_of_one_direction_are_joined_by_a_line_and_opposite_ones_by_some_path():
    a = normal(3, 5)
    assert torch.allclose(latent.slerp(a, 3 * a, 0.25), 1.5 * a, atol=1e-5)
    opposite = torch.stack([latent.slerp(a, -a, i / 8) for i in range(9)])
    assert opposite.norm(dim=2).max() < 1.01 * a.norm(dim=1).max() and torch.equal(opposite[[0, -1]].sum(0), 0 * a)


def test_a_code_of_zeros_is_left_and_reached():
    a = 20 * normal(3, 64)
    for start, end in ((0 * a, a), (a, 0 * a)):
        assert torch.allclose(latent.slerp(start, end, 0.0), start, rtol=1e-5, atol=1e-3)
        assert torch.allclose(latent.slerp(start, end, 1.0), end, rtol=1e-5, atol=1e-3)
        middle = latent.slerp(start, end, 0.5).norm(dim=1)
        assert (middle > 0).all() and (middle < a.norm(dim=1)).all()


def test_arcs_start_and_end_at_codes_of_the_prior_and_stay_as_long_as_they_are():
    walks = latent.arcs(32, 500, points=9)
    assert walks.shape == (9, 500, 32)
    assert torch.equal(walks[[0, -1]], normal(2, 500, 32))
    low, high = walks[[0, -1]].norm(dim=2).aminmax(dim=0)
    assert (walks.norm(dim=2) > low - 1e-4).all() and (walks.norm(dim=2) < high + 1e-4).all()
    middle = walks[4].norm(dim=1).mean()
    assert middle == pytest.approx(math.sqrt(32), rel=0.03)
    assert walks[[0, -1]].mean(0).norm(dim=1).mean() < 0.8 * middle  # a straight line leaves the shell of the prior


def test_the_seed_decides_the_arcs_and_the_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    assert torch.equal(latent.arcs(4, 3, seed=1), latent.arcs(4, 3, seed=1))
    assert not torch.equal(latent.arcs(4, 3, seed=1), latent.arcs(4, 3, seed=2))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_straight_even_fade_makes_no_detour_and_no_leap():
    frames = fade([i / 8 for i in range(9)])
    assert torch.allclose(spaces.path_lengths(frames), (frames[-1] - frames[0]).flatten(1).norm(dim=1), rtol=1e-5)
    assert torch.allclose(spaces.detour(frames), torch.ones(3), rtol=1e-5)


def test_a_path_that_goes_too_far_and_returns_is_longer():
    frames = fade([0.0, 2.0, 1.0])
    assert torch.allclose(spaces.detour(frames), torch.full((3,), 3.0), rtol=1e-5)


def test_each_path_is_measured_by_itself():
    frames = torch.zeros(4, 3, 1, 2, 2)
    frames[2:, 0] = 1  # one leap over 4 pixels
    frames[1, 1] = 1  # there and back
    assert spaces.path_lengths(frames).tolist() == [2, 4, 0]
    assert spaces.detour(frames)[:2].tolist() == [1, math.inf] and spaces.detour(frames)[2].isnan()


def test_a_linear_function_is_explained_and_noise_is_not():
    x = normal(20000, 8)
    noise = normal(20000, seed=1)
    line = x @ normal(8, seed=2) + 5
    assert spaces.explained(x, line) == pytest.approx(1, abs=1e-6)
    assert spaces.explained(x, noise) < 0.05
    half = spaces.explained(x, line + line.std() * noise)  # as much noise as signal
    assert half == pytest.approx(0.5, abs=0.02)


def test_there_is_nothing_to_explain_where_nothing_varies():
    assert math.isnan(spaces.explained(normal(40, 2), torch.full((40,), 0.13)))


def test_only_the_second_half_of_the_rows_is_judged():
    x = normal(40, 20)  # as many dimensions as rows to learn from: a perfect fit to noise
    assert spaces.explained(x, normal(40, seed=1)) < 0
    x = normal(200, 2)
    y = x @ torch.tensor([1.0, 2.0])
    assert spaces.explained(x, torch.cat([y[:100], -y[100:]])) < -1
    labels = (y > 0).long()
    assert spaces.linear_accuracy(x, torch.cat([labels[:100], 1 - labels[100:]])) < 0.1


def test_classes_are_named_correctly_where_they_can_be():
    labels = torch.randint(4, (1200,), generator=torch.Generator().manual_seed(1))
    centres = 100 * torch.eye(4)
    separable = centres[labels] * torch.tensor([1.0, 1e-3, 10.0, 1.0]) + 1e-2 * normal(1200, 4)
    assert spaces.linear_accuracy(separable, labels) > 0.99
    assert spaces.linear_accuracy(normal(1200, 4), labels) == pytest.approx(0.25, abs=0.07)


def test_bad_input_raises_one_sentence():
    x = normal(10, 2)
    with pytest.raises(ValueError, match="expected n to be a whole number of at least 1, got 0"):
        latent.arcs(4, 0)
    with pytest.raises(ValueError, match=r"expected frames of shape \(T, n, ...\) with T of at least 2, got \(1, 3, 5"):
        spaces.detour(torch.zeros(1, 3, 5))
    with pytest.raises(ValueError, match=r"expected x \(N, d\) and .*, got shapes \(10, 2\) and \(9,\)"):
        spaces.explained(x, torch.zeros(9))
    with pytest.raises(ValueError, match="expected at least two classes in the first half of the rows, got only cla"):
        spaces.linear_accuracy(x, torch.arange(10) // 5)


@pytest.mark.parametrize("limit", [0.5, 2.0])
def test_truncated_codes_follow_the_truncated_normal_distribution(limit):
    codes = latent.truncated(4, 1000, limit)
    assert codes.shape == (1000, 4) and codes.abs().max() <= limit
    assert scipy.stats.kstest(codes.flatten(), scipy.stats.truncnorm(-limit, limit).cdf).pvalue > 0.01
    assert torch.equal(codes, latent.truncated(4, 1000, limit))
    assert not torch.equal(codes, latent.truncated(4, 1000, limit, seed=1))


def two_heaps(n: int = 400, seed: int = 0) -> torch.Tensor:
    """Codes (n, 3) in two heaps, around -4 and 4, of unequal widths."""
    heap = (torch.arange(n) % 2).float()[:, None]  # (n, 1)
    return (heap * 8 - 4) + (0.5 + heap) * normal(n, 3, seed=seed)


def test_a_fitted_prior_has_the_density_of_the_mixture_that_scikit_learn_fits():
    codes, others = two_heaps(), two_heaps(seed=1)
    theirs = GaussianMixture(2, reg_covar=1e-4 * codes.double().numpy().var(), random_state=0).fit(codes.double())
    ours = latent.fit_prior(codes, 2).log_density(others)
    assert torch.allclose(ours, torch.tensor(theirs.score_samples(others.double())).float(), atol=1e-4)


def test_samples_of_a_fitted_prior_lie_where_the_codes_do():
    prior = latent.fit_prior(two_heaps(), 2)
    drawn = prior.sample(4000)
    assert drawn.shape == (4000, 3) and drawn.dtype == torch.float32
    assert (drawn[:, 0] > 0).float().mean() == pytest.approx(0.5, abs=0.05)
    assert prior.log_density(drawn).mean() == pytest.approx(prior.log_density(two_heaps()).mean().item(), abs=0.2)
    one = latent.fit_prior(two_heaps(), 1)
    assert prior.log_density(two_heaps(seed=2)).mean() > one.log_density(two_heaps(seed=2)).mean() + 1


def test_the_number_of_components_is_that_under_which_held_out_codes_are_densest():
    codes, held_out = two_heaps(60), two_heaps(60, seed=1)
    chosen = latent.fit_prior(codes, (1, 2, 20), held_out)
    densities = [latent.fit_prior(codes, number).log_density(held_out).mean() for number in (1, 2, 20)]
    assert chosen.components == 2 and max(densities) == densities[1]


def test_the_seed_decides_the_samples_of_a_fitted_prior_and_the_random_state_is_left_alone():
    before = torch.get_rng_state()
    prior = latent.fit_prior(two_heaps(), 2)
    assert torch.equal(prior.sample(9, seed=1), prior.sample(9, seed=1))
    assert not torch.equal(prior.sample(9, seed=1), prior.sample(9, seed=2))
    assert torch.equal(torch.get_rng_state(), before)


NO_PRIOR = {
    "several numbers, nothing held out": (lambda: latent.fit_prior(two_heaps(), (1, 2)), "several and held_out codes"),
    "no number": (lambda: latent.fit_prior(two_heaps(), ()), "one number of components"),
    "more components than codes": (lambda: latent.fit_prior(two_heaps(4), 5), r"N at least 5, .* \(4, 3\)"),
    "images": (lambda: latent.fit_prior(normal(20, 1, 4, 4), 2), r"expected codes \(N, d\)"),
    "a limit of 0": (lambda: latent.truncated(2, 5, 0.0), "expected a limit above 0, got 0.0"),
}


@pytest.mark.parametrize("case", NO_PRIOR)
def test_a_prior_that_cannot_be_fitted_is_refused_in_one_sentence(case):
    call, message = NO_PRIOR[case]
    with pytest.raises(ValueError, match=message):
        call()
