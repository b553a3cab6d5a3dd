"""The repository agrees with itself: one address, open requirements, no trace of the machine it was written on."""

import json
import pathlib
import re
import subprocess
import sys

import pytest
from copy_lessons import copy_lessons
from nbval.plugin import get_sanitize_patterns
from set_repository import addresses, files, set_repository

ROOT = pathlib.Path(__file__).parents[1]
TEXTS = "*.md *.toml *.txt *.py *.sh *.ipynb *.yml *.cfg *.json *.mplstyle Makefile run".split()
PLACES = (".", ".ci", ".github/workflows", "binder", "data")
TREES = ("benchmarks", "course_utils", "docs", "notebooks", "scripts", "tests")


def read(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8")


def texts() -> list[pathlib.Path]:
    """Return the text files of the course; not those of its environment, its downloads and its learners."""
    found = [file for place in PLACES for pattern in TEXTS for file in (ROOT / place).glob(pattern)]
    return found + [file for tree in TREES for pattern in TEXTS for file in (ROOT / tree).rglob(pattern)]


def test_every_address_is_that_of_pyproject():
    (expected,) = addresses(read(ROOT / "pyproject.toml"))
    assert {address for file in files(ROOT) for address in addresses(read(file))} == {expected}


@pytest.mark.parametrize("service", ["mybinder.org/v2/gh/", "colab.research.google.com/github/", "git clone "])
def test_the_readme_says_how_to_start(service):
    assert service in read(ROOT / "README.md")


@pytest.fixture
def small_repository(tmp_path):
    """Return a folder with the three kinds of files that hold the address."""
    cell = {"cell_type": "code", "source": ['REPOSITORY = "https://github.com/OWNER/NAME"\n', "é = 1"], "outputs": []}
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01_a.ipynb").write_text(json.dumps({"cells": [cell]}, indent=1), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('Repository = "https://github.com/OWNER/NAME"\n')
    (tmp_path / "README.md").write_text(
        "[![](https://github.com/OWNER/NAME/actions/workflows/test.yml/badge.svg)](https://github.com/OWNER/NAME/actions/)\n"
        "https://mybinder.org/v2/gh/OWNER/NAME/HEAD?urlpath=lab https://colab.research.google.com/github/OWNER/NAME/blob/main\n"
        "    git clone --depth 1 https://github.com/OWNER/NAME.git\nthanks to https://github.com/pytorch/pytorch\n"
    )
    return tmp_path


def test_set_repository_changes_the_address_and_nothing_else(small_repository):
    before = {file: read(file) for file in files(small_repository)}
    assert set_repository(small_repository, "ada/gan-course") == list(before)
    for file, text in before.items():
        assert read(file) == text.replace("NAME.git", "NAME").replace("OWNER/NAME", "ada/gan-course")
    assert set_repository(small_repository, "ada/gan-course") == []
    set_repository(small_repository, "OWNER/NAME")
    assert read(small_repository / "pyproject.toml") == before[small_repository / "pyproject.toml"]


@pytest.mark.parametrize("slug", ["", "name", "https://github.com/a/b", "a/b/c", "a b/c", "a/b.git", "-a/b", "a/é"])
def test_set_repository_refuses_what_is_no_address(small_repository, slug):
    with pytest.raises(ValueError, match="expected OWNER/NAME"):
        set_repository(small_repository, slug)
    assert "OWNER/NAME" in read(small_repository / "pyproject.toml")


def test_requirements_are_lower_bounds_only():
    lines = [line for line in read(ROOT / "requirements.txt").splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[a-z][a-z0-9-]*>=\d+(\.\d+)*", line)] == []


def test_no_file_names_a_folder_of_one_machine():
    here = re.escape(f"{ROOT}/")
    homes = re.compile(rf"(?<![\w.])(?:/home/\w|/Users/\w|[A-Z]:\\{{1,2}}Users\\|{here})|ipykernel_\d")
    assert texts()
    assert [(str(file), match[0]) for file in texts() if (match := homes.search(read(file)))] == []


def test_copies_of_lessons_have_no_outputs_and_are_never_overwritten(tmp_path):
    cell = {"cell_type": "code", "source": "1", "outputs": [{"output_type": "stream"}], "execution_count": 7}
    (tmp_path / "notebooks").mkdir()
    for name in ("01_a.ipynb", "02_b.ipynb"):
        (tmp_path / "notebooks" / name).write_text(json.dumps({"cells": [{"cell_type": "markdown"}, cell]}))
    mine = tmp_path / "my"
    mine.mkdir()
    (mine / "01_a.ipynb").write_text("my answers")
    assert copy_lessons(tmp_path / "notebooks", mine) == [mine / "02_b.ipynb"]
    assert copy_lessons(tmp_path / "notebooks", mine) == []
    assert read(mine / "01_a.ipynb") == "my answers"
    assert json.loads(read(mine / "02_b.ipynb"))["cells"][1] == cell | {"outputs": [], "execution_count": None}
    assert sorted(file.name for file in mine.iterdir()) == ["01_a.ipynb", "02_b.ipynb"]


@pytest.mark.parametrize(
    ("printed", "compared"),
    [
        ("✓ GANs are sharper [gan=1.23, vae=-4e-05]\nnext\n", "✓ GANs are sharper\nnext\n"),
        ("✗ z [of 2] moves [n=nan]", "✗ z [of 2] moves"),
        ("✓ all [10] classes", "✓ all [10] classes"),
        ("✓ a [b=1] c", "✓ a [b=1] c"),
        ("loss [d=1.23]", "loss [d=1.23]"),
        ("- ✓ a [b=1]", "- ✓ a [b=1]"),
        ("✓ a [b=1, see text]", "✓ a [b=1, see text]"),
        ("○ not attempted yet [n=1]", "○ not attempted yet [n=1]"),
    ],
)
def test_nbval_forgets_the_evidence_of_claims_and_nothing_else(printed, compared):
    patterns = get_sanitize_patterns(read(ROOT / "tests" / "nbval_sanitize.cfg"))
    assert len(patterns) == 1
    for pattern, replacement in patterns:
        printed = re.sub(pattern, replacement, printed)
    assert printed == compared


def test_the_code_has_one_style():
    command = [sys.executable, "-m", "ruff", "check", "--quiet", "."]
    check = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr
