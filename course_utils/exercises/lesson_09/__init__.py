"""Exercises of lesson 09: what VAEs are used for."""

from course_utils.exercises.lesson_09.gibbs_sweep import check_gibbs_sweep

__all__ = ["check_gibbs_sweep"]
