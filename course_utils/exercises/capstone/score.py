"""The capstone's `score`, with the tutorial's defects."""

import torch
from torch import Tensor, nn

from course_utils.exercises.capstone.repair import Defect, Repair
from course_utils.exercises.checker import Observation, several


def score(generator, encoder, decoder, draw, distance, parts, seed):
    """Networks, `draw`, a distance of two sets of pictures, and the three parts in; GAN × floor, VAE × floor out."""
    train, validation, test = parts
    real = train
    unit = 1.0
    gan = draw(generator, len(test) // 5, seed)
    vae = decoder(encoder(test).chunk(2, dim=1)[0]).sigmoid()
    return distance(gan, real) / unit, distance(vae, real) / unit


def known_distance(a: Tensor, b: Tensor) -> float:
    """A number that tells which pictures were compared, and how many of each."""
    return abs(a.detach().mean().item() - b.mean().item()) + len(a) / 7 + len(b) / 11


def known_draw(network: nn.Module, n: int, seed: int) -> Tensor:
    """Pictures that tell which network drew them, with which seed."""
    return torch.full((n, 1, 2, 2), network.level + 0.01 * seed)


class Level(nn.Module):
    """A network that gives one grey for everything."""

    def __init__(self, level: float, shape: tuple[int, ...]):
        super().__init__()
        self.level, self.shape = level, shape

    def forward(self, x: Tensor) -> Tensor:
        return torch.full((len(x), *self.shape), self.level)


def observe_score(function) -> Observation:
    """Both scores for parts of two sizes."""
    networks = Level(0.3, (1, 2, 2)), Level(0.5, (6,)), Level(0.9, (1, 2, 2))
    seen = {}
    for n, seed in ((20, 1), (35, 2)):
        parts = [torch.full((size, 1, 2, 2), grey) for size, grey in ((9 * n, 0.05), (n, 0.2), (n, 0.35))]
        found = several(function(*networks, known_draw, known_distance, parts, seed), "gan, vae")
        seen |= {f"the score of the {name} on {n} pictures": each for name, each in zip(("GAN", "VAE"), found)}
    return seen


def beside_validation(generator, encoder, decoder, draw, distance, parts, seed):
    """The mended score with validation and test the wrong way round."""
    _, validation, test = parts
    unit = distance(test, validation)
    gan, vae = (draw(network, len(test), seed) for network in (generator, decoder))
    return distance(gan, validation) / unit, distance(vae, validation) / unit


check_score = Repair(
    score,
    observe_score,
    {
        "training pictures": Defect(
            1,
            {"real = train": "real = test"},
            "the samples are compared with the training pictures, and a model that copies those scores best.",
            {"real = validation": "the samples are compared with the validation pictures, which are for choosing."},
        ),
        "floor": Defect(
            1,
            {"unit = 1.0": "unit = distance(validation, real)"},
            "a raw distance says nothing by itself: real pictures do not score 0 either. Divide by the floor, what "
            "other real pictures score: those of the validation part.",
            {
                "unit = distance(train[: len(test)], real)": (
                    "the floor is taken from training pictures, which the features were learned from: take the "
                    "validation part."
                ),
                "unit = distance(test[: len(test) // 2], test[len(test) // 2 :])": (
                    "the floor is taken from halves of a part, and few pictures make a distance larger: compare the "
                    "validation part with the test part."
                ),
                "unit = distance(train, real)": (
                    "the floor is taken from training pictures, which the features were learned from, and of which "
                    "there are more: take the validation part."
                ),
            },
        ),
        "few samples": Defect(
            1,
            {"len(test) // 5": "len(test)"},
            "the GAN is scored with a fifth of the samples: few samples make the distance larger, whoever drew them.",
        ),
        "reconstructions": Defect(
            6,
            {"decoder(encoder(test).chunk(2, dim=1)[0]).sigmoid()": "draw(decoder, len(test), seed)"},
            "the VAE's pictures are reconstructions of the very test pictures that they are compared with, not "
            "samples: draw codes from the prior, as for the GAN.",
            {
                "decoder(encoder(train).chunk(2, dim=1)[0]).sigmoid()": (
                    "these are reconstructions of training pictures, not samples: draw codes from the prior."
                ),
                "draw(decoder, len(test) // 5, seed)": (
                    "a fifth of the samples for both is fair to the families and unfair to the floor: few samples make "
                    "a distance larger, so draw as many as there are test pictures."
                ),
            },
        ),
    },
    mistakes={
        beside_validation: "the samples are compared with the validation pictures, which are for choosing: the score "
        "is that beside the test part."
    },
)
