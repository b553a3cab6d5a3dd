"""The live playground in Chromium: driven by keys alone, without a network, on a wide and on a narrow screen."""

import contextlib
import hashlib
import re

import pytest
from browser import LIVE, NARROW, WIDE, chromium, obstacles, open_page

FOLDER = LIVE / "playground"
PAGE = FOLDER / "index.html"
MINUTES = 4 * 60_000  # milliseconds, for a machine that is busy


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
    choose(page, "preset", "Collapse: D is too slow")
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
    assert page.evaluate("find('title').textContent").startswith("Settings of your own")
    press(page, "restart")
    press(page, "both")
    assert page.url.endswith("#loss=least+squares&steps=10")


def test_a_link_repeats_so_many_steps_and_says_when_it_does_not(opened):
    page = opened("#seed=4")
    choose(page, "count", "1")
    longest = page.evaluate("(state.steps = LONGEST - 1) + 1")
    press(page, "both")
    assert page.url.endswith(f"#seed=4&steps={longest}")
    assert page.evaluate("linkedState().steps") == longest
    press(page, "both")
    assert page.url.endswith("#seed=4")
    press(page, "link")
    page.wait_for_function("find('announcement').textContent.startsWith('Link ')")
    assert f"cannot repeat more than {longest:,} steps" in page.evaluate("find('announcement').textContent")
    assert page.evaluate("find('link').textContent").endswith(", from step 0")


def test_settings_of_ones_own_are_shown_and_cannot_be_chosen(opened):
    page = opened("#momentum=0.9")
    assert page.evaluate("find('preset').selectedOptions[0].text") == "your own settings"
    assert page.evaluate("find('preset').selectedOptions[0].disabled")


def test_what_to_do_stands_apart_from_what_was_counted_and_words_come_before_their_use(opened):
    page = opened()
    for name in page.evaluate("Object.keys(PRESETS)"):
        page.evaluate("(name) => fillControls({ ...state, ...DEFAULTS, ...PRESETS[name].settings })", name)
        task, odds = page.evaluate("[find('about').textContent, find('odds').textContent]")
        assert "Counted" not in task and odds.startswith("Counted here: ") and odds.count(" of 10") >= 2
    header = page.locator("header").inner_text()
    assert re.search(r"\bmodes?\b", header).start() == header.index("modes. A model covers")
    assert "A model covers a mode when one of 2,500 points that it generates lies on it" in header
    assert "generated points lie on a mode" in sentence(page)


def test_on_a_phone_the_name_of_every_preset_fits_into_the_list(opened):
    page = opened("", NARROW)
    cut = """[...find("preset").options].map((option) => {
      const style = getComputedStyle(find("preset"));
      const context = document.createElement("canvas").getContext("2d");
      context.font = style.font;
      const room = find("preset").clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - 20;
      return [option.text, context.measureText(option.text).width - room];
    }).filter(([, excess]) => excess > 0)"""  # 20 pixels for the arrow
    assert page.evaluate(cut) == []


def test_the_colours_are_explained_as_the_loss_and_the_packs_make_them(opened):
    page = opened()
    assert page.evaluate("find('colours').textContent").endswith("orange ones those that it calls generated.")
    choose(page, "pack", "2")
    assert page.evaluate("find('colours').textContent").endswith(
        " points at a time: the colour is what it says of 2 in one place."
    )
    choose(page, "loss", "wasserstein")
    assert "D calls real" not in page.evaluate("find('colours').textContent")
    assert "above the middle of its two means" in page.evaluate("find('colours').textContent")


@pytest.mark.parametrize(
    "loss, expected",
    [
        ("minimax", [0.1192, 0.5, 0.6225, 0.8808]),
        ("least squares", [0, 0, 0.5, 1]),  # with targets 0 and 1, D itself is a chance at best
        ("wasserstein", [0.0474, 0.2689, 0.3775, 0.7311]),  # below and above the middle, which is 1
    ],
)
def test_the_colours_are_what_the_discriminator_means(opened, loss, expected):
    chances = opened().evaluate(
        """(loss) => {
          const game = build({ ...DEFAULTS, loss });
          game.surface = () => Float32Array.of(-2, 0, 0.5, 2);
          game.middle = () => 1;
          return Array.from(game.chances(2));
        }""",
        loss,
    )
    assert chances == pytest.approx(expected, abs=1e-4)


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
