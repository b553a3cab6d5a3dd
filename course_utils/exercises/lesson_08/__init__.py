"""Exercises of lesson 08: labels for two networks, a conditional GAN with bugs, who learns from what in hybrids."""

from course_utils.exercises.lesson_08.beside import check_beside
from course_utils.exercises.lesson_08.mended_mistakes import check_mended_losses
from course_utils.exercises.lesson_08.pairs import check_pairs_step
from course_utils.exercises.lesson_08.projection import check_projection
from course_utils.exercises.lesson_08.routes import check_three_steps

__all__ = ["check_beside", "check_projection", "check_mended_losses", "check_pairs_step", "check_three_steps"]
