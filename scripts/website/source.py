"""Lay out what Sphinx reads for the site: the documents as they are, the lessons made fit for a page.

A lesson gets buttons under its title, a folded set-up, and figures that carry their texts. Paths stay those of the
repository, so that links between lessons and documents need no change.
"""

import base64
import html
import io
import json
import pathlib
import re
import shutil

import nbformat
from execution import ROOT
from lab import without_outputs
from PIL import Image
from set_repository import is_known, repository

SITE = ROOT / "docs" / "site"
BUILT = ROOT / "html" / "site"
# The pages that compute in the browser: their titles, which links say, and the lessons that have it under their title.
LIVE = {
    "explorer": ("Explorer: from z to a picture", ("06", "07")),
    "blind_test": ("Blind test: which row is the GAN's?", ("07",)),
    "playground": ("Playground: a GAN and a VAE in the plane", ("02", "04", "05")),
}
COLAB = "https://colab.research.google.com/github/{slug}/blob/main/{path}"
BINDER = "https://mybinder.org/v2/gh/{slug}/HEAD?urlpath=lab/tree/{path}"
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")  # a relative one, not a picture
WIDGET = re.compile(r"[A-Z]\w+\(children=\(")
CONTROLS = "<p class='controls'>Where the notebook runs, buttons and sliders stand here.</p>"


def lessons() -> list[pathlib.Path]:
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def documents() -> list[pathlib.Path]:
    """Return the documents that are pages; what begins without a title is part of another document."""
    return [path for path in sorted((ROOT / "docs").glob("*.md")) if path.read_text(encoding="utf-8").startswith("# ")]


def live_pages(lesson: str = "") -> list[str]:
    """Return the names of the live pages that are there, those of a lesson such as "07" or all."""
    return [
        name for name, (_, where) in LIVE.items() if (not lesson or lesson in where) and (SITE / "live" / name).is_dir()
    ]


def link(address: str, text: str, attributes: str = "") -> str:
    return f'<a class="button" href="{html.escape(address)}"{attributes}>{text}</a>'


def buttons(path: pathlib.Path, slug: str) -> str:
    """Return the row under a lesson's title: live pages, hosted notebooks once the address is known, the download."""
    row = [link(f"../live/{name}/index.html", LIVE[name][0]) for name in live_pages(path.name[:2])]
    if is_known(slug):
        place = {"slug": slug, "path": path.relative_to(ROOT).as_posix()}
        row += [link(COLAB.format(**place), "Open in Colab"), link(BINDER.format(**place), "Open in Binder")]
    row.append(link(path.name, "Download the notebook", " download"))
    return f'<p class="buttons">{" ".join(row)}</p>'


def way_back(name: str) -> str:
    """Return the links from a live page to the front page, the glossary and its lessons; a lone page has none."""
    places = {"index.html": "← GANs and VAEs, measured", "glossary.html": "Glossary"}
    for path in lessons():
        if path.name[:2] in LIVE[name][1]:
            places[f"notebooks/{path.stem}.html"] = f"Lesson {path.name[:2]}"
    links = (f'<a href="../../{place}">{text}</a>' for place, text in places.items())
    return f'<nav aria-label="The course">{" · ".join(links)}</nav>'


def figure(picture: str, alt: str, name: str, folder: pathlib.Path) -> str:
    """Write a picture in base64 into a folder, and return it as HTML that leads to its full size."""
    content = base64.b64decode(picture)
    (folder / name).write_bytes(content)
    width, height = Image.open(io.BytesIO(content)).size
    size = f'width="{width}" height="{height}" style="--width: {width}px"'
    image = f'<img src="../figures/{name}" alt="{html.escape(alt)}" {size} loading="lazy">'
    return f'<a class="figure" href="../figures/{name}">{image}</a>'


def show_outputs(notebook: nbformat.NotebookNode, lesson: str, figures: pathlib.Path) -> None:
    """Turn figures into HTML with their texts, and widgets, which need a kernel, into a sentence."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    for number, output in enumerate(outputs):
        if "image/png" in output.data:
            alt = output.metadata["image/png"]["alt"]
            page = figure(output.data["image/png"], alt, f"{lesson}_{number}.png", figures)
            output.data = nbformat.from_dict({"text/html": page})
        elif WIDGET.match(output.data.get("text/plain", "")):
            output.data = nbformat.from_dict({"text/html": CONTROLS})


def fold_setup(notebook: nbformat.NotebookNode) -> None:
    """Fold the first code cell, which only finds the course."""
    setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
    setup.metadata = nbformat.from_dict({"tags": ["hide-input"], "mystnb": {"code_prompt_show": "Show the set-up"}})


def link_out(text: str, path: pathlib.Path, slug: str) -> str:
    """Lead links to files that have no page to the repository; while its address is unknown, keep their words only."""
    pages = {*lessons(), *documents()}

    def replace(match: re.Match) -> str:
        target = (path.parent / match[2]).resolve()
        if target in pages or not target.exists() or not target.is_relative_to(ROOT):
            return match[0]  # a link that leads nowhere is left for Sphinx to complain about
        if not is_known(slug):
            return match[1]
        return (
            f"[{match[1]}](https://github.com/{slug}/blob/main/{target.relative_to(ROOT).as_posix()}{match[3] or ''})"
        )

    return LINK.sub(replace, text)


def lay_out_lesson(path: pathlib.Path, slug: str, source: pathlib.Path, extra: pathlib.Path) -> None:
    """Write a lesson as Sphinx reads it, its figures, and the copy to download, which has no outputs yet."""
    notebook = nbformat.read(path, as_version=4)
    fold_setup(notebook)
    show_outputs(notebook, path.stem[:2], extra / "figures")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = link_out(cell.source, path, slug)
    title, _, rest = notebook.cells[0].source.partition("\n\n")
    notebook.cells[0].source = f"{title}\n\n{buttons(path, slug)}\n\n{rest}"
    nbformat.write(notebook, source / "notebooks" / path.name)
    copy = without_outputs(json.loads(path.read_text(encoding="utf-8")))
    (extra / "notebooks" / path.name).write_text(
        json.dumps(copy, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def lay_out(source: pathlib.Path, extra: pathlib.Path) -> None:
    """Fill two new folders: what Sphinx reads, and what goes into the site as it is."""
    slug = repository(ROOT)
    shutil.copytree(SITE, source, ignore=shutil.ignore_patterns("live", "static", "conf.py", "__pycache__"))
    for folder in (source / "docs", source / "notebooks", extra / "figures", extra / "notebooks"):
        folder.mkdir(parents=True)
    for path in lessons():
        lay_out_lesson(path, slug, source, extra)
    for path in (ROOT / "README.md", *documents()):
        text = link_out(path.read_text(encoding="utf-8"), path, slug)
        (source / path.relative_to(ROOT)).write_text(text, encoding="utf-8")
    for picture in (ROOT / "docs").glob("*.[ps][nv]g"):
        shutil.copy(picture, source / "docs")
    if live_pages():
        shutil.copytree(SITE / "live", extra / "live")
    for name in live_pages():
        page = extra / "live" / name / "index.html"
        page.write_text(
            page.read_text(encoding="utf-8").replace("<h1>", f"{way_back(name)}\n<h1>", 1), encoding="utf-8"
        )
