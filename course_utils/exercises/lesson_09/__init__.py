"""The exercises of lesson 09: the score of a stranger, a sweep of a filler, bits of an image, what a user will like."""

from course_utils.exercises.lesson_09.anomaly_score import check_anomaly_score
from course_utils.exercises.lesson_09.bits_back import check_bits_back
from course_utils.exercises.lesson_09.gibbs_sweep import check_gibbs_sweep
from course_utils.exercises.lesson_09.multinomial_nll import check_multinomial_nll
from course_utils.exercises.lesson_09.ndcg import check_ndcg

__all__ = ["check_anomaly_score", "check_gibbs_sweep", "check_multinomial_nll", "check_ndcg", "check_bits_back"]
