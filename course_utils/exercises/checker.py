"""The checker of all exercises: it runs an answer, says ✓, or ✗ and which mistake it is, or ○ for an untouched stub.

An exercise is a table: the reference, what to observe of an answer, and known wrong answers with a sentence each.
An observation maps a name to a tensor or a string; two answers are the same if all their observations are.
"""

import dis
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.differences import ABSENT, Observation, alike, first_difference, same
from course_utils.exercises.progress import tell
from course_utils.exercises.watched import Watched, known_state

__all__ = [
    "Exercise",
    "Observation",
    "alike",
    "altered",
    "gradient",
    "is_stub",
    "same",
    "several",
    "value",
    "weights",
]

HOW_MANY = {2: "two", 3: "three"}
ALL_OF_THEM = {2: "both", 3: "all three"}


@dataclass(frozen=True)
class Exercise:
    """One exercise; calling it with the learner's function prints the verdict.

    `observe` runs a function on fixed inputs and returns what came out and what changed; the names of observations
    complete the sentence "expected NAME to be ...". It calls the function with copies of the tensors that it passes,
    from known random states, and may do without its own care for either. `mistakes` maps known wrong functions to the
    sentence to print.
    """

    reference: Callable
    observe: Callable[[Callable], Observation]
    mistakes: Mapping[Callable, str]
    hints: Mapping[str, str] = field(default_factory=dict)  # what to say when that observation is the first to differ

    def __call__(self, answer: Callable) -> None:
        tell(self.reference.__name__, self.verdict(answer))

    def verdict(self, answer: Callable) -> str:
        """The line that calling the exercise prints; an error if the course's own answer fails."""
        name = self.reference.__name__
        if not callable(answer):
            return f"✗ {name}: expected a function, got {type(answer).__name__}; pass it without parentheses."
        if is_stub(answer):
            return f"○ {name}: not attempted yet."
        right = self.right()
        watched = Watched(answer, like=self.reference)
        found = self.outcome(watched)
        if sentence := self.complaint(found, right, watched.traces):
            return f"✗ {name}: {sentence}"
        return f"✓ {name} is right."

    def complaint(self, found: Observation, right: Observation, traces: list[str]) -> str | None:
        """A sentence on what is wrong with an answer, or None; a known mistake goes before what was left behind."""
        if not same(found, right):
            for mistake, sentence in self.mistakes.items():
                if same(found, self.outcome(mistake)):
                    return sentence
        if traces:
            return traces[0]
        return None if same(found, right) else first_difference(found, right, self.hints)

    def right(self) -> Observation:
        """The observations of the reference, without which nothing can be said of an answer."""
        try:
            return self.run(self.reference)
        except Exception as error:
            raise RuntimeError(
                f"the course's own answer to {self.reference.__name__} failed here, which says nothing about yours: "
                f"please report it with this error ({type(error).__name__}: {error})."
            ) from error

    def outcome(self, function: Callable) -> Observation:
        """The observations of a function, or the error that it raised."""
        try:
            return self.run(function)
        except Exception as error:
            first_line, *_ = str(error).split("\n")
            return {"error": f"{type(error).__name__}: {first_line}"}

    def run(self, function: Callable) -> Observation:
        watched = function if isinstance(function, Watched) else Watched(function, like=self.reference)
        with known_state():
            return self.observe(watched)


def is_stub(function: Callable) -> bool:
    """Tell whether a function is still unwritten: `...`, `pass` or NotImplementedError, whatever its docstring."""
    body = inspect.unwrap(function)
    if not hasattr(body, "__code__"):
        return False
    steps = list(dis.get_instructions(body))
    uses_inputs = any("FAST" in step.opname or "DEREF" in step.opname for step in steps)
    constants = [step.argval for step in steps if "CONST" in step.opname or "INT" in step.opname]
    raises = body.__code__.co_names == ("NotImplementedError",)
    says_nothing = all(constant in (None, ...) or (raises and isinstance(constant, str)) for constant in constants)
    return not uses_inputs and says_nothing and (raises or not body.__code__.co_names)


def value(result) -> Tensor | str:
    """What a function returned as something to compare: a detached tensor, or words for what is no number."""
    if isinstance(result, Tensor):
        return result.detach().cpu().clone()
    if isinstance(result, np.ndarray) and result.ndim == 0:
        result = result[()]
    if isinstance(result, (complex, np.complexfloating)):
        return torch.tensor(complex(result))
    if isinstance(result, (int, float, np.number, np.bool_)):
        return torch.tensor(float(result), dtype=torch.float64)
    return in_words(result)


def in_words(result) -> str:
    """A result that is no number, as it appears in a sentence."""
    if result is None:
        return ABSENT
    if result is ...:
        return "`...`, which is still to be replaced"
    if "return_types" in type(result).__module__:
        return "values and indices together: take `.values`"
    name = type(result).__name__
    return f"{'an' if name[0].lower() in 'aeiou' or name == 'ndarray' else 'a'} {name}"


def gradient(result, inputs: Tensor) -> Tensor | str:
    """The gradient of a result with respect to the inputs, or words if there is none."""
    if not isinstance(result, Tensor) or not result.requires_grad:
        return "no gradient"
    (grad,) = torch.autograd.grad(result.sum(), inputs, retain_graph=True, allow_unused=True)
    return "no gradient" if grad is None else grad


def weights(network: torch.nn.Module) -> Tensor:
    """All weights of a network as one vector."""
    return torch.cat([p.detach().flatten() for p in network.parameters()]).clone()


def several(result, names: str) -> list[Tensor | str]:
    """Split what was returned into one observation for each of the names, as in "new_x, new_y".

    A tuple, a list or an array is taken in its order, a dictionary by its keys.
    """
    wanted = names.split(", ")
    if isinstance(result, Mapping):
        if set(result) == set(wanted):
            return [value(result[name]) for name in wanted]
        return [f"a dictionary with the keys {list(result)}; return `{names}`"] * len(wanted)
    if isinstance(result, (tuple, list)) or (isinstance(result, (Tensor, np.ndarray)) and result.ndim == 1):
        if len(result) == len(wanted):
            return [value(part) for part in result]
        return [f"one of {HOW_MANY[len(wanted)]} numbers, not of {len(result)}"] * len(wanted)
    if result is None or result is ...:
        return [value(result)] * len(wanted)
    return [f"only one number; return {ALL_OF_THEM[len(wanted)]}, `{names}`"] * len(wanted)


def altered(step, /, **change):
    """A step with one thing changed."""
    return lambda *args: step(*args, **change)
