"""The process in which one submission runs: its cells, then the probes of the checks.

It gives no verdict. It leaves in its folder what each check sees of an answer, for the process that judges.
"""

import importlib
import linecache
import math
import os
import resource
import sys
import time
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from course_utils.exercises.checker import Exercise, is_stub
from course_utils.exercises.watched import Watched
from course_utils.exercises.words import Words
from grader.fence import fence

ROOT = Path(__file__).resolve().parents[2]
CLOSED = [ROOT / "notebooks" / "solutions", ROOT / "tests", ROOT / "course_utils" / "exercises", ROOT / "grading"]
RAN, REFUSED = "ran", "refused"  # files in the folder: all cells were run; the words of `fence`
MEMORY, FILE = 4 << 30, 100 << 20  # bytes, of the process and of each file that it writes


@dataclass(frozen=True)
class Job:
    """A submission to run: the code of its cells, and the answer that each check of the lesson is about."""

    cells: list[str]  # empty in place of a check
    lesson: str  # "lesson_03"
    answers: dict[str, str]  # {"check_kl": "kl"}


def attempt(job: Job, folder: Path, seconds: float) -> None:
    """Run a submission in `folder` and leave a file for each check that could be run."""
    settle(folder, seconds)
    save, end = torch.save, os._exit  # before the learner's code can put something else there
    lesson = importlib.import_module(f"course_utils.exercises.{job.lesson}")
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    hide(lesson)

    def refuse(act: str) -> None:
        Path(folder, REFUSED).write_text(act, encoding="utf-8")
        end(1)

    fence(folder, CLOSED, refuse)
    first_error = run(shell, job.cells)
    Path(folder, RAN).touch()
    for check, name in job.answers.items():
        save(seen_of(getattr(lesson, check), name, shell.user_ns, first_error), Path(folder, f"{check}.pt"))


def settle(folder: Path, seconds: float) -> None:
    """Make this process small, quiet, and at home in its folder, from where a notebook finds the course."""
    os.setsid()  # so that what it starts can be stopped with it
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
    end = math.ceil(time.process_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (end, end + 1))
    os.chdir(folder)
    os.symlink(ROOT, Path(folder, "course"), target_is_directory=True)
    os.environ |= {name: str(folder) for name in ("HOME", "TMPDIR", "IPYTHONDIR", "COURSE_CHECKPOINTS")}
    os.environ |= {"COURSE_PROGRESS": "0", "MPLBACKEND": "agg"}
    sys.dont_write_bytecode = True
    torch.set_num_threads(1)


def hide(lesson: types.ModuleType) -> None:
    """Let the notebook import a course of its own, in which checks do nothing and no right answer is to be found."""
    for name in list(sys.modules):
        if name.split(".")[0] in ("course_utils", "grader"):
            file = sys.modules.pop(name).__file__
            linecache.cache[file] = (0, None, [], file)  # no traceback or warning has to open it
    package, name = lesson.__name__.rsplit(".", 1)
    exercises, stub = types.ModuleType(package), types.ModuleType(lesson.__name__)
    vars(stub).update(dict.fromkeys(lesson.__all__, lambda *args, **kwargs: None))
    setattr(exercises, name, stub)
    sys.modules |= {package: exercises, lesson.__name__: stub}


def run(shell: InteractiveShell, cells: list[str]) -> str:
    """Run all cells, also those after an error, and return the first error in a few words, or none."""
    first = ""
    for number, source in enumerate(cells, 1):
        result = shell.run_cell(source, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        if error and not first:
            words = f"{error.msg} (line {error.lineno})" if isinstance(error, SyntaxError) else error
            first = f"; the first error is {type(error).__name__} in code cell {number}: {words}"
    return first


def seen_of(check: Exercise | Words, name: str, namespace: dict, first_error: str) -> dict:
    """What a check sees of an answer: what it `found`, `words`, or the sentence by which an answer `fails`."""
    if name not in namespace:
        return {"fails": f"✗ {name}: nothing has this name when all cells have been run{first_error}."}
    answer = namespace[name]
    if isinstance(check, Words):
        if not isinstance(answer, Mapping):
            return {"fails": check.verdict(answer)}
        return {"words": {str(key): word if isinstance(word, str) else None for key, word in answer.items()}}
    if not callable(answer) or is_stub(answer):
        return {"fails": check.verdict(answer)}
    watched = Watched(answer, like=check.reference)
    try:
        return {"found": check.outcome(watched), "traces": watched.traces}
    except BaseException as error:  # such as SystemExit, which would keep the other answers from being looked at
        return {"fails": f"✗ {name}: it raised {type(error).__name__}: {error}"}
