"""How good are samples? Measured in the features of a small classifier, each number beside that of real images.

metric              range     better   beside it
frechet             [0, ∞)    lower    training images against test images, at equal n
precision, recall   [0, 1]    higher   the same
density             [0, ∞)    higher   the same
coverage            [0, 1]    higher   the same
classes             count     higher   all classes; a class counts from a share of 1 % on
sharpness           [0, 4]    as real  the same; mean |Laplacian| in grey levels
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.plumbing.device import PART, pick_device


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Return the squared Fréchet distance of Gaussians fitted to features (N, d) and (M, d) (Heusel et al., 2017)."""
    a = a.cpu().double()  # not every accelerator has doubles
    b = b.cpu().double()
    d = a.shape[1]
    cov_a = a.T.cov().reshape(d, d)  # a number for d = 1
    cov_b = b.T.cov().reshape(d, d)
    values, vectors = torch.linalg.eigh(cov_a)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T  # (d, d)
    cross = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0).sqrt().sum()
    distance = (a.mean(0) - b.mean(0)).square().sum() + cov_a.trace() + cov_b.trace() - 2 * cross
    return max(distance.item(), 0.0)  # rounding can make it negative


def neighbourhood_metrics(real: Tensor, fake: Tensor, k: int = 5) -> dict[str, float]:
    """Return precision and recall, density and coverage from features (N, d) and (M, d).

    Kynkäänniemi et al. (2019), equations 1 and 2; Naeem et al. (2020), section 3. The search runs on an accelerator
    if there is one.
    """
    device = pick_device()
    real = real.to(device)
    fake = fake.to(device)
    radius_real = neighbour_distance(real, k)  # (N,)
    radius_fake = neighbour_distance(fake, k)  # (M,)
    real_around = torch.zeros(len(fake), device=device)
    recalled = []
    covered = []
    for part, radius in zip(real.split(PART), radius_real.split(PART)):  # in parts, for the sake of memory
        distance = torch.cdist(part, fake)  # (PART, M)
        inside = distance < radius[:, None]  # (PART, M)
        real_around += inside.sum(0)
        recalled.append((distance < radius_fake).any(1))
        covered.append(inside.any(1))
    return {
        "precision": (real_around > 0).float().mean().item(),
        "recall": torch.cat(recalled).float().mean().item(),
        "density": real_around.mean().item() / k,
        "coverage": torch.cat(covered).float().mean().item(),
    }


def neighbour_distance(points: Tensor, k: int) -> Tensor:
    """Return the distance of each point to its k-th nearest neighbour: (N, d) to (N,)."""
    parts = [
        torch.cdist(part, points) for part in points.split(PART)
    ]  # (PART, N) each; the nearest is the point itself
    return torch.cat([distance.kthvalue(k + 1).values for distance in parts])


def sharpness(images: Tensor) -> float:
    """Return the mean absolute Laplacian of images (N, 1, 28, 28): how abruptly grey levels change."""
    x = F.pad(images, (1, 1, 1, 1))  # (N, 1, 30, 30)
    laplacian = x[..., 1:-1, 1:-1] * -4  # (N, 1, 28, 28)
    for neighbour in (x[..., 1:-1, :-2], x[..., 1:-1, 2:], x[..., :-2, 1:-1], x[..., 2:, 1:-1]):
        laplacian += neighbour
    return laplacian.abs_().mean().item()


def nearest_neighbours(images: Tensor, training: Tensor) -> tuple[Tensor, Tensor]:
    """Return the distance (N,) to, and the index (N,) of, the training image nearest in pixels, on the CPU.

    The search runs on an accelerator if there is one.
    """
    device = pick_device()
    images = images.to(device).flatten(1)  # (N, pixels)
    nearest = [torch.cdist(images, part.to(device).flatten(1)).min(1) for part in training.split(PART)]
    distances = torch.stack([found.values for found in nearest])  # (parts, N)
    indices = torch.stack([found.indices for found in nearest])  # (parts, N), within each part
    distance, part = distances.min(0)  # (N,), (N,)
    index = part * PART + indices.gather(0, part[None])[0]  # (N,)
    return distance.cpu(), index.cpu()


def mode_coverage(points: Tensor, centres: Tensor, sigma: float) -> dict[str, float]:
    """Return how points (N, 2) cover the modes (K, 2) of a mixture: modes, high_quality, kl (PacGAN, Lin et al., 2018).

    A point within 3 sigma of its nearest mode is of high quality; a mode counts from one such point on; kl is that
    of the high-quality counts to uniform, in nats. Perfect samples score K, 0.989 and about (K - 1) / 2N.
    """
    distance, mode = torch.cdist(points, centres).min(1)  # (N,), (N,)
    good = distance < 3 * sigma  # (N,)
    share = torch.bincount(mode[good], minlength=len(centres)) / max(good.sum().item(), 1)  # (K,)
    kl = torch.xlogy(share, share * len(centres)).sum().item() if good.any() else float("inf")
    return {"modes": int((share > 0).sum()), "high_quality": good.float().mean().item(), "kl": kl}
