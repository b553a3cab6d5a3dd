"""Answers to lesson 03 as learners write them: wrong ones, each under a part of its message, and right ones."""

import torch
from torch.nn.functional import binary_cross_entropy, softplus
from torch.nn.functional import binary_cross_entropy_with_logits as BCE

from course_utils.exercises import lesson_03


def label(logits, value):
    return torch.full_like(logits, value)


def vanilla(real, fake):
    return softplus(-real).mean() + softplus(fake).mean()


def smoothed(real_label, fake_label):
    return lambda real, fake: BCE(real, label(real, real_label)) + BCE(fake, label(fake, fake_label))


OTHER_LOSSES = {
    "this is half the loss": lambda real, fake: vanilla(real, fake) / 2,
    "the squared distance from the labels": lambda real, fake: ((real - 1) ** 2).mean() + (fake**2).mean(),
    "this is the hinge loss": lambda real, fake: torch.relu(1 - real).mean() + torch.relu(1 + fake).mean(),
    "the difference of the mean outputs": lambda real, fake: -(real.mean() - fake.mean()),
    "the label of real samples is 0.9": smoothed(0.9, 0),
    "the labels are 0.9 and 0.1": smoothed(0.9, 0.1),
    "the mean was taken before the logarithm": lambda real, fake: softplus(-real.mean()) + softplus(fake.mean()),
}

DISCRIMINATOR_LOSSES = {
    "labels are swapped": lambda real, fake: BCE(real, label(real, 0)) + BCE(fake, label(fake, 1)),
    "logarithm of a probability": lambda real, fake: (
        -torch.log(torch.sigmoid(real)).mean() - torch.log(1 - torch.sigmoid(fake)).mean()
    ),
    "a small number inside the logarithm": lambda real, fake: (
        -torch.log(torch.sigmoid(real) + 1e-8).mean() - torch.log(1 - torch.sigmoid(fake) + 1e-8).mean()
    ),
    "this goes through probabilities": lambda real, fake: (
        binary_cross_entropy(real.sigmoid(), label(real, 1)) + binary_cross_entropy(fake.sigmoid(), label(fake, 0))
    ),
    "the first term lacks a minus": lambda real, fake: softplus(real).mean() + softplus(fake).mean(),
    "the two terms are subtracted": lambda real, fake: softplus(-real).mean() - softplus(fake).mean(),
    "added element by element": lambda real, fake: softplus(-real) + softplus(fake),
    "this is the sum over the batch": lambda real, fake: (
        BCE(real, label(real, 1), reduction="sum") + BCE(fake, label(fake, 0), reduction="sum")
    ),
    "one mean over both batches": lambda real, fake: BCE(
        torch.cat([real, fake]), torch.cat([torch.ones_like(real), torch.zeros_like(fake)])
    ),
    "only the real samples count": lambda real, fake: softplus(-real).mean(),
    "only the generated samples count": lambda real, fake: softplus(fake).mean(),
    "generated samples are called real": lambda real, fake: softplus(-real).mean() + softplus(-fake).mean(),
    "the sigmoid is applied twice": lambda real, fake: (
        BCE(torch.sigmoid(real), label(real, 1)) + BCE(torch.sigmoid(fake), label(fake, 0))
    ),
    "the sign is wrong": lambda real, fake: -vanilla(real, fake),
    "carries no gradient": lambda real, fake: vanilla(real, fake).detach(),
    "one number per real sample": lambda real, fake: softplus(-real),
}


def made_by(generator, z):
    return generator(z)


def d_step(detach=True, zero=("discriminator",), steps=("discriminator",), loss=vanilla, samples=made_by):
    def step(generator, discriminator, optimizers, real, z):
        fake = samples(generator, z).detach() if detach else samples(generator, z)
        for name in zero:
            optimizers[name].zero_grad()
        loss(discriminator(real), discriminator(fake)).backward()
        for name in steps:
            optimizers[name].step()

    return step


def detached_answer(generator, discriminator, optimizers, real, z):
    optimizers["discriminator"].zero_grad()
    loss = softplus(-discriminator(real)).mean() + softplus(discriminator(generator(z)).detach()).mean()
    loss.backward()
    optimizers["discriminator"].step()


DISCRIMINATOR_STEPS = {
    "the generator's optimizer took the step": d_step(zero=["generator"], steps=["generator"]),
    "given the codes `z` themselves": d_step(samples=lambda generator, z: z),
    "gradients reached the generator: call": d_step(detach=False),
    "gradients of an earlier step were still there": d_step(zero=()),
    "two things": d_step(zero=(), detach=False),
    "the discriminator did not move": d_step(steps=()),
    "this moved the generator": d_step(steps=["generator"], detach=False),
    "both players moved, and nothing was detached": d_step(steps=["discriminator", "generator"], detach=False),
    "both players moved, the generator by old gradients": d_step(steps=["discriminator", "generator"]),
    "the loss takes logits": d_step(loss=lambda real, fake: vanilla(real.sigmoid(), fake.sigmoid())),
    "this is the sum over the batch": d_step(loss=lambda real, fake: softplus(-real).sum() + softplus(fake).sum()),
    "learned from generated samples only": d_step(loss=lambda real, fake: softplus(fake).mean()),
    "to call generated samples real": d_step(loss=lambda real, fake: softplus(-real).mean() + softplus(-fake).mean()),
    "the discriminator learned the opposite": d_step(loss=lambda real, fake: vanilla(fake, real)),
    "learned from real samples only": detached_answer,
    "climbed its loss": d_step(loss=lambda real, fake: -vanilla(real, fake)),
}


def g_step(detach=False, zero=True, steps=("generator",), loss=lambda fake: softplus(-fake).mean(), samples=made_by):
    def step(generator, discriminator, optimizers, z):
        if zero:
            optimizers["generator"].zero_grad()
        fake = samples(generator, z)
        loss(discriminator(fake.detach() if detach else fake)).backward()
        for name in steps:
            optimizers[name].step()

    return step


GENERATOR_STEPS = {
    "this is half the loss": g_step(loss=lambda fake: softplus(-fake).mean() / 2),
    "the squared distance from the labels": g_step(loss=lambda fake: ((fake - 1) ** 2).mean() / 2),
    "the discriminator's hinge loss": g_step(loss=lambda fake: torch.relu(1 - fake).mean()),
    "this is minus the mean output": g_step(loss=lambda fake: -fake.mean()),
    "label smoothing is for the discriminator": g_step(loss=lambda fake: BCE(fake, label(fake, 0.9))),
    "the mean was taken before the logarithm": g_step(loss=lambda fake: softplus(-fake.mean())),
    "this is the saturating loss": g_step(loss=lambda fake: torch.log(1 - torch.sigmoid(fake)).mean()),
    "no gradient was there": g_step(detach=True),
    "since no optimizer took a step": g_step(steps=[]),
    "given the codes `z` themselves": g_step(samples=lambda generator, z: z),
    "this moved the discriminator": g_step(steps=["discriminator"]),
    "both players moved": g_step(steps=["generator", "discriminator"]),
    "learned to be caught": g_step(loss=lambda fake: BCE(fake, torch.zeros_like(fake))),
    "the loss takes logits": g_step(loss=lambda fake: softplus(-fake.sigmoid()).mean()),
    "this is the discriminator's loss": g_step(loss=lambda fake: vanilla(fake, fake)),
    "climbed its loss": g_step(loss=lambda fake: -BCE(fake, torch.ones_like(fake))),
    "gradients of an earlier step were still there": g_step(zero=False),
    "this is the sum over the batch": g_step(loss=lambda fake: softplus(-fake).sum()),
}

EXERCISES = lesson_03
WRONG = {
    "discriminator_loss": DISCRIMINATOR_LOSSES | OTHER_LOSSES,
    "discriminator_step": DISCRIMINATOR_STEPS | {part: d_step(loss=loss) for part, loss in OTHER_LOSSES.items()},
    "generator_step": GENERATOR_STEPS,
}


def bce_loss(real, fake):
    return BCE(real, torch.ones_like(real)) + BCE(fake, torch.zeros_like(fake))


def step_without_graph(generator, discriminator, optimizers, real, z):
    with torch.no_grad():
        fake = generator(z)
    loss = bce_loss(discriminator(real), discriminator(fake))
    for network in (generator, discriminator):
        network.zero_grad(set_to_none=False)
    loss.backward()
    optimizers["discriminator"].step()
    return loss.item()


def step_with_frozen_discriminator(generator, discriminator, optimizers, z):
    discriminator.requires_grad_(False)
    optimizers["generator"].zero_grad()
    (-torch.nn.functional.logsigmoid(discriminator(generator(z))).mean()).backward()
    optimizers["generator"].step()
    discriminator.requires_grad_(True)


RIGHT = [
    ("discriminator_loss", bce_loss),
    ("discriminator_step", d_step()),
    ("discriminator_step", d_step(zero=["discriminator", "generator"])),
    ("discriminator_step", step_without_graph),
    ("generator_step", g_step()),
    ("generator_step", step_with_frozen_discriminator),
]
