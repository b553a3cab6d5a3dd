"""How good is a VAE after 60 seconds of one core? Means, pixel samples and ELBO of three seeds, on test images.

    python benchmarks/vae.py digits

search.py chose the settings on validation images of the digits, with the same seconds as the GAN of lesson 03. The
seconds become as many steps as the chosen run of the search took. Writes benchmarks/results/vae_DATASET.json.
"""

import argparse
import json

import torch
from environment import RESULTS, describe, store, two_workers
from search import FAMILIES, train

from course_utils import data
from course_utils.judge import Judge

SEEDS = 3


def chosen() -> dict:
    """The best run of the search."""
    lines = (RESULTS / "search_vae_digits.jsonl").read_text().splitlines()
    return min(map(json.loads, lines), key=lambda run: run["ratio"])


def run(job: tuple[str, dict, int, int]) -> dict:
    """Train with one seed and score against test images."""
    dataset, change, steps, seed = job
    torch.set_num_threads(1)
    images = data.load(dataset)
    judge = Judge(images)
    vae, _ = train("vae", FAMILIES["vae"].base | change, images, steps, seed)
    means = judge.score(vae.sample(judge.n))
    pixels = judge.frechet(vae.sample(judge.n, pixels=True))
    rebuilt = judge.frechet(vae.reconstruct(images.test[: judge.n]))
    floor = judge.floor["frechet"]
    return {
        "seed": seed,
        "steps": steps,
        "elbo": vae.elbo(images.test).mean().item(),
        "active_units": vae.active_units(images.test),
        "means": means["frechet"] / floor,
        "pixels": pixels / floor,
        "reconstructions": rebuilt / floor,
    } | means


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", choices=data.IMAGE_SETS)
    args = parser.parse_args()
    best = chosen()
    jobs = [(args.dataset, best["change"], best["steps"], seed) for seed in range(SEEDS)]
    runs = []
    with two_workers() as pool:
        for result in pool.imap(run, jobs):
            runs.append(result)
            print("seed {seed}  means {means:5.2f}  pixels {pixels:5.2f} × floor  ELBO {elbo:7.2f}".format(**result))
    result = {"change": best["change"], "seconds": best["seconds"], "environment": describe(), "runs": runs}
    store(RESULTS / f"vae_{args.dataset}.json", json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
