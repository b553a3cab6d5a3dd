"""Answers to lesson 08 as learners write them: wrong ones, each under a part of its message, and right ones."""

import torch
from torch.nn.functional import cosine_similarity, log_softmax, one_hot

from course_utils.exercises import lesson_08


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


EXERCISES = lesson_08
WRONG = {"projection": PROJECTION}
RIGHT = [
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
]
