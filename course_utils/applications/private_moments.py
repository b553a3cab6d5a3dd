"""A private model that looks at the data once: Gaussians from noisy moments, in place of a thousand noisy steps."""

import math

import torch
from torch import Tensor

from course_utils.applications.privacy import check_promise
from course_utils.plumbing.checks import check_data


def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def delta_of(noise: float, epsilon: float) -> float:
    """The delta of one sum with normal noise, `noise` times what an image can change (Balle and Wang, 2018, th. 8)."""
    half, shift = 0.5 / noise, epsilon * noise
    return normal_cdf(half - shift) - math.exp(epsilon) * normal_cdf(-half - shift)


def noise_for(epsilon: float, delta: float) -> float:
    """The least noise with which one sum, added up once, is (epsilon, delta)-private; by bisection."""
    check_promise(epsilon, delta)
    low, high = 1e-3, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if delta_of(middle, epsilon) > delta else (low, middle)
    return high


def cosine_basis(side: int, size: int = 28) -> Tensor:
    """The slowest side² cosine waves on size×size pixels, orthonormal and the same for all data: (side², size²)."""
    k, place = torch.arange(side)[:, None], torch.arange(size) + 0.5
    waves = torch.cos(torch.pi * k * place / size) * math.sqrt(2 / size)  # (side, size)
    waves[0] /= math.sqrt(2)
    return torch.einsum("ai,bj->abij", waves, waves).reshape(side**2, size**2)


def second_moments(u: Tensor) -> Tensor:
    """The count, the sum and the second moments of vectors (N, d) in one matrix (1 + d, 1 + d).

    Longer vectors are shortened to length 1, and joined by a 1. Each changes the matrix by at most 1 in length.
    """
    u = u / u.norm(dim=1, keepdim=True).clamp_min(1)
    joined = torch.cat([torch.ones(len(u), 1), u], 1) / math.sqrt(2)  # (N, 1 + d), of length 1 at most
    return joined.T @ joined


def unpacked(moments: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The count, the mean (d,) and the covariance (d, d) in a matrix of moments."""
    count = 2 * moments[0, 0].clamp_min(0.5)
    mean = 2 * moments[0, 1:] / count
    return count, mean, 2 * moments[1:, 1:] / count - mean.outer(mean)


class PrivateGaussians:
    """A Gaussian for each class, from noisy second moments in a fixed basis (Dwork et al., 2014, "Analyze Gauss").

    An image is in one class, so that one noise of standard deviation `noise` serves all; classes must be public ones.
    `clip` is the length to which images (N, 1, 28, 28) are shortened, in the units of pixels.
    """

    def __init__(self, x: Tensor, y: Tensor, noise: float, side: int = 8, clip: float = 12.0, seed: int = 0):
        check_data(x)
        random = torch.Generator().manual_seed(seed)
        self.basis = clip * cosine_basis(side)
        u = x.flatten(1) @ self.basis.T / clip**2  # (N, d)
        self.parts = []
        for label in range(int(y.max()) + 1):
            moments = second_moments(u[y == label])
            error = noise * torch.randn(moments.shape, generator=random)
            count, mean, covariance = unpacked(moments + (error + error.T) / 2)
            values, vectors = torch.linalg.eigh(covariance)
            by_noise = 2 * noise * math.sqrt(2 * len(mean)) / count  # an eigenvalue that noise alone can make
            self.parts.append((count, mean, vectors * values.where(values > by_noise, 0).clamp_min(0).sqrt()))

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Draw n images (n, 1, 28, 28), cut off at 0 and 1."""
        random = torch.Generator().manual_seed(seed)
        counts, means, roots = (torch.stack(column) for column in zip(*self.parts))
        which = torch.multinomial(counts, n, replacement=True, generator=random)
        z = torch.randn(n, means.shape[1], generator=random)
        u = means[which] + torch.einsum("ndk,nk->nd", roots[which], z)
        return (u @ self.basis).clamp(0, 1).view(n, 1, 28, 28)
