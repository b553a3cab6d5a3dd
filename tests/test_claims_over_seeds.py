"""The script behind `make claims`, and the document that it writes."""

import json
import pathlib
import re
from types import SimpleNamespace

import pytest
from claims import (
    CONFIRMING,
    DOCUMENT,
    LESSONS,
    Job,
    all_imported,
    bare,
    code_hash,
    code_of,
    counts,
    recorded,
    report,
    run,
    scoreboard,
    section,
    standing,
    table,
)
from execution import NOTEBOOKS, ROOT, find_notebooks


def test_the_table_of_claims_counts_a_failed_run_as_false(tmp_path):
    results = [tmp_path / f"seed_{seed}.jsonl" for seed in range(3)]  # the third run never ended
    for seed, result in enumerate(results[:2]):
        claims = [
            {"kind": "finding", "statement": "a | b", "holds": True, "numbers": {"fid": 1.5 - seed}},
            {"kind": "identity", "statement": "twice", "holds": True, "numbers": {}},
            {"kind": "identity", "statement": "twice", "holds": seed == 0, "numbers": {}},
            {"kind": "finding", "statement": "Recorded: old", "holds": True, "numbers": {}},
            {"kind": "score", "lesson": 1, "name": "noise", "score": 100.0},
        ]
        result.write_text("".join(json.dumps(claim) + "\n" for claim in claims))
    assert table(results).splitlines()[2:] == [
        "| a \\| b | finding | 2 of 3 | fid: 0.5 … 1.5 |",
        "| twice | identity | 1 of 3 |  |",
        "| Recorded: old | recorded | 2 of 3 |  |",
    ]
    assert counts(table(results), "finding") == [(2, 3)] and counts(table(results), "identity") == [(1, 3)]


def test_the_scoreboard_has_the_scores_of_all_seeds_and_keeps_lessons_that_did_not_run(tmp_path):
    results = [tmp_path / f"seed_{seed}.jsonl" for seed in (100, 101)]
    for number, result in enumerate(results):
        result.write_text(json.dumps({"kind": "score", "lesson": 3, "name": "GAN", "score": 2.0 + number}) + "\n")
    earlier = [{"lesson": 1, "name": "noise", "scores": [100.0]}, {"lesson": 3, "name": "old", "scores": [9.0]}]
    assert scoreboard({pathlib.Path("03_gan.ipynb"): results}, earlier) == [
        earlier[0],
        {"lesson": 3, "name": "GAN", "scores": [2.0, 3.0]},
    ]


def lesson_with_a_claim(
    folder: pathlib.Path, code: str, seeds: int, first: int = CONFIRMING
) -> tuple[pathlib.Path, list[pathlib.Path]]:
    path = folder / "01_a.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": code}]}))
    (folder / f"01_a-{code_hash(path)}").mkdir()
    of = folder / f"01_a-{code_hash(path)}"
    results = [of / f"seed_{first + number}.jsonl" for number in range(seeds)]
    for result in results:
        claim = {"kind": "finding", "statement": "GANs sing", "holds": True, "numbers": {}}
        result.write_text(json.dumps(claim) + "\n")
    return path, results


def test_a_section_stands_until_the_code_changes_or_more_seeds_are_wanted(tmp_path):
    path, results = lesson_with_a_claim(tmp_path, "x = 1", seeds=3)
    text = section(path, results, errors=[])
    document = report({"01_a": text, "02_b": text.replace("01_a", "02_b")})
    assert "| 01_a | 1 | 1 | 0 | 0 | 100 to 102 |" in document
    assert standing(document, path, 3) == standing(document, path, 2) == text
    assert standing(document, path, 4) is None and standing("", path, 3) is None
    lesson_with_a_claim(tmp_path, "x = 2", seeds=3)
    assert standing(document, path, 3) is None


def test_a_section_on_seeds_that_claims_are_tuned_on_does_not_stand(tmp_path):
    path, results = lesson_with_a_claim(tmp_path, "x = 1", seeds=3, first=0)
    assert standing(report({"01_a": section(path, results, errors=[])}), path, 3) is None


def test_a_section_with_a_failed_run_is_made_again(tmp_path):
    path, results = lesson_with_a_claim(tmp_path, "x = 1", seeds=3)
    text = section(path, results, errors=["01_a, seed 2: DeadKernelError", "02_b, seed 0: ZeroDivisionError"])
    assert "- 01_a, seed 2: DeadKernelError" in text and "02_b" not in text
    assert standing(report({"01_a": text}), path, 3) is None


def test_a_run_depends_on_the_recorded_results_that_its_lesson_reads():
    assert {file.name for file in recorded('f"fight_{name}.jsonl"')} >= {"fight_digits.jsonl", "fight_costs.json"}
    assert {file.name for file in recorded('read("modes_2d"), open("step_time.json")')} == {
        "modes_2d.jsonl", "modes_2d.md", "step_time.json"
    }  # fmt: skip
    assert recorded('"momentum cures it", cures = step_times(), "searching"') == set()


def test_lesson_08_runs_anew_when_one_of_its_records_changes():
    (path,) = NOTEBOOKS.glob("08_*.ipynb")
    found = {file.name for file in recorded(code_of(path))}
    assert found >= {f"{name}_digits.jsonl" for name in ("labels", "hybrids")} | {"labels_mnist.jsonl"}


def test_a_run_that_failed_or_whose_code_changed_meanwhile_is_not_kept(tmp_path, monkeypatch):
    path, (result, *_) = lesson_with_a_claim(tmp_path, "x = 1", seeds=1)
    result.unlink()
    ended = {"returncode": 1, "stderr": "Traceback\nDeadKernelError: Kernel died"}
    monkeypatch.setattr("claims.subprocess.run", lambda *command, **options: SimpleNamespace(**ended))
    assert run(Job(path, result, 2)) == "01_a, seed 2: DeadKernelError: Kernel died" and not result.exists()
    ended["returncode"] = 0
    other = tmp_path / "01_a-0123456789ab" / "seed_2.jsonl"
    assert "changed meanwhile" in run(Job(path, other, 2)) and not other.exists()
    assert run(Job(path, result, 2)) is None and result.exists()


def test_the_document_names_every_claim_of_the_lessons_and_each_holds_with_every_seed():
    document = DOCUMENT.read_text(encoding="utf-8")
    for path in find_notebooks(NOTEBOOKS, LESSONS):
        part = document.split(f"## [{path.stem}]")[1].split("\n## ")[0]
        rows = [row for kind in ("finding", "identity", "recorded") for row in counts(part, kind)]
        assert rows and all(held == seeds >= 10 for held, seeds in rows)
        assert int(re.search(r", seeds (\d+) to", part)[1]) >= CONFIRMING
        known = {line.split(" | ")[0].removeprefix("| ").replace("\\|", "|") for line in part.splitlines()}
        cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
        printed = "".join("".join(output.get("text", "")) for cell in cells for output in cell["outputs"])
        stored = [line.removeprefix("✓ ") for line in printed.splitlines() if line.startswith("✓ ")]
        stored = [line.removeprefix("Identity: ") for line in stored]
        assert len(rows) == len({line.rsplit(" [", 1)[0] for line in stored})
        missing = [line for line in stored if not known & {line, line.rsplit(" [", 1)[0]}]
        assert not missing, f"not in docs/claims.md, run `make claims`: {missing}"


def test_runs_are_kept_until_the_code_changes(tmp_path):
    def hash_of(code: str, text: str = "") -> str:
        cells = [{"cell_type": "code", "source": code}, {"cell_type": "markdown", "source": text}]
        (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
        return code_hash(tmp_path / "a.ipynb")

    assert hash_of("x = 1") == hash_of("x = 1", "better words") != hash_of("x = 2")
    assert hash_of("x = 1") == hash_of("x = 1  # a comment")


def test_words_in_the_code_change_no_run():
    code = '"""A module."""\n\ndef f(x):\n    """Return x."""\n    return x  # as it is\n'
    assert bare(code) == bare("def f(x): return x")
    assert bare('def f():\n    """Nothing."""') == bare("def f(): pass")
    assert bare('def f(): return "a"') != bare('def f(): return "b"')


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("import torch\nfrom course_utils import data", "data.py"),
        ("import course_utils.data as d", "data.py"),
        ("from course_utils.data import load", "data.py"),
        ("from course_utils.show import plots", "show/__init__.py show/plots.py show/colours.py"),
        ("from course_utils.show.plots import line", "show/__init__.py show/plots.py show/colours.py"),
        (
            "from course_utils.show import *",
            "show/__init__.py show/plots.py show/colours.py data.py show/deep/__init__.py",
        ),
        ("import course_utils.show.deep", "show/__init__.py show/deep/__init__.py data.py"),
        ("def draw():\n    from course_utils.show import deep", "show/__init__.py show/deep/__init__.py data.py"),
        ("import data\nfrom data import load\nimport torch", None),
    ],
)
def test_a_run_depends_on_what_its_lesson_imports_and_on_what_that_imports(tmp_path, monkeypatch, code, files):
    package = {
        "__init__.py": "",
        "data.py": "import torch",
        "gan.py": "from course_utils import data",
        "show/__init__.py": "",
        "show/plots.py": "from .colours import blue\nfrom . import colours",
        "show/colours.py": "blue = 1",
        "show/deep/__init__.py": "from ...data import load",
    }
    for name, text in package.items():
        file = tmp_path / "course_utils" / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text)
    monkeypatch.setattr("claims.ROOT", tmp_path)
    expected = {"__init__.py", *files.split()} if files else set()
    assert {str(file.relative_to(tmp_path / "course_utils")) for file in all_imported(code)} == expected


def test_a_run_depends_on_code_of_its_lesson_that_stands_among_the_exercises():
    def files(number: str) -> set[str]:
        (path,) = find_notebooks(NOTEBOOKS, number)
        cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
        code = "\n".join("".join(cell["source"]) for cell in cells)
        return {str(file.relative_to(ROOT / "course_utils")) for file in all_imported(code)}

    assert {"exercises/lesson_06/effective_beta.py", "exercises/lesson_06/aggregate.py", "vae.py"} <= files("06")
    assert {"exercises/lesson_04/repair.py", "playground/copies.py", "training.py"} <= files("04")
    assert "plumbing/checkpoints.py" in files("03") and "comparison/measures.py" not in files("03")
