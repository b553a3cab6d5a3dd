"""Markdown tables."""

import pytest

from course_utils.show.tables import markdown, score_table


def test_the_first_row_is_the_head_and_a_bar_stays_in_its_cell():
    assert markdown([["a", "b"], [1, "x|y"]]).splitlines() == ["| a | b |", "| --- | --- |", "| 1 | x\\|y |"]


def test_rows_of_unequal_length_raise():
    with pytest.raises(ValueError, match=r"expected rows of one length, got \[2, 1\]"):
        markdown([["a", "b"], ["c"]])


def test_a_table_of_scores_shows_each_metric_beside_its_floor(monkeypatch):
    shown = []
    monkeypatch.setattr("course_utils.show.tables.display", lambda table: shown.append(table.data))
    scores = {"generated": {"frechet": 31.42, "classes": 10}, "real (floor)": {"frechet": 11.2, "classes": 10}}
    score_table(scores, "digits")
    assert "| frechet | 31.4 | 11.2 |" in shown[0].splitlines() and "digits" in shown[0].splitlines()[0]
