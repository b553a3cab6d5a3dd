"""Claims: one line each, and no false one unnoticed."""

import json

import pytest
import scipy.stats
import torch

from course_utils.claims import ClaimError, identity, interval, verify


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("COURSE_STRICT", raising=False)
    monkeypatch.delenv("COURSE_CLAIMS", raising=False)


def test_a_true_claim_prints_a_tick_the_statement_and_the_numbers(capsys):
    verify("GANs are sharper", torch.tensor(True), gan=torch.tensor(0.123456), vae=2)
    assert capsys.readouterr().out == "✓ GANs are sharper [gan=0.1235, vae=2]\n"


def test_a_false_claim_prints_a_cross_and_goes_on(capsys):
    verify("GANs are sharper", 0.1 > 0.2, share=1 / 3)
    assert capsys.readouterr().out == "✗ GANs are sharper [share=0.3333]\n"


def test_a_claim_without_numbers_has_no_brackets(capsys):
    verify("D stands still", True)
    assert capsys.readouterr().out == "✓ D stands still\n"


def test_a_false_claim_raises_in_strict_runs_and_a_true_one_does_not(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_STRICT", "1")
    verify("one is less than two", 1 < 2, one=1)
    with pytest.raises(ClaimError, match=r"^✗ two is less than one \[two=2\]$"):
        verify("two is less than one", 2 < 1, two=2)
    assert issubclass(ClaimError, AssertionError)


def test_claims_are_collected_as_lines_of_json_also_when_they_raise(monkeypatch, tmp_path):
    file = tmp_path / "claims.jsonl"
    monkeypatch.setenv("COURSE_CLAIMS", str(file))
    monkeypatch.setenv("COURSE_STRICT", "1")
    verify("Fréchet ≥ 0", True, frechet=3)
    with pytest.raises(ClaimError):
        verify("pigs fly", False)
    assert [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] == [
        {"kind": "finding", "statement": "Fréchet ≥ 0", "holds": True, "numbers": {"frechet": 3.0}},
        {"kind": "finding", "statement": "pigs fly", "holds": False, "numbers": {}},
    ]


def test_a_number_needs_a_name_by_which_its_evidence_is_recognised():
    with pytest.raises(ValueError, match=r"expected plain names for the numbers, such as beta_0_1, got 'beta_0\.1'"):
        verify("Holds", True, **{"beta_0.1": 1.0})


def test_an_identity_is_named_and_collected_as_one(monkeypatch, tmp_path, capsys):
    file = tmp_path / "claims.jsonl"
    monkeypatch.setenv("COURSE_CLAIMS", str(file))
    identity("log σ(x) is -softplus(-x)", True, gap=0.0)
    verify("GANs are sharper", True)
    assert capsys.readouterr().out.splitlines()[0] == "✓ Identity: log σ(x) is -softplus(-x) [gap=0]"
    assert [json.loads(line)["kind"] for line in file.read_text().splitlines()] == ["identity", "finding"]
    monkeypatch.setenv("COURSE_STRICT", "1")
    with pytest.raises(ClaimError, match="✗ Identity: 1 is 2"):
        identity("1 is 2", False)


DIFFERENCES = [0.3, 0.1, 0.25, 0.2, 0.4]


def test_an_interval_over_seeds_is_that_of_the_t_test():
    expected = scipy.stats.ttest_1samp(DIFFERENCES, 0).confidence_interval(0.95)
    assert interval(DIFFERENCES) == pytest.approx((0.25, expected.low, expected.high))


def test_the_spread_of_the_judges_widens_an_interval():
    seeds = torch.tensor(DIFFERENCES)[:, None]
    agreeing = interval(seeds + torch.zeros(5))
    differing = interval(seeds + torch.tensor([-0.2, -0.1, 0.0, 0.1, 0.2]))
    assert agreeing == pytest.approx(interval(DIFFERENCES))
    assert differing.mean == pytest.approx(0.25) and differing.high - differing.low > 1.2 * (
        agreeing.high - agreeing.low
    )


def test_an_interval_covers_the_truth_as_often_as_it_says():
    samples = torch.randn(2000, 5, generator=torch.Generator().manual_seed(0)) + 1
    covered = [low < 1 < high for _, low, high in map(interval, samples)]
    assert sum(covered) / len(covered) == pytest.approx(0.95, abs=0.015)


def test_an_interval_decides_only_if_it_lies_on_one_side_of_what_matters():
    found = interval(DIFFERENCES)  # 0.25, from 0.11 to 0.39
    assert [found.beyond(least) for least in (0.05, 0.3, 0.5)] == [True, None, False]
    below = interval([-number for number in DIFFERENCES])
    assert [below.beyond(least) for least in (-0.05, -0.3, -0.5, 0.0)] == [True, None, False, False]


@pytest.mark.parametrize("differences", [[0.1], [], [[0.1, 0.2]], [0.1, float("nan")], [[0.1], [0.2]]])
def test_too_few_differences_or_none_at_all_make_no_interval(differences):
    with pytest.raises(ValueError, match="expected finite differences"):
        interval(differences)
