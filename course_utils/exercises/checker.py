"""The checker of all exercises: it runs an answer, says ✓, or ✗ and which mistake it is, or ○ for an untouched stub.

An exercise is a table: the reference, what to observe of an answer, and known wrong answers with a sentence each.
An observation maps a name to a tensor or a string; two answers are the same if all their observations are.
"""

import dis
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

Observation = dict[str, Tensor | str]
ERRORS = {  # what PyTorch says, and what it means in an exercise
    "does not require grad": "no gradient arrives: `detach()`, `.item()` or `no_grad` cut off what must learn.",
    "implicitly created only for scalar": "`backward()` needs one number: take the mean of the loss first.",
    "builtin_function_or_method": "a method was named but not called: add the parentheses, as in `.detach()`.",
    "Boolean value of Tensor": "an `if` cannot decide for many places at once: use `torch.where`.",
    "could not infer output dtype": "this is a mean of True and False: call `.float()` first.",
    "return_types": "this function returns values and indices together: take `.values`.",
    "'NoneType'": "something is None here: does a function of yours end in `return`?",
}


@dataclass(frozen=True)
class Exercise:
    """One exercise; calling it with the learner's function prints the verdict.

    `observe` runs a function on fixed inputs and returns what came out and what changed; the names of observations
    complete the sentence "expected NAME to be ...". `mistakes` maps known wrong functions to the sentence to print.
    """

    reference: Callable
    observe: Callable[[Callable], Observation]
    mistakes: Mapping[Callable, str]
    hints: Mapping[str, str] = field(default_factory=dict)  # what to say when that observation is the first to differ

    def __call__(self, answer: Callable) -> None:
        print(self.verdict(answer))

    def verdict(self, answer: Callable) -> str:
        """Return the line that calling the exercise prints."""
        name = self.reference.__name__
        if not callable(answer):
            return f"✗ {name}: expected a function, got {type(answer).__name__}; pass it without parentheses."
        if is_stub(answer):
            return f"○ {name}: not attempted yet."
        found, right = self.outcome(answer), self.outcome(self.reference)
        if same(found, right):
            return f"✓ {name} is right."
        for mistake, sentence in self.mistakes.items():
            if same(found, self.outcome(mistake)):
                return f"✗ {name}: {sentence}"
        return f"✗ {name}: {first_difference(found, right, self.hints)}"

    def outcome(self, function: Callable) -> Observation:
        """Return the observations of a function, or the error that it raised."""
        try:
            return self.observe(function)
        except Exception as error:
            first_line, *_ = str(error).split("\n")
            return {"error": f"{type(error).__name__}: {first_line}"}


def is_stub(function: Callable) -> bool:
    """Tell whether a function's body is still `...`, whatever its docstring."""

    def untouched(): ...

    def shape(f: Callable) -> list:
        return [(i.opname, i.argval if "CONST" in i.opname else None) for i in dis.get_instructions(f)]

    return hasattr(function, "__code__") and shape(function) == shape(untouched)


def value(result) -> Tensor | str:
    """Return what a function returned as something to compare: a detached tensor, or words for what is none."""
    if isinstance(result, Tensor):
        return result.detach().clone()
    if isinstance(result, (int, float, np.number)):
        return torch.tensor(float(result))
    return "nothing" if result is None else f"a {type(result).__name__}"


def gradient(result, inputs: Tensor) -> Tensor | str:
    """Return the gradient of a result with respect to the inputs, or say that there is none."""
    if not isinstance(result, Tensor) or not result.requires_grad:
        return "no gradient"
    (grad,) = torch.autograd.grad(result.sum(), inputs, retain_graph=True, allow_unused=True)
    return "no gradient" if grad is None else grad


def weights(network: torch.nn.Module) -> Tensor:
    """Return all weights of a network as one vector."""
    return torch.cat([p.detach().flatten() for p in network.parameters()]).clone()


def same(a: Observation, b: Observation) -> bool:
    """Tell whether two answers did the same."""
    return a.keys() == b.keys() and all(alike(a[name], b[name]) for name in a)


def alike(a: Tensor | str, b: Tensor | str) -> bool:
    """Tell whether two observations are equal, tensors up to rounding."""
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    return a.shape == b.shape and torch.allclose(a.float(), b.float(), rtol=1e-4, atol=1e-6, equal_nan=True)


def first_difference(found: Observation, right: Observation, hints: Mapping[str, str]) -> str:
    """Return a sentence on the first observation in which an answer differs from the reference."""
    if "error" in found:
        known = (sentence for part, sentence in ERRORS.items() if part in found["error"])
        return next(known, f"it raised {found['error']}")
    name = next(name for name in right if not alike(found.get(name, "missing"), right[name]))
    if isinstance(found[name], str) and found[name] == "nothing":
        return "it returned nothing; does it end in `return`?"
    if name in hints:
        return hints[name]
    return f"expected {name} to be {brief(right[name])}, got {brief(found[name])}."


def brief(observed: Tensor | str) -> str:
    """Return an observation in a few characters."""
    if isinstance(observed, str):
        return observed
    if observed.numel() == 1:
        return f"{observed.item():.4g}" + (f" with shape {tuple(observed.shape)}" if observed.dim() else "")
    head = ", ".join(f"{v:.4g}" for v in observed.flatten()[:3].tolist())
    return f"[{head}, ...] with shape {tuple(observed.shape)}" if observed.numel() > 3 else f"[{head}]"


def three(result, names: str) -> list[Tensor | str]:
    """Split what was returned into three observations, whether it is a tuple, a list, an array or a dict of three."""
    if isinstance(result, dict):
        result = tuple(result.values())
    if isinstance(result, np.ndarray):
        result = torch.from_numpy(result)
    if isinstance(result, (tuple, list)) or (isinstance(result, Tensor) and result.dim() == 1):
        if len(result) == 3:
            return [value(number) for number in result]
        return [f"one of three numbers, not of {len(result)}"] * 3
    return ["nothing" if result is None else f"only one number; return all three, `{names}`"] * 3


def altered(step, /, **change):
    """Return a step with one thing changed."""
    return lambda *args: step(*args, **change)
