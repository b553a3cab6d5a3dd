"""Exercise 1 of lesson 05: drawing a code so that gradients pass through it."""

import torch
from torch import Tensor
from torch.distributions import Normal
from torch.nn.functional import softplus

from course_utils.exercises.checker import Exercise, Observation, altered, gradient, value
from course_utils.exercises.lesson_01.sample_mixture import rounded
from course_utils.vae import reparameterize

ROWS = 10_000  # of each kind; the rows of one kind have the same mu and logvar, so that their spread is the noise
MEANS = torch.tensor([[1.0, -1.0, 0.5], [1.0, -1.5, 1.5]])
SIGMAS = torch.tensor([[0.25, 0.5, 2.0], [8.0, 4.0, 0.5]])  # no mean of their logarithms, along any axis, is 0
Z, NOISE = "z", "the noise in z"
FRESH = "fresh for every row and at every call"


def observe_reparameterize(function) -> Observation:
    """Shape, kind of noise, statistics and, where these are right, the gradients of z for two kinds of rows."""
    few = function(torch.zeros(7, 5), torch.zeros(7, 5))
    mu = MEANS.repeat_interleave(ROWS, 0).requires_grad_()
    logvar = (2 * SIGMAS.log()).repeat_interleave(ROWS, 0).requires_grad_()
    z = function(mu, logvar)
    again = function(mu, logvar)
    seen = {f"{Z} for 7 codes of 5 dimensions": shape(few), Z: shape(z)}
    if shape(few) != shape(torch.zeros(7, 5)) or shape(z) != shape(mu):
        return seen
    seen[NOISE] = kind_of_noise(value(z), value(again))
    offset = (value(z) - mu.detach()).float().view(2, ROWS, 3)
    if seen[NOISE] == "none":
        seen["z - mu"] = offset[:, 0]
    if seen[NOISE] != FRESH:
        return seen
    seen |= statistics(offset)
    if right_noise(offset):
        seen |= gradients(z, mu, logvar)
    return seen


def shape(result) -> str:
    return f"a tensor of shape {tuple(result.shape)}" if isinstance(result, Tensor) else value(result)


def kind_of_noise(z: Tensor, again: Tensor) -> str:
    """Say whether z can be used at all, and whether its noise is new for each row and at the next call."""
    if not z.isfinite().all():
        return "not a number in places"
    changes = not torch.equal(z, again)
    varies = z.view(2, ROWS, 3).std(1).max() > 1e-3
    if not varies:
        return "the same in every row" if changes else "none"
    if not changes:
        return "the same at every call"
    different = len(z[:ROWS].unique(dim=0))
    return FRESH if different > 0.9 * ROWS else f"the same again and again, {different} different rows in {ROWS}"


def statistics(offset: Tensor) -> Observation:
    """What the noise of each kind of rows and each dimension looks like, so coarse that every seed gives the same."""
    std = offset.std(1)  # (2, 3)
    standard = (offset - offset.mean(1, keepdim=True)) / std[:, None]  # (2, ROWS, 3)
    columns = standard.transpose(0, 1).flatten(1)  # (ROWS, 6)
    related = (columns.T.corrcoef() - torch.eye(6)).abs()
    of_dimensions = torch.maximum(related[:3, :3], related[3:, 3:])
    return {
        "the mean of z - mu, in standard deviations": rounded(offset.mean(1) / std, 0.25) + 0.0,  # makes -0 a 0
        "the standard deviation of z over sigma": 2 ** rounded((std / SIGMAS).log2(), 0.25),
        "the correlation of two dimensions of z": rounded(of_dimensions.max(), 0.5),
        "the correlation of two codes in a batch": rounded(related[:3, 3:].max(), 0.5),
        "the share of noise beyond two standard deviations": rounded((standard.abs() > 2).float().mean(), 0.05),
        "the share of noise within half a standard deviation": rounded((standard.abs() < 0.5).float().mean(), 0.1),
    }


def right_noise(offset: Tensor) -> bool:
    """Tell whether mean and width are right; elsewhere the gradients would only add noise to what is seen."""
    mean, std, *_ = statistics(offset).values()
    return not mean.any() and bool((std == 1).all())


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
        lambda mu, logvar: torch.randn_like(mu): (
            "this is a draw from the prior, whatever the encoder says: multiply the noise with sigma and add mu."
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
        lambda mu, logvar: drawn(mu.detach(), logvar): (
            "the gradient reaches logvar but not mu, so that the encoder cannot learn where to put a code: leave out "
            "`.detach()`, `.data` and `no_grad` around mu."
        ),
        altered(drawn, scale=softplus): (
            "sigma is softplus(logvar) here: that is another way to keep it positive, in which the network's output is "
            "no logarithm. Here sigma = exp(logvar / 2)."
        ),
        altered(drawn, scale=lambda logvar: softplus(logvar).sqrt()): (
            "the variance is softplus(logvar) here: that is another way to keep it positive, in which the network's "
            "output is no logarithm. Here sigma = exp(logvar / 2)."
        ),
        altered(drawn, scale=lambda logvar: (2 * logvar).exp()): (
            "exp(2 · logvar) is the square of the variance: sigma is its root, exp(logvar / 2)."
        ),
        lambda mu, logvar: mu + (0.5 * logvar).exp() + torch.randn_like(mu): (
            "sigma is added to the noise: multiply the noise with it, mu + sigma * eps."
        ),
        lambda mu, logvar: mu + logvar.exp() + torch.randn_like(mu): (
            "the variance is added to the noise: multiply the noise with sigma, its root exp(logvar / 2)."
        ),
        lambda mu, logvar: mu + logvar.exp(): (
            "exp(logvar) is added without noise, so that z never changes: draw `torch.randn_like(mu)`, and multiply "
            "it with sigma = exp(logvar / 2)."
        ),
        lambda mu, logvar: drawn(logvar, mu): (
            "mu and logvar are swapped: mu is added, logvar goes into the exponential."
        ),
        altered(drawn, scale=lambda logvar: (0.5 * logvar.mean()).exp().expand(logvar.shape)): (
            "all codes get one width, from the mean of logvar: each number of each code has its own."
        ),
        altered(drawn, scale=lambda logvar: (0.5 * logvar.mean(1, keepdim=True)).exp()): (
            "the dimensions of a code share one width, from their mean logvar: each has its own."
        ),
        altered(drawn, scale=lambda logvar: (0.5 * logvar.mean(0)).exp()): (
            "all images share one width for each dimension, from their mean logvar: each code has its own."
        ),
        altered(drawn, eps=lambda mu: 2 * torch.rand_like(mu) - 1): (
            "this noise lies evenly between -1 and 1: `torch.randn` draws from a standard Gaussian."
        ),
        altered(drawn, eps=lambda mu: torch.randn_like(mu).abs()): (
            "the noise is never negative, so that z is never below mu: leave out `.abs()`."
        ),
    },
)
