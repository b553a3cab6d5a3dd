"""What do a GAN and a VAE remember of single training images, and can somebody find out (lesson 11)?

    python benchmarks/membership.py digits --seeds 5    # then mnist and fashion_mnist

Arms "100", "1000", "all": the models learn from one image of each of so many training originals, or from all training
images; members and others are one image of each original, the others of held-out originals, at most 1,000 of each.
Both models take 2,400 steps of 16 images, and are attacked at several steps on the way: equal steps are not equal
epochs (38 at step 240 of 100 images and at step 2,400 of 1,000). Where enough originals are left a second model of
each kind learns from as many others ("reference"): the attacks on it are the control ("stranger": .5), and its scores
calibrate those of the first. Arm "longer" (digits) has four times the steps on 1,000 images. Arm "turned" (digits,
100): both models learn from 40 small changes of each image and never from the image itself, also for four times the
steps. With all images of MNIST each is drawn .77 times on average, and nearly half of the "members" never.
A line has, for each attack, `auroc` and `tpr` (members caught at 1 % false alarms) at the last step, `steps` (AUROC on
the way), `siblings` (unseen variations of members against others), `flawed` (members against these siblings, as if they
were others), `stranger`, and with the reference model `reference` and `reference_tpr`; on 100 digits `spoilt` and
`spoilt_stranger`, with a reference model that learned from the tested others. "GAN" and "VAE" have
`frechet` (× floor, against test images), `copies` and `nearer` (see `membership.py`) of 1,000 samples, both also for
the stranger; "VAE" has the mean bound on members and on validation images by step, and `stopped`, the step of the best
bound on validation images; the attacks on the VAE have `stopped`, their AUROC there. Samples attacks use 10,000.
Controls: samples that are exact or varied copies of members ("memoriser"), models that learned nothing ("untrained"),
and attacks that ask no model at all ("nothing": brightness, entropy, nearness to the mean and to the spare pile).
Settings were chosen on the digits, seeds 0 to 9; the recorded seeds begin at 100.
Results go to benchmarks/results/membership_*; recorded runs are not repeated.
"""

import functools

import torch
from environment import run_arms, run_job
from torch import Tensor

from course_utils import data, networks
from course_utils.applications import membership
from course_utils.applications.anomalies import auroc, pixel_entropy
from course_utils.applications.membership import Piles, caught, nearness
from course_utils.gan import GAN
from course_utils.judge import Judge
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

STEPS = 2400
SNAPSHOTS = (60, 120, 240, 400, 800, 2400, 4800, 9600)
SAMPLES, SHOWN = 10_000, 1000  # for attacks, and to look for copies
TURNED = 40  # small changes of each image, for the models that learn from those alone
FIT = {"batch_size": 16, "average": 0.999, "schedule": "linear"}
Scores = dict[str, Tensor]  # by attack, (N,) each
Models = dict[int, GAN | VAE]  # by step


@functools.cache
def judge_of(dataset: str) -> Judge:
    return Judge(data.load(dataset))


def built(kind: str, seed: int) -> GAN | VAE:
    seed_everything(seed)
    if kind == "VAE":
        return VAE(networks.ConvEncoder(16, (16, 32)), networks.ConvGenerator(16, batch_norm=True), lr=2e-3)
    rates = {"generator_lr": 2e-3, "discriminator_lr": 2e-3}
    players = networks.ConvGenerator(16), networks.ConvDiscriminator()
    return GAN(*players, r1_weight=1.0, penalty_every=8, **rates)


def trained(kind: str, x: Tensor, seed: int, steps: int = STEPS) -> Models:
    """A model as it was at the snapshots, the last of which is the end."""
    model = built(kind, seed)
    wanted = [step for step in SNAPSHOTS if step <= steps]
    history = fit(model, x, steps=steps, seed=seed, snapshots=wanted, **FIT)
    return {step: history.model_at(model, step).eval() for step in wanted}


def named(kind: str, found: Scores) -> Scores:
    return {f"{kind} {attack}": values for attack, values in found.items()}


def all_scores(kind: str, model: GAN | VAE, x: Tensor) -> Scores:
    """Every attack, the one with samples alone as well."""
    found = membership.scores(model, x)
    found["samples"] = nearness(x, model.sample(SAMPLES, seed=1))
    if isinstance(model, VAE):
        found["50 codes"] = model.iwae_bound(x)
    else:
        found["beyond its kind"] = membership.beyond_its_kind(model, x)
    return named(kind, found)


def by_changes(kind: str, model: GAN | VAE, pile: Piles) -> dict:
    """The attack with samples alone that looks over small changes of each image."""
    samples = model.sample(SAMPLES, seed=1)
    own, other = (nearness(x, samples, membership.TRIES) for x in (pile.members, pile.others))
    return judged({f"{kind} samples, changed": own}, {f"{kind} samples, changed": other})


def judged(own: Scores, other: Scores, names: tuple[str, str] = ("auroc", "tpr")) -> dict[str, dict[str, float]]:
    measures = dict(zip(names, (auroc, caught)))
    return {attack: {name: of(own[attack], other[attack]) for name, of in measures.items()} for attack in own}


def merge(found: dict, more: dict) -> None:
    for name, measures in more.items():
        found.setdefault(name, {}).update(measures)


def less(own: Scores, reference: Scores) -> Scores:
    return {attack: own[attack] - reference[attack] for attack in own}


def on_the_way(kind: str, models: Models, pile: Piles, images: data.Images) -> dict:
    """Attacks on the model itself and its quality, by step; a VAE's also at the best bound on validation images."""
    found: dict = {kind: {"steps": {}}}
    for step, model in models.items():
        members, others = membership.scores(model, pile.members), membership.scores(model, pile.others)
        for attack in members:
            line = found.setdefault(f"{kind} {attack}", {"steps": {}})
            line["steps"][str(step)] = auroc(members[attack], others[attack])
        judge = judge_of(images.name)
        quality = {"frechet": judge.frechet(model.sample(judge.n, seed=1)) / judge.floor["frechet"]}
        if kind == "VAE":
            held_out = model.elbo(images.validation[:2000]).mean().item()
            quality |= {"members": members["bound"].mean().item(), "held_out": held_out}
        found[kind]["steps"][str(step)] = quality
    if kind == "VAE":
        best = max(found[kind]["steps"], key=lambda step: found[kind]["steps"][step]["held_out"])
        found[kind]["stopped"] = int(best)
        stopped = models[int(best)]
        scores = (membership.scores(stopped, x) for x in (pile.members, pile.others))
        merge(found, judged(*(named(kind, values) for values in scores), names=("stopped", "stopped_tpr")))
    return found


def looked_for(model: GAN | VAE, pile: Piles) -> dict[str, float]:
    """Copies among the samples, and on whose side the samples are."""
    samples = model.sample(SHOWN, seed=1)
    return {
        "copies": membership.copies(samples, pile.members, pile.others, membership.TRIES),
        "nearer": membership.nearer_to_members(samples, pile.members, pile.others),
    }


def attacked(kind: str, images: data.Images, pile: Piles, seed: int, steps: int = STEPS) -> dict:
    """All that is measured of one kind of model."""
    models = trained(kind, pile.learned, seed, steps)
    found, last = on_the_way(kind, models, pile, images), models[steps]
    members, others = (all_scores(kind, last, x) for x in (pile.members, pile.others))
    merge(found, judged(members, others) | by_changes(kind, last, pile) | {kind: looked_for(last, pile)})
    if len(pile.siblings):
        siblings = all_scores(kind, last, pile.siblings)
        merge(found, judged(siblings, others, names=("siblings", "siblings_tpr")))
        merge(found, {attack: {"flawed": auroc(members[attack], siblings[attack])} for attack in others})
    if len(pile.spare):
        stranger = trained(kind, pile.spare, seed, steps)[steps]
        known, unknown = (all_scores(kind, stranger, x) for x in (pile.members, pile.others))
        merge(found, judged(known, unknown, names=("stranger", "stranger_tpr")))
        calibrated = less(members, known), less(others, unknown)
        merge(found, judged(*calibrated, names=("reference", "reference_tpr")))
        merge(found, {kind: {f"stranger_{name}": value for name, value in looked_for(stranger, pile).items()}})
        if images.name == "digits":
            merge(found, spoilt(kind, pile, last, stranger, seed))
    return found


def spoilt(kind: str, pile: Piles, own: GAN | VAE, stranger: GAN | VAE, seed: int) -> dict:
    """Calibration by a model that learned from the very others that it is to help with."""
    tested = pile.others[: len(pile.members)]
    unfair = trained(kind, tested, seed)[STEPS]
    found: dict = {}
    for name, model in {"spoilt": own, "spoilt_stranger": stranger}.items():
        both = ([named(kind, membership.scores(one, x)) for one in (model, unfair)] for x in (pile.members, tested))
        merge(found, judged(*(less(*pair) for pair in both), names=(name, f"{name}_tpr")))
    return found


def controls(pile: Piles, seed: int) -> dict:
    """Samples that are copies, models that learned nothing, and attacks that ask no model."""
    random = torch.Generator().manual_seed(seed)
    copied = pile.members[torch.randint(len(pile.members), (SAMPLES,), generator=random)]
    found = {}
    for name, samples in {"exact": copied, "varied": data.vary(copied, random)}.items():
        for tries in (0, membership.TRIES):
            own, other = (nearness(x, samples, tries) for x in (pile.members, pile.others))
            attack = f"memoriser, {name}{', changed' if tries else ''}"
            found[attack] = {"auroc": auroc(own, other), "tpr": caught(own, other)}
        shown = samples[:SHOWN]
        found[f"memoriser, {name}"] |= {
            "copies": membership.copies(shown, pile.members, pile.others, membership.TRIES),
            "nearer": membership.nearer_to_members(shown, pile.members, pile.others),
        }
    for kind in ("GAN", "VAE"):
        untrained = built(kind, seed).eval()
        both = (named(f"untrained {kind}", membership.scores(untrained, x)) for x in (pile.members, pile.others))
        merge(found, judged(*both))
    return found | judged(*(of_nothing(x, pile) for x in (pile.members, pile.others)))


def of_nothing(x: Tensor, pile: Piles) -> Scores:
    """Scores that ask no model of the members."""
    found = {"brightness": x.flatten(1).mean(1), "entropy": pixel_entropy(x)}
    if len(pile.spare):
        mean = pile.spare.mean(0)
        found |= {"the mean": -(x - mean).flatten(1).norm(dim=1), "the spare pile": nearness(x, pile.spare)}
    return {f"nothing: {name}": values for name, values in found.items()}


def usual(n: int | None, images: data.Images, seed: int, steps: int = STEPS) -> dict:
    pile = membership.piles(images, n, seed)
    found = controls(pile, seed)
    for kind in ("GAN", "VAE"):
        found |= attacked(kind, images, pile, seed, steps)
    return found


def turned(images: data.Images, seed: int) -> dict:
    """Models that learn from small changes of each image, and never from the image itself."""
    pile, found = membership.piles(images, 100, seed), {}
    random = torch.Generator().manual_seed(10_000 + seed)  # not the changes that an attack tries
    x = torch.cat([data.vary(pile.learned, random) for _ in range(TURNED)])
    judge = judge_of(images.name)
    for name, steps in {"GAN": STEPS, "VAE": STEPS, "VAE, longer": 4 * STEPS}.items():
        last = trained(name[:3], x, seed, steps)[steps]
        members, others, siblings = (
            named(name, membership.scores(last, part)) for part in (pile.members, pile.others, pile.siblings)
        )
        merge(found, judged(members, others))
        merge(found, judged(siblings, others, names=("siblings", "siblings_tpr")))
        found[name] = {"frechet": judge.frechet(last.sample(judge.n, seed=1)) / judge.floor["frechet"]}
    return found


ARMS = {
    "100": lambda images, seed: usual(100, images, seed),
    "1000": lambda images, seed: usual(1000, images, seed),
    "all": lambda images, seed: usual(None, images, seed),
    "turned": turned,
    "longer": lambda images, seed: usual(1000, images, seed, 4 * STEPS),
}


def arm(dataset: str, name: str, seed: int) -> dict:
    """All attacks of an arm with one seed."""
    return ARMS[name](data.load(dataset), seed)


run = functools.partial(run_job, {"arm": arm})


if __name__ == "__main__":
    run_arms(
        __doc__,
        run,
        lambda what: [name for name in ARMS if what == "digits" or name not in ("turned", "longer")],
        "membership_{}.jsonl",
    )
