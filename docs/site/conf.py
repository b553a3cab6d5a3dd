"""What Sphinx needs to know of the site; `scripts/build_site.py` lays out the sources and calls it."""

import pathlib

from docutils import nodes
from latex2mathml.converter import convert

project = "GANs and VAEs, measured"
language = "en"
extensions = ["myst_nb"]

exclude_patterns = ["README.md"]  # the front page includes parts of it

nb_execution_mode = "off"  # what a reader sees is what the tests compared
nb_render_markdown_format = "myst"  # tables and formulas that a cell prints are read like those between the cells
nb_ipywidgets_js = {}  # would come from another host
nb_code_prompt_hide = "Hide it"
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["reach.js"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = False
html_math_renderer = "mathml"  # formulas without a script: every browser draws MathML itself
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def add_formula(translator, node):
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def add_formula_block(translator, node):
    formula = convert(node.astext(), display="block")
    translator.body.append(f'<div class="formula">{formula}</div>')
    raise nodes.SkipNode


def setup(app):
    if (pathlib.Path(__file__).parent / "live").is_dir():
        app.tags.add("live")
    app.add_html_math_renderer("mathml", (add_formula, None), (add_formula_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
