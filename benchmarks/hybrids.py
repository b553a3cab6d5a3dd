"""Hybrids of the two families at equal time: what they draw, what they rebuild, what their codes know of the class.

    python benchmarks/hybrids.py costs               # time of a step of each, on an idle machine
    python benchmarks/hybrids.py search              # settings of VAE-GAN and BiGAN, on validation images of the digits
    python benchmarks/hybrids.py digits --seeds 5    # all arms; then mnist and fashion_mnist with --seeds 3

All arms have the time of 6,000 steps of lesson 07's GAN. GAN and VAE have the settings of lesson 07's search, VAE-GAN
and BiGAN those of the search here, by samples and classes kept; ALI takes BiGAN's. The seeds begin at 100: the search
never saw them. Results go to benchmarks/results/hybrids_*; recorded runs are not repeated.
"""

import functools
import itertools
import json
import statistics
import time
from collections.abc import Callable

import torch
from environment import RESULTS, describe, interleaved, run_job, run_jobs
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils import data, latent, networks
from course_utils.comparison import measures
from course_utils.comparison.probes import few_labels
from course_utils.comparison.rulers import Rulers
from course_utils.gan import GAN
from course_utils.hybrids import VAEGAN, BiGAN
from course_utils.judge import Judge
from course_utils.metrics import sharpness
from course_utils.plumbing.device import in_parts
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

STEPS = 6000  # of the GAN, whose time all have
SHARE = 0.75  # of its time that the GAN trains before an encoder is added
LATENT = 16
FIRST = 100  # the first seed of the recorded arms
COMPONENTS = (10, 20, 50, 100)
COSTS = RESULTS / "hybrids_costs.json"
SEARCH = RESULTS / "hybrids_search.jsonl"
TRIED = {  # the later ones go beyond the edge on which the best of the first nine lay
    "vaegan": [dict(sigma=sigma, gamma=gamma) for sigma in (0.03, 0.1, 0.3) for gamma in (0.001, 0.01, 0.1)]
    + [dict(sigma=0.01, gamma=0.01), dict(sigma=0.01, gamma=0.1), dict(sigma=0.01, gamma=1), dict(sigma=0.03, gamma=1)],
    "bigan": [dict(r1_weight=weight, lr=lr) for weight in (0.1, 0.3, 1.0) for lr in (1e-3, 2e-3, 4e-3)]
    + [dict(r1_weight=0.3, lr=8e-3)],
}
FIT = {"batch_size": 16, "average": 0.999, "schedule": "linear"}


def gan() -> GAN:
    networks_of_gan = networks.ConvGenerator(LATENT), networks.ConvDiscriminator()
    return GAN(*networks_of_gan, r1_weight=0.03, penalty_every=8, generator_lr=2e-3, discriminator_lr=2e-3)


def vae(**settings) -> VAE:
    return VAE(networks.ConvEncoder(LATENT), networks.ConvGenerator(LATENT, batch_norm=True), lr=2e-3, **settings)


def vaegan(**settings) -> VAEGAN:
    discriminator = networks.ConvDiscriminator()
    return VAEGAN(networks.ConvEncoder(LATENT), networks.ConvGenerator(LATENT), discriminator, **settings)


def bigan(**settings) -> BiGAN:
    pairs = networks.PairDiscriminator(LATENT)
    return BiGAN(networks.ConvEncoder(LATENT), networks.ConvGenerator(LATENT), pairs, **settings)


def untrained_discriminator(**settings) -> VAEGAN:
    """A VAE-GAN whose discriminator never learns: its features are those of random weights, and have another unit."""
    model = vaegan(**best("vaegan") | {"gamma": 1e3} | settings)
    model.discriminator.requires_grad_(False)
    return model


BUILD: dict[str, Callable[[], nn.Module]] = {
    "vae": lambda: vae(beta=0.25),
    "vae, beta 1": lambda: vae(),
    "autoencoder": lambda: vae(stochastic=False),
    "gan": gan,
    "vaegan": lambda: vaegan(**best("vaegan")),
    "vaegan, unit": lambda: vaegan(sigma=1.0, gamma=1e-3),
    "vaegan, no game": lambda: vaegan(**best("vaegan") | {"gamma": 1e3}),  # D gives features, and hardly judges
    "vaegan, untrained": untrained_discriminator,
    "vaegan, untrained, sigma 0.003": lambda: untrained_discriminator(sigma=0.003),
    "bigan": lambda: bigan(**best("bigan")),
    "ali": lambda: bigan(stochastic=True, **best("bigan")),
}
ARMS = ["vae", "vae, beta 1", "autoencoder", "gan, encoder", "gan, regressor", "vaegan"]
ARMS += ["vaegan, unit", "vaegan, no game", "vaegan, untrained", "vaegan, untrained, sigma 0.003"]
ARMS += ["bigan", "ali", "gan, discriminator"]


def best(name: str) -> dict:
    """The settings that the search found best."""
    lines = [json.loads(line) for line in SEARCH.read_text(encoding="utf-8").splitlines()]
    found = {line["job"][2]: line["score"] for line in lines if line["job"][1] == name and "diverged" not in line}
    return TRIED[name][min(found, key=lambda number: found[number])]


def steps_of(name: str, share: float = 1.0) -> int:
    """As many steps as take a share of the GAN's time."""
    seconds = json.loads(COSTS.read_text(encoding="utf-8"))["step_seconds"]
    network, *_ = name.split(",")  # a setting takes no time
    return round(share * STEPS * seconds["gan"] / seconds[network])


class Regressor(nn.Module):
    """An encoder that learns to find the code of a finished generator's samples, by squared error."""

    def __init__(self, generator: nn.Module):
        super().__init__()
        self.generator = generator.requires_grad_(False)
        self.encoder = networks.ConvEncoder(generator.latent_dim)

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"encoder": torch.optim.Adam(self.encoder.parameters(), 2e-3)}

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        z = torch.randn(len(batch), self.generator.latent_dim)  # (N, latent_dim)
        mu, _ = self.encoder(networks.to_data(self.generator(z))).chunk(2, dim=1)
        loss = F.mse_loss(mu, z)
        optimizers["encoder"].zero_grad()
        loss.backward()
        optimizers["encoder"].step()
        return {"loss": loss.detach()}


def trained(name: str, images: data.Images, seed: int) -> nn.Module:
    """Train an arm; a model with `codes`, `reconstruct` and `sample`."""
    seed_everything(seed)
    if not name.startswith("gan, "):
        model = BUILD[name]()
        fit(model, images.train, steps=steps_of(name), seed=seed, **FIT)
        return model
    model = gan()
    fit(model, images.train, steps=steps_of("gan", SHARE), seed=seed, **FIT)
    if name == "gan, encoder":
        return measures.with_encoder(model.generator, images.train)
    regressor = Regressor(model.generator)
    fit(regressor, images.train, steps=2000, batch_size=32, seed=seed, schedule="linear")
    return VAE(regressor.encoder, model.generator)  # for its methods: the two networks are finished


def last_layer_reads(network: nn.Sequential, images: data.Images) -> tuple[Tensor, Tensor]:
    """What the last layer of an encoder or discriminator reads of the training and test images: (N, d) each."""
    body = nn.Sequential(*(layer for layer in network if not isinstance(layer, (nn.Linear, nn.Flatten))), nn.Flatten())
    return in_parts(body, body, images.train), in_parts(body, body, images.test)


@functools.cache
def rulers_of(dataset: str) -> Rulers:
    return Rulers(data.load(dataset))


def rebuilt_measures(rebuilt: Tensor, x: Tensor, labels: Tensor, rulers: Rulers) -> dict:
    """How near rebuilt images are to test images x, and how often the judges still see their class.

    error           squared, a sum over pixels; `error_unlabelled` in features that no discriminator taught, as a share
                    of the error of another test image
    """
    unlabelled = [rulers.unlabelled.features(images) for images in (x, rebuilt, x.roll(1, 0))]
    own, other = ((images - unlabelled[0]).square().sum(1).mean() for images in unlabelled[1:])
    return {
        "error": (rebuilt - x).square().flatten(1).sum(1).mean().item(),
        "error_of_another": (x.roll(1, 0) - x).square().flatten(1).sum(1).mean().item(),
        "error_unlabelled": (own / other).item(),
        "kept": [(judge.predict(rebuilt) == labels).float().mean().item() for judge in rulers.judges],
        "sharpness": sharpness(rebuilt),
    }


def arm(dataset: str, name: str, seed: int) -> dict:
    """Train one arm with one seed; measure its samples, what it rebuilds, and its codes."""
    images, rulers = data.load(dataset), rulers_of(dataset)
    n = rulers.judges[0].n
    if name == "gan, discriminator":
        seed_everything(seed)
        model = gan()
        fit(model, images.train, steps=STEPS, seed=seed, **FIT)
        return {"probes": few_labels({"layer before": last_layer_reads(model.discriminator, images)}, images)}
    model = trained(name, images, seed)
    codes = {part: model.codes(getattr(images, part)) for part in ("train", "validation", "test")}
    prior = latent.fit_prior(codes["train"], COMPONENTS, codes["validation"])
    test = measures.shuffled(images)
    x, labels = test.test[:n], test.test_labels[:n]
    probed = {"codes": (codes["train"], codes["test"]), "layer before": last_layer_reads(model.encoder, images)}
    return {
        "usual": measures.judged(model.sample(n, seed=1), rulers),
        "fitted": measures.judged(model.sample(z=prior.sample(n, 1)), rulers),
        "rebuilt": rebuilt_measures(model.reconstruct(x), x, labels, rulers),
        "probes": few_labels(probed, images),
    }


def features(dataset: str) -> dict:
    """What features without training, or with hardly any, know of the class; five untrained encoders."""
    images = data.load(dataset)
    pixels = images.train.flatten(1), images.test.flatten(1)
    _, axes = torch.linalg.eigh(pixels[0].T.cov())
    probed = {"pixels": pixels, "PCA": tuple((x - pixels[0].mean(0)) @ axes[:, -LATENT:] for x in pixels)}
    for seed in range(5):
        seed_everything(seed)
        encoder = networks.ConvEncoder(LATENT)
        parts = (in_parts(encoder, encoder, x) for x in (images.train, images.test))
        probed[f"untrained {seed}"] = tuple(codes[:, :LATENT] for codes in parts)
    return {"probes": few_labels(probed, images)}


def real(dataset: str) -> dict:
    """What real images score."""
    images, rulers = data.load(dataset), rulers_of(dataset)
    return {"sharpness": sharpness(images.test), "accuracy": [judge.accuracy for judge in rulers.judges]}


def candidate(name: str, number: int, seed: int) -> dict:
    """Train with settings of the search; the score weighs the distance of samples and the classes lost on the way.

    Both on validation images, as logarithms: the Fréchet distance, × floor, of samples from N(0, I) or a fitted prior,
    whichever is closer, and the share of rebuilt images in which the judge no longer sees the class.
    """
    images = data.load("digits")
    judge = Judge(images, against="validation")
    seed_everything(seed)
    model = {"vaegan": vaegan, "bigan": bigan}[name](**TRIED[name][number])
    fit(model, images.train, steps=steps_of(name, 0.5), seed=seed, **FIT)
    prior = latent.fit_prior(model.codes(images.train), COMPONENTS, model.codes(images.validation))
    drawn = model.sample(judge.n, seed=1), model.sample(z=prior.sample(judge.n, 1))
    ratio = min(map(judge.frechet, drawn)) / judge.floor["frechet"]
    rebuilt = model.reconstruct(images.validation)
    lost = (judge.predict(rebuilt) != images.validation_labels).float().mean().clamp_min(1 / len(rebuilt)).item()
    return {"ratio": ratio, "lost": lost, "score": torch.tensor([ratio, lost]).log().sum().item()}


JOBS = {"arm": arm, "features": features, "real": real, "candidate": candidate}
run = functools.partial(run_job, JOBS)


def costs(rounds: int = 9, steps: int = 150) -> dict:
    """The processor seconds of a step of each kind of model."""
    torch.set_num_threads(1)
    images = data.load("digits")
    build = BUILD | {"vaegan": vaegan, "bigan": bigan, "ali": lambda: bigan(stochastic=True)}
    build = {name: network for name, network in build.items() if "," not in name}  # a setting takes no time

    def some_steps(name: str) -> None:
        fit(build[name](), images.train, steps=steps, **FIT)

    rows = interleaved({name: functools.partial(some_steps, name) for name in build}, rounds, time.process_time)
    seconds = {name: statistics.median(row[name] for row in rows) / steps for name in build}
    return {"step_seconds": seconds, "environment": describe()}


def jobs_of(dataset: str, seeds: int) -> list[list]:
    """All runs on a data set, or of the search, each as its kind and the arguments of that kind's function."""
    if dataset == "search":
        return candidates()
    arms = ARMS if dataset == "digits" else ["vae", "gan, encoder", "vaegan", "bigan"]
    jobs = [["real", dataset], ["features", dataset]]
    return jobs + [["arm", dataset, name, FIRST + seed] for seed, name in itertools.product(range(seeds), arms)]


def candidates() -> list[list]:
    return [["candidate", name, number, 0] for name, tried in TRIED.items() for number in range(len(tried))]


def main() -> None:
    run_jobs(__doc__, run, jobs_of, "hybrids_{}.jsonl", ("search", *data.IMAGE_SETS), costs)


if __name__ == "__main__":
    main()
