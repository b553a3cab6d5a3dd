"""The verdicts as a Markdown table, and the score of a reader's bets on them."""

from collections.abc import Mapping, Sequence
from math import inf
from statistics import mean, stdev

from course_utils.fights import Fight, Numbers
from course_utils.tables import markdown
from course_utils.verdicts import CLAIMS, FAILS, HOLDS, OPEN, PARTLY, SIGNS


def spread_of(numbers: Numbers) -> str:
    """Return mean ± standard deviation of a few numbers, or what there is of it."""
    if not numbers:
        return "–"
    if len(numbers) == 1 or inf in numbers:
        return f"{max(numbers):.3g}".replace("inf", "never")
    return f"{mean(numbers):.3g} ± {stdev(numbers):.2g}"


def table(fights: Sequence[Fight]) -> str:
    """Return the verdicts as a Markdown table: numbers of the first data set, verdicts of all."""
    rows = [["", "claim, and what was compared", "measured", "claimed to lie", *(fight.title for fight in fights)]]
    for number, claim in enumerate(CLAIMS, 1):
        verdicts = (f"{SIGNS[verdict]} {verdict}" for verdict in map(claim.verdict, fights))
        rows.append([number, f"**{claim.says}**", "", "", *verdicts])
        for test in claim.tests:
            groups = (f"{name} {spread_of(n)}" for name, n in zip(test.names, test.numbers(fights[0])))
            marks = {True: "✓", False: "✗", None: "–"}
            above = "above" if test.above else "below"
            first, second = groups
            rows.append(["", test.measure, first, f"{above} {second}", *(marks[test.holds(fight)] for fight in fights)])
    return markdown(rows)


def score_bets(bets: Mapping[int, bool | str], fight: Fight) -> str:
    """Return which bets on the claims, numbered from 1, were right.

    True bets that a claim holds, "in part" that it holds in part, False that it does not; ... is no bet. Raises
    ValueError for a number that no claim has, or another bet.
    """
    placed = {number: bet for number, bet in bets.items() if bet is not ...}
    if unknown := [number for number in placed if number not in range(1, len(CLAIMS) + 1)]:
        raise ValueError(f"expected bets on the claims 1 to {len(CLAIMS)}, got one on {unknown[0]!r}")
    if odd := [number for number, bet in placed.items() if not isinstance(bet, bool) and bet != "in part"]:
        raise ValueError(f'expected True, "in part", False or ... as a bet, got {placed[odd[0]]!r} for claim {odd[0]}')
    if not placed:
        return "○ no bets yet."
    outcomes: dict[str, list[int]] = {"right": [], "wrong": [], "not decided on these data": []}
    right, wrong, undecided = outcomes.values()
    for number, bet in placed.items():
        verdict = CLAIMS[number - 1].verdict(fight)
        won = verdict == {True: HOLDS, "in part": PARTLY, False: FAILS}[bet]
        (undecided if verdict == OPEN else right if won else wrong).append(number)
    return "\n".join(f"{len(those)} {how}: {', '.join(map(str, those)) or 'none'}" for how, those in outcomes.items())
