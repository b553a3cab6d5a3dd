"""Run a learner's answers with their checks, safely: in a kernel that stops when a cell takes too long."""

import os
import pathlib
import re
import subprocess
import tempfile
from dataclasses import dataclass

from execution import FAILURES, ROOT, connection
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.exercises.progress import SOLVED, TRIED, UNTOUCHED, state

VERDICT = re.compile(f"^[{SOLVED}{TRIED}{UNTOUCHED}] .+", re.MULTILINE)
Outcome = tuple[str, str]  # the state of an exercise, and a sentence if it was tried


@dataclass
class Attempt:
    """An answer: the code that it needs, itself included, and the calls of its checks."""

    needs: str
    checks: list[str]

    def cells(self) -> list[NotebookNode]:
        return [new_code_cell(source) for source in (self.needs or "pass", *self.checks)]


def run(attempts: list[Attempt], folder: pathlib.Path, seconds: int) -> list[Outcome]:
    """Run attempts in a notebook's folder, each cell for so many seconds at most, and return what came of each."""
    found = []
    while len(found) < len(attempts):
        found += run_until_stopped(attempts[len(found) :], folder, seconds)
    return found


def run_until_stopped(attempts: list[Attempt], folder: pathlib.Path, seconds: int) -> list[Outcome]:
    """Run attempts in one kernel, and return what came of them up to the first that stopped it, or of all."""
    groups = [attempt.cells() for attempt in attempts]
    ended = set()
    with tempfile.TemporaryDirectory() as sockets:
        client = NotebookClient(
            new_notebook(cells=[cell for group in groups for cell in group]),
            timeout=seconds,
            allow_errors=True,
            kernel_name="python3",
            config=connection(sockets),
            resources={"metadata": {"path": str(folder)}},
            on_cell_executed=lambda cell, **_: ended.add(cell.id),
        )
        try:
            client.execute(env=environment(), stderr=subprocess.DEVNULL)
        except FAILURES as failure:
            done = [group for group in groups if all(cell.id in ended for cell in group)]
            return [*map(outcome, done), (TRIED, why(failure, seconds))]
    return [outcome(group) for group in groups]


def environment() -> dict[str, str]:
    """Return the environment of the kernel: it finds the course, shows no bars and leaves cores to other kernels."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {"OMP_NUM_THREADS": "1", **os.environ, "COURSE_PROGRESS": "0", "PYTHONPATH": path}


def why(failure: Exception, seconds: int) -> str:
    if isinstance(failure, DeadKernelError):
        return "It ended the kernel that ran it."
    return f'No verdict within {seconds} s: is there a loop without end? ARGS="--seconds 300" waits longer.'


def outcome(group: list[NotebookNode]) -> Outcome:
    """Return what came of an attempt whose cells all ran: the verdicts of its checks, or an error in their place."""
    _, *checks = group
    printed = [output.text for cell in checks for output in cell.outputs if output.get("name") == "stdout"]
    verdicts = VERDICT.findall("\n".join(printed))
    errors = [output for cell in group for output in cell.outputs if output.output_type == "error"]
    if len(verdicts) < len(checks):
        return TRIED, f"{errors[0].ename}: {first_line(errors[0].evalue)}" if errors else "Its check printed nothing."
    for symbol in (SOLVED, UNTOUCHED):
        if all(state(verdict) == symbol for verdict in verdicts):
            return symbol, ""
    wrong = [verdict for verdict in verdicts if state(verdict) == TRIED]
    return TRIED, (wrong or [verdict for verdict in verdicts if state(verdict) == UNTOUCHED])[0]


def first_line(text: str) -> str:
    return text.strip().split("\n")[0]
