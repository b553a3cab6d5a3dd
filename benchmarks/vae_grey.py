"""The VAE of PyTorch's example on grey MNIST: its test loss, and what its training costs beside the ordinary loop.

    python benchmarks/vae_grey.py

784-400-20, Adam 1e-3, batches of 128, 10 epochs of 60,000 images; published logs of the example end at a test loss of
105.6. An epoch's worth of steps is timed in interleaved rounds, on one core and on all: `fit`; `fit` with the loss
compiled (one line, where there is a C++ compiler); the same training written with a DataLoader and a transform per
image; and nothing but the matrix products of such a step. Writes benchmarks/results/vae_grey.json.
"""

import json
import statistics

import torch
from environment import RESULTS, describe, interleaved, store
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from course_utils import data, networks
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE, reparameterize

BATCH = 128
EPOCHS = 10
SEEDS = 3
ROUNDS = 7
TIMED = 469  # steps, an epoch's worth


def example() -> VAE:
    return VAE(networks.MLPEncoder(20, (400,)), networks.MLPGenerator(20, (400,)))


def ordinary(dataset, steps: int) -> VAE:
    """Train as tutorials do: pictures read one by one, the two terms by PyTorch's functions."""
    vae = example()
    optimizer = torch.optim.Adam(vae.parameters(), 1e-3)
    step = 0
    while True:
        for images, _ in DataLoader(dataset, BATCH, shuffle=True):
            x = images.view(-1, 784)
            mu, logvar = vae.encoder(x).chunk(2, 1)
            probabilities = vae.decoder(reparameterize(mu, logvar)).sigmoid().view(-1, 784)
            bce = F.binary_cross_entropy(probabilities, x, reduction="sum")
            kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
            optimizer.zero_grad()
            (bce + kl).backward()
            optimizer.step()
            step += 1
            if step == steps:
                return vae


@torch.no_grad()
def products(steps: int) -> None:
    """Only the matrix products of a step: forwards, to the weights, to the inputs (but not of the first layer)."""
    shapes = [(784, 400), (400, 40), (20, 400), (400, 784)]
    layers = [(torch.randn(BATCH, n), torch.randn(m, n), torch.randn(BATCH, m)) for n, m in shapes]
    for _ in range(steps):
        for i, (x, weight, grad) in enumerate(layers):
            x @ weight.T
            grad.T @ x
            if i:
                grad @ weight


def compiled() -> VAE:
    """The example with its loss compiled into fewer passes over memory."""
    vae = example()
    vae.loss = torch.compile(vae.loss)
    return vae


def main() -> None:
    images = data.load("mnist")
    train = torch.cat([images.train, images.validation])  # the 60,000 of the example
    dataset = datasets.MNIST(data.FOLDER, transform=transforms.ToTensor())
    quick = compiled()
    ways = {
        "fit": lambda: fit(example(), train, steps=TIMED, batch_size=BATCH, device="cpu"),
        "compiled": lambda: fit(quick, train, steps=TIMED, batch_size=BATCH, device="cpu"),
        "ordinary": lambda: ordinary(dataset, TIMED),
        "products": lambda: products(TIMED),
    }
    result = {"environment": describe(), "rounds": ROUNDS, "steps": TIMED}
    for threads in sorted({1, torch.get_num_threads()}):
        torch.set_num_threads(threads)
        rows = interleaved(ways, ROUNDS)
        medians = {name: 1e3 * statistics.median(row[name] for row in rows) / TIMED for name in ways}
        result[f"{threads} threads"] = {"milliseconds": medians}
        print(f"{threads} threads:", "  ".join(f"{name} {ms:.2f} ms" for name, ms in medians.items()))
        for name in ("fit", "compiled"):
            for other in ("ordinary", "products"):
                ratios = sorted(row[name] / row[other] for row in rows)
                result[f"{threads} threads"][f"{name} / {other}"] = ratios
                print(f"  {name} / {other}: {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})")
    losses = []
    for seed in range(SEEDS):
        seed_everything(seed)
        vae = example()
        fit(vae, train, steps=EPOCHS * len(train) // BATCH, batch_size=BATCH, seed=seed)
        losses.append(-vae.elbo(images.test).mean().item())
    result["test_loss"] = losses
    store(RESULTS / "vae_grey.json", json.dumps(result, indent=1))
    print("test loss of", SEEDS, "seeds:", "  ".join(f"{loss:.2f}" for loss in losses))


if __name__ == "__main__":
    main()
