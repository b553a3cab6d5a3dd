"""What nbgrader runs on each submission before and in place of its own execution."""

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import Float

from grader.attempt import Job
from grader.judge import SECONDS, Refused, verdicts

CHECK = re.compile(r"^(lesson_\d\d)\.(check_\w+)\((\w+)\)$")


class Restore(NbGraderPreprocessor):
    """Put the checks back as they were handed out, whatever has become of them; all other code stays as it came.

    Cells get new ids: a copy of a cell has that of the other one, and what Colab saves has none.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        place = resources["nbgrader"]
        source = nbformat.read(Path("source", place["assignment"], f"{place['notebook']}.ipynb"), as_version=4)
        nb.cells = restored(nb.cells, source.cells)
        nb.nbformat_minor = source.nbformat_minor
        for number, cell in enumerate(nb.cells):
            cell.id = str(number)
        return nb, resources


def restored(cells: list[NotebookNode], source: list[NotebookNode]) -> list[NotebookNode]:
    """Return the cells of a submission with the checks of the source: each once, missing ones at the end.

    An answer keeps its mark, below which nbgrader lets a teacher write a comment.
    """
    missing = {cell.metadata.nbgrader.grade_id: cell for cell in source if is_grade(cell)}
    answers = {cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader for cell in source if is_solution(cell)}
    checks = set(missing)
    whole = []
    for cell in cells:
        mark = cell.metadata.pop("nbgrader", None)
        name = mark.get("grade_id") if isinstance(mark, dict) else None
        if name in missing:
            whole.append(missing.pop(name))
        elif name not in checks:
            if name in answers and cell.cell_type == "code":
                cell.metadata["nbgrader"] = answers.pop(name)
            whole.append(cell)
    return whole + list(missing.values())


class Judge(NbGraderPreprocessor):
    """Run the code in a process of its own, and write the verdict of each check as the check's output."""

    seconds = Float(SECONDS, help="seconds of computing for the cells and checks of a submission together").tag(
        config=True
    )

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        code = [cell for cell in nb.cells if cell.cell_type == "code"]
        checks = [(cell, *CHECK.match(cell.source).groups()) for cell in code if is_grade(cell)]
        answers = {check: name for _, _, check, name in checks}
        cells = ["" if is_grade(cell) else cell.source for cell in code]  # so that numbers are those of the notebook
        job = Job(cells, resources["nbgrader"]["assignment"], answers)
        try:
            lines = verdicts(job, self.seconds)
        except Refused as refused:
            lines = dict.fromkeys(answers, str(refused))
        for cell, _, check, _ in checks:
            cell.outputs = [output(lines[check])]
        return nb, resources


def output(line: str) -> NotebookNode:
    """A verdict as an output by which nbgrader gives all points or none: it takes an error for wrong."""
    if line.startswith("✓"):
        return nbformat.v4.new_output("stream", name="stdout", text=line)
    return nbformat.v4.new_output("error", ename="NotRight", evalue=line, traceback=[line])
