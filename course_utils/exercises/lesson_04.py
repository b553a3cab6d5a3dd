"""Exercises of lesson 04: rings and their modes, two ways to hold a critic's slope, a diagnosis and a repair."""

from collections.abc import Mapping
from dataclasses import dataclass

from course_utils.exercises.lesson_04_clip import check_clip_weights
from course_utils.exercises.lesson_04_modes import check_mode_coverage
from course_utils.exercises.lesson_04_penalty import check_gradient_penalty
from course_utils.exercises.lesson_04_repair import check_repair, patient, treat
from course_utils.exercises.lesson_04_ring import check_ring_centres

__all__ = [
    "check_clip_weights",
    "check_diagnosis",
    "check_gradient_penalty",
    "check_mode_coverage",
    "check_repair",
    "check_ring_centres",
    "patient",
    "treat",
]


@dataclass(frozen=True)
class Diagnosis:
    """An exercise whose answer is a word for each patient, not a function; calling it prints the verdict.

    `mistakes` maps (patient, wrong word) to what to look at in the curves of that patient.
    """

    reference: Mapping[str, str]
    mistakes: Mapping[tuple[str, str], str]

    def __call__(self, answers: Mapping[str, str]) -> None:
        print(self.verdict(answers))

    def verdict(self, answers: Mapping[str, str]) -> str:
        """Return the line that calling the exercise prints; of several mistakes the first is named."""
        expected = f"expected a dictionary with the keys {', '.join(map(repr, self.reference))}"
        if not isinstance(answers, Mapping):
            return f"✗ diagnosis: {expected}, got {type(answers).__name__}."
        if unknown := [name for name in answers if name not in self.reference]:
            return f"✗ diagnosis: {expected}, got {unknown[0]!r} too."
        still_open = [name for name in self.reference if answers.get(name, ...) is ...]
        for name in self.reference:
            if name not in still_open and (sentence := self.mistake(name, answers[name])):
                return f"✗ diagnosis: {sentence}"
        if len(still_open) == len(self.reference):
            return "○ diagnosis: not attempted yet."
        if still_open:
            return f"○ diagnosis: right so far; still open: {', '.join(still_open)}."
        return "✓ diagnosis is right."

    def mistake(self, name: str, answer: str) -> str | None:
        """Return a sentence on what is wrong with the diagnosis of one patient, or None if it is right."""
        word = " ".join(answer.lower().replace("_", " ").split()) if isinstance(answer, str) else answer
        words = sorted(set(self.reference.values()))
        if word not in words:
            return f"expected one of {', '.join(map(repr, words))} for {name}, got {answer!r}."
        return self.mistakes.get((name, word))


COLLAPSE, VANISHING, OSCILLATION = "collapse", "vanishing gradient", "oscillation"

check_diagnosis = Diagnosis(
    {"A": COLLAPSE, "B": VANISHING, "C": OSCILLATION},
    {
        ("A", VANISHING): (
            "A's discriminator is not sure at all: its answers for real and generated points are both near 1/2. Count "
            "the clouds that the generated points reach."
        ),
        ("A", OSCILLATION): (
            "A's points do move from place to place, but along the ring, and the losses are calm. Look at one moment, "
            "and count the clouds that the points reach."
        ),
        ("B", COLLAPSE): (
            "B's points do miss the clouds, but look at how sure the discriminator is in the end, and at how much the "
            "generator's loss still changes there."
        ),
        ("B", OSCILLATION): (
            "B does not swing: in the second half its points hardly move. Look at the generator's loss there, and at "
            "how sure the discriminator is."
        ),
        ("C", COLLAPSE): (
            "C's points lie close together too, but follow them from picture to picture, and see whether they stay on "
            "the ring. Compare its losses with those of A."
        ),
        ("C", VANISHING): (
            "C's discriminator is never sure for long, so that the generator has a gradient. Look how far the points "
            "move from picture to picture."
        ),
    },
)
