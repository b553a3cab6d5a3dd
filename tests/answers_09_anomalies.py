"""Answers to lesson 09 as learners write them: wrong ones, each under a part of its message, and right ones."""

import math

import numpy as np
import torch

from course_utils.exercises import lesson_09

LN2 = math.log(2)


def cost(nll, kl):
    return nll + kl.sum(dim=1)


def over_the_batch(nll, kl, lengths):
    scores = cost(nll, kl) / LN2 - lengths * 8
    return (scores - torch.mean(scores)) / torch.std(scores)


def forgetful(nll, kl, lengths):
    lengths = lengths * 0
    return cost(nll, kl) / LN2 - lengths


def pixel_mean(nll, kl, lengths):
    return (nll / 28**2 + kl.sum(1)) / LN2 - 8 * lengths


ANOMALY_SCORE = {
    "mean KL of a dimension": lambda nll, kl, lengths: (nll + kl.mean(-1)) / LN2 - 8 * lengths,
    "summed over the batch as well": lambda nll, kl, lengths: (nll + kl.sum()) / LN2 - 8 * lengths,
    "each with each": lambda nll, kl, lengths: (nll + kl.sum(1, keepdim=True)) / LN2 - 8 * lengths,
    "summed over the images": lambda nll, kl, lengths: (nll + kl.sum(0)) / LN2 - 8 * lengths,
    "the KL is missing": lambda nll, kl, lengths: nll / LN2 - 8 * lengths,
    "only the dearest dimension": lambda nll, kl, lengths: (nll + kl.max(1).values) / LN2 - 8 * lengths,
    "the KL is subtracted": lambda nll, kl, lengths: (nll - kl.sum(1)) / LN2 - 8 * lengths,
    "the reconstruction is missing": lambda nll, kl, lengths: kl.sum(1) / LN2 - 8 * lengths,
    "starts from the bound itself": lambda nll, kl, lengths: -cost(nll, kl) / LN2 - 8 * lengths,
    "averaged over the batch": lambda nll, kl, lengths: (nll.mean() + kl.sum(1)) / LN2 - 8 * lengths,
    "per pixel": pixel_mean,
    "bits are subtracted from nats": lambda nll, kl, lengths: cost(nll, kl) - 8 * lengths,
    "*multiplied* by ln 2": lambda nll, kl, lengths: cost(nll, kl) * LN2 - 8 * lengths,
    "decimal digits": lambda nll, kl, lengths: cost(nll, kl) / math.log(10) - 8 * lengths,
    "turned into bytes": lambda nll, kl, lengths: cost(nll, kl) / (8 * LN2) - 8 * lengths,
    "bytes are subtracted from bits": lambda nll, kl, lengths: cost(nll, kl) / LN2 - lengths,
    "*divided* by eight": lambda nll, kl, lengths: cost(nll, kl) / LN2 - lengths / 8,
    "divided by ln 2 as well": lambda nll, kl, lengths: (cost(nll, kl) - 8 * lengths) / LN2,
    "the bound alone, the score": forgetful,
    "*mean* length": lambda nll, kl, lengths: cost(nll, kl) / LN2 - 8 * lengths.mean(),
    "counts what is complex twice": lambda nll, kl, lengths: cost(nll, kl) / LN2 + 8 * lengths,
    "the sign is wrong": lambda nll, kl, lengths: 8 * lengths - cost(nll, kl) / LN2,
    "a ratio of two lengths": lambda nll, kl, lengths: cost(nll, kl) / LN2 / (8 * lengths),
    "in any company": over_the_batch,
    "one number for the batch": lambda nll, kl, lengths: (cost(nll, kl) / LN2 - 8 * lengths).mean(),
    "cut off": lambda nll, kl, lengths: torch.relu(cost(nll, kl) / LN2 - 8 * lengths),
    "the absolute value": lambda nll, kl, lengths: abs(cost(nll, kl) / LN2 - 8 * lengths),
    "an axis too many": lambda nll, kl, lengths: (cost(nll, kl) / LN2 - 8 * lengths).unsqueeze(1),
    "these are nats": lambda nll, kl, lengths: cost(nll, kl) - 8 * LN2 * lengths,
    "bytes from nats": lambda nll, kl, lengths: cost(nll, kl) - lengths,
}


def by_loop(nll, kl, lengths):
    return torch.stack([(a + b.sum()) / LN2 - 8 * c for a, b, c in zip(nll, kl, lengths)])


def by_log2(nll, kl, lengths):
    return cost(nll, kl) * math.log2(math.e) - 8 * lengths


EXERCISES = lesson_09
WRONG = {"anomaly_score": ANOMALY_SCORE}
RIGHT = [
    ("anomaly_score", by_loop),
    ("anomaly_score", by_log2),
    ("anomaly_score", lambda nll, kl, lengths: cost(nll, kl) / np.log(2) - 8 * lengths),
    ("anomaly_score", lambda nll, kl, lengths: (cost(nll, kl) - 8 * lengths * LN2) / LN2),
    ("anomaly_score", lambda nll, kl, lengths: -((-nll - kl.sum(1)) / LN2 + 8 * lengths)),
]
