"""Training a classifier on synthetic images (lesson 10): do they help, and beside which cheaper ways?

    python benchmarks/synthetic.py digits --seeds 5    # then mnist with --seeds 3

Arms "100" and "1000": so many labelled training images, as many of each class and each of another original. The
conditional GAN and the conditional VAE of lesson 08 learn from those images alone, and each draws 2,000, of every class
as many. Every classifier takes 600 steps of 32 images, whatever they are; "real + GAN" is half and half. "affine" is
`data.vary`, which made the digits' variations (not those of MNIST), "moved" shifts images by two pixels at most,
"SMOTE" draws between neighbours of one class, "agreed" keeps images in which the classifier of the real ones sees the
class that was asked for, "affine, GAN of affine" lets the GAN learn from varied images, too. "1000, longer" has a GAN
of four times the steps, also with a fifth of each batch from it ("a fifth GAN").
Arm "leak" (digits alone): GAN and VAE, 100 labels, that learned from all training images with their labels, or
from the test images.
Arm "rare": ten images of one class (the last digit of the seed), a hundred of each other. 900 images of the rare class
from each source join them, and are drawn as often as 90 others; or the ten are drawn ten times as often
("oversampling"), or weigh as much in the loss ("weights"), or nothing is done but to shift the logits ("adjusted").
The generator, too, sees each class equally often.
A line has, for each method, the accuracy on test images, or for "rare" the recall, the precision and the average
precision ("ranked", which no threshold changes) of the rare class, and the balanced accuracy; on the digits, the
accuracy on other variations of the labelled originals ("relatives"); for images that are not real how often a
classifier of all training images sees the class that was asked for ("own"), and how far they are from the nearest
labelled image, over the distance of test images ("far"; 0 is a copy).
Settings were chosen on validation images of the digits, seeds 0 to 9; the recorded seeds begin at 100.
Results go to benchmarks/results/synthetic_*; recorded runs are not repeated.
"""

import functools

import torch
from environment import run_arms, run_job
from torch import Tensor

from course_utils import data
from course_utils.applications import synthetic
from course_utils.applications.synthetic import each, mixup, rows, shifted, smote, taught, together, weighted
from course_utils.comparison.probes import labelled_rows
from course_utils.judge import Judge

STEPS = 600  # of every classifier
GENERATOR_STEPS = {"GAN": 1500, "VAE": 1500}
SETTINGS: dict[str, dict[str, float]] = {"GAN": {"r1_weight": 3.0}, "VAE": {"beta": 3.0}}
MADE = 2000  # synthetic images
COPIES = 20  # variations of each image that "GAN of affine" learns from
RARE, COMMON = 10, 100  # images of a class
MORE = 900  # images of the rare class from each source, which count like 90


@functools.cache
def judge_of(dataset: str) -> Judge:
    return Judge(data.load(dataset))


def model_of(kind: str, x: Tensor, y: Tensor, seed: int):
    return synthetic.generator_of(kind, x, y, GENERATOR_STEPS[kind], seed, **SETTINGS[kind])


def nearest(x: Tensor, known: Tensor) -> float:
    """The mean distance of images to the nearest known one."""
    return torch.cdist(x.flatten(1), known.flatten(1)).min(1).values.mean().item()


def described(made: Tensor, asked: Tensor, x: Tensor, images: data.Images) -> dict[str, float]:
    """How often a judge sees the class that was asked for, and how far images are from the real ones x."""
    own = (judge_of(images.name).predict(made) == asked).float().mean().item()
    return {"own": own, "far": nearest(made, x) / nearest(images.test[:2000], x)}


def relatives(images: data.Images, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Other variations of the labelled originals, and their labels."""
    kin = torch.isin(images.train_originals, images.train_originals[chosen])
    kin[chosen] = False
    return images.train[kin], images.train_labels[kin]


def measured(network, images: data.Images, kin: tuple[Tensor, Tensor]) -> dict[str, float]:
    right = synthetic.predicted(network, images.test) == images.test_labels
    line = {"accuracy": right.float().mean().item()}
    if len(kin[0]):
        line["relatives"] = (synthetic.predicted(network, kin[0]) == kin[1]).float().mean().item()
    return line


def labelled(images: data.Images, count: int, seed: int) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
    """So many images of different originals, their labels, and the relatives of both."""
    chosen = labelled_rows(images, count // 10, torch.Generator().manual_seed(seed))
    return images.train[chosen], images.train_labels[chosen], relatives(images, chosen)


def labels(images: data.Images, count: int, seed: int) -> dict:
    """All methods with so many labels."""
    x, y, kin = labelled(images, count, seed)
    real, asked = rows(x, y), torch.arange(MADE) % 10
    found: dict[str, dict[str, float]] = {}

    def teach(name: str, draw, **more: float):
        network = taught(draw, STEPS, seed)
        found[name] = measured(network, images, kin) | more
        return network

    plain = teach("real", real)
    between = smote(x, asked, y, seed)
    teach("affine", each(data.vary, real))
    teach("moved", each(shifted, real))
    teach("mixup", mixup(real))
    teach("real + SMOTE", together(real, rows(between, asked)), **described(between, asked, x, images))
    for kind in GENERATOR_STEPS:
        made = model_of(kind, x, y, seed).sample(MADE, seed=1, y=asked)
        fake, kept = rows(made, asked), synthetic.agreed(plain, made, asked)
        teach(f"{kind} only", fake, **described(made, asked, x, images))
        teach(f"real + {kind}", together(real, fake))
        share = len(kept[0]) / MADE
        teach(f"{kind} agreed only", rows(*kept), kept=share, **described(*kept, x, images))
        teach(f"real + {kind} agreed", together(real, rows(*kept)), kept=share)
        teach(f"affine + {kind}", each(data.vary, together(real, fake)))
        if count == 100:
            random = torch.Generator().manual_seed(seed)
            varied = torch.cat([data.vary(x, random) for _ in range(COPIES)])
            made = model_of(kind, varied, y.repeat(COPIES), seed).sample(MADE, seed=1, y=asked)
            both = each(data.vary, together(real, rows(made, asked)))
            teach(f"affine, {kind} of affine", both, **described(made, asked, x, images))
    return found


def leak(images: data.Images, seed: int) -> dict:
    """TSTR by generators that learned from more than the labelled images."""
    x, y, _ = labelled(images, 100, seed)
    found, asked = {}, torch.arange(MADE) % 10
    for kind in GENERATOR_STEPS:
        for part in ("train", "test"):
            learned = getattr(images, part), getattr(images, f"{part}_labels")
            made = model_of(kind, *learned, seed).sample(MADE, seed=1, y=asked)
            own = described(made, asked, x, images)
            for name, draw in {
                "{} only": rows(made, asked),
                "real + {}": together(rows(x, y), rows(made, asked)),
            }.items():
                network = taught(draw, STEPS, seed)
                found[f"{name.format(kind)}, {part}"] = measured(network, images, (x[:0], y[:0])) | own
    return found


def imbalanced(images: data.Images, seed: int) -> tuple[Tensor, Tensor, int]:
    """Images of which one class has few, their labels, and that class."""
    x, y, _ = labelled(images, 10 * COMMON, seed)
    label = seed % 10
    first = torch.cat([torch.where(y == c)[0][: RARE if c == label else COMMON] for c in range(10)])
    return x[first], y[first], label


def found_of(label: int, network, images: data.Images) -> dict[str, float]:
    """The recall and the precision of one class, and the mean recall of all."""
    recall = synthetic.recalls(network, images.test, images.test_labels)
    called = synthetic.predicted(network, images.test) == label
    precision = (images.test_labels[called] == label).sum().item() / max(1, int(called.sum()))
    found = {"recall": recall[label].item(), "precision": precision, "balanced": recall.mean().item()}
    return found | {"ranked": synthetic.ranked(network, images.test, images.test_labels, label)}


def joined(x: Tensor, y: Tensor, more: Tensor, asked: Tensor) -> synthetic.Draw:
    """More images of the rare class beside the real ones, drawn as often as 90 of those."""
    weights = torch.cat([torch.ones(len(x)), torch.full((len(more),), (COMMON - RARE) / len(more))])
    return rows(torch.cat([x, more]), torch.cat([y, asked]), weights)


def rare(images: data.Images, seed: int) -> dict:
    """One class with few images, and many ways to help it."""
    x, y, label = imbalanced(images, seed)
    few, random = x[y == label], torch.Generator().manual_seed(seed)
    asked, counts = torch.full((MORE,), label), torch.bincount(y).float()
    often = 1 / counts[y]
    made = {
        "affine": data.vary(few.repeat(MORE // RARE, 1, 1, 1), random),
        "moved": shifted(few.repeat(MORE // RARE, 1, 1, 1), random),
        "SMOTE": smote(x, asked, y, seed),
    }
    balanced = torch.multinomial(often, 10 * MORE, replacement=True, generator=random)
    for kind in GENERATOR_STEPS:
        made[kind] = model_of(kind, x[balanced], y[balanced], seed).sample(MORE, seed=1, y=asked)
    draws = {name: joined(x, y, more, asked) for name, more in made.items()}
    draws |= {"nothing": rows(x, y), "oversampling": rows(x, y, often)}
    draws |= {"weights": weighted(rows(x, y), len(y) / (10 * counts))}
    draws |= {"affine, all": each(data.vary, rows(x, y, often)), "affine, all + GAN": each(data.vary, draws["GAN"])}
    networks = {name: taught(draw, STEPS, seed) for name, draw in draws.items()}
    networks["adjusted"] = synthetic.adjusted(networks["nothing"], counts)
    found = {}
    for name, network in networks.items():
        found[name] = found_of(label, network, images)
        if name in made:
            found[name] |= described(made[name], asked, few, images)
    return found


def longer(images: data.Images, seed: int) -> dict:
    """A GAN that trains four times as long on 1,000 images, and three ways to use it."""
    x, y, kin = labelled(images, 1000, seed)
    asked = torch.arange(MADE) % 10
    steps = 4 * GENERATOR_STEPS["GAN"]
    made = synthetic.generator_of("GAN", x, y, steps, seed, **SETTINGS["GAN"]).sample(MADE, seed=1, y=asked)
    real, fake = rows(x, y), rows(made, asked)
    draws = {
        "GAN only": fake,
        "real + GAN": together(real, fake),
        "affine + GAN": each(data.vary, together(real, fake)),
    }
    draws["a fifth GAN"] = together(real, real, real, real, fake)
    found = {name: measured(taught(draw, STEPS, seed), images, kin) for name, draw in draws.items()}
    found["GAN only"] |= described(made, asked, x, images)
    return found


ARMS = {
    "100": lambda images, seed: labels(images, 100, seed),
    "rare": rare,
    "1000": lambda images, seed: labels(images, 1000, seed),
    "1000, longer": longer,
    "leak": leak,
}


def arm(dataset: str, name: str, seed: int) -> dict:
    """All methods of an arm with one seed."""
    return ARMS[name](data.load(dataset), seed)


run = functools.partial(run_job, {"arm": arm})


if __name__ == "__main__":
    run_arms(
        __doc__, run, lambda what: [name for name in ARMS if name != "leak" or what == "digits"], "synthetic_{}.jsonl"
    )
