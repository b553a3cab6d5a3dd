"""Exercises of lesson 01: sampling from a mixture, the Fréchet distance between Gaussians, coverage."""

from course_utils.exercises.lesson_01.coverage import check_coverage
from course_utils.exercises.lesson_01.frechet_between import check_frechet_between
from course_utils.exercises.lesson_01.sample_mixture import check_sample_mixture

__all__ = ["check_sample_mixture", "check_frechet_between", "check_coverage"]
