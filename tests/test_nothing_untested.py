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


def code(source: str, **metadata):
    return new_code_cell(source, execution_count=1, metadata=metadata)


SWALLOW = code("import time\ntry:\n    time.sleep(600)\nexcept KeyboardInterrupt:\n    pass")
TWO_WORKERS = ("--numprocesses=2", "--dist=loadfile")


@pytest.fixture
def pytest_on(tmp_path):
    """Give a function that runs pytest on a notebook of the given cells, or on a file, under the course's conftest."""
    shutil.copy(ROOT / "conftest.py", tmp_path)

    def run(*cells, arguments=(), limit=120):
        nbformat.write(new_notebook(cells=list(cells)), tmp_path / "a.ipynb")
        command = [sys.executable, "-m", "pytest", "--nbval", f"--nbval-cell-timeout={limit}", "-p", "no:cacheprovider"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        return subprocess.run([*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)

    return run


def test_a_notebook_that_is_right_passes(pytest_on):
    result = pytest_on(code("x = 1"), code("assert x == 1"))
    assert result.returncode == 0 and "2 passed" in result.stdout, result.stdout


@pytest.mark.parametrize("arguments", [(), TWO_WORKERS], ids=["one process", "two workers"])
def test_a_cell_past_its_limit_fails_though_it_swallows_the_interrupt_and_no_later_cell_passes(pytest_on, arguments):
    result = pytest_on(code("x = 1"), SWALLOW, code("x"), code("assert x == 1"), limit=2, arguments=arguments)
    assert result.returncode == 1 and "xfailed" not in result.stdout and "xpassed" not in result.stdout, result.stdout
    message = r"a\.ipynb, Cell 1 \(code cells, counted from 0\) was cut off after \d+\.\d s, the limit is 2 s"
    assert re.search(message, result.stdout), result.stdout
    assert result.stdout.count("not tested, because a.ipynb, Cell 1 ") >= 2
    assert "a.ipynb: 3 of 4 cells did not pass; the first is Cell 1" in result.stdout


def test_a_cell_past_its_limit_fails_where_an_error_is_allowed(pytest_on):
    result = pytest_on(code("import time\ntime.sleep(600)", tags=["raises-exception", "nbval-ignore-output"]), limit=2)
    assert result.returncode == 1 and "Cell 0 (code cells, counted from 0) was cut off" in result.stdout, result.stdout


def test_a_cell_that_is_skipped_fails(pytest_on):
    result = pytest_on(code("x = 1"), code("1 / 0", tags=["nbval-skip"]))
    assert result.returncode == 1, result.stdout
    assert "a.ipynb, Cell 1 (code cells, counted from 0) was skipped" in result.stdout


def test_a_worker_that_dies_leaves_no_green_run(pytest_on):
    kill_the_worker = code("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)")
    result = pytest_on(code("x = 1"), kill_the_worker, code("x"), arguments=[*TWO_WORKERS, "--max-worker-restart=0"])
    assert result.returncode != 0, result.stdout
    assert "a.ipynb: 2 of 3 cells did not pass; the first is Cell 1" in result.stdout


def test_an_expected_failure_fails_whether_it_comes_or_not(pytest_on, tmp_path):
    expected = "@pytest.mark.xfail(reason='later')"
    tests = [
        f"{expected}\ndef test_that_fails():\n    assert False",
        f"{expected}\ndef test_that_passes():\n    pass",
        "def test_that_gives_up():\n    pytest.xfail('later')",
    ]
    (tmp_path / "test_a.py").write_text("\n\n".join(["import pytest", *tests]))
    result = pytest_on(arguments=["test_a.py"])
    assert result.returncode == 1 and "3 failed" in result.stdout, result.stdout
    assert result.stdout.count("got an expected failure that tests nothing: ") == 3
