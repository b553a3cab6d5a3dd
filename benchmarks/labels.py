"""What a label buys: conditional GANs and VAEs, beside every cheaper way to draw a class.

    python benchmarks/labels.py costs                # time of a step with and without labels, on an idle machine
    python benchmarks/labels.py search               # R1 weights and betas, on validation images of the digits
    python benchmarks/labels.py digits --seeds 5     # all arms; then mnist and fashion_mnist with --seeds 3

All arms have the time of 2,000 steps of a GAN without labels, but for the "long" ones; each has the setting that the
search found best, by the Fréchet distance of all its samples together ("ten short" has that of one GAN for all). The
seeds begin at 100: the search never saw them.
Results go to benchmarks/results/labels_*; recorded runs are not repeated.
"""

import functools
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from environment import RESULTS, describe, interleaved, run_job, run_jobs
from torch import Tensor

from course_utils import data, latent, networks
from course_utils.comparison import classes, measures
from course_utils.comparison.rulers import Rulers
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.plumbing.device import in_parts
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

STEPS = 2000  # of the GAN without labels, whose time all have
LONG = 3  # times as many steps for the long arms
LATENT = {"gan": 16, "vae": 12}
R1 = (0.03, 0.3, 1.0, 3.0, 10.0)
BETAS = (0.06, 0.12, 0.25, 0.5, 1.0, 2.0, 4.0)
FIRST = 100  # the first seed of the recorded arms
COMPONENTS = (3, 5, 10)  # of a prior fitted to one class; held-out codes choose
COSTS = RESULTS / "labels_costs.json"
SEARCH = RESULTS / "labels_search.jsonl"
REJECTING = 5  # the seed of the classifier that rejects; those of the judges end at 4
Draw = Callable[[Tensor, int], Tensor]  # labels asked for (n,) and a seed, to samples (n, 1, 28, 28)


def conditional_gan(classes: int, told: str = "projection", r1_weight: float = 0.3) -> GAN:
    generator = networks.ConvGenerator(LATENT["gan"], classes=10 if told == "G alone" else classes)
    discriminator = networks.ConvDiscriminator(classes=classes, told="planes" if told == "planes" else "projection")
    rates = {"generator_lr": 2e-3, "discriminator_lr": 2e-3}
    return GAN(generator, discriminator, r1_weight=r1_weight, penalty_every=8, **rates)


def conditional_vae(classes: int, beta: float = 1.0) -> VAE:
    encoder = networks.ConvEncoder(LATENT["vae"], (16, 32), classes=classes)
    return VAE(encoder, networks.ConvGenerator(LATENT["vae"], batch_norm=True, classes=classes), beta=beta, lr=2e-3)


BUILD = {
    "gan": lambda setting: conditional_gan(0, r1_weight=setting),
    "planes": lambda setting: conditional_gan(10, "planes", setting),
    "projection": lambda setting: conditional_gan(10, r1_weight=setting),
    "G alone": lambda setting: conditional_gan(0, "G alone", setting),
    "vae": lambda setting: conditional_vae(0, setting),
    "cvae": lambda setting: conditional_vae(10, setting),
}
LIKE = {  # whose network, setting and time
    "shuffled": "projection",
    "gan long": "gan",
    "projection long": "projection",
    "ten short": "gan",
    "ten long": "gan",
    "cvae for N(0, I)": "cvae",  # the setting that is best for samples from N(0, I), not from fitted priors
}


def train(arm: str, images: data.Images, setting: float, steps: int, seed: int):
    """Train a model of an arm; those without labels leave them aside."""
    seed_everything(seed)
    model = BUILD[LIKE.get(arm, arm)](setting)
    settings = {"batch_size": 16, "seed": seed, "average": 0.999, "schedule": "linear"}
    fit(model, (images.train, images.train_labels), steps=steps, **settings)
    return model


def asked_for(n: int) -> Tensor:
    """Labels (n,), each class in turn."""
    return torch.arange(n) % 10


def one_class(images: data.Images, label: int) -> data.Images:
    """A data set with the training images of one class alone."""
    own = images.train_labels == label
    return replace(images, train=images.train[own], train_labels=images.train_labels[own])


def shuffled(images: data.Images, seed: int) -> data.Images:
    """A data set whose training images have each other's labels."""
    order = torch.randperm(len(images.train), generator=torch.Generator().manual_seed(seed))
    return replace(images, train_labels=images.train_labels[order])


def class_priors(vae: VAE, images: data.Images) -> list[latent.FittedPrior]:
    """A prior for each class, fitted to the codes of its training images."""
    told = vae.encoder.classes > 0
    parts = {}
    for part in ("train", "validation"):
        x, y = getattr(images, part), getattr(images, f"{part}_labels")
        parts[part] = vae.codes(x, y) if told else vae.codes(x), y
    (codes, y), (held_out, held_out_y) = parts["train"], parts["validation"]
    return [latent.fit_prior(codes[y == c], COMPONENTS, held_out[held_out_y == c]) for c in range(10)]


def draw_usual(model) -> Draw:
    return lambda asked, seed: model.sample(len(asked), seed=seed, y=asked)


def draw_as_it_is(model) -> Draw:
    """Draw whatever classes come."""
    return lambda asked, seed: model.sample(len(asked), seed=seed)


def draw_fitted(vae: VAE, images: data.Images) -> Draw:
    """Draw codes from the prior of the class that is asked for, which has to be each in turn."""
    priors = class_priors(vae, images)

    def draw(asked: Tensor, seed: int) -> Tensor:
        codes = [prior.sample(len(asked) // 10, 10 * seed + label) for label, prior in enumerate(priors)]
        z = torch.stack(codes, 1).flatten(0, 1)  # (n, d)
        return vae.sample(z=z, y=asked) if vae.decoder.classes else vae.sample(z=z)

    return draw


def draw_rejecting(model, images: data.Images) -> Draw:
    """Draw until a classifier that judges nothing else has seen enough of each class."""
    classifier = Judge(images, seed=REJECTING).classifier

    def draw(asked: Tensor, seed: int) -> Tensor:
        wanted = len(asked) // 10
        found: list[list[Tensor]] = [[] for _ in range(10)]
        for attempt in range(100):
            samples = model.sample(5000, seed=1000 * seed + attempt)
            seen = in_parts(classifier, classifier, samples).argmax(1)
            for label in range(10):
                found[label].extend(samples[seen == label])
            if min(map(len, found)) >= wanted:
                return torch.stack([image for row in zip(*found) for image in row][: len(asked)])
        raise RuntimeError("expected all ten classes among the samples, got too few of one in 500,000")

    return draw


def draw_in_turn(models: list) -> Draw:
    """Draw each class from its own model."""

    def draw(asked: Tensor, seed: int) -> Tensor:
        rows = [model.sample(len(asked) // 10, seed=10 * seed + label) for label, model in enumerate(models)]
        return torch.stack(rows, 1).flatten(0, 1)

    return draw


def draw_gaussian(images: data.Images) -> Draw:
    """Draw pixels of a Gaussian with the mean and the covariance of a class, cut off at 0 and 1."""

    def draw(asked: Tensor, seed: int) -> Tensor:
        noise = torch.Generator().manual_seed(seed)
        rows = []
        for label in range(10):
            own = images.train[images.train_labels == label].flatten(1).double()  # (N, pixels)
            variances, axes = torch.linalg.eigh(own.T.cov())
            z = torch.randn(len(asked) // 10, own.shape[1], generator=noise, dtype=torch.float64)
            rows.append(own.mean(0) + (z * variances.clamp_min(0).sqrt()) @ axes.T)
        return torch.stack(rows, 1).flatten(0, 1).clamp(0, 1).float().unflatten(1, networks.IMAGE)

    return draw


def best(arm: str) -> float:
    """The setting that the search found best for an arm, the mean over its seeds."""
    by = "usual" if arm.endswith("N(0, I)") else "best"
    searched = "projection" if arm == "G alone" else LIKE.get(arm, arm)
    lines = [json.loads(line) for line in SEARCH.read_text(encoding="utf-8").splitlines()]
    found: dict[float, list[float]] = {}
    for line in lines:
        _, of, setting, _ = line["job"]
        if of == searched and "diverged" not in line:
            found.setdefault(setting, []).append(line[by])
    return min(found, key=lambda setting: statistics.mean(found[setting]))


def steps_of(arm: str) -> int:
    """As many steps as take as long as the GAN's."""
    seconds = json.loads(COSTS.read_text(encoding="utf-8"))["step_seconds"]
    steps = STEPS * seconds["gan"] / seconds["projection" if arm == "G alone" else LIKE.get(arm, arm)]
    return round(LONG * steps if arm in ("gan long", "projection long") else steps)


def ways(arm: str, images: data.Images, seed: int) -> dict[str, Draw]:
    """Train an arm; the ways to draw classes from it, by name."""
    setting, steps = best(arm), steps_of(arm)
    if arm.startswith("ten"):
        each = steps if arm == "ten long" else steps // 10
        models = [train(arm, one_class(images, label), setting, each, seed) for label in range(10)]
        return {"": draw_in_turn(models)}
    model = train(arm, shuffled(images, seed) if arm == "shuffled" else images, setting, steps, seed)
    if arm == "gan":
        with_encoder = measures.with_encoder(model.generator, images.train)
        late = {"rejection": draw_rejecting(model, images), "fitted": draw_fitted(with_encoder, images)}
        return {"": draw_as_it_is(model)} | late
    if arm == "gan long":
        return {"": draw_as_it_is(model)}
    if arm == "vae":
        return {"": draw_as_it_is(model), "fitted": draw_fitted(model, images)}
    if arm.startswith("cvae"):
        return {"": draw_usual(model), "fitted": draw_fitted(model, images)}
    return {"": draw_usual(model)}


@functools.cache
def rulers_of(dataset: str) -> Rulers:
    return Rulers(data.load(dataset))


def measured(samples: Tensor, asked: Tensor, images: data.Images, rulers: Rulers) -> dict:
    """The scores of samples: of the classes by each judge, and of all together, also in unlabelled features."""
    by_class = [classes.scores(judge, samples, asked, images) for judge in rulers.judges]
    line = {name: [score[name] for score in by_class] for name in by_class[0]}
    line["ratio"] = [judge.frechet(samples) / judge.floor["frechet"] for judge in rulers.judges]
    unlabelled = rulers.unlabelled
    return line | {"unlabelled": unlabelled.frechet(samples) / unlabelled.floor["frechet"]}


def arm(dataset: str, name: str, seed: int) -> dict:
    """Train one arm with one seed, and measure every way to draw from it."""
    images, rulers = data.load(dataset), rulers_of(dataset)
    asked = asked_for(rulers.judges[0].n)
    drawn = {"": draw_gaussian(images)} if name == "gaussian" else ways(name, images, seed)
    return {way or "usual": measured(draw(asked, 1), asked, images, rulers) for way, draw in drawn.items()}


def real(dataset: str) -> dict:
    """What as many validation images of each class score, by each judge."""
    images = data.load(dataset)
    scores = [classes.real_scores(judge, images) for judge in rulers_of(dataset).judges]
    return {name: [score[name] for score in scores] for name in scores[0]}


def candidate(name: str, setting: float, seed: int) -> dict:
    """Train with one setting; the distance, × floor, of samples to validation images: drawn as usual, and the best."""
    images = data.load("digits")
    judge = Judge(images, against="validation")
    model = train(name, images, setting, steps_of(name), seed)
    draws = [draw_as_it_is(model)] + ([draw_fitted(model, images)] if "vae" in name else [])
    ratios = [judge.frechet(draw(asked_for(judge.n), 1)) / judge.floor["frechet"] for draw in draws]
    return {"usual": ratios[0], "best": min(ratios)}


JOBS = {"arm": arm, "real": real, "candidate": candidate}
run = functools.partial(run_job, JOBS)


def costs(rounds: int = 40, steps: int = 100) -> dict:
    """The processor seconds of a step of each kind of model, and in each round over those of one without labels."""
    torch.set_num_threads(1)
    images = data.load("digits")
    settings = {"gan": 0.3, "planes": 0.3, "projection": 0.3, "vae": 1.0, "cvae": 1.0}
    timed = {name: functools.partial(train, name, images, setting, steps, 0) for name, setting in settings.items()}
    rows = interleaved(timed, rounds, time.process_time)
    plain = {"planes": "gan", "projection": "gan", "cvae": "vae"}
    return {
        "step_seconds": {name: statistics.median(row[name] for row in rows) / steps for name in settings},
        "over_plain": {name: [row[name] / row[of] for row in rows] for name, of in plain.items()},
        "environment": describe(),
    }


def arms_of(dataset: str) -> list[str]:
    controls = ["shuffled", "G alone", "ten long"] if dataset == "digits" else []
    long = ["gan long", "projection long"]
    return ["gan", "planes", "projection", "ten short", "vae", "cvae", "cvae for N(0, I)", *long, *controls]


def jobs_of(dataset: str, seeds: int) -> list[list]:
    """All runs on a data set, or of the search, each as its kind and the arguments of that kind's function."""
    if dataset == "search":
        return candidates()
    jobs = [["real", dataset], ["arm", dataset, "gaussian", FIRST]]
    return jobs + [["arm", dataset, name, FIRST + seed] for seed in range(seeds) for name in arms_of(dataset)]


def candidates() -> list[list]:
    settings = dict.fromkeys(("gan", "planes", "projection"), R1) | dict.fromkeys(("vae", "cvae"), BETAS)
    return [["candidate", name, value, seed] for seed in range(2) for name in settings for value in settings[name]]


def main() -> None:
    run_jobs(__doc__, run, jobs_of, "labels_{}.jsonl", ("search", *data.IMAGE_SETS), costs)


if __name__ == "__main__":
    main()
