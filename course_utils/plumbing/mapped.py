"""Data that stay in their file: its rows are read when they are drawn.

`torch.from_file(path, shared=True, ...)` makes a tensor of a file without reading it: the system reads the rows that
somebody looks at, and forgets them when memory runs short. Pictures in it may be bytes, a quarter of their floats.
"""

import pathlib
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from course_utils.plumbing.labels import as_tuple

FIRST = 1000  # rows of a file that are looked at before training; looking at all would read it


def file_of(tensor: Tensor) -> pathlib.Path | None:
    """Return the file that a tensor is a map of, None for one in memory."""
    name = tensor.untyped_storage().filename if tensor.layout is torch.strided and tensor.device.type == "cpu" else None
    return None if name is None else pathlib.Path(name)


def is_bytes(x) -> bool:
    """Tell whether data are pictures in bytes (N, C, H, W)."""
    return isinstance(x, Tensor) and x.dtype == torch.uint8 and x.dim() == 4


def as_floats(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Return pictures in bytes as floats in [0, 1], anything else as it is."""
    return x.to(dtype).div_(255) if is_bytes(x) else x


def ready(data, device: torch.device, dtype: torch.dtype) -> list[Tensor]:
    """Return tensors as a model wants them: on its device, bytes as floats of its type."""
    x, *rest = (part.to(device) for part in as_tuple(data))
    return [as_floats(x, dtype), *rest]


def first_look(data, dtype: torch.dtype):
    """Return what is checked of tensors before training: a file's first rows only, and bytes as the floats they mean.

    Raises ValueError for bytes that are no grey levels.
    """
    parts = as_tuple(data)
    if not isinstance(parts, (list, tuple)) or not parts or not all(isinstance(part, Tensor) for part in parts):
        return data  # which is refused elsewhere
    x, *rest = (part[:FIRST] if file_of(part) else part for part in parts)
    if is_bytes(x):
        if len(x) and x.max() <= 1:
            raise ValueError("expected pictures in bytes from 0 to 255, got nothing above 1: pass x.float()")
        x = as_floats(x[:FIRST], dtype)
    return (x, *rest)


def home_of(data, device: torch.device) -> torch.device:
    """Return where data are while rows are drawn from them: a file stays with the CPU, whatever the device."""
    in_file = not isinstance(data, DataLoader) and any(file_of(part) for part in as_tuple(data))
    return torch.device("cpu") if in_file else device


def at_hand(stream: Iterator, data, device: torch.device, dtype: torch.dtype) -> Iterator:
    """Return a stream of batches as a model wants them; most are so already."""
    if isinstance(data, DataLoader) or not is_bytes(as_tuple(data)[0]) and home_of(data, device) == device:
        return stream
    batches = (ready(batch, device, dtype) for batch in stream)
    return (batch for (batch,) in batches) if isinstance(data, Tensor) else batches
