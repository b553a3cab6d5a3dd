"""The verdicts as a Markdown table, and the score of a reader's bets on them."""

from collections.abc import Mapping, Sequence
from math import inf
from statistics import mean, stdev

from course_utils.fights import Fight, Numbers
from course_utils.tables import markdown
from course_utils.verdicts import CLAIMS, FAILS, HOLDS, PARTLY, SIGNS


def spread_of(numbers: Numbers) -> str:
    """Return mean ± standard deviation of a few numbers, or what there is of it."""
    if not numbers:
        return "–"
    if len(numbers) == 1 or inf in numbers:
        return f"{max(numbers):.3g}".replace("inf", "never")
    return f"{mean(numbers):.3g} ± {stdev(numbers):.2g}"


def table(fights: Sequence[Fight]) -> str:
    """Return the verdicts as a Markdown table: numbers of the first data set, verdicts of all."""
    rows = [["claim", "measured", "", "", *(fight.dataset.replace("_", "-") for fight in fights)]]
    for claim in CLAIMS:
        rows.append([f"**{claim.says}**", "", "", "", *(f"{SIGNS[v]} {v}" for v in map(claim.verdict, fights))])
        for test in claim.tests:
            groups = (f"{name} {spread_of(n)}" for name, n in zip(test.names, test.numbers(fights[0])))
            marks = {True: "✓", False: "✗", None: "–"}
            rows.append(["", test.measure, *groups, *(marks[test.holds(fight)] for fight in fights)])
    return markdown(rows)


def score_bets(bets: Mapping[int, bool], fight: Fight) -> str:
    """Return how many bets on the claims, numbered from 1, were right; one on a claim that holds in part is a draw.

    Raises ValueError for a number that no claim has.
    """
    placed = {number: bet for number, bet in bets.items() if bet is not ...}
    if wrong := [number for number in placed if number not in range(1, len(CLAIMS) + 1)]:
        raise ValueError(f"expected bets on the claims 1 to {len(CLAIMS)}, got one on {wrong[0]!r}")
    verdicts = {number: CLAIMS[number - 1].verdict(fight) for number in placed}
    draws = sum(verdict == PARTLY for verdict in verdicts.values())
    right = sum(verdicts[number] == (HOLDS if bet else FAILS) for number, bet in placed.items())
    if not placed:
        return "○ no bets yet."
    wrong = len(placed) - right - draws
    return f"{len(placed)} bets: {right} right, {draws} on claims that hold in part, {wrong} wrong."
