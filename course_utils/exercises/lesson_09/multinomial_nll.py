"""Exercise of lesson 09: the negative log-likelihood of what users chose, under one softmax over all items."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, Observation, altered
from course_utils.exercises.lesson_08.outcomes import hints_on_errors, observe_each
from course_utils.exercises.sentences import CUT_OFF

PROBES = {  # name: users, items
    "5 users and 7 items": (5, 7),
    "4 users and 4 items": (4, 4),  # as many, so that a wrong axis runs
    "1 user and 3 items": (1, 3),
}
SURE = "2 users and 6 items with logits of ±200"


def probes() -> dict[str, tuple[Tensor, Tensor]]:
    """Logits and counts (N, items) by name: counts above 1 as well, and a user who chose nothing."""
    noise = torch.Generator().manual_seed(0)
    made = {}
    for name, shape in PROBES.items():
        x = torch.randint(0, 4, shape, generator=noise).float()
        x[0, :2] = torch.tensor([2.0, 0.0])
        made[name] = (2 * torch.randn(shape, generator=noise), x)
    made["4 users and 4 items"][1][-1] = 0
    made[SURE] = (torch.tensor([[200.0, -200, 0, 0, 1, 2], [0, 200, 199, 0, -200, 0]]), torch.ones(2, 6))
    return {name: (logits.requires_grad_(), x) for name, (logits, x) in made.items()}


def observe_multinomial_nll(function) -> Observation:
    """Nats of each user, and their gradient at the logits, for batches of several sizes."""
    return observe_each(function, probes(), "the nats", {"the logits": 0})


def of_items(logits: Tensor) -> Tensor:
    """The logarithm of each item's probability (N, items)."""
    return logits.log_softmax(1)


def each_choice(log_p: Tensor, x: Tensor) -> Tensor:
    """An item counts as often as it was chosen."""
    return log_p * x


def nll_with(logits, x, *, log_p=of_items, weigh=each_choice, total=lambda terms: -terms.sum(1)) -> Tensor:
    """The nats with one thing changed."""
    return total(weigh(log_p(logits), x))


def multinomial_nll(logits: Tensor, x: Tensor) -> Tensor:
    return nll_with(logits, x)


def own_sigmoids(logits: Tensor, x: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)


def with_small_number(logits: Tensor, small: float) -> Tensor:
    return (logits.softmax(1) + small).log()


def orders(x: Tensor) -> Tensor:
    """The logarithm of the number of orders in which the same items could have been chosen: (N,)."""
    return torch.lgamma(x.sum(1) + 1) - torch.lgamma(x + 1).sum(1)


USERS = "the softmax runs over the users, axis 0: the items share the probability, axis 1."
BATCH = "this is one number for the batch: each user has its own nats, so sum over the items alone."
PER_CHOICE = "this is the mean nats of a choice: a user who chose more pays for each choice, so do not divide."
UNDERFLOW = (
    "right for ordinary logits, wrong for logits of ±200: a probability has rounded to 0 before the logarithm. "
    "`log_softmax` works on the logits themselves."
)
OTHER_LOGARITHMS = {  # instead of `of_items`
    lambda logits: logits.log_softmax(0): USERS,
    lambda logits: logits - logits.logsumexp((0, 1)): (
        "all users share one softmax here: each user's own items have probabilities that sum to 1."
    ),
    F.logsigmoid: (
        "each item has a sigmoid of its own here: the items compete for one probability, so take the softmax."
    ),
    lambda logits: logits.softmax(1): "these are probabilities: nats need their logarithm, `log_softmax`.",
    lambda logits: (
        logits
    ): "logits are no log-probabilities yet: subtract `logsumexp` over the items, or `log_softmax`.",
    lambda logits: logits.softmax(1).log_softmax(1): (
        "the softmax is taken twice: `log_softmax` and `cross_entropy` want logits, not probabilities."
    ),
    lambda logits: logits.log_softmax(1) / math.log(2): "these are bits: nats have the natural logarithm.",
    lambda logits: logits.softmax(1).log(): UNDERFLOW,
    lambda logits: (logits.exp() / logits.exp().sum(1, keepdim=True)).log(): UNDERFLOW,
} | {
    altered(with_small_number, small=10.0**-digits): (
        "a small number inside the logarithm hides an infinity: `log_softmax` needs none, for it works on the logits."
    )
    for digits in range(5, 13)
}
OTHER_WEIGHTS = {  # instead of `each_choice`
    lambda log_p, x: log_p * (x > 0): (
        "an item that was chosen three times counts once here: multiply by the count itself."
    ),
    lambda log_p, x: log_p * (x == 0): "these are the items *not* chosen: multiply by the counts.",
    lambda log_p, x: log_p * (1 - x): "these are the items *not* chosen: multiply by the counts.",
    lambda log_p, x: log_p: "`x` plays no part: only what a user chose is paid for, as often as it was chosen.",
    lambda log_p, x: log_p * x / x.sum(1, keepdim=True): PER_CHOICE,
    lambda log_p, x: log_p * x / x.sum(1, keepdim=True).clamp_min(1): PER_CHOICE,
    lambda log_p, x: log_p.gather(1, x.argmax(1, keepdim=True)): (
        "only one item of each user counts, as with labels: sum over all that were chosen."
    ),
}
OTHER_TOTALS = {
    lambda terms: terms.sum(1): "the sign is turned: the log-likelihood is below 0, and its negative is the cost.",
    lambda terms: -terms.mean(1): "this is the mean over the items: a user pays for all choices, so take the sum.",
    lambda terms: -terms.sum(): BATCH,
    lambda terms: -terms.sum(1).mean(): BATCH,
    lambda terms: -terms.mean(): BATCH,
    lambda terms: -terms.sum(0): "the sum runs over the users, axis 0: sum over the items, axis 1.",
    lambda terms: -terms: "these are nats of each item, (N, items): a user's are their sum.",
    lambda terms: -terms.sum(1, keepdim=True): "there is an axis too many: the nats have the shape (N,).",
    lambda terms: -terms.sum(1).squeeze(): (
        "right for several users, but one alone loses its axis: leave out `squeeze`."
    ),
    lambda terms: -terms.sum(1).detach(): CUT_OFF,
}

check_multinomial_nll = Exercise(
    multinomial_nll,
    observe_multinomial_nll,
    {altered(nll_with, log_p=log_p): sentence for log_p, sentence in OTHER_LOGARITHMS.items()}
    | {altered(nll_with, weigh=weigh): sentence for weigh, sentence in OTHER_WEIGHTS.items()}
    | {altered(nll_with, total=total): sentence for total, sentence in OTHER_TOTALS.items()}
    | {
        own_sigmoids: (
            "this is the Bernoulli likelihood, a yes or no for each item: the items compete in one softmax here."
        ),
        lambda logits, x: logits.logsumexp(1) - (logits * x).sum(1): (
            "`logsumexp` is subtracted once: each choice needs it, so it counts `x.sum(1)` times."
        ),
        lambda logits, x: multinomial_nll(logits, x) - orders(x): (
            "this counts the orders in which the same items could come: that constant is left out here."
        ),
    },
    hints=hints_on_errors((*PROBES, SURE))
    | {f"the nats for {SURE}": UNDERFLOW, f"the gradient at the logits for {SURE}": UNDERFLOW},
)
