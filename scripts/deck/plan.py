"""The rule that turns a lesson into slides of one thought each, which fit on a screen of 1280 by 720.

Headings and figures begin a slide, and so does what no longer fits. Answers in <details>, long code and code that
draws go into the speaker's notes; set-up, stubs of exercises and their checks are left out. A cell's own slide_type
(skip, notes, fragment, -, and for code also slide and subslide) goes before the rule.
"""

import html
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from run_notebooks import authors_slide_type

from deck.sizes import (
    COLUMNS,
    GAP,
    HEADING,
    HEIGHT,
    ITEM,
    LINE,
    LONGEST_CODE,
    RULE,
    WORDS_ABOVE,
    code_height,
    is_wide,
    size_of,
    table_height,
    text_height,
)

RESULT = "result"  # the tag of a cell that shows what came out, without its code

HIDDEN = re.compile(r"<details>.*?</details>", re.DOTALL)
SUMMARY = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
TITLE = re.compile(r"^(#+) (.+)")
SECTION = re.compile(r"^## (.+)", re.MULTILINE)
WIDGET = re.compile(r"\w*Box\(children=")  # what is stored in place of sliders
ITALIC = re.compile(r"\*[^*].*[^*]\*$", re.DOTALL)
PARAGRAPHS = re.compile(r"\n\s*\n(?![ \t])")


@dataclass
class Slide:
    """One slide: what it shows, what the speaker reads, and how many pixels of its height are taken."""

    kind: str  # "slide" goes right, "subslide" down
    section: str  # named above what it shows, unless it begins with the heading itself
    shown: list[NotebookNode] = field(default_factory=list)
    notes: list[NotebookNode] = field(default_factory=list)
    taken: int = 0

    def cells(self) -> list[NotebookNode]:
        """Return the slide as cells for nbconvert, the first one beginning it."""
        first = self.shown[0]
        is_heading = first.cell_type == "markdown" and TITLE.match(first.source)
        where = new_markdown_cell(f'<p class="where">{html.escape(re.sub("[*`]", "", self.section))}</p>')
        cells = [*([] if is_heading else [where]), *self.shown, *self.notes]
        cells[0].metadata = {"slideshow": {"slide_type": self.kind}}
        for note in self.notes:
            note.metadata = {"slideshow": {"slide_type": "notes"}}
        return cells


class Deck:
    """The slides so far; what is shown next goes on the last one if it fits there."""

    def __init__(self):
        self.slides: list[Slide] = []
        self.section = ""
        self.full = True  # the next thing begins a slide
        self.has_text = False  # the last slide has text besides its heading

    def begin(self, kind: str) -> None:
        self.slides.append(Slide(kind, self.section))
        self.full = self.has_text = False

    def show(self, cell: NotebookNode, height: int) -> None:
        if self.full or self.slides[-1].taken + height > HEIGHT:
            self.begin("subslide")
        self.slides[-1].shown.append(cell)
        self.slides[-1].taken += height + GAP

    def note(self, cell: NotebookNode) -> None:
        if self.slides:
            self.slides[-1].notes.append(cell)

    def heading(self, level: int, title: str, source: str) -> None:
        self.section = title
        self.begin("slide" if level < 3 else "subslide")
        self.show(new_markdown_cell(source), HEADING * -(-len(title) // 44))


def plan(notebook: NotebookNode) -> list[Slide]:
    """Return the slides of a lesson."""
    deck = Deck()
    is_set_up, is_exercise = True, False  # until the first section; below the heading of the exercises
    for cell in notebook.cells:
        wanted = authors_slide_type(cell)
        is_text = cell.cell_type == "markdown"
        if is_text and (sections := SECTION.findall(cell.source)):
            is_set_up, is_exercise = False, sections[-1] == "Exercises"
        if wanted == "skip":
            continue
        if wanted == "notes":
            deck.note(cell)
        elif is_text and not (is_set_up and deck.slides):  # of the set-up, the lesson's title alone
            add_text(deck, cell.source, wanted)
        elif not is_text and (wanted or not (is_set_up or is_exercise)):
            add_code(deck, cell, wanted)
    return [slide for slide in deck.slides if slide.shown]


def add_text(deck: Deck, source: str, wanted: str | None) -> None:
    """Put the blocks of a text on slides, and what it hides into the notes, after which a slide begins."""
    position = 0
    if deck.has_text and wanted not in ("-", "fragment"):
        deck.full = True
    for hidden in HIDDEN.finditer(source):
        add_blocks(deck, source[position : hidden.start()], wanted)
        deck.note(new_markdown_cell(SUMMARY.sub(r"**\1.** \2", hidden[0])))
        deck.full = True
        position = hidden.end()
    add_blocks(deck, source[position:], wanted)


def add_blocks(deck: Deck, source: str, wanted: str | None) -> None:
    for block in blocks(source):
        if title := TITLE.match(block):
            deck.heading(len(title[1]), title[2], title[0])
        elif deck.section == deck.slides[0].section and ITALIC.match(block):
            deck.note(new_markdown_cell(block))  # how long the lesson takes to read
        else:
            cell = new_markdown_cell(block)
            if rows := [line for line in block.splitlines() if line.startswith("|")]:
                cell.metadata["tags"] = ["small"] if is_wide(rows) else []
            if wanted:
                cell.metadata["slideshow"] = {"slide_type": wanted}
            deck.show(cell, text_height(block))
            deck.has_text = True


def blocks(source: str) -> list[str]:
    """Split a text at blank lines, behind headings and before the items of a long list; code stays whole."""
    found = []
    for i, part in enumerate(re.split(r"^(```.*?^```)", source, flags=re.DOTALL | re.MULTILINE)):
        if i % 2:
            found.append(part)
            continue
        for paragraph in tables_in_parts(PARAGRAPHS.split(part.strip())):
            if title := TITLE.match(paragraph):
                found.append(title[0])
                paragraph = paragraph[title.end() :].strip()
            is_long = text_height(paragraph) > HEIGHT / 2
            found += re.split(rf"\n(?={ITEM.pattern})", paragraph, flags=re.MULTILINE) if is_long else [paragraph]
    return with_lists([block for block in found if block.strip()])


def tables_in_parts(paragraphs: list[str]) -> Iterator[str]:
    """Split a table that is too high for a slide, and repeat its head."""
    for paragraph in paragraphs:
        head, rule, *rows = [*paragraph.splitlines(), "", ""]
        if not RULE.fullmatch(rule) or "|" not in rule:
            yield paragraph
            continue
        part = [head, rule]
        for row in filter(None, rows):
            if table_height([*part, row]) > HEIGHT - 2 * LINE:  # leave room for a line that leads to it
                yield "\n".join(part)
                part = [head, rule]
            part.append(row)
        yield "\n".join(part)


def with_lists(found: list[str]) -> list[str]:
    """Join a line that leads to a list or a table to it, or to its first item."""
    joined = []
    for block in found:
        leads = joined and len(joined[-1]) < COLUMNS and joined[-1][0] not in "#|"
        if leads and (ITEM.match(block) or block.startswith("|")) and not ITEM.match(joined[-1]):
            block = f"{joined.pop()}\n\n{block}"
        joined.append(block)
    return joined


def add_output(deck: Deck, output: NotebookNode) -> None:
    """Show what a cell brought out, without its code; what was printed goes over several slides where it is long."""
    if text := output.get("data", {}).get("text/markdown"):
        return add_blocks(deck, text, None)
    text = textwrap.dedent(output.get("text") or output.data["text/plain"])
    if WIDGET.match(text):
        return
    for part in screenfuls(text):
        deck.show(result(new_output("stream", text=part), size_of(part)), code_height(part))


def add_figure(deck: Deck, output: NotebookNode) -> None:
    """Show a figure on a slide of its own, or below a line or two of text that lead to it."""
    if deck.full or deck.slides[-1].taken > WORDS_ABOVE or not deck.has_text:
        deck.begin("subslide")
    tags = ["below"] if deck.slides[-1].shown else []
    deck.show(result(output, tags), HEIGHT - deck.slides[-1].taken)
    deck.full = True


def result(output: NotebookNode, tags: list[str] | None = None) -> NotebookNode:
    return new_code_cell(outputs=[output], metadata={"tags": [RESULT, *(tags or [])]})


def screenfuls(text: str) -> list[str]:
    """Split what was printed before blank lines, so that each part fits on a slide if they are close enough."""
    parts = [""]
    for paragraph in re.split(r"(?<=\n)\s*\n", text.rstrip() + "\n"):
        joined = f"{parts[-1]}\n{paragraph}" if parts[-1] else paragraph
        if code_height(joined) <= HEIGHT:
            parts[-1] = joined
        else:
            parts.append(paragraph)
    return [part for part in parts if part]


def add_code(deck: Deck, cell: NotebookNode, wanted: str | None) -> None:
    """Put code and what came out of it on slides: a figure on one of its own, and the code that drew it into notes."""
    if wanted in ("slide", "subslide"):
        deck.begin(wanted)
    figures = [output for output in cell.outputs if "image/png" in output.get("data", {})]
    draws = any({"image/png", "text/markdown"} & output.get("data", {}).keys() for output in cell.outputs)
    is_hidden = not wanted and (draws or len(cell.source.splitlines()) > LONGEST_CODE)
    if not is_hidden:
        code = new_code_cell(cell.source, metadata={"tags": size_of(cell.source)})
        if wanted == "fragment":
            code.metadata["slideshow"] = {"slide_type": wanted}
        printed = "".join(output.get("text", "") for output in cell.outputs[:1])
        together = code_height(cell.source) + GAP + code_height(printed)
        if deck.slides[-1].taken + together > HEIGHT >= together:
            deck.full = True
        deck.show(code, code_height(cell.source))
    for output in cell.outputs:
        if output in figures:
            add_figure(deck, output)
        elif output.get("name") != "stderr":
            add_output(deck, output)
    if is_hidden:
        deck.note(new_markdown_cell(f"```python\n{cell.source}\n```"))
