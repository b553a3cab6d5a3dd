"""Answers to lesson 12's exercise on a lost penalty: wrong ones under a part of their message, and right ones."""

import torch
from torch.nn import functional as F

from course_utils.exercises import lesson_12
from course_utils.losses import hinge_d, non_saturating_d, r1_penalty, squared_gradient_norm


def gradient_of(loss, network):
    parts = torch.autograd.grad(loss, list(network.parameters()), materialize_grads=True)
    return torch.cat([part.flatten() for part in parts])


def loss_on(D, real, fake):  # noqa: N803 - the symbols of the papers
    return non_saturating_d(D(real), D(fake))


def own_penalty(D, real, fake):  # noqa: N803
    return r1_penalty(D, real)


def answer(loss=loss_on, penalty=own_penalty, scale=lambda a, b, k, weight: (a / k, weight * b / k), end=None):
    """Two passes of each process as a learner writes them, with something changed."""

    def function(discriminator, real, fake, k, weight):
        a = b = 0
        for real_part, fake_part in zip(real.chunk(k), fake.chunk(k)):
            a = a + gradient_of(loss(discriminator, real_part, fake_part), discriminator)
            b = b + gradient_of(penalty(discriminator, real_part, fake_part), discriminator)
        a, b = scale(a, b, k, weight)
        return end(a, b) if end else a + b

    return function


def untouched(discriminator, real, fake, k, weight):
    parts = list(zip(real.chunk(k), fake.chunk(k)))
    total = 0
    for real_part, fake_part in parts:
        total = total + gradient_of(loss_on(discriminator, real_part, fake_part), discriminator)
    penalty = weight * r1_penalty(discriminator, parts[0][0])
    return total / k + gradient_of(penalty, discriminator)


def with_first(scale):
    """The penalty of the first process, scaled."""

    def function(discriminator, real, fake, k, weight):
        losses = answer(scale=lambda a, b, k, weight: (a / k, 0))(discriminator, real, fake, k, weight)
        first = gradient_of(weight * r1_penalty(discriminator, real.chunk(k)[0]), discriminator)
        return losses + scale(first, k)

    return function


def losses_added_and_first(discriminator, real, fake, k, weight):
    losses = answer(scale=lambda a, b, k, weight: (a, 0))(discriminator, real, fake, k, weight)
    return losses + gradient_of(weight * r1_penalty(discriminator, real.chunk(k)[0]), discriminator)


def first_alone(discriminator, real, fake, k, weight):
    return answer()(discriminator, real[: len(real) // k], fake[: len(fake) // k], 1, weight)


def loss_of_the_first(discriminator, real, fake, k, weight):
    penalties = answer(end=lambda a, b: b)(discriminator, real, fake, k, weight)
    return penalties + gradient_of(loss_on(discriminator, real.chunk(k)[0], fake.chunk(k)[0]), discriminator)


def slope(D, x, of=torch.sum, graph=True):  # noqa: N803
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(of(D(x)), x, create_graph=graph)[0].flatten(1)


def on_slopes(penalty, of=torch.sum):
    return lambda D, real, fake: penalty(slope(D, real, of))


def no_graph(discriminator, real, fake, k, weight):
    total = 0
    for real_part in real.chunk(k):
        penalty = 0.5 * slope(discriminator, real_part, graph=False).square().sum(1).mean()
        total = total + gradient_of(weight * penalty, discriminator)
    return total / k


def lost_graph(discriminator, real, fake, k, weight):
    total = 0
    for real_part, fake_part in zip(real.chunk(k), fake.chunk(k)):
        penalty = 0.5 * slope(discriminator, real_part, graph=False).square().sum(1).mean()
        total = total + gradient_of(loss_on(discriminator, real_part, fake_part) + weight * penalty, discriminator)
    return total / k


def of_the_loss(D, real, fake):  # noqa: N803
    weights = list(D.parameters())
    return 0.5 * sum(g.pow(2).sum() for g in torch.autograd.grad(D(real).mean(), weights, create_graph=True))


def loss_itself(discriminator, real, fake, k, weight):
    parts = zip(real.chunk(k), fake.chunk(k))
    return sum(loss_on(discriminator, r, f) + weight * r1_penalty(discriminator, r) for r, f in parts) / k


def of_each(discriminator, real, fake, k, weight):
    parts = zip(real.chunk(k), fake.chunk(k))
    totals = [loss_on(discriminator, r, f) + weight * r1_penalty(discriminator, r) for r, f in parts]
    return torch.stack([gradient_of(total, discriminator) for total in totals])


def with_old_penalty(discriminator, real, fake, k, weight):
    found = answer()(discriminator, real, fake, k, weight)
    return found + gradient_of(weight * r1_penalty(discriminator, real.chunk(k)[0]), discriminator)


def parts_of_k_images(discriminator, real, fake, k, weight):
    total = 0
    for real_part, fake_part in zip(real.split(k), fake.split(k)):
        loss = loss_on(discriminator, real_part, fake_part) + weight * r1_penalty(discriminator, real_part)
        total = total + gradient_of(loss, discriminator)
    return total / k


def by_backward(discriminator, real, fake, k, weight):
    for real_part, fake_part in zip(real.chunk(k), fake.chunk(k)):
        loss = loss_on(discriminator, real_part, fake_part) + weight * r1_penalty(discriminator, real_part)
        (loss / k).backward()
    return torch.cat([p.grad.flatten() for p in discriminator.parameters()])


def refused(discriminator, real, fake, k, weight):
    weights = list(discriminator.parameters())
    penalties = [weight * r1_penalty(discriminator, part) for part in real.chunk(k)]
    return [torch.autograd.grad(penalty, weights) for penalty in penalties]


def penalty_as_number(discriminator, real, fake, k, weight):
    total = 0
    for real_part, fake_part in zip(real.chunk(k), fake.chunk(k)):
        total = total + gradient_of(loss_on(discriminator, real_part, fake_part), discriminator)
        total = total + weight * r1_penalty(discriminator, real_part).item()
    return total / k


DISCRIMINATOR_GRADIENT = {
    "still that of one process": untouched,
    "and the others' are missing": with_first(lambda first, k: first / k),
    "is added k times": with_first(lambda first, k: first * k),
    "it counts k times": answer(scale=lambda a, b, k, weight: (a / k, weight * b)),
    "the penalty is divided by k twice": answer(scale=lambda a, b, k, weight: (a / k, weight * b / k / k)),
    "but the losses are added up": answer(scale=lambda a, b, k, weight: (a, weight * b / k)),
    "the losses are added up, and": losses_added_and_first,
    "losses and penalties are added up": answer(scale=lambda a, b, k, weight: (a, weight * b)),
    "everything is divided by k twice": answer(scale=lambda a, b, k, weight: (a / k**2, weight * b / k**2)),
    "the loss is divided by k twice": answer(scale=lambda a, b, k, weight: (a / k**2, weight * b / k)),
    "does not reach the gradient": lost_graph,
    "added to the gradient as a number": penalty_as_number,
    "no gradient arrives from the penalty": no_graph,
    "the loss is missing": answer(end=lambda a, b: b),
    "only one process is heard": first_alone,
    "and the loss no longer is": loss_of_the_first,
    "rewards steep slopes": answer(end=lambda a, b: a - b),
    "has lost its weight": answer(scale=lambda a, b, k, weight: (a / k, b / k)),
    "the weight is not where it belongs": answer(scale=lambda a, b, k, weight: (weight * a / k, weight * b / k)),
    "the penalty looks at generated images:": answer(penalty=lambda D, real, fake: r1_penalty(D, fake)),
    "at generated images as well": answer(penalty=lambda D, real, fake: r1_penalty(D, real) + r1_penalty(D, fake)),
    "between real and generated": answer(penalty=lambda D, real, fake: r1_penalty(D, 0.5 * real + 0.5 * fake)),
    "the penalty is a sum over the images": answer(
        penalty=lambda D, real, fake: 0.5 * squared_gradient_norm(D, real).sum()
    ),
    "the half of R1 is missing": answer(penalty=lambda D, real, fake: squared_gradient_norm(D, real).mean()),
    "the half is there twice": answer(penalty=lambda D, real, fake: r1_penalty(D, real) / 2),
    "length is not squared": answer(penalty=on_slopes(lambda g: g.norm(dim=1).mean() / 2)),
    "the gradient penalty of WGAN-GP": answer(penalty=on_slopes(lambda g: ((g.norm(2, dim=1) - 1) ** 2).mean())),
    "averaged over its pixels": answer(penalty=on_slopes(lambda g: 0.5 * (g**2).mean())),
    "before they are squared": answer(penalty=on_slopes(lambda g: 0.5 * (g.mean(dim=0) ** 2).sum())),
    "that of the *mean* output": answer(penalty=on_slopes(lambda g: 0.5 * (g**2).sum(1).mean(), torch.mean)),
    "that of the *loss*": answer(
        penalty=on_slopes(lambda g: 0.5 * (g**2).sum(1).mean(), lambda y: F.softplus(-y).sum())
    ),
    "that of the *probability*": answer(
        penalty=on_slopes(lambda g: 0.5 * (g**2).sum(1).mean(), lambda y: torch.sigmoid(y).sum())
    ),
    "the gradient at the *weights*": answer(penalty=of_the_loss),
    "exchanged in the loss": answer(loss=lambda D, real, fake: loss_on(D, fake, real)),
    "this is half the loss": answer(loss=lambda D, real, fake: loss_on(D, real, fake) / 2),
    "the generated images are missing": answer(loss=lambda D, real, fake: -F.logsigmoid(D(real)).mean()),
    "the real images are missing": answer(loss=lambda D, real, fake: -F.logsigmoid(-D(fake)).mean()),
    "another loss than the one": answer(loss=lambda D, real, fake: hinge_d(D(real), D(fake))),
    "beside the averaged one": with_old_penalty,
    "makes parts of k images": parts_of_k_images,
    "already had gradients": by_backward,
    "some weights play no part": refused,
    "this is the loss itself": loss_itself,
    "the way down": answer(end=lambda a, b: -(a + b)),
    "the gradients of each process": of_each,
}


def one_backward(discriminator, real, fake, k, weight):
    """The combined loss, as DistributedDataParallel wants it."""
    total = 0
    for real_part, fake_part in zip(real.chunk(k), fake.chunk(k)):
        loss = loss_on(discriminator, real_part, fake_part) + weight * r1_penalty(discriminator, real_part)
        total = total + gradient_of(loss, discriminator)
    return total / k


def mean_of_losses(discriminator, real, fake, k, weight):
    return gradient_of(loss_itself(discriminator, real, fake, k, weight), discriminator)


def as_a_list(discriminator, real, fake, k, weight):
    weights = list(discriminator.parameters())
    loss = loss_itself(discriminator, real, fake, k, weight)
    return torch.autograd.grad(loss, weights)


def by_index(discriminator, real, fake, k, weight):
    n = len(real) // k
    found = []
    for i in range(k):
        mine = slice(i * n, (i + 1) * n)
        penalty = weight / 2 * slope(discriminator, real[mine]).pow(2).sum() / n
        found.append(gradient_of(loss_on(discriminator, real[mine], fake[mine]) + penalty, discriminator))
    return torch.stack(found).mean(0)


def in_one_pass(discriminator, real, fake, k, weight):
    """Real and generated images of a process together."""

    def loss(D, real, fake):  # noqa: N803
        real_logits, fake_logits = D(torch.cat([real, fake])).chunk(2)
        return non_saturating_d(real_logits, fake_logits)

    return answer(loss=loss)(discriminator, real, fake, k, weight)


def of_single_images(discriminator, real, fake, k, weight):
    return one_backward(discriminator, real, fake, len(real), weight)


def gradients_put_back(discriminator, real, fake, k, weight):
    weights = list(discriminator.parameters())
    earlier = [p.grad for p in weights]
    discriminator.zero_grad()
    (loss_itself(discriminator, real, fake, k, weight)).backward()
    found = torch.cat([p.grad.flatten() for p in weights])
    for p, gradient in zip(weights, earlier):
        p.grad = gradient
    return found


EXERCISES = lesson_12
WRONG = {"discriminator_gradient": DISCRIMINATOR_GRADIENT}
RIGHT = [
    ("discriminator_gradient", function)
    for function in (
        answer(),
        one_backward,
        mean_of_losses,
        as_a_list,
        by_index,
        in_one_pass,
        of_single_images,
        gradients_put_back,
    )
]
