"""What is refused before anything is learned, in one sentence each: wrong numbers, unfit data, unfit networks.

A network that ends in a sigmoid trains without an error and learns nearly nothing. How it ends is read from the graph
that autograd records, so that `nn.Sigmoid` and `torch.sigmoid` are both seen.
"""

import pathlib
from collections.abc import Sequence
from math import isqrt
from numbers import Integral

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from course_utils.plumbing.device import forked_random, looking_at
from course_utils.plumbing.labels import as_tuple, check_labels, given, x_and_y
from course_utils.plumbing.mapped import first_look

SMALLEST_FLAT_IMAGE = 28 * 28  # points and features have fewer coordinates
SQUASHES = set("Sigmoid Tanh Softmax LogSigmoid LogSoftmax Relu Softplus Hardsigmoid Hardtanh".split())
RESHAPES = set("View UnsafeView ReshapeAlias Squeeze Unsqueeze Clone Transpose Permute T Select Slice Mean "
               "Add Sub Mul Div ToCopy Flip NanToNum".split())  # fmt: skip


def check_whole(at_least: int = 1, /, **arguments: int) -> None:
    """Raise ValueError for an argument that is no whole number, or too small a one; True and 2.0 are none."""
    for name, value in arguments.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < at_least:
            raise ValueError(f"expected {name} to be a whole number of at least {at_least}, got {value!r}")


def check_data(x: Tensor, shape: tuple[int, ...] | None = None, dtype: torch.dtype | None = None) -> None:
    """Raise TypeError or ValueError unless x is finite floats: points (N, d), or images (N, C, H, W) in [0, 1].

    `shape` is that of one sample, `dtype` the type that the model's weights have.
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise TypeError(f"expected a tensor of floats, got {x.dtype if isinstance(x, Tensor) else type(x).__name__}")
    if dtype and x.dtype != dtype:
        raise TypeError(f"expected {dtype} as the model's weights are, got {x.dtype}: convert with .to({dtype})")
    if len(x) == 0:
        raise ValueError("expected at least one sample, got none")
    if shape and tuple(x.shape[1:]) != tuple(shape):
        raise ValueError(f"expected data of shape (N, {', '.join(map(str, shape))}), got {tuple(x.shape)}")
    if x.dim() == 3 and x.shape[1] == x.shape[2]:
        raise ValueError(f"expected images of shape (N, 1, H, W), got {tuple(x.shape)}: pass x[:, None]")
    low, high = x.aminmax()
    if not (low.isfinite() and high.isfinite()):
        raise ValueError("expected finite values, got NaN or infinity in the data")
    if x.dim() == 4 and x.shape[1] in (1, 3) and (low < 0 or high > 1):
        remedy = "(x + 1) / 2" if low >= -1 and high <= 1 else "x / 255" if low >= 0 and high <= 255 else "a rescaled x"
        raise ValueError(f"expected images in [0, 1], got values from {low:.3g} to {high:.3g}: pass {remedy}")
    side = isqrt(x[0].numel())
    if x.dim() == 2 and low >= 0 and x.shape[1] == side**2 >= SMALLEST_FLAT_IMAGE:
        shape = f"1, {side}, {side}"
        raise ValueError(f"expected images of shape (N, {shape}), got {tuple(x.shape)}: pass x.view(-1, {shape})")


def check_picture_shape(shape: Sequence[int]) -> None:
    """Raise ValueError unless a shape is that of one picture (C, H, W)."""
    if len(shape) != 3:
        raise ValueError(f"expected the shape of one picture, such as (3, 64, 64), got {tuple(shape)}")
    check_whole(channels=shape[0], height=shape[1], width=shape[2])


def check_name(name: str | None) -> None:
    """Raise ValueError for a name of a checkpoint that would be a path."""
    if name and (pathlib.Path(name).name != name or name == ".."):
        raise ValueError(f'expected a plain name for the checkpoint, such as "03_gan", got {name!r}')


def check_training_data(model: nn.Module, data, batch_size: int, accumulate: int = 1) -> None:
    """Raise TypeError or ValueError for data from which no batches can be drawn, or which do not fit the model."""
    if isinstance(data, DataLoader):  # whose first batch is checked when it comes
        if isinstance(data.dataset, IterableDataset):
            got = type(data.dataset).__name__
            raise TypeError(f"expected a DataLoader whose data set has a length, got {got}: an epoch has to end")
        if len(data) == 0:  # it would be asked for a first batch for ever
            raise ValueError("expected a DataLoader with at least one batch, got none")
        batch_size = data.batch_size  # None if its data set makes the batches
        if batch_size and not data.drop_last:
            batch_size = len(data.sampler) % batch_size or batch_size  # that of the last batch
            if accumulate > 1 and batch_size < data.batch_size:  # it would count as much as the others
                wanted = f"expected batches of one size to accumulate, {data.batch_size}"
                raise ValueError(f"{wanted}, got a last one of {batch_size}: use DataLoader(drop_last=True)")
    else:
        check_batch(model, first_look(data, dtype_of(model)), "data as a tensor, a tuple of tensors or a DataLoader")
        if isinstance(data, (list, tuple)) and len({len(part) for part in data}) > 1:
            raise ValueError(f"expected tensors of one length, got {[len(part) for part in data]}")
        check_labels(x_and_y(data)[1], model)
    if batch_size == 1 and any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in model.modules()):
        remedy = "DataLoader(drop_last=True)" if isinstance(data, DataLoader) else "a larger batch_size"
        raise ValueError(f"expected at least 2 samples in a batch, since batch norm compares them, got 1: use {remedy}")


def check_held_out(model: nn.Module, held_out) -> None:
    """Raise TypeError or ValueError for held-out data that a model cannot be judged by; None is no such data."""
    if held_out is None:
        return
    check_batch(model, first_look(held_out, dtype_of(model)), "held-out data as a tensor or a tuple of tensors")
    check_labels(x_and_y(held_out)[1], model)
    if not hasattr(model, "evaluate"):
        raise ValueError(f"expected a model with a method `evaluate` for held-out data, got {type(model).__name__}")


def check_batch(model: nn.Module, batch, expected="a collate_fn that returns tensors, or tuples of them") -> None:
    """Raise TypeError or ValueError unless a batch, or a data set, is one tensor or several, the first fit to learn.

    `expected` says what should have come instead of something else than tensors.
    """
    parts = as_tuple(batch)
    if not isinstance(parts, (list, tuple)) or not parts or not all(isinstance(part, Tensor) for part in parts):
        got = f"a dict of {', '.join(map(str, batch))}" if isinstance(batch, dict) else type(batch).__name__
        raise TypeError(f"expected {expected}, got {got}")
    check_data(parts[0], dtype=dtype_of(model))


def dtype_of(model: nn.Module) -> torch.dtype:
    """Return the type of a model's weights."""
    return next(model.parameters()).dtype


def look_at_generator(generator: nn.Module, x: Tensor, role: str = "generator", y: Tensor | None = None) -> None:
    """Raise ValueError for a generator (or decoder) that takes no z (N, latent_dim), or makes no data like x.

    Images get their sigmoid from the model, so that a generator must not squash them; points may end as they like.
    """
    d = latent_dim_of(generator, role)
    z = torch.zeros(len(x), d)  # (N, latent_dim)
    remedy = f"begin with nn.Unflatten(1, ({d}, 1, 1)) if it wants z of shape (N, {d}, 1, 1)"
    output = look_at(generator, z, role, "logits of pixels" if x.dim() == 4 else None, remedy, y)
    if output is not None and output.shape != x.shape:
        only_flat = output.numel() == x.numel()
        remedy = f": end the {role} with nn.Unflatten(1, {tuple(x.shape[1:])})" if only_flat else ""
        wanted = f"expected data shaped like what the {role} makes, {tuple(output.shape)}"
        raise ValueError(f"{wanted}, got {tuple(x.shape)}{remedy}")


def look_at(
    network: nn.Module,
    x: Tensor,
    role: str,
    gives: str | None,
    remedy: str = "build it for data of this shape",
    y: Tensor | None = None,
    **more: Tensor,
) -> Tensor | None:
    """Return what a network makes of x (and `more`), with the graph behind it; it and the random numbers stay.

    None stands for a network that takes more than x, which only its own model knows. Raises ValueError for a network
    that does not take x, or that squashes what it gives; `gives` is None where it may.
    """
    check_labels(y, network)
    with looking_at(network) as device, forked_random(0, device), torch.enable_grad():
        x = x.detach().to(device, dtype_of(network)).requires_grad_()
        try:
            output = given(network, y if y is None else y.to(device))(x, **more)
        except TypeError:
            return None
        except RuntimeError as error:
            first_line, *_ = str(error).splitlines()
            wanted = f"expected a {role} that takes {tuple(x.shape)}"
            raise ValueError(f"{wanted}, got one that says {first_line!r}: {remedy}") from None
    if gives and (end := squash_at_the_end(output)):
        hint = "leave it out, since the losses work on raw outputs"
        raise ValueError(f"expected the {role} to give {gives}, got {end} at its end: {hint}")
    return output


def latent_dim_of(generator: nn.Module, role: str) -> int:
    """Return the size of a generator's codes; raises ValueError for one that does not say."""
    if not isinstance(getattr(generator, "latent_dim", None), Integral):
        kind = type(generator).__name__
        raise ValueError(f"expected a {role} that has the size of z as an attribute latent_dim, got {kind} without it")
    return generator.latent_dim


def squash_at_the_end(output: Tensor) -> str | None:
    """Return the squashing function that an output went through last, but for steps with a single input, or None."""
    node = output.grad_fn
    while node:
        name = node.name().split("Backward")[0]
        if name in SQUASHES:
            return f"a {name.lower()}"
        inputs = [before for before, _ in node.next_functions if before]
        node = inputs[0] if name in RESHAPES and len(inputs) == 1 else None
    return None
