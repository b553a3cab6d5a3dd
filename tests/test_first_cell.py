"""The first cell of every notebook finds or fetches the course, or says in one sentence why it cannot."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

ROOT = pathlib.Path(__file__).parents[1]
NOWHERE = "http://127.0.0.1:9/course"
SENTENCE = (
    "Could not fetch {} into the folder course: this needs git, a network, and no other folder of that name.".format
)


def first_cell(repository: str) -> str:
    cells = json.loads((ROOT / "notebooks" / "01_generative_models.ipynb").read_text(encoding="utf-8"))["cells"]
    lines = "".join(next(cell["source"] for cell in cells if cell["cell_type"] == "code")).splitlines()
    return "\n".join(f'REPOSITORY = "{repository}"' if line.startswith("REPOSITORY") else line for line in lines)


def run(folder: pathlib.Path, repository: str = NOWHERE, **environment: str) -> subprocess.CompletedProcess:
    """Run the first cell in a folder, check that the course comes from its `root`, and print that."""
    check = "import course_utils\nassert course_utils.__file__ == str(root / 'course_utils' / '__init__.py')"
    code = f"{first_cell(repository)}\n{check}\nprint(root, end='')"
    command = [sys.executable, "-I", "-S", "-c", code]  # without the course that is installed beside the tests
    return subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, text=True)


@pytest.fixture
def repository(tmp_path):
    """Return the address of a repository that holds an empty course."""
    source = tmp_path / "repository"
    (source / "course_utils").mkdir(parents=True)
    (source / "course_utils" / "__init__.py").touch()
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for command in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "--message=A course"]):
        subprocess.run(["git", *command], cwd=source, check=True)
    return source.as_uri()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "alone"
    folder.mkdir()
    return folder


def test_the_course_above_a_notebook_is_found_and_nothing_is_printed(tmp_path):
    (tmp_path / "course_utils").mkdir()
    (tmp_path / "course_utils" / "__init__.py").touch()
    (tmp_path / "notebooks" / "course_utils").mkdir(parents=True)  # a folder of that name is not yet the course
    result = run(tmp_path / "notebooks")
    assert result.returncode == 0, result.stderr
    assert (result.stdout, result.stderr) == (str(tmp_path), "")


def test_a_notebook_alone_fetches_the_course_once_and_nothing_is_printed(folder, repository):
    for address in (repository, NOWHERE):  # the second time it is there
        result = run(folder, address)
        assert result.returncode == 0, result.stderr
        assert (result.stdout, result.stderr) == (str(folder / "course"), "")


def test_without_a_network_one_sentence_says_so(folder):
    result = run(folder)
    assert result.stderr == SENTENCE(NOWHERE) + "\n"
    assert list(folder.iterdir()) == []


def test_without_git_one_sentence_says_so(folder, repository):
    assert run(folder, repository, PATH=str(folder)).stderr == SENTENCE(repository) + "\n"


def test_another_folder_named_course_stays_as_it_is_and_one_sentence_says_so(folder, repository):
    (folder / "course").mkdir()
    (folder / "course" / "notes.txt").write_text("mine")
    assert run(folder, repository).stderr == SENTENCE(repository) + "\n"
    assert [file.name for file in (folder / "course").iterdir()] == ["notes.txt"]


def test_in_a_notebook_the_sentence_stops_run_all_and_no_traceback_is_shown(folder):
    notebook = new_notebook(cells=[new_code_cell(first_cell(NOWHERE)), new_code_cell("print('went on')")])
    with pytest.raises(CellExecutionError):
        NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    first, second = notebook.cells
    (error,) = [output for output in first.outputs if output.output_type == "error"]
    assert error.evalue == SENTENCE(NOWHERE)
    assert "Traceback (most recent call last)" not in "".join(error.traceback)
    assert second.outputs == []
