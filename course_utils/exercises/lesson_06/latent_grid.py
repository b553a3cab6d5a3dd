"""Exercise 1 of lesson 06: codes for a picture of a latent plane, in cells that hold equal shares of the prior."""

import torch
from torch import Tensor
from torch.distributions import Normal

from course_utils.exercises.checker import Exercise, Observation, alike, altered, value

STEADY = "the codes at a second call"


def latent_grid(n: int) -> Tensor:
    """Codes (n * n, 2) for an n × n picture of a 2-D latent space, whose cells are equally likely in the prior.

    The first row is the top, where z[1] is highest; within a row z[0] grows.
    """
    middles = Normal(0.0, 1.0).icdf((torch.arange(n) + 0.5) / n)  # (n,)
    return torch.cartesian_prod(middles.flip(0), middles).flip(1)  # (n * n, 2)


def observe_latent_grid(function) -> Observation:
    """Shape, corners and all codes of grids of three sizes, and the type of the numbers once they are right."""
    seen = {STEADY: "the same" if alike(value(function(5)), value(function(5))) else "others"}
    for n in (5, 8, 2):
        codes = value(function(n))
        if not isinstance(codes, Tensor):
            return seen | {f"the shape of the codes for n = {n}": codes}
        seen[f"the shape of the codes for n = {n}"] = str(tuple(codes.shape))
        if codes.shape == (n * n, 2):
            corners = {"top left": codes[0], "top right": codes[n - 1], "bottom left": codes[-n]}
            seen |= {f"the code at the {corner} for n = {n}": code for corner, code in corners.items()}
        seen[f"the codes for n = {n}"] = codes
        if alike(codes, latent_grid(n)):  # elsewhere the type would hide which mistake it is
            seen["the type of the numbers"] = str(codes.dtype)
    return seen


def middles(n: int) -> Tensor:
    """The values of n equal shares of N(0, 1), each in the middle of its share: (n,)."""
    return Normal(0.0, 1.0).icdf((torch.arange(n) + 0.5) / n)


def in_rows(values: Tensor) -> Tensor:
    """z[0] from left to right in each row, z[1] from the top row down: (n,) to (n * n, 2)."""
    return torch.cartesian_prod(values.flip(0), values).flip(1)


def grid(n: int, *, values=middles, arrange=in_rows) -> Tensor:
    """The codes with one thing changed."""
    return arrange(values(n))


def means_of_shares(n: int) -> Tensor:
    """The mean of N(0, 1) within each of n equal shares: n times the difference of its density at the borders."""
    borders = Normal(0.0, 1.0).icdf(torch.arange(1, n) / n)
    density = torch.cat([torch.zeros(1), Normal(0.0, 1.0).log_prob(borders).exp(), torch.zeros(1)])
    return n * (density[:-1] - density[1:])


def quantiles(shares):
    """The grid with other probabilities than the middles of n equal shares."""
    return altered(grid, values=lambda n: Normal(0.0, 1.0).icdf(shares(n)))


EVEN = (
    "the values are evenly spaced, so that the cells in the middle hold much of the prior and those at the edge "
    "little: space the probabilities evenly, and let `icdf` turn them into values."
)
MARGIN = (
    "right kind, but with a fixed margin the cells at the edge hold another share than the rest, less than theirs in "
    "a small grid: cut the prior into n equal shares, and take the middle of each."
)
INFINITE = (
    "the values are infinite at an edge: the probabilities 0 and 1 lie at minus and plus infinity. Take the middle of "
    "each of the n shares, not its border."
)
TURNED = (
    "rows and columns are swapped: along a row z[0] grows from left to right, and z[1] stays as it is; z[1] changes "
    "from row to row."
)

check_latent_grid = Exercise(
    latent_grid,
    observe_latent_grid,
    {
        altered(grid, values=lambda n, end=end: torch.linspace(-end, end, n)): EVEN
        for end in (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 10.0, 15.0)
    }
    | {
        quantiles(lambda n, end=end: torch.linspace(end, 1 - end, n)): MARGIN
        for end in (0.1, 0.05, 0.025, 0.02, 0.01, 0.005, 0.001)
    }
    | {
        quantiles(lambda n: torch.linspace(0, 1, n)): INFINITE,
        quantiles(lambda n: torch.arange(n) / n): INFINITE,
        quantiles(lambda n: torch.arange(1, n + 1) / n): INFINITE,
        quantiles(lambda n: torch.linspace(0, 1, n + 2)[1:-1]): (
            "these are the borders between n + 1 shares, so that the cells at the edge hold more than the rest: take "
            "the middles of n shares."
        ),
        altered(grid, values=lambda n: (torch.arange(n) + 0.5) / n): (
            "these are the probabilities themselves, all between 0 and 1: `icdf` turns them into values of N(0, 1)."
        ),
        altered(grid, values=lambda n: Normal(0.0, 1.0).cdf((torch.arange(n) + 0.5) / n)): (
            "`cdf` turns values into probabilities: here it is the other way round, which is `icdf`."
        ),
        altered(grid, arrange=lambda values: torch.cartesian_prod(values, values).flip(1)): (
            "the picture is upside down: a picture is filled from the top, and the top row has the highest z[1]."
        ),
        altered(grid, arrange=lambda values: in_rows(values.flip(0))): (
            "the picture is turned by half a turn, both directions are reversed: z[0] grows to the right, z[1] upwards."
        ),
        altered(grid, arrange=lambda values: in_rows(values.flip(0)).view(len(values), -1, 2).flip(0).flatten(0, 1)): (
            "left and right are swapped: within a row z[0] grows."
        ),
        altered(grid, arrange=lambda values: torch.cartesian_prod(values, values)): TURNED,
        altered(grid, arrange=lambda values: torch.cartesian_prod(values.flip(0), values)): TURNED,
        altered(grid, arrange=lambda values: torch.cartesian_prod(values, values.flip(0))): TURNED,
        altered(grid, arrange=lambda values: torch.cartesian_prod(values.flip(0), values.flip(0))): TURNED,
        altered(grid, arrange=lambda values: in_rows(values).view(len(values), -1, 2)): (
            "the codes are still a square of shape (n, n, 2): the decoder wants one row for each code, (n * n, 2)."
        ),
        altered(grid, arrange=lambda values: in_rows(values).T): (
            "the shape is (2, n * n), one row for each dimension: the decoder wants one row for each code; stack along "
            "`dim=1`."
        ),
        altered(grid, values=lambda n: torch.erfinv(2 * (torch.arange(n) + 0.5) / n - 1)): (
            "the values are too narrow by √2: the quantile of N(0, 1) is √2 · erfinv(2p - 1), which `icdf` knows."
        ),
        altered(grid, values=lambda n: ((torch.arange(n) + 0.5) / n).logit()): (
            "these are quantiles of the logistic distribution, the inverse of the sigmoid: the prior is N(0, 1), and "
            "`Normal(0.0, 1.0).icdf` knows its quantiles."
        ),
        altered(grid, values=lambda n: Normal(0.0, 1.0).icdf((torch.arange(n) + 1.0) / (n + 2))): (
            "the probabilities are not the middles of n equal shares: those are (i + 0.5) / n, for i from 0 to n - 1."
        ),
        altered(grid, values=means_of_shares): (
            "these are the means of the shares: each cell stands at the middle of its share in probability, which is "
            "`icdf((i + 0.5) / n)`."
        ),
        lambda n: latent_grid(n).double(): (
            "the values are right, but in double precision, which the decoder refuses: end in `.float()`."
        ),
    },
    hints={
        STEADY: (
            "two calls give different codes: nothing is drawn here, the quantiles of N(0, 1) are the same every time."
        ),
        "the type of the numbers": "the values are right, but not of the type float32, which the decoder needs.",
    },
)
