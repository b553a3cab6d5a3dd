"""How fast do images reach a model, in how much memory, and does a stopped training resume exactly?

    python benchmarks/streaming.py

Draws 4,000 colour pictures of 64×64 pixels, then lets `fit` see them in batches of 64: from a tensor in memory, from a
file of floats, from a file of bytes (`data.pack_folder`), as PNG files through a DataLoader, and, where they are
installed, through `datasets` with a StatefulDataLoader, and `webdataset`. The model is one number, so that nearly all
time goes into the data, the look at them before the first step included. Each way is a process of one thread. Memory is
what the process holds at its end beyond its libraries and cannot give back, in MB; what is mapped is not in it. A run
is stopped after half of its steps, in the middle of an epoch, resumed, and compared with one that was not, to the last
bit; the steps since its last save are taken once more. Writes benchmarks/results/streaming.json.
"""

import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
from environment import RESULTS, describe, store
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from course_utils import data, training

PICTURES, SIZE, BATCH, STEPS = 4000, 64, 64, 200
WAYS = ("tensor", "file of floats", "file of bytes", "PNG files", "datasets", "webdataset")


class Mean(nn.Module):
    """A model of one number, the mean of all pixels."""

    def __init__(self):
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(()))

    def make_optimizers(self):
        return {"mean": torch.optim.SGD(self.parameters(), 0.1)}

    def training_step(self, batch, optimizers: dict, step: int) -> dict[str, Tensor]:
        loss = (self.mean - batch.mean()) ** 2
        optimizers["mean"].zero_grad()
        loss.backward()
        optimizers["mean"].step()
        return {"loss": loss.detach()}


class Files(Dataset):
    """PNG files, each read when it is asked for."""

    def __init__(self, folder: pathlib.Path):
        self.files = sorted(folder.glob("*.png"))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> Tensor:
        return floats(Image.open(self.files[i]))


def floats(picture: Image.Image) -> Tensor:
    """Return a picture as (C, H, W) in [0, 1]."""
    return torch.from_numpy(np.array(picture)).movedim(2, 0).float().div_(255)


def pictures_of(rows: list[dict[str, bytes]]) -> Tensor:
    """Return the pictures of rows as one batch."""
    return torch.stack([floats(Image.open(io.BytesIO(row["image"]))) for row in rows])


def draw(folder: pathlib.Path) -> None:
    """Write blurred noise as PNG files, as bytes, as floats, and as a tar file."""
    rng = np.random.default_rng(0)
    (folder / "png").mkdir()
    for i in range(PICTURES):
        small = Image.fromarray(rng.integers(256, size=(8, 8, 3), dtype=np.uint8))
        small.resize((SIZE, SIZE), Image.Resampling.BICUBIC).save(folder / "png" / f"{i:05}.png")
    packed = data.pack_folder(folder / "png", folder / "packed", SIZE, colour=True)
    (packed.train.float() / 255).numpy().tofile(folder / "floats")
    subprocess.run(["tar", "--sort=name", "-cf", folder / "all.tar", "-C", folder / "png", "."], check=True)


def open_data(way: str, folder: pathlib.Path):
    """Return data for `fit` in one of the ways; raises ImportError where a library is missing."""
    packed = data.load_packed(folder / "packed").train
    if way == "tensor":
        return packed.float() / 255
    if way == "file of bytes":
        return packed
    if way == "file of floats":
        return torch.from_file(str(folder / "floats"), shared=True, size=packed.numel()).view(packed.shape)
    if way == "PNG files":
        return DataLoader(Files(folder / "png"), BATCH, shuffle=True, drop_last=True)
    if way == "datasets":
        import datasets
        from torchdata.stateful_dataloader import StatefulDataLoader
        from torchdata.stateful_dataloader.sampler import RandomSampler

        columns = {"image": [file.read_bytes() for file in Files(folder / "png").files]}
        # Without a fingerprint it would pickle what pyarrow 26 cannot.
        table = datasets.Dataset(datasets.table.InMemoryTable.from_pydict(columns), fingerprint="pictures")
        own = RandomSampler(table, generator=torch.Generator().manual_seed(0))
        return StatefulDataLoader(table, BATCH, sampler=own, drop_last=True, collate_fn=pictures_of)
    import webdataset

    stream = webdataset.WebDataset(str(folder / "all.tar"), shardshuffle=False).shuffle(1000).decode("torchrgb")
    return DataLoader(stream.to_tuple("png").map(lambda row: row[0]), BATCH)


def held() -> float:
    """Return the memory that this process holds and that is not a file's, in MB."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def train(images, checkpoint: str | None = None, stop: int | None = None) -> Tensor:
    """Return the model's number after the steps, or stop the training in the middle of one."""
    plain_step, moves = torch.optim.SGD.step, []

    def step(optimizer, closure=None):
        plain_step(optimizer, closure)
        moves.append(1)
        if len(moves) == stop:
            raise KeyboardInterrupt

    torch.optim.SGD.step = step
    model = Mean()
    try:
        training.fit(model, images, steps=STEPS, batch_size=BATCH, log_every=10, checkpoint=checkpoint, device="cpu")
    except KeyboardInterrupt:
        pass
    finally:
        torch.optim.SGD.step = plain_step
    return model.mean.detach()


def measure(way: str, folder: pathlib.Path) -> dict:
    """Return images per second of this process and of its processor, its memory, and how it resumes."""
    torch.set_num_threads(1)
    train(torch.rand(100, 3, SIZE, SIZE))  # warms up, and loads what is loaded when it is first needed
    before = held()
    images = open_data(way, folder)
    start, used = time.perf_counter(), time.process_time()
    if way == "webdataset":  # it has no length, so that `fit` does not take it
        seen = sum(len(batch) for batch in images)
        resuming = {}
    else:
        train(images)
        seen = STEPS * BATCH
    seconds, used = time.perf_counter() - start, time.process_time() - used
    memory = held() - before
    if way != "webdataset":
        training.SAVE_SECONDS = 0
        stop = STEPS // 2 + 7
        images = open_data(way, folder)  # with random numbers from their beginning
        train(images, "stopped", stop)
        (file,) = pathlib.Path(os.environ["COURSE_CHECKPOINTS"]).glob("stopped-*.pt")
        repeated = stop - torch.load(file, weights_only=True)["step"]
        exact = torch.equal(train(images, "stopped"), train(open_data(way, folder), "whole"))
        resuming = {"resumes_exactly": exact, "steps_repeated": repeated}
    per_second = {"images_per_second": round(seen / seconds), "images_per_processor_second": round(seen / used)}
    return {"way": way, **per_second, "memory_mb": round(memory, 1)} | resuming


def main() -> None:
    if len(sys.argv) > 1:  # a process that measures one way
        print(json.dumps(measure(sys.argv[1], pathlib.Path(sys.argv[2]))))
        return
    with tempfile.TemporaryDirectory() as name:
        draw(pathlib.Path(name))
        rows = []
        for way in WAYS:
            settings = os.environ | {"OMP_NUM_THREADS": "1", "COURSE_CHECKPOINTS": f"{name}/checkpoints/{way}"}
            command = [sys.executable, __file__, way, name]
            done = subprocess.run(command, env=settings, capture_output=True, text=True)
            if done.returncode and "ModuleNotFoundError" not in done.stderr:
                raise RuntimeError(done.stderr)
            rows.append(json.loads(done.stdout) if not done.returncode else {"way": way, "missing": True})
            print(rows[-1])
    settings = {"pictures": PICTURES, "shape": [3, SIZE, SIZE], "batch_size": BATCH, "steps": STEPS}
    store(RESULTS / "streaming.json", json.dumps({"environment": describe(), **settings, "ways": rows}, indent=1))


if __name__ == "__main__":
    main()
