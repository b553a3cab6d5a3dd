"""Made-up fights between GAN and VAE, written as the benchmarks write them."""

import json
import pathlib
from collections.abc import Sequence

from course_utils.comparison.records import Cell, Fight, Run


def write_lines(path: pathlib.Path, lines: Sequence[dict]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def write_fight(
    folder: pathlib.Path,
    real: dict,
    runs: Sequence[Run],
    cells: Sequence[Cell],
    candidates: Sequence[dict],
    step_seconds: dict[str, float],
    dataset: str = "digits",
) -> Fight:
    """Write the recorded files of a fight and read them."""
    lines = [{"job": ["real", dataset]} | real]
    for run in runs:
        lines.append({"job": ["fight", dataset, run.arm, run.seed]} | run.measures)
    for cell in cells:
        lines.append({"job": ["grid", dataset, cell.family, cell.rate, cell.batch_size, cell.seed]} | cell.measures)
    write_lines(folder / f"fight_{dataset}.jsonl", lines)
    write_lines(folder / "search_vae_digits.jsonl", candidates)
    (folder / "fight_costs.json").write_text(json.dumps({"step_seconds": step_seconds}))
    return Fight(folder, dataset)
