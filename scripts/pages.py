"""Write notebooks as web pages into html/: `python scripts/pages.py 03`; without a lesson, all.

Figures keep their alt text, which nbconvert's own templates leave out; pale text becomes dark enough to read.
"""

import pathlib
import re
import sys

import nbformat
from execution import NOTEBOOKS, ROOT, lessons_and_solutions
from nbconvert.exporters import HTMLExporter

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


def export(path: pathlib.Path) -> str:
    """Return a notebook as one HTML page; links to other notebooks lead to their pages."""
    notebook = nbformat.read(path, as_version=4)
    page, _ = HTMLExporter(raw_template=PAGE).from_notebook_node(notebook, {"metadata": {"name": path.stem}})
    return re.sub(r'href="(?!\w+:)([^"]+)\.ipynb"', r'href="\1.html"', page)


def main() -> None:
    lesson = sys.argv[1] if len(sys.argv) > 1 else ""
    for path in lessons_and_solutions(lesson):
        page = (TARGET / path.relative_to(NOTEBOOKS)).with_suffix(".html")
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(export(path), encoding="utf-8")
        print(page.relative_to(ROOT))


if __name__ == "__main__":
    main()
