"""The capstone's `discriminator_step`, with the tutorial's defects."""

from course_utils.exercises.capstone.players import loss_of_logits, observe_steps, penalty_of_outputs
from course_utils.exercises.capstone.repair import Defect, Repair
from course_utils.exercises.checker import Observation


def discriminator_step(generator, discriminator, optimizer, d_loss, penalty, real, z):
    """Both players, D's optimizer, its loss of logits and its penalty, pictures in [0, 1], codes; D moves once."""
    discriminator.eval()
    real = 2 * real - 1
    fake = generator(z).sigmoid()
    loss = d_loss(discriminator(real), discriminator(fake)) + penalty(discriminator, real)
    loss.backward()
    optimizer.step()
    return loss.item()


def observe_discriminator_step(function) -> Observation:
    """What two steps did to both players."""

    def step(game, real, z):
        optimizer = game.optimizers["discriminator"]
        return function(game.generator, game.discriminator, optimizer, loss_of_logits, penalty_of_outputs, real, z)

    return observe_steps(step, waiting="generator")


check_discriminator_step = Repair(
    discriminator_step,
    observe_discriminator_step,
    {
        "mode": Defect(
            None,
            {"    discriminator.eval()\n": ""},
            "the discriminator trains in evaluation mode and stays there: dropout is off, and batch norm uses its "
            "running statistics and does not update them.",
            {
                "    generator.eval()\n": (
                    "the generator is put into evaluation mode, and would draw otherwise than in its own step: leave "
                    "its mode alone."
                ),
            },
        ),
        "range": Defect(
            2,
            {"    real = 2 * real - 1\n": ""},
            "real pictures lie in [-1, 1] and generated ones in [0, 1], so that a pixel below 0 gives a real one away: "
            "pictures are in [0, 1] everywhere in this tutorial.",
        ),
        "detach": Defect(
            3,
            {"fake = generator(z).sigmoid()": "fake = generator(z).sigmoid().detach()"},
            "gradients reach the generator, which waits in this step: they cost time, and if its own step does not "
            "wipe them first, they are added there.",
            {
                "fake = 2 * generator(z).sigmoid().detach() - 1": (
                    "generated pictures are scaled to [-1, 1]: pictures are in [0, 1] everywhere in this tutorial, so "
                    "leave `fake` as it is, and do not scale `real` either."
                ),
                "fake = generator(z).tanh().detach()": (
                    "generated pictures go through tanh, into [-1, 1]: pictures are in [0, 1] everywhere in this "
                    "tutorial, so leave the sigmoid, and do not scale `real` either."
                ),
                "fake = 2 * generator(z).sigmoid() - 1": (
                    "generated pictures are scaled to [-1, 1], and gradients still reach the generator: pictures are "
                    "in [0, 1] everywhere in this tutorial, so do not scale `fake`, nor `real`."
                ),
            },
        ),
        "old gradients": Defect(
            3,
            {"    loss.backward()\n": "    optimizer.zero_grad()\n    loss.backward()\n"},
            "the gradients of earlier steps are still there and are added to the new ones.",
            {
                "    loss.backward()\n    optimizer.zero_grad()\n": (
                    "the gradients are wiped between `backward()` and `step()`, so that nothing is learned."
                ),
            },
        ),
    },
)
