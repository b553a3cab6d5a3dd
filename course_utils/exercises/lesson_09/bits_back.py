"""Exercise of lesson 09: what an image costs by bits back, from a code of bins that was really drawn."""

import math

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, altered
from course_utils.exercises.lesson_08.outcomes import hints_on_errors, observe_each

LN2 = math.log(2)
PROBES = {  # name: images, latent dimensions, bins
    "5 images, 3 latent dimensions and 8 bins": (5, 3, 8),
    "4 images, 4 latent dimensions and 32 bins": (4, 4, 32),  # as many, so that a wrong axis runs
    "1 image, 2 latent dimensions and 4 bins": (1, 2, 4),
}


def inputs(n: int, d: int, bins: int) -> tuple[Tensor, ...]:
    """-log p(x | z) in nats (N,), mu and logvar and the drawn bins (N, d), the edges of all bins (bins + 1,)."""
    noise = torch.Generator().manual_seed(n)
    nll = 40 + 20 * torch.rand(n, generator=noise, dtype=torch.float64)
    mu, logvar = torch.randn(2, n, d, generator=noise, dtype=torch.float64).unbind(0)
    code = torch.randint(1, bins - 1, (n, d), generator=noise)
    if n > 1:
        code[0, 0] = 0  # the outermost bin ends at minus infinity
    edges = torch.special.ndtri(torch.linspace(0, 1, bins + 1, dtype=torch.float64))
    return nll, mu, logvar - 1, code, edges


def observe_bits_back(function) -> Observation:
    """Bits of each image, for batches of several sizes."""
    return observe_each(function, {name: inputs(*sizes) for name, sizes in PROBES.items()}, "the bits", {})


def cdf(edges: Tensor, mu: Tensor, sigma: Tensor) -> Tensor:
    return torch.special.ndtr((edges - mu) / sigma)


def in_bin(mu, logvar, code, edges, *, scale=lambda logvar: (0.5 * logvar).exp()) -> Tensor:
    """log q of each drawn bin, in nats: (N, d)."""
    sigma = scale(logvar)
    return (cdf(edges[code + 1], mu, sigma) - cdf(edges[code], mu, sigma)).log()


def between(mu, logvar, code, edges, measured) -> Tensor:
    """The probability of N(0, 1) between the edges of each drawn bin, `measured` in some way: (N, d)."""
    sigma = (0.5 * logvar).exp()
    upper, lower = (torch.special.ndtr(measured(edges[code + i], mu, sigma)) for i in (1, 0))
    return upper - lower


def density(mu, logvar, code, edges, middle) -> Tensor:
    """log of the density of q at a point of each drawn bin: (N, d)."""
    return torch.distributions.Normal(mu, (0.5 * logvar).exp(), validate_args=False).log_prob(middle(code, edges))


def middle_by_share(code: Tensor, edges: Tensor) -> Tensor:
    return torch.special.ndtri((code + 0.5) / (len(edges) - 1))


def middle_of_edges(code: Tensor, edges: Tensor) -> Tensor:
    return (edges[code] + edges[code + 1]) / 2


def log_bins(code: Tensor, edges: Tensor) -> Tensor:
    """-log of the prior of each code, in nats: (N,)."""
    return torch.full_like(edges[code].sum(1), code.shape[1] * math.log(len(edges) - 1))


def bits_back_with(
    nll, mu, logvar, code, edges, *, prior=log_bins, posterior=in_bin, back=1.0, pixels=1.0, total=torch.sum, unit=LN2
) -> Tensor:
    """The bits with one thing changed."""
    received = total(posterior(mu, logvar, code, edges), 1)
    return (pixels * nll + prior(code, edges) + back * received) / unit


def bits_back(nll: Tensor, mu: Tensor, logvar: Tensor, code: Tensor, edges: Tensor) -> Tensor:
    return bits_back_with(nll, mu, logvar, code, edges)


def kl(mu: Tensor, logvar: Tensor) -> Tensor:
    return 0.5 * (mu.square() + logvar.exp() - logvar - 1).sum(1)


DENSITY = (
    "this takes the density of q at a point: a code is a bin, and its probability is the difference of the cumulative "
    "probability at its two edges."
)
SIGMA = "the standard deviation is exp(logvar / 2): `logvar` is the logarithm of the variance."
MIXED = "nats and bits are mixed: divide the sum of all three terms by ln 2, not one of them alone."
BINS = "the number of bins is `len(edges) - 1`: between two edges lies one bin."
MEAN_OF_DIMENSIONS = "this is a mean over the latent dimensions: a code is sent whole, so sum over them."
BATCH = "this is one number for the batch: each image has its own bits, so sum over the latent dimensions alone."
NATS = "these are nats: divide by ln 2, and they are bits."
EACH_WITH_EACH = "(N, 1) plus (N,) is (N, N), each image with each: sum over axis 1 without `keepdim`."
OTHER_PRIORS = {  # instead of `log_bins`
    lambda code, edges: 0 * log_bins(code, edges): (
        "the code itself is free here: under the prior each bin costs -log(1 / bins), in every dimension."
    ),
    lambda code, edges: log_bins(code, edges) / code.shape[1]: (
        "the prior is paid once, not for each dimension: a code has `mu.shape[1]` bins."
    ),
    lambda code, edges: -log_bins(code, edges): (
        "the prior's sign is turned: log(1 / bins) is negative, and its negative is the cost."
    ),
    lambda code, edges: code.shape[1] * math.log(len(edges)) + 0 * log_bins(code, edges): BINS,
    lambda code, edges: log_bins(code, edges) / LN2: MIXED,
    lambda code, edges: 0.5 * (middle_by_share(code, edges).square() + math.log(2 * math.pi)).sum(1): (
        "this takes the density of the prior at a point: a code is a bin, and each bin has the probability 1 / bins."
    ),
}
OTHER_POSTERIORS = {  # instead of `in_bin`
    lambda mu, logvar, code, edges: density(mu, logvar, code, edges, middle_by_share): DENSITY,
    lambda mu, logvar, code, edges: density(mu, logvar, code, edges, middle_of_edges): DENSITY,
    lambda mu, logvar, code, edges: density(mu, logvar, code, edges, lambda code, edges: edges[code]): DENSITY,
    lambda mu, logvar, code, edges: in_bin(mu, logvar, code, edges, scale=torch.exp): SIGMA,
    lambda mu, logvar, code, edges: in_bin(mu, logvar, code - 1, edges): (
        "this is the bin before: bin k lies between `edges[k]` and `edges[k + 1]`."
    ),
    lambda mu, logvar, code, edges: in_bin(mu, logvar, code, -edges.flip(0)[[*range(1, len(edges)), 0]]): (
        "this is the bin after: bin k lies between `edges[k]` and `edges[k + 1]`."
    ),
    lambda mu, logvar, code, edges: cdf(edges[code + 1], mu, (0.5 * logvar).exp()).log(): (
        "this is the probability of all bins up to this one: subtract the cumulative probability at its lower edge."
    ),
    lambda mu, logvar, code, edges: (
        cdf(edges[code], mu, (0.5 * logvar).exp()) - cdf(edges[code + 1], mu, (0.5 * logvar).exp())
    ).log(): (
        "the logarithm of a negative number: subtract the lower edge's probability from that of the upper one, with "
        "the standard deviation exp(logvar / 2)."
    ),
    lambda mu, logvar, code, edges: in_bin(0 * mu, 0 * logvar, code, edges): (
        "this gives back what the prior cost: the code was drawn from q(z | x), with its own mean and deviation."
    ),
    lambda mu, logvar, code, edges: in_bin(mu, logvar, code, edges).exp(): (
        "these are probabilities: bits are logarithms of them, so take the log before the sum."
    ),
    lambda mu, logvar, code, edges: in_bin(mu, logvar, code, edges) / LN2: MIXED,
    lambda mu, logvar, code, edges: between(mu, logvar, code, edges, lambda e, mu, sigma: e * sigma + mu).log(): (
        "the edge is turned the wrong way round: in standard deviations from `mu` it is (edge - mu) / sigma."
    ),
    **{
        lambda mu, logvar, code, edges, small=small: (in_bin(mu, logvar, code, edges).exp() + small).log(): (
            "a small number is added inside the logarithm, and rare bins become too cheap: leave it out."
        )
        for small in (1e-6, 1e-8, 1e-9)
    },
}

check_bits_back = Exercise(
    bits_back,
    observe_bits_back,
    {altered(bits_back_with, prior=prior): sentence for prior, sentence in OTHER_PRIORS.items()}
    | {altered(bits_back_with, posterior=posterior): sentence for posterior, sentence in OTHER_POSTERIORS.items()}
    | {
        altered(bits_back_with, unit=1.0): NATS,
        altered(bits_back_with, unit=1 / LN2): "this multiplies by ln 2: a nat is 1 / ln 2 = 1.44 bits, so divide.",
        altered(bits_back_with, unit=math.log(10)): "these are decimal digits, from a logarithm to base 10: use ln 2.",
        altered(bits_back_with, pixels=1 / LN2, unit=1.0): MIXED,
        altered(bits_back_with, pixels=LN2): "`nll` is in nats, as all terms here: divide it by ln 2 with the others.",
        altered(bits_back_with, back=0.0): (
            "nothing comes back: drawing the code took -log q bits off the stack, and the receiver gets them."
        ),
        altered(bits_back_with, back=-1.0): (
            "the bits of q are paid here, not given back: log q is negative, so adding it makes the price smaller."
        ),
        altered(bits_back_with, pixels=-1.0): "`nll` is a negative log-probability already: it is a cost as it is.",
        altered(bits_back_with, pixels=0.0): "the pixels are free here: add -log p(x | z), which is `nll`.",
        altered(bits_back_with, total=torch.mean): MEAN_OF_DIMENSIONS,
        lambda nll, mu, logvar, code, edges: (nll + kl(mu, logvar)) / LN2: (
            "this is the mean over all codes, -ELBO with a KL divergence: here one code was drawn, so use its bins."
        ),
        lambda *args: bits_back(*args).mean(): BATCH,
        lambda *args: bits_back(*args).sum(): BATCH,
        lambda *args: bits_back(*args)[:, None]: "there is an axis too many: the bits have the shape (N,).",
        lambda nll, mu, logvar, code, edges: (
            (nll + log_bins(code, edges) + in_bin(mu, logvar, code, edges).sum(1, keepdim=True)) / LN2
        ): EACH_WITH_EACH,
        lambda nll, mu, logvar, code, edges: (
            (nll[:, None] + math.log(len(edges) - 1) + in_bin(mu, logvar, code, edges)).sum(1) / LN2
        ): "`nll` is counted once for each latent dimension: sum over the dimensions first, then add it.",
        lambda nll, mu, logvar, code, edges: (
            (nll + log_bins(code, edges) + in_bin(mu, logvar, code, edges).sum()) / LN2
        ): "every image gets back the bits of the whole batch: sum over axis 1 alone.",
        lambda *args: -bits_back(*args): "the sign is turned: a size is positive.",
        lambda *args: bits_back(*args) / 784: "these are bits per pixel: the question is bits per image.",
    },
    hints=hints_on_errors(PROBES),
)
