"""The verdicts: they follow from the numbers alone, and from nothing else."""

import inspect
import json
import math

import matplotlib.pyplot as plt
import pytest
import verdicts

from course_utils.comparison import figures
from course_utils.comparison.figures import agreements, grids, picture, strips
from course_utils.comparison.records import Fight, rank_correlation
from course_utils.comparison.verdicts import (
    CLAIMS,
    FAILS,
    HOLDS,
    OPEN,
    PARTLY,
    SIGNS,
    Claim,
    Comparison,
    as_good_as_a_vae,
    both,
    score_bets,
    table,
)

GOOD = dict(sharpness=0.12, ratio=2.0, precision=0.8, recall=0.9, coverage=0.8, classes=9.9, detector=0.6, close=0.01)
LATENT = dict(
    linear_class=0.6, linear_ink=0.7, linear_slant=0.8, detour=1.5, largest_step=0.1, jump=0.1, drawn_groups=0.4
)
CODES = dict(inverted_groups=0.6, added_groups=0.6)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def stages(ratios: list[float], **losses) -> dict:
    return {"step": [100 * (i + 1) for i in range(len(ratios))], "ratio": ratios} | losses


def write(folder, dataset: str = "digits", grid: bool = True, **better):
    """Write a fight in which GAN and VAE have the same numbers, but for a shift of those measures of the GAN."""
    lines = [{"job": ["real", dataset], **GOOD, "ratio": 1.0, "independent_pixels": -200.0, "groups": 0.5}]
    for seed in range(3):
        for arm in ("gan", "vae, same images", "vae, same time"):
            line = {"job": ["fight", dataset, arm, seed]} | {
                k: v + 0.01 * seed for k, v in (GOOD | LATENT | CODES).items()
            }
            line |= {"groups": 0.6, "elbo_afterwards": -150.0 - seed}
            line["stages"] = stages(
                [9, 5, 3, line["ratio"] + 0.1 - 0.1 * seed],
                elbo=[-4, -3, -2, -1],
                g_loss=[1, 3, 2, 4],
                d_loss=[2, 1, 3, 4],
            )
            lines.append(line | ({k: line[k] + shift for k, shift in better.items()} if arm == "gan" else {}))
    if grid:
        lines += [
            {"job": ["grid", dataset, k, r, 16, 0], "ratio": 2 * r, "elbo": -r, "g_loss": r, "d_loss": r}
            for k in ("gan", "vae")
            for r in (1, 4)
        ]
        lines.append({"job": ["grid", dataset, "gan", 4, 8, 0], "diverged": "NaN"})
    (folder / f"fight_{dataset}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    candidates = [{"change": {"beta": b}, "elbo": -b, "ratio": 10 - b} for b in (1, 2, 3)]
    candidates.append({"change": {"likelihood": "gaussian"}, "elbo": 100, "ratio": 1})
    (folder / "search_vae_digits.jsonl").write_text("\n".join(map(json.dumps, candidates)))
    (folder / "fight_costs.json").write_text(json.dumps({"step_seconds": {"gan": 2.0, "vae": 1.0}}))
    return Fight(folder, dataset)


SHARPER = Claim(
    "Sharper.", [Comparison("sharpness", both("sharpness"), True), Comparison("recall", both("recall"), False)]
)


@pytest.mark.parametrize(
    "shift, verdict",
    [
        (dict(sharpness=1), PARTLY),
        (dict(sharpness=1, recall=-1), HOLDS),
        (dict(), FAILS),
        (dict(sharpness=-1, recall=1), FAILS),
        (dict(sharpness=0.015, recall=1), FAILS),  # on average only: the groups overlap
    ],
)
def test_a_verdict_needs_every_number_on_the_right_side(tmp_path, shift, verdict):
    assert SHARPER.verdict(write(tmp_path, **shift)) == verdict


def test_groups_hold_the_seeds_of_both_arms_of_the_vae(tmp_path):
    fight = write(tmp_path)
    assert fight.gan("ratio") == pytest.approx([2.0, 2.01, 2.02]) and len(fight.vae("ratio")) == 6


def test_runs_that_diverged_are_counted_and_the_worst_of_their_grid(tmp_path):
    fight = write(tmp_path)
    assert fight.diverged("gan") == [1] and fight.diverged("vae") == [0]
    assert fight.grid("gan")[4, 8] == math.inf
    assert fight.poor_cells("gan") == [2] and fight.poor_cells("vae") == [1]
    assert fight.agreement_of_grid("gan", "g_loss") == [], "one of the losses is missing"
    assert fight.agreement_of_grid("vae", "elbo", -1) == pytest.approx([1])


def test_a_run_of_the_fight_that_diverged_has_no_numbers_but_counts(tmp_path):
    path = tmp_path / "fight_digits.jsonl"
    write(tmp_path)
    path.write_text(
        path.read_text() + "\n" + json.dumps({"job": ["fight", "digits", "gan", 3], "diverged": "NaN"}) + "\n"
    )
    fight = Fight(tmp_path)
    assert fight.diverged("gan") == [2] and len(fight.gan("ratio")) == 3


def test_the_grid_has_a_row_for_each_rate_and_shows_a_run_that_diverged(tmp_path, monkeypatch):
    fight, alts = write(tmp_path), []
    assert fight.grid("vae") == {(1, 16): 2, (4, 16): 8}
    monkeypatch.setattr("course_utils.comparison.figures.show", lambda fig, alt: alts.append((fig, alt)))
    fight.cells.append({"job": ["grid", "digits", "gan", 1, 8, 0], "ratio": 3.0})  # every pair of the GAN's
    grids(fight, "title", "the grids")
    strips(fight, {"ratio": "Fréchet"}, "title", "a strip")
    agreements({"VAE: −ELBO": [0.9], "GAN: G's loss": [-0.2, 0.5]}, "title", "the ranks")
    assert [alt for _, alt in alts] == ["the grids", "a strip", "the ranks"]
    public = {name: f for name, f in inspect.getmembers(figures, inspect.isfunction)}
    takes_alt = {name for name, f in public.items() if "alt" in inspect.signature(f).parameters}
    assert takes_alt == {"grids", "strips", "agreements", "show"}
    assert "inf" in {text.get_text() for text in alts[0][0].axes[0].texts}


def test_a_measure_that_was_not_taken_does_not_count(tmp_path):
    fight = write(tmp_path, "mnist", grid=False)
    (stable,) = (claim for claim in CLAIMS if "stable" in claim.says)
    assert [test.holds(fight) for test in stable.tests] == [None, False]
    assert stable.verdict(fight) == OPEN


def test_seconds_until_a_quality_are_those_of_the_first_stage_that_has_it(tmp_path):
    fight = write(tmp_path)
    assert fight.seconds_to("gan", 3) == [600] * 3 and fight.seconds_to("vae", 3) == [300] * 6
    assert fight.seconds_to("vae", 0.1) == [math.inf] * 6


def test_every_vae_reaches_the_quality_that_all_vaes_end_with(tmp_path):
    for fight in (write(tmp_path), *(Fight(verdicts.RESULTS, name) for name in verdicts.IMAGE_SETS)):
        gan, vae = as_good_as_a_vae(fight)
        assert len(gan) == len(fight.of("gan")) and len(vae) == len(fight.of("vae"))
        assert max(vae) < math.inf


def test_a_name_that_nothing_has_is_refused(tmp_path):
    fight = write(tmp_path)
    with pytest.raises(ValueError, match="expected vae or one of gan; vae, same images; .*, got 'vae same time'"):
        fight.agreement("vae same time", "elbo")
    with pytest.raises(ValueError, match="expected one of gan, vae, got 'GAN'"):
        fight.poor_cells("GAN")
    with pytest.raises(ValueError, match="expected .*fight_cifar.jsonl, which a script in benchmarks/ makes, got none"):
        Fight(tmp_path, "cifar")
    (tmp_path / "fight_empty.jsonl").write_text("")
    with pytest.raises(ValueError, match="expected a line of real images among the recorded fights on empty, got none"):
        Fight(tmp_path, "empty")
    (tmp_path / "fight_costs.json").unlink()
    with pytest.raises(ValueError, match="expected a recorded file .*fight_costs.json, .* got none"):
        Fight(tmp_path)


def test_every_comparison_was_made_on_the_digits():
    fight = Fight(verdicts.RESULTS, "digits")
    assert [test.measure for claim in CLAIMS for test in claim.tests if test.holds(fight) is None] == []


def test_rank_correlation_sees_order_only():
    assert rank_correlation([1, 2, 3], [10, 100, 1000]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert math.isnan(rank_correlation([1, 1, 1], [1, 2, 3]))


def test_ranks_of_losses_and_distances_agree_or_do_not(tmp_path):
    fight = write(tmp_path)
    assert fight.agreement("vae", "elbo", -1) == pytest.approx([1] * 6)
    assert fight.agreement("gan", "g_loss") == pytest.approx([-0.8] * 3)
    assert fight.agreement("gan", "g_loss", start=200) == pytest.approx([-0.5] * 3)


def test_the_table_has_every_claim_every_test_and_every_data_set(tmp_path):
    fights = [write(tmp_path), write(tmp_path, "fashion_mnist", grid=False)]
    lines = table(fights).splitlines()
    assert len(lines) == 2 + len(CLAIMS) + sum(len(claim.tests) for claim in CLAIMS)
    assert all(line.count("|") == 7 for line in lines) and "Fashion-MNIST" in lines[0]
    for claim in CLAIMS:
        assert any(claim.says in line and SIGNS[claim.verdict(fights[0])] in line for line in lines)


def test_the_picture_has_a_badge_for_every_claim_and_data_set(tmp_path):
    fights = [write(tmp_path), write(tmp_path, "mnist", grid=False)]
    fig = picture(fights)
    badges = [text for text in fig.axes[0].texts if text.get_text() in SIGNS.values()]
    assert len(badges) == 2 * len(CLAIMS)


def test_the_page_of_verdicts_is_what_the_recorded_runs_say():
    assert verdicts.text() == (verdicts.ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")


def test_candidates_of_one_likelihood_are_ranked_by_their_bound(tmp_path):
    assert write(tmp_path).agreement_of_search() == pytest.approx([-1])
    assert write(tmp_path, "mnist").agreement_of_search() == []


def test_bets_are_scored_against_the_verdicts(tmp_path):
    fight = write(tmp_path)
    verdicts = [claim.verdict(fight) for claim in CLAIMS]
    bet_on = {HOLDS: True, PARTLY: "in part", FAILS: False}
    decided = {i: bet_on[verdict] for i, verdict in enumerate(verdicts, 1) if verdict != OPEN}
    assert set(decided.values()) == set(bet_on.values())
    names = ", ".join(map(str, decided))
    assert score_bets(decided, fight).splitlines()[:2] == [f"{len(decided)} right: {names}", "0 wrong: none"]
    for shift in (1, 2):
        other = {number: list(bet_on.values())[(list(bet_on.values()).index(bet) + shift) % 3]
                 for number, bet in decided.items()}  # fmt: skip
        assert score_bets(other, fight).splitlines()[:2] == ["0 right: none", f"{len(decided)} wrong: {names}"]
    unsettled = write(tmp_path, "mnist", grid=False)
    number = 1 + [claim.verdict(unsettled) for claim in CLAIMS].index(OPEN)
    for bet in bet_on.values():
        assert score_bets({number: bet}, unsettled).splitlines()[2] == f"1 not decided on these data: {number}"
    assert score_bets({1: ...}, fight) == "○ no bets yet."
    with pytest.raises(ValueError, match="expected bets on the claims 1 to 13, got one on 14"):
        score_bets({14: True}, fight)
    for bet in ("no", None, 1):
        with pytest.raises(
            ValueError, match=f'expected True, "in part", False or ... as a bet, got {bet!r} for claim 2'
        ):
            score_bets({2: bet}, fight)
