"""Who can tell? Detectors of generated images, learned and simple, and what an alarm of theirs is worth.

A score gives each image a number, larger for what looks generated. An image above a threshold raises an alarm; the
threshold is chosen so that a share of real validation images stays below it, and raises none.
"""

import io
from collections.abc import Callable, Mapping
from functools import partial

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.applications.anomalies import auroc
from course_utils.comparison.detector import Detector
from course_utils.comparison.softness import blurred
from course_utils.metrics import nearest_neighbours
from course_utils.networks import IMAGE
from course_utils.plumbing.checks import check_data, check_whole
from course_utils.plumbing.device import forked_random, in_parts
from course_utils.training import fit

Score = Callable[[Tensor], Tensor]  # images (N, 1, 28, 28) to numbers (N,)
Change = Callable[[Tensor], Tensor]  # images to images of the same shape
ACCEPT = 0.98  # of real validation images


def as_file(x: Tensor) -> Tensor:
    """Round images in [0, 1] to the 256 grey levels that a file has: of the same shape.

    Real images have exact zeros, which no sigmoid gives. Whoever leaves that in detects the number format.
    """
    return x.mul(255).round().div(255)


def without_haze(x: Tensor, levels: int = 32) -> Tensor:
    """Round images as a file does, and make the darkest grey levels (those up to `levels` of 255) black.

    Rounding is not enough: the sigmoid leaves a haze of a few levels where real images have none, and a linear
    regression needs no more to tell them.
    """
    rounded = as_file(x)
    return torch.where(rounded < (levels + 0.5) / 255, 0.0, rounded)


def jpeg(x: Tensor, quality: int = 50) -> Tensor:
    """Write images (N, 1, H, W) as JPEG files of a quality from 1 to 95, and read them again."""
    read = []
    for levels in x.mul(255).round().byte()[:, 0].numpy():
        file = io.BytesIO()
        Image.fromarray(levels).save(file, "jpeg", quality=quality)
        read.append(torch.frombuffer(bytearray(Image.open(file).tobytes()), dtype=torch.uint8))
    return torch.stack(read).view(x.shape).float() / 255


def rescaled(x: Tensor, size: int = 20) -> Tensor:
    """Shrink images (N, 1, H, W) to size × size pixels and enlarge them again, as a web site does."""
    small = F.interpolate(x, size=size, mode="bilinear", antialias=True)
    return F.interpolate(small, size=x.shape[-1], mode="bilinear").clamp(0, 1)


def noisy(x: Tensor, spread: float = 0.05, seed: int = 0) -> Tensor:
    """Add Gaussian noise of a standard deviation in grey levels, and cut off at 0 and 1."""
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))
    return (x + spread * noise).clamp(0, 1)


CHANGES: dict[str, Change] = {
    "none": as_file,
    "blur": lambda x: as_file(blurred(x, 0.6)),
    "noise": lambda x: as_file(noisy(x)),
    "JPEG 50": jpeg,
    "rescaled": lambda x: as_file(rescaled(x)),
}


def disturbed(x: Tensor, seed: int = 0) -> Tensor:
    """Change each image (N, 1, 28, 28) in one way of 17: blur, noise, JPEG or size at four strengths, or not at all.

    Training on blurred and compressed images helped a detector on generators that it had not seen (Wang et al., 2020).
    """
    ways: list[Change] = [as_file]
    for i in range(4):
        ways += [partial(blurred, width=0.2 + 0.2 * i), partial(noisy, spread=0.02 + 0.02 * i, seed=seed + i)]
        ways += [partial(jpeg, quality=30 + 20 * i), partial(rescaled, size=17 + 3 * i)]
    way = torch.randint(len(ways), (len(x),), generator=torch.Generator().manual_seed(seed))
    made = x.clone()
    for i, change in enumerate(ways):
        made[way == i] = change(x[way == i])
    return as_file(made)


class Learner(Detector):
    """The detector of lesson 07 with another network, if one is given, and a learning rate for fewer steps."""

    def __init__(self, network: nn.Module | None = None):
        super().__init__()
        if network:
            self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x).flatten()  # (N,)

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"detector": torch.optim.Adam(self.parameters(), 3e-3)}


def learned(
    real: Tensor, fake: Tensor, steps: int = 1200, seed: int = 0, network: Callable[[], nn.Module] | None = None
) -> Score:
    """A detector that learns from real and from fake images (N, 1, 28, 28), 32 of each in a step.

    `network` builds another network than the classifier of `judge`: images to one number each, (N, 1) or (N,).
    """
    for images in (real, fake):
        check_data(images, IMAGE, torch.float32)
    rows = torch.arange(max(len(real), len(fake)))  # the smaller set comes round again
    with forked_random(seed, torch.device("cpu")):
        detector = Learner(network() if network else None)
    data = real[rows % len(real)], fake[rows % len(fake)]
    fit(detector, data, steps=steps, batch_size=32, schedule="linear", seed=seed)
    return lambda x: -in_parts(detector, detector, x)


def by_logistic(features: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Score:
    """A logistic regression on features, images (N, 1, 28, 28) to (N, d): the rival that knows no picture."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    told = torch.cat([torch.zeros(len(real)), torch.ones(len(fake))])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, tol=1e-3, class_weight="balanced"))
    model.fit(features(torch.cat([real, fake])).numpy(), told.numpy())
    return lambda x: torch.from_numpy(model.decision_function(features(x).numpy())).float()


def edges(x: Tensor) -> Tensor:
    """The sharpness of each image, and its square, so that too sharp counts as well as too soft: (N, 2)."""
    laplacian = F.conv2d(x, x.new_tensor([[[[0, 1, 0], [1, -4, 1], [0, 1, 0]]]]), padding=1)  # (N, 1, H, W)
    each = laplacian.abs().flatten(1).mean(1)  # (N,)
    return torch.stack([each, each**2], 1)


def spectrum(x: Tensor) -> Tensor:
    """The log power of each image at spatial frequencies 0, 1, 2, ... up to the corner's, in any direction: (N, 21).

    Upsampling leaves its traces there (Durall et al., 2020; Frank et al., 2020).
    """
    side = x.shape[-1]
    power = torch.fft.fft2(x[:, 0]).abs().square().flatten(1)  # (N, side²)
    along = torch.fft.fftfreq(side) * side
    ring = (along[:, None] ** 2 + along**2).sqrt().round().long().flatten()  # (side²,)
    total = torch.zeros(len(x), int(ring.max()) + 1).index_add_(1, ring, power)
    return (total / torch.bincount(ring) + 1e-6).log()


def bent_spectrum(x: Tensor) -> Tensor:
    """The spectrum and its squares, so that too much power counts as well as too little: (N, 42)."""
    power = spectrum(x)
    return torch.cat([power, power.square()], 1)


def greys(x: Tensor, levels: int = 16) -> Tensor:
    """The share of each image's pixels at 16 grey levels, as logs: (N, 16). It knows of no place in the picture."""
    level = x.flatten(1).mul(levels).long().clamp_max(levels - 1)  # (N, pixels)
    shares = [(level == each).float().mean(1) for each in range(levels)]  # one at a time takes a tenth of the memory
    return (torch.stack(shares, 1) + 1e-3).log()


def black(x: Tensor) -> Tensor:
    """The share of each image's pixels that are not exactly 0, (N,): a detector of number formats."""
    return (x != 0).flatten(1).float().mean(1)


def far_from(real: Tensor) -> Score:
    """The distance to the nearest of the real images: a detector that has never seen a fake."""
    return lambda x: nearest_neighbours(x, real)[0]


def unlike(real: Tensor) -> Score:
    """How far spectrum and grey levels of an image lie from those of real images: a detector that saw no fake.

    The Mahalanobis distance, in the covariance of the real images' features.
    """

    def features(x: Tensor) -> Tensor:
        return torch.cat([spectrum(x), greys(x)], 1).double()  # (N, 37)

    known = features(real)
    precision = torch.linalg.pinv(known.T.cov())

    def score(x: Tensor) -> Tensor:
        gap = features(x) - known.mean(0)
        return torch.einsum("nd,de,ne->n", gap, precision, gap).float()

    return score


def threshold(scores: Tensor, accept: float = ACCEPT) -> float:
    """The lowest score (of those, (N,)) up to which at least a share of real images lies."""
    if not 0 < accept < 1:
        raise ValueError(f"expected a share between 0 and 1 of real images to accept, got {accept}")
    return torch.quantile(scores, accept, interpolation="higher").item()


def alarms(scores: Tensor, limit: float) -> float:
    """The share of scores (N,) above a threshold."""
    return (scores > limit).float().mean().item()


def judged(score: Score, limit: float, real: Tensor, fakes: Mapping[str, Tensor]) -> dict[str, float]:
    """The share of real images accepted, and for fakes of each source the share caught and the AUROC."""
    of_real = score(real)
    found = {"accepted": 1 - alarms(of_real, limit)}
    for name, fake in fakes.items():
        of_fake = score(fake)
        found |= {f"caught {name}": alarms(of_fake, limit), f"auroc {name}": auroc(of_fake, of_real)}
    return found


def precision(caught: float, accepted: float, base_rate: float) -> float:
    """The chance that an alarm is right, by Bayes' rule: caught, accepted and the share of fakes are in [0, 1]."""
    if not all(0 <= share <= 1 for share in (caught, accepted, base_rate)):
        raise ValueError(f"expected three shares from 0 to 1, got {caught}, {accepted} and {base_rate}")
    right, wrong = base_rate * caught, (1 - base_rate) * (1 - accepted)
    return right / (right + wrong) if right + wrong else float("nan")  # no alarm is ever raised


def stream(real: Tensor, fake: Tensor, n: int, base_rate: float, seed: int = 0) -> tuple[int, int]:
    """Draw n of the real and fake alarms (N,) and (M,), booleans, at a base rate: false alarms, right alarms."""
    check_whole(n=n)
    random = torch.Generator().manual_seed(seed)
    is_fake = torch.rand(n, generator=random) < base_rate
    drawn = [part[torch.randint(len(part), (n,), generator=random)] for part in (real, fake)]
    return int((drawn[0] & ~is_fake).sum()), int((drawn[1] & is_fake).sum())
