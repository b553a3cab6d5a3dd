"""Hybrids of the two families: a VAE that a discriminator judges, and a GAN that learns an encoder."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from course_utils.losses import kl_divergence, non_saturating_d, non_saturating_g, r1_penalty
from course_utils.networks import sample, to_data
from course_utils.plumbing.checks import check_whole, latent_dim_of, look_at, look_at_generator
from course_utils.plumbing.device import in_parts
from course_utils.plumbing.labels import given, x_and_y
from course_utils.vae import mu_and_logvar, reparameterize


def adam(networks: list[nn.Module], lr: float) -> torch.optim.Adam:
    """Return one Adam for the weights of some networks, without momentum, as for the players of a GAN."""
    weights = [p for network in networks for p in network.parameters()]
    return torch.optim.Adam(weights, lr, (0.0, 0.99), fused=weights[0].device.type in ("cpu", "cuda"))


def lazy_r1(discriminator: Callable[[Tensor], Tensor], x: Tensor, weight: float, every: int, step: int):
    """Return the weighted R1 penalty of a step, 0 on the steps between, as in `GAN.penalty`."""
    return every * weight * r1_penalty(discriminator, x) if weight and step % every == 0 else 0.0


def move(losses: Mapping[str, Tensor], optimizers: Mapping[str, torch.optim.Optimizer]) -> None:
    """Move each player along the gradient of its own loss; all gradients are taken before anybody moves."""
    for name, loss in losses.items():
        weights = [p for group in optimizers[name].param_groups for p in group["params"] if p.requires_grad]
        optimizers[name].zero_grad()
        if weights:  # a player may be frozen
            loss.backward(inputs=weights, retain_graph=True)
    for name in losses:
        optimizers[name].step()


def detached(metrics: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what to log without the graph behind it."""
    return {name: value.detach() for name, value in metrics.items()}


class VAEGAN(nn.Module):
    """A VAE that compares images by what a discriminator sees in them, and has to fool it (Larsen et al., 2016).

    In three points it is not algorithm 1: the decoder's game is the non-saturating one, rebuilt and drawn images count
    in D's loss as one kind, and the features are those of D's last layer.

    Parameters
    ----------
    encoder, decoder : as for VAE.
    discriminator : as for GAN, an nn.Sequential; what its last layer with weights reads are the features.
    sigma : standard deviation of the Gaussian likelihood of the features. They have no unit, so choose it anew for each
        network; a smaller one makes a longer code.
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
        sigma: float = 0.3,
        gamma: float = 0.01,
        r1_weight: float = 1.0,
        penalty_every: int = 8,
        lr: float = 2e-3,
    ):
        super().__init__()
        if not (sigma > 0 and min(gamma, r1_weight) >= 0):
            got = f"{sigma}, {gamma} and {r1_weight}"
            raise ValueError(f"expected sigma above 0, gamma and r1_weight of at least 0, got {got}")
        check_whole(penalty_every=penalty_every)
        if not isinstance(discriminator, nn.Sequential):
            got = type(discriminator).__name__
            raise ValueError(f"expected a discriminator that is an nn.Sequential, whose last layer is known, got {got}")
        latent_dim_of(decoder, "decoder")
        self.encoder = encoder
        self.decoder = decoder
        self.discriminator = discriminator
        self.sigma = float(sigma)  # a checkpoint holds no numpy
        self.gamma = float(gamma)
        self.r1_weight = r1_weight
        self.penalty_every = penalty_every
        self.lr = float(lr)

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one Adam for each network: no two share a loss."""
        return {name: adam([network], self.lr) for name, network in self.named_children()}

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        """Move all three networks once, each by its own loss; return what to log."""
        x, y = x_and_y(batch)
        if step == 0:
            look_at(self.encoder, x, "encoder", "any means and log-variances", y=y)
            look_at_generator(self.decoder, x, "decoder", y)
            look_at(self.discriminator, x, "discriminator", "logits", y=y)
        losses, metrics = self.losses(x, y)
        r1 = lazy_r1(given(self.discriminator, y), x, self.r1_weight, self.penalty_every, step)
        move(losses | {"discriminator": losses["discriminator"] + r1}, optimizers)
        return detached(metrics)

    def losses(self, x: Tensor, y: Tensor | None = None) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return the loss of each network, and their parts (Larsen et al., 2016, algorithm 1)."""
        decoder = given(self.decoder, y)
        mu, logvar = self.encode(x, y)  # (N, latent_dim), (N, latent_dim)
        rebuilt = to_data(decoder(reparameterize(mu, logvar)))
        drawn = to_data(decoder(torch.randn_like(mu)))
        features, logits = self.look(torch.cat([x, rebuilt, drawn]), None if y is None else torch.cat([y, y, y]))
        of_real, of_rebuilt, _ = features.chunk(3)  # (N, d) each
        real_logits, fake_logits = logits[: len(x)], logits[len(x) :]  # (N,), (2N,)
        kl = kl_divergence(mu, logvar).sum(1).mean()
        nll = 0.5 * ((of_rebuilt - of_real) / self.sigma).square().sum(1).mean()  # -log p of the features, + constant
        d_loss, g_loss = non_saturating_d(real_logits, fake_logits), non_saturating_g(fake_logits)
        losses = {"encoder": kl + nll, "decoder": self.gamma * nll + g_loss, "discriminator": d_loss}
        return losses, {"d_loss": d_loss, "g_loss": g_loss, "nll": nll, "kl": kl}

    def look(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return what the discriminator's last layer with weights reads, the features (N, d), and the logits (N,)."""
        last = self.discriminator
        while isinstance(last, nn.Sequential):
            *_, last = (layer for layer in last if next(layer.parameters(), None) is not None)
        seen = []
        with last.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0])):
            logits = given(self.discriminator, y)(x)
        return seen[0].flatten(1), logits

    def encode(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the mean and the log-variance of q(z | x): (N, latent_dim) each."""
        return mu_and_logvar(given(self.encoder, y)(x), self.decoder.latent_dim)

    def codes(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the mean of q(z | x) for each x, on the CPU: (N, latent_dim)."""
        return in_parts(self, lambda x, y=None: self.encode(x, y)[0], x, y)

    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return what the decoder makes of the mean code of each x, on the CPU: the shape of x."""
        return in_parts(self, lambda x, y=None: to_data(given(self.decoder, y)(self.encode(x, y)[0])), x, y)

    def sample(self, n: int = 64, z: Tensor | None = None, seed: int = 0, y=None) -> Tensor:
        """Draw samples for display; n, z, seed and y as for `GAN.sample`."""
        return sample(self.decoder, n, z, seed, y)


class BiGAN(nn.Module):
    """A GAN whose discriminator judges pairs: an image with its code, or a code with its image.

    (x, E(x)) stands for "real", (G(z), z) for "generated". If no discriminator can tell the two kinds apart, E inverts
    G (Donahue et al., 2017, theorem 2). With `stochastic` a code is drawn from q(z | x), as in ALI (Dumoulin et al.,
    2017): then the two kinds are alike, and more is not promised.

    Parameters
    ----------
    encoder : x to (N, 2 * latent_dim), as for VAE; without `stochastic` the first half is the code, the other unused.
    generator : as for GAN.
    discriminator : x and z (N, latent_dim) to logits (N,), such as `PairDiscriminator`.
    stochastic : whether codes are drawn.
    r1_weight, penalty_every, lr : as for VAEGAN; the penalty is on images alone.

    Raises ValueError for a setting that means nothing, and before the first step for networks that do not fit.
    """

    def __init__(
        self,
        encoder: nn.Module,
        generator: nn.Module,
        discriminator: nn.Module,
        stochastic: bool = False,
        r1_weight: float = 1.0,
        penalty_every: int = 8,
        lr: float = 2e-3,
    ):
        super().__init__()
        if not r1_weight >= 0:
            raise ValueError(f"expected r1_weight of at least 0, got {r1_weight}")
        check_whole(penalty_every=penalty_every)
        latent_dim_of(generator, "generator")
        self.encoder = encoder
        self.generator = generator
        self.discriminator = discriminator
        self.stochastic = stochastic
        self.r1_weight = r1_weight
        self.penalty_every = penalty_every
        self.lr = float(lr)  # a checkpoint holds no numpy

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one Adam for the discriminator, and one for the pair of encoder and generator."""
        return {
            "discriminator": adam([self.discriminator], self.lr),
            "pair": adam([self.encoder, self.generator], self.lr),
        }

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        """Move the discriminator once, and encoder and generator together; return what to log."""
        x, y = x_and_y(batch)
        if step == 0:
            look_at(self.encoder, x, "encoder", "any means and log-variances", y=y)
            look_at_generator(self.generator, x, y=y)
            z = torch.zeros(len(x), self.generator.latent_dim).to(x)
            look_at(self.discriminator, x, "discriminator", "logits", y=y, z=z)
        losses, code, metrics = self.losses(x, y)
        seen = partial(given(self.discriminator, y), z=code.detach())
        r1 = lazy_r1(seen, x, self.r1_weight, self.penalty_every, step)
        move(losses | {"discriminator": losses["discriminator"] + r1}, optimizers)
        return detached(metrics)

    def losses(self, x: Tensor, y: Tensor | None = None) -> tuple[dict[str, Tensor], Tensor, dict[str, Tensor]]:
        """Return the loss of each player, the codes of x, and what to log (Dumoulin et al., 2017, algorithm 1)."""
        discriminator = given(self.discriminator, y)
        code = self.encode(x, y)  # (N, latent_dim)
        z = torch.randn_like(code)  # (N, latent_dim)
        fake = to_data(given(self.generator, y)(z))
        real_logits = discriminator(x, code)  # (N,), images with their codes
        fake_logits = discriminator(fake, z)  # (N,), codes with their images
        d_loss = non_saturating_d(real_logits, fake_logits)
        pair_loss = non_saturating_d(fake_logits, real_logits)  # each kind wants to pass for the other
        metrics = {"d_loss": d_loss, "pair_loss": pair_loss}
        metrics |= {"d_real": real_logits.sigmoid().mean(), "d_fake": fake_logits.sigmoid().mean()}
        return {"discriminator": d_loss, "pair": pair_loss}, code, metrics

    def encode(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return a code for each x: (N, latent_dim); with `stochastic` a draw from q(z | x)."""
        mu, logvar = mu_and_logvar(given(self.encoder, y)(x), self.generator.latent_dim)  # (N, latent_dim) each
        return reparameterize(mu, logvar) if self.stochastic else mu

    def codes(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the code of each x, the mean of q(z | x) if codes are drawn, on the CPU: (N, latent_dim)."""
        return in_parts(self, self.mean_code, x, y)

    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return what the generator makes of the code of each x, on the CPU: the shape of x."""
        return in_parts(self, lambda x, y=None: to_data(given(self.generator, y)(self.mean_code(x, y))), x, y)

    def mean_code(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the encoder's first half for each x: (N, latent_dim)."""
        mu, _ = mu_and_logvar(given(self.encoder, y)(x), self.generator.latent_dim)
        return mu

    def sample(self, n: int = 64, z: Tensor | None = None, seed: int = 0, y=None) -> Tensor:
        """Draw samples for display; n, z, seed and y as for `GAN.sample`."""
        return sample(self.generator, n, z, seed, y)
