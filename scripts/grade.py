"""Grade what a class has handed in for one lesson: `python scripts/grade.py 03`.

Reads grading/submitted/STUDENT/lesson_03/, prints a table and writes it to grading/lesson_03.csv; see docs/grading.md.
"""

import contextlib
import csv
import pathlib
import re
import shutil
import sys
import warnings

import nbformat
from assignment import COURSE, nbgrader, one_lesson, source_file

LARGEST = 20 << 20  # bytes of a file; a lesson with all its outputs has a tenth
UNFIT = re.compile(r"[][*?,]")  # for nbgrader, patterns and the end of a name


def problem(path: pathlib.Path) -> str | None:
    """Return why a file cannot be graded, as a sentence, or None."""
    if not path.is_file():
        others = sorted(file.name for file in path.parent.iterdir())
        return f"refused: expected the file {path.name}, got {', '.join(others) or 'an empty folder'}."
    size = path.stat().st_size
    if size > LARGEST:
        return f"refused: the file has {size >> 20} MB, expected at most {LARGEST >> 20}: clear its outputs."
    try:
        with warnings.catch_warnings(action="ignore"):  # of what nbformat mends by itself
            nbformat.read(path, as_version=4).cells  # noqa: B018 - some that can be read have none
    except Exception as error:  # whatever else a file may hold
        return f"refused: expected a notebook, got what cannot be read as one ({type(error).__name__})."
    return None


def grade(assignment: str, name: str, course: pathlib.Path = COURSE) -> list[dict[str, str]]:
    """Grade a class with nbgrader, and return a row for each student: points, total, and what is to be said."""
    folders = sorted((course / "submitted").glob(f"*/{assignment}"))
    refused = {folder.parent.name: problem(folder / f"{name}.ipynb") for folder in folders}
    unfit = [student for student in refused if UNFIT.search(student)]
    if unfit:
        names = "; ".join(unfit)
        sys.exit(
            f"expected folders in grading/submitted/ without , * ? [ or ] in their names, got {names}: rename these"
        )
    excluded = ",".join(student for student, sentence in refused.items() if sentence)
    if not all(refused.values()):
        nbgrader("autograde", assignment, "--force", f"--CourseDirectory.student_id_exclude={excluded}", folder=course)
    return [row(course, assignment, name, student, sentence) for student, sentence in refused.items()]


def row(course: pathlib.Path, assignment: str, name: str, student: str, sentence: str | None) -> dict[str, str]:
    """Return the row of one student from the gradebook.

    What an earlier submission has left there, or in autograded/, is removed if this one is refused.
    """
    from nbgrader.api import Gradebook, MissingEntry  # here, so that the tests of this file do not need it

    graded = course / "autograded" / student / assignment / f"{name}.ipynb"
    if not sentence and not graded.is_file():
        sentence = "refused: nbgrader could not read the notebook; the reason is printed above."
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        points = {cell.name: 0.0 for cell in gradebook.find_notebook(name, assignment).grade_cells}
        if sentence:
            with contextlib.suppress(MissingEntry):  # it has points only if an earlier one was graded
                gradebook.remove_submission(assignment, student)
            shutil.rmtree(graded.parent, ignore_errors=True)
        else:
            grades = gradebook.find_submission_notebook(name, assignment, student).grades
            points |= {grade.name: grade.score for grade in grades}
    named = {check.removeprefix("check_"): f"{score:g}" for check, score in points.items()}
    said = sentence or " ".join(remarks(graded))
    return {"student": student, **named, "total": f"{sum(points.values()):g}", "remarks": said}


def remarks(graded: pathlib.Path) -> list[str]:
    """Return the sentences of a graded notebook on answers that are not right, each once."""
    outputs = [output for cell in nbformat.read(graded, as_version=4).cells for output in cell.get("outputs", [])]
    return list(dict.fromkeys(output.evalue for output in outputs if output.output_type == "error"))


def astray(assignment: str, name: str, course: pathlib.Path = COURSE) -> list[str]:
    """Return what lies in submitted/ where nobody looks: STUDENT/lesson_03/ holds one notebook, with the right name."""
    submitted = course / "submitted"
    made = {folder.name for folder in (course / "source").iterdir()}
    loose = [path for depth in ("*", "*/*") for path in submitted.glob(f"{depth}.ipynb") if path.is_file()]
    unknown = [path for path in submitted.glob("*/*") if path.is_dir() and path.name not in made]
    others = [path for path in submitted.glob(f"*/{assignment}/*.ipynb") if (path.parent / f"{name}.ipynb").is_file()]
    found = loose + unknown + [path for path in others if path.stem != name]
    names = [path.relative_to(submitted) for path in found]
    return sorted(str(path) for path in names if not any(part.startswith(".") for part in path.parts))


def show(rows: list[dict]) -> None:
    """Print the rows as a table, what is to be said below each."""
    columns = [column for column in rows[0] if column != "remarks"]
    widths = {column: max(len(column), *(len(row[column]) for row in rows)) for column in columns}
    for line in [dict(zip(columns, columns)), *rows]:
        print("  ".join(line[column].ljust(widths[column]) for column in columns).rstrip())
        if line.get("remarks"):
            print(f"    {line['remarks']}")


def write(rows: list[dict], table: pathlib.Path) -> None:
    """Write the rows as a table in a file."""
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    source = source_file(one_lesson())
    assignment, name = source.parent.name, source.stem
    place = f"STUDENT/{assignment}/{name}.ipynb"
    rows = grade(assignment, name)
    for path in astray(assignment, name):
        print(f"Not looked at, for it is not {place}: {path}")
    if not rows:
        sys.exit(f"expected submissions as grading/submitted/{place}, got none")
    show(rows)
    write(rows, COURSE / f"{assignment}.csv")
    print(f"Written to grading/{assignment}.csv")


if __name__ == "__main__":
    main()
