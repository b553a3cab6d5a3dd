"""The commands that hand out, grade and give back: what they say to a wrong lesson, and to files in wrong places."""

import importlib.util
import sys

import assignment
import feedback
import grade
import pytest
from submissions import NAMES

COMMANDS = {"assignment": assignment, "grade": grade, "feedback": feedback}
NOT_ONE_LESSON = {(): "none", ("3",): "3", ("1",): "1", ("capstone",): "capstone", ("03", "06"): "03 06"}
BUGS = {"06": "broken_loss", "08": "broken_losses", "12": "broken_gradient"}
NOTEBOOK = "lesson_03/03_gan_training.ipynb"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("arguments", NOT_ONE_LESSON)
def test_what_is_not_one_lesson_is_told_so(command, arguments, monkeypatch):
    monkeypatch.setattr(sys, "argv", [command, *arguments])
    with pytest.raises(SystemExit) as stop:
        COMMANDS[command].main()
    assert stop.value.code == f"expected one lesson, such as LESSON=03, got {NOT_ONE_LESSON[arguments]}"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_lesson_that_is_not_there_is_told_so(command, monkeypatch):
    monkeypatch.setattr(sys, "argv", [command, "99"])
    with pytest.raises(SystemExit, match="expected a lesson such as LESSON=03, got '99'"):
        COMMANDS[command].main()


@pytest.mark.parametrize("command", COMMANDS)
def test_without_nbgrader_a_command_says_how_to_install_it(command, monkeypatch):
    monkeypatch.setattr(sys, "argv", [command, "03"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="expected nbgrader, got a Python without it: run .venv/bin/python -m pip"):
        COMMANDS[command].main()


def test_before_an_assignment_is_made_the_message_says_how(tmp_path):
    with pytest.raises(SystemExit, match="got none: run make assignment LESSON=03"):
        assignment.source_file("03", tmp_path)


@pytest.mark.parametrize("lesson", BUGS)
def test_a_function_with_bugs_is_handed_out_to_be_read(lesson):
    cells = assignment.source(lesson)[1].cells
    assert [cell.cell_type for cell in cells if f"def {BUGS[lesson]}(" in cell.source] == ["markdown"]


@pytest.fixture
def course(tmp_path):
    """Return the folder of a class with an assignment, to which nobody has handed in anything."""
    for folder in ("source/lesson_03", "submitted"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def put(course, *places: str) -> None:
    for place in places:
        (course / "submitted" / place).parent.mkdir(parents=True, exist_ok=True)
        (course / "submitted" / place).touch()


def test_without_submissions_there_are_no_rows_and_nothing_is_printed(course, capfd):
    assert grade.grade("lesson_03", NAMES["03"], course) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["Lovelace, Ada", "ada [1]", "ada*", "ada?"])
def test_a_folder_that_nbgrader_would_misread_is_named(course, name):
    put(course, f"{name}/{NOTEBOOK}", f"ben/{NOTEBOOK}")
    with pytest.raises(SystemExit) as stop:
        grade.grade("lesson_03", NAMES["03"], course)
    assert stop.value.code.endswith(f" without , * ? [ or ] in their names, got {name}: rename these")


def test_what_lies_in_a_wrong_place_is_named_and_nothing_else(course):
    astray = ["ada/lesson_03/03 (1).ipynb", "ben/03_gan_training.ipynb", "cy.ipynb", "dee/Lesson 03/03.ipynb"]
    hidden = [".ipynb_checkpoints/x.ipynb", "ada/lesson_03/.ipynb_checkpoints/x.ipynb", "ada/.trash/x.ipynb"]
    put(course, f"ada/{NOTEBOOK}", "ada/lesson_03/timestamp.txt", "eve/lesson_03/renamed.ipynb", *astray, *hidden)
    assert grade.astray("lesson_03", NAMES["03"], course) == [*astray[:3], "dee/Lesson 03"]
