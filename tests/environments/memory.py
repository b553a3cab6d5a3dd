"""How much memory a program's child processes take together at their peak, as a container of Linux would count it.

Nothing is limited here: a limit of the address space would stop PyTorch, which reserves far more than it uses, and a
limit by a control group needs rights that not every machine gives. So the memory is measured, and compared afterwards.
A page that processes share counts once. Pages of files count too, which a full container would drop: the figure is
rather too high than too low.
"""

import pathlib
import re
import threading

import psutil

MB = 2**20  # bytes
PAUSE = 0.5  # seconds between two looks, each of which costs some milliseconds


def kilobytes(process: psutil.Process, file: str, field: str) -> int:
    """Return a figure that Linux keeps on a process; 0 when the process has ended."""
    try:
        text = pathlib.Path(f"/proc/{process.pid}/{file}").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(rf"^{field}:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) if found else 0


def together(processes: list[psutil.Process]) -> float:
    """Return what processes take together now, in MB; what several of them share counts once."""
    return sum(kilobytes(process, "smaps_rollup", "Pss") for process in processes) * 1024 / MB


def highest(processes: list[psutil.Process]) -> float:
    """Return the most that a single one of these processes ever had in memory, in MB: no short peak is missed."""
    return max((kilobytes(process, "status", "VmHWM") for process in processes), default=0) * 1024 / MB


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """Return the processes that a process has started, and those that they have; none when it has ended."""
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


class PeakMemory:
    """Watch the children that this process starts inside a `with`, and theirs; `peak` is in MB."""

    def __init__(self):
        self.others = set(psutil.Process().children())  # a browser of an earlier test, say
        self.peak = 0.0
        self.ended = threading.Event()
        self.watcher = threading.Thread(target=self.watch, daemon=True)

    def look(self) -> None:
        ours = set(psutil.Process().children()) - self.others
        watched = [*ours, *(child for process in ours for child in descendants(process))]
        self.peak = max(self.peak, together(watched), highest(watched))

    def watch(self) -> None:
        while not self.ended.wait(PAUSE):
            self.look()

    def __enter__(self):
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.watcher.join()
        self.look()
