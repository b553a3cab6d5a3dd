"""The capstone's `compare`, with the tutorial's defects."""

import torch
from scipy.stats import t
from torch import Tensor

from course_utils.exercises.capstone.repair import Defect, Repair
from course_utils.exercises.checker import Observation, several


def compare(gan, vae, least):
    """Scores (S,) of S seeds each, lower is better, and the least lead that matters in; interval and winner out."""
    lead = (gan[:, None] - vae).flatten()
    quantile = 1.96
    half = quantile * lead.std() / len(lead)
    low, high = lead.mean() - half, lead.mean() + half
    winner = "VAE" if high > least else "GAN"
    return low, high, winner


def observe_compare(function) -> Observation:
    """Both ends of the interval and the winner, for leads that are large, small, and undecided."""
    seen = {}
    for name, (gan, vae) in made_up().items():
        low, high, winner = function(gan, vae, 0.25)
        ends = several((low, high), "low, high")
        seen |= {f"the {end} end for {name}": each for end, each in zip(("lower", "upper"), ends)}
        seen[f"the winner for {name}"] = str(winner)
    return seen


def made_up() -> dict[str, tuple[Tensor, Tensor]]:
    """Scores of both families, in which the seeds have a spread in common."""
    shared = torch.tensor([0.0, 0.9, 0.3, 1.4, 0.5], dtype=torch.float64)
    own = torch.tensor([0.1, -0.2, 0.15, 0.05, -0.1], dtype=torch.float64)
    eight = torch.linspace(-1, 1, 8, dtype=torch.float64)
    return {
        "a VAE that is far ahead": (6 + shared, 2 + shared + own),
        "a GAN that is far ahead": (2 + shared + own, 4 + shared),
        "a lead that may be luck": (2 + shared, 1.7 + shared + 3 * own),
        "a lead too small to matter": (2 + shared, 1.9 + shared + own / 4),
        "eight seeds": (5 + eight**2, 5.2 + eight),
    }


def as_two_groups(gan, vae, least):
    """What is right where runs are not paired: the spreads of both groups, pooled."""
    n = len(gan)
    lead = gan.mean() - vae.mean()
    half = t.ppf(0.975, 2 * n - 2) * ((gan.var() + vae.var()) / n) ** 0.5
    low, high = lead - half, lead + half
    return low, high, "VAE" if low > least else "GAN" if high < -least else "undecided"


check_compare = Repair(
    compare,
    observe_compare,
    {
        "pairs": Defect(
            5,
            {"(gan[:, None] - vae).flatten()": "gan - vae"},
            "every run of the GAN is compared with every run of the VAE, so that 5 runs pass for 25: runs are paired "
            "by their seed.",
            {"vae - gan": "this is the GAN's lead: lower scores are better, so the VAE leads by gan - vae."},
        ),
        "quantile": Defect(
            None,
            {"quantile = 1.96": "quantile = t.ppf(0.975, len(lead) - 1)"},
            "1.96 is for a spread that is known: with a handful of runs it is an estimate, and Student's t is wider.",
            {
                "quantile = t.ppf(0.95, len(lead) - 1)": (
                    "this is the interval of 90 %: a twentieth is to be left over on both sides together."
                ),
                "quantile = t.ppf(0.975, len(lead))": "Student's t has one degree of freedom less than there are runs.",
            },
        ),
        "root": Defect(
            None,
            {"lead.std() / len(lead)": "lead.std() / len(lead) ** 0.5"},
            "the error of a mean shrinks with the *root* of the number of runs: this interval is far too narrow.",
            {
                "lead.std()": (
                    "this is the spread of the runs: that of their mean is smaller by the root of their number."
                ),
            },
        ),
        "undecided": Defect(
            7,
            {
                'winner = "VAE" if high > least else "GAN"': (
                    'winner = "VAE" if low > least else "GAN" if high < -least else "undecided"'
                )
            },
            "the VAE wins as soon as a lead cannot be excluded, and nobody can ever draw: a winner's whole interval "
            "lies beyond the least lead, and otherwise it is undecided.",
            {
                'winner = "VAE" if low > least else "GAN"': (
                    "the GAN wins now whenever the VAE does not: it has to be ahead by as much, its end of the "
                    "interval below `-least`, and otherwise it is undecided."
                ),
                'winner = "VAE" if low > 0 else "GAN" if high < 0 else "undecided"': (
                    "`least` is not used: a lead that is certain may still be too small to matter."
                ),
            },
        ),
    },
    mistakes={
        as_two_groups: "this is the interval for two groups of runs that have nothing in common: run s of both "
        "families shares its seed, so take the difference within each pair."
    },
)
