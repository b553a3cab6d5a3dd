"""The exercises of lesson 09."""

from course_utils.exercises.lesson_09.bits_back import check_bits_back

__all__ = ["check_bits_back"]
