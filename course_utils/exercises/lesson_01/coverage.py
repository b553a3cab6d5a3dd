"""Exercise 3 of lesson 01: how many real points have a generated one nearby."""

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, value


def observe_coverage(function) -> Observation:
    """Coverage of a cloud by a smaller one, by a larger one, by two points, in space, and on a line by hand."""
    noise = torch.Generator().manual_seed(0)
    real = torch.randn(40, 2, generator=noise)
    generated = torch.randn(30, 2, generator=noise)
    line = torch.tensor([[0.0], [1.0], [3.0], [7.0], [11.0], [50.0], [60.0]])
    probes = {
        "40 real points and 30 close together": (real, 0.5 * generated + 0.5, 3),
        "40 real points and 30 spread out": (real, 2 * generated, 5),
        "40 real points and 2": (real, generated[:2], 1),
        "9 real points in space and 20": (torch.randn(9, 3, generator=noise), torch.randn(20, 3, generator=noise), 2),
        "real points at 0, 1, 3 and 7, generated ones at 11, 50 and 60": (line[:4], line[4:], 1),
    }
    return {f"the coverage of {name}": value(function(*probe)) for name, probe in probes.items()}


def balls(points: Tensor, k: int) -> Tensor:
    """The distance of each point to its k-th other neighbour: (N, d) to (N, 1)."""
    return torch.cdist(points, points).kthvalue(k + 1, dim=1).values[:, None]


def far(points: Tensor, k: int) -> Tensor:
    """The distance of each point to the (k + 1)-th farthest one: (N, d) to (N, 1)."""
    return torch.cdist(points, points).topk(k + 1, dim=1).values[:, -1:]


def cross(real: Tensor, generated: Tensor, k: int) -> Tensor:
    """The distance of each real point to its k-th generated neighbour: (N, 1)."""
    return torch.cdist(real, generated).kthvalue(k, dim=1).values[:, None]


def gap(real: Tensor, generated: Tensor) -> Tensor:
    """The distance of each real point to its nearest generated one: (N, 1)."""
    return torch.cdist(real, generated).amin(1, keepdim=True)


def of_nearest(real: Tensor, generated: Tensor, k: int) -> Tensor:
    """The radius, among generated points, of the one that is nearest to each real point: (N, 1)."""
    return balls(generated, k)[torch.cdist(real, generated).argmin(1)]


def coverage(real, generated, k) -> Tensor:
    return (torch.cdist(real, generated) < balls(real, k)).any(1).float().mean()


RECALL = "this is recall: the balls are around the generated points. Draw them around the real ones."
SWAPPED = "the two sets are swapped: the balls are around the real points."
TO_GENERATED = "the radii reach to generated points: a ball's radius is the distance to the k-th other real point."
OF_GENERATED = (
    "these are the radii of generated points: a ball is around a real point, and reaches to its k-th other real point."
)

check_coverage = Exercise(
    coverage,
    observe_coverage,
    {
        lambda real, generated, k: coverage(real, generated, k - 1): (
            "each point counts as its own nearest neighbour: the k-th other one is the (k + 1)-th in the row."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k)).any(0).float().mean(): (
            "this is precision, the share of generated points inside a ball: take the share of balls that hold one."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(generated, k).T).any(1).float().mean(): RECALL,
        lambda real, generated, k: (torch.cdist(real, generated) < balls(generated, k - 1).T).any(1).float().mean(): (
            RECALL
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k)).float().mean(): (
            "this is the share of pairs: a ball counts once, however many points it holds."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k)).float().sum(0).mean() / k: (
            "this is density, in how many balls a generated point lies: count the balls that hold any."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) <= balls(real, k)).any(1).float().mean(): (
            "points exactly on the border of a ball count here: use `<`, closer than the radius."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) ** 2 < balls(real, k)).any(1).float().mean(): (
            "squared distances are compared with radii that are not squared: leave out the square, or square both."
        ),
        lambda real, generated, k: coverage(generated, real, k): SWAPPED,
        lambda real, generated, k: coverage(generated, real, k - 1): SWAPPED,
        lambda real, generated, k: coverage(real, generated, k + 1): (
            "one neighbour too many: in a row the point itself comes first, the k-th other one is `kthvalue(k + 1)`."
        ),
        lambda real, generated, k: 100 * coverage(real, generated, k): "this is in percent: a share goes from 0 to 1.",
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k)).any(1).sum(): (
            "this is the number of balls: divide it by the number of real points."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k).mean()).any(1).float().mean(): (
            "all balls have one size: each real point has its own radius, the distance to its k-th neighbour."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < far(real, k)).any(1).float().mean(): (
            "the radii reach to the farthest points: `topk` takes the largest numbers unless you say `largest=False`."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k)).any(1).sum() / len(generated): (
            "the balls are counted, but the number is divided by that of the generated points: there is one ball for "
            "each real point."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < cross(real, generated, k)).any(1).float().mean(): (
            TO_GENERATED
        ),
        lambda real, generated, k: (
            (torch.cdist(real, generated) < cross(real, generated, k + 1)).any(1).float().mean()
        ): TO_GENERATED,
        lambda real, generated, k: (
            (torch.cdist(generated, real) < cross(generated, real, k)).any(0).float().mean()
        ): OF_GENERATED,
        lambda real, generated, k: (
            (torch.cdist(real, generated) < balls(generated, k).mean()).any(1).float().mean()
        ): OF_GENERATED,
        lambda real, generated, k: (gap(real, generated) < of_nearest(real, generated, k)).float().mean(): OF_GENERATED,
        lambda real, generated, k: (torch.cdist(real, generated) >= balls(real, k)).all(1).float().mean(): (
            "this is the share of empty balls: coverage is the share of those that caught something."
        ),
        lambda real, generated, k: (torch.cdist(real, generated) < balls(real, k).T).any(1).float().mean(): (
            "the radii run along the wrong axis: each row of distances belongs to a real point, so the radii need the "
            "shape (N, 1)."
        ),
    },
)
