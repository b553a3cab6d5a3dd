"""Differential privacy by hand, beside ordinary gradients, beside Opacus, and beside implementations that leak."""

import math

import pytest
import torch
from torch import nn

from course_utils import networks, vae
from course_utils.applications import privacy, private_moments
from course_utils.training import fit

HUGE = 1e9


def noise(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, 1, 28, 28, generator=noise(seed))


def small(clip: float = 1.0, noise: float = 0.0, expected: float = 6, **settings) -> privacy.PrivateVAE:
    torch.manual_seed(0)
    pair = networks.ConvEncoder(3, (2, 4)), networks.ConvGenerator(3, (4, 2))
    return privacy.PrivateVAE(*pair, clip=clip, noise=noise, expected=expected, **settings)


@pytest.fixture
def no_draws(monkeypatch):
    """Codes are means, so that losses can be compared."""
    monkeypatch.setattr(vae, "reparameterize", lambda mu, logvar: mu + 0.1 * logvar)


def flat(gradients: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([each.flatten() for each in gradients.values()])


def ordinary(network: nn.Module, loss: torch.Tensor) -> torch.Tensor:
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(network.parameters()))])


def test_without_noise_and_clipping_it_is_the_ordinary_gradient(no_draws):
    model, x = small(), pictures(6)
    found = flat(privacy.private_gradient(model, x, HUGE, 0.0, expected=6))
    expected = ordinary(model, model.loss(x, 1.0)[0])
    assert (found - expected).norm() < 1e-6 * expected.norm()


def test_each_image_has_a_gradient_and_noise_of_its_own():
    model, x = small(), pictures(1).repeat(4, 1, 1, 1)
    gradients = privacy.gradients_of_each(model, x)
    assert {name: each.shape[1:] for name, each in gradients.items()} == {
        name: weight.shape for name, weight in model.named_parameters()
    }
    rows = torch.cat([each.flatten(1) for each in gradients.values()], 1)
    assert torch.pdist(rows).min() > 1e-3 * rows.norm(), "the same draw of z for all"


def test_clipped_sums_are_those_of_rows_shortened_one_by_one(no_draws):
    model, x = small(), pictures(6)
    rows = [ordinary(model, model(one[None]).sum()) for one in x]
    lengths = torch.stack([row.norm() for row in rows])
    clip = lengths.median().item()  # some are longer, some are not
    expected = sum(row * min(1.0, clip / length) for row, length in zip(rows, lengths.tolist()))
    found = flat(privacy.clipped_sum(privacy.gradients_of_each(model, x), clip))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_one_image_changes_the_sum_by_the_clip_at_most(no_draws):
    model, x = small(), pictures(6)
    x[0] = 1.0
    for clip in (0.5, 3.0):
        with_it, without = (privacy.private_gradient(model, part, clip, 0.0, expected=1) for part in (x, x[1:]))
        assert (flat(with_it) - flat(without)).norm() == pytest.approx(clip, rel=1e-3)
    unclipped = (privacy.private_gradient(model, part, HUGE, 0.0, expected=1) for part in (x, x[1:]))
    assert (flat(next(unclipped)) - flat(next(unclipped))).norm() > 10 * 3.0


def test_parts_of_a_batch_change_nothing(no_draws):
    model, x = small(), pictures(7)
    whole, parts = (flat(privacy.private_gradient(model, x, 1.0, 0.0, 7, part=part)) for part in (100, 3))
    torch.testing.assert_close(whole, parts, rtol=1e-4, atol=1e-6)


def test_an_empty_batch_gives_noise_of_the_size_that_was_paid_for():
    torch.manual_seed(1)
    found = flat(privacy.private_gradient(small(), pictures(3)[:0], clip=2.0, noise=3.0, expected=5))
    assert found.std().item() == pytest.approx(2.0 * 3.0 / 5, rel=0.05)
    assert abs(found.mean()) < 0.1


def test_batch_norm_is_refused():
    pair = networks.ConvEncoder(3, (2, 4)), networks.ConvGenerator(3, (4, 2), batch_norm=True)
    model = privacy.PrivateVAE(*pair, clip=1.0, noise=1.0, expected=4)
    with pytest.raises(ValueError, match="without batch norm"):
        privacy.gradients_of_each(model, pictures(4))


def test_batches_take_each_image_with_the_same_chance():
    batches = list(privacy.PoissonBatches(50, expected=5, steps=4000, seed=3))
    sizes = torch.tensor([len(rows) for rows in batches]).float()
    often = torch.bincount(torch.cat(batches), minlength=50) / len(batches)
    assert sizes.mean().item() == pytest.approx(5, abs=0.15)
    assert sizes.var().item() == pytest.approx(50 * 0.1 * 0.9, rel=0.15), "binomial, not fixed"
    torch.testing.assert_close(often, torch.full((50,), 0.1), atol=0.025, rtol=0)
    assert torch.equal(batches[0], next(iter(privacy.PoissonBatches(50, 5, 1, seed=3))))


@pytest.mark.parametrize("expected", [0, 51, math.nan])
def test_batches_cannot_be_larger_than_the_data(expected):
    with pytest.raises(ValueError, match="more than 0 and at most 50 images"):
        privacy.PoissonBatches(50, expected, 1)


def test_a_private_vae_learns_and_logs_nothing_of_its_images():
    x = pictures(1).round().repeat(40, 1, 1, 1)
    model = small(clip=1.0, noise=0.1, expected=20, lr=1e-2)
    before = model.elbo(x).mean()
    history = fit(model, privacy.poisson_batches(x, 20, 60), steps=60)
    assert model.elbo(x).mean() > before + 20
    assert not history.metrics


@pytest.mark.parametrize("epsilon, delta", [(1.0, 1e-5), (0.3, 1e-3), (8.0, 1e-6)])
def test_the_noise_for_one_sum_is_the_least_that_keeps_the_promise(epsilon, delta):
    from scipy.integrate import quad
    from scipy.stats import norm

    sigma = private_moments.noise_for(epsilon, delta)

    def excess(x):  # of the density with an image over e^ε times that without it
        return max(0.0, norm.pdf(x, 1, sigma) - math.exp(epsilon) * norm.pdf(x, 0, sigma))

    crossing = epsilon * sigma**2 + 0.5
    assert quad(excess, crossing, crossing + 12 * sigma)[0] == pytest.approx(delta, rel=1e-4)


def test_the_best_attack_on_a_noisy_sum_touches_the_bound():
    from scipy.stats import norm

    sigma, alarms = 1.0, torch.linspace(0.001, 0.999, 999, dtype=torch.float64)
    best = torch.tensor(norm.cdf(norm.ppf(alarms) + 1 / sigma))
    rooms = [
        privacy.most_caught(alarms, eps, private_moments.delta_of(sigma, eps)) - best for eps in (0.1, 0.5, 1.0, 3.0)
    ]
    assert all(room.min() > -1e-6 for room in rooms)
    assert all(room.min() < 1e-4 for room in rooms[:3]), "a bound that nothing reaches is not the bound"


def test_the_bound_at_one_percent():
    bound = privacy.most_caught(torch.tensor(0.01), 1.0, 0.0)
    assert bound.item() == pytest.approx(0.01 * math.e)
    assert privacy.most_caught(torch.tensor(0.01), 10.0, 0.0) > 0.99, "vacuous"
    assert privacy.most_caught(torch.tensor(0.3), 0.0, 0.0).item() == pytest.approx(0.3)
    with pytest.raises(ValueError, match="a delta in"):
        privacy.most_caught(torch.tensor(0.1), 1.0, 1.5)


def test_cosine_waves_are_orthonormal():
    waves = private_moments.cosine_basis(6)
    torch.testing.assert_close(waves @ waves.T, torch.eye(36), atol=1e-5, rtol=0)


def test_moments_change_by_one_at_most_and_hold_mean_and_covariance():
    x = pictures(300)
    x[0] = 1.0
    waves = private_moments.cosine_basis(4)
    with_it, without = (private_moments.second_moments(part.flatten(1) @ waves.T / 9) for part in (x, x[1:]))
    assert 0.9 < (with_it - without).norm() <= 1 + 1e-4
    u = x[1:].flatten(1) @ waves.T / 28  # nothing is that long
    count, mean, covariance = private_moments.unpacked(private_moments.second_moments(u))
    assert count.item() == pytest.approx(299, rel=1e-4)
    torch.testing.assert_close(mean, u.mean(0), rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(covariance, u.T.cov(correction=0), rtol=1e-3, atol=1e-5)


def test_opacus_clips_and_sums_to_the_same(no_draws):
    opacus = pytest.importorskip("opacus")
    model, x = small(clip=0.7), pictures(6)
    ours = flat(privacy.clipped_sum(privacy.gradients_of_each(model, x), 0.7))
    wrapped = opacus.GradSampleModule(model, loss_reduction="sum")
    optimizer = opacus.optimizers.DPOptimizer(
        torch.optim.SGD(model.parameters(), 1.0), noise_multiplier=0.0, max_grad_norm=0.7, expected_batch_size=6
    )
    wrapped(x).sum().backward()
    optimizer.clip_and_accumulate()
    theirs = torch.cat([weight.summed_grad.flatten() for weight in model.parameters()])
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_opacus_accounts_the_same_for_one_sum():
    accountants = pytest.importorskip("opacus.accountants")
    accountant = accountants.PRVAccountant()
    accountant.history = [(private_moments.noise_for(2.0, 1e-5), 1.0, 1)]
    assert accountant.get_epsilon(1e-5) == pytest.approx(2.0, abs=0.02)


def test_the_noise_that_the_lesson_names_keeps_its_promise():
    accountants = pytest.importorskip("opacus.accountants")
    accountant = accountants.PRVAccountant()
    accountant.history = [(0.78, 64 / 1000, 250)]
    assert 9.5 < accountant.get_epsilon(1e-4) <= 10.0
