"""What graded code may not do: Python reports each such act, and the first one ends the process.

This stops accidents and plain tricks. It is no sandbox, since code in C can act without a report: see docs/grading.md.
"""

import os
import sys
from collections.abc import Callable
from os.path import realpath
from pathlib import Path

REFUSED = {  # the beginning of an audit event's name, and the end of the sentence "refused: it ..."
    ("os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn", "subprocess.Popen"): (
        "starts another program"
    ),
    ("socket.bind", "socket.connect", "socket.get", "socket.send"): "uses the network",
    ("os.kill", "signal.pthread_kill"): "sends a signal to a process",
    ("ctypes.",): "calls C code",
    ("gc.get_", "sys._current_frames", "sys.setprofile", "sys.settrace"): "searches the memory of the grader",
}
CHANGES = (
    "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate",
    "shutil.", "sqlite3.connect",
)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def fence(folder: Path, closed: list[Path], refuse: Callable[[str], None]) -> None:
    """Call `refuse` with words such as "uses the network" at the first forbidden act, from now to the process's end.

    Files may be changed in `folder` only, and nothing may be read in the folders of `closed`.
    """
    home = realpath(folder)
    kept_closed = [realpath(place) for place in closed]

    def watch(event: str, arguments: tuple) -> None:
        for beginnings, act in REFUSED.items():
            if event.startswith(beginnings):
                refuse(act)
        if event == "open":
            path, _, flags = arguments
            look_at(path, changes=bool(flags & WRITING))
        elif event.startswith(CHANGES):
            for path in arguments:
                look_at(path, changes=True)

    def look_at(path, changes: bool) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)) or os.fsdecode(path) == os.devnull:
            return  # a file that is open already
        place = realpath(os.fsdecode(path))
        if any(inside(place, room) for room in kept_closed):
            refuse(f"opens {os.path.basename(place)}, which belongs to the grader")
        if changes and not inside(place, home):
            refuse(f"changes {place}, outside of its own folder")

    sys.addaudithook(watch)


def inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)
