"""The numbers of the live playground are those of the course: losses, gradients, Adam and coverage beside PyTorch."""

import pytest
import torch
from browser import LIVE, chromium, open_page

from course_utils import losses, points
from course_utils.metrics import mode_coverage
from course_utils.networks import MLPEncoder, MLPGenerator
from course_utils.playground.copies import points_gan
from course_utils.vae import VAE

PAGE = LIVE / "playground" / "index.html"
LOSSES = {  # the page's name: the course's
    "non-saturating": "non_saturating",
    "minimax": "saturating",
    "least squares": "least_squares",
    "wasserstein": "wasserstein",
}
CASES = {
    **{name: ({"loss": name}, {"loss": course}) for name, course in LOSSES.items()},
    "R1": ({"r1": 0.7}, {"r1_weight": 0.7}),
    "gradient penalty": ({"gp": 3.0, "loss": "wasserstein"}, {"gp_weight": 3.0, "loss": "wasserstein"}),
    "pairs": ({"pack": 2}, {"pack": 2}),
    "pairs and R1": ({"pack": 2, "r1": 1.0}, {"pack": 2, "r1_weight": 1.0}),
}
HELPERS = """
function fill(network, weights) {
  network.variables.forEach((variable, i) => variable.assign(tf.tensor(weights[i])));
}
function caught(variables) { // an optimizer that keeps the gradients and moves nothing
  return { step(gradients) { this.found = variables.map(({ name }) => gradients[name].arraySync()); }, variables };
}
"""


@pytest.fixture(scope="module")
def page():
    with chromium() as browser, open_page(browser, PAGE) as page:
        page.evaluate("ready")
        page.add_script_tag(content=HELPERS)
        yield page


def for_the_page(tensors) -> list:
    """Weights or gradients of linear layers as the page has them: matrices as inputs × outputs."""
    return [tensor.detach().mT.tolist() if tensor.dim() == 2 else tensor.tolist() for tensor in tensors]


def assert_close(found: list, expected: list) -> None:
    """Compare lists of arrays to 1e-5 of the largest number in each."""
    for one, other in zip(found, expected, strict=True):
        other = torch.tensor(other)
        atol = 1e-5 * max(other.abs().max().item(), 1e-3)
        torch.testing.assert_close(torch.tensor(one, dtype=other.dtype), other, rtol=0, atol=atol)


@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_of_both_players_are_those_of_pytorch(page, case, monkeypatch):
    here, course = CASES[case]
    torch.manual_seed(0)
    gan = points_gan(**course)
    real, z = torch.randn(128, 2), torch.randn(128, 2)
    mix = torch.rand(128, 1)
    weights = [for_the_page(network.parameters()) for network in (gan.discriminator, gan.generator)]
    monkeypatch.setattr(torch, "randn", lambda *_, **__: z)
    monkeypatch.setattr(torch, "rand", lambda *_, **__: mix)
    d_loss = gan.discriminator_step(real, torch.optim.SGD(gan.discriminator.parameters(), 0.0), 0)["d_loss"].item()
    d_gradients = for_the_page(p.grad for p in gan.discriminator.parameters())
    g_loss = gan.generator_step(128, torch.optim.SGD(gan.generator.parameters(), 0.0))["g_loss"].item()
    g_gradients = for_the_page(p.grad for p in gan.generator.parameters())
    found = page.evaluate(
        """([settings, [d, g], real, z, mix]) => {
          const game = new Game({ ...DEFAULTS, ...settings });
          fill(game.discriminator, d);
          fill(game.generator, g);
          game.optimizers = { discriminator: caught(game.discriminator.variables),
                              generator: caught(game.generator.variables) };
          tf.tidy(() => game.discriminatorStep(tf.tensor(real), tf.tensor(z), tf.tensor(mix)));
          tf.tidy(() => game.generatorStep(tf.tensor(z)));
          return [game.losses, game.optimizers.discriminator.found, game.optimizers.generator.found];
        }""",
        [here, weights, real.tolist(), z.tolist(), mix.tolist()],
    )
    assert found[0] == pytest.approx({"discriminator": d_loss, "generator": g_loss}, abs=1e-5)
    assert_close(found[1], d_gradients)
    assert_close(found[2], g_gradients)


@pytest.mark.parametrize("beta", [1.0, 30.0])
def test_terms_and_gradients_of_the_vae_are_those_of_pytorch(page, beta, monkeypatch):
    torch.manual_seed(0)
    encoder, decoder = MLPEncoder(2, (64, 64), shape=(2,)), MLPGenerator(2, (64, 64), shape=(2,))
    vae = VAE(encoder, decoder, likelihood="gaussian", sigma=0.05, beta=beta)
    x, eps = torch.randn(128, 2), torch.randn(128, 2)
    monkeypatch.setattr(torch, "randn_like", lambda *_, **__: eps)
    loss, report = vae.loss(x, beta)
    loss.backward()
    found = page.evaluate(
        """([beta, encoder, decoder, x, eps]) => {
          const vae = new VAE({ ...DEFAULTS, beta });
          fill(vae.encoder, encoder);
          fill(vae.decoder, decoder);
          vae.optimizer = caught(vae.optimizer.variables);
          tf.tidy(() => vae.trainingStep(tf.tensor(x), tf.tensor(eps)));
          return [vae.terms, vae.optimizer.found];
        }""",
        [beta, for_the_page(encoder.parameters()), for_the_page(decoder.parameters()), x.tolist(), eps.tolist()],
    )
    expected = {name: report[name].item() for name in ("reconstruction", "kl")}
    assert found[0] == pytest.approx(expected, rel=1e-5)
    assert_close(found[1], for_the_page(p.grad for p in vae.parameters()))


@pytest.mark.parametrize("betas", [(0.0, 0.99), (0.9, 0.999)])
def test_adam_is_that_of_pytorch(page, betas):
    torch.manual_seed(0)
    weights = torch.nn.Parameter(torch.randn(3, 2))
    gradients = torch.randn(20, 3, 2)
    found = page.evaluate(
        """([start, gradients, betas]) => {
          const weights = tf.variable(tf.tensor(start));
          const adam = new Adam([weights], 0.01, betas);
          for (const gradient of gradients) adam.step({ [weights.name]: tf.tensor(gradient) });
          return weights.arraySync();
        }""",
        [weights.tolist(), gradients.tolist(), betas],
    )
    adam = torch.optim.Adam([weights], 0.01, betas)
    for gradient in gradients:
        weights.grad = gradient
        adam.step()
    torch.testing.assert_close(torch.tensor(found), weights.detach(), rtol=0, atol=1e-5)


def test_every_loss_of_the_page_is_in_the_course(page):
    assert page.evaluate("Object.keys(ADVERSARIAL)") == list(LOSSES)
    assert set(LOSSES.values()) <= losses.ADVERSARIAL.keys()


@pytest.mark.parametrize("name, mixture", [("ring", points.ring(0.05)), ("grid", points.grid(sigma=0.1))])
def test_coverage_is_measured_as_in_the_lessons(page, name, mixture):
    samples = torch.cat([mixture.sample(300), mixture.centres[:2] + 3.5 * mixture.sigma, 9 * torch.ones(50, 2)])
    for some in (samples, samples[-50:]):  # the last 50 are on no mode
        found = page.evaluate("([points, name]) => modeCoverage(points, DATA[name])", [some.flatten().tolist(), name])
        expected = mode_coverage(some, mixture.centres, mixture.sigma)
        renamed = {"modes": found["modes"], "high_quality": found["highQuality"], "kl": found["kl"]}
        assert renamed == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", ["ring", "grid", "moons"])
def test_the_points_are_those_of_the_course(page, name):
    drawn = page.evaluate("(name) => Array.from(DATA[name].sample(4000, new Random(1)))", name)
    drawn = torch.tensor(drawn).unflatten(0, (-1, 2))
    if name == "moons":
        course = points.two_moons(4000) - torch.tensor([0.5, 0.25])
        nearest = torch.cdist(drawn, course).min(1).values
        assert nearest.max() < 0.15 and torch.cdist(course, drawn).min(1).values.max() < 0.15
    else:
        mixture = points.ring(0.05) if name == "ring" else points.grid(sigma=0.1)
        score = mode_coverage(drawn, mixture.centres, mixture.sigma)
        assert score["modes"] == len(mixture.centres) and score["kl"] < 0.01
        assert score["high_quality"] == pytest.approx(0.989, abs=0.01)


def test_random_numbers_have_their_moments_and_follow_their_seed(page):
    uniform, normal, again, other = page.evaluate(
        """[0, 1, 2, 3].map((i) => {
          const random = new Random(i === 3 ? 6 : 5);
          return Array.from({ length: 20000 }, () => (i === 0 ? random.uniform() : random.normal()));
        })"""
    )
    assert normal == again and normal != other
    uniform, normal = torch.tensor(uniform), torch.tensor(normal)
    assert 0 <= uniform.min() and uniform.max() < 1 and abs(uniform.mean() - 0.5) < 0.01
    assert abs(normal.mean()) < 0.03 and abs(normal.std() - 1) < 0.02
    assert abs((normal.abs() < 1).float().mean() - 0.6827) < 0.01
    assert abs((normal[:-1] * normal[1:]).mean()) < 0.03
