"""The learner's own table: what `make progress` prints, and the cell that ends a lesson."""

import json
import pathlib
import shutil

import progress as script
import pytest
from answers.needs import needed, statements
from lab import copy_lessons

from course_utils.exercises import lesson_03, lesson_04
from course_utils.exercises import progress as kernel

ROOT = pathlib.Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if path.name[0].isdigit()]
RIGHT_STEP = "    return x - lr * y, y + lr * x"  # of the exercise `game_step` in lesson 02
WRONG_STEP = "    return x + lr * y, y + lr * x"
UNCHECKED = {  # answers to `best_discriminator`, and how their notes begin
    "    while True:\n        p = p + 0": "No verdict within 15 s",
    "    import os\n    os._exit(1)": "It ended the kernel",
    "    return p -* q": "SyntaxError: invalid syntax: return p -* q",
}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Return a folder my/ with untouched copies of all lessons."""
    copy_lessons(ROOT / "notebooks", tmp_path / "my")
    monkeypatch.setattr(script, "MINE", tmp_path / "my")
    return tmp_path / "my"


def change(copy: pathlib.Path, old: str, new: str) -> None:
    """Change the first code cell that has a text, and leave all outputs as they are."""
    notebook = json.loads(copy.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and old in source:
            cell["source"] = source.replace(old, new)
            copy.write_text(json.dumps(notebook), encoding="utf-8")
            return
    raise AssertionError(f"no cell has {old!r}")


def answer(mine: pathlib.Path, name: str, body: str) -> None:
    """Put a body in place of the dots of a stub in lesson 02."""
    notebook = json.loads((mine / "02_gan_architecture.ipynb").read_text(encoding="utf-8"))
    (stub,) = [source for cell in notebook["cells"] if f"def {name}(" in (source := "".join(cell["source"]))]
    change(mine / "02_gan_architecture.ipynb", stub, stub.replace("    ...", body))


def exercises(mine: pathlib.Path, number: str, seconds: int = 120) -> list[tuple[str, str]]:
    """Return the state and the note of each exercise of a lesson, after a look at the learner's copy."""
    before = {file.name: file.read_bytes() for file in mine.iterdir()}
    (path,) = (ROOT / "notebooks").glob(f"{number}*.ipynb")
    lesson = script.look_at(path)
    script.judge(lesson, seconds)
    assert {file.name: file.read_bytes() for file in mine.iterdir()} == before, "nothing may be written into my/"
    return [(exercise.state, exercise.note) for exercise in lesson.exercises]


def test_untouched_copies_start_no_kernel_and_every_exercise_is_listed(mine, monkeypatch):
    monkeypatch.setattr(script, "run", lambda attempts, *_: [] if not attempts else pytest.fail("a kernel was started"))
    lessons = [script.look_at(path) for path in NOTEBOOKS]
    for lesson in lessons:
        script.judge(lesson, 1)
    assert all(len(lesson.exercises) >= 3 for lesson in lessons)
    assert {exercise.state for lesson in lessons for exercise in lesson.exercises} == {"○"}
    assert all(exercise.minutes for lesson in lessons for exercise in lesson.exercises)
    assert script.next_step(lessons).startswith("Go on with lesson 01, Exercise 1")


def test_a_half_done_lesson_has_all_three_states_and_names_the_mistake(mine):
    answer(mine, "best_discriminator", "    return torch.where(p + q > 0, p / (p + q), 0.5)")
    answer(mine, "game_step", WRONG_STEP)
    (solved, untouched, tried) = exercises(mine, "02")
    assert solved == ("✓", "") and untouched == ("○", "")
    assert tried[0] == "✗" and tried[1].startswith("✗ game_step: ")


@pytest.mark.parametrize("number", ["02", "07"])
def test_a_finished_lesson_is_solved(mine, number):
    (solution,) = (ROOT / "notebooks" / "solutions").glob(f"{number}*.ipynb")
    shutil.copy(solution, mine)
    assert {state for state, _ in exercises(mine, number)} == {"✓"}


@pytest.mark.parametrize("body", UNCHECKED)
def test_an_answer_that_cannot_be_checked_says_so_and_stops_no_other(mine, body):
    answer(mine, "best_discriminator", body)
    answer(mine, "game_step", RIGHT_STEP)
    first, _, last = exercises(mine, "02", seconds=15)
    assert first[0] == "✗" and first[1].startswith(UNCHECKED[body])
    assert last == ("✓", "")


def test_an_answer_counts_as_it_stands_now_not_as_its_saved_output_says(mine):
    answer(mine, "game_step", WRONG_STEP)
    copy = mine / "02_gan_architecture.ipynb"
    notebook = json.loads(copy.read_text(encoding="utf-8"))
    (check,) = [cell for cell in notebook["cells"] if "check_game_step" in "".join(cell["source"])]
    check["outputs"] = [{"name": "stdout", "output_type": "stream", "text": "✓ game_step is right.\n"}]
    copy.write_text(json.dumps(notebook), encoding="utf-8")
    assert exercises(mine, "02")[2][0] == "✗"


def test_a_check_that_was_deleted_is_made_all_the_same(mine):
    answer(mine, "game_step", RIGHT_STEP)
    change(mine / "02_gan_architecture.ipynb", "lesson_02.check_game_step(game_step)", "")
    assert exercises(mine, "02")[2] == ("✓", "")


def test_a_stub_that_was_deleted_is_not_replaced_by_what_the_lesson_calls_so(mine):
    notebook = json.loads((mine / "01_generative_models.ipynb").read_text(encoding="utf-8"))
    (stub,) = [source for cell in notebook["cells"] if "def coverage(" in (source := "".join(cell["source"]))]
    change(mine / "01_generative_models.ipynb", stub, "# later")
    assert exercises(mine, "01")[2] == ("✗", "`coverage` is not defined any more.")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"nbformat": 4, "cells": [{"cell_type": "code"}]}'])
def test_a_damaged_copy_is_named_and_hides_no_other_lesson(mine, content, capsys, monkeypatch):
    (mine / "02_gan_architecture.ipynb").write_text(content, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["progress.py"])
    script.main()
    printed = capsys.readouterr().out
    assert "! 02_gan_architecture.ipynb cannot be read" in printed
    assert "02 Two networks and the game they play        ○ ○ ○       15 min left" in printed
    assert f"of {sum(len(script.look_at(path).exercises) for path in NOTEBOOKS)};" in printed


def test_without_copies_the_next_step_makes_them(mine, capsys, monkeypatch):
    shutil.rmtree(mine)
    monkeypatch.setattr("sys.argv", ["progress.py", "03"])
    script.main()
    assert capsys.readouterr().out.endswith("`make lab` copies the lessons into my/ and opens the first one.\n")


CELLS = """
import math
scale = 2
scale = 3
unused = math.inf
def helper(x): return later(x) * scale
def later(x): return x
values = []
values.append(scale + 1)
print(values)
plot(unused)
"""


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        ({"scale"}, ["scale = 3"]),
        ({"helper"}, ["scale = 3", "def helper(x):", "def later(x):"]),
        ({"values"}, ["scale = 3", "values = []", "values.append(scale + 1)"]),
        ({"unused"}, ["import math", "unused = math.inf", "plot(unused)"]),
        ({"nobody"}, []),
    ],
)
def test_only_what_is_needed_is_run(names, lines):
    assert [statement.code.split("\n")[0] for statement in needed(statements(CELLS), names)] == lines


def test_magics_are_python_and_other_things_are_not():
    assert [statement.binds for statement in statements("%matplotlib inline\nx = 1")] == [set(), {"x"}]
    with pytest.raises(SyntaxError):
        statements("x = = 1")


def test_the_cell_that_ends_a_lesson_knows_the_last_verdicts(monkeypatch, capsys):
    monkeypatch.setattr(kernel, "VERDICTS", {})
    lesson_03.check_discriminator_loss(lambda real_logits, fake_logits: real_logits.sum())
    lesson_03.check_generator_step(lambda generator, discriminator, optimizers, z: ...)
    lesson_04.check_repair("A", lesson_04.patient("A"))
    capsys.readouterr()
    kernel.progress(lesson_03)
    assert capsys.readouterr().out == "✗ discriminator_loss\n○ discriminator_step\n○ generator_step\n0 of 3 solved\n"
    assert kernel.VERDICTS["repair A"] == "○ repair A: not attempted yet."
    kernel.tell("discriminator_step", "✓ discriminator_step is right.")
    capsys.readouterr()
    kernel.progress(lesson_03)
    assert capsys.readouterr().out.endswith("✓ discriminator_step\n○ generator_step\n1 of 3 solved\n")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_lists_its_checks_in_the_order_of_its_notebook_and_by_the_names_of_their_verdicts(path):
    lesson = __import__(f"course_utils.exercises.lesson_{path.name[:2]}", fromlist=["__all__"])
    calls = [check for section in script.sections(path) for check in script.checks(script.parsed(section.cells)[0])]
    listed = [name for name in lesson.__all__ if name.startswith("check_")]
    assert listed == list(dict.fromkeys(name for name, *_ in calls))
    notebook = json.loads(path.read_text(encoding="utf-8"))
    texts = ["".join(output.get("text", "")) for cell in notebook["cells"] for output in cell.get("outputs", [])]
    stored = [line.split(":")[0][2:] for text in texts for line in text.splitlines() if line.endswith("attempted yet.")]
    assert kernel.exercise_names(lesson) == stored
