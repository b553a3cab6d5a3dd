"""Answers to lesson 11's exercise on alarms: wrong ones under a part of their message, and right ones."""

import numpy as np
import torch

from course_utils.exercises import lesson_11


def counted(n=1000, fake=None, real=None, end=None):
    """The table of n pictures as a learner fills it in, with one thing changed."""

    def answer(caught, accepted, base_rate):
        fakes, reals = n * base_rate, n - n * base_rate
        right = fakes * caught if fake is None else fake(fakes, reals, caught)
        wrong = reals * (1 - accepted) if real is None else real(fakes, reals, caught, accepted)
        missed, passed = fakes - fakes * caught, reals * accepted
        return end(right, wrong, missed, passed) if end else right / (right + wrong)

    return answer


PRECISION = {
    "the base rate plays no part": lambda caught, accepted, base_rate: caught / (caught + (1 - accepted)),
    "weighs only one of the two": counted(real=lambda fakes, reals, caught, accepted: 1000 * (1 - accepted)),
    "its complement are exchanged": lambda caught, accepted, base_rate: counted()(caught, accepted, 1 - base_rate),
    "accepted pictures raise no alarm": counted(real=lambda fakes, reals, caught, accepted: reals * accepted),
    "says nothing of real pictures": counted(real=lambda fakes, reals, caught, accepted: reals * (1 - caught)),
    "every real picture raises an alarm": counted(real=lambda fakes, reals, caught, accepted: reals),
    "the two shares are exchanged": lambda caught, accepted, base_rate: counted()(accepted, caught, base_rate),
    "missed fakes are below the line": counted(end=lambda right, wrong, missed, passed: right / (1000 - passed)),
    "are the share `caught`": counted(fake=lambda fakes, reals, caught: fakes * (1 - caught)),
    "a pair of parentheses is missing": lambda caught, accepted, base_rate: (
        base_rate * caught / (base_rate * caught + 1 - base_rate * (1 - accepted))
    ),
    "multiplied on at the end": lambda caught, accepted, base_rate: caught / (caught + (1 - accepted)) * base_rate,
    "this is the base rate": counted(end=lambda right, wrong, missed, passed: (right + missed) / 1000),
    "raise a *false* alarm": counted(end=lambda right, wrong, missed, passed: wrong / 1000),
    "this is `caught`": counted(end=lambda right, wrong, missed, passed: right / (right + missed)),
    "this is the accuracy": counted(end=lambda right, wrong, missed, passed: (right + passed) / 1000),
    "the balanced accuracy": lambda caught, accepted, base_rate: 0.5 * (caught + accepted),
    "less that of false alarms": lambda caught, accepted, base_rate: caught - (1 - accepted),
    "what *silence* is worth": counted(end=lambda right, wrong, missed, passed: passed / (passed + missed)),
    "*without* an alarm": counted(end=lambda right, wrong, missed, passed: missed / (passed + missed)),
    "that are *false*": counted(end=lambda right, wrong, missed, passed: wrong / (right + wrong)),
    "the share of pictures that raise an alarm, which": counted(end=lambda right, wrong, *_: (right + wrong) / 1000),
    "raise an alarm rightly": lambda caught, accepted, base_rate: caught * base_rate,
    "right alarms for each false one": counted(end=lambda right, wrong, missed, passed: right / wrong),
    "the odds turned over": counted(end=lambda right, wrong, missed, passed: wrong / right),
    "how much more often": lambda caught, accepted, base_rate: caught / (1 - accepted),
    "are subtracted below the line": counted(end=lambda right, wrong, missed, passed: right / (right - wrong)),
    "in per cent": counted(end=lambda right, wrong, missed, passed: right / (right + wrong) * 100),
    "this is F1": counted(end=lambda right, wrong, missed, passed: right / (right + (wrong + missed) / 2)),
}


def on_one_line(caught, accepted, base_rate):
    return caught * base_rate / (caught * base_rate + (1 - accepted) * (1 - base_rate))


def with_bayes(caught, accepted, base_rate):
    alarm = base_rate * caught + (1 - base_rate) * (1 - accepted)
    return 1 - (1 - base_rate) * (1 - accepted) / alarm


def in_numpy(caught, accepted, base_rate):
    caught, accepted, base_rate = (np.asarray(part, dtype=float) for part in (caught, accepted, base_rate))
    return torch.tensor(caught * base_rate / (caught * base_rate + (1 - accepted) * (1 - base_rate)))


def with_torch(caught, accepted, base_rate):
    caught, accepted, base_rate = torch.broadcast_tensors(*map(torch.as_tensor, (caught, accepted, base_rate)))
    right, wrong = torch.mul(caught, base_rate), torch.mul(1 - accepted, 1 - base_rate)
    return torch.div(right, torch.add(right, wrong))


EXERCISES = lesson_11
WRONG = {"precision": PRECISION}
RIGHT = [("precision", function) for function in (counted(), on_one_line, with_bayes, in_numpy, with_torch)]
