"""Exercise 2 of lesson 03: one step of the discriminator."""

import torch
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, Observation, altered
from course_utils.exercises.lesson_03.players import BATCHES, FED_CODES, STEPS, added, hints_on_steps, players
from course_utils.exercises.other_losses import OTHER_D
from course_utils.losses import non_saturating_d


def observe_discriminator_step(function) -> Observation:
    """What two steps did to both players, with old gradients in both."""
    game = players()
    noise = torch.Generator().manual_seed(1)
    seen = {}
    for step, n in zip(STEPS, BATCHES):
        real = torch.randn(n, 2, generator=noise) + 1
        z = torch.randn(n, 3, generator=noise)
        before = game.begin(gradients_on=(game.generator, game.discriminator))
        function(game.generator, game.discriminator, game.optimizers, real, z)
        seen |= game.after(before, z, step)
        seen[f"what the {step} added to the generator's gradients"] = added(game.generator)
    return seen


def d_step(generator, discriminator, optimizers, real, z, *, detach=True, zero=("discriminator",),
           step=("discriminator",), loss=non_saturating_d) -> None:  # fmt: skip
    """The discriminator's step with one thing changed."""
    fake = generator(z)
    fake_logits = discriminator(fake.detach() if detach else fake)
    for name in zero:
        optimizers[name].zero_grad()
    loss(discriminator(real), fake_logits).backward()
    for name in step:
        optimizers[name].step()


def discriminator_step(generator, discriminator, optimizers, real, z) -> None:
    d_step(generator, discriminator, optimizers, real, z)


MOVED_GENERATOR = 'this moved the generator: in the discriminator\'s step only `optimizers["discriminator"]` may step.'
OTHER_OPTIMIZER = (
    "the generator's optimizer took the step, and the discriminator stayed where it was: here `zero_grad()` and "
    '`step()` are those of `optimizers["discriminator"]`.'
)

check_discriminator_step = Exercise(
    discriminator_step,
    observe_discriminator_step,
    {altered(d_step, loss=loss): sentence for loss, sentence in OTHER_D.items()}
    | {
        altered(d_step, detach=False): (
            "gradients reached the generator: call `.detach()` on the samples before the discriminator sees them."
        ),
        altered(d_step, zero=()): (
            "gradients of an earlier step were still there and were added: call `zero_grad()` before `backward()`."
        ),
        altered(d_step, zero=(), detach=False): (
            "two things: old gradients were added (`zero_grad()` comes before `backward()`), and gradients reached the "
            "generator (`.detach()` the generated samples)."
        ),
        altered(d_step, step=()): (
            "the discriminator did not move: it takes `zero_grad()`, `backward()`, then `step()` of its optimizer, "
            "in this order."
        ),
        altered(d_step, step=("generator",)): OTHER_OPTIMIZER,
        altered(d_step, step=("generator",), zero=("generator",)): OTHER_OPTIMIZER,
        lambda generator, discriminator, optimizers, real, z: discriminator(z): FED_CODES,
        altered(d_step, step=("generator",), zero=("generator",), detach=False): MOVED_GENERATOR,
        altered(d_step, step=("generator",), detach=False): MOVED_GENERATOR,
        altered(d_step, step=("discriminator", "generator"), detach=False): (
            'both players moved, and nothing was detached: only `optimizers["discriminator"]` may step here.'
        ),
        altered(d_step, step=("discriminator", "generator")): (
            'both players moved, the generator by old gradients: only `optimizers["discriminator"]` may step here.'
        ),
        altered(d_step, loss=lambda real, fake: non_saturating_d(real.sigmoid(), fake.sigmoid())): (
            "the loss takes logits: leave out the sigmoid."
        ),
        altered(d_step, loss=lambda real, fake: F.softplus(-real).sum() + F.softplus(fake).sum()): (
            "this is the sum over the batch, which makes the step as many times too long; take the mean."
        ),
        altered(d_step, loss=lambda real, fake: F.softplus(fake).mean()): (
            "the discriminator learned from generated samples only; it must see real ones too."
        ),
        altered(d_step, loss=lambda real, fake: F.softplus(-real).mean() + F.softplus(-fake).mean()): (
            "this trains the discriminator to call generated samples real, as the generator's loss would."
        ),
        altered(d_step, loss=lambda real, fake: non_saturating_d(fake, real)): (
            "the discriminator learned the opposite: real and generated logits are swapped in the loss."
        ),
        altered(d_step, loss=lambda real, fake: F.softplus(-real).mean()): (
            "the discriminator learned from real samples only: it must see generated ones too, and `.detach()` belongs "
            "on the samples, not on its answer to them."
        ),
        altered(d_step, loss=lambda real, fake: -non_saturating_d(real, fake)): (
            "the discriminator climbed its loss instead of descending it: the sign is wrong."
        ),
    },
    hints=hints_on_steps("discriminator"),
)
