"""Write notebooks as web pages and as slides into html/: `python scripts/pages.py 03`; without a lesson, all.

Figures keep their alt text, which nbconvert's own templates leave out; pale text becomes dark enough to read.
"""

import pathlib
import re
import sys

import nbformat
from execution import NOTEBOOKS, ROOT, lessons_and_solutions
from nbconvert.exporters import Exporter, HTMLExporter, SlidesExporter

TARGET = ROOT / "html"
FIGURES = """
{% block data_png %}
{% set text = output | get_metadata('alt', 'image/png') or '' %}
{{ super() | replace('<img', '<img alt="' + text | escape_html + '"') }}
{% endblock %}
"""
CONTRAST = """
{% block html_head_css %}
{{ super() }}
<style>
:root {
  --jp-cell-prompt-not-active-opacity: 1;
  --jp-mirror-editor-comment-color: #2f6060;
  --jp-mirror-editor-number-color: #006b00;
  --jp-mirror-editor-operator-color: #7a1fc0;
}
.jp-InputPrompt, .jp-OutputPrompt { color: #595959 !important; }
.jp-RenderedHTMLCommon :is(p, li) a { text-decoration: underline !important; }
</style>
{% endblock %}
"""
PAGE = "{% extends 'lab/index.html.j2' %}" + FIGURES + CONTRAST
SLIDES = "{% extends 'reveal/index.html.j2' %}" + FIGURES
EXPORTERS = {
    ".html": HTMLExporter(raw_template=PAGE),
    ".slides.html": SlidesExporter(raw_template=SLIDES, reveal_scroll=True),
}


def export(path: pathlib.Path, exporter: Exporter, ending: str) -> str:
    """Return a notebook as one HTML page; links to other notebooks lead to their pages with the same ending."""
    notebook = nbformat.read(path, as_version=4)
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": path.stem}})
    return re.sub(r'href="(?!\w+:)([^"]+)\.ipynb"', rf'href="\1{ending}"', page)


def main() -> None:
    lesson = sys.argv[1] if len(sys.argv) > 1 else ""
    for path in lessons_and_solutions(lesson):
        for ending, exporter in EXPORTERS.items():
            page = (TARGET / path.relative_to(NOTEBOOKS)).with_suffix(ending)
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(export(path, exporter, ending), encoding="utf-8")
            print(page.relative_to(ROOT))


if __name__ == "__main__":
    main()
