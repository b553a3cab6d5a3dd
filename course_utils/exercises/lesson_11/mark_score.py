"""Exercise of lesson 11: how far a mark stands out, against other keys on the same pictures."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.exercises.checker import Exercise, Observation, altered, value

Filter = Callable[[Tensor], Tensor]
MARKED = "the score of 8 marked pictures with 20 keys"
SMALL = "the score of 5 marked pictures with 7 keys"
UNMARKED = "the score of 6 pictures without the mark"


def observe_mark_score(function) -> Observation:
    """Scores of pictures of unequal contrast, with keys of unequal strength: three sizes and marks, two residuals."""
    noise = torch.Generator().manual_seed(1)
    sizes = {MARKED: (8, 20, 14, 12, 0.02), SMALL: (5, 7, 10, 16, 0.02), UNMARKED: (6, 12, 12, 12, 0.0)}
    probes = {}
    for name, (n, k, height, width, mark) in sizes.items():
        strength = torch.linspace(1.7, 0.4, k)[torch.randperm(k, generator=noise)][:, None, None, None]
        slopes = torch.linspace(-1, 1, height)[:, None] * torch.randn(k, 1, 1, 1, generator=noise)
        keys = strength * (torch.randn(k, 1, height, width, generator=noise).sign() + slopes + 0.3)
        contrast = torch.linspace(0.2, 1, n)[:, None, None, None]
        content = F.avg_pool2d(torch.rand(n, 1, height, width, generator=noise), 3, stride=1, padding=1)
        grain = 0.15 * torch.randn(n, 1, height, width, generator=noise)
        residual = beyond_the_mean(5 if name == SMALL else 3)
        probes[name] = contrast * (content + grain) + mark * keys[0] / strength[0], keys, residual
    return {name: value(function(*probe)) for name, probe in probes.items()}


def beyond_the_mean(size: int) -> Filter:
    """A function that takes off the mean around each pixel."""
    return lambda x: x - F.avg_pool2d(x, size, stride=1, padding=size // 2, count_include_pad=False)


def unit(x: Tensor) -> Tensor:
    return F.normalize(x.flatten(1))


def cosine(pictures: Tensor, keys: Tensor) -> Tensor:
    """Of each picture with each key: (N, 1, H, W) and (K, 1, H, W) to (N, K)."""
    return unit(pictures) @ unit(keys).T


def filtered(residual: Filter, x: Tensor) -> Tensor:
    return residual(x)


def over_pictures(found: Tensor) -> Tensor:
    return found.mean(0)


def z_score(found: Tensor) -> Tensor:
    return (found[0] - found[1:].mean()) / found[1:].std()


def score_with(
    images, keys, residual, *, picture=filtered, key=filtered, agree=cosine, join=over_pictures, end=z_score
) -> Tensor:
    """The score with one thing changed: the cosines (N, K) are joined to (K,), and end as one number."""
    return end(join(agree(picture(residual, images), key(residual, keys))))


def mark_score(images: Tensor, keys: Tensor, residual: Filter) -> Tensor:
    return score_with(images, keys, residual)


def whole(residual: Filter, x: Tensor) -> Tensor:
    return x


def less_the_mean(residual: Filter, x: Tensor) -> Tensor:
    return centred(x)


def surroundings(residual: Filter, x: Tensor) -> Tensor:
    return x - residual(x)


def mean_picture(residual: Filter, x: Tensor) -> Tensor:
    return residual(x).mean(0, keepdim=True)


def as_it_is(found: Tensor) -> Tensor:
    return found


def centred(x: Tensor) -> Tensor:
    return x - x.mean((1, 2, 3), keepdim=True)


def scaled(x: Tensor) -> Tensor:
    return x / x.std((1, 2, 3), keepdim=True)


def inner(pictures: Tensor, keys: Tensor) -> Tensor:
    return pictures.flatten(1) @ keys.flatten(1).T


def each_alone(found: Tensor) -> Tensor:
    """The z-score of each picture: (N, K) to (N,)."""
    return torch.stack([z_score(row) for row in found])


def lead(found: Tensor) -> Tensor:
    """Of the true key over the mean of the others, from (K,) or (N, K)."""
    return found[..., 0].mean() - found[..., 1:].mean()


def along(dim: int):
    """Cosines (N, K) over one axis of (N, K, 1, H, W), and their mean over the rest."""
    return lambda pictures, keys: F.cosine_similarity(pictures[:, None], keys[None], dim=dim).mean((2, 3))


NO_RESIDUAL = (
    "something goes in whole, so that brightness and content decide: take the residual of the pictures *and* of the "
    "keys."
)
CONTRAST = (
    "pictures of strong contrast count most here: divide each picture's residual by its length *before* the mean over "
    "the pictures, so that it is cosines that are averaged."
)
EACH_ALONE = (
    "each picture gets a score of its own, and a mark too faint for one picture is lost: average the cosines over the "
    "pictures first, then compute one score."
)
BY_IMAGES = (
    "the spread is that of the true key over the *pictures*: a wrong key may be as steady, so compare with the other "
    "keys on the same pictures."
)
TRUE_IN_NULL = (
    "the true key is among those that it is compared with, which moves their mean and widens their spread: leave it "
    "out, `found[1:]`."
)
MEDIAN = "this takes the median over the pictures: take the mean."
WHICH_KEY = "the true key is `keys[0]`, and all the others are there to compare with."
RANK = (
    "this says how many keys do better or worse: return how many standard deviations the true key lies above the "
    "others' mean."
)
DISTANCE = "this is a distance between residuals: take the cosine of the angle between them."
ONE_AXIS = (
    "the cosine runs along one axis of the pictures (`dim=1`, the channel, unless told otherwise), not over all "
    "pixels: flatten to (N, D) and (K, D) first, and take the axis D."
)
SINGLE = (
    "the spread is that of single pictures, and a mean of many spreads less: average over the pictures first, for each "
    "key, then take the spread of these means."
)
STRENGTH = "the strength of a key counts here: divide by its length, as the cosine does."
PEARSON = (
    "each picture's or key's own mean is subtracted, as in Pearson's correlation (`std` subtracts it too): nearly the "
    "same here, but take the cosine, `F.cosine_similarity`."
)
STANDARD_ERROR = (
    "this divides by the standard error of the others' *mean*, which shrinks with more keys: one key is compared with "
    "single keys, so divide by their standard deviation."
)

OTHERS = {  # by the part that is changed
    "picture": {whole: NO_RESIDUAL, mean_picture: CONTRAST},
    "key": {whole: NO_RESIDUAL},
    "agree": {
        inner: STRENGTH,
        lambda x, k: inner(unit(x), k): STRENGTH,
        lambda x, k: inner(x, unit(k)): CONTRAST,
        lambda x, k: cosine(centred(x), centred(k)): PEARSON,
        lambda x, k: cosine(centred(x), k): PEARSON,
        lambda x, k: cosine(x, centred(k)): PEARSON,
        lambda x, k: inner(scaled(x), scaled(k)): PEARSON,
        lambda x, k: -torch.cdist(x.flatten(1), k.flatten(1)): DISTANCE,
        lambda x, k: -torch.cdist(x.flatten(1), k.flatten(1)).square(): DISTANCE,
        lambda x, k: -torch.cdist(unit(x), unit(k)): DISTANCE,
        along(2): ONE_AXIS,
        along(3): ONE_AXIS,
        along(4): ONE_AXIS,
        lambda x, k: F.cosine_similarity(x.flatten(1)[:, None], k.flatten(1)[None]): ONE_AXIS,
        lambda x, k: inner(F.normalize(x, dim=0), F.normalize(k, dim=0)): (
            "the lengths run over the pictures, `dim=0`: divide each picture by its own length, over its pixels, "
            "`dim=1` after `flatten(1)`."
        ),
    },
    "join": {
        lambda found: found[0]: (
            "only the first picture is read: the mark is faint, and shows in the mean over all pictures."
        ),
        lambda found: found.amax(0): (
            "for each key the picture counts that agrees most: take the mean over all pictures."
        ),
        lambda found: found.median(0).values: MEDIAN,
        lambda found: found.quantile(0.5, dim=0): MEDIAN,
        lambda found: found.mean(1): (
            "the mean runs over the keys: it belongs to the pictures, and leaves one number for each key, (K,)."
        ),
    },
    "end": {
        lambda found: (found[0] - found.mean()) / found.std(): TRUE_IN_NULL,
        lambda found: (found[0] - found.mean()) / found[1:].std(): TRUE_IN_NULL,
        lambda found: (found[0] - found.mean()) / found.std(correction=0): TRUE_IN_NULL,
        lambda found: lead(found) / found.std(): TRUE_IN_NULL,
        lambda found: lead(found) / found[1:].std(correction=0): (
            "the squares are divided by the number of other keys: divide by one less, as `torch.std` does."
        ),
        lead: "the standard deviation is missing: without it nobody knows whether the difference is large.",
        lambda found: found[0] / found[1:].std(): (
            "the mean of the other keys is not subtracted, and content may agree with all keys a little: take it off."
        ),
        lambda found: lead(found) / found[1:].var(): (
            "this divides by the variance: divide by its root, the standard deviation."
        ),
        lambda found: found[0] - found[1:].mean() / found[1:].std(): (
            "a pair of parentheses is missing: `/` is computed before `-`, so write `(a - b) / c`."
        ),
        lambda found: z_score(found) * math.sqrt(len(found) - 1): STANDARD_ERROR,
        lambda found: -z_score(found) * math.sqrt(len(found) - 1): STANDARD_ERROR,
        lambda found: found[0]: "this is the true key's mean cosine: say how it compares with those of the other keys.",
        lambda found: z_score(found).abs(): (
            "the absolute value is taken: a key that fits worse than the others is no mark, so keep the sign."
        ),
        lambda found: -z_score(found): "the sign is turned: the true key comes first, minus the mean of the others.",
        lambda found: z_score(found.abs()): (
            "the mean cosines lost their signs: a key that fits upside down is no mark."
        ),
        lambda found: (found[1:] >= found[0]).double().mean(): RANK,
        lambda found: (found[1:] < found[0]).double().mean(): RANK,
        lambda found: z_score(found.flip(0)): WHICH_KEY,
        lambda found: (found.max() - found.mean()) / found.std(): WHICH_KEY,
        lambda found: (found - found[1:].mean()) / found[1:].std(): (
            "this is a score for each key: return that of the true one, `keys[0]`."
        ),
    },
}
NOT_JOINED = {  # what becomes of all cosines, (N, K), without the mean over pictures
    each_alone: EACH_ALONE,
    lambda found: each_alone(found).mean(): EACH_ALONE,
    lambda found: lead(found) / found[:, 1:].std(): SINGLE,
    lambda found: lead(found) / found.std(): SINGLE,
    lambda found: lead(found) / found[:, 1:].std(1).mean(): SINGLE,
    lambda found: lead(found) / found[:, 0].std(): BY_IMAGES,
    lambda found: found[:, 0].mean() / found[:, 0].std(): BY_IMAGES,
    lambda found: found[:, 0].mean() / found[:, 0].std() * math.sqrt(len(found)): BY_IMAGES,
}

check_mark_score = Exercise(
    mark_score,
    observe_mark_score,
    {
        altered(score_with, picture=whole, key=whole): NO_RESIDUAL,
        altered(score_with, picture=less_the_mean, key=less_the_mean): (
            "only the mean of the whole picture is subtracted, so its content stays: use the function `residual`."
        ),
        altered(score_with, picture=surroundings, key=surroundings): (
            "this is what `residual` takes off, the content: keep what it returns."
        ),
    }
    | {
        altered(score_with, **{part: other}): sentence
        for part, others in OTHERS.items()
        for other, sentence in others.items()
    }
    | {altered(score_with, join=as_it_is, end=other): sentence for other, sentence in NOT_JOINED.items()},
    {
        SMALL: "right for 20 keys, wrong for 7 and another `residual`: take sizes and function from the arguments.",
        UNMARKED: "right for marked pictures, wrong for others: their score may be below 0, and has to stay there.",
    },
)
