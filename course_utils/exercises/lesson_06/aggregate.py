"""Exercise 1 of lesson 06: the log-density of the aggregate posterior, the clouds of all images together."""

import math

import torch
from torch import Tensor
from torch.distributions import Normal

from course_utils.exercises.checker import Exercise, Observation, value

CLOUDS = {"5 codes under 7 clouds of 3 dimensions": (5, 7, 3), "4 codes under 6 clouds of 2 dimensions": (4, 6, 2)}
FAR = "a code far from every cloud"


def observe_log_aggregate(function) -> Observation:
    """The log-densities of codes near the clouds, for two sizes, and of one that every exponential loses."""
    noise = torch.Generator().manual_seed(0)
    seen = {}
    for name, (m, n, d) in CLOUDS.items():
        codes, mu, logvar = (torch.randn(rows, d, generator=noise) for rows in (m, n, n))
        seen[f"the log-densities of {name}"] = value(function(codes, mu, logvar))
    seen[f"the log-density of {FAR}"] = value(function(torch.full((1, 3), 60.0), torch.zeros(2, 3), torch.zeros(2, 3)))
    return seen


def under_each(codes: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """The log-density of each code in each dimension of each cloud: (M, N, d)."""
    return Normal(mu, (0.5 * logvar).exp()).log_prob(codes[:, None])


def mixed(logs: Tensor) -> Tensor:
    """The log of the mean over the clouds of densities given by their logs: (M, N, ...) to (M, ...)."""
    return logs.logsumexp(1) - math.log(logs.shape[1])


def log_aggregate(codes: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """log q(z) for codes z (M, d), the mean of the N clouds with mu and logvar (N, d): (M,)."""
    return mixed(under_each(codes, mu, logvar).sum(2))


def with_width(std):
    """The answer with another standard deviation, a function of logvar."""
    return lambda codes, mu, logvar: mixed(Normal(mu, std(logvar)).log_prob(codes[:, None]).sum(2))


def without(part):
    """The answer without a part (of a dimension) of the Gaussian's normalizer, a function of logvar."""
    return lambda codes, mu, logvar: mixed((under_each(codes, mu, logvar) + part(logvar)).sum(2))


check_log_aggregate = Exercise(
    log_aggregate,
    observe_log_aggregate,
    {
        lambda z, m, v: under_each(z, m, v).sum(2).mean(1): (
            "this is the mean of the logarithms. The log of the mean is asked for: average the densities of the "
            "clouds, then take the logarithm."
        ),
        lambda z, m, v: under_each(z, m, v).sum(2).logsumexp(1): (
            "the clouds are added up, not averaged: subtract log N, or all of them together have a mass of N."
        ),
        lambda z, m, v: mixed(under_each(z, m, v)).sum(1): (
            "each dimension is averaged over the clouds on its own. That is a product of one-dimensional densities, "
            "which has no gaps: first sum over the dimensions of a cloud, then average over the clouds."
        ),
        lambda z, m, v: under_each(z, m, v).sum(1).logsumexp(1) - math.log(len(m)): (
            "the two steps are swapped: sum over the dimensions of a cloud, `sum(2)`, then take `logsumexp` over the "
            "clouds."
        ),
        lambda z, m, v: under_each(z, m, v).sum(2).logsumexp(1) - math.log(len(z)): (
            "this subtracts log M, the number of codes: the mean is over the N clouds, so subtract log N."
        ),
        lambda z, m, v: mixed(under_each(z, m, v).mean(2)): (
            "this is a mean over the dimensions: they are independent within a cloud, so their log-densities add up."
        ),
        lambda z, m, v: under_each(z, m, v).sum(2).exp().mean(1).log(): (
            "far from every cloud `exp` gives 0 and its logarithm is -inf: `logsumexp` adds up without leaving the "
            "logarithms."
        ),
        lambda z, m, v: mixed(under_each(z, m, v).sum(2)).exp(): "this is the density itself: keep its logarithm.",
        lambda z, m, v: -log_aggregate(z, m, v): "the sign is wrong: this is minus the log-density.",
        lambda z, m, v: log_aggregate(z, m, v).mean(): (
            "this is the mean over the codes: return one number for each of them."
        ),
        lambda z, m, v: mixed(under_each(z, m, v).sum(2).T): (
            "this is one number for each cloud, a mean over the codes: average over the clouds instead."
        ),
        with_width(torch.exp): "a variance is used as a standard deviation: the width is exp(logvar / 2).",
        without(lambda logvar: 0.5 * math.log(2 * math.pi)): (
            "the constant of the Gaussian is missing, half of log 2π for each dimension."
        ),
        without(lambda logvar: 0.5 * logvar): (
            "the width is missing from the Gaussian's normalizer: a narrow cloud is denser. Subtract logvar / 2 for "
            "each dimension."
        ),
        without(lambda logvar: 0.5 * (logvar + math.log(2 * math.pi))): (
            "the normalizer of the Gaussian is missing: subtract half of logvar and half of log 2π for each dimension."
        ),
    },
)
