"""Each comparison of the verdicts looks in the direction of its claim: two made-up fights, all claims true or false."""

import pytest
from made_up_fight import write_fight

from course_utils.comparison.records import ARMS, Cell, Fight, Run
from course_utils.comparison.verdicts import CLAIMS, FAILS, HOLDS

REAL = dict(sharpness=0.12, groups=0.5, independent_pixels=-200.0)
# What GAN and VAE score where every sentence of the texts is true, and where every one is false.
TRUE = {
    "gan": dict(
        sharpness=0.12, ratio=2, precision=0.9, detector=0.6, recall=0.5, coverage=0.5, classes=8, close=0.01,
        largest_step=0.2, detour=3, jump=0.5, linear_ink=0.1, linear_slant=0.1, linear_class=0.1, inverted_groups=0.1,
        added_groups=0.1, drawn_groups=0.1, elbo_afterwards=-300,
    ),
    "vae": dict(
        sharpness=0.05, ratio=9, precision=0.5, detector=0.9, recall=0.9, coverage=0.9, classes=9, close=0.01,
        largest_step=0.1, detour=2, jump=0.1, linear_ink=0.9, linear_slant=0.9, linear_class=0.9, inverted_groups=0.9,
        added_groups=0.9, drawn_groups=0.9, elbo_afterwards=-100, groups=0.9,
    ),
}  # fmt: skip
FALSE = {
    "gan": dict(
        sharpness=0.05, ratio=9, precision=0.5, detector=0.9, recall=0.9, coverage=0.9, classes=9, close=0.5,
        largest_step=0.1, detour=2, jump=0.1, linear_ink=0.6, linear_slant=0.9, linear_class=0.9, inverted_groups=0.9,
        added_groups=0.9, drawn_groups=0.9, elbo_afterwards=-100,
    ),
    "vae": dict(
        sharpness=0.13, ratio=2, precision=0.9, detector=0.6, recall=0.5, coverage=0.5, classes=8, close=0.5,
        largest_step=0.2, detour=3, jump=0.5, linear_ink=0.4, linear_slant=0.1, linear_class=0.1, inverted_groups=0.1,
        added_groups=0.1, drawn_groups=0.1, elbo_afterwards=-300, groups=0.1,
    ),
}  # fmt: skip
RISING = [1, 2, 3, 4]
FALLING = [4, 3, 2, 1]
SLOWLY = [20, 15, 10, 1.5]
AT_ONCE = [1.4, 1.3, 1.2, 1.1]
STABLE = [1, 1.5, 5]  # distances for three learning rates
UNSTABLE = [1, 5, 6]


def cells(family: str, ratios: list[float], sign: int) -> list[Cell]:
    """A row of the grid; a sign of 1 lets the ELBO rise where the distance falls, and the GAN's losses mislead."""
    return [
        Cell(dict(ratio=ratio, elbo=-sign * ratio, g_loss=-sign * ratio, d_loss=sign * ratio), family, rate, 16, 0)
        for rate, ratio in enumerate(ratios)
    ]


def where_all_is_true(folder) -> Fight:
    stages = {"step": [100, 200, 300, 400], "elbo": [-4, -3, -2, -1], "g_loss": RISING, "d_loss": FALLING}
    ratios = {"gan": SLOWLY, "vae": AT_ONCE}
    runs = [Run(TRUE[family] | {"stages": stages | {"ratio": ratios[family]}}, arm, 0) for arm, family in ARMS.items()]
    return write_fight(
        folder,
        real=REAL,
        runs=[*runs, Run({"diverged": "NaN"}, "gan", 1)],
        cells=cells("gan", UNSTABLE, 1) + cells("vae", STABLE, 1),
        candidates=[{"change": {}, "elbo": -ratio, "ratio": ratio} for ratio in (1, 2, 3)],
        step_seconds={"gan": 2, "vae": 1},
    )


def where_all_is_false(folder) -> Fight:
    stages = {"step": [100, 200, 300, 400], "elbo": [-1, -2, -3, -4], "g_loss": FALLING, "d_loss": RISING}
    ratios = {"gan": AT_ONCE, "vae": SLOWLY}
    runs = [Run(FALSE[family] | {"stages": stages | {"ratio": ratios[family]}}, arm, 0) for arm, family in ARMS.items()]
    return write_fight(
        folder,
        real=REAL,
        runs=[*runs, Run({"diverged": "NaN"}, "vae, same images", 1)],
        cells=cells("gan", STABLE, -1) + cells("vae", UNSTABLE, -1),
        candidates=[{"change": {}, "elbo": ratio, "ratio": ratio} for ratio in (1, 2, 3)],
        step_seconds={"gan": 1, "vae": 2},
    )


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.says)
def test_a_claim_holds_where_the_texts_are_right_and_fails_where_they_are_wrong(claim, tmp_path):
    assert claim.verdict(where_all_is_true(tmp_path)) == HOLDS
    assert claim.verdict(where_all_is_false(tmp_path)) == FAILS
