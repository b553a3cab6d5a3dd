"""How much of a slide things take, estimated from their text: the tests measure whether that is enough.

The numbers belong to the style in deck.html.j2, on a screen of 1280 by 720 pixels.
"""

import re
import textwrap

HEIGHT = 610  # pixels on a slide of 1280 by 720 for what stands under the line that names the section
LINE, COLUMNS = 44, 70  # pixels of a line of text, and how many characters it has
CODE_LINE, CODE_COLUMNS = 30, 78
SMALL_LINE, SMALL_COLUMNS = 25, 102  # for code and output with longer lines
ROW_LINE, ROW_COLUMNS, ROW_PADDING = 34, 84, 9  # of a table
SMALL_ROW_LINE, SMALL_ROW_COLUMNS = 28, 100  # of one with long rows
LONGEST_CODE = 16  # lines; longer code is for the notes
HEADING, FORMULA, PADDING, GAP = 60, 100, 20, 18
WORDS_ABOVE = 165  # pixels of text that leave a figure large enough below it
ITEM = re.compile(r"^(?:[-*]|\d+\.) ", re.MULTILINE)
RULE = re.compile(r"[\s|:-]+$")  # below the head of a table


def text_height(block: str) -> int:
    """The pixels of a block of text, or of a line and the list or table that it leads to."""
    if block.startswith("```"):
        return code_height(block)
    return sum(paragraph_height(paragraph) for paragraph in block.split("\n\n"))


def paragraph_height(block: str) -> int:
    if block.startswith("$$"):
        return FORMULA * (1 + block.count(r"\underbrace") // 2)
    if block.startswith("|"):
        return table_height(block.splitlines())
    items = ITEM.split(re.sub(r"\]\([^)]*\)", "", block))
    return sum(LINE * -(-len(item.strip()) // COLUMNS) + 8 for item in items if item.strip())


def table_height(rows: list[str]) -> int:
    """The pixels of a table: columns share the width by their longest cells, and a row is as high as its highest."""
    cells = [[cell.strip() for cell in row.strip()[1:-1].split("|")] for row in rows if not RULE.match(row)]
    longest = [max(map(len, column)) for column in zip(*cells)]
    line, columns = (SMALL_ROW_LINE, SMALL_ROW_COLUMNS) if is_wide(rows) else (ROW_LINE, ROW_COLUMNS)
    share = min(1, columns / (sum(longest) + 2 * len(longest)))
    widths = [max(1, int(share * length)) for length in longest]
    lines = [max(len(textwrap.wrap(cell, width)) for cell, width in zip(row, widths)) for row in cells]
    return sum(line * each + ROW_PADDING for each in lines)


def is_wide(rows: list[str]) -> bool:
    return max(len(" ".join(row.split())) for row in rows if not RULE.match(row)) > ROW_COLUMNS


def code_height(text: str) -> int:
    """The pixels of code or of printed lines, which have a smaller size if one of them is long."""
    line, columns = (SMALL_LINE, SMALL_COLUMNS) if size_of(text) else (CODE_LINE, CODE_COLUMNS)
    return PADDING + line * sum(1 + len(each) // columns for each in text.splitlines())


def size_of(text: str) -> list[str]:
    """Return the tag for a smaller size if lines are long; one or two lines are broken instead."""
    lengths = [len(line) for line in text.splitlines()]
    return ["small"] if len(lengths) > 2 and max(lengths) > CODE_COLUMNS else []
