"""A VAE that draws a black and white picture in four quarters, each given the code and the quarters before it.

A quarter is every second pixel of every second row: of 28×28 pixels there are four pictures of 14×14. The code alone
draws the first; each later pixel sees its neighbours in those before. So the code has to say what the picture is, and
need not say how its edges run. It is PixelVAE (Gulrajani et al., 2017) in the order of Reed et al. (2017), which draws
in four passes where one pixel after the other takes 784.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.losses import bernoulli_nll
from course_utils.vae import VAE


class Neighbours(nn.Module):
    """Logits of the quarters and their pixels to better logits, (N, 4, H, W) each; no quarter sees itself or later."""

    def __init__(self, width: int = 8):
        super().__init__()
        quarter = torch.arange(4)
        feature = quarter.repeat_interleave(width)[:, None]  # (4 * width, 1), the quarter that each feature is for
        self.see = nn.Conv2d(8, 4 * width, 3, padding=1)
        self.say = nn.Conv2d(4 * width, 4, 1)
        sees = torch.cat([torch.ones(4 * width, 4), quarter < feature], 1)  # all logits, and the pixels before
        self.register_buffer("sees", sees[:, :, None, None])
        self.register_buffer("says", (feature <= quarter).T.float()[:, :, None, None])
        for weight in self.say.parameters():  # at first the code says all
            nn.init.zeros_(weight)

    def forward(self, logits: Tensor, x: Tensor) -> Tensor:
        features = F.conv2d(torch.cat([logits, x], 1), self.see.weight * self.sees, self.see.bias, padding=1).relu()
        return logits + F.conv2d(features, self.say.weight * self.says, self.say.bias)  # (N, 4, H, W)


class QuarterVAE(VAE):
    """A VAE for black and white pictures (N, 1, H, W), whose pixels depend on the code and on their neighbours.

    `sample` and `reconstruct` show what the decoder alone says; `draw` draws from the model.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, width: int = 8, lr: float = 1e-3):
        super().__init__(encoder, decoder, lr=lr)
        self.neighbours = Neighbours(width)

    def nll(self, z: Tensor, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return -log p(x | z) in nats: (N,)."""
        x = F.pixel_unshuffle(x, 2)  # (N, 4, H / 2, W / 2)
        return bernoulli_nll(self.neighbours(F.pixel_unshuffle(self.decoder(z), 2), x), x)

    @torch.no_grad()
    def draw(self, z: Tensor) -> Tensor:
        """Draw black and white pictures (N, 1, H, W) for codes (N, latent_dim), with torch's random numbers."""
        logits = F.pixel_unshuffle(self.decoder(z), 2)
        x = torch.zeros_like(logits)
        for quarter in range(4):
            x[:, quarter] = self.neighbours(logits, x)[:, quarter].sigmoid().bernoulli()
        return F.pixel_shuffle(x, 2)
