"""What the tests of checkpoints share."""

import pytest

from course_utils import training


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Save after every entry of the history, into a folder of the test."""
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(tmp_path))
    monkeypatch.setattr(training, "SAVE_SECONDS", 0)
    return tmp_path
