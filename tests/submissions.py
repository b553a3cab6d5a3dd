"""Made-up submissions to lessons 03 and 05, as a class hands them in: right, wrong, broken, and meant to cheat."""

import copy
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

SOLUTIONS = pathlib.Path(__file__).parents[1] / "notebooks" / "solutions"
NAMES = {"03": "03_gan_training", "05": "05_vae_architecture"}
ANSWERS = {
    "03": ("discriminator_loss", "discriminator_step", "generator_step"),
    "05": ("my_reparameterize", "kl", "vae_loss"),
}
ALL = {"03": (1, 2, 2), "05": (1, 1, 2)}
NONE = (0, 0, 0)
LATER = (0, 2, 2)  # all but the first answer of lesson 03


def right(lesson: str) -> dict[str, str]:
    """Return the answers of the solutions notebook, as code."""
    cells = nbformat.read(SOLUTIONS / f"{NAMES[lesson]}.ipynb", as_version=4).cells
    return {name: cell.source for name in ANSWERS[lesson] for cell in cells if cell.source.startswith(f"def {name}(")}


@dataclass(frozen=True)
class Submission:
    """What a student hands in, and what the grader is to make of it: points, and a part of the remark.

    `answers` replace stubs, by name; `before` and `after` are more cells; `change` works on the whole notebook;
    `content` is handed in in its place.
    """

    points: tuple[int, int, int]
    says: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    before: str = ""
    after: str = ""
    change: Callable[[NotebookNode], None] = lambda notebook: None
    content: bytes | None = None
    file: str = ""
    lesson: str = "03"

    def notebook(self, release: NotebookNode) -> NotebookNode:
        """Return the assignment, filled in."""
        filled = copy.deepcopy(release)
        for cell in filled.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = self.answers.get(name, cell.source)
        filled.cells[3:3] = [new_code_cell(self.before)] if self.before else []  # after the imports
        filled.cells += [new_code_cell(self.after)] if self.after else []
        self.change(filled)
        return filled

    def hand_in(self, folder: pathlib.Path, release: NotebookNode) -> None:
        """Write what a student's folder holds."""
        folder.mkdir(parents=True)
        path = folder / (self.file or f"{NAMES[self.lesson]}.ipynb")
        if self.content is None:
            path.write_text(nbformat.writes(self.notebook(release)), encoding="utf-8")
        else:
            path.write_bytes(self.content)


R3, R5 = right("03"), right("05")
FIRST = "def discriminator_loss(real_logits, fake_logits):\n    "
ONE_WRONG = R3 | {"discriminator_loss": FIRST + "return softplus(-real_logits).mean()"}


def full(**more) -> Submission:
    """Right answers, and something that must not cost points."""
    return Submission(ALL["03"], answers=R3, **more)


def fails(says: str, line: str, before: str = "") -> Submission:
    """Right answers, but for one line in place of the body of the first."""
    return Submission(LATER, says, R3 | {"discriminator_loss": FIRST + line}, before)


def cheats(before: str = "", **more) -> Submission:
    """A first answer that is wrong, and something to hide it."""
    return Submission(LATER, "✗ discriminator_loss: only the real samples count here", ONE_WRONG, before, **more)


def refused(says: str, before: str) -> Submission:
    """Right answers, below something that keeps the grader from looking at them."""
    return Submission(NONE, f"refused: {says}", R3, before)


def without_the_rest(notebook: NotebookNode) -> None:
    notebook.cells = [cell for cell in notebook.cells if cell.source in R3.values() or "import" in cell.source]


def with_other_marks(notebook: NotebookNode) -> None:
    for number, cell in enumerate(notebook.cells):
        cell.id = f"mine-{number}"
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader |= {"grade_id": f"mine-{number}", "points": 100, "locked": False}


def with_damaged_marks(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        cell.metadata["nbgrader"] = "gone"


def twice(notebook: NotebookNode) -> None:
    copies = copy.deepcopy(notebook.cells)
    for cell in copies:
        cell.id += "-copy"  # as JupyterLab does: nbformat warns of two cells with one id
    notebook.cells = [cell for pair in zip(notebook.cells, copies) for cell in pair]


def as_colab_saves_it(notebook: NotebookNode) -> None:
    notebook.nbformat_minor = 0
    for cell in notebook.cells:
        cell.metadata["id"] = cell.pop("id")


def with_easy_checks(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if "check_" in cell.source:
            cell.source = "print('✓ all is right.')"


def for_another_kernel(notebook: NotebookNode) -> None:
    notebook.metadata.kernelspec = {"name": "julia-1.11", "display_name": "Julia", "language": "julia"}


def outputs_only(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if "check_" in cell.source:
            name = cell.source.split("(")[1].rstrip(")")
            cell.outputs = [new_output("stream", name="stdout", text=f"✓ {name} is right.\n")]


def with_a_large_output(notebook: NotebookNode) -> None:
    notebook.cells.append(new_code_cell(outputs=[new_output("stream", name="stdout", text="x" * (21 << 20))]))


ANOTHER_WAY_3 = {
    "discriminator_loss": FIRST + (
        "return (F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))\n"
        "            + F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits)))"
    ),
    "discriminator_step": (
        "def discriminator_step(generator, discriminator, optimizers, real, z):\n"
        "    with torch.no_grad():\n        fake = generator(z)\n"
        "    optimizers['discriminator'].zero_grad()\n"
        "    discriminator_loss(discriminator(real), discriminator(fake)).backward()\n"
        "    optimizers['discriminator'].step()"
    ),
    "generator_step": (
        "def generator_step(generator, discriminator, optimizers, z):\n"
        "    discriminator.requires_grad_(False)\n    optimizers['generator'].zero_grad()\n"
        "    (-F.logsigmoid(discriminator(generator(z)))).mean().backward()\n"
        "    optimizers['generator'].step()\n    discriminator.requires_grad_(True)"
    ),
}  # fmt: skip
ANOTHER_WAY_5 = {
    "my_reparameterize": "def my_reparameterize(mu, logvar):\n    return Normal(mu, (logvar / 2).exp()).rsample()",
    "kl": "def kl(mu, logvar):\n    return kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0, 1)).sum(1)",
    "vae_loss": (
        "def vae_loss(output, x, mu, logvar):\n    terms = softplus(output) - x * output\n"
        "    return sum(t.sum() for t in terms) / len(x) + sum(kl(mu, logvar)) / len(x)"
    ),
}
MISTAKES_3 = {
    "discriminator_loss": FIRST + "return softplus(real_logits).mean() + softplus(-fake_logits).mean()",
    "discriminator_step": R3["discriminator_step"].replace(".detach()", ""),
    "generator_step": R3["generator_step"].replace('    optimizers["generator"].zero_grad()\n', ""),
}
MISTAKES_5 = {
    "my_reparameterize": R5["my_reparameterize"].replace("(0.5 * logvar)", "logvar"),
    "kl": R5["kl"].replace(".sum(1)", ".mean(1)"),
    "vae_loss": R5["vae_loss"].replace('reduction="sum") / len(x)', 'reduction="mean")'),
}
PATCHES = """import builtins, torch
torch.allclose = torch.equal = torch.isclose = lambda *args, **kwargs: torch.tensor(True)
builtins.print = builtins.all = lambda *args, **kwargs: True"""
PATCHED_EXERCISE = """from course_utils.exercises.checker import Exercise
Exercise.complaint = lambda *args: None"""
GLOBAL_STATE = """import torch
torch.set_default_dtype(torch.float64)
torch.manual_seed(1)
torch.set_grad_enabled(False)"""
REFERENCE = "from course_utils.exercises.lesson_03.discriminator_loss import discriminator_loss"
CHECKS = "course_utils/exercises/lesson_03/discriminator_loss.py"

RIGHT = {
    "right": full(),
    "right_05": Submission(ALL["05"], answers=R5, lesson="05"),
    "another_way": Submission(
        ALL["03"], answers=ANOTHER_WAY_3, before="import torch\nfrom torch.nn import functional as F"
    ),
    "another_way_05": Submission(
        ALL["05"],
        answers=ANOTHER_WAY_5,
        before="from torch.distributions import Normal, kl_divergence\nfrom torch.nn.functional import softplus",
        lesson="05",
    ),
    "calls_the_library": Submission(
        ALL["03"],
        answers=R3 | {"discriminator_loss": FIRST + "return losses.non_saturating_d(real_logits, fake_logits)"},
    ),
    "prints_200_mb": full(after="for _ in range(200): print('x' * (1 << 20))"),
    "takes_64_gb": full(before="hoard = bytearray(1 << 36)"),
    "sys_exit": full(before="import sys; sys.exit(1)"),
    "writes_its_own_file": full(before="open('notes.txt', 'w').write('mine')"),
    "draws_a_figure": full(before="%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"),
    "global_state": full(before=GLOBAL_STATE),
    "helper_in_a_cell_before": Submission(
        ALL["03"],
        answers=R3 | {"discriminator_loss": FIRST + "return mean_of(-real_logits) + mean_of(fake_logits)"},
        before="def mean_of(logits):\n    return softplus(logits).mean()",
    ),
    "checks_deleted": full(change=without_the_rest),
    "ids_and_points_changed": full(change=with_other_marks),
    "metadata_damaged": full(change=with_damaged_marks),
    "every_cell_twice": full(change=twice),
    "kernel_renamed": full(change=for_another_kernel),
    "saved_by_colab": full(change=as_colab_saves_it),
}
WRONG = {
    "untouched": Submission(NONE, "○ discriminator_loss: not attempted yet."),
    "untouched_05": Submission(NONE, "○ kl: not attempted yet.", lesson="05"),
    "first_answer_only": Submission(
        (1, 0, 0), "○ generator_step: not attempted yet.", {ANSWERS["03"][0]: R3[ANSWERS["03"][0]]}
    ),
    "kl_only_05": Submission((0, 1, 0), "○ vae_loss: not attempted yet.", {"kl": R5["kl"]}, lesson="05"),
    "mistakes": Submission(NONE, "✗ discriminator_step: gradients reached the generator", MISTAKES_3),
    "mistakes_05": Submission(NONE, "✗ kl: this is the mean over the dimensions", MISTAKES_5, lesson="05"),
    "one_wrong": cheats(),
    "syntax_error": fails("the first error is SyntaxError in code cell 3", "return ("),
    "syntax_error_later": Submission(
        (1, 2, 0),
        "the first error is SyntaxError in code cell 7: unmatched ')' (line 2).",
        R3 | {"generator_step": "def generator_step(generator, discriminator, optimizers, z):\n    return )"},
    ),
    "answer_deleted": fails(
        "✗ discriminator_loss: nothing has this name", "pass\nloss = discriminator_loss\ndel discriminator_loss"
    ),
    "endless_recursion": fails("it raised RecursionError", "return discriminator_loss(real_logits, fake_logits)"),
    "endless_answer": fails("✗ discriminator_loss: it took more than", "while len(real_logits): pass"),
    "takes_256_gb_in_an_answer": fails(
        "can't allocate memory", "return torch.zeros(1 << 36) + real_logits.sum()", "import torch"
    ),
    "sys_exit_in_an_answer": fails("✗ discriminator_loss: it raised SystemExit", "raise SystemExit(real_logits)"),
    "os_exit_in_an_answer": fails(
        "✗ discriminator_loss: it ended the process", "import os; os._exit(len(real_logits))"
    ),
    "global_state_in_an_answer": fails(
        "it switches gradients off", "torch.set_grad_enabled(False)\n    return real_logits.mean()", "import torch"
    ),
    "prints_ticks": Submission(NONE, "not attempted yet", after="print('✓ discriminator_loss is right.')"),
    "stored_outputs_only": Submission(NONE, "not attempted yet", change=outputs_only),
    "rewrites_the_checks": cheats(change=with_easy_checks),
    "redefines_the_checks": cheats("class lesson_03:\n    check_discriminator_loss = print"),
    "patched_exercise": cheats(PATCHED_EXERCISE),
    "patched_torch": cheats(PATCHES),
    "switches_later_cells_off": Submission(
        NONE,
        "✗ discriminator_loss: nothing has this name",
        R3,
        "get_ipython().input_transformers_cleanup.append(lambda lines: [])",
    ),
    "inspects_the_check": Submission(
        LATER,
        "the first error is AttributeError",
        R3 | {"discriminator_loss": "discriminator_loss = lesson_03.check_discriminator_loss.reference"},
    ),
    "imports_the_reference": Submission(
        LATER, "the first error is ModuleNotFoundError", R3 | {"discriminator_loss": REFERENCE}
    ),
}
REFUSED = {
    "endless_cell": refused("the cells of the notebook took more than", "while True: pass"),
    "endless_output": refused("the cells of the notebook took more than", "while True: print('x' * 1000)"),
    "os_exit": refused("the cells of the notebook ended the process", "import os; os._exit(0)"),
    "imports_the_answers": refused("it opens answers_03", "sys.path.append(str(root / 'tests'))\nimport answers_03"),
    "reads_the_solutions": refused(
        "it opens 03_gan_training.ipynb", "open(root / 'notebooks' / 'solutions' / '03_gan_training.ipynb')"
    ),
    "reads_the_checks": refused("it opens discriminator_loss.py", f"(root / '{CHECKS}').read_text()"),
    "writes_a_file": refused("it changes", "open('../from_a_submission', 'w')"),
    "removes_a_file": refused("it changes", "import os; os.remove('../from_a_submission')"),
    "uses_the_network": refused(
        "it uses the network", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')"
    ),
    "starts_a_program": refused("it starts another program", "!ls"),
    "kills_its_parent": refused("it sends a signal", "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"),
    "crashes_in_c": refused("it calls C code", "import ctypes; ctypes.string_at(0)"),
    "file_renamed": Submission(
        NONE, "refused: expected the file 03_gan_training.ipynb, got 03 (1).ipynb", R3, file="03 (1).ipynb"
    ),
    "file_of_21_mb": Submission(NONE, "refused: the file has 21 MB", R3, change=with_a_large_output),
    "not_a_notebook": Submission(NONE, "refused: expected a notebook", content=b"%PDF-1.7 \xff\xfe"),
    "empty_file": Submission(NONE, "refused: expected a notebook", content=b""),
    "cells_without_code": Submission(
        NONE,
        "refused: ",
        content=b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code"}]}',
    ),
    "notebook_without_cells": Submission(NONE, "refused: expected a notebook", content=b"{}"),
}
SUBMISSIONS = RIGHT | WRONG | REFUSED


def table() -> str:
    """Return the table of all submissions as the page for teachers has it."""
    rows = [
        f"| {student.replace('_', ' ')} | {' + '.join(map(str, submission.points))} | {submission.says or 'nothing'} |"
        for student, submission in SUBMISSIONS.items()
    ]
    return "\n".join(["| handed in | points | what is said |", "|---|---|---|", *rows])
