"""Labels that come along with data: a batch may be (x, y), and only networks that were built for labels get them.

Labels y are whole numbers from 0, (N,). Rows of weights (N, classes) serve as well: they mix classes.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn


def x_and_y(batch: Tensor | tuple[Tensor, ...] | list[Tensor]) -> tuple[Tensor, Tensor | None]:
    """Split a batch into data x (N, ...) and labels y (N,), None if it has none."""
    x, *rest = [batch] if isinstance(batch, Tensor) else batch
    return x, rest[0] if rest else None


def given(network: nn.Module, y: Tensor | None) -> Callable[[Tensor], Tensor]:
    """Return a network as a function of x alone: with labels y (N,) held fixed if it was built for `classes`."""
    return partial(network, y=y) if getattr(network, "classes", 0) else network


def check_labels(y: Tensor | None, network: nn.Module) -> None:
    """Raise ValueError for labels that a network which was built for `classes` does not take."""
    classes = getattr(network, "classes", 0)
    if not classes or y is None:  # without labels the network itself complains
        return
    if y.dim() == 2 and y.is_floating_point():
        if y.shape[1] != classes:
            raise ValueError(f"expected rows of {classes} weights as labels, got {tuple(y.shape)}")
    elif y.dim() != 1 or y.is_floating_point():
        raise ValueError(f"expected labels as whole numbers (N,), got {y.dtype} of shape {tuple(y.shape)}")
    elif not 0 <= y.min() <= y.max() < classes:
        raise ValueError(f"expected labels from 0 to {classes - 1}, got them from {y.min()} to {y.max()}")


def rows_of(table: Tensor, y: Tensor | None) -> Tensor:
    """Return the row of a table (classes, d) for each label (N,), or mixed as rows of weights say: (N, d)."""
    if y is None:
        hint = "fit takes (images, labels), and sample takes y"
        raise ValueError(f"expected labels for a network that was built for {len(table)} classes, got none: {hint}")
    return y.to(table.dtype) @ table if y.dim() == 2 else nn.functional.embedding(y.long(), table)


def one_hot(y: Tensor | None, classes: int, like: Tensor) -> Tensor:
    """Return rows with a one at the class of each label (N,), zeros elsewhere: (N, classes); rows of weights stay."""
    return rows_of(torch.eye(classes, dtype=like.dtype, device=like.device), y)


def labels_to_draw(network: nn.Module, n: int, y: Tensor | list[int] | int | None) -> Tensor | None:
    """Return labels for n samples: those asked for, one for all, or each class in turn; None for other networks.

    Raises ValueError for labels that the network does not take, or that are not n.
    """
    classes = getattr(network, "classes", 0)
    if not classes:
        if y is None:
            return None
        raise ValueError(f"expected y for a network that was built for classes, got it for {type(network).__name__}")
    y = torch.arange(n) % classes if y is None else torch.as_tensor(y)
    y = y.expand(n) if y.dim() == 0 else y
    check_labels(y, network)
    if len(y) != n:
        raise ValueError(f"expected {n} labels, or one for all, got {len(y)}")
    return y
