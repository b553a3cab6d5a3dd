"""Run notebooks anew and store them with their outputs, cleaned; a failure or a false claim is never stored.

`python scripts/run_notebooks.py 03` runs lesson 03 and its solutions; without a lesson, all.
"""

import base64
import os
import pathlib
import re
import sys
import time

import nbformat
from execution import FAILURES, ROOT, execute, lessons_and_solutions

# The same for every author, so that a stored notebook differs from the last one only where the lesson does.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"  # points to a state that is not stored


def cell_metadata(cell: dict) -> dict:
    """Return what is stored of a cell's metadata: its tags, and where slides begin.

    A heading begins a slide, any other text one below it, and code stays with the text before it, unless its author
    has chosen another slide type.
    """
    kept = {"tags": cell["metadata"]["tags"]} if cell["metadata"].get("tags") else {}
    if chosen := authors_slide_type(cell):
        kept["slideshow"] = {"slide_type": chosen}
    elif cell["cell_type"] == "markdown":
        is_heading = re.search("^#+ ", "".join(cell["source"]), re.MULTILINE)
        kept["slideshow"] = {"slide_type": "slide" if is_heading else "subslide"}
    return kept


def authors_slide_type(cell: dict) -> str | None:
    """Return the slide type that was chosen for a cell by hand: of text, any that is not stored by default."""
    slide_type = cell["metadata"].get("slideshow", {}).get("slide_type")
    is_default = cell["cell_type"] == "markdown" and slide_type in ("slide", "subslide")
    return None if is_default else slide_type


def clean(notebook: nbformat.NotebookNode) -> None:
    """Remove what is of one run only, such as versions, timings and widgets; mark where slides begin."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(cell_metadata(cell))
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)


def export_pictures(notebook: nbformat.NotebookNode) -> None:
    """Write the picture of every cell with a tag such as "docs/training.png" there, for the README."""
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", []):
            if tag.endswith(".png"):
                pictures = [
                    output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})
                ]
                (ROOT / tag).write_bytes(base64.b64decode(pictures[0]))


def false_claims(notebook: nbformat.NotebookNode) -> list[str]:
    """Return the printed lines that begin with ✗."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return [line for text in texts for line in text.splitlines() if line.startswith("✗")]


def run(path: pathlib.Path) -> str | None:
    """Run and store one notebook; return what went wrong, None if nothing did."""
    try:
        notebook = execute(path, COURSE_STRICT="1")
    except FAILURES as error:
        return str(error)
    if wrong := false_claims(notebook):
        return "\n".join(wrong)
    clean(notebook)
    part = path.with_suffix(".part")
    nbformat.write(notebook, part)
    os.replace(part, path)
    export_pictures(notebook)
    return None


def main() -> None:
    lesson = sys.argv[1] if len(sys.argv) > 1 else ""
    failed = False
    for path in lessons_and_solutions(lesson):
        name = path.relative_to(ROOT)
        print(f"{name} ...", flush=True)
        start = time.monotonic()
        problem = run(path)
        if problem is None:
            print(f"  stored after {time.monotonic() - start:.0f} s")
        else:
            print(f"{problem}\n{name} is NOT stored.")
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
