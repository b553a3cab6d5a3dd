"""Exercise 2 of lesson 06: the β that a loss of means and sums really uses."""

from itertools import product

from course_utils.exercises.checker import Exercise, Observation, several


def observe_betas(function) -> Observation:
    """The three numbers for data of two sizes; neither number of pixels is a multiple of the latent dimensions."""
    seen = {}
    for pixels, latent_dim, batch_size in ((784, 20, 64), (3072, 10, 100)):
        sizes = f"for {pixels} pixels, {latent_dim} latent dimensions and batches of {batch_size}"
        found = several(function(pixels, latent_dim, batch_size), "a, b, c")
        seen |= {f"({loss}) {sizes}": beta for loss, beta in zip("abc", found)}
    return seen


def betas(pixels: int, latent_dim: int, batch_size: int) -> tuple[float, float, float]:
    return pixels / latent_dim, pixels, pixels * batch_size


WHOLE = {  # answers with one mistake in all three numbers
    lambda p, d, n: (1, 1, 1): (
        "these are the weights that stand in the code: β is what the KL weighs once both terms are in nats for each "
        "image. A mean over pixels divides the likelihood, which makes the KL weigh more."
    ),
    lambda p, d, n: (d / p, 1 / p, 1 / (p * n)): (
        "these are upside down: dividing the likelihood by a number makes the KL weigh that many times more, not less."
    ),
    lambda p, d, n: (1 / d, 1, n): (
        "the pixels are missing everywhere: all three divide the likelihood by the pixels, as if the KL were "
        "multiplied by them."
    ),
    lambda p, d, n: (p / d, p * n, p): (
        "(b) and (c) have changed places: in (c) the KL is a sum over the batch too, in (b) it is not."
    ),
    lambda p, d, n: (p, p / d, p * n): (
        "(a) and (b) have changed places: in (a) the KL is a mean over the latent dimensions, in (b) their sum."
    ),
    lambda p, d, n: (p * n / d, p * n, p * n**2): (
        "the batch counts once too often: the mean over the batch belongs to the loss. Only in (c), where the KL is "
        "not divided by the batch and the likelihood is, does its size enter."
    ),
    lambda p, d, n: betas(784, 20, 64): (
        "these are the numbers for 784 pixels, 20 latent dimensions and batches of 64: compute them from the arguments."
    ),
    lambda p, d, n: (p // d, p, p * n): (
        "(a) is rounded to a whole number: 784 / 20 is 39.2, and `/` keeps what `//`, `int` and `round` drop."
    ),
    lambda p, d, n: (p / d, p * d, p * n * d): (
        "in (b) and (c) the latent dimensions do not enter: the sum over them is the KL itself, as it should be."
    ),
}
PARTS = (  # for each loss what it may be taken for; of several mistakes the first is named
    {
        lambda p, d, n: p: (
            "(a) is only half done: the KL is a mean too, over the latent dimensions, which makes it smaller."
        ),
        lambda p, d, n: p * d: (
            "(a): the mean over the latent dimensions divides the KL, so that it weighs less, not more."
        ),
        lambda p, d, n: 1: (
            "(a): two means do not cancel each other: one divides by the pixels, the other by the latent dimensions."
        ),
        lambda p, d, n: d / p: (
            "(a) is upside down: there are more pixels than latent dimensions, so the likelihood is divided by more."
        ),
        lambda p, d, n: 1 / d: (
            "(a): only the mean of the KL is counted here; the likelihood is a mean over the pixels too."
        ),
        lambda p, d, n: p * n / d: "(a): the batch does not enter: both terms are divided by its size.",
    },
    {
        lambda p, d, n: p / d: (
            "(b): nothing divides the KL by the latent dimensions: it is their sum, as it should be."
        ),
        lambda p, d, n: 1: ("(b): the KL is as it should be, but the likelihood is not: it is divided by the pixels."),
        lambda p, d, n: 1 / p: (
            "(b) is upside down: the likelihood is divided by the pixels, so the KL weighs more, not less."
        ),
        lambda p, d, n: p * d: (
            "(b): the latent dimensions do not enter: the sum over them is the KL itself, not a multiple of it."
        ),
        lambda p, d, n: p * n: "(b): the batch does not enter: both terms are means over it.",
    },
    {
        lambda p, d, n: p: "(c): the batch size is missing: the KL is a sum over the batch, the likelihood a mean.",
        lambda p, d, n: n: "(c): the pixels are missing: the likelihood is a mean over them as well as over the batch.",
        lambda p, d, n: p / n: "(c): the sum over the batch makes the KL larger, not smaller.",
        lambda p, d, n: p * n * d: (
            "(c): the latent dimensions do not enter: the sum over them is the KL itself, not a multiple of it."
        ),
        lambda p, d, n: 1: "(c): a sum against a mean is no balance: the mean divides by the pixels and the batch.",
        lambda p, d, n: 1 / (p * n): (
            "(c) is upside down: the likelihood is divided by pixels and batch, so the KL weighs more, not less."
        ),
    },
)


def mixed() -> dict:
    """All answers in which each number is right or one of the known mistakes."""
    right = [lambda p, d, n, loss=loss: betas(p, d, n)[loss] for loss in range(3)]
    answers = {}
    for chosen in product(*([formula, *part] for formula, part in zip(right, PARTS))):
        sentences = [part[formula] for formula, part in zip(chosen, PARTS) if formula in part]
        if sentences:
            answers[lambda p, d, n, chosen=chosen: tuple(formula(p, d, n) for formula in chosen)] = sentences[0]
    return answers


check_betas = Exercise(betas, observe_betas, WHOLE | mixed())
