"""Exercise of lesson 09: NDCG@k, how high a list of recommendations ranks what a user chose and nobody showed."""

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, altered
from course_utils.exercises.lesson_08.outcomes import hints_on_errors, observe_each

PROBES = {  # name: users, items, k
    "6 users, 16 items and k = 5": (6, 16, 5),
    "8 users, 8 items and k = 3": (8, 8, 3),  # as many, so that a wrong axis runs
    "1 user, 9 items and k = 4": (1, 9, 4),
}


def inputs(n: int, items: int, k: int) -> tuple[Tensor, Tensor, Tensor, int]:
    """Scores, hidden and seen choices (N, items), k: from 1 hidden item to more than k, scores of either sign."""
    noise = torch.Generator().manual_seed(items)
    seen, hidden = torch.zeros(2, n, items).unbind(0)
    for user in range(n):
        chosen = torch.randperm(items, generator=noise)
        number = 1 + user % (k + 1) if n > 1 else 2  # of hidden items
        hidden[user, chosen[:number]] = 1
        seen[user, chosen[number : number + k]] = 1  # a list of seen items alone is full
    scores = torch.randn(n, items, generator=noise) + 1.5 * seen + 0.5 * hidden - 1
    return scores, hidden, seen, k


def observe_ndcg(function) -> Observation:
    """NDCG of each user, for batches of several sizes."""
    return observe_each(function, {name: inputs(*sizes) for name, sizes in PROBES.items()}, "the NDCG", {})


def unseen(scores: Tensor, seen: Tensor) -> Tensor:
    """No item that was seen can be recommended."""
    return scores.masked_fill(seen > 0, -torch.inf)


def best_first(scores: Tensor, k: int) -> Tensor:
    """The k items to recommend: (N, k)."""
    return scores.topk(k, 1).indices


def by_rank(k: int) -> Tensor:
    return 1 / torch.arange(2.0, k + 2).log2()


def found(hidden: Tensor, listed: Tensor) -> Tensor:
    """1 where a listed item is a hidden one: (N, k)."""
    return hidden.gather(1, listed)


def most(discount: Tensor, hidden: Tensor, gains: Tensor) -> Tensor:
    """The sum of discounts if the hidden items came first: (N,)."""
    return discount.cumsum(0)[hidden.sum(1).clamp(max=len(discount)).long() - 1]


def ndcg_with(
    scores, hidden, seen, k, *, mask=unseen, order=best_first, discount=by_rank, gain=found, ideal=most, join=torch.div
) -> Tensor:
    """NDCG with one thing changed."""
    gains, weights = gain(hidden, order(mask(scores, seen), k)), discount(k)
    return join((gains * weights).sum(1), ideal(weights, hidden, gains))


def ndcg(scores: Tensor, hidden: Tensor, seen: Tensor, k: int) -> Tensor:
    return ndcg_with(scores, hidden, seen, k)


def by_argsort(scores: Tensor, hidden: Tensor, seen: Tensor, k: int) -> Tensor:
    """The order taken for the ranks."""
    ranks = unseen(scores, seen).argsort(1, descending=True)
    weights = (ranks < k) / (ranks + 2.0).log2()
    return (hidden * weights).sum(1) / most(by_rank(k), hidden, hidden)


def of_all_items(scores: Tensor, hidden: Tensor, seen: Tensor, k: int) -> Tensor:
    return ndcg(scores, hidden, seen, scores.shape[1])


def with_ideal_at_k(scores: Tensor, hidden: Tensor, seen: Tensor, k: int) -> Tensor:
    weights = by_rank(scores.shape[1])
    gains = found(hidden, best_first(unseen(scores, seen), scores.shape[1]))
    return (gains * weights).sum(1) / most(weights[:k], hidden, gains)


def with_unmasked_twin(scores: Tensor, hidden: Tensor, seen: Tensor, k: int) -> Tensor:
    """Seen items count as found."""
    return ndcg(scores, hidden + seen, torch.zeros_like(seen), k)


ZERO = "seen items got the score 0, and scores can be below that: give them `-torch.inf`."
OF_FOUND = "the best list was made of what was found: it has *all* hidden items up to k, also those that were missed."
ONLY_SEEN = (
    "the list is full of seen items: `-torch.inf` belongs where `seen` is 1, and the best come first, by `topk` or by "
    "`descending=True`."
)
AT_K = "`k` plays no part: only the first k items of the list are recommended."
RANKS = "the ranks begin at {} here: they begin at 1, so that the first item's discount is 1 / log2(2) = 1."
BATCH = "this is one number for the batch: each user has its own NDCG, (N,)."
OTHER_MASKS = {  # instead of `unseen`
    lambda scores, seen: scores: (
        "seen items are on the list: a user has them already, so mask their scores with `-torch.inf` first."
    ),
    lambda scores, seen: scores * (1 - seen): ZERO,
    lambda scores, seen: scores - seen: (
        "seen items lost one point, and the best of them are still on the list: give them `-torch.inf`."
    ),
    lambda scores, seen: scores.masked_fill(seen == 0, -torch.inf): ONLY_SEEN,
}
OTHER_ORDERS = {  # instead of `best_first`
    lambda scores, k: scores.topk(k, 1, largest=False).indices: ONLY_SEEN,
    lambda scores, k: scores.argsort(0, descending=True)[:, :k]: (
        "the users were sorted, axis 0: sort each user's items, axis 1."
    ),
    lambda scores, k: torch.arange(k).expand(len(scores), k): (
        "the first k columns are taken as they lie: the scores give the order."
    ),
}
OTHER_DISCOUNTS = {  # instead of `by_rank`
    torch.ones: "there is no discount: the item at rank r counts 1 / log2(r + 1).",
    lambda k: 1 / torch.arange(3.0, k + 3).log2(): RANKS.format(2),
    lambda k: 1 / torch.arange(1.0, k + 1).log2(): RANKS.format(0),
    lambda k: 1 / torch.arange(1.0, k + 1): "the discount is 1 / rank here: divide by log2(rank + 1) instead.",
    lambda k: torch.arange(2.0, k + 2).log2(): "later items count *more* here: divide by log2(rank + 1).",
    lambda k: 1 / torch.arange(1.0, k + 1).log2().clamp_min(1): (
        "the first two items count the same, as in the oldest definition: the discount is 1 / log2(rank + 1)."
    ),
}
OTHER_IDEALS = {  # instead of `most`
    lambda discount, hidden, gains: 1: (
        "this is DCG, not yet normalised: divide by what the best list of this user would get."
    ),
    lambda discount, hidden, gains: discount.sum(): (
        "the best list has k right items here: a user with fewer hidden ones could never reach 1."
    ),
    lambda discount, hidden, gains: by_rank(hidden.shape[1]).cumsum(0)[hidden.sum(1).long() - 1]: (
        "the best list is longer than k here: with more hidden items than k, a full list of k should get 1."
    ),
    lambda discount, hidden, gains: hidden.sum(1): (
        "this divides by the *number* of hidden items: the best list has discounts too, so divide by their sum."
    ),
    lambda discount, hidden, gains: len(discount): (
        "this divides by k: divide by the sum of discounts that the best list of this user would get."
    ),
    lambda discount, hidden, gains: (gains.sort(1, descending=True).values * discount).sum(1).clamp_min(1e-9): OF_FOUND,
    lambda discount, hidden, gains: discount.cumsum(0)[hidden.sum(1).clamp(max=len(discount) - 1).long()]: (
        "the best list has one right item too many: entry n of `cumsum` is the sum of n + 1 discounts."
    ),
}
OTHER_JOINS = {  # instead of the quotient
    lambda dcg, ideal: (dcg / ideal).mean(): BATCH,
    lambda dcg, ideal: (dcg / ideal).sum(): BATCH,
    lambda dcg, ideal: dcg.mean() / ideal.mean(): BATCH,
    lambda dcg, ideal: (dcg / ideal)[:, None]: "there is an axis too many: the result has the shape (N,).",
}

check_ndcg = Exercise(
    ndcg,
    observe_ndcg,
    {
        altered(ndcg_with, **{part: other}): sentence
        for part, others in {
            "mask": OTHER_MASKS,
            "order": OTHER_ORDERS,
            "discount": OTHER_DISCOUNTS,
            "ideal": OTHER_IDEALS,
            "join": OTHER_JOINS,
        }.items()
        for other, sentence in others.items()
    }
    | {
        altered(
            ndcg_with,
            ideal=lambda discount, hidden, gains: (gains.sort(1, descending=True).values * discount).sum(1),
        ): OF_FOUND,
        of_all_items: AT_K,
        with_ideal_at_k: AT_K,
        by_argsort: (
            "`argsort` says which item comes first, second, …, not the rank of each: gather `hidden` in that order."
        ),
        with_unmasked_twin: "seen items count as found here: only hidden ones do, and seen ones leave the list.",
    },
    hints=hints_on_errors(PROBES),
)
