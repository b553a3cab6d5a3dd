"""Few labels, many images (lesson 09): does a VAE help a classifier, and beside which cheaper ways?

    python benchmarks/semisupervised.py search             # settings, on 100 labelled validation images, seeds 0 to 2
    python benchmarks/semisupervised.py digits --seeds 5   # 10, 50, 100 and 500 labels
    python benchmarks/semisupervised.py mnist --seeds 3    # 100 labels

An arm is a number of labels; as many of each class, each image of another original. The seed draws them, and starts
all networks. The VAE learns from all training images without their labels; labels spread over 3,000 of them. Accuracy
is that on test images, of which no method sees any before. Settings are chosen once, at 100 labels, and serve all arms.
Results go to benchmarks/results/semisupervised_*; recorded runs are not repeated.
"""

import functools
import json
import statistics

import torch
from environment import RESULTS, run_job, run_jobs
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils import data, networks
from course_utils.applications.few_labels import M2, hidden_layer, logistic, scaled, spreading, unknown
from course_utils.comparison.probes import labelled_rows
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

FIRST = 100  # the first seed of the recorded arms
COUNTS = {"digits": (100, 10, 50, 500), "mnist": (100,)}
POOL = 3000  # unlabelled images over which labels spread
TESTED = 3000  # test images: all of the digits
VAE_STEPS, M2_STEPS = 2000, 1200  # M2 takes twice as long as the VAE
CNN_STEPS = {True: 2000, False: 500}  # with augmentation half the time of the VAE; without, more steps add nothing
CS = (0.001, 0.01, 0.1, 1.0, 10.0)  # of logistic regression
NEIGHBOURS = (5, 10, 20)  # of spreading
SEARCH = RESULTS / "semisupervised_search.jsonl"
SHARED = {"average": 0.999, "schedule": "linear"}


@functools.lru_cache(maxsize=2)
def features_of(dataset: str, seed: int) -> dict:
    """Ways to describe images (N, 1, 28, 28) by numbers (N, d): of a VAE, of one before training, by PCA, as pixels."""
    from sklearn.decomposition import PCA

    images = data.load(dataset)
    seed_everything(seed)
    build = lambda: VAE(networks.ConvEncoder(16), networks.ConvGenerator(16), lr=2e-3)  # noqa: E731
    vae, untrained = build(), build()
    fit(vae, images.train, steps=VAE_STEPS, batch_size=32, seed=seed, **SHARED)
    pca = PCA(16, random_state=seed).fit(images.train[:12_000].flatten(1).numpy())
    return {
        "pixels": lambda x: x.flatten(1),
        "PCA": lambda x: torch.tensor(pca.transform(x.flatten(1).numpy())).float(),
        "mean": vae.codes,
        "hidden": lambda x: hidden_layer(vae.encoder, x),
        "untrained mean": untrained.codes,
        "untrained hidden": lambda x: hidden_layer(untrained.encoder, x),
    }


def drawn(images: data.Images, labels: int, seed: int) -> tuple[Tensor, Tensor]:
    """Rows of training images: labelled ones, and all others in random order."""
    random = torch.Generator().manual_seed(seed)
    rows = labelled_rows(images, labels // 10, random)
    others = torch.randperm(len(images.train), generator=random)
    return rows, others[~torch.isin(others, rows)]


def pools(images: data.Images, rows: Tensor, others: Tensor) -> dict[str, Tensor]:
    """Rows to spread over: any; none of a labelled original; one of each original."""
    originals = images.train_originals
    stranger = ~torch.isin(originals[others], originals[rows])
    firsts = list({int(originals[row]): int(row) for row in others[stranger].tolist()}.values())
    return {"": others[:POOL], ", no relatives": others[stranger][:POOL], ", one each": torch.tensor(firsts)[:POOL]}


def accuracy(classifier, known: Tensor, labels: Tensor) -> float:
    return float(classifier.score(known.numpy(), labels.numpy()))


def cnn(x: Tensor, y: Tensor, affine: bool, seed: int) -> nn.Module:
    """A supervised network like the VAE's encoder, which sees each image turned, sheared, scaled and shifted or not."""
    seed_everything(seed)
    network = nn.Sequential(*networks.halving(1, (32, 64), 10, "silu"))
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, CNN_STEPS[affine])
    random = torch.Generator().manual_seed(seed)
    for _ in range(CNN_STEPS[affine]):
        rows = torch.randint(len(x), (32,), generator=random)
        batch = data.vary(x[rows], random) if affine else x[rows]
        optimizer.zero_grad()
        F.cross_entropy(network(batch), y[rows]).backward()
        optimizer.step()
        schedule.step()
    return network


@torch.no_grad()
def right(network: nn.Module, x: Tensor, y: Tensor) -> float:
    return (network(x).argmax(1) == y).float().mean().item()


def arm(dataset: str, count: str, seed: int) -> dict:
    """The accuracies of all methods with so many labels."""
    images, features = data.load(dataset), features_of(dataset, seed)
    rows, others = drawn(images, int(count), seed)
    x, y = images.train[rows], images.train_labels[rows]
    test, test_y = images.test[:TESTED], images.test_labels[:TESTED]
    over = pools(images, rows, others)
    found = {}
    for name, of in features.items():
        pool, known, asked = scaled(of(images.train[over[""]]), of(x), of(test))
        found[name] = accuracy(logistic(known, y, best(name, "logistic")), asked, test_y)
        if name == "untrained mean":
            continue
        neighbours = best(name, "spreading")
        found[f"spread {name}"] = accuracy(spreading(known, y, pool, neighbours), asked, test_y)
        if count == "100" and dataset == "digits" and name in ("pixels", "mean"):
            for control in (", no relatives", ", one each"):
                pool, known, asked = scaled(of(images.train[over[control]]), of(x), of(test))
                found[f"spread {name}{control}"] = accuracy(spreading(known, y, pool, neighbours), asked, test_y)
    found["CNN"] = right(cnn(x, y, False, seed), test, test_y)
    affine = cnn(x, y, True, seed)
    found["CNN affine"] = right(affine, test, test_y)
    if count == "100":
        found |= longer(images, x, y, over[""], affine, features, seed)
    return {method: {"accuracy": value} for method, value in found.items()}


def longer(
    images: data.Images, x: Tensor, y: Tensor, pool: Tensor, affine: nn.Module, features: dict, seed: int
) -> dict:
    """What takes more time: M2, and networks that learn from labels which others gave to unlabelled images."""
    test, test_y = images.test[:TESTED], images.test_labels[:TESTED]
    seed_everything(seed)
    m2 = M2(x, y)
    fit(m2, (images.train, unknown(len(images.train))), steps=M2_STEPS, batch_size=16, seed=seed, **SHARED)
    found = {"M2": (m2.predict(test) == test_y).float().mean().item()}
    of = features["mean"]
    more, known = scaled(of(images.train[pool]), of(x))
    guesses = spreading(known, y, more, best("mean", "spreading")).predict(more.numpy())
    with torch.no_grad():
        own = affine(images.train[pool]).argmax(1)
    for name, guessed in {"CNN affine, spread labels": torch.tensor(guesses), "CNN affine, own labels": own}.items():
        taught = cnn(torch.cat([x, images.train[pool]]), torch.cat([y, guessed]), True, seed)
        found[name] = right(taught, test, test_y)
    return found


def candidate(seed: int) -> dict:
    """The accuracies of all settings at 100 labels, on 100 labelled validation images of other originals."""
    images, features = data.load("digits"), features_of("digits", seed)
    rows, others = drawn(images, 100, seed)
    y = images.train_labels[rows]
    order = torch.randperm(len(images.validation), generator=torch.Generator().manual_seed(seed)).tolist()
    chosen = list({int(images.validation_originals[row]): row for row in order}.values())[:100]
    asked_y = images.validation_labels[chosen]
    found = {}
    for name, of in features.items():
        pool, known, asked = scaled(
            of(images.train[others[:POOL]]), of(images.train[rows]), of(images.validation[chosen])
        )
        found[name] = {"logistic": {c: accuracy(logistic(known, y, c), asked, asked_y) for c in CS}}
        if name != "untrained mean":
            spread = {k: accuracy(spreading(known, y, pool, k), asked, asked_y) for k in NEIGHBOURS}
            found[name]["spreading"] = spread
    return found


@functools.cache
def best(name: str, way: str) -> float | int:
    """The setting that the search found best, the mean over its seeds."""
    lines = [json.loads(line)[name][way] for line in SEARCH.read_text(encoding="utf-8").splitlines()]
    setting = max(lines[0], key=lambda value: statistics.mean(line[value] for line in lines))
    return int(setting) if way == "spreading" else float(setting)


JOBS = {"arm": arm, "candidate": candidate}
run = functools.partial(run_job, JOBS)


def candidates() -> list[list]:
    return [["candidate", seed] for seed in range(3)]


def jobs_of(dataset: str, seeds: int) -> list[list]:
    """All runs on a data set, or of the search; seeds go in pairs, one a worker, which trains its VAE once."""
    if dataset == "search":
        return candidates()
    pairs = [range(first, min(first + 2, seeds)) for first in range(0, seeds, 2)]
    counts = COUNTS[dataset]
    return [["arm", dataset, str(count), FIRST + seed] for pair in pairs for count in counts for seed in pair]


def main() -> None:
    run_jobs(__doc__, run, jobs_of, "semisupervised_{}.jsonl", ("search", *COUNTS))


if __name__ == "__main__":
    main()
