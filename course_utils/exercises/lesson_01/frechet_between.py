"""Exercise 2 of lesson 01: the Fréchet distance between two Gaussians."""

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, altered, value

HERE = [1, 2, 2]
THERE = [4, 6, 2]
ROUND = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
WIDE = [[4, 0, 0], [0, 1, 0], [0, 0, 1]]
TILTED = [[2, -1, 0], [-1, 3, 0], [0, 0, 1]]
TURNED = [[3, 1.2, 0], [1.2, 0.8, 0.5], [0, 0.5, 2]]
FLAT = [[5, 4, 3], [4, 5, 6], [3, 6, 9]]  # an eigenvalue of this one is 0, and of the next
ALSO_FLAT = [[5, 1, 5], [1, 2, -2], [5, -2, 10]]
PROBES = {
    "two equal Gaussians": (HERE, ROUND, HERE, ROUND),
    "equal covariances, means 5 apart": (HERE, ROUND, THERE, ROUND),
    "equal means, variances (1, 1, 1) and (4, 1, 1)": (HERE, ROUND, HERE, WIDE),
    "covariances turned against each other": (HERE, TILTED, THERE, TURNED),
    "Gaussians in the plane": ([1, 0], [[2, 1], [1, 3]], [-1, 0.5], [[1, -0.5], [-0.5, 0.5]]),
}
FLAT_PROBES = {  # rounding makes the eigenvalue 0 of their products a little negative
    "flat Gaussians": (HERE, FLAT, THERE, ALSO_FLAT),
    "equal flat Gaussians": (HERE, FLAT, THERE, FLAT),
}


def observe_frechet(function) -> Observation:
    """Distances in space and in the plane, of covariances with the same axes, with others, and of singular ones."""
    seen = {f"the distance of {name}": value(function(*in_double(probe))) for name, probe in PROBES.items()}
    return seen | {f"the distance of {name}": finite(function, probe) for name, probe in FLAT_PROBES.items()}


def in_double(probe: tuple) -> list[Tensor]:
    """Means and covariances in float64, so that rounding cannot pass for a mistake."""
    return [torch.tensor(numbers, dtype=torch.float64) for numbers in probe]


def finite(function, probe: tuple) -> Tensor | str:
    """What a function makes of flat Gaussians, of which some methods know nothing."""
    try:
        return value(function(*in_double(probe)))
    except (RuntimeError, ValueError):
        return "an error"


def trace_of_root(product: Tensor) -> Tensor:
    return torch.linalg.eigvals(product).real.clamp(min=0).sqrt().sum()


def frechet(mean_1, cov_1, mean_2, cov_2, *, means=lambda d: d.square().sum(), factor=2.0, cross=None) -> Tensor:
    """The distance with one thing changed."""
    overlap = trace_of_root(cov_1 @ cov_2) if cross is None else cross(cov_1, cov_2)
    return means(mean_1 - mean_2) + cov_1.trace() + cov_2.trace() - factor * overlap


def frechet_between(mean_1, cov_1, mean_2, cov_2) -> Tensor:
    return frechet(mean_1, cov_1, mean_2, cov_2)


def root(cov: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(cov)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def cholesky(cov: Tensor) -> Tensor:
    return torch.linalg.cholesky_ex(cov).L  # of the lower triangle, and no error if there is none


check_frechet_between = Exercise(
    frechet_between,
    observe_frechet,
    {
        altered(frechet, cross=lambda a, b: (a @ b).sqrt().trace()): (
            "this adds up the roots of the product's diagonal: the root of a matrix is not that of its entries. Use "
            "the eigenvalues of the product."
        ),
        altered(frechet, cross=lambda a, b: torch.linalg.svdvals(a @ b).sqrt().sum()): (
            "these are the singular values of the product, which are its eigenvalues only if it is symmetric: use "
            "`eigvals`."
        ),
        altered(frechet, cross=lambda a, b: cholesky(a @ b).trace()): (
            "the Cholesky factor is taken for the root of the product: a matrix's root is another one, and the product "
            "is not symmetric. Use its eigenvalues."
        ),
        altered(frechet, cross=lambda a, b: (cholesky(a) @ cholesky(b)).trace()): (
            "the Cholesky factors of the covariances are multiplied, as if they were roots: take the eigenvalues of "
            "the product."
        ),
        altered(frechet, cross=lambda a, b: trace_of_root(a * b)): (
            "`*` multiplies entry by entry: the product of the covariances is `cov_1 @ cov_2`."
        ),
        altered(frechet, cross=lambda a, b: (root(a) @ root(b)).trace()): (
            "this is the root of each covariance, multiplied: the root is taken of the product. The two agree only if "
            "the covariances have the same axes."
        ),
        altered(frechet, cross=lambda a, b: torch.linalg.eigvalsh(a @ b).clamp(min=0).sqrt().sum()): (
            "`eigvalsh` is for symmetric matrices, and the product of two covariances is none: use `eigvals`."
        ),
        altered(frechet, cross=lambda a, b: (a.diag() * b.diag()).sqrt().sum()): (
            "only the diagonals of the covariances enter: take the matrix product, and its eigenvalues."
        ),
        altered(frechet, cross=lambda a, b: (a @ b).trace()): (
            "there is no root: it is the trace of the root of the product."
        ),
        altered(frechet, cross=lambda a, b: (a @ b).trace().sqrt()): (
            "this is the root of the trace: take the roots of the eigenvalues first, then add them up."
        ),
        altered(frechet, cross=lambda a, b: torch.linalg.eigvals(a @ b).real.clamp(min=0).sqrt().mean()): (
            "the roots of the eigenvalues are averaged: the trace is their sum."
        ),
        altered(frechet, cross=lambda a, b: root(root(a) @ b @ root(a)).sum()): (
            "all entries of the root are added: the trace takes only its diagonal."
        ),
        altered(frechet, factor=1.0): "the factor 2 in front of the root is missing.",
        altered(frechet, factor=-2.0): "the sign of the last term is wrong: twice the root is subtracted.",
        altered(frechet, means=lambda d: d.norm()): (
            "the distance of the means is not squared: it enters as the sum of squared differences."
        ),
        altered(frechet, means=lambda d: d.sum().square()): (
            "the differences of the means are added before they are squared: square each first."
        ),
        altered(frechet, means=lambda d: d.abs().sum()): (
            "the differences of the means enter by their absolute value: square them."
        ),
        altered(frechet, means=lambda d: d.square().mean()): (
            "the squared differences of the means are averaged: add them up."
        ),
        altered(frechet, means=lambda d: 0.0): "the means do not enter: add their squared distance.",
        lambda *args: frechet(*args).clamp(min=0).sqrt(): (
            "this is the root of it: what is quoted as the Fréchet distance is the squared distance."
        ),
        lambda mean_1, cov_1, mean_2, cov_2: (mean_1 - mean_2).square().sum(): (
            "only the means enter: the covariances count as well."
        ),
    },
    hints={
        f"the distance of {name}": (
            "right for ordinary covariances, wrong or an error for flat ones, which have an eigenvalue 0, as where a "
            "pixel never changes: rounding makes it a little negative. Use `clamp(min=0)` before the root, and no "
            "`cholesky` or `inv`."
        )
        for name in FLAT_PROBES
    },
)
