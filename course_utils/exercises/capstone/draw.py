"""The capstone's `draw`, with the tutorial's defects."""

import torch
from torch import Tensor, nn

from course_utils.exercises.capstone.left_alone import left_alone
from course_utils.exercises.capstone.noise import tails
from course_utils.exercises.capstone.players import frozen, mode
from course_utils.exercises.capstone.repair import Defect, Repair
from course_utils.exercises.checker import Observation


def draw(decoder, n, seed):
    """A generator or decoder with `latent_dim`, a number and a seed in; n pictures in [0, 1] out."""
    torch.manual_seed(seed)
    z = torch.rand(n, decoder.latent_dim)
    pictures = decoder(z).sigmoid()
    return pictures


class Recorder(nn.Module):
    """A decoder with batch norm that adds its codes and its mode to `calls`, and so do its copies."""

    def __init__(self, latent_dim: int, calls: list[tuple[Tensor, str]]):
        super().__init__()
        torch.manual_seed(0)
        self.latent_dim = latent_dim
        self.layers = nn.Sequential(nn.Linear(latent_dim, 9), nn.BatchNorm1d(9), nn.Unflatten(1, (1, 3, 3)))
        self.note = lambda *call: calls.append(call)  # a function, which a deep copy shares

    def forward(self, z: Tensor) -> Tensor:
        self.note(z.detach(), mode(self))
        return self.layers(z)


def observe_draw(function) -> Observation:
    """The codes, what became of them, and what drawing has changed."""
    seen = {}
    for n, latent_dim in ((2000, 5), (3000, 4)):
        calls = []
        decoder = Recorder(latent_dim, calls)
        pictures = function(decoder, n, 3)
        state, mode_after, weights_after = left_alone(3), mode(decoder), frozen(decoder)
        running_mean = decoder.layers[1].running_mean.clone()
        z, mode_then = torch.cat([codes for codes, _ in calls]), calls[-1][1]
        calls.clear()
        again = function(decoder, n, 3).detach()
        repeated = torch.equal(torch.cat([codes for codes, _ in calls]), z)
        other = function(decoder, n, 4).detach()
        resting = Recorder(latent_dim, []).eval()
        function(resting, 8, 3)
        seen |= {
            f"the shape of {n} pictures": str(tuple(pictures.shape)),
            f"the codes of {n} pictures": distribution(z),
            f"the tails of the codes of {n} pictures": tails(z),
            f"the mode of the decoder while it drew {n} pictures": mode_then,
            f"the mode of the decoder after {n} pictures": mode_after,
            f"the mode of a decoder of {latent_dim} numbers that came in evaluation mode": mode(resting),
            f"the weights of the decoder after {n} pictures": weights_after,
            f"the running mean of batch norm after {n} pictures": running_mean,
            f"{n} more with the same seed": "the same" if repeated else "others",
            f"{n} with another seed": "the same" if torch.equal(again, other) else "others",
            f"the random numbers of torch after {n} pictures": state,
            f"the graph that {n} pictures drag along": "one" if pictures.requires_grad else "none",
            f"what became of {n} codes": fate(decoder, z, pictures.detach()),
        }
    return seen


def distribution(z: Tensor) -> str:
    """The distribution of codes, so coarse that every seed gives the same."""
    low, mean, spread = z.min(), z.mean(), z.std()
    return f"mean {mean.abs():.1f}, spread {spread:.1f}, {'' if low < -0.1 else 'none '}below 0"


def fate(decoder: Recorder, z: Tensor, pictures: Tensor) -> str:
    """Say what was done to the decoder's output, in either mode; training comes last, for it leaves traces."""
    with torch.no_grad():
        outputs = [decoder.layers.train(training)(z) for training in (False, True)]
    if any(torch.allclose(output.sigmoid(), pictures, atol=1e-4) for output in outputs):
        return "pictures, through a sigmoid"
    return "raw output" if any(torch.allclose(output, pictures, atol=1e-4) for output in outputs) else "something else"


check_draw = Repair(
    draw,
    observe_draw,
    {
        "seed": Defect(
            None,
            {
                "    torch.manual_seed(seed)\n": "    noise = torch.Generator().manual_seed(seed)\n",
                "decoder.latent_dim)": "decoder.latent_dim, generator=noise)",
            },
            "drawing sets the random numbers of everything after it, so that looking at pictures in the middle of a "
            "training changes the training: a generator of its own does not.",
        ),
        "prior": Defect(
            5,
            {"torch.rand(": "torch.randn("},
            "the codes are uniform in [0, 1), one corner of the prior: the model was trained for draws from N(0, I).",
        ),
        "mode": Defect(
            None,
            {
                "    pictures = decoder(z).sigmoid()\n": (
                    "    was = decoder.training\n    decoder.eval()\n    pictures = decoder(z).sigmoid()\n"
                    "    decoder.train(was)\n"
                )
            },
            "the decoder draws in the mode that it comes in: in training mode, batch norm makes each picture depend on "
            "its neighbours, and its statistics move with every look. (Afterwards it should have its old mode.)",
            {
                "    decoder.eval()\n    pictures = decoder(z).sigmoid()\n": (
                    "the decoder is left in evaluation mode, and trains on in it: put back the mode that it had, with "
                    "`decoder.train(was)`."
                ),
                "    decoder.eval()\n    pictures = decoder(z).sigmoid()\n    decoder.train()\n": (
                    "the decoder is in training mode afterwards, whichever it had: keep `was = decoder.training`, and "
                    "put that back with `decoder.train(was)`."
                ),
            },
        ),
        "graph": Defect(
            3,
            {"def draw(": "@torch.no_grad()\ndef draw("},
            "the pictures drag along the graph that made them, which fills the memory: nobody learns from a look.",
        ),
    },
)
