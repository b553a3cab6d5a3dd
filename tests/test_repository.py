"""The repository agrees with itself: one address, open requirements, no trace of the machine it was written on."""

import pathlib
import re
import subprocess
import sys

import pytest
from nbval.plugin import get_sanitize_patterns
from set_repository import addresses, files

ROOT = pathlib.Path(__file__).parents[1]
TEXTS = "*.md *.toml *.txt *.py *.sh *.ipynb *.yml *.cfg *.json *.jsonl *.mplstyle Makefile run".split()
PLACES = (".", ".ci", ".github", ".github/ISSUE_TEMPLATE", ".github/workflows", "binder", "data")
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


def test_the_pictures_of_the_readme_exist_and_have_a_text():
    pictures = re.findall(r"!\[([^]]*)\]\((?!https?:)([^)]+)\)", read(ROOT / "README.md"))
    assert pictures
    assert [file for text, file in pictures if not text.strip() or not (ROOT / file).is_file()] == []


def test_requirements_are_lower_bounds_only():
    lines = [line for line in read(ROOT / "requirements.txt").splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[a-z][a-z0-9-]*>=\d+(\.\d+)*", line)] == []


def test_no_file_names_a_folder_of_one_machine():
    here = re.escape(f"{ROOT}/")
    homes = re.compile(rf"(?<![\w.])(?:/home/\w|/Users/\w|[A-Z]:\\{{1,2}}Users\\|{here})|ipykernel_\d")
    assert texts()
    assert [(str(file), match[0]) for file in texts() if (match := homes.search(read(file)))] == []


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
