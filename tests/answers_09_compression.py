"""Answers to lesson 09 as learners write them: wrong ones, each under a part of its message, and right ones."""

import math

import torch
from torch.distributions import Normal

from course_utils.exercises import lesson_09

STANDARD = Normal(0.0, 1.0)
BIT = 1 / math.log(2)  # of a nat


def drawn(mu, logvar, code, edges):
    """The probability of each drawn bin."""
    q = Normal(mu, torch.exp(logvar / 2))
    return q.cdf(edges[code + 1].clamp(-30, 30)) - q.cdf(edges[code].clamp(-30, 30))


def paid(mu, edges):
    return mu.shape[1] * math.log2(len(edges) - 1)


def in_bits(nll, mu, logvar, code, edges):
    return nll / math.log(2) + paid(mu, edges) + drawn(mu, logvar, code, edges).log2().sum(1)


def with_prior_of_bins(nll, mu, logvar, code, edges):
    p = STANDARD.cdf(edges[1:].clamp(-30, 30)) - STANDARD.cdf(edges[:-1].clamp(-30, 30))
    terms = drawn(mu, logvar, code, edges).log() - p[code].log()
    return (nll + terms.sum(-1)) / torch.tensor(2.0, dtype=nll.dtype).log()


def one_by_one(nll, mu, logvar, code, edges):
    bits = []
    for i in range(len(nll)):
        total = nll[i].item() / math.log(2)
        for j in range(mu.shape[1]):
            sigma, k = math.exp(logvar[i, j] / 2), code[i, j].item()
            low, high = (0.5 * (1 + math.erf((edges[e] - mu[i, j]) / sigma / math.sqrt(2))) for e in (k, k + 1))
            total += math.log2(len(edges) - 1) + math.log2(high - low)
        bits.append(total)
    return torch.tensor(bits, dtype=nll.dtype)


def with_density(nll, mu, logvar, code, edges):
    z = STANDARD.icdf((code + 0.5) / (len(edges) - 1)).to(mu.dtype)
    z = torch.special.ndtri((code.to(mu.dtype) + 0.5) / (len(edges) - 1)) + 0 * z
    log_q = -0.5 * ((z - mu) ** 2 / logvar.exp() + logvar + math.log(2 * math.pi))
    return (nll + log_q.sum(1)) / math.log(2) + paid(mu, edges)


def with_variance(nll, mu, logvar, code, edges):
    return in_bits(nll, mu, 2 * logvar, code, edges)


def with_one_bin_less(nll, mu, logvar, code, edges):
    return in_bits(nll, mu, logvar, code - 1, edges)


def with_change(received=drawn, images=BIT, price=1):
    """Bits with another probability of the bins, or another weight of a term."""

    def bits(nll, mu, logvar, code, edges):
        return images * nll + price * paid(mu, edges) + received(mu, logvar, code, edges).log2().sum(1)

    return bits


def up_to(mu, logvar, code, edges):
    return torch.special.ndtr((edges[code + 1] - mu) / logvar.exp().sqrt())


def wrong_order(mu, logvar, code, edges):
    return -drawn(mu, logvar, code, edges)


def next_bin(mu, logvar, code, edges):
    return drawn(mu, logvar, (code + 1), edges)


def turned_round(mu, logvar, code, edges):
    deviation = logvar.exp().sqrt()
    upper, lower = (torch.special.ndtr(edges[code + i] * deviation + mu) for i in (1, 0))
    return upper - lower


def by_the_prior(mu, logvar, code, edges):
    return torch.ones_like(mu) / (len(edges) - 1)


def with_prior_density(nll, mu, logvar, code, edges):
    z = torch.special.ndtri((code.to(mu.dtype) + 0.5) / (len(edges) - 1))
    return (nll - STANDARD.log_prob(z).sum(1) + drawn(mu, logvar, code, edges).log().sum(1)) / math.log(2)


EXERCISES = lesson_09

WRONG = {
    "bits_back": {
        "these are nats": lambda *args: math.log(2) * in_bits(*args),
        "this multiplies by ln 2": lambda *args: math.log(2) ** 2 * in_bits(*args),
        "nats and bits are mixed": lambda nll, mu, logvar, code, edges: (
            (nll + paid(mu, edges) + drawn(mu, logvar, code, edges).log().sum(1)) / math.log(2)
        ),
        "nothing comes back": lambda nll, mu, logvar, code, edges: nll / math.log(2) + paid(mu, edges),
        "the bits of q are paid here": lambda nll, mu, logvar, code, edges: (
            nll / math.log(2) + paid(mu, edges) - drawn(mu, logvar, code, edges).log2().sum(1)
        ),
        "this takes the density of q": with_density,
        "the standard deviation is exp(logvar / 2)": with_variance,
        "this is the bin before": with_one_bin_less,
        "the code itself is free here": lambda nll, mu, logvar, code, edges: (
            nll / math.log(2) + drawn(mu, logvar, code, edges).log2().sum(1)
        ),
        "the prior is paid once": lambda nll, mu, logvar, code, edges: (
            nll / math.log(2) + math.log2(len(edges) - 1) + drawn(mu, logvar, code, edges).log2().sum(1)
        ),
        "the number of bins is": lambda nll, mu, logvar, code, edges: (
            in_bits(nll, mu, logvar, code, edges) + mu.shape[1] * math.log2(len(edges) / (len(edges) - 1))
        ),
        "this is a mean over the latent dimensions": lambda nll, mu, logvar, code, edges: (
            nll / math.log(2) + paid(mu, edges) + drawn(mu, logvar, code, edges).log2().mean(1)
        ),
        "this is the mean over all codes": lambda nll, mu, logvar, code, edges: (
            (nll - 0.5 * (1 + logvar - mu**2 - torch.exp(logvar)).sum(1)) / math.log(2)
        ),
        "this is one number for the batch": lambda *args: in_bits(*args).mean(),
        "each image with each": lambda nll, mu, logvar, code, edges: (
            nll / math.log(2) + paid(mu, edges) + drawn(mu, logvar, code, edges).log2().sum(1, keepdim=True)
        ),
        "the pixels are free here": lambda nll, mu, logvar, code, edges: (
            paid(mu, edges) + drawn(mu, logvar, code, edges).log2().sum(1)
        ),
        "the prior's sign is turned": with_change(price=-1),
        "the edge is turned the wrong way round": with_change(received=turned_round),
        "a small number is added": with_change(received=lambda *args: drawn(*args) + 1e-9),
        "this takes the density of the prior": with_prior_density,
        "this is the bin after": with_change(next_bin),
        "this is the probability of all bins": with_change(up_to),
        "the logarithm of a negative number": with_change(wrong_order),
        "this gives back what the prior cost": with_change(by_the_prior),
        "these are probabilities": lambda nll, mu, logvar, code, edges: (
            (nll + paid(mu, edges) * math.log(2) + drawn(mu, logvar, code, edges).sum(1)) / math.log(2)
        ),
        "these are decimal digits": lambda *args: math.log10(2) * in_bits(*args),
        "`nll` is in nats, as all terms": with_change(images=1),
        "`nll` is a negative log-probability": with_change(images=-BIT),
        "there is an axis too many": lambda *args: in_bits(*args).unsqueeze(1),
        "`nll` is counted once for each": lambda nll, mu, logvar, code, edges: in_bits(
            nll * mu.shape[1], mu, logvar, code, edges
        ),
        "every image gets back the bits of the whole": lambda nll, mu, logvar, code, edges: (
            nll / math.log(2) + paid(mu, edges) + drawn(mu, logvar, code, edges).log2().sum()
        ),
        "the sign is turned: a size": lambda *args: -in_bits(*args),
        "these are bits per pixel": lambda *args: in_bits(*args) / 28**2,
    }
}

RIGHT = [("bits_back", in_bits), ("bits_back", with_prior_of_bins), ("bits_back", one_by_one)]
