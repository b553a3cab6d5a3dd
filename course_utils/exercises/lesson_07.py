"""Exercises of lesson 07: the length of a walk, an article's comparison taken apart, and a claim of one's own."""

import math
from types import EllipsisType

from course_utils.exercises.lesson_07_path import check_path_length
from course_utils.exercises.words import Words
from course_utils.verdicts import CLAIMS

__all__ = ["check_comparison", "check_my_claim", "check_path_length"]

SAME, DIFFERENT, NOT_SAID = "same", "different", "not said"

check_comparison = Words(
    "comparison",
    {
        "data": SAME,
        "decoder": DIFFERENT,
        "latent_dim": DIFFERENT,
        "images seen": DIFFERENT,
        "codes of the picture": DIFFERENT,
        "search for settings": NOT_SAID,
        "number of seeds": NOT_SAID,
    },
    {
        ("data", DIFFERENT): (
            "data: read which set the images of each network come from. How many are drawn, and in which batches, is "
            "another item."
        ),
        ("data", NOT_SAID): "data: the article names what it trains on, once for both networks.",
        ("decoder", SAME): (
            "decoder: what turns codes into images is the generator in a GAN. Write the widths of its layers below "
            "those of the VAE's decoder."
        ),
        ("decoder", NOT_SAID): (
            "decoder: the article lists the layers of both, but that of the GAN goes by another name: it is the "
            "network that turns codes into images."
        ),
        ("latent_dim", SAME): (
            "latent_dim: it is how many numbers a code has, so look at what goes into the generator and into the "
            "VAE's decoder."
        ),
        ("latent_dim", NOT_SAID): (
            "latent_dim: no sentence is about it, but the lists of layers give it away: each of the two networks that "
            "make images begins with it."
        ),
        ("images seen", SAME): (
            "images seen: multiply before you compare: batches times their size for the GAN, epochs times the images "
            "of one epoch for the VAE."
        ),
        ("images seen", NOT_SAID): (
            "images seen: the article counts batches for one and epochs for the other. Both numbers can be worked out "
            "from that."
        ),
        ("codes of the picture", SAME): (
            "codes of the picture: ask of each picture who chose its codes, chance or the author, and how many of them "
            "lie as far out as 3."
        ),
        ("codes of the picture", NOT_SAID): (
            "codes of the picture: read again how each picture was made: a few words say where its codes come from."
        ),
        ("search for settings", SAME): (
            "search for settings: both use Adam, but a setting that is given may be the first that was tried or the "
            "best of a hundred. Is there a sentence that tells which? If not, that is the answer."
        ),
        ("search for settings", DIFFERENT): (
            "search for settings: a learning rate that is given for one only is not yet a search: look for a "
            "sentence on how many settings were tried for each. If there is none, that is the answer."
        ),
        ("number of seeds", SAME): (
            "number of seeds: one picture of each does not mean one run of each: it may be the best of many. Look for "
            "the sentence that counts them. If there is none, that is the answer."
        ),
        ("number of seeds", DIFFERENT): (
            "number of seeds: the batches and epochs are those of one run: look for a sentence that counts the "
            "runs. If there is none, that is the answer."
        ),
    },
)


def check_my_claim(prediction: bool, statement: str, holds: bool, /, **numbers: float) -> None:
    """Print whether a claim of the learner's own was predicted and measured; either outcome is a finding."""
    print(my_claim(prediction, statement, holds, numbers))


def my_claim(prediction: bool, statement: str, holds: bool, numbers: dict[str, float]) -> str:
    """Return the line that `check_my_claim` prints."""
    if statement is ...:
        return "○ my_claim: not attempted yet."
    if sentence := not_predicted(prediction, statement):
        return f"✗ my_claim: {sentence}"
    if holds is ...:
        return "○ my_claim: your prediction stands; now measure."
    holds, numbers = single(holds), {name: single(number) for name, number in numbers.items()}
    if sentence := not_measured(holds, numbers):
        return f"✗ my_claim: {sentence}"
    predicted = f"You predicted it would {'' if prediction else 'not '}hold, and it does{'' if holds else ' not'}"
    surprise = "" if holds == prediction else ": that is a finding"
    evidence = ", ".join(f"{name}={number:.4g}" for name, number in numbers.items())
    return f"✓ my_claim: measured. {predicted}{surprise}. [{evidence}]"


def not_predicted(prediction: bool, statement: str) -> str | None:
    """Return a sentence on what a prediction lacks, or None."""
    if not isinstance(prediction, bool):
        return "predict first: True if you think that it holds, False if not."
    if not isinstance(statement, str) or len(statement.split()) < 4:
        return "write the claim as a whole sentence, which someone else could check."
    if known := [number for number, claim in enumerate(CLAIMS, 1) if plain(claim.says) == plain(statement)]:
        return f"that is claim {known[0]} of the list, which this lesson has measured: state one that it has not."
    return None


def not_measured(holds: bool | None, numbers: dict[str, float | EllipsisType | None]) -> str | None:
    """Return a sentence on what a measurement lacks, or None."""
    if not isinstance(holds, bool):
        return "`holds` must be one True or False, the result of comparing your numbers."
    if not numbers:
        return "a claim needs a measurement: pass its numbers by name, as in `gan=0.31, vae=0.12`."
    if unfilled := [name for name, number in numbers.items() if number is ...]:
        return f"{unfilled[0]} is not filled in yet: measure it."
    if odd := [name for name, number in numbers.items() if number is None]:
        return f"expected {odd[0]} to be one number: take a mean, or another summary of what you measured."
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


def single(number) -> bool | int | float | EllipsisType | None:
    """Return the only number or truth value in a number, a tensor or an array; ... for itself, None for all else."""
    try:
        number = number.item() if hasattr(number, "item") else number
    except (RuntimeError, ValueError):  # of a tensor and of an array that hold several
        return None
    return number if number is ... or isinstance(number, (bool, int, float)) else None


def plain(sentence: str) -> str:
    """Return a sentence without what does not change its meaning: case, spaces, full stop."""
    return " ".join(sentence.casefold().split()).rstrip(".")
