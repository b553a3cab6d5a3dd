"""Exercises of lesson 03: the discriminator's loss, and one step of each player."""

import torch
from torch.nn import functional as F

from course_utils.exercises import Exercise, Observation
from course_utils.exercises.lesson_03_loss import check_discriminator_loss
from course_utils.exercises.players import added, after, leave_gradients, players, wrong
from course_utils.losses import non_saturating_d, non_saturating_g, saturating_g

__all__ = ["check_discriminator_loss", "check_discriminator_step", "check_generator_step"]


def observe_discriminator_step(function) -> Observation:
    """Weights of both players and the generator's gradients after one step."""
    generator, discriminator, optimizers = players()
    leave_gradients(discriminator)
    leave_gradients(generator)
    noise = torch.Generator().manual_seed(1)
    real, z = torch.randn(16, 2, generator=noise) + 1, torch.randn(16, 3, generator=noise)
    function(generator, discriminator, optimizers, real, z)
    return after(generator, discriminator) | {"what the step added to the generator's gradients": added(generator)}


def d_step(generator, discriminator, optimizers, real, z, *, detach=True, zero=True, step=("discriminator",),
           loss=non_saturating_d) -> None:  # fmt: skip
    """The discriminator's step with one thing changed."""
    fake = generator(z)
    fake_logits = discriminator(fake.detach() if detach else fake)
    if zero:
        optimizers["discriminator"].zero_grad()
    loss(discriminator(real), fake_logits).backward()
    for name in step:
        optimizers[name].step()


def discriminator_step(generator, discriminator, optimizers, real, z) -> None:
    d_step(generator, discriminator, optimizers, real, z)


check_discriminator_step = Exercise(
    discriminator_step,
    observe_discriminator_step,
    {
        wrong(d_step, detach=False): (
            "gradients reached the generator: call `.detach()` on the samples before the discriminator sees them."
        ),
        wrong(d_step, zero=False): (
            "gradients of an earlier step were still there and were added: call `zero_grad()` before `backward()`."
        ),
        wrong(d_step, zero=False, detach=False): (
            "two things: old gradients were added (`zero_grad()` comes before `backward()`), and gradients reached the "
            "generator (`.detach()` the generated samples)."
        ),
        wrong(d_step, step=()): (
            "the discriminator did not move: it takes `zero_grad()`, `backward()`, then `step()` of its optimizer, "
            "in this order."
        ),
        wrong(d_step, step=("generator",), detach=False): (
            'this moved the generator: in the discriminator\'s step only `optimizers["discriminator"]` may step.'
        ),
        wrong(d_step, step=("discriminator", "generator"), detach=False): (
            'both players moved, and nothing was detached: only `optimizers["discriminator"]` may step here.'
        ),
        wrong(d_step, step=("discriminator", "generator")): (
            'both players moved, the generator by old gradients: only `optimizers["discriminator"]` may step here.'
        ),
        wrong(d_step, loss=lambda real, fake: non_saturating_d(real.sigmoid(), fake.sigmoid())): (
            "the loss takes logits: leave out the sigmoid."
        ),
        wrong(d_step, loss=lambda real, fake: F.softplus(-real).sum() + F.softplus(fake).sum()): (
            "this is the sum over the batch, which makes the step as many times too long; take the mean."
        ),
        wrong(d_step, loss=lambda real, fake: F.softplus(fake).mean()): (
            "the discriminator learned from generated samples only; it must see real ones too."
        ),
        wrong(d_step, loss=lambda real, fake: F.softplus(-real).mean() + F.softplus(-fake).mean()): (
            "this trains the discriminator to call generated samples real, as the generator's loss would."
        ),
        wrong(d_step, loss=lambda real, fake: non_saturating_d(fake, real)): (
            "the discriminator learned the opposite: real and generated logits are swapped in the loss."
        ),
        wrong(d_step, loss=lambda real, fake: F.softplus(-real).mean()): (
            "the discriminator learned from real samples only: it must see generated ones too, and `.detach()` belongs "
            "on the samples, not on its answer to them."
        ),
        wrong(d_step, loss=lambda real, fake: -non_saturating_d(real, fake)): (
            "the discriminator climbed its loss instead of descending it: the sign is wrong."
        ),
    },
)


def observe_generator_step(function) -> Observation:
    """Weights of both players after one step."""
    generator, discriminator, optimizers = players()
    leave_gradients(generator)
    z = torch.randn(16, 3, generator=torch.Generator().manual_seed(1))
    function(generator, discriminator, optimizers, z)
    return after(generator, discriminator)


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
    {
        wrong(g_step, loss=saturating_g): (
            "this is the saturating loss log(1 - D(G(z))), which fades; the non-saturating one is -log D(G(z))."
        ),
        wrong(g_step, detach=True): (
            "the generator did not move. The order is `zero_grad()`, `backward()`, `step()` of its own optimizer, and "
            "nothing may cut the gradient on its way through the samples (`detach`, `no_grad`)."
        ),
        wrong(g_step, step=("discriminator",)): (
            'this moved the discriminator, which learned to be fooled: only `optimizers["generator"]` may step.'
        ),
        wrong(g_step, step=("generator", "discriminator")): (
            'both players moved: in the generator\'s step only `optimizers["generator"]` may step.'
        ),
        wrong(g_step, loss=lambda fake: F.softplus(fake).mean()): (
            'the generator learned to be caught: this loss is small when the discriminator says "generated".'
        ),
        wrong(g_step, loss=lambda fake: non_saturating_g(fake.sigmoid())): (
            "the loss takes logits: leave out the sigmoid."
        ),
        wrong(g_step, loss=lambda fake: non_saturating_d(fake, fake)): (
            "this is the discriminator's loss; the generator only wants its own samples to be called real."
        ),
        wrong(g_step, loss=lambda fake: -non_saturating_g(fake)): (
            "the generator climbed its loss instead of descending it: the sign is wrong."
        ),
        wrong(g_step, zero=False): (
            "gradients of an earlier step were still there and were added: call `zero_grad()` before `backward()`."
        ),
        wrong(g_step, loss=lambda fake: F.softplus(-fake).sum()): (
            "this is the sum over the batch, which makes the step as many times too long; take the mean."
        ),
    },
)
