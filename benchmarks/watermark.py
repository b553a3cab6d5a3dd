"""A watermark in the samples (lesson 11): what it survives, who can remove it, and who can forge it?

    python benchmarks/watermark.py digits --seeds 5

A mark is a key of random signs in 2 × 2 blocks, added at a strength of 0.05 to samples that then get the 256 grey
levels of a file. "found 1" and "found 16" are the shares of single images, and of groups of 16, whose response to the
true key is larger than to each of 999 other keys: 1 in 1,000 for images without a mark. "z 16" is the mean z-score of
groups of 16. "bits 1" and "bits 16" are the shares of 16 bits read right from other samples with a message.
Arm "samples": marked samples of a GAN, and what was done to them, by name. "blur 0.8" has its width in pixels, "noise
0.1" its spread, "rescaled 14" its size. "shift" rolls by one pixel, "shift, searched" tries nine shifts for all keys;
"whitened" correlates after a whitening learned from real images instead of the usual residual.
"blacks cut" makes dark greys black, "binarised" has two greys. "stolen 1000" subtracts the mean of so many other marked
samples less the mean of real images, "read off 1" the signs that one marked sample shows where it is black; "drawn
anew" encodes and decodes by a VAE of real images, "drawn anew, noise" adds noise to the codes. Measures besides: the
PSNR to the unmarked samples, and the Fréchet distance over the floor.
"forged, stolen 1000" adds the stolen mark to real images; "real" and "unmarked" have no mark, "strength 0.02" and "0.1"
others.
"log" rows are the rival that marks nothing: the provider keeps its 2,500 samples, and an image is found ("found 1") if
it is nearer to one of them than 999 in 1,000 fresh samples are; "fresh" says how many of other fresh samples are.
"null" has false alarms without a mark, of every key in turn: "tail", the share of single images whose z-score is above
3.09 (nominal: 0.001), and at a nominal 0.01 for groups of 16 "by keys" (the z-score) and "by images" (a threshold that
one in a hundred groups of unmarked samples exceeds); on "samples", on "real" images, and on groups of "one class".
Arm "learned": a GAN and a VAE learn from marked training images ("GAN", "VAE"; strength 0.03, after Yu et al., 2021),
or from unmarked ones ("GAN, unmarked"), and the mark is looked for in their samples, plain or after a change.
Settings were chosen on the digits, seeds 0 to 9; the recorded seeds begin at 100.
Results go to benchmarks/results/watermark_*; recorded runs are not repeated.
"""

import functools

import torch
from environment import run_arms, run_job
from torch import Tensor

from course_utils import data, networks
from course_utils.applications import detection, watermark
from course_utils.applications.super_resolution import psnr
from course_utils.applications.watermark import beats_all, in_groups, mark, responses, standard
from course_utils.comparison.softness import blurred
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

FIT = {"batch_size": 16, "average": 0.999, "schedule": "linear"}
STEPS = 1200
STRENGTH, LEARNED = 0.05, 0.03
KEYS, BITS, TOGETHER, SAMPLES = 1000, 16, 16, 2500
STOLEN_FROM = (1, 10, 100, 1000)
READ_FROM = (1, 10)
CHANGES = detection.CHANGES | {
    "JPEG 20": lambda x: detection.jpeg(x, 20),
    "blur 0.8": lambda x: blurred(x, 0.8),
    "blur 1.2": lambda x: blurred(x, 1.2),
    "noise 0.1": lambda x: detection.noisy(x, 0.1),
    "noise 0.2": lambda x: detection.noisy(x, 0.2),
    "rescaled 14": lambda x: detection.rescaled(x, 14),
    "shift": lambda x: x.roll(1, 3),
    "blacks cut": watermark.cut_blacks,
    "binarised": lambda x: (x > 0.5).float(),
}


@functools.cache
def judge_of(dataset: str) -> Judge:
    return Judge(data.load(dataset))


def make_gan(x: Tensor, seed: int) -> GAN:
    seed_everything(seed)
    rates = {"generator_lr": 2e-3, "discriminator_lr": 2e-3}
    gan = GAN(networks.ConvGenerator(16), networks.ConvDiscriminator(), r1_weight=3.0, penalty_every=8, **rates)
    fit(gan, x, steps=STEPS, seed=seed, **FIT)
    return gan


def make_vae(x: Tensor, seed: int) -> VAE:
    seed_everything(seed)
    vae = VAE(networks.ConvEncoder(16, (16, 32)), networks.ConvGenerator(16, batch_norm=True), lr=2e-3)
    fit(vae, x, steps=STEPS, seed=seed, **FIT)
    return vae


def keys_of(first: Tensor, seed: int) -> Tensor:
    """A key (1, H, W) before many others that no image knows: (KEYS, 1, H, W)."""
    return torch.cat([first[None], watermark.random_keys(KEYS - 1, 7000 + seed)])


def found(response: Tensor) -> dict[str, float]:
    """How often the first key has the largest response (N, K): alone and in groups."""
    groups = in_groups(response, TOGETHER)
    return {"found 1": beats_all(response), "found 16": beats_all(groups), "z 16": standard(groups).mean().item()}


def samples(images: data.Images, seed: int) -> dict:
    """Marked samples of a GAN, attacks, forgeries, a log and null distributions."""
    gan, vae, judge = make_gan(images.train, seed), make_vae(images.train, seed), judge_of(images.name)
    plain, more = gan.sample(SAMPLES, seed=1), gan.sample(max(STOLEN_FROM), seed=2)
    keys, bit_keys = keys_of(watermark.random_keys(1, seed)[0], seed), watermark.bit_keys(BITS, seed)
    message = torch.randint(2, (BITS,), generator=torch.Generator().manual_seed(seed))
    real = detection.as_file(images.test[:SAMPLES])
    lines: dict[str, dict[str, float]] = {}

    def marked(x: Tensor, key: Tensor, strength: float = STRENGTH) -> Tensor:
        return detection.as_file(mark(x, key, strength))

    def look(name: str, change, strength: float = STRENGTH, score=responses) -> None:
        """What is left of the mark and of the picture."""
        x = detection.as_file(change(marked(plain, keys[0], strength)))
        lines[name] = found(score(x, keys)) | {"psnr": psnr(x, plain)}
        lines[name]["frechet"] = judge.frechet(x) / judge.floor["frechet"]

    for name, change in CHANGES.items():
        look(name, change)
        told = detection.as_file(change(marked(plain, watermark.message_key(bit_keys, message))))
        for n in (1, TOGETHER):
            lines[name][f"bits {n}"] = (watermark.read(told, bit_keys, n) == message).float().mean().item()
    for strength in (0.02, 0.1):
        look(f"strength {strength}", detection.as_file, strength)
    white = functools.partial(responses, through=watermark.whitening(images.validation))
    look("whitened", detection.as_file, score=white)
    look("strength 0.02, whitened", detection.as_file, 0.02, white)
    look("shift, searched", CHANGES["shift"], score=watermark.searched)
    again = lambda noise: lambda x: watermark.regenerated(vae.codes, lambda z: vae.sample(z=z), x, noise)  # noqa: E731
    look("drawn anew", again(0.0))
    look("drawn anew, noise", again(0.3))
    loot = marked(more, keys[0])
    patterns = {f"stolen {n}": watermark.stolen(loot[:n], images.train) for n in STOLEN_FROM}
    patterns |= {f"read off {n}": STRENGTH * watermark.read_off(loot[:n]) for n in READ_FROM}
    for name, pattern in patterns.items():
        look(name, lambda x: watermark.taken_off(x, pattern))  # noqa: B023
        forged = detection.as_file(watermark.taken_off(real, -pattern))
        lines[f"forged, {name}"] = found(responses(forged, keys)) | {"psnr": psnr(forged, real)}
    unmarked = detection.as_file(plain)
    lines["real"] = found(responses(real, keys))
    lines["unmarked"] = found(responses(unmarked, keys)) | {"frechet": judge.frechet(unmarked) / judge.floor["frechet"]}
    return lines | logged(gan, vae, plain) | {"null": nulls(images, gan, keys)}


def logged(gan: GAN, vae: VAE, log: Tensor) -> dict:
    """Are changed samples nearer to a log of samples than fresh ones are?"""
    fresh, others = gan.sample(5000, seed=3), gan.sample(5000, seed=4)
    limit = watermark.in_log(fresh, log).quantile(0.001)
    near = lambda x: (watermark.in_log(x, log) < limit).float().mean().item()  # noqa: E731
    changes = CHANGES | {"drawn anew": vae.reconstruct}
    found = {f"log, {name}": {"found 1": near(change(log))} for name, change in changes.items()}
    return found | {"log, fresh": {"found 1": near(others)}}


def nulls(images: data.Images, gan: GAN, keys: Tensor) -> dict[str, float]:
    """False alarms in groups of images without a mark, each key in turn: by other keys, and by other images."""
    order = images.test_labels.argsort(stable=True)
    mixed = responses(detection.as_file(images.test), keys)
    samples, others = (responses(detection.as_file(gan.sample(16_000, seed=seed)), keys) for seed in (5, 6))
    groups = {"samples": samples, "real": mixed, "one class": mixed[order]}
    limit = in_groups(others, TOGETHER).quantile(0.99, dim=0)  # (KEYS,), from other images without a mark
    line = {}
    for name, found in groups.items():
        together = in_groups(found, TOGETHER)
        line[f"by keys, {name}"] = (standardised(together) > 2.326).float().mean().item()
        line[f"by images, {name}"] = (together > limit).float().mean().item()
        line[f"tail, {name}"] = (standardised(found) > 3.09).float().mean().item()
    return line


def standardised(found: Tensor) -> Tensor:
    """Responses (N, K) as z-scores among all keys."""
    return (found - found.mean(1, keepdim=True)) / found.std(1, keepdim=True)


def learned(images: data.Images, seed: int) -> dict:
    """A mark in the training images, looked for in what generators draw."""
    judge, keys, lines = judge_of(images.name), keys_of(watermark.random_keys(1, seed)[0], seed), {}
    sets = {"": detection.as_file(mark(images.train, keys[0], LEARNED)), ", unmarked": images.train}
    for kind, make in {"GAN": make_gan, "VAE": make_vae}.items():
        for name, x in sets.items():
            drawn = make(x, seed).sample(SAMPLES, seed=1)
            lines[kind + name] = {change: found(responses(CHANGES[change](drawn), keys)) for change in CHANGES}
            lines[kind + name]["frechet"] = judge.frechet(drawn) / judge.floor["frechet"]
    return lines


ARMS = {"samples": samples, "learned": learned}


def arm(dataset: str, name: str, seed: int) -> dict:
    """All measures of an arm with one seed."""
    return ARMS[name](data.load(dataset), seed)


run = functools.partial(run_job, {"arm": arm})


if __name__ == "__main__":
    run_arms(__doc__, run, lambda what: list(ARMS), "watermark_{}.jsonl")
