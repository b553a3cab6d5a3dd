"""Markdown tables."""

import pytest

from course_utils.tables import markdown


def test_the_first_row_is_the_head_and_a_bar_stays_in_its_cell():
    assert markdown([["a", "b"], [1, "x|y"]]).splitlines() == ["| a | b |", "| --- | --- |", "| 1 | x\\|y |"]


def test_rows_of_unequal_length_raise():
    with pytest.raises(ValueError, match=r"expected rows of one length, got \[2, 1\]"):
        markdown([["a", "b"], ["c"]])
