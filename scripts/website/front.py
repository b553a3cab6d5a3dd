"""What the front page of the site has beside the README: digits that both models drew, and the verdicts in words."""

import base64
import html
import io
import json
import pathlib

import numpy as np
import torch
from execution import ROOT
from PIL import Image
from torch import Tensor

from course_utils.comparison.records import Fight
from course_utils.comparison.verdicts import CLAIMS, SIGNS
from course_utils.data import IMAGE_SETS
from course_utils.metrics import sharpness

ROUNDS = ROOT / "docs" / "site" / "live" / "blind_test" / "rounds.js"
ROWS = ("VAE", "GAN")  # from the upper to the lower
SHOWN = 8  # the first that each model drew
GAP = 2  # pixels between pictures, through which the page is seen, light or dark
HEAD = """<caption>✓ holds, ✗ does not, ○ undecided: on {}, {} and {}. The words describe the digits, and in one row
MNIST. <a href="docs/verdicts.html">The numbers</a></caption>
<thead><tr><th scope="col">compared</th><th scope="col">on the three</th><th scope="col">found</th></tr></thead>
"""


def drawn(content: dict, family: str) -> Tensor:
    """Return the first pictures (SHOWN, 28, 28) that a model of lesson 07 drew from N(0, I), as grey levels."""
    sheet = torch.from_numpy(np.array(Image.open(io.BytesIO(base64.b64decode(content["sheet"])))))
    tiles = sheet.unflatten(0, (-1, 28)).unflatten(2, (-1, 28)).transpose(1, 2).flatten(0, 1)
    first = content["kinds"].index(["usual", family]) * content["shown"]
    return tiles[first : first + SHOWN]


def in_rows(rows: list[Tensor]) -> Image.Image:
    """Return rows of pictures, each (SHOWN, 28, 28), as one picture with nothing between them."""
    step = 28 + GAP
    picture = Image.new("LA", (SHOWN * step - GAP, len(rows) * step - GAP))
    for row, pictures in enumerate(rows):
        for column, levels in enumerate(pictures):
            picture.paste(Image.fromarray(levels.numpy()).convert("LA"), (column * step, row * step))
    return picture


def samples(target: pathlib.Path) -> str:
    """Draw the samples into a file, and return the figure of the front page, which says how sharp each row is."""
    text = ROUNDS.read_text(encoding="utf-8")
    content = json.loads(text[text.index("{") : text.rindex("}") + 1])
    rows = {family: drawn(content, family) for family in ROWS}
    picture = in_rows(list(rows.values()))
    picture.save(target, optimize=True)
    real = content["real"]["sharpness"]
    upper, lower = (f"{sharpness(levels[:, None] / 255) / real:.0%}".replace("%", " %") for levels in rows.values())
    place = ("upper", "lower")[ROWS.index("GAN")]
    alt = f"Two rows of {SHOWN} generated digits; the strokes of the upper one are {upper} as sharp as real ones, "
    alt += f"those of the lower one {lower}"
    size = f'width="{picture.width}" height="{picture.height}"'
    return (
        f'<figure class="samples"><img src="figures/{target.name}" alt="{alt}" {size}>\n'
        f"<figcaption>The first {SHOWN} digits that each model of lesson 07 drew.</figcaption></figure>\n"
        f"<details><summary>Which row is the GAN's?</summary><p>The {place} one. The strokes of the upper row are "
        f"{upper} as sharp as real ones, those of the lower row {lower}.</p></details>\n"
    )


def verdicts() -> str:
    """Return the verdicts of the recorded fights as a table that fits on a phone, where their picture is too wide."""
    fights = [Fight(ROOT / "benchmarks" / "results", name) for name in IMAGE_SETS]
    groups = ""
    for number, claim in enumerate(CLAIMS, 1):
        groups += f'<tbody><tr><th colspan="3" scope="rowgroup">{number} {html.escape(claim.says)}</th></tr>\n'
        for way, comparison in claim.comparisons.items():
            signs = "&nbsp;".join(SIGNS[comparison.verdict(fight)] for fight in fights)
            cells = (html.escape(way or comparison.measure), signs, html.escape(comparison.found))
            groups += f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"
        groups += "</tbody>\n"
    return f'<table class="verdicts-in-words">\n{HEAD.format(*(fight.title for fight in fights))}{groups}</table>\n'


def lay_out_front(source: pathlib.Path, figures: pathlib.Path) -> None:
    """Write what docs/site/index.md takes in: samples, where the live pages are there, and verdicts."""
    if ROUNDS.is_file():
        (source / "samples.html").write_text(samples(figures / "samples.png"), encoding="utf-8")
    (source / "verdicts.html").write_text(verdicts(), encoding="utf-8")
