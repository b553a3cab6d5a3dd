"""Exercises of lesson 05: a code that lets gradients through, the KL divergence in closed form, the loss of a VAE."""

from course_utils.exercises.lesson_05.kl import check_kl
from course_utils.exercises.lesson_05.reparameterize import check_reparameterize
from course_utils.exercises.lesson_05.vae_loss import check_vae_loss

__all__ = ["check_reparameterize", "check_kl", "check_vae_loss"]
