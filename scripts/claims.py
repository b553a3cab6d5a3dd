"""Run lessons with several seeds and tabulate for each claim how often it holds and the range of its numbers.

`python scripts/claims.py --first 0 03` prints the table of one lesson, with ten seeds from 0 on: on these a claim is
tuned. Without a lesson, docs/claims.md is brought up to date on the confirming seeds, 100 to 109, which nobody looks at
before a claim stands, and so are the rows of the scoreboard. A section stands until one of these happens: its lesson's
code changes (comments and docstrings may), or the code and the recorded results that the lesson uses, or torch; more
seeds are wanted; one of its runs had failed. Finished runs stay in data/claims/ and count as long as the code is the
same, so that stopping costs little.
"""

import argparse
import ast
import hashlib
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.metadata import version
from importlib.util import resolve_name
from typing import NamedTuple

from execution import NOTEBOOKS, ROOT, find_notebooks
from tqdm import tqdm

from course_utils.show.tables import markdown

CACHE = ROOT / "data" / "claims"
DOCUMENT = ROOT / "docs" / "claims.md"
WORKERS = 2
SCOREBOARD = ROOT / "benchmarks" / "results" / "scoreboard.json"
LESSONS = "[0-9]"  # how their names begin; the capstone's claims are confirmed by benchmarks/capstone.py
CONFIRMING = 100  # the first seed that no claim was tuned on
INTRODUCTION = """# What the lessons claim, over many seeds

Each row is a statement that a lesson checks, and prints with a ✓. Claims are tuned on the seeds 0 to 9. Here each
lesson ran with ten other seeds, which nobody had looked at. The row says with how many of them the statement held, and
between which values its numbers lay.

Three kinds are counted apart. A *finding* could have come out otherwise. An *identity* checks a derivation: it is true
for all data if the algebra is right. A *recorded* row only reads a file, and is the same with every seed. The seed
changes what a lesson trains, but not the classifier that judges images; on another machine or with other threads
numbers may lie a little outside. Made by `make claims`, which runs a lesson again when its code has changed.
"""
FIRST_TRY = ROOT / "docs" / "first_try.md"  # which claims failed on fresh seeds, and what became of them


class Job(NamedTuple):
    """One lesson to run with one seed, and the file that keeps its claims."""

    path: pathlib.Path
    result: pathlib.Path
    seed: int


def files_of(module: str) -> set[pathlib.Path]:
    """Return the files that Python reads to import a module of the course, those of the packages around it first.

    The last part may also be a name within a module, or the star of `from package import *`.
    """
    parts = module.split(".")
    if parts[0] != "course_utils":
        return set()
    paths = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    return {file for path in paths for ending in (".py", "/__init__.py") for file in ROOT.glob(path + ending)}


def imported(code: str, package: str = "") -> set[pathlib.Path]:
    """Return the files of course_utils that code imports; `package` is where the code stands, for relative imports."""
    modules = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            modules |= {f"{module}.{alias.name}" for alias in node.names}
    return set().union(*map(files_of, modules))


def all_imported(code: str) -> set[pathlib.Path]:
    """Return the files of course_utils that code imports, that these import, and so on."""
    files = set()
    new = imported(code)
    while new:
        files |= new
        found = set()
        for file in new:
            package = ".".join(file.relative_to(ROOT).parent.parts)
            found |= imported(file.read_text(encoding="utf-8"), package)
        new = found - files
    return files


def recorded(code: str) -> set[pathlib.Path]:
    """Return the recorded results that code reads: "cures.jsonl", "cures" or f"cures_{name}" name a cures.jsonl."""
    found = set()
    for file in (ROOT / "benchmarks" / "results").iterdir():
        if file == SCOREBOARD:
            continue  # it only draws, and each lesson's run adds to it
        family = file.stem.split("_")[0]
        if any(name in code for name in (f'"{file.stem}.', f'"{file.stem}"', f'"{family}_')):
            found.add(file)
    return found


def code_of(path: pathlib.Path) -> str:
    """Return the code of a notebook's cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def bare(code: str) -> str:
    """Return code without what changes no number: comments, docstrings, layout."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def code_hash(path: pathlib.Path) -> str:
    """Return 12 characters for a notebook's code, what it imports and reads of the course, and the version of torch."""
    code = code_of(path)
    texts = [file.read_text(encoding="utf-8") for file in sorted(all_imported(code))]
    digest = hashlib.blake2b(version("torch").encode(), digest_size=6)
    for text in [code, *texts]:
        digest.update(bare(text).encode())
    for file in sorted(recorded("\n".join([code, *texts]))):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def run(job: Job) -> str | None:
    """Run a lesson with one seed and keep its claims in a file; return the error that stopped it, if any."""
    part = job.result.with_suffix(".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_text("")
    env = os.environ | {"COURSE_SEED": str(job.seed), "COURSE_CLAIMS": str(part), "OMP_NUM_THREADS": "1"}
    env.pop("COURSE_STRICT", None)  # a false claim is counted, it does not stop the run
    command = [sys.executable, str(ROOT / "scripts" / "execution.py"), str(job.path)]
    process = subprocess.run(command, env=env, capture_output=True, encoding="utf-8")
    name = f"{job.path.stem}, seed {job.seed}"
    if process.returncode:
        lines = process.stderr.strip().splitlines() or [f"exit status {process.returncode}"]
        return f"{name}: {lines[-1]}"
    if not job.result.parent.name.endswith(code_hash(job.path)):
        return f"{name}: expected code that stays as it is, it was changed meanwhile; run this again"
    os.replace(part, job.result)
    return None


def run_all(jobs: list[Job]) -> list[str]:
    """Run the jobs, two at a time, under a bar; return the errors."""
    with ThreadPoolExecutor(WORKERS) as pool, tqdm(total=len(jobs), unit="run", disable=not jobs) as bar:
        errors = []
        try:
            for future in as_completed([pool.submit(run, job) for job in jobs]):
                if error := future.result():
                    errors.append(error)
                bar.update()
        finally:  # Ctrl-C ends the runs by itself; those that wait must not begin
            pool.shutdown(wait=False, cancel_futures=True)
    return sorted(errors)


def lines_of(result: pathlib.Path) -> list[dict]:
    """Return what a run collected: claims, and rows of the scoreboard; nothing if it never ended."""
    return [json.loads(line) for line in result.read_text(encoding="utf-8").splitlines()] if result.exists() else []


def table(results: list[pathlib.Path]) -> str:
    """Return the claims of one lesson as a Markdown table; a claim that a run did not reach counts as false there."""
    holds: dict[tuple[str, str], dict[int, bool]] = {}  # kind and statement → run → whether it held each time
    numbers: dict[tuple[str, str], dict[str, list[float]]] = {}  # kind and statement → name → values of all runs
    for run, result in enumerate(results):
        for claim in lines_of(result):
            if claim["kind"] == "score":
                continue
            recorded = claim["statement"].startswith("Recorded: ")
            key = ("recorded" if recorded else claim["kind"], claim["statement"])
            held = holds.setdefault(key, {})
            held[run] = claim["holds"] and held.get(run, True)
            values = numbers.setdefault(key, {})
            for name, value in claim["numbers"].items():
                values.setdefault(name, []).append(value)
    rows = [["claim", "kind", "holds", "range over the seeds"]]
    for (kind, statement), held in holds.items():
        ranges = [f"{name}: {min(of):.4g} … {max(of):.4g}" for name, of in numbers[kind, statement].items()]
        rows.append([statement, kind, f"{sum(held.values())} of {len(results)}", "<br>".join(ranges)])
    return markdown(rows)


def section(path: pathlib.Path, results: list[pathlib.Path], errors: list[str]) -> str:
    """Return a lesson's part of the document: what it was made with, the table, the runs that failed."""
    libraries = f"Python {platform.python_version()}, torch {version('torch')}, {platform.machine()}"
    code = results[0].parent.name.rsplit("-")[-1]
    made_with = f"{libraries}, code {code}, seeds {seed_of(results[0])} to {seed_of(results[-1])}."
    parts = [f"## [{path.stem}](../notebooks/{path.name})", made_with, table(results)]
    failed = [f"- {error}" for error in errors if error.startswith(path.stem)]
    if failed:
        parts.append("Runs that failed:\n\n" + "\n".join(failed))
    return "\n\n".join(parts) + "\n"


def seed_of(result: pathlib.Path) -> int:
    return int(result.stem.removeprefix("seed_"))


def standing(document: str, path: pathlib.Path, seeds: int) -> str | None:
    """Return a lesson's section of an earlier document if it was made with the same code and enough fresh seeds."""
    found = re.search(rf"^## \[{path.stem}\].*?(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    if not found or "\nRuns that failed:" in found[0]:
        return None
    made = re.search(rf"code {code_hash(path)}, seeds (\d+) to (\d+)", found[0])
    enough = made and int(made[1]) >= CONFIRMING and int(made[2]) - int(made[1]) + 1 >= seeds
    return found[0].rstrip() + "\n" if enough else None


def counts(text: str, kind: str) -> list[tuple[int, int]]:
    """Return for each claim of a kind with how many seeds it holds, and how many there were."""
    return [(int(held), int(seeds)) for held, seeds in re.findall(rf" \| {kind} \| (\d+) of (\d+) \| ", text)]


def report(sections: dict[str, str]) -> str:
    """Return the whole document: the introduction, a table of how many claims hold, the section of each lesson."""
    rows = [["lesson", "findings", "hold with every seed", "identities", "recorded", "seeds"]]
    for lesson, text in sections.items():
        findings = counts(text, "finding")
        always = [held for held, seeds in findings if held == seeds]
        others = [len(counts(text, kind)) for kind in ("identity", "recorded")]
        seeds = re.search(r", seeds (\d+ to \d+)\.", text)
        rows.append([lesson, len(findings), len(always), *others, seeds[1] if seeds else "–"])
    first_try = FIRST_TRY.read_text(encoding="utf-8") if FIRST_TRY.exists() else ""
    return "\n".join([INTRODUCTION, markdown(rows) + "\n", *([first_try] if first_try else []), *sections.values()])


def scoreboard(results: dict[pathlib.Path, list[pathlib.Path]], earlier: list[dict]) -> list[dict]:
    """Return the rows of the scoreboard: those of the lessons that ran now, and the earlier ones of the others."""
    rows: dict[tuple[int, str], list[float]] = {}
    for result in (file for files in results.values() for file in files):
        for line in lines_of(result):
            if line["kind"] == "score":
                rows.setdefault((line["lesson"], line["name"]), []).append(line["score"])
    ran = {int(path.stem[:2]) for path in results}
    kept = [row for row in earlier if row["lesson"] not in ran]
    new = [{"lesson": lesson, "name": name, "scores": scores} for (lesson, name), scores in rows.items()]
    return sorted(kept + new, key=lambda row: row["lesson"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lesson", nargs="?", default="", help="such as 03; all lessons by default")
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds")
    parser.add_argument("--first", type=int, default=CONFIRMING, help="the first seed; from 0 on for tuning")
    args = parser.parse_args()
    if args.seeds < 1:
        parser.error(f"expected at least one seed, got {args.seeds}")
    if args.first < CONFIRMING and not args.lesson:
        parser.error(f"expected confirming seeds, from {CONFIRMING} on, for the document, got {args.first}")
    earlier = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() and not args.lesson else ""
    sections = {}
    results = {}
    jobs = []
    for path in find_notebooks(NOTEBOOKS, args.lesson or LESSONS):
        sections[path.stem] = standing(earlier, path, args.seeds)
        if not sections[path.stem]:
            folder = CACHE / f"{path.stem}-{code_hash(path)}"
            results[path] = [folder / f"seed_{args.first + number}.jsonl" for number in range(args.seeds)]
            jobs += [Job(path, file, seed_of(file)) for file in results[path] if not file.exists()]
    try:
        errors = run_all(jobs)
    except KeyboardInterrupt:
        sys.exit("Stopped; the runs that were finished are kept.")
    sections |= {path.stem: section(path, files, errors) for path, files in results.items()}
    if args.lesson:
        print(*sections.values(), sep="\n")
    else:
        DOCUMENT.write_text(report(sections), encoding="utf-8")
        earlier_rows = json.loads(SCOREBOARD.read_text(encoding="utf-8")) if SCOREBOARD.exists() else []
        SCOREBOARD.write_text(json.dumps(scoreboard(results, earlier_rows), indent=1) + "\n", encoding="utf-8")
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
