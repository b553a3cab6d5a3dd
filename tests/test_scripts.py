"""The scripts behind `make lab` and `make notebooks`, and the one that writes the address."""

import json
import os
import pathlib
import re
import subprocess
import sys
from types import SimpleNamespace

import jupyterlab
import lab
import nbformat
import pytest
import torch
import train
from execution import execute
from jupyterlab_server.settings_utils import get_settings
from lab import copy_lessons, lab_arguments
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from run_notebooks import clean, run
from set_repository import ADDRESS, files, set_repository, site

from course_utils import data

ROOT = pathlib.Path(__file__).parents[1]


def read(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8")


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


@pytest.fixture
def readme(tmp_path):
    """Return a copy of the course's README beside its pyproject.toml, both with an address that is not known yet."""
    for name in ("README.md", "pyproject.toml"):
        (tmp_path / name).write_text(read(ROOT / name), encoding="utf-8")
    set_repository(tmp_path, "OWNER/NAME")
    return tmp_path / "README.md"


def visible(markdown: str) -> str:
    """Return a text without its comments."""
    return re.sub("<!--.*?-->", "", markdown, flags=re.DOTALL)


def test_the_readme_shows_addresses_once_they_are_known(readme):
    before = read(readme)
    assert not ADDRESS.search(visible(before)) and site("OWNER/NAME") not in visible(before)
    assert "\n    make lab\n" in visible(before)
    set_repository(readme.parent, "ada/gan-course")
    known = visible(read(readme))
    for address in (
        "https://github.com/ada/gan-course/actions/workflows/test.yml/badge.svg",
        "https://mybinder.org/v2/gh/ada/gan-course/HEAD",
        "https://colab.research.google.com/github/ada/gan-course/blob/main/",
        "https://ada.github.io/gan-course/",
        "git clone https://github.com/ada/gan-course course",
    ):
        assert address in known
    assert known.count("make lab\n") == 1
    set_repository(readme.parent, "OWNER/NAME")
    assert read(readme) == before


def test_no_file_has_an_address_that_set_repository_does_not_write():
    written = set(files(ROOT))
    texts = [path for tree in ("docs", "notebooks", "scripts", ".github") for path in (ROOT / tree).rglob("*.*")]
    texts = [
        path
        for path in (*texts, *ROOT.glob("*.*"))
        if path.suffix in (".md", ".toml", ".ipynb", ".py", ".yml", ".html")
    ]
    assert [path for path in texts if path not in written and ADDRESS.search(read(path))] == []


@pytest.mark.parametrize("slug", ["", "name", "https://github.com/a/b", "a/b/c", "a b/c", "a/b.git", "-a/b", "a/é"])
def test_set_repository_refuses_what_is_no_address(small_repository, slug):
    with pytest.raises(ValueError, match="expected OWNER/NAME"):
        set_repository(small_repository, slug)
    assert "OWNER/NAME" in read(small_repository / "pyproject.toml")


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
    ("user", "more", "allowed", "line"),
    [
        (0, [], 1, "Running as root: JupyterLab is started with --allow-root.\n"),
        (0, ["--allow-root"], 1, ""),
        (1000, [], 0, ""),
    ],
)
def test_jupyterlab_starts_as_root_too_and_says_so(monkeypatch, capsys, user, more, allowed, line):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    arguments = lab_arguments("my/01_a.ipynb", [*more, "--no-browser"])
    assert arguments.count("--allow-root") == allowed
    assert "--no-browser" in arguments and arguments[-1] == "my/01_a.ipynb"
    assert capsys.readouterr().err == line


def test_a_system_without_root_starts_jupyterlab_as_ever(monkeypatch):
    monkeypatch.delattr(os, "geteuid")
    assert "--allow-root" not in lab_arguments("my/01_a.ipynb", [])


def test_jupyterlab_neither_fetches_news_nor_asks_whether_it_may(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(lab.SETTINGS))
    schemas = pathlib.Path(jupyterlab.__file__).parent / "schemas"
    notifications = "@jupyterlab/apputils-extension:notification"
    settings, _ = get_settings(str(tmp_path), str(schemas), str(tmp_path), notifications)
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such sockets")
def test_kernels_of_scripts_speak_over_private_sockets(tmp_path):
    path = tmp_path / "a.ipynb"
    code = "from ipykernel.kernelapp import IPKernelApp\nprint(IPKernelApp.instance().transport)"
    nbformat.write(new_notebook(cells=[new_code_cell(code)]), path)
    assert execute(path).cells[0].outputs[0].text == "ipc\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("code", "problem"), [("1 / 0", "ZeroDivisionError"), ("print('✗ GANs sing')", "✗ GANs sing")])
def test_a_failed_run_is_not_stored(tmp_path, code, problem):
    path = tmp_path / "01_a.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(code)]), path)
    before = read(path)
    assert problem in run(path)
    assert read(path) == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_run_is_stored_with_outputs_and_counts(tmp_path):
    path = tmp_path / "01_a.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("6 * 7", metadata={"tags": ["a"], "execution": {}})]), path)
    assert run(path) is None
    (cell,) = json.loads(read(path))["cells"]
    assert cell["execution_count"] == 1 and cell["outputs"][0]["data"] == {"text/plain": ["42"]}
    assert cell["metadata"] == {"tags": ["a"]}


def test_headings_begin_slides_and_other_text_one_below():
    texts = ["# A lesson\nwords", "words", "words\n\n## Later", "#no heading"]
    notebook = new_notebook(cells=[*map(new_markdown_cell, texts), new_code_cell("# a comment")])
    clean(notebook)
    kinds = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in notebook.cells]
    assert kinds == ["slide", "subslide", "slide", "subslide", None]


def test_cleaning_drops_widgets_and_versions_and_keeps_alt_text():
    data = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "image/png": "x"}
    figure = new_output("display_data", data, metadata={"image/png": {"alt": "a line"}})
    notebook = new_notebook(cells=[new_code_cell(outputs=[figure])])
    notebook.metadata = nbformat.from_dict({"widgets": {"1": {}}, "language_info": {"version": "3.11.7"}})
    clean(notebook)
    assert notebook.metadata.kernelspec.name == "python3" and notebook.metadata.language_info == {"name": "python"}
    (output,) = notebook.cells[0].outputs
    assert output.data == {"image/png": "x"} and output.metadata == {"image/png": {"alt": "a line"}}
    assert "widgets" not in notebook.metadata


QUICK = ["--steps", "60", "--batch", "4", "--pictures", "2", "--device", "cpu"]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Run in a folder of the test, with a folder of ten pictures in it and without TensorBoard."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    (tmp_path / "photos").mkdir()
    for i in range(10):
        Image.new("RGB", (16, 16), (20 * i, 255 - 20 * i, 90)).save(tmp_path / "photos" / f"{i}.png")
    return tmp_path


@pytest.mark.parametrize("model", ["gan", "vae", "vaegan", "bigan"])
def test_the_command_line_trains_every_model_and_writes_pictures_and_a_table(model, elsewhere, capsys):
    train.main([model, "photos", "--size", "16", "--colour", *QUICK])
    run = elsewhere / "runs" / f"{model}-photos"
    assert sorted(file.name for file in run.glob("*.png")) == [f"samples_{step:07}.png" for step in (0, 15, 60)]
    with Image.open(run / "samples_0000060.png") as picture:
        assert picture.size == (8 * 17 - 1, 8 * 17 - 1) and picture.mode == "RGB"
    header, *rows = [line.split(",") for line in read(run / "metrics.csv").splitlines()]
    assert header[0] == "step" and len(header) >= 3 and [row[0] for row in rows] == ["50", "60"]
    trained = train.new_model(model, (3, 16, 16))
    trained.load_state_dict(torch.load(run / "model.pt", weights_only=True))
    assert "Metrics go into metrics.csv; for TensorBoard: pip install" in capsys.readouterr().err
    before = (run / "model.pt").stat().st_mtime_ns
    train.main([model, "photos", "--size", "16", "--colour", *QUICK])
    assert (run / "model.pt").stat().st_mtime_ns > before and len(list((elsewhere / "checkpoints").iterdir())) == 1


def test_the_command_line_hands_every_setting_on(elsewhere, monkeypatch):
    data.pack_folder("photos", "packed", 16)
    seen = {}
    monkeypatch.setattr(train, "fit", lambda model, images, **settings: seen.update(settings, images=images))
    monkeypatch.setattr(torch, "save", lambda *_: None)
    words = "--accumulate 2 --average 0.5 --seed 3 --precision bfloat16 --compile --channels-last --checkpoint c"
    train.main(["vae", "packed", *QUICK, *words.split()])
    assert seen.pop("images").dtype == torch.uint8 and seen.pop("callback")
    assert seen == {
        "steps": 60, "batch_size": 4, "accumulate": 2, "seed": 3, "average": 0.5, "snapshots": 2, "checkpoint": "c",
        "device": "cpu", "precision": "bfloat16", "compile": True, "channels_last": True,
    }  # fmt: skip


def test_the_command_line_writes_for_tensorboard_where_it_is(elsewhere, monkeypatch):
    written = []

    class SummaryWriter:
        def __init__(self, folder):
            self.folder = folder

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def add_scalar(self, name, value, step):
            written.append((name, step))

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=SummaryWriter))
    train.main(["vae", "photos", "--size", "16", *QUICK])
    assert sorted(written) == sorted((name, step) for name in ("reconstruction", "kl", "elbo") for step in (50, 60))


def test_the_command_line_trains_in_two_processes(elsewhere):
    script = pathlib.Path(train.__file__)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--rdzv-backend=c10d"]
    command += ["--rdzv-endpoint=localhost:0", str(script), "vae", "photos", "--size", "16", *QUICK]
    done = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Trained: runs/vae-photos") == 1
    assert len(list((elsewhere / "runs" / "vae-photos").glob("samples_*.png"))) == 3
