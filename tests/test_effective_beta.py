"""What β a loss really uses, for forms whose β follows by hand."""

import math
import re

import numpy as np
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
}


@pytest.mark.parametrize("name", NO_ELBO)
def test_a_loss_that_is_no_weighted_elbo_is_called_so(name):
    assert str(effective_beta(NO_ELBO[name])) == "not a weighted ELBO"


def drawn_kl(mu, logvar):
    """Estimate the KL from one draw of the code."""
    eps = torch.randn_like(mu)
    z = mu + (0.5 * logvar).exp() * eps
    return 0.5 * (z**2 - eps**2 - logvar).sum()


def drawn_kl_of_a_confused_scale(mu, logvar):
    eps = torch.randn_like(mu)
    z = mu + logvar.exp() * eps
    return 0.5 * (z**2 - eps**2 - logvar).sum()


SMALL = {"batch_size": 32, "shape": (1, 8, 8)}  # where the answer may be rough, but has to come soon


BINARY = {  # how a loss makes its targets 0 or 1, or insists on such
    "threshold": lambda o, x: bce("sum")(o, (x > 0.5).to(x.dtype)),
    "threshold in single precision": lambda o, x: bce("sum")(o, (x > 0.5).float()),
    "drawn": lambda o, x: bce("sum")(o, torch.bernoulli(x)),
    "distribution": lambda o, x: -torch.distributions.Bernoulli(o).log_prob(x).sum(),
}


@pytest.mark.parametrize("name", BINARY)
def test_binary_targets_with_the_exact_kl_are_an_elbo(name):
    found = effective_beta(of(BINARY[name], lambda mu, logvar: kl(mu, logvar).sum(), 3))
    assert str(found) == "β = 3 (with targets of 0 and 1)"
    assert found.beta == pytest.approx(3, rel=1e-6)


@pytest.mark.parametrize("weight", [1e-2, 1e-3, 2.5e-4, 1e-4])
def test_a_small_weight_in_single_precision_is_told(weight):
    def loss(output, x, mu, logvar):
        return bce("sum")(output.float(), x.float()) + weight * kl(mu.float(), logvar.float()).sum()

    assert effective_beta(loss).beta == pytest.approx(weight, rel=5e-3)


@pytest.mark.parametrize("weight", [3e-6, 1e-6])
def test_a_weight_that_is_lost_in_rounding_is_not_guessed(weight):
    def loss(output, x, mu, logvar):
        return bce("sum")(output.float(), x.float()) + weight * kl(mu.float(), logvar.float()).sum()

    text = str(effective_beta(loss))
    assert text.startswith("β cannot be told: one of its two terms is lost in the rounding of float32: compute")


@pytest.mark.parametrize("weight", [1e-3, 2.5e-4])
@pytest.mark.parametrize("wrong", ["confused", "no variance"])
def test_a_wrong_kl_of_small_weight_in_single_precision_is_none(weight, wrong):
    def loss(output, x, mu, logvar):
        spread = logvar.exp() ** 2 - 1 - 2 * logvar if wrong == "confused" else 0 * logvar
        return bce("sum")(output.float(), x.float()) + weight * 0.5 * (mu**2 + spread).float().sum()

    assert str(effective_beta(loss)) == "not a weighted ELBO"


@pytest.mark.parametrize("weight", [1, 0.1])
def test_a_kl_from_one_draw_is_told_with_its_error(weight):
    found = effective_beta(of(bce("sum"), drawn_kl, weight))
    assert 0 < found.error < 0.01 * weight and abs(found.beta - weight) < 4 * found.error
    assert str(found) == f"β = {found.beta:.3g} ± {found.error:.1g} (the loss is random: mean of 16 draws)"


def test_a_wrong_kl_from_one_draw_is_no_weighted_elbo():
    assert str(effective_beta(of(bce("sum"), drawn_kl_of_a_confused_scale))) == "not a weighted ELBO"


def test_a_random_loss_gets_the_same_answer_each_time():
    loss = of(bce("sum"), drawn_kl)
    first, second = (effective_beta(loss, **SMALL) for _ in range(2))
    assert first == second and first.error > 0


RIGHT = of(bce("sum"), lambda mu, logvar: kl(mu, logvar).sum())


def flat_kl(mu, logvar):
    return kl(mu, logvar).sum()


ONE = {  # what people return and how they flatten, with β = 1
    "one entry": lambda *inputs: RIGHT(*inputs).reshape(1),
    "a Python number": lambda *inputs: RIGHT(*inputs).item(),
    "a dict with a loss": lambda *inputs: {"loss": RIGHT(*inputs), "kl": 3},
    "flat targets": lambda o, x, m, v: bce("sum")(o, x.view(-1, 784)) + flat_kl(m, v),
    "flat output and targets": lambda o, x, m, v: bce("sum")(o @ torch.eye(784, dtype=o.dtype), x) + flat_kl(m, v),
    "both flattened": lambda o, x, m, v: bce("sum")(o.flatten(1), x.flatten(1)) + flat_kl(m, v),
    "half in single precision": lambda o, x, m, v: bce("sum")(o, x) + flat_kl(m.float(), v.float()),
    "inputs overwritten": lambda o, x, m, v: bce("sum")(o.clamp_(1e-9, 1), x) + flat_kl(m, v.mul_(2).div_(2)),
}


@pytest.mark.parametrize("name", ONE)
def test_what_is_meant_as_one_number_is_taken_as_one(name):
    assert str(effective_beta(ONE[name])) == "β = 1"


NO_NUMBER = {
    "tuple": (lambda *inputs: (RIGHT(*inputs), 1.0), "got a tuple of 2: pass a function that returns the total alone"),
    "dict": (
        lambda *inputs: {"bce": 1.0, "kl": 2.0},
        "got a dict of bce, kl: pass a function that returns their total",
    ),
    "many numbers": (lambda o, x, m, v: kl(m, v).sum(1), r"got a float64 tensor of shape \(64,\)"),
    "half precision": (lambda *inputs: RIGHT(*inputs).half(), r"got a float16 tensor of shape \(\)"),
    "nothing": (lambda *inputs: None, "got nothing: does it end in `return`?"),
    "words": (lambda *inputs: "3", "got a str"),
    "an error": (lambda o, x, m, v: o.nonsense, "'Tensor' object has no attribute 'nonsense'"),
    "three arguments": (lambda o, x, m: 0.0, "takes 3 positional arguments but 4 were given"),
    "no function": (3, "'int' object is not callable"),
}


@pytest.mark.parametrize("name", NO_NUMBER)
def test_a_loss_without_a_number_is_told_in_one_sentence(name):
    loss, sentence = NO_NUMBER[name]
    text = str(effective_beta(loss))
    assert text.startswith("β cannot be told: ") and "\n" not in text
    assert re.search(sentence.replace("?", r"\?"), text)


def test_probabilities_wanted_where_logits_are_given_are_told_in_one_sentence():
    text = str(effective_beta(RIGHT, logits=True))
    assert text == "β cannot be told: all elements of input should be between 0 and 1"


@pytest.fixture
def odd_state():
    """Set what a learner may have set globally; put it back."""
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    yield
    torch.set_grad_enabled(True)
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("loss", [RIGHT, of(bce("sum"), drawn_kl)], ids=["exact", "drawn"])
def test_the_state_of_the_learner_changes_no_answer(loss, request):
    plain = effective_beta(loss, **SMALL)
    torch.manual_seed(5)
    request.getfixturevalue("odd_state")
    assert effective_beta(loss, **SMALL) == plain and plain.beta == pytest.approx(1, abs=0.05)


def test_asking_leaves_the_state_of_the_learner_alone(odd_state):
    before = torch.get_rng_state()
    numpy_before = np.random.get_state()[1].copy()

    def loss(output, x, mu, logvar):
        np.random.rand()
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
        return RIGHT(output, x, mu, logvar) + 0 * torch.randn(()).to("cpu")

    effective_beta(loss)
    assert torch.equal(torch.get_rng_state(), before) and (np.random.get_state()[1] == numpy_before).all()
    assert torch.get_default_dtype() == torch.float64 and not torch.is_grad_enabled()
    assert torch.get_default_device() == torch.device("meta")


@pytest.mark.parametrize("sizes", [{"batch_size": 0}, {"latent_dim": 2.5}])
def test_sizes_that_are_none_are_told(sizes):
    with pytest.raises(ValueError, match="to be a whole number of at least 1, got"):
        effective_beta(RIGHT, **sizes)
