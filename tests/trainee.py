"""A process that trains with a checkpoint and, at a chosen moment, says so and waits to be killed.

"step 11" is inside the step with index 11, "save 2" half-way through its second save; with "end" it lives to print how
many steps it took. The moments are met in torch, not in the model, whose code a checkpoint is found by.
"""

import io
import sys

import torch
from helpers import ring_points, tiny_gan

from course_utils import training
from course_utils.gan import GAN

MOMENT, NUMBER = sys.argv[1], int((sys.argv + ["0"])[2])
plain_step = torch.optim.Adam.step
plain_save = torch.save
counts = {"steps": 0, "saves": 0}


def wait_for_the_end() -> None:
    print("now", flush=True)
    sys.stdin.read()
    sys.exit("nobody killed this process")


class Trainee(GAN):
    def training_step(self, batch, optimizers: dict, step: int):
        # The order of a set of strings differs from process to process: the fingerprint must not depend on it.
        assert self.loss not in {"hinge", "saturating", "wasserstein", "least_squares"}
        return super().training_step(batch, optimizers, step)


def move(optimizer, closure=None) -> None:
    plain_step(optimizer, closure)
    if optimizer.param_groups[0]["lr"] == DISCRIMINATOR_LR:  # once a step
        counts["steps"] += 1
        if (MOMENT, NUMBER) == ("step", counts["steps"] - 1):
            wait_for_the_end()


def save(state, file) -> None:
    counts["saves"] += 1
    if (MOMENT, NUMBER) == ("save", counts["saves"]):
        plain_save(state, whole := io.BytesIO())
        file.write(whole.getvalue()[: whole.tell() // 2])
        file.flush()
        wait_for_the_end()
    plain_save(state, file)


DISCRIMINATOR_LR = 2e-3
torch.optim.Adam.step = move
torch.save = save
training.SAVE_SECONDS = 0
model = tiny_gan()
trainee = Trainee(model.generator, model.discriminator, n_critic=2, discriminator_lr=DISCRIMINATOR_LR)
settings = {"batch_size": 8, "average": 0.9, "snapshots": 4, "log_every": 4, "checkpoint": "trainee"}
training.fit(trainee, ring_points(), steps=24, **settings)
print(counts["steps"])
