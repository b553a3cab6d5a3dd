"""Exercise of lesson 12: images of a step, steps of an epoch and learning rate of a recipe on more machines."""

import math
from itertools import product

from course_utils.exercises.checker import Exercise, Observation, altered, several

NAMES = "per_step, steps, lr"
PROBES = (  # batch_size, accumulate, processes, images, base_batch, base_lr
    (16, 4, 2, 12_000, 32, 0.002),
    (10, 2, 3, 1_210, 25, 0.01),
    (8, 2, 4, 6_400, 256, 0.1),  # no step is left over, and the new batch is the smaller one
    (24, 3, 5, 50_000, 64, 0.05),
)


def observe_scaled_recipe(function) -> Observation:
    """The three numbers for larger and smaller batches, with and without a rest at the end of the epoch."""
    seen = {}
    for probe in PROBES:
        batch_size, accumulate, processes, images, base_batch, _ = probe
        case = f"for {processes} processes × {accumulate} × {batch_size}, {images:,} images and base_batch {base_batch}"
        seen |= {f"{name} {case}": part for name, part in zip(NAMES.split(", "), several(function(*probe), NAMES))}
    return seen


def all_images(batch_size: int, accumulate: int, processes: int) -> int:
    return batch_size * accumulate * processes


def epoch(images: int, per_step: int) -> int:
    return math.ceil(images / per_step)


def linear(base_lr: float, per_step: int, base_batch: int) -> float:
    return base_lr * per_step / base_batch


def recipe_with(batch_size, accumulate, processes, images, base_batch, base_lr, *, count=all_images, steps=epoch,
                rate=linear) -> tuple:  # fmt: skip
    """The recipe with something changed; what follows from the number of images follows from the changed one."""
    per_step = count(batch_size, accumulate, processes)
    return per_step, steps(images, per_step), rate(base_lr, per_step, base_batch)


def scaled_recipe(batch_size, accumulate, processes, images, base_batch, base_lr) -> tuple[int, int, float]:
    return recipe_with(batch_size, accumulate, processes, images, base_batch, base_lr)


ROUNDED_DOWN = (
    "the number of steps is rounded down or to the nearest: the images of the unfinished step would not be seen, so "
    "round *up*, `math.ceil`."
)
ROOT = "the learning rate grows with the root of the batch, a rule for Adam: asked is the linear rule of SGD."
WHOLE_RATIO = (
    "the ratio of the two batches is rounded to a whole number: divide with `/`, which keeps what `//` and `int` drop."
)
COUNTS = {  # how many images may be taken for those of a step
    lambda b, a, p: b: (
        "this is the batch of one process alone: all `processes` work at once, and each collects `accumulate` batches "
        "before the weights move."
    ),
    lambda b, a, p: b * p: (
        "`accumulate` is missing: the weights wait until each process has collected that many batches."
    ),
    lambda b, a, p: b * a: "`processes` is missing: their gradients are averaged, so the images of all of them count.",
    lambda b, a, p: a * p: "`batch_size` is missing: this counts batches, not images.",
    lambda b, a, p: b * (a + p): (
        "processes and accumulated batches are added: each process collects `accumulate` of them, so multiply."
    ),
    lambda b, a, p: b + a + p: "the three numbers are added: each process has `accumulate` batches of `batch_size`.",
    lambda b, a, p: b * p / a: (
        "accumulating makes a step larger, not smaller: multiply by `accumulate`. `batch_size` is what one process "
        "holds at a time."
    ),
    lambda b, a, p: b * p // a: (
        "accumulating makes a step larger, not smaller: multiply by `accumulate`. `batch_size` is what one process "
        "holds at a time."
    ),
    lambda b, a, p: b * a / p: (
        "the batch is divided among the processes: `batch_size` is what *each* of them takes, so multiply."
    ),
    lambda b, a, p: b // p * a: (
        "the batch is divided among the processes: `batch_size` is what *each* of them takes, so multiply."
    ),
    lambda b, a, p: b * a // p: (
        "the batch is divided among the processes: `batch_size` is what *each* of them takes, so multiply."
    ),
}
STEPS = {  # how many steps may be taken for an epoch
    lambda images, n: images // n: ROUNDED_DOWN,
    lambda images, n: round(images / n): ROUNDED_DOWN,
    lambda images, n: images / n: "the number of steps has a fraction, and there is no half step: round it up.",
    lambda images, n: images // n + 1: (
        "one step too many where nothing is left over: `math.ceil` adds one only if there is a rest."
    ),
    lambda images, n: math.ceil(images / n) + 1: "one step too many: rounding up has counted the unfinished one.",
    lambda images, n: images: "this is the number of images: a step sees `per_step` of them at once.",
    lambda images, n: n / images: "the number of steps is upside down: divide images by those of a step.",
    lambda images, n: images * n: "steps and images are multiplied: larger steps need fewer of them.",
}
RATES = {  # which learning rate may be taken for the linear rule's
    lambda lr, n, base: lr: "the learning rate is still that of the old batch: the linear rule makes it grow with it.",
    lambda lr, n, base: lr * base / n: (
        "the learning rate is scaled the wrong way: a mean over more images is less noisy, so the rule takes larger "
        "steps."
    ),
    lambda lr, n, base: lr * math.sqrt(n / base): ROOT,
    lambda lr, n, base: lr * math.sqrt(base / n): (
        "the learning rate shrinks with the root: the linear rule multiplies it by the new batch over the old one."
    ),
    lambda lr, n, base: lr * n: "the learning rate is not divided by the old batch: it grows with the *ratio* of both.",
    lambda lr, n, base: lr / base: "the learning rate is divided by the old batch, and the new one is missing.",
    lambda lr, n, base: n / base: "this is the factor by which the batch grew: multiply `base_lr` by it.",
    lambda lr, n, base: lr * (n // base): WHOLE_RATIO,
    lambda lr, n, base: lr * round(n / base): WHOLE_RATIO,
    lambda lr, n, base: lr * math.ceil(n / base): WHOLE_RATIO,
    lambda lr, n, base: lr * max(n / base, 1): (
        "the learning rate never falls: with a batch smaller than the old one, the rule makes it smaller, too."
    ),
    lambda lr, n, base: lr * (1 + n / base): "one is added to the ratio of the batches: the rate grows by the ratio.",
    lambda lr, n, base: lr + n / base: "the ratio of the batches is added to the learning rate: multiply.",
}
OWN_COUNT = {  # which batch the learning rate may follow although the images of a step are right
    lambda b, a, p: p: (
        "the learning rate grows with the number of processes alone: it follows the images of a *step*, accumulated "
        "batches too, over those of the old one."
    ),
    lambda b, a, p: a: (
        "the learning rate grows with `accumulate` alone: it follows the images of a *step* over those of the old one."
    ),
    lambda b, a, p: a * p: (
        "the learning rate grows with processes × accumulate, as if the old batch had been `batch_size`: it was "
        "`base_batch`."
    ),
}
SEVERAL_BATCHES = {  # as above, over base_batch
    lambda b, a, p: b: "the learning rate follows the batch of one process: it follows the images of a whole *step*.",
    lambda b, a, p: b * p: "the learning rate forgets `accumulate`: it follows all images of a step, `per_step`.",
    lambda b, a, p: b * a: "the learning rate forgets `processes`: it follows all images of a step, `per_step`.",
}


def mixed() -> dict:
    """All recipes with one or two of the known mistakes in different parts; of two the first is named."""
    answers = {}
    for count, steps, rate in product((all_images, *COUNTS), (epoch, *STEPS), (linear, *RATES)):
        sentences = [
            part[chosen] for part, chosen in ((COUNTS, count), (STEPS, steps), (RATES, rate)) if chosen in part
        ]
        if 1 <= len(sentences) <= 2:
            answers[altered(recipe_with, count=count, steps=steps, rate=rate)] = sentences[0]
    return answers


def own_rate(count, over):
    """The recipe whose learning rate follows another batch."""

    def recipe(b, a, p, images, base_batch, base_lr):
        per_step, steps, _ = scaled_recipe(b, a, p, images, base_batch, base_lr)
        return per_step, steps, base_lr * count(b, a, p) / over(base_batch)

    return recipe


def own_steps(count, count_for_rate=all_images):
    """The recipe whose epoch is counted in another batch, which the learning rate may follow, too."""

    def recipe(b, a, p, images, base_batch, base_lr):
        rate = linear(base_lr, count_for_rate(b, a, p), base_batch)
        return all_images(b, a, p), epoch(images, count(b, a, p)), rate

    return recipe


def other_count(count):
    """The recipe with another number of images in a step, from which nothing else follows."""
    return lambda b, a, p, *others: (count(b, a, p), *scaled_recipe(b, a, p, *others)[1:])


def stretched(b, a, p, images, base_batch, base_lr):
    per_step, steps, _ = scaled_recipe(b, a, p, images, base_batch, base_lr)
    return per_step, steps * per_step / base_batch, base_lr


def as_before(b, a, p, images, base_batch, base_lr):
    per_step, _, rate = scaled_recipe(b, a, p, images, base_batch, base_lr)
    return per_step, epoch(images, base_batch), rate


def of_old_batch(per_step, rate):
    """The recipe with the old batch where the new one belongs: in the count, and in the rate or not."""

    def recipe(b, a, p, images, base_batch, base_lr):
        count = per_step(base_batch, a, p)
        return count, epoch(images, count), linear(base_lr, rate(b, a, p, count), base_batch)

    return recipe


def turned(order):
    """The three numbers in another order."""
    return lambda *recipe: tuple(scaled_recipe(*recipe)[i] for i in order)


STEPS_OF_BATCHES = (
    "the steps are counted in batches: a batch moves nothing by itself, so divide the images by those of a whole "
    "*step*, `per_step`."
)

OLD_BATCH = (
    "`base_batch` stands where `batch_size` belongs: the recipe was tuned with the old batch, and each process now "
    "takes `batch_size` images at a time."
)

check_scaled_recipe = Exercise(
    scaled_recipe,
    observe_scaled_recipe,
    mixed()
    | {own_rate(count, lambda base: 1): sentence for count, sentence in OWN_COUNT.items()}
    | {own_rate(count, lambda base: base): sentence for count, sentence in SEVERAL_BATCHES.items()}
    | {own_rate(count, lambda base: 1): ROOT for count in (lambda b, a, p: p**0.5, lambda b, a, p: (a * p) ** 0.5)}
    | {own_steps(count): STEPS_OF_BATCHES for count in SEVERAL_BATCHES}
    | {own_steps(count, count): STEPS_OF_BATCHES for count in SEVERAL_BATCHES}
    | {other_count(count): COUNTS[count] for count in COUNTS}
    | {of_old_batch(per_step, lambda b, a, p, n: n): OLD_BATCH for per_step in (all_images, lambda base, a, p: base)}
    | {of_old_batch(all_images, lambda b, a, p, n: b * a * p): OLD_BATCH}
    | {
        stretched: (
            "the number of steps is scaled in place of the learning rate: an epoch is images over `per_step`, and the "
            "rate grows with the batch."
        ),
        as_before: (
            "the steps are those of the old batch: count how many of the new ones see each image, images over "
            "`per_step`."
        ),
    }
    | {
        turned(order): "the three numbers are in another order: return `per_step, steps, lr`."
        for order in ((1, 0, 2), (0, 2, 1), (2, 1, 0), (2, 0, 1), (1, 2, 0))
    },
)
