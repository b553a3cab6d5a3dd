"""Wrappers that change a discriminator: packs of samples, and spectral norm."""

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from course_utils.plumbing.checks import check_whole


class packed(nn.Module):  # noqa: N801 - it is used like the function `spectral`
    """Show a discriminator `n` samples at a time, joined along the channels (PacGAN, Lin et al., 2018).

    The discriminator must be built for `n` times the channels (or features). x (N, ...) gives logits (N / n,);
    a remainder that fills no pack is left out.
    """

    def __init__(self, discriminator: nn.Module, n: int = 2):
        super().__init__()
        check_whole(n=n)
        self.discriminator = discriminator
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        packs = len(x) // self.n
        if packs == 0:
            raise ValueError(f"expected at least {self.n} samples to pack, got {len(x)}")
        return self.discriminator(x[: packs * self.n].reshape(packs, self.n * x.shape[1], *x.shape[2:]))


def spectral(network: nn.Module) -> nn.Module:
    """Hold the spectral norm of every layer's weight matrix at 1, in place (Miyato et al., 2018)."""
    for layer in network.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            spectral_norm(layer)
    return network
