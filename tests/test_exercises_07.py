"""The exercises of lesson 07: other words of its mistakes, an article taken apart, and a claim of one's own."""

import fractions
import pathlib
import re

import numpy as np
import pytest
import torch
from nbval.plugin import get_sanitize_patterns

from course_utils.exercises import lesson_07
from course_utils.exercises.lesson_07 import check_comparison, check_my_claim, check_path_length
from course_utils.exercises.lesson_07.my_claim import my_claim
from course_utils.exercises.words import Words

SANITIZE = pathlib.Path(__file__).parent / "nbval_sanitize.cfg"
TRUTH = {
    "data": "same",
    "decoder": "different",
    "latent_dim": "different",
    "images seen": "different",
    "codes of the picture": "different",
    "search for settings": "not said",
    "number of seeds": "not said",
}
PAIRS = [(item, word) for item in TRUTH for word in ("same", "different", "not said") if word != TRUTH[item]]


SAME_MISTAKES = [  # other ways to write a known wrong answer
    ("one number for all walks together", lambda f: f.diff(dim=0).flatten(2).norm(dim=2).sum(0).mean()),
    ("for each row of pixels", lambda f: f.diff(dim=0).norm(dim=-1).sum(0)),
    ("for each row of pixels", lambda f: f.diff(dim=0).norm(dim=-2).sum(dim=(0, 2, 3))),
    ("differences between walks", lambda f: f.diff(dim=1).flatten(2).norm(dim=2).sum(1)),
]


@pytest.mark.parametrize("part, answer", SAME_MISTAKES)
def test_a_mistake_is_recognised_however_it_is_written(part, answer):
    assert part in check_path_length.verdict(answer)


def test_every_wrong_path_has_a_length_of_its_own():
    found = [check_path_length.outcome(mistake) for mistake in check_path_length.mistakes]
    keys = {str({name: (seen.shape, seen.tolist()) for name, seen in outcome.items()}) for outcome in found}
    assert len(keys) == len(found) and not any("error" in outcome for outcome in found)


def test_a_path_that_fails_for_one_walk_alone_gets_a_hint():
    (hint,) = check_path_length.hints.values()
    verdict = check_path_length.verdict(lambda f: f.squeeze().diff(dim=0).flatten(-2).norm(dim=-1).sum(0))
    assert verdict == f"✗ path_length: {hint}"


@pytest.mark.parametrize("item, word", PAIRS)
def test_every_wrong_word_has_a_sentence_that_names_its_item(item, word):
    sentence = check_comparison.mistakes[item, word]
    assert sentence.startswith(f"{item}: ") and sentence.endswith(".")
    for answers in ({item: word}, TRUTH | {item: f" {word.upper()}"}):
        assert check_comparison.verdict(answers) == f"✗ comparison: {sentence}"


def test_a_wrong_word_without_a_sentence_is_no_right_one():
    words = Words("diagnosis", {"A": "collapse", "B": "oscillation"}, {})
    with pytest.raises(KeyError):
        words.verdict({"A": "oscillation", "B": "collapse"})


def test_all_sentences_on_the_comparison_differ():
    assert set(check_comparison.mistakes) == set(PAIRS)
    assert len(set(check_comparison.mistakes.values())) == len(PAIRS) == 14


@pytest.mark.parametrize(
    "answers, line",
    [
        (TRUTH, "✓ comparison is right."),
        (TRUTH | {"number of seeds": " Not_said"}, "✓ comparison is right."),
        (
            TRUTH | {"data": "the same", "decoder": "Different.", "number of seeds": "not-said"},
            "✓ comparison is right.",
        ),
        (TRUTH | {"latent_dim": "differs", "number of seeds": "Not mentioned"}, "✓ comparison is right."),
        (TRUTH | {"images seen": "unequal", "search for settings": "unknown"}, "✓ comparison is right."),
        (dict.fromkeys(TRUTH, ...), "○ comparison: not attempted yet."),
        (TRUTH | {"data": ..., "decoder": ...}, "○ comparison: right so far; still open: data, decoder."),
        ({"data": "mnist"}, "✗ comparison: expected one of 'different', 'not said', 'same' for data, got 'mnist'."),
    ],
)
def test_a_comparison_that_is_right_or_open_or_not_understood(answers, line, capsys):
    check_comparison(answers)
    assert capsys.readouterr().out == f"{line}\n"


CLAIM = "The GAN is sharper than the VAE"
NUMBERS = {"gan": torch.tensor([0.31234567]), "vae": np.float64(0.2)}


@pytest.mark.parametrize(
    "prediction, holds, outcome",
    [
        (True, True, "You predicted it would hold, and it does."),
        (True, False, "You predicted it would hold, and it does not: that is a finding."),
        (False, False, "You predicted it would not hold, and it does not."),
        (False, True, "You predicted it would not hold, and it does: that is a finding."),
    ],
)
@pytest.mark.parametrize(
    "kind", [bool, np.bool_, torch.tensor, lambda holds: torch.tensor([holds]), lambda holds: [holds]]
)
def test_a_claim_may_hold_or_not(prediction, holds, outcome, kind, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_STRICT", "1")
    monkeypatch.setenv("COURSE_CLAIMS", str(tmp_path / "claims.jsonl"))
    check_my_claim(kind(prediction), CLAIM, kind(holds), **NUMBERS)
    assert capsys.readouterr().out == f"✓ my_claim: measured. {outcome} [gan=0.3123, vae=0.2]\n"
    assert not list(tmp_path.iterdir())


def test_the_numbers_are_removed_when_notebooks_are_compared():
    (rule,) = get_sanitize_patterns(SANITIZE.read_text(encoding="utf-8"))
    assert re.sub(*rule, my_claim(True, CLAIM, True, NUMBERS)).endswith("and it does.")


@pytest.mark.parametrize(
    "prediction, statement, line",
    [
        (..., ..., "○ my_claim: not attempted yet."),
        (True, ..., "○ my_claim: not attempted yet."),
        (True, CLAIM, "○ my_claim: your prediction stands; now measure."),
    ],
)
def test_a_claim_that_is_not_measured_yet(prediction, statement, line, capsys):
    check_my_claim(prediction, statement, ...)
    assert capsys.readouterr().out == f"{line}\n"


REFUSED = {  # what a claim lacks: prediction, statement, holds and numbers
    "predict first": [(..., CLAIM, True, NUMBERS), ("yes", CLAIM, True, NUMBERS), (1, CLAIM, ..., {})],
    "a whole sentence": [(True, "GANs are sharper", True, NUMBERS), (True, 7, True, NUMBERS), (True, "", ..., {})],
    "`holds` must be one True or False": [
        (True, CLAIM, torch.tensor([True, False]), NUMBERS),
        (True, CLAIM, np.array([True, True]), NUMBERS),
        (True, CLAIM, torch.tensor(0.3), NUMBERS),
        (True, CLAIM, None, NUMBERS),
    ],
    "a claim needs a measurement": [(True, CLAIM, True, {})],
    "that is claim 1 of the list": [
        (True, "gan samples are  sharper", True, NUMBERS),
        (True, "GAN samples, are sharper!", True, NUMBERS),
    ],
    "gan is True or False": [(True, CLAIM, True, {"gan": torch.tensor(True), "vae": False})],
    "vae is not filled in yet": [(True, CLAIM, True, {"gan": 1, "vae": ...})],
    "expected vae to be one number": [
        (True, CLAIM, True, {"gan": 1, "vae": torch.ones(2)}),
        (True, CLAIM, True, {"gan": 1, "vae": "0.2"}),
        (True, CLAIM, True, {"gan": 1, "vae": [0.2, 0.3]}),
    ],
    "vae is nan, which compares": [(True, CLAIM, True, {"gan": 1, "vae": float("nan")})],
    "vae is inf, which compares": [(True, CLAIM, True, {"vae": torch.tensor(float("inf"))})],
    "gan stands alone": [(True, CLAIM, True, {"gan": 1})],
    "all numbers are 0.5: ": [(True, CLAIM, True, {"gan": 0.5, "vae": torch.tensor(0.5)})],
}


@pytest.mark.parametrize("part, claim", [(part, claim) for part, claims in REFUSED.items() for claim in claims])
def test_a_claim_that_lacks_something_is_refused_with_its_own_sentence(part, claim):
    line = my_claim(*claim)
    assert line.startswith("✗ my_claim: ") and line.endswith(".") and "\n" not in line
    assert [other for other in REFUSED if other in line] == [part]


def test_a_number_may_come_in_any_container_that_holds_one():
    numbers = {"gan": [0.5], "vae": (np.array([0.25]),), "real": fractions.Fraction(1, 8), "floor": np.float32(2)}
    assert my_claim(True, CLAIM, True, numbers).endswith("[gan=0.5, vae=0.25, real=0.125, floor=2]")


def test_a_number_may_have_the_name_of_what_goes_before_it(capsys):
    check_my_claim(True, CLAIM, True, holds=1, statement=2, prediction=3)
    assert capsys.readouterr().out.endswith("[holds=1, statement=2, prediction=3]\n")


def test_the_lesson_offers_its_three_exercises():
    assert sorted(lesson_07.__all__) == ["check_comparison", "check_my_claim", "check_path_length"]
