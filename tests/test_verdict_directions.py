"""Each comparison of the verdicts looks in the direction of its claim: two made-up fights, all claims true or false."""

import json

import pytest

from course_utils.comparison.records import Fight
from course_utils.comparison.verdicts import CLAIMS, FAILS, HOLDS

REAL = dict(sharpness=0.12, groups=0.5, independent_pixels=-200.0)
# A measure: what GAN and VAE have where every sentence of the texts is true, then where every one is false.
WORLDS = {
    "sharpness": ((0.12, 0.05), (0.05, 0.13)),
    "ratio": ((2, 9), (9, 2)),
    "precision": ((0.9, 0.5), (0.5, 0.9)),
    "detector": ((0.6, 0.9), (0.9, 0.6)),
    "recall": ((0.5, 0.9), (0.9, 0.5)),
    "coverage": ((0.5, 0.9), (0.9, 0.5)),
    "classes": ((8, 9), (9, 8)),
    "close": ((0.01, 0.01), (0.5, 0.5)),
    "largest_step": ((0.2, 0.1), (0.1, 0.2)),
    "detour": ((3, 2), (2, 3)),
    "jump": ((0.5, 0.1), (0.1, 0.5)),
    "linear_ink": ((0.1, 0.9), (0.6, 0.4)),
    "linear_slant": ((0.1, 0.9), (0.9, 0.1)),
    "linear_class": ((0.1, 0.9), (0.9, 0.1)),
    "inverted_groups": ((0.1, 0.9), (0.9, 0.1)),
    "added_groups": ((0.1, 0.9), (0.9, 0.1)),
    "drawn_groups": ((0.1, 0.9), (0.9, 0.1)),
    "groups": ((0, 0.9), (0, 0.1)),
    "elbo_afterwards": ((-300, -100), (-100, -300)),
}
RISING, FALLING = [1, 2, 3, 4], [4, 3, 2, 1]


def fight_in(folder, true: bool) -> Fight:
    """Return a fight on the digits in which every sentence of the texts is true, or every one false."""
    world, lines = 0 if true else 1, [{"job": ["real", "digits"]} | REAL]
    other = {"gan": "vae", "vae": "gan"}
    for arm in ("gan", "vae, same images", "vae, same time"):
        family = arm[:3]
        line = {name: worlds[world][family == "vae"] for name, worlds in WORLDS.items()}
        slow = family == ("gan" if true else "vae")  # the other one is better at once
        ratios = [20, 15, 10, 1.5] if slow else [1.4, 1.3, 1.2, 1.1]
        says = [-4, -3, -2, -1] if true else [-1, -2, -3, -4]
        losses = dict(g_loss=RISING, d_loss=FALLING) if true else dict(g_loss=FALLING, d_loss=RISING)
        stages = {"step": [100, 200, 300, 400], "ratio": ratios, "elbo": says} | losses
        lines += [{"job": ["fight", "digits", arm, 0], "stages": stages} | line]
    unstable = "gan" if true else "vae"
    lines.append({"job": ["fight", "digits", unstable, 1], "diverged": "NaN"})
    for family, ratios in ((unstable, (1, 5, 6)), (other[unstable], (1, 1.5, 5))):
        for rate, ratio in enumerate(ratios):
            losses = dict(elbo=-ratio, g_loss=-ratio, d_loss=ratio) if true else dict(
                elbo=ratio, g_loss=ratio, d_loss=-ratio)  # fmt: skip
            lines.append({"job": ["grid", "digits", family, rate, 16, 0], "ratio": ratio} | losses)
    (folder / "fight_digits.jsonl").write_text("\n".join(map(json.dumps, lines)))
    candidates = [{"change": {}, "elbo": -ratio if true else ratio, "ratio": ratio} for ratio in (1, 2, 3)]
    (folder / "search_vae_digits.jsonl").write_text("\n".join(map(json.dumps, candidates)))
    seconds = {"gan": 2, "vae": 1} if true else {"gan": 1, "vae": 2}
    (folder / "fight_costs.json").write_text(json.dumps({"step_seconds": seconds}))
    return Fight(folder)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.says)
def test_a_claim_holds_where_the_texts_are_right_and_fails_where_they_are_wrong(claim, tmp_path):
    assert claim.verdict(fight_in(tmp_path, true=True)) == HOLDS
    assert claim.verdict(fight_in(tmp_path, true=False)) == FAILS
