"""Copy the lessons without outputs into my/, where copies are missing; print the path of the first lesson."""

import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def without_outputs(notebook: dict) -> dict:
    """Empty the outputs and the counts of a notebook, in place, and return it."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return notebook


def copy_lessons(source: pathlib.Path, target: pathlib.Path) -> list[pathlib.Path]:
    """Copy each lesson that has no copy yet and return the copies that are new; a learner's file is never touched."""
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


def main() -> None:
    lessons = sorted((ROOT / "notebooks").glob("*.ipynb"))
    if not lessons:
        sys.exit("There are no lessons in notebooks/: is this the whole repository?")
    for copy in copy_lessons(ROOT / "notebooks", ROOT / "my"):
        print(f"New in my/: {copy.name}", file=sys.stderr)
    print(f"my/{lessons[0].name}")


if __name__ == "__main__":
    main()
