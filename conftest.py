"""What every test and every notebook under nbval shares. It stands in the root, where pytest finds it for both."""

import os
import pathlib
import shutil
import tempfile

import pytest

ROOT = pathlib.Path(__file__).parent
REAL_FILES = [f"data/{name}/raw/train-images-idx3-ubyte" for name in ("MNIST", "FashionMNIST")]


def pytest_configure(config):
    """Prepare the environment, which the kernels of nbval inherit: no bars, no false claims, no old weights."""
    checkpoints = tempfile.mkdtemp(prefix="course-")
    config.add_cleanup(lambda: shutil.rmtree(checkpoints, ignore_errors=True))
    os.environ |= {"COURSE_PROGRESS": "0", "COURSE_STRICT": "1", "COURSE_CHECKPOINTS": checkpoints}
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def pytest_collectstart(collector):
    """Let nbval compare what is printed, not what is warned of: warnings differ from version to version."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)


def pytest_collection_modifyitems(items):
    """Skip what needs the real files where they are not."""
    if all((ROOT / file).exists() for file in REAL_FILES):
        return
    for item in items:
        if item.get_closest_marker("real_data"):
            item.add_marker(pytest.mark.skip(reason="the real MNIST and Fashion-MNIST are not in data/"))
