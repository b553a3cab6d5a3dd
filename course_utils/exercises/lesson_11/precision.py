"""Exercise of lesson 11: the share of a detector's alarms that are right, at a given base rate."""

import torch

from course_utils.exercises.checker import Exercise, Observation, altered, value

ONE = "the precision of one detector at one base rate"
MANY = "the precision at 5 base rates"
TABLE = "the precision of 3 detectors at 4 base rates"
EDGES = "the precision where all pictures are real, where all are fakes, and where all alarms or none are right,"


def observe_precision(function) -> Observation:
    """Numbers, a row of base rates, detectors by base rates, and the edges at which a share is 0 or 1."""
    rates = torch.tensor([0.5, 0.2, 0.05, 0.01, 0.7])
    edges = [torch.tensor(row) for row in ([0.9, 0.9, 0.8, 0.0], [0.7, 0.7, 1.0, 0.6], [0.0, 1.0, 0.3, 0.3])]
    probes = {
        ONE: (0.9, 0.96, 0.02),
        MANY: (0.85, 0.9, rates),
        TABLE: (torch.tensor([[0.6], [0.95], [0.75]]), torch.tensor([[0.99], [0.7], [0.88]]), rates[:4]),
        EDGES: edges,
    }
    return {name: value(function(*probe)) for name, probe in probes.items()}


def alarms(caught, accepted, base_rate):
    """Right and false alarms, as shares of all pictures."""
    return base_rate * caught, (1 - base_rate) * (1 - accepted)


def share_right(right, false):
    return right / (right + false)


def precision_with(caught, accepted, base_rate, *, ring=alarms, end=share_right):
    """The precision with one thing changed."""
    return end(*ring(caught, accepted, base_rate))


def precision(caught, accepted, base_rate):
    return precision_with(caught, accepted, base_rate)


def f1(caught, accepted, base_rate):
    right = precision(caught, accepted, base_rate)
    return 2 * right * caught / (right + caught)


IGNORED = (
    "the base rate plays no part, as if every second picture were a fake: weigh the fakes by `base_rate` and the real "
    "pictures by `1 - base_rate`."
)
ONE_WEIGHED = (
    "the base rate weighs only one of the two: right alarms are a share of the *fakes*, false ones of the *real* "
    "pictures, so the first need `base_rate`, the second `1 - base_rate`."
)
RECALL = "this is `caught`, the share of fakes that raise the alarm: asked is the share of *alarms* that are right."
BASE_RATE = "this is the base rate, the worth of an alarm raised by chance: `caught` and `accepted` play a part."
FALSE_ALARMS = "this is how many pictures raise a *false* alarm: asked is the share of all alarms that are right."
PARENTHESES = (
    "a pair of parentheses is missing: `*` and `/` are computed before `+` and `-`, so write `(1 - x) * y` and "
    "`x / (x + y)`."
)
F1 = "this is F1, a mean of precision and recall: return the precision alone."
OF_ALL = (
    "this is the share of all pictures that raise an alarm rightly: divide it by the share that raise one, rightly or "
    "not."
)

check_precision = Exercise(
    precision,
    observe_precision,
    {
        altered(precision_with, ring=lambda c, a, b: (c, 1 - a)): IGNORED,
        altered(precision_with, ring=lambda c, a, b: (b * c, b * (1 - a))): IGNORED,
        altered(precision_with, ring=lambda c, a, b: (b * c, 1 - a)): ONE_WEIGHED,
        altered(precision_with, ring=lambda c, a, b: (c, (1 - b) * (1 - a))): ONE_WEIGHED,
        altered(precision_with, ring=lambda c, a, b: (c, b * (1 - a))): ONE_WEIGHED,
        altered(precision_with, ring=lambda c, a, b: (b * c, b * (1 - b) * (1 - a))): ONE_WEIGHED,
        altered(precision_with, ring=lambda c, a, b: ((1 - b) * c, 1 - a)): ONE_WEIGHED,
        altered(precision_with, ring=lambda c, a, b: ((1 - b) * c, b * (1 - a))): (
            "the base rate and its complement are exchanged: `base_rate` is the share of *fakes*."
        ),
        altered(precision_with, ring=lambda c, a, b: (b * c, (1 - b) * a)): (
            "accepted pictures raise no alarm: the false ones come from those that are not accepted, `1 - accepted`."
        ),
        altered(precision_with, ring=lambda c, a, b: (b * c, (1 - b) * (1 - c))): (
            "`1 - caught` is the share of fakes that are missed, and says nothing of real pictures: their false alarms "
            "are `1 - accepted`."
        ),
        altered(precision_with, ring=lambda c, a, b: (b * c, 1 - b)): (
            "every real picture raises an alarm here: only the share `1 - accepted` of them does."
        ),
        altered(precision_with, ring=lambda c, a, b: (b * a, (1 - b) * (1 - c))): (
            "the two shares are exchanged: `caught` belongs to the fakes, `accepted` to the real pictures."
        ),
        altered(precision_with, ring=lambda c, a, b: (b * c, 1 - b * c - (1 - b) * a)): (
            "missed fakes are below the line as well, and they raise no alarm: all alarms are the right ones plus the "
            "false ones."
        ),
        altered(precision_with, ring=lambda c, a, b: (b * (1 - c), (1 - b) * (1 - a))): (
            "`1 - caught` is the share of fakes that are missed: those that raise the alarm are the share `caught`."
        ),
        altered(precision_with, end=lambda right, false: right / right + false): PARENTHESES,
        lambda c, a, b: b * c / b * c + (1 - b) * (1 - a): PARENTHESES,
        altered(precision_with, ring=lambda c, a, b: (b * c, 1 - b * (1 - a))): PARENTHESES,
        altered(precision_with, ring=lambda c, a, b: (b * c, (1 - b) * 1 - a)): PARENTHESES,
        altered(precision_with, ring=lambda c, a, b: (b * c, 1 - a * (1 - b))): PARENTHESES,
        altered(precision_with, ring=lambda c, a, b: (b * c, (1 - a) * 1 - b)): PARENTHESES,
        lambda c, a, b: b * c / (c + 1 - a): (
            "the base rate is multiplied on at the end: weigh right and false alarms by it first, then divide."
        ),
        lambda c, a, b: b: BASE_RATE,
        lambda c, a, b: b + 0 * (c + a): BASE_RATE,
        lambda c, a, b: 1 - a: FALSE_ALARMS,
        lambda c, a, b: (1 - a) * (1 - b): FALSE_ALARMS,
        lambda c, a, b: c: RECALL,
        lambda c, a, b: b * c / (b * c + b * (1 - c)): RECALL,
        lambda c, a, b: b * c + (1 - b) * a: (
            "this is the accuracy, which the many real pictures make high: look only at those that raise an alarm."
        ),
        lambda c, a, b: (c + a) / 2: (
            "this is the balanced accuracy, which knows no base rate: look only at the pictures that raise an alarm."
        ),
        lambda c, a, b: c + a - 1: (
            "this is the share of fakes caught less that of false alarms: neither is weighed, and a share of alarms is "
            "a quotient."
        ),
        lambda c, a, b: (1 - b) * a / ((1 - b) * a + b * (1 - c)): (
            "this is what *silence* is worth, the share of real pictures among those without an alarm: take those with "
            "one."
        ),
        lambda c, a, b: b * (1 - c) / (b * (1 - c) + (1 - b) * a): (
            "this is the share of fakes among the pictures *without* an alarm: take those with one."
        ),
        altered(precision_with, end=lambda right, false: false / (right + false)): (
            "this is the share of alarms that are *false*: return 1 minus it."
        ),
        altered(precision_with, end=lambda right, false: right + false): (
            "this is the share of pictures that raise an alarm, which goes below the line: above it belong those of "
            "them that are fakes."
        ),
        altered(precision_with, end=lambda right, false: right): OF_ALL,
        altered(precision_with, end=lambda right, false: right / false): (
            "these are the odds, right alarms for each false one: a share divides by all alarms, right and false."
        ),
        altered(precision_with, end=lambda right, false: false / right): (
            "these are the odds turned over, false alarms for each right one: a share divides right alarms by all."
        ),
        lambda c, a, b: c / (1 - a): (
            "this is how much more often a fake raises the alarm than a real picture: the base rate is still missing."
        ),
        altered(precision_with, end=lambda right, false: right / (right - false)): (
            "false alarms are subtracted below the line: all alarms are right *plus* false ones."
        ),
        altered(precision_with, end=lambda right, false: 100 * share_right(right, false)): (
            "this is in per cent: return a share between 0 and 1."
        ),
        f1: F1,
        lambda c, a, b: 2 * b * c / (2 * b * c + (1 - b) * (1 - a) + b * (1 - c)): F1,
    },
    {
        TABLE: (
            "right for one detector, wrong for several, whose numbers have the shape (3, 1): compute with whole "
            "tensors, without loops or fixed shapes."
        ),
        EDGES: (
            "right in between, wrong at an edge: without fakes every alarm is false, without real pictures none is. "
            "Divide once, and add no small number below the line."
        ),
    },
)
