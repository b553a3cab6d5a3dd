"""What does `fit` cost beyond a loop written by hand, and what does reading images one by one cost?

    python benchmarks/step_time.py

Times 20 interleaved pairs of the same training of lesson 03's GAN on MNIST, by hand and by `fit`, and the same loop fed
by torchvision's MNIST with a transform per image through a DataLoader. Writes benchmarks/results/step_time.json.
"""

import copy
import json
import statistics

import torch
from environment import RESULTS, describe, interleaved, store
from torch.nn.functional import softplus
from torchvision import datasets, transforms

from course_utils import data, networks
from course_utils.gan import GAN
from course_utils.losses import r1_penalty
from course_utils.networks import to_data
from course_utils.training import fit, seed_everything

STEPS = 300
PAIRS = 20
BATCH = 16
AVERAGE = 0.999


def new_gan() -> GAN:
    seed_everything(0)
    players = networks.ConvGenerator(), networks.ConvDiscriminator()
    return GAN(*players, r1_weight=1.0, penalty_every=8, generator_lr=2e-3, discriminator_lr=2e-3)


def by_hand(gan: GAN, batches) -> list[tuple[torch.Tensor, ...]]:
    """The operations of `fit` and `GAN`, in one loop."""
    generator = gan.generator
    discriminator = gan.discriminator
    d_optimizer = torch.optim.Adam(discriminator.parameters(), gan.discriminator_lr, gan.betas, fused=True)
    g_optimizer = torch.optim.Adam(generator.parameters(), gan.generator_lr, gan.betas, fused=True)
    pairs = list(zip(copy.deepcopy(gan).state_dict().values(), gan.state_dict().values()))
    log = []
    for step, real in enumerate(batches):
        for optimizer in (d_optimizer, g_optimizer):
            optimizer.param_groups[0]["lr"] = gan.generator_lr * (1 - step / STEPS)
        with torch.no_grad():
            fake = to_data(generator(torch.randn(len(real), generator.latent_dim)))
        real_logits = discriminator(real)
        fake_logits = discriminator(fake)
        d_loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
        penalty = 8 * r1_penalty(discriminator, real) if step % 8 == 0 else 0.0
        d_optimizer.zero_grad()
        (d_loss + penalty).backward()
        d_optimizer.step()
        fake = to_data(generator(torch.randn(len(real), generator.latent_dim)))
        g_loss = softplus(-discriminator(fake)).mean()
        g_optimizer.zero_grad()
        g_loss.backward(inputs=list(generator.parameters()))
        g_optimizer.step()
        with torch.no_grad():
            for mean, new in pairs:
                mean.lerp_(new, 1 - min(AVERAGE, (step + 1) / (step + 11)))
        d_real = real_logits.detach().sigmoid().mean()
        d_fake = fake_logits.detach().sigmoid().mean()
        log.append((d_loss.detach(), d_real, d_fake, g_loss.detach()))
    return log


def resident(images: torch.Tensor):
    """Yield random batches of a tensor in memory."""
    for _ in range(STEPS):
        yield images[torch.randint(len(images), (BATCH,))]


def one_by_one(dataset):
    """Yield batches as most tutorials read them: a data set of pictures, a transform for each, a DataLoader."""
    for step, (batch, _) in enumerate(torch.utils.data.DataLoader(dataset, BATCH, shuffle=True)):
        if step == STEPS:
            return
        yield batch


def main() -> None:
    train = data.load("mnist").train
    gans = {name: new_gan() for name in ("fit", "hand", "loader")}
    settings = dict(steps=STEPS, batch_size=BATCH, average=AVERAGE, schedule="linear", device="cpu")
    dataset = datasets.MNIST(data.FOLDER, transform=transforms.ToTensor())
    ways = {
        "fit": lambda: fit(gans["fit"], train, **settings),
        "hand": lambda: by_hand(gans["hand"], resident(train)),
        "loader": lambda: by_hand(gans["loader"], one_by_one(dataset)),
    }
    rows = []
    for row in interleaved(ways, PAIRS):
        rows.append({name: seconds / STEPS for name, seconds in row.items()})
    medians = {name: statistics.median(row[name] for row in rows) for name in ways}
    fit_ratio = statistics.median(row["fit"] / row["hand"] for row in rows)
    loader_ratio = statistics.median(row["loader"] / row["hand"] for row in rows)
    result = {"environment": describe(), "batch_size": BATCH, "pairs": rows, "median_seconds": medians,
              "fit_over_hand": fit_ratio, "loader_over_hand": loader_ratio}  # fmt: skip
    store(RESULTS / "step_time.json", json.dumps(result, indent=1))
    for name, value in medians.items():
        print(f"{name:7s} {1e3 * value:6.2f} ms a step (median of {PAIRS})")
    ratios = f"fit over hand-written: {fit_ratio:.3f}   DataLoader over hand-written: {loader_ratio:.3f}"
    print(f"{ratios} (medians of pairs)")


if __name__ == "__main__":
    main()
