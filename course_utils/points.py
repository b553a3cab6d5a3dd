"""Two-dimensional data sets: small enough to see everything that a model does."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from course_utils.plumbing.checks import check_whole


@dataclass(frozen=True)
class Mixture:
    """Equally likely Gaussians of one width: `centres` (K, 2), `sigma` in the units of the points."""

    centres: Tensor  # (K, 2)
    sigma: float

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw n points (n, 2); the same n and seed give the same points."""
        check_whole(n=n)
        generator = torch.Generator().manual_seed(seed)
        mode = torch.randint(len(self.centres), (n,), generator=generator)  # (n,)
        return self.centres[mode] + self.sigma * torch.randn(n, 2, generator=generator)


def ring(sigma: float = 0.01) -> Mixture:
    """Eight Gaussians evenly spaced on the unit circle (the 2-D ring of VEEGAN and PacGAN)."""
    angle = 2 * math.pi * torch.arange(8) / 8  # (8,), without 2π, which is the same place as 0
    return Mixture(torch.stack([angle.cos(), angle.sin()], 1), sigma)


def grid(side: int = 5, spacing: float = 2.0, sigma: float = 0.05) -> Mixture:
    """Gaussians on a square lattice around the origin (the 2-D grid of VEEGAN and PacGAN)."""
    axis = spacing * (torch.arange(side) - (side - 1) / 2)
    return Mixture(torch.cartesian_prod(axis, axis), sigma)


def two_moons(n: int, noise: float = 0.05, seed: int = 0) -> Tensor:
    """Draw n points (n, 2) on two interleaved half circles of radius 1; `noise` is the width of the Gaussian noise."""
    check_whole(n=n)
    generator = torch.Generator().manual_seed(seed)
    angle = math.pi * torch.rand(n, generator=generator)  # (n,)
    lower = torch.arange(n) % 2  # (n,), 1 on the lower moon
    sign = 1 - 2 * lower
    points = torch.stack([sign * angle.cos() + lower, sign * angle.sin() + lower / 2], 1)  # (n, 2)
    return points + noise * torch.randn(n, 2, generator=generator)
