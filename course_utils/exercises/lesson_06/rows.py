"""A VAE whose decoder draws an image row by row and may read the rows above: the classic case of an ignored code."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils import losses, networks
from course_utils.vae import VAE

SIZE = 14  # pixels


def small_and_binary(images: Tensor) -> Tensor:
    """Black and white images of half the size: (N, 1, 28, 28) to (N, 1, 14, 14)."""
    return (F.avg_pool2d(images, 2) > 0.5).float()


class RowDecoder(nn.Module):
    """Logits of images, row by row: the code is the first state of a recurrent network that reads the rows above."""

    def __init__(self, latent_dim: int = 16, hidden: int = 128):
        super().__init__()
        self.latent_dim = latent_dim
        self.start = nn.Linear(latent_dim, hidden)
        self.rows = nn.GRU(SIZE, hidden, batch_first=True)
        self.out = nn.Linear(hidden, SIZE)

    def forward(self, z: Tensor, x: Tensor | None = None) -> Tensor:
        """Decode codes (N, latent_dim) beside images (N, 1, 14, 14); without them every row above is blank."""
        x = z.new_zeros(len(z), 1, SIZE, SIZE) if x is None else x
        above = F.pad(x[:, 0, :-1], (0, 0, 1, 0))  # (N, 14, 14): row i holds row i - 1
        states, _ = self.rows(above, self.start(z).tanh()[None])  # (N, 14, hidden)
        return self.out(states)[:, None]


class RowVAE(VAE):
    """A VAE with a `RowDecoder` that reads the rows above, or blank ones, and gets the code, or zeros."""

    def __init__(self, reads: bool = True, gets_code: bool = True, **settings):
        super().__init__(networks.MLPEncoder(16, (256,), shape=(1, SIZE, SIZE)), RowDecoder(), **settings)
        self.reads = reads
        self.gets_code = gets_code

    def nll(self, z: Tensor, x: Tensor, y: Tensor | None = None) -> Tensor:
        z = z if self.gets_code else torch.zeros_like(z)
        return losses.bernoulli_nll(self.decoder(z, x if self.reads else None), x)
