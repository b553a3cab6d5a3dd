"""Exercise 4 of lesson 08: one step of a VAE-GAN, in which each network learns from its own loss."""

from itertools import combinations, permutations

import torch
from torch import Tensor, nn

from course_utils.exercises.checker import Exercise, Observation, altered, value, weights
from course_utils.exercises.left_behind import condition, leave_gradients
from course_utils.exercises.lesson_03.players import STEPS
from course_utils.losses import kl_divergence, non_saturating_d, non_saturating_g

NAMES = ("encoder", "decoder", "discriminator")
SETTINGS = ((6, 0.3), (4, 0.05))  # points, gamma
RATES = {"encoder": (0.131, 0.6), "decoder": (0.173, 0.7), "discriminator": (0.237, 0.5)}
ORDER = "the order of gradients and steps"
GOALS = {  # of each network: gamma to the weights of the losses
    "encoder": lambda gamma: {"kl": 1, "nll": 1},
    "decoder": lambda gamma: {"nll": gamma, "g_loss": 1},
    "discriminator": lambda gamma: {"d_loss": 1},
}
INTERRUPTED = {  # what PyTorch says, and what it means here
    "modified by an inplace operation": "a step before a gradient that needs the old weights",
    "backward through the graph a second time": "a graph that is gone before the last gradient",
}


def made_networks() -> dict[str, nn.Module]:
    """A VAE-GAN for points (N, 2) with codes of 2 numbers."""
    torch.manual_seed(0)
    networks = {
        "encoder": nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 4)),
        "decoder": nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 2)),
        "discriminator": nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 1), nn.Flatten(0)),
    }
    with torch.no_grad():
        for network in networks.values():
            for p in network.parameters():
                p *= 2  # so that every loss teaches enough to be told from the others
    return networks


def losses_of(networks: dict[str, nn.Module], n: int, noise: torch.Generator) -> dict[str, Tensor]:
    """The four numbers of a VAE-GAN for n points, with the graph of all three networks behind them."""
    x, eps, z = torch.randn(3, n, 2, generator=noise)
    encoder, decoder, discriminator = networks.values()
    mu, logvar = encoder(x + 1).chunk(2, dim=1)
    rebuilt, drawn = decoder(mu + (0.5 * logvar).exp() * eps), decoder(z)
    features = discriminator[:-2]
    fake_logits = discriminator(torch.cat([rebuilt, drawn]))
    return {
        "kl": kl_divergence(mu, logvar).sum(1).mean(),
        "nll": 2 * (features(rebuilt) - features(x + 1)).square().sum(1).mean(),
        "d_loss": non_saturating_d(discriminator(x + 1), fake_logits),
        "g_loss": non_saturating_g(fake_logits),
    }


def observe_three_steps(function) -> Observation:
    """How two calls moved each network, all of which had old gradients; or why PyTorch refused their order."""
    networks = made_networks()
    optimizers, counts = {}, {}
    for name, network in networks.items():
        rate, momentum = RATES[name]
        optimizers[name] = torch.optim.SGD(network.parameters(), rate, momentum=momentum)
        optimizers[name].register_step_post_hook(lambda *_, name=name: counts.update({name: counts[name] + 1}))
    noise = torch.Generator().manual_seed(1)
    seen = {}
    for step, (n, gamma) in zip(STEPS, SETTINGS):
        counts.update(dict.fromkeys(NAMES, 0))
        losses = losses_of(networks, n, noise)
        before = {name: weights(network) for name, network in networks.items()}
        for network in networks.values():
            leave_gradients(network)
        try:
            function(losses, dict(networks), dict(optimizers), gamma)
        except RuntimeError as error:
            for words, meaning in INTERRUPTED.items():
                if words in str(error):
                    return {ORDER: meaning}
            raise
        for name, network in networks.items():
            seen[f'the number of steps of `optimizers["{name}"]` in the {step}'] = value(counts[name])
            seen[moves(name, step)] = weights(network) - before[name]
            seen[f"the {name} after the {step}"] = condition(network)
    return seen | {ORDER: "one that works"}


def moves(name: str, step: str) -> str:
    return f"the {name}'s move in the {step}"


def zero_all(optimizers) -> None:
    for optimizer in optimizers.values():
        optimizer.zero_grad()


def steps_with(losses, networks, optimizers, gamma, *, goals=None, order=NAMES, inputs=None, keep=True, zero="own",
               forget=(), wipe=False, interleaved=False, step=NAMES) -> None:  # fmt: skip
    """The three steps with one thing changed; `inputs` has names of networks whose weights a goal reaches."""
    goals = GOALS | (goals or {})
    reached = {name: [name] for name in NAMES} | (inputs or {})
    if zero == "first":
        zero_all(optimizers)
    for name in order:
        if zero == "own" and name not in forget:
            optimizers[name].zero_grad()
        if zero == "all":
            zero_all(optimizers)
        goal = sum(weight * losses[loss] for loss, weight in goals[name](gamma).items())
        goal.backward(inputs=[p for other in reached[name] for p in networks[other].parameters()], retain_graph=keep)
        if interleaved:
            optimizers[name].step()
    if wipe:
        zero_all(optimizers)
    if not interleaved:
        for name in step:
            optimizers[name].step()


def three_steps(losses: dict, networks: dict, optimizers: dict, gamma: float) -> None:
    steps_with(losses, networks, optimizers, gamma)


def down_one_sum(goal):
    """Three steps down the slope of one sum of losses."""

    def answer(losses, networks, optimizers, gamma):
        zero_all(optimizers)
        sum(weight * losses[loss] for loss, weight in goal(gamma).items()).backward()
        for optimizer in optimizers.values():
            optimizer.step()

    return answer


NEGATIVE = "`nll` is minus the log-likelihood, so that smaller is better: it is added, not subtracted."
GAME = "the encoder learned from the discriminator's game too: it follows the bound alone."
KL_SIGN = "the KL pays for codes that leave the prior: it is added to the encoder's goal, not subtracted."
GAMMA_ON_G = "γ weighs the likelihood alone: for the decoder, being called real has the weight 1."
CAUGHT = "the decoder was rewarded for being caught: `g_loss` is small when its images are called real, so add that."
FEATURES = (
    "the discriminator learned from the likelihood too: to give all images the same features would make that small, "
    "and teach nobody anything."
)
FOOLED = "the discriminator was taught to be fooled: `g_loss` is the decoder's, and `d_loss` the discriminator's."
GRANTED = "γ is taken for granted: use the argument."
OTHER_GOALS = {  # network: what stands there instead of its goal, and what to say of it
    "encoder": {
        lambda gamma: {"kl": 1, "nll": gamma}: "γ is for the decoder: the encoder follows the bound, with weights 1.",
        lambda gamma: {"kl": gamma, "nll": 1}: "γ weighs no KL: in the bound its weight is 1.",
        lambda gamma: {"kl": 1, "nll": 1, "g_loss": 1}: GAME,
        lambda gamma: {"kl": 1, "nll": 1, "d_loss": 1}: GAME,
        lambda gamma: {"kl": 1, "nll": 1, "d_loss": -1}: GAME,
        lambda gamma: {"nll": 1}: "the encoder's goal lacks the KL: nothing keeps its codes near the prior.",
        lambda gamma: {"kl": 1}: "the encoder's goal is the KL alone: all codes would become the prior's.",
        lambda gamma: {"kl": 1, "nll": -1}: NEGATIVE,
        lambda gamma: {"kl": -1, "nll": 1}: KL_SIGN,
        lambda gamma: {"kl": -1, "nll": -1}: KL_SIGN,
    },
    "decoder": {
        lambda gamma: {"nll": gamma}: "nobody asks the decoder to pass for real: add `g_loss` to its goal.",
        lambda gamma: {"g_loss": 1}: "the decoder no longer rebuilds: its goal lacks the likelihood.",
        lambda gamma: {"nll": 1, "g_loss": gamma}: GAMMA_ON_G,
        lambda gamma: {"nll": gamma, "g_loss": gamma}: GAMMA_ON_G,
        lambda gamma: {"nll": 1, "g_loss": 1}: "γ is missing: it weighs the likelihood in the decoder's goal.",
        lambda gamma: {"nll": 0.1, "g_loss": 1}: GRANTED,
        lambda gamma: {"nll": 0.01, "g_loss": 1}: GRANTED,
        lambda gamma: {"nll": gamma, "g_loss": -1}: CAUGHT,
        lambda gamma: {"nll": gamma, "d_loss": 1}: CAUGHT,
        lambda gamma: {"nll": gamma, "d_loss": -1}: (
            "minus `d_loss` is the saturating goal, as the paper writes it: it fades when the discriminator is sure; "
            "here the decoder wants to be called real, by `g_loss`."
        ),
        lambda gamma: {"nll": -gamma, "g_loss": 1}: NEGATIVE,
    },
    "discriminator": {
        lambda gamma: {"d_loss": 1, "nll": 1}: FEATURES,
        lambda gamma: {"d_loss": 1, "nll": gamma}: FEATURES,
        lambda gamma: {"d_loss": 1, "g_loss": 1}: FOOLED,
        lambda gamma: {"d_loss": 1, "g_loss": -1}: (
            "the discriminator learned from `g_loss` too: `d_loss` alone says all that it is to tell apart."
        ),
        lambda gamma: {"d_loss": 1, "nll": -1}: (
            "the discriminator learned to push the features of copies away: `d_loss` alone is its goal."
        ),
        lambda gamma: {"g_loss": 1}: FOOLED,
        lambda gamma: {"g_loss": -1}: (
            "minus `g_loss` knows no real images: the discriminator learns to tell them from others by `d_loss`."
        ),
        lambda gamma: {"d_loss": -1}: "the discriminator climbed its loss instead of descending it: the sign is wrong.",
    },
}
OTHER_GOALS_OF_TWO = [  # goals of two networks at once, and what to say of them
    (
        {"encoder": lambda gamma: {"kl": 1, "nll": -1}, "decoder": lambda gamma: {"nll": -gamma, "g_loss": 1}},
        NEGATIVE,
    ),
    (
        {"decoder": lambda gamma: {"nll": gamma, "g_loss": -1}, "discriminator": lambda gamma: {"d_loss": -1}},
        "two signs are wrong, those of `g_loss` and of `d_loss`: each network makes its own loss small.",
    ),
]
EVERY_LOSS = "every network learned from every loss: choose for each what it may learn from, with `inputs=`."
LEAK = "the goals leak: a `backward()` without `inputs=` leaves gradients in the other networks too."
WIPED = (
    "one `zero_grad()` wiped gradients that another network had just got: wipe all of them before the first "
    "`backward()`, or only a network's own before its `backward()`."
)
NO_GRADIENT = (
    "all optimizers took a step and the networks stayed where they were: no gradient was there. `zero_grad()` comes "
    "before `backward()`."
)
STALE = (
    "gradients of an earlier step were still there and were added: call `zero_grad()` of every optimizer before the "
    "first `backward()`."
)
ELSEWHERE = (
    "a goal left gradients in another network than its own: `inputs=` names the weights of the one network whose goal "
    "it is."
)
EVERYWHERE = dict.fromkeys(NAMES, NAMES)  # what a `backward()` without `inputs=` reaches
WEIGHTS = "`inputs=` takes weights, not a network: `list(network.parameters())`."
KEYS = (
    '`losses` is a dictionary, which unpacks to its keys: take the numbers by name, as in `losses["kl"]`, or from '
    "`losses.values()`."
)
DICTIONARIES = "`networks` and `optimizers` are dictionaries of three: call the method of each of the three."
RAISING = {  # what Python or PyTorch refuses, and what to say of it
    lambda losses, networks, *_: losses["kl"].backward(inputs=networks["encoder"]): WEIGHTS,
    lambda losses, networks, *_: losses["kl"].backward(inputs=[networks["encoder"]]): WEIGHTS,
    lambda losses, networks, *_: list(networks["encoder"].parameters): (
        "`parameters` was named but not called: `list(network.parameters())`."
    ),
    lambda losses, *_: list(losses)[0].backward(): KEYS,
    lambda losses, networks, optimizers, gamma: gamma * list(losses)[1]: KEYS,
    lambda losses, networks, *_: networks.parameters(): DICTIONARIES,
    lambda losses, networks, optimizers, gamma: optimizers.zero_grad(): DICTIONARIES,
    lambda losses, networks, optimizers, gamma: optimizers.step(): DICTIONARIES,
}

check_three_steps = Exercise(
    three_steps,
    observe_three_steps,
    {
        altered(steps_with, goals={name: goal}): sentence
        for name, others in OTHER_GOALS.items()
        for goal, sentence in others.items()
    }
    | {altered(steps_with, goals=goals): sentence for goals, sentence in OTHER_GOALS_OF_TWO}
    | RAISING
    | {
        down_one_sum(lambda gamma: {"kl": 1, "nll": 1, "d_loss": 1, "g_loss": 1}): EVERY_LOSS,
        down_one_sum(lambda gamma: {"kl": 1, "nll": gamma, "d_loss": 1, "g_loss": 1}): EVERY_LOSS,
        altered(steps_with, inputs=EVERYWHERE, zero="first"): LEAK,
        altered(steps_with, forget=NAMES): STALE,
        altered(steps_with, wipe=True): NO_GRADIENT,
        altered(steps_with, order=(), zero="first"): NO_GRADIENT,
        altered(steps_with, step=()): (
            "nobody moved: after all three `backward()` each of the three optimizers takes its `step()`."
        ),
        altered(steps_with, keep=False): (
            "a `backward()` threw the graph away that a later one needs: keep it with `retain_graph=True`."
        ),
        altered(steps_with, interleaved=True, order=NAMES[::-1]): (
            "an optimizer stepped too early: a gradient that was taken later needs the weights as they were. Take "
            "three `backward()` first, then three `step()`."
        ),
    }
    | {altered(steps_with, inputs=EVERYWHERE, order=order): LEAK for order in permutations(NAMES)}
    | {altered(steps_with, inputs={name: NAMES}, zero="first"): LEAK for name in NAMES}
    | {
        altered(steps_with, inputs=inputs, zero="all", order=order): WIPED
        for inputs in ({}, EVERYWHERE)
        for order in (NAMES, NAMES[::-1], ("encoder", "discriminator", "decoder"))  # the last one alone counts
    }
    | {
        altered(steps_with, inputs=inputs, zero=zero): ELSEWHERE
        for one, other in permutations(NAMES, 2)
        for inputs in ({one: [other]}, {one: [other], other: [one]})
        for zero in ("first", "own")
    }
    | {
        altered(steps_with, inputs={one: [one, other]}, zero="first"): ELSEWHERE
        for one, other in permutations(NAMES, 2)
    }
    | {altered(steps_with, forget=two): STALE for two in combinations(NAMES, 2)}
    | {
        altered(steps_with, forget=[name]): (
            f"in the {name} a gradient of an earlier step was still there: its optimizer needs a `zero_grad()` too."
        )
        for name in NAMES
    }
    | {
        altered(steps_with, step=[other for other in NAMES if other != name]): (
            f"the {name} stayed where it was: its optimizer took no step."
        )
        for name in NAMES
    },
    hints={
        moves(name, step): (
            f"the {name} moved, but not down the slope of its own goal: look at the losses that the goal is made of, "
            "at their weights and their signs, and at the network that `inputs=` names."
        )
        for name in NAMES
        for step in STEPS
    },
)
