"""Exercises of lesson 03: the discriminator's loss, and one step of each player."""

from course_utils.exercises.lesson_03.discriminator_loss import check_discriminator_loss
from course_utils.exercises.lesson_03.discriminator_step import check_discriminator_step
from course_utils.exercises.lesson_03.generator_step import check_generator_step

__all__ = ["check_discriminator_loss", "check_discriminator_step", "check_generator_step"]
