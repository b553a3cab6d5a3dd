"""The checker of the capstone: it finds which of the known defects an answer still has.

A defect is data: a piece of the published function, and what belongs in its place. From these the checker makes the
mended function, and the functions with some of the defects left; an answer that does what one of them does has those.
"""

import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

from course_utils.exercises.checker import Exercise
from course_utils.exercises.differences import Observation, first_difference, same
from course_utils.exercises.watched import Watched

LEVELS = ("guided", "hints", "alone")
NEITHER = "this is neither the published code nor right yet, so the defects cannot be counted:"
COUNT = ("no defect is", "one defect is", "two defects are", "three defects are", "four defects are")


@dataclass(frozen=True)
class Defect:
    """What is wrong in one place of a published function.

    `swaps` maps pieces of the published code to those that belong there; the first one is where the learner looks.
    `gives_away` says what is wrong and how it shows, in lower case and with a full stop. `slips` maps other pieces that
    a learner may write in place number `slips_at` to what is wrong with them. `lesson` is None for what the exercise
    itself teaches.
    """

    lesson: int | None
    swaps: Mapping[str, str]
    gives_away: str
    slips: Mapping[str, str] = field(default_factory=dict)
    slips_at: int = 0

    @property
    def line(self) -> str:
        """The first line of the published code that holds the defect."""
        return first_line(next(iter(self.swaps)))

    @property
    def hint(self) -> str:
        """What is wrong, without what comes after the colon, where the mend stands."""
        return self.gives_away.partition(": ")[0].rstrip(".") + "."

    @property
    def taught(self) -> str:
        return "the exercise's text" if self.lesson is None else f"lesson {self.lesson:02}"


class Repair:
    """One function of the capstone; calling it with the learner's version prints what is left to mend.

    `published` is the function with all its defects, `observe` runs a version on fixed inputs, as for `Exercise`.
    `mistakes` maps whole versions that are wrong otherwise to the sentence on each. `hints` maps the first observation
    that differs, or a trace that the function leaves behind, to a sentence that fits it better than the usual one.
    """

    def __init__(
        self,
        published: Callable,
        observe: Callable[[Callable], Observation],
        defects: Mapping[str, Defect],
        hints: Mapping[str, str] | None = None,
        mistakes: Mapping[Callable, str] | None = None,
    ):
        self.published = published
        self.name = published.__name__
        self.observe = observe
        self.defects = dict(defects)
        self.hints = hints or {}
        self.mistakes = mistakes or {}
        self.source = inspect.getsource(published)
        self.outcomes: dict[str, Observation] = {}

    def __call__(self, answer: Callable, level: str = "hints") -> None:
        print(self.verdict(answer, level))

    def verdict(self, answer: Callable, level: str = "hints") -> str:
        """The line that calling the check prints, and with "guided" one more for each defect that is left."""
        if level not in LEVELS:
            raise ValueError(f"expected a level among {', '.join(LEVELS)}, got {level!r}")
        if not callable(answer):
            return f"✗ {self.name}: expected a function, got {type(answer).__name__}; pass it without parentheses."
        if self.untouched(answer):
            return f"○ {self.name}: not attempted yet; it has {len(self.defects)} defects."
        right = self.exercise.right()
        watched = Watched(answer, like=self.mended)
        found = self.exercise.outcome(watched)
        left = self.left_in(found)
        if left:
            return f"✗ {self.name}: {self.told(left, level)}"
        if left is None and (slip := self.slip_in(found)):
            return f"✗ {self.name}: {slip}"
        if watched.traces:
            return f"✗ {self.name}: {self.hints.get(watched.traces[0], watched.traces[0])}"
        if left is None:
            return (
                f"✗ {self.name}: {NEITHER} {first_difference(found, right, self.hints)}{self.standing(answer, level)}"
            )
        return f"✓ {self.name} is right."

    def left(self, answer: Callable) -> tuple[str, ...] | None:
        """The names of the defects that an answer still has, none if it is right, None if it is wrong otherwise."""
        if self.untouched(answer):
            return tuple(self.defects)
        watched = Watched(answer, like=self.mended)
        left = self.left_in(self.exercise.outcome(watched))
        return None if left == () and watched.traces else left

    def told(self, left: tuple[str, ...], level: str) -> str:
        """Say how many defects are left and, depending on the level, what gives them away and where they are."""
        count = f"{COUNT[len(left)]} left"
        if level == "alone":
            return f"{count}."
        if level == "hints":
            return f"{count}{': ' if len(left) == 1 else '; one of them: '}{self.defects[left[0]].hint}"
        return "\n".join([f"{count}.", *(f"  {self.place(self.defects[name])}" for name in left)])

    def place(self, defect: Defect) -> str:
        return f"`{defect.line}` ({defect.taught}): {defect.gives_away}"

    def standing(self, answer: Callable, level: str) -> str:
        """The lines with defects that an answer still has as they were published, unless it is to be found alone."""
        lines = lines_of(answer)
        places = [first_line(piece) for defect in self.defects.values() for piece in defect.swaps]
        whole = [line for line in lines_of(self.published) if any(place in line for place in places)]
        still = [f"`{line}`" for line in whole if line in lines and not line.startswith("def ")]
        return f"\n  As published, so far: {', '.join(still)}." if still and level != "alone" else ""

    def untouched(self, answer: Callable) -> bool:
        """Tell whether a function is still the published one, comments and blank lines apart."""
        code = getattr(answer, "__code__", None)  # which also depends on whether the imports stand in the same cell
        return any(alike_code(code, made.__code__) for made in (self.published, self.made(self.source)))

    def left_in(self, found: Observation) -> tuple[str, ...] | None:
        """The fewest defects that explain what was observed, or None."""
        return next((left for left in some_of(self.defects) if same(found, self.outcome(left))), None)

    def slip_in(self, found: Observation) -> str | None:
        """What is wrong with a place, or a whole version, that was changed, but not to what belongs there, or None."""
        for name, defect in self.defects.items():
            others = [other for other in self.defects if other != name]
            for piece, sentence in defect.slips.items():
                if any(same(found, self.outcome(left, {name: piece})) for left in some_of(others)):
                    return sentence
        return next((what for wrong, what in self.mistakes.items() if same(found, self.exercise.outcome(wrong))), None)

    def outcome(self, left: tuple[str, ...], instead: Mapping[str, str] | None = None) -> Observation:
        """What is observed of the version with these defects, and other pieces in place of some; kept for next time."""
        text = self.text(left, instead)
        if text not in self.outcomes:
            self.outcomes[text] = self.exercise.outcome(self.made(text))
        return self.outcomes[text]

    def text(self, left: Iterable[str] = (), instead: Mapping[str, str] | None = None) -> str:
        """The code of the function with these defects left, and with other pieces in one place of some."""
        text = self.source
        for name, defect in self.defects.items():
            if name in left:
                continue
            for i, (published, mended) in enumerate(defect.swaps.items()):
                text = text.replace(published, (instead or {}).get(name, mended) if i == defect.slips_at else mended)
        return text

    def made(self, text: str) -> Callable:
        """The function of a text, which sees what the published one sees."""
        namespace = dict(self.published.__globals__)
        exec(compile(text, f"<{self.name}>", "exec"), namespace)
        return namespace[self.name]

    @cached_property
    def mended(self) -> Callable:
        return self.made(self.text())

    @cached_property
    def exercise(self) -> Exercise:
        return Exercise(self.mended, self.observe, {})


def first_line(piece: str) -> str:
    return piece.strip().splitlines()[0]


def lines_of(function: Callable) -> list[str]:
    """The lines of a function without indentation; none where Python does not know its source."""
    try:
        return [line.strip() for line in inspect.getsource(function).splitlines()]
    except (OSError, TypeError):
        return []


def some_of(names: Iterable[str]) -> list[tuple[str, ...]]:
    """All choices of names, those of few names first."""
    names = list(names)
    return [chosen for count in range(len(names) + 1) for chosen in combinations(names, count)]


def alike_code(a: types.CodeType | None, b: types.CodeType) -> bool:
    """Tell whether two functions were compiled from the same code, wherever it stands."""
    if a is None or a.co_code != b.co_code or a.co_names != b.co_names or len(a.co_consts) != len(b.co_consts):
        return False
    return all(
        alike_code(one, other) if isinstance(other, types.CodeType) else repr(one) == repr(other)
        for one, other in zip(a.co_consts, b.co_consts)
    )


class Progress:
    """What is left to mend in all functions together; calling it prints that, and tells whether nothing is."""

    def __init__(self, repairs: Iterable[Repair]):
        self.repairs = {repair.name: repair for repair in repairs}

    def __call__(self, functions: Mapping[str, Callable]) -> bool:
        report = self.report(functions)
        print(report)
        return report.startswith("✓")

    def report(self, functions: Mapping[str, Callable]) -> str:
        """The line that calling it prints. Raises ValueError unless there is a function for every name."""
        if functions.keys() != self.repairs.keys():
            raise ValueError(f"expected the functions {', '.join(self.repairs)}, got {', '.join(functions)}")
        left = {name: repair.left(functions[name]) for name, repair in self.repairs.items()}
        open_ones = {name: found for name, found in left.items() if found != ()}
        counts = {name: "another mistake" if found is None else len(found) for name, found in open_ones.items()}
        if not counts:
            return f"✓ All {len(left)} functions are mended."
        total = sum(count for count in counts.values() if isinstance(count, int))
        each = ", ".join(f"{name} ({count})" for name, count in counts.items())
        return f"○ {len(counts)} of {len(left)} functions are left to mend, with {total} defects: {each}."
