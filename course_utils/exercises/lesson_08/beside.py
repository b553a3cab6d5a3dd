"""Exercise 1 of lesson 08, first function: the one-hot label beside a code or an image."""

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, Observation, altered
from course_utils.exercises.lesson_08.outcomes import hints_on_errors, observe_each

PROBES = {  # name: shape of x, labels, classes; every batch lacks the last class
    "codes x of shape (5, 3)": ((5, 3), (1, 0, 2, 2, 1), 4),
    "images x of shape (6, 2, 5, 7)": ((6, 2, 5, 7), (2, 0, 1, 4, 3, 1), 6),
    "images x of shape (3, 1, 28, 28)": ((3, 1, 28, 28), (2, 0, 1), 4),
}


def observe_beside(function) -> Observation:
    """What comes for codes, for images that are no squares and for digits, and whether gradients pass to x."""
    noise = torch.Generator().manual_seed(0)
    probes = {
        name: (torch.randn(shape, generator=noise).requires_grad_(), torch.tensor(labels), classes)
        for name, (shape, labels, classes) in PROBES.items()
    }
    return observe_each(function, probes, "x and its label", {"x": 0})


def one_hot_of(y: Tensor, classes: int) -> Tensor:
    """Labels (N,) to rows with a one at the class: (N, classes)."""
    return F.one_hot(y, classes).float()


def number(y: Tensor, classes: int) -> Tensor:
    """Labels (N,) as one column of numbers: (N, 1)."""
    return y[:, None].float()


def filled(label: Tensor, x: Tensor) -> Tensor:
    """Rows (N, k) as they are beside codes, as planes (N, k, H, W) beside images."""
    return label.view(*label.shape, *[1] * (x.dim() - 2)).expand(-1, -1, *x.shape[2:])


def of_28_pixels(label: Tensor, x: Tensor) -> Tensor:
    return label[:, :, None, None].expand(-1, -1, 28, 28)


def in_the_corner(label: Tensor, x: Tensor) -> Tensor:
    """Planes that are filled at one pixel."""
    planes = torch.zeros_like(filled(label, x))
    planes[:, :, :1, :1] = filled(label, x)[:, :, :1, :1]
    return planes


def in_one_line(label: Tensor, x: Tensor, axis: int) -> Tensor:
    """Planes that are filled along one row, or one column."""
    planes = torch.zeros_like(filled(label, x))
    planes.narrow(axis, 0, 1).copy_(filled(label, x).narrow(axis, 0, 1))
    return planes


def scrambled(label: Tensor, x: Tensor) -> Tensor:
    """Planes of rows that were put behind each other and cut elsewhere."""
    return label.repeat(1, x[0, 0].numel()).view(*label.shape, *x.shape[2:])


def scrambled_over_samples(label: Tensor, x: Tensor) -> Tensor:
    return label.repeat(x[0, 0].numel(), 1).view(*label.shape, *x.shape[2:])


def along_axis_1(x: Tensor, label: Tensor) -> Tensor:
    return torch.cat([x, label], 1)


def beside_with(x: Tensor, y: Tensor, classes: int, *, label=one_hot_of, shape=filled, join=along_axis_1) -> Tensor:
    """x and its label with one thing changed."""
    return join(x, shape(label(y, classes), x))


def beside(x: Tensor, y: Tensor, classes: int) -> Tensor:
    return beside_with(x, y, classes)


def refused(x: Tensor, y: Tensor, classes: int) -> Tensor:
    raise ValueError("not this kind of x")


def by_kind(codes, images):
    """One answer for codes, another one for images."""
    return lambda x, y, classes: (images if x.dim() == 4 else codes)(x, y, classes)


def in_images(**change) -> list:
    """One thing changed for images, where codes come out right, or with an error."""
    return [by_kind(codes, altered(beside_with, **change)) for codes in (beside, refused)]


def anywhere(**change) -> list:
    """One thing changed for codes and images, or for one of them."""
    changed = altered(beside_with, **change)
    return [changed, by_kind(changed, refused), *in_images(**change)]


def flattened(x: Tensor, y: Tensor, classes: int) -> Tensor:
    return torch.cat([x.flatten(1), one_hot_of(y, classes)], 1)


def ones_of_all(y: Tensor, classes: int) -> Tensor:
    """What `one_hot[:, y] = 1` makes."""
    rows = torch.zeros(len(y), classes)
    rows[:, y] = 1
    return rows


def ones_in_rows(y: Tensor, classes: int) -> Tensor:
    """What `one_hot[y] = 1` makes."""
    rows = torch.zeros(len(y), classes)
    rows[y] = 1
    return rows


FRACTION = "the label is a fraction here, as if classes had an order: give each class a column of its own."
OTHER_LABELS = {  # instead of `one_hot_of`
    number: (
        "the label stands there as a number, as if class 8 were twice class 4: give each class a column (or a plane) "
        "of its own."
    ),
    lambda y, classes: number(y, classes) / classes: FRACTION,
    lambda y, classes: number(y, classes) / (classes - 1): FRACTION,
    lambda y, classes: number(y, classes) / 10: FRACTION,
    lambda y, classes: number(y, classes) / 9: FRACTION,
    lambda y, classes: F.one_hot(y).float(): (
        "without `classes`, `one_hot` makes as many columns as the largest label of this batch needs: the width must "
        "not depend on the batch."
    ),
    lambda y, classes: one_hot_of(y, 10): "ten classes are taken for granted: take `classes` from the arguments.",
    lambda y, classes: one_hot_of(y, classes + 1): (
        "there is one column too many: labels count from 0, so that `classes` columns are enough."
    ),
    lambda y, classes: torch.eye(classes)[y - 1]: (
        "labels count from 0 and are column numbers as they are: here class 0 gets the last column."
    ),
    lambda y, classes: 1 - one_hot_of(y, classes): "ones and zeros are exchanged: the own class has the one.",
    lambda y, classes: 2 * one_hot_of(y, classes) - 1: "the other classes have -1 here: they should have 0.",
    ones_of_all: (
        "every sample gets ones at the labels of the whole batch, as `[:, y]` sets them: `[torch.arange(len(y)), y]` "
        "pairs each row with its own label."
    ),
    ones_in_rows: "the labels choose rows here, and rows are samples: they should choose columns.",
    lambda y, classes: torch.nn.Embedding(classes, classes)(y).detach(): (
        "this is an embedding, whose weights are drawn anew at every call: a one-hot label has no weights."
    ),
}
HALF_FILLED = "the plane of the own class is filled in part: each of its pixels is 1."
SCRAMBLED = (
    "the planes are scrambled: `repeat` puts whole rows behind each other, and `view` cuts them elsewhere. Make "
    "(N, classes, 1, 1) first, then `expand`."
)
GRANTED = "the size of the planes is taken for granted: take height and width from `x.shape`."
OTHER_PLANES = {  # instead of `filled`
    scrambled: SCRAMBLED,
    scrambled_over_samples: SCRAMBLED,
    in_the_corner: HALF_FILLED,
    partial(in_one_line, axis=2): HALF_FILLED,
    partial(in_one_line, axis=3): HALF_FILLED,
    of_28_pixels: GRANTED,
}
TWO_TENSORS = "these are two tensors side by side: `torch.cat` makes one of them, along axis 1."
OTHER_JOINS = {  # instead of `along_axis_1`
    lambda x, label: torch.cat([label, x], 1): "the order is the other way round: first x, then the label.",
    lambda x, label: label: "x is gone: the label comes beside it, not in its place.",
    lambda x, label: torch.cat([x.detach(), label], 1): (
        "no gradient passes to x any more, so that a generator or encoder before it could not learn: leave out "
        "`.detach()`, `.data` and `no_grad`."
    ),
    torch.add: "the label is added to x here: to stand beside it is `torch.cat` along axis 1, not `+`.",
    lambda x, label: (x, label): TWO_TENSORS,
    lambda x, label: [x, label]: TWO_TENSORS,
}

check_beside = Exercise(
    beside,
    observe_beside,
    {answer: sentence for label, sentence in OTHER_LABELS.items() for answer in anywhere(label=label)}
    | {answer: sentence for join, sentence in OTHER_JOINS.items() for answer in anywhere(join=join)}
    | {answer: sentence for planes, sentence in OTHER_PLANES.items() for answer in in_images(shape=planes)}
    | {
        by_kind(beside, refused): (
            "right for codes, an error for images: there the label is planes, (N, classes, H, W), and channels are "
            "axis 1."
        ),
        by_kind(refused, beside): (
            "right for images, an error for codes: they have no height and no width, and neither has their label."
        ),
        lambda x, y, classes: torch.cat([x, one_hot_of(y, classes)], 0): (
            "without an axis, `torch.cat` puts the second tensor below the first, as more samples: columns and "
            "channels are axis 1."
        ),
        lambda x, y, classes: torch.cat([x, y], 1): (
            "the labels have the shape (N,) still: `F.one_hot(y, classes)` makes (N, classes) of it."
        ),
        lambda x, y, classes: torch.cat([x, one_hot_of(y, classes)[:, :, None, None]], 1): (
            "the label has the shape (N, classes, 1, 1) in every case: codes need (N, classes), and images "
            "(N, classes, H, W), to which `expand` brings it."
        ),
        flattened: "the image was flattened: it stays an image, and its label becomes planes beside its channels.",
    },
    hints=hints_on_errors(PROBES),
)
