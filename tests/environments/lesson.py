"""Run a notebook with the kernel of another Python, and say what it took: a session of somebody else's machine.

The notebook's program is outside: this one talks to the kernel as a browser does, and has an environment of its own.
"""

import json
import os
import pathlib
import re
import tempfile
import time
from dataclasses import dataclass

import nbformat
from execution import CELL_TIMEOUT, FAILURES, connection, explain
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from memory import PeakMemory
from nbclient import NotebookClient
from run_notebooks import false_claims

OURS = re.compile("PYTHON|COURSE_|VIRTUAL_ENV|JUPYTER|GIT_")  # variables of this machine that a learner has not


@dataclass(frozen=True)
class Run:
    """What a lesson took from its first cell to its last: `failure` is "" if all went well, `peak` is in MB."""

    lesson: str
    seconds: float
    peak: float
    failure: str


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
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as files, PeakMemory() as memory:
        ours = {key: value for key, value in os.environ.items() if not OURS.match(key)}
        manager = kernel_manager(python, files, *options)
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(notebook, km=manager, timeout=CELL_TIMEOUT, resources=resources)
        try:
            client.execute(env=ours | more, cleanup_kc=True)
        except FAILURES as error:
            failure = explain(error)
    wrong = false_claims(notebook)
    return Run(name, time.monotonic() - start, memory.peak, failure or "; ".join(wrong))
