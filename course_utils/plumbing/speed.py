"""Faster steps, for those who ask: networks that compute in bfloat16, a compiled loss, channels last in memory.

Networks compute in bfloat16 and hand out float32, so that losses, penalties, weights and optimizers keep all digits.
Autocast's cache of weights is off: within one step it would show a player the weights from before the other's move.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from course_utils.plumbing.checks import dtype_of

PRECISIONS = ("float32", "bfloat16")
AS_EVER = {"precision": "float32", "compile": False, "channels_last": False}


class Faster:
    """A model whose steps are faster; whatever else it is asked for, the model itself answers.

    `stepping` takes the steps: the model, or several turns of it. Raises ValueError for what cannot be made faster.
    """

    def __init__(self, stepping, model: nn.Module, device: torch.device, precision: str, compile: bool):
        self.stepping = stepping
        self.ways: list[Callable] = []
        if precision == "bfloat16":
            self.ways.append(partial(in_bfloat16, model, device))
        if compile:
            checked = Distribution._validate_args  # the compiler would switch the checks of distributions off for good
            self.ways.append(partial(with_loss, model, torch.compile(model.loss)))
            Distribution.set_default_validate_args(checked)

    def __getattr__(self, name: str):
        return getattr(self.stepping, name)

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        """Take a step; between steps the model is as ever, so that nobody who looks at it notices."""
        with ExitStack() as stack:
            for way in self.ways:
                stack.enter_context(way())
            return self.stepping.training_step(batch, optimizers, step)


def check_speed(model: nn.Module, precision: str, compile: bool) -> None:
    """Raise ValueError for an unknown precision, and for a model that cannot have it, or has no loss to compile."""
    if precision not in PRECISIONS:
        raise ValueError(f"expected a precision among {', '.join(PRECISIONS)}, got {precision!r}")
    if precision == "bfloat16" and dtype_of(model) != torch.float32:
        raise ValueError(f'expected weights in float32 for precision="bfloat16", got {dtype_of(model)}')
    if compile and not callable(getattr(model, "loss", None)):
        wanted = "expected a model with a method `loss`, which is what compile=True compiles, as VAE has"
        raise ValueError(f"{wanted}, got {type(model).__name__}: pass compile=False")


def uncached(device: torch.device) -> AbstractContextManager:
    """Return the caller's autocast, if there is one, without the cache that would show all steps the first weights."""
    kind = device.type
    on = torch.is_autocast_enabled(kind)
    return torch.autocast(kind, torch.get_autocast_dtype(kind), cache_enabled=False) if on else nullcontext()


@contextmanager
def in_bfloat16(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Let the networks of a model compute in bfloat16 inside the block, and hand out float32."""

    def as_float32(network, inputs, output):
        return output.float() if isinstance(output, Tensor) else output

    hooks = [network.register_forward_hook(as_float32) for network in model.children()]
    try:
        with torch.autocast(device.type, torch.bfloat16, cache_enabled=False):
            yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def with_loss(model: nn.Module, compiled: Callable) -> Iterator[None]:
    """Give a model its loss compiled inside the block; raises ValueError for one that cannot be."""
    model.loss = compiled
    try:
        yield
    except RuntimeError as error:
        if "double backward" not in str(error):
            raise
        wanted = "expected a loss without a gradient penalty for compile=True"
        raise ValueError(f"{wanted}, got one that takes the gradient of a gradient: pass compile=False") from None
    finally:
        del model.loss
