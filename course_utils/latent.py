"""What a latent space is like: walks, linear directions, neighbours, and codes of given images.

Functions that fit something do so on the first half of the rows and judge it on the second: shuffle rows that have an
order. scikit-learn is imported where it is needed, for it takes a second and a lot of memory.
"""

import math

import torch
from torch import Tensor, nn

from course_utils.networks import to_data
from course_utils.plumbing.checks import check_data
from course_utils.plumbing.device import looking_at


def slerp(a: Tensor, b: Tensor, position: float) -> Tensor:
    """Return the codes (N, d) at a position in [0, 1] on the arcs from codes a (N, d) to codes b (N, d).

    The direction turns evenly (Shoemake, 1985) and the length changes evenly, so that no code on the way is shorter
    or longer than both of its ends; a straight line between two codes of the prior would pass nearer to the origin.
    """
    small = torch.finfo(a.dtype).eps  # of a code of zeros; a smaller number would make length / small infinite
    length_a, length_b = (ends.norm(dim=1, keepdim=True).clamp_min(small) for ends in (a, b))  # (N, 1), (N, 1)
    cosine = (a / length_a * (b / length_b)).sum(1, keepdim=True)  # (N, 1)
    # Codes in line have no one arc between them: a fade stands in for it, where the formula would divide by 0.
    angle = cosine.clamp(-1, 1).acos().clamp(1e-3, math.pi - 1e-3)  # (N, 1)
    length = torch.lerp(length_a, length_b, position)  # (N, 1)
    share_a, share_b = ((share * angle).sin() / angle.sin() for share in (1 - position, position))  # (N, 1), (N, 1)
    return share_a * (length / length_a) * a + share_b * (length / length_b) * b  # (N, d)


def arcs(latent_dim: int, n: int, points: int = 17, seed: int = 0) -> Tensor:
    """Return codes on the way along n arcs between pairs of codes of the prior N(0, I): (points, n, latent_dim)."""
    if min(latent_dim, n) < 1 or points < 2:
        got = f"{latent_dim}, {n} and {points}"
        raise ValueError(f"expected latent_dim and n of at least 1 and points of at least 2, got {got}")
    start, end = torch.randn(2, n, latent_dim, generator=torch.Generator().manual_seed(seed))  # (n, latent_dim) each
    return torch.stack([slerp(start, end, i / (points - 1)) for i in range(points)])


def step_lengths(frames: Tensor) -> Tensor:
    """Return the Euclidean distance between each frame and the next: (T, n, ...) to (T - 1, n)."""
    if frames.dim() < 3 or len(frames) < 2:
        raise ValueError(f"expected frames of shape (T, n, ...) with T of at least 2, got {tuple(frames.shape)}")
    return frames.diff(dim=0).flatten(2).norm(dim=2)  # (T - 1, n)


def path_lengths(frames: Tensor) -> Tensor:
    """Return how far each of n paths goes over all pixels, in [0, ∞): frames (T, n, ...) to (n,)."""
    return step_lengths(frames).sum(0)


def detour(frames: Tensor) -> Tensor:
    """Return the length of each path over the distance between its ends, in [1, ∞]: frames (T, n, ...) to (n,).

    1 is a straight fade from one image to the other; NaN is a path that never moves.
    """
    return path_lengths(frames) / path_lengths(frames[[0, -1]])


def largest_step(frames: Tensor) -> Tensor:
    """Return the share of each path's length that its largest step takes: frames (T, n, ...) to (n,).

    From 1 / (T - 1), an even pace, to 1, a single jump; NaN is a path that never moves.
    """
    steps = step_lengths(frames)  # (T - 1, n)
    return steps.amax(0) / steps.sum(0)


def halves(x: Tensor, y: Tensor) -> tuple:
    """Return x and y of the first half of the rows, then of the second, as scikit-learn takes them."""
    if x.dim() != 2 or y.shape != x.shape[:1] or len(x) < 4:
        expected = "x (N, d) and one number each, N of at least 4"
        raise ValueError(f"expected {expected}, got shapes {tuple(x.shape)} and {tuple(y.shape)}")
    x, y, half = x.detach().double().cpu().numpy(), y.detach().cpu().numpy(), len(x) // 2
    return x[:half], y[:half], x[half:], y[half:]


def explained(x: Tensor, y: Tensor) -> float:
    """Return R², the share of the variance of y (N,) that a linear function of x (N, d) explains, in (-∞, 1].

    Least squares fit the function on the first half of the rows; R² is that of the second. NaN if y does not vary
    there: then there is nothing to explain.
    """
    from sklearn.linear_model import LinearRegression

    x, y, held_out_x, held_out_y = halves(x, y)
    if (held_out_y == held_out_y[0]).all():
        return math.nan
    return float(LinearRegression().fit(x, y).score(held_out_x, held_out_y))


def linear_accuracy(x: Tensor, labels: Tensor) -> float:
    """Return the share of x (N, d) whose class (N,) a linear classifier names correctly, in [0, 1].

    Logistic regression learns on the first half of the rows, standardised; the share is that of the second.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, labels, held_out_x, held_out_labels = halves(x, labels)
    if len(set(labels.tolist())) < 2:
        raise ValueError(f"expected at least two classes in the first half of the rows, got only class {labels[0]}")
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(x, labels)
    return float(classifier.score(held_out_x, held_out_labels))


def same_class_neighbours(codes: Tensor, labels: Tensor, k: int = 5) -> float:
    """Return the mean share of the k codes nearest to each (N, d) that have its class (N,), in [0, 1]; itself not."""
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


def squared_error(generator: nn.Module, z: Tensor, images: Tensor) -> Tensor:
    """Return the squared error, a sum over pixels, of what the generator makes of z (N, latent_dim): (N,)."""
    made = to_data(generator(z))
    if made.shape != images.shape:  # it would broadcast
        raise ValueError(f"expected images of shape {tuple(made.shape)}, got {tuple(images.shape)}")
    return (made - images).square().flatten(1).sum(1)


def invert(generator: nn.Module, images: Tensor, steps: int = 300, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return codes (N, latent_dim) whose images come near the given ones (N, ...), and their squared errors (N,).

    Gradient descent (Adam) on the codes, from codes of the prior on (Zhu et al., 2016). It can end in a local minimum,
    and nothing holds the codes near the prior. The generator and the global random state stay as they are.
    """
    check_data(images)
    if steps < 1:
        raise ValueError(f"expected a number of steps of at least 1, got {steps}")
    z = torch.randn(len(images), generator.latent_dim, generator=torch.Generator().manual_seed(seed))  # (N, latent_dim)
    with looking_at(generator) as device, torch.enable_grad():
        z, images = z.to(device).requires_grad_(), images.to(device)
        optimizer = torch.optim.Adam([z], lr=0.1)
        for _ in range(steps):
            (z.grad,) = torch.autograd.grad(squared_error(generator, z, images).sum(), z)  # none for the weights
            optimizer.step()
        return z.detach().cpu(), squared_error(generator, z, images).detach().cpu()
