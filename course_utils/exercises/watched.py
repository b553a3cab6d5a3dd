"""The state in which a check runs a function, and what the function leaves behind in its inputs and in torch."""

import inspect
import random
from collections.abc import Callable
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from course_utils.plumbing.device import forked_random, torch_defaults

CPU = torch.device("cpu")
SEED = 7_190_283  # nobody else's choice, so that another seed after a call was set by the function
SETTINGS = (  # how to read one, how to put it back, its value during a check, and what to say of another one
    (
        torch.is_grad_enabled,
        lambda: torch.set_grad_enabled(True),
        True,
        "it switches gradients off for everything that runs after it: `with torch.no_grad():` ends with its block.",
    ),
    (
        torch.get_default_dtype,
        lambda: torch.set_default_dtype(torch.float32),
        torch.float32,
        "it changes the default dtype of all that runs after it: give the dtype to the tensors that need it.",
    ),
    (
        torch.get_default_device,
        lambda: torch.set_default_device(None),
        CPU,
        "it changes the default device of all that runs after it: give the device to the tensors that need it.",
    ),
)
SEEDED = (
    "it calls `torch.manual_seed` or `torch.seed`, which changes the random numbers of all that runs after it: seed "
    "once, outside of the function."
)


@contextmanager
def known_state():
    """Torch's defaults and fixed seeds inside the block; the caller's own state after it."""
    numpy_state = np.random.get_state()
    python_state = random.getstate()
    with forked_random(SEED, CPU), torch.inference_mode(False), torch_defaults():
        np.random.seed(SEED)
        random.seed(SEED)
        try:
            yield
        finally:
            np.random.set_state(numpy_state)
            random.setstate(python_state)


class Watched:
    """A function under test, which gets fresh copies of its tensors and a fresh seed at every call.

    Gradients pass through the copies. `traces` collects a sentence for each thing that a call has left behind.
    """

    def __init__(self, function: Callable, like: Callable):
        self.function = function
        self.names = list(inspect.signature(like).parameters)
        self.calls = 0
        self.traces: list[str] = []

    def __call__(self, *inputs):
        copies = [x.clone() if isinstance(x, Tensor) else x for x in inputs]
        self.calls += 1
        seed = SEED + self.calls
        torch.manual_seed(seed)
        try:
            return self.function(*copies)
        finally:
            self.look_at_inputs(inputs, copies)
            self.look_at_torch(seed)

    def look_at_inputs(self, inputs: tuple, copies: list) -> None:
        for name, given, copy in zip(self.names, inputs, copies):
            if isinstance(given, Tensor) and not unchanged(given, copy):
                self.traces.append(
                    f"it changes its input `{name}` in place, and the caller still needs that: write "
                    f"`{name} = {name} + ...` for `{name} += ...`, and leave out functions whose names end in `_`."
                )

    def look_at_torch(self, seed: int) -> None:
        if torch.initial_seed() != seed:
            self.traces.append(SEEDED)
        for read, put_back, standard, sentence in SETTINGS:
            if read() != standard:
                self.traces.append(sentence)
                put_back()


def unchanged(given: Tensor, copy: Tensor) -> bool:
    """Tell whether two tensors hold the same, nan included."""
    if given.shape != copy.shape or given.dtype != copy.dtype:
        return False
    return torch.allclose(given.detach(), copy.detach(), rtol=0, atol=0, equal_nan=True)
