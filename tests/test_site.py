"""The web site: what the lessons say and show is on its pages, links lead somewhere, and everybody can read it."""

import functools
import http.server
import json
import re
import threading
from urllib.parse import urlsplit

import nbformat
import pytest
from browser import chromium
from bs4 import BeautifulSoup
from pages import export
from website.source import LIVE, ROOT, SITE, documents, lessons, live_pages

PAGES = sorted(str(path.relative_to(ROOT).with_suffix(".html")) for path in (*lessons(), *documents()))
PAGES += ["index.html", "glossary.html", "search.html"]
LIVE_PAGES = [f"live/{name}/index.html" for name in live_pages()]
WIDTHS = (1400, 360)

every_lesson = pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
every_page = pytest.mark.parametrize("page", PAGES + LIVE_PAGES)
every_width = pytest.mark.parametrize("width", WIDTHS)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return the folder of the built site; Sphinx's warnings and broken links would have stopped it."""
    for package in ("furo", "latex2mathml", "myst_nb"):
        pytest.importorskip(package, reason="the site needs what `make site` installs")
    from build_site import build

    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return folder


@functools.cache
def read(site, page):
    return BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")


def outputs(path):
    """Return what a lesson's cells show, by kind of content."""
    cells = nbformat.read(path, as_version=4).cells
    return [output for cell in cells for output in cell.get("outputs", []) if "data" in output]


def test_every_lesson_and_document_is_a_page_and_nothing_else_is(site):
    assert sorted(str(page.relative_to(site)) for page in site.rglob("*.html")) == sorted(PAGES + LIVE_PAGES)


@every_lesson
def test_every_figure_of_a_lesson_is_there_with_its_text(site, path):
    page = read(site, f"notebooks/{path.stem}.html")
    texts = [output.metadata["image/png"]["alt"] for output in outputs(path) if "image/png" in output.data]
    assert [image["alt"] for image in page.select("a.figure img")] == texts
    assert all(image["alt"] for image in page.select("article img"))


@every_lesson
def test_a_lesson_shows_what_its_cells_print_and_no_widget_without_a_kernel(site, path):
    page = read(site, f"notebooks/{path.stem}.html")
    printed = [
        output.text for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", []) if "text" in output
    ]
    shown = "\n".join(block.get_text() for block in page.select(".cell_output pre"))
    assert printed and [text for text in printed if text.strip() not in shown] == []
    assert "VBox(" not in page.get_text() and "<Figure" not in page.get_text()


@every_lesson
def test_a_lesson_begins_with_its_buttons_and_a_folded_set_up(site, path):
    page = read(site, f"notebooks/{path.stem}.html")
    assert page.h1.find_next("p")["class"] == ["buttons"]
    download = page.select_one(".buttons a[download]")
    cells = json.loads((site / "notebooks" / download["href"]).read_text(encoding="utf-8"))["cells"]
    assert [cell for cell in cells if cell.get("outputs")] == []
    setup = page.select_one(".cell_input")
    assert "REPOSITORY" in setup.get_text() and setup.find_parent("details") is not None
    assert len(page.select("details.hide")) == 1


def test_lessons_follow_each_other(site):
    names = [path.stem for path in lessons()]
    for name, following in zip(names, names[1:]):
        assert read(site, f"notebooks/{name}.html").select_one("a.next-page")["href"] == f"{following}.html"
        assert read(site, f"notebooks/{following}.html").select_one("a.prev-page")["href"] == f"{name}.html"


def test_the_front_page_shows_the_verdicts_and_leads_to_every_lesson(site):
    page = read(site, "index.html")
    (text,) = re.findall(r"!\[([^]]+)\]\(docs/verdicts.png\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert text in [image.get("alt") for image in page.select("article img")]
    links = [link["href"] for link in page.select("article td a")]
    assert links == [f"notebooks/{path.stem}.html" for path in lessons()]


@pytest.mark.parametrize("page", PAGES)
def test_no_markup_is_left_in_a_text(site, page):
    article = read(site, page).article
    words = "".join(text for text in article.strings if not text.find_parent(["pre", "code", "math"]))
    assert [mark for mark in (":::", "```", "$", "](", "{term}", "**") if mark in words] == []
    assert [formula for formula in article.select("math") if "\\" in formula.get_text()] == []


def test_every_name_of_the_glossary_is_in_the_lesson_that_explains_it():
    text = (SITE / "glossary.md").read_text(encoding="utf-8")
    entries = re.findall(r"^(\S.*)\n((?:  .+\n)+)", text, re.MULTILINE)
    assert len(entries) > 60
    for term, sentence in entries:
        named = re.findall(r"\]\((notebooks/\w+\.ipynb)\)", sentence)
        assert named, f"{term} names no lesson"
        lesson = (ROOT / named[0]).read_text(encoding="utf-8").replace('\\"', '"')
        assert [code for code in re.findall("(?<!})`([^`]+)`", sentence) if code not in lesson] == [], term


def test_every_live_page_is_there_once_the_folder_is():
    if not (SITE / "live").is_dir():
        pytest.skip("docs/site/live is not there")
    assert [name for name in LIVE if not (SITE / "live" / name / "index.html").is_file()] == []


@pytest.mark.parametrize("name", LIVE)
def test_a_live_page_leads_back_to_the_course_and_to_its_lessons(site, name):
    page = (site / "live" / name / "index.html").read_text(encoding="utf-8")
    links = [link["href"] for link in BeautifulSoup(page, "html.parser").nav.find_all("a")]
    assert links[:2] == ["../../index.html", "../../glossary.html"]
    assert [link.split("/")[-1][:2] for link in links[2:]] == list(LIVE[name][1])


@pytest.fixture(scope="module")
def address(site):
    """Return where the site is served."""
    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def visit(browser, address, width):
    """Open a page with all answers unfolded, and return it with the hosts that it asked for something."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(120_000)  # milliseconds, for a machine that runs other tests beside it
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    page.wait_for_timeout(100)
    return page, hosts


def violations(page, with_colours=True):
    """Return what axe finds serious or critical on a page: the rule, and the first element that breaks it."""
    from axe_playwright_python.sync_playwright import Axe

    rules = {"color-contrast": {"enabled": with_colours}}
    found = Axe().run(page, options={"resultTypes": ["violations"], "rules": rules}).response["violations"]
    serious = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    return [(rule["id"], len(rule["nodes"]), rule["nodes"][0]["html"]) for rule in serious]


@every_width
@every_page
def test_a_page_fits_asks_no_other_host_and_has_no_serious_barrier(browser, address, page, width):
    """Colours, which take axe longest, are the same at every width but for the front page's narrow header."""
    with_colours = width == max(WIDTHS) or page == "index.html"
    opened, hosts = visit(browser, f"{address}/{page}", width)
    try:
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(opened, with_colours) == []
        assert hosts == {"127.0.0.1"}
    finally:
        opened.close()


@pytest.fixture(scope="module")
def front(browser, address):
    """Return the front page on a phone."""
    page, _ = visit(browser, f"{address}/index.html", min(WIDTHS))
    yield page
    page.close()


def test_on_a_phone_every_column_of_the_lessons_is_in_sight_with_its_head(front):
    heads = front.locator(".lessons thead th").all_text_contents()
    rows = front.locator(".lessons tbody tr").all()
    assert len(rows) == len(lessons())
    for row in rows:
        boxes = [cell.bounding_box() for cell in row.locator("td").all()]
        assert len(boxes) == 4 and all(0 <= box["x"] and box["x"] + box["width"] <= min(WIDTHS) for box in boxes)
        assert row.evaluate("row => row.scrollWidth <= row.clientWidth")
    said = "n => getComputedStyle(document.querySelector(`.lessons td:nth-child(${n}) p`), '::before').content"
    assert [front.evaluate(said, n) for n in (3, 4)] == [f'"{head.strip()}: "' for head in heads[2:]]


def test_the_verdicts_are_words_on_a_phone_and_a_picture_elsewhere(front, browser, address):
    words, picture = ".verdicts-in-words", "article img[src*='verdicts']"
    assert front.locator(words).is_visible() and front.locator(picture).is_hidden()
    edge = front.locator(words).bounding_box()
    assert edge["x"] + edge["width"] <= min(WIDTHS)
    wide, _ = visit(browser, f"{address}/index.html", max(WIDTHS))
    assert wide.locator(words).is_hidden() and wide.locator(picture).is_visible()
    wide.close()


def test_digits_are_seen_on_a_phone_and_the_button_of_the_blind_test_touches_no_line(front):
    picture = front.locator(".samples img")
    assert 280 < picture.bounding_box()["width"] <= min(WIDTHS) and picture.evaluate("img => img.naturalWidth > 0")
    gap = "a => a.getBoundingClientRect().top - a.parentElement.previousElementSibling.getBoundingClientRect().bottom"
    assert front.locator("a.button", has_text="blind test").evaluate(gap) >= 4


def test_a_lesson_as_jupyterlab_shows_it_has_no_serious_barrier(browser, tmp_path):
    (lesson,) = (path for path in lessons() if path.name.startswith("03"))
    page = tmp_path / "lesson.html"
    page.write_text(export(lesson), encoding="utf-8")
    opened, _ = visit(browser, page.as_uri(), 1400)
    assert violations(opened) == []
