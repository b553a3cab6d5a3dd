"""Assignments and their grading: what is handed out, and what becomes of everything that may come back."""

import importlib
import importlib.util
import pathlib
import pickle
import warnings

import feedback
import grade
import nbformat
import pytest
import torch
from assignment import CHECK, NOTEBOOKS, make, source
from grader import judge
from grader.attempt import Job
from grader.judge import Refused, verdict, verdicts
from submissions import ALL, ANSWERS, FIRST, NAMES, REFUSED, SUBMISSIONS, right, table

with_nbgrader = pytest.mark.skipif(
    importlib.util.find_spec("nbgrader") is None, reason='needs nbgrader: pip install -e ".[grading]"'
)
SECONDS = 3  # of computing for a submission; a right one needs a tenth of one
LESSONS = sorted(path.stem[:2] for path in NOTEBOOKS.glob("[0-9]*.ipynb"))
BY_A_TEACHER = {"check_repair", "check_my_claim"}  # their answers are no function and no table of words
PAGE = pathlib.Path(__file__).parents[1] / "docs" / "grading.md"


@pytest.mark.parametrize("lesson", LESSONS)
def test_an_assignment_has_every_check_that_takes_an_answer_and_no_answer(lesson):
    name, notebook = source(lesson)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    found = [check for cell in code for _, check, _ in CHECK.findall(cell)]
    checks = importlib.import_module(f"course_utils.exercises.lesson_{lesson}").__all__
    assert sorted(found) == sorted({check for check in checks if check.startswith("check_")} - BY_A_TEACHER)
    told = [cell.source for cell in nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells]
    solved = nbformat.read(NOTEBOOKS / "solutions" / f"{name}.ipynb", as_version=4).cells
    answers = {cell.source for cell in solved[3:]} - set(told) - set(code)
    assert answers and not answers & {cell.source for cell in notebook.cells}


def test_points_are_the_dots_of_an_exercise():
    _, notebook = source("03")
    marks = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert [mark.points for mark in marks if mark.grade] == list(ALL["03"])
    assert [mark.grade_id for mark in marks if mark.solution] == list(ANSWERS["03"])


def test_the_page_for_teachers_has_the_table_of_all_submissions():
    assert table() in PAGE.read_text(encoding="utf-8")


def job(first: str, *before: str) -> Job:
    """Return lesson 03 with the right answers, but for the first, and with cells before them."""
    cells = ["from torch.nn.functional import softplus\nfrom course_utils import losses", *before]
    answers = right("03") | {"discriminator_loss": FIRST + first}
    return Job([*cells, *answers.values()], "lesson_03", {f"check_{name}": name for name in answers})


RIGHT = "return softplus(-real_logits).mean() + softplus(fake_logits).mean()"
LATER = {f"check_{name}": f"✓ {name} is right." for name in ANSWERS["03"][1:]}


def test_the_verdicts_are_those_of_the_lesson():
    wrong = "return softplus(real_logits).mean() + softplus(fake_logits).mean()"
    for line, said in (
        (RIGHT, "✓ discriminator_loss is right."),
        (wrong, "✗ discriminator_loss: the first term lacks"),
    ):
        lines = verdicts(job(line), SECONDS)
        assert lines.pop("check_discriminator_loss").startswith(said) and lines == LATER


def test_a_cell_that_waits_for_ever_is_stopped_by_the_clock(monkeypatch):
    monkeypatch.setattr(judge, "PATIENCE", 3)
    with pytest.raises(Refused, match="took more than 1 seconds"):
        verdicts(job(RIGHT, "import time; time.sleep(1000)"), 1)


UP_THE_STACK = """frame = __import__("sys")._getframe()
    while "observe_loss" not in frame.f_globals:
        frame = frame.f_back
    return frame.f_globals["discriminator_loss"](real_logits, fake_logits)"""


CHANGES_ITS_INPUT = f"""loss = {RIGHT.removeprefix("return ")}
    real_logits.data.zero_()
    return loss"""


def test_what_the_page_says_is_not_prevented_is_not(tmp_path):
    """Three holes that docs/grading.md names: should one be closed, the page is to say so."""
    file = tmp_path / "from_a_submission.pt"
    write = f"import torch; torch.save(torch.zeros(1), {str(file)!r})"
    hide = "import torch; torch.allclose = lambda *args, **kwargs: True"
    for first, before in ((RIGHT, write), (UP_THE_STACK, ""), (CHANGES_ITS_INPUT, hide)):
        assert verdicts(job(first, before), SECONDS)["check_discriminator_loss"] == "✓ discriminator_loss is right."
    assert file.exists()
    assert "changes its input" in verdicts(job(CHANGES_ITS_INPUT), SECONDS)["check_discriminator_loss"]


class Code:
    def __reduce__(self):
        return print, ("this ran in the process that judges",)


FORGED = {
    "a verdict": {"fails": "✓ discriminator_loss is right."},
    "no tensor": {"found": {"the loss": [1, 2]}, "traces": []},
    "a tensor larger than its file": {"found": {"the loss": torch.zeros(1).expand(1 << 40)}, "traces": []},
    "code": {"fails": Code()},
    "nothing": {},
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_message_gives_no_points_and_runs_nothing(what, tmp_path, capsys):
    torch.save(FORGED[what], tmp_path / "check_discriminator_loss.pt")
    line = verdict(job(RIGHT), "check_discriminator_loss", tmp_path)
    assert not line.startswith("✓") and "\n" not in line
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", pickle.dumps(Code()), b"\x00" * 1000])
def test_a_message_that_cannot_be_read_is_said_to_be(content, tmp_path):
    (tmp_path / "check_discriminator_loss.pt").write_bytes(content)
    assert "what it did cannot be judged" in verdict(job(RIGHT), "check_discriminator_loss", tmp_path)


@pytest.mark.parametrize(
    "student", [student for student in REFUSED if REFUSED[student].says.startswith("refused: exp")]
)
def test_a_file_that_cannot_be_graded_is_refused_before_it_is(student, tmp_path):
    REFUSED[student].hand_in(tmp_path / "it", source("03")[1])
    assert grade.problem(tmp_path / "it" / "03_gan_training.ipynb").startswith(REFUSED[student].says)


def test_the_table_is_printed_with_a_remark_below_its_row(capsys):
    grade.show([{"student": "ada", "kl": "1", "total": "1", "remarks": ""},
                {"student": "ben", "kl": "0", "total": "0", "remarks": "✗ kl: no."}])  # fmt: skip
    assert capsys.readouterr().out == "student  kl  total\nada      1   1\nben      0   0\n    ✗ kl: no.\n"


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> pathlib.Path:
    """Return the folder of a class in which two assignments were made, and all submissions handed in."""
    folder = tmp_path_factory.mktemp("class")
    for lesson in ALL:
        release = nbformat.read(make(lesson, folder), as_version=4)
        for student, submission in SUBMISSIONS.items():
            if submission.lesson == lesson:
                submission.hand_in(folder / "submitted" / student / f"lesson_{lesson}", release)
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write(f"get_config().Judge.seconds = {SECONDS}\n")
    return folder


@pytest.fixture(scope="module")
def rows(course) -> dict[str, dict]:
    """Return the row of each student."""
    return {row["student"]: row for lesson in ALL for row in grade.grade(f"lesson_{lesson}", NAMES[lesson], course)}


@with_nbgrader
@pytest.mark.parametrize("student", SUBMISSIONS)
def test_every_submission_gets_its_points_and_its_sentence(rows, student):
    submission, row = SUBMISSIONS[student], rows[student]
    points = [float(point) for point in list(row.values())[1:-2]]
    assert (tuple(points), float(row["total"])) == (submission.points, sum(submission.points)), row["remarks"]
    assert submission.says in row["remarks"] and "\n" not in row["remarks"]
    assert row["remarks"].startswith("refused: ") == submission.says.startswith("refused: ")
    assert (row["remarks"] == "") == (submission.points == ALL[submission.lesson])


@with_nbgrader
@pytest.mark.parametrize("student", [student for student in SUBMISSIONS if student not in REFUSED])
def test_a_graded_notebook_is_a_valid_one_in_which_each_answer_can_be_commented_on(course, rows, student):
    submission = SUBMISSIONS[student]
    graded = course / "autograded" / student / f"lesson_{submission.lesson}" / f"{NAMES[submission.lesson]}.ipynb"
    with warnings.catch_warnings(action="error"):  # nbformat warns of two cells with one id
        notebook = nbformat.read(graded, as_version=4)
        nbformat.validate(notebook)
    marks = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    marked = [mark.grade_id for mark in marks if mark.solution]
    without = submission.change.__name__ in ("without_the_rest", "with_other_marks", "with_damaged_marks")
    assert len(set(marked)) == len(marked) and (without or marked == list(ANSWERS[submission.lesson]))


@with_nbgrader
def test_each_student_gets_a_page_that_says_what_the_last_round_found(course, rows):
    of_lesson = [row for student, row in rows.items() if SUBMISSIONS[student].lesson == "05"]
    nameless = dict.fromkeys(of_lesson[0], "0") | {"student": "nameless", "remarks": "refused: got <b>.ipynb."}
    grade.write([*of_lesson, nameless], course / "lesson_05.csv")
    of_an_earlier_round = course / "feedback" / "right_05" / "lesson_05" / f"{NAMES['05']}.html"
    of_an_earlier_round.parent.mkdir(parents=True)
    of_an_earlier_round.touch()
    pages = {page.parts[-3]: page for page in feedback.feedback("lesson_05", NAMES["05"], course)}
    assert pages.keys() == {row["student"] for row in of_lesson} | {"nameless"}
    texts = {student: page.read_text(encoding="utf-8") for student, page in pages.items()}
    assert "(Score: 4.0 / 4.0)" in texts["right_05"] and "✓ my_reparameterize is right." in texts["right_05"]
    assert "(Score: 0.0 / 4.0)" in texts["mistakes_05"] and SUBMISSIONS["mistakes_05"].says in texts["mistakes_05"]
    assert "refused: got &lt;b&gt;.ipynb." in texts["nameless"]


@with_nbgrader
def test_what_is_refused_in_a_later_round_loses_its_points(course, rows):
    from nbgrader.api import Gradebook

    submitted = course / "submitted" / "right" / "lesson_03" / "03_gan_training.ipynb"
    content = submitted.read_bytes()
    submitted.write_bytes(b"")
    try:
        row = grade.row(course, "lesson_03", NAMES["03"], "right", grade.problem(submitted))
    finally:
        submitted.write_bytes(content)
    assert row["total"] == "0"
    assert not (course / "autograded" / "right" / "lesson_03").exists()
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        assert "right" not in {submission.student_id for submission in gradebook.assignment_submissions("lesson_03")}
