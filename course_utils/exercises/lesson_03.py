"""Exercises of lesson 03: the discriminator's loss, and one step of each player."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises import Exercise, Observation, gradient, gradients, value
from course_utils.exercises.players import after, leave_gradients, players, wrong
from course_utils.losses import non_saturating_d, non_saturating_g, saturating_g


def observe_loss(function) -> Observation:
    """Values and gradients on ordinary logits, on batches of two lengths, and on a very sure discriminator."""
    seen = {}
    generator = torch.Generator().manual_seed(0)
    for name, n, m, scale in (
        ("ordinary logits", 6, 6, 1.0),
        ("4 real and 8 fake", 4, 8, 1.0),
        ("logits of ±300", 3, 3, 300.0),
    ):
        real = (torch.randn(n, generator=generator) * scale).requires_grad_()
        fake = (torch.randn(m, generator=generator) * scale).requires_grad_()
        loss = function(real, fake)
        seen[f"the loss for {name}"] = value(loss)
        seen[f"its gradient at the real logits for {name}"] = gradient(loss, real)
        seen[f"its gradient at the fake logits for {name}"] = gradient(loss, fake)
    return seen


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return non_saturating_d(real_logits, fake_logits)


def bce(logits: Tensor, label: float, **options) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label), **options)


check_discriminator_loss = Exercise(
    discriminator_loss,
    observe_loss,
    {
        lambda real, fake: bce(real, 0.0) + bce(fake, 1.0): (
            "the labels are swapped: real samples have the label 1, generated ones 0."
        ),
        lambda real, fake: -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean(): (
            "this takes the logarithm of a probability, which is infinite once the probability has rounded to 0; "
            "`softplus` or `binary_cross_entropy_with_logits` work on the logits themselves."
        ),
        lambda real, fake: -(real.sigmoid() + 1e-8).log().mean() - (1 - fake.sigmoid() + 1e-8).log().mean(): (
            "a small number inside the logarithm hides the infinity and makes the loss wrong for a sure discriminator; "
            "`softplus` is exact."
        ),
        lambda real, fake: (
            F.binary_cross_entropy(real.sigmoid(), torch.ones_like(real))
            + F.binary_cross_entropy(fake.sigmoid(), torch.zeros_like(fake))
        ): (
            "this goes through probabilities: `binary_cross_entropy` cuts their logarithm off at -100, and their "
            "gradient too; `binary_cross_entropy_with_logits` takes the logits themselves."
        ),
        lambda real, fake: F.softplus(-real) + F.softplus(fake): (
            "the two batches are added element by element; take the mean of each first."
        ),
        lambda real, fake: F.softplus(-real).sum() + F.softplus(fake).sum(): (
            "this is the sum over the batch; with the mean, the loss does not grow with the batch size."
        ),
        lambda real, fake: bce(torch.cat([real, fake]), 1.0) * 0 + F.softplus(torch.cat([-real, fake])).mean(): (
            "this is one mean over both batches together; the loss is the mean over real plus the mean over generated."
        ),
        lambda real, fake: 0.5 * (bce(real, 1.0) + bce(fake, 0.0)): (
            "this is half the loss: add the two means, do not average them."
        ),
        lambda real, fake: bce(real, 1.0): "only the real samples count here; the generated ones need a term too.",
        lambda real, fake: bce(fake, 0.0): "only the generated samples count here; the real ones need a term too.",
        lambda real, fake: bce(real, 1.0) + bce(fake, 1.0): (
            "generated samples are called real here, as in the generator's loss; here their label is 0."
        ),
        lambda real, fake: bce(real.sigmoid(), 1.0) + bce(fake.sigmoid(), 0.0): (
            "the sigmoid is applied twice: `binary_cross_entropy_with_logits` has its own inside."
        ),
        lambda real, fake: -bce(real, 1.0) - bce(fake, 0.0): (
            "the sign is wrong: this is what the discriminator maximises; a loss is minimised."
        ),
        lambda real, fake: non_saturating_d(real, fake).item(): (
            "the value is right but carries no gradient: `.item()`, `.detach()` or `no_grad` cut it off."
        ),
        lambda real, fake: F.binary_cross_entropy_with_logits(real, torch.ones_like(real), reduction="none"): (
            "this is one number per real sample; take the mean, and add the term of the generated samples."
        ),
    },
)


def observe_discriminator_step(function) -> Observation:
    """Weights of both players and the generator's gradients after one step."""
    generator, discriminator, optimizers = players()
    leave_gradients(discriminator)
    noise = torch.Generator().manual_seed(1)
    real, z = torch.randn(16, 2, generator=noise) + 1, torch.randn(16, 3, generator=noise)
    function(generator, discriminator, optimizers, real, z)
    return after(generator, discriminator) | {"the gradients left in the generator": gradients(generator)}


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
            "the discriminator did not move: it takes `zero_grad()`, then `backward()`, then `step()` of its optimizer."
        ),
        wrong(d_step, step=("generator",), detach=False): (
            'this moved the generator: in the discriminator\'s step only `optimizers["discriminator"]` may step.'
        ),
        wrong(d_step, step=("discriminator", "generator"), detach=False): (
            'both players moved: in the discriminator\'s step only `optimizers["discriminator"]` may step.'
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
            "the generator did not move: it needs the gradient that passes through its samples (no `.detach()` here), "
            "and then `step()` of its optimizer."
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
