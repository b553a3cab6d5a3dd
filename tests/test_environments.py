"""The emulated Binder and Colab, without their environments: steps, stand-in, memory, git, rows of the table."""

import contextlib
import dataclasses
import json
import pathlib
import subprocess
import sys

import colab
import lesson
import memory
import nbformat
import pytest
import virtual
import yaml
from nbformat.v4 import new_code_cell, new_notebook
from packaging.requirements import Requirement

import binder

ROOT = pathlib.Path(__file__).parents[1]
LOCK = "\n".join(
    f"https://conda.example.org/conda-forge/noarch/{name}-{i}.2.3-pyhd8ed1ab_0.conda#0a1b"
    for i, name in enumerate([*binder.BASE, "python", "ipython_pygments_lexers"])
)
DOCKERFILE = """FROM ubuntu
RUN apt-get install --yes less
RUN ${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"
"""
EATS = "x = bytearray({} * 2**20)\nfor i in range(0, len(x), 4096): x[i] = 1"  # every page is in use


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_base_is_that_of_repo2docker_in_its_versions():
    packages = binder.base_packages(LOCK)
    assert packages[0] == "jupyterlab==0.2.3" and "jupyterhub==3.2.3" in packages and "ipython==5.2.3" in packages
    assert len(packages) == len(binder.BASE)


def test_what_repo2docker_no_longer_lists_is_named():
    with pytest.raises(KeyError, match="jupyter-resource-usage"):
        binder.base_packages(LOCK.replace("jupyter-resource-usage", "something-else"))


def test_the_pip_step_is_repo2dockers():
    assert binder.pip_steps(DOCKERFILE) == [["--no-cache-dir", "-r", "binder/requirements.txt"]]


def test_binders_requirements_without_the_cpu_index_are_otherwise_the_same():
    lines = binder.with_torch_of_pypi(read("binder/requirements.txt")).splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in lines if "://" in line or "+cpu" in line] == []
    torch, rest = wanted
    assert f"{torch}+cpu" in read("binder/requirements.txt") and rest == f"-r {ROOT / 'requirements.txt'}"


def test_binders_start_sets_one_thread_and_then_starts_what_it_is_told():
    start = read("binder/start")
    assert binder.exports(start) == {"OMP_NUM_THREADS": "1"}
    told = [sys.executable, "-c", "import os; print(os.environ['OMP_NUM_THREADS'])"]
    assert subprocess.run(["sh", ROOT / "binder" / "start", *told], capture_output=True, text=True).stdout == "1\n"


def test_colabs_versions_are_exact_satisfy_the_requirements_and_leave_jupyterlab_out():
    lines = [line for line in read("tests/environments/colab.txt").splitlines() if not line.startswith("#")]
    versions = dict(line.split("==") for line in lines)
    assert versions["ipywidgets"].startswith("7.7") and "jupyterlab" not in versions
    wanted = [Requirement(line) for line in read("requirements.txt").splitlines() if line and line[0] != "#"]
    assert [w.name for w in wanted if w.name in versions and versions[w.name] not in w.specifier] == []
    assert {w.name for w in wanted[: [w.name for w in wanted].index("jupyterlab")]} <= versions.keys()


def test_the_stand_in_can_be_imported_and_says_what_it_has_not(tmp_path):
    package = tmp_path / "google" / "colab"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(read("tests/environments/google_colab.py"), encoding="utf-8")
    code = (
        "from google.colab import output\noutput.enable_custom_widget_manager()\nfrom google import colab\ncolab.drive"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr.endswith("expected nothing of google.colab but `output`, which the stand-in has, got 'drive'.\n")


def test_git_clones_the_course_from_here_for_its_address(tmp_path):
    address = "https://github.com/OWNER/NAME"
    if f'"{address}"' not in read("pyproject.toml"):
        pytest.skip("this copy of the course has an address of its own")
    environment = colab.git_that_stays_here(tmp_path)
    command = ["git", "clone", "--quiet", "--depth=1", address, "course"]
    subprocess.run(command, cwd=tmp_path, env=environment | {"PATH": "/usr/bin:/bin"}, check=True)
    assert (tmp_path / "course" / "course_utils" / "__init__.py").is_file()


@contextlib.contextmanager
def programs_that_take(*megabytes: int):
    """Have programs run, each of which takes so much memory from the first line of the `with` to its last."""
    commands = [[sys.executable, "-c", f"{EATS.format(mb)}\nprint()\ninput()"] for mb in megabytes]
    running = [subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for c in commands]
    for process in running:
        process.stdout.readline()
    yield
    for process in running:
        process.communicate(b"\n")


def peak_of(*megabytes: int) -> float:
    """Return what the meter says of programs that take so much memory each, and all have it at one time."""
    with memory.PeakMemory() as meter, programs_that_take(*megabytes):
        meter.look()
    return meter.peak


@pytest.mark.skipif(sys.platform != "linux", reason="the meter reads what Linux keeps on a process")
def test_the_meter_sees_what_children_take_together_and_no_other_child():
    with programs_that_take(500):
        small, large, both = peak_of(10), peak_of(200), peak_of(200, 200)
    assert 200 < large < 230 and 400 < both < 450
    assert large - small == pytest.approx(190, abs=10)


def test_a_lesson_above_the_limit_is_red_and_one_below_is_not():
    run = lesson.Run("03_a", 61.2, 50, 1500.4, "")
    assert lesson.row(run, 92, 2048) == "| 03_a | 1592 | 61 | 50 | ok |"
    assert lesson.row(run, 600, 2048) == "| 03_a | 2100 | 61 | 50 | over the limit of 2048 MB |"
    assert lesson.row(dataclasses.replace(run, failure="✗ so")) == "| 03_a | 1500 | 61 | 50 | ✗ so |"


@pytest.fixture
def run(tmp_path):
    def run(*cells: str, **environment: str) -> tuple[lesson.Run, nbformat.NotebookNode]:
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        return lesson.run_lesson(notebook, "a", pathlib.Path(sys.executable), tmp_path, **environment), notebook

    return run


@pytest.mark.parametrize(
    ("cell", "failure"),
    [
        ("1", ""),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("print('✗ so')", "✗ so"),
        ("import os\nos._exit(1)", "DeadKernelError: Kernel died"),  # as it does where memory runs out
    ],
)
def test_a_lesson_is_run_in_its_folder_and_says_what_went_wrong(run, cell, failure):
    result, _ = run(cell)
    assert result.failure == failure and result.seconds > 0


@pytest.mark.skipif(sys.platform != "linux", reason="the meter reads what Linux keeps on a process")
def test_the_memory_of_a_lesson_includes_the_processes_that_it_starts(run):
    program = f"{EATS.format(300)}\nimport time\ntime.sleep(2)"  # long enough for a look
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {program!r}])"
    assert run(code)[0].peak > run("1")[0].peak + 250


def test_a_lesson_does_not_see_this_machines_settings(run, monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", "here")
    monkeypatch.setenv("COURSE_STRICT", "1")
    _, notebook = run(
        "import os\nprint(*[os.environ.get(n) for n in ('PYTHONPATH', 'COURSE_STRICT', 'A')], os.getcwd())", A="b"
    )
    assert notebook.cells[0].outputs[0].text == f"None None b {tmp_path}\n"


SLIDER = """from course_utils.show import plots, widgets

def draw(a):
    fig, axes = plots.plt.subplots(figsize=(2, 2))
    axes.plot([0, {}])
    return fig

box = widgets.explore(draw, a=[1, 2])"""


@pytest.mark.parametrize(("drawn", "failure"), [("a", ""), ("1", "AssertionError: expected another picture, got the")])
def test_the_last_cell_moves_every_slider_and_sees_a_picture_that_stays(run, drawn, failure):
    result, notebook = run(SLIDER.format(drawn), read("tests/environments/last_cell.py"), PYTHONPATH=str(ROOT))
    assert result.failure.startswith(failure) and bool(result.failure) == bool(failure)
    if not failure:
        assert notebook.cells[1].outputs[0].text == "widgets that answered: 1\n"


def test_a_python_that_is_missing_is_named():
    running = "{}.{}".format(*sys.version_info)
    assert virtual.answers(virtual.find_python(running), running)
    with pytest.raises(SystemExit, match="expected Python 3.99 on the path"):
        virtual.find_python("3.99")


def test_the_workflow_calls_what_make_calls_and_knows_both_pythons():
    workflow = yaml.safe_load(read(".github/workflows/environments.yml"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    pythons = {step["with"]["python-version"] for step in steps if "python-version" in step.get("with", {})}
    runtime = read("binder/runtime.txt").strip().removeprefix("python-")
    assert {runtime, colab.PYTHON} <= pythons
    called = " ".join(step.get("run", "") for step in steps)
    assert "make environments" in called and json.dumps(workflow).count("cron") == 1
