"""A GAN recipe as many tutorials print it: tanh outputs, images in [-1, 1], probabilities, Adam 2e-4, batch 64."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.networks import mlp


class PrintedRecipe(nn.Module):
    """100-256-512-1024-784 against 784-512-256-1; it trains with `fit` like every model of the course."""

    def __init__(self, lr: float = 2e-4, betas: tuple[float, float] = (0.5, 0.999)):
        super().__init__()
        self.lr = lr
        self.betas = betas
        self.generator = nn.Sequential(mlp([100, 256, 512, 1024, 784], "relu"), nn.Tanh())
        self.discriminator = nn.Sequential(mlp([784, 512, 256, 1], "leaky_relu"), nn.Sigmoid())

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "generator": torch.optim.Adam(self.generator.parameters(), self.lr, self.betas, fused=True),
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), self.lr, self.betas, fused=True),
        }

    def training_step(self, images: Tensor, optimizers: dict, step: int) -> dict[str, Tensor]:
        """The generator is trained on the batch that the discriminator has just been trained on, as printed."""
        real = 2 * images.flatten(1) - 1  # (N, 784) in [-1, 1]
        ones = torch.ones(len(real), 1)
        zeros = torch.zeros(len(real), 1)
        fake = self.generator(torch.randn(len(real), 100))  # (N, 784)
        on_real = F.binary_cross_entropy(self.discriminator(real), ones)
        on_fake = F.binary_cross_entropy(self.discriminator(fake.detach()), zeros)
        d_loss = (on_real + on_fake) / 2
        optimizers["discriminator"].zero_grad()
        d_loss.backward()
        optimizers["discriminator"].step()
        g_loss = F.binary_cross_entropy(self.discriminator(fake), ones)
        optimizers["generator"].zero_grad()
        g_loss.backward()
        optimizers["generator"].step()
        return {"d_loss": d_loss.detach(), "g_loss": g_loss.detach()}

    @torch.no_grad()
    def sample(self, n: int = 64, seed: int = 0) -> Tensor:
        """Draw images (n, 1, 28, 28) in [0, 1]."""
        z = torch.randn(n, 100, generator=torch.Generator().manual_seed(seed))
        return (self.generator(z) + 1).div(2).clamp(0, 1).view(-1, 1, 28, 28)
