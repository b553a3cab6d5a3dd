"""A process that trains with a checkpoint and, at a chosen moment, says so and waits to be killed.

"step 11" is inside the step with index 11, "save 2" half-way through its second save; with "end" it lives to print how
many steps it took.
"""

import io
import sys

import torch
from helpers import ring_points, tiny_gan

from course_utils import training
from course_utils.gan import GAN

MOMENT, NUMBER = sys.argv[1], int((sys.argv + ["0"])[2])
plain_save, counts = torch.save, {"steps": 0, "saves": 0}


def wait_for_the_end() -> None:
    print("now", flush=True)
    sys.stdin.read()
    sys.exit("nobody killed this process")


class Trainee(GAN):
    def training_step(self, batch, optimizers: dict, step: int):
        # The order of a set of strings differs from process to process: the fingerprint must not depend on it.
        assert self.loss not in {"hinge", "saturating", "wasserstein", "least_squares"}
        if (MOMENT, NUMBER) == ("step", step):
            self.discriminator_step(batch, optimizers["discriminator"], step)
            wait_for_the_end()
        counts["steps"] += 1
        return super().training_step(batch, optimizers, step)


def save(state, file) -> None:
    counts["saves"] += 1
    if (MOMENT, NUMBER) == ("save", counts["saves"]):
        plain_save(state, whole := io.BytesIO())
        file.write(whole.getvalue()[: whole.tell() // 2])
        file.flush()
        wait_for_the_end()
    plain_save(state, file)


torch.save, training.SAVE_SECONDS = save, 0
model = tiny_gan()
trainee = Trainee(model.generator, model.discriminator, n_critic=2)
settings = {"batch_size": 8, "average": 0.9, "snapshots": 4, "log_every": 4, "checkpoint": "trainee"}
training.fit(trainee, ring_points(), steps=24, **settings)
print(counts["steps"])
