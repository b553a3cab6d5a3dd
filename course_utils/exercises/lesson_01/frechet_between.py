"""Exercise 2 of lesson 01: the Fréchet distance between two Gaussians."""

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, altered, value


def observe_frechet(function) -> Observation:
    """Distances of equal Gaussians, of diagonal ones, and of ones whose covariances are turned against each other."""
    here, there, eye, wide, tilted, turned = (
        torch.tensor(numbers, dtype=torch.float64)  # so that rounding cannot pass for a mistake
        for numbers in (
            [1, 2, 2],
            [4, 6, 2],
            [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
            [[4, 0, 0], [0, 1, 0], [0, 0, 1]],
            [[2, -1, 0], [-1, 3, 0], [0, 0, 1]],
            [[3, 1.2, 0], [1.2, 0.8, 0.5], [0, 0.5, 2]],
        )
    )
    probes = {
        "two equal Gaussians": (here, eye, here, eye),
        "equal covariances, means 5 apart": (here, eye, there, eye),
        "equal means, variances (1, 1, 1) and (4, 1, 1)": (here, eye, here, wide),
        "covariances turned against each other": (here, tilted, there, turned),
    }
    return {f"the distance of {name}": value(function(*probe)) for name, probe in probes.items()}


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


check_frechet_between = Exercise(
    frechet_between,
    observe_frechet,
    {
        altered(frechet, cross=lambda a, b: (a @ b).sqrt().trace()): (
            "this is the root of each entry: the root of a matrix is another one. Use the eigenvalues of the product."
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
)
