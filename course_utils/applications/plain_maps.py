"""Translating pictures by plain maps (lesson 10), fitted to two piles that do not belong together, or to a few pairs.

Images are (N, 1, 28, 28) in [0, 1]. Every function returns a map, which takes images and returns as many.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.applications.translation import bend
from course_utils.networks import to_data
from course_utils.plumbing.checks import check_whole
from course_utils.training import seed_everything

Map = Callable[[Tensor], Tensor]


def gaussian_map(a: Tensor, b: Tensor, ridge: float = 1e-2) -> Map:
    """The linear map that carries mean and covariance of A to those of B with the least movement, in closed form.

    It is the optimal transport between two Gaussians (Olkin and Pukelsheim, 1982). No pairs, no training.
    """
    (mean_a, cov_a), (mean_b, cov_b) = (moments(side.double(), ridge) for side in (a, b))
    root = power(cov_a, 0.5)
    matrix = power(cov_a, -0.5) @ power(root @ cov_b @ root, 0.5) @ power(cov_a, -0.5)  # symmetric

    def apply(x: Tensor) -> Tensor:
        moved = (x.flatten(1).double() - mean_a) @ matrix + mean_b
        return moved.clamp(0, 1).float().view_as(x)

    return apply


def moments(x: Tensor, ridge: float = 0.0) -> tuple[Tensor, Tensor]:
    """Mean (d,) and covariance (d, d) of the pixels, with `ridge` on its diagonal."""
    rows = x.flatten(1)
    return rows.mean(0), rows.T.cov() + ridge * torch.eye(rows.shape[1], dtype=x.dtype)


def power(matrix: Tensor, exponent: float) -> Tensor:
    """A power of a symmetric positive matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp_min(1e-12) ** exponent @ vectors.T


def warp_map(a: Tensor, b: Tensor, points: int = 2, pairs: bool = False, steps: int = 150, lr: float = 0.02) -> Map:
    """The one warp that turns pictures of A into ones of B, by Adam.

    It has a push across and down at points × points places, straight lines between them: with 2 the four corners move,
    with 14 every second pixel. Without `pairs` the warped pictures get the mean and covariance of B, at half the size:
    196 means and 196 × 196 covariances. With `pairs`, picture i of A belongs to picture i of B.
    """
    check_whole(steps=steps)
    if points < 2:
        raise ValueError(f"expected at least 2 points a side, the corners, got {points}")
    pushes = torch.zeros(1, 2, points, points, requires_grad=True)
    adam = torch.optim.Adam([pushes], lr)

    def warped(x: Tensor) -> Tensor:
        return bend(x, *F.interpolate(pushes, size=x.shape[-1], mode="bilinear", align_corners=True)[0])

    gap = pixel_gap(b) if pairs else moment_gap(b)
    for _ in range(steps):
        loss = gap(warped(a)) + pairs * 0.01 * pushes.square().mean()  # a few pairs leave some places open
        (pushes.grad,) = torch.autograd.grad(loss, pushes)
        adam.step()
    pushes.requires_grad_(False)
    return warped


def moment_gap(b: Tensor) -> Map:
    """How far the mean and covariance of pictures are from those of B, at half the size."""
    mean_b, cov_b = moments(F.avg_pool2d(b, 2))

    def gap(made: Tensor) -> Tensor:
        mean, cov = moments(F.avg_pool2d(made, 2))
        return (mean - mean_b).square().sum() + (cov - cov_b).square().sum()

    return gap


def pixel_gap(b: Tensor) -> Map:
    """How far pictures are from those of B, one by one, at three sizes: strokes that miss touch in small ones."""
    return lambda made: sum((F.avg_pool2d(made, k) - F.avg_pool2d(b, k)).square().mean() for k in (1, 2, 4))


def filter_map(a: Tensor, b: Tensor, channels: int = 12, steps: int = 600, lr: float = 0.01, seed: int = 0) -> Map:
    """Filters of 3×3 pixels and their weighted sum, fitted to pairs: picture i of A belongs to picture i of B."""
    check_whole(channels=channels, steps=steps)
    seed_everything(seed)
    network = nn.Sequential(nn.Conv2d(1, channels, 3, padding=1), nn.SiLU(), nn.Conv2d(channels, 1, 1))
    adam = torch.optim.Adam(network.parameters(), lr)
    for _ in range(steps):
        adam.zero_grad()
        F.binary_cross_entropy_with_logits(network(a), b).backward()
        adam.step()
    network.requires_grad_(False)
    return lambda x: to_data(network(x))
