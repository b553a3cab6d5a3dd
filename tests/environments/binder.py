"""Binder without Binder: build its environment, start its server, run every lesson, and compare memory with its limit.

`binder.py FOLDER 12 09` makes the environment in a folder and runs these lessons, or all, each in a fresh clone of the
last commit. The steps are those that repo2docker, Binder's own program, writes down for this repository: a Python, the
packages of its base environment, then `pip install` of `binder/requirements.txt`. What differs: the base comes from
PyPI and not from conda-forge, in the same versions, and there is no container.

Binder's limit is 2 GB for the server and all kernels together. It is not imposed here: memory.py measures.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from functools import partial

import nbformat
import psutil
from execution import ROOT
from lesson import Run, run_all, run_lesson
from memory import MB, together
from virtual import find_python, install, make, python_of, size

LIMIT = 2048  # MB
BASE = {  # what repo2docker installs first: the name on conda-forge, and on PyPI
    name: name.replace("-singleuser", "")
    for name in "jupyterlab notebook jupyter_server jupyterhub-singleuser ipykernel ipython ipywidgets "
    "jupyter_client jupyter-resource-usage jupyter-offlinenotebook".split()
}


def base_packages(lock: str) -> list[str]:
    """Return what of repo2docker's base environment is needed here, as PyPI names it, from its list of conda files."""
    versions = dict(re.findall(r"/([\w.-]+)-(\d[\w.]*)-\w+\.conda", lock))
    return [f"{pypi}=={versions[conda]}" for conda, pypi in BASE.items()]


def pip_steps(dockerfile: str) -> list[list[str]]:
    """Return the arguments of every `pip install` of a Dockerfile by repo2docker."""
    return [line.replace('"', "").split() for line in re.findall(r"^RUN \S+/bin/pip install (.+)$", dockerfile, re.M)]


def with_torch_of_pypi(requirements: str) -> str:
    """Return Binder's requirements for a machine that does not reach PyTorch's CPU index: larger, with CUDA."""
    lines = [line.replace("+cpu", "") for line in requirements.splitlines() if not line.startswith("--extra-index-url")]
    return "\n".join(lines).replace("-r ..", f"-r {ROOT}") + "\n"


def exports(start: str) -> dict[str, str]:
    """Return the variables that Binder's start script sets for the server, and so for every kernel."""
    return dict(re.findall(r"^export (\w+)=(\S+)$", start, re.M))


def build(folder: pathlib.Path, torch_of_pypi: bool) -> None:
    """Make the environment in a folder, step by step as repo2docker does."""
    tool, environment = folder / "repo2docker", folder / "environment"
    make(tool, sys.executable)
    install(tool, "jupyter-repo2docker")
    command = [tool / "bin" / "jupyter-repo2docker", "--no-build", "--debug", ROOT]
    dockerfile = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    version = (ROOT / "binder" / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")
    (lock,) = tool.glob(f"lib/*/site-packages/repo2docker/buildpacks/conda/environment.py-{version}-linux-64.lock")
    make(environment, find_python(version))
    install(environment, *base_packages(lock.read_text(encoding="utf-8")))
    for step in pip_steps(dockerfile):
        if torch_of_pypi:
            changed = folder / "requirements.txt"
            changed.write_text(with_torch_of_pypi((ROOT / step[-1]).read_text(encoding="utf-8")), encoding="utf-8")
            step = ["-r", str(changed)]
        install(environment, *step)


def answers(runtime: pathlib.Path) -> bool:
    """Tell whether the server that writes its address into a folder sends its page."""
    try:
        (file,) = runtime.glob("jpserver-*.json")
        address = json.loads(file.read_text(encoding="utf-8"))["url"]
        return bool(urllib.request.urlopen(f"{address}lab?token=binder").read())
    except (OSError, ValueError):  # there is no file yet, or half a file, or nobody listens
        return False


def start_server(python: pathlib.Path) -> tuple[float, float]:
    """Start JupyterLab's server, and return the seconds until it answers, and the MB that it takes then."""
    with tempfile.TemporaryDirectory() as runtime:
        command = [python, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.token=binder"]
        env = {"JUPYTER_RUNTIME_DIR": runtime, "HOME": runtime, "PATH": str(python.parent)}
        start = time.monotonic()
        server = subprocess.Popen(command, env=env, cwd=runtime, stderr=subprocess.DEVNULL)
        try:
            while not answers(pathlib.Path(runtime)):
                if server.poll() is not None:
                    raise SystemExit("expected a server that starts, got one that ended at once: see `jupyter lab`.")
                time.sleep(0.1)
            return time.monotonic() - start, together([psutil.Process(server.pid)])
        finally:
            server.terminate()
            server.wait()


def run(lesson: pathlib.Path, python: pathlib.Path) -> Run:
    """Run a lesson in a fresh clone, as a new session of Binder opens it."""
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(["git", "clone", "--quiet", ROOT, home], check=True)
        place = pathlib.Path(home, "notebooks", lesson.name)
        variables = exports((ROOT / "binder" / "start").read_text(encoding="utf-8"))
        return run_lesson(nbformat.read(place, as_version=4), place.stem, python, place.parent, HOME=home, **variables)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("lessons", nargs="*", help="such as 03; all when there is none")
    parser.add_argument("--torch-of-pypi", action="store_true", help="for a machine without PyTorch's CPU index")
    wanted = parser.parse_args()
    build(wanted.folder.resolve(), wanted.torch_of_pypi)
    environment = wanted.folder.resolve() / "environment"
    seconds, server = start_server(python_of(environment))
    print(f"The environment has {size(environment) / MB:,.0f} MB; its server answers after {seconds:.1f} s,")
    print(f"and takes {server:.0f} MB, which every lesson's peak includes.")
    run_all(partial(run, python=python_of(environment)), wanted.lessons, server, LIMIT)


if __name__ == "__main__":
    main()
