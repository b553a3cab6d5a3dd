"""Exercise of lesson 09: one sweep of pseudo-Gibbs, which fills a gap by a code drawn from the encoder."""

import torch
from torch import Tensor, nn

from course_utils.exercises.checker import Exercise, Observation, altered, value

SIZES = (3, 5)  # images in a probe
LATENT = 4
GRADIENT = "whether the fill-in carries a gradient"


def made_networks() -> tuple[nn.Module, nn.Module]:
    """An encoder x to (mu, logvar) and a decoder z to probabilities, small and sure enough to tell codes apart."""
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 2 * LATENT))
    decoder = nn.Sequential(nn.Linear(LATENT, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28)))
    with torch.no_grad():
        layers[1].weight *= 3
        decoder[0].weight *= 2

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = layers

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return self.layers(x).chunk(2, dim=1)

    return Encoder(), decoder


def observe_gibbs_sweep(function) -> Observation:
    """What a sweep returns for two batches, pixels at random and the lower half away."""
    encoder, decoder = made_networks()
    noise = torch.Generator().manual_seed(1)
    seen = {}
    for n in SIZES:
        x = torch.rand(n, 1, 28, 28, generator=noise)
        mask = (torch.rand(x.shape, generator=noise) < 0.6).float()
        if n == SIZES[-1]:
            mask[:, :, :14], mask[:, :, 14:] = 1, 0
        result = function(x, mask, encoder, decoder, torch.randn(n, LATENT, generator=noise))
        seen[f"the filled images of a batch of {n}"] = value(result)
        learns = isinstance(result, Tensor) and result.requires_grad
        seen[GRADIENT] = "a gradient" if learns else "no gradient"
    return seen


def drawn(mu: Tensor, logvar: Tensor, eps: Tensor) -> Tensor:
    return mu + (0.5 * logvar).exp() * eps


def put_back(x: Tensor, mask: Tensor, p: Tensor) -> Tensor:
    return mask * x + (1 - mask) * p


def sweep_with(
    x, mask, encoder, decoder, eps, *, look=lambda x, mask: x, draw=drawn, decode=lambda p: p, join=put_back
):
    """A sweep with one thing changed."""
    with torch.no_grad():
        return join(x, mask, decode(decoder(draw(*encoder(look(x, mask)), eps))))


def gibbs_sweep(x: Tensor, mask: Tensor, encoder, decoder, eps: Tensor) -> Tensor:
    return sweep_with(x, mask, encoder, decoder, eps)


def with_gradients(x, mask, encoder, decoder, eps):
    return put_back(x, mask, decoder(drawn(*encoder(x), eps)))


def in_halves(x, mask, encoder, decoder, eps):
    mu, logvar = encoder(x).chunk(2, 1)
    with torch.no_grad():
        return put_back(x, mask, decoder(drawn(mu, logvar, eps)))


STD = "`logvar` is the log of the variance: its standard deviation is `(0.5 * logvar).exp()`."
AGAIN = "`decoder` gives probabilities already: a second sigmoid squeezes them between 0.5 and 0.73."
OWN_NOISE = "the noise is drawn anew: use `eps`, which the caller drew."
EMPTIED = (
    "the gap was emptied before encoding: x comes with a fill-in, that of the sweep before, and the encoder should see "
    "it."
)

check_gibbs_sweep = Exercise(
    gibbs_sweep,
    observe_gibbs_sweep,
    {
        altered(sweep_with, join=lambda x, mask, p: p): (
            "the seen pixels were overwritten: put those of x back, and keep what was decoded in the gap only."
        ),
        altered(sweep_with, join=lambda x, mask, p: (1 - mask) * x + mask * p): (
            "the mask is inverted: it is 1 where a pixel is seen, and there x stays."
        ),
        altered(sweep_with, join=lambda x, mask, p: (1 - mask) * p): ("the seen pixels are 0 now: add `mask * x`."),
        altered(sweep_with, join=lambda x, mask, p: x + (1 - mask) * p): (
            "the new fill-in was added on top of the old one: in the gap, it replaces what was there."
        ),
        altered(sweep_with, join=lambda x, mask, p: mask * x + p): (
            "decoded pixels were added to seen ones: multiply what was decoded by `1 - mask` first."
        ),
        altered(sweep_with, join=lambda x, mask, p: (x + p) / 2): (
            "this is halfway between x and what was decoded, everywhere: the mask chooses one or the other."
        ),
        altered(sweep_with, join=lambda x, mask, p: x): "nothing changed: x came back as it was, the old fill-in too.",
        altered(sweep_with, join=lambda x, mask, p: mask * x): "the gap is black: fill it with the decoded pixels.",
        altered(sweep_with, draw=lambda mu, logvar, eps: mu): (
            "this is the mean code, not a draw: add the standard deviation times `eps`. Without noise a sweep always "
            "returns to the same answer."
        ),
        altered(sweep_with, draw=lambda mu, logvar, eps: mu + logvar.exp() * eps): STD,
        altered(sweep_with, draw=lambda mu, logvar, eps: mu + logvar * eps): STD,
        altered(sweep_with, draw=lambda mu, logvar, eps: mu + logvar.exp().sqrt().sqrt() * eps): STD,
        altered(sweep_with, draw=lambda mu, logvar, eps: mu + eps): (
            "every code got noise of standard deviation 1: it is the encoder that says how sure it is, by `logvar`."
        ),
        altered(sweep_with, draw=lambda mu, logvar, eps: eps): (
            "this code is pure noise, a draw of the prior: it has not looked at the image."
        ),
        altered(sweep_with, draw=lambda mu, logvar, eps: (0.5 * logvar).exp() * eps): (
            "the mean `mu` is missing: a draw is mean plus standard deviation times noise."
        ),
        altered(sweep_with, draw=lambda mu, logvar, eps: mu - (0.5 * logvar).exp() * eps): (
            "the noise is subtracted: that is a draw as well, but not the one that belongs to this `eps`."
        ),
        altered(sweep_with, draw=lambda mu, logvar, eps: drawn(mu, logvar, torch.randn_like(mu))): OWN_NOISE,
        altered(sweep_with, draw=lambda mu, logvar, eps: drawn(logvar, mu, eps)): (
            "mean and log-variance are exchanged: the encoder returns `mu, logvar`, in this order."
        ),
        altered(sweep_with, look=lambda x, mask: x * mask): EMPTIED,
        altered(sweep_with, look=lambda x, mask: x * (1 - mask)): (
            "the encoder saw the old fill-in alone: it needs the seen pixels too, so give it x."
        ),
        altered(sweep_with, look=lambda x, mask: mask): "the encoder was given the mask, not the image.",
        altered(sweep_with, decode=torch.sigmoid): AGAIN,
        altered(sweep_with, decode=torch.round): (
            "the pixels were rounded to 0 and 1: the exercise fills in the probabilities."
        ),
        altered(sweep_with, decode=torch.bernoulli): (
            "the pixels were drawn as 0 or 1: the exercise fills in the probabilities."
        ),
        in_halves: "this encoder returns `mu, logvar` already: leave out `chunk`.",
        with_gradients: (
            "the fill-in carries a gradient, and after twenty sweeps a graph through all of them: write "
            "`with torch.no_grad():`."
        ),
    },
)
