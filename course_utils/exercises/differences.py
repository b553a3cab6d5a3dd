"""Sentences on where an answer's observations differ from those of the reference."""

from collections.abc import Mapping

import torch
from torch import Tensor

from course_utils.exercises.errors import explained

Observation = dict[str, Tensor | str]
ABSENT = "nothing"


def same(a: Observation, b: Observation) -> bool:
    """Tell whether two answers did the same."""
    return a.keys() == b.keys() and all(alike(a[name], b[name]) for name in a)


def alike(a: Tensor | str, b: Tensor | str) -> bool:
    """Tell whether two observations are equal, tensors up to rounding; a complex number is no real one."""
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    if a.shape != b.shape or a.is_complex() != b.is_complex():
        return False
    return bool(close(a, b).all())


def close(a: Tensor, b: Tensor) -> Tensor:
    """True at the entries that are equal up to rounding."""
    exact = torch.complex128 if a.is_complex() else torch.float64
    return torch.isclose(a.to(exact), b.to(exact), rtol=1e-4, atol=1e-6, equal_nan=True)


def first_difference(found: Observation, right: Observation, hints: Mapping[str, str]) -> str:
    """A sentence on the first observation in which an answer differs from the reference, or which it lacks."""
    if "error" in found:
        return explained(found["error"])
    here = [name for name in right if name in found]
    missing = [name for name in right if name not in found]
    name = next(name for name in here + missing if not alike(found.get(name, ABSENT), right[name]))
    observed = found.get(name, ABSENT)
    if isinstance(observed, str) and observed == ABSENT:
        return "it returned nothing; does it end in `return`?"
    contrast = f"expected {name} to be {contrasted(right[name], observed)}"
    if factor := common_factor(found, right):
        return f"every number is {factor:.4g} times what it should be: {contrast}"
    complex_numbers = isinstance(observed, Tensor) and observed.is_complex()
    return contrast if factor_between(right[name], observed) or complex_numbers else hints.get(name, contrast)


def contrasted(right: Tensor | str, observed: Tensor | str) -> str:
    """What was expected and what came, ending in a full stop."""
    if isinstance(right, str) or isinstance(observed, str):
        return f"{brief(right)}, got {brief(observed)}."
    if observed.is_complex() and not right.is_complex():
        return "real, got complex numbers: take `.real` where the imaginary part is only rounding."
    if right.shape != observed.shape:
        one_each = right.numel() == observed.numel() == 1
        return f"{brief(right)}, got {brief(observed)}." if one_each else f"{kind(right)}, got {kind(observed)}."
    expected, got = apart(right, observed)
    if right.numel() == 1:
        return f"{expected}, got {got}."
    if factor := factor_between(right, observed):
        return f"{brief(right)}, got {factor:.4g} times that."
    wrong = int((~close(right, observed)).sum())
    others = "all others are right" if wrong == 1 else f"{wrong} of {right.numel()} entries differ"
    return f"{expected} at entry {place(right, observed)}, got {got}; {others}."


def first_wrong(right: Tensor, observed: Tensor) -> tuple[int, ...]:
    """The index of the first entry that differs."""
    return tuple((~close(right, observed)).nonzero()[0].tolist())


def place(right: Tensor, observed: Tensor) -> str:
    """The index of the first entry that differs, as one writes it: 17, or [1, 2]."""
    index = first_wrong(right, observed)
    return str(index[0]) if len(index) == 1 else str(list(index))


def apart(right: Tensor, observed: Tensor) -> tuple[str, str]:
    """The first entries that differ, with so many digits that they look different."""
    index = first_wrong(right, observed)
    numbers = right[index].item(), observed[index].item()
    texts = [tuple(f"{number:.{digits}g}" for number in numbers) for digits in range(4, 10)]
    return next((pair for pair in texts if pair[0] != pair[1]), texts[-1])


def factor_between(right: Tensor | str, observed: Tensor | str) -> float | None:
    """The one factor between all numbers and the right ones, if there are three clear ones at least; or None."""
    if not comparable(right) or not comparable(observed) or right.shape != observed.shape:
        return None
    expected, got = right.flatten().double(), observed.flatten().double()
    clear = expected.abs() > 1e-3
    if clear.sum() < 3 or not got.isfinite().all():
        return None
    factor = (got / expected)[clear].median()
    return factor.item() if factor and close(got, factor * expected).all() else None


def common_factor(found: Observation, right: Observation) -> float | None:
    """The one factor between all numbers of an answer and the right ones, or None."""
    numbers = [name for name in right if isinstance(right[name], Tensor)]
    if any(found.get(name) != right[name] for name in right if name not in numbers):
        return None
    if not all(comparable(found.get(name)) and found[name].shape == right[name].shape for name in numbers):
        return None
    return factor_between(*(torch.cat([seen[name].double().flatten() for name in numbers]) for seen in (right, found)))


def comparable(observed: Tensor | str | None) -> bool:
    """Tell whether an observation is a tensor of real numbers."""
    return isinstance(observed, Tensor) and not observed.is_complex()


def kind(observed: Tensor) -> str:
    return "one number" if observed.dim() == 0 else f"a tensor of shape {tuple(observed.shape)}"


def brief(observed: Tensor | str) -> str:
    """An observation in a few characters."""
    if isinstance(observed, str):
        return observed
    if observed.numel() == 1:
        return f"{observed.item():.4g}" + (f" with shape {tuple(observed.shape)}" if observed.dim() else "")
    head = ", ".join(f"{number:.4g}" for number in observed.flatten()[:3].tolist())
    return f"[{head}, ...] with shape {tuple(observed.shape)}" if observed.numel() > 3 else f"[{head}]"
