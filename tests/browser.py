"""Chromium without a window, for tests that look at pages. A live page gets files, and nothing from a network."""

import contextlib
import pathlib
from collections.abc import Iterator

import pytest
from print_site import find_browser

LIVE = pathlib.Path(__file__).parents[1] / "docs" / "site" / "live"
WIDE = {"width": 1400, "height": 1000}
NARROW = {"width": 360, "height": 740}


@contextlib.contextmanager
def chromium() -> Iterator:
    """Start the Chromium of this machine (or of the variable CHROMIUM); skip the test where there is none."""
    reason = 'playwright is not installed: .venv/bin/python -m pip install -e ".[browser]"'
    api = pytest.importorskip("playwright.sync_api", reason=reason)
    path = find_browser()
    if path is None:
        pytest.skip("there is no Chromium on this machine: install it, or name its program in the variable CHROMIUM")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextlib.contextmanager
def open_page(browser, file: pathlib.Path, size: dict = WIDE, hash: str = "", **options) -> Iterator:
    """Open a file; on leaving, fail if the page had an error or asked for anything but files.

    `options` are those of playwright's `new_context`, such as reduced_motion="reduce" or color_scheme="dark".
    """
    faults = []
    context = browser.new_context(viewport=size, **options)

    def answer(route) -> None:
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            faults.append(f"the page asked for {route.request.url}")
            route.abort()

    context.route("**/*", answer)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(f"the page stopped: {error}"))
    page.on("console", lambda message: message.type == "error" and faults.append(f"the page said: {message.text}"))
    page.goto(f"{file.resolve().as_uri()}{hash}")
    yield page
    context.close()
    assert not faults, "; ".join(faults)


def obstacles(page) -> list[str]:
    """What axe-core finds serious or critical for people who cannot see or point: each rule with its elements."""
    reason = 'axe is not installed: .venv/bin/python -m pip install -e ".[browser]"'
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=reason)
    violations = axe.Axe().run(page, options={"preload": False}).response["violations"]
    found = [violation for violation in violations if violation["impact"] in ("serious", "critical")]
    return [f"{violation['id']}: {[node['target'] for node in violation['nodes']]}" for violation in found]
