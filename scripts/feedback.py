"""Write a page for each student with what the checks said: `python scripts/feedback.py 03`, after make grade.

nbgrader makes grading/feedback/STUDENT/lesson_03/ from each graded notebook; docs/grading.md says what to do with it.
"""

import csv
import html
import pathlib
import sys

from assignment import COURSE, nbgrader, one_lesson, source_file

WITHOUT_NOTEBOOK = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{name}</title>
<h1>{name} (Score: 0)</h1>
<p>{remarks}</p>
</html>
"""


def feedback(assignment: str, name: str, course: pathlib.Path = COURSE) -> list[pathlib.Path]:
    """Write the page of each student in the table of points, and return the pages."""
    with (course / f"{assignment}.csv").open(newline="", encoding="utf-8") as file:
        remarks = {row["student"]: row["remarks"] for row in csv.DictReader(file)}
    graded = {path.parts[-3] for path in course.glob(f"autograded/*/{assignment}/{name}.ipynb")}
    if graded and nbgrader("generate_feedback", assignment, "--force", folder=course):
        sys.exit("expected a page for each student, got an error of nbgrader: it is printed above.")
    pages = {student: course / "feedback" / student / assignment / f"{name}.html" for student in remarks}
    for student in pages.keys() - graded:
        pages[student].parent.mkdir(parents=True, exist_ok=True)
        text = WITHOUT_NOTEBOOK.format(name=name, remarks=html.escape(remarks[student]))
        pages[student].write_text(text, encoding="utf-8")
    return list(pages.values())


def main() -> None:
    lesson = one_lesson()
    source = source_file(lesson)
    if not (COURSE / f"{source.parent.name}.csv").is_file():
        sys.exit(f"expected the table grading/{source.parent.name}.csv, got none: run make grade LESSON={lesson}")
    for page in feedback(source.parent.name, source.stem):
        print(f"Written to grading/{page.relative_to(COURSE)}")


if __name__ == "__main__":
    main()
