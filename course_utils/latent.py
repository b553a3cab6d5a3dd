"""What a latent space is like: walks, linear directions, neighbours, and codes of given images.

What is fitted here learns from the first half of the rows and is judged on the second: shuffle rows that have an order.
scikit-learn is imported inside the functions, for it takes a second and a lot of memory.
"""

import math

import torch
from torch import Tensor, nn

from course_utils.networks import to_data
from course_utils.plumbing.checks import check_data, check_whole
from course_utils.plumbing.device import looking_at


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
    if min(latent_dim, n) < 1 or points < 2:
        got = f"{latent_dim}, {n} and {points}"
        raise ValueError(f"expected latent_dim and n of at least 1 and points of at least 2, got {got}")
    start, end = torch.randn(2, n, latent_dim, generator=torch.Generator().manual_seed(seed))  # (n, latent_dim) each
    return torch.stack([slerp(start, end, i / (points - 1)) for i in range(points)])


def step_lengths(frames: Tensor) -> Tensor:
    """The Euclidean distance between each frame and the next: (T, n, ...) to (T - 1, n)."""
    if frames.dim() < 3 or len(frames) < 2:
        raise ValueError(f"expected frames of shape (T, n, ...) with T of at least 2, got {tuple(frames.shape)}")
    return frames.diff(dim=0).flatten(2).norm(dim=2)  # (T - 1, n)


def path_lengths(frames: Tensor) -> Tensor:
    """The length of each of n paths, over all pixels, in [0, ∞): frames (T, n, ...) to (n,)."""
    return step_lengths(frames).sum(0)


def detour(frames: Tensor) -> Tensor:
    """The length of each path over the distance between its ends, in [1, ∞]: frames (T, n, ...) to (n,).

    1 is a straight fade from one image to the other; NaN is a path that never moves.
    """
    return path_lengths(frames) / path_lengths(frames[[0, -1]])


def largest_step(frames: Tensor) -> Tensor:
    """The largest step of each path over its length: frames (T, n, ...) to (n,).

    From 1 / (T - 1), an even pace, to 1, a single jump; NaN is a path that never moves.
    """
    steps = step_lengths(frames)  # (T - 1, n)
    return steps.amax(0) / steps.sum(0)


def halves(x: Tensor, y: Tensor) -> tuple:
    """Split the rows as scikit-learn takes them: x and y to learn from, then x and y to judge by."""
    if x.dim() != 2 or y.shape != x.shape[:1] or len(x) < 4:
        expected = "x (N, d) and one number each, N of at least 4"
        raise ValueError(f"expected {expected}, got shapes {tuple(x.shape)} and {tuple(y.shape)}")
    x = x.detach().double().cpu().numpy()
    y = y.detach().cpu().numpy()
    half = len(x) // 2
    return x[:half], y[:half], x[half:], y[half:]


def explained(x: Tensor, y: Tensor) -> float:
    """R² on the second half of the rows of a linear function from x (N, d) to y (N,), in (-∞, 1].

    It is fitted by least squares. NaN if y does not vary in the second half: then there is nothing to explain.
    """
    from sklearn.linear_model import LinearRegression

    x, y, held_out_x, held_out_y = halves(x, y)
    if (held_out_y == held_out_y[0]).all():
        return math.nan
    return float(LinearRegression().fit(x, y).score(held_out_x, held_out_y))


def linear_accuracy(x: Tensor, labels: Tensor) -> float:
    """The accuracy on the second half of the rows of a linear classifier of x (N, d) into classes (N,), in [0, 1].

    It is logistic regression on standardised x.
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


def squared_error(generator: nn.Module, z: Tensor, images: Tensor) -> Tensor:
    """The squared error, a sum over pixels, of the generator's images of z (N, latent_dim): (N,)."""
    made = to_data(generator(z))
    if made.shape != images.shape:  # it would broadcast
        raise ValueError(f"expected images of shape {tuple(made.shape)}, got {tuple(images.shape)}")
    return (made - images).square().flatten(1).sum(1)


def invert(generator: nn.Module, images: Tensor, steps: int = 300, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Search codes (N, latent_dim) whose images come near the given ones (N, ...); return them and the errors (N,).

    Adam moves the codes, which start as draws from the prior (Zhu et al., 2016). It can end in a local minimum, and
    nothing holds the codes near the prior. The errors are squared and summed over pixels. The generator and the global
    random state stay as they are.
    """
    check_data(images)
    check_whole(steps=steps)
    z = torch.randn(len(images), generator.latent_dim, generator=torch.Generator().manual_seed(seed))  # (N, latent_dim)
    with looking_at(generator) as device, torch.enable_grad():
        z = z.to(device).requires_grad_()
        images = images.to(device)
        optimizer = torch.optim.Adam([z], lr=0.1)
        for _ in range(steps):
            loss = squared_error(generator, z, images).sum()
            (z.grad,) = torch.autograd.grad(loss, z)  # `backward` would also give the weights gradients
            optimizer.step()
        return z.detach().cpu(), squared_error(generator, z, images).detach().cpu()
