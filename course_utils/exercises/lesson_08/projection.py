"""Exercise 1 of lesson 08, second function: the logits of a projection discriminator."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, Observation, altered
from course_utils.exercises.lesson_08.outcomes import hints_on_errors, observe_each
from course_utils.exercises.sentences import CUT_OFF

PROBES = {  # name: labels, number of features, classes
    "5 images of 3 features and 4 classes": ((1, 2, 0, 2, 1), 3, 4),  # without the last class
    "7 images of 4 features and 4 classes": ((2, 0, 3, 1, 1, 2, 0), 4, 4),  # as many, so that a wrong axis runs
    "1 image of 2 features and 3 classes": ((1,), 2, 3),
}


def observe_projection(function) -> Observation:
    """Logits, and their gradients at the features and at both weights, for batches of several sizes."""
    noise = torch.Generator().manual_seed(0)
    probes = {}
    for name, (labels, features, classes) in PROBES.items():
        inputs = [torch.randn(shape, generator=noise) for shape in ((len(labels), features), features)]
        v = torch.randn(classes, features, generator=noise)
        seen, psi = (each.requires_grad_() for each in inputs)
        probes[name] = (seen, torch.tensor(labels), psi, v.requires_grad_())
    return observe_each(function, probes, "the logits", {"the features": 0, "psi": 2, "v": 3})


def is_real(features: Tensor, psi: Tensor) -> Tensor:
    return features @ psi


def fits(features: Tensor, y: Tensor, v: Tensor) -> Tensor:
    return (v[y] * features).sum(1)


def projection_with(features, y, psi, v, *, real=is_real, fit=fits, join=torch.add) -> Tensor:
    """The logits with one thing changed."""
    return join(real(features, psi), fit(features, y, v))


def projection(features: Tensor, y: Tensor, psi: Tensor, v: Tensor) -> Tensor:
    return projection_with(features, y, psi, v)


def own(all_classes: Tensor, y: Tensor) -> Tensor:
    """Of (N, classes) the entry of the own class: (N,)."""
    return all_classes.gather(1, y[:, None]).squeeze(1)


MEAN = "this is the mean over the features: an inner product is their sum."
SOFTMAX = "this is a probability of the class, as an auxiliary classifier gives it: the projection has no softmax."
LENGTH = "the vectors are scaled to length one: the inner product keeps their lengths."
PAIRS = "every image met every image's vector: multiply row by row, and sum over axis 1."
BATCH = "these are numbers of the whole batch: each image has its own logit, so sum over the features alone."
EACH_CLASS = "`features @ v.T` is a logit for every class, (N, classes): take that of each image's own class."
EACH_FEATURE = "this is a number for each feature, (N, d): a logit is their sum."
EXCHANGED = "rows of `v` belong to classes, columns to features: here they are exchanged."
EACH_WITH_EACH = "(N, 1) plus (N,) is (N, N), each with each: both terms need the shape (N,)."
ROWS = "`v` has a row for each class, and `features` one for each image: `v[y]` has the row of each image's class."
DOT = (
    "`torch.dot` takes two vectors, and here are N pairs of them: multiply element by element, and sum over the "
    "features."
)
ALONE = "psi is added by itself: it meets the features first, in `features @ psi`."
OTHER_REALS = {  # instead of `is_real`
    lambda features, psi: psi: ALONE,
    lambda features, psi: psi.sum(): ALONE,
    lambda features, psi: features * psi: EACH_FEATURE,
    lambda features, psi: (features * psi).sum(): BATCH,
    lambda features, psi: (features * psi).sum(1, keepdim=True): EACH_WITH_EACH,
    torch.dot: DOT,
}
OTHER_FITS = {  # instead of `fits`
    lambda features, y, v: (features @ v.T).sum(1): (
        "this adds the projections on all classes: take the row of the own class, `v[y]`."
    ),
    lambda features, y, v: (features @ v.T).amax(1): (
        "this takes the class that fits best: what counts is the class that was asked for."
    ),
    lambda features, y, v: features @ v.T: EACH_CLASS,
    lambda features, y, v: (features @ v.T)[y]: (
        "`[y]` takes rows, which are images here: `v[y]` takes rows of `v`, one for each image."
    ),
    lambda features, y, v: (features @ v.T).gather(1, y[:, None]): EACH_WITH_EACH,
    lambda features, y, v: features @ v[y].T: PAIRS,
    lambda features, y, v: v[y] @ features.T: PAIRS,
    lambda features, y, v: (features @ v[y].T).sum(1): PAIRS,
    lambda features, y, v: (v[y] * features).mean(1): MEAN,
    lambda features, y, v: fits(features, y - 1, v): (
        "labels count from 0 and are row numbers as they are: here class 0 gets the last row of `v`."
    ),
    lambda features, y, v: features @ v[y[0]]: (
        "all images met the vector of the first one's class: `v[y]` has a row for each image."
    ),
    lambda features, y, v: (v.T[y] * features).sum(1): EXCHANGED,
    lambda features, y, v: (v[:, y] * features).sum(1): EXCHANGED,
    lambda features, y, v: (F.one_hot(y).float() @ v * features).sum(1): (
        "without the number of classes, `one_hot` makes as many columns as the largest label of this batch needs: give "
        "it `len(v)` too."
    ),
    lambda features, y, v: F.one_hot(y, 10).float() @ v: "ten classes are taken for granted: `len(v)` is their number.",
    lambda features, y, v: own((features @ v.T).log_softmax(1), y): SOFTMAX,
    lambda features, y, v: own((features @ v.T).softmax(1), y): SOFTMAX,
    lambda features, y, v: F.cosine_similarity(v[y], features): LENGTH,
    lambda features, y, v: fits(features, y, F.normalize(v)): LENGTH,
    lambda features, y, v: v[y].sum(1): (
        "the vector of the class is added up by itself: it meets the features first, product by product."
    ),
    lambda features, y, v: v[y] * features: EACH_FEATURE,
    lambda features, y, v: (v[y] * features).sum(): BATCH,
    lambda features, y, v: (v[y] * features).sum(0): (
        "the sum runs over the images, axis 0: it should run over the features, axis 1."
    ),
    lambda features, y, v: torch.dot(v[y], features): DOT,
    lambda features, y, v: (v * features).sum(1): ROWS,
    lambda features, y, v: (v[: len(y)] * features).sum(1): ROWS,
}

check_projection = Exercise(
    projection,
    observe_projection,
    {altered(projection_with, real=real): sentence for real, sentence in OTHER_REALS.items()}
    | {
        altered(projection_with, fit=fit, join=join): sentence
        for fit, sentence in OTHER_FITS.items()
        for join in (torch.add, lambda real, fit: fit + real)  # an error names the sizes in their order
    }
    | {
        altered(projection_with, join=lambda real, fit: real): (
            "the label plays no part: add the projection on the vector of its class."
        ),
        altered(projection_with, join=lambda real, fit: fit): (
            "this says only how well an image fits its class: the term of psi, for *real* in general, is missing."
        ),
        altered(projection_with, join=torch.sub): "the projection is added: a good fit makes an image more real.",
        altered(projection_with, join=torch.mul): "the two terms are added, not multiplied.",
        altered(projection_with, join=lambda real, fit: (real + fit).sigmoid()): (
            "these are probabilities: D gives logits, so leave out the sigmoid."
        ),
        altered(projection_with, join=lambda real, fit: (real + fit)[:, None]): (
            "there is an axis too many: logits have the shape (N,)."
        ),
        altered(projection_with, join=lambda real, fit: (real + fit).squeeze()): (
            "right for several images, but one alone loses its axis: `squeeze(1)` takes away axis 1 only."
        ),
        altered(projection_with, join=lambda real, fit: (real + fit).mean()): BATCH,
        altered(projection_with, join=lambda real, fit: (real + fit).sum()): BATCH,
        altered(projection_with, join=lambda real, fit: (real + fit).detach()): CUT_OFF,
        lambda features, y, psi, v: (psi + v[y]) * features: EACH_FEATURE,
        lambda features, y, psi, v: (features @ psi)[:, None] + v[y] * features: EACH_FEATURE,
        lambda features, y, psi, v: (features @ psi)[:, None] + features @ v.T: EACH_CLASS,
        lambda features, y, psi, v: features @ (psi + v).T: EACH_CLASS,
        lambda features, y, psi, v: ((psi + v[y]) * features).mean(1): MEAN,
    },
    hints=hints_on_errors(PROBES),
)
