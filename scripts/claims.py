"""Run lessons with several seeds and tabulate for each claim how often it holds and the range of its numbers.

`python scripts/claims.py --seeds 10 03` prints the table of one lesson; without a lesson, all are written to
docs/claims.md. Finished runs are kept in data/claims/ until the lesson's code changes, or what it uses of course_utils,
so that stopping costs little.
"""

import argparse
import ast
import hashlib
import json
import os
import pathlib
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.metadata import version

from execution import ROOT, find_notebooks
from tqdm import tqdm

CACHE = ROOT / "data" / "claims"
WORKERS = 2


def imported(code: str) -> set[pathlib.Path]:
    """Return the files of course_utils that code imports, without the checks of exercises, which measure nothing."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module == "course_utils":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("course_utils."):
            names.add(node.module.split(".")[1])
    return {file for name in names if (file := ROOT / "course_utils" / f"{name}.py").exists()}


def code_hash(path: pathlib.Path) -> str:
    """Return 12 characters that change with a notebook's code, what it imports and reads of the course, or torch."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    files, new = set(), imported(code)
    while new:
        files |= new
        new = set().union(*(imported(file.read_text(encoding="utf-8")) for file in new)) - files
    files |= {file for file in (ROOT / "benchmarks" / "results").iterdir() if file.stem in code}
    digest = hashlib.blake2b((version("torch") + code).encode(), digest_size=6)
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def run(job: tuple[pathlib.Path, pathlib.Path, int]) -> str | None:
    """Run a lesson with one seed and keep its claims in a file; return the error that stopped it, if any."""
    path, result, seed = job
    part = result.with_suffix(".part")
    result.parent.mkdir(parents=True, exist_ok=True)
    part.write_text("")
    env = os.environ | {"COURSE_SEED": str(seed), "COURSE_CLAIMS": str(part), "OMP_NUM_THREADS": "1"}
    env.pop("COURSE_STRICT", None)  # a false claim is counted, it does not stop the run
    command = [sys.executable, str(ROOT / "scripts" / "execution.py"), str(path)]
    process = subprocess.run(command, env=env, capture_output=True, encoding="utf-8")
    if process.returncode:
        reason = process.stderr.strip().splitlines() or [f"exit status {process.returncode}"]
        return f"{path.stem}, seed {seed}: {reason[-1]}"
    os.replace(part, result)
    return None


def run_all(jobs: list[tuple[pathlib.Path, pathlib.Path, int]]) -> list[str]:
    """Run the jobs, two at a time, under a bar; return the errors."""
    with ThreadPoolExecutor(WORKERS) as pool, tqdm(total=len(jobs), unit="run", disable=not jobs) as bar:
        errors = []
        try:
            for future in as_completed([pool.submit(run, job) for job in jobs]):
                errors += [future.result()] if future.result() else []
                bar.update()
        finally:  # Ctrl-C ends the runs by itself; those that wait must not begin
            pool.shutdown(wait=False, cancel_futures=True)
    return sorted(errors)


def table(results: list[pathlib.Path]) -> str:
    """Return the claims of one lesson as a Markdown table; a claim that a run did not reach counts as false there."""
    holds: dict[str, dict[int, bool]] = {}
    numbers: dict[str, dict[str, list[float]]] = {}
    for i, result in enumerate(results):
        lines = result.read_text(encoding="utf-8").splitlines() if result.exists() else []
        for claim in map(json.loads, lines):
            seeds = holds.setdefault(claim["statement"], {})
            seeds[i] = claim["holds"] and seeds.get(i, True)
            for name, value in claim["numbers"].items():
                numbers.setdefault(claim["statement"], {}).setdefault(name, []).append(value)
    rows = ["| claim | holds | range over the seeds |", "|---|---|---|"]
    for statement, seeds in holds.items():
        ranges = (f"{k}: {min(v):.4g} … {max(v):.4g}" for k, v in numbers.get(statement, {}).items())
        cells = (statement.replace("|", "\\|"), f"{sum(seeds.values())} of {len(results)}", "<br>".join(ranges))
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def report(lessons: dict[str, list[pathlib.Path]], errors: list[str], seeds: int) -> str:
    """Return the tables of the lessons, what they were made with, and the runs that failed."""
    made_with = f"Python {platform.python_version()}, torch {version('torch')}, {platform.machine()}"
    text = f"# Claims of the lessons over {seeds} seeds\n\nMade by `make claims SEEDS={seeds}` with {made_with}.\n"
    for lesson, results in lessons.items():
        text += f"\n## {lesson}\n\n{table(results)}\n"
    if errors:
        text += "\n## Runs that failed\n\n" + "".join(f"- {error}\n" for error in errors)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lesson", nargs="?", default="", help="such as 03; all lessons by default")
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds, from 0")
    args = parser.parse_args()
    if args.seeds < 1:
        parser.error(f"expected at least one seed, got {args.seeds}")
    lessons, jobs = {}, []
    for path in find_notebooks(ROOT / "notebooks", args.lesson):
        folder = CACHE / f"{path.stem}-{code_hash(path)}"
        lessons[path.stem] = [folder / f"seed_{seed}.jsonl" for seed in range(args.seeds)]
        jobs += [(path, file, seed) for seed, file in enumerate(lessons[path.stem]) if not file.exists()]
    try:
        errors = run_all(jobs)
    except KeyboardInterrupt:
        sys.exit("Stopped; the runs that were finished are kept.")
    text = report(lessons, errors, args.seeds)
    print(text)
    if not args.lesson:
        (ROOT / "docs").mkdir(exist_ok=True)
        (ROOT / "docs" / "claims.md").write_text(text, encoding="utf-8")
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
