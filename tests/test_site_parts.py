"""The parts of the site that need neither Sphinx nor a browser: buttons, figures, links, what is printed."""

import base64
import io
import re

import nbformat
import numpy as np
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image
from print_site import pages
from test_export_live import read_script
from website.front import ROUNDS, ROWS, SHOWN, samples, verdicts
from website.links import check
from website.source import CONTROLS, LIVE, ROOT, buttons, figure, lessons, link_out, show_outputs

from course_utils.metrics import sharpness

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
STYLE = '<link rel="stylesheet" href="style.css">'
PAGE = f'{STYLE}<h1 id="top">A</h1><a href="b/c.html#deep">c</a> <a href="#top">up</a> <a href="https://far.example">far</a>'


@pytest.fixture
def folder(tmp_path):
    """Return a site of two pages and a style, in which all is well."""
    (tmp_path / "b").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "b" / "c.html").write_text(
        '<h2 id="deep">C</h2> <a href="../">back</a> <img src="data:image/png;base64,">'
    )
    (tmp_path / "style.css").write_text("p { background: url('b/c.html') }")
    return tmp_path


def test_links_that_lead_somewhere_are_counted(folder):
    assert check(folder) == (5, [])


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("index.html", '<a href="d.html">', "index.html: d.html: there is no such file"),
        ("index.html", '<a href="b/">', "index.html: b/: there is no such file"),
        ("index.html", '<a href="b/c.html#high">', "index.html: b/c.html#high: the page has no such anchor"),
        ("b/c.html", '<a href="#high">', "b/c.html: #high: the page has no such anchor"),
        ("index.html", '<img src="d.png">', "index.html: d.png: there is no such file"),
        ("index.html", '<script src="//far.example/a.js">', "//far.example/a.js: a reader offline has no other host"),
        ("style.css", "@import 'https://far.example/a.css'", "https://far.example/a.css: a reader offline"),
        ("style.css", "p { background: url(d.png) }", "style.css: d.png: there is no such file"),
    ],
)
def test_a_broken_link_and_a_file_from_afar_are_named(folder, file, text, complaint):
    path = folder / file
    path.write_text(path.read_text() + text)
    (found,) = check(folder)[1]
    assert complaint in found


@pytest.mark.parametrize(("slug", "hosted"), [("OWNER/NAME", 0), ("ada/gan-course", 2)])
def test_hosted_notebooks_have_a_button_once_the_address_is_known(slug, hosted):
    row = buttons(lessons()[2], slug)
    assert row.count("https://") == hosted and row.count("ada/gan-course") == hosted
    assert 'href="03_gan_training.ipynb" download' in row
    assert row.count("notebooks/03_gan_training.ipynb") == hosted


def test_live_pages_are_linked_from_lessons_that_exist():
    assert {lesson for _, where in LIVE.values() for lesson in where} <= {path.name[:2] for path in lessons()}


def test_a_figure_keeps_its_text_and_a_widget_becomes_a_sentence(tmp_path):
    picture = new_output("display_data", {"image/png": PICTURE}, metadata={"image/png": {"alt": 'a "line" < 1'}})
    widget = new_output("execute_result", {"text/plain": "VBox(children=(IntSlider(value=0),))"})
    plain = new_output("execute_result", {"text/plain": "torch.Size([2])"})
    notebook = new_notebook(cells=[new_code_cell("1", outputs=[picture, widget, plain])])
    show_outputs(notebook, "03", tmp_path)
    shown = [output.data for output in notebook.cells[0].outputs]
    assert 'alt="a &quot;line&quot; &lt; 1" width="1" height="1"' in shown[0]["text/html"]
    assert [file.name for file in tmp_path.iterdir()] == ["03_0.png"]
    assert shown[1:] == [{"text/html": CONTROLS}, {"text/plain": "torch.Size([2])"}]
    nbformat.validate(notebook)


def test_a_figure_without_a_text_is_an_error(tmp_path):
    picture = new_output("display_data", {"image/png": PICTURE})
    with pytest.raises(KeyError):
        show_outputs(new_notebook(cells=[new_code_cell("1", outputs=[picture])]), "03", tmp_path)
    assert 'alt=""' in figure(PICTURE, "", "a.png", tmp_path)


@pytest.mark.parametrize(
    ("text", "unknown", "known"),
    [
        ("[03](../notebooks/03_gan_training.ipynb#quiz)", None, None),
        ("[claims](claims.md), ![](verdicts.png), [far](https://a.example/b.md), [up](#top)", None, None),
        ("[no such page](verdikts.md)", None, None),
        ("see [data](../data/README.md)", "see data", "see [data](https://github.com/ada/x/blob/main/data/README.md)"),
        (
            "[its key](../notebooks/solutions/03_gan_training.ipynb)",
            "its key",
            "[its key](https://github.com/ada/x/blob/main/notebooks/solutions/03_gan_training.ipynb)",
        ),
    ],
)
def test_links_to_what_is_no_page_lead_to_the_repository(text, unknown, known):
    document = ROOT / "docs" / "contributing.md"
    assert link_out(text, document, "OWNER/NAME") == (unknown or text)
    assert link_out(text, document, "ada/x") == (known or text)


def test_the_front_page_shows_the_first_digits_that_each_model_drew_and_says_how_sharp_they_are(tmp_path):
    page = samples(tmp_path / "samples.png")
    content = read_script(ROUNDS)
    sheet = np.array(Image.open(io.BytesIO(base64.b64decode(content["sheet"]))))
    levels, opaque = np.array(Image.open(tmp_path / "samples.png")).transpose(2, 0, 1)
    sharp = []
    for row, family in enumerate(ROWS):
        first = content["kinds"].index(["usual", family]) * content["shown"]
        places = [divmod(first + i, content["columns"]) for i in range(SHOWN)]
        expected = np.stack([sheet[28 * y : 28 * y + 28, 28 * x : 28 * x + 28] for y, x in places])
        shown = np.stack([levels[30 * row : 30 * row + 28, 30 * i : 30 * i + 28] for i in range(SHOWN)])
        assert np.array_equal(shown, expected)
        sharp.append(100 * sharpness(torch.from_numpy(expected)[:, None] / 255) / content["real"]["sharpness"])
    assert (opaque[:, 28:30] == 0).all() and (opaque[:28, :28] == 255).all(), "the page shows between digits alone"
    alt, answer = re.search('alt="(.+?)"', page)[1], page.split("<summary>")[1]
    for text in (alt, answer):
        assert [int(number) for number in re.findall(r"(\d+) %", text)] == pytest.approx(sharp, abs=0.51)
    assert f"The {('upper', 'lower')[ROWS.index('GAN')]} one." in answer and "GAN" not in alt and "VAE" not in alt


def test_the_verdicts_in_words_are_those_of_the_document():
    document = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8").split("## What the samples score")[0]
    table = [line.strip("| ").split(" | ") for line in document.splitlines() if line.count("|") == 8][2:]
    page = verdicts().replace("&#x27;", "'")
    claims = [says for line in table for says in re.findall(r"\*\*(.+)\*\*", line[1])]
    assert claims == re.findall(r'rowgroup">\d+ (.+?)</th>', page) and len(claims) == 10
    signs = ["&nbsp;".join(cell.strip()[0] for cell in line[-3:]) for line in table]
    assert signs == re.findall("<td>(.&nbsp;.&nbsp;.)<", page)


def test_pages_that_compute_are_not_printed(tmp_path):
    names = ["index.html", "search.html", "notebooks/03_a.html", "notebooks/04_b.html", "live/explorer/index.html"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert pages(tmp_path) == [tmp_path / name for name in (names[0], names[2], names[3])]
    assert pages(tmp_path, "04") == [tmp_path / names[3]]
