"""Write the keys of the lessons' quizzes into docs/teaching.md, from the notebooks: `python scripts/quiz_key.py`.

A key stands between two comments, `<!-- quiz 01 -->` and `<!-- end of quiz 01 -->`. Whoever changes a question, or the
order of its options, runs this again.
"""

import json
import pathlib
import re
import textwrap
from typing import NamedTuple

from execution import NOTEBOOKS, ROOT

PAGE = ROOT / "docs" / "teaching.md"
QUESTION = re.compile(
    r"^\*\*(\d+)\.\*\* (.+?)\s*<details><summary>Answer</summary>\s*(.+?)\s*</details>", re.MULTILINE | re.DOTALL
)
OPTION = re.compile(r"\(([a-z])\)\s+(.+?)(?=\s\([a-z]\)\s|$)")
ANSWER = re.compile(r"\*\*\(([a-z])\)\.?\*\*")
BLOCK = re.compile(r"(<!-- quiz (\d\d) -->\n).*?(<!-- end of quiz \2 -->)", re.DOTALL)


class Question(NamedTuple):
    """A question of a quiz: its number, what is asked, the options by their letters, the right letter, and why."""

    number: int
    asked: str
    options: dict[str, str]
    right: str
    why: str


def questions(lesson: pathlib.Path) -> list[Question]:
    """Return the questions of a lesson's quiz, each text in one line."""
    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    (quiz,) = ["".join(cell["source"]) for cell in cells if "".join(cell["source"]).startswith("## Quiz")]
    return [question(int(number), *map(one_line, texts)) for number, *texts in QUESTION.findall(quiz)]


def question(number: int, text: str, answer: str) -> Question:
    """Take a question apart; ValueError if it has no options, or if its answer does not begin with one of them."""
    asked, options = text.partition("(a)")[0].strip(), dict(OPTION.findall(text))
    found = ANSWER.match(answer)
    if not asked or not options or not found or found[1] not in options:
        raise ValueError(f"expected a question with options from (a) on and an answer such as **(b).**, got {text!r}")
    why = answer[found.end() :].lstrip(" :,")
    return Question(number, asked, options, found[1], why[:1].upper() + why[1:])


def one_line(text: str) -> str:
    return " ".join(text.split())


def key(lesson: pathlib.Path) -> str:
    """Return the key of a lesson's quiz as a numbered list."""
    items = []
    for number, asked, options, right, why in questions(lesson):
        option = options[right].rstrip(".,;")
        item = f"{number}. *{asked}* **({right})** {option}. {why}"
        items.append(textwrap.fill(item, 120, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False))
    return "\n".join(items) + "\n"


def with_keys(page: str) -> str:
    """Return the page with the keys of today's notebooks."""
    return BLOCK.sub(lambda block: block[1] + key(*NOTEBOOKS.glob(f"{block[2]}_*.ipynb")) + block[3], page)


def main() -> None:
    PAGE.write_text(with_keys(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
