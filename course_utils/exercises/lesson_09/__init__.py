"""The exercises of lesson 09."""

from course_utils.exercises.lesson_09.anomaly_score import check_anomaly_score

__all__ = ["check_anomaly_score"]
