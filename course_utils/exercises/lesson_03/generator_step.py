"""Exercise 3 of lesson 03: one step of the generator."""

import torch
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, Observation, altered
from course_utils.exercises.lesson_03.players import BATCHES, FED_CODES, STEPS, hints_on_steps, players
from course_utils.exercises.other_losses import OTHER_G, SLIPS_G
from course_utils.losses import non_saturating_d, non_saturating_g, saturating_g


def observe_generator_step(function) -> Observation:
    """What two steps did to both players, with old gradients in the generator."""
    game = players()
    noise = torch.Generator().manual_seed(1)
    seen = {}
    for step, n in zip(STEPS, BATCHES):
        z = torch.randn(n, 3, generator=noise)
        before = game.begin(gradients_on=(game.generator,))
        function(game.generator, game.discriminator, game.optimizers, z)
        seen |= game.after(before, z, step)
    return seen


def g_step(
    generator, discriminator, optimizers, z, *, detach=False, zero=True, step=("generator",), loss=non_saturating_g
) -> None:
    """The generator's step with one thing changed."""
    fake = generator(z)
    if zero:
        optimizers["generator"].zero_grad()
        optimizers["discriminator"].zero_grad()
    loss(discriminator(fake.detach() if detach else fake)).backward()
    for name in step:
        optimizers[name].step()


def generator_step(generator, discriminator, optimizers, z) -> None:
    g_step(generator, discriminator, optimizers, z)


check_generator_step = Exercise(
    generator_step,
    observe_generator_step,
    {altered(g_step, loss=loss): sentence for loss, sentence in (OTHER_G | SLIPS_G).items()}
    | {
        altered(g_step, loss=saturating_g): (
            "this is the saturating loss log(1 - D(G(z))), which fades; the non-saturating one is -log D(G(z))."
        ),
        altered(g_step, step=()): (
            "the generator did not move, since no optimizer took a step: after `zero_grad()` and `backward()` comes "
            '`optimizers["generator"].step()`.'
        ),
        lambda generator, discriminator, optimizers, z: discriminator(z): FED_CODES,
        altered(g_step, detach=True): (
            "its optimizer took a step and the generator stayed where it was: no gradient was there. The order is "
            "`zero_grad()`, `backward()`, `step()`, and nothing may cut the gradient on its way through the samples "
            "(`detach`, `no_grad`)."
        ),
        altered(g_step, step=("discriminator",)): (
            'this moved the discriminator, which learned to be fooled: only `optimizers["generator"]` may step.'
        ),
        altered(g_step, step=("generator", "discriminator")): (
            'both players moved: in the generator\'s step only `optimizers["generator"]` may step.'
        ),
        altered(g_step, loss=lambda fake: F.softplus(fake).mean()): (
            'the generator learned to be caught: this loss is small when the discriminator says "generated".'
        ),
        altered(g_step, loss=lambda fake: non_saturating_g(fake.sigmoid())): (
            "the loss takes logits: leave out the sigmoid."
        ),
        altered(g_step, loss=lambda fake: non_saturating_d(fake, fake)): (
            "this is the discriminator's loss; the generator only wants its own samples to be called real."
        ),
        altered(g_step, loss=lambda fake: -non_saturating_g(fake)): (
            "the generator climbed its loss instead of descending it: the sign is wrong."
        ),
        altered(g_step, zero=False): (
            "gradients of an earlier step were still there and were added: call `zero_grad()` before `backward()`."
        ),
        altered(g_step, loss=lambda fake: F.softplus(-fake).sum()): (
            "this is the sum over the batch, which makes the step as many times too long; take the mean."
        ),
    },
    hints=hints_on_steps("generator"),
)
