"""The capstone's `vae_step`, with the tutorial's defects."""

import torch
from torch import Tensor, nn

from course_utils.exercises.capstone.players import frozen, mode
from course_utils.exercises.capstone.repair import Defect, Repair
from course_utils.exercises.checker import Observation, value, weights


def vae_step(encoder, decoder, optimizer, reparameterize, vae_loss, x, beta):
    """Both networks, their optimizer, the two functions from above, pictures in [0, 1] and β in; both move once."""
    decoder.eval()
    mu, logvar = encoder(x).chunk(2, dim=1)
    z = reparameterize(mu, logvar)
    loss = vae_loss(decoder(mu), x, mu, logvar, beta / len(x))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


BATCHES = {"first": 6, "second": 4}


def known_code(mu: Tensor, logvar: Tensor) -> Tensor:
    """A code with noise that is the same at each call."""
    return mu + (0.5 * logvar).exp() * torch.linspace(-1, 1, mu.numel()).view_as(mu)


def known_loss(output: Tensor, x: Tensor, mu: Tensor, logvar: Tensor, beta: float) -> Tensor:
    """A loss that tells what it was given."""
    return (output - x).square().sum() + beta * (mu.square().sum() + 0.7 * logvar.exp().sum())


def observe_vae_step(function) -> Observation:
    """What two steps did to an encoder and a decoder with batch norm."""
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(16, 4), nn.Tanh())
    layers = (nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 16), nn.Unflatten(1, (1, 4, 4)))
    decoder = nn.Sequential(*layers)
    optimizer = torch.optim.SGD([*encoder.parameters(), *decoder.parameters()], 0.011, momentum=0.6)
    noise = torch.Generator().manual_seed(1)
    seen = {}
    for name, n in BATCHES.items():
        x = torch.rand(n, 1, 4, 4, generator=noise)
        before = weights(encoder), weights(decoder)
        loss = function(encoder, decoder, optimizer, known_code, known_loss, x, 0.3)
        seen |= {
            f"the loss that the {name} step returns": value(loss),
            f"the mode of the decoder after the {name} step": mode(decoder),
            f"the mode of the encoder after the {name} step": mode(encoder),
            f"the weights of both after the {name} step": frozen(nn.ModuleList([encoder, decoder])),
            f"the running mean of batch norm after the {name} step": decoder[1].running_mean.clone(),
            f"the encoder's move in the {name} step": weights(encoder) - before[0],
            f"the decoder's move in the {name} step": weights(decoder) - before[1],
        }
    return seen


check_vae_step = Repair(
    vae_step,
    observe_vae_step,
    {
        "mode": Defect(
            None,
            {"    decoder.eval()\n": ""},
            "the decoder trains in evaluation mode and stays there: its batch norm never learns its statistics.",
        ),
        "mean": Defect(
            5,
            {"decoder(mu)": "decoder(z)"},
            "the decoder gets the means, not codes drawn around them: this is an autoencoder, which never practises "
            "what lies between the codes.",
        ),
        "beta": Defect(
            6,
            {"beta / len(x)": "beta"},
            "β is divided by the number of pictures, though the loss is a mean over them already: another batch size "
            "trains another model.",
            {"beta * len(x)": "β is multiplied with the number of pictures now: it does not depend on the batch."},
        ),
    },
)
