"""Exercise 1 of lesson 05: drawing a code so that gradients pass through it."""

import torch
from torch import Tensor
from torch.distributions import Normal

from course_utils.exercises.checker import Exercise, Observation, altered, gradient, value
from course_utils.exercises.lesson_01.sample_mixture import rounded
from course_utils.plumbing.device import forked_random
from course_utils.vae import reparameterize

ROWS = 10_000  # of each kind; the rows of one kind have the same mu and logvar, so that their spread is the noise
MEANS = torch.tensor([[1.0, -1.0, 0.5], [1.0, -1.5, 1.0]])  # with these numbers no known answer is near the border
SIGMAS = torch.tensor([[0.25, 0.5, 2.0], [4.0, 2.0, 0.5]])  # between two steps of the rounding below
Z, NOISE = "z", "the noise in z"


def observe_reparameterize(function) -> Observation:
    """Shape, kind of noise, statistics and, where these are right, the gradients of z for two kinds of rows."""
    mu = MEANS.repeat_interleave(ROWS, 0).requires_grad_()
    logvar = (2 * SIGMAS.log()).repeat_interleave(ROWS, 0).requires_grad_()
    with forked_random(0, torch.device("cpu")):
        z, again = function(mu, logvar), function(mu, logvar)
    if not isinstance(z, Tensor):
        return {Z: value(z)}
    if z.shape != mu.shape:
        return {Z: f"a tensor of shape {tuple(z.shape)}"}
    seen = {Z: f"a tensor of shape {tuple(mu.shape)}", NOISE: kind_of_noise(value(z), value(again))}
    offset = (value(z) - mu.detach()).float().view(2, ROWS, 3)
    if seen[NOISE] == "none":
        seen["z - mu"] = offset[:, 0]
    if seen[NOISE] != "fresh for every row and at every call":
        return seen
    seen |= statistics(offset)
    if right_noise(offset):
        seen |= gradients(z, mu, logvar)
    return seen


def kind_of_noise(z: Tensor, again: Tensor) -> str:
    """Say whether z can be used at all, and whether its noise is new for each row and at the next call."""
    if not z.isfinite().all():
        return "not a number in places"
    changes, varies = not torch.equal(z, again), z.view(2, ROWS, 3).std(1).max() > 1e-3
    if varies:
        return "fresh for every row and at every call" if changes else "the same at every call"
    return "the same in every row" if changes else "none"


def statistics(offset: Tensor) -> Observation:
    """What the noise of each kind of rows and each dimension looks like, so coarse that every seed gives the same."""
    std = offset.std(1)  # (2, 3)
    standard = (offset - offset.mean(1, keepdim=True)) / std[:, None]
    return {
        "the mean of z - mu, in standard deviations": rounded(offset.mean(1) / std, 0.25) + 0.0,  # makes -0 a 0
        "the standard deviation of z over sigma": 2 ** rounded((std / SIGMAS).log2(), 0.25),
        "the correlation of two dimensions of z": rounded(offset[0].T.corrcoef()[0, 1].abs(), 0.5),
        "the share of noise beyond two standard deviations": rounded((standard.abs() > 2).float().mean(), 0.05),
    }


def right_noise(offset: Tensor) -> bool:
    """Tell whether mean and width are right; elsewhere the gradients would only add noise to what is seen."""
    _, std, *_ = seen = list(statistics(offset).values())
    return not seen[0].any() and bool((std == 1).all())


def gradients(z: Tensor, mu: Tensor, logvar: Tensor) -> Observation:
    """The slope of z over mu, which is 1, and over logvar, which is half of z - mu."""
    at_mu, at_logvar = gradient(z, mu), gradient(z, logvar)
    if isinstance(at_logvar, Tensor):
        at_logvar = (at_logvar / (z - mu).detach()).nanmedian()  # a z exactly at mu makes 0 / 0
    found = {"the gradient of z at mu": at_mu, "the gradient of z at logvar, over z - mu": at_logvar}
    return {  # torch.normal passes zeros on, which is as good as nothing
        name: seen.mean() if isinstance(seen, Tensor) and seen.any() else "no gradient" for name, seen in found.items()
    }


def drawn(mu, logvar, *, scale=lambda logvar: (0.5 * logvar).exp(), eps=torch.randn_like) -> Tensor:
    """The code with one thing changed."""
    return mu + scale(logvar) * eps(mu)


def seeded(mu: Tensor) -> Tensor:
    torch.manual_seed(0)
    return torch.randn_like(mu)


check_reparameterize = Exercise(
    reparameterize,
    observe_reparameterize,
    {
        altered(drawn, scale=lambda logvar: logvar): (
            "logvar itself is taken for the standard deviation: it is the logarithm of the variance, and "
            "sigma = exp(logvar / 2)."
        ),
        altered(drawn, scale=lambda logvar: 0.5 * logvar): (
            "the exponential is missing: half of logvar is log sigma, and sigma is its exponential."
        ),
        altered(drawn, scale=torch.exp): (
            "the noise is multiplied with the variance exp(logvar): sigma is its root, exp(logvar / 2)."
        ),
        altered(drawn, scale=lambda logvar: 0.5 * logvar.exp()): (
            "this is half the variance: the half belongs inside the exponential, `(0.5 * logvar).exp()`."
        ),
        altered(drawn, scale=lambda logvar: (-0.5 * logvar).exp()): (
            "this is 1 / sigma: the minus in the exponent turns wide codes into narrow ones. Leave it out."
        ),
        altered(drawn, scale=torch.sqrt): (
            "z is not a number in places: a log-variance may be negative, and then has no root and no logarithm. "
            "Take the exponential; sigma = exp(logvar / 2)."
        ),
        altered(drawn, scale=torch.ones_like): (
            "sigma is left out: multiply the noise with exp(logvar / 2) before you add it to mu."
        ),
        altered(drawn, eps=lambda mu: 0.0): "there is no noise: this is mu, the code of a plain autoencoder.",
        altered(drawn, eps=lambda mu: 1.0): (
            "sigma is added without noise, so that z never changes: multiply it with `torch.randn_like(mu)` first."
        ),
        altered(drawn, eps=torch.rand_like): (
            "the noise is uniform: `torch.rand` draws from [0, 1), `torch.randn` from a standard Gaussian."
        ),
        altered(drawn, eps=lambda mu: torch.randn(mu.shape[1])): (
            "every row gets the same noise: each image needs its own. Draw eps in the shape of mu, (N, d)."
        ),
        altered(drawn, eps=lambda mu: torch.randn(len(mu), 1)): (
            "all dimensions of a code get one number, so that they move together: draw eps of shape (N, d), not (N, 1)."
        ),
        altered(drawn, eps=seeded): (
            "each call gives the same noise: leave out the seed or the generator inside, eps is drawn anew each time."
        ),
        lambda mu, logvar: (mu + torch.randn_like(mu)) * (0.5 * logvar).exp(): (
            "mu is multiplied with sigma as well: only the noise is. Mind the parentheses."
        ),
        lambda mu, logvar: mu * (0.5 * logvar).exp() + torch.randn_like(mu): (
            "mu and the noise have changed places: sigma multiplies the noise, and mu is added."
        ),
        lambda mu, logvar: drawn(0.0 * mu, logvar): "mu is missing: the codes of all images lie around 0.",
        lambda mu, logvar: Normal(mu, (0.5 * logvar).exp()).sample(): (
            "the codes are right, but no gradient passes through them: `sample()` and `torch.normal` draw z itself. "
            "Draw eps and compute mu + sigma * eps, as `rsample()` does."
        ),
        lambda mu, logvar: drawn(mu, logvar.detach()): (
            "the gradient reaches mu but not logvar, so that the encoder cannot learn how wide to be: leave out "
            "`.detach()`, `.data` and `no_grad` around sigma."
        ),
    },
)
