"""An exercise of lesson 04: three sick GANs, each cured by one changed argument, or not."""

from collections.abc import Mapping

import torch
from torch import Tensor

from course_utils import points
from course_utils.exercises.lesson_04.reasons import CURED, NOT_CURED
from course_utils.exercises.progress import tell
from course_utils.exercises.watched import known_state
from course_utils.gan import GAN
from course_utils.playground.copies import coverage_of_each, draw_each, points_gan
from course_utils.plumbing.device import forked_random
from course_utils.plumbing.history import DivergenceError, History
from course_utils.training import fit

PATIENTS = {
    "A": dict(betas=(0.5, 0.999), discriminator_lr=1e-4),
    "B": dict(loss="saturating", betas=(0.0, 0.99), head_start=2000),
    "C": dict(betas=(0.9, 0.999)),
}
HEALTHY = dict(
    loss="non_saturating",
    betas=(0.0, 0.99),
    generator_lr=1e-3,
    discriminator_lr=1e-3,
    n_critic=1,
    pack=1,
    r1_weight=0.0,
    gp_weight=0.0,
    head_start=0,
)
RING = points.ring(sigma=0.05)
COPIES, STEPS, BATCH = 8, 2000, 128  # the verdict goes by most of the copies, since one alone may have luck
CPU = "cpu"  # so that an accelerator does not change the verdict


def patient(name: str) -> dict:
    """The settings of patient "A", "B" or "C", as a copy in which one of them is changed or added."""
    if name not in PATIENTS:
        raise ValueError(f"expected a patient among {', '.join(PATIENTS)}, got {name!r}")
    return dict(PATIENTS[name])


def treat(settings: Mapping, seed: int = 0, snapshots=0, copies: int | None = None) -> tuple[GAN, History]:
    """Train copies of a patient on the ring; they come back with the history of the game.

    `settings` are those of `points_gan`, and `head_start`: for how many steps only the discriminator learned before.
    """
    settings = dict(settings)
    copies = copies or COPIES
    head_start = settings.pop("head_start", 0)
    data = RING.sample(10_000)
    with forked_random(seed, torch.device(CPU)):
        gan = points_gan(copies, **settings)
    run = dict(batch_size=BATCH * copies, seed=seed, device=CPU)
    if head_start:
        alone = GAN(gan.generator, gan.discriminator, n_critic=head_start + 1)  # as it was, whatever is changed now
        fit(alone, data, steps=head_start, **run)
    return gan, fit(gan, data, steps=STEPS, snapshots=snapshots, **run)


def check_repair(name: str, settings: Mapping) -> None:
    """Train a patient with one setting changed, and print whether that cured it."""
    tell(f"repair {name}", verdict(name, settings))


check_repair.names = [f"repair {name}" for name in PATIENTS]  # as its verdicts begin


def verdict(name: str, settings: Mapping) -> str:
    """The line that `check_repair` prints; it trains only when exactly one argument was changed."""
    if name not in PATIENTS:
        return f"✗ repair: expected a patient among {', '.join(PATIENTS)}, got {name!r}."
    if settings is ... or (isinstance(settings, Mapping) and ... in settings.values()):
        return f"○ repair {name}: not attempted yet."
    if not isinstance(settings, Mapping):
        return f'✗ repair {name}: expected a dictionary such as patient("{name}"), got {type(settings).__name__}.'
    if unknown := [argument for argument in settings if argument not in HEALTHY]:
        allowed = ", ".join(argument for argument in HEALTHY if argument != "head_start")
        return f"✗ repair {name}: {unknown[0]!r} is no argument to change; these are: {allowed}."
    changed = changes(name, settings)
    if not changed:
        return f"○ repair {name}: not attempted yet."
    if "head_start" in changed:
        return (
            f"✗ repair {name}: you cannot undo the past: the head start is how the patient fell ill. Change how the "
            "game goes on."
        )
    if len(changed) > 1:
        return (
            f"✗ repair {name}: change one argument at a time: you changed {' and '.join(changed)}; then you know "
            "what cured it."
        )
    (argument,) = changed
    return outcome(name, argument, settings)


def changes(name: str, settings: Mapping) -> list[str]:
    """The arguments in which settings differ from those of a patient; what is left out has its default."""

    def plain(setting):
        return tuple(setting) if isinstance(setting, (list, tuple)) else setting

    ill = HEALTHY | PATIENTS[name]
    now = HEALTHY | dict(settings)
    return [argument for argument in HEALTHY if plain(ill[argument]) != plain(now[argument])]


def outcome(name: str, argument: str, settings: Mapping) -> str:
    """Train a patient, whatever state the learner has left torch in, and say what came of it."""
    ill = HEALTHY | PATIENTS[name]
    now = HEALTHY | dict(settings)
    change = f"{argument}={now[argument]!r}"
    try:
        with known_state():
            gan, _ = treat(settings)
            score = coverage_of_each(gan, RING)
            samples = draw_each(gan)
    except DivergenceError:
        return f"✗ repair {name}: with {change} the losses stopped being finite numbers; try something milder."
    except (ValueError, TypeError, RuntimeError, IndexError) as error:
        first_line, *_ = str(error).split("\n")
        return f"✗ repair {name}: {change} cannot be trained with: {first_line}"
    cured = (score["modes"] == len(RING.centres)) & (score["kl"] < 0.3)  # (copies,)
    evidence = (
        f"[cured={cured.sum()}, of={len(cured)}, modes={score['modes'].mean():.3g}, kl={score['kl'].median():.2g}]"
    )
    keys = (name, change), (name, argument, direction(ill[argument], now[argument])), (name, argument), name
    if cured.float().mean() > 0.5:
        why = next(CURED[key] for key in keys if key in CURED)
        return f"✓ repair {name}: with {change}, most copies cover all eight clouds evenly {evidence}\n{why}"
    others = remains(score["modes"][~cured], samples[~cured])
    why = next(NOT_CURED[key] for key in keys if key in NOT_CURED)
    return f"✗ repair {name}: with {change}, {others} {evidence}\n{why}"


def direction(before, after) -> str | None:
    """Say in which direction a number was changed; of two numbers the first that was, and which if it is the second."""
    if all(isinstance(pair, (list, tuple)) for pair in (before, after)):
        (first, second), (new_first, new_second) = before, after
        return f"second {direction(second, new_second)}" if first == new_first else direction(first, new_first)
    if not all(isinstance(number, (int, float)) for number in (before, after)):
        return None
    return "up" if after > before else "down"


def remains(modes: Tensor, samples: Tensor) -> str:
    """Say what is still wrong with most of the copies that are ill: their modes (n,) and samples (n, N, 2)."""
    if samples.norm(dim=2).mean(1).median() > 3:  # (n,)
        return "too few copies are cured: in the others the points flew off, far beyond the ring"
    if modes.median() < len(RING.centres):
        return "too few copies are cured: the others still miss clouds"
    return "too few copies are cured: the others reach all eight clouds, but too unevenly"
