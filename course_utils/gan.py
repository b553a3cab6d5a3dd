"""The generative adversarial network: two players, one step each (Goodfellow et al., 2014, algorithm 1)."""

import torch
from torch import Tensor, nn

from course_utils.losses import ADVERSARIAL, gradient_penalty, r1_penalty
from course_utils.networks import sample, to_data


class GAN(nn.Module):
    """A generator and a discriminator that play against each other (Goodfellow et al., 2014).

    Parameters
    ----------
    generator : z (N, latent_dim) to raw output; it has an attribute `latent_dim`.
    discriminator : data to logits (N,).
    loss : "non_saturating", "saturating", "least_squares", "hinge" or "wasserstein".
    r1_weight : weight of the R1 penalty on real samples; 0 leaves it out (Mescheder et al., 2018).
    gp_weight : weight of the WGAN-GP penalty between real and generated; 0 leaves it out (Gulrajani et al., 2017).
    penalty_every : apply penalties on every k-th step only, k times as strong (Karras et al., 2020, "lazy").
    n_critic : the generator moves on every n-th step; the discriminator on every step.
    generator_lr, discriminator_lr, betas : settings of the two Adam optimizers.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: str = "non_saturating",
        r1_weight: float = 0.0,
        gp_weight: float = 0.0,
        penalty_every: int = 1,
        n_critic: int = 1,
        generator_lr: float = 1e-3,
        discriminator_lr: float = 1e-3,
        betas: tuple[float, float] = (0.0, 0.99),
    ):
        super().__init__()
        if loss not in ADVERSARIAL:
            raise ValueError(f"expected a loss among {', '.join(ADVERSARIAL)}, got {loss!r}")
        if min(r1_weight, gp_weight) < 0:
            raise ValueError(f"expected r1_weight and gp_weight of at least 0, got {r1_weight} and {gp_weight}")
        if penalty_every < 1 or n_critic < 1:
            raise ValueError(f"expected penalty_every and n_critic of at least 1, got {penalty_every} and {n_critic}")
        self.generator, self.discriminator, self.loss = generator, discriminator, loss
        self.r1_weight, self.gp_weight, self.penalty_every, self.n_critic = (
            r1_weight,
            gp_weight,
            penalty_every,
            n_critic,
        )
        self.generator_lr, self.discriminator_lr, self.betas = generator_lr, discriminator_lr, tuple(map(float, betas))

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one Adam for each player; neither ever sees the other's weights."""
        fused = next(self.parameters()).device.type in ("cpu", "cuda")
        return {
            "discriminator": torch.optim.Adam(
                self.discriminator.parameters(), self.discriminator_lr, self.betas, fused=fused
            ),
            "generator": torch.optim.Adam(self.generator.parameters(), self.generator_lr, self.betas, fused=fused),
        }

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        """Move the discriminator once and, on every n-th step, the generator; return what to log."""
        real = batch if isinstance(batch, Tensor) else batch[0]
        metrics = self.discriminator_step(real, optimizers["discriminator"], step)
        if (step + 1) % self.n_critic == 0:
            metrics |= self.generator_step(len(real), optimizers["generator"])
        return metrics

    def discriminator_step(self, real: Tensor, optimizer, step: int) -> dict[str, Tensor]:
        """Teach the discriminator to tell real samples from generated ones."""
        with torch.no_grad():  # the generator does not learn from this step
            fake = self.generate(len(real))
        if real.shape != fake.shape:
            raise ValueError(f"expected real samples shaped {tuple(fake.shape)}, got {tuple(real.shape)}")
        real_logits, fake_logits = self.discriminator(real), self.discriminator(fake)  # (N,), (N,)
        loss = ADVERSARIAL[self.loss][0](real_logits, fake_logits)
        optimizer.zero_grad()
        (loss + self.penalty(real, fake, step)).backward()
        optimizer.step()
        d_real, d_fake = real_logits.detach().sigmoid().mean(), fake_logits.detach().sigmoid().mean()
        return {"d_loss": loss.detach(), "d_real": d_real, "d_fake": d_fake}

    def generator_step(self, n: int, optimizer) -> dict[str, Tensor]:
        """Teach the generator to be called real by the discriminator, which stands still."""
        loss = ADVERSARIAL[self.loss][1](self.discriminator(self.generate(n)))
        optimizer.zero_grad()
        loss.backward(inputs=list(self.generator.parameters()))  # gradients for one player only
        optimizer.step()
        return {"g_loss": loss.detach()}

    def penalty(self, real: Tensor, fake: Tensor, step: int) -> Tensor | float:
        """Return the weighted gradient penalties of this step, 0 on the steps between."""
        total = 0.0
        if step % self.penalty_every == 0:
            if self.r1_weight:
                total += self.penalty_every * self.r1_weight * r1_penalty(self.discriminator, real)
            if self.gp_weight:
                total += self.penalty_every * self.gp_weight * gradient_penalty(self.discriminator, real, fake)
        return total

    def generate(self, n: int) -> Tensor:
        """Return n generated samples, with gradients, from fresh z of the global random state."""
        z = torch.randn(n, self.generator.latent_dim, device=next(self.generator.parameters()).device)
        return to_data(self.generator(z))

    def sample(self, n: int = 64, z: Tensor | None = None, seed: int = 0) -> Tensor:
        """Return samples to look at: in eval mode and from a private generator, so that looking changes nothing.

        The same n and seed give the same z each time; `z` (n, latent_dim) replaces them. Images are in [0, 1].
        """
        return sample(self.generator, n, z, seed)
