"""Hybrids of the two families: a VAE that a discriminator judges, and a GAN that learns an encoder."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from course_utils.gan import GAN
from course_utils.losses import ADVERSARIAL, kl_divergence, non_saturating_d, non_saturating_g, r1_penalty
from course_utils.networks import Layers, activation, halving, mlp, to_data
from course_utils.plumbing.checks import check_whole, look_at, look_at_generator
from course_utils.plumbing.device import in_parts
from course_utils.plumbing.labels import given, x_and_y
from course_utils.vae import VAE, reparameterize


def move(losses: Mapping[str, Tensor], optimizers: Mapping[str, torch.optim.Optimizer]) -> None:
    """Move each player along the gradient of its own loss; all gradients are taken before anybody moves."""
    for name, loss in losses.items():
        weights = [p for group in optimizers[name].param_groups for p in group["params"] if p.requires_grad]
        optimizers[name].zero_grad()
        loss.backward(inputs=weights, retain_graph=True)
    for name in losses:
        optimizers[name].step()


class VAEGAN(VAE):
    """A VAE that compares images by what a discriminator sees in them, and has to fool it (Larsen et al., 2016).

    Parameters
    ----------
    encoder, decoder : as for VAE.
    discriminator : as for GAN, a sequence of layers; what its last layer with weights reads are the features.
    feature_sigma : standard deviation of the Gaussian likelihood of the features. They have no unit, so choose it for
        each network anew; a smaller one makes a longer code.
    gamma : weight of that likelihood for the decoder, against 1 for being called real.
    r1_weight, penalty_every : as for GAN.
    lr : learning rate of the three Adam optimizers.

    Raises ValueError for a setting that means nothing, and before the first step for networks that do not fit.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        discriminator: nn.Module,
        feature_sigma: float = 0.3,
        gamma: float = 0.01,
        r1_weight: float = 1.0,
        penalty_every: int = 8,
        lr: float = 2e-3,
    ):
        super().__init__(encoder, decoder, lr=lr)
        if not (feature_sigma > 0 and min(gamma, r1_weight) >= 0):
            got = f"{feature_sigma}, {gamma} and {r1_weight}"
            raise ValueError(f"expected feature_sigma above 0, gamma and r1_weight of at least 0, got {got}")
        check_whole(penalty_every=penalty_every)
        self.discriminator = discriminator
        self.feature_sigma = float(feature_sigma)
        self.gamma = float(gamma)
        self.r1_weight = r1_weight
        self.penalty_every = penalty_every

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one Adam for each network: no two share a loss."""
        fused = next(self.parameters()).device.type in ("cpu", "cuda")
        return {
            name: torch.optim.Adam(network.parameters(), self.lr, (0.0, 0.99), fused=fused)
            for name, network in self.named_children()
        }

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        """Move all three networks once, each by its own loss (Larsen et al., 2016, algorithm 1)."""
        x, y = x_and_y(batch)
        if step == 0:
            self.check(x, y)
            look_at(self.discriminator, x, "discriminator", "logits", y=y)
        decoder = given(self.decoder, y)
        mu, logvar = self.encode(x, y)  # (N, latent_dim), (N, latent_dim)
        rebuilt = to_data(decoder(reparameterize(mu, logvar)))
        drawn = to_data(decoder(torch.randn_like(mu)))
        features, logits = self.judge(torch.cat([x, rebuilt, drawn]), None if y is None else torch.cat([y, y, y]))
        of_real, of_rebuilt, _ = features.chunk(3)  # (N, d) each
        real_logits, fake_logits = logits[: len(x)], logits[len(x) :]  # (N,), (2N,)
        kl = kl_divergence(mu, logvar).sum(1).mean()
        nll = 0.5 * ((of_rebuilt - of_real) / self.feature_sigma).square().sum(1).mean()  # but for a constant
        d_loss, g_loss = non_saturating_d(real_logits, fake_logits), non_saturating_g(fake_logits)
        losses = {
            "encoder": kl + nll,
            "decoder": self.gamma * nll + g_loss,
            "discriminator": d_loss + self.penalty(x, y, step),
        }
        move(losses, optimizers)
        return {name: value.detach() for name, value in dict(d_loss=d_loss, g_loss=g_loss, nll=nll, kl=kl).items()}

    def judge(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return what the discriminator's last layer with weights reads, the features (N, d), and the logits (N,)."""
        *_, last = (layer for layer in self.discriminator if any(True for _ in layer.parameters()))
        seen = []
        with last.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0])):
            logits = given(self.discriminator, y)(x)
        return seen[0], logits

    def penalty(self, x: Tensor, y: Tensor | None, step: int) -> Tensor | float:
        """Return the weighted R1 penalty of this step, 0 on the steps between."""
        if not self.r1_weight or step % self.penalty_every:
            return 0.0
        return self.penalty_every * self.r1_weight * r1_penalty(given(self.discriminator, y), x)


class PairDiscriminator(nn.Module):
    """Judges an image together with a code: x (N, 1, 28, 28) and z (N, latent_dim) to logits (N,)."""

    def __init__(self, latent_dim: int, channels=(32, 64), hidden: int = 256, act="leaky_relu", classes=0):
        super().__init__()
        self.image = nn.Sequential(*halving(1, channels, hidden, act), activation(act))
        self.pair = Layers(*mlp([hidden + latent_dim, hidden, 1], act, classes=classes), classes=classes)
        self.classes = classes

    def forward(self, x: Tensor, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.pair(torch.cat([self.image(x), z], 1), y).squeeze(1)


class BiGAN(GAN):
    """A GAN whose discriminator judges pairs: an image with its code, or a code with its image.

    (x, E(x)) stands for "real", (G(z), z) for "generated". If no discriminator can tell the two kinds apart, E inverts
    G (Donahue et al., 2017). With `stochastic` a code is drawn from q(z | x): ALI (Dumoulin et al., 2017).

    Parameters
    ----------
    encoder : x to (N, 2 * latent_dim), as for VAE; without `stochastic` the first half is the code, the other unused.
    generator : as for GAN.
    discriminator : x and z (N, latent_dim) to logits (N,), such as `PairDiscriminator`.
    settings : as for GAN. The encoder plays on the generator's side and has its learning rate; both move on each step.
    """

    def __init__(
        self, encoder: nn.Module, generator: nn.Module, discriminator: nn.Module, stochastic: bool = False, **settings
    ):
        super().__init__(generator, discriminator, **settings)
        if self.n_critic != 1:
            raise ValueError(f"expected n_critic=1, got {self.n_critic}: all networks learn from the same pairs")
        self.encoder = encoder
        self.stochastic = stochastic

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one Adam for the discriminator, and one for the generator and the encoder together."""
        optimizers = super().make_optimizers()
        optimizers["generator"].add_param_group({"params": list(self.encoder.parameters())})
        return optimizers

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        """Move the discriminator once, and encoder and generator together (Dumoulin et al., 2017, algorithm 1)."""
        x, y = x_and_y(batch)
        if step == 0:
            look_at(self.encoder, x, "encoder", "any codes", y=y)
            look_at_generator(self.generator, x, y=y)
        discriminator = given(self.discriminator, y)
        z = torch.randn(len(x), self.generator.latent_dim, device=x.device, dtype=x.dtype)  # (N, latent_dim)
        fake = to_data(given(self.generator, y)(z))
        code = self.encode(x, y)  # (N, latent_dim)
        real_logits = discriminator(x, code)  # (N,), images with their codes
        fake_logits = discriminator(fake, z)  # (N,), codes with their images
        loss, _ = ADVERSARIAL[self.loss]
        d_loss = loss(real_logits, fake_logits)
        g_loss = loss(fake_logits, real_logits)  # each kind wants to pass for the other
        penalty = self.penalty(lambda x: discriminator(x, code.detach()), x, fake.detach(), step)
        move({"discriminator": d_loss + penalty, "generator": g_loss}, optimizers)
        d_real, d_fake = real_logits.detach().sigmoid().mean(), fake_logits.detach().sigmoid().mean()
        return {"d_loss": d_loss.detach(), "g_loss": g_loss.detach(), "d_real": d_real, "d_fake": d_fake}

    def encode(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return a code for each x: (N, latent_dim); with `stochastic` a draw from q(z | x)."""
        mu, logvar = given(self.encoder, y)(x).chunk(2, dim=1)  # (N, latent_dim), (N, latent_dim)
        return reparameterize(mu, logvar) if self.stochastic else mu

    def codes(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the code of each x, the mean of q(z | x) if codes are drawn, on the CPU: (N, latent_dim)."""
        return in_parts(self, lambda x, y=None: given(self.encoder, y)(x).chunk(2, dim=1)[0], x, y)

    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return what the generator makes of the code of each x, on the CPU: the shape of x."""
        return self.sample(z=self.codes(x, y), y=y)
