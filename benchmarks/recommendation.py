"""What should a visitor see next? A VAE beside popularity, neighbours, SVD and one matrix inverse (lesson 09).

    python benchmarks/recommendation.py search             # beta, on validation visitors, seed 0
    python benchmarks/recommendation.py msweb --seeds 5    # all methods

The data are the visits to www.microsoft.com of `load_msweb`, which says where its file comes from and belongs. Each
seed holds out 1,000 visitors for validation and 1,000 for the test, all with five areas or more, and hides a fifth of
each one's areas. Methods learn from the others who opened two areas or more. Popularity has no setting; k of the
neighbours, d of the SVD, and the weight of EASE are chosen for each seed by NDCG@100 on its validation visitors, and
the VAE's beta by the search. The seeds begin at 100: the search never saw them.
Results go to benchmarks/results/recommendation_*; recorded runs are not repeated.
"""

import functools

from environment import run_job, run_jobs

from course_utils.applications import recommendation as rec
from course_utils.training import fit, seed_everything

FIRST = 100  # the first seed of the recorded runs
HELD_OUT = 1000
STEPS, BATCH = 5000, 200
LEAST = 2  # areas of a visitor to learn from: one alone says nothing of what goes together
BETA = 0.01
BETAS = (0.003, 0.01, 0.03, 0.1)


def parts_of(seed: int) -> rec.Parts:
    x, _ = rec.load_msweb()
    return rec.split_users(x[x.sum(1) >= LEAST], HELD_OUT, seed)


def trained(parts: rec.Parts, seed: int, **settings):
    """A VAE that learned from the training users."""
    seed_everything(seed)
    vae = rec.mult_vae(parts.train.shape[1], **settings)
    fit(vae, parts.train, steps=STEPS, batch_size=BATCH, seed=seed, schedule="linear")
    return vae


def shared(ours, theirs, seen) -> float:
    """The share of the ten recommended that two lists have in common."""
    lists = (rec.top(scores, seen, 10)[:, :, None] for scores in (ours, theirs))
    first, second = lists
    return float((first == second.mT).any(2).float().mean())


def arm(dataset: str, name: str, seed: int) -> dict:
    """Train every method on the users of one seed; the measures on its test users."""
    parts = parts_of(seed)
    train, seen = parts.train, parts.test_seen
    scores = {"popularity": rec.by_popularity(train, seen)}
    settings = {
        "item-kNN": (rec.by_neighbours, rec.NEIGHBOURS),
        "SVD": (rec.by_svd, rec.SVD_SIZES),
        "EASE": (rec.by_ease, rec.EASE_WEIGHTS),
    }
    chosen = {method: rec.best_setting(how, values, parts) for method, (how, values) in settings.items()}
    scores |= {method: how(train, seen, chosen[method]) for method, (how, _) in settings.items()}
    scores |= {f"EASE, {weight}": rec.by_ease(train, seen, weight) for weight in rec.EASE_WEIGHTS}
    vae = trained(parts, seed, beta=BETA)
    scores["Mult-VAE"] = rec.by_vae(vae, seen)
    scores["Mult-VAE, drawn"] = rec.by_vae(vae, seen, seed=1)
    scores["Mult-DAE"] = rec.by_vae(trained(parts, seed, stochastic=False), seen)
    scores["Mult-VAE, beta 1"] = rec.by_vae(trained(parts, seed, beta=1.0), seen)
    line = {method: rec.measured(found, parts) for method, found in scores.items()}
    forgot = {f"{method}, unmasked": rec.measured(scores[method], parts, mask=False) for method in ("Mult-VAE", "EASE")}
    line["Mult-VAE, drawn"]["shared"] = shared(scores["Mult-VAE"], scores["Mult-VAE, drawn"], seen)
    return line | forgot | {"chosen": chosen}


def candidate(dataset: str, beta: float, seed: int) -> dict:
    """NDCG@100 on the validation users with one beta."""
    parts = parts_of(seed)
    scores = rec.by_vae(trained(parts, seed, beta=beta), parts.seen)
    return {"ndcg100": float(rec.ndcg(scores, parts.hidden, parts.seen))}


run = functools.partial(run_job, {"arm": arm, "candidate": candidate})


def jobs_of(what: str, seeds: int) -> list[list]:
    if what == "search":
        return [["candidate", "msweb", beta, 0] for beta in BETAS]
    return [["arm", what, "unseen", FIRST + seed] for seed in range(seeds)]


def main() -> None:
    run_jobs(__doc__, run, jobs_of, "recommendation_{}.jsonl", ("search", "msweb"))


if __name__ == "__main__":
    main()
