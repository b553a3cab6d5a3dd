"""Claims: one line each, and no false one unnoticed."""

import json

import pytest
import torch

from course_utils.claims import ClaimError, verify


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
        {"statement": "Fréchet ≥ 0", "holds": True, "numbers": {"frechet": 3.0}},
        {"statement": "pigs fly", "holds": False, "numbers": {}},
    ]


def test_a_number_needs_a_name_by_which_its_evidence_is_recognised():
    with pytest.raises(ValueError, match=r"expected plain names for the numbers, such as beta_0_1, got 'beta_0\.1'"):
        verify("Holds", True, **{"beta_0.1": 1.0})
