"""Make an assignment of a lesson's exercises to hand out: `python scripts/assignment.py 03`.

nbgrader writes it into grading/release/; docs/grading.md says what to do with it. It holds no answers.
"""

import importlib.util
import os
import pathlib
import re
import subprocess
import sys

import nbformat
from execution import NOTEBOOKS, ROOT, find_notebooks
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from run_notebooks import METADATA

COURSE = ROOT / "grading"
CONFIG = ROOT / "scripts" / "grader" / "nbgrader_config.py"
HEADING = "### Exercise"
CHECK = re.compile(r"^(lesson_\d\d)\.(check_\w+)\((\w+)\)$", re.MULTILINE)
INTRODUCTION = """# {title}: exercises

Read the lesson first, and keep it open: code and figures that an exercise speaks of are there. Replace each `...`, run
the cell, then its check. Hand in this file under its own name. More cells are welcome; files, other programs and the
network are not needed, and an answer that uses them is refused."""


def nbgrader(*arguments: str, folder: pathlib.Path = COURSE) -> int:
    """Run a command of nbgrader in the folder of a class, and return its exit status."""
    programs = pathlib.Path(sys.executable).parent
    environment = os.environ | {
        "PATH": os.pathsep.join([str(programs), os.environ.get("PATH", "")]),  # nbgrader calls alembic by its name
        "PYTHONPATH": os.pathsep.join([str(ROOT / "scripts"), os.environ.get("PYTHONPATH", "")]),
        "PYTHONWARNINGS": "ignore",
    }
    # By `-c`, for with a file each process that runs a submission would import nbgrader anew.
    start = "from nbgrader.apps.nbgraderapp import main; main()"
    command = [sys.executable, "-c", start, *arguments, "--log-level=ERROR"]
    return subprocess.run(command, cwd=folder, env=environment).returncode


def source(lesson: str) -> tuple[str, NotebookNode]:
    """Return the name of a lesson, and the notebook of its exercises, unanswered, as nbgrader wants it."""
    (path,) = find_notebooks(NOTEBOOKS, lesson)
    cells = nbformat.read(path, as_version=4).cells
    title = cells[0].source.splitlines()[0].lstrip("# ")
    solved = nbformat.read(NOTEBOOKS / "solutions" / path.name, as_version=4).cells
    begin = next(i for i, cell in enumerate(solved) if cell.source.startswith(HEADING))
    preparation = [new_code_cell(cell.source) for cell in solved[:begin] if cell.cell_type == "code"]
    introduction = new_markdown_cell(INTRODUCTION.format(title=title))
    exercises = [cell for section in sections(cells) for cell in exercise(section)]
    return path.stem, new_notebook(cells=[introduction, *preparation, *exercises], metadata=METADATA)


def sections(cells: list[NotebookNode]) -> list[list[NotebookNode]]:
    """Return the cells of each exercise of a lesson, from its heading to the next heading."""
    begins = [i for i, cell in enumerate(cells) if cell.cell_type == "markdown" and cell.source.startswith("##")]
    parts = [cells[begin:end] for begin, end in zip(begins, [*begins[1:], None])]
    return [part for part in parts if part[0].source.startswith(HEADING)]


def exercise(section: list[NotebookNode]) -> list[NotebookNode]:
    """Return the text, the stubs and the checks of an exercise; nothing if no function or table of words is checked.

    Other functions of the exercise, such as one with bugs, are there to be read: what they call is in the lesson.
    """
    text = section[0].source
    found = {}
    for lesson, check, name in CHECK.findall("\n".join(cell.source for cell in section)):
        begins = re.compile(rf"^(def {name}\(|{name} = )", re.MULTILINE)
        stub = next(cell.source for cell in section if begins.search(cell.source))
        found.setdefault(stub, marked(stub, solution=True, grade_id=name))
        found[check] = marked(f"{lesson}.{check}({name})", grade_id=check, points=text.count("●"))
    functions = [cell.source for cell in section if cell.cell_type == "code" and cell.source.startswith("def ")]
    to_read = [new_markdown_cell(f"```python\n{code}\n```") for code in functions if code not in found]
    return [new_markdown_cell(text), *to_read, *found.values()] if found else []


def marked(code: str, **mark) -> NotebookNode:
    """Return a cell that nbgrader knows as a solution, or as a test with points."""
    is_test = "points" in mark
    plain = {"schema_version": 3, "grade": is_test, "solution": False, "locked": is_test, "task": False}
    return new_code_cell(code, metadata={"nbgrader": plain | mark})


def make(lesson: str, course: pathlib.Path = COURSE) -> pathlib.Path:
    """Write the assignment of a lesson into the folder of a class, and return the notebook to hand out."""
    name, notebook = source(lesson)
    file = pathlib.Path(f"lesson_{name[:2]}", f"{name}.ipynb")
    (course / "source" / file.parent).mkdir(parents=True, exist_ok=True)
    if not (course / "nbgrader_config.py").exists():  # a teacher may have added to it
        (course / "nbgrader_config.py").write_text(f'load_subconfig("{CONFIG}")\n', encoding="utf-8")
    nbformat.write(notebook, course / "source" / file)
    if nbgrader("generate_assignment", file.parent.name, "--force", folder=course):
        sys.exit(f"{file} was not made.")
    return course / "release" / file


def one_lesson() -> str:
    """Return the lesson of the command line, two digits; exit if there is none, or nothing to grade it with."""
    lesson = " ".join(sys.argv[1:])
    if not re.fullmatch(r"\d\d", lesson):
        sys.exit(f"expected one lesson, such as LESSON=03, got {lesson or 'none'}")
    find_notebooks(NOTEBOOKS, lesson)
    if importlib.util.find_spec("nbgrader") is None:
        sys.exit('expected nbgrader, got a Python without it: run .venv/bin/python -m pip install -e ".[grading]"')
    return lesson


def source_file(lesson: str, course: pathlib.Path = COURSE) -> pathlib.Path:
    """Return the notebook that the assignment of a lesson is made from; exit if none was made."""
    (path,) = find_notebooks(NOTEBOOKS, lesson)
    file = course / "source" / f"lesson_{lesson}" / path.name
    if not file.is_file():
        sys.exit(f"expected an assignment in grading/source/, got none: run make assignment LESSON={lesson}")
    return file


def main() -> None:
    file = make(one_lesson()).relative_to(COURSE / "release")
    print(f"Hand out: grading/release/{file}")
    print(f"Collect:  grading/submitted/STUDENT/{file}, then make grade LESSON={file.name[:2]}")


if __name__ == "__main__":
    main()
