"""What a recorded result must say about where it comes from."""

import json
import multiprocessing
import os
import pathlib
import platform
import sys
from collections.abc import Callable

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
sys.path.insert(0, str(ROOT))  # the scripts run from a checkout, installed or not
os.environ["COURSE_PROGRESS"] = "0"


def describe() -> dict[str, str | int]:
    """Return the machine and the versions that a result was made with."""
    import torch

    cpuinfo = pathlib.Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        if cpuinfo.exists()
        else []
    )
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def store(path: pathlib.Path, text: str) -> None:
    """Write a file whole or not at all, so that a full disk or an interrupt leaves what was there."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def run_missing(run: Callable[[list], dict], jobs: list[list], path: pathlib.Path) -> list[dict]:
    """Run the jobs that have no line in a file yet, two at a time, one core each; return the lines of all jobs."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    seen = [line["job"] for line in lines]
    with multiprocessing.get_context("spawn").Pool(2) as pool, path.open("a") as file:
        for line in pool.imap_unordered(run, [job for job in jobs if job not in seen]):
            print(line, flush=True)
            line |= {"environment": describe()}
            print(json.dumps(line), file=file, flush=True)
            lines.append(line)
    return [line for job in jobs for line in lines if line["job"] == job]
