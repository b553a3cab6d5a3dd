"""What β a loss really uses, for forms whose β follows by hand."""

import math

import pytest
import torch
from torch.nn import functional as F

from course_utils.exercises.lesson_06.effective_beta import effective_beta


def kl(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - logvar.exp())


def of(reconstruction, divergence, weight=1.0):
    return lambda output, x, mu, logvar: reconstruction(output, x) + weight * divergence(mu, logvar)


def bce(reduction):
    return lambda output, x: F.binary_cross_entropy(output, x, reduction=reduction)


LOSSES = {  # a loss, and its β for 784 pixels, 20 latent dimensions and batches of 64
    "sum, sum": (of(bce("sum"), lambda mu, logvar: kl(mu, logvar).sum()), 1),
    "sum, sum, over the batch": (
        of(lambda o, x: F.binary_cross_entropy(o, x, reduction="sum") / 64, lambda m, v: kl(m, v).sum(1).mean()),
        1,
    ),
    "mean times 784, sum": (of(lambda o, x: 784 * bce("mean")(o, x), lambda m, v: kl(m, v).sum(1).mean()), 1),
    "mean, mean": (of(bce("mean"), lambda mu, logvar: kl(mu, logvar).mean()), 784 / 20),
    "mean, sum over the code": (of(bce("mean"), lambda mu, logvar: kl(mu, logvar).sum(1).mean()), 784),
    "mean, sum over code and batch": (of(bce("mean"), lambda mu, logvar: kl(mu, logvar).sum()), 784 * 64),
    "without the half": (of(bce("sum"), lambda mu, logvar: 2 * kl(mu, logvar).sum()), 2),
    "sign of the KL": (of(bce("sum"), lambda mu, logvar: -kl(mu, logvar).sum()), -1),
    "no KL": (of(bce("sum"), lambda mu, logvar: 0), 0),
    "four times both": (of(lambda o, x: 4 * bce("sum")(o, x) + 7, lambda mu, logvar: 4 * kl(mu, logvar).sum()), 1),
    "as asked": (of(bce("sum"), lambda mu, logvar: kl(mu, logvar).sum(), 0.25), 0.25),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_beta_is_the_one_that_follows_by_hand(name):
    loss, beta = LOSSES[name]
    assert effective_beta(loss).beta == pytest.approx(beta, rel=1e-6)


def test_means_make_beta_depend_on_the_sizes_of_the_data():
    sizes = {"batch_size": 8, "latent_dim": 5, "shape": (3, 4, 4)}
    expected = {"mean, mean": 48 / 5, "mean, sum over the code": 48, "mean, sum over code and batch": 48 * 8}
    for name, beta in expected.items():
        assert effective_beta(LOSSES[name][0], **sizes).beta == pytest.approx(beta, rel=1e-6)


def test_a_loss_in_single_precision_is_recognized():
    def loss(output, x, mu, logvar):
        return bce("sum")(output.float(), x.float()) + kl(mu.float(), logvar.float()).sum()

    assert effective_beta(loss).beta == pytest.approx(1, rel=1e-3)


def test_logits_are_taken_where_the_loss_takes_them():
    def loss(output, x, mu, logvar):
        return F.binary_cross_entropy_with_logits(output, x, reduction="sum") + kl(mu, logvar).sum()

    assert effective_beta(loss, logits=True).beta == pytest.approx(1)
    assert str(effective_beta(loss)) == "not a weighted ELBO"


def test_a_squared_error_states_the_sigma_that_it_assumes():
    summed = effective_beta(of(lambda o, x: ((o - x) ** 2).sum(), lambda m, v: kl(m, v).sum()), "gaussian")
    assert (summed.beta, summed.sigma) == (pytest.approx(0.5), pytest.approx(math.sqrt(0.5)))
    assert str(summed) == "β = 0.5 at σ = 1, which is β = 1 at σ = 0.7071"
    narrow = effective_beta(of(lambda o, x: ((o - x) ** 2).sum() / 0.18, lambda m, v: 4 * kl(m, v).sum()), "gaussian")
    assert (narrow.beta, narrow.sigma) == (pytest.approx(0.36), pytest.approx(0.6))  # σ = 0.3, β = 4
    mean = effective_beta(of(F.mse_loss, lambda m, v: kl(m, v).sum(1).mean()), "gaussian")
    assert mean.sigma == pytest.approx(math.sqrt(784 / 2))


NO_ELBO = {
    "log-variance taken for a log-standard-deviation": of(
        bce("sum"), lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() ** 2 - 1 - 2 * logvar).sum()
    ),
    "absolute error": of(lambda output, x: (output - x).abs().sum(), lambda mu, logvar: kl(mu, logvar).sum()),
    "squared error under a Bernoulli": of(
        lambda output, x: ((output - x) ** 2).sum(), lambda mu, logvar: kl(mu, logvar).sum()
    ),
    "log-variance left out": of(bce("sum"), lambda mu, logvar: 0.5 * (mu**2).sum()),
    "no reconstruction": of(lambda output, x: 0 * output.sum(), lambda mu, logvar: kl(mu, logvar).sum()),
    "images in [-1, 1]": of(lambda output, x: -(x * output.log()).sum(), lambda mu, logvar: kl(mu, logvar).sum()),
    "product of the two": lambda output, x, mu, logvar: bce("sum")(output, x) * kl(mu, logvar).sum(),
    "terms that interact": lambda output, x, mu, logvar: (
        bce("sum")(output, x) + kl(mu, logvar).sum() + 1e-4 * bce("sum")(output, x) * kl(mu, logvar).sum()
    ),
    "not one number": lambda output, x, mu, logvar: kl(mu, logvar).sum(1),
}


@pytest.mark.parametrize("name", NO_ELBO)
def test_a_loss_that_is_no_weighted_elbo_is_called_so(name):
    assert str(effective_beta(NO_ELBO[name])) == "not a weighted ELBO"


def test_asking_leaves_the_random_numbers_alone():
    before = torch.get_rng_state()
    effective_beta(LOSSES["sum, sum"][0])
    assert torch.equal(torch.get_rng_state(), before)
