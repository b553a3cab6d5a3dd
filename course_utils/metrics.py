"""How good are samples? Measured in the features of a small network, each number beside that of real images.

metric              range     better   beside it
frechet             [0, ∞)    lower    held-out real images against others, at equal n
kid                 about 0   lower    0, whatever n is; it varies around it
precision, recall   [0, 1]    higher   the same as for frechet; recall also grows with the mess, so never quote it alone
density             [0, ∞)    higher   the same
coverage            [0, 1]    higher   the same
classes             count     higher   all classes; a class counts from a share of 1 % on
sharpness           [0, 4]    as real  the same; mean |Laplacian| in grey levels
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.data import vary
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


def kernel_distance(a: Tensor, b: Tensor) -> float:
    """Return the squared maximum mean discrepancy of features (N, d) and (M, d), known as KID (Bińkowski et al., 2018).

    The estimate is unbiased: two samples of one distribution score 0 on average, however few they are.
    """
    n = len(a)
    both = torch.cat([a, b]).cpu().double()
    similarity = (both @ both.T / both.shape[1] + 1) ** 3  # (N + M, N + M)
    across = similarity[:n, n:].mean()
    similarity.fill_diagonal_(0)  # no pair of a point and itself
    within = [block.sum() / (len(block) * (len(block) - 1)) for block in (similarity[:n, :n], similarity[n:, n:])]
    return (sum(within) - 2 * across).item()


def neighbourhood_metrics(
    real: Tensor, fake: Tensor, k: int = 5, real_originals: Tensor | None = None, fake_originals: Tensor | None = None
) -> dict[str, float]:
    """Return precision and recall, density and coverage from features (N, d) and (M, d).

    A ball around a point reaches to its k-th nearest neighbour. Images of one original, (N,) and (M,) as in `Images`,
    are no neighbours of each other: where most neighbours are siblings the balls are too small. Kynkäänniemi et al.
    (2019), equations 1 and 2; Naeem et al. (2020), section 3. Raises ValueError for fewer points than k + 1.
    """
    device = pick_device()
    real = real.to(device)
    fake = fake.to(device)
    radius_real = neighbour_distance(real, k, real_originals)  # (N,)
    radius_fake = neighbour_distance(fake, k, fake_originals)  # (M,)
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


def neighbour_distance(points: Tensor, k: int, originals: Tensor | None = None) -> Tensor:
    """Return the distance of each point to its k-th nearest neighbour of another original: (N, d) to (N,)."""
    if len(points) <= k:
        raise ValueError(f"expected more than k={k} points, got {len(points)}")
    family = torch.arange(len(points)) if originals is None else originals
    family = family.to(points.device)
    radii = []
    for part, own in zip(points.split(PART), family.split(PART)):
        distance = torch.cdist(part, points)  # (PART, N)
        radii.append(distance.masked_fill_(own[:, None] == family, torch.inf).kthvalue(k).values)
    return torch.cat(radii)


def sharpness(images: Tensor) -> float:
    """Return the mean absolute Laplacian of images (N, C, H, W): how abruptly levels change."""
    x = F.pad(images, (1, 1, 1, 1))  # (N, C, H + 2, W + 2)
    laplacian = x[..., 1:-1, 1:-1] * -4  # (N, C, H, W)
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


def nearer_to_training(samples: Tensor, training: Tensor, unseen: Tensor, tries: int = 60) -> float:
    """Return in which share of pairs a sample is nearer to the training images than an unseen real image is.

    All are images (N, C, H, W). Each sample and each unseen image is varied a number of times, and counts as near as
    the best of its variations, at half the resolution: who draws a training image anew, turned and shifted a little,
    is found too. 0.5 for new images, 1 for copies (after Meehan et al., 2020, section 4.1).
    """
    small = F.avg_pool2d(training, 2).flatten(1)  # (M, pixels)

    def distance(images: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        variations = (vary(images, generator) if turn else images for turn in range(tries + 1))
        nearest = [nearest_neighbours(F.avg_pool2d(varied, 2), small)[0] for varied in variations]
        return torch.stack(nearest).amin(0)  # (N,)

    return (distance(samples)[:, None] < distance(unseen)).float().mean().item()


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
