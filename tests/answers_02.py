"""Answers to the exercises of lesson 02: wrong ones under a part of the message that each must get, and right ones."""

import torch
from torch.nn.functional import binary_cross_entropy, logsigmoid, softplus
from torch.nn.functional import binary_cross_entropy_with_logits as BCE

from course_utils.exercises import lesson_02


def half_where_nan(answers):
    return torch.where(answers.isnan(), 0.5, answers)


BEST_DISCRIMINATORS = {
    "but nan where both densities are 0": lambda p, q: torch.div(p, p + q),
    "this is q / (p + q), the probability that the sample is generated": lambda p, q: half_where_nan(q / (q + p)),
    "two things": lambda p, q: 1 - p / (p + q),
    "these are odds, p / q, which can exceed 1": lambda p, q: torch.where((p == 0) & (q == 0), 0.5, p / q),
    "these are odds, p / q, cut off at 1": lambda p, q: half_where_nan(p / q).clamp(max=1),
    'which means "surely generated"': lambda p, q: torch.nan_to_num(p / (p + q)),
    'which means "surely real"': lambda p, q: torch.where(p + q == 0, 1.0, p / (p + q)),
    "a small number in the denominator": lambda p, q: p / (1e-8 + p + q),
    "small numbers above and below": lambda p, q: (p + 1e-8) / ((p + 1e-8) + (q + 1e-8)),
    "the logit of the answer": lambda p, q: p.log() - q.log(),
    "leave out the log": lambda p, q: p.log() - (p + q).log(),
    "this is the sigmoid of p - q": lambda p, q: 1 / (1 + torch.exp(q - p)),
    "compares p with the mean": lambda p, q: p / torch.stack([p, q]).mean(0),
    "this is the best guess": lambda p, q: torch.where(p > q, 1.0, 0.0),
    "summed over all places": lambda p, q: p / (p.sum() + q.sum()),
    "wherever one of the two is 0": lambda p, q: torch.where(p * q == 0, 0.5, p / (p + q)),
    "the density of real samples itself": lambda p, q: p * 1,
}

NON_SATURATING = {
    "the squared distance from the labels": lambda a: torch.nn.MSELoss()(a, torch.ones_like(a)),
    "the discriminator's hinge loss": lambda a: torch.clamp(1 - a, min=0).mean(),
    "this is minus the mean output": lambda a: -torch.mean(a),
    "this is half the loss": lambda a: softplus(-a).mean() / 2,
    "label smoothing is for the discriminator": lambda a: BCE(a, 0.9 * torch.ones_like(a)),
    "this is the saturating loss": lambda a: logsigmoid(-a).mean(),
    "the sign is wrong": lambda a: logsigmoid(a).mean(),
    "the discriminator's term": lambda a: BCE(a, torch.zeros_like(a)),
    "takes the logarithm of D": lambda a: -torch.sigmoid(a).log().mean(),
    "a small number inside the logarithm": lambda a: -torch.log(1e-8 + torch.sigmoid(a)).mean(),
    "this goes through probabilities": lambda a: binary_cross_entropy(torch.sigmoid(a), torch.ones_like(a)),
    "this is the sum over the batch": lambda a: BCE(a, torch.ones_like(a), reduction="sum"),
    "one number per sample": lambda a: BCE(a, torch.ones_like(a), reduction="none"),
    "the mean was taken before the logarithm": lambda a: -logsigmoid(a.mean()),
    "logarithm of the mean probability": lambda a: -torch.sigmoid(a).mean().log(),
    "the logarithm is missing": lambda a: -torch.sigmoid(a).mean(),
    "the sigmoid is applied twice": lambda a: -logsigmoid(torch.sigmoid(a)).mean(),
    "the logits are taken for probabilities": lambda a: -a.log().mean(),
    "carries no gradient": lambda a: torch.tensor(softplus(-a).mean().item()),
}


def in_turn(x, y, lr):
    x -= lr * y
    y += lr * x
    return x, y


def in_turn_y_first(x, y, lr):
    y += lr * x
    x -= lr * y
    return x, y


def roles_swapped(x, y, lr):
    dx, dy = y, x
    return x + lr * dx, y - lr * dy


GAME_STEPS = {
    "y moved by the new x": in_turn,
    "x moved by the new y": in_turn_y_first,
    "both players go downhill": lambda x, y, lr: (x - lr * y, y - lr * x),
    "both players go uphill": lambda x, y, lr: (x + lr * y, y + lr * x),
    "the two roles are swapped": roles_swapped,
    "in the wrong order": lambda x, y, lr: (y + lr * x, x - lr * y),
    "each player follows its own number": lambda x, y, lr: (x * (1 - lr), y * (1 + lr)),
    "this steps by the value xy": lambda x, y, lr: (x - lr * (x * y), y + lr * (x * y)),
    "this uses the lesson's `LR`": lambda x, y, lr: (x - 0.1 * y, y + 0.1 * x),
    "half of y is taken off": lambda x, y, lr: (x - lr * y, y + lr * (x - y / 2)),
    "the learning rate is missing": lambda x, y, lr: (x - y, x + y),
    "these are the steps alone": lambda x, y, lr: (-y * lr, x * lr),
    "only x moved": lambda x, y, lr: (x - y * lr, y),
    "only y moved": lambda x, y, lr: (x, y + x * lr),
}

EXERCISES = lesson_02
WRONG = {
    "best_discriminator": BEST_DISCRIMINATORS,
    "non_saturating_loss": NON_SATURATING,
    "game_step": GAME_STEPS,
}


def by_loop(p, q):
    return torch.tensor([0.5 if a + b == 0 else a / (a + b) for a, b in zip(p.tolist(), q.tolist())])


def by_mask(p, q):
    answers = torch.full_like(p, 0.5)
    somewhere = (p > 0) | (q > 0)
    answers[somewhere] = p[somewhere] / (p + q)[somewhere]
    return answers


def by_logit(p, q):
    return torch.sigmoid(torch.nan_to_num(p.log() - q.log(), nan=0.0, posinf=torch.inf, neginf=-torch.inf))


def by_autograd(x, y, lr):
    x, y = torch.tensor(x, requires_grad=True), torch.tensor(y, requires_grad=True)
    (x * y).backward()
    return (x - lr * x.grad).item(), (y + lr * y.grad).item()


def by_names(x, y, lr):
    new_x = x - lr * y
    new_y = y + lr * x
    return [new_x, new_y]


RIGHT = [
    ("best_discriminator", lambda p, q: half_where_nan(p / (p + q))),
    ("best_discriminator", lambda p, q: torch.where(p + q > 0, p / (p + q), 0.5)),
    ("best_discriminator", lambda p, q: half_where_nan(1 / (1 + q / p))),
    ("best_discriminator", lambda p, q: half_where_nan(1 - q / (p + q))),
    ("best_discriminator", by_loop),
    ("best_discriminator", by_mask),
    ("best_discriminator", by_logit),
    ("non_saturating_loss", lambda a: softplus(-a).mean()),
    ("non_saturating_loss", lambda a: -logsigmoid(a).mean()),
    ("non_saturating_loss", lambda a: BCE(a, torch.ones_like(a))),
    ("game_step", by_autograd),
    ("game_step", by_names),
    ("game_step", lambda x, y, lr: torch.tensor([x - lr * y, y + lr * x])),
]
