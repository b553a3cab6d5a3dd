"""Exercise of lesson 10: train on synthetic, test on real, without a leak."""

import torch
from torch import Tensor

from course_utils.exercises.checker import Exercise, Observation, value
from course_utils.exercises.lesson_10.trained import Trained, probe

SEEDS = {24: [4, 9, 8, 0], 36: [13, 35, 26, 1, 3]}  # rows of a probe: seeds, whose accuracies differ
HOW_OFTEN = "the number of generators for {} seeds"
LEARNED = "the images that the generator learned from, of {},"
ASKED = "the images that the classifier was asked about, of {},"
TAUGHT = "the images that the classifier was taught, of {},"
ONCE = (
    "`generate` was not called once for every seed: train a generator for every seed, inside the loop, and pass it "
    "that seed."
)


def observe_tstr(function) -> Observation:
    """What the generator and the classifier saw, and the accuracy, for two sets of originals."""
    seen: Observation = {}
    for n, seeds in SEEDS.items():
        images, labels, originals, held_out = probe(n)
        trained = Trained()
        result = function(images, labels, originals, held_out, trained.generate, trained.classify, seeds)
        seen[HOW_OFTEN.format(len(seeds))] = str(len(trained.learned))
        seen[LEARNED.format(n)] = joined(trained.learned)
        seen[ASKED.format(n)] = joined(trained.asked)
        seen[TAUGHT.format(n)] = joined(trained.taught)
        seen[f"the accuracy over {len(seeds)} seeds"] = value(result)
    return seen


def joined(calls: list[Tensor]) -> Tensor | str:
    """The calls in one row, whatever their order."""
    return torch.cat(sorted(calls, key=lambda call: (len(call), call.tolist()))) if calls else "no image at all"


def by_original(originals: Tensor, held_out: Tensor) -> Tensor:
    return torch.isin(originals, held_out)


def by_row(originals: Tensor, held_out: Tensor) -> Tensor:
    test = torch.zeros(len(originals), dtype=torch.bool)
    test[-len(held_out) :] = True
    return test


def one_row_each(originals: Tensor, held_out: Tensor, which: int = 0) -> Tensor:
    test = torch.zeros(len(originals), dtype=torch.bool)
    for original in held_out:
        test[(originals == original).nonzero()[which]] = True
    return test


def last_row_each(originals: Tensor, held_out: Tensor) -> Tensor:
    return one_row_each(originals, held_out, -1)


def half_of_the_rows(originals: Tensor, held_out: Tensor) -> Tensor:
    return torch.arange(len(originals)) >= len(originals) // 2


def share_right(guesses: Tensor, truth: Tensor) -> Tensor:
    return (guesses == truth).float().mean()


def balanced(guesses: Tensor, truth: Tensor) -> Tensor:
    return torch.stack([share_right(guesses[truth == c], truth[truth == c]) for c in truth.unique()]).mean()


def mean(found: list[Tensor]) -> Tensor:
    return torch.stack(found).mean()


def changed(
    split=by_original,
    learn=lambda x, y, test: (x[~test], y[~test]),
    teach=lambda x, y, test, fake: fake,
    ask=lambda x, y, test, fake: (x[test], y[test]),
    score=share_right,
    over=mean,
    seeds=lambda seeds: seeds,
    one_generator=False,
):
    """The protocol with one thing changed."""

    def protocol(x, y, originals, held_out, generate, classify, each_of):
        test = split(originals, held_out)
        found = []
        for seed in seeds(each_of):
            fake = generate(*learn(x, y, test), seeds(each_of)[0] if one_generator else seed)
            asked, truth = ask(x, y, test, fake)
            found.append(score(classify(*teach(x, y, test, fake), asked), truth))
        return over(found)

    return protocol


def tstr(x, y, originals, held_out, generate, classify, seeds):
    return changed()(x, y, originals, held_out, generate, classify, seeds)


def with_rows(which):
    """Teach the synthetic images, and real ones of these rows."""
    return lambda x, y, test, fake: (torch.cat([x[which(test)], fake[0]]), torch.cat([y[which(test)], fake[1]]))


def trained_once(x, y, originals, held_out, generate, classify, seeds):
    test = by_original(originals, held_out)
    fake = generate(x[~test], y[~test], seeds[0])
    return mean([share_right(classify(*fake, x[test]), y[test]) for _ in seeds])


def pooled(x, y, originals, held_out, generate, classify, seeds):
    test = by_original(originals, held_out)
    fakes = [generate(x[~test], y[~test], seed) for seed in seeds]
    return share_right(classify(*(torch.cat(parts) for parts in zip(*fakes)), x[test]), y[test])


def own_labels(x, y, test, fake):
    return fake[0], y[~test][: len(fake[1])]


ALL_SEEN = (
    "the generator learned from all rows, those of the test too: what it repeats of them the classifier then knows. "
    "Give `generate` the rows that are not held out."
)
ROWS = (
    "the split is by row: another variation of a test image is in training. `held_out` has numbers of *originals*; "
    "`torch.isin(originals, held_out)` finds all their rows."
)
ONE_ROW_EACH = (
    "one row of each held-out original is in the test, and its other variations are in training, which is a leak: "
    "`torch.isin(originals, held_out)` finds all rows of an original."
)
TAUGHT_TEST = (
    "the classifier was taught the rows that it is tested on, which is a leak: teach it the images that `generate` "
    "returned, and no others."
)
MEDIAN = "this is the median of the seeds: the exercise asks for the mean."
ONE_A_SEED = "this is one accuracy a seed: return their mean, one number."
HINTS = {
    LEARNED: (
        "the generator learned from other rows than it should: give it all rows of the originals that are not held "
        "out, and no variation of a held-out one."
    ),
    ASKED: (
        "the classifier was asked about other rows than it should be: for every seed, ask about all rows of the "
        "held-out originals, and no others."
    ),
    TAUGHT: (
        "the classifier was taught other images than it should be: for every seed, teach one the images that "
        "`generate` returned for that seed, and no others."
    ),
}

check_tstr = Exercise(
    tstr,
    observe_tstr,
    {
        changed(learn=lambda x, y, test: (x, y)): ALL_SEEN,
        changed(learn=lambda x, y, test: (x[test], y[test])): (
            "the generator learned from the test images: give it the others, `x[~test]` and `y[~test]`."
        ),
        changed(split=lambda originals, held_out: ~by_original(originals, held_out)): (
            "the parts are exchanged: the held-out originals are for the test, all others for the generator."
        ),
        changed(split=by_row): ROWS,
        changed(split=half_of_the_rows): ROWS,
        changed(split=one_row_each): ONE_ROW_EACH,
        changed(split=last_row_each): ONE_ROW_EACH,
        changed(split=lambda originals, held_out: torch.isin(torch.arange(len(originals)), held_out)): (
            "`held_out` was compared with the numbers of rows: it holds numbers of originals, so compare it with "
            "`originals`."
        ),
        changed(over=lambda found: torch.stack(found).max()): (
            "this is the best seed, chosen by its accuracy on the test, which leaks: return the mean over all seeds."
        ),
        changed(over=lambda found: torch.stack(found).min()): (
            "this is the worst seed: return the mean over all seeds."
        ),
        changed(over=lambda found: torch.stack(found).median()): MEDIAN,
        changed(over=lambda found: torch.stack(found).quantile(0.5)): MEDIAN,
        changed(over=lambda found: torch.stack(found).sum()): (
            "the accuracies were added up: divide by the number of seeds."
        ),
        changed(over=lambda found: torch.stack(found)): ONE_A_SEED,
        changed(over=lambda found: torch.stack(found).numpy()): ONE_A_SEED,
        changed(over=list): "this is a list of accuracies, one a seed: return their mean.",
        trained_once: ONCE,
        pooled: (
            "one classifier learned the images of all seeds together: teach one for every seed, and return the mean "
            "of their accuracies."
        ),
        changed(seeds=lambda seeds: seeds[:1]): (
            "only the first seed ran: one run is an anecdote, so average over all of `seeds`."
        ),
        changed(seeds=lambda seeds: seeds[-1:]): (
            "only the last seed counts: one run is an anecdote, so average over all of `seeds`."
        ),
        changed(over=lambda found: found[-1]): (
            "all seeds ran, and the last one alone was returned: collect the accuracies, and return their mean."
        ),
        changed(over=lambda found: found[0]): (
            "the function returned after the first seed: collect the accuracies, and return after the loop."
        ),
        changed(one_generator=True): "every run has the same seed: give `generate` each of `seeds` in turn.",
        changed(teach=lambda x, y, test, fake: (x[~test], y[~test])): (
            "the classifier learned from real images, so the synthetic ones play no part: this is train on real, test "
            "on real, the number to compare with."
        ),
        changed(teach=with_rows(lambda test: ~test)): (
            "the classifier learned from real *and* synthetic images: that is augmentation, another question. TSTR "
            "teaches it synthetic ones alone."
        ),
        changed(teach=with_rows(lambda test: test)): TAUGHT_TEST,
        changed(teach=with_rows(lambda test: test | True)): TAUGHT_TEST,
        changed(teach=lambda x, y, test, fake: (x[test], y[test])): TAUGHT_TEST,
        changed(teach=own_labels): (
            "the synthetic images got the labels of real rows: `generate` returns the labels that belong to them."
        ),
        changed(ask=lambda x, y, test, fake: fake): (
            "the classifier was tested on the synthetic images that it had just learned: the R in TSTR means real."
        ),
        changed(teach=lambda x, y, test, fake: (x[~test], y[~test]), ask=lambda x, y, test, fake: fake): (
            "this is TRTS, train on real, test on synthetic: exchange the two."
        ),
        changed(ask=lambda x, y, test, fake: (x[~test], y[~test])): (
            "the test images are those that the generator learned from: ask about the held-out originals."
        ),
        changed(ask=lambda x, y, test, fake: (x, y)): (
            "the test is on all rows, those of the generator's training too: ask about the held-out originals alone."
        ),
        changed(score=balanced): (
            "this is the balanced accuracy, the mean over classes: count right guesses over all test images, whatever "
            "their class."
        ),
        changed(score=lambda guesses, truth: (guesses != truth).float().mean()): (
            "this is the share of errors: count where guess and label are equal."
        ),
        changed(score=lambda guesses, truth: (guesses == truth).float().sum()): (
            "this is a number of images: divide by how many were asked."
        ),
        changed(score=lambda guesses, truth: 100 * (guesses == truth).float().mean()): (
            "this is in per cent: return a share between 0 and 1."
        ),
    },
    {HOW_OFTEN.format(len(seeds)): ONCE for seeds in SEEDS.values()}
    | {name.format(n): sentence for name, sentence in HINTS.items() for n in SEEDS},
)
