"""Adversarial losses against their formulas in probabilities, and penalties against closed forms."""

import pytest
import torch
from torch import nn

from course_utils.losses import ADVERSARIAL, gradient_penalty, kl_divergence, r1_penalty

REAL = torch.linspace(-4, 5, 7, dtype=torch.float64)
FAKE = torch.linspace(-5, 3, 9, dtype=torch.float64)


def D(logits):  # noqa: N802 - the symbol of the papers
    return 1 / (1 + torch.exp(-logits))


def vanilla(real, fake):
    return -(torch.log(D(real)).mean() + torch.log(1 - D(fake)).mean())


FORMULAS = {
    "non_saturating": (vanilla, lambda fake: -torch.log(D(fake)).mean()),
    "saturating": (vanilla, lambda fake: torch.log(1 - D(fake)).mean()),
    "least_squares": (
        lambda real, fake: ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2,
        lambda fake: ((fake - 1) ** 2).mean() / 2,
    ),
    "hinge": (
        lambda real, fake: -(torch.clamp(real - 1, max=0).mean() + torch.clamp(-fake - 1, max=0).mean()),
        lambda fake: -fake.mean(),
    ),
    "wasserstein": (lambda real, fake: -(real.mean() - fake.mean()), lambda fake: -fake.mean()),
}


def test_there_is_a_formula_for_every_loss():
    assert FORMULAS.keys() == ADVERSARIAL.keys()


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_a_loss_equals_its_formula(name):
    of_d, of_g = ADVERSARIAL[name]
    formula_d, formula_g = FORMULAS[name]
    torch.testing.assert_close(of_d(REAL, FAKE), formula_d(REAL, FAKE), rtol=1e-12, atol=0)
    torch.testing.assert_close(of_g(FAKE), formula_g(FAKE), rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_a_loss_and_its_gradient_stay_finite_for_very_sure_discriminators(name):
    of_d, of_g = ADVERSARIAL[name]
    real, fake = (torch.tensor([-1e4, 0.0, 1e4], requires_grad=True) for _ in range(2))
    for loss, inputs in ((of_d(real, fake), (real, fake)), (of_g(fake), (fake,))):
        assert loss.isfinite()
        assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(loss, inputs))


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_the_players_pull_generated_logits_in_opposite_directions(name):
    fake = torch.tensor([-0.5, 0.2], requires_grad=True)
    of_d, of_g = ADVERSARIAL[name]
    (d_gradient,) = torch.autograd.grad(of_d(torch.zeros(2), fake), fake)
    (g_gradient,) = torch.autograd.grad(of_g(fake), fake)
    assert (g_gradient < 0).all(), "the generator wants higher logits"
    assert d_gradient[1] > 0, "the discriminator wants lower ones"


@pytest.mark.parametrize("name, expected", [("non_saturating", -1.0), ("saturating", -4.54e-5)])
def test_only_the_saturating_gradient_fades_when_the_discriminator_is_sure(name, expected):
    fake = torch.tensor([-10.0], requires_grad=True)
    _, of_g = ADVERSARIAL[name]
    (gradient,) = torch.autograd.grad(of_g(fake), fake)
    assert gradient.item() == pytest.approx(expected, rel=1e-3)


class Linear(nn.Module):
    """A discriminator with the gradient w everywhere: D(x) = w·x + b."""

    def __init__(self, *w: float):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w))
        self.b = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return x.flatten(1) @ self.w + self.b


POINTS, OTHERS = torch.randn(2, 6, 2, generator=torch.Generator().manual_seed(0))


def test_r1_of_a_linear_discriminator_is_half_its_squared_slope():
    D = Linear(3.0, 4.0)  # noqa: N806
    penalty = r1_penalty(D, POINTS)
    assert penalty.item() == pytest.approx(12.5)
    penalty.backward()
    assert D.w.grad.tolist() == pytest.approx([3, 4])  # the gradient of |w|²/2 reached the weights


def test_r1_is_taken_for_each_sample_on_its_own():
    penalty = r1_penalty(lambda x: (x**2).sum(1), POINTS)  # the gradient is 2x
    torch.testing.assert_close(penalty, 2 * POINTS.square().sum(1).mean())


def test_gradient_penalty_of_a_linear_discriminator_is_the_squared_distance_of_its_slope_from_1():
    D = Linear(3.0, 4.0)  # noqa: N806
    penalty = gradient_penalty(D, POINTS, OTHERS)
    assert penalty.item() == pytest.approx(16)
    penalty.backward()
    assert D.w.grad.tolist() == pytest.approx([2 * 4 * 0.6, 2 * 4 * 0.8])
    assert gradient_penalty(Linear(0.6, 0.8), POINTS, OTHERS).item() == pytest.approx(0, abs=1e-12)


def test_gradient_penalty_of_a_flat_discriminator_has_a_finite_gradient():
    D = Linear(0.0, 0.0)  # noqa: N806
    penalty = gradient_penalty(D, POINTS, OTHERS)
    penalty.backward()
    assert penalty.item() == pytest.approx(1, abs=1e-5) and D.w.grad.isfinite().all()


def test_gradient_penalty_looks_between_real_and_generated_samples_at_one_place_for_all_pixels():
    seen = []

    def D(x):  # noqa: N802
        seen.append(x.detach())
        return x.flatten(1).sum(1)

    gradient_penalty(D, torch.zeros(500, 1, 2, 2), torch.ones(500, 1, 2, 2))
    (between,) = seen
    share = between.flatten(1)
    assert torch.equal(share, share[:, :1].expand(-1, 4))
    assert share.min() >= 0 and share.max() <= 1
    assert share[:, 0].std().item() == pytest.approx(12**-0.5, rel=0.1)


@pytest.mark.parametrize("penalty", [lambda D: r1_penalty(D, POINTS), lambda D: gradient_penalty(D, POINTS, OTHERS)])
def test_a_penalty_leaves_its_inputs_without_gradients(penalty):
    penalty(Linear(1.0, 2.0)).backward()
    assert not POINTS.requires_grad and POINTS.grad is None


def test_the_kl_divergence_is_that_of_torch_distributions():
    random = torch.Generator().manual_seed(0)
    mu, logvar = 3 * torch.randn(2, 50, 7, generator=random, dtype=torch.float64)
    posterior = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    expected = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0))
    torch.testing.assert_close(kl_divergence(mu, logvar), expected, atol=1e-6, rtol=1e-6)
    assert kl_divergence(torch.zeros(1, 3), torch.zeros(1, 3)).eq(0).all()


def test_the_kl_divergence_is_as_exact_in_single_precision():
    random = torch.Generator().manual_seed(0)
    mu, logvar = 3 * torch.randn(2, 50, 7, generator=random).clamp(-2 / 3, 2 / 3)
    found = kl_divergence(mu, logvar)
    torch.testing.assert_close(found.double(), kl_divergence(mu.double(), logvar.double()), atol=1e-6, rtol=0)
    assert (found >= 0).all()
