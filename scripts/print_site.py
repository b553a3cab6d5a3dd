"""Print pages of the site as PDF into html/print/: `python scripts/print_site.py 03`; without a lesson, all pages.

Answers are printed unfolded, and long lines of code wrapped. It needs Chromium, Chrome or Edge, and `make site` first.
"""

import os
import pathlib
import shutil
import subprocess
import sys

from website.source import BUILT

TARGET = BUILT.with_name("print")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
NOT_FOR_PAPER = ("search.html",)


def find_browser() -> str | None:
    """Return the path of a browser that can print: the variable CHROMIUM, or one on the PATH; None without one."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def pages(folder: pathlib.Path, lesson: str = "") -> list[pathlib.Path]:
    """Return the pages of a built site for paper, of one lesson such as "03" or all but those that compute."""
    if lesson:
        return sorted(folder.glob(f"notebooks/{lesson}*.html"))
    found = sorted(folder.rglob("*.html"))
    return [page for page in found if page.name not in NOT_FOR_PAPER and folder / "live" not in page.parents]


def print_page(page: pathlib.Path, target: pathlib.Path, browser: str) -> None:
    """Write a page as PDF, tagged and with an outline."""
    target.parent.mkdir(parents=True, exist_ok=True)
    options = ["--headless", "--no-pdf-header-footer", "--generate-pdf-document-outline", f"--print-to-pdf={target}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")  # root has none
    subprocess.run([browser, *options, page.resolve().as_uri()], check=True, capture_output=True)


def main() -> None:
    lesson = sys.argv[1] if len(sys.argv) > 1 else ""
    browser = find_browser()
    if browser is None:
        sys.exit(f"expected one of {', '.join(BROWSERS)} on the PATH: printing needs a browser")
    found = pages(BUILT, lesson)
    if not found:
        sys.exit(f"expected pages in {BUILT}: build them with `make site`, and name a lesson as in 03")
    for page in found:
        target = (TARGET / page.relative_to(BUILT)).with_suffix(".pdf")
        print_page(page, target, browser)
        print(target)


if __name__ == "__main__":
    main()
