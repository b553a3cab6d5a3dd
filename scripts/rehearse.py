"""Run a lesson up to the demonstration that docs/teaching.md names, and time it: `python scripts/rehearse.py 04`.

It starts where a class starts: with a new kernel and without trained models. Without a lesson, all are rehearsed.
"""

import os
import pathlib
import re
import sys
import tempfile
import time

import nbformat
from execution import FAILURES, NOTEBOOKS, ROOT, execute, explain
from quiz_key import PAGE

SHOWN = re.compile(r'^### (\d\d) · .*?^\*\*Show\*\* \*"(.+?)"\*', re.MULTILINE | re.DOTALL)


def demonstrations(page: str) -> dict[str, str]:
    """Return the claim that the page shows of each lesson."""
    return {lesson: " ".join(claim.split()) for lesson, claim in SHOWN.findall(page)}


def up_to(notebook: nbformat.NotebookNode, claim: str) -> nbformat.NotebookNode:
    """Return a notebook with the cells up to the one that checks a claim; ValueError if none does."""
    places = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and f'"{claim}"' in cell.source]
    if not places:
        raise ValueError(f"expected a claim of this lesson, got {claim!r}")
    return nbformat.from_dict({**notebook, "cells": notebook.cells[: places[0] + 1]})


def rehearse(lesson: pathlib.Path, claim: str) -> tuple[float, float]:
    """Run a lesson up to a claim; return the seconds that passed, and the seconds of processors that it took.

    Raises one of execution.FAILURES, also if the claim is false. On Windows the seconds of processors are 0.
    """
    part = up_to(nbformat.read(lesson, as_version=4), claim)
    with tempfile.TemporaryDirectory(dir=ROOT / "data") as folder:  # a place from which the first cell finds the course
        path = pathlib.Path(folder, lesson.name)
        nbformat.write(part, path)
        start, before = time.monotonic(), os.times()
        execute(path, COURSE_STRICT="1")
        after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - start, used


def main() -> None:
    shown = demonstrations(PAGE.read_text(encoding="utf-8"))
    for lesson in sys.argv[1:] or shown:
        if lesson not in shown:
            sys.exit(f"expected a lesson of the page, such as 04, got {lesson!r}")
        try:
            seconds, used = rehearse(*NOTEBOOKS.glob(f"{lesson}_*.ipynb"), shown[lesson])
        except FAILURES as failure:
            sys.exit(f"✗ {lesson} {explain(failure)}")
        print(f"✓ {lesson} {shown[lesson]}: {seconds:.0f} s, {used:.0f} s of processors", flush=True)


if __name__ == "__main__":
    main()
