"""The exercises of lesson 11: whose picture it was, a judge's mistakes, what an alarm is worth, is the mark there."""

from course_utils.exercises.lesson_11.attack import check_attack
from course_utils.exercises.lesson_11.corrected_shares import check_corrected_shares
from course_utils.exercises.lesson_11.mark_score import check_mark_score
from course_utils.exercises.lesson_11.precision import check_precision

__all__ = ["check_attack", "check_corrected_shares", "check_precision", "check_mark_score"]
