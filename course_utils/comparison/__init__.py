"""Lesson 07: the fight between GAN and VAE, its measures, its records, and the verdicts."""
