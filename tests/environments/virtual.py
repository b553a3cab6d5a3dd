"""Virtual environments of a given Python, such as those that Binder and Colab have."""

import pathlib
import shutil
import subprocess


def answers(python: str | pathlib.Path, version: str) -> bool:
    """Tell whether a program is a Python of this version, such as "3.12"."""
    command = [python, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip() == version
    except OSError:
        return False


def find_python(version: str) -> str:
    """Return a Python of this version: on the path, or one of pyenv's."""
    pyenv = pathlib.Path.home() / ".pyenv" / "versions"
    places = [f"python{version}", "python", "python3", *pyenv.glob(f"{version}.*/bin/python")]
    for place in places:
        if (found := shutil.which(place)) and answers(found, version):
            return found
    raise SystemExit(f"expected Python {version} on the path or in pyenv, found none: install it and run this again.")


def python_of(environment: pathlib.Path) -> pathlib.Path:
    return environment / "bin" / "python"


def make(environment: pathlib.Path, python: str) -> None:
    """Make an empty environment, or leave the one that is there."""
    if not python_of(environment).exists():
        subprocess.run([python, "-m", "venv", environment], check=True)


def install(environment: pathlib.Path, *arguments: str) -> None:
    """Install packages, from the root of the course as Binder does."""
    root = pathlib.Path(__file__).parents[2]
    subprocess.run([python_of(environment), "-m", "pip", "install", "--quiet", *arguments], cwd=root, check=True)


def size(environment: pathlib.Path) -> int:
    """Return the bytes of all files of an environment."""
    return sum(file.lstat().st_size for file in environment.rglob("*"))
