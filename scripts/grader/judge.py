"""The verdicts on a submission: what another process saw of its answers, compared with what the right ones do here."""

import contextlib
import functools
import importlib
import multiprocessing
import os
import signal
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise
from course_utils.exercises.words import Words
from grader.attempt import RAN, REFUSED, Job, attempt

SECONDS = 30.0  # of computing, for the cells of a submission and its checks together
PATIENCE = 10  # times as long it may take by the clock, on a busy machine
LENGTH = 500  # of a sentence
SIZE = 50 << 20  # bytes of what a check may have seen
# Imported once, before the processes of all submissions part ways.
SHARED = ["torch._dynamo", "matplotlib.pyplot", "grader.attempt"]


class Refused(Exception):
    """A submission that gets no points before a person has looked at it, with the reason as a sentence."""


def verdicts(job: Job, seconds: float = SECONDS) -> dict[str, str]:
    """Return a line for each check: ✓, or ✗ or ○ and why; raises Refused for the whole submission.

    An answer that does not come back costs its own points only: the others are tried again without it.
    """
    lines = {}
    while waiting := {check: name for check, name in job.answers.items() if check not in lines}:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
            folder = Path(place)
            ending = run_apart(Job(job.cells, job.lesson, waiting), folder, seconds)
            lines |= {check: verdict(job, check, folder) for check in waiting if there(folder, f"{check}.pt")}
            if there(folder, REFUSED):
                act = (folder / REFUSED).read_text(encoding="utf-8", errors="replace")
                raise Refused(one_line(f"refused: it {act}, for which an answer has no need."))
            if not there(folder, RAN):
                raise Refused(f"refused: the cells of the notebook {ending}.")
        still = [check for check in waiting if check not in lines]
        lines |= {check: f"✗ {job.answers[check]}: it {ending}." for check in still[:1]}
    return lines


def there(folder: Path, name: str) -> bool:
    return (folder / name).is_file() and (folder / name).stat().st_size <= SIZE


def run_apart(job: Job, folder: Path, seconds: float) -> str:
    """Run a submission in a process of its own, and say how that ended."""
    apart = multiprocessing.get_context("forkserver")
    apart.set_forkserver_preload(SHARED)
    process = apart.Process(target=attempt, args=(job, folder, seconds))
    process.start()
    process.join(PATIENCE * seconds)
    late = process.exitcode in (None, -signal.SIGXCPU)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # with all that it has started
    process.kill()
    process.join()
    return f"took more than {seconds:g} seconds" if late else "ended the process that ran them"


def verdict(job: Job, check: str, folder: Path) -> str:
    """The line on one answer; what its own process says of it can only be to its disadvantage."""
    name = job.answers[check]
    try:
        seen = torch.load(folder / f"{check}.pt", weights_only=True)
        if "fails" in seen:
            return one_line(seen["fails"].replace("✓", ""))
        return one_line(judged(seen, *exercise_and_right(job.lesson, check), name))
    except Exception as error:
        return one_line(f"✗ {name}: what it did cannot be judged ({type(error).__name__}: {error}).")


@functools.cache
def exercise_and_right(lesson: str, check: str) -> tuple[Exercise | Words, dict[str, Tensor | str] | None]:
    """A check, and what it observes of the right answer unless that is a matter of words."""
    exercise = vars(importlib.import_module(f"course_utils.exercises.{lesson}"))[check]
    return exercise, None if isinstance(exercise, Words) else exercise.right()


def judged(seen: dict, exercise: Exercise | Words, right: dict[str, Tensor | str] | None, name: str) -> str:
    if isinstance(exercise, Words):
        return exercise.verdict(seen["words"])
    if not all(isinstance(what, str) or plain(what) for what in seen["found"].values()):
        raise ValueError("expected words and plain tensors")
    sentence = exercise.complaint(seen["found"], right, seen["traces"])
    return f"✗ {name}: {sentence}" if sentence else f"✓ {name} is right."


def plain(what) -> bool:
    """Tell whether something is a tensor that needs no more memory than it came with."""
    return isinstance(what, Tensor) and what.layout == torch.strided and what.is_contiguous()


def one_line(text: str) -> str:
    """A text without line breaks and without what a terminal would obey."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(line.split())[:LENGTH]
