"""The verdicts as a Markdown table, and the score of a reader's bets on them."""

from collections.abc import Mapping, Sequence
from math import inf
from statistics import mean, stdev

from course_utils.fights import Fight, Numbers
from course_utils.tables import markdown
from course_utils.verdicts import CLAIMS, FAILS, HOLDS, SIGNS


def spread_of(numbers: Numbers) -> str:
    """Return mean ± standard deviation of a few numbers, or what there is of it."""
    if not numbers:
        return "–"
    if len(numbers) == 1 or inf in numbers:
        return f"{max(numbers):.3g}".replace("inf", "never")
    return f"{mean(numbers):.3g} ± {stdev(numbers):.2g}"


def table(fights: Sequence[Fight]) -> str:
    """Return the verdicts as a Markdown table: numbers of the first data set, verdicts of all."""
    rows = [["", "claim, and what was compared", "", "", *(fight.dataset.replace("_", "-") for fight in fights)]]
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


def score_bets(bets: Mapping[int, bool], fight: Fight) -> str:
    """Return which bets on the claims, numbered from 1, were right; one on a claim that holds in part is a draw.

    Raises ValueError for a number that no claim has.
    """
    placed = {number: bet for number, bet in bets.items() if bet is not ...}
    if wrong := [number for number in placed if number not in range(1, len(CLAIMS) + 1)]:
        raise ValueError(f"expected bets on the claims 1 to {len(CLAIMS)}, got one on {wrong[0]!r}")
    if not placed:
        return "○ no bets yet."
    sorted_bets: dict[str, list[int]] = {"right": [], "wrong": [], "a draw, since the claim holds in part": []}
    for number, bet in placed.items():
        verdict = CLAIMS[number - 1].verdict(fight)
        right = verdict == (HOLDS if bet else FAILS)
        sorted_bets["right" if right else "wrong" if verdict in (HOLDS, FAILS) else list(sorted_bets)[2]].append(number)
    return "\n".join(
        f"{len(those)} {how}: {', '.join(map(str, those)) or 'none'}" for how, those in sorted_bets.items()
    )
