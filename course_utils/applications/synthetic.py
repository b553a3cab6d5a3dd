"""Training a classifier on images that a generator made: ways to draw a training batch, real, varied or synthetic."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils import networks
from course_utils.gan import GAN
from course_utils.plumbing.device import in_parts
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

CLASSES = 10
BATCH = 32
FIT = {"batch_size": 16, "average": 0.999, "schedule": "linear"}
Draw = Callable[[int, torch.Generator], tuple[Tensor, Tensor]]  # n to images (n, 1, 28, 28) and soft labels (n, 10)


def conditional_gan(r1_weight: float = 3.0, latent_dim: int = 16) -> GAN:
    """The conditional GAN of lesson 08: the label beside z, and a projection in the discriminator."""
    generator = networks.ConvGenerator(latent_dim, classes=CLASSES)
    discriminator = networks.ConvDiscriminator(classes=CLASSES)
    rates = {"generator_lr": 2e-3, "discriminator_lr": 2e-3}
    return GAN(generator, discriminator, r1_weight=r1_weight, penalty_every=8, **rates)


def conditional_vae(beta: float = 3.0, latent_dim: int = 12) -> VAE:
    """The conditional VAE of lesson 08: the label beside the image and beside the code."""
    encoder = networks.ConvEncoder(latent_dim, (16, 32), classes=CLASSES)
    return VAE(encoder, networks.ConvGenerator(latent_dim, batch_norm=True, classes=CLASSES), beta=beta, lr=2e-3)


BUILD = {"GAN": conditional_gan, "VAE": conditional_vae}


def generator_of(
    kind: str, x: Tensor, y: Tensor, steps: int, seed: int, checkpoint: str | None = None, **settings
) -> GAN | VAE:
    """Train a conditional "GAN" or "VAE" on images x (N, 1, 28, 28) and labels y (N,), and on nothing else."""
    check_rows(x, y)
    seed_everything(seed)
    model = BUILD[kind](**settings)
    fit(model, (x, y), steps=steps, seed=seed, checkpoint=checkpoint, **FIT)
    return model


def check_rows(x: Tensor, y: Tensor) -> None:
    if len(x) != len(y) or not len(x) or not 0 <= int(y.min()) <= int(y.max()) < CLASSES:
        raise ValueError(f"expected a label from 0 to {CLASSES - 1} for each image, got {len(x)} and {len(y)}")


def one_hot(y: Tensor) -> Tensor:
    """Labels (N,) as soft labels (N, 10)."""
    return F.one_hot(y, CLASSES).float()


def rows(x: Tensor, y: Tensor, weights: Tensor | None = None) -> Draw:
    """Random rows of a training set, all equally often or by their weights (N,)."""
    check_rows(x, y)
    targets = one_hot(y)

    def draw(n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        if weights is None:
            chosen = torch.randint(len(x), (n,), generator=random)
        else:
            chosen = torch.multinomial(weights, n, replacement=True, generator=random)
        return x[chosen], targets[chosen]

    return draw


def each(change: Callable[[Tensor, torch.Generator], Tensor], of: Draw) -> Draw:
    """Change every drawn image, such as `each(data.vary, rows(x, y))`."""

    def draw(n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        x, targets = of(n, random)
        return change(x, random), targets

    return draw


def weighted(of: Draw, weights: Tensor) -> Draw:
    """Let the loss of an image count by the weight of its class (10,)."""

    def draw(n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        x, targets = of(n, random)
        return x, targets * (targets @ weights)[:, None]  # the cross-entropy is linear in them

    return draw


def shifted(x: Tensor, random: torch.Generator, most: int = 2) -> Tensor:
    """Images moved by up to `most` whole pixels each way, with black behind: what one tries who knows nothing more."""
    n, _, height, width = x.shape
    padded = F.pad(x, (most, most, most, most))
    top, left = torch.randint(2 * most + 1, (2, n, 1), generator=random)
    down = (top + torch.arange(height))[:, :, None]  # (n, H, 1)
    across = (left + torch.arange(width))[:, None]  # (n, 1, W)
    return padded[torch.arange(n)[:, None, None], 0, down, across][:, None]


def mixup(of: Draw, alpha: float = 0.2) -> Draw:
    """Blend pairs of images and their labels by the same share, from a Beta distribution (Zhang et al., 2018)."""

    def draw(n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        (x, a), (other, b) = of(n, random), of(n, random)
        seed = int(torch.randint(2**31, (), generator=random))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # a Beta distribution takes no generator
            share = torch.distributions.Beta(alpha, alpha).sample((n, 1))
        blend = share[:, :, None, None]
        return blend * x + (1 - blend) * other, share * a + (1 - share) * b

    return draw


def together(*parts: Draw) -> Draw:
    """Equal shares of a batch from several sources, such as half real and half synthetic."""

    def draw(n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        shares = [n // len(parts) + (i < n % len(parts)) for i in range(len(parts))]
        drawn = [part(share, random) for part, share in zip(parts, shares)]
        return torch.cat([x for x, _ in drawn]), torch.cat([targets for _, targets in drawn])

    return draw


def smote(x: Tensor, asked: Tensor, y: Tensor, seed: int, neighbours: int = 5) -> Tensor:
    """An image of each class asked for (n,), between one of that class and a near one (SMOTE; Chawla et al., 2002).

    It picks an image at random, one of its nearest `neighbours` of the same class, and a point on the line between.
    """
    check_rows(x, y)
    random = torch.Generator().manual_seed(seed)
    made = x.new_empty(len(asked), *x.shape[1:])
    for label in asked.unique():
        own = x[y == label]
        if len(own) < 2:
            raise ValueError(f"expected at least 2 images of class {int(label)} to draw a line between, got {len(own)}")
        distances = torch.cdist(own.flatten(1), own.flatten(1)).fill_diagonal_(torch.inf)
        near = distances.topk(min(neighbours, len(own) - 1), largest=False).indices  # (N, neighbours)
        wanted = asked == label
        first = torch.randint(len(own), (int(wanted.sum()),), generator=random)
        second = near[first, torch.randint(near.shape[1], first.shape, generator=random)]
        share = torch.rand(len(first), 1, 1, 1, generator=random)
        made[wanted] = own[first] + share * (own[second] - own[first])
    return made


def taught(draw: Draw, steps: int, seed: int) -> nn.Module:
    """A classifier after so many steps on batches of a source."""
    seed_everything(seed)
    network = nn.Sequential(*networks.halving(1, (16, 32), CLASSES, "silu"))
    optimizer = torch.optim.Adam(network.parameters(), 2e-3, fused=True)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.01, steps)
    random = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        x, targets = draw(BATCH, random)
        optimizer.zero_grad()
        F.cross_entropy(network(x), targets).backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def adjusted(network: nn.Sequential, counts: Tensor) -> nn.Sequential:
    """A classifier as if all classes were equally frequent: logits less log shares (A. K. Menon et al., 2021).

    `counts` (10,) says how many images of each class it learned from.
    """
    network = copy.deepcopy(network)
    with torch.no_grad():
        network[-1].bias -= (counts / counts.sum()).log()
    return network


def predicted(network: nn.Module, x: Tensor) -> Tensor:
    """The class that a classifier sees in each image, (N,)."""
    return in_parts(network, network, x).argmax(1)


def agreed(network: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The synthetic images in which a classifier sees the class that was asked for, and their labels."""
    right = predicted(network, x) == y
    return x[right], y[right]


def recalls(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """How much of each class a classifier finds, (10,); their mean is the balanced accuracy."""
    right = (predicted(network, x) == y).float()
    return torch.stack([right[y == label].mean() for label in range(CLASSES)])


def ranked(network: nn.Module, x: Tensor, y: Tensor, label: int) -> float:
    """The average precision of one class, between 0 and 1: are its images ahead, by the log-odds of that class?

    No threshold changes it, so it tells new knowledge from a greater readiness to say the class.
    """
    from sklearn.metrics import average_precision_score

    logits = in_parts(network, network, x)  # (N, 10)
    others = torch.cat([logits[:, :label], logits[:, label + 1 :]], 1)
    return float(average_precision_score((y == label).numpy(), (logits[:, label] - others.logsumexp(1)).numpy()))
