"""Statements of the lessons, checked each time a lesson runs."""

import json
import os


class ClaimError(AssertionError):
    """A statement of the course is false, and COURSE_STRICT=1 asked for an error."""


def verify(statement: str, holds: bool, **numbers: float) -> None:
    """Print ✓ or ✗, the statement and its evidence.

    The names of numbers must be plain ones, without dots or blanks: the tests of notebooks recognise evidence by them.
    With COURSE_STRICT=1 a false claim raises ClaimError. COURSE_CLAIMS names a file that collects every claim as a
    line of JSON.
    """
    if wrong := [name for name in numbers if not name.isidentifier()]:
        raise ValueError(f"expected plain names for the numbers, such as beta_0_1, got {wrong[0]!r}")
    holds = bool(holds)
    numbers = {name: float(value.detach() if hasattr(value, "detach") else value) for name, value in numbers.items()}
    evidence = ", ".join(f"{name}={value:.4g}" for name, value in numbers.items())
    line = f"{'✓' if holds else '✗'} {statement}" + (f" [{evidence}]" if evidence else "")
    if path := os.environ.get("COURSE_CLAIMS"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"statement": statement, "holds": holds, "numbers": numbers}) + "\n")
    if not holds and os.environ.get("COURSE_STRICT") == "1":
        raise ClaimError(line)
    print(line)
