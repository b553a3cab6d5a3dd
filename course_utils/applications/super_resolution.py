"""Super-resolution: a large picture from a small one, by networks and by what needs none, with measures for both.

Large pictures x are (N, 1, 28, 28) in [0, 1]; small ones are (N, 1, s, s), means of square blocks of the large ones.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.judge import Judge
from course_utils.losses import ADVERSARIAL, r1_penalty
from course_utils.metrics import sharpness
from course_utils.networks import ConvDiscriminator, ConvGenerator, to_data
from course_utils.plumbing.checks import check_data, check_whole
from course_utils.plumbing.device import in_parts

SIDE = 28
SEARCHED = 500  # pictures whose neighbours are searched at once


def shrink(x: Tensor, size: int) -> Tensor:
    """Take the mean of each square block: (N, 1, 28, 28) to (N, 1, size, size)."""
    check_whole(size=size)
    if x.dim() != 4 or x.shape[-1] % size or x.shape[-2] != x.shape[-1]:
        raise ValueError(f"expected square pictures whose side is a multiple of {size}, got {tuple(x.shape)}")
    return F.avg_pool2d(x, x.shape[-1] // size)


class Enlarger(nn.Sequential):
    """A network from a small picture (N, 1, size, size) to raw output (N, 1, 28, 28).

    It reads all small pixels at once, and ends in the layers of `ConvGenerator`: 7 → 14 → 28.
    """

    def __init__(self, size: int, hidden: int = 128):
        super().__init__(nn.Flatten(), nn.Linear(size * size, hidden), nn.SiLU(), ConvGenerator(hidden))


class SuperResolution(nn.Module):
    """A network that enlarges, taught by squared error plus `weight` times an adversarial loss (Ledig et al., 2017).

    The discriminator sees the large picture and, as a second channel, the small one: it asks "real, and of this one?".
    With `weight` 0 it takes no part. The weight may be changed between two trainings: first the pixels, then the game.
    """

    def __init__(
        self,
        size: int,
        weight: float = 0.0,
        loss: str = "non_saturating",
        r1_weight: float = 1.0,
        penalty_every: int = 8,
        lr: float = 1e-3,
    ):
        super().__init__()
        check_whole(size=size, penalty_every=penalty_every)
        if SIDE % size:
            raise ValueError(f"expected a size that divides {SIDE}, got {size}")
        if not min(weight, r1_weight) >= 0:
            raise ValueError(f"expected weights of at least 0, got {weight} and {r1_weight}")
        if loss not in ADVERSARIAL:
            raise ValueError(f"expected a loss among {', '.join(ADVERSARIAL)}, got {loss!r}")
        self.enlarger = Enlarger(size)
        self.discriminator = ConvDiscriminator(shape=(2, SIDE, SIDE))
        self.size = size
        self.weight = weight
        self.loss = loss
        self.r1_weight = r1_weight
        self.penalty_every = penalty_every
        self.lr = lr

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one Adam for each player; without momentum where they play."""
        betas = (0.0 if self.weight else 0.9, 0.99)
        return {
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), self.lr, betas),
            "enlarger": torch.optim.Adam(self.enlarger.parameters(), self.lr, betas),
        }

    def training_step(self, real: Tensor, optimizers: dict, step: int) -> dict[str, Tensor]:
        """Move the discriminator once, if it plays, and the enlarger once; return what to log."""
        small = shrink(real, self.size)  # (N, 1, size, size)
        metrics = self.discriminator_step(real, small, optimizers["discriminator"], step) if self.weight else {}
        rebuilt = to_data(self.enlarger(small))  # (N, 1, 28, 28)
        pixel_loss = (rebuilt - real).square().mean()
        total = pixel_loss
        if self.weight:
            _, g_loss = ADVERSARIAL[self.loss]
            total = pixel_loss + self.weight * g_loss(self.discriminator(beside(rebuilt, small)))
        optimizers["enlarger"].zero_grad()
        total.backward(inputs=list(self.enlarger.parameters()))  # for one player only
        optimizers["enlarger"].step()
        return metrics | {"pixel_loss": pixel_loss.detach()}

    def discriminator_step(self, real: Tensor, small: Tensor, optimizer, step: int) -> dict[str, Tensor]:
        """Teach the discriminator to tell real large pictures from rebuilt ones, each beside its small one."""
        with torch.no_grad():
            rebuilt = to_data(self.enlarger(small))
        pair = beside(real, small)  # (N, 2, 28, 28)
        d_loss, _ = ADVERSARIAL[self.loss]
        loss = d_loss(self.discriminator(pair), self.discriminator(beside(rebuilt, small)))
        penalty = 0.0
        if self.r1_weight and step % self.penalty_every == 0:
            penalty = self.penalty_every * self.r1_weight * r1_penalty(self.discriminator, pair)
        optimizer.zero_grad()
        (loss + penalty).backward()
        optimizer.step()
        return {"d_loss": loss.detach()}

    def enlarge(self, small: Tensor) -> Tensor:
        """Rebuild large pictures from small ones, without a change to the model: (N, 1, s, s) to (N, 1, 28, 28)."""
        check_data(small, (1, self.size, self.size))
        return in_parts(self.enlarger, lambda part: to_data(self.enlarger(part)), small)


def beside(x: Tensor, small: Tensor) -> Tensor:
    """Put the small picture, in blocks of one grey, beside the large one as a second channel: (N, 2, 28, 28)."""
    return torch.cat([x, F.interpolate(small, size=x.shape[-1], mode="nearest")], 1)


def bicubic(small: Tensor) -> Tensor:
    """Enlarge by the formula that picture viewers use: (N, 1, s, s) to (N, 1, 28, 28)."""
    return F.interpolate(small, size=SIDE, mode="bicubic", align_corners=False).clamp(0, 1)


def by_neighbours(small: Tensor, train: Tensor, k: int = 1) -> Tensor:
    """The mean of the k training pictures (M, 1, 28, 28) that are nearest when shrunk as well: (N, 1, 28, 28)."""
    check_whole(k=k)
    if k > len(train):
        raise ValueError(f"expected k of at most {len(train)}, as many as training pictures, got {k}")
    known = shrink(train, small.shape[-1]).flatten(1)  # (M, s * s)
    found = []
    for part in small.flatten(1).split(SEARCHED):
        rows = torch.cdist(part, known).topk(k, largest=False).indices  # (part, k)
        found.append(torch.stack([train[row] for row in rows.T]).mean(0))
    return torch.cat(found)


def by_kernel(small: Tensor, train: Tensor, ridge: float = 0.1) -> Tensor:
    """The large pictures that kernel ridge regression expects, a closed formula: (N, 1, s, s) to (N, 1, 28, 28).

    The kernel is a Gaussian of the distance between small pictures, 0.6 times as wide as their median distance.
    """
    from sklearn.kernel_ridge import KernelRidge

    known = shrink(train, small.shape[-1]).flatten(1)  # (M, s * s)
    width = 0.6 * torch.pdist(known[:1000]).median().item()
    model = KernelRidge(alpha=ridge, kernel="rbf", gamma=1 / (2 * width**2))
    mean = train.mean(0)  # (1, 28, 28)
    model.fit(known.numpy(), (train - mean).flatten(1).numpy())
    found = torch.from_numpy(model.predict(small.flatten(1).numpy()))  # (N, 784)
    return (found.view(-1, *mean.shape) + mean).float().clamp(0, 1)


def by_patches(small: Tensor, train: Tensor) -> Tensor:
    """For each small pixel, the block of the training picture that is most alike around there: (N, 1, 28, 28).

    Alike are the 3×3 small pixels around that place, beyond the border 0.
    """
    size = small.shape[-1]
    block = train.shape[-1] // size
    around, known = F.unfold(small, 3, padding=1), F.unfold(shrink(train, size), 3, padding=1)  # (N, 9, s * s)
    blocks = F.unfold(train, block, stride=block)  # (M, block², s * s)
    chosen = torch.empty(len(small), *blocks.shape[1:])
    for place in range(size * size):
        for rows in torch.arange(len(small)).split(SEARCHED):
            nearest = torch.cdist(around[rows, :, place], known[:, :, place]).argmin(1)  # (rows,)
            chosen[rows, :, place] = blocks[nearest, :, place]
    return F.fold(chosen, train.shape[-1], block, stride=block)


def more_contrast(x: Tensor, strength: float) -> Tensor:
    """Multiply the log-odds of all pixels by one number: light becomes lighter and dark darker, no network needed."""
    if not strength > 0:
        raise ValueError(f"expected a strength above 0, got {strength}")
    return (strength * x.clamp(1e-4, 1 - 1e-4).logit()).sigmoid()


def contrast_for(x: Tensor, target: float) -> float:
    """The strength of `more_contrast` that makes pictures as sharp as `target`, by halving an interval.

    Raises ValueError if none does.
    """
    low, high = 1.0, 100.0
    if not sharpness(x) <= target <= sharpness(more_contrast(x, high)):
        raise ValueError(f"expected a target that more contrast reaches, from {sharpness(x):.3g}, got {target:.3g}")
    for _ in range(30):
        middle = (low + high) / 2
        sharp_enough = sharpness(more_contrast(x, middle)) >= target
        low, high = (low, middle) if sharp_enough else (middle, high)
    return high


def psnr(rebuilt: Tensor, real: Tensor) -> float:
    """The peak signal-to-noise ratio in dB of pictures in [0, 1], from the squared error of all pixels together."""
    if rebuilt.shape != real.shape:
        raise ValueError(f"expected pictures of one shape, got {tuple(rebuilt.shape)} and {tuple(real.shape)}")
    return -10 * (rebuilt - real).square().mean().log10().item()


def measured(
    rebuilt: Tensor, real: Tensor, labels: Tensor, size: int, judge: Judge, untaught: Judge | None = None
) -> dict[str, float]:
    """Every measure of rebuilt pictures (N, 1, 28, 28), N as many as the judge counts.

    The judges hold other real pictures (of the validation part, where `real` are of the test part).
    """
    found = {
        "psnr": psnr(rebuilt, real),
        "sharpness": sharpness(rebuilt) / sharpness(real),
        "ratio": judge.frechet(rebuilt) / judge.floor["frechet"],
        "class": (judge.predict(rebuilt) == labels).float().mean().item(),
        "consistency": (shrink(rebuilt, size) - shrink(real, size)).square().mean().sqrt().item(),
    }
    if untaught is not None:
        found["untaught"] = untaught.frechet(rebuilt) / untaught.floor["frechet"]
    return found
