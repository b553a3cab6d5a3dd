"""Labels that come along with data: a batch may be (x, y), and only networks that were built for labels get them.

Labels y are whole numbers from 0, (N,). Rows of weights (N, classes) serve as well: they mix classes.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn


def as_tuple(batch: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    """Return the tensors of a batch, or of a data set, which may be one alone."""
    return (batch,) if isinstance(batch, Tensor) else batch


def x_and_y(batch: Tensor | Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
    """Split a batch into data x (N, ...) and labels y (N,), None if it has none."""
    x, *rest = as_tuple(batch)
    return x, rest[0] if rest else None


def given(network: nn.Module, y: Tensor | None) -> Callable[[Tensor], Tensor]:
    """Return a network as a function of x alone: with labels y (N,) held fixed if it was built for `classes`."""
    return partial(network, y=y) if getattr(network, "classes", 0) else network


def check_kind(y: Tensor | None, classes: int) -> None:
    """Raise ValueError for missing labels, and for labels that are neither whole numbers (N,) nor rows of weights."""
    if y is None:
        hint = "fit takes (images, labels), also as held_out; sample, codes and the like take y"
        raise ValueError(f"expected labels for a network that was built for {classes} classes, got none: {hint}")
    if y.dim() == 2 and y.is_floating_point():
        if y.shape[1] != classes:
            raise ValueError(f"expected rows of {classes} weights as labels, got {tuple(y.shape)}")
    elif y.dim() != 1 or y.is_floating_point():
        raise ValueError(f"expected labels as whole numbers (N,), got {y.dtype} of shape {tuple(y.shape)}")


def check_labels(y: Tensor | None, model: nn.Module) -> None:
    """Raise ValueError for labels that a network of the model which was built for `classes` does not take."""
    for classes in {getattr(network, "classes", 0) for network in model.modules()} - {0}:
        check_kind(y, classes)
        if y.dim() == 1 and not 0 <= y.min() <= y.max() < classes:
            raise ValueError(f"expected labels from 0 to {classes - 1}, got them from {y.min()} to {y.max()}")


def labels_for(x: Tensor, y: Tensor | list[int] | int) -> Tensor:
    """Return labels for samples x (N, ...), those given or one for all; raises ValueError unless they are N."""
    y = torch.as_tensor(y)
    y = y.expand(len(x)) if y.dim() == 0 else y
    if len(y) != len(x):
        raise ValueError(f"expected {len(x)} labels, or one for all, got {len(y)}")
    return y


def rows_of(table: Tensor, y: Tensor | None) -> Tensor:
    """Return the row of a table (classes, d) for each label (N,), or mixed as rows of weights say: (N, d)."""
    check_kind(y, len(table))
    return y.to(table.dtype) @ table if y.dim() == 2 else nn.functional.embedding(y.long(), table)


def one_hot(y: Tensor | None, classes: int, like: Tensor) -> Tensor:
    """Return rows with a one at the class of each label (N,), zeros elsewhere: (N, classes); rows of weights stay."""
    return rows_of(torch.eye(classes, dtype=like.dtype, device=like.device), y)


def labels_to_draw(network: nn.Module, z: Tensor, y: Tensor | list[int] | int | None) -> Tensor | None:
    """Return labels for codes z (n, d): those asked for, one for all, or each class in turn; None for other networks.

    Raises ValueError for labels that the network does not take, or that are not n.
    """
    classes = getattr(network, "classes", 0)
    if not classes:
        if y is None:
            return None
        raise ValueError(f"expected y for a network that was built for classes, got it for {type(network).__name__}")
    y = labels_for(z, torch.arange(len(z)) % classes if y is None else y)
    check_labels(y, network)
    return y
