"""Exercises of lesson 06: a picture of the latent plane, the β that a loss really uses, and a loss with five bugs."""

from course_utils.exercises.lesson_06.betas import check_betas
from course_utils.exercises.lesson_06.latent_grid import check_latent_grid
from course_utils.exercises.lesson_06.mended_loss import check_mended_loss

__all__ = ["check_betas", "check_latent_grid", "check_mended_loss"]
