"""Answers to lesson 05 as learners write them: wrong ones, each under a part of its message, and right ones."""

import torch
from torch.distributions import Independent, Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy, l1_loss, mse_loss, softplus
from torch.nn.functional import binary_cross_entropy_with_logits as BCE

from course_utils.exercises import lesson_05


def seeded(mu, logvar):
    noise = torch.Generator().manual_seed(42)
    return mu + torch.exp(logvar / 2) * torch.randn(mu.shape, generator=noise)


def without_graph(mu, logvar):
    with torch.no_grad():
        std = torch.exp(0.5 * logvar)
    return mu + std * torch.randn_like(std)


REPARAMETERIZE = {
    "logvar itself is taken": lambda mu, logvar: mu + logvar * torch.randn_like(logvar),
    "the exponential is missing": lambda mu, logvar: mu + logvar / 2 * torch.randn(mu.shape),
    "multiplied with the variance": lambda mu, logvar: mu + torch.randn_like(mu) * logvar.exp(),
    "this is half the variance": lambda mu, logvar: mu + torch.exp(logvar) / 2 * torch.randn(*mu.shape),
    "this is 1 / sigma": lambda mu, logvar: torch.randn_like(mu) / torch.exp(0.5 * logvar) + mu,
    "not a number in places": lambda mu, logvar: mu + logvar**0.5 * torch.randn_like(mu),
    "sigma is left out": lambda mu, logvar: torch.randn(mu.shape) + mu,
    "a draw from the prior": lambda mu, logvar: torch.randn(mu.shape),
    "there is no noise": lambda mu, logvar: mu,
    "sigma is added without noise": lambda mu, logvar: mu + torch.exp(logvar / 2),
    "the noise is uniform": lambda mu, logvar: mu + torch.exp(logvar / 2) * torch.rand(mu.shape),
    "every row gets the same noise": lambda mu, logvar: mu + torch.exp(logvar / 2) * torch.randn(1, mu.size(1)),
    "all dimensions of a code get one number": lambda mu, logvar: (
        mu + torch.exp(logvar / 2) * torch.randn(mu.size(0)).unsqueeze(1)
    ),
    "each call gives the same noise": seeded,
    "mu is multiplied with sigma as well": lambda mu, logvar: (torch.randn_like(mu) + mu) * torch.exp(logvar / 2),
    "have changed places": lambda mu, logvar: torch.randn_like(mu) + torch.exp(logvar / 2) * mu,
    "mu is missing": lambda mu, logvar: torch.randn_like(mu).mul(torch.exp(logvar / 2)),
    "no gradient passes through them": lambda mu, logvar: torch.normal(mu, torch.exp(logvar / 2)),
    "the gradient reaches mu but not logvar": without_graph,
    "the gradient reaches logvar but not mu": lambda mu, logvar: mu.data + (logvar / 2).exp() * torch.randn_like(mu),
    "sigma is softplus(logvar)": lambda mu, logvar: mu + softplus(logvar) * torch.randn_like(mu),
    "the variance is softplus(logvar)": lambda mu, logvar: mu + softplus(logvar) ** 0.5 * torch.randn_like(mu),
    "exp(2 · logvar)": lambda mu, logvar: mu + torch.exp(2 * logvar) * torch.randn_like(mu),
    "sigma is added to the noise": lambda mu, logvar: mu + torch.exp(logvar / 2) + torch.randn_like(mu),
    "the variance is added to the noise": lambda mu, logvar: mu + torch.randn_like(mu) + torch.exp(logvar),
    "exp(logvar) is added without noise": lambda mu, logvar: torch.exp(logvar) + mu,
    "mu and logvar are swapped": lambda logvar, mu: mu + torch.exp(logvar / 2) * torch.randn_like(mu),
    "all codes get one width": lambda mu, logvar: mu + torch.exp(logvar.mean() / 2) * torch.randn_like(mu),
    "the dimensions of a code share one width": lambda mu, logvar: (
        mu + torch.exp(logvar.mean(dim=1)[:, None] / 2) * torch.randn_like(mu)
    ),
    "all images share one width": lambda mu, logvar: mu + torch.exp(logvar.mean(dim=0) / 2) * torch.randn_like(mu),
    "evenly between -1 and 1": lambda mu, logvar: mu + torch.exp(logvar / 2) * torch.empty_like(mu).uniform_(-1, 1),
    "the noise is never negative": lambda mu, logvar: mu + torch.exp(logvar / 2) * abs(torch.randn_like(mu)),
}


def kl_loop(mu, logvar):
    total = 0
    for m, v in zip(mu.T, logvar.T):
        total = total + (m * m + v.exp() - 1 - v) / 2
    return total


KL = {
    "this is twice the KL": lambda mu, logvar: -torch.sum(1 + logvar - mu**2 - logvar.exp(), dim=1),
    "the half reaches only the square": lambda mu, logvar: (0.5 * mu**2 + logvar.exp() - 1 - logvar).sum(1),
    "a KL divergence is never negative": lambda mu, logvar: 0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp(), dim=1),
    "the mean over the dimensions": lambda mu, logvar: -0.5 * torch.mean(1 + logvar - mu**2 - logvar.exp(), dim=1),
    "the sum over the batch as well": lambda mu, logvar: -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()),
    "the mean over the batch": lambda mu, logvar: kl_loop(mu, logvar).sum() / len(mu),
    "the mean over everything": lambda mu, logvar: -0.5 * torch.mean(1 + logvar - mu.pow(2) - logvar.exp()),
    "one number for each dimension: sum": lambda mu, logvar: -0.5 * (1 + logvar - mu**2 - logvar.exp()),
    "summed over the images": lambda mu, logvar: -0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp(), dim=0),
    "the -1 is missing": lambda mu, logvar: -0.5 * torch.sum(logvar - mu**2 - logvar.exp(), dim=1),
    "logvar is taken for log sigma": lambda mu, logvar: torch.sum(
        -logvar + (logvar.exp() ** 2 + mu**2) / 2 - 0.5, dim=1
    ),
    "logvar is taken for sigma:": lambda mu, logvar: 0.5 * (mu**2 + logvar**2 - 1 - 2 * logvar.abs().log()).sum(1),
    "logvar is taken for the variance": lambda mu, logvar: (
        -0.5 * torch.sum(1 + torch.log(logvar) - mu**2 - logvar, dim=1)
    ),
    "exp(logvar / 2) is sigma": lambda mu, logvar: 0.5 * (mu**2 + torch.exp(0.5 * logvar) - 1 - logvar).sum(dim=1),
    "the variance is squared": lambda mu, logvar: -0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp().square(), dim=1),
    "logvar is counted twice": lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 - 2 * logvar).sum(-1),
    "logvar² is not the variance": lambda mu, logvar: 0.5 * (mu**2 + logvar**2 - 1 - logvar).sum(-1),
    "the exponential is missing": lambda mu, logvar: -0.5 * torch.sum(1 + logvar - mu**2 - logvar, dim=1),
    "the sign of logvar": lambda mu, logvar: -0.5 * torch.sum(1 - logvar - mu**2 - logvar.exp(), dim=1),
    "the other way round": lambda mu, logvar: kl_divergence(Normal(0, 1), Normal(mu, (logvar / 2).exp())).sum(1),
    "mu is not squared": lambda mu, logvar: -0.5 * torch.sum(1 + logvar - mu - logvar.exp(), dim=1),
    "mu is left out": lambda mu, logvar: -0.5 * torch.sum(1 + logvar - logvar.exp(), dim=1),
    "carries no gradient": lambda mu, logvar: kl_loop(mu.data, logvar.data),
    "the sign of exp(logvar)": lambda mu, logvar: -0.5 * torch.sum(1 + logvar - mu**2 + logvar.exp(), dim=1),
    "the sign of the 1": lambda mu, logvar: -0.5 * torch.sum(logvar - 1 - mu**2 - logvar.exp(), dim=1),
    "mu and logvar are swapped": lambda logvar, mu: kl_loop(mu, logvar),
    "the variance is softplus(logvar)": lambda mu, logvar: kl_loop(mu, torch.log(1 + logvar.exp()).log()),
    "divided by the number of images": lambda mu, logvar: kl_loop(mu, logvar) / mu.shape[0],
    "divided by the 784 pixels": lambda mu, logvar: kl_loop(mu, logvar) / (28 * 28),
}


def pixels(output, x):
    return BCE(output, x, reduction="sum") / x.size(0)


def codes(mu, logvar):
    return -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / mu.size(0)


def with_pixels(likelihood):
    return lambda output, x, mu, logvar: likelihood(output, x) + codes(mu, logvar)


def with_codes(divergence):
    return lambda output, x, mu, logvar: pixels(output, x) + divergence(mu, logvar)


def with_logarithms(output, x, tiny=0.0):
    p = torch.sigmoid(output)
    terms = x * torch.log(p + tiny) + (1 - x) * torch.log(1 - p + tiny)
    return -terms.sum(dim=(1, 2, 3)).mean()


VAE_LOSS = {
    "this is β = 784": with_pixels(BCE),
    "both terms are means over everything": lambda output, x, mu, logvar: (
        BCE(output, x) - 0.5 * torch.mean(1 + logvar - mu**2 - logvar.exp())
    ),
    "a mean over everything, the KL a sum over everything": lambda output, x, mu, logvar: (
        BCE(output, x) - 0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp())
    ),
    "all is divided by the 784 pixels": lambda output, x, mu, logvar: BCE(output, x) + codes(mu, logvar) / x[0].numel(),
    "the sum over the batch": lambda output, x, mu, logvar: BCE(output, x, reduction="sum") + kl_loop(mu, logvar).sum(),
    "the likelihood is a mean over the batch, the KL is not": with_codes(lambda mu, logvar: kl_loop(mu, logvar).sum()),
    "the KL is a mean over the batch, the likelihood is not": with_pixels(
        lambda output, x: BCE(output, x, reduction="sum")
    ),
    "the KL is a mean over the latent dimensions": with_codes(
        lambda mu, logvar: -0.5 * torch.mean(1 + logvar - mu**2 - logvar.exp())
    ),
    "the KL is subtracted": with_codes(lambda mu, logvar: -codes(mu, logvar)),
    "this is the bound itself": lambda output, x, mu, logvar: -(pixels(output, x) + codes(mu, logvar)),
    "the KL is missing: this": lambda output, x, mu, logvar: pixels(output, x),
    "the likelihood is missing": lambda output, x, mu, logvar: codes(mu, logvar),
    "the half of the KL": with_codes(lambda mu, logvar: 2 * codes(mu, logvar)),
    "the sigmoid is applied twice": with_pixels(lambda output, x: pixels(torch.sigmoid(output), x)),
    "the logarithm of a probability": with_pixels(with_logarithms),
    "a small number inside the logarithm": with_pixels(lambda output, x: with_logarithms(output, x, 1e-8)),
    "this goes through probabilities": with_pixels(
        lambda output, x: binary_cross_entropy(output.sigmoid(), x, reduction="none").flatten(1).sum(1).mean()
    ),
    "this is a squared error": with_pixels(
        lambda output, x: mse_loss(torch.sigmoid(output), x, reduction="sum") / len(x)
    ),
    "one number for each image": lambda output, x, mu, logvar: (
        BCE(output, x, reduction="none").sum(dim=(1, 2, 3)) + kl_loop(mu, logvar)
    ),
    "divided by 784, the number of pixels": lambda output, x, mu, logvar: (
        (BCE(output, x, reduction="sum") + kl_loop(mu, logvar).sum()) / 784
    ),
    "logits and images have changed places": with_pixels(lambda output, x: BCE(x, output, reduction="sum") / len(x)),
    "several values come back": lambda output, x, mu, logvar: (pixels(output, x) + codes(mu, logvar),),
    "the sign of the likelihood": lambda output, x, mu, logvar: codes(mu, logvar) - pixels(output, x),
    "this is β = 1/784": with_codes(lambda mu, logvar: codes(mu, logvar) / 784),
    "black and white": with_pixels(lambda output, x: pixels(output, x.gt(0.5).to(x.dtype))),
    "stretched to [-1, 1]": with_pixels(lambda output, x: pixels(output, (x - 0.5) / 0.5)),
    "this is an absolute error": with_pixels(
        lambda output, x: l1_loss(torch.sigmoid(output), x, reduction="sum") / len(x)
    ),
    "mu and logvar are swapped": lambda output, x, logvar, mu: pixels(output, x) + codes(mu, logvar),
    "the sign of exp(logvar)": with_codes(
        lambda mu, logvar: -0.5 * torch.sum(1 + logvar - mu**2 + logvar.exp()) / len(mu)
    ),
    "the variance is softplus(logvar)": with_codes(
        lambda mu, logvar: kl_divergence(Normal(mu, softplus(logvar).sqrt()), Normal(0, 1)).sum() / len(mu)
    ),
    "carries no gradient": lambda output, x, mu, logvar: (pixels(output, x) + codes(mu, logvar)).detach(),
}

EXERCISES = lesson_05
WRONG = {"reparameterize": REPARAMETERIZE, "kl": KL, "vae_loss": VAE_LOSS}


def row_by_row(mu, logvar):
    noise = [torch.normal(torch.zeros(mu.size(1)), 1.0) for _ in mu]
    return mu + logvar.exp().sqrt() * torch.stack(noise)


def softplus_loss(output, x, mu, logvar):
    reconstruction = (softplus(output) - x * output).sum(dim=(1, 2, 3))
    return (reconstruction + kl_loop(mu, logvar)).mean()


def distributions_loss(output, x, mu, logvar):
    posterior = Independent(Normal(mu, torch.exp(0.5 * logvar)), 1)
    prior = Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    likelihood = -BCE(output.flatten(1), x.flatten(1), reduction="none").sum(1)
    return -(likelihood - kl_divergence(posterior, prior)).mean()


RIGHT = [
    ("reparameterize", lambda mu, logvar: Normal(mu, torch.exp(0.5 * logvar)).rsample()),
    ("reparameterize", lambda mu, logvar: mu - torch.empty_like(mu).normal_() * torch.exp(logvar / 2)),
    ("reparameterize", row_by_row),
    ("kl", kl_loop),
    ("kl", lambda mu, logvar: -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1)),
    ("kl", lambda mu, logvar: kl_divergence(Normal(mu, torch.exp(0.5 * logvar)), Normal(0, 1)).sum(-1)),
    ("vae_loss", with_codes(codes)),
    ("vae_loss", softplus_loss),
    ("vae_loss", distributions_loss),
]
