"""Design by search (lesson 10): ask a GAN for a digit of a class, an ink and a slant, beside every simpler search.

    python benchmarks/design.py digits --seeds 5

Forty wishes, four for each class: its ink and slant at the 3 % or the 97 % quantile ("extreme"), or at the 30 % or 70 %
quantile ("typical"); eight designs of each. The loss is the critic's cross-entropy plus the squared misses in sd. A
gradient search has 100 steps of Adam, which are 300 passes through the networks, if one backwards counts two; as many
passes are 300 random codes for each design, and 96,000 where all designs choose from the same codes. "start" spends 60
passes on random codes and the rest on 80 steps from the best of them. The GAN had 3,000 steps, the critic 600.
Two judges read the designs: `judge` has the critic's architecture and training images, and other weights; `stranger`
has another architecture, and learned from validation images. A line has, for each method and kind of wish: the classes
as read by the critic and by both judges, the misses of ink and slant in sd, how often a design is "met" (both judges
read the class, ink and slant within a quarter sd), the distance between two designs of a wish and from a design to the
nearest training image, how often that is no more than for 95 in 100 test images ("plausible"), and the length of z.
"cost" says how many random codes take as long as one search.
Last, 100 test images lose their lower half or half of their pixels: completions by the same search, and by rivals of
lesson 09 (`imputation.py`). Settings were chosen with seeds 0 and 1, gaps on validation images; recorded seeds begin at
100. Results go to benchmarks/results/design_*; recorded runs are not repeated.
"""

import functools
import time

import torch
from environment import interleaved, run_arms, run_job
from torch import Tensor, nn

from course_utils import data, networks
from course_utils.applications import design, imputation, torn_images
from course_utils.applications.design import Wish
from course_utils.gan import GAN
from course_utils.judge import Classifier, Judge
from course_utils.metrics import nearest_neighbours
from course_utils.plumbing.device import in_parts
from course_utils.training import fit, seed_everything

TRAIN = 12_000  # images, as many as the digits have
LATENT = 16
GAN_STEPS, CRITIC_STEPS, STRANGER_STEPS = 3000, 600, 800
DESIGNS = 8  # of each wish
STEPS, PASSES = 100, 300  # a step is one pass forwards and one backwards, which counts two
START_TRIES, START_STEPS = 60, 80  # as many passes in all
POOL = 20_000
KINDS = {"extreme": 0.03, "typical": 0.3}
PULLS = (0.0, 0.03, 0.1, 0.3, 1.0)
CLOSE = 0.25  # sd
GAPPY, COMPLETIONS = 100, 8
Designs = dict[str, tuple[Tensor, Tensor | None]]  # images (N, 1, 28, 28) and, where there are any, codes (N, d)


class Stranger(Classifier):
    """A judge of another architecture than the critic's."""

    def __init__(self, classes: int = 10):
        super().__init__(classes)
        self.body = nn.Sequential(*networks.halving(1, (32, 64), 64, "silu"), nn.SiLU())


def train_gan(x: Tensor, seed: int) -> GAN:
    seed_everything(seed)
    rates = {"generator_lr": 2e-3, "discriminator_lr": 2e-3}
    gan = GAN(networks.ConvGenerator(LATENT), networks.ConvDiscriminator(), r1_weight=0.3, penalty_every=8, **rates)
    fit(gan, x, steps=GAN_STEPS, batch_size=32, seed=seed, average=0.999, schedule="linear")
    return gan.eval()


def train_classifier(network: Classifier, x: Tensor, labels: Tensor, steps: int, seed: int) -> Classifier:
    fit(network, (x, labels), steps=steps, batch_size=64, seed=seed, schedule="linear")
    return network.eval()


@functools.cache
def judges_of(dataset: str) -> dict[str, Classifier]:
    """The two judges, the same for all seeds."""
    images = data.load(dataset)
    seed_everything(77)
    stranger = train_classifier(Stranger(), images.validation, images.validation_labels, STRANGER_STEPS, 77)
    return {"judge": Judge(images).classifier, "stranger": stranger}


def searches(generator: nn.Module, critic: nn.Module, wish: Wish, seed: int, kind: str) -> Designs:
    """What is found among codes, by every way of looking."""
    many = wish.repeat(DESIGNS)
    loss = design.cost(critic, many)
    random = design.prior_codes(generator, len(many.labels), seed)
    best = design.good_starts(generator, critic, wish, START_TRIES, DESIGNS, seed)
    codes = {
        "random": design.good_starts(generator, critic, wish, PASSES, DESIGNS, seed),
        "pool": design.best_codes(generator, critic, wish, POOL, DESIGNS, seed),
        "pool, equal": design.best_codes(generator, critic, wish, PASSES * len(many.labels), DESIGNS, seed),
        "shell": design.descend(generator, loss, random, STEPS, shell=True)[-1],
        "start": design.descend(generator, loss, best, START_STEPS)[-1],
        "start, pull 0.1": design.descend(generator, loss, best, START_STEPS, pull=0.1)[-1],
        "start, shell": design.descend(generator, loss, best, START_STEPS, shell=True)[-1],
        "climb": design.climb(generator, loss, random, PASSES, seed=seed),
        "start, climb": design.climb(generator, loss, best, PASSES - START_TRIES, seed=seed),
    }
    for pull in PULLS if kind == "extreme" else (0.0, 0.1):
        codes[f"pull {pull:g}"] = design.descend(generator, loss, random, STEPS, pull=pull)[-1]
    return {name: (design.draw(generator, z), z) for name, z in codes.items()}


def without_generator(critic: nn.Module, wish: Wish, images: data.Images, seed: int) -> Designs:
    """Real images that fit, edited ones, and searches among pixels."""
    loss = design.cost(critic, wish.repeat(DESIGNS))
    known = (images.train[:TRAIN], images.train_labels[:TRAIN], images.train_originals[:TRAIN])
    real = design.retrieve(*known, wish, DESIGNS)
    grey = torch.rand(real.shape, generator=torch.Generator().manual_seed(seed))
    unseen = (images.test, images.test_labels, images.test_originals)
    found = {
        "real": real,
        "real, unseen": design.retrieve(*unseen, wish, DESIGNS),
        "real, varied": design.retrieve(*design.varied(*known, POOL, seed), wish, DESIGNS),
        "real, edited": design.edited(loss, real),
        "pixels": design.in_pixels(loss, grey),
        "pixels of a real image": design.in_pixels(loss, real),
    }
    return {name: (x, None) for name, x in found.items()}


def measured(x: Tensor, z: Tensor | None, wish: Wish, readers: dict, train: Tensor, usual: float) -> dict:
    """Every measure of designs (N, 1, 28, 28) of N wishes; `usual` is a distance that real images seldom exceed."""
    logits = {name: in_parts(reader, reader, x) for name, reader in readers.items()}
    read = {name: each.argmax(1) == wish.labels for name, each in logits.items()}
    sure = {f"{name} sure": each.softmax(1)[torch.arange(len(x)), wish.labels] for name, each in logits.items()}
    off = design.misses(x, wish).abs()
    met = read["judge"] & read["stranger"] & (off < CLOSE).all(1)
    line = {name: part.float().mean().item() for name, part in (read | sure | {"met": met}).items()}
    line |= {"ink": off[:, 0].mean().item(), "slant": off[:, 1].mean().item(), "miss": off.mean().item()}
    far, _ = nearest_neighbours(x, train)
    line |= {"variety": design.variety(x, DESIGNS), "nearest": far.mean().item()}
    line["plausible"] = (far <= usual).float().mean().item()
    return line if z is None else line | {"length": z.norm(dim=1).mean().item()}


def same_time(generator: nn.Module, critic: nn.Module, wish: Wish) -> float:
    """How many random codes are drawn and looked at in the time of one gradient search, each for one design."""
    loss, z = design.cost(critic, wish), design.prior_codes(generator, len(wish.labels))
    codes = 100 * len(wish.labels)

    def at_random() -> None:
        x = design.draw(generator, design.prior_codes(generator, codes))
        in_parts(critic, critic, x), design.looks(x)

    ways = {"search": lambda: design.descend(generator, loss, z, 20), "codes": at_random}
    rows = interleaved(ways, 5, time.process_time)
    search, drawn = (sorted(row[name] for row in rows)[2] for name in ways)
    return 100 * STEPS / 20 * search / drawn


def completions(generator: nn.Module, images: data.Images, judge: nn.Module, seed: int) -> dict[str, dict]:
    """Measures of lesson 09 for gaps in test images, by method and kind of gap."""
    rows = torch.randperm(len(images.test), generator=torch.Generator().manual_seed(seed))[:GAPPY]
    x, labels, train = images.test[rows], images.test_labels[rows], images.train[:TRAIN]
    found: dict[str, dict] = {}
    for kind in ("lower", "random"):
        mask = torn_images.gaps(len(x), kind, seed)
        ways = {
            "fill: search in z": design.complete(generator, x, mask, COMPLETIONS, seed=seed),
            "fill: neighbours": imputation.by_neighbours(train, x, mask, 20),
            "fill: Gaussian": imputation.by_gaussian(train, x, mask, ridge=1e-4),
            "fill: mean": imputation.by_mean(train, x, mask),
        }
        for name, fills in ways.items():
            line = {
                "rmse": imputation.rmse(fills.mean, x, mask),
                "nats": imputation.surprise(fills, x, mask, together=True),
                "class": (in_parts(judge, judge, fills.mean).argmax(1) == labels).float().mean().item(),
            }
            if len(fills.draws) > 1:
                line["covered"] = imputation.covered(fills, x, mask)
            found.setdefault(name, {})[kind] = line
    return found


def arm(dataset: str, name: str, seed: int) -> dict:
    """Train a GAN and a critic with one seed, and search with them; every method's measures by kind of wish."""
    images, readers = data.load(dataset), dict(judges_of(dataset))
    train, labels = images.train[:TRAIN], images.train_labels[:TRAIN]
    gan = train_gan(train, seed)
    seed_everything(seed + 500)
    critic = readers["critic"] = train_classifier(Classifier(), train, labels, CRITIC_STEPS, seed + 500)
    usual = nearest_neighbours(images.test[:1500], train)[0].quantile(0.95).item()
    found: dict[str, dict] = {}
    for kind, share in KINDS.items():
        wish = design.wishes(train, labels, share)
        made = searches(gan.generator, critic, wish, seed, kind) | without_generator(critic, wish, images, seed)
        for method, (x, z) in made.items():
            found.setdefault(method, {})[kind] = measured(x, z, wish.repeat(DESIGNS), readers, train, usual)
    real = images.test[:320]
    own = Wish(images.test_labels[:320], design.looks(real), wish.unit)  # each real image meets its own wish
    found["real test images"] = {"extreme": measured(real, None, own, readers, train, usual)}
    del found["real test images"]["extreme"]["variety"]  # they are of all classes
    found["cost"] = {"codes in the same time": same_time(gan.generator, critic, wish), "passes": PASSES}
    return found | completions(gan.generator, images, readers["judge"], seed)


run = functools.partial(run_job, {"arm": arm})


if __name__ == "__main__":
    run_arms(__doc__, run, lambda what: ["design"], "design_{}.jsonl")
