"""Who is left out (lesson 11)? The share of a minority in samples, beside its share in training.

    python benchmarks/representation.py digits --seeds 10 --arms "bar 1" "bar 10" kinds
    python benchmarks/representation.py digits --seeds 5

Arms "bar 10" and "bar 1": a random tenth, or hundredth, of all training images wears a bar in the margin, whatever
digit they show. A formula reads it, with half a bar as "neither"; its confusion is measured on validation images.
"longer" arms train four times as long; "bar 1 of 1000, longer" has 1,000 images, ten of them with a bar.
Arm "kinds": 1,000 images of two digits, of which the second is a tenth; every digit is once the majority and once the
minority in ten seeds. Three rulers: a ten-class classifier (other digits are
"neither"), the same forced to choose between the two, and the nearest of equally many unseen real images of both.
Remedies are trained in the arm "bar 1": "balanced" draws both groups equally often, "told"
models get the group as a label and are asked for half and half, and "told, balanced" do both. "GAN, kept" takes the
minority from 60,000 samples of the plain GAN: rejection, without new training. "VAE, own prior" draws codes from a
Gaussian that is fitted to the codes of the minority alone, without new training, too. "GAN, half" is the plain GAN of
half the steps, for a balanced GAN sees the majority half as often.

Methods: GAN and VAE; "VAE, Gaussian" and "VAE, mixture" draw codes from one Gaussian and from ten, fitted to the codes
of the training images; "VAE, coded" decodes a posterior code of each training image, and has no prior to blame;
"pixels" is a mixture of Gaussians without a network; "real" are other real images at the training share, and "real,
none" in "kinds" are real images of the majority alone: what a ruler reads where there is no minority.
Measures: "low" and "high" are the share if neithers are all majority or all minority, "neither" their difference,
corrected for the ruler's confusion; "forced" and "nearest" are shares by the two other rulers of "kinds". For each
group ("majority", "minority") of up to 500 samples: "frechet" over that of unseen real images of the group, "far", the
distance to the nearest training image of the group over that of unseen ones, and "variety", the mean distance of two
samples over that of two real images. "far" of "siblings" (other variations of the minority's originals) and of
"shifted" (its images, one pixel lower) tell how to read it. "rate" is the minority's share of the 60,000. "knows" and
"blind" hold scores of all samples, Fréchet distances over their floor, in features that learned of the bar and in those
of the usual judge, which did not: "score" as they are, "without" the minority, "drawn" with its share restored by hand,
and "real, without" for real images without it.
Settings were chosen with seeds 0 to 9; the recorded seeds begin at 100.
Results go to benchmarks/results/representation_*; recorded runs are not repeated.
"""

import functools

import torch
from environment import run_arms, run_job
from torch import Tensor, nn

from course_utils import data
from course_utils.applications import representation as who
from course_utils.applications.representation import MAJORITY, MINORITY
from course_utils.judge import Classifier, trained_classifier
from course_utils.latent import fit_prior
from course_utils.metrics import frechet_distance
from course_utils.plumbing.device import in_parts
from course_utils.training import fit, seed_everything

STEPS, LONGER = 1500, 6000
MADE, GROUP, MOST = 10_000, 500, 60_000
SCORED = 2500  # images of an overall score
KINDS = [(0, 1), (1, 0), (2, 7), (7, 2), (3, 8), (8, 3), (4, 9), (9, 4), (5, 6), (6, 5)]
PER_KIND = 1000  # training images of two kinds


@functools.cache
def eyes_of(dataset: str) -> nn.Module:
    """A classifier of digits with and without a bar, whose features see both: the ruler of quality."""
    images = data.load(dataset)
    seed_everything(0)
    network = Classifier(20)
    x, y = torch.cat([images.train, who.barred(images.train)]), images.train_labels
    settings = {"steps": 1400, "batch_size": 64, "schedule": "linear", "seed": 0}
    fit(network, (x, torch.cat([y, y + 10])), checkpoint=f"representation_eyes_{dataset}", **settings)
    return network.eval()


def some(x: Tensor, n: int, seed: int = 0) -> Tensor:
    return x[torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:n]]


def nearest(x: Tensor, known: Tensor) -> float:
    return torch.cat([torch.cdist(part, known.flatten(1)).amin(1) for part in x.flatten(1).split(250)]).mean().item()


class Ruler:
    """Quality and overall scores in features, beside unseen real images."""

    def __init__(self, images: data.Images):
        network = eyes_of(images.name)
        self.embed = lambda x: in_parts(network, network.body, x)
        held_out, others = images.test[:3000], images.validation[:3000]
        self.real = {MAJORITY: held_out, MINORITY: who.barred(held_out, 1)}
        other = {MAJORITY: others, MINORITY: who.barred(others, 2)}
        self.seen = {group: self.embed(x) for group, x in self.real.items()}
        self.floor = {}
        for group in self.real:
            scores = [self.distance(some(other[group], GROUP, seed), self.seen[group]) for seed in range(5)]
            self.floor[group] = sum(scores) / 5
        truth = torch.arange(2).repeat_interleave(len(others))
        self.confusion = who.confusion_of(truth, torch.cat([who.bar_of(x) for x in other.values()]), 3)
        self.others = others
        plain = trained_classifier(images).eval()
        self.eyes = {"knows": self.embed, "blind": lambda x: in_parts(plain, plain.body, x)}

    def distance(self, x: Tensor, real: Tensor) -> float:
        return frechet_distance(self.embed(x), real)

    def share(self, made: Tensor) -> dict[str, float]:
        low, high = who.share_of(who.bar_of(made), self.confusion)
        return {"low": low, "high": high, "neither": high - low}

    def group(self, made: Tensor, group: int, known: Tensor) -> dict:
        """The quality of samples of one group, or nothing for fewer than GROUP."""
        if len(made) < GROUP:
            return {}
        made, real = made[:GROUP], some(self.real[group], GROUP)
        spread = torch.pdist(self.embed(made)).mean() / torch.pdist(self.embed(real)).mean()
        return {
            "frechet": self.distance(made, self.seen[group]) / self.floor[group],
            "far": nearest(made, known) / nearest(real, known),
            "variety": spread.item(),
        }

    def groups(self, made: Tensor, x: Tensor, y: Tensor) -> dict:
        """The quality of both groups, as the formula reads them."""
        verdicts = who.bar_of(made)
        names = {"majority": MAJORITY, "minority": MINORITY}
        return {name: self.group(made[verdicts == group], group, x[y == group]) for name, group in names.items()}

    def overall(self, made: Tensor, share: float) -> dict[str, dict[str, float]]:
        """The scores of all samples, without the minority, and with its share drawn by hand; and real ones without."""
        held_out = who.with_bars(self.real[MAJORITY][:SCORED], share, 3)[0]
        plain = made[who.bar_of(made) == MAJORITY][:SCORED]
        ways = {"score": made[:SCORED], "without": plain, "drawn": who.with_bars(plain, share, 4)[0]}
        ways["real, without"] = some(self.others, SCORED)
        found = {}
        for name, embed in self.eyes.items():
            real = embed(held_out)
            whole = [who.with_bars(some(self.others, SCORED, s), share, s)[0] for s in range(5)]
            floor = sum(frechet_distance(embed(x), real) for x in whole) / 5
            found[name] = {way: frechet_distance(embed(x), real) / floor for way, x in ways.items()}
        return found


@functools.cache
def ruler_of(dataset: str) -> Ruler:
    return Ruler(data.load(dataset))


def from_vae(vae: who.VAE, x: Tensor, seed: int) -> dict[str, Tensor]:
    """Samples of one VAE by three sources of codes other than N(0, I)."""
    with torch.no_grad():
        mu, logvar = vae.encode(x)
    random = torch.Generator().manual_seed(seed)
    posterior = mu + (0.5 * logvar).exp() * torch.randn(mu.shape, generator=random)
    codes = {"VAE, Gaussian": fit_prior(mu, 1).sample(MADE, 1), "VAE, mixture": fit_prior(mu, 10).sample(MADE, 1)}
    return {name: vae.sample(len(z), z=z) for name, z in (codes | {"VAE, coded": posterior}).items()}


def made_by(x: Tensor, steps: int, seed: int) -> tuple[dict[str, Tensor], who.GAN, who.VAE]:
    """Samples of every model without a remedy, and the models."""
    gan, vae = (who.trained(kind, x, steps, seed) for kind in ("GAN", "VAE"))
    made = {"GAN": gan.sample(MADE, seed=1), "VAE": vae.sample(MADE, seed=1), **from_vae(vae, x, seed)}
    return made | {"pixels": who.pixel_mixture(x, MADE, seed)}, gan, vae


def rejected(gan: who.GAN, ruler: Ruler, known: Tensor) -> dict:
    """The minority that a plain GAN makes if it is asked often enough."""
    made = gan.sample(MOST, seed=2)
    minority = made[who.bar_of(made) == MINORITY]
    return {"rate": len(minority) / MOST, "minority": ruler.group(minority, MINORITY, known)}


def bar(images: data.Images, share: float, steps: int, remedies: bool, seed: int, n: int | None = None) -> dict:
    """A bar in the margin of a share of the training images, or of n of them."""
    ruler = ruler_of(images.name)
    x, y = who.with_bars(some(images.train, n or len(images.train), seed), share, seed)
    made, gan, vae = made_by(x, steps, seed)
    made["real"] = who.with_bars(images.test, share, seed)[0]
    found = {name: ruler.share(samples) for name, samples in made.items()}
    for name in ("GAN", "VAE", "VAE, mixture"):
        found[name] |= ruler.groups(made[name], x, y) | ruler.overall(made[name], share)
    found["GAN, kept"] = rejected(gan, ruler, x[y == MINORITY])
    more, groups = who.balanced(x, y, len(x), seed)
    if remedies:
        found |= untrained_remedies(vae, ruler, x, y, steps, seed) | {"copies": near_copies(images, x, y, ruler)}
    half = torch.arange(4 * GROUP) % 2
    for kind in who.BUILD if remedies else ():
        for name, training in {"balanced": more, "told": (x, y), "told, balanced": (more, groups)}.items():
            model = who.trained(kind, training, steps, seed)
            samples = model.sample(MADE, seed=1) if name == "balanced" else model.sample(len(half), seed=1, y=half)
            found[f"{kind}, {name}"] = ruler.share(samples) | ruler.groups(samples, x, y)
    return found


def untrained_remedies(vae: who.VAE, ruler: Ruler, x: Tensor, y: Tensor, steps: int, seed: int) -> dict:
    """A prior of the minority's own for the plain VAE, and the plain GAN of half the steps."""
    gan = who.trained("GAN", x, steps // 2, seed)
    own = vae.sample(z=fit_prior(vae.codes(x[y == MINORITY]), 1).sample(4 * GROUP, 1))
    return {
        "VAE, own prior": ruler.share(own) | ruler.groups(own, x, y),
        "GAN, half": ruler.groups(gan.sample(MADE, seed=1), x, y),
    }


def near_copies(images: data.Images, x: Tensor, y: Tensor, ruler: Ruler) -> dict[str, float]:
    """How far siblings of the minority, and shifted copies of it, are from it, over unseen images."""
    known = x[y == MINORITY]
    unseen = nearest(some(ruler.real[MINORITY], GROUP), known)
    origins = images.train_originals[y == MINORITY]
    kin = torch.isin(images.train_originals, origins) & (y == MAJORITY)
    siblings = who.barred(some(images.train[kin], GROUP), 5)
    return {"siblings": nearest(siblings, known) / unseen, "shifted": nearest(known.roll(1, 2), known) / unseen}


def kinds(images: data.Images, share: float, steps: int, seed: int) -> dict:
    """Two digits, and three rulers."""
    pair = KINDS[seed % len(KINDS)]
    x, _ = who.two_kinds(images, pair, share, PER_KIND, seed)
    judge = trained_classifier(images).eval()
    logits = functools.partial(in_parts, judge, judge)
    confusion = who.confusion_of(images.validation_labels, logits(images.validation).argmax(1), 10)
    other = [images.validation[images.validation_labels == label] for label in pair]
    equal = min(map(len, other))
    known, group = torch.cat([part[:equal] for part in other]), torch.arange(2).repeat_interleave(equal)
    made, *_ = made_by(x, steps, seed)
    test = [images.test[images.test_labels == label] for label in pair]
    made["real"] = torch.cat([test[0][:270], test[1][:30]])
    made["real, none"] = test[0]
    found = {}
    for name, samples in made.items():
        seen = logits(samples)
        low, high = who.share_of(seen.argmax(1), confusion, *pair)
        forced = (seen[:, pair[1]] > seen[:, pair[0]]).float().mean().item()
        close = (who.nearest_group(samples, known, group) == MINORITY).float().mean().item()
        found[name] = {"low": low, "high": high, "neither": high - low, "forced": forced, "nearest": close}
    return found


ARMS = {
    "bar 10": lambda images, seed: bar(images, 0.1, STEPS, False, seed),
    "bar 1": lambda images, seed: bar(images, 0.01, STEPS, True, seed),
    "kinds": lambda images, seed: kinds(images, 0.1, STEPS, seed),
    "bar 1, longer": lambda images, seed: bar(images, 0.01, LONGER, False, seed),
    "bar 1 of 1000, longer": lambda images, seed: bar(images, 0.01, LONGER, False, seed, PER_KIND),
}


def arm(dataset: str, name: str, seed: int) -> dict:
    """All methods of an arm with one seed."""
    return ARMS[name](data.load(dataset), seed)


run = functools.partial(run_job, {"arm": arm})


if __name__ == "__main__":
    run_arms(__doc__, run, lambda what: list(ARMS), "representation_{}.jsonl")
