"""Statements of the lessons, checked each time a lesson runs, and the intervals that decide them."""

import json
import math
import os
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class ClaimError(AssertionError):
    """A statement of the course is false, and COURSE_STRICT=1 asked for an error."""


def verify(statement: str, holds: bool, **numbers: float) -> None:
    """Print ✓ or ✗, the statement and its evidence.

    A number's name is a plain one, without dots or blanks, by which the tests of notebooks recognise evidence. With
    COURSE_STRICT=1 a false claim raises ClaimError. COURSE_CLAIMS names a file that collects every claim as a line of
    JSON.
    """
    state("finding", statement, holds, numbers)


def identity(statement: str, holds: bool, **numbers: float) -> None:
    """Print a check of a derivation as `verify` does: true for all data if the algebra is right, so no finding."""
    state("identity", statement, holds, numbers)


def state(kind: str, statement: str, holds: bool, numbers: dict[str, float]) -> None:
    """Print and collect a claim of a kind, and raise ClaimError where a false one must not pass."""
    wrong = [name for name in numbers if not name.isidentifier()]
    if wrong:
        raise ValueError(f"expected plain names for the numbers, such as beta_0_1, got {wrong[0]!r}")
    holds = bool(holds)
    numbers = {name: plain_float(value) for name, value in numbers.items()}
    line = f"{'✓' if holds else '✗'} {'Identity: ' if kind == 'identity' else ''}{statement}"
    if numbers:
        evidence = ", ".join(f"{name}={value:.4g}" for name, value in numbers.items())
        line = f"{line} [{evidence}]"
    collect(kind=kind, statement=statement, holds=holds, numbers=numbers)
    if not holds and os.environ.get("COURSE_STRICT") == "1":
        raise ClaimError(line)
    print(line)


def collect(**found) -> None:
    """Add a line of JSON to the file that COURSE_CLAIMS names, if it names one."""
    collection = os.environ.get("COURSE_CLAIMS")
    if collection:
        with open(collection, "a", encoding="utf-8") as file:
            print(json.dumps(found), file=file)


def plain_float(value) -> float:
    """The value of a number or a tensor of one number; a tensor that has a gradient would warn."""
    return float(value.detach() if isinstance(value, Tensor) else value)


class Interval(NamedTuple):
    """A mean and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float

    def beyond(self, least: float) -> bool | None:
        """True if the whole interval lies beyond `least`, False if none of it does, None if it is undecided.

        `least` is the smallest difference that matters, written down before the run; below 0 beyond means below.
        """
        low, high = (self.low, self.high) if least >= 0 else (-self.high, -self.low)
        if low > abs(least):
            return True
        return False if high < abs(least) else None


def interval(differences: Tensor | Sequence) -> Interval:
    """Return the mean of paired differences, one a seed (S,) or one a seed and judge (S, J), with its 95 % interval.

    Student's t over the seeds. The spread between judges is added, for other judges would have been as good. Raises
    ValueError for fewer than two seeds or judges, and for numbers that are not finite.
    """
    found = torch.as_tensor(differences, dtype=torch.float64)
    if found.dim() not in (1, 2) or min(found.shape, default=0) < 2 or not found.isfinite().all():
        raise ValueError(f"expected finite differences (S,) or (S, J) of at least 2 seeds, got {differences}")
    from scipy.stats import t  # imported here, for it takes a second

    mean = found.mean().item()
    by_seed = found.flatten(1).mean(1) if found.dim() == 2 else found  # (S,)
    variance = by_seed.var() / len(by_seed)
    if found.dim() == 2:
        variance += found.mean(0).var() / found.shape[1]
    half = float(t.ppf(0.975, min(found.shape) - 1)) * math.sqrt(variance)
    return Interval(mean, mean - half, mean + half)
