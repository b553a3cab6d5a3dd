"""Answers to lesson 11's exercise on membership: wrong ones under a part of their message, and right ones."""

import math

import numpy as np
import torch

from course_utils.exercises import lesson_11


def known(originals, member):
    """All images of originals of which a member exists."""
    return torch.isin(originals, originals[member])


def cut(theirs, mine, at):
    return theirs.sort().values[int(at * len(theirs))]


def answer(others=lambda o, m: ~known(o, m), members=lambda o, m: m, threshold=cut, below=True, give=None):
    """The attack as a learner writes it, with one thing changed."""

    def attack(losses, originals, member, at):
        theirs, mine = losses[others(originals, member)], losses[members(originals, member)]
        t = threshold(theirs, mine, at)
        if give:
            return give(losses, originals, member, t)
        return ((mine < t) == below).float().mean()

    return attack


def strangers(originals, member):
    return ~known(originals, member)


def with_roc(losses, originals, member, at):
    from sklearn.metrics import roc_auc_score

    kept = member | strangers(originals, member)
    return roc_auc_score(member[kept].numpy(), -losses[kept].numpy())


def accuracy(losses, originals, member, t):
    kept = member | strangers(originals, member)
    return ((losses < t) == member)[kept].float().mean()


def advantage(losses, originals, member, t):
    mine, theirs = losses[member], losses[strangers(originals, member)]
    return (mine < t).float().mean() - (theirs < t).float().mean()


def of_calls(losses, originals, member, t):
    kept = member | strangers(originals, member)
    return member[kept & (losses < t)].float().mean()


ATTACK = {
    "this is your colleague's number": answer(others=lambda o, m: m == 0),
    "siblings of members count as members": answer(members=known),
    "the threshold is set on all images": answer(others=lambda o, m: torch.ones_like(m)),
    "comes from the members' own losses": answer(threshold=lambda theirs, mine, at: cut(mine, theirs, at)),
    "the others' mean loss": answer(threshold=lambda theirs, mine, at: sum(theirs) / len(theirs)),
    "so that hardly one is called": answer(threshold=lambda theirs, mine, at: np.percentile(theirs.numpy(), at)),
    "`at` was taken for a loss": answer(threshold=lambda theirs, mine, at: at),
    "are not sorted": answer(threshold=lambda theirs, mine, at: theirs[int(at * len(theirs))]),
    "these are the members that escape": answer(below=False),
    "counted from the largest loss": answer(
        threshold=lambda theirs, mine, at: sorted(-theirs)[int(at * len(theirs))].neg()
    ),
    "`quantile` puts the threshold between": answer(threshold=lambda theirs, mine, at: torch.quantile(theirs, at)),
    "one loss too low": answer(threshold=lambda theirs, mine, at: sorted(theirs)[int(at * len(theirs)) - 1]),
    "this lets one other too many in": answer(
        threshold=lambda theirs, mine, at: sorted(theirs)[math.ceil(at * len(theirs))]
    ),
    "the wrong number of images": answer(
        threshold=lambda theirs, mine, at: theirs.sort().values[int(at * len(mine))],
    ),
    "this is the AUROC": with_roc,
    "the share of *others* called": answer(members=strangers),
    "this is the accuracy": answer(give=accuracy),
    "the share of others called is subtracted": answer(give=advantage),
    "the share of *calls*": answer(give=of_calls),
    "this is a number of members": answer(give=lambda losses, o, m, t: int((losses[m] < t).sum())),
    "the share of all images that are called": answer(give=lambda losses, o, m, t: (losses < t).float().mean()),
    "are divided by *all* images": answer(give=lambda losses, o, m, t: (losses[m] < t).sum() / len(losses)),
    "in per cent": answer(give=lambda losses, o, m, t: 100 * (losses[m] < t).float().mean()),
    "says of each member": answer(give=lambda losses, o, m, t: losses[m] < t),
    "this is the threshold itself": answer(give=lambda losses, o, m, t: t),
}


def in_numpy(losses, originals, member, at):
    losses, originals, member = losses.numpy(), originals.numpy(), member.numpy()
    others = np.sort(losses[~np.isin(originals, originals[member])])
    return np.mean(losses[member] < others[int(np.floor(at * len(others)))])


def trying_every_threshold(losses, originals, member, at):
    touched = {original for original, seen in zip(originals.tolist(), member.tolist()) if seen}
    others = [loss for loss, original in zip(losses.tolist(), originals.tolist()) if original not in touched]
    members = losses[member].tolist()
    best = 0
    for t in losses.tolist():
        if sum(loss < t for loss in others) / len(others) <= at:
            best = max(best, sum(loss < t for loss in members) / len(members))
    return best


def with_scikit_learn(losses, originals, member, at):
    from sklearn.metrics import roc_curve

    kept = member | ~known(originals, member)
    false, true, _ = roc_curve(member[kept].numpy(), -losses[kept].numpy(), drop_intermediate=False)
    return true[false <= at].max()


def by_rank(losses, originals, member, at):
    others = losses[strangers(originals, member)]
    better = (others <= losses[member][:, None]).sum(1)  # of the others, for each member
    return torch.count_nonzero(better <= at * len(others)) / member.sum()


def with_kthvalue(losses, originals, member, at):
    others = losses[(originals[:, None] != originals[member]).all(1)]
    return (losses[member] < others.kthvalue(int(at * len(others)) + 1).values).double().mean()


def with_topk(losses, originals, member, at):
    others = losses[strangers(originals, member)]
    k = math.floor(at * others.numel())
    return (losses[member] < others.topk(k + 1, largest=False).values[-1]).float().mean().item()


EXERCISES = lesson_11
WRONG = {"attack": ATTACK}
RIGHT = [
    ("attack", function)
    for function in (answer(), in_numpy, trying_every_threshold, with_scikit_learn, by_rank, with_kthvalue, with_topk)
]
