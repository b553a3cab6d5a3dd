"""Print which exercises in my/ are solved, tried or untouched: `python scripts/progress.py 03`; without a lesson, all.

What a check printed into the saved notebook may be older than the answer. So every answer that was touched runs again,
in a kernel of its lesson's own that stops after a while, together with what it needs and its check, and nothing else.
"""

import argparse
import ast
import os
import pathlib
import re
import shutil
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import nbformat
from answers.attempts import Attempt, run
from answers.needs import Statement, needed, statements
from execution import NOTEBOOKS, ROOT, find_notebooks

from course_utils.exercises.progress import SOLVED, TRIED, UNTOUCHED

MINE = ROOT / "my"
HEADING = re.compile("^(#+) (.+)", re.MULTILINE)
ANSWERED = {SOLVED: "solved", TRIED: "tried", UNTOUCHED: "untouched"}


@dataclass
class Section:
    """What stands under one heading of a notebook; the cells are sources of code."""

    title: str
    minutes: int
    before: list[str]  # all cells above it
    cells: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The part of the title that stays when the title is improved, such as "Exercise 3"."""
        return self.title.split(" · ")[0]


@dataclass
class Exercise:
    """One exercise of a lesson, what the learner's copy has of it, and what came of that."""

    title: str
    minutes: int
    attempt: Attempt | None = None  # None if there is nothing to run
    state: str = UNTOUCHED
    note: str = ""


@dataclass
class Lesson:
    number: str
    title: str
    exercises: list[Exercise]
    problem: str = ""


def sections(path: pathlib.Path) -> list[Section]:
    """Return the parts of a notebook; raises a ValueError with a sentence when it cannot be read."""
    try:
        cells = [(cell.cell_type, cell.source) for cell in nbformat.read(path, as_version=4).cells]
    except Exception as error:  # of JSON, of its schema, of the file: whatever a half-written file brings about
        raise ValueError(f"{path.name} cannot be read ({type(error).__name__})") from error
    found, code = [], []
    for kind, source in cells:
        if kind == "markdown" and (heading := HEADING.search(source)):
            minutes = re.search(r"(\d+) minutes", source)
            found.append(Section(heading[2], int(minutes[1]) if minutes else 0, list(code)))
        elif kind == "code":
            code.append(source)
            if found:
                found[-1].cells.append(source)
    return found


def parsed(cells: list[str]) -> tuple[list[Statement], str]:
    """Return the statements of all cells that are Python, and what is wrong with the last one that is not."""
    found, problem = [], ""
    for source in cells:
        try:
            found += statements(source)
        except SyntaxError as error:
            problem = f"{type(error).__name__}: {error.msg}: {(error.text or '').strip()}"
    return found, problem


def check_of(statement: Statement) -> tuple | None:
    """Return which check a statement calls and with which constants, such as ("check_repair", "A"), or None."""
    match statement.node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name), args=args)) if name.startswith("check_"):
            return name, *(arg.value for arg in args if isinstance(arg, ast.Constant))
    return None


def checks(found: list[Statement]) -> dict[tuple, Statement]:
    return {check: statement for statement in found if (check := check_of(statement))}


def compare(lesson: Section, mine: Section | None) -> Exercise:
    """Return an exercise of a lesson with what there is to run, beside the same section of the learner's copy."""
    exercise = Exercise(lesson.title, lesson.minutes)
    if mine is None or mine.cells == lesson.cells:
        return exercise
    stub, _ = parsed(lesson.cells)
    answer, problem = parsed(mine.cells)
    to_check = checks(stub) | checks(answer)  # a check that was deleted is made all the same
    read = {name for statement in to_check.values() for name in statement.reads}
    bound = [{name for statement in part for name in statement.binds} for part in (stub, answer)]
    if missing := sorted(read & bound[0] - bound[1]):
        exercise.state, exercise.note = TRIED, problem or f"`{missing[0]}` is not defined any more."
        return exercise
    above, _ = parsed(mine.before)
    before = [statement for statement in above + answer if not check_of(statement)]
    needs = [statement.code for statement in needed(before, read)]
    exercise.attempt = Attempt("\n".join(needs), [check.code for check in to_check.values()])
    return exercise


def look_at(path: pathlib.Path) -> Lesson:
    """Return a lesson with the state of each exercise in the learner's copy of it."""
    found = sections(path)
    number, _, title = found[0].title.partition(" · ")
    copy, problem = MINE / path.name, ""
    try:
        mine = {section.key: section for section in sections(copy)} if copy.exists() else {}
    except ValueError as error:
        mine, problem = {}, f"{error}. Jupyter may have an older state in my/.ipynb_checkpoints/."
    with_checks = [section for section in found if checks(parsed(section.cells)[0])]
    exercises = [compare(section, mine.get(section.key)) for section in with_checks]
    return Lesson(number, title, exercises, problem)


def judge(lesson: Lesson, seconds: int) -> None:
    """Run what was touched in a lesson, and enter what came of it."""
    touched = [exercise for exercise in lesson.exercises if exercise.attempt]
    for exercise, (state, note) in zip(touched, run([each.attempt for each in touched], MINE, seconds)):
        exercise.state, exercise.note = state, note


def next_step(lessons: list[Lesson]) -> str:
    """Say what to do next: mend what was tried, else go on after the last exercise that was solved."""
    if not MINE.exists():
        return "`make lab` copies the lessons into my/ and opens the first one."
    each = [(lesson, exercise) for lesson in lessons for exercise in lesson.exercises]
    tried = [pair for pair in each if pair[1].state == TRIED]
    last = max((i for i, (_, exercise) in enumerate(each) if exercise.state == SOLVED), default=-1)
    untouched = [pair for pair in each[last + 1 :] + each[: last + 1] if pair[1].state == UNTOUCHED]
    if not tried + untouched:
        return "All exercises are solved. What would you like to make with this?"
    lesson, exercise = (tried + untouched)[0]
    what = "Mend" if tried else "Go on with"
    return f"{what} lesson {lesson.number}, {exercise.title}, {exercise.minutes} minutes."


def table(lessons: list[Lesson]) -> str:
    """Return the states by lesson, what is known of those that were tried, the totals and the next step."""
    width = max(60, shutil.get_terminal_size().columns)
    lines = []
    for lesson in lessons:
        states = "".join(exercise.state for exercise in lesson.exercises)
        left = sum(exercise.minutes for exercise in lesson.exercises if exercise.state != SOLVED)
        title = textwrap.shorten(f"{lesson.number} {lesson.title}", 44, placeholder=" …")
        lines.append(f"{title:44}  {' '.join(states):9}  {f'{left} min left' if left else 'done':>12}")
    lines.append("")
    for lesson in lessons:
        lines += [f"! {lesson.problem}"] if lesson.problem else []
        for exercise in lesson.exercises:
            if exercise.state == TRIED:
                lines.append(f"{TRIED} {lesson.number}, {exercise.title}")
                lines += textwrap.wrap(exercise.note, width, initial_indent="    ", subsequent_indent="    ")
    each = [exercise for lesson in lessons for exercise in lesson.exercises]
    counts = [f"{symbol} {sum(e.state == symbol for e in each)} {word}" for symbol, word in ANSWERED.items()]
    left = sum(exercise.minutes for exercise in each if exercise.state != SOLVED)
    lines.append(f"{', '.join(counts)}, of {len(each)}; {left} minutes left")
    return "\n".join([*lines, next_step(lessons)])


def main() -> None:
    parser = argparse.ArgumentParser(description="Print which exercises in my/ are solved, tried or untouched.")
    parser.add_argument("lesson", nargs="?", default="", help='a lesson such as "03"; all if left out')
    parser.add_argument("--seconds", type=int, default=120, help="how long a check may take")
    arguments = parser.parse_args()
    lessons = [look_at(path) for path in find_notebooks(NOTEBOOKS, arguments.lesson)]
    lessons = [lesson for lesson in lessons if lesson.exercises]
    if count := sum(exercise.attempt is not None for lesson in lessons for exercise in lesson.exercises):
        print(f"Checking {count} saved answer{'s' if count > 1 else ''} ...", file=sys.stderr)
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        list(pool.map(lambda lesson: judge(lesson, arguments.seconds), lessons))
    print(table(lessons))


if __name__ == "__main__":
    main()
