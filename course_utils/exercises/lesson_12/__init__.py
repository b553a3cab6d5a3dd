"""The exercises of lesson 12: uneven batches, a recipe for larger ones, noise to predict, a penalty left behind."""

from course_utils.exercises.lesson_12.average_gradients import check_average_gradients
from course_utils.exercises.lesson_12.gradient_mistakes import check_discriminator_gradient
from course_utils.exercises.lesson_12.noise_mistakes import check_noise_loss
from course_utils.exercises.lesson_12.scaled_recipe import check_scaled_recipe

__all__ = ["check_average_gradients", "check_scaled_recipe", "check_noise_loss", "check_discriminator_gradient"]
