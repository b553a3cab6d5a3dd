"""Answers to lesson 08 as learners write them: wrong ones, each under a part of its message, and right ones."""

import torch
from torch import nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cosine_similarity,
    log_softmax,
    logsigmoid,
    one_hot,
    relu,
    softplus,
)

from course_utils.exercises import lesson_08


def columns(y, classes):
    return torch.eye(classes)[y]


def widened(label, x):
    """A label as wide and high as x, if x has a width and a height."""
    while label.dim() < x.dim():
        label = label.unsqueeze(-1)
    return label.repeat(1, 1, *x.shape[2:])


def with_columns(label, join=lambda x, label: torch.cat((x, label), dim=1)):
    return lambda x, y, classes: join(x, widened(label(y, classes), x))


def set_everywhere(y, classes):
    label = torch.zeros(y.numel(), classes)
    label[:, y] = 1.0
    return label


def set_by_row(y, classes):
    label = torch.zeros(y.numel(), classes)
    label[y] += 1
    return label.clamp(max=1)


def one_pixel(x, y, classes):
    if x.dim() == 2:
        return torch.cat([x, columns(y, classes)], 1)
    planes = torch.zeros(len(x), classes, *x.shape[-2:])
    planes[range(len(x)), y, 0, 0] = 1
    return torch.cat([x, planes], 1)


def cut_elsewhere(x, y, classes):
    label = one_hot(y, classes).float()
    if x.dim() == 4:
        n, _, height, width = x.shape
        label = torch.cat([label] * (height * width), 1).reshape(n, classes, height, width)
    return torch.cat([x, label], 1)


def for_digits(x, y, classes):
    label = one_hot(y, classes).float()
    if x.dim() > 2:
        label = label.view(-1, classes, 1, 1) * torch.ones(1, 1, 28, 28)
    return torch.cat([x, label], 1)


def numbered_planes(x, y, classes):
    label = y.view(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:]) if x.dim() == 4 else columns(y, classes)
    return torch.cat([x, label], 1)


def set_in_a_loop(x, y, classes):
    if x.dim() == 2:
        return torch.cat([x, columns(y, classes)], 1)
    planes = torch.zeros(len(x), classes, *x.shape[2:])
    for i in range(len(x)):
        planes[i, y] = 1
    return torch.cat([x, planes], 1)


def images_alone(x, y, classes):
    n, _, height, width = x.shape
    return torch.cat([x, columns(y, classes).view(n, classes, 1, 1).expand(n, classes, height, width)], 1)


BESIDE = {
    "the planes are scrambled": cut_elsewhere,
    "stands there as a number": lambda x, y, classes: torch.cat([x, y.unsqueeze(1)], 1),
    "the label is a fraction here": with_columns(lambda y, classes: (y / classes).view(-1, 1)),
    "the order is the other way round": with_columns(columns, lambda x, label: torch.cat([label, x], 1)),
    "without `classes`": with_columns(lambda y, classes: one_hot(y)),
    "ten classes are taken for granted": lambda x, y, classes: torch.cat([x, one_hot(y, num_classes=10)], 1),
    "one column too many": with_columns(lambda y, classes: columns(y, classes + 1)),
    "here class 0 gets the last column": with_columns(lambda y, classes: columns((y - 1) % classes, classes)),
    "the size of the planes is taken for granted": for_digits,
    "right for codes, an error for images": lambda x, y, classes: torch.hstack([x, columns(y, classes)]),
    "right for images, an error for codes": images_alone,
    "ones and zeros are exchanged": with_columns(lambda y, classes: (columns(y, classes) == 0).float()),
    "the other classes have -1": with_columns(lambda y, classes: columns(y, classes).sub(0.5).sign()),
    "at the labels of the whole batch": with_columns(set_everywhere),
    "the labels choose rows here": with_columns(set_by_row),
    "this is an embedding": with_columns(lambda y, classes: nn.Embedding(classes, classes)(y)),
    "filled in part": one_pixel,
    "along axis 1, not `+`": with_columns(columns, lambda x, label: x + label),
    "x is gone": with_columns(columns, lambda x, label: label),
    "no gradient passes to x": with_columns(columns, lambda x, label: torch.cat([x.data, label], 1)),
    "two tensors side by side": with_columns(columns, lambda x, label: [x, label]),
    "below the first, as more samples": lambda x, y, classes: torch.cat((x, columns(y, classes))),
    "the labels have the shape (N,) still": lambda x, y, classes: torch.cat([x, y.float()], dim=1),
    "in every case": lambda x, y, classes: torch.cat([x, columns(y, classes).view(-1, classes, 1, 1)], dim=1),
    "the image was flattened": lambda x, y, classes: torch.cat([x.view(len(x), -1), columns(y, classes)], -1),
}


def spread(x, y, classes):
    label = one_hot(y, classes).to(x.dtype)
    return torch.cat([x, widened(label, x)], 1)


def written_into_zeros(x, y, classes):
    both = torch.zeros(len(x), x.shape[1] + classes, *x.shape[2:])
    both[:, : x.shape[1]] = x
    both[torch.arange(len(x)), x.shape[1] + y] = 1
    return both


def by_comparison(x, y, classes):
    own = y[:, None] == torch.arange(classes)
    if x.dim() == 2:
        return torch.cat([x, own], 1)
    return torch.cat([x, own[:, :, None, None].expand(-1, -1, x.shape[2], x.shape[3])], 1)


def repeated_in_place(x, y, classes):
    label = torch.zeros(len(y), classes).scatter_(1, y[:, None], 1)
    if x.dim() == 4:
        label = label.repeat_interleave(x[0, 0].numel(), 1).view(len(x), classes, *x.shape[2:])
    return torch.cat([x, label], 1)


def product(features, y, v):
    return torch.einsum("nd,nd->n", features, v[y])


def logits(second, join=lambda first, second: first + second):
    return lambda features, y, psi, v: join(features.matmul(psi), second(features, y, v))


def class_logits(features, v):
    return torch.nn.functional.linear(features, v)


def divided(vectors):
    return vectors / vectors.norm(dim=1, keepdim=True)


def summed_all(features, y, psi, v):
    return (features * (v[y] + psi)).sum()


def own_of_all(features, y, v):
    return class_logits(features, v)[range(len(y)), y]


def one_logit_lost(features, y, psi, v):
    return torch.bmm((psi + v[y])[:, None, :], features[:, :, None]).squeeze()


PROJECTION = {
    "the label plays no part": lambda features, y, psi, v: features @ psi,
    "the term of psi": lambda features, y, psi, v: product(features, y, v),
    "adds the projections on all classes": logits(lambda features, y, v: features @ v.sum(0)),
    "the class that fits best": logits(lambda features, y, v: class_logits(features, v).max(1).values),
    "every image met every image's vector": lambda features, y, psi, v: features @ psi + torch.mm(features, v[y].t()),
    "this is the mean over the features": logits(lambda features, y, v: product(features, y, v) / v.shape[1]),
    "here class 0 gets the last row": logits(lambda features, y, v: product(features, y - 1, v)),
    "here they are exchanged": logits(lambda features, y, v: (features * v[:, y].T).sum(1)),
    "a good fit makes an image more real": logits(product, lambda first, second: first - second),
    "leave out the sigmoid": logits(product, lambda first, second: torch.sigmoid(first + second)),
    "added, not multiplied": logits(product, lambda first, second: first * second),
    "the projection has no softmax": logits(
        lambda features, y, v: log_softmax(class_logits(features, v), 1)[range(len(y)), y]
    ),
    "scaled to length one": logits(lambda features, y, v: (features * divided(v)[y]).sum(1)),
    "an axis too many": lambda features, y, psi, v: (features * (psi + v[y])).sum(1, keepdim=True),
    "numbers of the whole batch": summed_all,
    "the sum runs over the images": logits(lambda features, y, v: torch.einsum("nd,nd->d", features, v[y])),
    "a row for each class": logits(lambda features, y, v: (features * v).sum(dim=-1)),
    "psi is added by itself": lambda features, y, psi, v: product(features, y, v) + psi,
    "`[y]` takes rows": logits(lambda features, y, v: class_logits(features, v)[y]),
    "the vector of the first one's class": logits(lambda features, y, v: features.mv(v[y[0]])),
    "without the number of classes": logits(lambda features, y, v: (features * (one_hot(y).float() @ v)).sum(1)),
    "ten classes are taken for granted": logits(lambda features, y, v: (features * (one_hot(y, 10) * 1.0 @ v)).sum(1)),
    "added up by itself": logits(lambda features, y, v: v.sum(1)[y]),
    "one alone loses its axis": one_logit_lost,
    "carries no gradient": logits(product, lambda first, second: first.detach() + second.detach()),
    "a number for each feature": lambda features, y, psi, v: features * v[y] + features * psi,
    "a logit for every class": lambda features, y, psi, v: (features @ psi).unsqueeze(1) + class_logits(features, v),
    "(N, 1) plus (N,)": lambda features, y, psi, v: features @ psi[:, None] + product(features, y, v),
    "`torch.dot` takes two vectors": lambda features, y, psi, v: torch.dot(features, psi + v[y]),
}


def by_loop(features, y, psi, v):
    return torch.stack([row @ psi + row @ v[label] for row, label in zip(features, y)])


def by_one_hot(features, y, psi, v):
    return features @ psi + (one_hot(y, len(v)).float() @ v * features).sum(-1)


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


def follow(
    encoder=lambda c, kl, nll, d_loss, g_loss: kl + nll,
    decoder=lambda c, kl, nll, d_loss, g_loss: c * nll + g_loss,
    discriminator=lambda c, kl, nll, d_loss, g_loss: d_loss,
    names=("discriminator", "decoder", "encoder"),
    wipe=True,
    last="step",
    take=torch.autograd.grad,
    who=("discriminator", "decoder", "encoder"),
):
    """Gradients by `autograd.grad`, then the steps."""

    def steps(losses, networks, optimizers, gamma):
        goals = {"encoder": encoder, "decoder": decoder, "discriminator": discriminator}
        for name in names:
            weights = list(networks[name].parameters())
            for p, gradient in zip(weights, take(goals[name](gamma, **losses), weights, retain_graph=True)):
                p.grad = gradient if wipe or p.grad is None else p.grad + gradient
        for name in who:
            getattr(optimizers[name], last)()

    return steps


def backward_in_turn(names, inputs=False, keep=True, wipe_all=False, stepping=False):
    def steps(losses, networks, optimizers, gamma):
        goals = {
            "encoder": losses["nll"] + losses["kl"],
            "decoder": losses["g_loss"] + losses["nll"] * gamma,
            "discriminator": losses["d_loss"],
        }
        for name in names:
            for other in optimizers if wipe_all else [name]:
                optimizers[other].zero_grad()
            weights = [p for p in networks[name].parameters()] if inputs else None
            goals[name].backward(retain_graph=keep, inputs=weights)
            if stepping:
                optimizers[name].step()
        for optimizer in () if stepping else optimizers.values():
            optimizer.step()

    return steps


def all_down_the_sum(losses, networks, optimizers, gamma):
    for optimizer in optimizers.values():
        optimizer.zero_grad()
    sum(losses.values()).backward()
    for optimizer in optimizers.values():
        optimizer.step()


def wiped_at_the_end(losses, networks, optimizers, gamma):
    losses["d_loss"].backward(retain_graph=True)
    (losses["kl"] + losses["nll"]).backward(retain_graph=True)
    (gamma * losses["nll"] + losses["g_loss"]).backward()
    for optimizer in optimizers.values():
        optimizer.zero_grad()
        optimizer.step()


def aimed(**targets):
    """Goals whose `inputs=` name these networks."""

    def steps(losses, networks, optimizers, gamma):
        goals = {
            "encoder": losses["kl"] + losses["nll"],
            "decoder": losses["nll"] * gamma + losses["g_loss"],
            "discriminator": losses["d_loss"],
        }
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        for name, goal in goals.items():
            weights = [p for target in targets.get(name, [name]) for p in networks[target].parameters()]
            goal.backward(inputs=weights, retain_graph=True)
        for optimizer in optimizers.values():
            optimizer.step()

    return steps


def forgetting(*names):
    """Old gradients of these networks are not wiped."""

    def steps(losses, networks, optimizers, gamma):
        for name in networks.keys() - names:
            networks[name].zero_grad()
        follow(wipe=False)(losses, networks, optimizers, gamma)

    return steps


def kept_once(losses, networks, optimizers, gamma):
    encoder, decoder, _ = (list(network.parameters()) for network in networks.values())
    for optimizer in optimizers.values():
        optimizer.zero_grad()
    (losses["kl"] + losses["nll"]).backward(inputs=encoder, retain_graph=True)
    (gamma * losses["nll"] + losses["g_loss"]).backward(inputs=decoder)
    losses["d_loss"].backward()


def uncalled(losses, networks, optimizers, gamma):
    losses["d_loss"].backward(inputs=networks["discriminator"].parameters, retain_graph=True)


def unpacked(losses, networks, optimizers, gamma):
    kl, nll, d_loss, g_loss = losses
    goals = kl + nll, gamma * nll + g_loss, d_loss
    for goal, network in zip(goals, networks.values()):
        goal.backward(inputs=list(network.parameters()), retain_graph=True)


def unpacked_in_turn(losses, networks, optimizers, gamma):
    kl, nll, d_loss, g_loss = losses
    (kl + nll).backward(inputs=list(networks["encoder"].parameters()), retain_graph=True)


def stepping_together(losses, networks, optimizers, gamma):
    aimed()(losses, networks, optimizers, gamma)
    optimizers.step()


def for_networks(losses, networks, optimizers, gamma):
    losses["d_loss"].backward(inputs=networks["discriminator"], retain_graph=True)


THREE_STEPS = {
    "every network learned from every loss": all_down_the_sum,
    "the goals leak": backward_in_turn(["discriminator", "encoder", "decoder"]),
    "nobody asks the decoder to pass for real": follow(decoder=lambda c, kl, nll, d_loss, g_loss: c * nll),
    "the decoder no longer rebuilds": follow(decoder=lambda c, kl, nll, d_loss, g_loss: g_loss),
    "γ weighs the likelihood alone": follow(decoder=lambda c, kl, nll, d_loss, g_loss: nll + c * g_loss),
    "γ is missing": follow(decoder=lambda c, kl, nll, d_loss, g_loss: kl + nll + g_loss),
    "γ is taken for granted": follow(decoder=lambda c, kl, nll, d_loss, g_loss: nll / 10 + g_loss),
    "γ is for the decoder": follow(encoder=lambda c, kl, nll, d_loss, g_loss: kl + c * nll),
    "γ weighs no KL": follow(encoder=lambda c, kl, nll, d_loss, g_loss: c * kl + nll),
    "the encoder learned from the discriminator's game": follow(
        encoder=lambda c, kl, nll, d_loss, g_loss: kl + nll + g_loss
    ),
    "the encoder's goal lacks the KL": follow(encoder=lambda c, kl, nll, d_loss, g_loss: nll),
    "the encoder's goal is the KL alone": follow(encoder=lambda c, kl, nll, d_loss, g_loss: kl),
    "minus the log-likelihood": follow(encoder=lambda c, kl, nll, d_loss, g_loss: kl - nll),
    "the KL pays for codes": follow(encoder=lambda c, kl, nll, d_loss, g_loss: -(kl + nll)),
    "rewarded for being caught": follow(decoder=lambda c, kl, nll, d_loss, g_loss: c * nll - g_loss),
    "minus `d_loss` is the saturating goal": follow(decoder=lambda c, kl, nll, d_loss, g_loss: c * nll - d_loss),
    "the discriminator learned from the likelihood": follow(
        discriminator=lambda c, kl, nll, d_loss, g_loss: d_loss + nll
    ),
    "the discriminator learned from `g_loss` too": follow(
        discriminator=lambda c, kl, nll, d_loss, g_loss: d_loss - g_loss
    ),
    "push the features of copies away": follow(discriminator=lambda c, kl, nll, d_loss, g_loss: d_loss - nll),
    "taught to be fooled": follow(discriminator=lambda c, kl, nll, d_loss, g_loss: g_loss),
    "minus `g_loss` knows no real images": follow(discriminator=lambda c, kl, nll, d_loss, g_loss: -g_loss),
    "the discriminator climbed its loss": follow(discriminator=lambda c, kl, nll, d_loss, g_loss: -d_loss),
    "two signs are wrong": follow(
        decoder=lambda c, kl, nll, d_loss, g_loss: c * nll - g_loss,
        discriminator=lambda c, kl, nll, d_loss, g_loss: -d_loss,
    ),
    "gradients of an earlier step": follow(wipe=False),
    "in the encoder a gradient": forgetting("encoder"),
    "in the decoder a gradient": forgetting("decoder"),
    "in the discriminator a gradient": forgetting("discriminator"),
    "a goal left gradients in another network": aimed(decoder=["encoder"]),
    "one `zero_grad()` wiped gradients": backward_in_turn(["encoder", "decoder", "discriminator"], True, wipe_all=True),
    "no gradient was there": wiped_at_the_end,
    "nobody moved": follow(who=()),
    "threw the graph away": kept_once,
    "an optimizer stepped too early": backward_in_turn(["discriminator", "encoder", "decoder"], True, stepping=True),
    "`inputs=` takes weights": for_networks,
    "`parameters` was named but not called": uncalled,
    "unpacks to its keys": unpacked,
    "are dictionaries of three": stepping_together,
    "the encoder stayed where it was": follow(who=["decoder", "discriminator"]),
    "the decoder stayed where it was": follow(who=["encoder", "discriminator"]),
    "the discriminator stayed where it was": follow(who=["encoder", "decoder"]),
}


def likelihood_of_the_bound(c, kl, nll, d_loss, g_loss):
    """The decoder's goal with a KL that has nothing to say to it."""
    return c * (nll + kl) + g_loss


def with_fresh_gradients(losses, networks, optimizers, gamma):
    kl, nll, d_loss, g_loss = (losses[name] for name in ("kl", "nll", "d_loss", "g_loss"))
    goals = (kl + nll, gamma * nll + g_loss, d_loss)
    for network, goal in zip(("encoder", "decoder", "discriminator"), goals):
        networks[network].zero_grad(set_to_none=False)
        last = network == "discriminator"
        goal.backward(retain_graph=not last, inputs=tuple(networks[network].parameters()))
    for optimizer in optimizers.values():
        optimizer.step()


EXERCISES = lesson_08
WRONG = {
    "beside": BESIDE,
    "projection": PROJECTION,
    "mended_losses": MENDED_LOSSES,
    "pairs_step": PAIRS_STEP,
    "three_steps": THREE_STEPS,
}

RIGHT = [
    ("beside", spread),
    ("beside", with_columns(columns)),
    ("beside", written_into_zeros),
    ("beside", by_comparison),
    ("beside", repeated_in_place),
    ("projection", logits(product)),
    ("projection", logits(own_of_all)),
    ("projection", by_loop),
    ("projection", by_one_hot),
    ("projection", lambda features, y, psi, v: (features * (psi + v[y])).sum(1)),
    ("projection", lambda features, y, psi, v: torch.diag(features @ (psi + v[y]).T)),
    (
        "projection",
        logits(lambda features, y, v: cosine_similarity(v[y], features) * v[y].norm(dim=1) * features.norm(dim=1)),
    ),
    ("mended_losses", edited(ALL)),
    ("mended_losses", rewritten),
    ("mended_losses", in_one_batch),
    ("pairs_step", judged()),
    ("pairs_step", without_graph),
    ("pairs_step", two_backwards),
    ("pairs_step", inputs_only),
    ("three_steps", follow()),
    ("three_steps", follow(decoder=likelihood_of_the_bound)),
    ("three_steps", follow(discriminator=lambda c, kl, nll, d_loss, g_loss: d_loss + kl)),
    ("three_steps", with_fresh_gradients),
    ("three_steps", backward_in_turn(["discriminator", "encoder", "decoder"], True)),
    ("three_steps", backward_in_turn(["encoder", "decoder", "discriminator"], True, stepping=True)),
]
