"""Each comparison of the verdicts looks in the direction of its claim: made-up fights, all claims true, false, open."""

import pytest
from made_up_fight import bound, cell, line, write_fight

from course_utils.comparison.records import ARMS, Fight
from course_utils.comparison.verdicts import CLAIMS, FAILS, HOLDS, OPEN, UNDECIDED

RISING = [1.0, 2.0, 3.0, 4.0]
FALLING = [4.0, 3.0, 2.0, 1.0]
# What GAN and VAE score where every sentence of the texts is true, and where every one is false.
TRUE = {
    "gan": dict(
        samples=dict(sharpness=0.12, ratio=2, coverage=0.5, detector_matched=0.6), losses={"g_loss": RISING},
        nats=-300, detour=3, linear_class=0.1, linear_ink=0.1,
    ),
    "vae": dict(
        samples=dict(sharpness=0.05, ratio=9, coverage=0.9, detector_matched=0.9), losses={"elbo": RISING},
        nats=-100, detour=2, linear_class=0.9, linear_ink=0.9,
    ),
}  # fmt: skip
FALSE = {
    "gan": dict(
        samples=dict(sharpness=0.05, ratio=9, coverage=0.9, detector_matched=0.9), losses={"g_loss": FALLING},
        nats=-100, detour=2, linear_class=0.9, linear_ink=0.9,
    ),
    "vae": dict(
        samples=dict(sharpness=0.12, ratio=2, coverage=0.5, detector_matched=0.6), losses={"elbo": FALLING},
        nats=-300, detour=3, linear_class=0.1, linear_ink=0.1,
    ),
}  # fmt: skip
STABLE = [1, 1.1, 1.2]  # distances for three learning rates
UNSTABLE = [1, 9, 10]


def made_up(folder, world: dict, gan_grid: list, vae_grid: list, step_ratios: list) -> Fight:
    lines = []
    for arm, family in ARMS.items():
        scores = world[family]
        rest = {name: value for name, value in scores.items() if name not in ("samples", "nats")}
        of_arm = {"usual": scores["samples"], "after": scores["samples"], "dataset": "digits"}
        lines += [line(arm, seed, **of_arm, **rest) for seed in range(4)]
    lines += [bound(family, seed, scores["nats"]) for family, scores in world.items() for seed in range(4)]
    for family, grid in (("gan", gan_grid), ("vae", vae_grid)):
        # Many places are as good as the best, so that the mean over places has an interval.
        lines += [cell(family, rate, size, ratio=ratio) for size in (1, 2, 3) for rate, ratio in enumerate(grid)]
    return write_fight(folder, lines, step_ratios)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.says)
def test_a_claim_holds_where_the_texts_are_right_and_fails_where_they_are_wrong(claim, tmp_path):
    right = made_up(tmp_path, TRUE, UNSTABLE, STABLE, [1.9, 2.0, 2.1])
    assert set(claim.verdicts(right)) == {HOLDS}
    wrong = made_up(tmp_path, FALSE, STABLE, UNSTABLE, [0.5, 0.6, 0.5])
    assert set(claim.verdicts(wrong)) == {FAILS}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.says)
def test_a_claim_that_nothing_was_measured_of_is_open(claim, tmp_path):
    fight = write_fight(tmp_path, [], [])
    assert set(claim.verdicts(fight)) == {OPEN}


def test_a_difference_around_what_matters_is_undecided(tmp_path):
    near = {arm: scores | {"samples": dict(scores["samples"])} for arm, scores in TRUE.items()}
    near["vae"]["samples"]["ratio"] = 2 * 1.25
    fight = made_up(tmp_path, near, UNSTABLE, STABLE, [1.2, 1.3, 1.25])
    assert set(CLAIMS[1].verdicts(fight)) == set(CLAIMS[9].verdicts(fight)) == {UNDECIDED}
