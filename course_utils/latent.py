"""A space of codes: walks through it, and neighbours in it.

scikit-learn is imported where it is needed, for it takes a second and a lot of memory.
"""

import math

import torch
from torch import Tensor

from course_utils.plumbing.checks import check_whole


def slerp(a: Tensor, b: Tensor, position: float) -> Tensor:
    """Walk from codes a (N, d) to codes b (N, d) along arcs, up to a position in [0, 1]: codes (N, d).

    The direction turns evenly (Shoemake, 1985) and the length changes evenly, so that no code on the way is shorter
    or longer than both of its ends. A straight line between two codes of the prior would pass nearer to the origin.
    """
    small = torch.finfo(a.dtype).eps  # the least length, for codes of zeros; a smaller one would divide to infinity
    length_a = a.norm(dim=1, keepdim=True).clamp_min(small)  # (N, 1)
    length_b = b.norm(dim=1, keepdim=True).clamp_min(small)  # (N, 1)
    cosine = (a / length_a * (b / length_b)).sum(1, keepdim=True)  # (N, 1)
    # Codes on one line through the origin have no single arc between them, and the formula would divide by 0.
    angle = cosine.clamp(-1, 1).acos().clamp(1e-3, math.pi - 1e-3)  # (N, 1)
    share_a = ((1 - position) * angle).sin() / angle.sin()  # (N, 1)
    share_b = (position * angle).sin() / angle.sin()  # (N, 1)
    length = torch.lerp(length_a, length_b, position)  # (N, 1)
    return share_a * (length / length_a) * a + share_b * (length / length_b) * b  # (N, d)


def arcs(latent_dim: int, n: int, points: int = 17, seed: int = 0) -> Tensor:
    """Codes along n arcs between pairs of codes of the prior N(0, I): (points, n, latent_dim)."""
    check_whole(latent_dim=latent_dim, n=n)
    check_whole(2, points=points)
    start, end = torch.randn(2, n, latent_dim, generator=torch.Generator().manual_seed(seed))  # (n, latent_dim) each
    return torch.stack([slerp(start, end, i / (points - 1)) for i in range(points)])


def same_class_neighbours(codes: Tensor, labels: Tensor, k: int = 5) -> float:
    """The mean share of a code's k nearest other codes (N, d) that have its class (N,), in [0, 1]."""
    from sklearn.neighbors import NearestNeighbors

    if codes.dim() != 2 or labels.shape != codes.shape[:1]:
        expected = "codes (N, d) and labels (N,)"
        raise ValueError(f"expected {expected}, got shapes {tuple(codes.shape)} and {tuple(labels.shape)}")
    if not 1 <= k < len(codes):
        raise ValueError(f"expected k from 1 to {len(codes) - 1}, one less than there are codes, got {k}")
    search = NearestNeighbors(n_neighbors=k).fit(codes.detach().cpu().numpy())
    neighbours = torch.from_numpy(search.kneighbors(return_distance=False))  # (N, k), never the code itself
    labels = labels.cpu()
    return (labels[neighbours] == labels[:, None]).float().mean().item()
