"""A folder of colour pictures of 64×64 pixels (lesson 12): what do GAN and VAE draw after two minutes each?

    python benchmarks/colour.py digits --seeds 3 --first 130

Writes 10,000 images of a data set as PNG files, 64×64, each in an ink and on a paper of its own, reads them with
`data.load_folder`, and trains a GAN and a VAE for 120 processor seconds each. Seconds become steps by the time of a
step, which the first call measures, in turns, beside that on grey images of 28×28; results never depend on a clock.
A line has for each way to sample the Fréchet distance over its floor, precision, recall, coverage, sharpness and how
far the shares of the classes are off: "GAN"; "VAE" from N(0, I); "VAE, fitted prior" from Gaussians fitted to its
codes; "rebuilt", the VAE's reconstructions of test pictures; and two controls, validation pictures ("real") and
networks of one step ("untrained"). Held-out pictures of the digits are variations, in other colours, of originals that
are in training too: this holds for the floor as well.
Settings were chosen on validation pictures of the digits, seed 0. Results go to benchmarks/results/colour_*, those of
the first seed with a picture of samples; recorded runs are not repeated.
"""

import functools
import json
import pathlib
import tempfile
import time

import numpy as np
import torch
from environment import RESULTS, describe, interleaved, run_arms, run_job, store
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from course_utils import data, networks
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.latent import fit_prior
from course_utils.show.plots import tile
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

COSTS = RESULTS / "colour_costs.json"
COUNT, SIZE = 10_000, 64
GREY, COLOUR = networks.IMAGE, (3, SIZE, SIZE)
BATCH = {"GAN": 16, "VAE": 32}
COMPONENTS = 40  # Gaussians of the fitted prior
PICTURED = 130  # the seed whose samples are kept as a picture
SHARED = {"average": 0.999, "schedule": "linear"}


def gan(shape: tuple[int, ...]) -> GAN:
    """The GAN of lesson 03 with batch norm and a weaker penalty, which did better on validation images."""
    players = networks.ConvGenerator(64, batch_norm=True, shape=shape), networks.ConvDiscriminator(shape=shape)
    return GAN(*players, r1_weight=0.1, penalty_every=8, generator_lr=2e-3, discriminator_lr=2e-3)


def vae(shape: tuple[int, ...]) -> VAE:
    """The VAE of lesson 07 with more codes and, for colours, a Gaussian likelihood."""
    encoder = networks.ConvEncoder(32, shape=shape)
    return VAE(encoder, networks.ConvGenerator(32, batch_norm=True, shape=shape), "gaussian", sigma=0.2, lr=2e-3)


MODELS = {"GAN": gan, "VAE": vae}


def two_colours(n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw ink and paper, (n, 3, 1, 1) each, so far apart in lightness that one can read."""
    ink, paper = torch.rand(2, 8 * n, 3, 1, 1, generator=random)
    light = torch.tensor([0.3, 0.6, 0.1]).view(3, 1, 1)
    kept = ((ink - paper) * light).sum((1, 2, 3)).abs() > 0.35  # two pairs in nine
    return ink[kept][:n], paper[kept][:n]


def write(images: data.Images, folder: pathlib.Path, count: int = COUNT, size: int = SIZE) -> None:
    """Write training images as coloured PNG files, one sub-folder for each class."""
    x = F.interpolate(images.train[:count], size=size, mode="bicubic", align_corners=False).clamp(0, 1)
    ink, paper = two_colours(len(x), torch.Generator().manual_seed(0))
    coloured = (255 * (x * ink + (1 - x) * paper)).round().byte().permute(0, 2, 3, 1).numpy()  # (N, size, size, 3)
    for name in images.classes:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for i, (picture, label) in enumerate(zip(coloured, images.train_labels)):
        Image.fromarray(picture).save(folder / images.classes[label] / f"{i:05}.png")


@functools.cache
def pictures_of(dataset: str) -> data.Images:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"coloured_{dataset}"
        write(data.load(dataset), path)
        return data.load_folder(path, size=SIZE, colour=True)


@functools.cache
def judge_of(dataset: str) -> Judge:
    return Judge(pictures_of(dataset), n=850)


def trained(kind: str, x: Tensor, steps: int, seed: int):
    seed_everything(seed)
    model = MODELS[kind](tuple(x.shape[1:]))
    fit(model, x, steps=steps, batch_size=BATCH[kind], seed=seed, **SHARED)
    return model


def measure_costs(steps: int = 20, rounds: int = 8) -> None:
    """Write down the processor seconds of a step on one core, in colour and in grey, if that is not written yet."""
    if COSTS.exists():
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    noise = {name: torch.rand(200, *shape) for name, shape in {"colour": COLOUR, "grey": GREY}.items()}
    ways = {
        f"{kind}, {name}": functools.partial(trained, kind, x, steps, 0) for kind in MODELS for name, x in noise.items()
    }
    rows = interleaved(ways, rounds, time.process_time)
    torch.set_num_threads(threads)
    seconds = {name: min(row[name] for row in rows) / steps for name in ways}  # what disturbs only ever adds
    store(COSTS, json.dumps({"step_seconds": seconds, "batch": BATCH, "environment": describe()}, indent=1))


def steps_of(kind: str, seconds: int) -> int:
    return round(seconds / json.loads(COSTS.read_text())["step_seconds"][f"{kind}, colour"])


def measured(samples: Tensor, dataset: str) -> dict[str, float]:
    """What samples score, with the sharpness of real pictures as the unit of theirs."""
    judge = judge_of(dataset)
    score = judge.score(samples)
    apart = 0.5 * (judge.class_shares(samples) - judge.class_shares(pictures_of(dataset).test)).abs().sum().item()
    return {
        "ratio": score["frechet"] / judge.floor["frechet"],
        **{name: score[name] for name in ("frechet", "precision", "recall", "coverage")},
        "sharpness": score["sharpness"] / judge.floor["sharpness"],
        "shares": apart,
    }


def picture(rows: list[Tensor], path: pathlib.Path) -> None:
    """Write rows of eight pictures each, one above the other, as a small PNG file."""
    pixels = (255 * tile(torch.cat([row[:8] for row in rows]), columns=8)).round().byte().numpy()
    Image.fromarray(np.ascontiguousarray(pixels)).quantize(256).save(path, optimize=True)


def arm(dataset: str, name: str, seed: int) -> dict:
    """All ways to sample after one length of training with one seed."""
    pictures = pictures_of(dataset)
    n = judge_of(dataset).n
    steps = {kind: steps_of(kind, int(name.split()[0])) for kind in MODELS}
    start = time.process_time()
    models = {kind: trained(kind, pictures.train, steps[kind], seed) for kind in MODELS}
    seconds = time.process_time() - start
    start = time.process_time()
    prior = fit_prior(models["VAE"].codes(pictures.train), COMPONENTS, seed=seed)
    fitting = time.process_time() - start
    order = torch.randperm(len(pictures.validation), generator=torch.Generator().manual_seed(seed))
    samples = {
        "GAN": models["GAN"].sample(n, seed=1),
        "VAE": models["VAE"].sample(n, seed=1),
        "VAE, fitted prior": models["VAE"].sample(z=prior.sample(n, seed=1)),
        "rebuilt": models["VAE"].reconstruct(pictures.test[:n]),
        "real": pictures.validation[order[:n]],
        "untrained": trained("GAN", pictures.train, 1, seed).sample(n, seed=1),
    }
    if seed == PICTURED:
        shown = [samples["GAN"][:16], samples["VAE, fitted prior"][:16]]
        picture([row for each in shown for row in each.split(8)], RESULTS / f"colour_{dataset}.png")
    scores = {way: measured(each, dataset) for way, each in samples.items()}
    return {"steps": steps, "seconds": seconds, "fitting": fitting} | scores


run = functools.partial(run_job, {"arm": arm})


def main() -> None:
    measure_costs()
    run_arms(__doc__, run, lambda what: ["120 s"], "colour_{}.jsonl")


if __name__ == "__main__":
    main()
