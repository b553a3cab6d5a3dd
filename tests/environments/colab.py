"""Colab without Colab: each lesson alone in an empty folder, with the versions that Colab has.

`colab.py FOLDER 03` makes the environment in a folder, of colab.txt and a stand-in for `google.colab`. Each of the
lessons is opened in an empty folder, where its first cell clones the course: git takes the last commit here for its
address. All cells run, then last_cell.py moves every slider, since Colab has ipywidgets 7.

What differs: PyTorch is that of PyPI, with CUDA; only the packages that the lessons import are there, not Colab's five
hundred; the browser's side of the widgets, the shell of Colab and a GPU are missing.
"""

import argparse
import pathlib
import subprocess
import tempfile
from functools import partial

import nbformat
from execution import ROOT
from lesson import Run, run_all, run_lesson
from set_repository import addresses
from virtual import find_python, install, make, python_of

HERE = pathlib.Path(__file__).parent
PYTHON = "3.13"
ENVIRONMENT = {"COLAB_RELEASE_TAG": "stand-in", "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
IMPORTED = "--IPKernelApp.exec_lines=import google.colab"  # Colab's kernel imports it before the first cell


def build(folder: pathlib.Path) -> None:
    """Make the environment in a folder."""
    make(folder, find_python(PYTHON))
    install(folder, "-r", str(HERE / "colab.txt"))
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "google" / "colab").mkdir(parents=True, exist_ok=True)
    stand_in = (HERE / "google_colab.py").read_text(encoding="utf-8")
    (packages / "google" / "colab" / "__init__.py").write_text(stand_in, encoding="utf-8")


def git_that_stays_here(folder: pathlib.Path) -> dict[str, str]:
    """Return variables with which git clones a copy of this repository in a folder for the course's address."""
    copy = folder / "course.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", ROOT, copy], check=True)
    (address,) = addresses((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    config = folder / "gitconfig"
    config.write_text(f'[url "{copy.as_uri()}"]\n\tinsteadOf = https://github.com/{address}\n', encoding="utf-8")
    return {"GIT_CONFIG_GLOBAL": str(config)}


def run(lesson: pathlib.Path, python: pathlib.Path) -> Run:
    """Run a lesson alone in an empty folder, then move its sliders."""
    with tempfile.TemporaryDirectory() as folder:
        git = git_that_stays_here(pathlib.Path(folder))
        content = pathlib.Path(folder, "content")
        content.mkdir()
        notebook = nbformat.read(lesson, as_version=4)
        last = (HERE / "last_cell.py").read_text(encoding="utf-8")
        notebook.cells.append(nbformat.v4.new_code_cell(last))
        return run_lesson(notebook, lesson.stem, python, content, IMPORTED, **ENVIRONMENT, **git)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("lessons", nargs="*", help="such as 03; all when there is none")
    wanted = parser.parse_args()
    build(wanted.folder.resolve())
    run_all(partial(run, python=python_of(wanted.folder.resolve())), wanted.lessons)


if __name__ == "__main__":
    main()
