"""Mode coverage in the plane by the protocol of PacGAN: a plain GAN, every cure, and the best combination.

    python benchmarks/modes_2d.py
    python benchmarks/modes_2d.py "plain GAN" "best combination, longer"
    python benchmarks/modes_2d.py leave-one-out ring

Ring of 8 Gaussians (sigma 0.01) and 5 × 5 grid (sigma 0.05), 100,000 training points, z in two dimensions, 2,500
samples: a sample within 3 sigma of its nearest mode is of high quality, a mode with one such sample is captured; KL is
that of the high-quality counts to uniform; a run that diverges has none of any. Ten seeds, mean ± standard error. The
networks and the training are ours and shorter (three layers of 128; 4,000 steps of 128, or 14,000 of 256 in the rows
named "longer"); PacGAN's were 400,000 steps of 100. Cures have the strengths of cures.py, which were chosen for a wider
ring; those of the best combination were chosen on seeds 2 and 4 of the grid. "leave-one-out" leaves one of its five
cures out at a time, short on the ring, long on the grid, seed after seed: stop it whenever you like. Writes to
benchmarks/results: modes_2d.jsonl and leave_one_out.jsonl, one line a run (recorded runs are not repeated), with the
seconds of one core that its training took, and modes_2d.md, the table. All rows take an hour and a half; or name some.
"""

import math
import statistics
import sys
import time

import torch
from cures import CURES, score, train
from environment import RESULTS, run_missing, store

from course_utils import points
from course_utils.metrics import mode_coverage
from course_utils.plumbing.history import DivergenceError

SEEDS = 10
PERFECT = "perfect samples"
PLAIN = {"hidden": (128, 128, 128), "betas": (0.5, 0.999)}
BEST = {"betas": (0.0, 0.99), "r1_weight": 0.1, "discriminator_lr": 2e-3, "average": 0.99, "schedule": "linear"}
MIXTURES = {"ring": points.ring(), "grid": points.grid()}
ROWS = {
    "plain GAN": {},
    "plain GAN, longer": {},
    "plain GAN with PacGAN's momentum, longer": {"betas": (0.8, 0.999)},
    "best combination": BEST,
    "best combination, longer": BEST,
}
ROWS |= {name: cure for name, cure in CURES.items() if name not in ("none", "non-saturating")}
WITHOUT = {  # what is left out of the best combination, and the setting that takes its place
    "no momentum": {"betas": PLAIN["betas"]},
    "two learning rates": {"discriminator_lr": 1e-3},
    "R1": {"r1_weight": 0.0},
    "averaging": {"average": 0.0},
    "falling rates": {"schedule": "constant"},
}
LEFT_OUT = {f"without {name}{length}": BEST | cure for length in ("", ", longer") for name, cure in WITHOUT.items()}
PUBLISHED = {  # modes, high quality, KL on the ring, then on the grid: VEEGAN's (2017) table 1, PacGAN's (2018) table 1
    "VEEGAN's plain GAN": ("1", "99.3", "", "3.3", "0.5", ""),
    "VEEGAN": ("8", "52.9", "", "24.6", "40", ""),
    "VEEGAN's unrolled GAN": ("7.6", "35.6", "", "23.6", "16", ""),
    "PacGAN's plain GAN": ("6.3 ± 0.5", "98.2 ± 0.2", "0.45 ± 0.09", "17.3 ± 0.8", "94.8 ± 0.7", "0.70 ± 0.07"),
    "PacGAN2": ("7.9 ± 0.1", "95.6 ± 2.0", "0.07 ± 0.03", "23.8 ± 0.7", "91.3 ± 0.8", "0.13 ± 0.04"),
    "PacGAN4": ("7.8 ± 0.1", "95.9 ± 1.4", "0.07 ± 0.02", "24.8 ± 0.2", "93.6 ± 0.6", "0.04 ± 0.01"),
}


def run(job: list) -> dict:
    """Train one row on one mixture with one seed, on one core."""
    row, mixture, seed = job
    torch.set_num_threads(1)
    steps, batch_size = (14_000, 256) if row.endswith("longer") else (4000, 128)
    goal = MIXTURES[mixture]
    data = goal.sample(100_000, seed)
    start = time.process_time()
    try:
        found = score(train(data, seed, steps, batch_size, PLAIN | (ROWS | LEFT_OUT)[row]), goal, seed)
    except DivergenceError:
        found = {"modes": 0, "high_quality": 0.0, "kl": math.log(len(goal.centres)), "diverged": True}
    return {"job": job, "seconds": time.process_time() - start} | found


def perfect(mixture: str) -> list[dict]:
    """The scores of ten sets of real points."""
    goal = MIXTURES[mixture]
    return [mode_coverage(goal.sample(2500, 1000 + seed), goal.centres, goal.sigma) for seed in range(SEEDS)]


def mean_and_error(values: list[float], digits: int) -> str:
    """The mean and its standard error as text."""
    error = statistics.stdev(values) / math.sqrt(len(values))
    return f"{statistics.mean(values):.{digits}f} ± {error:.{digits}f}"


def table(rows: list[str], runs: list[dict]) -> str:
    """The table in Markdown, the published rows last."""
    found = {(PERFECT, mixture): perfect(mixture) for mixture in MIXTURES}
    for line in runs:
        row, mixture, _ = line["job"]
        found.setdefault((row, mixture), []).append(line)
    heading = "| | ring: modes of 8 | high quality, % | KL | grid: modes of 25 | high quality, % | KL |"
    lines = [heading, "|---" * 7 + "|"]
    for row in [PERFECT, *rows]:
        cells = []
        for mixture in MIXTURES:
            scores = found[row, mixture]
            cells.append(mean_and_error([score["modes"] for score in scores], 1))
            cells.append(mean_and_error([100 * score["high_quality"] for score in scores], 1))
            cells.append(mean_and_error([score["kl"] for score in scores], 3))
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    for row, cells in PUBLISHED.items():
        lines.append(f"| *{row}* | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def leave_one_out(mixture: str) -> None:
    """Run the combination without each of its cures, seed after seed: short on the ring, long on the grid."""
    names = [row for row in LEFT_OUT if row.endswith("longer") == (mixture == "grid")]
    jobs = [[row, mixture, seed] for seed in range(SEEDS) for row in names]
    run_missing(run, jobs, RESULTS / "leave_one_out.jsonl")


def main() -> None:
    if sys.argv[1:2] == ["leave-one-out"]:
        return leave_one_out(sys.argv[2])
    rows = sys.argv[1:] or list(ROWS)
    if unknown := [row for row in rows if row not in ROWS]:
        sys.exit(f"expected rows among {', '.join(ROWS)}, got {unknown[0]!r}")
    jobs = [[row, mixture, seed] for row in rows for mixture in MIXTURES for seed in range(SEEDS)]
    found = table(rows, run_missing(run, jobs, RESULTS / "modes_2d.jsonl"))
    store(RESULTS / "modes_2d.md", found + "\n")
    print(found)


if __name__ == "__main__":
    main()
