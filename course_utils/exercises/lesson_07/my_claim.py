"""Exercise 3 of lesson 07: a claim of the learner's, predicted and then measured."""

import math
import re
from numbers import Real
from types import EllipsisType

from course_utils.comparison.verdicts import CLAIMS
from course_utils.exercises.progress import tell


def check_my_claim(prediction: bool, statement: str, holds: bool, /, **numbers: float) -> None:
    """Print whether a claim of the learner's own was predicted and measured; either outcome is a finding."""
    tell("my_claim", my_claim(prediction, statement, holds, numbers))


def my_claim(prediction: bool, statement: str, holds: bool, numbers: dict[str, float]) -> str:
    """The line that `check_my_claim` prints."""
    if statement is ... or statement is None:
        return "○ my_claim: not attempted yet."
    prediction = single(prediction)
    if sentence := not_predicted(prediction, statement):
        return f"✗ my_claim: {sentence}"
    if holds is ...:
        return "○ my_claim: your prediction stands; now measure."
    holds = single(holds)
    numbers = {name: single(number) for name, number in numbers.items()}
    if sentence := not_measured(holds, numbers):
        return f"✗ my_claim: {sentence}"
    predicted = f"You predicted it would {'' if prediction else 'not '}hold, and it does{'' if holds else ' not'}"
    surprise = "" if holds == prediction else ": that is a finding"
    evidence = ", ".join(f"{name}={number:.4g}" for name, number in numbers.items())
    return f"✓ my_claim: measured. {predicted}{surprise}. [{evidence}]"


def not_predicted(prediction: bool | None, statement: str) -> str | None:
    """A sentence on what a prediction lacks, or None."""
    if not isinstance(prediction, bool):
        return "predict first: True if you think that it holds, False if not."
    if not isinstance(statement, str) or len(statement.split()) < 4:
        return "write the claim as a whole sentence, which someone else could check."
    if known := [number for number, claim in enumerate(CLAIMS, 1) if plain(claim.says) == plain(statement)]:
        return f"that is claim {known[0]} of the list, which this lesson has measured: state one that it has not."
    return None


def not_measured(holds: bool | None, numbers: dict[str, bool | float | EllipsisType | None]) -> str | None:
    """A sentence on what a measurement lacks, or None."""
    if not isinstance(holds, bool):
        return "`holds` must be one True or False, the result of comparing your numbers."
    if not numbers:
        return "a claim needs a measurement: pass its numbers by name, as in `gan=0.31, vae=0.12`."
    if unfilled := [name for name, number in numbers.items() if number is ...]:
        return f"{unfilled[0]} is not filled in yet: measure it."
    if odd := [name for name, number in numbers.items() if number is None]:
        return f"expected {odd[0]} to be one number: take a mean, or another summary of what you measured."
    if odd := [name for name, number in numbers.items() if isinstance(number, bool)]:
        return f"{odd[0]} is True or False, not a number: give what was compared, and let `holds` be its outcome."
    if odd := [name for name, number in numbers.items() if not math.isfinite(number)]:
        return f"{odd[0]} is {numbers[odd[0]]}, which compares with nothing: find out where it comes from."
    if len(numbers) == 1:
        return f"{next(iter(numbers))} stands alone: a number needs a yardstick, such as the same for real images."
    if len(set(numbers.values())) == 1:
        return (
            f"all numbers are {next(iter(numbers.values())):.4g}: compare with something that could come out "
            "differently, such as real images or another seed."
        )
    return None


def single(given) -> bool | int | float | EllipsisType | None:
    """The only number or truth value in a number, tensor, array, list or tuple; ... for itself, None for all else."""
    if isinstance(given, (list, tuple)):
        return single(given[0]) if len(given) == 1 else None
    try:
        number = given.item() if hasattr(given, "item") else given
    except (RuntimeError, ValueError):  # of a tensor and of an array that hold several
        return None
    if number is ... or isinstance(number, (bool, int, float)):
        return number
    return float(number) if isinstance(number, Real) else None


def plain(sentence: str) -> str:
    """The words of a sentence, without case and punctuation, which do not change its meaning."""
    return " ".join(re.findall(r"\w+", sentence.casefold()))
