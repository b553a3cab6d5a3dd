"""Diagnosis and repair in lesson 04: what is said without training, how an outcome is read, and real cures."""

import pathlib
import re

import pytest
import torch
from nbval.plugin import get_sanitize_patterns

from course_utils import points
from course_utils.exercises.lesson_04 import check_diagnosis
from course_utils.exercises.lesson_04 import repair as repair
from course_utils.exercises.lesson_04.reasons import CURED, NOT_CURED
from course_utils.exercises.lesson_04.repair import HEALTHY, PATIENTS, check_repair, patient, verdict
from course_utils.metrics import mode_coverage

SANITIZE = pathlib.Path(__file__).parent / "nbval_sanitize.cfg"
RATES = ("generator_lr", "discriminator_lr")
every_patient = pytest.mark.parametrize("name", PATIENTS)


@pytest.fixture
def no_training(monkeypatch):
    def refuse(*args, **settings):
        raise AssertionError("this answer needs no training")

    monkeypatch.setattr(repair, "treat", refuse)


@every_patient
def test_an_untouched_patient_is_not_attempted_yet(name, no_training, capsys):
    written_out = HEALTHY | patient(name) | {"betas": list(patient(name)["betas"])}
    for settings in (..., patient(name), patient(name) | {"loss": ...}, written_out):
        check_repair(name, settings)
        assert capsys.readouterr().out == f"○ repair {name}: not attempted yet.\n"


def test_a_patient_is_a_copy():
    patient("A")["pack"] = 2
    assert "pack" not in patient("A")
    with pytest.raises(ValueError, match="expected a patient among A, B, C, got 'D'"):
        patient("D")


@pytest.mark.parametrize(
    "name, settings, sentence",
    [
        ("D", {}, "✗ repair: expected a patient among A, B, C, got 'D'."),
        ("A", [("pack", 2)], '✗ repair A: expected a dictionary such as patient("A"), got list.'),
        ("A", patient("A") | {"lr": 1e-3}, "✗ repair A: 'lr' is no argument to change; these are: loss, betas,"),
        (
            "B",
            patient("B") | {"hidden": (9,)},
            "✗ repair B: 'hidden' is no argument to change; these are: loss,",
        ),
        ("C", patient("C") | {"pack": 2, "n_critic": 2}, "you changed n_critic and pack; then you know what cured it."),
        ("A", {"r1_weight": 0.1}, "you changed betas and discriminator_lr and r1_weight;"),
        ("B", patient("B") | {"head_start": 0}, "you cannot undo the past"),
        ("B", {"loss": "saturating"}, "you cannot undo the past"),
        ("B", patient("B") | {"head_start": 10, "pack": 2}, "you cannot undo the past"),
    ],
)
def test_an_answer_that_is_no_single_change_is_refused(name, settings, sentence, no_training):
    assert verdict(name, settings).startswith("✗ repair") and sentence in verdict(name, settings)


@pytest.mark.parametrize(
    "answers, line",
    [
        ({"A": ..., "B": ..., "C": ...}, "○ diagnosis: not attempted yet."),
        ({}, "○ diagnosis: not attempted yet."),
        ({"A": "collapse", "C": ...}, "○ diagnosis: right so far; still open: B, C."),
        ("collapse", "✗ diagnosis: expected a dictionary with the keys 'A', 'B', 'C', got str."),
        ({"D": "collapse"}, "✗ diagnosis: expected a dictionary with the keys 'A', 'B', 'C', got 'D' too."),
        (
            {"A": "flu"},
            "✗ diagnosis: expected one of 'collapse', 'oscillation', 'vanishing gradient' for A, got 'flu'.",
        ),
    ],
)
def test_a_diagnosis_that_is_not_made_yet_or_not_understood(answers, line):
    assert check_diagnosis.verdict(answers) == line


def drawn(monkeypatch, *samples):
    """Let training end in these samples, (n, 2) for each copy."""
    gan = torch.nn.Module()
    monkeypatch.setattr(repair, "treat", lambda settings: (gan, None))
    scores = [mode_coverage(x, repair.RING.centres, repair.RING.sigma) for x in samples]
    columns = {name: torch.tensor([float(score[name]) for score in scores]) for name in scores[0]}
    monkeypatch.setattr(repair, "coverage_of_each", lambda gan, mixture: columns)
    monkeypatch.setattr(repair, "draw_each", lambda gan: torch.stack(samples))


RING = points.ring(sigma=0.05)
HEALED, ONE_CLOUD, FAR = RING.sample(500), RING.sample(500).abs() * 0 + RING.centres[2], RING.sample(500) * 20
TOO_FEW = "✗ repair A: with pack=2, too few copies are cured:"
UNEVEN = torch.cat([RING.centres, RING.centres[:1].expand(492, 2)])


@pytest.mark.parametrize(
    "samples, beginning, cured",
    [
        ([HEALED, HEALED, ONE_CLOUD], "✓ repair A: with pack=2, most copies cover all eight clouds evenly", 2),
        ([HEALED, HEALED, FAR, FAR], f"{TOO_FEW} in the others the points flew off, far beyond the ring", 2),
        ([HEALED, ONE_CLOUD, ONE_CLOUD], f"{TOO_FEW} the others still miss clouds", 1),
        ([UNEVEN, UNEVEN, UNEVEN], f"{TOO_FEW} the others reach all eight clouds, but too unevenly", 0),
    ],
)
def test_an_outcome_is_read_from_most_copies(monkeypatch, samples, beginning, cured):
    drawn(monkeypatch, *samples)
    found = verdict("A", patient("A") | {"pack": 2})
    headline, why = found.split("\n")  # what was found, and below it why
    assert headline.startswith(f"{beginning} [cured={cured}, of={len(samples)}, modes=") and headline.endswith("]")
    assert why in [*CURED.values(), *NOT_CURED.values()]


def test_the_numbers_are_removed_when_notebooks_are_compared(monkeypatch):
    (rule,) = get_sanitize_patterns(SANITIZE.read_text(encoding="utf-8"))
    for samples in ([HEALED], [FAR]):
        drawn(monkeypatch, *samples)
        found = verdict("A", patient("A") | {"pack": 2})
        headline, why = found.split("\n")
        assert re.sub(*rule, found) == f"{headline[: headline.index(' [')]}\n{why}"


SAID = [  # (patient, change, whether it cures, what is said of it): as it was measured with eight copies
    ("B", {"generator_lr": 1e-4}, True, "A slower generator stays where the discriminator has looked"),
    ("B", {"generator_lr": 3e-5}, False, "The direction is right, since a slower generator"),
    ("B", {"generator_lr": 4e-3}, False, "now they fly there even faster: try the other direction"),
    ("B", {"discriminator_lr": 1e-4}, False, "now it corrects that even later"),
    ("B", {"discriminator_lr": 0.1}, False, "The direction is right, since the discriminator"),
    ("B", {"betas": (0.0, 0.9)}, False, "Only the second of the two was changed"),
    ("B", {"betas": (0.9, 0.999)}, False, "Momentum does not change"),
    ("A", {"generator_lr": 3e-4}, False, "The direction is right, since the discriminator gains"),
    ("A", {"betas": (0.5, 0.9)}, False, "look at how fast each of the players learns"),
    ("C", {"betas": (0.9, 0.99)}, True, "The momentum is as it was"),
    ("C", {"betas": (0.95, 0.999)}, False, "This is more momentum"),
    ("C", {"betas": (0.8, 0.999)}, False, "The direction is right: take away more"),
    ("C", {"betas": (0.9, 0.9)}, False, "the first is the momentum"),
    ("C", {"n_critic": 5}, False, "it takes another number"),
    ("C", {"gp_weight": 0.1}, True, "A discriminator of bounded slope"),
    ("C", {"pack": 2}, True, "they no longer swing as one clump"),
]


@pytest.mark.parametrize("name, change, cures, reason", SAID)
def test_a_reason_knows_the_direction_of_the_change(monkeypatch, name, change, cures, reason):
    drawn(monkeypatch, HEALED if cures else ONE_CLOUD)
    found = verdict(name, patient(name) | change)
    assert found.startswith("✓" if cures else "✗") and reason in found


@pytest.mark.parametrize("name, rate", [(name, rate) for name in PATIENTS for rate in RATES])
def test_no_reason_says_the_same_of_both_directions_of_a_rate(monkeypatch, name, rate):
    drawn(monkeypatch, ONE_CLOUD)
    ill = (HEALTHY | patient(name))[rate]
    slower, faster = (verdict(name, patient(name) | {rate: factor * ill}) for factor in (0.5, 2))
    assert slower.split("\n")[1] != faster.split("\n")[1]


def test_what_a_learner_left_switched_off_is_on_in_a_treatment(monkeypatch):
    states = []

    def seen(settings):
        states.append((torch.is_grad_enabled(), torch.get_default_dtype(), torch.initial_seed()))
        raise RuntimeError("enough seen")

    monkeypatch.setattr(repair, "treat", seen)
    settings = patient("C") | {"pack": 2}
    verdict("C", settings)
    torch.manual_seed(99)
    with torch.no_grad():
        torch.set_default_dtype(torch.float64)
        try:
            verdict("C", settings)
            assert torch.get_default_dtype() == torch.float64 and torch.initial_seed() == 99
        finally:
            torch.set_default_dtype(torch.float32)
    assert states[0] == states[1] and states[0][:2] == (True, torch.float32)


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"loss": "best"}, "✗ repair A: loss='best' cannot be trained with: expected a loss among"),
        ({"discriminator_lr": -1.0}, "✗ repair A: discriminator_lr=-1.0 cannot be trained with: Invalid learning rate"),
        ({"betas": 0.5}, "✗ repair A: betas=0.5 cannot be trained with: "),
        ({"n_critic": 0}, "✗ repair A: n_critic=0 cannot be trained with: expected "),
        ({"pack": 0}, "✗ repair A: pack=0 cannot be trained with: "),
        ({"discriminator_lr": 1e30}, "the losses stopped being finite numbers"),
    ],
)
def test_what_cannot_be_trained_is_explained(settings, sentence):
    assert sentence in verdict("A", patient("A") | settings)


def test_every_patient_has_a_sentence_for_whatever_was_changed():
    assert set(PATIENTS) <= set(CURED) and set(PATIENTS) <= set(NOT_CURED)
    keys = [key for key in [*CURED, *NOT_CURED] if isinstance(key, tuple)]
    assert all(key[0] in PATIENTS and key[1].split("=")[0] in HEALTHY for key in keys)
    assert all(sentence.endswith(".") for sentence in [*CURED.values(), *NOT_CURED.values()])


def test_treating_leaves_random_numbers_alone_and_can_be_repeated(monkeypatch):
    monkeypatch.setattr(repair, "STEPS", 20)
    before = torch.get_rng_state()
    runs = [repair.treat(patient("B") | {"head_start": 10}, snapshots=[5, 20], copies=2) for _ in range(2)]
    assert torch.equal(torch.get_rng_state(), before)
    assert runs[0][1]["d_loss"] == runs[1][1]["d_loss"] and list(runs[0][1].snapshots) == [5, 20]
    assert not any(torch.equal(a, b) for gan, _ in runs for a, b in [repair.draw_each(gan)])


@pytest.mark.parametrize(
    "name, change, verdict_and_reason",
    [
        ("A", {"discriminator_lr": 4e-3}, ("✓", "A faster discriminator")),
        ("A", {"n_critic": 5}, ("✗", "but they are tiny")),
        ("B", {"r1_weight": 0.1}, ("✓", "The penalty flattens")),
        ("C", {"betas": (0.0, 0.99)}, ("✓", "With less momentum")),
    ],
)
def test_real_treatments(monkeypatch, name, change, verdict_and_reason):
    monkeypatch.setattr(repair, "COPIES", 3)  # fewer, for the sake of time
    sign, reason = verdict_and_reason
    found = verdict(name, patient(name) | change)
    assert found.startswith(f"{sign} repair {name}: with ") and reason in found
