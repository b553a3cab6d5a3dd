"""Exercises of lesson 01: sampling from a mixture, the Fréchet distance between Gaussians, coverage."""

import torch
from torch import Tensor

from course_utils.exercises import Exercise, Observation, value
from course_utils.exercises.lesson_01_mixture import check_sample_mixture
from course_utils.exercises.players import wrong

__all__ = ["check_coverage", "check_frechet_between", "check_sample_mixture"]


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
        wrong(frechet, cross=lambda a, b: (a @ b).sqrt().trace()): (
            "this is the root of each entry: the root of a matrix is another one. Use the eigenvalues of the product."
        ),
        wrong(frechet, cross=lambda a, b: trace_of_root(a * b)): (
            "`*` multiplies entry by entry: the product of the covariances is `cov_1 @ cov_2`."
        ),
        wrong(frechet, cross=lambda a, b: (root(a) @ root(b)).trace()): (
            "this is the root of each covariance, multiplied: the root is taken of the product. The two agree only if "
            "the covariances have the same axes."
        ),
        wrong(frechet, cross=lambda a, b: torch.linalg.eigvalsh(a @ b).clamp(min=0).sqrt().sum()): (
            "`eigvalsh` is for symmetric matrices, and the product of two covariances is none: use `eigvals`."
        ),
        wrong(frechet, cross=lambda a, b: (a.diag() * b.diag()).sqrt().sum()): (
            "only the diagonals of the covariances enter: take the matrix product, and its eigenvalues."
        ),
        wrong(frechet, cross=lambda a, b: (a @ b).trace()): (
            "there is no root: it is the trace of the root of the product."
        ),
        wrong(frechet, cross=lambda a, b: (a @ b).trace().sqrt()): (
            "this is the root of the trace: take the roots of the eigenvalues first, then add them up."
        ),
        wrong(frechet, cross=lambda a, b: torch.linalg.eigvals(a @ b).real.clamp(min=0).sqrt().mean()): (
            "the roots of the eigenvalues are averaged: the trace is their sum."
        ),
        wrong(frechet, cross=lambda a, b: root(root(a) @ b @ root(a)).sum()): (
            "all entries of the root are added: the trace takes only its diagonal."
        ),
        wrong(frechet, factor=1.0): "the factor 2 in front of the root is missing.",
        wrong(frechet, factor=-2.0): "the sign of the last term is wrong: twice the root is subtracted.",
        wrong(frechet, means=lambda d: d.norm()): (
            "the distance of the means is not squared: it enters as the sum of squared differences."
        ),
        wrong(frechet, means=lambda d: d.sum().square()): (
            "the differences of the means are added before they are squared: square each first."
        ),
        wrong(frechet, means=lambda d: d.abs().sum()): (
            "the differences of the means enter by their absolute value: square them."
        ),
        wrong(frechet, means=lambda d: d.square().mean()): (
            "the squared differences of the means are averaged: add them up."
        ),
        wrong(frechet, means=lambda d: 0.0): "the means do not enter: add their squared distance.",
        lambda *args: frechet(*args).clamp(min=0).sqrt(): (
            "this is the root of it: what is quoted as the Fréchet distance is the squared distance."
        ),
        lambda mean_1, cov_1, mean_2, cov_2: (mean_1 - mean_2).square().sum(): (
            "only the means enter: the covariances count as well."
        ),
    },
)


def observe_coverage(function) -> Observation:
    """Coverage of a cloud by a smaller one, by a larger one, and by two points."""
    noise = torch.Generator().manual_seed(0)
    real, generated = torch.randn(40, 2, generator=noise), torch.randn(30, 2, generator=noise)
    line = torch.tensor([[0.0], [1.0], [3.0], [7.0], [11.0], [50.0], [60.0]])
    probes = {
        "40 real points and 30 close together": (real, 0.5 * generated + 0.5, 3),
        "40 real points and 30 spread out": (real, 2 * generated, 5),
        "40 real points and 2": (real, generated[:2], 1),
        "real points at 0, 1, 3 and 7, generated ones at 11, 50 and 60": (line[:4], line[4:], 1),
    }
    return {f"the coverage of {name}": value(function(*probe)) for name, probe in probes.items()}


def balls(points: Tensor, k: int) -> Tensor:
    """The distance of each point to its k-th other neighbour: (N, d) to (N, 1)."""
    return torch.cdist(points, points).kthvalue(k + 1, dim=1).values[:, None]


def coverage(real, generated, k) -> Tensor:
    return (torch.cdist(real, generated) < balls(real, k)).any(1).float().mean()


check_coverage = Exercise(
    coverage,
    observe_coverage,
    {
        lambda real, generated, k: coverage(real, generated, k - 1): (
            "each point counts as its own nearest neighbour: the k-th other one is the (k + 1)-th in the row."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k)).any(0).float().mean(): (
            "this is precision, the share of generated points inside a ball: take the share of balls that hold one."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(generated, k).T).any(1).float().mean(): (
            "this is recall: the balls are around the generated points. Draw them around the real ones."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k)).float().mean(): (
            "this is the share of pairs: a ball counts once, however many points it holds."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k)).float().sum(0).mean() / k: (
            "this is density, in how many balls a generated point lies: count the balls that hold any."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) <= balls(real, k)).any(1).float().mean(): (
            "points exactly on the border of a ball count here: use `<`, closer than the radius."
        ),
        lambda real, generated, k: coverage(generated, real, k): (
            "the two sets are swapped: the balls are around the real points."
        ),
        lambda real, generated, k: coverage(real, generated, k + 1): (
            "one neighbour too many: in a row the point itself comes first, the k-th other one is `kthvalue(k + 1)`."
        ),
        lambda real, generated, k: 100 * coverage(real, generated, k): "this is in percent: a share goes from 0 to 1.",
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k)).any(1).sum(): (
            "this is the number of balls: divide it by the number of real points."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k).mean()).any(1).float().mean(): (
            "all balls have one size: each real point has its own radius, the distance to its k-th neighbour."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) >= balls(real, k)).all(1).float().mean(): (
            "this is the share of empty balls: coverage is the share of those that caught something."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k).T).any(1).float().mean(): (
            "the radii run along the wrong axis: each row of distances belongs to a real point, so the radii need the "
            "shape (N, 1)."
        ),
    },
)
