"""Who can tell (lesson 11)? Detectors across generators, their seeds and post-processing, beside simple rivals.

    python benchmarks/detection.py digits --seeds 5    # then mnist and fashion_mnist

Arm "detectors": six sources of fakes learn from the training images: a GAN and one of the same recipe with another
seed, a GAN with fully connected layers in its generator ("MLP GAN"), one that doubles by transposed convolutions
("transposed"), a VAE with a fitted prior, and the same VAE with its pixels drawn ("VAE, drawn"). 5,000 images of a
source and all real training images teach a detector; 2,500 others and the real test images judge it. All have the
256 grey levels of a file, and black in place of the darkest 32, unless a name says "unrounded" or "rounded". The
threshold accepts 98 % of real validation images.
A line has, for each detector, the share of real test images accepted, and for each source the share caught and the
AUROC. Learned detectors are named after what they learned from; "4× steps", "other layers" (those of the course's
discriminators), "disturbed" (blurred, noisy, compressed or rescaled training images) and "all five" are variants.
"edges", "spectrum", "bent spectrum" (with squares), "greys" and "pixels" are logistic regressions. "nearest real" and
"real alone" are distances and have seen no fake; "own D" is the GAN's discriminator, which learned from raw images;
"black" counts exact zeros. Controls: "real and real" (two halves of the real originals), "shuffled"
(which image is fake is drawn by lot). In "JPEG and PNG" real training images were compressed and fake ones were not;
"JPEG and PNG, as learned" judges it on compressed real images, too.
Under "GAN", "VAE", "GAN, disturbed", "GAN, spectrum" and "VAE, spectrum" are also, for each change of real and fake
images alike, the share accepted and caught at the old threshold, the AUROC, and the share caught at a threshold of
changed validation images ("again"). Under "GAN" and "all five": the share caught where 999 of 1,000 real validation
images are accepted ("strict"), and the share of real test images then accepted.
Arm "longer" (digits alone): a GAN with four times the steps, and detectors that learn from it.
"quality" has the Fréchet distance of each source, over the floor.
Settings were chosen on validation images of the digits, seeds 0 to 9; the recorded seeds begin at 100.
Results go to benchmarks/results/detection_*; recorded runs are not repeated.
"""

import functools

import torch
from environment import run_arms, run_job
from torch import Tensor, nn

from course_utils import data, networks
from course_utils.applications import detection
from course_utils.applications.detection import as_file, by_logistic, learned, without_haze
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.latent import fit_prior
from course_utils.plumbing.device import in_parts
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

FIT = {"batch_size": 16, "average": 0.999, "schedule": "linear"}
STEPS = {"GAN": 1200, "VAE": 1500, "detector": 1200}
OTHER = 1000  # added to a seed makes the other seed, which no job has
TAUGHT, JUDGED = 5000, 2500  # fakes
FEW = 3000  # real images where all of MNIST would take long
GENERATORS = {
    "GAN": lambda: networks.ConvGenerator(16),
    "GAN, other seed": lambda: networks.ConvGenerator(16),
    "MLP GAN": lambda: networks.MLPGenerator(16),
    "transposed": lambda: Transposed(16),
}
FEATURES = {
    "edges": detection.edges,
    "spectrum": detection.spectrum,
    "bent spectrum": detection.bent_spectrum,
    "greys": detection.greys,
    "pixels": lambda x: x.flatten(1),
}
CHANGED = ("GAN", "VAE", "GAN, disturbed", "GAN, spectrum", "VAE, spectrum")
Pair = tuple[Tensor, Tensor]  # fakes to learn from, fakes to judge


@functools.cache
def judge_of(dataset: str) -> Judge:
    return Judge(data.load(dataset))


class Transposed(nn.Sequential):
    """A generator that doubles by transposed convolutions (Radford et al., 2016): others of the course shuffle."""

    def __init__(self, latent_dim: int):
        first = [nn.Linear(latent_dim, 32 * 7 * 7), nn.Unflatten(1, (32, 7, 7)), nn.SiLU()]
        doublings = [nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.SiLU(), nn.ConvTranspose2d(16, 1, 4, 2, 1)]
        super().__init__(*first, *doublings)  # (N, 16, 14, 14), then (N, 1, 28, 28)
        self.latent_dim = latent_dim


def make_gan(x: Tensor, kind: str, seed: int, steps: int) -> GAN:
    seed_everything(seed)
    rates = {"generator_lr": 2e-3, "discriminator_lr": 2e-3}
    gan = GAN(GENERATORS[kind](), networks.ConvDiscriminator(), r1_weight=3.0, penalty_every=8, **rates)
    fit(gan, x, steps=steps, seed=seed, **FIT)
    return gan


def drawn_twice(sample) -> Pair:
    return sample(TAUGHT, seed=1), sample(JUDGED, seed=2)


def by_vae(x: Tensor, seed: int) -> dict[str, Pair]:
    """A VAE's means, and the same with pixels drawn, of codes from a fitted prior."""
    seed_everything(seed)
    vae = VAE(networks.ConvEncoder(16, (16, 32)), networks.ConvGenerator(16, batch_norm=True), lr=2e-3)
    fit(vae, x, steps=STEPS["VAE"], seed=seed, **FIT)
    codes = drawn_twice(fit_prior(vae.codes(x), 10, seed=seed).sample)
    return {
        "VAE": tuple(vae.sample(z=z) for z in codes),
        "VAE, drawn": tuple(vae.sample(z=z, pixels=True, seed=5) for z in codes),
    }


def halves(images: data.Images) -> Pair:
    """Real training images of every other original, and those of the others."""
    even = images.train_originals.unique()[::2]
    first = torch.isin(images.train_originals, even)
    return without_haze(images.train[first]), without_haze(images.train[~first])


class Bench:
    """The real images of a data set as files, fakes to learn from and to judge, and what was found so far."""

    def __init__(self, images: data.Images, pairs: dict[str, Pair]):
        self.real, self.validation, self.test = map(without_haze, (images.train, images.validation, images.test))
        self.taught = {name: without_haze(pair[0]) for name, pair in pairs.items()}
        self.fakes = {name: without_haze(pair[1]) for name, pair in pairs.items()}
        self.changed_real = {
            name: [change(part[:FEW]) for part in (self.validation, self.test)]
            for name, change in detection.CHANGES.items()
        }
        judge = judge_of(images.name)
        quality = {name: judge.frechet(fake) / judge.floor["frechet"] for name, fake in self.fakes.items()}
        self.found: dict[str, dict] = {"quality": quality}

    def judge(self, name: str, score: detection.Score) -> None:
        limit = detection.threshold(score(self.validation))
        self.found[name] = detection.judged(score, limit, self.test, self.fakes)
        if name in CHANGED:
            self.found[name] |= self.changed(score, limit, name.split(",")[0])
        if name in ("GAN", "all five"):
            strict = detection.threshold(score(self.validation), 0.999)
            line = detection.judged(score, strict, self.test, self.fakes)
            self.found[name]["strict"] = {key: value for key, value in line.items() if "auroc" not in key}

    def changed(self, score: detection.Score, limit: float, source: str) -> dict[str, dict[str, float]]:
        found = {}
        for name, change in detection.CHANGES.items():
            fake, (validation, test) = change(self.fakes[source]), self.changed_real[name]
            line = detection.judged(score, limit, test, {"": fake})
            again = detection.threshold(score(validation))
            found[name] = {key.strip(): value for key, value in line.items()}
            found[name]["again"] = detection.alarms(score(fake), again)
        return found


def detectors(images: data.Images, seed: int) -> dict:
    """All detectors of an arm, on six sources."""
    gans = {name: make_gan(images.train, name, seed + OTHER * ("other" in name), STEPS["GAN"]) for name in GENERATORS}
    pairs = {name: drawn_twice(gan.sample) for name, gan in gans.items()} | by_vae(images.train, seed)
    bench, steps = Bench(images, pairs), STEPS["detector"]
    real, taught, judge = bench.real, bench.taught, bench.judge
    for source in ("GAN", "MLP GAN", "transposed", "VAE", "VAE, drawn"):
        judge(source, learned(real, taught[source], steps, seed))
    gan, few = taught["GAN"], real[:10000]
    others = torch.cat([taught[name] for name in taught if name != "GAN, other seed"])
    judge("all five", learned(real, others, steps, seed))
    for source in ("GAN", "VAE"):
        judge(f"{source}, 4× steps", learned(real, taught[source], 4 * steps, seed))
    judge("GAN, other layers", learned(real, gan, steps, seed, networks.ConvDiscriminator))
    judge("GAN, disturbed", learned(detection.disturbed(real, seed), detection.disturbed(gan, seed + 1), steps, seed))
    for kind, features in FEATURES.items():
        for source in ("GAN", "VAE"):
            judge(f"{source}, {kind}", by_logistic(features, few, taught[source]))
    judge("all five, spectrum", by_logistic(detection.spectrum, few, others))
    judge("nearest real", detection.far_from(few))
    judge("real alone", detection.unlike(few))
    own = gans["GAN"].discriminator
    judge("own D", lambda x: -in_parts(own, own, x))
    judge("real and real", learned(*halves(images), steps, seed))
    mixed = torch.cat([real[: len(gan)], gan])[torch.randperm(2 * len(gan), generator=torch.Generator().manual_seed(0))]
    judge("shuffled", learned(*mixed.chunk(2), steps, seed))
    judge("black", detection.black)
    return bench.found | formats(images, pairs, bench, seed)


def formats(images: data.Images, pairs: dict[str, Pair], bench: Bench, seed: int) -> dict:
    """Detectors of number and file formats: exact zeros, and compressed real images beside fakes that are not."""
    fakes = {name: pair[1] for name, pair in pairs.items()}
    limit = detection.threshold(detection.black(images.validation))
    found = {"black, unrounded": detection.judged(detection.black, limit, images.test, fakes)}
    fakes = {name: as_file(fake) for name, fake in fakes.items()}
    rules = {"black, rounded": detection.black}
    for source in ("GAN", "VAE"):
        rules[f"{source}, pixels, rounded"] = by_logistic(
            FEATURES["pixels"], as_file(images.train[:10000]), as_file(pairs[source][0])
        )
    for name, score in rules.items():
        limit = detection.threshold(score(as_file(images.validation)))
        found[name] = detection.judged(score, limit, as_file(images.test), fakes)
    score = learned(detection.jpeg(bench.real), bench.taught["GAN"], STEPS["detector"], seed)
    limit = detection.threshold(score(detection.jpeg(bench.validation)))
    for name, test in {"JPEG and PNG": bench.test, "JPEG and PNG, as learned": detection.jpeg(bench.test)}.items():
        found[name] = detection.judged(score, limit, test, bench.fakes)
    return found


def longer(images: data.Images, seed: int) -> dict:
    """A GAN of four times the steps: do detectors of it, or of the shorter one, still tell?"""
    pairs = {}
    for name, steps in (("GAN", STEPS["GAN"]), ("GAN, longer", 4 * STEPS["GAN"])):
        pairs[name] = drawn_twice(make_gan(images.train, "GAN", seed, steps).sample)
    bench = Bench(images, pairs)
    for name, fake in bench.taught.items():
        bench.judge(name, learned(bench.real, fake, STEPS["detector"], seed))
        bench.judge(f"{name}, spectrum", by_logistic(detection.spectrum, bench.real, fake))
    return bench.found


ARMS = {"detectors": detectors, "longer": longer}


def arm(dataset: str, name: str, seed: int) -> dict:
    """All detectors of an arm with one seed."""
    return ARMS[name](data.load(dataset), seed)


run = functools.partial(run_job, {"arm": arm})


if __name__ == "__main__":
    run_arms(__doc__, run, lambda what: list(ARMS)[: 1 + (what == "digits")], "detection_{}.jsonl")
