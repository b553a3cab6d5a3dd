"""Filling gaps in images (lesson 09): a VAE in seven ways, beside every cheaper way to guess missing pixels.

    python benchmarks/imputation.py digits --seeds 5    # then mnist with --seeds 3

300 test images lose half of their pixels at random, or their lower half. Each network has the time of 1,200 steps of
the plain VAE on the same training images (of MNIST, 12,000). Three of them saw gaps while training, a random half or
more of the pixels or one of four halves; "own gaps" had training images that lost such a part for ever. Every way that
gives several completions gives 40. (20 neighbours would err a little less, and cost more nats.) In the arm "longer" the
networks that were taught about gaps, and the regressor, have four times the steps, with three seeds. Settings were
chosen on validation images of the digits with seed 0; the recorded seeds begin at 100. "softened" blends each
neighbour with some of their mean, how much was chosen on validation images of each set; "kernel" is kernel ridge
regression, for the half alone.
A line has, for each method and each kind of gap: the root mean squared error of the missing pixels, the nats that a
missing pixel costs (each alone, and all of an image together), how often a classifier reads the digit in the mean
of the completions and in one of them, and how often an 80 % interval holds the ink in the gap ("drawn": of completions
whose pixels are drawn, too, which means little for real pixels).
Results go to benchmarks/results/imputation_*; recorded runs are not repeated.
"""

import functools
from collections.abc import Callable

import torch
from environment import run_job, run_jobs
from torch import Tensor, nn

from course_utils import data, networks
from course_utils.applications import imputation, torn_images
from course_utils.applications.imputation import Fills
from course_utils.judge import Judge
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

STEPS = {"vae": 1200, "seen": 1200, "whole": 1200, "own": 1200, "regressor": 750}  # 750 take as long
TRAIN = 12_000  # images, as many as the digits have
TEST = 300
LATENT = 16
FIRST = 100
DRAWS = 40
SOFTER = {"digits": 0.2, "mnist": 0.3}  # how much of their mean each neighbour gets
LONGER, LONG_SEEDS = 4, 3  # times the steps
RIDGE = 1e-4
BUILD: dict[str, Callable[[], nn.Module]] = {
    "vae": lambda: VAE(networks.ConvEncoder(LATENT), networks.ConvGenerator(LATENT), lr=2e-3),
    "seen": lambda: torn_images.GapVAE(LATENT),
    "whole": lambda: torn_images.GapVAE(LATENT, "whole"),
    "own": lambda: torn_images.GapVAE(LATENT, own=True),
    "regressor": torn_images.Regressor,
}


def train(name: str, images: Tensor, seed: int, times: int = 1) -> nn.Module:
    """Train a network on images (N, 1, 28, 28), `times` as long; "own" sees of each the same part every time."""
    if name == "own":
        images = torn_images.with_mask(images, torn_images.gaps(len(images), "mixed", seed))
    seed_everything(seed)
    model = BUILD[name]()
    fit(model, images, steps=times * STEPS[name], batch_size=32, seed=seed, average=0.999, schedule="linear")
    return model.eval()


def ways(
    models: dict[str, nn.Module], train: Tensor, x: Tensor, mask: Tensor, softer: float
) -> dict[str, Callable[[], Fills]]:
    """All ways to fill, by name; the start of chains and searches is the mean of the pixels."""
    start = imputation.by_mean(train, x, mask).mean
    vae = models["vae"]
    found = {
        "mean": lambda: imputation.by_mean(train, x, mask),
        "neighbours": lambda: imputation.by_neighbours(train, x, mask, DRAWS),
        "gaussian": lambda: imputation.by_gaussian(train, x, mask, ridge=RIDGE),
        "gaussian draws": lambda: imputation.by_gaussian(train, x, mask, DRAWS, ridge=RIDGE),
        "softened": lambda: softened(imputation.by_neighbours(train, x, mask, DRAWS), softer),
        "zeros": lambda: imputation.by_pass(vae, x, mask),
        "gibbs": lambda: imputation.by_gibbs(vae, start, x, mask, 20, chains=4, keep=10),
        "metropolis": lambda: imputation.by_gibbs(vae, start, x, mask, 40, chains=4, keep=10, metropolis=True),
        "weights": lambda: imputation.by_codes(vae, start, x, mask, DRAWS),
        "search": lambda: imputation.by_search(vae, start, x, mask),
    }
    return found | taught_ways(models, x, mask)


def softened(fills: Fills, share: float) -> Fills:
    """Completions of equal weight, each blended with a share of the mean of all."""
    return imputation.equal(fills.draws + share * (fills.mean - fills.draws))


@functools.cache
def kernel_ridge(dataset: str, kind: str = "lower"):
    """Kernel ridge regression from the seen pixels to the others, in closed form, for a gap that is always the same."""
    from sklearn.kernel_ridge import KernelRidge

    rows, seen = data.load(dataset).train[:TRAIN].flatten(1), torn_images.gaps(1, kind).flatten().bool()
    squares = torch.cdist(rows[:1000, seen], rows[:1000, seen]).square()
    model = KernelRidge(alpha=0.3, kernel="rbf", gamma=1 / (2 * squares[squares > 0].median().item()))
    return model.fit(rows[:, seen].numpy(), rows[:, ~seen].numpy())


def by_kernel(dataset: str, x: Tensor, mask: Tensor) -> Fills:
    """One guess by kernel ridge regression, where all gaps are the same."""
    seen = mask[0].flatten().bool()
    filled = x.flatten(1).clone()
    filled[:, ~seen] = (
        torch.from_numpy(kernel_ridge(dataset).predict(x.flatten(1)[:, seen].numpy())).float().clamp(0, 1)
    )
    return imputation.equal(filled.view_as(x)[None])


def taught_ways(models: dict[str, nn.Module], x: Tensor, mask: Tensor) -> dict[str, Callable[[], Fills]]:
    """The ways of networks that saw gaps while training, by name."""
    told = torn_images.with_mask(x, mask)
    found = {"regressor": lambda: imputation.by_regressor(models["regressor"], x, mask)}
    for name in [name for name in models if name not in ("regressor", "vae")]:
        found[name] = functools.partial(imputation.by_codes, models[name], told, x, mask, DRAWS, weighted=False)
        found[f"{name} weights"] = functools.partial(imputation.by_codes, models[name], told, x, mask, DRAWS)
    return found


def measured(fills: Fills, x: Tensor, labels: Tensor, mask: Tensor, judge: Judge) -> dict[str, float]:
    """Every measure of one way to fill; coverage only where there are several completions, also with drawn pixels."""
    line = {
        "rmse": imputation.rmse(fills.mean, x, mask),
        "rmse of one": imputation.rmse(fills.one(), x, mask),
        "alone": imputation.surprise(fills, x, mask),
        "together": imputation.surprise(fills, x, mask, together=True),
        "class": (judge.predict(fills.mean) == labels).float().mean().item(),
        "class of one": (judge.predict(fills.one()) == labels).float().mean().item(),
    }
    if len(fills.draws) > 1:
        line["covered"] = imputation.covered(fills, x, mask)
        line["covered, drawn"] = imputation.covered(imputation.flipped(fills), x, mask)
    return line


@functools.cache
def judge_of(dataset: str) -> Judge:
    return Judge(data.load(dataset))


def arm(dataset: str, name: str, seed: int) -> dict:
    """Train networks with one seed; their methods on each kind of gap. `name` is "gaps", or "longer" for some."""
    images, longer = data.load(dataset), name == "longer"
    train_images = images.train[:TRAIN]
    kinds, times = (("seen", "whole", "regressor"), LONGER) if longer else (BUILD, 1)
    models = {kind: train(kind, train_images, seed, times) for kind in kinds}
    rows = torch.randperm(len(images.test), generator=torch.Generator().manual_seed(seed))[:TEST]
    x, labels = images.test[rows], images.test_labels[rows]
    found: dict[str, dict] = {"real": {"class": (judge_of(dataset).predict(x) == labels).float().mean().item()}}
    for kind in ("random", "lower"):
        mask = torn_images.gaps(len(x), kind, seed)
        fills = taught_ways(models, x, mask) if longer else ways(models, train_images, x, mask, SOFTER[dataset])
        if kind == "lower" and not longer:
            fills["kernel"] = functools.partial(by_kernel, dataset, x, mask)
        for method, fill in fills.items():
            found.setdefault(method, {})[kind] = measured(fill(), x, labels, mask, judge_of(dataset))
    return found


run = functools.partial(run_job, {"arm": arm})


def jobs_of(dataset: str, seeds: int) -> list[list]:
    """All runs on a data set; the long ones with three seeds at most."""
    runs = {"gaps": seeds, "longer": min(seeds, LONG_SEEDS)}
    return [["arm", dataset, name, FIRST + seed] for name, n in runs.items() for seed in range(n)]


def main() -> None:
    run_jobs(__doc__, run, jobs_of, "imputation_{}.jsonl", tuple(SOFTER))


if __name__ == "__main__":
    main()
