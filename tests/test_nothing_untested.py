"""No run of pytest is green while a cell or a test was not tested: what the conftest.py in the root adds to nbval."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

ROOT = pathlib.Path(__file__).parents[1]
LIMIT = 3  # seconds for a cell


def code(source: str, *tags: str):
    return new_code_cell(source, execution_count=1, metadata={"tags": list(tags)})


SLOW = code("import time\ntry:\n    time.sleep(600)\nexcept KeyboardInterrupt:\n    pass")
KILLS_ITS_WORKER = code(
    "import os, pathlib, signal\n"
    "if not pathlib.Path('died').exists():\n"  # once, for pytest-xdist tries again
    "    pathlib.Path('died').touch()\n"
    "    os.kill(os.getppid(), signal.SIGKILL)"
)
RIGHT = [code("x = 1"), code("assert x == 1")]
LATE = [code("x = 1"), SLOW, code("x"), code("assert x == 1")]
EXPECTED_FAILURES = """import pytest

@pytest.mark.xfail(reason="later")
def test_that_fails():
    assert False

@pytest.mark.xfail(reason="later")
def test_that_passes():
    pass

def test_that_gives_up():
    pytest.xfail("later")
"""


def run(folder: pathlib.Path, *arguments: str, **notebooks: list) -> subprocess.CompletedProcess:
    """Run pytest in a folder, under the course's conftest, on what is there and on notebooks of the given cells."""
    shutil.copy(ROOT / "conftest.py", folder)
    for name, cells in notebooks.items():
        nbformat.write(new_notebook(cells=cells), folder / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", f"--nbval-cell-timeout={LIMIT}", "-p", "no:cacheprovider"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run([*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def one_process(tmp_path_factory):
    """Return a run with all that would pass untested, in one process."""
    folder = tmp_path_factory.mktemp("one_process")
    (folder / "test_expected.py").write_text(EXPECTED_FAILURES)
    allowed = [code("import time\ntime.sleep(600)", "raises-exception", "nbval-ignore-output")]
    return run(folder, late=LATE, allowed=allowed, skipped=[code("x = 1"), code("1 / 0", "nbval-skip")])


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    """Return a run of two workers: one meets a cell past its limit, the other one dies."""
    workers = ("--numprocesses=2", "--dist=loadfile")
    return run(
        tmp_path_factory.mktemp("two_workers"), *workers, late=LATE, dying=[RIGHT[0], KILLS_ITS_WORKER, RIGHT[1]]
    )


def test_notebooks_that_are_right_pass(tmp_path):
    result = run(tmp_path, right=RIGHT)
    assert result.returncode == 0 and "2 passed" in result.stdout, result.stdout


@pytest.mark.parametrize("result", ["one_process", "two_workers"])
def test_a_cell_past_its_limit_fails_though_it_swallows_the_interrupt_and_no_later_cell_passes(request, result):
    result = request.getfixturevalue(result)
    message = rf"late\.ipynb, Cell 1 \(code cells, counted from 0\) was cut off after \d+\.\d s, the limit is {LIMIT} s"
    assert result.returncode == 1 and re.search(message, result.stdout), result.stdout
    for outcome in ("FAILED late.ipynb::Cell 1", "ERROR late.ipynb::Cell 2", "ERROR late.ipynb::Cell 3"):
        assert outcome in result.stdout
    assert re.search(f"not tested, because {message}", result.stdout)
    assert "late.ipynb: 3 of 4 cells did not pass; the first is Cell 1" in result.stdout


def test_a_cell_past_its_limit_fails_where_an_error_is_allowed(one_process):
    assert "allowed.ipynb, Cell 0 (code cells, counted from 0) was cut off" in one_process.stdout
    assert "FAILED allowed.ipynb::Cell 0" in one_process.stdout


def test_a_cell_that_is_skipped_fails(one_process):
    assert "skipped.ipynb, Cell 1 (code cells, counted from 0) was skipped" in one_process.stdout
    assert "FAILED skipped.ipynb::Cell 1" in one_process.stdout


@pytest.mark.parametrize("test", ["fails", "passes", "gives_up"])
def test_an_expected_failure_fails_whether_it_comes_or_not(one_process, test):
    assert f"FAILED test_expected.py::test_that_{test}" in one_process.stdout
    section = rf"_ test_that_{test} _+\n+expected a test that passes, got an expected failure that tests nothing: "
    assert re.search(section, one_process.stdout), one_process.stdout
    assert not re.search(r"\d (xfailed|xpassed|skipped)", one_process.stdout)


def test_a_worker_that_dies_is_named_with_the_cells_that_it_left(two_workers):
    assert "dying.ipynb: 2 of 3 cells did not pass; the first is Cell 1" in two_workers.stdout
