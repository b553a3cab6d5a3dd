"""The explorer in a browser: the pixels of PyTorch, every control by keyboard, a link that restores what one saw."""

import contextlib
import json

import pytest
import torch
from browser import LIVE, NARROW, WIDE, chromium, obstacles, open_page
from test_export_live import MODELS, explorer, exported_decoder, unpacked

from course_utils.latent import slerp
from course_utils.metrics import sharpness
from course_utils.networks import sample

PAGE = LIVE / "explorer" / "index.html"
ONE_LEVEL = 1 / 255
every_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@contextlib.contextmanager
def open_explorer(browser, size: dict = WIDE, hash: str = "", **options):
    """Open the page, and wait until it has drawn."""
    with open_page(browser, PAGE, size, hash, **options) as page:
        page.wait_for_selector("body[data-ready]")
        page.wait_for_function("document.getElementById('drawn-vae_07').textContent !== ''")
        yield page


@pytest.fixture
def page(browser):
    with open_explorer(browser) as page:
        yield page


def codes(about: dict, n: int = 24) -> torch.Tensor:
    """Return codes of the prior, of digits, from far out, and the origin."""
    drawn = torch.randn(n, about["latent_dim"], generator=torch.Generator().manual_seed(5))
    return torch.cat([drawn, 3 * drawn[:4], unpacked(about["ends"])[:8], torch.zeros(1, about["latent_dim"])])


def in_browser(page, name: str, expression: str, **values):
    """Return what an expression says of a model `m` and of rows of numbers by their names."""
    rows = {key: [row.tolist() for row in value] for key, value in values.items()}
    script = f"""([name, rows]) => {{
        const m = explorer.models.find((model) => model.key === name);
        for (const key in rows) rows[key] = rows[key].map((row) => Float32Array.from(row));
        return {expression};
    }}"""
    return torch.tensor(page.evaluate(script, [name, rows]))


@every_model
def test_the_browser_draws_the_pixels_of_pytorch(page, name):
    about = explorer()["models"][name]
    z = codes(about)
    drawn = in_browser(page, name, "[...m.decode(rows.z)]", z=z).view(len(z), 1, 28, 28)
    difference = (drawn - sample(exported_decoder(about), z=z)).abs().max().item()
    print(f"{name}: {difference:.2e}, of 1/255 = {ONE_LEVEL:.2e}")
    assert difference <= ONE_LEVEL


def test_a_code_moved_by_little_would_be_noticed(page):
    about = explorer()["models"]["gan_03"]
    z = codes(about)
    drawn = in_browser(page, "gan_03", "[...m.decode(rows.z)]", z=z + 0.01).view(len(z), 1, 28, 28)
    assert (drawn - sample(exported_decoder(about), z=z)).abs().max().item() > ONE_LEVEL


@pytest.mark.parametrize("name", ["vae_06", "vae_07"])
def test_the_browser_knows_how_crowded_a_place_is(page, name):
    about = explorer()["models"][name]
    shares, means, scales, crowded = (
        unpacked(about["prior"][key]) for key in ("shares", "means", "scale_tril", "crowded")
    )
    gaussians = torch.distributions.MultivariateNormal(means.double(), scale_tril=scales.double())
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(shares.double()), gaussians)
    z = codes(about)
    density = mixture.log_prob(z.double()).float()
    found = in_browser(page, name, "rows.z.map((z) => m.prior.logDensity(z))", z=z)
    assert torch.allclose(found, density, atol=1e-3, rtol=1e-4)
    percent = in_browser(page, name, "rows.z.map((z) => m.prior.sparserThan(z))", z=z)
    assert torch.equal(percent, 100 - (crowded[None, 1:] <= density[:, None]).sum(1))


@pytest.mark.parametrize("name", ["vae_06", "vae_07"])
def test_draws_of_the_fitted_prior_have_its_mean_and_its_spread(page, name):
    about = explorer()["models"][name]
    shares, means, scales = (unpacked(about["prior"][key]) for key in ("shares", "means", "scale_tril"))
    drawn = in_browser(page, name, "m.draws(4000, 7, 'fitted').map((z) => [...z])")
    mean = (shares[:, None] * means).sum(0)
    second = (shares[:, None, None] * (scales @ scales.mT + means[:, :, None] * means[:, None, :])).sum(0)
    assert torch.allclose(drawn.mean(0), mean, atol=0.1)
    assert torch.allclose(drawn.T.cov(), second - mean.outer(mean), atol=0.15)


def test_walks_and_sharpness_are_those_of_the_course(page):
    a, b = torch.randn(2, 1, 16)
    for position in (0.0, 0.3, 1.0):
        arc = in_browser(page, "vae_06", f"[...slerp(rows.a[0], rows.b[0], {position})]", a=a, b=b)
        assert torch.allclose(arc, slerp(a, b, position)[0], atol=1e-5)
        line = in_browser(page, "vae_06", f"[...lerp(rows.a[0], rows.b[0], {position})]", a=a, b=b)
        assert torch.allclose(line, torch.lerp(a, b, position)[0], atol=1e-5)
    image = torch.rand(1, 784)
    found = in_browser(page, "vae_06", "sharpness(rows.image[0])", image=image)
    assert found.item() == pytest.approx(sharpness(image.view(1, 1, 28, 28)), rel=1e-5)


@every_model
@pytest.mark.parametrize("across, down", [("main 1", "main 2"), ("main 1", "z 1"), ("main 1", "main 1")])
def test_the_middle_of_the_pad_is_the_middle_for_any_two_directions(page, name, across, down):
    """At (0, 0) no part lies along either direction; from there one moves by x u + y v, orthogonal or not."""
    states = [{"base": 3, "across": across, "down": down, "x": x, "y": y} for x, y in ((0, 0), (1.5, -2))]
    middle, there = (in_browser(page, name, f"[...codeAt(m, {json.dumps(state)})]") for state in states)
    base = in_browser(page, name, "[...m.draws(1, 3)[0]]")
    u, v = (in_browser(page, name, f"[...m.direction('{direction}')]").float() for direction in (across, down))
    assert (middle @ u).abs() < 1e-4 and (middle @ v).abs() < 1e-4
    assert torch.allclose(there - middle, 1.5 * u - 2 * v, atol=1e-4)
    plane = torch.stack([u, v], 1)
    outside = base - plane @ torch.linalg.lstsq(plane, base[:, None], driver="gelsd").solution[:, 0]
    assert torch.allclose(middle, outside, atol=1e-4), "other directions of z have changed"


def test_home_goes_to_the_middle_of_two_directions_that_are_not_orthogonal(browser):
    with open_explorer(browser, hash="#across=main%201&down=z%201&x=1.5&y=-2") as page:
        focus_by_tab(page, "pad")
        page.keyboard.press("Home")
        frames(page)
        parts = "['main 1', 'z 1'].map((name) => dot(codeAt(m, explorer.state), m.direction(name)))"
        assert all(in_browser(page, name, parts).abs().max() < 1e-4 for name in MODELS)


@pytest.mark.parametrize("name, usual", [("gan_03", "5.7"), ("vae_06", "4"), ("vae_07", "3.5")])
def test_beside_a_length_stands_what_is_usual_and_no_place_is_sparser_than_all(page, name, usual):
    z = "Float32Array.from({ length: m.latentDim }, () => 9)"
    words = page.evaluate(f"(() => {{ const m = explorer.models[{MODELS.index(name)}]; return m.place({z}); }})()")
    length = 9 * explorer()["models"][name]["latent_dim"] ** 0.5
    sparse = "" if name == "gan_03" else ", sparser than more than 99 % of unseen digits' codes"
    assert words == f"length of z {length:.1f} (N(0, I): about {usual}){sparse}"


def text(page, name: str) -> str:
    return page.locator(f"#{name}").inner_text()


def picture(page, name: str) -> str:
    return page.locator(f"#{name}").evaluate("canvas => canvas.toDataURL()")


def focus_by_tab(page, name: str) -> None:
    """Press Tab until a control has the focus; fail if the keyboard cannot reach it."""
    page.evaluate("document.activeElement.blur()")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id || document.activeElement.value") == name:
            return
    pytest.fail(f"Tab does not reach {name}")


def frames(page, n: int = 3) -> None:
    """Wait until the page has had time to draw."""
    page.evaluate("n => new Promise(done => { const f = () => n-- ? requestAnimationFrame(f) : done(); f(); })", n)


def test_everything_is_done_by_keyboard_alone(page):
    before = {name: picture(page, f"at-{name}") for name in MODELS}
    focus_by_tab(page, "pad")
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowUp"):
        page.keyboard.press(key)
    frames(page)
    assert page.locator("#x").input_value() == "0.2" and page.locator("#y").input_value() == "-0.5"
    assert all(picture(page, f"at-{name}") != before[name] for name in MODELS)
    page.wait_for_function("location.hash.includes('x=0.2') && location.hash.includes('y=-0.5')")
    assert "sharpness" in page.locator("#said").text_content()
    focus_by_tab(page, "x")
    page.keyboard.press("End")
    frames(page)
    assert page.evaluate("explorer.state.x") == 3
    focus_by_tab(page, "across")
    page.keyboard.press("n")  # for "number 1 of z"
    frames(page)
    assert page.evaluate("explorer.state.across") == "z 1"
    focus_by_tab(page, "to")
    page.keyboard.press("ArrowDown")
    focus_by_tab(page, "position")
    page.keyboard.press("Home")
    frames(page)
    assert page.evaluate("[explorer.state.to, explorer.state.position]") == [14, 0]
    focus_by_tab(page, "arc")
    page.keyboard.press("ArrowDown")
    focus_by_tab(page, "n")
    page.keyboard.press("ArrowLeft")
    focus_by_tab(page, "again")
    page.keyboard.press("Enter")
    frames(page)
    assert page.evaluate("[explorer.state.path, explorer.state.n, explorer.state.seed]") == ["straight", 16, 2]
    assert text(page, "drawn-vae_07").startswith("16 draws of its fitted prior")


def test_swapping_gives_each_vae_the_other_prior(page):
    assert text(page, "drawn-vae_06").startswith("24 draws of N(0, I)")
    page.locator("[data-state=swapped]").focus()
    page.keyboard.press("Space")
    frames(page)
    assert text(page, "drawn-vae_06").startswith("24 draws of its fitted prior")
    assert text(page, "drawn-vae_07").startswith("24 draws of N(0, I)")
    assert text(page, "drawn-gan_03") == "24 draws of N(0, I)"


@pytest.mark.parametrize("name", ["vae_06", "vae_07"])
def test_what_the_third_panel_says_of_draws(page, name):
    """Three draws of N(0, I) of four are in sparse places; in two directions nearly all have codes around them."""
    share = "m.draws(2000, 9, '{}').filter((z) => m.isSparse(z)).length / 2000"
    normal, fitted = (in_browser(page, name, share.format(prior)).item() for prior in ("normal", "fitted"))
    assert 0.7 < normal < 0.8 and fitted < 0.05
    about = explorer()["models"][name]
    plane = unpacked(about["directions"])[:2].T
    draws = in_browser(page, name, "m.draws(400, 1, 'normal').map((z) => [...z])")
    if name == "vae_07":  # as the details of the first panel say
        many = share.replace("2000", "40000").format("normal")
        assert in_browser(page, name, many).item() == pytest.approx(0.77, abs=0.008)
    apart = torch.cdist(draws @ plane, unpacked(about["codes"])[:400] @ plane).amin(1)
    assert (apart < 0.5).float().mean() > 0.9


def ways(about: dict, walk) -> torch.Tensor:
    """Return the middles of the walks between all exported ends of different classes."""
    ends = unpacked(about["ends"])
    labels = torch.tensor(explorer()["real"]["labels"])
    one, other = (labels[:, None] < labels).nonzero().T
    return walk(ends[one], ends[other], 0.5)


def test_what_the_second_panel_says_of_middles(page):
    """On arcs nearly half are in sparse places, on lines fewer; there lesson 06's VAE draws softer strokes."""
    sparse = "rows.z.filter((z) => m.isSparse(z)).length / rows.z.length"
    for name in ("vae_06", "vae_07"):
        arcs, lines = (ways(explorer()["models"][name], walk) for walk in (slerp, torch.lerp))
        on_arcs, on_lines = (in_browser(page, name, sparse, z=z).item() for z in (arcs, lines))
        assert 0.4 < on_arcs < 0.5 and on_lines < 0.15
        assert lines.norm(dim=1).mean() < 0.9 * arcs.norm(dim=1).mean()
    about = explorer()["models"]["vae_06"]
    arc, line = (sharpness(sample(exported_decoder(about), z=ways(about, walk))) for walk in (slerp, torch.lerp))
    assert line < 0.9 * arc


def test_a_link_restores_what_was_seen(browser, page):
    focus_by_tab(page, "pad")
    page.keyboard.press("ArrowDown")
    page.locator("#seed").fill("41")
    page.wait_for_function("location.hash.includes('seed=41')")
    hash = page.evaluate("location.hash")
    seen = [picture(page, f"{panel}-{name}") for panel in ("at", "draws") for name in MODELS]
    with open_explorer(browser, hash=hash) as again:
        assert [picture(again, f"{panel}-{name}") for panel in ("at", "draws") for name in MODELS] == seen


def test_a_link_that_says_nonsense_opens_the_page_all_the_same(browser):
    hash = "#across=main%2099&from=-3&to=1e9&n=7000&x=12&path=around&position=5.4&seed=-1"
    with open_explorer(browser, hash=hash) as page:
        state = page.evaluate("explorer.state")
    assert (state["across"], state["from"], state["to"], state["n"], state["x"]) == ("main 1", 0, 19, 48, 3)
    assert (state["path"], state["position"], state["seed"]) == ("arc", 5, 0)


def test_every_picture_and_control_has_a_name_that_says_something(page):
    for canvas in page.locator("canvas:not([aria-hidden])").all():
        assert canvas.get_attribute("role") == "img" and len(canvas.get_attribute("aria-label")) > 12
    unnamed = page.evaluate(
        """[...document.querySelectorAll('input, select, button, [tabindex]')].filter(
            (e) => !(e.labels?.length || e.textContent.trim() || e.ariaLabel)).map((e) => e.outerHTML)"""
    )
    assert unnamed == []
    assert "% of real" in page.locator("#at-gan_03").get_attribute("aria-label")


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["360 px", "1400 px"])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nothing_is_in_the_way_and_nothing_sticks_out(browser, size, colours):
    with open_explorer(browser, size, color_scheme=colours) as page:
        for details in page.locator("summary").all():
            details.click()
        assert obstacles(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_the_page_is_small_and_keeps_still(browser):
    asked = set()
    with open_explorer(browser, reduced_motion="reduce") as page:
        page.on("request", lambda request: asked.add(request.url))
        page.reload()
        page.wait_for_selector("body[data-ready]")
        assert page.evaluate("document.getAnimations().length") == 0
    total = sum((LIVE.parent / url.split("/docs/site/")[1].split("#")[0]).stat().st_size for url in asked)
    print(f"{total / 1e6:.2f} MB in {len(asked)} files")
    assert total < 3_000_000


def test_dragging_draws_many_frames_a_second(page):
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.evaluate("""() => {
        window.drawn = 0;
        const draw = explorer.draw.bind(explorer);
        explorer.draw = () => { draw(); window.drawn += 1; };
        window.began = performance.now();
    }""")
    for i in range(200):
        page.mouse.move(box["x"] + 20 + i, box["y"] + 20 + (i % 40))
    page.mouse.up()
    frames_a_second = page.evaluate("1000 * window.drawn / (performance.now() - window.began)")
    print(f"{frames_a_second:.0f} frames a second")
    assert frames_a_second > 5
