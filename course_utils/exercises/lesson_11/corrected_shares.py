"""Exercise of lesson 11: the shares of classes behind the verdicts of a judge whose mistakes are known."""

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, altered, value

FOUR = "the shares of 4 classes"
ONE_ABSENT = "the shares of 3 classes, one of them absent,"
TWO_ABSENT = "the shares of 6 classes, two of them absent,"


def mistaken(noise: torch.Generator, held_out: list[int]) -> Tensor:
    """Counts (K, K) of a judge that is right seven times in ten, whose held-out classes have these sizes."""
    sizes = torch.tensor(held_out, dtype=torch.float32)
    wrong = torch.rand(len(held_out), len(held_out), generator=noise).fill_diagonal_(0)
    return (0.3 * sizes[:, None] * wrong / wrong.sum(1, keepdim=True) + 0.7 * sizes.diag()).round()


def observe_corrected_shares(function) -> Observation:
    """Shares from verdicts that some shares explain, and twice from verdicts that only negative ones would explain."""
    noise = torch.Generator().manual_seed(3)
    probes = {
        FOUR: (torch.tensor([310.0, 245.0, 250.0, 195.0]), mistaken(noise, [100, 240, 60, 160])),
        ONE_ABSENT: (torch.tensor([610.0, 20.0, 170.0]), mistaken(noise, [90, 150, 210])),
        TWO_ABSENT: (torch.tensor([5.0, 160.0, 240.0, 8.0, 90.0, 130.0]), mistaken(noise, [60, 90, 150, 80, 200, 70])),
    }
    return {name: value(function(*probe)) for name, probe in probes.items()}


def by_truth(confusion: Tensor) -> Tensor:
    """P(verdict | truth): each row divided by its sum."""
    return confusion / confusion.sum(1, keepdim=True)


def by_verdict(confusion: Tensor) -> Tensor:
    """P(truth | verdict), which holds for the held-out images alone."""
    return confusion / confusion.sum(0)


def explained(rates: Tensor, seen: Tensor) -> Tensor:
    return torch.linalg.solve(rates.T, seen)


def share(counts: Tensor) -> Tensor:
    return counts / counts.sum()


def tidied(shares: Tensor) -> Tensor:
    return share(shares.clamp(min=0))


def as_it_is(numbers: Tensor) -> Tensor:
    return numbers


def shares_with(counts, confusion, *, rates=by_truth, seen=share, solve=explained, tidy=tidied) -> Tensor:
    """The correction with one thing changed."""
    return tidy(solve(rates(confusion), seen(counts)))


def corrected_shares(counts: Tensor, confusion: Tensor) -> Tensor:
    return shares_with(counts, confusion)


def with_any_end(sentence: str, **change) -> dict:
    """One mistake, whether or not the shares are made to be positive and to add up to 1."""
    return {altered(shares_with, **change, tidy=tidy): sentence for tidy in (tidied, as_it_is, share)}


NOT_CORRECTED = "these are the shares of the verdicts, mistakes and all: solve for the shares that explain them."
TRANSPOSED = (
    "the system is transposed: shares are multiplied from the *left*, `shares @ rates`, so solve with `rates.T`."
)
ROWS = (
    "the rows are not divided by their sums, so a class with many held-out images counts for more: "
    "`confusion / confusion.sum(1, keepdim=True)`."
)
NO_KEEPDIM = (
    "`confusion.sum(1)` without `keepdim=True` divides the *columns* by the rows' sums: (K, 1) divides rows, (K,) does "
    "not."
)
BASE_RATE = (
    "each verdict is read with the shares of the held-out set, P(truth | verdict), and the samples have other shares: "
    "that is what you want to know. Divide rows by their sums, P(verdict | truth), and solve."
)
FLAT = (
    "each verdict is read as if all classes were equally frequent: their shares are what you look for, so solve for "
    "them, and assume none."
)
COLUMNS = "the columns are divided by their sums: a row is a truth, and its verdicts add up to 1, so divide the rows."
MULTIPLIED = (
    "the verdicts are sent through the judge's mistakes once more: multiplying makes verdicts of shares, so go back, "
    "and solve."
)
DIAGONAL = (
    "only the diagonal is used: images that the judge takes for another class swell *that* class, so use the whole "
    "table."
)
TOO_MUCH = "without the negative ones the shares add up to more than 1: divide by the sum, after they are set to 0."
HELD_OUT_ERRORS = (
    "the mistakes on the held-out images are taken off as they are, and their number depends on the shares there: make "
    "rates of them, and solve for the samples' own shares."
)
SPREAD = "the softmax makes shares of any numbers, and changes right ones: set negative ones to 0, divide by the sum."

check_corrected_shares = Exercise(
    corrected_shares,
    observe_corrected_shares,
    with_any_end(NOT_CORRECTED, solve=lambda rates, seen: seen)
    | with_any_end(NOT_CORRECTED, solve=lambda rates, seen: seen, seen=as_it_is)
    | with_any_end(TRANSPOSED, solve=torch.linalg.solve)
    | with_any_end(TRANSPOSED, rates=as_it_is, solve=torch.linalg.solve)
    | with_any_end(TRANSPOSED, rates=as_it_is, seen=as_it_is, solve=torch.linalg.solve)
    | with_any_end(ROWS, rates=as_it_is)
    | with_any_end(ROWS, rates=as_it_is, seen=as_it_is)
    | with_any_end(ROWS, rates=lambda confusion: confusion / confusion.sum())
    | with_any_end(NO_KEEPDIM, rates=lambda confusion: confusion / confusion.sum(1))
    | with_any_end(NO_KEEPDIM, rates=lambda confusion: confusion / confusion.sum(1), solve=torch.linalg.solve)
    | with_any_end(BASE_RATE, rates=by_verdict, solve=torch.mv)
    | with_any_end(FLAT, rates=lambda confusion: by_verdict(by_truth(confusion)), solve=torch.mv)
    | with_any_end(COLUMNS, rates=by_verdict)
    | with_any_end(COLUMNS, rates=by_verdict, solve=torch.linalg.solve)
    | with_any_end(COLUMNS, rates=by_verdict, solve=lambda rates, seen: seen @ rates)
    | with_any_end(MULTIPLIED, solve=torch.mv)
    | with_any_end(MULTIPLIED, solve=lambda rates, seen: seen @ rates)
    | with_any_end(MULTIPLIED, rates=as_it_is, solve=torch.mv)
    | with_any_end(MULTIPLIED, rates=as_it_is, solve=lambda rates, seen: seen @ rates)
    | with_any_end(DIAGONAL, solve=lambda rates, seen: seen / rates.diag())
    | with_any_end(DIAGONAL, solve=lambda rates, seen: seen * rates.diag())
    | with_any_end(DIAGONAL, rates=by_verdict, solve=lambda rates, seen: seen * rates.diag())
    | with_any_end(DIAGONAL, rates=lambda c: by_verdict(c).diag() / by_truth(c).diag(), solve=torch.mul)
    | {
        altered(shares_with, tidy=as_it_is): (
            "negative shares are left: set them to 0, and divide the rest by its sum."
        ),
        altered(shares_with, tidy=lambda shares: shares.clamp(min=0)): TOO_MUCH,
        altered(shares_with, tidy=lambda shares: shares.clamp(0, 1)): TOO_MUCH,
        altered(shares_with, tidy=lambda shares: share(shares.clamp(0, 1))): (
            "a share above 1 is cut to 1 as well, and the division alone would bring it down: change only negative "
            "ones, `clamp(min=0)`."
        ),
        altered(shares_with, tidy=lambda shares: share(shares.abs())): (
            "the signs of negative shares are turned: fewer than none is none, so set them to 0."
        ),
        altered(shares_with, tidy=lambda shares: share(shares - shares.min())): (
            "the least share is subtracted from all, which changes right ones as well: set only negative ones to 0."
        ),
        altered(shares_with, tidy=lambda shares: share(shares.clamp(min=0.01))): (
            "the absent classes get a share of their own: set negative ones to 0 itself."
        ),
        altered(shares_with, tidy=lambda shares: shares.softmax(0)): SPREAD,
        altered(shares_with, tidy=lambda shares: shares.clamp(min=0).softmax(0)): SPREAD,
        altered(shares_with, seen=as_it_is, tidy=as_it_is): (
            "these are numbers of samples, some below zero: set those to 0, and divide by the sum."
        ),
        altered(shares_with, seen=as_it_is, tidy=lambda shares: shares.clamp(min=0)): (
            "these are numbers of samples: divide them by their sum."
        ),
        altered(shares_with, tidy=lambda shares: 100 * tidied(shares)): (
            "these are per cent: shares add up to 1, so divide by the sum and leave it there."
        ),
        altered(shares_with, tidy=lambda shares: tidied(shares).argmax()): (
            "this is the most frequent class: return the shares of all classes."
        ),
        lambda counts, confusion: share(confusion.sum(1)): (
            "these are the shares of the held-out images: the samples' own come from `counts`."
        ),
        lambda counts, confusion: share(counts) + share(confusion.sum(1)) - share(confusion.sum(0)): HELD_OUT_ERRORS,
        lambda counts, confusion: share(counts + confusion.sum(1) - confusion.sum(0)): HELD_OUT_ERRORS,
        lambda counts, confusion: share(counts - confusion.sum(0) + confusion.diag()): HELD_OUT_ERRORS,
        lambda counts, confusion: tidied(counts - confusion.sum(0) + confusion.diag()): HELD_OUT_ERRORS,
        lambda counts, confusion: share(counts / confusion.sum(1)): (
            "the counts are divided by the sizes of the held-out classes, which have nothing to do with the samples: "
            "divide the rows of `confusion` by them."
        ),
        lambda counts, confusion: share(by_truth(confusion).sum(0)): (
            "the samples' verdicts play no part: find the shares that explain `counts`."
        ),
    },
    {
        ONE_ABSENT: (
            "right where no share comes out negative, wrong where one does: set negative shares to 0, then divide by "
            "the sum, and do nothing else to them."
        ),
    },
)
