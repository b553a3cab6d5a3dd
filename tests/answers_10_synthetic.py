"""Answers to lesson 10 as learners write them: wrong ones, each under a part of its message, and right ones."""

import numpy as np
import torch

from course_utils.exercises import lesson_10


def written(learn="train", teach="fake", ask="test", split=None, score=None, over=None, which=slice(None), fixed=False):
    """The protocol as a learner writes it, with one thing changed."""

    def answer(x, y, originals, held_out, generate, classify, seeds):
        test = split(originals, held_out) if split else torch.isin(originals, held_out)
        parts = {"train": (x[test == 0], y[test == 0]), "test": (x[test], y[test]), "all": (x, y)}
        total = []
        for seed in seeds[which]:
            parts["fake"] = generate(*parts[learn], seeds[0] if fixed else seed)
            parts["both"] = tuple(torch.cat(pair) for pair in zip(parts["train"], parts["fake"]))
            parts["leaky"] = tuple(torch.cat(pair) for pair in zip(parts["fake"], parts["test"]))
            parts["relabelled"] = parts["fake"][0], parts["train"][1][: len(parts["fake"][1])]
            asked, truth = parts[ask]
            guesses = classify(*parts[teach], asked)
            total.append(score(guesses, truth) if score else (guesses == truth).double().mean().item())
        return over(total) if over else sum(total) / len(total)

    return answer


def by_position(originals, held_out):
    test = torch.zeros(len(originals), dtype=torch.bool)
    test[len(originals) - len(held_out) :] = True
    return test


def with_row_numbers(originals, held_out):
    test = [row in held_out.tolist() for row in range(len(originals))]
    return torch.tensor(test)


def at_the_first(x, y, originals, held_out, generate, classify, seeds):
    test = torch.isin(originals, held_out)
    found = []
    for seed in seeds:
        guesses = classify(*generate(x[~test], y[~test], seed), x[test])
        found.append((guesses == y[test]).float().mean())
    return found[0]


def one_of_each(originals, held_out):
    rows = [originals.tolist().index(original) for original in held_out.tolist()]
    return torch.isin(torch.arange(len(originals)), torch.tensor(rows))


def generator_outside(x, y, originals, held_out, generate, classify, seeds):
    test = torch.isin(originals, held_out)
    fake, named = generate(x[~test], y[~test], 5)
    return np.mean([(classify(fake, named, x[test]) == y[test]).float().mean().item() for seed in seeds])


def one_classifier(x, y, originals, held_out, generate, classify, seeds):
    test = torch.isin(originals, held_out)
    made = [generate(x[~test], y[~test], seed) for seed in seeds]
    fake, named = torch.cat([images for images, _ in made]), torch.cat([labels for _, labels in made])
    return (classify(fake, named, x[test]) == y[test]).float().mean()


def per_class(guesses, truth):
    return np.mean([(guesses[truth == c] == c).float().mean().item() for c in set(truth.tolist())])


TSTR = {
    "the generator learned from all rows": written("all"),
    "the generator learned from the test images": written("test"),
    "the parts are exchanged": written(split=lambda originals, held_out: ~torch.isin(originals, held_out)),
    "the split is by row": written(split=by_position),
    "one row of each held-out original": written(split=one_of_each),
    "numbers of rows": written(split=with_row_numbers),
    "this is the best seed": written(over=max),
    "this is the worst seed": written(over=min),
    "this is the median": written(over=lambda found: torch.tensor(found).median()),
    "the accuracies were added up": written(over=sum),
    "this is one accuracy a seed": written(over=torch.tensor),
    "this is a list of accuracies": written(over=list),
    "was not called once for every seed": generator_outside,
    "one classifier learned": one_classifier,
    "only the first seed ran": written(which=slice(1)),
    "only the last seed counts": written(which=slice(-1, None)),
    "the last one alone was returned": written(over=lambda found: found[-1]),
    "the function returned after the first seed": at_the_first,
    "every run has the same seed": written(fixed=True),
    "the synthetic ones play no part": written(teach="train"),
    "that is augmentation": written(teach="both"),
    "taught the rows that it is tested on": written(teach="leaky"),
    "got the labels of real rows": written(teach="relabelled"),
    "the R in TSTR means real": written(ask="fake"),
    "this is TRTS": written(teach="train", ask="fake"),
    "the test images are those that the generator learned from": written(ask="train"),
    "the test is on all rows": written(ask="all"),
    "this is the balanced accuracy": written(score=per_class),
    "this is the share of errors": written(score=lambda guesses, truth: 1 - (guesses == truth).double().mean()),
    "this is a number of images": written(score=lambda guesses, truth: int((guesses == truth).sum())),
    "this is in per cent": written(over=lambda found: 100 * sum(found) / len(found)),
}


def with_lists(x, y, originals, held_out, generate, classify, seeds):
    kept = set(held_out.tolist())
    test = [row for row, original in enumerate(originals.tolist()) if original in kept]
    train = [row for row, original in enumerate(originals.tolist()) if original not in kept]
    fakes = [generate(x[train], y[train], seed) for seed in seeds]
    return np.mean([np.mean((classify(a, b, x[test]) == y[test]).numpy()) for a, b in fakes])


def pooled(x, y, originals, held_out, generate, classify, seeds):
    test = (originals[:, None] == held_out).any(1)
    right = [classify(*generate(x[~test], y[~test], seed), x[test]) == y[test] for seed in seeds]
    return torch.cat(right).float().mean()


EXERCISES = lesson_10
WRONG = {"tstr": TSTR}
RIGHT = [("tstr", written()), ("tstr", with_lists), ("tstr", pooled)]
