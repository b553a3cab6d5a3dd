"""Answers to lesson 08 as learners write them: wrong ones, each under a part of its message, and right ones."""

import torch
from answers_08_beside import columns
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, one_hot, softplus

from course_utils.exercises import lesson_08

PIXELS = 28 * 28


def told(label, image):
    return torch.cat([image, label], 1)


def everywhere(label):
    return label.view(-1, 10, 1, 1).repeat(1, 1, 28, 28)


def edited(
    mends,
    fake=lambda output: (output, output),
    real=lambda x: x,
    planes=None,
    order=told,
    d=lambda real, fake: (softplus(-real) + softplus(fake)).mean(),
    g=lambda fake: softplus(-fake).mean(),
    result=lambda d_loss, g_loss: (d_loss, g_loss),
    hide=lambda fake: fake.detach(),
):
    """The notebook's losses after a learner's edits."""

    def answer(generator, discriminator, x, y, z):
        label = one_hot(y, 10).float()
        if "planes" in mends:
            filled = (planes or everywhere)(label)
        else:
            filled = label.repeat(1, PIXELS).view(-1, 10, 28, 28)
        output = generator(torch.cat([z, label], 1))
        for_d, for_g = (output.sigmoid(), output.sigmoid()) if "squash" in mends else fake(output)
        others = filled if "labels" in mends else filled[torch.randperm(len(y))]
        d_loss = d(discriminator(order(filled, real(x))), discriminator(order(others, hide(for_d))))
        g_loss = g(discriminator(order(filled, for_g if "cut" in mends else for_g.detach())))
        return result(d_loss, g_loss)

    return answer


ALL = ("planes", "labels", "squash", "cut")


BUT_SQUASH = ("planes", "labels", "cut")


def cross_entropy(logits, label):
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def rewritten(generator, discriminator, x, y, z):
    planes = torch.zeros(len(y), 10, 28, 28)
    planes[torch.arange(len(y)), y] = 1
    fake = generator(torch.cat([z, one_hot(y, 10)], 1)).sigmoid()
    real_logits = discriminator(torch.cat([x, planes], 1))
    fake_logits = discriminator(torch.cat([fake.detach(), planes], 1))
    d_loss = cross_entropy(real_logits, 1.0) + cross_entropy(fake_logits, 0.0)
    return {"d_loss": d_loss, "g_loss": cross_entropy(discriminator(torch.cat([fake, planes], 1)), 1.0)}


def in_one_batch(generator, discriminator, x, y, z):
    label = columns(y, 10)
    planes = everywhere(label)
    fake = torch.sigmoid(generator(torch.cat([z, label], dim=1)))
    logits = discriminator(torch.cat([told(planes, x), told(planes, fake.detach())]))
    real_logits, fake_logits = logits.chunk(2)
    d_loss = -logsigmoid(real_logits).mean() - logsigmoid(-fake_logits).mean()
    discriminator.requires_grad_(False)
    g_loss = -logsigmoid(discriminator(told(planes, fake))).mean()
    discriminator.requires_grad_(True)
    return [d_loss, g_loss]


def labels_of_others_for_real(generator, discriminator, x, y, z):
    planes = everywhere(columns(y, 10))
    others = planes[torch.randperm(len(y))]
    fake = generator(torch.cat([z, columns(y, 10)], 1)).sigmoid()
    d_loss = cross_entropy(discriminator(told(others, x)), 1.0)
    d_loss = d_loss + cross_entropy(discriminator(told(others, fake.detach())), 0.0)
    return d_loss, cross_entropy(discriminator(told(planes, fake)), 1.0)


def three_kinds_of_pairs(generator, discriminator, x, y, z):
    d_loss, g_loss = rewritten(generator, discriminator, x, y, z).values()
    torn = discriminator(told(everywhere(columns(y, 10)[torch.randperm(y.numel())]), x))
    return d_loss + cross_entropy(torn, 0.0), g_loss


def zeroed(generator, discriminator, x, y, z):
    for p in [*generator.parameters(), *discriminator.parameters()]:
        p.grad = None
    return edited(ALL)(generator, discriminator, x, y, z)


def in_eval(generator, discriminator, x, y, z):
    generator.train(False)
    discriminator.train(False)
    return edited(ALL)(generator, discriminator, x, y, z)


def others_in_both(generator, discriminator, x, y, z):
    label = columns(y, 10)
    planes = everywhere(label)
    others = planes[torch.randperm(len(y))]
    fake = generator(torch.cat([z, label], 1)).sigmoid()
    d_loss = softplus(-discriminator(told(planes, x))) + softplus(discriminator(told(others, fake.detach())))
    return d_loss.mean(), softplus(-discriminator(told(others, fake))).mean()


def untold(generator, discriminator, x, y, z):
    return edited(ALL)(lambda both: generator(both[:, :-10]), discriminator, x, y, z)


def told_apart(generator, discriminator, x, y, z):
    return edited(ALL)(lambda both: generator(both[:, :-10], both[:, -10:]), discriminator, x, y, z)


def judged_with_labels(generator, discriminator, x, y, z):
    return edited(ALL)(generator, lambda both: discriminator(both[:, :1], y), x, y, z)


MENDED_LOSSES = {
    "all four bugs are left; one of them: the plane": edited([]),
    "three bugs are left; one of them: the plane": edited(["squash"]),
    "two bugs are left; one of them: the plane": edited(["squash", "cut"]),
    "one bug is left: the plane": edited(["squash", "cut", "labels"]),
    "three bugs are left; one of them: the discriminator is told": edited(["planes"]),
    "two bugs are left; one of them: the discriminator is told": edited(["planes", "cut"]),
    "one bug is left: the discriminator is told": edited(["planes", "squash", "cut"]),
    "two bugs are left; one of them: the discriminator sees": edited(["planes", "labels"]),
    "one bug is left: the discriminator sees": edited(BUT_SQUASH),
    "one bug is left: the generator's loss": edited(["planes", "labels", "squash"]),
    "gradients of d_loss reach the generator": edited(ALL, hide=lambda fake: fake),
    "learns from real images only": edited(
        ALL, d=lambda real, fake: (softplus(-real) + softplus(fake.detach())).mean()
    ),
    "`detach` has changed sides": edited(["planes", "labels", "squash"], hide=lambda fake: fake),
    "this discriminator takes one tensor": judged_with_labels,
    "the generator takes z and": untold,
    "which fades": edited(ALL, g=lambda fake: torch.log(1 - torch.sigmoid(fake)).mean()),
    "the generator learns to be caught": edited(ALL, g=lambda fake: cross_entropy(fake, 0.0)),
    "this is the sum over the batch": edited(
        ALL, d=lambda real, fake: (softplus(-real) + softplus(fake)).sum(), g=lambda fake: softplus(-fake).sum()
    ),
    "these are losses of each image": edited(
        ALL, d=lambda real, fake: softplus(-real) + softplus(fake), g=lambda fake: softplus(-fake)
    ),
    "this is half of d_loss": edited(ALL, d=lambda real, fake: softplus(torch.cat([-real, fake])).mean()),
    "the two losses have changed places": edited(ALL, result=lambda d_loss, g_loss: [g_loss, d_loss]),
    "real and generated are exchanged": edited(
        ALL, d=lambda real, fake: cross_entropy(real, 0.0) + cross_entropy(fake, 1.0)
    ),
    "d_loss calls samples real": edited(ALL, d=lambda real, fake: cross_entropy(torch.cat([real, fake]), 1.0) * 2),
    "the sigmoid belongs on the generator's output": edited(
        ALL,
        d=lambda real, fake: softplus(-torch.sigmoid(real)).mean() + softplus(torch.sigmoid(fake)).mean(),
        g=lambda fake: cross_entropy(torch.sigmoid(fake), 1.0),
    ),
    "first the image, then its planes": edited(ALL, order=lambda label, image: torch.cat([label, image], 1)),
    "no height and no width yet": edited(ALL, planes=lambda label: label.view(-1, 10, 1, 1)),
    "a third kind of pair": three_kinds_of_pairs,
    "gradients of the networks were wiped": zeroed,
    "left in evaluation mode": in_eval,
    "carries no gradient": edited(ALL, result=lambda d_loss, g_loss: (d_loss.item(), g_loss.item())),
    "a tanh gives numbers": edited(BUT_SQUASH, fake=lambda output: 2 * (output.tanh(),)),
    "all images lie in [-1, 1] now": edited(
        BUT_SQUASH, fake=lambda output: 2 * (output.tanh(),), real=lambda x: (x - 0.5) / 0.5
    ),
    "raw output is a logit": edited(BUT_SQUASH, fake=lambda output: 2 * (0.5 * output.tanh() + 0.5,)),
    "cut off at 0 and 1": edited(["labels", "cut"], fake=lambda output: 2 * (output.clip(min=0.0, max=1.0),)),
    "in d_loss the discriminator sees": edited(BUT_SQUASH, fake=lambda output: (output.sigmoid(), output)),
    "in g_loss the discriminator sees": edited(["planes", "labels"], fake=lambda output: (output, output.sigmoid())),
    "real images went through a sigmoid": edited(ALL, real=torch.sigmoid),
    "nearer to raw output": edited(BUT_SQUASH, real=lambda x: x * 2 - 1),
    "labels that are not theirs": labels_of_others_for_real,
}


EXERCISES = lesson_08
WRONG = {"mended_losses": MENDED_LOSSES}
RIGHT = [
    ("mended_losses", edited(ALL)),
    ("mended_losses", rewritten),
    ("mended_losses", in_one_batch),
]
