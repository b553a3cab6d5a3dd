"""The table of recorded methods: means with intervals, and a dash where nothing was measured."""

import json

from course_utils.applications.tables import method_table, spread
from course_utils.comparison.arms import Arms


def test_a_row_has_means_with_intervals_and_a_dash_where_nothing_was_measured(tmp_path):
    lines = [{"job": ["arm", "digits", "half", seed], "a": {"rmse": seed / 10}, "b": {"nats": 1.0}} for seed in (1, 2)]
    lines[0]["c"] = {"rmse": 0.3}  # one seed has no interval
    lines.append({"job": ["arm", "digits", "half", 3], "b": {"nats": 1.0}})
    path = tmp_path / "made_digits.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    table = method_table(Arms(path), {"A": "a", "B": "b", "C": "c"}, {"RMSE": ("half", "rmse")}, head="way", digits=2)
    assert table.splitlines() == ["| way | RMSE |", "| --- | --- |", "| A | 0.15 ± 0.64 |", "| B | – |", "| C | – |"]


def test_the_spread_is_half_of_the_interval_of_student():
    assert spread([0.0, 1.0], digits=1) == "0.5 ± 6.4"  # 12.71 · 0.707 / √2
