"""The exercises of lesson 10: faithful and real, there and back again, a protocol with a leak, a step of a search."""

from course_utils.exercises.lesson_10.cycle_loss import check_cycle_loss
from course_utils.exercises.lesson_10.faithful_and_real import check_faithful_and_real
from course_utils.exercises.lesson_10.search_step import check_search_step
from course_utils.exercises.lesson_10.tstr import check_tstr

__all__ = ["check_faithful_and_real", "check_cycle_loss", "check_tstr", "check_search_step"]
