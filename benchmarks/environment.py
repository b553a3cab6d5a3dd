"""What a recorded result must say about where it comes from."""

import os
import pathlib
import platform
import sys

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
