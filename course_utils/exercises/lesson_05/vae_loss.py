"""Exercise 3 of lesson 05: the loss of a VAE from logits."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, Observation, altered, gradient, value
from course_utils.exercises.sentences import CUT_OFF, EPSILON, PROBABILITIES, SURE, SURE_HINT
from course_utils.losses import bernoulli_nll, kl_divergence

NO_KL = "the loss for mu = 0 and logvar = 0"
FIRST = "the loss for 3 images"


def observe_vae_loss(function) -> Observation:
    """Values and gradients without a KL, on batches of two sizes with codes of two, and for very sure pixels."""
    noise = torch.Generator().manual_seed(0)
    seen = {}
    for name, n, d, sure in (("3 images", 3, 4, 0), ("5 images", 5, 6, 0), (SURE, 2, 4, 300)):
        x = (1.5 * torch.rand(n, 1, 28, 28, generator=noise) - 0.25).clamp(0, 1)  # greys, and many exact 0 and 1
        output = torch.randn(x.shape, generator=noise)
        output = (sure * output.sign() if sure else output).requires_grad_()
        mu, logvar = (torch.randn(n, d, generator=noise).requires_grad_() for _ in range(2))
        if not seen:
            seen[NO_KL] = value(function(output, x, torch.zeros(n, d), torch.zeros(n, d)))
        loss = function(output, x, mu, logvar)
        seen[f"the loss for {name}"] = value(loss)
        for what, inputs in (("logits", output), ("mu", mu), ("logvar", logvar)):
            seen[f"its gradient at the {what} for {name}"] = gradient(loss, inputs)
    return seen


def per_image(output: Tensor, x: Tensor) -> Tensor:
    return bernoulli_nll(output, x).mean()


def per_code(terms: Tensor) -> Tensor:
    return terms.sum(1).mean()


def loss_of(output, x, mu, logvar, *, pixels=per_image, codes=per_code, join=lambda nll, kl: nll + kl) -> Tensor:
    """The loss with one thing changed."""
    return join(pixels(output, x), codes(kl_divergence(mu, logvar)))


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
    FIRST: "right for mu = 0 and logvar = 0, wrong elsewhere: the likelihood is right, the mistake is in the KL, which "
    "exercise 2 checks."
} | {f"{what} for {SURE}": SURE_HINT for what in ("the loss", "its gradient at the logits")}

check_vae_loss = Exercise(vae_loss, observe_vae_loss, LOSS_MISTAKES, LOSS_HINTS)
