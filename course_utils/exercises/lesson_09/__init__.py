"""The exercises of lesson 09: the score of a stranger, one sweep of a filler, the bits of an image."""

from course_utils.exercises.lesson_09.anomaly_score import check_anomaly_score
from course_utils.exercises.lesson_09.bits_back import check_bits_back
from course_utils.exercises.lesson_09.gibbs_sweep import check_gibbs_sweep

__all__ = ["check_anomaly_score", "check_bits_back", "check_gibbs_sweep"]
