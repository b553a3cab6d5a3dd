"""The blind test in a browser: fair rounds of a seed, played by keyboard, in numbers too, and an honest score."""

import io
import math
import re

import pytest
import torch
from browser import LIVE, NARROW, WIDE, chromium, obstacles, open_page
from helpers import digits
from live import blind_rounds
from PIL import Image
from test_export_live import rounds

from course_utils.comparison.measures import shuffled
from course_utils.comparison.verdicts import CLAIMS
from course_utils.metrics import sharpness

PAGE = LIVE / "blind_test" / "index.html"


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser):
    with open_page(browser, PAGE, hash="#seed=5") as page:
        page.wait_for_selector("body[data-ready]")
        yield page


def drawn(page, seed: int) -> list[dict]:
    return page.evaluate("seed => roundsOf(seed)", seed)


def test_no_picture_is_shown_twice_and_each_row_is_of_one_family(page):
    content = rounds()
    for seed in range(10):
        played = drawn(page, seed)
        places = [place for round_ in played for row in round_["rows"] for place in row]
        assert len(places) == len(set(places)) == 200
        for i, round_ in enumerate(played):
            way = "usual" if i < 5 else "after"
            kinds = [{tuple(content["kinds"][place // content["shown"]]) for place in row} for row in round_["rows"]]
            assert kinds[round_["gan"]] == {(way, "GAN")} and kinds[1 - round_["gan"]] == {(way, "VAE")}


def test_the_rounds_depend_on_the_seed_alone_and_both_places_are_as_frequent(page):
    orders = [[round_["gan"] for round_ in drawn(page, seed)] for seed in range(60)]
    assert orders[:3] == [[round_["gan"] for round_ in drawn(page, seed)] for seed in range(3)]
    assert len({tuple(order) for order in orders}) > 50
    assert 250 < sum(map(sum, orders)) < 350


def test_the_page_measures_rows_as_python_does(page):
    pixels = page.evaluate("blindTest.pictures.map((picture) => [...picture])")
    images = torch.tensor(pixels).view(-1, 1, 28, 28)
    row = [3, 50, 120, 121, 7, 300, 310, 399, 200, 88]
    found = page.evaluate("row => measuresOf(row, blindTest.pictures)", row)
    assert found["sharpness"] == pytest.approx(sharpness(images[row]), rel=1e-5)
    assert found["ink"] == pytest.approx(images[row].mean().item(), rel=1e-5)
    assert found["variety"] == pytest.approx(blind_rounds.variety(images[row][None]).item(), rel=1e-3)
    assert found["readability"] == pytest.approx(sum(rounds()["readability"][i] for i in row) / 10)


def test_a_coin_does_as_well_as_often_as_the_binomial_says(page):
    for right in range(11):
        expected = sum(math.comb(10, k) for k in range(right, 11)) / 2**10
        assert page.evaluate("right => coinDoesAsWell(right, 10)", right) == pytest.approx(expected)


@pytest.mark.parametrize("right, share", [(10, "0.098 %"), (9, "1 %"), (5, "62 %"), (0, "100 %")])
def test_the_score_names_a_share_that_is_not_zero(browser, right, share):
    with open_page(browser, PAGE, hash="#seed=5") as page:
        gans = ["ul"[round_["gan"]] for round_ in drawn(page, 5)]
    answers = "".join(gan if i < right else {"u": "l", "l": "u"}[gan] for i, gan in enumerate(gans))
    with open_page(browser, PAGE, hash=f"#seed=5&answers={answers}") as page:
        page.wait_for_selector("body[data-ready]")
        assert page.locator("#score").inner_text() == (
            f"You found the GAN in {right} of 10 rounds; a tossed coin does as well or better in {share} of tests."
        )


def clue(gan: float, vae: float, telling: float) -> str:
    """Return whose row has clearly more of something, or "" where it is nothing to go by."""
    return "" if abs(gan - vae) < telling else "GAN" if gan > vae else "VAE"


def percents(sentence: str) -> list[int]:
    return [int(number) for number in re.findall(r"(\d+) %", sentence)]


EDGES = {"GAN": "The edges give it away: ", "VAE": "The edges mislead: ", "": "The edges are too alike to tell: "}
READING = {"GAN": "Reading helps: ", "VAE": "Reading misleads: ", "": "Reading cannot tell: "}
GUESS = "Neither clue could tell you: this round is a guess."


def test_the_reasons_of_a_round_are_what_was_measured_in_its_rows(page):
    sharp, told = rounds()["real"]["sharpness"], set()
    for seed in range(40):
        for round_ in drawn(page, seed):
            measured = page.evaluate("rows => rows.map((row) => measuresOf(row, blindTest.pictures))", round_["rows"])
            edges, reading, *guess = page.evaluate("a => reasonsOf(...a, blindTest.pictures)", [round_, measured])
            gan, vae = measured[round_["gan"]], measured[1 - round_["gan"]]
            sharper = clue(gan["sharpness"] / sharp, vae["sharpness"] / sharp, 0.1)
            easier = clue(gan["readability"], vae["readability"], 0.05)
            assert edges.startswith(EDGES[sharper]) and reading.startswith(READING[easier])
            assert percents(edges) == pytest.approx([100 * row["sharpness"] / sharp for row in (gan, vae)], abs=0.51)
            assert percents(reading) == pytest.approx([100 * row["readability"] for row in (gan, vae)], abs=0.51)
            assert guess == ([] if "GAN" in (sharper, easier) else [GUESS])
            told |= {EDGES[sharper], READING[easier], *guess}
    assert told == {*EDGES.values(), *READING.values(), GUESS} - {EDGES["VAE"]}, "some sentence is never said"


def test_softer_strokes_of_the_gan_would_be_told_too_and_explained_by_nothing(page):
    """No seed above has such a round; its sentence must not say that a VAE's means are soft."""
    gan, vae = {"sharpness": 0.05, "readability": 0.9}, {"sharpness": 0.12, "readability": 0.91}
    round_ = drawn(page, 5)[0] | {"gan": 1}
    edges, _, guess = page.evaluate("a => reasonsOf(...a, blindTest.pictures)", [round_, [vae, gan]])
    assert edges.startswith(EDGES["VAE"]) and "means are soft" not in edges and guess == GUESS


def test_the_difference_in_sharpness_that_tells_is_that_of_lesson_07(page):
    assert page.evaluate("TELLING.sharpness") == CLAIMS[0].comparisons["as usually drawn"].matters == 0.1


def test_the_softest_of_twenty_is_named_and_marked(page):
    page.locator("#upper").click()
    (rows,) = (round_["rows"] for round_ in drawn(page, 5)[:1])
    pixels = torch.tensor(page.evaluate("blindTest.pictures.map((picture) => [...picture])")).view(-1, 1, 28, 28)
    soft = [sharpness(pixels[i : i + 1]) for row in rows for i in row]
    row, place = divmod(soft.index(min(soft)), 10)
    name = ("upper", "lower")[row]
    assert f"number {place + 1} of the {name} row" in page.locator("#why").inner_text()
    under = """name => [...Array(10).keys()].map((i) => document.getElementById(`row-${name}`).getContext("2d")
        .getImageData(31 * i + 14, 29, 1, 1).data[3])"""
    for other in ("upper", "lower"):
        marked = [255 if (other, i) == (name, place) else 0 for i in range(10)]
        assert page.evaluate(under, other) == marked
    page.locator("#next").click()
    assert page.locator("#why").inner_text() == "" and page.evaluate(under, name) == [0] * 10


def test_the_words_are_explained_where_they_first_appear(page):
    first = page.locator("main p").first.inner_text()
    assert first.startswith("A GAN (generative adversarial network) ") and "a VAE (variational autoencoder) " in first
    assert "N(0, I): each picture from a few random numbers" in page.locator("#drawn").inner_text()
    play(page, ["upper"] * 5)
    assert "after the step, something done once training is over" in page.locator("#drawn").inner_text()


def test_on_a_phone_the_reasons_and_the_next_button_are_seen_together(browser):
    for seed in (1, 2, 3):
        with open_page(browser, PAGE, NARROW, f"#seed={seed}") as page:
            page.wait_for_selector("body[data-ready]")
            page.locator("#upper").click()
            top, bottom = page.locator("#row-upper").bounding_box()["y"], page.locator("#next").bounding_box()
            assert 0 <= top and bottom["y"] + bottom["height"] <= NARROW["height"]
            assert page.locator("#bets").is_hidden()


@pytest.mark.parametrize("colours, paper", [("light", (255, 255, 255)), ("dark", (20, 24, 31))])
def test_between_digits_one_sees_the_page(browser, colours, paper):
    with open_page(browser, PAGE, color_scheme=colours) as page:
        page.wait_for_selector("body[data-ready]")
        row = Image.open(io.BytesIO(page.locator("#row-upper").screenshot())).convert("RGB")
    tile = row.width / 307  # pixels of the screen for one of the canvas: ten pictures and nine gaps
    assert {row.getpixel((int((31 * i + 29.5) * tile), row.height // 2)) for i in range(9)} == {paper}


def press_until(page, name: str) -> None:
    """Press Tab until a control has the focus; fail if the keyboard cannot reach it."""
    for _ in range(30):
        if page.evaluate("document.activeElement.id") == name:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab does not reach {name}")


def play(page, bets: list[str]) -> list[str]:
    """Bet on places by keyboard alone; return what the page said after each bet."""
    said = []
    for bet in bets:
        page.evaluate("document.activeElement.blur()")
        press_until(page, bet)
        page.keyboard.press("Enter")
        said.append(page.locator("#said").inner_text())
        assert page.evaluate("document.activeElement.id") == "next"
        page.keyboard.press("Enter")
    return said


def test_ten_rounds_by_keyboard_end_in_an_honest_score(page):
    places = ["upper" if round_["gan"] == 0 else "lower" for round_ in drawn(page, 5)]
    bets = [place if i != 3 else {"upper": "lower", "lower": "upper"}[place] for i, place in enumerate(places)]
    said = play(page, bets)
    assert [line.startswith("✓ Right") for line in said] == [i != 3 for i in range(10)]
    assert all(f"the {place} row is the GAN's" in line for place, line in zip(places, said))
    assert page.evaluate("document.activeElement.id") == "result-title"
    share = round(100 * sum(math.comb(10, k) for k in (9, 10)) / 2**10)
    assert page.locator("#score").inner_text() == (
        f"You found the GAN in 9 of 10 rounds; a tossed coin does as well or better in {share} % of tests."
    )
    assert page.locator("#game").is_hidden()


def test_what_the_rules_would_have_scored_is_counted_on_the_same_rounds(page):
    play(page, ["upper"] * 10)
    names = {"sharpness": "sharper", "readability": "readable"}  # of a rule, and of its numbers in the sentences
    for (name, where), row in zip(names.items(), page.locator("#rules tr").all()):
        right = {"usual": 0, "after": 0}
        for round_ in drawn(page, 5):
            upper, lower = (
                page.evaluate("row => measuresOf(row, blindTest.pictures)", r)[name] for r in round_["rows"]
            )
            right[round_["way"]] += round_["gan"] == (0 if upper > lower else 1)
        cells = row.locator("td").all_inner_texts()
        often = [page.locator(f"#{where}-{way}").inner_text() for way in ("usual", "after")]
        assert often == [f"{100 * rounds()['rules'][way][name]:.3g} %" for way in ("usual", "after")]
        assert cells == [f"{right['usual']} of 5", f"{right['after']} of 5", *often]


def test_the_numbers_of_lesson_07_stand_in_the_table(page):
    play(page, ["lower"] * 10)
    assert page.locator("#lesson").is_hidden()
    page.locator("summary", has_text="The table").click()
    table = [row.locator("th, td").all_inner_texts() for row in page.locator("#lesson tr").all()]
    assert table == rounds()["lesson_07"]["rows"]


def test_it_is_said_that_the_vae_of_the_first_rounds_has_settings_for_a_fitted_prior(page):
    assert "the VAE's settings are for a fitted prior" in page.locator("#drawn").inner_text()
    play(page, ["upper"] * 10)
    distances = rounds()["lesson_07"]["distances"]
    found = {way: page.locator(f"#distance-{way}").text_content() for way in distances}
    assert found == {way: f"{number:.3g}" for way, number in distances.items()}


def test_the_result_ends_with_real_digits_of_every_class(page):
    play(page, ["upper"] * 10)
    shown = page.evaluate(
        """() => {
            const canvas = document.getElementById("row-real");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return [canvas.width, [...data].filter((_, i) => i % 4 === 0)];
        }"""
    )
    width, levels = shown
    rows = torch.tensor(levels).view(-1, width)[:28]
    for i, number in enumerate(rounds()["one_of_each"]):
        real = (255 * shuffled(digits()).test[number, 0]).round().long()
        assert torch.equal(rows[:, 31 * i : 31 * i + 28], real)


def test_a_link_restores_the_rows_the_round_and_the_answers(browser, page):
    play(page, ["upper", "lower", "upper"])
    hash = page.evaluate("location.hash")
    assert hash == "#seed=5&answers=ulu"
    rows = [page.locator(f"#row-{place}").evaluate("c => c.toDataURL()") for place in ("upper", "lower")]
    with open_page(browser, PAGE, hash=hash) as again:
        again.wait_for_selector("body[data-ready]")
        assert again.locator("#round").inner_text() == "Round 4 of 10"
        assert [again.locator(f"#row-{place}").evaluate("c => c.toDataURL()") for place in ("upper", "lower")] == rows
    with open_page(browser, PAGE, hash="#seed=-3.4&answers=abcul") as nonsense:
        nonsense.wait_for_selector("body[data-ready]")
        assert nonsense.locator("#round").inner_text() == "Round 3 of 10"


def test_nothing_names_the_families_before_the_bet_and_the_numbers_describe_both_rows(page):
    for _ in range(10):
        for place in ("upper", "lower"):
            label = page.locator(f"#row-{place}").get_attribute("aria-label")
            assert "GAN" not in label and "VAE" not in label
            assert page.locator(f"#name-{place}").inner_text() == f"{place.title()} row"
        page.locator("summary").first.click()
        numbers = [row.locator("td").all_inner_texts() for row in page.locator("#numbers tr").all()]
        assert len(numbers) == 4 and all(cell.endswith(" %") for row in numbers for cell in row)
        page.locator("summary").first.click()
        play(page, ["upper"])


def test_another_game_has_other_rows_and_begins_at_its_start(page):
    play(page, ["upper"] * 10)
    page.evaluate("document.activeElement.blur()")
    press_until(page, "again")
    page.keyboard.press("Enter")
    assert page.locator("#round").inner_text() == "Round 1 of 10"
    assert page.evaluate("[document.activeElement.id, location.hash]") == ["round", "#seed=6"]


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["360 px", "1400 px"])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nothing_is_in_the_way_and_nothing_sticks_out(browser, size, colours):
    for hash in ("#seed=5", "#seed=5&answers=ululululul"):
        with open_page(browser, PAGE, size, hash, color_scheme=colours, reduced_motion="reduce") as page:
            page.wait_for_selector("body[data-ready]")
            for summary in page.locator("summary:visible").all():
                summary.click()
            assert obstacles(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            assert page.evaluate("document.getAnimations().length") == 0


def test_the_page_is_small(browser):
    asked = set()
    with open_page(browser, PAGE) as page:
        page.on("request", lambda request: asked.add(request.url))
        page.reload()
        page.wait_for_selector("body[data-ready]")
    total = sum((LIVE.parent / url.split("/docs/site/")[1].split("#")[0]).stat().st_size for url in asked)
    print(f"{total / 1e6:.2f} MB in {len(asked)} files")
    assert total < 3_000_000
