"""Exercise of lesson 12: the gradient of the mean over all images, from processes with batches of unequal sizes."""

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, altered, value

VECTORS = "the gradient of 4 weights from 3 processes"
FILTERS = "the gradient of 3 × 5 weights from 3 processes"
SQUARE = "the gradient of 5 weights from 5 processes"
PROBES = {  # the shape of all gradients, and the sizes of the batches
    VECTORS: ((3, 4), (16, 10, 3)),
    FILTERS: ((3, 3, 5), (7, 31, 12)),
    SQUARE: ((5, 5), (8, 8, 9, 2, 21)),
}


def observe_average_gradients(function) -> Observation:
    """Averages of gradients with one axis and with two; where there are 5 weights and 5 processes no axis is safe."""
    noise = torch.Generator().manual_seed(3)
    probes = {name: (torch.randn(shape, generator=noise), torch.tensor(n)) for name, (shape, n) in PROBES.items()}
    return {name: array_or_value(function(*probe)) for name, probe in probes.items()}


def array_or_value(result) -> Tensor | str:
    """What came out; an array of NumPy is as good as a tensor."""
    return value(torch.as_tensor(result) if isinstance(result, np.ndarray) else result)


def share(sizes: Tensor) -> Tensor:
    """The share of all images that each process has."""
    return sizes / sizes.sum()


def along_first(weight: Tensor, gradients: Tensor) -> Tensor:
    """Each gradient times the weight of its process: (k,) and (k, ...) to (k, ...)."""
    return weight.view(-1, *[1] * (gradients.dim() - 1)) * gradients


def total(weighted: Tensor) -> Tensor:
    return weighted.sum(0)


def mean(weighted: Tensor) -> Tensor:
    return weighted.mean(0)


def average_with(gradients, sizes, *, weight=share, apply=along_first, join=total) -> Tensor:
    """The average with one thing changed."""
    return join(apply(weight(sizes), gradients))


def average_gradients(gradients: Tensor, sizes: Tensor) -> Tensor:
    return average_with(gradients, sizes)


def images(sizes: Tensor) -> Tensor:
    return sizes


def inverse(sizes: Tensor) -> Tensor:
    return (1 / sizes) / (1 / sizes).sum()


def of_roots(sizes: Tensor) -> Tensor:
    return sizes.sqrt() / sizes.sqrt().sum()


def in_place(gradients, sizes):
    sizes /= sizes.sum()
    return along_first(sizes, gradients).sum(0)


ALIKE = (
    "each process counts alike, whatever its batch, so that an image in a small batch weighs more than one in a large "
    "batch: weigh each gradient by its share of all images."
)
SUM = "the gradients are added up, and the sizes play no part: weigh each gradient by its share of all images."
NOT_DIVIDED = (
    "this is the gradient of the *sum* of the losses of all images: divide by their number, `sizes.sum()`, for their "
    "mean."
)
BY_PROCESSES = "the weighted sum is divided by the number of processes: divide it by the number of *images*."
TWICE = (
    "this divides twice, by all images and by the number of processes: shares add up to 1 already, so take the sum, "
    "not the mean."
)
MEANS_ALREADY = (
    "each gradient is that of a mean already, so there is no batch size left to divide it by: multiply by the size to "
    "get back to a sum over images."
)
TURNED = "small batches weigh more than large ones here: a weight is the size over the sum of sizes, not the inverse."
ROOTS = (
    "the weights are roots of the sizes: images count alike only if a gradient weighs as much as its batch is large."
)
INTEGERS = (
    "the weights are rounded to whole numbers, and a share rounds to 0 or 1: divide with `/`, which keeps fractions."
)
LARGEST = "the sizes are divided by one of themselves: shares are the sizes over their *sum*."
ONE_OF_THEM = "only one of the processes is heard: each has images that the others have not."
WRONG_AXIS = (
    "the sizes (k,) meet the last axis of the gradients (k, ...), which has nothing to do with processes: give them "
    "the axes that they lack, as in `sizes.view(-1, 1, 1)` for gradients (k, H, W)."
)
FEW_AXES = (
    "right for gradients (k, P), wrong for others: `sizes[:, None]` and `@` fit two axes alone. Flatten the gradients "
    "first, or let `torch.einsum` or `torch.tensordot` find the first axis."
)
ONE_SHAPE = (
    "right for gradients (k, H, W), wrong for others: `sizes[:, None, None]` fits three axes alone. Let `torch.einsum` "
    "find the first axis, or flatten the gradients first."
)
DTYPE = "the sizes are whole numbers, and this product wants numbers of one kind: `sizes.float()`, or divide first."
IN_PLACE = "a tensor of whole numbers cannot hold shares: write `sizes = sizes / ...` for `sizes /= ...`."
ALL_ADDED = "the weights of the network are added up as well: sum over the processes alone, `sum(0)`."

MISTAKES = {
    lambda g, n: g.mean(0): ALIKE,
    lambda g, n: g.sum(0): SUM,
    altered(average_with, weight=images): NOT_DIVIDED,
    altered(average_with, weight=images, join=mean): BY_PROCESSES,
    altered(average_with, join=mean): TWICE,
    lambda g, n: g.sum(0) / n.sum(): MEANS_ALREADY,
    lambda g, n: g.mean(0) / n.sum(): MEANS_ALREADY,
    altered(average_with, weight=lambda n: 1 / n): MEANS_ALREADY,
    altered(average_with, weight=lambda n: 1 / n, join=mean): MEANS_ALREADY,
    altered(average_with, weight=inverse): TURNED,
    altered(average_with, weight=lambda n: n.sum() / n): TURNED,
    altered(average_with, weight=lambda n: n.sum() / n, join=mean): TURNED,
    altered(average_with, weight=lambda n: 1 - share(n)): TURNED,
    altered(average_with, weight=lambda n: 1 - share(n), join=mean): TURNED,
    altered(average_with, weight=lambda n: (1 - share(n)) / (len(n) - 1)): TURNED,
    altered(average_with, weight=of_roots): ROOTS,
    altered(average_with, weight=lambda n: share(n).sqrt()): ROOTS,
    altered(average_with, weight=lambda n: share(n).sqrt(), join=mean): ROOTS,
    altered(average_with, weight=lambda n: n.sqrt()): ROOTS,
    altered(average_with, weight=lambda n: n.sqrt() / n.sum()): ROOTS,
    altered(average_with, weight=lambda n: n // n.sum()): INTEGERS,
    altered(average_with, weight=lambda n: share(n).round()): INTEGERS,
    altered(average_with, weight=lambda n: n // n.min()): INTEGERS,
    altered(average_with, weight=lambda n: n / n.max()): LARGEST,
    altered(average_with, weight=lambda n: n / n.max(), join=mean): LARGEST,
    altered(average_with, weight=lambda n: n / n.min()): LARGEST,
    altered(average_with, weight=lambda n: n / n.min(), join=mean): LARGEST,
    altered(average_with, weight=lambda n: n / n[0]): LARGEST,
    altered(average_with, weight=lambda n: n / n[0], join=mean): LARGEST,
    altered(average_with, weight=lambda n: n / n.float().mean()): (
        "the weights are the sizes over their *mean*, and add up to k: divide by their sum, or take the mean at the "
        "end."
    ),
    altered(average_with, weight=lambda n: n**2 / (n**2).sum()): (
        "the sizes are squared, so that large batches weigh more than their share: multiply by the size once."
    ),
    altered(average_with, weight=lambda n: n.double().softmax(0)): (
        "`softmax` makes the largest batch count nearly alone: shares are the sizes over their sum."
    ),
    lambda g, n: g[n.argmax()]: ONE_OF_THEM,
    lambda g, n: g[0]: ONE_OF_THEM,
    lambda g, n: g[-1]: ONE_OF_THEM,
    lambda g, n: g.median(0).values: "this is the median over the processes: images are averaged, so take a mean.",
    lambda g, n: -average_gradients(g, n): "the sign is turned: this is the way down, and asked is the gradient.",
    altered(average_with, join=lambda weighted: weighted): (
        "the gradients are weighed but not added up: end in `.sum(0)`, the sum over the processes."
    ),
    altered(average_with, join=torch.sum): ALL_ADDED,
    altered(average_with, join=lambda weighted: weighted.flatten(1).sum(1)): ALL_ADDED,
    altered(average_with, join=lambda weighted: weighted.sum(-1)): ALL_ADDED,
    altered(average_with, apply=lambda w, g: w[:, None] * g): FEW_AXES,
    lambda g, n: (n[:, None] * g).sum(0) / n.sum(): FEW_AXES,
    lambda g, n: share(n) @ g: FEW_AXES,
    lambda g, n: torch.matmul(g.permute(*reversed(range(g.dim()))), share(n)): FEW_AXES,
    altered(average_with, apply=lambda w, g: w[:, None, None] * g): ONE_SHAPE,
    lambda g, n: torch.tensordot(n, g, dims=1) / n.sum(): DTYPE,
    lambda g, n: torch.einsum("k,k...->...", n, g) / n.sum(): DTYPE,
    lambda g, n: n @ g / n.sum(): DTYPE,
    in_place: IN_PLACE,
} | {  # the errors of a product differ by its order
    apply: WRONG_AXIS
    for apply in (
        lambda g, n: (n * g).sum(0) / n.sum(),
        lambda g, n: (g * n).sum(0) / n.sum(),
        lambda g, n: n.numpy() * g.numpy(),
        lambda g, n: g.numpy() * n.numpy(),
    )
}

check_average_gradients = Exercise(
    average_gradients,
    observe_average_gradients,
    MISTAKES,
    {
        FILTERS: (
            "right for gradients (k, P), wrong for (k, H, W): sizes need as many axes as the gradients, and the sum "
            "runs over the first one."
        ),
        SQUARE: "right for some shapes, wrong where there are as many weights as processes: look at which axes meet.",
    },
)
