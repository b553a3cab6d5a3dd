"""Do two processes learn what one learns from a batch twice as large, and how much faster are they?

    python benchmarks/processes.py weights
    python benchmarks/processes.py speed    # on an idle machine

The same weights: models of the digits train on 32 images a step, in one process, in two with 16 each, in one that
takes two turns of 16 (`accumulate=2`), and, as a control, in two that do not average. Whatever the number of parts, the
whole step sees the same rows and noise, which takes a trick (tests/shares.py): in a course's run every process has its
own. A line has the largest difference of a weight from the one process, over its largest weight, after 1, 10 and 100
steps. The speed: images per second of all processes together, in rounds in which the ways take turns; beside it, of two
processes that do not talk.
Writes benchmarks/results/processes.json; recorded models are not repeated.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from unittest import mock

import torch
from environment import RESULTS, ROOT, describe, store
from torch import Tensor, nn

from course_utils import data, networks
from course_utils.gan import GAN
from course_utils.hybrids import VAEGAN, BiGAN
from course_utils.plumbing.distributed import Team
from course_utils.training import fit, seed_everything
from course_utils.vae import VAE

sys.path.insert(0, str(ROOT / "tests"))
from shares import Shares

AFTER = (1, 10, 100)
BATCH, ROUNDS = 32, 3
RATES = {"generator_lr": 2e-3, "discriminator_lr": 2e-3}
COLOUR = (3, 64, 64)
MODELS = {
    "GAN, R1": lambda: GAN(
        networks.ConvGenerator(16), networks.ConvDiscriminator(), r1_weight=1.0, penalty_every=8, **RATES
    ),
    "WGAN-GP, n_critic 2": lambda: GAN(
        networks.ConvGenerator(16), networks.ConvDiscriminator(), "wasserstein", gp_weight=10.0, n_critic=2
    ),
    "VAE": lambda: VAE(networks.ConvEncoder(16), networks.ConvGenerator(16)),
    "VAE-GAN": lambda: VAEGAN(networks.ConvEncoder(16), networks.ConvGenerator(16), networks.ConvDiscriminator()),
    "BiGAN": lambda: BiGAN(
        networks.ConvEncoder(16), networks.ConvGenerator(16), networks.PairDiscriminator(16), stochastic=True
    ),
    "GAN, batch norm": lambda: GAN(networks.ConvGenerator(16, batch_norm=True), networks.ConvDiscriminator(), **RATES),
    "GAN, 64×64 colour": lambda: GAN(
        networks.ConvGenerator(shape=COLOUR), networks.ConvDiscriminator(shape=COLOUR), r1_weight=1.0, penalty_every=8
    ),
}
WAYS = {  # processes, parts of a step in each, and whether gradients are averaged
    "one process": (1, 1, True),
    "two processes": (2, 1, True),
    "two turns": (1, 2, True),
    "two processes, no average": (2, 1, False),
}
FAST = ("GAN, R1", "VAE", "GAN, 64×64 colour")
SPEEDS = {  # processes, threads in each, and whether they are one team
    "one process, one thread": (1, 1, True),
    "one process, two threads": (1, 2, True),
    "two processes, one thread each": (2, 1, True),
    "two that do not talk": (2, 1, False),
}


def new_model(name: str) -> nn.Module:
    seed_everything(0)
    return MODELS[name]()


def weights_of(name: str, way: str, dtype: torch.dtype) -> list[Tensor]:
    """All weights as one vector, after 1, 10 and 100 steps of this process's share of the batch."""
    processes, turns, averages = WAYS[way]
    parts, model = processes * turns, new_model(name).to(dtype)
    x = data.load("digits").train.to(dtype)
    apart = mock.patch.multiple(Team, before_step=lambda *_: None, mean=lambda team, window: window)
    if not averages:
        apart.start()
    with Shares(model, parts, int(os.environ["RANK"]) * turns, turns):
        settings = {"steps": AFTER[-1], "snapshots": AFTER, "device": "cpu"}
        history = fit(model, x, batch_size=BATCH // parts, accumulate=turns, **settings)
    names = [name for name, _ in model.named_parameters()]
    return [torch.cat([history.snapshots[step][name].flatten() for name in names]) for step in AFTER]


def speed_of(name: str, steps: int = 100) -> float:
    """How many images a second this process trains on, 16 a step; they are noise."""
    images = torch.rand(1000, *(COLOUR if "colour" in name else networks.IMAGE))
    for n in (10, steps):  # the first ones warm up
        start = time.perf_counter()
        fit(new_model(name), images, steps=n, batch_size=16, device="cpu")
    return 16 * steps / (time.perf_counter() - start)


def work(what: str, name: str, way: str, folder: str) -> None:
    """Do what one process is there for, and leave the result in a file."""
    told = speed_of(name) if what == "speed" else weights_of(name, way, getattr(torch, what))
    torch.save(told, f"{folder}/{os.environ['RANK']}.pt")


def together(processes: int, threads: int, team: bool, *words: str) -> list:
    """Start this script in several processes, as torchrun does if they are a team; return what each has left."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        told = {"WORLD_SIZE": str(processes if team else 1), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        told |= {"OMP_NUM_THREADS": str(threads)}
        command = [sys.executable, __file__, *words, folder]
        runs = [subprocess.Popen(command, env=os.environ | told | {"RANK": str(i)}) for i in range(processes)]
        if any([run.wait() for run in runs]):
            raise RuntimeError(f"expected {' '.join(command)} to end well, it did not")
        return [torch.load(f"{folder}/{i}.pt", weights_only=True) for i in range(processes)]


def differences(name: str, dtype: str) -> list[dict]:
    """How far each way is from the one process, after 1, 10 and 100 steps."""
    lines, whole = [], None
    for way, (processes, _, _) in WAYS.items():
        replicas = together(processes, 1, True, dtype, name, way)
        whole = whole or replicas[0]
        apart = [((a - b).abs().max() / b.abs().max()).item() for a, b in zip(replicas[0], whole)]
        same = all(map(torch.equal, replicas[0], replicas[-1]))
        lines.append({"model": name, "dtype": dtype, "way": way, "apart": apart, "replicas_equal": same})
        print(lines[-1], flush=True)
    return lines


def speeds(name: str) -> list[dict[str, float]]:
    """Images per second of all processes together, for each way a round."""
    rounds = []
    for _ in range(ROUNDS):
        ways = SPEEDS.items()
        rounds.append({way: sum(together(*layout, "speed", name, way)) for way, layout in ways})
        print(name, rounds[-1], flush=True)
    return rounds


def main() -> None:
    if len(sys.argv) == 5:  # one of several processes
        work(*sys.argv[1:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("weights", "speed"))
    what = parser.parse_args().what
    path = RESULTS / "processes.json"
    result = json.loads(path.read_text()) if path.exists() else {"weights": [], "speed": {}}
    seen = {(line["model"], line["dtype"]) for line in result["weights"]}
    for name in MODELS:
        if what == "speed" and name in FAST and name not in result["speed"]:
            result["speed"][name] = {"rounds": speeds(name), "environment": describe()}
        for dtype in ("float64", "float32"):
            if what == "weights" and "colour" not in name and (name, dtype) not in seen:
                result["weights"] += differences(name, dtype)
        store(path, json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
