"""The verdicts: they follow from the numbers alone, and from nothing else."""

import inspect
import math

import matplotlib.pyplot as plt
import pytest
import verdicts
from made_up_fight import write_fight

from course_utils.comparison import figures
from course_utils.comparison.figures import agreements, grids, picture, strips
from course_utils.comparison.records import ARMS, FAMILIES, Cell, Fight, Run, rank_correlation
from course_utils.comparison.verdicts import (
    ABOVE,
    BELOW,
    CLAIMS,
    FAILS,
    HOLDS,
    OPEN,
    PARTLY,
    SIGNS,
    Claim,
    Comparison,
    as_good_as_a_vae,
    gan,
    score_bets,
    spread_of,
    table,
    vae,
)

ALIKE = dict(
    sharpness=0.12, ratio=2.0, precision=0.8, recall=0.9, coverage=0.8, classes=9.9, detector=0.6, close=0.01,
    linear_class=0.6, linear_ink=0.7, linear_slant=0.8, detour=1.5, largest_step=0.1, jump=0.1, drawn_groups=0.4,
    inverted_groups=0.6, added_groups=0.6,
)  # fmt: skip
REAL = ALIKE | dict(ratio=1.0, independent_pixels=-200.0, groups=0.5)
CANDIDATES = [
    {"change": {"beta": 1}, "elbo": -1, "ratio": 9},
    {"change": {"beta": 2}, "elbo": -2, "ratio": 8},
    {"change": {"beta": 3}, "elbo": -3, "ratio": 7},
    {"change": {"likelihood": "gaussian"}, "elbo": 100, "ratio": 1},
]


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def measures(seed: int) -> dict:
    """What a run of either family scores: a bit more with each seed."""
    found = {name: value + 0.01 * seed for name, value in ALIKE.items()}
    last = found["ratio"] + 0.1 - 0.1 * seed
    stages = {
        "step": [100, 200, 300, 400],
        "ratio": [9, 5, 3, last],
        "elbo": [-4, -3, -2, -1],
        "g_loss": [1, 3, 2, 4],
        "d_loss": [2, 1, 3, 4],
    }
    return found | {"groups": 0.6, "elbo_afterwards": -150.0 - seed, "stages": stages}


def cell(family: str, rate: float) -> Cell:
    return Cell({"ratio": 2 * rate, "elbo": -rate, "g_loss": rate, "d_loss": rate}, family, rate, 16, 0)


GRID = [cell("gan", 1), cell("vae", 1), cell("gan", 4), cell("vae", 4), Cell({"diverged": "NaN"}, "gan", 4, 8, 0)]


def fight_of_equals(folder, dataset: str = "digits", grid: bool = True, **shifts: float) -> Fight:
    """A fight in which GAN and VAE have the same numbers, but for shifts of some of the GAN's."""
    runs = []
    for seed in range(3):
        for arm, family in ARMS.items():
            found = measures(seed)
            if family == "gan":
                found |= {name: found[name] + shift for name, shift in shifts.items()}
            runs.append(Run(found, arm, seed))
    return write_fight(
        folder, REAL, runs, GRID if grid else [], CANDIDATES, step_seconds={"gan": 2.0, "vae": 1.0}, dataset=dataset
    )


SHARPER = Claim(
    "Sharper, and less diverse.",
    [
        Comparison("sharpness", gan("sharpness"), ABOVE, vae("sharpness")),
        Comparison("recall", gan("recall"), BELOW, vae("recall")),
    ],
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
    assert SHARPER.verdict(fight_of_equals(tmp_path, **shift)) == verdict


def test_groups_hold_the_seeds_of_both_arms_of_the_vae(tmp_path):
    fight = fight_of_equals(tmp_path)
    assert fight.gan("ratio") == pytest.approx([2.0, 2.01, 2.02]) and len(fight.vae("ratio")) == 6


def test_a_recorded_line_is_read_into_names(tmp_path):
    fight = fight_of_equals(tmp_path)
    run = fight.of("vae, same time")[1]
    assert run.arm == "vae, same time" and run.family == "vae" and run.seed == 1 and not run.diverged
    assert run["sharpness"] == pytest.approx(0.13)
    lost = fight.cells[-1]
    assert lost.family == "gan" and lost.rate == 4 and lost.batch_size == 8 and lost.seed == 0 and lost.diverged


def test_runs_that_diverged_are_counted_and_the_worst_of_their_grid(tmp_path):
    fight = fight_of_equals(tmp_path)
    assert fight.diverged("gan") == [1] and fight.diverged("vae") == [0]
    assert fight.grid("gan")[4, 8] == math.inf
    assert fight.poor_cells("gan") == [2] and fight.poor_cells("vae") == [1]
    assert fight.agreement_of_grid("gan", "g_loss") == [], "one of the losses is missing"
    assert fight.agreement_of_grid("vae", "elbo", -1) == pytest.approx([1])


def test_a_run_of_the_fight_that_diverged_has_no_numbers_but_counts(tmp_path):
    fight = fight_of_equals(tmp_path)
    fight.add({"job": ["fight", "digits", "gan", 3], "diverged": "NaN"})
    assert fight.diverged("gan") == [2] and len(fight.gan("ratio")) == 3


def test_the_grid_has_a_row_for_each_rate_and_shows_a_run_that_diverged(tmp_path, monkeypatch):
    fight = fight_of_equals(tmp_path)
    shown = {}
    assert fight.grid("vae") == {(1, 16): 2, (4, 16): 8}
    monkeypatch.setattr("course_utils.comparison.figures.show", lambda fig, alt: shown.update({alt: fig}))
    fight.add({"job": ["grid", "digits", "gan", 1, 8, 0], "ratio": 3.0})  # the last place of the GAN's grid
    grids(fight, "title", "the grids")
    strips(fight, {"ratio": "Fréchet"}, "title", "a strip")
    agreements({"VAE: −ELBO": [0.9], "GAN: G's loss": [-0.2, 0.5]}, "title", "the ranks")
    assert list(shown) == ["the grids", "a strip", "the ranks"]
    gan_axes, _ = shown["the grids"].axes
    assert "inf" in {text.get_text() for text in gan_axes.texts}


def test_every_function_that_takes_alt_text_is_tested_above():
    public = {name: f for name, f in inspect.getmembers(figures, inspect.isfunction)}
    takes_alt = {name for name, f in public.items() if "alt" in inspect.signature(f).parameters}
    assert takes_alt == {"grids", "strips", "agreements", "show"}


def test_a_measure_that_was_not_taken_does_not_count(tmp_path):
    fight = fight_of_equals(tmp_path, "mnist", grid=False)
    (stable,) = (claim for claim in CLAIMS if "stable" in claim.says)
    assert [test.holds(fight) for test in stable.tests] == [None, False]
    assert stable.verdict(fight) == OPEN


def test_seconds_until_a_quality_are_those_of_the_first_stage_that_has_it(tmp_path):
    fight = fight_of_equals(tmp_path)
    assert fight.seconds_to("gan", 3) == [600] * 3 and fight.seconds_to("vae", 3) == [300] * 6
    assert fight.seconds_to("vae", 0.1) == [math.inf] * 6


def test_every_vae_reaches_the_quality_that_all_vaes_end_with(tmp_path):
    for fight in (fight_of_equals(tmp_path), *(Fight(verdicts.RESULTS, name) for name in verdicts.IMAGE_SETS)):
        for family in FAMILIES:
            assert len(as_good_as_a_vae(fight, family)) == len(fight.of(family))
        assert max(as_good_as_a_vae(fight, "vae")) < math.inf


def test_a_name_that_nothing_has_is_refused(tmp_path):
    fight = fight_of_equals(tmp_path)
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
    fight = fight_of_equals(tmp_path)
    assert fight.agreement("vae", "elbo", -1) == pytest.approx([1] * 6)
    assert fight.agreement("gan", "g_loss") == pytest.approx([-0.8] * 3)
    assert fight.agreement("gan", "g_loss", start=200) == pytest.approx([-0.5] * 3)


def test_the_table_has_every_claim_every_test_and_every_data_set(tmp_path):
    fights = [fight_of_equals(tmp_path), fight_of_equals(tmp_path, "fashion_mnist", grid=False)]
    lines = table(fights).splitlines()
    assert len(lines) == 2 + len(CLAIMS) + sum(len(claim.tests) for claim in CLAIMS)
    assert all(line.count("|") == 7 for line in lines) and "Fashion-MNIST" in lines[0]
    for claim in CLAIMS:
        assert any(claim.says in line and SIGNS[claim.verdict(fights[0])] in line for line in lines)


def test_the_picture_has_a_badge_for_every_claim_and_data_set(tmp_path):
    fights = [fight_of_equals(tmp_path), fight_of_equals(tmp_path, "mnist", grid=False)]
    fig = picture(fights)
    badges = [text for text in fig.axes[0].texts if text.get_text() in SIGNS.values()]
    assert len(badges) == 2 * len(CLAIMS)


def test_the_page_of_verdicts_is_what_the_recorded_runs_say():
    assert verdicts.text() == (verdicts.ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")


def test_candidates_of_one_likelihood_are_ranked_by_their_bound(tmp_path):
    assert fight_of_equals(tmp_path).agreement_of_search() == pytest.approx([-1])
    assert fight_of_equals(tmp_path, "mnist").agreement_of_search() == []


BET_ON = {HOLDS: True, PARTLY: "in part", FAILS: False}


def test_bets_are_scored_against_the_verdicts(tmp_path):
    fight = fight_of_equals(tmp_path)
    outcomes = {number: claim.verdict(fight) for number, claim in enumerate(CLAIMS, 1)}
    decided = {number: outcome for number, outcome in outcomes.items() if outcome != OPEN}
    assert set(decided.values()) == set(BET_ON)
    names = ", ".join(map(str, decided))
    right = {number: BET_ON[outcome] for number, outcome in decided.items()}
    assert score_bets(right, fight) == f"{len(decided)} right: {names}\n0 wrong: none"
    for mixed_up in ({HOLDS: PARTLY, PARTLY: FAILS, FAILS: HOLDS}, {HOLDS: FAILS, FAILS: PARTLY, PARTLY: HOLDS}):
        wrong = {number: BET_ON[mixed_up[outcome]] for number, outcome in decided.items()}
        assert score_bets(wrong, fight) == f"0 right: none\n{len(decided)} wrong: {names}"


def test_a_bet_on_a_claim_that_is_open_is_neither_right_nor_wrong(tmp_path):
    fight = fight_of_equals(tmp_path, "mnist", grid=False)
    number = [claim.verdict(fight) for claim in CLAIMS].index(OPEN) + 1
    for bet in BET_ON.values():
        lines = score_bets({number: bet}, fight).splitlines()
        assert lines == ["0 right: none", "0 wrong: none", f"1 not decided on these data: {number}"]


def test_what_is_no_bet_is_not_scored(tmp_path):
    fight = fight_of_equals(tmp_path)
    assert score_bets({1: ...}, fight) == "○ no bets yet."
    with pytest.raises(ValueError, match="expected bets on the claims 1 to 13, got one on 14"):
        score_bets({14: True}, fight)
    for bet in ("no", None, 1):
        expected = f'expected True, "in part", False or ... as a bet, got {bet!r} for claim 2'
        with pytest.raises(ValueError, match=expected):
            score_bets({2: bet}, fight)


def test_a_spread_says_what_there_is():
    assert spread_of([1.0, 2.0, 3.0]) == "2 ± 1"
    assert spread_of([0.25]) == "0.25"
    assert spread_of([1.0, math.inf]) == "never"
    assert spread_of([]) == "–"
