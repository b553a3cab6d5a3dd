"""Exercise 2 of lesson 05: the KL divergence of a code from the prior, in closed form."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from course_utils.exercises.checker import Exercise, Observation, alike, gradient, value
from course_utils.exercises.sentences import CUT_OFF
from course_utils.losses import kl_divergence

STEADY = "the KL at a second call"
ALONE = "for 1 code with 4 dimensions"
SIZES = {"for 5 codes with 3 dimensions": (5, 3), "for 7 codes with 2 dimensions": (7, 2), ALONE: (1, 4)}


def observe_kl(function) -> Observation:
    """Whether the KL is drawn, where it is 0, its sign, values and gradients for batches of three sizes."""
    noise = torch.Generator().manual_seed(0)
    probe = torch.randn(4, 3, generator=noise), torch.randn(4, 3, generator=noise)
    steady = alike(value(function(*probe)), value(function(*probe)))
    seen = {
        STEADY: "the same" if steady else "another one",
        "the KL for mu = 0 and logvar = 0": value(function(torch.zeros(4, 3), torch.zeros(4, 3))),
    }
    for name, size in SIZES.items():
        mu = torch.randn(size, generator=noise).requires_grad_()
        logvar = torch.randn(size, generator=noise).requires_grad_()
        result = function(mu, logvar)
        found = value(result)
        negative = isinstance(found, Tensor) and (found < 0).any()
        seen[f"the KL {name}"] = "negative in places" if negative else "never negative"
        seen[f"the values of the KL {name}"] = found
        seen[f"the gradient of the KL at mu {name}"] = gradient(result, mu)
        seen[f"the gradient of the KL at logvar {name}"] = gradient(result, logvar)
    return seen


def kl(mu: Tensor, logvar: Tensor) -> Tensor:
    return kl_divergence(mu, logvar).sum(1)


def half(terms: Tensor) -> Tensor:
    return 0.5 * terms.sum(1)


check_kl = Exercise(
    kl,
    observe_kl,
    {
        lambda m, v: 2 * kl(m, v): "this is twice the KL: the half in front of the sum is missing.",
        lambda m, v: half(m**2) + (v.exp() - 1 - v).sum(1): (
            "the half reaches only the square of mu: put parentheses around all four terms."
        ),
        lambda m, v: -kl(m, v): (
            "the sign is wrong: a KL divergence is never negative. With the half, it is mu² + exp(logvar) - 1 - logvar."
        ),
        lambda m, v: kl_divergence(m, v).mean(1): (
            "this is the mean over the dimensions of the code: the KL of the whole code is their sum."
        ),
        lambda m, v: kl_divergence(m, v).sum(): (
            "this is the sum over the batch as well: one number for each image is asked for. Sum over `dim=1` only."
        ),
        lambda m, v: kl(m, v).mean(): (
            "this is the mean over the batch: keep one number for each image; the loss will take the mean."
        ),
        lambda m, v: kl_divergence(m, v).mean(): (
            "this is the mean over everything: sum over the dimensions of the code, and keep the batch."
        ),
        kl_divergence: "this is one number for each dimension: sum over them, `dim=1`.",
        lambda m, v: kl_divergence(m, v).sum(0): (
            "this is summed over the images, one number for each dimension is left: sum over `dim=1`."
        ),
        lambda m, v: half(m**2 + v.exp() - v): (
            "the -1 is missing: the KL must be 0 for mu = 0 and logvar = 0, and here each dimension leaves 1/2."
        ),
        lambda m, v: half(m**2 + (2 * v).exp() - 1 - 2 * v): (
            "logvar is taken for log sigma: it is the log of the variance already, leave out the factor 2 (or square)."
        ),
        lambda m, v: half(m**2 + v - 1 - v.log()): (
            "logvar is taken for the variance: the variance is exp(logvar), and its logarithm is logvar itself."
        ),
        lambda m, v: half(m**2 + v**2 - 1 - (v**2).log()): (
            "logvar is taken for sigma: the variance is exp(logvar), and its logarithm is logvar itself."
        ),
        lambda m, v: half(m**2 + v - 1 - v): (
            "the exponential is missing, so that logvar cancels: the variance enters as exp(logvar)."
        ),
        lambda m, v: half(m**2 + v.exp() - 1 + v): "the sign of logvar is wrong: its term is subtracted.",
        lambda m, v: half((1 + m**2) / v.exp() - 1 + v): (
            "this is the KL the other way round, of the prior from the code: here the variance of the code stands in "
            "the numerator, and nothing is divided."
        ),
        lambda m, v: half(m + v.exp() - 1 - v): "mu is not squared: its sign must not matter.",
        lambda m, v: half(v.exp() - 1 - v): "mu is left out: a code far from 0 costs half its squared distance.",
        lambda m, v: half(m**2 + (0.5 * v).exp() - 1 - v): (
            "exp(logvar / 2) is sigma; the KL has its square, the variance exp(logvar)."
        ),
        lambda m, v: half(m**2 + v.exp() ** 2 - 1 - v): (
            "the variance is squared: exp(logvar) is sigma² already, leave out the second square."
        ),
        lambda m, v: half(m**2 + v.exp() - 1 - 2 * v): (
            "logvar is counted twice: it is log sigma² already, the factor 2 belongs to log sigma."
        ),
        lambda m, v: half(m**2 + v**2 - 1 - v): "logvar² is not the variance: that is exp(logvar).",
        lambda m, v: kl(m, v).detach(): CUT_OFF,
        lambda m, v: half(m**2 - v.exp() - 1 - v): (
            "the sign of exp(logvar) is wrong: in -1/2 · (1 + logvar - mu² - exp(logvar)) both mu² and exp(logvar) are "
            "subtracted."
        ),
        lambda m, v: half(m**2 + v.exp() + 1 - v): "the sign of the 1 is wrong: it is subtracted.",
        lambda m, v: kl(v, m): ("mu and logvar are swapped: mu is squared, logvar goes into the exponential."),
        lambda m, v: kl(m, softplus(v).log()): (
            "the variance is softplus(logvar) here: that is another way to keep it positive, in which the network's "
            "output is no logarithm. The variance of a code is exp(logvar)."
        ),
        lambda m, v: kl(m, v) / len(m): (
            "this is divided by the number of images, and still one number for each: the loss will take the mean."
        ),
        lambda m, v: kl(m, v) / 784: "this is divided by the 784 pixels: the KL is that of a code, in nats.",
    },
    hints={
        STEADY: (
            "two calls on the same code differ: this estimates the KL from drawn codes. Between two Gaussians it has a "
            "closed form, and nothing has to be drawn."
        ),
        f"the values of the KL {ALONE}": (
            "right for several codes, but not for one alone: `squeeze()` removes the axis of the images too. Sum over "
            "`dim=1`, which keeps it."
        ),
    },
)
