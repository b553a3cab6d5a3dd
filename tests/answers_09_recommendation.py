"""Answers to lesson 09 as learners write them: wrong ones, each under a part of its message, and right ones."""

import math

import numpy as np
import torch
from sklearn.metrics import ndcg_score
from torch.nn import functional as F

from course_utils.exercises import lesson_09


def cost(logits, x):
    return -torch.sum(F.log_softmax(logits, dim=-1) * x, dim=-1)


def by_multinomial(logits, x):
    """With the constant of the multinomial distribution."""
    counts = [torch.distributions.Multinomial(int(row.sum()), logits=own) for row, own in zip(x, logits)]
    return -torch.stack([counted.log_prob(row) for counted, row in zip(counts, x)])


def by_labels(logits, x):
    return F.cross_entropy(logits, x.argmax(dim=1), reduction="none")


def of_not_chosen(logits, x):
    return -((1 - x) * F.log_softmax(logits, dim=1)).sum(dim=1)


MULTINOMIAL_NLL = {
    "runs over the users, axis 0: the items": lambda logits, x: -(torch.log_softmax(logits, 0) * x).sum(1),
    "all users share one softmax": lambda logits, x: -((logits - torch.logsumexp(logits.flatten(), 0)) * x).sum(1),
    "a sigmoid of its own": lambda logits, x: (F.softplus(-logits) * x).sum(1),
    "these are probabilities": lambda logits, x: -(torch.softmax(logits, 1) * x).sum(1),
    "no log-probabilities yet": lambda logits, x: -(logits * x).sum(1),
    "taken twice": lambda logits, x: cost(F.softmax(logits, 1), x),
    "these are bits": lambda logits, x: cost(logits, x) / math.log(2),
    "rounded to 0 before the logarithm": lambda logits, x: -(torch.log(F.softmax(logits, 1)) * x).sum(1),
    "a small number inside the logarithm": lambda logits, x: -(torch.log(logits.softmax(1) + 1e-8) * x).sum(1),
    "counts once": lambda logits, x: cost(logits, x.clamp(max=1)),
    "the items *not* chosen": of_not_chosen,
    "`x` plays no part": lambda logits, x: -F.log_softmax(logits, 1).sum(1),
    "the mean nats of a choice": lambda logits, x: cost(logits, x) / x.sum(1),
    "only one item of each user": by_labels,
    "the sign is turned": lambda logits, x: -cost(logits, x),
    "the mean over the items": lambda logits, x: -(F.log_softmax(logits, 1) * x).mean(1),
    "one number for the batch": lambda logits, x: F.cross_entropy(logits, x),
    "the sum runs over the users": lambda logits, x: -(F.log_softmax(logits, 1) * x).sum(0),
    "nats of each item": lambda logits, x: F.log_softmax(logits, 1) * -x,
    "an axis too many": lambda logits, x: cost(logits, x).unsqueeze(1),
    "one alone loses its axis": lambda logits, x: cost(logits, x).squeeze(),
    "carries no gradient": torch.no_grad()(cost),
    "the Bernoulli likelihood": lambda logits, x: (F.softplus(logits) - x * logits).sum(1),
    "subtracted once": lambda logits, x: torch.logsumexp(logits, 1) - (x * logits).sum(1),
    "counts the orders": by_multinomial,
}


def ranked(scores, hidden, seen, k, last=-math.inf):
    """Hidden items in the order in which a learner recommends: (N, k)."""
    order = torch.argsort(torch.where(seen == 1, last, scores), dim=1, descending=True)
    return torch.gather(hidden, 1, order[:, :k])


def summed(gains, log=torch.log2, shift=2):
    """DCG of gains (N, k)."""
    return (gains / log(torch.arange(gains.shape[1]) + float(shift))).sum(1)


def best(hidden, k):
    return hidden.sort(1, descending=True).values[:, :k]


def normalised(scores, hidden, seen, k, **how):
    return summed(ranked(scores, hidden, seen, k), **how) / summed(best(hidden, k), **how)


def with_dcg(dcg):
    """NDCG by another sum of gains."""
    return lambda scores, hidden, seen, k: dcg(ranked(scores, hidden, seen, k)) / dcg(best(hidden, k))


def with_ideal(ideal):
    """NDCG over another ideal."""
    return lambda scores, hidden, seen, k: summed(ranked(scores, hidden, seen, k)) / ideal(hidden, k)


def nothing_masked(scores, hidden, seen, k):
    return normalised(scores, hidden, torch.zeros_like(seen), k)


def masked_by_zero(scores, hidden, seen, k):
    return nothing_masked(torch.where(seen.bool(), 0.0, scores), hidden, seen, k)


def worst_first(scores, hidden, seen, k):
    order = scores.masked_fill(seen.bool(), -math.inf).sort(dim=1).indices[:, :k]
    return summed(hidden.gather(1, order)) / summed(best(hidden, k))


def users_sorted(scores, hidden, seen, k):
    order = scores.masked_fill(seen.bool(), -math.inf).sort(dim=0, descending=True).indices[:, :k]
    return summed(hidden.gather(1, order)) / summed(best(hidden, k))


def order_as_ranks(scores, hidden, seen, k):
    rank = scores.masked_fill(seen.bool(), -math.inf).argsort(1, descending=True) + 1
    gains = hidden / torch.log2(rank + 1.0)
    return torch.where(rank <= k, gains, 0.0).sum(1) / summed(best(hidden, k))


def of_found(scores, hidden, seen, k):
    gains = ranked(scores, hidden, seen, k)
    return summed(gains) / summed(gains.sort(1, descending=True).values)


def one_too_many(hidden, k):
    sums = torch.cumsum(1 / torch.log2(torch.arange(k) + 2.0), 0)
    return sums[hidden.sum(1).long().clamp(0, k - 1)]


def oldest(gains):
    return gains[:, 0] + (gains[:, 1:] / torch.arange(2, gains.shape[1] + 1).log2().clamp(min=1)).sum(1)


NDCG = {
    "seen items are on the list": nothing_masked,
    "the score 0": masked_by_zero,
    "lost one point": lambda scores, hidden, seen, k: nothing_masked(scores - seen, hidden, seen, k),
    "the list is full of seen items": worst_first,
    "the users were sorted": users_sorted,
    "as they lie": lambda scores, hidden, seen, k: summed(hidden[:, :k]) / summed(best(hidden, k)),
    "there is no discount": with_dcg(lambda gains: gains.sum(1)),
    "the ranks begin at 2": lambda *args: normalised(*args, shift=3),
    "the ranks begin at 0": lambda *args: normalised(*args, shift=1),
    "the discount is 1 / rank": with_dcg(lambda gains: (gains / torch.arange(1, gains.shape[1] + 1)).sum(1)),
    "later items count *more*": with_dcg(lambda gains: gains @ torch.log2(2.0 + torch.arange(gains.shape[1]))),
    "the first two items count the same": with_dcg(oldest),
    "not yet normalised": lambda *args: summed(ranked(*args)),
    "could never reach 1": with_ideal(lambda hidden, k: summed(torch.ones(1, k))),
    "longer than k": with_ideal(lambda hidden, k: summed(best(hidden, hidden.shape[1]))),
    "the *number* of hidden items": with_ideal(lambda hidden, k: hidden.sum(1)),
    "this divides by k": with_ideal(lambda hidden, k: k),
    "made of what was found": of_found,
    "one right item too many": with_ideal(one_too_many),
    "one number for the batch": lambda *args: normalised(*args).mean(),
    "an axis too many": lambda *args: normalised(*args).unsqueeze(-1),
    "`k` plays no part": lambda scores, hidden, seen, k: normalised(scores, hidden, seen, scores.shape[1]),
    "not the rank of each": order_as_ranks,
    "seen items count as found": lambda scores, hidden, seen, k: nothing_masked(scores, hidden + seen, seen, k),
}


def one_by_one(scores, hidden, seen, k):
    users = []
    for s, h, old in zip(scores.tolist(), hidden.tolist(), seen.tolist()):
        order = sorted((i for i in range(len(s)) if not old[i]), key=lambda i: -s[i])[:k]
        dcg = sum(h[i] / math.log2(rank + 1) for rank, i in enumerate(order, start=1))
        users.append(dcg / sum(1 / math.log2(rank + 1) for rank in range(1, min(k, int(sum(h))) + 1)))
    return torch.tensor(users)


def by_scikit_learn(scores, hidden, seen, k):
    kept = np.where(seen.numpy() > 0, -1e9, scores.numpy())
    return np_tensor([ndcg_score(h[None], s[None], k=k) for h, s in zip(hidden.numpy(), kept)])


def np_tensor(values):
    return torch.tensor(np.array(values))


def by_double_argsort(scores, hidden, seen, k):
    rank = (scores - seen * 1e9).argsort(1, descending=True).argsort(1) + 1
    return (hidden * (rank <= k) / torch.log2(rank + 1)).sum(1) / summed(best(hidden, k))


def user_by_user(logits, x):
    return torch.stack([F.cross_entropy(row[None], own[None]) for row, own in zip(logits, x)])


EXERCISES = lesson_09
WRONG = {"multinomial_nll": MULTINOMIAL_NLL, "ndcg": NDCG}
RIGHT = [
    ("multinomial_nll", cost),
    ("multinomial_nll", user_by_user),
    ("multinomial_nll", lambda logits, x: F.cross_entropy(logits, x, reduction="none")),
    ("multinomial_nll", lambda logits, x: x.sum(1) * logits.logsumexp(1) - (logits * x).sum(1)),
    ("multinomial_nll", lambda logits, x: -torch.einsum("ni,ni->n", x, logits - logits.logsumexp(1, keepdim=True))),
    ("ndcg", normalised),
    ("ndcg", lambda *args: normalised(*args, log=torch.log)),  # the base of the logarithm falls out
    ("ndcg", one_by_one),
    ("ndcg", by_double_argsort),
    ("ndcg", by_scikit_learn),
]
