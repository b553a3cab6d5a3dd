"""Answers to lesson 06 as learners write them: wrong ones, each under a part of its message, and right ones."""

import math

import numpy as np
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
from torch.nn.functional import binary_cross_entropy_with_logits as BCE
from torch.nn.functional import mse_loss, softplus

from course_utils.exercises import lesson_06

LOG_2_PI = math.log(2 * math.pi)


def together(codes, mu, logvar, std=lambda logvar: torch.exp(0.5 * logvar)):
    """The log-density of each code under each cloud: (M, N)."""
    return Independent(Normal(mu, std(logvar)), 1).log_prob(codes.unsqueeze(1))


def by_distribution(codes, mu, logvar):
    clouds = Independent(Normal(mu, torch.exp(0.5 * logvar)), 1)
    return MixtureSameFamily(Categorical(torch.ones(len(mu))), clouds).log_prob(codes)


def by_hand(codes, mu, logvar, constant=1.0, width=1.0):
    square = (codes[:, None] - mu) ** 2 / logvar.exp()
    return torch.logsumexp(-0.5 * (square + width * logvar + constant * LOG_2_PI).sum(-1), dim=1) - math.log(len(mu))


def by_loop(codes, mu, logvar):
    rows = [torch.stack([Normal(m, (v / 2).exp()).log_prob(z).sum() for m, v in zip(mu, logvar)]) for z in codes]
    return torch.stack([row.logsumexp(0) for row in rows]) - math.log(len(mu))


def each_dimension(codes, mu, logvar):
    logs = Normal(mu, torch.exp(0.5 * logvar)).log_prob(codes[:, None])
    return (torch.logsumexp(logs, 1) - math.log(len(mu))).sum(-1)


LOG_AGGREGATE = {
    "the mean of the logarithms": lambda codes, mu, logvar: together(codes, mu, logvar).mean(dim=1),
    "added up, not averaged": lambda codes, mu, logvar: torch.logsumexp(together(codes, mu, logvar), 1),
    "each dimension is averaged": each_dimension,
    "the two steps are swapped": lambda codes, mu, logvar: (
        Normal(mu, torch.exp(0.5 * logvar)).log_prob(codes[:, None]).sum(dim=1).logsumexp(dim=1) - math.log(len(mu))
    ),
    "this subtracts log M": lambda codes, mu, logvar: (
        torch.logsumexp(together(codes, mu, logvar), 1) - math.log(codes.shape[0])
    ),
    "a mean over the dimensions": lambda codes, mu, logvar: (
        torch.logsumexp(together(codes, mu, logvar) / mu.shape[1], 1) - math.log(len(mu))
    ),
    "far from every cloud": lambda codes, mu, logvar: together(codes, mu, logvar).exp().sum(1).div(len(mu)).log(),
    "the density itself": lambda codes, mu, logvar: together(codes, mu, logvar).exp().mean(1),
    "the sign is wrong": lambda codes, mu, logvar: -by_distribution(codes, mu, logvar),
    "the mean over the codes": lambda codes, mu, logvar: by_distribution(codes, mu, logvar).mean(),
    "one number for each cloud": lambda codes, mu, logvar: (
        torch.logsumexp(together(codes, mu, logvar), 0) - math.log(len(codes))
    ),
    "a variance is used": lambda codes, mu, logvar: (
        torch.logsumexp(together(codes, mu, logvar, torch.exp), 1) - math.log(len(mu))
    ),
    "the constant of the Gaussian": lambda codes, mu, logvar: by_hand(codes, mu, logvar, constant=0),
    "the width is missing": lambda codes, mu, logvar: by_hand(codes, mu, logvar, width=0),
    "the normalizer of the Gaussian": lambda codes, mu, logvar: by_hand(codes, mu, logvar, constant=0, width=0),
}

BETAS = {
    "these are the numbers for 784 pixels": lambda pixels, latent_dim, batch_size: (39.2, 784, 50_176),
    "the weights that stand in the code": lambda pixels, latent_dim, batch_size: (1.0, 1.0, 1.0),
    "these are upside down": lambda pixels, latent_dim, batch_size: [
        latent_dim / pixels,
        1 / pixels,
        1 / pixels / batch_size,
    ],
    "the pixels are missing everywhere": lambda pixels, latent_dim, batch_size: (1 / latent_dim, 1, batch_size),
    "(b) and (c) have changed places": lambda pixels, latent_dim, batch_size: (
        pixels / latent_dim,
        batch_size * pixels,
        pixels,
    ),
    "(a) and (b) have changed places": lambda pixels, latent_dim, batch_size: (
        pixels,
        pixels / latent_dim,
        batch_size * pixels,
    ),
    "the batch counts once too often": lambda pixels, latent_dim, batch_size: (
        pixels * batch_size / latent_dim,
        pixels * batch_size,
        pixels * batch_size * batch_size,
    ),
    "(a) is rounded to a whole number": lambda pixels, latent_dim, batch_size: (
        round(pixels / latent_dim),
        pixels,
        batch_size * pixels,
    ),
    "in (b) and (c) the latent dimensions": lambda pixels, latent_dim, batch_size: (
        pixels / latent_dim,
        pixels * latent_dim,
        pixels * latent_dim * batch_size,
    ),
}
ONE_WRONG = {  # (a), (b) and (c); None stands for the right number
    "(a) is only half done": (lambda p, d, n: p, None, None),
    "(a): the mean over the latent dimensions divides": (lambda p, d, n: p * d, None, None),
    "(a): two means do not cancel": (lambda p, d, n: 1, None, None),
    "(a) is upside down": (lambda p, d, n: d / p, None, None),
    "(a): only the mean of the KL": (lambda p, d, n: 1 / d, lambda p, d, n: 1, None),
    "(a): the batch does not enter": (lambda p, d, n: p / d * n, None, lambda p, d, n: p),
    "(b): nothing divides the KL": (None, lambda p, d, n: p / d, None),
    "(b): the KL is as it should be": (None, lambda p, d, n: 1, lambda p, d, n: n),
    "(b) is upside down": (None, lambda p, d, n: 1 / p, None),
    "(b): the latent dimensions do not enter": (None, lambda p, d, n: p * d, None),
    "(b): the batch does not enter": (None, lambda p, d, n: p * n, None),
    "(c): the batch size is missing": (None, None, lambda p, d, n: p),
    "(c): the pixels are missing": (None, None, lambda p, d, n: n),
    "(c): the sum over the batch makes": (None, None, lambda p, d, n: p / n),
    "(c): the latent dimensions do not enter": (None, None, lambda p, d, n: p * n * d),
    "(c): a sum against a mean": (None, None, lambda p, d, n: 1),
    "(c) is upside down": (None, None, lambda p, d, n: 1 / (p * n)),
}


def in_place_of_the_right(parts):
    def answer(pixels, latent_dim, batch_size):
        right = [pixels / latent_dim, pixels, pixels * batch_size]
        return [r if part is None else part(pixels, latent_dim, batch_size) for part, r in zip(parts, right)]

    return answer


BETAS |= {part: in_place_of_the_right(parts) for part, parts in ONE_WRONG.items()}


def edited(
    mends,
    likelihood=lambda terms: terms.sum(-1).mean(),
    total=torch.add,
    noise=lambda eps: eps,
    target=lambda images: images,
    std=lambda logvar: (logvar / 2).exp(),
    logits=lambda output: output,
):
    """The notebook's loss after a learner's edits."""

    def answer(encoder, decoder, images, eps):
        x = target(images) if "range" in mends else 2 * images - 1
        mu, logvar = encoder(images.flatten(1)).chunk(2, dim=1)
        z = mu + (std(logvar) if "width" in mends else logvar.exp()) * noise(eps)
        output = logits(decoder(z))
        x = x.view(output.shape) if "shape" in mends else x.flatten(2)
        reconstruction = likelihood(softplus(output) - x * output)
        kl = (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()
        kl = -kl if "sign" in mends else kl
        return total(reconstruction, kl / 2 if "half" in mends else kl)

    return answer


def rewritten(encoder, decoder, images, eps):
    mu, logvar = encoder(images.view(len(images), -1)).chunk(2, dim=-1)
    output = decoder(mu + torch.exp(0.5 * logvar) * eps)
    reconstruction = BCE(output, images.flatten(1), reduction="sum") / len(images)
    return reconstruction - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / len(images)


def with_kl(kl):
    """The mended loss with another KL, from mu and logvar, for each image."""

    def answer(encoder, decoder, images, eps):
        mu, logvar = encoder(images.flatten(1)).chunk(2, dim=1)
        output = decoder(mu + torch.exp(0.5 * logvar) * eps)
        return BCE(output, images.flatten(1), reduction="sum") / len(images) + kl(mu, logvar).mean()

    return answer


def in_other_order(encoder, decoder, images, eps):
    logvar, mu = encoder(images.flatten(1)).chunk(2, dim=1)
    output = decoder(mu + torch.exp(0.5 * logvar) * eps)
    reconstruction = BCE(output, images.flatten(1), reduction="sum") / len(images)
    return reconstruction - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / len(images)


def by_squares(encoder, decoder, images, eps):
    mu, logvar = encoder(images.flatten(1)).chunk(2, dim=1)
    output = torch.sigmoid(decoder(mu + torch.exp(0.5 * logvar) * eps))
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1)
    return (mse_loss(output, images.flatten(1), reduction="none").sum(1) + kl).mean()


def zeroed(encoder, decoder, images, eps):
    for p in [*encoder.parameters(), *decoder.parameters()]:
        p.grad = None
    return rewritten(encoder, decoder, images, eps)


def in_eval(encoder, decoder, images, eps):
    encoder.eval()
    decoder.eval()
    return rewritten(encoder, decoder, images, eps)


ALL = ("range", "width", "shape", "sign", "half")
MENDED_LOSS = {
    "all five bugs are left; one of them: a Bernoulli": edited([]),
    "four bugs are left; one of them: a Bernoulli": edited(["sign"]),
    "three bugs are left; one of them: a Bernoulli": edited(["sign", "half"]),
    "two bugs are left; one of them: a Bernoulli": edited(["shape", "sign", "half"]),
    "one bug is left: a Bernoulli": edited(["width", "shape", "sign", "half"]),
    "four bugs are left; one of them: the codes": edited(["range"]),
    "three bugs are left; one of them: the codes": edited(["range", "shape"]),
    "two bugs are left; one of them: the codes": edited(["range", "shape", "half"]),
    "one bug is left: the codes": edited(["range", "shape", "sign", "half"]),
    "three bugs are left; one of them: pixels and logits": edited(["range", "width"]),
    "two bugs are left; one of them: pixels and logits": edited(["range", "width", "sign"]),
    "one bug is left: pixels and logits": edited(["range", "width", "sign", "half"]),
    "two bugs are left; one of them: the KL is never negative": edited(["range", "width", "shape"]),
    "one bug is left: the KL is never negative": edited(["range", "width", "shape", "half"]),
    "one bug is left: the KL is not what it should be": edited(["range", "width", "shape", "sign"]),
    "this is the bound itself": edited(ALL, total=lambda nll, kl: -(nll + kl)),
    "this is a mean over the pixels": edited(ALL, likelihood=torch.mean),
    "the whole loss is divided by 784": edited(ALL, likelihood=torch.mean, total=lambda nll, kl: nll + kl / 784),
    "the sum over the batch": lambda encoder, decoder, images, eps: (
        rewritten(encoder, decoder, images, eps) * images.shape[0]
    ),
    "the KL is gone": edited(ALL, total=lambda nll, kl: nll),
    "the noise is gone": edited(ALL, noise=torch.zeros_like),
    "noise is drawn anew": edited(ALL, noise=lambda eps: torch.randn(eps.shape)),
    "the sign of the likelihood": edited(ALL, total=lambda nll, kl: kl - nll),
    "this is β = 1/784": edited(ALL, total=lambda nll, kl: nll + kl / 784),
    "in front of the whole loss": edited(["range", "width", "shape", "sign"], total=lambda nll, kl: 0.5 * (nll + kl)),
    "the likelihood is gone": edited(ALL, total=lambda nll, kl: kl),
    "mu and logvar have changed places": in_other_order,
    "the encoder gets images in [-1, 1]": lambda encoder, decoder, images, eps: rewritten(
        lambda x: encoder((x - 0.5) / 0.5), decoder, images, eps
    ),
    "summed over the images and averaged": edited(
        ["range", "width", "shape"], likelihood=lambda terms: terms.sum(dim=0).mean()
    ),
    "the likelihood is a sum over the batch": edited(ALL, likelihood=torch.sum),
    "mu and logvar are swapped in the KL": with_kl(lambda mu, logvar: 0.5 * (logvar**2 + mu.exp() - 1 - mu).sum(1)),
    "a sigmoid is applied": edited(ALL, logits=torch.sigmoid),
    "this is a squared error": by_squares,
    "gradients of the networks were wiped": zeroed,
    "left in evaluation mode": in_eval,
    "this is half the variance": edited(["range", "width", "sign"], std=lambda logvar: 0.5 * logvar.exp()),
    "makes it 1 / sigma": edited(ALL, std=lambda logvar: torch.exp(-0.5 * logvar)),
    "went the other way": edited(["width"], std=lambda logvar: logvar.exp().square()),
    "has lost its exponential": edited(["shape", "width", "half"], std=lambda logvar: logvar / 2),
    "is softplus(logvar)": edited(ALL, std=softplus),
    "the width of the codes is gone": edited(["width", "sign", "half"], std=lambda logvar: 1.0),
    "reaches only the square of mu": with_kl(lambda mu, logvar: (0.5 * mu**2 + logvar.exp() - 1 - logvar).sum(1)),
    "this is a quarter": edited(ALL, total=lambda nll, kl: nll + kl / 2),
    "a mean over the latent dimensions": with_kl(lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 - logvar).mean(1)),
    "the sign of exp(logvar)": with_kl(lambda mu, logvar: -0.5 * (1 + logvar - mu**2 + logvar.exp()).sum(1)),
    "black and white": edited(ALL, target=torch.round),
    "cut off at 0": edited(ALL, target=lambda images: (2 * images - 1).relu()),
    "pressed into [0.5, 1]": edited(["range", "width"], target=lambda images: 0.5 + 0.5 * images),
    "carries no gradient": edited(ALL, total=lambda nll, kl: (nll + kl).item()),
}

EXERCISES = lesson_06
WRONG = {"log_aggregate": LOG_AGGREGATE, "betas": BETAS, "mended_loss": MENDED_LOSS}


RIGHT = [
    ("log_aggregate", by_distribution),
    ("log_aggregate", by_hand),
    ("log_aggregate", by_loop),
    ("betas", lambda p, d, n: [p / d, float(p), n * p]),
    ("betas", lambda p, d, n: p * torch.tensor([1 / d, 1, n])),
    ("betas", lambda p, d, n: np.array([p / d, p, p * n])),
    ("mended_loss", edited(ALL)),
    ("mended_loss", rewritten),
]
