"""Exercise 3 of lesson 06: a loss with five bugs; what is still wrong with it tells which of them are left."""

from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from course_utils.exercises.checker import Exercise, Observation, altered, gradient, value
from course_utils.exercises.sentences import CUT_OFF
from course_utils.plumbing.device import forked_random

COUNT = (
    "",
    "one bug is left",
    "two bugs are left",
    "three bugs are left",
    "four bugs are left",
    "all five bugs are left",
)
BUGS = {  # in the order in which they are named; what gives them away, not the code that mends them
    "range": "a Bernoulli likelihood is for pixels in [0, 1], and here they reach below 0",
    "width": "the codes have the wrong width; think what `logvar` is the logarithm of, and what the noise is "
    "multiplied with",
    "shape": "pixels and logits differ in shape, so that every image is compared with every other one; look at both "
    "shapes, and at that of their product",
    "sign": "the KL is never negative, and here it is, so that the loss gets smaller as the codes leave the prior",
    "half": "the KL is not what it should be by a factor; compare it with its closed form, term by term",
}


def observe_mended_loss(function) -> Observation:
    """Values and gradients for batches of two sizes, with a linear encoder and decoder."""
    seen = {}
    for n, d in ((4, 3), (6, 2)):
        with forked_random(0, torch.device("cpu")):
            encoder, decoder = nn.Linear(784, 2 * d), nn.Linear(d, 784)
            with torch.no_grad():
                encoder.weight *= 4  # codes so far from the prior that no bug hides behind rounding
            images, eps = torch.rand(n, 1, 28, 28).round(decimals=1), torch.randn(n, d)
            loss = function(encoder, decoder, images, eps)
        seen[f"the loss for {n} images"] = value(loss)
        for name, network in (("encoder", encoder), ("decoder", decoder)):
            found = gradient(loss, network.weight)  # its single entries are too near 0 to compare up to rounding
            length = found.norm() if isinstance(found, Tensor) else found
            seen[f"the length of its gradient at the {name}'s weights for {n} images"] = length
    return seen


def loss_with(encoder, decoder, images, eps, *, bugs=(), noise=None, pixels=torch.sum, join=torch.add) -> Tensor:
    """The loss with some of the bugs, or with one thing changed."""
    x = 2 * images - 1 if "range" in bugs else images
    mu, logvar = encoder(images.flatten(1)).chunk(2, dim=1)  # (N, d), (N, d)
    sigma = logvar.exp() if "width" in bugs else (0.5 * logvar).exp()
    output = decoder(mu + sigma * (eps if noise is None else noise(eps)))  # (N, 784)
    x = x.flatten(2) if "shape" in bugs else x.flatten(1)
    reconstruction = pixels(softplus(output) - x * output, -1).mean()
    kl = (mu**2 + logvar.exp() - 1 - logvar).sum(1).mean()
    return join(reconstruction, (-1 if "sign" in bugs else 1) * (1 if "half" in bugs else 0.5) * kl)


def mended_loss(encoder: nn.Module, decoder: nn.Module, images: Tensor, eps: Tensor) -> Tensor:
    return loss_with(encoder, decoder, images, eps)


def left(bugs: tuple[str, ...]) -> str:
    """Name the first of the bugs that are left, and how many there are."""
    return f"{COUNT[len(bugs)]}{': ' if len(bugs) == 1 else '; one of them: '}{BUGS[bugs[0]]}."


check_mended_loss = Exercise(
    mended_loss,
    observe_mended_loss,
    {
        altered(loss_with, bugs=bugs): left(bugs)
        for count in range(1, len(BUGS) + 1)
        for bugs in combinations(BUGS, count)
    }
    | {
        altered(loss_with, join=lambda nll, kl: -nll - kl): (
            "no bug is left, but this is the bound itself: the loss is minus the bound, so that smaller is better."
        ),
        altered(loss_with, pixels=torch.mean): (
            "no bug is left, but there is a new one: this is a mean over the pixels, so that the KL weighs 784 times "
            "too much. Sum over the pixels of an image."
        ),
        altered(loss_with, join=lambda nll, kl: (nll + kl) / 784): (
            "no bug is left, but the whole loss is divided by 784: give nats for each image, not for each pixel."
        ),
        lambda encoder, decoder, images, eps: len(images) * mended_loss(encoder, decoder, images, eps): (
            "no bug is left, but this is the sum over the batch: take the mean."
        ),
        altered(loss_with, join=lambda nll, kl: nll): "the KL is gone: mend it, its place in the loss is right.",
        altered(loss_with, noise=lambda eps: 0 * eps): (
            "the noise is gone: the codes are to be drawn from N(mu, exp(logvar)), with `eps`."
        ),
        altered(loss_with, noise=torch.randn_like): (
            "noise is drawn anew: use `eps`, which is passed so that the loss can be compared."
        ),
        lambda *args: mended_loss(*args).detach(): CUT_OFF,
    },
)
