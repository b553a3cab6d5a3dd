"""Where things stand on the explorer: what one drags and what it changes are seen together, and words are explained."""

import pytest
from browser import NARROW, WIDE, chromium
from test_live_explorer import MODELS, open_explorer

PHONE = {"width": 360, "height": 600}  # what a browser's own bars leave of a small phone


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def box(page, selector: str) -> dict:
    return page.locator(selector).bounding_box()


def test_on_a_phone_the_pictures_are_above_the_pad_and_seen_with_it_and_its_sliders(browser):
    with open_explorer(browser, PHONE) as page:
        pictures = [box(page, f"#at-{name}") for name in MODELS]
        pad, slider = box(page, "#pad"), box(page, "#y")
        assert all(picture["y"] + picture["height"] <= pad["y"] for picture in pictures)
        assert len({picture["y"] for picture in pictures}) == 1 and min(picture["width"] for picture in pictures) > 90
        assert slider["y"] + slider["height"] - pictures[0]["y"] <= PHONE["height"]


def test_on_a_wide_screen_the_pictures_are_beside_the_pad(browser):
    with open_explorer(browser, WIDE) as page:
        pad = box(page, "#pad")
        for name in MODELS:
            picture = box(page, f"#at-{name}")
            assert picture["x"] > pad["x"] + pad["width"] and abs(picture["y"] - pad["y"]) < 60


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["360 px", "1400 px"])
def test_the_ring_of_the_focus_cuts_no_letter(browser, size):
    with open_explorer(browser, size) as page:
        page.locator("#pad").focus()
        page.keyboard.press("ArrowLeft")  # a ring is drawn for those who use keys
        style = "['outlineWidth', 'outlineOffset'].map((name) => parseFloat(getComputedStyle(pad)[name]))"
        width, offset = page.evaluate(style)
        pad = box(page, "#pad")
        assert width > 0 and pad["y"] + pad["height"] + width + offset < box(page, "#pad-help")["y"]


def test_sparse_is_explained_before_a_caption_uses_it(browser):
    with open_explorer(browser) as page:
        text = " ".join(page.locator("main").text_content().split())
        explained = "of 100 unseen digits, which no model learned from, 18 have their code in a more crowded place"
        assert text.index("sparse") < text.index("how few codes of real digits lie there") < text.index("sparser than")
        assert explained in text
        prior = "explorer.models[1].prior"
        for density, percent in page.evaluate(
            f"{prior}.means.map((z) => [{prior}.logDensity(z), {prior}.sparserThan(z)])"
        ):
            crowded = page.evaluate(f"d => {prior}.crowded.filter((limit, i) => i > 0 && limit > d).length", density)
            assert percent == crowded, "of 100 unseen digits' codes, so many lie in more crowded places"
