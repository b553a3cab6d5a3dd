"""The slides that `make slides` writes: the rule, and that every slide of three lessons fits on a projector."""

import pathlib

import pytest
from browser import chromium
from deck.plan import plan
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from run_notebooks import clean

slides = pytest.importorskip("slides", reason="the packages of the extra `slides` are not installed")

ROOT = pathlib.Path(__file__).parents[1]
WIDTH, HEIGHT = 1280, 720
SMALLEST_CODE = 18  # pixels; on a screen of 1920 by 1080 that is 27
MEASURE = """() => Reveal.getSlides().map(slide => {
    const {h, v} = Reveal.getIndices(slide);
    Reveal.slide(h, v);
    const parts = [...slide.querySelectorAll("*")].filter(part => !part.closest("aside.notes"));
    const boxes = parts.map(part => part.getBoundingClientRect()).filter(box => box.width && box.height);
    const code = parts.filter(part => part.tagName == "PRE").map(part => parseFloat(getComputedStyle(part).fontSize));
    const images = [...slide.querySelectorAll("img")];
    return {
        text: slide.innerText.slice(0, 80),
        right: Math.max(...boxes.map(box => box.right)),
        bottom: Math.max(...boxes.map(box => box.bottom)),
        code: Math.min(...code, 99),
        images: images.map(image => [image.alt, image.getBoundingClientRect().height, image.naturalWidth]),
    };
})"""
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def measured(browser, page_file: pathlib.Path) -> tuple[list[dict], list[str]]:
    """Return what each slide of a page takes, and what the page asked of a network or complained of."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    wrong = []
    page.on("request", lambda request: request.url[:5] in ("file:", "data:") or wrong.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(page_file.as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    found = page.evaluate(MEASURE)
    page.close()
    return found, wrong


@pytest.mark.parametrize("number", ["03", "04", "07"])
def test_every_slide_fits_and_can_be_read_without_a_network(browser, tmp_path, number):
    (path,) = (ROOT / "notebooks").glob(f"{number}*.ipynb")
    (tmp_path / "deck.html").write_text(slides.slides(path), encoding="utf-8")
    found, wrong = measured(browser, tmp_path / "deck.html")
    assert wrong == [] and len(found) > 40
    assert [slide for slide in found if slide["right"] > WIDTH or slide["bottom"] > HEIGHT] == []
    assert [slide for slide in found if slide["code"] < SMALLEST_CODE] == []
    images = [image for slide in found for image in slide["images"]]
    assert images and all(alt.strip() and height >= 440 and width > 1 for alt, height, width in images)


def test_the_measurement_sees_what_does_not_fit(browser, tmp_path):
    tall = new_notebook(cells=[new_markdown_cell("# Too much\n\n" + "word " * 900)])
    wide = new_notebook(cells=[new_markdown_cell('# Too wide\n\n<div style="width: 1300px">words</div>')])
    for notebook, side, limit in ((tall, "bottom", HEIGHT), (wide, "right", WIDTH)):
        (tmp_path / "deck.html").write_text(slides.page(notebook, "deck"), encoding="utf-8")
        found, _ = measured(browser, tmp_path / "deck.html")
        assert max(slide[side] for slide in found) > limit


def shown(*cells) -> list[list[str]]:
    """Return what the slides of a notebook show, each part by its first line, below a first section."""
    begun = [new_markdown_cell("# Lesson\n\n*About 5 minutes.*"), new_markdown_cell("## Section\n\nwords"), *cells]
    notebook = new_notebook(cells=begun)
    clean(notebook)
    return [[(part.source or "result").split("\n")[0] for part in slide.shown] for slide in plan(notebook)][1:]


def test_headings_and_figures_begin_a_slide_and_code_that_draws_is_for_the_speaker():
    figure = new_output("display_data", {"image/png": PICTURE}, metadata={"image/png": {"alt": "a"}})
    cells = [new_markdown_cell("more words"), new_code_cell("draw()", outputs=[figure]), new_markdown_cell("### Part")]
    assert shown(*cells) == [["## Section", "words"], ["more words", "result"], ["### Part"]]


def test_set_up_stubs_and_checks_are_left_out():
    cells = [new_code_cell("used = 1"), new_markdown_cell("## Exercises"), new_markdown_cell("### Exercise 1"),
             new_code_cell("..."), new_markdown_cell("## Quiz"), new_code_cell("also_used = 1")]  # fmt: skip
    expected = [["## Section", "words", "used = 1"], ["## Exercises"], ["### Exercise 1"], ["## Quiz", "also_used = 1"]]
    assert shown(*cells) == expected
    set_up = new_notebook(cells=[new_markdown_cell("# Lesson"), new_markdown_cell("set-up"), new_code_cell("import x")])
    assert [len(slide.shown) for slide in plan(set_up)] == [1]


def test_answers_and_long_code_are_notes_and_an_answer_ends_its_slide():
    quiz = "**1.** Why? <details><summary>Answer</summary>\n\nSo.\n</details>\n\n**2.** And then?"
    notebook = new_notebook(
        cells=[new_markdown_cell("## Quiz"), new_markdown_cell(quiz), new_code_cell("x = 1\n" * 17)]
    )
    first, second = plan(notebook)
    assert [cell.source for cell in first.shown] == ["## Quiz", "**1.** Why?"]
    assert "**Answer.**" in first.notes[0].source and "So." in first.notes[0].source
    assert [cell.source for cell in second.shown] == ["**2.** And then?"] and "x = 1" in second.notes[0].source


@pytest.mark.parametrize(
    ("slide_type", "expected"),
    [
        (None, [["## Section", "words", "x = 1"]]),
        ("skip", [["## Section", "words"]]),
        ("notes", [["## Section", "words"]]),
        ("slide", [["## Section", "words"], ["x = 1"]]),
    ],
)
def test_a_slide_type_that_its_author_gave_to_a_cell_goes_before_the_rule_and_is_kept(slide_type, expected):
    metadata = {"slideshow": {"slide_type": slide_type}} if slide_type else {}
    assert shown(new_code_cell("x = 1", metadata=metadata)) == expected


def test_long_lists_and_tables_go_on_on_the_next_slide_with_their_head():
    table = "| a | b |\n| --- | --- |\n" + "| 1 | 2 |\n" * 30
    slides_of_table = plan(new_notebook(cells=[new_markdown_cell("## Table"), new_markdown_cell(table)]))
    assert len(slides_of_table) == 3
    assert all(slide.shown[-1].source.startswith("| a | b |") for slide in slides_of_table[1:])
    items = "\n".join(f"{i}. " + "word " * 30 for i in range(1, 10))
    slides_of_list = plan(new_notebook(cells=[new_markdown_cell("## List"), new_markdown_cell(items)]))
    assert len(slides_of_list) > 1 and slides_of_list[1].shown[0].source[0].isdigit()


def test_formulas_are_drawn_by_the_browser_and_links_lead_to_slides():
    text = "## Loss\n\n$-\\log D(x)$ and [next](04_b.ipynb)\n\n$$x^2$$"
    page = slides.page(new_notebook(cells=[new_markdown_cell(text)]), "a")
    assert page.count("<math") == 2 and "$" not in page.split('<div class="slides">')[1].split("<script>")[0]
    assert 'href="04_b.slides.html"' in page
