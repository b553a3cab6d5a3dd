"""The page for teachers: its minutes, aims, sentences, claims, keys and links are those of the course."""

import ast
import importlib
import inspect
import json
import pathlib
import re

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from quiz_key import PAGE, key, question, with_keys
from rehearse import demonstrations, rehearse, up_to

from course_utils.exercises.checker import Exercise
from course_utils.exercises.words import Words

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXT = PAGE.read_text(encoding="utf-8")
VERDICTS = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")
LESSONS = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))}
SECTIONS = dict(re.findall(r"^### (\d\d) · .*?\n(.*?)(?=^###? |\Z)", TEXT, re.MULTILINE | re.DOTALL))
ROW = r"\[(\d\d) [^]]*\]\(notebooks/[^)]*\) \|[^|]*\| (\d+) min, exercises (\d+) \| ([\d.]+) min \|"
MINUTES = {lesson: tuple(map(float, numbers)) for lesson, *numbers in re.findall(ROW, README)}  # read, exercises, run
PLANS = ("A workshop of one day", "Six weeks", "A term of fourteen weeks")

every_lesson = pytest.mark.parametrize("lesson", LESSONS)
every_plan = pytest.mark.parametrize("plan", PLANS)


def one_line(text: str) -> str:
    return " ".join(text.split())


def cells(lesson: str) -> list[tuple[str, str]]:
    """Return the kind and the source of every cell of a lesson."""
    notebook = json.loads(LESSONS[lesson].read_text(encoding="utf-8"))
    return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


def headings(lesson: str, end: int | None = None) -> list[str]:
    """Return the headings of a lesson, or of its cells up to a place."""
    texts = [source for kind, source in cells(lesson)[:end] if kind == "markdown"]
    return [heading for text in texts for heading in re.findall(r"^##+ (.+)$", text, re.MULTILINE)]


def exercise_minutes(lesson: str) -> list[int]:
    """Return the minutes of a lesson's exercises, in their order."""
    exercises = [source for _, source in cells(lesson) if source.startswith("### Exercise")]
    return [int(re.search(r" · (\d+) minutes", exercise)[1]) for exercise in exercises]


def part(lesson: str, title: str) -> str:
    """Return one part of a lesson's section, such as its **Aims.**"""
    return re.search(rf"\*\*{title}\.?\*\*(.*?)(?=^\*\*|\Z)", SECTIONS[lesson], re.MULTILINE | re.DOTALL)[1]


def table(title: str) -> list[list[str]]:
    """Return the rows of the table below a heading, without its head."""
    below = TEXT.split(f"### {title}\n")[1].split("\n#")[0]
    rows = [line.strip("|").split("|") for line in below.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def number(cell: str) -> float:
    return float(cell.strip("*") or 0)


def test_every_lesson_has_a_section_and_the_readme_its_minutes():
    assert LESSONS.keys() == SECTIONS.keys() == MINUTES.keys()


@every_lesson
def test_a_section_begins_with_the_minutes_of_the_readme(lesson):
    read, exercises, run = MINUTES[lesson]
    name = LESSONS[lesson].name
    links = f"[Lesson {lesson}](../notebooks/{name}), [solutions](../notebooks/solutions/{name})"
    said = f"*{links}: {read:g} min to read and do, exercises {exercises:g}, {run:g} min to run.*"
    assert said in one_line(SECTIONS[lesson])


@every_lesson
def test_the_aims_are_those_of_the_lesson(lesson):
    outcomes = re.compile(r"^\d\. (.+?)(?=^\d\. |\n\n|\Z)", re.MULTILINE | re.DOTALL)
    theirs = [one_line(aim) for aim in outcomes.findall(cells(lesson)[0][1])]
    assert len(theirs) == 3
    assert [one_line(aim) for aim in outcomes.findall(part(lesson, "Aims"))] == theirs


def checks(lesson: str, exercise: int) -> list:
    """Return the checks of an exercise, which its lesson calls."""
    code = "\n".join(source for _, source in cells(lesson))
    below = code.split(f"### Exercise {exercise} ")[1].split("### Exercise")[0]
    module = importlib.import_module(f"course_utils.exercises.lesson_{lesson}")
    return [getattr(module, name) for name in set(re.findall(rf"lesson_{lesson}\.(check_\w+)\(", below))]


def sentences(check) -> set[str]:
    """Return what a check can say of a mistake."""
    if isinstance(check, (Exercise, Words)):
        return {*check.mistakes.values(), *getattr(check, "hints", {}).values()}
    module = inspect.getmodule(check)  # the check is a function, with its sentences in it or in tables beside it
    nodes = ast.walk(ast.parse(inspect.getsource(module)))
    tables = [table for table in vars(module).values() if isinstance(table, dict)]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return {text for text in (*texts, *(text for table in tables for text in table.values())) if isinstance(text, str)}


@every_lesson
def test_what_goes_wrong_quotes_the_checks(lesson):
    bullets = [one_line(bullet) for bullet in re.split(r"^- ", part(lesson, "What goes wrong"), flags=re.MULTILINE)[1:]]
    assert 3 <= len(bullets) <= 5
    for bullet in bullets:
        exercise, quoted = re.fullmatch(r'.+ \(exercise (\d)\): "(.+)"', bullet).groups()
        assert any(quoted in sentences(check) for check in checks(lesson, int(exercise))), quoted


def claims(lesson: str) -> dict[str, tuple[str, str]]:
    """Return the kind of each claim of a lesson in docs/claims.md, and with how many seeds it held."""
    document = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    below = document.split(f"## [{LESSONS[lesson].stem}]")[1].split("\n## ")[0]
    return {
        claim: (kind, held) for claim, kind, held in re.findall(r"^\| (.+?) \| (\w+) \| (\d+ of \d+) \|", below, re.M)
    }


@every_lesson
def test_a_demonstration_held_with_every_seed_and_stands_where_the_page_says(lesson):
    claim = demonstrations(TEXT)[lesson]
    kind, held = claims(lesson)[claim]
    assert kind == "finding" and re.fullmatch(r"(\d+) of \1", held)
    section, seconds = re.search(r'"\* in \*(.+?)\*: about (\d+) seconds', one_line(SECTIONS[lesson])).groups()
    assert int(seconds) > 0
    place = next(i for i, (kind, source) in enumerate(cells(lesson)) if kind == "code" and f'"{claim}"' in source)
    assert headings(lesson, place)[-1] == section


@pytest.fixture
def small_lesson(tmp_path):
    """Return a function that writes a lesson with one claim, and with an error behind it."""

    def write(holds: bool) -> pathlib.Path:
        cells = ["from course_utils.claims import verify", f'verify("pigs walk", {holds})', "1 / 0"]
        nbformat.write(
            new_notebook(cells=[new_markdown_cell("# Pigs"), *map(new_code_cell, cells)]), tmp_path / "01_a.ipynb"
        )
        return tmp_path / "01_a.ipynb"

    return write


def test_a_rehearsal_ends_with_the_claim_and_stops_at_a_false_one(small_lesson):
    seconds, used = rehearse(small_lesson(True), "pigs walk")
    assert seconds > 0 and used >= 0
    with pytest.raises(CellExecutionError, match="pigs walk"):
        rehearse(small_lesson(False), "pigs walk")
    with pytest.raises(ValueError, match="expected a claim of this lesson, got 'pigs fly'"):
        up_to(nbformat.read(small_lesson(True), as_version=4), "pigs fly")


@every_lesson
def test_what_to_prepare_says_whether_trainings_keep_checkpoints(lesson):
    keeps = any("checkpoint=" in source for kind, source in cells(lesson) if kind == "code")
    assert ("No training cell keeps a checkpoint" in one_line(part(lesson, "Prepare"))) != keeps


@every_lesson
def test_what_may_be_left_out_is_a_section_of_the_lesson(lesson):
    left_out = re.search(r"Short of time, (.+)", one_line(part(lesson, "Prepare")))[1]
    named = re.findall(r"\*(.+?)\*", left_out)
    assert [section for section in named if section not in headings(lesson)] == []


def test_the_bets_of_lesson_07_ended_as_the_page_says():
    rows = re.findall(r"^\| (\d*) \|.*?\| (.+?) \| [\d.]+ \| ([✓✗○])", VERDICTS, re.MULTILINE)
    first = {int(bet): verdict for bet, _, verdict in rows if bet}
    said = re.search(
        r"On digits, from N\(0, I\), (.+?) hold, (.+) \(by the class\) do not, (.+) are undecided", one_line(TEXT)
    ).groups()
    assert {verdict: {bet for bet in first if first[bet] == verdict} for verdict in "✓✗○"} == {
        verdict: set(map(int, re.findall(r"\d+", numbers))) for verdict, numbers in zip("✓✗○", said)
    }
    turned = {bet for bet, by_step in steps(rows).items() if {"✓", "✗"} == set(by_step)}
    assert turned == set(map(int, re.findall(r"\d+", re.search(r"after the step (.+?) turn round", one_line(TEXT))[1])))


def steps(rows: list[tuple[str, str, str]]) -> dict[int, list[str]]:
    """Return for each bet its verdicts as usually drawn and after the step, by the judges who know labels."""
    found, bet = {}, 0
    for number, compared, verdict in rows:
        bet = int(number or bet)
        if "unlabelled judge" not in compared and compared.endswith(("as usually drawn", "after the step")):
            found.setdefault(bet, []).append(verdict)
    return found


def test_no_answer_of_the_course_is_longer_than_the_page_says():
    notebooks = [json.loads(path.read_text(encoding="utf-8")) for path in ROOT.glob("notebooks/solutions/*.ipynb")]
    sources = ["".join(cell["source"]) for notebook in notebooks for cell in notebook["cells"]]
    answers = [node for text in sources if text.startswith("def ") for node in ast.parse(text).body]
    lengths = [node.end_lineno - node.body[0].end_lineno for node in answers if isinstance(node, ast.FunctionDef)]
    assert max(lengths) == 10 and "answers have ten lines at most" in one_line(TEXT)


def test_the_quiz_keys_are_those_of_the_notebooks():
    assert with_keys(TEXT) == TEXT, "run `python scripts/quiz_key.py`"
    assert all(key(LESSONS[lesson]) in SECTIONS[lesson] for lesson in LESSONS)


def test_a_key_follows_when_options_change_places():
    asked = "Which is even? (a) 3, (b) 4, (c) the rest of\n5."
    assert question(1, " ".join(asked.split()), "**(b).** 4 is. (a) is odd.") == (
        1, "Which is even?", {"a": "3,", "b": "4,", "c": "the rest of 5."}, "b", "4 is. (a) is odd."
    )  # fmt: skip
    assert question(1, "Which? (a) 4, (b) 3.", "**(a)**, surely.").right == "a"
    for answer in ("(a) is right.", "**(d).** No."):
        with pytest.raises(ValueError, match=r"expected a question with options from \(a\) on"):
            question(1, "Which? (a) 4, (b) 3.", answer)


@every_lesson
def test_the_points_of_an_exam_question_add_up(lesson):
    for title, points in (("Exam 1", 4), ("Exam 2", 6)):
        answer = re.sub("`[^`]+`", "", part(lesson, title))  # points stand in parentheses, outside of code
        assert answer.startswith(f" ({points} points). *")
        assert sum(map(float, re.findall(r"\((\d(?:\.5)?)\)", answer))) == points, title
    assert f"10 points a lesson, {10 * len(LESSONS)} in all" in one_line(TEXT)


@every_lesson
def test_there_is_something_to_discuss(lesson):
    questions = re.findall(r"^- \*.+?\*\s", part(lesson, "Discuss"), re.MULTILINE | re.DOTALL)
    assert 2 <= len(questions) <= 3


def test_the_lecture_lasts_as_long_as_it_says():
    *rows, total = table("One lecture of 90 minutes")
    assert sum(number(row[0]) for row in rows) == number(total[0]) == 90
    assert f"({sum(MINUTES['03'])} minutes with its exercises)" in one_line(TEXT)


def test_what_the_lecture_shows_is_there():
    places = re.findall(
        r"\[(\d\d)\]\(\.\./notebooks/([\w.]+)\), \*(.+?)\*", TEXT.split("### One lecture")[1].split("###")[0]
    )
    assert len(places) >= 5
    for lesson, name, section in places:
        assert LESSONS[lesson].name == name and section in headings(lesson)


@every_plan
def test_the_minutes_of_a_plan_add_up(plan):
    *rows, total = table(plan)
    for when, what, *numbers, _ in rows:
        read, run, exercises, together, here, home = map(number, numbers)
        assert read + run + exercises + together == here, (when, what)
        lesson = re.search(r"\[(\d\d)\]\(#\1--", what)
        assert read + run + exercises + home == (sum(MINUTES[lesson[1]]) if lesson else 0), what
    assert [number(cell) for cell in total[-3:-1]] == [sum(number(row[i]) for row in rows) for i in (-3, -2)]


@every_plan
def test_what_is_left_for_home_names_its_exercises(plan):
    for _, what, *numbers, left in table(plan)[:-1]:
        read, run, exercises, _, here, home = map(number, numbers)
        if here and home:
            lesson = re.search(r"\[(\d\d)\]", what)[1]
            minutes, named = exercise_minutes(lesson), re.search(r"exercises? ([\d, and]+)", left)
            chosen = [int(i) for i in re.findall(r"\d", named[1])] if named else []
            some = sum(minutes[i - 1] for i in chosen) if named else MINUTES[lesson][1]
            assert MINUTES[lesson][0] - read + some == home, what


def test_the_day_of_the_workshop_has_no_gap():
    rows = [row for row in table(PLANS[0]) if re.fullmatch(r"\d+:\d\d", row[0])]
    clock = [int(hours) * 60 + int(minutes) for hours, minutes in (row[0].split(":") for row in rows)]
    assert [later - now for now, later in zip(clock, clock[1:])] == [number(row[6]) for row in rows[:-1]]


def anchors(page: str) -> set[str]:
    lines = [line for line in page.splitlines() if re.match("#+ ", line)]
    return {re.sub(r"[^\w -]", "", line.lstrip("#").strip()).lower().replace(" ", "-") for line in lines}


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\((?!https:)([^)]+)\)", TEXT)
    assert len(links) > 40
    for link in links:
        file, _, anchor = link.partition("#")
        target = PAGE.parent / file if file else PAGE
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_path_on_the_page_exists():
    words = {
        word.strip("':!")
        for code in re.findall(r"`([^`\n]+)`|^    (.+)$", TEXT, re.M)
        for word in "".join(code).split()
    }
    made = ("html/", "my/", "data/MNIST", "data/FashionMNIST", "data/checkpoints", "course/", "~/", ".venv/", "OWNER/")
    paths = {word for word in words if re.fullmatch(r"\.?[\w~*]+(/[\w.*-]*)+", word) and not word.startswith(made)}
    assert len(paths) >= 6
    assert [path for path in paths if not list(ROOT.glob(path.rstrip("/")))] == []


def test_sizes_on_the_page_are_those_of_the_course():
    sources = README + (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8") + cells("05")[-1][1]
    sizes = set(re.findall(r"\d[\d.]* [GM]B", one_line(TEXT)))
    assert sizes and {size for size in sizes if size not in sources} == set()


def test_the_readme_leads_to_the_page():
    assert "](docs/teaching.md)" in README.split("## For teachers and contributors")[1]
