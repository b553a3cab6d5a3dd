"""What a recorded result must say about where it comes from."""

import argparse
import json
import multiprocessing.pool
import os
import pathlib
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
sys.path.insert(0, str(ROOT))  # the scripts run from a checkout, installed or not
os.environ["COURSE_PROGRESS"] = "0"


def describe() -> dict[str, str | int]:
    """The machine and the versions that a result was made with."""
    import torch

    return {
        "processor": processor(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def processor() -> str:
    """The processor's name; the standard library does not know it on Linux."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    for line in lines:
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def interleaved(
    ways: Mapping[str, Callable], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> list[dict[str, float]]:
    """Time each way once a round, in alternating order, so that none always runs first; a round before warms up."""
    rows = []
    order = list(ways)
    for _ in range(rounds + 1):
        row = {}
        for name in order:
            start = clock()
            ways[name]()
            row[name] = clock() - start
        rows.append(row)
        order.reverse()
    return rows[1:]


def store(path: pathlib.Path, text: str) -> None:
    """Write a file whole or not at all, so that a full disk or an interrupt leaves what was there."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def two_workers() -> multiprocessing.pool.Pool:
    """Two processes of one thread each: with more, those of linear algebra would wait for each other."""
    os.environ["OMP_NUM_THREADS"] = "1"  # a process that is spawned reads it when it loads its libraries
    return multiprocessing.get_context("spawn").Pool(2)


def run_job(kinds: Mapping[str, Callable[..., dict]], job: list) -> dict:
    """Run one job, whose first entry names its kind, on one core; the line says so if training diverged."""
    import torch

    from course_utils.plumbing.history import DivergenceError

    torch.set_num_threads(1)
    kind, *arguments = job
    try:
        return {"job": job} | kinds[kind](*arguments)
    except DivergenceError as error:
        return {"job": job, "diverged": str(error)}


def run_arms(doc: str, run: Callable[[list], dict], arms_of: Callable[[str], list[str]], file: str) -> None:
    """Read a data set and a number of seeds from the command line; run what is missing of the arms of that data set.

    `doc` begins with the question. `file` is the name of the results, such as "design_{}.jsonl".
    `--arms` runs some of the arms alone, with another number of seeds, say.
    """
    from course_utils import data

    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("what", choices=data.IMAGE_SETS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=100, help="the first of the seeds")
    parser.add_argument("--arms", nargs="+")
    args = parser.parse_args()
    arms = arms_of(args.what)
    if unknown := set(args.arms or []) - set(arms):
        parser.error(f"expected arms among {'; '.join(arms)}, got {sorted(unknown)[0]!r}")
    jobs = [["arm", args.what, name, args.first + seed] for name in args.arms or arms for seed in range(args.seeds)]
    run_missing(run, jobs, RESULTS / file.format(args.what))


def run_jobs(
    doc: str,
    run: Callable[[list], dict],
    jobs_of: Callable[[str, int], list[list]],
    file: str,
    choices: Iterable[str],
    costs: Callable[[], dict] | None = None,
) -> None:
    """Read a data set, or another choice, and a number of seeds from the command line; run what is missing of its jobs.

    `doc` and `file` as for `run_arms`. With `costs` one may ask for "costs" too, which are stored as JSON.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("what", choices=("costs", *choices) if costs else tuple(choices))
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    path = RESULTS / file.format(args.what)
    if args.what == "costs":
        store(path.with_suffix(".json"), json.dumps(costs(), indent=1))
        print(path.with_suffix(".json").read_text(encoding="utf-8"))
    else:
        run_missing(run, jobs_of(args.what, args.seeds), path)


def run_missing(run: Callable[[list], dict], jobs: list[list], path: pathlib.Path) -> list[dict]:
    """Run the jobs that have no line in a file yet, two at a time, one core each; return the lines of all jobs."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]  # a run that was killed may have left half a line
    if whole != text:
        store(path, whole)
    lines = [json.loads(line) for line in whole.splitlines()]
    seen = [line["job"] for line in lines]
    with two_workers() as pool, path.open("a", encoding="utf-8") as file:
        for line in pool.imap_unordered(run, [job for job in jobs if job not in seen]):
            print(line, flush=True)
            line |= {"environment": describe()}
            print(json.dumps(line), file=file, flush=True)
            lines.append(line)
    return [line for job in jobs for line in lines if line["job"] == job]
