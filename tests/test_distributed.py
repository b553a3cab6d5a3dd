"""Several processes: they train one model as one process with all their batches would, and stop without a riddle."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
import torch
import torch.distributed as dist
from helpers import run, same_bits, saved, stopping_after, trained, weights
from shares import EXACT, difference, model, trained_on_shares

from course_utils.plumbing import distributed

pytestmark = pytest.mark.skipif(not dist.is_available(), reason="this PyTorch was built without torch.distributed")
SCRIPT = str(pathlib.Path(__file__).with_name("teammates.py"))
SECONDS = 120  # until a process that hangs is a failure
FAILED = "A message between the processes failed ("


def environment(checkpoints: pathlib.Path, **more) -> dict[str, str]:
    return os.environ | {"COURSE_CHECKPOINTS": str(checkpoints), "OMP_NUM_THREADS": "1"} | more


def torchrun(folder: pathlib.Path, *arguments: str, checkpoints: pathlib.Path | None = None, restarts: int = 0) -> list:
    """Run two processes of the script under torchrun; return what they told."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", f"--max-restarts={restarts}"]
    command += ["--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0", SCRIPT, arguments[0], str(folder), *arguments[1:]]
    process = subprocess.Popen(command, env=environment(checkpoints or folder), start_new_session=True)
    try:
        assert process.wait(SECONDS) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return told(folder)


def told(folder: pathlib.Path) -> list[dict]:
    return [torch.load(folder / f"told_{rank}.pt", weights_only=False) for rank in range(2)]


@contextlib.contextmanager
def two(folder: pathlib.Path, *arguments: str):
    """Start two processes of the script without torchrun, whose manners would hide theirs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    processes = []
    for rank in "01":
        shared = environment(folder, WORLD_SIZE="2", RANK=rank, MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
        command = [sys.executable, SCRIPT, arguments[0], str(folder), *arguments[1:]]
        pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        processes.append(subprocess.Popen(command, env=shared, **pipes))
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def ends(processes) -> list[tuple[int, str]]:
    """Wait for the ends; return exit statuses and what was said on stderr."""
    said = [process.communicate(timeout=SECONDS)[1] for process in processes]
    return [(process.returncode, text) for process, text in zip(processes, said)]


@pytest.fixture(scope="module")
def agreed(tmp_path_factory):
    """Return what two processes tell that trained whatever ends well, and where."""
    folder = tmp_path_factory.mktemp("agreed")
    return torchrun(folder, "agree"), folder


def with_state(name: str, state: dict) -> torch.nn.Module:
    trained = model(name)
    trained.load_state_dict(state)
    return trained


@pytest.mark.parametrize("name", EXACT)
def test_two_processes_are_one_with_the_double_batch(name, agreed):
    (first, second), _ = agreed
    whole, expected = trained_on_shares(name)
    assert difference(whole, model(name)) > 1e-2, "expected training that moves"
    for case in (name, (name, "in turn")):
        assert difference(whole, with_state(name, first[case]["state"])) < 1e-12
        assert same_bits(first[case], second[case]), "expected replicas that are equal bit for bit"
        assert first[case]["history"]["steps"] == expected.steps
        for metric, column in expected.metrics.items():
            assert first[case]["history"]["metrics"][metric] == pytest.approx(column, rel=1e-12)


@pytest.mark.parametrize("name", EXACT)
def test_two_processes_are_two_batches_in_turn_to_the_last_bit(name, agreed):
    in_turn, _ = trained_on_shares(name, parts=2, in_turn=2)
    assert same_bits(in_turn.state_dict(), agreed[0][0][name]["state"])


def test_without_the_average_they_are_two_other_models(agreed):
    (first, second), _ = agreed
    name, control = "GAN with R1", "no average"
    whole, _ = trained_on_shares(name)
    for process in (first, second):
        assert difference(whole, with_state(name, process[control]["state"])) > 1e-3
    assert not same_bits(first[control]["state"], second[control]["state"])


def test_buffers_are_those_of_the_first_process_and_batch_norm_sees_its_own_rows_only(agreed):
    (first, second), _ = agreed
    name = "GAN with batch norm"
    assert same_bits(first["batch norm"], second["batch norm"])
    halves = [trained_on_shares(name, parts=2, first=rank, steps=1)[0] for rank in range(2)]
    buffers = [dict(half.named_buffers()) for half in halves]
    assert len(buffers[0]) == 6 and not torch.equal(*(half["generator.1.running_mean"] for half in buffers))
    assert all(torch.equal(first["batch norm"]["state"][name], value) for name, value in buffers[0].items())
    whole, _ = trained_on_shares(name, steps=1)
    assert difference(whole, with_state(name, first["batch norm"]["state"])) > 1e-4


def test_each_process_has_noise_of_its_own_and_the_first_one_looks(agreed):
    (first, second), _ = agreed
    (state, history, looks), (same, same_history, no_looks) = first["own noise"], second["own noise"]
    assert torch.equal(state, same) and same_bits(history, same_history)
    assert looks == [0, 0, 3] and no_looks == []
    alone, _ = trained(seed=3)
    assert not torch.equal(weights(alone), state)
    assert torch.equal(first["another first model"], second["another first model"])


def test_a_fit_in_a_callback_waits_for_nobody(agreed):
    (first, second), _ = agreed
    assert torch.equal(first["a fit in a callback"], second["a fit in a callback"])


@pytest.mark.parametrize("case, rows", [("epochs", 2), ("epochs in turn", 1)])
def test_an_epoch_is_shared_and_the_next_one_has_another_order(case, rows, agreed):
    orders = []
    per_epoch = 6 // rows
    for epoch in range(2):
        batches = [batch for process in agreed[0] for batch in process[case][0][epoch * per_epoch :][:per_epoch]]
        points = [point for batch in batches for point in batch]
        assert sorted(points) == [float(i) for i in range(24)]
        orders.append(points)
    assert orders[0] != orders[1]
    assert agreed[0][0][case][1]["metrics"] == {"loss": [0.5, 0.5]}, "expected the mean of ranks 0 and 1"


def test_what_is_not_the_same_in_all_processes_is_refused_in_one_sentence(agreed):
    remedy = 'pass sampler=DistributedSampler(data_set, 2, int(os.environ["RANK"]))'
    for process in agreed[0]:
        samplers = {"in order": "SequentialSampler", "shuffled": "RandomSampler", "slip": "DistributedSampler"}
        for case, sampler in samplers.items():
            expected = f"ValueError: expected a DataLoader with its share of a DistributedSampler, got {sampler}, with "
            assert process[case] == f"{expected}which the 2 processes would see the same rows: {remedy}"
        assert process["stream"].startswith("TypeError: expected a DataLoader whose data set has a length, got Stream")
        assert process["path"].startswith("ValueError: expected a plain name for the checkpoint")
        assert process["other steps"] == "ValueError: expected the same steps in all processes, got 3 and 4"
        assert process["other model"].startswith("ValueError: expected the same shapes in all processes, got [(8, 3),")


def test_a_missing_gradient_counts_as_zero_unless_it_misses_everywhere(agreed):
    for process in agreed[0]:
        gradient, none = process["gradients"]
        assert torch.equal(gradient, torch.full((2, 2), 1.5)) and none is None
        assert process["buffers"] == [0, 0], "expected those of the first process, whatever their dtype"


def test_a_loss_that_is_no_number_in_one_process_stops_all_with_the_same_sentence(agreed):
    for process in agreed[0]:
        assert process["divergence"].startswith(
            "DivergenceError: expected finite losses, got loss = nan at step 1: try"
        )


def test_a_full_disk_is_told_once_and_stops_nobody(agreed):
    (first, second), folder = agreed
    assert second["full disk"] == "" and not list((folder / "full disk").iterdir())
    lines = first["full disk"].splitlines()
    assert len(lines) == 8 and all("could not be written (No space left on device)" in line for line in lines)
    assert torch.equal(first["after a full disk"], first["whole"][0])


ENDS = """
import sys, weakref
import torch
import torch.distributed as dist
from course_utils.plumbing import distributed
assert "torch._dynamo" not in sys.modules, "expected what keeps a group to be imported by the optimizer"
distributed.join()
group = weakref.ref(dist.group.WORLD)
torch.optim.Adam([torch.zeros(1, requires_grad=True)])
dist.destroy_process_group()
sys.exit(group() is not None)
"""


def test_nothing_keeps_the_group_alive_when_it_ends():
    """Its threads would end with Python: "terminate called without an active exception", once in a few hundred."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    alone = {"WORLD_SIZE": "1", "RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    places = {"PYTHONPATH": str(pathlib.Path(SCRIPT).parents[1])}
    assert subprocess.run([sys.executable, "-c", ENDS], env=os.environ | alone | places).returncode == 0


@pytest.mark.parametrize("what", ["average", "order", "skip"])
def test_what_would_make_the_processes_differ_is_an_error_in_all(what, tmp_path):
    with two(tmp_path, "wrong", what) as processes:
        assert ends(processes) == 2 * [(0, "")]
    same = "expected the same weights in all processes, got others: does anything else move them?"
    turn = "expected all processes to move the same optimizers in turn, got others in some"
    for process in told(tmp_path):
        assert process["error"] == f"RuntimeError: {same if what == 'average' else turn}"
        assert process["again"].startswith("RuntimeError: expected no fit after one that was stopped")


def test_a_killed_process_is_started_again_and_ends_as_if_nothing_had_happened(agreed, tmp_path):
    (whole, _), folder = agreed
    first, second = torchrun(tmp_path, "goes on", "killed", restarts=1)
    assert first["moves"] == second["moves"] == 8, "expected the last 4 of 12 steps, from the checkpoint"
    assert same_bits(first["result"], whole["whole"]) and same_bits(second["result"], whole["whole"])
    assert same_bits(saved(tmp_path), saved(folder / "whole"))


def test_a_stopped_run_goes_on_with_as_many_processes_or_with_another_number(agreed, tmp_path, monkeypatch, capsys):
    (whole, _), _ = agreed
    two_saved, one_goes_on, one_saved = (tmp_path / name for name in ("two", "one goes on", "one"))
    two_saved.mkdir()
    with two(two_saved, "goes on", "interrupted") as processes:
        (status, said), (other_status, others_words) = ends(processes)
    assert status == other_status == -signal.SIGINT
    sentence = "Stopped at step 8 of 12; the same line goes on from step 8, the last saved.\n"
    assert said.startswith(sentence) and sentence not in others_words
    shutil.copytree(two_saved, one_goes_on)

    monkeypatch.setenv("COURSE_CHECKPOINTS", str(one_goes_on))
    gan, history = run(average=0.9)
    message = "The checkpoint is from 2 process(es), not 1: further steps have another number of batches.\n"
    assert capsys.readouterr().err == message
    assert history.steps == whole["whole"][1]["steps"]
    assert history["d_loss"][:4] == whole["whole"][1]["metrics"]["d_loss"][:4]
    assert not torch.equal(weights(gan), whole["whole"][0])

    with two(two_saved, "goes on", "") as processes:
        assert ends(processes) == 2 * [(0, "")]
    for process in told(two_saved):
        assert process["said"] == "" and same_bits(process["result"], whole["whole"])

    monkeypatch.setenv("COURSE_CHECKPOINTS", str(one_saved))
    monkeypatch.setattr("course_utils.training.SAVE_SECONDS", 0)
    with pytest.raises(KeyboardInterrupt), stopping_after(9, KeyboardInterrupt):
        run(average=0.9)
    with two(one_saved, "goes on", "") as processes:
        assert ends(processes) == 2 * [(0, "")]
    first, second = told(one_saved)
    message = "The checkpoint is from 1 process(es), not 2: further steps have another number of batches.\n"
    assert (first["said"], second["said"]) == (message, "")
    assert first["moves"] == 8 and same_bits(first["result"], second["result"])


@pytest.mark.parametrize("stop, who", [(signal.SIGKILL, 1), (signal.SIGINT, 0)])
def test_nobody_waits_for_a_process_that_is_gone(stop, who, tmp_path):
    with two(tmp_path, "goes on", "waits", str(who)) as processes:
        late = time.monotonic() + SECONDS
        while not all((tmp_path / f"waits_{rank}").exists() for rank in range(2)):
            assert time.monotonic() < late
            time.sleep(0.05)
        gone, left = processes[who], processes[1 - who]
        start = time.monotonic()
        gone.send_signal(stop)
        (status, said), (own_status, own_words) = ends([left, gone])
    assert status == 1 and said.count("\n") == 1 and said.startswith(FAILED)
    assert time.monotonic() - start < 20
    assert own_status == -stop and own_words.count("Stopped at step 8 of 12") == (stop == signal.SIGINT)


def test_a_process_that_torchrun_did_not_start_is_alone(monkeypatch):
    assert type(distributed.team_on("cpu")) is distributed.Alone
    monkeypatch.setenv("WORLD_SIZE", "2")  # as on a cluster, in a notebook
    assert type(distributed.team_on("cpu")) is distributed.Alone
