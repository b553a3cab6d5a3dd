"""Exercise of lesson 11: the share of members that a loss gives away, with siblings on neither side."""

import math

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, altered, value

ALONE = "the share caught where each original has one image"
SIBLINGS = "the share caught where originals have three images"
TIES = "the share caught where losses are equal"
NOBODY = "the share caught where none of the others may be called"


def cohort(noise: torch.Generator, seen: int, unseen: int, variations: int) -> tuple[Tensor, Tensor, Tensor]:
    """Losses, numbers of originals, and membership, in no order; siblings of members lie between these and others."""
    original = torch.arange(seen + unseen).repeat_interleave(variations)
    turn = torch.arange(len(original)) % variations
    member = (original < seen) & (turn <= original % max(variations - 1, 1))  # one or two of three
    level = torch.where(member, 30.0, torch.where(original < seen, 35.0, 42.0))
    losses = level + 9 * torch.randn(len(original), generator=noise)
    mixed = torch.randperm(len(original), generator=noise)
    return losses[mixed], (7 * original + 3)[mixed], member[mixed]


def tied() -> tuple[Tensor, Tensor, Tensor]:
    """The third and fourth of 30 others have one loss, and so have two members."""
    others = [14.0, 17.0, 21.0, 21.0, *range(23, 49)]
    members = [9.0, 11.0, 14.0, 16.0, 17.0, 19.0, 21.0, 21.0, 22.0, 26.0, 31.0, 40.0, 43.0]
    losses = torch.tensor([*others, *members])
    return losses, torch.arange(len(losses)).flip(0), torch.arange(len(losses)) >= len(others)


def observe_attack(function) -> Observation:
    """Shares caught with 9 of 36, 3.96 of 33, 3.75 of 30 and 0.21 of 21 others allowed."""
    noise = torch.Generator().manual_seed(201)
    probes = {
        ALONE: (*cohort(noise, 40, 36, 1), 0.25),
        SIBLINGS: (*cohort(noise, 14, 11, 3), 0.12),
        TIES: (*tied(), 0.125),
        NOBODY: (*cohort(noise, 9, 7, 3), 0.01),
    }
    return {name: value(function(*probe)) for name, probe in probes.items()}


def trained_on(originals: Tensor, member: Tensor) -> Tensor:
    return member


def strangers(originals: Tensor, member: Tensor) -> Tensor:
    """No image of their original was trained on."""
    return ~torch.isin(originals, originals[member])


def smallest(rank):
    """The threshold is the loss of this rank, counted from 0, among the others."""
    return lambda losses, yes, no, at: losses[no].sort().values[rank(at, int(no.sum()))]


def allowed(at: float, others: int) -> int:
    return math.floor(at * others)


def caught(called: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    return called[yes].double().mean()


highest = smallest(allowed)


def attack_with(
    losses, originals, member, at, *, yes=trained_on, no=strangers, at_loss=highest, call=torch.lt, score=caught
) -> Tensor:
    """The attack with one thing changed."""
    members, others = yes(originals, member), no(originals, member)
    return score(call(losses, at_loss(losses, members, others, at)), members, others)


def attack(losses: Tensor, originals: Tensor, member: Tensor, at: float) -> Tensor:
    return attack_with(losses, originals, member, at)


def family(originals: Tensor, member: Tensor) -> Tensor:
    return ~strangers(originals, member)


def auroc(losses, originals, member, at) -> Tensor:
    mine, theirs = losses[member], losses[strangers(originals, member)]
    return ((mine[:, None] < theirs).double() + (mine[:, None] == theirs).double() / 2).mean()


def outsiders(originals: Tensor, member: Tensor) -> Tensor:
    """What the flawed protocol takes for others."""
    return ~member


def share_called(called: Tensor, yes: Tensor, no: Tensor) -> Tensor:
    return called[no].double().mean()


def same_rank_of(which):
    """The rank is a share of the number of these images, instead of the others."""
    return lambda losses, yes, no, at: losses[no].sort().values[allowed(at, int(which(yes, no).sum()))]


COLLEAGUE = (
    "this is your colleague's number: images whose sibling was trained on count as others. The model half knows them, "
    "which pulls the threshold down and makes the leak look small. Leave them out."
)
SIBLINGS_IN = (
    "siblings of members count as members: they were not trained on, so they are neither members nor others. Divide by "
    "the images in `member` alone."
)
TURNED = (
    "these are the members that escape, whose loss is large: the model knows members better, so call the images whose "
    "loss is *small*."
)
NONE_CALLED = (
    "the threshold is the smallest loss of the others or close to it, so that hardly one is called: the share `at` of "
    "them may be. `at` is a share already, 0.01 for 1 %."
)
QUANTILE = (
    "`quantile` puts the threshold between two losses, at rank at · (M − 1), which may let one other too many in or "
    "leave a member out: sort the others' losses, and take the entry of index ⌊at · M⌋."
)
ONE_TOO_LOW = (
    "the threshold is one loss too low: k of the others may lie *below* it, so it is the (k + 1)-th smallest, which is "
    "`sorted[k]`."
)
ONE_TOO_MANY = "this lets one other too many in: at most the share `at`, so round at · M *down*, and call with `<`."
WHICH_COUNT = "k is a share of the wrong number of images: it is ⌊at · M⌋, where M counts the *others* alone."
FROM_MEMBERS = (
    "the threshold comes from the members' own losses: an attacker sets it by the others, of whom few may be called."
)
OTHERS = {  # by the part that is changed; both with the siblings left out, and with the colleague's flaw on top
    "at_loss": {
        lambda losses, yes, no, at: highest(losses, no, yes, at): FROM_MEMBERS,
        lambda losses, yes, no, at: losses[yes].quantile(at): FROM_MEMBERS,
        lambda losses, yes, no, at: losses[no].mean(): (
            "the threshold is the others' mean loss, which calls about half of them: at most the share `at` may be."
        ),
        lambda losses, yes, no, at: losses[no].min(): NONE_CALLED,
        lambda losses, yes, no, at: losses[no].quantile(at / 100): NONE_CALLED,
        lambda losses, yes, no, at: at: (
            "`at` was taken for a loss: it is a share, and the threshold is the loss below which that share of the "
            "others lies."
        ),
        lambda losses, yes, no, at: losses[no][allowed(at, int(no.sum()))]: (
            "the others' losses are not sorted: sort them before you take the one of index k."
        ),
        smallest(lambda at, m: m - 1 - allowed(at, m)): (
            "the threshold was counted from the largest loss, which calls nearly all of the others: count from the "
            "smallest."
        ),
        lambda losses, yes, no, at: losses[no].quantile(at): QUANTILE,
        smallest(lambda at, m: allowed(at, m) - 1): ONE_TOO_LOW,
        lambda losses, yes, no, at: losses[no].kthvalue(allowed(at, int(no.sum()))).values: ONE_TOO_LOW,
        smallest(lambda at, m: max(allowed(at, m) - 1, 0)): ONE_TOO_LOW,
        smallest(lambda at, m: math.ceil(at * m) - 1): ONE_TOO_LOW,
        smallest(lambda at, m: allowed(at, m) + 1): ONE_TOO_MANY,
        smallest(lambda at, m: math.ceil(at * m)): ONE_TOO_MANY,
        smallest(lambda at, m: round(at * m)): ONE_TOO_MANY,
        smallest(lambda at, m: allowed(at, m + 1)): ONE_TOO_MANY,
        smallest(lambda at, m: max(allowed(at, m), 1)): ONE_TOO_MANY,
        same_rank_of(lambda yes, no: yes | True): WHICH_COUNT,
        same_rank_of(lambda yes, no: yes): WHICH_COUNT,
        same_rank_of(lambda yes, no: ~yes): WHICH_COUNT,
    },
    "call": {torch.gt: TURNED, torch.ge: TURNED, torch.le: ONE_TOO_MANY},
    "score": {
        share_called: "this is the share of *others* called, which you hold at `at`: return that of the members.",
        lambda called, yes, no: (called == yes)[yes | no].double().mean(): (
            "this is the accuracy, in which the many others count that were let go: return the share of members caught."
        ),
        lambda called, yes, no: caught(called, yes, no) - share_called(called, yes, no): (
            "the share of others called is subtracted: it is held at `at` already, so return the share of members."
        ),
        lambda called, yes, no: called[yes].sum() / called[yes | no].sum(): (
            "this is the share of *calls* that are right: divide by the number of members, not of calls."
        ),
        lambda called, yes, no: called[yes].sum(): "this is a number of members: divide by how many there are.",
        lambda called, yes, no: called.double().mean(): (
            "this is the share of all images that are called: look at the members alone, `losses[member]`."
        ),
        lambda called, yes, no: (called & yes).double().mean(): (
            "members caught are divided by *all* images: divide by the number of members."
        ),
        lambda called, yes, no: 100 * caught(called, yes, no): "this is in per cent: return a share between 0 and 1.",
        lambda called, yes, no: called[yes]: (
            "this says of each member whether it is caught: return the share, the mean of that."
        ),
    },
}

check_attack = Exercise(
    attack,
    observe_attack,
    {
        altered(attack_with, no=outsiders): COLLEAGUE,
        altered(attack_with, no=outsiders, yes=family): SIBLINGS_IN,
        altered(attack_with, yes=family): SIBLINGS_IN,
        altered(attack_with, no=lambda originals, member: member | True): (
            "the threshold is set on all images, members included: set it on the others alone."
        ),
        auroc: (
            "this is the AUROC, the mean over all thresholds: it can be near a half while a few members are caught for "
            "sure. Take one threshold, for the share `at`."
        ),
        lambda losses, originals, member, at: highest(losses, member, strangers(originals, member), at): (
            "this is the threshold itself: return the share of members whose loss is below it."
        ),
        altered(attack_with, at_loss=smallest(lambda at, m: m - 1 - allowed(at, m)), call=torch.gt): TURNED,
        altered(attack_with, at_loss=lambda losses, yes, no, at: losses[no].quantile(1 - at), call=torch.gt): TURNED,
        altered(attack_with, at_loss=smallest(lambda at, m: allowed(at, m) - 1), call=torch.le): ONE_TOO_LOW,
        altered(attack_with, at_loss=smallest(lambda at, m: max(allowed(at, m) - 1, 0)), call=torch.le): ONE_TOO_LOW,
        altered(attack_with, at_loss=smallest(lambda at, m: math.ceil(at * m) - 1), call=torch.le): ONE_TOO_LOW,
    }
    | {
        altered(attack_with, no=no, **{part: other}): sentence
        for no in (strangers, outsiders)
        for part, others in OTHERS.items()
        for other, sentence in others.items()
    },
    {
        SIBLINGS: (
            "right where each original has one image, wrong where originals have several: leave the untrained siblings "
            "of members out altogether, and count every member and every other."
        ),
        TIES: (
            "right where all losses differ, wrong where some are equal or at · M is no whole number: call with `<`, "
            "and let the threshold be the entry of index ⌊at · M⌋ of the others' sorted losses."
        ),
        NOBODY: (
            "right except where ⌊at · M⌋ = 0: then none of the others may be called, and the members whose loss is "
            "below those of all others are caught."
        ),
    },
)
