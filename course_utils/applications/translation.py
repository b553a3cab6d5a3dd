"""Translating pictures without pairs (lesson 10): CycleGAN, a task whose truth we know, and rivals with their measures.

Images are (N, 1, 28, 28) in [0, 1]. Domain A holds digits, domain B other digits after a map that nobody tells the
model; a task hands out both, and hidden pairs of unseen digits for scoring.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.data import Images
from course_utils.losses import ADVERSARIAL, r1_penalty
from course_utils.networks import ConvDiscriminator, to_data
from course_utils.plumbing.checks import check_whole
from course_utils.plumbing.device import in_parts


def bend(x: Tensor, right: Tensor, down: Tensor | None = None) -> Tensor:
    """Draw images anew, each pixel taken from so far to the right and down: (28, 28) each, in halves of the picture."""
    push = torch.stack([right, torch.zeros_like(right) if down is None else down], 2)  # (28, 28, 2)
    return F.grid_sample(x, places(x) + push, align_corners=False)


def places(x: Tensor) -> Tensor:
    """Where each pixel is, across and down, from -1 to 1: (N, 28, 28, 2)."""
    return F.affine_grid(torch.eye(2, 3).expand(len(x), 2, 3), list(x.shape), align_corners=False)


def slant(x: Tensor, shear: float = 0.4) -> Tensor:
    """Lean each image: a row moves sideways by `shear` times its distance from the middle."""
    return bend(x, shear * places(x)[0, ..., 1])


def wave(x: Tensor, depth: float = 0.25) -> Tensor:
    """Push each row of an image sideways by a sine of its height, at most `depth` times half the picture."""
    return bend(x, depth * torch.sin(2 * math.pi * places(x)[0, ..., 1]))


def outline(x: Tensor) -> Tensor:
    """A line one pixel wide around each stroke, which is black inside."""
    return (F.max_pool2d(x, 3, 1, 1) - x).clamp(0, 1)


TRUTHS: dict[str, Callable[[Tensor], Tensor]] = {"slant": slant, "wave": wave, "outline": outline}


@dataclass(frozen=True)
class Task:
    """Two piles of pictures, and hidden pairs: `truth` is what a test image x should become."""

    a: Tensor  # (N, 1, 28, 28), digits of one half of the originals
    b: Tensor  # (N, 1, 28, 28), the other half after the hidden map, in no order
    x: Tensor  # (M, 1, 28, 28)
    truth: Tensor  # (M, 1, 28, 28)
    labels: Tensor  # (M,)
    paired: Tensor  # (N, 1, 28, 28): the hidden map of `a`, for rivals that may see pairs


def make_task(
    images: Images, name: str, n: int = 6000, part: str = "test", m: int = 3000, by_chance: bool = False
) -> Task:
    """Split training digits by their originals into A and B; no original is in both. Hidden pairs are of `part`.

    Even numbers go to A, or those that a coin says: on MNIST even and odd images differ, in mean grey by an eighth.
    """
    if name not in TRUTHS or part not in ("validation", "test"):
        raise ValueError(f"expected a task among {', '.join(TRUTHS)}, of validation or test, got {name!r} of {part!r}")
    check_whole(n=n, m=m)
    shuffle = torch.Generator().manual_seed(0)
    to_a = images.train_originals % 2 == 0
    if by_chance:
        to_a = torch.randint(2, (int(images.train_originals.max()) + 1,), generator=shuffle).bool()[
            images.train_originals
        ]
    sides = images.train[to_a], images.train[~to_a]
    n = min(n, *map(len, sides))
    a, b = (side[torch.randperm(len(side), generator=shuffle)[:n]] for side in sides)
    truth, x = TRUTHS[name], getattr(images, part)[:m]
    return Task(a, truth(b), x, truth(x), getattr(images, f"{part}_labels")[:m], truth(a))


class Translator(nn.Module):
    """A picture to the logits of another: (N, 1, 28, 28) to (N, 1, 28, 28), all on a 7×7 grid of 4×4 blocks.

    `start` is how strongly the input itself is added to the output: with 3 the first translation is nearly the input,
    with 0 it is grey.
    """

    def __init__(self, channels: int = 32, start: float = 3.0):
        super().__init__()
        self.before = nn.Sequential(nn.PixelUnshuffle(4), nn.Conv2d(16, channels, 3, padding=1), nn.SiLU())
        self.block = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.SiLU(), nn.Conv2d(channels, channels, 3, padding=1)
        )
        self.after = nn.Sequential(nn.SiLU(), nn.Conv2d(channels, 16, 3, padding=1), nn.PixelShuffle(4))
        self.start = start

    def forward(self, x: Tensor) -> Tensor:
        h = self.before(x)  # (N, channels, 7, 7)
        return self.after(h + self.block(h)) + self.start * (2 * x - 1)


class CycleGAN(nn.Module):
    """Two translators, there and back, and a discriminator for each pile (Zhu et al., 2017, section 3).

    to_b, to_a : images to logits of images, from A to B and from B to A (G and F in the paper).
    d_a, d_b : images to logits (N,): is this a picture of A, of B?
    cycle_weight : of "there and back is the same picture" (equation 2); 0 leaves it out.
    identity_weight : of "a picture that is in B already stays" (section 5.2); 0 leaves it out.
    loss : a name of `losses.ADVERSARIAL`; the paper's is "least_squares".
    r1_weight, penalty_every : the R1 penalty of both discriminators, on every k-th step, k times as strong.
    lr : of the two Adam optimizers.
    """

    def __init__(
        self,
        to_b: nn.Module,
        to_a: nn.Module,
        d_a: nn.Module,
        d_b: nn.Module,
        cycle_weight: float = 10.0,
        identity_weight: float = 0.0,
        loss: str = "non_saturating",
        r1_weight: float = 1.0,
        penalty_every: int = 8,
        lr: float = 2e-3,
    ):
        super().__init__()
        if loss not in ADVERSARIAL:
            raise ValueError(f"expected a loss among {', '.join(ADVERSARIAL)}, got {loss!r}")
        if not min(cycle_weight, identity_weight, r1_weight) >= 0:
            got = f"cycle {cycle_weight}, identity {identity_weight}, R1 {r1_weight}"
            raise ValueError(f"expected weights of at least 0, got {got}")
        check_whole(penalty_every=penalty_every)
        self.to_b, self.to_a, self.d_a, self.d_b = to_b, to_a, d_a, d_b
        self.cycle_weight = cycle_weight
        self.identity_weight = identity_weight
        self.loss = loss
        self.r1_weight = r1_weight
        self.penalty_every = penalty_every
        self.lr = lr

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one Adam for both translators and one for both discriminators."""
        translators, discriminators = adam_of(self.to_b, self.to_a, lr=self.lr), adam_of(self.d_a, self.d_b, lr=self.lr)
        return {"translators": translators, "discriminators": discriminators}

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        """Move both discriminators, then both translators; row i of a and row i of b have nothing in common."""
        if not isinstance(batch, (list, tuple)) or len(batch) != 2:
            raise ValueError("expected two piles of pictures, fit(model, (a, b)), got one")
        a, b = batch
        fake_b, fake_a = to_data(self.to_b(a)), to_data(self.to_a(b))

        d_loss, _ = ADVERSARIAL[self.loss]
        d = d_loss(self.d_b(b), self.d_b(fake_b.detach())) + d_loss(self.d_a(a), self.d_a(fake_a.detach()))
        penalty = 0.0
        if self.r1_weight and step % self.penalty_every == 0:
            penalty = self.penalty_every * self.r1_weight * (r1_penalty(self.d_a, a) + r1_penalty(self.d_b, b))
        optimizers["discriminators"].zero_grad()
        (d + penalty).backward()
        optimizers["discriminators"].step()

        found = self.translators_loss(a, b, fake_a, fake_b)
        optimizers["translators"].zero_grad()
        found["total"].backward(inputs=[*self.to_b.parameters(), *self.to_a.parameters()])  # for one player only
        optimizers["translators"].step()
        return {"d_loss": d.detach(), "g_loss": found["g"].detach(), "cycle": found["cycle"].detach()}

    def translators_loss(self, a: Tensor, b: Tensor, fake_a: Tensor, fake_b: Tensor) -> dict[str, Tensor]:
        """Pass for real (equation 1), come back to the same picture (2), leave alone what is there (section 5.2)."""
        _, g_loss = ADVERSARIAL[self.loss]
        g = g_loss(self.d_b(fake_b)) + g_loss(self.d_a(fake_a))
        cycle = same = torch.zeros((), device=a.device)
        if self.cycle_weight:
            cycle = F.l1_loss(to_data(self.to_a(fake_b)), a) + F.l1_loss(to_data(self.to_b(fake_a)), b)
        if self.identity_weight:
            same = F.l1_loss(to_data(self.to_b(b)), b) + F.l1_loss(to_data(self.to_a(a)), a)
        return {"total": g + self.cycle_weight * cycle + self.identity_weight * same, "g": g, "cycle": cycle}


def make_cycle_gan(start: float = 3.0, **settings) -> CycleGAN:
    """A CycleGAN of two small translators and two discriminators of lesson 03; settings as there."""
    return CycleGAN(
        Translator(start=start), Translator(start=start), ConvDiscriminator(), ConvDiscriminator(), **settings
    )


def adam_of(*networks: nn.Module, lr: float) -> torch.optim.Optimizer:
    weights = [p for network in networks for p in network.parameters()]
    return torch.optim.Adam(weights, lr, betas=(0.0, 0.99), fused=weights[0].device.type in ("cpu", "cuda"))


def translated(network: nn.Module, x: Tensor) -> Tensor:
    """What a translator makes of images, without gradients: (N, 1, 28, 28) in, the same out."""
    return in_parts(network, lambda part: to_data(network(part)), x)


def way_back(to_b: nn.Module, to_a: nn.Module, x: Tensor, noise: float, seed: int = 0) -> dict[str, float]:
    """How far x is from what comes back from B: as it is, and with faint noise of that size on the translation.

    A message in faint pixels does not survive faint noise (Chu et al., 2017).
    """
    made = translated(to_b, x)
    random = torch.Generator().manual_seed(seed)
    noisy = (made + noise * torch.randn(made.shape, generator=random)).clamp(0, 1)
    return {"back": rmse(translated(to_a, made), x), "noisy": rmse(translated(to_a, noisy), x)}


def rmse(made: Tensor, truth: Tensor) -> float:
    """The root of the mean squared difference of all pixels."""
    return (made - truth).square().mean().sqrt().item()
