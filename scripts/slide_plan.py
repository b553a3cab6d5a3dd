"""The rule that turns a lesson into slides of one thought each, which fit on a screen of 1280 by 720.

Headings and figures begin a slide, and so does what no longer fits. Answers in <details>, long code and code that
draws go into the speaker's notes; set-up, stubs of exercises and their checks are left out. A cell's own slide_type
(skip, notes, fragment, -, and for code also slide and subslide) goes before the rule.
"""

import re
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from run_notebooks import authors_slide_type

HEIGHT = 590  # pixels on a slide of 1280 by 720 for what stands under the line that names the section
LINE, COLUMNS = 40, 78  # pixels of a line of text, and how many characters it has
CODE_LINE, CODE_COLUMNS = 30, 86
SMALL_LINE, SMALL_COLUMNS = 25, 106  # for code and output with longer lines
LONGEST_CODE = 16  # lines; longer code is for the notes
HEADING, FORMULA, GAP = 80, 110, 22

HIDDEN = re.compile(r"<details>.*?</details>", re.DOTALL)
SUMMARY = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
ITEM = re.compile(r"^(?:[-*]|\d+\.) ", re.MULTILINE)
TITLE = re.compile(r"^(#+) (.+)")
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
        head = [] if TITLE.match(self.shown[0].source) else [new_markdown_cell(f'<p class="where">{self.section}</p>')]
        cells = [*head, *self.shown, *self.notes]
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

    def begin(self, kind: str) -> None:
        self.slides.append(Slide(kind, self.section))
        self.full = False

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
        self.show(new_markdown_cell(source), HEADING if len(title) < 45 else 2 * HEADING)


def plan(notebook: NotebookNode) -> list[Slide]:
    """Return the slides of a lesson."""
    deck = Deck()
    is_set_up, is_exercise = True, False  # until the first section; below the heading of the exercises
    for cell in notebook.cells:
        wanted = authors_slide_type(cell)
        title = TITLE.match(cell.source)
        if title and title[1] == "##":
            is_set_up, is_exercise = False, title[2] == "Exercises"
        if wanted == "skip":
            continue
        if wanted == "notes":
            deck.note(cell)
        elif cell.cell_type == "markdown":
            if title or not is_set_up:
                add_text(deck, cell.source, wanted)
        elif cell.cell_type == "code" and (wanted or not (is_set_up or is_exercise)):
            add_code(deck, cell, wanted)
    return [slide for slide in deck.slides if slide.shown]


def add_text(deck: Deck, source: str, wanted: str | None) -> None:
    """Put the blocks of a text on slides, and what it hides into the notes, after which a slide begins."""
    position = 0
    if not TITLE.match(source):
        deck.full = wanted not in ("-", "fragment")
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
        else:
            cell = new_markdown_cell(block)
            cell.metadata = {"slideshow": {"slide_type": wanted}} if wanted else {}
            deck.show(cell, text_height(block))


def blocks(source: str) -> list[str]:
    """Split a text at blank lines, behind headings and before the items of a long list; code stays whole."""
    found = []
    for i, part in enumerate(re.split(r"^(```.*?^```)", source, flags=re.DOTALL | re.MULTILINE)):
        if i % 2:
            found.append(part)
            continue
        for paragraph in PARAGRAPHS.split(part.strip()):
            if title := TITLE.match(paragraph):
                found.append(title[0])
                paragraph = paragraph[title.end() :].strip()
            is_long = text_height(paragraph) > HEIGHT / 2
            found += re.split(rf"\n(?={ITEM.pattern})", paragraph, flags=re.MULTILINE) if is_long else [paragraph]
    return [block for block in found if block.strip()]


def text_height(block: str) -> int:
    """Estimate the pixels of a block of text; the tests measure whether the estimate is high enough."""
    if block.startswith("```"):
        return code_height(block)
    if block.startswith("$$"):
        return FORMULA * (1 + block.count(r"\underbrace") // 2)
    if block.startswith("|"):
        return sum(LINE * (1 + len(row) // 110) + 8 for row in block.splitlines())
    items = ITEM.split(re.sub(r"\]\([^)]*\)", "", block))
    return sum(LINE * -(-len(item.strip()) // COLUMNS) + 8 for item in items if item.strip())


def code_height(text: str) -> int:
    """The pixels of code or of printed lines, which have a smaller size if one of them is long."""
    lengths = [len(line) for line in text.splitlines()]
    if max(lengths, default=0) <= CODE_COLUMNS:
        return CODE_LINE * len(lengths)
    return SMALL_LINE * sum(1 + length // SMALL_COLUMNS for length in lengths)


def size_of(text: str) -> dict:
    """Return the metadata of a cell whose lines are long: a tag that the style sheet knows."""
    return {"tags": ["small"]} if max(map(len, text.splitlines()), default=0) > CODE_COLUMNS else {}


def add_output(deck: Deck, output: NotebookNode, is_figure: bool) -> None:
    """Show what a cell brought out, without its code; a figure fills a slide."""
    data = output.get("data", {})
    text = "".join(output.get("text") or data.get("text/plain", ""))
    is_table = "text/markdown" in data
    result = new_code_cell("", outputs=[output], metadata={} if is_table or is_figure else size_of(text))
    result["transient"] = {"remove_source": True}
    if is_figure:
        deck.begin("subslide")
        deck.show(result, HEIGHT)
        deck.full = True
    else:
        deck.show(result, text_height("".join(data["text/markdown"])) if is_table else code_height(text))


def add_code(deck: Deck, cell: NotebookNode, wanted: str | None) -> None:
    """Put code and what came out of it on slides: a figure on one of its own, and the code that drew it into notes."""
    if wanted in ("slide", "subslide"):
        deck.begin(wanted)
    outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    figures = [output for output in outputs if "image/png" in output.get("data", {})]
    is_long = len(cell.source.splitlines()) > LONGEST_CODE
    if wanted or not (figures or is_long):
        code = new_code_cell(cell.source, metadata=size_of(cell.source))
        if wanted == "fragment":
            code.metadata["slideshow"] = {"slide_type": wanted}
        deck.show(code, code_height(cell.source))
    for output in outputs:
        add_output(deck, output, output in figures)
    if figures or is_long:
        deck.note(new_markdown_cell(f"```python\n{cell.source}\n```"))
