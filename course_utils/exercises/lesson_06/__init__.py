"""Exercises of lesson 06: the density of all clouds, the β that a loss really uses, and a loss with five bugs."""

from course_utils.exercises.lesson_06.aggregate import check_log_aggregate
from course_utils.exercises.lesson_06.betas import check_betas
from course_utils.exercises.lesson_06.mended_loss import check_mended_loss

__all__ = ["check_log_aggregate", "check_betas", "check_mended_loss"]
