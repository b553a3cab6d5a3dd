"""The capstone's `choose`, with the tutorial's defects."""

import torch
from torch import Tensor

from course_utils.exercises.capstone.repair import Defect, Repair
from course_utils.exercises.checker import Observation, several


def choose(validation, test):
    """Scores (S, K) of S seeds at K stages of training in; the best stage, and the score to quote for it, out."""
    stage = test.amin(0).argmin()
    return stage, test[:, stage].min()


def observe_choose(function) -> Observation:
    """Stage and score for made-up runs, in which every way to choose finds another stage."""
    seen = {}
    for runs, (validation, test) in made_up().items():
        stage, quoted = several(function(validation, test), "stage, score")
        seen |= {f"the stage for {runs}": stage, f"the score to quote for {runs}": quoted}
    return seen


def made_up() -> dict[str, tuple[Tensor, Tensor]]:
    """Scores on validation and test pictures.

    In the first, ten ways to choose find ten stages: by mean, minimum, maximum, median, by the wrong axis, by the
    highest mean, on validation or on test pictures.
    """
    validation = torch.tensor(
        [
            [5.7, 4.0, 1.4, 6.5, 1.1, 5.2, 6.6, 4.3, 2.6, 5.0],
            [4.6, 2.7, 5.1, 2.2, 6.8, 6.1, 1.7, 6.7, 1.4, 4.9],
            [4.8, 3.4, 3.6, 6.6, 3.9, 3.2, 2.6, 1.2, 5.6, 4.8],
        ]
    )
    test = torch.tensor(
        [
            [5.6, 6.1, 3.7, 1.6, 4.9, 3.4, 6.6, 2.5, 6.1, 1.9],
            [4.8, 4.7, 6.8, 3.3, 2.2, 2.1, 3.8, 6.8, 2.7, 2.1],
            [1.0, 5.0, 2.7, 6.1, 3.2, 2.8, 5.3, 6.5, 4.9, 6.7],
        ]
    )
    alone = torch.tensor([[5.0, 3.0, 3.5]]), torch.tensor([[4.0, 3.3, 2.9]])
    return {"three seeds at ten stages": (validation, test), "one seed at three stages": alone}


def by_the_median(validation, test):
    """Another fair way to choose and to quote."""
    stage = validation.median(0).values.argmin()
    return stage, test[:, stage].median()


check_choose = Repair(
    choose,
    observe_choose,
    {
        "on test": Defect(
            7,
            {"stage = test": "stage = validation"},
            "the stage is chosen by its score on the test pictures, the ones that are quoted: the best of several is "
            "partly luck, and quoting it there keeps the luck. Choose on validation.",
        ),
        "luckiest seed": Defect(
            4,
            {"amin(0)": "mean(0)"},
            "each stage is represented by its luckiest seed: a stage is as good as its mean over the seeds.",
            {
                "mean(1)": "this is the mean over the stages, one for each seed: seeds are the first axis.",
                "median(0).values": "the median is a fair judge of a stage too; this tutorial reports means.",
            },
        ),
        "best run": Defect(
            4,
            {"test[:, stage].min()": "test[:, stage].mean()"},
            "the score that is quoted is that of the best run: who trains one model gets the mean, not the minimum.",
            {
                "validation[:, stage].mean()": (
                    "the score that is quoted is the one that the stage was chosen by, which is too good: quote the "
                    "test pictures'."
                ),
                "test[:, stage].median()": "the median is a fair number to quote too; this tutorial reports means.",
            },
        ),
    },
    mistakes={by_the_median: "the median is a fair judge of a stage, and fair to quote; this tutorial reports means."},
)
