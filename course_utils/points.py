"""Two-dimensional data sets: small enough to see everything that a model does."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Mixture:
    """Equally likely Gaussians of one width: `centres` (K, 2), `sigma` in the units of the points."""

    centres: Tensor  # (K, 2)
    sigma: float

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Return n points (n, 2); the same n and seed give the same points."""
        generator = torch.Generator().manual_seed(seed)
        mode = torch.randint(len(self.centres), (at_least_one(n),), generator=generator)  # (n,)
        return self.centres[mode] + self.sigma * torch.randn(n, 2, generator=generator)


def ring(modes: int = 8, radius: float = 1.0, sigma: float = 0.01) -> Mixture:
    """Return Gaussians evenly spaced on a circle (the 2-D ring of VEEGAN and PacGAN)."""
    angle = 2 * math.pi * torch.arange(modes) / modes  # the end is left out: 0 and 2π are one place
    return Mixture(radius * torch.stack([angle.cos(), angle.sin()], 1), sigma)


def grid(side: int = 5, spacing: float = 2.0, sigma: float = 0.05) -> Mixture:
    """Return Gaussians on a square lattice around the origin (the 2-D grid of VEEGAN and PacGAN)."""
    axis = spacing * (torch.arange(side) - (side - 1) / 2)
    return Mixture(torch.cartesian_prod(axis, axis), sigma)


def two_moons(n: int, noise: float = 0.05, seed: int = 0) -> Tensor:
    """Return n points (n, 2) on two interleaved half circles of radius 1, with Gaussian noise of that width."""
    generator = torch.Generator().manual_seed(seed)
    angle = math.pi * torch.rand(at_least_one(n), generator=generator)  # (n,)
    lower = torch.arange(n) % 2  # (n,), 1 on the lower moon
    sign = 1 - 2 * lower
    points = torch.stack([sign * angle.cos() + lower, sign * angle.sin() + lower / 2], 1)  # (n, 2)
    return points + noise * torch.randn(n, 2, generator=generator)


def at_least_one(n: int) -> int:
    """Return n, or raise ValueError unless it is a whole number of at least 1."""
    if not isinstance(n, int) or n < 1:
        raise ValueError(f"expected a number of points of at least 1, got {n!r}")
    return n
