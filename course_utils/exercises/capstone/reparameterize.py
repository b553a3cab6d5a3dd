"""The capstone's `reparameterize`, with the tutorial's defects."""

import torch
from torch import Tensor

from course_utils.exercises.capstone.noise import tails
from course_utils.exercises.capstone.repair import Defect, Repair
from course_utils.exercises.checker import Observation, gradient, value


def reparameterize(mu, logvar):
    """Means and log-variances (N, d) in; a code for each, (N, d), out."""
    eps = torch.rand(mu.shape[1])
    return mu + logvar.exp() * eps


DIMENSIONS = 40_000  # of two codes: so many that statistics of the noise are the same with every seed
LOGVAR = 1.4


def observe_reparameterize(function) -> Observation:
    """Shape, statistics of the noise so coarse that every seed gives the same, and how gradients pass."""
    few = value(function(torch.zeros(5, 3), torch.zeros(5, 3)))
    shape = few if isinstance(few, str) else str(tuple(few.shape))
    if shape != "(5, 3)":
        return {"the shape of the codes": shape}
    mu = torch.linspace(-2, 2, DIMENSIONS).repeat(2, 1).requires_grad_()
    logvar = torch.full((2, DIMENSIONS), LOGVAR, requires_grad=True)
    z = function(mu, logvar)
    offset = (z - mu).detach()
    again = (function(mu, logvar) - mu).detach()
    slopes = gradient(z, mu), gradient(z, logvar)
    return {
        "the shape of the codes": shape,
        "the slope of z in mu": slopes[0] if isinstance(slopes[0], str) else slopes[0].mean(),
        "the noise of two pictures": "the same" if torch.allclose(offset[0], offset[1], atol=1e-5) else "two draws",
        "the noise of a second call": "the same" if torch.allclose(offset, again, atol=1e-5) else "another draw",
        "the numbers in one picture's noise": "all alike" if offset.std(1).max() < 1e-3 else "draws of their own",
        "the smallest noise": "below 0" if offset.min() < -0.01 else "never below 0",
        "the tails of the noise": tails(offset),
        "the spread of z - mu, over sigma": coarse(offset.std() / (0.5 * torch.tensor(LOGVAR)).exp()),
        "the spread of z - mu where mu is large": coarse(offset[:, -DIMENSIONS // 8 :].std()),
        "the slope of z in logvar, over z - mu": slopes[1] if isinstance(slopes[1], str) else ratio(slopes[1], offset),
        "the codes where logvar is -40": coarse((function(mu.detach(), logvar.detach() - 41.4) - mu).abs().max()),
    }


def coarse(number: Tensor) -> str:
    """A number in steps of a twentieth."""
    return f"{(20 * number).round().item() / 20:g}"


def ratio(slope: Tensor, offset: Tensor) -> str:
    clear = offset.abs() > 0.1
    return coarse((slope[clear] / offset[clear]).median())


check_reparameterize = Repair(
    reparameterize,
    observe_reparameterize,
    {
        "uniform": Defect(
            5,
            {"torch.rand(": "torch.randn("},
            "the noise is uniform in [0, 1): it is never negative, so every code is pushed to one side, and it is no "
            "draw from a Gaussian.",
        ),
        "one draw": Defect(
            5,
            {"mu.shape[1]": "mu.shape"},
            "all pictures of a batch get the same noise: the draw has the shape of one code, which broadcasting hides.",
        ),
        "variance": Defect(
            5,
            {"logvar.exp()": "(0.5 * logvar).exp()"},
            "the noise is multiplied with the variance: exp(logvar) is sigma², and the noise wants sigma.",
            {
                "0.5 * logvar.exp()": "this is half the variance: the half belongs inside the exponential.",
                "(2 * logvar).exp()": "this went the other way: half of logvar is the logarithm of sigma, not twice.",
                "0.5 * logvar": "the exponential is gone: half of logvar is the *logarithm* of sigma.",
                "(-0.5 * logvar).exp()": "the minus in the exponent makes this 1 / sigma.",
            },
        ),
    },
    hints={
        "the slope of z in mu": (
            "a code does not move with `mu` as it should: it is mu plus noise, and no gradient is cut off."
        )
    },
)
