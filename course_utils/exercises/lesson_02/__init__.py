"""Exercises of lesson 02: the best discriminator, the generator's loss, and one step of a two-player game."""

from course_utils.exercises.lesson_02.best_discriminator import check_best_discriminator
from course_utils.exercises.lesson_02.game_step import check_game_step
from course_utils.exercises.lesson_02.non_saturating_loss import check_non_saturating_loss

__all__ = ["check_best_discriminator", "check_non_saturating_loss", "check_game_step"]
