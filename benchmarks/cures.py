"""Which cure helps against which failure? Every cure on every failure, in the plane, ten seeds each.

    python benchmarks/cures.py

Three failures of a GAN with two layers of 64 units on a ring of eight Gaussians (sigma 0.05, 2,000 steps of 128): a
discriminator that learns ten times more slowly than the generator; Adam with a momentum of 0.8; the saturating loss
after 2,000 steps in which only a plain discriminator learned. A cure acts from then on (packs and spectral norm, which
are another discriminator, from the start). Each keeps the failure's networks and optimizer; strengths were chosen for
points in the plane and are not those of the papers. Clipping, label smoothing and unrolling are written out here.
With five critic steps the generator moves 400 times in 2,000 steps; in 10,000 it moves 2,000 times, as with all others.
Writes to benchmarks/results: cures.jsonl, one line a run (recorded runs are not repeated), with the modes,
high-quality share and KL of 2,500 samples; cures_equal_moves.jsonl, a line for each failure and cure with five critic
steps, ten GANs trained at once for 10,000 steps; and, if it is not there, cures_costs.json, the time of a step beside
that of a plain one.
"""

import itertools
import json
import math
import statistics
import time
from collections import defaultdict
from functools import partial

import torch
from environment import RESULTS, describe, interleaved, run_missing, store
from torch.func import functional_call
from torch.nn.functional import softplus

from course_utils import losses, metrics, points
from course_utils.gan import GAN
from course_utils.playground.copies import coverage_of_each, points_gan
from course_utils.playground.wrappers import spectral
from course_utils.training import fit, seed_everything

COSTS = RESULTS / "cures_costs.json"
SEEDS = 10
STEPS = 2000
BATCH = 128


def smoothed_d(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """The discriminator's loss with the target 0.9 for real samples (Salimans et al., 2016, section 3.4)."""
    return 0.9 * softplus(-real_logits).mean() + 0.1 * softplus(real_logits).mean() + softplus(fake_logits).mean()


losses.ADVERSARIAL["smoothed"] = (smoothed_d, losses.non_saturating_g)


def clip_weights(gan: GAN, c: float = 0.1) -> None:
    """Clip every weight of the critic to [-c, c] after each of its steps (Arjovsky et al., 2017, algorithm 1)."""
    plain = gan.discriminator_step

    def step(real, optimizer, i):
        metrics = plain(real, optimizer, i)
        with torch.no_grad():
            for weight in gan.discriminator.parameters():
                weight.clamp_(-c, c)
        return metrics

    gan.discriminator_step = step


def unroll(gan: GAN, steps: int = 5, lr: float = 0.1) -> None:
    """Let the generator's gradient pass through steps of the discriminator to come (Metz et al., 2017).

    These are plain gradient steps, which a slow Adam would not take so fast.
    """
    plain = gan.discriminator_step
    _, generator_loss = losses.ADVERSARIAL[gan.loss]
    batch = None

    def remember(real, optimizer, i, y):
        nonlocal batch
        batch = real
        return plain(real, optimizer, i, y)

    def step(n, optimizer, y):
        fake = gan.generate(n)
        weights = dict(gan.discriminator.named_parameters())
        for _ in range(steps):
            real_logits = functional_call(gan.discriminator, weights, (batch,))  # (N,)
            fake_logits = functional_call(gan.discriminator, weights, (fake,))  # (N,)
            loss = losses.non_saturating_d(real_logits, fake_logits)
            gradients = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
            weights = {name: w - lr * g for (name, w), g in zip(weights.items(), gradients)}
        loss = generator_loss(functional_call(gan.discriminator, weights, (fake,)))
        optimizer.zero_grad()
        loss.backward(inputs=list(gan.generator.parameters()))
        optimizer.step()
        return {"g_loss": loss.detach()}

    gan.discriminator_step = remember
    gan.generator_step = step


CURES = {
    "none": {},
    "no momentum": {"betas": (0.0, 0.999)},
    "two learning rates": {"discriminator_lr": 4e-3},
    "more critic steps": {"n_critic": 5},
    "non-saturating": {"loss": "non_saturating"},
    "least squares": {"loss": "least_squares"},
    "hinge": {"loss": "hinge"},
    "Wasserstein, clipped": {"loss": "wasserstein", "n_critic": 5, "by_hand": clip_weights},
    "Wasserstein, penalty": {"loss": "wasserstein", "n_critic": 5, "gp_weight": 1.0},
    "R1": {"r1_weight": 0.1},
    "spectral norm": {"spectral": True},
    "label smoothing": {"loss": "smoothed"},
    "weight averaging": {"average": 0.999},
    "packs of 2": {"pack": 2},
    "packs of 4": {"pack": 4},
    "unrolling": {"by_hand": unroll},
}
FAILURES = {
    "slow discriminator": {"discriminator_lr": 1e-4, "betas": (0.5, 0.999)},
    "momentum 0.8": {"betas": (0.8, 0.999)},
    "head start, saturating": {"loss": "saturating", "betas": (0.0, 0.99), "head_start": 2000},
}


def train(data: torch.Tensor, seed: int, steps: int, batch_size: int, settings: dict) -> GAN:
    """Build and train one GAN; `settings` are those of `points_gan`, of `fit`, and the cures written out here."""
    settings = dict(settings)
    head_start = settings.pop("head_start", 0)
    by_hand = settings.pop("by_hand", None)
    loop = {name: settings.pop(name) for name in ("average", "schedule") if name in settings}
    with_spectral_norm = settings.pop("spectral", False)
    seed_everything(seed)
    gan = points_gan(**settings)
    if with_spectral_norm:
        spectral(gan.discriminator)
    if by_hand:
        by_hand(gan)
    if head_start:
        plain = GAN(gan.generator, gan.discriminator, n_critic=head_start + 1)  # the generator's turn never comes
        fit(plain, data, steps=head_start, batch_size=batch_size, seed=seed, log_every=500)
    fit(gan, data, steps=steps, batch_size=batch_size, seed=seed, log_every=500, **loop)
    return gan


def score(gan: GAN, mixture: points.Mixture, seed: int) -> dict[str, float]:
    """The coverage of 2,500 samples; without a single good one the KL is that of one mode alone."""
    found = metrics.mode_coverage(gan.sample(2500, seed=seed), mixture.centres, mixture.sigma)
    most = torch.tensor(float(len(mixture.centres))).log().item()
    return found | {"kl": min(found["kl"], most)}


def run(job: list) -> dict:
    """Train one failure with one cure and one seed."""
    failure, cure, seed = job
    torch.set_num_threads(1)
    ring = points.ring(sigma=0.05)
    gan = train(ring.sample(10_000, seed), seed, STEPS, BATCH, FAILURES[failure] | CURES[cure])
    return {"job": job} | score(gan, ring, seed)


def run_ten(job: list) -> dict:
    """Train ten copies of one failure with a cure of several critic steps until the generator has moved STEPS times."""
    failure, cure = job
    torch.set_num_threads(1)
    ring = points.ring(sigma=0.05)
    settings = FAILURES[failure] | CURES[cure] | {"copies": SEEDS}
    gan = train(ring.sample(10_000), 0, STEPS * settings["n_critic"], SEEDS * BATCH, settings)
    found = coverage_of_each(gan, ring)
    found["kl"] = found["kl"].clamp(max=math.log(len(ring.centres)))
    return {"job": job} | {name: column.tolist() for name, column in found.items()}


def costs(rounds: int = 5, steps: int = 200) -> dict[str, float]:
    """The time of a step with each cure over that of a plain one, the median of interleaved rounds."""
    torch.set_num_threads(1)
    data = points.ring(sigma=0.05).sample(10_000)
    ways = {}
    for name, cure in CURES.items():
        ways[name] = partial(train, data, 0, steps, BATCH, FAILURES["momentum 0.8"] | cure)
    rows = interleaved(ways, rounds, clock=time.process_time)
    return {name: statistics.median(row[name] / row["none"] for row in rows) for name in CURES}


def main() -> None:
    jobs = [list(job) for job in itertools.product(FAILURES, CURES, range(SEEDS))]
    modes = defaultdict(list)
    for line in run_missing(run, jobs, RESULTS / "cures.jsonl"):
        failure, cure, _ = line["job"]
        modes[failure, cure].append(int(line["modes"]))
    for (failure, cure), counts in modes.items():
        print(failure, cure, sorted(counts))
    longer = [[failure, cure] for failure in FAILURES for cure in CURES if "n_critic" in CURES[cure]]
    run_missing(run_ten, longer, RESULTS / "cures_equal_moves.jsonl")
    if not COSTS.exists():
        store(COSTS, json.dumps({"environment": describe(), "costs": costs()}, indent=1))


if __name__ == "__main__":
    main()
