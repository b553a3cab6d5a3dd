"""Answers to lesson 08 as learners write them: wrong ones, each under a part of its message, and right ones."""

import torch
from torch import nn
from torch.nn.functional import one_hot

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


EXERCISES = lesson_08
WRONG = {"beside": BESIDE}
RIGHT = [
    ("beside", spread),
    ("beside", with_columns(columns)),
    ("beside", written_into_zeros),
    ("beside", by_comparison),
    ("beside", repeated_in_place),
]
