"""What every test and every notebook under nbval shares. It stands in the root, where pytest finds it for both.

No run is green while a test or a cell of a notebook was not tested: an expected failure is a failure, and so is a cell
that ran past its limit, whatever it did with the interrupt. Cells are counted as nbval does: code cells only, from 0.
"""

import collections
import os
import pathlib
import shutil
import tempfile

import pytest

ROOT = pathlib.Path(__file__).parent
REAL_FILES = [f"data/{name}/raw/train-images-idx3-ubyte" for name in ("MNIST", "FashionMNIST")]
OUTPUT_SECONDS = 60  # how long nbval waits for the next output of a cell, and for a cell to end once interrupted
CUT_OFF = pytest.StashKey[str]()  # what a notebook's later cells say when one of its cells ran past its limit


def pytest_configure(config):
    """Prepare the environment, which the kernels of nbval inherit: no bars, no false claims, no old weights."""
    checkpoints = tempfile.mkdtemp(prefix="course-")
    config.add_cleanup(lambda: shutil.rmtree(checkpoints, ignore_errors=True))
    os.environ |= {"COURSE_PROGRESS": "0", "COURSE_STRICT": "1", "COURSE_CHECKPOINTS": checkpoints}
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    is_worker = hasattr(config, "workerinput")
    if not is_worker and not config.option.collectonly:
        config.pluginmanager.register(EveryCell())


def pytest_collectstart(collector):
    """Let nbval compare what is printed, not what is warned of: warnings differ from version to version."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)


def pytest_collection_modifyitems(items):
    """Skip what needs the real files where they are not; give the cells of a busy machine time to answer."""
    has_real_files = all((ROOT / file).exists() for file in REAL_FILES)
    for item in items:
        if is_cell(item):
            item.output_timeout = OUTPUT_SECONDS
        elif item.get_closest_marker("real_data") and not has_real_files:
            item.add_marker(pytest.mark.skip(reason="the real MNIST and Fashion-MNIST are not in data/"))


def is_cell(item):
    return hasattr(item, "cell_num")


def cell_name(item):
    return f"{item.path.name}, {item.name} (code cells, counted from 0)"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Run no cell after one that was cut off; nbval would run it and expect it to fail."""
    if is_cell(item) and CUT_OFF in item.parent.stash:
        pytest.fail(f"not tested, because {item.parent.stash[CUT_OFF]}", pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    """Turn into failures what would pass untested: a cell past its limit, a skipped cell, an expected failure."""
    report = yield
    if is_cell(item) and item.parent.timed_out and call.when == "call":
        limit = item.config.getoption("nbval_cell_timeout")
        reason = f"{cell_name(item)} was cut off after {call.duration:.1f} s, the limit is {limit:g} s"
        item.parent.stash[CUT_OFF] = reason
        fail(report, reason)
    elif is_cell(item) and report.skipped:
        fail(report, f"{cell_name(item)} was skipped, so that nothing tested it")
    elif hasattr(report, "wasxfail"):
        fail(report, f"expected a test that passes, got an expected failure that tests nothing: {report.wasxfail}")
    return report


def fail(report, reason):
    """Make a report one of a failure: the reason first, then what the report said already."""
    details = report.longreprtext if report.failed else ""
    report.outcome = "failed"
    report.longrepr = f"{reason}\n{details}".rstrip()
    vars(report).pop("wasxfail", None)


class EveryCell:
    """Fail the run when a cell was collected and did not pass, say because a worker of pytest-xdist died."""

    def __init__(self):
        self.collected = {}  # in the notebooks' order
        self.passed = set()
        self.failed = set()  # a cell whose worker died runs again, on a kernel that knows nothing: it stays failed

    def collect(self, ids):
        self.collected |= {name: name.split("::")[0] for name in ids if ".ipynb::" in name}

    def pytest_collection_finish(self, session):
        self.collect(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids):
        self.collect(ids)

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.when == "call":
            self.passed.add(report.nodeid)

    def missing(self):
        """Return for each notebook with cells that did not pass their identifiers."""
        cells = collections.defaultdict(list)
        for name, notebook in self.collected.items():
            if name not in self.passed - self.failed:
                cells[notebook].append(name)
        return cells

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        if self.missing() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        totals = collections.Counter(self.collected.values())
        for notebook, cells in self.missing().items():
            first = cells[0].split("::")[1]
            terminalreporter.write_line(
                f"{notebook}: {len(cells)} of {totals[notebook]} cells did not pass; the first is {first}", red=True
            )
