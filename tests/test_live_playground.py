"""The live playground in Chromium: driven by keys alone, without a network, on a wide and on a narrow screen."""

import contextlib
import hashlib
import json
import re

import playground
import pytest
from browser import LIVE, NARROW, WIDE, chromium, obstacles, open_page

FOLDER = LIVE / "playground"
PAGE = FOLDER / "index.html"
MINUTES = 4 * 60_000  # milliseconds, for a machine that is busy
LINES = [json.loads(line) for line in playground.RECORD.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def opened(browser):
    """Return a function that opens the page with what stands after the #; each page is closed after the test."""
    with contextlib.ExitStack() as stack:

        def opened(hash: str = "", size: dict = WIDE, **options):
            page = stack.enter_context(open_page(browser, PAGE, size, hash, **options))
            page.set_default_timeout(MINUTES)
            page.evaluate("ready")
            rest(page)
            return page

        yield opened


def rest(page) -> None:
    """Wait until nobody has a step left."""
    page.wait_for_function("task === null")


def reach(page, name: str) -> None:
    """Press Tab until a control has the focus."""
    for _ in range(60):
        if page.evaluate("document.activeElement.id") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"expected the control {name} within 60 presses of Tab")


def press(page, name: str) -> None:
    """Press a button by the keyboard and wait until its steps are done."""
    reach(page, name)
    page.keyboard.press("Enter")
    rest(page)


def choose(page, name: str, label: str) -> None:
    """Choose an option by the arrow keys."""
    reach(page, name)
    page.keyboard.press("Home")
    for _ in range(page.evaluate("(name) => find(name).options.length", name)):
        if page.evaluate("(name) => find(name).selectedOptions[0].text", name) == label:
            return rest(page)
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"expected an option {label!r} of {name}")


def sentence(page) -> str:
    return page.evaluate("find('sentence').textContent")


def test_every_control_is_reached_by_tab_and_has_a_name(opened):
    for model, example in (("gan", "vaeRate"), ("vae", "loss")):
        page = opened(f"#model={model}")
        ids = page.evaluate("[...document.querySelectorAll('button, select, input')].map(({ id }) => id)")
        seen = []
        for _ in range(40):
            page.keyboard.press("Tab")
            seen.append(page.evaluate("document.activeElement.id"))
        assert all(ids)
        missing = set(ids) - set(seen)
        other = {"gan": ".vae select, .vae input", "vae": ".gan select, button.gan"}[model]
        hidden = page.evaluate("(other) => [...document.querySelectorAll(other)].map(({ id }) => id)", other)
        assert missing == set(hidden) and example in hidden
        named = "[...document.querySelectorAll('select, input')].every(({ labels }) => labels[0].textContent.trim())"
        assert page.evaluate(named)


def test_the_buttons_move_whom_they_say(opened):
    page = opened()
    choose(page, "count", "10")
    for button, d_steps, g_steps in (("discriminator", 10, 0), ("generator", 10, 10), ("both", 20, 20)):
        before = page.evaluate("find('plane').toDataURL()")
        press(page, button)
        assert sentence(page).startswith(f"After {d_steps} steps of D and {g_steps} of G: ")
        assert page.evaluate("find('plane').toDataURL()") != before
    press(page, "restart")
    assert sentence(page).startswith("After 0 steps of D and 0 of G: ")


def test_a_step_of_one_player_leaves_the_other_alone_and_no_tensor_behind(opened):
    page = opened()
    weights = "({ d: model.discriminator.variables, g: model.generator.variables })"
    values = f"Object.fromEntries(Object.entries({weights}).map(([k, v]) => [k, v.map((w) => w.arraySync())]))"
    first, tensors = page.evaluate(values), page.evaluate("tf.memory().numTensors")
    choose(page, "count", "1")
    press(page, "discriminator")
    second = page.evaluate(values)
    press(page, "generator")
    third = page.evaluate(values)
    assert second["g"] == first["g"] and second["d"] != first["d"]
    assert third["d"] == second["d"] and third["g"] != second["g"]
    assert page.evaluate("tf.memory().numTensors") == tensors


def test_play_goes_on_until_pause_and_is_told_to_those_who_listen(opened):
    page = opened("#seed=2")
    reach(page, "play")
    page.keyboard.press("Space")
    page.wait_for_function("state.steps > 5")
    assert page.evaluate("find('play').textContent") == "Pause"
    page.keyboard.press("Space")
    rest(page)
    steps = page.evaluate("state.steps")
    assert page.evaluate("find('play').textContent") == "Play"
    assert page.get_by_role("status").text_content() == sentence(page)
    assert f"After {steps} steps of D" in page.evaluate("find('plane').ariaLabel")
    assert re.search(r"loss of D now \d", page.evaluate("find('losses').ariaLabel"))


def test_a_link_restores_settings_seed_and_steps(opened):
    page = opened()
    choose(page, "preset", "Collapse: D learns ten times more slowly than G")
    reach(page, "seed")
    page.keyboard.press("ArrowUp")
    choose(page, "count", "10")
    press(page, "both")
    press(page, "both")
    link = page.url
    press(page, "link")
    page.wait_for_function("find('announcement').textContent.startsWith('Link ')")
    assert link.endswith("#momentum=0.5&discriminatorRate=0.0001&seed=1&steps=20")
    again = opened(link[link.index("#") :])
    assert sentence(again) == sentence(page)
    assert again.evaluate("find('preset').selectedOptions[0].text").startswith("Collapse")
    assert again.evaluate("Array.from(model.sample())") == page.evaluate("Array.from(model.sample())")


def test_a_run_that_a_link_cannot_repeat_begins_at_step_0_in_it(opened):
    page = opened()
    choose(page, "count", "10")
    press(page, "both")
    choose(page, "loss", "least squares")
    press(page, "both")
    assert page.url.endswith("#loss=least+squares")
    assert page.evaluate("find('about').textContent").startswith("Settings of your own")
    press(page, "restart")
    press(page, "both")
    assert page.url.endswith("#loss=least+squares&steps=10")


def test_a_link_with_values_that_mean_nothing_opens_the_defaults(opened):
    page = opened("#loss=kl&seed=-3&pack=7&beta=2&model=flow&steps=0.5&momentum=&unknown=1")
    assert page.evaluate("state") == page.evaluate("PAGE_DEFAULTS")


def test_the_vae_and_its_slider(opened):
    page = opened()
    choose(page, "model", "VAE")
    choose(page, "count", "10")
    press(page, "both")
    assert re.match(r"After 10 steps: .* modes.* Reconstruction .* nats, KL divergence .* nats\.", sentence(page))
    reach(page, "beta")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("[state.beta, model.settings.beta, find('betaValue').textContent]") == [3, 3, "3"]
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "3"
    assert "The codes say" in page.evaluate("find('codes').ariaLabel")


def test_the_moons_have_no_modes_to_count(opened):
    page = opened()
    choose(page, "data", "two moons")
    choose(page, "count", "1")
    press(page, "both")
    assert "No modes to count on the moons." in sentence(page)


def test_training_that_diverges_stops_and_says_so(opened):
    page = opened()
    page.evaluate("model.generator.variables[0].assign(tf.fill([2, 64], NaN))")
    reach(page, "play")
    page.keyboard.press("Enter")
    rest(page)
    assert sentence(page).startswith("Training has diverged: ")


def test_little_moves_for_those_who_ask_for_that(opened):
    page = opened(reduced_motion="reduce")
    reach(page, "play")
    page.keyboard.press("Enter")
    frames, steps = page.evaluate("[frames, state.steps]")
    page.wait_for_timeout(2500)
    page.keyboard.press("Enter")
    rest(page)
    assert page.evaluate("frames") - frames <= 4 and page.evaluate("state.steps") > steps


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("model", ["gan", "vae"])
def test_nothing_stands_in_the_way_of_those_who_cannot_see_or_point(opened, size, scheme, model):
    page = opened(f"#model={model}&steps=2", size, color_scheme=scheme)
    assert obstacles(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_the_library_is_the_one_that_its_readme_names():
    folder = LIVE / "shared" / "tfjs"
    rows = re.findall(
        r"^\| `([\w.-]+)` \|.*\| (\d+) \| `(\w{64})` \|$", (folder / "README.md").read_text("utf-8"), re.M
    )
    assert {name for name, *_ in rows} == {"tf.min.js", "wasm-simd.js"}
    for name, size, digest in rows:
        content = (folder / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (int(size), digest), name


def test_the_page_is_light_and_its_parts_are_there():
    parts = re.findall(r'(?:src|href)="([^"]+)"', PAGE.read_text(encoding="utf-8"))
    sizes = [(FOLDER / part).stat().st_size for part in parts]
    assert sum(sizes) + PAGE.stat().st_size < 3_000_000 and max(sizes) < 2_000_000
    scripts = {file.name for file in FOLDER.glob("*.js")}
    assert scripts <= set(parts)


def test_the_counts_of_the_page_are_those_of_the_record(opened):
    page = opened()
    presets, outcomes = page.evaluate("[PRESETS, OUTCOMES]")
    assert page.evaluate("COUNTS") == playground.counts(presets)
    shown = page.evaluate("[...find('counts').rows].map((row) => [...row.cells].map((cell) => cell.textContent))")
    for (title, counted, *cells, _), (name, row) in zip(shown, playground.counts(presets).items(), strict=True):
        assert title == presets[name]["title"]
        assert counted == outcomes[presets[name]["outcome"]]["words"]
        expected = [row["tuned"], row["confirmed"], row["lesson"]]
        assert cells == ["–" if count is None else f"{count} of 10" for count in expected]


def test_the_record_is_that_of_all_presets_and_its_outcomes_follow_from_its_numbers(opened):
    page = opened()
    names = page.evaluate("Object.keys(PRESETS)")
    seeds = [*range(10), *range(100, 110)]
    assert sorted(map(str, (line["job"] for line in LINES))) == sorted(str([n, seed]) for n in names for seed in seeds)
    for line in LINES:
        holds = {
            "covered": line["modes"] == 8 and line["kl"] < 0.3,
            "collapsed": line["modes"] <= 3,
            "posterior collapsed": line.get("code_kl", 9) < 0.1,
        }
        assert line["holds"] == holds[line["outcome"]], line


@pytest.mark.parametrize("name, seed", [("collapse", 100), ("faster", 100), ("silent", 101)])
def test_a_preset_comes_out_as_recorded(opened, name, seed):
    (line,) = [line for line in LINES if line["job"] == [name, seed]]
    page = opened()
    found = page.evaluate("([name, seed]) => playPreset(name, seed)", [name, seed])
    assert found["holds"] == line["holds"]
    if page.context.browser.version == line["chromium"]:  # another one may round otherwise
        assert found["distance"] == pytest.approx(line["distance"], abs=1e-6)


def runs(name: str) -> list[dict]:
    return [line for line in LINES if line["job"][0] == name]


@pytest.mark.parametrize("name", ["healthy", "collapse", "faster", "pairs"])
@pytest.mark.parametrize("first", [0, 100])
def test_collapse_and_its_cures_come_out_in_nine_of_ten(name, first):
    ten = [run["holds"] for run in runs(name) if first <= run["job"][1] < first + 10]
    assert len(ten) == 10 and sum(ten) >= 9


def test_the_hints_of_the_presets_are_what_was_recorded():
    """Half of the seeds; out of sight; fewer samples on the modes; some cover, others collapse."""
    saved, others = sum(run["holds"] for run in runs("hearing")), [run["modes"] for run in runs("lottery")]
    assert 8 <= saved <= 12 and sum(run["holds"] for run in runs("flattened")) >= 16
    assert sum(run["distance"] > 3 for run in runs("vanishing")) >= 18
    assert max(run["high_quality"] for run in runs("pairs")) < min(run["high_quality"] for run in runs("faster"))
    assert max(others) == 8 and min(others) <= 3


def test_a_generator_alone_covers_no_mode(opened):
    """The hint of the healthy game."""
    score = opened().evaluate(
        """(() => {
          const game = build(DEFAULTS);
          for (let i = 0; i < 100; i++) game.step("discriminator");
          for (let i = 0; i < 1000; i++) game.step("generator");
          return game.score();
        })()"""
    )
    assert score["modes"] == 0
