"""The recorded arms of lesson 08: numbers by arm, seed and judge, and differences that are paired by seed."""

import json
import math

import pytest
import torch

from course_utils.comparison.arm_tables import label_table
from course_utils.comparison.arms import Arms


@pytest.fixture
def folder(tmp_path):
    lines = [
        {"job": ["real", "digits"], "accuracy": [0.97, 0.98]},
        {"job": ["features", "digits"], "probes": {"pixels": [0.7, 0.72]}},
        *({"job": ["arm", "digits", "gan", seed], "usual": {"ratio": [4.0 + seed, 3.0]}} for seed in (102, 100, 101)),
        *({"job": ["arm", "digits", "told", seed], "usual": {"ratio": [2.0 + seed / 2, 1.5]}} for seed in (101, 102)),
    ]
    (tmp_path / "labels_digits.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    return tmp_path


def test_values_come_in_the_order_of_their_seeds_one_for_each_judge(folder):
    arms = Arms(folder / "labels_digits.jsonl")
    assert arms.values("gan", "usual", "ratio").tolist() == [[104.0, 3.0], [105.0, 3.0], [106.0, 3.0]]
    assert arms.values("features", "probes", "pixels").tolist() == [[0.7, 0.72]]
    assert arms.real["accuracy"] == [0.97, 0.98]


def test_a_gain_pairs_the_seeds_that_both_arms_ran_with(folder):
    arms = Arms(folder / "labels_digits.jsonl")
    found = arms.gain("told", "gan", "usual", "ratio", log=True)
    assert found.mean == pytest.approx(math.log(0.5)) and found.high - found.low < 1e-9
    assert arms.gain("told", "gan", "usual", "ratio").mean == pytest.approx(
        torch.tensor([[-52.5, -1.5], [-53.0, -1.5]]).mean().item()
    )


def test_what_was_not_recorded_is_said_in_a_sentence(folder):
    with pytest.raises(ValueError, match=r"benchmarks/labels.py makes, got none"):
        Arms(folder / "labels_mnist.jsonl")
    with pytest.raises(ValueError, match="expected one of features; gan; told, got 'vae'"):
        Arms(folder / "labels_digits.jsonl").values("vae", "usual")


def test_a_table_of_labels_is_relative_to_real_classes_and_leaves_out_what_takes_no_orders(tmp_path):
    real = {"accuracy": [0.9, 1.0], "frechet": [50.0, 70.0], "coverage": [0.8, 1.0], "recall": [0.7, 0.9]}
    told = {
        "ratio": [1.0, 2.0],
        "unlabelled": 3.0,
        "accuracy": [0.5, 0.7],
        "frechet": [90.0, 90.0],
        "coverage": [0.2, 0.4],
        "recall": [0, 1],
    }
    lines = [{"job": ["real", "digits"], **real}]
    lines += [{"job": ["arm", "digits", arm, 100], "usual": told} for arm in ("gan", "projection")]
    (tmp_path / "labels_digits.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    rows = {"told": ("projection", "usual"), "not told": ("gan", "usual")}
    *_, first, second, last = label_table(Arms(tmp_path / "labels_digits.jsonl"), rows).splitlines()
    assert first == "| told | 1.5 | 3 | 0.60 | 1.50 | 0.30 | 0.50 |"
    assert second == "| not told | 1.5 | 3 | – | – | – | – |"
    assert last == "| other real images | 1 | 1 | 0.95 | 1 | 0.90 | 0.80 |"
