"""What is refused before anything is learned: wrong numbers, and data that cannot be trained on. One sentence each."""

from math import isqrt
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

SMALLEST_FLAT_IMAGE = 64  # 8×8 pixels; points have fewer coordinates


def check_whole(at_least: int = 1, /, **arguments: int) -> None:
    """Raise ValueError for an argument that is no whole number, or too small a one; True and 2.0 are none."""
    for name, value in arguments.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < at_least:
            raise ValueError(f"expected {name} to be a whole number of at least {at_least}, got {value!r}")


def check_data(x: Tensor, shape: tuple[int, ...] | None = None, dtype: torch.dtype | None = None) -> None:
    """Raise TypeError or ValueError unless x is finite floats: points (N, d), or images (N, C, H, W) in [0, 1].

    `shape` is that of one sample, `dtype` the type that is wanted, for which a model's weights are the measure.
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise TypeError(f"expected a tensor of floats, got {x.dtype if isinstance(x, Tensor) else type(x).__name__}")
    if dtype and x.dtype != dtype:
        raise TypeError(f"expected {dtype} as the model's weights are, got {x.dtype}: convert with .to({dtype})")
    if len(x) == 0:
        raise ValueError("expected at least one sample, got none")
    if shape and tuple(x.shape[1:]) != tuple(shape):
        raise ValueError(f"expected data of shape (N, {', '.join(map(str, shape))}), got {tuple(x.shape)}")
    if x.dim() == 3:
        raise ValueError(f"expected images of shape (N, 1, H, W), got {tuple(x.shape)}: pass x[:, None]")
    low, high = x.aminmax()
    if not (low.isfinite() and high.isfinite()):
        raise ValueError("expected finite values, got NaN or infinity in the data")
    if x.dim() == 4 and (low < 0 or high > 1):
        remedy = "(x + 1) / 2" if low >= -1 and high <= 1 else "x / 255" if low >= 0 and high <= 255 else "a rescaled x"
        raise ValueError(f"expected images in [0, 1], got values from {low:.3g} to {high:.3g}: pass {remedy}")
    if x.dim() == 2 and low >= 0 and (side := side_of_flat_image(x)):
        remedy = f"x.view(-1, 1, {side}, {side})"
        raise ValueError(f"expected images of shape (N, 1, {side}, {side}), got {tuple(x.shape)}: pass {remedy}")


def side_of_flat_image(x: Tensor) -> int | None:
    """Return the side of the square images that rows of x (N, d) would fill, None for d that is no such number."""
    side = isqrt(x.shape[1])
    return side if x.shape[1] >= SMALLEST_FLAT_IMAGE and side**2 == x.shape[1] else None


def check_training_data(model: nn.Module, data, batch_size: int) -> None:
    """Raise TypeError or ValueError for data from which no batches can be drawn, or which do not fit the model."""
    if isinstance(data, DataLoader):
        check_loader(data)
    elif isinstance(data, Tensor):
        check_data(data, dtype=dtype_of(model))
    elif not isinstance(data, (list, tuple)) or not all(isinstance(part, Tensor) for part in data):
        raise TypeError(f"expected data as a tensor, a tuple of tensors or a DataLoader, got {type(data).__name__}")
    elif len({len(part) for part in data}) != 1:
        raise ValueError(f"expected tensors of one length above 0, got {[len(part) for part in data]}")
    else:
        check_data(data[0], dtype=dtype_of(model))
    if has_batch_norm(model) and smallest_batch(data, batch_size) == 1:
        remedy = "DataLoader(drop_last=True)" if isinstance(data, DataLoader) else "a larger batch_size"
        raise ValueError(f"expected at least 2 samples in a batch, since batch norm compares them, got 1: use {remedy}")


def has_batch_norm(model: nn.Module) -> bool:
    """Tell whether a model compares the samples of a batch."""
    return any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in model.modules())


def check_loader(loader: DataLoader) -> None:
    """Raise TypeError or ValueError for a DataLoader that has no length, or no batch."""
    if isinstance(loader.dataset, IterableDataset):
        got = type(loader.dataset).__name__
        raise TypeError(f"expected a DataLoader whose data set has a length, got {got}: an epoch has to end somewhere")
    if len(loader) == 0:  # it would be asked for a first batch for ever
        raise ValueError("expected a DataLoader with at least one batch, got none")


def check_batch(model: nn.Module, batch) -> None:
    """Raise TypeError or ValueError for a batch of a DataLoader that is no tensor and no sequence of tensors."""
    parts = [batch] if isinstance(batch, Tensor) else batch
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, Tensor) for part in parts):
        got = f"a dict of {', '.join(map(str, batch))}" if isinstance(batch, dict) else f"a {type(batch).__name__}"
        raise TypeError(
            f"expected batches that are a tensor or a tuple of tensors, got {got}: let the DataLoader's collate_fn "
            "return (images, labels)"
        )
    check_data(parts[0], dtype=dtype_of(model))


def smallest_batch(data, batch_size: int) -> int:
    """Return how many samples the smallest batch has, as far as that is known beforehand."""
    if not isinstance(data, DataLoader):
        return batch_size
    if data.batch_size is None or data.drop_last:
        return data.batch_size or 0
    return len(data.dataset) % data.batch_size or data.batch_size


def dtype_of(model: nn.Module) -> torch.dtype:
    """Return the type of a model's weights."""
    return next(model.parameters()).dtype
