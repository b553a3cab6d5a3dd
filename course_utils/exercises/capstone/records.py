"""The recorded runs of the capstone: what the tutorial scores with many seeds, published and mended."""

import json
import pathlib

import torch
from torch import Tensor

RECORD = pathlib.Path(__file__).parents[3] / "benchmarks" / "results" / "capstone.jsonl"
CONFIRMING = 100  # the first of the seeds that the lesson quotes


def runs(arm: str) -> list[dict]:
    """The recorded runs of the confirming seeds, "published" or "mended", in the order of their seeds."""
    lines = [json.loads(line) for line in RECORD.read_text(encoding="utf-8").splitlines()]
    found = [line for line in lines if line["job"][0] == arm and line["job"][1] >= CONFIRMING]
    return sorted(found, key=lambda line: line["job"][1])


def quoted(arm: str) -> dict[str, Tensor]:
    """The scores that the tutorial quotes for "GAN" and "VAE", one for each seed: (S,) each."""
    return {name: torch.tensor([line["quoted"][name] for line in runs(arm)]) for name in ("GAN", "VAE")}


def pair(arm: str) -> tuple[Tensor, Tensor]:
    """The quoted scores of GAN and VAE, paired by their seeds: (S,), (S,)."""
    found = quoted(arm)
    return found["GAN"], found["VAE"]


def fitted() -> Tensor:
    """The scores of the mended VAE with a fitted prior, × floor: (S,)."""
    return torch.tensor([line["fitted"] for line in runs("mended")])


def factors() -> dict[str, Tensor]:
    """How many times as far from real digits the GAN is as the VAE, by seed (S,): by what was left as published."""
    lines = [json.loads(line) for line in RECORD.read_text(encoding="utf-8").splitlines()]
    arms = dict.fromkeys(line["job"][0] for line in lines)
    return {arm.removeprefix("all but "): torch.div(*pair(arm)) for arm in arms}
