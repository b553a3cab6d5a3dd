"""Run a notebook from top to bottom, the way `make notebooks` and `make claims` need it.

`python scripts/execution.py NOTEBOOK` runs one, stores nothing, and says in a line what stopped it.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError
from traitlets.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
CELL_TIMEOUT = 1800  # seconds, for a machine that runs several notebooks at once
FAILURES = (CellControlSignal, DeadKernelError)  # a failed cell, a timeout, a dead kernel


def find_notebooks(folder: pathlib.Path, lesson: str = "") -> list[pathlib.Path]:
    """Return the notebooks in a folder, of one lesson such as "03" or of all; exit when there are none."""
    found = sorted(folder.glob(f"{lesson}*.ipynb"))
    if not found:
        raise SystemExit(f"expected a lesson such as LESSON=03, got {lesson!r}: nothing in {folder.name}/ begins so")
    return found


def lessons_and_solutions(lesson: str = "") -> list[pathlib.Path]:
    """Return the notebooks of one lesson such as "03" or of all, then their solutions."""
    solutions = sorted((NOTEBOOKS / "solutions").glob(f"{lesson}*.ipynb"))
    return find_notebooks(NOTEBOOKS, lesson) + solutions


def connection(folder: str) -> Config:
    """Return how to talk to a kernel: over sockets in a private folder, or over TCP, in plain text, on Windows."""
    if os.name == "nt":
        return Config()
    return Config(KernelManager={"transport": "ipc", "ip": f"{folder}/kernel"})


def execute(path: pathlib.Path, **environment: str) -> nbformat.NotebookNode:
    """Run a notebook in its own folder, without a bar or weights of earlier runs, and return it with its outputs.

    Raises one of FAILURES. `environment` is added to the kernel's.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "COURSE_PROGRESS": "0", "COURSE_CHECKPOINTS": f"{folder}/checkpoints", **environment}
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            record_timing=False,
            config=connection(folder),
            resources={"metadata": {"path": str(path.parent)}},
        )
        client.execute(env=env, stderr=subprocess.DEVNULL)  # what cells write is in the notebook
    return notebook


def explain(error: Exception) -> str:
    """Return in one line what stopped a notebook."""
    name, text = type(error).__name__, str(error)
    if isinstance(error, CellExecutionError):
        name, text = error.ename, error.evalue
    return f"{name}: {' '.join(text.split())}"


if __name__ == "__main__":
    try:
        execute(pathlib.Path(sys.argv[1]))
    except FAILURES as failure:
        sys.exit(explain(failure))
