"""Exercise 3 of lesson 05: the loss of a VAE from logits."""

import functools
import math

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, Observation, alike, altered, gradient, same, value
from course_utils.exercises.sentences import CUT_OFF, EPSILON, PROBABILITIES, SURE, SURE_HINT
from course_utils.losses import bernoulli_nll, kl_divergence

SIZES = ((3, 4), (5, 6))  # images, latent dimensions
STEADY = "the loss at a second call"
LOSS = "the loss"
NO_KL = "the loss for mu = 0 and logvar = 0"


def observe_vae_loss(function) -> Observation:
    """The loss in words; values with and without a KL on batches of two sizes, and gradients; then very sure pixels."""
    steady = True
    numbers, sums = {}, {}
    for n, d in SIZES:
        output, x, mu, logvar = inputs = probe(n, d)
        found = measured(function, inputs, f"for {n} images")
        steady = steady and same(measured(function, inputs, f"for {n} images"), found)
        without_kl = value(function(output, x, torch.zeros_like(mu), torch.zeros_like(mu)))
        numbers |= {f"{NO_KL}, {n} images": without_kl} | found
        sums[f"for {n} images of {d} latent dimensions"] = in_words(list(found.values()), right_numbers(n, d))
    seen = {STEADY: "the same" if steady else "another one", LOSS: for_each_size(sums)} | numbers
    if seen[LOSS] != added_up(1, 1):  # that tells the mistake
        return seen
    output, x, mu, logvar = probe(2, 4)
    sure = (300 * output.detach().sign()).requires_grad_()
    return seen | measured(function, (sure, x, mu, logvar), f"for {SURE}")


def probe(n: int, d: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Logits and images of all greys, many pixels 0 or 1, then mu and logvar: (n, 1, 28, 28) twice and (n, d) twice."""
    noise = torch.Generator().manual_seed(n)
    x = (1.5 * torch.rand(n, 1, 28, 28, generator=noise) - 0.25).clamp(0, 1)
    output = torch.randn(x.shape, generator=noise).requires_grad_()
    mu = torch.randn(n, d, generator=noise).requires_grad_()
    logvar = torch.randn(n, d, generator=noise).requires_grad_()
    return output, x, mu, logvar


@functools.cache
def right_numbers(n: int, d: int) -> list[Tensor]:
    """The right loss, and its gradients at logits, mu and logvar."""
    return list(measured(vae_loss, probe(n, d), "").values())


def measured(function, inputs: tuple[Tensor, ...], name: str) -> Observation:
    """A loss, and its gradients at the logits, at mu and at logvar."""
    output, x, mu, logvar = inputs
    loss = function(output, x, mu, logvar)
    return {
        f"the loss {name}": value(loss),
        f"its gradient at the logits {name}": gradient(loss, output),
        f"its gradient at mu {name}": gradient(loss, mu),
        f"its gradient at logvar {name}": gradient(loss, logvar),
    }


def for_each_size(sums: dict[str, str]) -> str:
    """What a loss adds up, with its sizes where it depends on them."""
    first, *_ = sums.values()
    if len(set(sums.values())) == 1:
        return first
    return " and ".join(f"{total} {size}" for size, total in sums.items())


def in_words(found: list[Tensor | str], right: list[Tensor]) -> str:
    """Say what a loss adds up and with which weights, from its value and its gradients at logits, mu and logvar."""
    loss, *slopes = found
    if isinstance(loss, str):
        return loss
    if loss.dim():
        return f"a tensor of shape {tuple(loss.shape)}"
    if alike(loss, right[0]):
        return added_up(1, 1)
    likelihood, kl, kl_too = (factor(slope, known) for slope, known in zip(slopes, right[1:]))
    if not math.isclose(kl, kl_too, rel_tol=1e-4, abs_tol=1e-9):
        kl = math.nan
    total = added_up(likelihood, kl)
    return total + ", and a number beside them" if total == added_up(1, 1) else total


def factor(found: Tensor | str, right: Tensor) -> float:
    """By what a gradient is multiplied, nan if by different numbers at different places."""
    if isinstance(found, str) or not found.any() or not found.isfinite().all():
        return math.nan
    by = ((found * right).sum() / right.square().sum()).item()
    return round(by, 9) if alike(found / by, right) else math.nan


def added_up(likelihood: float, kl: float) -> str:
    """A sum of the two terms with these weights, nan for something else."""
    first = "something else than the likelihood" if math.isnan(likelihood) else f"{times(likelihood)}the likelihood"
    if math.isnan(kl):
        return f"{first} + something else than the KL (exercise 2 checks it)"
    return f"{first} + {times(kl)}the KL"


def times(factor: float) -> str:
    """A factor as one writes it before a term."""
    parts = 1 / factor if 0 < factor < 1 else 0.0
    if abs(factor - 1) < 1e-4:
        return ""
    is_share = parts > 1.5 and abs(parts / round(parts) - 1) < 1e-4
    return f"1/{parts:.0f} × " if is_share else f"{factor:.4g} × "


def per_image(output: Tensor, x: Tensor) -> Tensor:
    return bernoulli_nll(output, x).mean()


def per_code(terms: Tensor) -> Tensor:
    return terms.sum(1).mean()


def loss_of(output, x, mu, logvar, *, pixels=per_image, codes=per_code, join=lambda nll, kl: nll + kl) -> Tensor:
    """The loss with one thing changed."""
    return join(pixels(output, x), codes(kl_divergence(mu, logvar)))


def with_kl(kl):
    """The loss with another KL for each dimension, from mu and logvar."""
    return lambda output, x, mu, logvar: per_image(output, x) + kl(mu, logvar).sum(1).mean()


def vae_loss(output: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    return loss_of(output, x, mu, logvar)


def bce(output: Tensor, x: Tensor, reduction: str = "mean") -> Tensor:
    return F.binary_cross_entropy_with_logits(output, x, reduction=reduction)


def of_probabilities(p: Tensor, x: Tensor, tiny: float = 0.0) -> Tensor:
    return -(x * (p + tiny).log() + (1 - x) * (1 - p + tiny).log()).flatten(1).sum(1).mean()


def squared(function, factor: float, mean: bool):
    """The loss with a squared error in place of the Bernoulli likelihood, as tutorials write it."""

    def error(output, x):
        terms = factor * (function(output) - x) ** 2
        return terms.mean() if mean else terms.flatten(1).sum(1).mean()

    return altered(loss_of, pixels=error)


NOT_FINITE = (
    "this takes the logarithm of a probability that can round to 0, or the exponential of a large logit, and is not "
    "finite for sure pixels; `softplus` or `binary_cross_entropy_with_logits` work on the logits themselves."
)
SQUARED = (
    "this is a squared error, the likelihood of a Gaussian: pixels that are 1 with a probability need the binary "
    "cross-entropy, from logits."
)
BLACK_AND_WHITE = (
    "the images are made black and white first: a grey level is the probability that a pixel is 1, and the "
    "cross-entropy takes it as it is."
)
LOSS_MISTAKES = {
    altered(loss_of, pixels=bce): (
        "the likelihood is a mean over pixels, the KL a sum: the KL weighs 784 times too much, this is β = 784. Sum "
        "over the pixels of an image, and take the mean over the batch only."
    ),
    altered(loss_of, pixels=bce, codes=torch.mean): (
        "both terms are means over everything, one divided by 784 pixels, the other only by the latent dimensions, so "
        "that the KL weighs too much. Sum over both, and take the mean over the batch only."
    ),
    altered(loss_of, pixels=bce, codes=torch.sum): (
        "the likelihood is a mean over everything, the KL a sum over everything: the KL weighs 784 times the batch "
        "size too much. Sum over pixels and dimensions, and take the mean over the batch for both."
    ),
    altered(loss_of, join=lambda nll, kl: (nll + kl) / 784): (
        "the two terms are in balance, but all is divided by the 784 pixels: give nats for each image, not each pixel."
    ),
    lambda output, x, mu, logvar: len(x) * vae_loss(output, x, mu, logvar): (
        "this is the sum over the batch; with the mean, the loss does not grow with the batch size."
    ),
    altered(loss_of, codes=torch.sum): (
        "the likelihood is a mean over the batch, the KL is not, so that it weighs more in a larger batch: take the "
        "mean of both."
    ),
    altered(loss_of, pixels=lambda output, x: bce(output, x, "sum")): (
        "the KL is a mean over the batch, the likelihood is not: divide its sum by the number of images."
    ),
    altered(loss_of, codes=torch.mean): (
        "the KL is a mean over the latent dimensions: the KL of a code is their sum, only the batch is averaged."
    ),
    altered(loss_of, join=lambda nll, kl: nll - kl): (
        "the KL is subtracted: the loss would reward codes for leaving the prior. Add it."
    ),
    altered(loss_of, join=lambda nll, kl: -nll - kl): (
        "this is the bound itself, which is to grow: the loss is minus the bound, -log p(x | z) plus the KL."
    ),
    altered(loss_of, join=lambda nll, kl: nll): "the KL is missing: this is the loss of a plain autoencoder.",
    altered(loss_of, join=lambda nll, kl: kl): (
        "the likelihood is missing: with the KL alone all codes become the prior, and no image is rebuilt."
    ),
    altered(loss_of, join=lambda nll, kl: nll + 2 * kl): "the half of the KL is missing, so that it counts twice.",
    altered(loss_of, pixels=lambda output, x: per_image(output.sigmoid(), x)): (
        "the sigmoid is applied twice: `binary_cross_entropy_with_logits` and `softplus` take the logits themselves."
    ),
    altered(loss_of, pixels=lambda output, x: of_probabilities(output.sigmoid(), x)): NOT_FINITE,
    altered(loss_of, pixels=lambda output, x: ((1 + output.exp()).log() - x * output).sum() / len(x)): NOT_FINITE,
    altered(loss_of, pixels=lambda output, x: F.binary_cross_entropy(output.sigmoid(), x, reduction="sum") / len(x)): (
        PROBABILITIES
    ),
    altered(loss_of, pixels=bernoulli_nll, codes=lambda terms: terms.sum(1)): (
        "this is one number for each image; take the mean over the batch."
    ),
    lambda output, x, mu, logvar: vae_loss(output, x, mu, logvar) * len(x) / 784: (
        "the sum over pixels and batch is divided by 784, the number of pixels: divide by the number of images."
    ),
    altered(loss_of, pixels=lambda output, x: per_image(x, output)): (
        "logits and images have changed places: the logits come first, what they are compared with second."
    ),
    altered(loss_of, join=lambda nll, kl: -nll + kl): (
        "the sign of the likelihood is wrong: -log p(x | z) is the cross-entropy itself, which is to get smaller. Here "
        "the decoder would be rewarded for rebuilding badly."
    ),
    altered(loss_of, join=lambda nll, kl: nll + kl / 784): (
        "the KL alone is divided by 784, so that it weighs too little: this is "
        "β = 1/784. Both terms are in nats for each image."
    ),
    altered(loss_of, pixels=lambda output, x: per_image(output, (x > 0.5).float())): BLACK_AND_WHITE,
    altered(loss_of, pixels=lambda output, x: per_image(output, (x > 0).float())): BLACK_AND_WHITE,
    altered(loss_of, pixels=lambda output, x: per_image(output, torch.bernoulli(x))): BLACK_AND_WHITE,
    altered(loss_of, pixels=lambda output, x: per_image(output, 2 * x - 1)): (
        "the images are stretched to [-1, 1], where a pixel is no probability: leave them in [0, 1]."
    ),
    altered(loss_of, pixels=lambda output, x: (output.sigmoid() - x).abs().flatten(1).sum(1).mean()): (
        "this is an absolute error: pixels that are 1 with a probability need the binary cross-entropy, from logits."
    ),
    lambda output, x, mu, logvar: vae_loss(output, x, logvar, mu): (
        "mu and logvar are swapped in the KL: mu is squared, logvar goes into the exponential."
    ),
    with_kl(lambda mu, logvar: 0.5 * (mu**2 - logvar.exp() - 1 - logvar)): (
        "the sign of exp(logvar) is wrong: in -1/2 · (1 + logvar - mu² - exp(logvar)) both mu² and exp(logvar) are "
        "subtracted."
    ),
    with_kl(lambda mu, logvar: kl_divergence(mu, F.softplus(logvar).log())): (
        "the variance is softplus(logvar) here: that is another way to keep it positive, in which the network's output "
        "is no logarithm. The variance of a code is exp(logvar)."
    ),
    lambda *args: (vae_loss(*args),): "several values come back: return one number, the sum of both terms.",
    lambda *args: vae_loss(*args).item(): CUT_OFF,
} | {
    altered(loss_of, pixels=lambda output, x, tiny=tiny: of_probabilities(output.sigmoid(), x, tiny)): EPSILON
    for tiny in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
} | {
    squared(function, factor, mean): SQUARED
    for function in (torch.sigmoid, lambda output: output) for factor in (0.5, 1.0) for mean in (False, True)
}  # fmt: skip

LOSS_HINTS = {
    STEADY: (
        "the loss changes from call to call on the same inputs: nothing is drawn in it, and no weight may grow with "
        "the calls."
    )
} | {f"{what} for {SURE}": SURE_HINT for what in ("the loss", "its gradient at the logits")}

check_vae_loss = Exercise(vae_loss, observe_vae_loss, LOSS_MISTAKES, LOSS_HINTS)
