"""The diffusion model: images sink into noise, and a network learns the way back (Ho et al., 2020).

At a time t from 0 to 1 an image x, scaled to [-1, 1], has become x_t = alpha x + sigma noise. Alpha falls from 1 to
nearly 0, and sigma² = 1 - alpha², so that x_1 is noise alone. What is left of the signal, alpha², is the papers' ᾱ_t.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.networks import IMAGE, halved
from course_utils.plumbing.checks import check_data, check_whole, dtype_of, look_at
from course_utils.plumbing.device import in_parts, torch_defaults
from course_utils.plumbing.labels import x_and_y

SCHEDULES = {  # a time t in [0, 1] to alpha²
    "cosine": lambda t: (t * math.pi / 2).cos().square(),  # Nichol and Dhariwal (2021), without their offset
    "linear": lambda t: (-0.1 * t - 9.95 * t.square()).exp(),  # Ho et al. (2020), for as many steps as you like
}
PREDICTIONS = {  # what the network is asked for, and the clean image that its answer implies
    "noise": (
        lambda x, noise, alpha, sigma: noise,
        lambda answer, x_t, alpha, sigma: (x_t - sigma * answer) / alpha,
    ),
    "v": (  # Salimans and Ho (2022): both the noise and the image follow from it at all times
        lambda x, noise, alpha, sigma: alpha * noise - sigma * x,
        lambda answer, x_t, alpha, sigma: alpha * x_t - sigma * answer,
    ),
    "image": (
        lambda x, noise, alpha, sigma: x,
        lambda answer, x_t, alpha, sigma: answer,
    ),
}


class Diffusion(nn.Module):
    """A network that takes noise away from images, asked again and again (Ho et al., 2020).

    Parameters
    ----------
    network : noisy images x_t (N, *shape) and times t (N,) to an answer (N, *shape); it has an attribute `shape`.
    predict : what is asked for: "noise" (Ho et al., 2020), "v" (Salimans and Ho, 2022) or "image".
    schedule : how the signal fades: "cosine" or "linear".
    lr : learning rate of Adam.

    Raises ValueError for a setting that means nothing, and before the first step for a network that does not fit.
    """

    def __init__(self, network: nn.Module, predict: str = "v", schedule: str = "cosine", lr: float = 2e-3):
        super().__init__()
        if predict not in PREDICTIONS:
            raise ValueError(f"expected predict among {', '.join(PREDICTIONS)}, got {predict!r}")
        if schedule not in SCHEDULES:
            raise ValueError(f"expected a schedule among {', '.join(SCHEDULES)}, got {schedule!r}")
        if len(getattr(network, "shape", ())) != 3:
            got = type(network).__name__
            raise ValueError(f"expected a network with the shape of one image as its attribute shape, got {got}")
        self.network = network
        self.predict = predict
        self.schedule = schedule
        self.lr = float(lr)  # a checkpoint holds no numpy

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one Adam for the one network."""
        fused = next(self.parameters()).device.type in ("cpu", "cuda")
        return {"network": torch.optim.Adam(self.network.parameters(), self.lr, fused=fused)}

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        """Move the network once: noise images (N, C, H, W) at random times, and ask what was done (algorithm 1)."""
        images, _ = x_and_y(batch)
        if step == 0:
            self.check(images)
        x = 2 * images - 1
        t = torch.rand(len(x), device=x.device, dtype=x.dtype)  # (N,)
        noise = torch.randn_like(x)  # (N, C, H, W)
        alpha, sigma = self.levels(t)  # (N, 1, 1, 1) each
        target, _ = PREDICTIONS[self.predict]
        answer = self.network(alpha * x + sigma * noise, t)  # (N, C, H, W)
        loss = F.mse_loss(answer, target(x, noise, alpha, sigma))
        optimizers["network"].zero_grad()
        loss.backward()
        optimizers["network"].step()
        return {"loss": loss.detach()}

    def check(self, images: Tensor) -> None:
        """Raise ValueError for data that are no images of the network's shape, and for a network that does not fit."""
        check_data(images, self.network.shape)
        t = images.new_zeros(len(images))
        answer = look_at(self.network, images, "network", f"{self.predict}, which has both signs", t=t)
        if answer is not None and answer.shape != images.shape:
            got = f"{tuple(answer.shape)} for {tuple(images.shape)}"
            raise ValueError(f"expected the network to answer with as many numbers as it is shown, got {got}")

    def levels(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return how much signal and how much noise there is at times t (N,) in [0, 1]: (N, 1, 1, 1) each."""
        alpha_squared = SCHEDULES[self.schedule](t).clamp_min(1e-4)[:, None, None, None]  # an answer is divided by it
        return alpha_squared.sqrt(), (1 - alpha_squared).sqrt()

    @torch_defaults()
    def sample(self, n: int = 64, z: Tensor | None = None, seed: int = 0, steps: int = 20, eta: float = 0.0) -> Tensor:
        """Draw n images in [0, 1] for display; the network is asked once a step for each of them.

        The same n and seed give the same noise each time; `z` (n, C, H, W) replaces it. With eta = 0 the noise alone
        decides (DDIM, Song et al., 2021), with 1 each step adds fresh noise (DDPM, Ho et al., 2020, algorithm 2).
        """
        check_whole(n=n, steps=steps)
        if steps > 1000:
            raise ValueError(f"expected at most 1000 steps, got {steps}: smaller ones are lost in rounding")
        if not 0 <= eta <= 1:
            raise ValueError(f"expected eta from 0 (DDIM) to 1 (DDPM), got {eta}")
        random = torch.Generator().manual_seed(seed)
        z = torch.randn(n, *self.network.shape, generator=random) if z is None else z  # (n, C, H, W)
        if tuple(z.shape[1:]) != tuple(self.network.shape):
            raise ValueError(f"expected z as images of shape {self.network.shape}, got {tuple(z.shape)}")

        def draw(x: Tensor) -> Tensor:
            for t, earlier in pairwise(torch.linspace(1, 0, steps + 1).tolist()):
                x = self.step_back(x, t, earlier, eta, random)
            return (x + 1) / 2

        return in_parts(self, draw, z.to(dtype_of(self)))

    def step_back(self, x_t: Tensor, t: float, earlier: float, eta: float = 0.0, random=None) -> Tensor:
        """Take noisy images (N, C, H, W) from time t to an earlier one (Song et al., 2021, equations 12 and 16)."""
        t, earlier = (x_t.new_full((len(x_t),), time) for time in (t, earlier))  # (N,) each
        (alpha, sigma), (next_alpha, next_sigma) = self.levels(t), self.levels(earlier)  # (N, 1, 1, 1) each
        _, image_in = PREDICTIONS[self.predict]
        x = image_in(self.network(x_t, t), x_t, alpha, sigma).clamp(-1, 1)  # the image that the network sees
        noise = (x_t - alpha * x) / sigma
        fresh = eta * next_sigma / sigma * (1 - (alpha / next_alpha).square()).sqrt()  # how much of the noise is new
        kept = (next_sigma.square() - fresh.square()).clamp_min(0).sqrt()
        more = torch.randn(x.shape, generator=random, dtype=x.dtype).to(x.device) if eta else 0.0
        return next_alpha * x + kept * noise + fresh * more


class Denoiser(nn.Module):
    """A small U-Net: noisy images (N, *shape) and times t (N,) in [0, 1] to as many numbers (N, *shape).

    On the way down each width in `channels` halves the picture, and on the way up what was seen there is added again
    (Ronneberger et al., 2015). Every block is told the time by sines and cosines of several frequencies.
    """

    def __init__(self, channels: Sequence[int] = (32, 64), shape: Sequence[int] = IMAGE):
        super().__init__()
        halved(shape, channels)
        if any(width % 8 for width in channels):
            raise ValueError(f"expected channels in multiples of 8, which are normalized in groups, got {channels}")
        first, last, colours = channels[0], channels[-1], shape[0]
        self.shape = tuple(shape)
        self.register_buffer("frequencies", torch.logspace(0, 1.5, 16))  # (16,), from 1 to 32
        self.enter = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * colours, first, 3, padding=1))
        self.down, self.shrink, self.grow, self.up = (nn.ModuleList() for _ in range(4))
        for narrow, wide in pairwise(channels):
            self.down.append(Block(narrow))
            self.shrink.append(nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(narrow, wide, 1)))
            self.grow.insert(0, nn.Sequential(nn.Conv2d(wide, 4 * narrow, 1), nn.PixelShuffle(2)))
            self.up.insert(0, Block(narrow))
        self.middle = nn.ModuleList([Block(last), Block(last)])
        self.leave = nn.Sequential(nn.SiLU(), nn.Conv2d(first, 4 * colours, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        angles = t[:, None] * self.frequencies  # (N, 16)
        time = torch.cat([angles.sin(), angles.cos()], 1)  # (N, 32)
        h, seen = self.enter(x), []  # (N, 32, 14, 14)
        for block, shrink in zip(self.down, self.shrink):
            seen.append(block(h, time))
            h = shrink(seen[-1])  # (N, 64, 7, 7)
        for block in self.middle:
            h = block(h, time)
        for grow, block in zip(self.grow, self.up):
            h = block(grow(h) + seen.pop(), time)  # (N, 32, 14, 14)
        return self.leave(h)  # (N, 1, 28, 28)


class Block(nn.Module):
    """Two convolutions whose result is added to what came in; the time scales and shifts what is between them."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.time = nn.Linear(32, 2 * width)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)  # at first a block changes little

    def forward(self, h: Tensor, time: Tensor) -> Tensor:
        scale, shift = self.time(time)[:, :, None, None].chunk(2, 1)  # (N, width, 1, 1) each
        inner = self.first(F.silu(self.norm(h)))
        return h + self.second(F.silu(inner * (1 + scale) + shift))
