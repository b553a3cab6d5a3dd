"""Copy new lessons into my/ and open JupyterLab on the first one: `python scripts/lab.py [ARGUMENTS OF JUPYTERLAB]`."""

import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "scripts" / "jupyter"  # defaults that learners can change: no question about news at the first start


def without_outputs(notebook: dict) -> dict:
    """Empty the outputs and the counts of a notebook, in place, and return it."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return notebook


def copy_lessons(source: pathlib.Path, target: pathlib.Path) -> list[pathlib.Path]:
    """Copy each lesson that has no copy yet and return the new copies; a learner's file is never touched."""
    target.mkdir(exist_ok=True)
    new = []
    for lesson in sorted(source.glob("*.ipynb")):
        copy = target / lesson.name
        if not copy.exists():
            notebook = without_outputs(json.loads(lesson.read_text(encoding="utf-8")))
            part = copy.with_suffix(".part")  # an interrupted copy must not pass for the learner's own
            part.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            os.replace(part, copy)
            new.append(copy)
    return new


def is_root() -> bool:
    """Tell whether this user is root, as in most containers; Windows has no such user."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def lab_arguments(lesson: str, more: list[str]) -> list[str]:
    """Return the arguments that open JupyterLab on a lesson; where root asks, they allow it and a line says so."""
    arguments = [f"--ServerApp.root_dir={ROOT}", *more]
    if is_root() and "--allow-root" not in more:
        print("Running as root: JupyterLab is started with --allow-root.", file=sys.stderr)
        arguments.append("--allow-root")
    return [*arguments, lesson]


def main() -> None:
    lessons = sorted((ROOT / "notebooks").glob("*.ipynb"))
    if not lessons:
        sys.exit("There are no lessons in notebooks/: is this the whole repository?")
    for copy in copy_lessons(ROOT / "notebooks", ROOT / "my"):
        print(f"New in my/: {copy.name}", file=sys.stderr)
    from jupyterlab.labapp import main as jupyterlab  # takes a second, and the tests of this file need none of it

    os.chdir(ROOT)
    folders = [str(SETTINGS), os.environ.get("JUPYTER_CONFIG_PATH")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, folders))
    jupyterlab(lab_arguments(f"my/{lessons[0].name}", sys.argv[1:]))


if __name__ == "__main__":
    main()
