"""Torn images: masks that tear them, and networks that are taught about gaps.

Images x are (N, 1, 28, 28) in [0, 1]; a mask of the same shape is 1 where a pixel is seen and 0 in the gap.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.networks import ConvGenerator, halving
from course_utils.plumbing.checks import check_whole
from course_utils.vae import VAE, reparameterize

GAPS = ("random", "lower", "mixed")


def gaps(n: int, kind: str, seed: int = 0) -> Tensor:
    """Masks (n, 1, 28, 28): half the pixels at "random", the "lower" half away, or a "mixed" kind for training.

    Mixed: one half of the images lose 30 to 90 % of their pixels at random, the others one of four halves.
    """
    if kind not in GAPS:
        raise ValueError(f"expected a kind of gap among {', '.join(GAPS)}, got {kind!r}")
    check_whole(n=n)
    noise = torch.Generator().manual_seed(seed)
    pixels = torch.rand(n, 1, 28, 28, generator=noise)
    if kind == "random":
        return (pixels < 0.5).float()
    half = (torch.arange(28) < 14).float()[:, None].expand(28, 28)  # the lower half is away
    if kind == "lower":
        return half.expand(n, 1, 28, 28).clone()
    halves = torch.stack([half, 1 - half, half.T, 1 - half.T])[:, None]  # (4, 1, 28, 28)
    share = torch.rand(n, 1, 1, 1, generator=noise) * 0.6 + 0.1  # seen
    which = torch.randint(4, (n,), generator=noise)
    at_random = torch.rand(n, 1, 1, 1, generator=noise) < 0.5
    return torch.where(at_random, (pixels < share).float(), halves[which])


def with_mask(x: Tensor, mask: Tensor) -> Tensor:
    """What a network that knows gaps sees: the seen pixels and, as a second channel, the mask: (N, 2, 28, 28)."""
    if x.shape != mask.shape:
        raise ValueError(f"expected a mask of the shape of the images, {tuple(x.shape)}, got {tuple(mask.shape)}")
    return torch.cat([x * mask, mask], 1)


class GapVAE(VAE):
    """A VAE whose encoder sees images with gaps while training, and is told where (Mattei and Frellsen, 2019).

    Each step draws gaps anew; the bound counts the seen pixels alone, or the "whole" image. With `own`, batches are
    (N, 2, 28, 28), from `with_mask`: each image has its own gap for ever, and nobody ever sees what is in it.
    """

    def __init__(self, latent_dim: int = 16, target: str = "seen", own: bool = False, lr: float = 2e-3):
        if target not in ("seen", "whole") or (own and target == "whole"):
            raise ValueError(f'expected target="seen", or "whole" for images without own gaps, got {target!r}')
        super().__init__(halving(2, (32, 64), 2 * latent_dim, "silu"), ConvGenerator(latent_dim), lr=lr)
        self.target = target
        self.own = own

    def check(self, x: Tensor, y: Tensor | None = None) -> None:
        """Raise ValueError for batches of the wrong kind."""
        if x.shape[1:] != (1 + self.own, 28, 28):
            raise ValueError(f"expected images (N, {1 + self.own}, 28, 28), got {tuple(x.shape)}")

    def terms(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the nats of the pixels that count (N,), for one code of each gappy image, and the KL (N, d)."""
        if self.own:
            x, mask = x.chunk(2, 1)
        else:
            mask = gaps(len(x), "mixed", int(torch.randint(2**31, ()))).to(x.device)
        mu, logvar = self.encode(with_mask(x, mask))
        counts = mask if self.target == "seen" else torch.ones_like(mask)
        nll = nats(self.decoder(reparameterize(mu, logvar)), x, counts)
        return nll, 0.5 * (mu.square() + logvar.exp() - 1 - logvar)


class Regressor(nn.Module):
    """A supervised network from a gappy image to the whole one, pixel by pixel: no code, no draws."""

    def __init__(self, lr: float = 2e-3):
        super().__init__()
        self.near = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(8, 32, 3, padding=1), nn.SiLU())  # (N, 32, 14, 14)
        self.far = nn.Sequential(
            nn.AvgPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(64 * 49, 128),
            nn.SiLU(),
            nn.Linear(128, 32 * 49),
            nn.Unflatten(1, (32, 7, 7)),
            nn.SiLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.PixelShuffle(2),
            nn.SiLU(),
        )  # (N, 16, 14, 14)
        self.out = nn.Sequential(
            nn.Conv2d(48, 32, 3, padding=1), nn.SiLU(), nn.Conv2d(32, 4, 3, padding=1), nn.PixelShuffle(2)
        )
        self.lr = lr

    def forward(self, x: Tensor) -> Tensor:
        near = self.near(x)
        return self.out(torch.cat([near, self.far(near)], 1))

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one Adam."""
        return {"regressor": torch.optim.Adam(self.parameters(), self.lr)}

    def training_step(self, batch: Tensor, optimizers: dict, step: int) -> dict[str, Tensor]:
        """Move once, towards the missing pixels."""
        mask = gaps(len(batch), "mixed", int(torch.randint(2**31, ()))).to(batch.device)
        loss = nats(self(with_mask(batch, mask)), batch, torch.ones_like(mask)).mean()
        optimizers["regressor"].zero_grad()
        loss.backward()
        optimizers["regressor"].step()
        return {"loss": loss.detach()}


def nats(logits: Tensor, x: Tensor, counts: Tensor) -> Tensor:
    """Return -log p(x) under Bernoulli pixels, summed over those that count: (N,)."""
    return (F.binary_cross_entropy_with_logits(logits, x, reduction="none") * counts).flatten(1).sum(1)
