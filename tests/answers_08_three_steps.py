"""Answers to lesson 08 as learners write them: wrong ones, each under a part of its message, and right ones."""

import torch

from course_utils.exercises import lesson_08


def follow(
    encoder=lambda c, kl, nll, d_loss, g_loss: kl + nll,
    decoder=lambda c, kl, nll, d_loss, g_loss: c * nll + g_loss,
    discriminator=lambda c, kl, nll, d_loss, g_loss: d_loss,
    names=("discriminator", "decoder", "encoder"),
    wipe=True,
    last="step",
    take=torch.autograd.grad,
    who=("discriminator", "decoder", "encoder"),
):
    """Gradients by `autograd.grad`, then the steps."""

    def steps(losses, networks, optimizers, gamma):
        goals = {"encoder": encoder, "decoder": decoder, "discriminator": discriminator}
        for name in names:
            weights = list(networks[name].parameters())
            for p, gradient in zip(weights, take(goals[name](gamma, **losses), weights, retain_graph=True)):
                p.grad = gradient if wipe or p.grad is None else p.grad + gradient
        for name in who:
            getattr(optimizers[name], last)()

    return steps


def backward_in_turn(names, inputs=False, keep=True, wipe_all=False, stepping=False):
    def steps(losses, networks, optimizers, gamma):
        goals = {
            "encoder": losses["nll"] + losses["kl"],
            "decoder": losses["g_loss"] + losses["nll"] * gamma,
            "discriminator": losses["d_loss"],
        }
        for name in names:
            for other in optimizers if wipe_all else [name]:
                optimizers[other].zero_grad()
            weights = [p for p in networks[name].parameters()] if inputs else None
            goals[name].backward(retain_graph=keep, inputs=weights)
            if stepping:
                optimizers[name].step()
        for optimizer in () if stepping else optimizers.values():
            optimizer.step()

    return steps


def all_down_the_sum(losses, networks, optimizers, gamma):
    for optimizer in optimizers.values():
        optimizer.zero_grad()
    sum(losses.values()).backward()
    for optimizer in optimizers.values():
        optimizer.step()


def wiped_at_the_end(losses, networks, optimizers, gamma):
    losses["d_loss"].backward(retain_graph=True)
    (losses["kl"] + losses["nll"]).backward(retain_graph=True)
    (gamma * losses["nll"] + losses["g_loss"]).backward()
    for optimizer in optimizers.values():
        optimizer.zero_grad()
        optimizer.step()


def aimed(**targets):
    """Goals whose `inputs=` name these networks."""

    def steps(losses, networks, optimizers, gamma):
        goals = {
            "encoder": losses["kl"] + losses["nll"],
            "decoder": losses["nll"] * gamma + losses["g_loss"],
            "discriminator": losses["d_loss"],
        }
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        for name, goal in goals.items():
            weights = [p for target in targets.get(name, [name]) for p in networks[target].parameters()]
            goal.backward(inputs=weights, retain_graph=True)
        for optimizer in optimizers.values():
            optimizer.step()

    return steps


def forgetting(*names):
    """Old gradients of these networks are not wiped."""

    def steps(losses, networks, optimizers, gamma):
        for name in networks.keys() - names:
            networks[name].zero_grad()
        follow(wipe=False)(losses, networks, optimizers, gamma)

    return steps


def kept_once(losses, networks, optimizers, gamma):
    encoder, decoder, _ = (list(network.parameters()) for network in networks.values())
    for optimizer in optimizers.values():
        optimizer.zero_grad()
    (losses["kl"] + losses["nll"]).backward(inputs=encoder, retain_graph=True)
    (gamma * losses["nll"] + losses["g_loss"]).backward(inputs=decoder)
    losses["d_loss"].backward()


def uncalled(losses, networks, optimizers, gamma):
    losses["d_loss"].backward(inputs=networks["discriminator"].parameters, retain_graph=True)


def unpacked(losses, networks, optimizers, gamma):
    kl, nll, d_loss, g_loss = losses
    goals = kl + nll, gamma * nll + g_loss, d_loss
    for goal, network in zip(goals, networks.values()):
        goal.backward(inputs=list(network.parameters()), retain_graph=True)


def unpacked_in_turn(losses, networks, optimizers, gamma):
    kl, nll, d_loss, g_loss = losses
    (kl + nll).backward(inputs=list(networks["encoder"].parameters()), retain_graph=True)


def stepping_together(losses, networks, optimizers, gamma):
    aimed()(losses, networks, optimizers, gamma)
    optimizers.step()


def for_networks(losses, networks, optimizers, gamma):
    losses["d_loss"].backward(inputs=networks["discriminator"], retain_graph=True)


THREE_STEPS = {
    "every network learned from every loss": all_down_the_sum,
    "the goals leak": backward_in_turn(["discriminator", "encoder", "decoder"]),
    "nobody asks the decoder to pass for real": follow(decoder=lambda c, kl, nll, d_loss, g_loss: c * nll),
    "the decoder no longer rebuilds": follow(decoder=lambda c, kl, nll, d_loss, g_loss: g_loss),
    "γ weighs the likelihood alone": follow(decoder=lambda c, kl, nll, d_loss, g_loss: nll + c * g_loss),
    "γ is missing": follow(decoder=lambda c, kl, nll, d_loss, g_loss: kl + nll + g_loss),
    "γ is taken for granted": follow(decoder=lambda c, kl, nll, d_loss, g_loss: nll / 10 + g_loss),
    "γ is for the decoder": follow(encoder=lambda c, kl, nll, d_loss, g_loss: kl + c * nll),
    "γ weighs no KL": follow(encoder=lambda c, kl, nll, d_loss, g_loss: c * kl + nll),
    "the encoder learned from the discriminator's game": follow(
        encoder=lambda c, kl, nll, d_loss, g_loss: kl + nll + g_loss
    ),
    "the encoder's goal lacks the KL": follow(encoder=lambda c, kl, nll, d_loss, g_loss: nll),
    "the encoder's goal is the KL alone": follow(encoder=lambda c, kl, nll, d_loss, g_loss: kl),
    "minus the log-likelihood": follow(encoder=lambda c, kl, nll, d_loss, g_loss: kl - nll),
    "the KL pays for codes": follow(encoder=lambda c, kl, nll, d_loss, g_loss: -(kl + nll)),
    "rewarded for being caught": follow(decoder=lambda c, kl, nll, d_loss, g_loss: c * nll - g_loss),
    "minus `d_loss` is the saturating goal": follow(decoder=lambda c, kl, nll, d_loss, g_loss: c * nll - d_loss),
    "the discriminator learned from the likelihood": follow(
        discriminator=lambda c, kl, nll, d_loss, g_loss: d_loss + nll
    ),
    "the discriminator learned from `g_loss` too": follow(
        discriminator=lambda c, kl, nll, d_loss, g_loss: d_loss - g_loss
    ),
    "push the features of copies away": follow(discriminator=lambda c, kl, nll, d_loss, g_loss: d_loss - nll),
    "taught to be fooled": follow(discriminator=lambda c, kl, nll, d_loss, g_loss: g_loss),
    "minus `g_loss` knows no real images": follow(discriminator=lambda c, kl, nll, d_loss, g_loss: -g_loss),
    "the discriminator climbed its loss": follow(discriminator=lambda c, kl, nll, d_loss, g_loss: -d_loss),
    "two signs are wrong": follow(
        decoder=lambda c, kl, nll, d_loss, g_loss: c * nll - g_loss,
        discriminator=lambda c, kl, nll, d_loss, g_loss: -d_loss,
    ),
    "gradients of an earlier step": follow(wipe=False),
    "in the encoder a gradient": forgetting("encoder"),
    "in the decoder a gradient": forgetting("decoder"),
    "in the discriminator a gradient": forgetting("discriminator"),
    "a goal left gradients in another network": aimed(decoder=["encoder"]),
    "one `zero_grad()` wiped gradients": backward_in_turn(["encoder", "decoder", "discriminator"], True, wipe_all=True),
    "no gradient was there": wiped_at_the_end,
    "nobody moved": follow(who=()),
    "threw the graph away": kept_once,
    "an optimizer stepped too early": backward_in_turn(["discriminator", "encoder", "decoder"], True, stepping=True),
    "`inputs=` takes weights": for_networks,
    "`parameters` was named but not called": uncalled,
    "unpacks to its keys": unpacked,
    "are dictionaries of three": stepping_together,
    "the encoder stayed where it was": follow(who=["decoder", "discriminator"]),
    "the decoder stayed where it was": follow(who=["encoder", "discriminator"]),
    "the discriminator stayed where it was": follow(who=["encoder", "decoder"]),
}


def likelihood_of_the_bound(c, kl, nll, d_loss, g_loss):
    """The decoder's goal with a KL that has nothing to say to it."""
    return c * (nll + kl) + g_loss


def with_fresh_gradients(losses, networks, optimizers, gamma):
    kl, nll, d_loss, g_loss = (losses[name] for name in ("kl", "nll", "d_loss", "g_loss"))
    goals = (kl + nll, gamma * nll + g_loss, d_loss)
    for network, goal in zip(("encoder", "decoder", "discriminator"), goals):
        networks[network].zero_grad(set_to_none=False)
        last = network == "discriminator"
        goal.backward(retain_graph=not last, inputs=tuple(networks[network].parameters()))
    for optimizer in optimizers.values():
        optimizer.step()


EXERCISES = lesson_08
WRONG = {"three_steps": THREE_STEPS}
RIGHT = [
    ("three_steps", follow()),
    ("three_steps", follow(decoder=likelihood_of_the_bound)),
    ("three_steps", follow(discriminator=lambda c, kl, nll, d_loss, g_loss: d_loss + kl)),
    ("three_steps", with_fresh_gradients),
    ("three_steps", backward_in_turn(["discriminator", "encoder", "decoder"], True)),
    ("three_steps", backward_in_turn(["encoder", "decoder", "discriminator"], True, stepping=True)),
]
