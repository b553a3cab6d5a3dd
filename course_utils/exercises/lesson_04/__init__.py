"""Exercises of lesson 04: covered modes, two ways to hold a critic's slope, a diagnosis and a repair."""

from course_utils.exercises.lesson_04.clip_weights import check_clip_weights
from course_utils.exercises.lesson_04.diagnosis import check_diagnosis
from course_utils.exercises.lesson_04.gradient_penalty import check_gradient_penalty
from course_utils.exercises.lesson_04.mode_coverage import check_mode_coverage
from course_utils.exercises.lesson_04.repair import check_repair, patient, treat

__all__ = [
    "check_mode_coverage",
    "check_clip_weights",
    "check_gradient_penalty",
    "check_diagnosis",
    "check_repair",
    "patient",
    "treat",
]
