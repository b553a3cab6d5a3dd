"""The VAE: its bound against exact likelihoods, its step, and looking that changes nothing."""

import math

import pytest
import torch
from helpers import same_bits, weights
from torch import nn
from torch.distributions import Bernoulli, MultivariateNormal, Normal

from course_utils.networks import ConvEncoder, ConvGenerator, MLPEncoder, MLPGenerator
from course_utils.training import fit
from course_utils.vae import VAE, reparameterize

IMAGES = torch.rand(12, 1, 28, 28, generator=torch.Generator().manual_seed(0))
POINTS = torch.randn(300, 2, generator=torch.Generator().manual_seed(1))


def tiny_vae(seed: int = 0, **settings) -> VAE:
    """Return a VAE of 2-D points with the same weights for the same seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        networks = MLPEncoder(3, (8,), (2,), "tanh"), MLPGenerator(3, (8,), (2,), "tanh")
        return VAE(*networks, **{"likelihood": "gaussian", "sigma": 0.5, **settings})


class LinearGaussian(nn.Module):
    """x = Wz + b + sigma * noise with orthogonal columns: its likelihood and its posterior are known."""

    latent_dim, sigma = 3, 0.7

    def __init__(self):
        super().__init__()
        random = torch.Generator().manual_seed(2)
        columns, _ = torch.linalg.qr(torch.randn(5, 3, generator=random))
        self.w = nn.Parameter(columns * torch.tensor([2.0, 1.0, 0.3]))  # (5, 3)
        self.b = nn.Parameter(torch.randn(5, generator=random))

    def forward(self, z):
        return z @ self.w.T + self.b

    def posterior(self, x):
        precision = 1 + self.w.square().sum(0) / self.sigma**2  # (3,)
        mu = (x - self.b) @ self.w / self.sigma**2 / precision
        return torch.cat([mu, (-precision.log()).expand_as(mu)], 1)

    def log_likelihood(self, x):
        return MultivariateNormal(self.b, self.w @ self.w.T + self.sigma**2 * torch.eye(5)).log_prob(x)


class Posterior(nn.Module):
    """An encoder that knows the exact posterior, or one that is off by a shift of the mean."""

    def __init__(self, model: LinearGaussian, shift: float = 0.0):
        super().__init__()
        self.model, self.shift = model, shift

    def forward(self, x):
        return self.model.posterior(x) + torch.tensor([self.shift] * 3 + [0.0] * 3)


def linear_vae(shift: float = 0.0) -> tuple[VAE, torch.Tensor, torch.Tensor]:
    """Return a linear-Gaussian VAE, data, and their exact log-likelihood."""
    model = LinearGaussian()
    x = 2 * torch.randn(400, 5, generator=torch.Generator().manual_seed(3))
    vae = VAE(Posterior(model, shift), model, likelihood="gaussian", sigma=model.sigma)
    return vae, x, model.log_likelihood(x).detach()


@pytest.mark.parametrize("k", [1, 7])
def test_with_the_exact_posterior_the_bound_is_the_exact_likelihood_whatever_the_noise(k):
    vae, x, exact = linear_vae()
    for seed in (0, 1):
        torch.testing.assert_close(vae.iwae_bound(x, k, seed), exact, atol=1e-4, rtol=0)


def test_the_gap_of_the_elbo_is_the_kl_of_the_encoder_from_the_posterior():
    vae, x, exact = linear_vae(shift=0.2)
    precision = 1 + vae.decoder.w.square().sum(0) / vae.sigma**2
    gap = 0.5 * (0.2**2 * precision).sum()  # KL of two Gaussians of one covariance
    means = torch.stack([vae.elbo(x, seed) for seed in range(50)]).mean()
    assert exact.mean() - means == pytest.approx(gap.item(), rel=0.05)


def test_more_samples_tighten_the_bound_up_to_the_exact_likelihood():
    vae, x, exact = linear_vae(shift=0.6)
    bounds = [vae.elbo(x).mean(), *(vae.iwae_bound(x, k).mean() for k in (5, 50, 500))]
    assert bounds == sorted(bounds) and bounds[-1] < exact.mean() + 0.02
    assert bounds[1] - bounds[0] > 0.3 and exact.mean() - bounds[-1] < 0.05


@pytest.mark.parametrize(
    "build", [lambda: (MLPEncoder(20), MLPGenerator(20)), lambda: (ConvEncoder(), ConvGenerator())]
)
@pytest.mark.parametrize("likelihood, sigma", [("bernoulli", 1.0), ("gaussian", 0.3)])
def test_a_network_of_zeros_has_the_loss_computed_by_hand(build, likelihood, sigma):
    vae = VAE(*build(), likelihood=likelihood, sigma=sigma)
    for p in vae.parameters():
        nn.init.zeros_(p)
    x = (IMAGES > 0.5).float()  # every pixel is half a unit from the mean, and has probability one half
    by_hand = {"bernoulli": math.log(2), "gaussian": 0.125 / sigma**2 + math.log(sigma) + 0.5 * math.log(2 * math.pi)}
    metrics = vae.training_step(x, vae.make_optimizers(), 0)
    assert metrics["kl"] == 0 and not vae.encode(x)[0].isnan().any()
    assert metrics["reconstruction"].item() == pytest.approx(784 * by_hand[likelihood], rel=1e-6)
    assert metrics["elbo"] == -metrics["reconstruction"]


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_likelihood_is_that_of_torch_distributions(likelihood):
    vae = VAE(MLPEncoder(4), MLPGenerator(4), likelihood=likelihood, sigma=0.3)
    z = torch.randn(12, 4)
    output = vae.decoder(z)
    x, p = ((IMAGES > 0.5).float(), Bernoulli(logits=output)) if likelihood == "bernoulli" else (
        IMAGES, Normal(output.sigmoid(), 0.3))  # fmt: skip
    torch.testing.assert_close(-vae.nll(z, x), p.log_prob(x).flatten(1).sum(1), rtol=1e-5, atol=0)


def test_each_coordinate_may_have_a_sigma_of_its_own():
    vae = tiny_vae(sigma=(0.5, 3.0))
    z = torch.randn(300, 3)
    expected = Normal(vae.decoder(z), torch.tensor([0.5, 3.0])).log_prob(POINTS).sum(1)
    torch.testing.assert_close(-vae.nll(z, POINTS), expected, rtol=1e-5, atol=1e-5)


def test_reparameterized_codes_have_their_mean_and_their_width_and_let_gradients_pass():
    mu, logvar = torch.tensor([[2.0, -1.0]]).requires_grad_(), torch.tensor([[math.log(9.0), 0.0]]).requires_grad_()
    z = reparameterize(mu.expand(40_000, 2), logvar.expand(40_000, 2))
    torch.testing.assert_close(z.mean(0), mu[0], atol=0.06, rtol=0)
    torch.testing.assert_close(z.std(0), torch.tensor([3.0, 1.0]), atol=0.05, rtol=0)
    z.sum().backward()
    assert mu.grad.tolist() == [[40_000, 40_000]] and logvar.grad.abs().min() > 0


def test_the_step_moves_both_networks_down_the_loss():
    vae = tiny_vae()
    before = weights(vae.encoder), weights(vae.decoder)
    optimizers = vae.make_optimizers()

    def step() -> dict:
        torch.manual_seed(0)
        return vae.training_step(POINTS, optimizers, 0)

    first = step()
    assert not torch.equal(weights(vae.encoder), before[0]) and not torch.equal(weights(vae.decoder), before[1])
    assert step()["elbo"] > first["elbo"]


def gradient(vae: VAE, step: int = 0) -> torch.Tensor:
    """Return the encoder's gradient of one step."""
    torch.manual_seed(0)
    vae.training_step(POINTS, {"vae": torch.optim.SGD(vae.parameters(), 0.0)}, step)
    return torch.cat([p.grad.flatten() for p in vae.encoder.parameters()])


def test_beta_weights_the_kl_and_warm_up_grows_to_it():
    without, one, two = (gradient(tiny_vae(beta=beta)) for beta in (0.0, 1.0, 2.0))
    torch.testing.assert_close(two - one, one - without, rtol=1e-4, atol=1e-6)
    warm = [gradient(tiny_vae(beta=2.0, warmup_steps=4), step) for step in (1, 3, 9)]
    for found, expected in zip(warm, (one, two, two)):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)


def test_free_bits_make_the_first_nats_cost_nothing():
    free, without = gradient(tiny_vae(free_bits=1e3)), gradient(tiny_vae(beta=0.0))
    torch.testing.assert_close(free, without, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(gradient(tiny_vae(free_bits=1e-9)), gradient(tiny_vae()), rtol=1e-5, atol=1e-7)


def test_a_plain_autoencoder_has_no_noise_and_no_bound():
    vae = tiny_vae(stochastic=False)
    (first, kl), (second, _) = vae.terms(POINTS), vae.terms(POINTS)
    assert torch.equal(first, second) and not kl.any()
    assert vae.training_step(POINTS, vae.make_optimizers(), 0).keys() == {"reconstruction"}
    for bound in (vae.elbo, vae.iwae_bound):
        with pytest.raises(ValueError, match="expected a stochastic VAE"):
            bound(POINTS)


LOOKS = {
    "sample": lambda vae: vae.sample(5),
    "pixels": lambda vae: vae.sample(5, pixels=True),
    "reconstruct": lambda vae: vae.reconstruct(POINTS),
    "evaluate": lambda vae: vae.evaluate(POINTS),
    "elbo": lambda vae: vae.elbo(POINTS),
    "iwae_bound": lambda vae: vae.iwae_bound(POINTS, 3),
    "active_units": lambda vae: vae.active_units(POINTS),
}


@pytest.mark.parametrize("look", LOOKS)
def test_looking_changes_nothing_and_shows_the_same_again(look):
    vae = tiny_vae().train()
    state, before = torch.get_rng_state(), weights(vae)
    first, second = LOOKS[look](vae), LOOKS[look](vae)
    assert same_bits(first, second) and vae.training
    assert torch.equal(torch.get_rng_state(), state) and torch.equal(weights(vae), before)
    assert all(p.grad is None for p in vae.parameters())


def test_pixels_are_drawn_from_the_likelihood():
    bernoulli = VAE(MLPEncoder(4), MLPGenerator(4))
    z = torch.zeros(3000, 4)
    drawn, means = bernoulli.sample(z=z, pixels=True), bernoulli.sample(z=z)
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(drawn.mean(0), means[0], atol=0.05, rtol=0)
    gaussian = tiny_vae(sigma=(0.5, 2.0))
    noise = gaussian.sample(z=torch.zeros(3000, 3), pixels=True) - gaussian.sample(z=torch.zeros(3000, 3))
    torch.testing.assert_close(noise.std(0), torch.tensor([0.5, 2.0]), rtol=0.05, atol=0)
    grey = VAE(MLPEncoder(4), MLPGenerator(4), likelihood="gaussian", sigma=1.0).sample(8, pixels=True)
    assert grey.min() == 0 and grey.max() == 1


def test_an_active_unit_says_something_about_the_data():
    vae = tiny_vae()
    last = vae.encoder[-1]
    with torch.no_grad():
        last.weight[0], last.bias[0] = 0.0, 5.0  # a mean that is always 5
    assert vae.active_units(POINTS) == 2 and vae.active_units(POINTS, threshold=1e6) == 0


def test_training_logs_the_bound_of_held_out_data_and_learns_the_same():
    (plain, watched), held_out = (tiny_vae(), tiny_vae()), POINTS[:50] + 1
    settings = {"steps": 12, "batch_size": 8, "log_every": 4}
    history = fit(plain, POINTS, **settings)
    with_held_out = fit(watched, POINTS, held_out=held_out, **settings)
    assert torch.equal(weights(plain), weights(watched)) and history["elbo"] == with_held_out["elbo"]
    expected = watched.elbo(held_out).mean().item()
    assert with_held_out["held_out_elbo"][-1] == pytest.approx(expected, abs=1e-4)
    parts = zip(with_held_out["held_out_reconstruction"], with_held_out["held_out_kl"])
    assert with_held_out["held_out_elbo"] == pytest.approx([-a - b for a, b in parts])


def test_a_linear_vae_learns_the_likelihood_of_principal_components():
    points = torch.randn(4000, 1, generator=torch.Generator().manual_seed(0)) * torch.tensor([[1.0, 1.0]])
    torch.manual_seed(0)
    vae = VAE(MLPEncoder(2, (), (2,)), MLPGenerator(2, (), (2,)), "gaussian", sigma=0.5, lr=1e-2)
    fit(vae, points, steps=600, batch_size=256, schedule="linear")
    model = points.T.cov() + 0.25 * torch.tensor([[0.5, -0.5], [-0.5, 0.5]])  # sigma² across the only direction
    best = MultivariateNormal(points.mean(0), model).log_prob(points).mean()
    assert best - 0.03 < vae.elbo(points).mean() <= best + 0.01
    assert vae.active_units(points) == 1


def test_many_held_out_data_are_evaluated_in_parts_and_give_the_bound():
    vae = tiny_vae()
    x = torch.randn(1200, 2, generator=torch.Generator().manual_seed(4))
    sizes = []
    vae.encoder.register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    found = vae.evaluate(x)
    assert sizes == [500, 500, 200]
    assert found["elbo"].item() == pytest.approx(vae.elbo(x).mean().item(), rel=1e-5)
