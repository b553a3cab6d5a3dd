"""What a learner runs has no line that only Linux and macOS understand: course_utils, scripts and the lessons' cells.

Windows cannot be tried everywhere; these are the lines that break there, found by reading the code and not by running
it. `tests/test_environments.py` and the jobs of GitHub's machines run what can be run.
"""

import ast
import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
TREES = ("course_utils/**/*.py", "scripts/**/*.py", "notebooks/**/*.ipynb")
TEACHERS = ROOT / "scripts" / "grader"  # nbgrader's limits on a submission are those of Linux and macOS
FILES = sorted(path for tree in TREES for path in ROOT.glob(tree) if TEACHERS not in path.parents)
MODULES = {"crypt", "fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
NAMES = {  # attributes of modules that Windows has not, or where it does something else
    "os": {"fork", "forkpty", "geteuid", "getpgid", "getuid", "kill", "killpg", "link", "mkfifo", "nice", "rename"}
    | {"sched_getaffinity", "setpgrp", "setsid", "statvfs", "symlink", "sync", "uname", "wait", "waitpid"},
    "signal": {"SIGALRM", "SIGHUP", "SIGKILL", "SIGQUIT", "SIGUSR1", "SIGUSR2", "alarm", "pause", "setitimer"},
    "tempfile": {"NamedTemporaryFile"},  # Windows opens no file twice
    "time": {"tzset"},
}
TEXT = {"open": 1, "read_text": 0, "write_text": 1}  # how many arguments may stand before the encoding
PLACES = re.compile(r"/(tmp|dev|proc|usr|home|etc|bin|root)(/|$)")
GUARDED = "asked for only where it is there"
PLAIN = "the files hold nothing but ASCII"
KNOWN = {  # harmless, with the reason
    ("scripts/lab.py", "os.geteuid"): GUARDED,
    ("scripts/print_site.py", "os.geteuid"): GUARDED,
    ("scripts/claims.py", "write_text without an encoding"): "the text is empty",
    ("notebooks/04_gan_failures_and_fixes.ipynb", "read_text without an encoding"): PLAIN,
    ("notebooks/06_vae_training.ipynb", "read_text without an encoding"): PLAIN,
}


def cells(path: pathlib.Path) -> list[str]:
    """Return a file's code: a notebook's cells, or a program as a whole."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return [text]
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


def named(call: ast.Call) -> set[str | None]:
    return {keyword.arg for keyword in call.keywords}


def is_text(call: ast.Call) -> bool:
    """Tell whether a call opens a file as text: its mode, where there is one, has no b."""
    modes = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return not any(
        isinstance(mode, ast.Constant) and re.fullmatch(r"[rwax+]*b[rwax+]*", str(mode.value)) for mode in modes
    )


def in_a_call(call: ast.Call) -> list[str]:
    """Return what is wrong with a call: text without an encoding, processes that are forked."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    of = getattr(getattr(call.func, "value", None), "id", "")
    if name in TEXT and of not in ("Image", "os") and len(call.args) <= TEXT[name] + 1 and is_text(call):
        return [] if "encoding" in named(call) else [f"{name} without an encoding"]
    if name in ("get_context", "set_start_method") and "fork" in [getattr(arg, "value", "") for arg in call.args]:
        return ["processes that are forked"]
    return []


def in_a_node(node: ast.AST) -> list[str]:
    """Return what is wrong with a piece of code by itself."""
    if isinstance(node, ast.Import):
        return [f"import {alias.name}" for alias in node.names if alias.name in MODULES]
    if isinstance(node, ast.ImportFrom):
        names = [alias.name for alias in node.names if alias.name in NAMES.get(node.module, ())]
        return [f"import {node.module}"] * (node.module in MODULES) + [f"{node.module}.{name}" for name in names]
    if isinstance(node, ast.Attribute) and node.attr in NAMES.get(getattr(node.value, "id", ""), ()):
        return [f"{node.value.id}.{node.attr}"]
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and PLACES.match(node.value):
        return [f"the folder {node.value}"]
    return in_a_call(node) if isinstance(node, ast.Call) else []


def problems(code: str) -> list[str]:
    """Return what in a program or a cell is for Linux and macOS only."""
    try:
        return [problem for node in ast.walk(ast.parse(code)) for problem in in_a_node(node)]
    except SyntaxError:
        return [f"a line that is no Python, {line.strip()}" for line in code.splitlines() if line.lstrip()[:1] in "!%"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_line_is_for_linux_and_macos_only(path):
    place = path.relative_to(ROOT).as_posix()
    found = {problem for code in cells(path) for problem in problems(code)}
    assert found - {problem for file, problem in KNOWN if file == place} == set()
    assert {problem for file, problem in KNOWN if file == place} <= found, "no longer there: take it out of KNOWN"


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import resource", "import resource"),
        ("from os import fork", "os.fork"),
        ("import os\nos.rename(a, b)", "os.rename"),
        ("import signal\np.send_signal(signal.SIGKILL)", "signal.SIGKILL"),
        ("open('a')", "open without an encoding"),
        ("path.open('w')", "open without an encoding"),
        ("path.read_text()", "read_text without an encoding"),
        ("path.write_text('é')", "write_text without an encoding"),
        ("x = '/tmp/a'", "the folder /tmp/a"),
        ("torch.multiprocessing.get_context('fork')", "processes that are forked"),
        ("!pip install torch", "a line that is no Python, !pip install torch"),
        ("%%bash\nls", "a line that is no Python, %%bash"),
    ],
)
def test_the_search_finds_each_kind_of_line(code, problem):
    assert problems(code) == [problem]


@pytest.mark.parametrize(
    "code",
    [
        "os.replace(a, b)",
        "open('a', encoding='utf-8')",
        "path.open('wb')",
        "Image.open(file)",
        "x = 'a/tmp'",
        "not x != y",
    ],
)
def test_the_search_passes_what_runs_everywhere(code):
    assert problems(code) == []
