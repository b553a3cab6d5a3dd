"""Exercises of lesson 07: the length of a walk, an article's comparison taken apart, and a claim of one's own."""

from course_utils.exercises.lesson_07.comparison import check_comparison
from course_utils.exercises.lesson_07.my_claim import check_my_claim
from course_utils.exercises.lesson_07.path_length import check_path_length

__all__ = ["check_path_length", "check_comparison", "check_my_claim"]
