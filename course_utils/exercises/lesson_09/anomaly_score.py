"""An exercise of lesson 09: the score of a stranger, the bits of the bound beyond those of a coder without a model."""

import math

import torch
from torch import Tensor

from course_utils.applications.anomalies import score_in_bits
from course_utils.exercises.checker import Exercise, Observation, altered, value

SIZES = ("for 6 images with codes of 3 numbers", "for 3 images with codes of 3 numbers", "for 2 images, codes of 4")
BITS_OF_A_NAT = 1 / math.log(2)


def observe_anomaly_score(function) -> Observation:
    """Scores of batches of three sizes; those of the second are images of the first, so that batches can be told."""
    noise = torch.Generator().manual_seed(0)
    reconstruction = 60 + 40 * torch.rand(6, generator=noise)
    kl = 5 * torch.rand(6, 3, generator=noise)
    lengths = torch.tensor([15.0, 21.0, 10.0, 19.0, 24.0, 12.0])
    batches = [(reconstruction, kl, lengths), (reconstruction[3:], kl[3:], lengths[3:])]
    batches.append((reconstruction[:2] + 1, torch.rand(2, 4, generator=noise), lengths[:2] - 3))
    return {f"the scores {name}": value(function(*batch)) for name, batch in zip(SIZES, batches)}


def of_the_code(kl: Tensor) -> Tensor:
    """The KL divergence (N, d) of the whole code: (N,)."""
    return kl.sum(1)


def in_bits(nats: Tensor) -> Tensor:
    return nats * BITS_OF_A_NAT


def coded(lengths: Tensor) -> Tensor:
    """Bytes to bits."""
    return 8 * lengths


def score_with(
    reconstruction, kl, lengths, *, code=of_the_code, bound=torch.add, unit=in_bits, coder=coded, join=torch.sub
) -> Tensor:
    """The score with one thing changed."""
    return join(unit(bound(reconstruction, code(kl))), coder(lengths))


def anomaly_score(reconstruction: Tensor, kl: Tensor, lengths: Tensor) -> Tensor:
    return score_in_bits(reconstruction, kl, lengths)


def standardised(scores: Tensor) -> Tensor:
    return (scores - scores.mean()) / scores.std()


def stretched(scores: Tensor) -> Tensor:
    return (scores - scores.min()) / (scores.max() - scores.min())


BATCH = (
    "the score depends on the other images of the batch: the same stranger must score the same in any company. Leave "
    "out the batch's mean, spread, least and largest."
)
EACH_WITH_EACH = "(N, 1) and (N,) make (N, N), each with each: sum the KL over `dim=1` without `keepdim`."
ONE_NUMBER = "this is one number for the batch: keep one score for each image."
NATS = "bits are subtracted from nats: a nat has 1/ln 2 = 1.44 bits, so divide the bound by ln 2 first."
OTHERS = {  # by the part that is changed
    "code": {
        lambda kl: kl.mean(1): "this is the mean KL of a dimension: the code costs the sum over all of them.",
        lambda kl: kl.sum(): (
            "the KL is summed over the batch as well: each image pays for its own code, so sum over `dim=1` only."
        ),
        lambda kl: kl.sum(1, keepdim=True): EACH_WITH_EACH,
        lambda kl: kl.sum(0): "the KL is summed over the images: sum over the dimensions of the code, `dim=1`.",
        lambda kl: 0: "the KL is missing: the negative bound is reconstruction plus KL, and the code must be paid for.",
        lambda kl: kl.amax(1): "only the dearest dimension of the code counts here: sum over all of them.",
    },
    "bound": {
        torch.sub: "the KL is subtracted: the negative bound is reconstruction *plus* KL, both of them costs.",
        lambda nll, kl: kl: "the reconstruction is missing: the negative bound is reconstruction plus KL.",
        lambda nll, kl: -nll - kl: (
            "this starts from the bound itself, which is high for *likely* images: take its negative, the cost."
        ),
        lambda nll, kl: nll.mean() + kl: ("the reconstruction is averaged over the batch: each image has its own."),
        lambda nll, kl: nll / 784 + kl: (
            "the reconstruction is taken per pixel and the KL per image: both terms are sums over the whole image."
        ),
    },
    "unit": {
        lambda nats: nats: NATS,
        lambda nats: nats * math.log(2): (
            "nats are *multiplied* by ln 2: an image costs more bits than nats, so divide."
        ),
        lambda nats: nats / math.log(10): "this divides by ln 10, which makes decimal digits: bits need ln 2.",
        lambda nats: nats / 8 * BITS_OF_A_NAT: (
            "the bound is turned into bytes, and the coder's length into bits: use bits for both."
        ),
    },
    "coder": {
        lambda lengths: lengths: "bytes are subtracted from bits: a byte has eight.",
        lambda lengths: lengths / 8: "bytes are *divided* by eight: a byte has eight bits, so multiply.",
        lambda lengths: 8 * lengths * BITS_OF_A_NAT: (
            "the coder's length is divided by ln 2 as well: eight times its bytes are bits already."
        ),
        lambda lengths: 0 * lengths: (
            "this is the bound alone, the score that finds simple strangers likely: subtract the coder's bits."
        ),
        lambda lengths: 8 * lengths.mean(): (
            "the coder's *mean* length is subtracted, so the order is that of the bound alone: each image has its own."
        ),
    },
    "join": {
        torch.add: "the coder's bits are added: that counts what is complex twice. Subtract them.",
        lambda model, coder: coder - model: (
            "the sign is wrong: larger must be stranger, so the model's bits come first, minus the coder's."
        ),
        lambda model, coder: model / coder: (
            "this is a ratio of two lengths: the log of a likelihood ratio is their difference."
        ),
        lambda model, coder: standardised(model - coder): BATCH,
        lambda model, coder: stretched(model - coder): BATCH,
        lambda model, coder: model - coder - (model - coder).mean(): BATCH,
        lambda model, coder: (model - coder).mean(): ONE_NUMBER,
        lambda model, coder: (model - coder).sum(): ONE_NUMBER,
        lambda model, coder: (model - coder).clamp(min=0): (
            "scores below zero are cut off: most known images are there, and the order among them is lost."
        ),
        lambda model, coder: (model - coder).abs(): (
            "the absolute value is taken: a score far below zero is a familiar image, not a strange one."
        ),
        lambda model, coder: (model - coder)[:, None]: "there is an axis too many: scores have the shape (N,).",
    },
}

check_anomaly_score = Exercise(
    anomaly_score,
    observe_anomaly_score,
    {
        altered(score_with, **{part: other}): sentence
        for part, others in OTHERS.items()
        for other, sentence in others.items()
    }
    | {
        altered(score_with, unit=lambda nats: nats, coder=lambda lengths: 8 * lengths / BITS_OF_A_NAT): (
            "these are nats: right up to a factor of 1.44, but bits are asked for. Divide the bound by ln 2 instead."
        ),
        altered(score_with, unit=lambda nats: nats, coder=lambda lengths: lengths): (
            "this subtracts bytes from nats: bring both to bits first, by dividing by ln 2 and multiplying by eight."
        ),
    },
)
