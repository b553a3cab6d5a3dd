"""Exercises of lesson 04: rings and their modes, two ways to hold a critic's slope, a diagnosis and a repair."""

from course_utils.exercises.lesson_04_clip import check_clip_weights
from course_utils.exercises.lesson_04_modes import check_mode_coverage
from course_utils.exercises.lesson_04_penalty import check_gradient_penalty
from course_utils.exercises.lesson_04_repair import check_repair, patient, treat
from course_utils.exercises.lesson_04_ring import check_ring_centres
from course_utils.exercises.words import Words

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

COLLAPSE, VANISHING, OSCILLATION = "collapse", "vanishing gradient", "oscillation"

check_diagnosis = Words(
    "diagnosis",
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
