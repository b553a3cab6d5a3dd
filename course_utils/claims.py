"""Statements of the lessons, checked each time a lesson runs."""

import json
import os

from torch import Tensor


class ClaimError(AssertionError):
    """A statement of the course is false, and COURSE_STRICT=1 asked for an error."""


def verify(statement: str, holds: bool, **numbers: float) -> None:
    """Print ✓ or ✗, the statement and its evidence.

    A number's name is a plain one, without dots or blanks, by which the tests of notebooks recognise evidence. With
    COURSE_STRICT=1 a false claim raises ClaimError. COURSE_CLAIMS names a file that collects every claim as a line of
    JSON.
    """
    wrong = [name for name in numbers if not name.isidentifier()]
    if wrong:
        raise ValueError(f"expected plain names for the numbers, such as beta_0_1, got {wrong[0]!r}")
    holds = bool(holds)
    numbers = {name: plain_float(value) for name, value in numbers.items()}
    line = f"{'✓' if holds else '✗'} {statement}"
    if numbers:
        evidence = ", ".join(f"{name}={value:.4g}" for name, value in numbers.items())
        line = f"{line} [{evidence}]"
    collection = os.environ.get("COURSE_CLAIMS")
    if collection:
        with open(collection, "a", encoding="utf-8") as file:
            print(json.dumps({"statement": statement, "holds": holds, "numbers": numbers}), file=file)
    if not holds and os.environ.get("COURSE_STRICT") == "1":
        raise ClaimError(line)
    print(line)


def plain_float(value) -> float:
    """The value of a number or a tensor of one number; a tensor that has a gradient would warn."""
    return float(value.detach() if isinstance(value, Tensor) else value)
