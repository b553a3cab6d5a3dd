"""Do strangers stand out? A class left out, and Fashion-MNIST against MNIST: scores of a VAE, of a GAN, of neither.

    python benchmarks/anomalies.py digits     # each of the ten classes left out in turn; two of them for all of a GAN
    python benchmarks/anomalies.py pairs      # Fashion-MNIST to MNIST, and MNIST to Fashion-MNIST

A model learns from training images of the known classes alone. Then every score gives a number to test images, known
and strange; what is recorded is the area under the ROC curve: the chance that a stranger scores higher than a known
image. Of all settings only the numbers of steps were changed after a look at strangers, with seed 0. In black and white
all images are cut at 0.5: there a bound, a file and a table of counts are lengths in one unit. The seeds begin at 100.
Results go to benchmarks/results/anomalies_*; recorded runs are not repeated.
"""

import argparse
import functools
import math
import statistics

import torch
from environment import RESULTS, run_job, run_missing
from torch import Tensor

from course_utils import data, networks
from course_utils.applications import anomalies, compression
from course_utils.comparison import measures
from course_utils.gan import GAN
from course_utils.plumbing.device import forked_random, in_parts, looking_at
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

FIRST, SEEDS = 100, 5
STEPS = {"digits": 1000, "pairs": 1500}  # of a VAE, of 32 images each
LONGER, D_ALONE, BLACK_AND_WHITE = ", longer GAN", ", D alone", ", black and white"  # beside those without a name
GAN_STEPS = {"": 1000, LONGER: 3000}
TESTED = {"digits": 1500, "pairs": 1000}  # test images, known and strange (pairs: of each kind)
WIDTHS = (0.35, 0.5, 0.7, 1.0, 1.4)  # of a kernel density; held-out known images choose
AXES = 32  # of PCA, that neighbours are found along
DEAR = 200  # images that regret and inversion look at, half of them strangers
TWO = (1, 8)  # the classes that a GAN is trained without
IMPORTANCE = 16  # codes for each image of the IWAE bound
NAMES = {"fashion": "fashion_mnist", "MNIST": "mnist"}
Scores = dict[str, Tensor]  # by name, larger is stranger: (N,) each


def train_vae(train: Tensor, steps: int, seed: int) -> VAE:
    seed_everything(seed)
    vae = VAE(networks.ConvEncoder(16), networks.ConvGenerator(16), lr=2e-3)
    fit(vae, train, steps=steps, batch_size=32, seed=seed, average=0.999, schedule="linear")
    return vae


def train_gan(train: Tensor, steps: int, seed: int) -> GAN:
    seed_everything(seed)
    rates = {"generator_lr": 2e-3, "discriminator_lr": 2e-3}
    gan = GAN(networks.ConvGenerator(16), networks.ConvDiscriminator(), r1_weight=0.3, penalty_every=8, **rates)
    fit(gan, train, steps=steps, batch_size=32, seed=seed, average=0.999, schedule="linear")
    return gan


def vae_scores(vae: VAE, train: Tensor, x: Tensor) -> Scores:
    """What a VAE says of images x (N, 1, 28, 28)."""
    with forked_random(0, torch.device("cpu")):
        terms = in_parts(vae, lambda x: torch.cat([part.view(len(x), -1) for part in vae.terms(x)], 1), x)
    nll, kl = terms[:, 0], terms[:, 1:].sum(1)  # (N,), (N,)
    bits = (nll + kl) / math.log(2)
    return {
        "-ELBO": nll + kl,
        "-IWAE": -vae.iwae_bound(x, IMPORTANCE),
        "NLL": nll,
        "KL": kl,
        "error": (vae.reconstruct(x) - x).square().flatten(1).sum(1),
        "-ELBO - PNG": bits - 8 * anomalies.coded_bytes(x),
        "-ELBO - zlib": bits - 8 * anomalies.coded_bytes(x, "zlib"),
        "-ELBO - entropy": nll + kl - anomalies.pixel_entropy(x),
        "k-NN of codes": anomalies.distance_to_known(vae.codes(x), vae.codes(train)),
    }


def lengths(vae: VAE, train: Tensor, x: Tensor) -> Scores:
    """What black and white images x (N, 1, 28, 28) cost in bits, by a VAE, a file and a table; and neighbours."""
    bits = -vae.elbo(x) / math.log(2)
    png = torch.tensor([compression.file_bits(each[None], "png") for each in x])
    counted = compression.counts(compression.contexts(train), train)
    table = compression.bits_of(compression.shares(counted)[compression.contexts(x)], x[:, 0]).flatten(1).sum(1)
    fresh = [compression.adaptive_bits(compression.counts(compression.contexts(each[None]), each)) for each in x]
    return {
        "-ELBO": bits,
        "few bytes": -png,
        "table": table,
        "-ELBO - PNG": bits - png,
        "-ELBO - table": bits - table,
        "-ELBO - fresh table": bits - torch.tensor(fresh),
        "k-NN of codes": anomalies.distance_to_known(vae.codes(x), vae.codes(train)),
        "k-NN of pixels": anomalies.distance_to_known(x, train),
    }


def surprise(points: Tensor, known: Tensor, held_out: Tensor) -> Tensor:
    """-log of the density of points (N, d), less a constant, if each known point is the middle of a Gaussian: (N,).

    Held-out known points choose the width of all, by their own density.
    """

    def score(points: Tensor, width: float) -> Tensor:
        near = [(-torch.cdist(part, known).square() / (2 * width**2)).logsumexp(1) for part in points.split(500)]
        return points.shape[1] * math.log(width) - torch.cat(near)

    return score(points, min(WIDTHS, key=lambda width: score(held_out, width).mean()))


def plain_scores(train: Tensor, x: Tensor, seed: int, held_out: Tensor) -> Scores:
    """What can be said of images x (N, 1, 28, 28) without a generative network; held-out images are known ones."""
    from sklearn.decomposition import PCA
    from sklearn.ensemble import IsolationForest

    rows, known = x.flatten(1), train.flatten(1)
    pca = PCA(64, random_state=0, svd_solver="randomized").fit(known.numpy())
    rebuilt = torch.from_numpy(pca.inverse_transform(pca.transform(rows.numpy()))).float()
    axes, others, more = (
        torch.from_numpy(pca.transform(each.numpy())[:, :AXES]).float() for each in (rows, known, held_out.flatten(1))
    )
    forest = IsolationForest(n_estimators=100, random_state=seed).fit(known.numpy())
    return {
        "brightness": rows.mean(1),
        "darkness": -rows.mean(1),
        "few bytes": -anomalies.coded_bytes(x),
        "many bytes": anomalies.coded_bytes(x),
        "k-NN of pixels": anomalies.distance_to_known(rows, known),
        "nearest of pixels": anomalies.distance_to_known(rows, known, 1),
        "k-NN of PCA": anomalies.distance_to_known(axes, others),
        "density of PCA": surprise(axes, others, more),
        "PCA error": (rebuilt - rows).square().sum(1),
        "isolation forest": -torch.from_numpy(forest.score_samples(rows.numpy())),
    }


def inversion(gan: GAN, x: Tensor, seed: int, starts: int = 4, steps: int = 60) -> Tensor:
    """The least squared distance of each image to an image of the generator, found by a search: (N,).

    Adam searches z from several starts (Schlegl et al., 2017, without their term of D's features).
    """
    z = torch.randn(starts, len(x), 16, generator=torch.Generator().manual_seed(seed)).flatten(0, 1)
    z, target = z.requires_grad_(), x.repeat(starts, 1, 1, 1)
    optimizer = torch.optim.Adam([z], lr=0.1)
    with looking_at(gan.generator), torch.enable_grad():
        for _ in range(steps):
            (z.grad,) = torch.autograd.grad(distance(gan, z, target).sum(), z)
            optimizer.step()
        return distance(gan, z, target).detach().unflatten(0, (starts, -1)).amin(0)


def distance(gan: GAN, z: Tensor, target: Tensor) -> Tensor:
    return (networks.to_data(gan.generator(z)) - target).square().flatten(1).sum(1)


def opinion(gan: GAN, x: Tensor) -> Scores:
    """How little the discriminator takes images for real: minus its logit, (N,)."""
    return {"GAN: -D": -in_parts(gan.discriminator, gan.discriminator, x)}


def gan_scores(gan: GAN, train: Tensor, x: Tensor, seed: int) -> Scores:
    """What a GAN says of images x (N, 1, 28, 28)."""
    with_encoder = measures.with_encoder(gan.generator, train, steps=1000)
    return opinion(gan, x) | {
        "GAN: encoder": (with_encoder.reconstruct(x) - x).square().flatten(1).sum(1),
        "GAN: inversion": inversion(gan, x, seed),
    }


def separated(scores: Scores, strange: Tensor) -> dict[str, float]:
    """The area under the ROC curve of each score, where `strange` (N,) says which images are strangers."""
    return {name: anomalies.auroc(score[strange], score[~strange]) for name, score in scores.items()}


def left_out(images: data.Images, label: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Training and validation images without a class, test images with it, and which of them are strangers."""
    x, y = images.test[: TESTED["digits"]], images.test_labels[: TESTED["digits"]]
    known = images.train[images.train_labels != label], images.validation[images.validation_labels != label]
    return *known, x, y == label


def few(strange: Tensor) -> Tensor:
    """The rows of the first strangers and as many known images, DEAR in all."""
    return torch.cat([kind.nonzero().flatten()[: DEAR // 2] for kind in (strange, ~strange)])


def rotations(how: str, seed: int) -> dict:
    """Leave each class out in turn; the area of every score by class, and the mean and the least of the ten."""
    images = data.load("digits")
    found: dict[str, dict[str, float]] = {}
    for label in range(10):
        train, held_out, x, strange = left_out(images, label)
        if how == D_ALONE:
            scores = opinion(train_gan(train, GAN_STEPS[LONGER], seed), x)
        elif how == BLACK_AND_WHITE:
            train, x = (train > 0.5).float(), (x > 0.5).float()
            scores = lengths(train_vae(train, STEPS["digits"], seed), train, x)
        else:
            scores = vae_scores(train_vae(train, STEPS["digits"], seed), train, x)
            scores |= plain_scores(train, x, seed, held_out)
        for name, area in separated(scores, strange).items():
            found.setdefault(name, {})[str(label)] = area
    return {
        name: by_class | {"mean": statistics.mean(by_class.values()), "least": min(by_class.values())}
        for name, by_class in found.items()
    }


def two_classes(how: str, seed: int) -> dict:
    """Leave two classes out in turn, for the scores that are dear: all on the same few images."""
    images = data.load("digits")
    found: dict[str, dict[str, float]] = {}
    for label in TWO:
        train, held_out, x, strange = left_out(images, label)
        rows = few(strange)
        scores = plain_scores(train, x[rows], seed, held_out) | gan_scores(
            train_gan(train, GAN_STEPS[how], seed), train, x[rows], seed
        )
        if not how:
            vae = train_vae(train, STEPS["digits"], seed)
            scores |= vae_scores(vae, train, x[rows]) | {"regret": anomalies.likelihood_regret(vae, x[rows])}
        for name, area in separated(scores, strange[rows]).items():
            found.setdefault(name, {})[str(label)] = area
    return found


def pair(known: str, stranger: str, how: str, seed: int) -> dict:
    """Learn one data set, and meet another one."""
    images, others = (measures.shuffled(data.load(NAMES[name])) for name in (known, stranger))
    n = TESTED["pairs"]
    x = torch.cat([others.test[:n], images.test[:n]])
    strange = torch.arange(2 * n) < n
    if how == D_ALONE:
        areas = separated(opinion(train_gan(images.train, GAN_STEPS[LONGER], seed), x), strange)
        return {name: {"area": area} for name, area in areas.items()}
    if how == BLACK_AND_WHITE:
        train, x = (images.train > 0.5).float(), (x > 0.5).float()
        areas = separated(lengths(train_vae(train, STEPS["pairs"], seed), train, x), strange)
        return {name: {"area": area} for name, area in areas.items()}
    vae = train_vae(images.train, STEPS["pairs"], seed)
    scores = vae_scores(vae, images.train, x) | plain_scores(images.train, x, seed, images.validation[:2000])
    found = {name: {"area": area} for name, area in separated(scores, strange).items()}
    nats = {name: scores["-ELBO"][kind].mean().item() for name, kind in (("strange", strange), ("known", ~strange))}
    rows = torch.cat([torch.arange(DEAR // 2), n + torch.arange(DEAR // 2)])
    regret = anomalies.likelihood_regret(vae, x[rows])
    found["-ELBO"] |= nats
    beside = anomalies.auroc(*scores["k-NN of pixels"][rows].chunk(2))
    return found | {"regret": {"area": anomalies.auroc(*regret.chunk(2)), "k-NN of pixels": beside}}


def arm(dataset: str, name: str, seed: int) -> dict:
    """Run one arm with one seed."""
    name, *how = name.split(", ")
    how = "".join(f", {word}" for word in how)
    if name == "ten left out":
        return rotations(how, seed)
    return two_classes(how, seed) if name == "two left out" else pair(*name.split(" to "), how, seed)


run = functools.partial(run_job, {"arm": arm})
EVERYWHERE = ("", D_ALONE, BLACK_AND_WHITE)
ARMS = {
    "digits": [f"ten left out{how}" for how in EVERYWHERE] + [f"two left out{how}" for how in ("", LONGER)],
    "pairs": [f"{pair}{how}" for pair in ("fashion to MNIST", "MNIST to fashion") for how in EVERYWHERE],
}


def jobs_of(dataset: str) -> list[list]:
    """All runs on a data set, or on the pair of two."""
    return [["arm", dataset, name, FIRST + seed] for seed in range(SEEDS) for name in ARMS[dataset]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=tuple(ARMS))
    what = parser.parse_args().what
    run_missing(run, jobs_of(what), RESULTS / f"anomalies_{what}.jsonl")


if __name__ == "__main__":
    main()
