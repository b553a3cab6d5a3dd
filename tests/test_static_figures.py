"""Whoever sees no widgets misses nothing: in the section of each slider, button and game stands a figure with a text.

So it is on GitHub, on the course's web pages, and wherever a notebook is read without ipywidgets.
"""

import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WIDGET = re.compile(r"(VBox|HBox|Box|Output|\w*Slider|Button|Dropdown|Play|Tab|Accordion|interactive)\(")


def sections(notebook: dict) -> list[list[dict]]:
    """Return the cells of each section, which a heading begins."""
    found = [[]]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and re.match("#+ ", "".join(cell["source"])):
            found.append([])
        found[-1].append(cell)
    return found


def shown(cell: dict) -> list[dict]:
    return [output for output in cell.get("outputs", []) if "data" in output]


def is_widget(output: dict) -> bool:
    """Tell whether a stored output is a widget, of which only the name is stored."""
    text = "".join(output["data"].get("text/plain", ""))
    return bool(WIDGET.match(text)) or "application/vnd.jupyter.widget-view+json" in output["data"]


def texts_of_figures(cells: list[dict]) -> list[str]:
    figures = [output for cell in cells for output in shown(cell) if "image/png" in output["data"]]
    return [text for figure in figures if (text := figure["metadata"].get("image/png", {}).get("alt", "").strip())]


def widgets(notebook: dict) -> dict[str, list[str]]:
    """Return for each cell with a widget, by its identifier, the texts of the figures in its section."""
    return {
        cell["id"]: texts_of_figures(section)
        for section in sections(notebook)
        for cell in section
        if any(map(is_widget, shown(cell)))
    }


def read(path: pathlib.Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_in_the_section_of_every_widget_stands_a_figure_with_a_text(path):
    assert [cell for cell, texts in widgets(read(path)).items() if not texts] == []


def test_every_widget_that_the_code_makes_is_among_them():
    makes = re.compile(r"^(?:widgets\.explore|playground|blind_test|detector_game)\(", re.MULTILINE)
    for path in LESSONS:
        notebook = read(path)
        made = {cell["id"] for cell in notebook["cells"] if makes.search("".join(cell["source"]))}
        assert made == widgets(notebook).keys(), path.stem


def test_a_widget_without_a_figure_is_found():
    figure = {"data": {"image/png": "x"}, "metadata": {"image/png": {"alt": "a line"}}}
    slider = {
        "id": "s",
        "cell_type": "code",
        "outputs": [{"data": {"text/plain": "VBox(children=())"}, "metadata": {}}],
    }
    plot = {"id": "p", "cell_type": "code", "outputs": [figure]}
    heading = {"id": "h", "cell_type": "markdown", "source": "## Later"}
    assert widgets({"cells": [plot, heading, slider]}) == {"s": []}
    assert widgets({"cells": [heading, plot, slider]}) == {"s": ["a line"]}
