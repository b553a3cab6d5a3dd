"""The device that computes, its random numbers, and how to use a model without changing it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from course_utils.plumbing.labels import labels_for

PART = 500  # samples that a network is asked about at once, which bounds the memory that an answer takes


def pick_device() -> torch.device:
    """Return the accelerator that is really there (CUDA, MPS, XPU, ...), or the CPU."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def random_state(device: torch.device) -> list[Tensor]:
    """Return the global random state of the CPU and of `device`."""
    states = [torch.get_rng_state()]
    if device.type != "cpu":
        states.append(torch.get_device_module(device).get_rng_state(device))
    return states


def set_random_state(device: torch.device, states: list[Tensor]) -> None:
    """Put back what `random_state` returned."""
    torch.set_rng_state(states[0])
    if device.type != "cpu":
        torch.get_device_module(device).set_rng_state(states[1], device)


@contextmanager
def forked_random(seed: int, device: torch.device):
    """Seed torch inside the block and leave the caller's random states as they were."""
    picked = pick_device()  # torch seeds every device, not only this one
    with torch.random.fork_rng({d for d in (device, picked) if d.type != "cpu"}, device_type=picked.type):
        torch.manual_seed(seed)
        yield


@contextmanager
def torch_defaults():
    """Compute as torch does by default, whatever a notebook has set: gradients on, float32, on the CPU."""
    dtype = torch.get_default_dtype()
    device = torch.get_default_device()
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    try:
        with torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_default_device(None if device.type == "cpu" else device)  # None is the CPU too, and faster


@contextmanager
def looking_at(model: nn.Module):
    """Put a model in eval mode and leave out gradients inside the block; yield the device that the model is on."""
    modes = {part: part.training for part in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            yield next(model.parameters()).device
    finally:
        for part, training in modes.items():
            part.training = training


def in_parts(network: nn.Module, function: Callable[..., Tensor], x: Tensor, y: Tensor | None = None) -> Tensor:
    """Return what a function of the network makes of x (N, ...), or of x and labels y (N,), on the CPU.

    It is asked about PART samples at a time, in eval mode.
    """
    with looking_at(network) as device:
        return torch.cat([function(*part).cpu() for part in split(x, y, device)])


def split(x: Tensor, y: Tensor | None, device: torch.device) -> Iterator[list[Tensor]]:
    """Yield x, with labels y (N,) or one for all if there are any, on a device, PART samples at a time."""
    columns = [x] if y is None else [x, labels_for(x, y)]
    for part in zip(*(column.split(PART) for column in columns)):
        yield [column.to(device) for column in part]
