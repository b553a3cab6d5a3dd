"""The scoreboard: the rows of earlier lessons as they were recorded, and one's own."""

import json

import pytest

from course_utils.show import scoreboard as board


@pytest.fixture
def shown(monkeypatch, tmp_path):
    """Return what is shown: figures by their alt text. Lessons 1 and 5 have recorded rows."""
    found = {}
    record = tmp_path / "scoreboard.json"
    rows = [
        {"lesson": 1, "name": "noise", "scores": [90.0, 110.0]},
        {"lesson": 3, "name": "GAN", "scores": [50.0, 60.0]},
        {"lesson": 5, "name": "VAE", "scores": [8.0]},
    ]
    record.write_text(json.dumps(rows))
    monkeypatch.setattr(board, "RECORD", record)
    monkeypatch.setattr(board, "show", lambda fig, alt: found.update({alt: fig}))
    monkeypatch.delenv("COURSE_CLAIMS", raising=False)
    return found


def test_a_lesson_sees_earlier_rows_and_its_own_worst_first(shown):
    board.scoreboard(3, {"GAN": 2.0})
    ((alt, fig),) = shown.items()
    assert alt == "Scoreboard, worst first, in multiples of what real images score: noise 1e+02; GAN 2."
    (axes,) = fig.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["noise", "GAN"] and axes.get_xscale() == "log"


def test_without_a_record_a_lesson_sees_its_own_rows(shown, monkeypatch, tmp_path):
    monkeypatch.setattr(board, "RECORD", tmp_path / "missing.json")
    board.scoreboard(3, {"GAN": 2.0})
    assert len(shown) == 1


def test_rows_are_collected_for_the_record(shown, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CLAIMS", str(tmp_path / "claims"))
    board.scoreboard(3, {"GAN": 2.0})
    assert json.loads((tmp_path / "claims").read_text()) == {"kind": "score", "lesson": 3, "name": "GAN", "score": 2.0}


@pytest.mark.parametrize("score", [0.0, -1.0, float("nan")])
def test_a_score_that_is_none_is_refused(shown, score):
    with pytest.raises(ValueError, match="expected scores above 0, in multiples of the floor"):
        board.scoreboard(3, {"GAN": score})
