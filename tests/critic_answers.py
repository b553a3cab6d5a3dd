"""Answers to lesson 04 on a critic's slope: the gradient penalty, and clipped weights."""

import torch
from torch.autograd import grad
from torch.nn.utils import clip_grad_norm_, parameters_to_vector, vector_to_parameters


def penalty(place=None, keep=True, scalar=torch.sum, end=lambda g: ((g.norm(2, dim=1) - 1) ** 2).mean()):
    """The exercise as a learner writes it, with one thing of their own."""

    def answer(critic, real, fake, mix):
        between = place(real, fake, mix) if place else mix * real + (1 - mix) * fake
        between = between.detach().requires_grad_(True)
        return end(grad(scalar(critic(between)), between, create_graph=keep)[0])

    return answer


def at_end(which):
    def answer(critic, real, fake, mix):
        end = [real, fake][which].requires_grad_()
        output = critic(mix * real + (1 - mix) * fake)
        (g,) = grad(output, end, torch.ones_like(output), create_graph=True)
        return ((g.norm(dim=1) - 1) ** 2).mean()

    return answer


def of_the_weights(critic, real, fake, mix):
    found = grad(critic(mix * real + (1 - mix) * fake).sum(), critic.parameters(), create_graph=True)
    return (parameters_to_vector(found).norm() - 1) ** 2


def unfollowed(critic, real, fake, mix):
    between = real * mix + fake * (1 - mix)
    g = grad(critic(between).sum(), between, create_graph=True)[0]
    return ((g.norm(dim=1) - 1) ** 2).mean()


def backward(critic, real, fake, mix):
    between = (real * mix + fake * (1 - mix)).requires_grad_()
    critic(between).sum().backward(create_graph=True)
    return ((between.grad.norm(dim=1) - 1) ** 2).mean()


def clean_slate(critic, real, fake, mix):
    for p in critic.parameters():
        p.grad = None
    return penalty()(critic, real, fake, mix)


def asleep(critic, real, fake, mix):
    critic.eval()
    return penalty()(critic, real, fake, mix)


def held_still(critic, real, fake, mix):
    for p in critic.parameters():
        p.requires_grad = False
    return penalty()(critic, real, fake, mix)


GRADIENT_PENALTY = {
    "the critic cannot learn from it": penalty(keep=False),
    "one norm over the whole batch": penalty(end=lambda g: (g.norm() - 1) ** 2),
    "the norm runs over the batch": penalty(end=lambda g: ((g.norm(dim=0) - 1) ** 2).mean()),
    "the gradient of the mean output": penalty(scalar=torch.mean),
    "the root is missing": penalty(end=lambda g: ((g.pow(2).sum(1) - 1) ** 2).mean()),
    "this is the mean of norm²": penalty(end=lambda g: g.pow(2).sum(1).mean()),
    "this is the mean norm": penalty(end=lambda g: g.norm(dim=1).mean()),
    "the mean was taken before the square": penalty(end=lambda g: (g.norm(dim=1).mean() - 1) ** 2),
    "at the real points only": penalty(lambda real, fake, mix: real),
    "at the generated points only": penalty(lambda real, fake, mix: fake),
    "half-way everywhere": penalty(lambda real, fake, mix: 0.5 * real + 0.5 * fake),
    "the mixture is drawn anew": penalty(lambda real, fake, mix: torch.lerp(fake, real, torch.rand(len(real), 1))),
    "real and generated have changed places": penalty(lambda real, fake, mix: real + mix * (fake - real)),
    "this is real + mix * fake": penalty(lambda real, fake, mix: real + mix * fake),
    "the one-sided penalty": penalty(end=lambda g: ((g.norm(dim=1) - 1).clamp(min=0) ** 2).mean()),
    "this is |norm - 1|": penalty(end=lambda g: (g.norm(dim=1) - 1).abs().mean()),
    "this is the sum over the batch": penalty(end=lambda g: ((g.norm(dim=1) - 1) ** 2).sum()),
    "one number for each point": penalty(end=lambda g: (g.norm(dim=1) - 1) ** 2),
    "10 times the penalty": penalty(end=lambda g: 10 * ((g.norm(dim=1) - 1) ** 2).mean()),
    "the sign is wrong": penalty(end=lambda g: -((g.norm(dim=1) - 1) ** 2).mean()),
    "a mean over the coordinates": penalty(end=lambda g: ((g.pow(2).mean(1).sqrt() - 1) ** 2).mean()),
    "this norm adds absolute values": penalty(end=lambda g: ((g.norm(1, dim=1) - 1) ** 2).mean()),
    "the gradient at the critic's weights": of_the_weights,
    "taken at the real samples": at_end(0),
    "taken at the generated samples": at_end(1),
    "autograd was not told": unfollowed,
    "`backward()` left gradients": backward,
    "starts from one number": penalty(scalar=lambda output: output),
    "gradients were wiped: those": clean_slate,
    "was left in evaluation mode": asleep,
    "the critic's weights were frozen": held_still,
    "right as long as the critic has a slope": penalty(end=lambda g: (((g**2).sum(dim=1) ** 0.5 - 1) ** 2).mean()),
    "this is (norm + 1)²": penalty(end=lambda g: ((g.norm(dim=1) + 1) ** 2).mean()),
    "a sigmoid is applied": penalty(scalar=lambda output: torch.sigmoid(output).sum()),
    "this is half the penalty": penalty(end=lambda g: 0.5 * ((g.norm(dim=1) - 1) ** 2).mean()),
    "this norm is the largest coordinate": penalty(end=lambda g: ((g.norm(float("inf"), dim=1) - 1) ** 2).mean()),
}


def with_grad_outputs(critic, real, fake, mix):
    between = (fake + mix * (real - fake)).requires_grad_(True)
    output = critic(between)
    g = grad(output, between, grad_outputs=torch.ones_like(output), create_graph=True, retain_graph=True)[0]
    return (torch.sqrt((g.view(len(g), -1) ** 2).sum(dim=1) + 1e-12) - 1).pow(2).mean()


def backward_to_inputs(critic, real, fake, mix):
    between = (fake + mix * (real - fake)).requires_grad_(True)
    critic(between).sum().backward(inputs=[between], create_graph=True)
    return ((1 - torch.linalg.vector_norm(between.grad, dim=-1)) ** 2).sum() / len(real)


RIGHT_PENALTIES = [penalty(), with_grad_outputs, backward_to_inputs]


def inside_autograd(critic, c):
    for p in critic.parameters():
        p.clamp_(-c, c)


def renamed(critic, c):
    for p in critic.parameters():
        p = p.clamp(-c, c)  # noqa: PLW2901 - the mistake


def gradients(critic, c):
    for p in critic.parameters():
        p.grad.clamp_(-c, c)


def gradient_norm(critic, c):
    clip_grad_norm_(critic.parameters(), max_norm=c)


def new_parameters(critic, c):
    for module in critic.modules():
        for name, p in list(module.named_parameters(recurse=False)):
            setattr(module, name, torch.nn.Parameter(torch.clamp(p.data, -c, c)))


def frozen(critic, c):
    for p in critic.parameters():
        p.requires_grad = False
        p.clamp_(-c, c)


def one_vector(critic, c):
    vector = parameters_to_vector(critic.parameters()).detach()
    vector_to_parameters(vector * c / vector.norm(), critic.parameters())


def by_type(critic, c):
    for layer in critic.modules():
        if isinstance(layer, torch.nn.Linear):
            layer.weight.data.clamp_(-c, c)
            layer.bias.data.clamp_(-c, c)


def whole_state(critic, c):
    critic.load_state_dict({name: tensor.clamp(-c, c) for name, tensor in critic.state_dict().items()})


def then_zero_grad(critic, c):
    by_data(critic, c)
    for p in critic.parameters():
        p.grad = None


def in_eval(critic, c):
    critic.eval()
    by_data(critic, c)


def in_place(change, name=""):
    @torch.no_grad()
    def answer(critic, c):
        for key, p in critic.named_parameters():
            if name in key:
                p.copy_(change(p, c))

    return answer


CLIP_WEIGHTS = {
    "autograd would record this step": inside_autograd,
    "nothing changed": renamed,
    "this clips the gradients": gradients,
    "this shortens the gradients": gradient_norm,
    "only the upper bound": in_place(lambda p, c: p.clamp_max(c)),
    "only the lower bound": in_place(lambda p, c: p.clamp_min(-c)),
    "the lower bound is 0": in_place(lambda p, c: p.clamp(0, c)),
    "the biases were left out": in_place(lambda p, c: p.clamp(-c, c), "weight"),
    "only the biases were clipped": in_place(lambda p, c: p.clamp(-c, c), "bias"),
    "each layer was scaled down": in_place(lambda p, c: p * min(1, c / p.abs().max())),
    "each layer was shortened": in_place(lambda p, c: p / max(1, p.norm() / c)),
    "all weights together were shortened": one_vector,
    "every weight became c or -c": in_place(lambda p, c: torch.sign(p) * c),
    "weights outside became 0": in_place(lambda p, c: torch.where(p.abs() > c, 0.0, p)),
    "the bound is 0.01": in_place(lambda p, c: p.clamp(-0.01, 0.01)),
    "the layers hold new parameters": new_parameters,
    "but frozen": frozen,
    "only the linear layers": by_type,
    "the running statistics of batch norm": whole_state,
    "gradients were wiped: `zero_grad()`": then_zero_grad,
    "was left in evaluation mode": in_eval,
}


def by_data(critic, c):
    for p in critic.parameters():
        p.data = p.data.clamp(-c, c)


def by_data_in_place(critic, c):
    for p in critic.parameters():
        p.data.clamp_(-c, c)


def as_vector(critic, c):
    vector_to_parameters(parameters_to_vector(critic.parameters()).clamp(-c, c).detach(), critic.parameters())


RIGHT_CLIPS = [by_data, by_data_in_place, as_vector, in_place(lambda p, c: p.clamp(min=-c, max=c))]
