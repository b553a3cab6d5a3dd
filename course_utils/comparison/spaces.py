"""A space of codes in numbers: how walks through it go, and what a linear function finds in it.

What is fitted here learns from the first half of the rows and is judged on the second: shuffle rows that have an order.
scikit-learn is imported inside the functions, for it takes a second and a lot of memory.
"""

import math

from torch import Tensor


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
