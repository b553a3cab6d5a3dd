"""The capstone's `generator_step`, with the tutorial's defects."""

from torch.nn import functional as F

from course_utils.exercises.capstone.players import observe_steps
from course_utils.exercises.capstone.repair import Defect, Repair
from course_utils.exercises.checker import Observation


def generator_step(generator, discriminator, optimizers, z):
    """Both players, their optimizers by name, and codes (N, d) in; the generator moves once."""
    fake = generator(z).sigmoid()
    loss = -F.softplus(discriminator(fake)).mean()
    optimizers["discriminator"].zero_grad()
    loss.backward()
    for optimizer in optimizers.values():
        optimizer.step()
    return loss.item()


def observe_generator_step(function) -> Observation:
    """What two steps did to both players."""
    return observe_steps(lambda game, real, z: function(game.generator, game.discriminator, game.optimizers, z))


def detached(generator, discriminator, optimizers, z):
    """The mended step, but for samples that let no gradient through."""
    fake = generator(z).sigmoid().detach()
    loss = F.softplus(-discriminator(fake)).mean()
    optimizers["generator"].zero_grad()
    loss.backward()
    optimizers["generator"].step()
    return loss.item()


check_generator_step = Repair(
    generator_step,
    observe_generator_step,
    {
        "saturating": Defect(
            2,
            {"-F.softplus(discriminator(fake)).mean()": "F.softplus(-discriminator(fake)).mean()"},
            "this is the minimax loss log(1 - D), whose gradient fades as soon as the discriminator is sure: the "
            "non-saturating one is -log D.",
            {
                "F.softplus(discriminator(fake)).mean()": (
                    "the generator's loss gets smaller when its pictures are called generated: -log D is softplus of "
                    "*minus* the logit."
                ),
                "F.softplus(-discriminator(fake)).sum()": (
                    "this is the sum over the batch, which makes the step as many times longer: take the mean."
                ),
            },
        ),
        "old gradients": Defect(
            3,
            {'optimizers["discriminator"].zero_grad()': 'optimizers["generator"].zero_grad()'},
            "the generator's gradients of earlier steps are still there and are added: wipe those of the player that "
            "moves.",
            {
                'discriminator.eval()\n    optimizers["generator"].zero_grad()': (
                    "the discriminator is put into evaluation mode, where it judges otherwise than it learned to: "
                    "leave its mode alone."
                ),
            },
        ),
        "both move": Defect(
            3,
            {
                "for optimizer in optimizers.values():\n        optimizer.step()": 'optimizers["generator"].step()',
            },
            "the discriminator moves in the generator's step too, towards calling generated pictures real.",
            {
                'optimizers["discriminator"].step()': (
                    "the discriminator moves in place of the generator: the step belongs to the generator's optimizer."
                ),
            },
        ),
    },
    mistakes={
        detached: "no gradient gets through the samples, so that the generator learns nothing: `detach()` belongs to "
        "the discriminator's step."
    },
)
