"""Answers to lesson 08 as learners write them: wrong ones, each under a part of its message, and right ones."""

import torch
from answers_08_mended_losses import cross_entropy
from torch.nn.functional import logsigmoid, relu, softplus

from course_utils.exercises import lesson_08


def vanilla(real, fake):
    return cross_entropy(real, 1.0) + cross_entropy(fake, 0.0)


def judged(
    real=lambda E, G, x, z: (x, E(x).detach()),
    fake=lambda E, G, x, z: (G(z).detach(), z),
    loss=vanilla,
    before=("zero_grad",),
    after=("step",),
):
    def step(encoder, generator, discriminator, optimizer, x, z):
        fake_logits = discriminator(*fake(encoder, generator, x, z))
        real_logits = discriminator(*real(encoder, generator, x, z))
        for call in before:
            getattr(optimizer, call)()
        loss(real_logits, fake_logits).backward()
        for call in after:
            getattr(optimizer, call)()

    return step


def both_in_turn(encoder, generator, discriminator, optimizer, x, z):
    for image, code, label in ((x, encoder(x), 1.0), (generator(z), z, 0.0)):
        optimizer.zero_grad()
        cross_entropy(discriminator(image.detach(), code.detach()), label).backward()
        optimizer.step()


def answer_detached(real, fake):
    return vanilla(real, fake.detach())


def other_z(encoder, generator, discriminator, optimizer, x, z):
    z = torch.randn(z.shape)
    return judged()(encoder, generator, discriminator, optimizer, x, z)


def encoded_sample(E, G, x, z):
    sample = G(z).detach()
    return sample, E(sample)


PAIRS_STEP = {
    "this is half the loss": judged(loss=lambda real, fake: (softplus(-real).mean() + softplus(fake).mean()) / 2),
    "the squared distance from the labels": judged(loss=lambda real, fake: ((real - 1) ** 2 + fake**2).mean()),
    "this is the hinge loss": judged(loss=lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean()),
    "the difference of the mean outputs": judged(loss=lambda real, fake: (fake - real).mean()),
    "the label of real samples is 0.9": judged(
        loss=lambda real, fake: cross_entropy(real, 0.9) + softplus(fake).mean()
    ),
    "the labels are 0.9 and 0.1": judged(loss=lambda real, fake: cross_entropy(real, 0.9) + cross_entropy(fake, 0.1)),
    "the mean was taken before the logarithm": judged(loss=lambda real, fake: vanilla(real.mean(), fake.mean())),
    "the two sides are exchanged": judged(
        real=lambda E, G, x, z: (G(z).detach(), z), fake=lambda E, G, x, z: (x, E(x).detach())
    ),
    "the pairs are torn apart": judged(
        real=lambda E, G, x, z: (x, z), fake=lambda E, G, x, z: (G(z).detach(), E(x).detach())
    ),
    "a code that the encoder found for the sample": judged(fake=encoded_sample),
    "and nothing is rebuilt": judged(fake=lambda E, G, x, z: (G(E(x)).detach(), E(x).detach())),
    "a reconstruction beside a drawn code": judged(fake=lambda E, G, x, z: (G(E(x)), z)),
    "the real images come with drawn codes": judged(real=lambda E, G, x, z: (x, z)),
    "the sample comes with the code of a real image": judged(fake=lambda E, G, x, z: (G(z), E(x).detach())),
    "the generator has no part in this": judged(fake=lambda E, G, x, z: (x, z)),
    "is a sample already": judged(fake=lambda E, G, x, z: (torch.sigmoid(G(z)).detach(), z)),
    "others than the argument `z`": other_z,
    "gradients reached the generator: call": judged(fake=lambda E, G, x, z: (G(z), z)),
    "gradients reached the encoder: the code": judged(real=lambda E, G, x, z: (x, E(x))),
    "gradients reached encoder and generator": judged(
        real=lambda E, G, x, z: (x, E(x)), fake=lambda E, G, x, z: (G(z), z)
    ),
    "gradients of an earlier step were still there": judged(before=()),
    "the discriminator did not move": judged(after=()),
    "no gradient was there": judged(before=(), after=("zero_grad", "step")),
    "a step for each kind of pair": both_in_turn,
    "learned from real pairs only": judged(loss=answer_detached),
    "learned from generated pairs only": judged(loss=lambda real, fake: softplus(fake).mean()),
    "this is the sum over the batch": judged(loss=lambda real, fake: (softplus(-real) + softplus(fake)).sum()),
    "climbed its loss": judged(loss=lambda real, fake: logsigmoid(real).mean() + logsigmoid(-fake).mean()),
    "the loss takes logits": judged(loss=lambda real, fake: vanilla(torch.sigmoid(real), torch.sigmoid(fake))),
    "to call both kinds of pairs real": judged(loss=lambda real, fake: cross_entropy(torch.cat([real, fake]), 1.0) * 2),
    "the image comes first, its code second": judged(
        real=lambda E, G, x, z: (E(x), x), fake=lambda E, G, x, z: (z, G(z))
    ),
    "give it an image and its code": judged(real=lambda E, G, x, z: (x,), fake=lambda E, G, x, z: (G(z).detach(),)),
}


def without_graph(encoder, generator, discriminator, optimizer, x, z):
    with torch.no_grad():
        code = encoder(x)
        sample = generator(z)
    optimizer.zero_grad()
    logits = discriminator(torch.cat([x, sample]), torch.cat([code, z]))
    loss = softplus(-logits[: len(x)]).mean() + softplus(logits[len(x) :]).mean()
    loss.backward()
    optimizer.step()
    return loss.item()


def two_backwards(encoder, generator, discriminator, optimizer, x, z):
    for network in (encoder, generator, discriminator):
        network.zero_grad()
    cross_entropy(discriminator(x=x, z=encoder(x).detach()), 1.0).backward()
    cross_entropy(discriminator(generator(z).detach(), z=z), 0.0).backward()
    optimizer.step()


def inputs_only(encoder, generator, discriminator, optimizer, x, z):
    loss = vanilla(discriminator(x, encoder(x)), discriminator(generator(z), z))
    optimizer.zero_grad()
    loss.backward(inputs=list(discriminator.parameters()))
    optimizer.step()


EXERCISES = lesson_08
WRONG = {"pairs_step": PAIRS_STEP}
RIGHT = [
    ("pairs_step", judged()),
    ("pairs_step", without_graph),
    ("pairs_step", two_backwards),
    ("pairs_step", inputs_only),
]
