"""A process that trains a GAN with a checkpoint, is stopped at a moment, or lives to print how many steps it took."""

import moments
from helpers import ring_points, tiny_gan

from course_utils import training
from course_utils.gan import GAN

DISCRIMINATOR_LR = 2e-3


class Trainee(GAN):
    def training_step(self, batch, optimizers: dict, step: int):
        # The order of a set of strings differs from process to process: the fingerprint must not depend on it.
        assert self.loss not in {"hinge", "saturating", "wasserstein", "least_squares"}
        return super().training_step(batch, optimizers, step)


moments.watch(DISCRIMINATOR_LR)
model = tiny_gan()
trainee = Trainee(model.generator, model.discriminator, n_critic=2, discriminator_lr=DISCRIMINATOR_LR)
settings = {"batch_size": 8, "average": 0.9, "snapshots": 4, "log_every": 4, "checkpoint": "trainee"}
training.fit(trainee, ring_points(), steps=24, **settings)
print(moments.counts["steps"])
