"""Run a notebook with the kernel of another Python, and say what it took: a session of somebody else's machine.

The notebook's program is outside: this one talks to the kernel as a browser does, and has an environment of its own.
"""

import json
import math
import os
import pathlib
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import nbformat
from execution import CELL_TIMEOUT, FAILURES, ROOT, connection, explain, find_notebooks
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from memory import PeakMemory
from nbclient import NotebookClient
from run_notebooks import false_claims

OURS = re.compile("PYTHON|COURSE_|VIRTUAL_ENV|JUPYTER|GIT_")  # variables of this machine that a learner has not


@dataclass(frozen=True)
class Run:
    """What a lesson took from its first cell to its last; `failure` is "" if all went well."""

    lesson: str
    seconds: float
    processor: (
        float  # seconds of one processor: what to compare on a busy machine, and the least that Binder's one takes
    )
    peak: float  # MB
    failure: str


def processor_seconds() -> float:
    """Return the time on processors of all child processes that have ended, and of theirs."""
    times = os.times()
    return times.children_user + times.children_system


def kernel_manager(python: pathlib.Path, folder: str, *options: str) -> AsyncKernelManager:
    """Return a manager that starts the kernel of a Python; its files lie in a folder."""
    place = pathlib.Path(folder, "kernels", "lesson")
    place.mkdir(parents=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}", *options]
    spec = {"argv": command, "display_name": "lesson", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    specs = KernelSpecManager(kernel_dirs=[str(place.parent)], ensure_native_kernel=False)
    return AsyncKernelManager(kernel_name="lesson", kernel_spec_manager=specs, config=connection(folder))


def run_lesson(
    notebook: nbformat.NotebookNode, name: str, python: pathlib.Path, folder: pathlib.Path, *options: str, **more: str
) -> Run:
    """Run a notebook in a folder with a Python's kernel, and return what it took; a false claim is a failure.

    `options` are the kernel's; `more` is added to its environment. The notebook gets its outputs.
    """
    failure = ""
    start, worked = time.monotonic(), processor_seconds()
    with tempfile.TemporaryDirectory() as files, PeakMemory() as memory:
        ours = {key: value for key, value in os.environ.items() if not OURS.match(key)}
        manager = kernel_manager(python, files, *options)
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(notebook, km=manager, timeout=CELL_TIMEOUT, resources=resources)
        try:
            client.execute(env=ours | more)
        except FAILURES as error:
            failure = explain(error)
        finally:
            run_sync(manager.shutdown_kernel)(now=True)
    wrong = false_claims(notebook)
    seconds, worked = time.monotonic() - start, processor_seconds() - worked
    return Run(name, seconds, worked, memory.peak, failure or "; ".join(wrong))


def row(result: Run, server: float = 0.0, limit: float = math.inf) -> str:
    """Return a lesson's row in the table: its peak with what a server takes, its time, and what went wrong."""
    total = result.peak + server
    too_much = f"over the limit of {limit:.0f} MB" if total > limit else ""
    words = "; ".join(filter(None, [result.failure, too_much])) or "ok"
    return f"| {result.lesson} | {total:.0f} | {result.seconds:.0f} | {result.processor:.0f} | {words} |"


def run_all(run: Callable[[pathlib.Path], Run], lessons: Sequence[str], server: float = 0.0, limit: float = math.inf):
    """Run lessons, such as "03" or all, print a table of them, and exit: with 1 when one of them failed."""
    print("| lesson | peak MB | seconds | of one processor | |\n|---|---|---|---|---|")
    failed = False
    for lesson in [path for name in lessons or [""] for path in find_notebooks(ROOT / "notebooks", name)]:
        line = row(run(lesson), server, limit)
        print(line, flush=True)
        failed |= not line.endswith("| ok |")
    raise SystemExit(failed)
