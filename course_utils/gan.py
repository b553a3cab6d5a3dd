"""The generative adversarial network: two players, one step each (Goodfellow et al., 2014, algorithm 1)."""

from functools import partial

import torch
from torch import Tensor, nn

from course_utils.losses import ADVERSARIAL, gradient_penalty, r1_penalty
from course_utils.networks import sample, to_data
from course_utils.plumbing.checks import check_whole, latent_dim_of, look_at, look_at_generator
from course_utils.plumbing.labels import given, x_and_y


class GAN(nn.Module):
    """A generator and a discriminator that play against each other (Goodfellow et al., 2014).

    Networks that were built for `classes` get the labels y of a batch (x, y), too (Mirza and Osindero, 2014).

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

    Raises ValueError for a setting that means nothing, and before the first step for networks that do not fit.
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
        latent_dim_of(generator, "generator")
        if loss not in ADVERSARIAL:
            raise ValueError(f"expected a loss among {', '.join(ADVERSARIAL)}, got {loss!r}")
        if not min(r1_weight, gp_weight) >= 0:
            raise ValueError(f"expected r1_weight and gp_weight of at least 0, got {r1_weight} and {gp_weight}")
        check_whole(penalty_every=penalty_every, n_critic=n_critic)
        self.generator = generator
        self.discriminator = discriminator
        self.loss = loss
        self.r1_weight = r1_weight
        self.gp_weight = gp_weight
        self.penalty_every = penalty_every
        self.n_critic = n_critic
        self.generator_lr = float(generator_lr)  # a checkpoint holds no numpy
        self.discriminator_lr = float(discriminator_lr)
        self.betas = tuple(map(float, betas))

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one Adam for each player; neither ever sees the other's weights."""
        fused = next(self.parameters()).device.type in ("cpu", "cuda")
        adam = partial(torch.optim.Adam, betas=self.betas, fused=fused)
        return {
            "discriminator": adam(self.discriminator.parameters(), self.discriminator_lr),
            "generator": adam(self.generator.parameters(), self.generator_lr),
        }

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        """Move the discriminator once and, on every n-th step, the generator; return what to log."""
        real, y = x_and_y(batch)
        if step == 0:
            look_at_generator(self.generator, real, y=y)
            look_at(self.discriminator, real, "discriminator", "logits", y=y)
        metrics = self.discriminator_step(real, optimizers["discriminator"], step, y)
        if (step + 1) % self.n_critic == 0:
            metrics |= self.generator_step(len(real), optimizers["generator"], y)
        return metrics

    def discriminator_step(self, real: Tensor, optimizer, step: int, y: Tensor | None = None) -> dict[str, Tensor]:
        """Teach the discriminator to tell real samples from generated ones, which share their labels y, if any."""
        discriminator = given(self.discriminator, y)
        with torch.no_grad():  # the generator does not learn from this step
            fake = self.generate(len(real), y)
        real_logits = discriminator(real)  # (N,)
        fake_logits = discriminator(fake)  # (N,)
        d_loss, _ = ADVERSARIAL[self.loss]
        loss = d_loss(real_logits, fake_logits)
        optimizer.zero_grad()
        (loss + self.penalty(real, fake, step, y)).backward()
        optimizer.step()
        d_real = real_logits.detach().sigmoid().mean()
        d_fake = fake_logits.detach().sigmoid().mean()
        return {"d_loss": loss.detach(), "d_real": d_real, "d_fake": d_fake}

    def generator_step(self, n: int, optimizer, y: Tensor | None = None) -> dict[str, Tensor]:
        """Teach the generator to be called real by the discriminator, which stands still."""
        _, g_loss = ADVERSARIAL[self.loss]
        loss = g_loss(given(self.discriminator, y)(self.generate(n, y)))
        optimizer.zero_grad()
        loss.backward(inputs=[p for p in self.generator.parameters() if p.requires_grad])  # for one player only
        optimizer.step()
        return {"g_loss": loss.detach()}

    def penalty(self, real: Tensor, fake: Tensor, step: int, y: Tensor | None = None) -> Tensor | float:
        """Return the weighted gradient penalties of this step, 0 on the steps between."""
        discriminator = given(self.discriminator, y)
        total = 0.0
        if step % self.penalty_every == 0:
            if self.r1_weight:
                total += self.penalty_every * self.r1_weight * r1_penalty(discriminator, real)
            if self.gp_weight:
                total += self.penalty_every * self.gp_weight * gradient_penalty(discriminator, real, fake)
        return total

    def generate(self, n: int, y: Tensor | None = None) -> Tensor:
        """Return n generated samples (of labels y), with gradients, from fresh z of the global random state."""
        weight = next(self.generator.parameters())
        z = torch.randn(n, self.generator.latent_dim, device=weight.device, dtype=weight.dtype)  # (n, latent_dim)
        return to_data(given(self.generator, y)(z))

    def sample(self, n: int = 64, z: Tensor | None = None, seed: int = 0, y=None) -> Tensor:
        """Draw samples for display, without changing the model or the random numbers of training.

        The same n and seed give the same z each time; `z` (n, latent_dim) replaces them. Images are in [0, 1].
        A generator for `classes` draws the labels `y`, (n,) or one for all; unless told, each class in turn.
        """
        return sample(self.generator, n, z, seed, y)
