"""Differential privacy for generators (lesson 11): what does it cost, and what does a membership attack find?

    python benchmarks/privacy.py digits --seeds 5    # then mnist; needs Opacus: pip install -e .[privacy]

The unit of privacy is one image. On the digits 1,000 members, one variation each of as many originals; on MNIST 45,000
of the training images; the others, whom no model saw, come from the same pool (and the digits' test originals): MNIST's
test images have other writers, and a shift would pass for membership. delta is a tenth of 1 / members or less. Opacus
accounts for Poisson batches (PRV), where "neighbours" are sets with and without one image. Not counted: that settings
were chosen by looking at results.
Arms "1", "3", "10": VAEs of that epsilon by `applications.privacy`; "clipped": without noise; "plain": the same steps
without either, and the same run "stopped at" shares of its steps. On the digits alone: "longer", four times the plain
steps, and "10, longer", four times the steps at the same epsilon, which raises the noise of each.
Arm "opacus" (digits): epsilon 3 by Opacus's own PrivacyEngine, with the epsilon that it reports.
Arm "rivals": by epsilon, "Gaussians" (one a class, noisy moments) and "embedding" (a generator that matches one noisy
mean of random features; DP-MERF, Harder et al., 2021). Both release one noisy sum. They take labels for public; "no
labels" does without, as the VAEs do. "mean picture" is a noisy mean. Their "elbo" is the exact log-likelihood of a
mixture of Bernoullis around their samples.
A line has, for each method, the Fréchet distance of samples from N(0, I) over the floor and their coverage; for a VAE
the bound on held-out images in nats, AUROC and the share caught at 1 % false alarms of the attacks of `membership.py`
(on the digits of all members, on MNIST of 5,000); the noise multiplier, and seconds of one core.
Settings were chosen on validation images, nearly all with seed 0; seeds from 100 on are recorded, and judged by test
images.
Results go to benchmarks/results/privacy_*; recorded runs are not repeated.
"""

import copy
import functools
import itertools
import math
import time

import torch
from environment import run_arms, run_job
from torch import Tensor
from torch.nn import functional as F

from course_utils import data, networks
from course_utils.applications import membership, privacy, private_moments
from course_utils.applications.anomalies import auroc
from course_utils.judge import Judge
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

MEMBERS = {"digits": 1000, "mnist": 45_000}
DELTA = {"digits": 1e-4, "mnist": 2e-6}
BATCH = {"digits": 64, "mnist": 256}
STEPS = {"digits": 1500, "mnist": 1000}
RATE = 6e-3
CLIP = 1.0
SIDES = {"digits": {"1": 6, "10": 8}, "mnist": {"1": 10, "10": 10}}
WIDTH = {"digits": 5.0, "mnist": 7.0}  # of the embedding's kernel, in pixels
FEATURES, EMBEDDING_STEPS = 1000, 600
CLIPPED, SHARP = 12.0, 0.92  # of the rivals: the length of images, and the share of a sample in a mean
EPSILONS = ("1", "10")  # of the rivals
ATTACKED = 5000  # members at most
EARLY = (0.05, 0.1, 0.2, 0.4)  # of the plain VAE's steps
FIT = {"average": 0.999, "schedule": "linear"}


@functools.cache
def judge_of(dataset: str, seed: int) -> Judge:
    return Judge(data.load(dataset), against="test" if seed >= 100 else "validation")


def one_each(x: Tensor, y: Tensor, originals: Tensor) -> tuple[Tensor, Tensor]:
    """The first variation of each original, and its label."""
    rows = torch.stack([(originals == each).nonzero()[0, 0] for each in originals.unique()])
    return x[rows], y[rows]


def members_and_others(images: data.Images, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Members, their labels, and others of the same kind whom no model sees."""
    x, y = images.train, images.train_labels
    if images.name == "digits":
        x, y = one_each(x, y, images.train_originals)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    members, rest = order.split([MEMBERS[images.name], len(x) - MEMBERS[images.name]])
    others = x[rest]
    if images.name == "digits":
        others = torch.cat([others, one_each(images.test, images.test_labels, images.test_originals)[0]])
    return x[members], y[members], others


@functools.cache
def noise_of(dataset: str, epsilon: str, steps: int) -> float:
    """The noise multiplier of so many steps, by Opacus."""
    if epsilon == "inf":
        return 0.0
    from opacus.accountants.utils import get_noise_multiplier

    rate = BATCH[dataset] / MEMBERS[dataset]
    promise = {"target_epsilon": float(epsilon), "target_delta": DELTA[dataset]}
    return get_noise_multiplier(**promise, sample_rate=rate, steps=steps, accountant="prv")


def pair():
    """Small networks: the noise grows with the number of weights. No batch norm."""
    return networks.ConvEncoder(8, (8, 16)), networks.ConvGenerator(8, (16, 8))


def judged(model, images: data.Images, seed: int) -> dict[str, float]:
    judge = judge_of(images.name, seed)
    score = judge.score(model.sample(judge.n, seed=1))
    return {"frechet": score["frechet"] / judge.floor["frechet"], "coverage": score["coverage"]}


def unseen_of(images: data.Images, seed: int) -> Tensor:
    return (images.test if seed >= 100 else images.validation)[:2000]


def measured(vae: VAE, images: data.Images, x: Tensor, others: Tensor, seed: int) -> dict[str, float]:
    bound = {"elbo": vae.elbo(unseen_of(images, seed)).mean().item()}
    return judged(vae, images, seed) | bound | leak(vae, x[:ATTACKED], others[:ATTACKED])


def leak(vae: VAE, members: Tensor, others: Tensor) -> dict[str, float]:
    """What each attack of `membership` finds: AUROC, and the share of members caught at 1 % false alarms."""
    found = {}
    ours, theirs = (membership.scores(vae, x) for x in (members, others))
    for attack in ours:
        found[f"auroc {attack}"] = auroc(ours[attack], theirs[attack])
        found[f"caught {attack}"] = membership.caught(ours[attack], theirs[attack])
    return found


def private(images: data.Images, seed: int, epsilon: str, longer: int = 1) -> dict:
    """A VAE of one epsilon, or without noise."""
    x, _, others = members_and_others(images, seed)
    batch, steps = BATCH[images.name], longer * STEPS[images.name]
    noise = noise_of(images.name, epsilon, steps)
    seed_everything(seed)
    vae = privacy.PrivateVAE(*pair(), clip=CLIP, noise=noise, expected=batch, lr=RATE)
    start = time.process_time()
    fit(vae, privacy.poisson_batches(x, batch, steps, 10_000 + seed), steps=steps, seed=seed, **FIT)
    seconds = time.process_time() - start
    return {"VAE": measured(vae, images, x, others, seed) | {"noise": noise, "seconds": seconds}}


def plain(images: data.Images, seed: int, longer: int = 1) -> dict:
    """A VAE without privacy, at its end and stopped early."""
    x, _, others = members_and_others(images, seed)
    steps = longer * STEPS[images.name]
    seed_everything(seed)
    vae = VAE(*pair(), lr=RATE)
    start = time.process_time()
    kept = [round(share * steps) for share in EARLY]
    settings = {"steps": steps, "batch_size": BATCH[images.name], "seed": seed, "snapshots": kept}
    history = fit(vae, x, **settings, **FIT)
    found = {"VAE": measured(vae, images, x, others, seed) | {"seconds": time.process_time() - start}}
    for step, weights in history.snapshots.items():
        stopped = copy.deepcopy(vae)
        stopped.load_state_dict(weights)
        found[f"stopped at {step / steps:.0%}"] = measured(stopped, images, x, others, seed)
    return found


def opacus(images: data.Images, seed: int, epsilon: str = "3") -> dict:
    """The same VAE, trained by Opacus: its batches, its gradients, its noise, and the epsilon that it reports."""
    from opacus import PrivacyEngine
    from torch.utils.data import DataLoader, TensorDataset

    x, _, others = members_and_others(images, seed)
    batch, steps = BATCH[images.name], STEPS[images.name]
    noise = noise_of(images.name, epsilon, steps)
    seed_everything(seed)
    vae = privacy.PrivateVAE(*pair(), clip=CLIP, noise=noise, expected=batch)
    engine, start = PrivacyEngine(accountant="prv"), time.process_time()
    adam = torch.optim.Adam(vae.parameters(), RATE)
    loader = DataLoader(TensorDataset(x), batch_size=batch)
    settings = {"noise_multiplier": noise, "max_grad_norm": CLIP, "poisson_sampling": True}
    wrapped, optimizer, loader = engine.make_private(module=vae, optimizer=adam, data_loader=loader, **settings)
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: 1 - step / steps)
    averaged, done = VAE(*pair()), 0
    averaged.load_state_dict(vae.state_dict())
    while done < steps:
        for (part,) in itertools.islice(loader, steps - done):
            optimizer.zero_grad()
            wrapped(part).mean().backward()
            optimizer.step()
            schedule.step()
            done += 1
            decay = min(FIT["average"], done / (done + 10))
            for mean, weight in zip(averaged.parameters(), vae.parameters()):
                mean.data.lerp_(weight.data, 1 - decay)
    told = {"epsilon": float(engine.get_epsilon(DELTA[images.name])), "seconds": time.process_time() - start}
    return {"VAE": measured(averaged, images, x, others, seed) | told | {"noise": noise}}


def random_features(x: Tensor, waves: Tensor) -> Tensor:
    """Vectors of length 1 whose products are about those of a Gaussian kernel (Rahimi and Recht, 2007)."""
    u = x.flatten(1) @ waves  # (N, FEATURES)
    return torch.cat([u.cos(), u.sin()], 1) / FEATURES**0.5


class Matching(torch.nn.Module):
    """A conditional generator that matches the mean features of each class, and sees nothing else of the data."""

    def __init__(self, target: Tensor, waves: Tensor):
        super().__init__()
        self.generator = networks.ConvGenerator(8, batch_norm=True, classes=len(target))
        self.target, self.waves = target, waves

    def make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"generator": torch.optim.Adam(self.generator.parameters(), 3e-3, fused=True)}

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        y = torch.arange(len(self.target)).repeat(400 // len(self.target))
        fake = networks.to_data(self.generator(torch.randn(len(y), 8), y))
        found = (
            random_features(fake, self.waves).unflatten(0, (2, 200 // len(self.target), -1)).mean(1)
        )  # (2, classes, D), two halves
        first, second = found - self.target
        loss = (first * second).sum(1).mean()  # unbiased: no image meets itself
        optimizers["generator"].zero_grad()
        loss.backward()
        optimizers["generator"].step()
        return {}

    def sample(self, n: int, seed: int = 0) -> Tensor:
        return networks.sample(self.generator, n, seed=seed)


def embedding(images: data.Images, x: Tensor, y: Tensor, noise: float, seed: int) -> Matching:
    """A generator from one noisy sum of random features in each class (DP-MERF); an image adds a vector of length 1."""
    random = torch.Generator().manual_seed(seed)
    waves = torch.randn(28 * 28, FEATURES, generator=random) / WIDTH[images.name]
    classes = int(y.max()) + 1
    total = torch.zeros(classes, 2 * FEATURES)
    for part, labels in zip(x.split(5000), y.split(5000)):
        total += F.one_hot(labels, classes).float().T @ random_features(part, waves)
    total += noise * torch.randn(total.shape, generator=random)
    seed_everything(seed)
    model = Matching(total * classes / len(x), waves)  # the classes are about equally large
    nothing = torch.zeros(classes, 1), torch.arange(classes)  # the images are in the sum
    fit(model, nothing, steps=EMBEDDING_STEPS, batch_size=2, seed=seed, **FIT)
    return model


def nats_of(samples: Tensor, x: Tensor) -> float:
    """The mean log-likelihood of x under a mixture of Bernoullis around samples, blurred by their mean, in nats.

    It looks at nothing but samples, so it costs no privacy.
    """
    means = (SHARP * samples + (1 - SHARP) * samples.mean(0)).flatten(1).clamp(1e-4, 1 - 1e-4)  # (S, pixels)
    x = x.flatten(1)
    each = x @ means.log().T + (1 - x) @ (1 - means).log().T  # (N, S)
    return (each.logsumexp(1) - math.log(len(samples))).mean().item()


def mean_picture(x: Tensor, noise: float, seed: int) -> Tensor:
    """The noisy mean of images, shortened to CLIPPED: a model of one picture, (1, 1, 28, 28)."""
    scale = (CLIPPED / x.flatten(1).norm(dim=1)).clamp(max=1)[:, None, None, None]
    error = noise * CLIPPED * torch.randn(x.shape[1:], generator=torch.Generator().manual_seed(seed))
    return (((scale * x).sum(0) + error) / len(x))[None].clamp(0, 1)


def rivals(images: data.Images, seed: int) -> dict:
    """Models that look at the data once, with public labels and without."""
    x, y, _ = members_and_others(images, seed)
    found = {}
    for epsilon, (told, labels) in itertools.product(EPSILONS, {"": y, ", no labels": torch.zeros_like(y)}.items()):
        noise = private_moments.noise_for(float(epsilon), DELTA[images.name])
        side = SIDES[images.name][epsilon]
        models = {
            "Gaussians": functools.partial(private_moments.PrivateGaussians, x, labels, noise, side, CLIPPED, seed),
            "embedding": functools.partial(embedding, images, x, labels, noise, seed),
        }
        for name, build in models.items():
            start = time.process_time()
            model = build()
            seconds = {"seconds": time.process_time() - start}
            nats = {"elbo": nats_of(model.sample(judge_of(images.name, seed).n, seed=2), unseen_of(images, seed))}
            found[f"{name}{told}, {epsilon}"] = judged(model, images, seed) | nats | seconds
        picture = mean_picture(x, noise, seed)
        found[f"mean picture, {epsilon}"] = {"elbo": nats_of(picture, unseen_of(images, seed))}
    return found


ARMS = {
    "plain": plain,
    "clipped": functools.partial(private, epsilon="inf"),
    **{epsilon: functools.partial(private, epsilon=epsilon) for epsilon in ("10", "3", "1")},
    "rivals": rivals,
    "opacus": opacus,
    "longer": functools.partial(plain, longer=4),
    "10, longer": functools.partial(private, epsilon="10", longer=4),
}


def arm(dataset: str, name: str, seed: int) -> dict:
    """All methods of an arm with one seed."""
    return ARMS[name](data.load(dataset), seed)


run = functools.partial(run_job, {"arm": arm})


DIGITS_ALONE = ("opacus", "longer", "10, longer")

if __name__ == "__main__":
    run_arms(
        __doc__,
        run,
        lambda what: [name for name in ARMS if what == "digits" or name not in DIGITS_ALONE],
        "privacy_{}.jsonl",
    )
