"""Write lessons as slides into html/: `python scripts/slides.py 03`; without a lesson, all.

Each lesson is one file that needs no network. Keys: space goes on, S opens the speaker's notes, ? lists the others.
"""

import pathlib
import re
import sys
from importlib.util import find_spec

import nbformat
from deck.plan import RESULT, plan
from execution import NOTEBOOKS, ROOT, find_notebooks
from latex2mathml.converter import convert
from nbconvert.exporters import SlidesExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

TARGET = ROOT / "html"
TEMPLATE = ROOT / "scripts" / "deck" / "deck.html.j2"
ENDING = ".slides.html"
COMMANDS = re.compile(r"\\[a-zA-Z]+|[{}\\\s]")
LONGEST_FORMULA = 60  # characters that are drawn; more get a smaller size
REVEAL = {"css": "dist/reveal.css", "js": "dist/reveal.js", "notes": "plugin/notes/notes.js"}


class WithFormulas(IPythonRenderer):
    """Markdown with its formulas as MathML, which browsers draw by themselves."""

    def inline_math(self, body: str) -> str:
        return convert(spaced(body))

    def block_math(self, body: str) -> str:
        formula = convert(spaced(body), display="block")
        is_long = len(COMMANDS.sub("", body)) > LONGEST_FORMULA
        return formula.replace("<math ", '<math class="long" ', 1) if is_long else formula


def spaced(formula: str) -> str:
    """Put the space behind log and exp that LaTeX puts there and the converter leaves out."""
    return re.sub(r"\\(log|exp)\s+(?=[a-zA-Z0-9\\])(?!\\(?:left|[bB]ig))", r"\\\1\\,", formula)


def to_html(source: str) -> str:
    return MarkdownWithMath(renderer=WithFormulas(escape=False, exclude_anchor_links=True)).render(source)


def reveal_files() -> dict[str, str]:
    """Return reveal.js, as it comes with sphinx-revealjs: its style, its script, and the window of notes."""
    folder = pathlib.Path(find_spec("sphinx_revealjs").submodule_search_locations[0]) / "_static" / "revealjs"
    return {name: (folder / file).read_text(encoding="utf-8") for name, file in REVEAL.items()}


def page(notebook: nbformat.NotebookNode, name: str) -> str:
    """Return a notebook as a page of slides; links to other lessons lead to their slides."""
    deck = nbformat.v4.new_notebook(cells=[cell for slide in plan(notebook) for cell in slide.cells()])
    exporter = SlidesExporter(
        raw_template=TEMPLATE.read_text(encoding="utf-8"),
        filters={"markdown2html": to_html},
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        config=Config(TagRemovePreprocessor={"enabled": True, "remove_input_tags": {RESULT}}),
    )
    html, _ = exporter.from_notebook_node(deck, {"metadata": {"name": name}, "deck": reveal_files()})
    return re.sub(r'href="(?!\w+:)([^"]+)\.ipynb"', rf'href="\1{ENDING}"', html)


def slides(path: pathlib.Path) -> str:
    return page(nbformat.read(path, as_version=4), path.stem)


def main() -> None:
    lesson = sys.argv[1] if len(sys.argv) > 1 else ""
    TARGET.mkdir(exist_ok=True)
    for path in find_notebooks(NOTEBOOKS, lesson):
        target = TARGET / f"{path.stem}{ENDING}"
        target.write_text(slides(path), encoding="utf-8")
        print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
