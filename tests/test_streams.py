"""Data that stay in their file, pictures in bytes, and loaders that know their place."""

import os
import pathlib
import subprocess
import sys

import pytest
import torch
from helpers import ring_points, run, same_bits, saved, stopping_after, weights
from test_speed import image_gan
from torch.utils.data import DataLoader, TensorDataset

from course_utils.networks import ConvEncoder, ConvGenerator
from course_utils.plumbing import mapped
from course_utils.plumbing.fingerprint import Fingerprint
from course_utils.training import fit
from course_utils.vae import VAE

BYTES = torch.randint(256, (60, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
FLOATS = BYTES.float() / 255
HERE = pathlib.Path(__file__).parent


def on_disk(path: pathlib.Path, tensor: torch.Tensor) -> torch.Tensor:
    """Write a tensor into a file and return the file as a tensor."""
    tensor.numpy().tofile(path)
    return torch.from_file(str(path), shared=True, size=tensor.numel(), dtype=tensor.dtype).view(tensor.shape)


def test_a_tensor_says_whether_it_stays_in_a_file(tmp_path):
    file = on_disk(tmp_path / "x", FLOATS)
    assert all(mapped.file_of(tensor) == tmp_path / "x" for tensor in (file, file[3:], file.flatten(1), file.detach()))
    in_memory = [FLOATS, file.clone(), file[[1, 2]], FLOATS.clone().share_memory_(), FLOATS.to("meta")]
    assert [mapped.file_of(tensor) for tensor in in_memory] == [None] * 5


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("kind", ["file", "bytes", "bytes in a file"])
def test_wherever_data_are_the_same_is_learned_bit_for_bit(kind, labels, tmp_path):
    x = FLOATS if kind == "file" else BYTES
    x = on_disk(tmp_path / "x", x) if "file" in kind else x
    expected, gan, y = image_gan(), image_gan(), torch.arange(60)
    history = fit(expected, (FLOATS, y) if labels else FLOATS, steps=3, batch_size=8, device="cpu")
    same = fit(gan, (x, y) if labels else x, steps=3, batch_size=8, device="cpu")
    assert torch.equal(weights(gan), weights(expected)) and same_bits(vars(same), vars(history))


def test_held_out_data_may_be_bytes(tmp_path):
    def history(held_out):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            vae = VAE(ConvEncoder(4, (4, 4)), ConvGenerator(4, (4, 4)))
        return fit(vae, FLOATS, steps=2, batch_size=4, held_out=held_out, device="cpu")

    expected = vars(history(FLOATS[:20]))
    assert "held_out_elbo" in expected["metrics"]
    assert same_bits(vars(history(BYTES[:20])), expected)
    assert same_bits(vars(history(on_disk(tmp_path / "x", BYTES)[:20])), expected)


def test_only_the_first_rows_of_a_file_are_looked_at_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "FIRST", 50)
    x = FLOATS.clone()
    x[55] = 2
    with pytest.raises(ValueError, match="expected images in \\[0, 1\\]"):
        fit(image_gan(), x, steps=1)
    fit(image_gan(), on_disk(tmp_path / "x", x), steps=1, device="cpu")
    x[3] = 2
    with pytest.raises(ValueError, match="expected images in \\[0, 1\\]"):
        fit(image_gan(), on_disk(tmp_path / "y", x), steps=1)


@pytest.mark.parametrize(
    "x, message",
    [
        (BYTES // 128, "^expected pictures in bytes from 0 to 255, got nothing above 1: pass x.float()"),
        (BYTES[:, 0], "^expected a tensor of floats, got torch.uint8"),
        (BYTES[:0], "^expected at least one sample"),
        ((BYTES, torch.arange(59)), "^expected tensors of one length, got \\[60, 59\\]"),
        (BYTES.to(torch.int16), "^expected a tensor of floats, got torch.int16"),
    ],
)
def test_what_is_no_picture_in_bytes_is_refused(x, message):
    with pytest.raises((ValueError, TypeError), match=message):
        fit(image_gan(), x, steps=1)


def test_labels_that_are_bytes_stay_whole_numbers():
    seen, gan = [], image_gan()
    gan.training_step = lambda batch, optimizers, step: seen.append(batch) or {"loss": torch.zeros(())}
    fit(gan, (BYTES, torch.arange(60, dtype=torch.uint8)), steps=1, batch_size=8, device="cpu")
    (x, y), *_ = seen
    assert x.dtype == torch.float32 and y.dtype == torch.uint8 and torch.equal(x, FLOATS[y.long()])


def test_a_checkpoint_knows_a_file_by_its_name_size_and_time(tmp_path):
    file = on_disk(tmp_path / "x", FLOATS)
    prints = [Fingerprint(tensor).hexdigest() for tensor in (file, file[:30], file[30:], file.view(60, 28, 28))]
    again = torch.from_file(str(tmp_path / "x"), shared=True, size=FLOATS.numel()).view(FLOATS.shape)
    assert Fingerprint(again).hexdigest() == prints[0] and len(set(prints)) == 4
    os.utime(tmp_path / "x", ns=(0, 0))
    assert Fingerprint(file).hexdigest() not in prints
    (tmp_path / "x").rename(tmp_path / "y")
    os.utime(tmp_path / "y", ns=(0, 0))
    moved = torch.from_file(str(tmp_path / "y"), shared=True, size=FLOATS.numel()).view(FLOATS.shape)
    assert Fingerprint(moved).hexdigest() not in prints


def test_training_on_a_file_resumes_inside_what_would_be_an_epoch(tmp_path, folder, monkeypatch):
    file = on_disk(tmp_path / "x", BYTES)
    settings = {"average": 0.9, "batch_size": 4}
    with pytest.raises(KeyboardInterrupt), stopping_after(7, KeyboardInterrupt):
        run(image_gan(), file, **settings)
    assert saved(folder)["step"] == 6
    resumed, history = run(image_gan(), file, **settings)
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(folder / "whole"))
    whole, expected = run(image_gan(), file, **settings)
    assert torch.equal(weights(resumed), weights(whole)) and same_bits(vars(history), vars(expected))


class Placed(DataLoader):
    """The least that a loader needs to know its place: its seed, and how many batches it has given."""

    def __init__(self, data_set, batch_size: int):
        super().__init__(data_set, batch_size)
        self.seed = self.given = self.skip = 0

    def __iter__(self):
        if not self.skip:
            self.seed = int(torch.randint(2**31, ()))  # as a DataLoader does: from the random numbers of all
        else:
            torch.rand(())  # and once more when it goes on
        return self.rest_of_the_epoch(self.skip)

    def rest_of_the_epoch(self, skip: int):
        order = torch.randperm(len(self.dataset), generator=torch.Generator().manual_seed(self.seed))
        self.skip, self.given = 0, skip
        for rows in order.split(self.batch_size)[skip:]:
            self.given += 1
            yield torch.stack([self.dataset[row][0] for row in rows.tolist()])

    def state_dict(self):
        return {"seed": self.seed, "given": self.given}

    def load_state_dict(self, state):
        self.seed, self.skip = state["seed"], state["given"]


def placed() -> Placed:
    return Placed(TensorDataset(ring_points()[:50]), 10)


@pytest.mark.parametrize("moves", [3, 5, 7, 9])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_loader_that_knows_its_place_resumes_in_the_middle_of_an_epoch(moves, accumulate, folder, monkeypatch):
    settings = {"average": 0.9, "log_every": 1, "accumulate": accumulate}
    with pytest.raises(KeyboardInterrupt), stopping_after(moves, KeyboardInterrupt):
        run(data=placed(), **settings)
    assert saved(folder)["step"] == moves - 1
    resumed, history = run(data=placed(), **settings)
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(folder / "whole"))
    whole, expected = run(data=placed(), **settings)
    assert history.steps == list(range(1, 13))
    assert torch.equal(weights(resumed), weights(whole)) and same_bits(vars(history), vars(expected))


def test_the_same_loader_goes_back_to_where_the_run_was_saved(folder, monkeypatch):
    loader = placed()
    with pytest.raises(KeyboardInterrupt), stopping_after(7, KeyboardInterrupt):
        run(data=loader)
    resumed, _ = run(data=loader)
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(folder / "whole"))
    whole, _ = run(data=placed())
    assert torch.equal(weights(resumed), weights(whole))


def test_a_loader_that_forgets_its_place_would_not(folder, monkeypatch):
    settings = {"log_every": 1}
    with pytest.raises(KeyboardInterrupt), stopping_after(7, KeyboardInterrupt):
        run(data=placed(), **settings)
    monkeypatch.setattr(Placed, "load_state_dict", lambda loader, state: None)
    resumed, _ = run(data=placed(), **settings)
    monkeypatch.setenv("COURSE_CHECKPOINTS", str(folder / "whole"))
    whole, _ = run(data=placed(), **settings)
    assert not torch.equal(weights(resumed), weights(whole))


def test_the_library_that_keeps_the_place_of_a_loader_is_understood(folder, monkeypatch):
    stateful = pytest.importorskip("torchdata.stateful_dataloader")
    pytest.importorskip("torchdata.stateful_dataloader.sampler")

    def loader():
        points = TensorDataset(ring_points()[:50])
        own = stateful.sampler.RandomSampler(points, generator=torch.Generator().manual_seed(0))
        return stateful.StatefulDataLoader(points, batch_size=10, sampler=own)

    for moves in (3, 6, 7):
        monkeypatch.setenv("COURSE_CHECKPOINTS", str(folder / str(moves)))
        with pytest.raises(KeyboardInterrupt), stopping_after(moves, KeyboardInterrupt):
            run(data=loader(), log_every=1)
        assert saved(folder / str(moves))["step"] == moves - 1
        resumed, history = run(data=loader(), log_every=1)
        monkeypatch.setenv("COURSE_CHECKPOINTS", str(folder / f"whole {moves}"))
        whole, expected = run(data=loader(), log_every=1)
        assert torch.equal(weights(resumed), weights(whole)) and same_bits(vars(history), vars(expected))


LIMITED = """
import resource, sys
import pytest, torch
from helpers import stopping_after, weights
from test_speed import image_gan
from course_utils import training
path, n, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
pages = int(open("/proc/self/statm").read().split()[5])  # of data
limit = pages * resource.getpagesize() + n // 2
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
training.SAVE_SECONDS = 0
x = torch.from_file(path, shared=True, size=n, dtype=torch.uint8).view(-1, 1, 28, 28)
x = x.clone() if how == "in memory" else x

def train(name):
    gan = image_gan()
    training.fit(gan, x, steps=20, batch_size=16, log_every=5, device="cpu", checkpoint=name)
    return weights(gan)

with pytest.raises(KeyboardInterrupt), stopping_after(13, KeyboardInterrupt):
    train("stopped")
assert torch.equal(train("stopped"), train("whole"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit memory otherwise")
def test_data_larger_than_the_memory_of_a_process_are_learned_from_if_they_stay_in_their_file(tmp_path):
    n = 28 * 28 * 500_000  # 392 MB, twice what the process may have beyond its libraries
    with (tmp_path / "x").open("wb") as file:
        file.truncate(n)  # zeros, which take no room on the disk
        for place in range(0, n, n // 200):
            file.seek(place)
            file.write(bytes(range(256)) * 3)

    def trained(how: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-c", LIMITED, str(tmp_path / "x"), str(n), how]
        places = {"COURSE_CHECKPOINTS": str(tmp_path), "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parent}"}
        return subprocess.run(command, env=os.environ | places, capture_output=True, text=True)

    in_file, in_memory = trained("in its file"), trained("in memory")
    assert in_file.returncode == 0, in_file.stderr
    assert in_memory.returncode == 1 and "can't allocate memory" in in_memory.stderr
