"""Stored notebooks are whole, clean and readable: what strict nbval does not see."""

import base64
import json
import pathlib
import re
import statistics

import pytest
from run_notebooks import cell_metadata
from set_repository import addresses

ROOT = pathlib.Path(__file__).parents[1]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
IGNORED = "nbval-ignore-output"
PICTURE = "docs/training.png"

every_notebook = pytest.mark.parametrize("path", LESSONS + SOLUTIONS, ids=lambda path: str(path.relative_to(ROOT)))
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def read(path: pathlib.Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell: dict) -> str:
    return "".join(cell["source"])


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and source(cell).strip()]


def outputs(notebook: dict) -> list[dict]:
    return [output for cell in code_cells(notebook) for output in cell["outputs"]]


def printed_lines(notebook: dict) -> list[str]:
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs(notebook)]
    return [line for text in texts for line in "".join(text).splitlines()]


def test_there_are_lessons():
    assert LESSONS


@every_notebook
def test_all_code_was_run_in_order(path):
    counts = [cell["execution_count"] for cell in code_cells(read(path))]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook
def test_nothing_failed(path):
    notebook = read(path)
    assert [output for output in outputs(notebook) if output["output_type"] == "error"] == []
    assert [line for line in printed_lines(notebook) if line.startswith("✗")] == []


@every_notebook
def test_nothing_is_stored_that_is_of_one_run_only(path):
    notebook = read(path)
    assert "widgets" not in notebook["metadata"]
    assert "version" not in notebook["metadata"].get("language_info", {})
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


@every_notebook
def test_a_notebook_is_small(path):
    assert path.stat().st_size <= 1_500_000


@every_notebook
def test_every_figure_has_a_text(path):
    images = [output for output in outputs(read(path)) if "image/png" in output.get("data", {})]
    texts = [output["metadata"].get("image/png", {}).get("alt", "") for output in images]
    assert all(text.strip() for text in texts), f"figures without alt text: {[i for i, t in enumerate(texts) if not t]}"


def test_the_picture_in_the_readme_is_the_one_that_its_lesson_stores():
    (cell,) = [c for path in LESSONS for c in code_cells(read(path)) if PICTURE in c["metadata"].get("tags", [])]
    stored = ["".join(output["data"]["image/png"]) for output in cell["outputs"] if "image/png" in output["data"]]
    assert (ROOT / PICTURE).read_bytes() == base64.b64decode(stored[0])


@every_notebook
def test_no_cell_ends_in_a_semicolon(path):
    # nbval runs cells without history, and there IPython does not hide the value that the semicolon should hide.
    cells = [source(cell).rstrip() for cell in code_cells(read(path))]
    assert [cell for cell in cells if cell.endswith(";")] == []


@every_notebook
def test_few_cells_escape_the_comparison(path):
    cells = code_cells(read(path))
    tags = [tag for cell in cells for tag in cell["metadata"].get("tags", []) if "nbval" in tag]
    assert set(tags) <= {IGNORED}
    assert tags.count(IGNORED) <= len(cells) / 4
    assert not any("NBVAL_" in source(cell) for cell in cells), "use tags, which learners do not see"


@every_lesson
def test_cells_are_short(path):
    lengths = sorted(sum(1 for line in source(cell).splitlines() if line.strip()) for cell in code_cells(read(path)))
    short = sum(length <= 15 for length in lengths) / len(lengths)
    assert statistics.median(lengths) <= 5 and short >= 0.9 and lengths[-1] <= 30, lengths


@every_notebook
def test_the_first_cell_knows_the_repository(path):
    expected = addresses((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert addresses(source(code_cells(read(path))[0])) == expected


@every_notebook
def test_the_first_cell_is_the_same_everywhere_and_short(path):
    first = source(code_cells(read(path))[0])
    assert first == source(code_cells(read(LESSONS[0]))[0])
    assert len(first.splitlines()) <= 10


@every_notebook
def test_cells_say_where_slides_begin_and_keep_nothing_but_tags_beside_it(path):
    assert [cell["id"] for cell in read(path)["cells"] if cell["metadata"] != cell_metadata(cell)] == []


@every_notebook
def test_links_to_other_lessons_lead_somewhere(path):
    text = "".join(source(cell) for cell in read(path)["cells"] if cell["cell_type"] == "markdown")
    assert [link for link in re.findall(r"\]\((?!http)([^)#]+)\)", text) if not (path.parent / link).exists()] == []


@every_lesson
def test_the_solutions_quote_the_exercises(path):
    exercises = [source(cell) for cell in read(path)["cells"] if source(cell).startswith("### Exercise")]
    answers = ROOT / "notebooks" / "solutions" / path.name
    quoted = [source(cell) for cell in read(answers)["cells"]] if answers.exists() else []
    assert [exercise for exercise in exercises if exercise not in quoted] == []
