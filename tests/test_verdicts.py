"""The verdicts: they follow from the recorded numbers alone, and the documents show them."""

import json
import math

import matplotlib.pyplot as plt
import pytest
import torch
import verdicts
from made_up_fight import bound, cell, line, write_fight

from course_utils.comparison.figures import grids, picture, strips, turns_round
from course_utils.comparison.records import ARMS, FAMILIES, Fight, correlation_interval, rank_correlation
from course_utils.comparison.tables import SCORES, samples_table, verdict_table
from course_utils.comparison.verdicts import (
    AFTER,
    CLAIMS,
    FAILS,
    HOLDS,
    SIGNS,
    UNDECIDED,
    USUAL,
    Claim,
    Comparison,
    score_bets,
)

LOSSES = {"gan": {"g_loss": [1, 2, 3, 4]}, "vae": {"elbo": [-4, -3, -2, -1]}}
BOUNDS = {"gan": -150.0, "vae": -100.0}


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def some_fight(folder, dataset: str = "digits", seeds: int = 3, **of_vae: float) -> Fight:
    """A fight in which GAN and VAE draw the same samples, but for some numbers of the VAE's."""
    lines = []
    for seed in reversed(range(seeds)):
        for arm, family in ARMS.items():
            numbers = of_vae if family == "vae" else {}
            lines.append(line(arm, seed, numbers, numbers, LOSSES[family], dataset))
        lines += [bound(family, seed, nats, dataset) for family, nats in BOUNDS.items()]
    for family in FAMILIES:
        lines += [cell(family, rate, size, dataset, ratio=2.0 * rate) for rate in (1, 4) for size in (8, 16)]
    return write_fight(folder, lines, [1.9, 2.0], dataset)


def test_values_come_by_seed_and_judge_from_the_arm_in_which_something_was_measured(tmp_path):
    fight = some_fight(tmp_path)
    assert fight.values("gan", "usual", "ratio").shape == (3, 5) and fight.values("gan", "linear_class").shape == (3,)
    assert fight.values("gan", "usual", "sharpness").tolist() == pytest.approx([0.1188, 0.12, 0.1212])
    assert [run.seed for run in fight.of("vae")] == [0, 1, 2]
    assert fight.values("vae", "usual", "ratio").shape == fight.values("vae", "after", "ratio").shape == (3, 5)
    with pytest.raises(ValueError, match=r"expected one of gan; vae; gan, for N\(0, I\); vae, .* got 'vea'"):
        fight.of("vea")
    with pytest.raises(ValueError, match="expected one of gan, vae, got 'vea'"):
        fight.values("vea", "elbo")
    with pytest.raises(KeyError, match="elbow"):
        fight.values("vae", "elbow")


def test_arms_are_paired_by_the_seeds_that_all_of_them_finished(tmp_path):
    fight = some_fight(tmp_path)
    fight.runs = [run for run in fight.runs if (run.arm, run.seed) != ("gan", 1)]
    assert all([run.seed for run in fight.of(arm)] == [0, 2] for arm in ARMS)
    fight.add({"job": ["fight", "digits", "gan", 1], "diverged": "NaN"})
    assert all([run.seed for run in fight.of(arm)] == [0, 2] for arm in ARMS)


def test_runs_that_diverged_are_counted_and_nothing_else(tmp_path):
    fight = some_fight(tmp_path)
    fight.add({"job": ["fight", "digits", "gan", 3], "diverged": "NaN"})
    fight.add(cell("gan", 4, 64, diverged="NaN"))
    assert fight.diverged("gan") == 2 and fight.diverged("vae") == 0
    assert len(fight.values("gan", "usual", "ratio")) == 3 and fight.grid("gan")[4, 64] == math.inf


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"expected a recorded file .*fight_digits.jsonl"):
        Fight(tmp_path)
    (tmp_path / "fight_digits.jsonl").write_text("")
    with pytest.raises(
        ValueError, match="expected a line of real images among the recorded fights on digits, got none"
    ):
        Fight(tmp_path)


def test_ranks_agree_as_spearman_says_and_their_interval_narrows_with_n():
    assert rank_correlation([1, 2, 3], [10, 20, 30]) == 1 and rank_correlation([1, 2, 3], [3, 2, 1]) == -1
    assert math.isnan(rank_correlation([1, 1, 1], [1, 2, 3]))
    few, many = correlation_interval(0.59, 13), correlation_interval(0.59, 130)
    assert (few.low, few.high) == pytest.approx((0.04, 0.87), abs=0.02)
    assert few.low < many.low < 0.59 < many.high < few.high
    with pytest.raises(ValueError, match="at least 4 pairs for an interval, got 3"):
        correlation_interval(0.5, 3)


def test_an_interval_of_a_correlation_covers_the_truth_as_often_as_it_says():
    generator = torch.Generator().manual_seed(0)
    truth, covered = 6 / math.pi * math.asin(0.6 / 2), []  # Spearman's, for Pearson's 0.6 of Gaussians
    for _ in range(300):
        x, noise = torch.randn(2, 20, generator=generator)
        found = correlation_interval(rank_correlation(x.tolist(), (0.6 * x + 0.8 * noise).tolist()), 20)
        covered.append(found.low < truth < found.high)
    assert sum(covered) / len(covered) == pytest.approx(0.95, abs=0.03)


def test_the_bound_is_ranked_among_candidates_of_one_density_by_either_way_to_draw(tmp_path):
    fight = some_fight(tmp_path)
    runs = [{"change": {"beta": i}, "elbo": -100.0 - i, "ratio": 1.0 + i, "best": 9.0 - i} for i in range(6)]
    runs.append({"change": {"likelihood": "gaussian"}, "elbo": 700.0, "ratio": 99.0, "best": 0.1})
    (tmp_path / "search_vae_digits.jsonl").write_text("".join(json.dumps(run) + "\n" for run in runs))
    assert fight.agreement_of_search("vae", "elbo", -1).mean == 1
    assert fight.agreement_of_search("vae", "elbo", -1, by="best").mean == -1


def test_a_bet_is_scored_by_the_samples_as_they_are_usually_drawn(tmp_path):
    fight = some_fight(tmp_path, ratio=9.0, coverage=0.2)
    assert CLAIMS[1].verdicts(fight) == [HOLDS] * 4 and CLAIMS[3].verdicts(fight) == [FAILS, FAILS]
    assert score_bets({2: True, 4: True, 7: ...}, fight) == "1 right: 2\n1 wrong: 4\n0 undecided: none"
    assert score_bets({2: ...}, fight) == "○ no bets yet."


@pytest.mark.parametrize(
    "bets, message", [({0: True}, "the claims 1 to 10, got one on 0"), ({1: 1}, "got 1 for claim 1")]
)
def test_a_bet_that_is_none_is_refused(tmp_path, bets, message):
    with pytest.raises(ValueError, match=message):
        score_bets(bets, some_fight(tmp_path))


def test_the_table_has_a_row_for_each_comparison_and_a_verdict_for_each_data_set(tmp_path):
    fights = [some_fight(tmp_path, ratio=9.0), some_fight(tmp_path, "mnist")]
    lines = verdict_table(fights).splitlines()
    assert len(lines) == 2 + sum(len(claim.comparisons) for claim in CLAIMS)
    (row,) = [line for line in lines if "closer to real" in line]
    assert row.split(" | ")[-2].startswith(f"{SIGNS[HOLDS]} 1.5 (") and row.split(" | ")[-1].startswith(SIGNS[FAILS])


def test_what_samples_score_comes_with_its_interval(tmp_path):
    fight = some_fight(tmp_path, ratio=9.0)
    for run in fight.runs:
        for way in run.measures.keys() & {"usual", "after", "untouched"}:
            others = dict.fromkeys(("precision", "density", "recall"), [0.7] * 5)
            run.measures[way] |= others | {"unlabelled": {"ratio": 3.0, "coverage": 0.4}, "classes": 9.5}
    head, _, gan, *_, fitted, untouched = samples_table(fight).splitlines()
    assert head == f"| digits | {' | '.join(SCORES)} |"
    assert gan.startswith("| GAN | 2 ± 0.05 | 3 ± 0 |") and fitted.startswith("| VAE, fitted prior | 9 ± 0.23 |")
    assert untouched.startswith("| the same VAE, N(0, I) | 2 ± 0.05 |")


def test_the_picture_has_a_mark_for_each_interval_and_a_sign_for_each_verdict(tmp_path):
    fights = [some_fight(tmp_path, ratio=9.0), some_fight(tmp_path, "mnist")]
    (axes,) = picture(fights).axes
    comparisons = [comparison for claim in CLAIMS for comparison in claim.comparisons.values()]
    texts = [text.get_text() for text in axes.texts]
    for comparison in comparisons:
        signs = " ".join(SIGNS[comparison.verdict(fight)] for fight in fights)
        assert f"{signs}   {comparison.found}" in texts
    marks = [curve for curve in axes.lines if len(curve.get_xdata()) == 1]
    assert len(marks) == 2 * len(comparisons)
    assert max(abs(curve.get_xdata()[0]) for curve in marks) <= 6


def found_to_be(effect: float) -> Comparison:
    return Comparison("", lambda fight: torch.tensor([effect, 1.001 * effect]), 0.1, "", "")


@pytest.mark.parametrize(
    "usual, after, other, turned",
    [(1, -1, 1, True), (-1, 1, -1, True), (1, 1, -1, False), (-1, -1, 1, False), (1, 0.1, -1, False)],
)
def test_a_claim_turns_round_only_between_the_usual_way_and_the_way_after_the_step(
    usual, after, other, turned, tmp_path
):
    ways = {USUAL: usual, AFTER: after, "another judge": other}
    claim = Claim("says", {way: found_to_be(effect) for way, effect in ways.items()})
    assert turns_round(claim, some_fight(tmp_path)) == turned


def test_strips_begin_at_zero_and_grids_share_their_scale(tmp_path, monkeypatch):
    fight = some_fight(tmp_path)
    shown = {}
    monkeypatch.setattr("course_utils.comparison.figures.show", lambda fig, alt: shown.update({alt: fig}))
    strips(fight, {"ratio": "Fréchet, × floor", "sharpness": "sharpness"}, "title", "strips")
    grids(fight, "title", "grids")
    assert all(axes.get_xlim()[0] == 0 for axes in shown["strips"].axes)
    one, other = (axes.images[0] for axes in shown["grids"].axes)
    assert one.get_clim() == other.get_clim()


def test_the_documents_show_the_verdicts_of_the_recorded_fights():
    assert (verdicts.ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8") == verdicts.text()
    assert (verdicts.ROOT / "docs" / "verdicts.png").stat().st_size > 50_000


def test_what_the_picture_says_was_found_is_what_the_recorded_fights_found():
    """The words beside the picture are written by hand: these verdicts on the digits stand behind them."""
    fights = verdicts.recorded_fights()
    fight, *_ = fights
    assert " 2 turn round" in picture(fights).get_suptitle()
    assert {claim.says: claim.verdicts(fight) for claim in CLAIMS} == BEHIND_THE_WORDS


BEHIND_THE_WORDS = {
    "GAN samples are sharper.": [HOLDS, HOLDS],
    "GAN samples are closer to real ones.": [HOLDS, FAILS, HOLDS, FAILS],
    "GAN samples are harder to detect.": [HOLDS, UNDECIDED],
    "VAE samples are more diverse.": [FAILS, HOLDS],
    "A VAE forgives its settings, a GAN does not.": [UNDECIDED],
    "Only the VAE's loss tells sample quality.": [UNDECIDED],
    "The VAE's latent space is smoother.": [UNDECIDED],
    "The VAE's latent space is better organised.": [FAILS, HOLDS],
    "A VAE gives a better likelihood.": [HOLDS],
    "A GAN needs more computation.": [HOLDS],
}
