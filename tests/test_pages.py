"""The web pages that `make pages` writes."""

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from pages import export
from run_notebooks import clean

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def notebook(tmp_path):
    """Return the path of a notebook with two headings, a figure with a text, and links."""
    figure = new_output("display_data", {"image/png": PICTURE}, metadata={"image/png": {"alt": 'a "line" < 1'}})
    texts = ["# A lesson", "Words: [next](02_b.ipynb), [far](https://example.org/03_c.ipynb).", "## A section"]
    cells = [*map(new_markdown_cell, texts), new_code_cell("1", outputs=[figure])]
    notebook = new_notebook(cells=cells)
    clean(notebook)
    nbformat.write(notebook, tmp_path / "01_a.ipynb")
    return tmp_path / "01_a.ipynb"


def test_a_page_keeps_the_text_of_its_figures_and_links_to_pages(notebook):
    page = BeautifulSoup(export(notebook), "html.parser")
    assert [image["alt"] for image in page.find_all("img")] == ['a "line" < 1']
    links = [link["href"] for link in page.find_all("a") if ":" in link["href"] or ".html" in link["href"]]
    assert links == ["02_b.html", "https://example.org/03_c.ipynb"]
