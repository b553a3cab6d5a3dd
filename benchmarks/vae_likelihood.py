"""How likely is MNIST under a VAE? The 784-200-200-50 network of Burda et al. (2016) on binarized images.

    python benchmarks/vae_likelihood.py --minutes 15

Pixels are drawn anew from the grey levels each time a training image is seen (dynamic binarization); the 10,000 test
images are drawn once. The published negative log-likelihood is 86.76 nats after 3,280 epochs. The minutes become a
number of steps: the time of a step is measured first, on the idle machine and all its cores. Training is resumable and
may then use fewer cores. Evaluation is apart: ELBO and k-sample bounds. Writes benchmarks/results/vae_likelihood.json.
"""

import argparse
import json
import math
import time

import torch
from environment import RESULTS, describe, store, two_workers
from torch import Tensor, nn

from course_utils import data, networks
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

SETTINGS = dict(batch_size=100, schedule="linear", log_every=1000)
SAMPLES = (5, 50, 5000)


class Binarized(nn.Module):
    """A VAE that sees each image as pixels drawn anew from its grey levels."""

    def __init__(self, vae: VAE):
        super().__init__()
        self.vae = vae

    def make_optimizers(self) -> dict:
        return self.vae.make_optimizers()

    def training_step(self, batch: Tensor, optimizers: dict, step: int) -> dict[str, Tensor]:
        return self.vae.training_step(torch.bernoulli(batch), optimizers, step)

    def evaluate(self, x: Tensor) -> dict[str, Tensor]:
        return self.vae.evaluate(x)


def model(lr: float) -> Binarized:
    """The one-layer model of the paper."""
    seed_everything(0)
    encoder = networks.MLPEncoder(50, (200, 200), act="tanh")
    return Binarized(VAE(encoder, networks.MLPGenerator(50, (200, 200), act="tanh"), lr=lr))


def step_seconds(train: Tensor, steps: int = 1000) -> float:
    """The time of a training step, the best of three rounds."""
    rounds = []
    for _ in range(3):
        start = time.perf_counter()
        fit(model(1e-3), train, steps=steps, **SETTINGS)
        rounds.append((time.perf_counter() - start) / steps)
    return min(rounds)


def bounds(job: tuple[VAE, Tensor, int, int]) -> Tensor:
    """A bound for each image of a part: that of k samples, or the ELBO for k = 0."""
    vae, x, k, seed = job
    torch.set_num_threads(1)
    return vae.iwae_bound(x, k, seed) if k else vae.elbo(x, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="for training, not for timing")
    args = parser.parse_args()
    images = data.load("mnist")
    train = torch.cat([images.train, images.validation])
    test = torch.bernoulli(images.test, generator=torch.Generator().manual_seed(0))
    path = RESULTS / "vae_likelihood.json"
    if path.exists():
        result = json.loads(path.read_text())
    else:
        result = {"step_milliseconds": 1e3 * step_seconds(train), "environment": describe()}
        result["threads"] = torch.get_num_threads()
    store(path, json.dumps(result, indent=1))
    torch.set_num_threads(args.threads)
    steps = int(60e3 * args.minutes / result["step_milliseconds"])
    trained = model(args.lr)
    fit(trained, train, steps=steps, held_out=test[:500], checkpoint="bench_likelihood", **SETTINGS)
    vae = trained.vae
    epochs = steps * SETTINGS["batch_size"] / len(train)
    result |= {"lr": args.lr, "minutes": args.minutes, "steps": steps, "epochs": epochs}
    result |= {"active_units": vae.active_units(test), "nats": {}}
    with two_workers() as pool:
        for k in (0, *SAMPLES):
            jobs = [(vae, part, k, seed) for seed, part in enumerate(test.split(500))]
            log_p = torch.cat(pool.map(bounds, jobs, chunksize=1))  # (10000,)
            error = log_p.std().item() / math.sqrt(len(log_p))
            name = f"{k}-sample bound" if k else "ELBO"
            result["nats"][name] = {"negative": -log_p.mean().item(), "standard_error": error}
            print(f"{name:18s} {-log_p.mean():7.2f} ± {error:.2f} nats", flush=True)
    store(path, json.dumps(result, indent=1))
    print("{minutes} minutes: {steps} steps, {epochs:.0f} epochs, {active_units} active units".format(**result))


if __name__ == "__main__":
    main()
