"""The capstone's `split`: rows for training, validation and test, with the tutorial's defects."""

import torch
from torch import Tensor

from course_utils.exercises.capstone.left_alone import left_alone
from course_utils.exercises.capstone.repair import Defect, Repair
from course_utils.exercises.checker import Observation
from course_utils.exercises.watched import SEEDED


def split(originals, seed):
    """The original of each picture (N,) in; rows out: for training, and a seventh each for validation and test."""
    units = torch.arange(len(originals))
    order = units[torch.randperm(len(units))]
    n = len(order) // 7
    train = order
    validation = order[:n]
    test = order[:n]
    return train, validation, test


SIZES = ((70, 3), (105, 4))  # originals, variations of each


def observe_split(function) -> Observation:
    """What the three parts have in common, and whether the seed decides them; which originals they hold is open."""
    seen = {}
    for count, copies in SIZES:
        shuffle = torch.Generator().manual_seed(count)
        originals = torch.arange(count).repeat_interleave(copies) + 7  # no row is its own original
        originals = originals[torch.randperm(len(originals), generator=shuffle)]
        parts = [rows(part) for part in function(originals, 3)]
        seen[f"the torch state after a split of {len(originals)}"] = left_alone(3)
        again = [rows(part) for part in function(originals, 3)]
        other = [rows(part) for part in function(originals, 4)]
        seen |= {f"{name} of {len(originals)} pictures": found for name, found in about(parts, originals).items()}
        seen[f"a second split of {len(originals)} pictures with the same seed"] = compared(parts, again)
        seen[f"a split of {len(originals)} pictures with another seed"] = compared(parts, other)
    return seen


def rows(part) -> Tensor:
    """Rows in order, from rows or from a mask, in a tensor, an array or a list."""
    part = torch.as_tensor(part)
    return part.nonzero().flatten() if part.dtype == torch.bool else part.long().flatten().sort().values


def compared(parts: list[Tensor], others: list[Tensor]) -> str:
    return "the same" if all(torch.equal(a, b) for a, b in zip(parts, others)) else "another one"


def about(parts: list[Tensor], originals: Tensor) -> Observation:
    """How the parts of pictures lie to each other."""
    train, validation, test = parts
    held_out = torch.cat([validation, test])
    counts = [str(part.unique().numel()) for part in parts]
    return {
        "the numbers of pictures for training, validation and test": ", ".join(counts),
        "what training shares with validation and test": shared(train, held_out),
        "what validation shares with test": shared(validation, test),
        "what each part gets of an original, in a split": families(parts, originals),
        "pictures that are in no part": "some" if torch.cat(parts).unique().numel() < len(originals) else "none",
        "pictures that are twice in a part": "some" if any(len(p) > len(p.unique()) for p in parts) else "none",
    }


def shared(a: Tensor, b: Tensor) -> str:
    return "pictures" if torch.isin(a, b).any() else "no picture"


def families(parts: list[Tensor], originals: Tensor) -> str:
    """Say whether every part holds all variations of an original, or none."""
    inside = [torch.isin(torch.arange(len(originals)), part) for part in parts]
    whole = all(not (mask & torch.isin(originals, originals[~mask])).any() for mask in inside)
    return "all of its variations or none" if whole else "some of its variations"


check_split = Repair(
    split,
    observe_split,
    {
        "siblings": Defect(
            1,
            {
                "torch.arange(len(originals))": "originals.unique()",
                "return train, validation, test": (
                    "return [torch.isin(originals, part).nonzero().flatten() for part in (train, validation, test)]"
                ),
            },
            "variations of one original fall into several parts, so that nearly every test picture has a sibling among "
            "the training pictures: it is originals that are to be drawn, not pictures.",
            {
                "return train, validation, test": (
                    "these are originals, and rows are asked for: of each part take "
                    "`torch.isin(originals, part).nonzero().flatten()`."
                ),
            },
            slips_at=1,
        ),
        "leak": Defect(
            10,
            {"train = order\n": "train = order[2 * n :]\n"},
            "the training part holds the validation and test pictures too, so that a model is scored on what it "
            "learned by heart.",
        ),
        "overlap": Defect(
            7,
            {"test = order[:n]": "test = order[n : 2 * n]"},
            "validation and test hold the same pictures, so that what was chosen on the one is quoted on the other.",
            {
                "test = order[n:]": "the test part now reaches to the end of `order`, into what training uses: it has "
                "`n` entries.",
            },
        ),
        "seed": Defect(
            3,
            {"torch.randperm(len(units))": "torch.randperm(len(units), generator=torch.Generator().manual_seed(seed))"},
            "the seed is not used: every call splits anew, and a test picture of today was a training picture "
            "yesterday.",
        ),
    },
    hints={
        SEEDED: "it sets the random numbers of everything that runs after it: draw from a generator of its own, "
        "`torch.Generator().manual_seed(seed)`."
    },
)
