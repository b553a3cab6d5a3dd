"""The benchmarks: their jobs are those that were recorded, and timings are interleaved."""

import json
import re
from functools import partial

import compression
import environment
import fair_fight
import gpu
import hybrids
import imputation
import labels
import pytest
import recommendation
import semisupervised
import streaming
import torch

BENCHMARKS = environment.RESULTS.parent


def recorded(name: str) -> list[str]:
    lines = (environment.RESULTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return sorted(str(json.loads(line)["job"]) for line in lines)


@pytest.mark.parametrize("benchmark, file", [(fair_fight, "fight"), (labels, "labels"), (hybrids, "hybrids")])
@pytest.mark.parametrize("dataset, seeds", [("digits", 5), ("mnist", 3), ("fashion_mnist", 3)])
def test_the_recorded_runs_are_the_jobs_of_their_benchmark(benchmark, file, dataset, seeds):
    assert recorded(f"{file}_{dataset}") == sorted(map(str, benchmark.jobs_of(dataset, seeds)))


@pytest.mark.parametrize(
    "benchmark, file, dataset, seeds",
    [
        (compression, "compression", "digits", 5),
        (compression, "compression", "mnist", 3),
        (imputation, "imputation", "digits", 5),
        (imputation, "imputation", "mnist", 3),
        (semisupervised, "semisupervised", "digits", 5),
        (semisupervised, "semisupervised", "mnist", 3),
        (recommendation, "recommendation", "msweb", 5),
    ],
)
def test_the_recorded_runs_of_lesson_09_are_the_jobs_of_their_benchmarks(benchmark, file, dataset, seeds):
    assert recorded(f"{file}_{dataset}") == sorted(map(str, benchmark.jobs_of(dataset, seeds)))


@pytest.mark.parametrize("benchmark", [labels, hybrids, semisupervised, recommendation])
def test_the_recorded_search_is_the_one_of_its_benchmark(benchmark):
    assert recorded(f"{benchmark.__name__}_search") == sorted(map(str, benchmark.jobs_of("search", 5)))


def test_ways_take_turns_and_the_first_round_does_not_count():
    calls = []
    ways = {"one": lambda: calls.append("one"), "two": lambda: calls.append("two")}
    rows = environment.interleaved(ways, rounds=2, clock=lambda: len(calls))
    assert calls == ["one", "two", "two", "one", "one", "two"]
    assert rows == [{"one": 1, "two": 1}, {"one": 1, "two": 1}]


def test_the_table_of_benchmarks_names_every_script_and_every_recorded_file():
    table = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    for script in BENCHMARKS.glob("*.py"):
        assert f"`{script.name}`" in table
    for file in environment.RESULTS.iterdir():
        pattern = re.sub("digits|fashion_mnist|mnist", "DATASET", file.name)
        pattern = re.sub("search_(gan|vae)", "search_FAMILY", pattern)
        assert f"`{pattern}`" in table


def test_a_command_runs_the_jobs_that_a_benchmark_names_or_measures_costs(monkeypatch, tmp_path, capsys):
    ran = []
    monkeypatch.setattr(environment, "RESULTS", tmp_path)
    monkeypatch.setattr(environment, "run_missing", lambda run, jobs, path: ran.append((jobs, path.name)))

    def command(*words: str, **costs) -> None:
        monkeypatch.setattr("sys.argv", ["name.py", *words])
        environment.run_jobs("Why?", print, lambda *job: [list(job)], "name_{}.jsonl", ("search", "own"), **costs)

    command("own", "--seeds", "2")
    command("search", costs=dict)
    assert ran == [([["own", 2]], "name_own.jsonl"), ([["search", 5]], "name_search.jsonl")]
    command("costs", costs=lambda: {"step": 3})
    assert json.loads((tmp_path / "name_costs.json").read_text()) == json.loads(capsys.readouterr().out) == {"step": 3}
    with pytest.raises(SystemExit):
        command("costs")
    assert len(ran) == 2


@pytest.fixture
def planned(monkeypatch):
    """The jobs that a command line asks for, in place of running them."""
    jobs = []
    monkeypatch.setattr(environment, "run_missing", lambda run, wanted, path: jobs.extend(wanted))

    def plan(*words: str) -> list[list]:
        monkeypatch.setattr("sys.argv", ["name.py", *words])
        environment.run_arms("A question.", print, lambda what: ["one", "two, longer"], "name_{}.jsonl")
        return jobs

    return plan


def test_a_command_runs_every_arm_with_every_seed(planned):
    assert planned("digits", "--seeds", "2") == [
        ["arm", "digits", arm, seed] for arm in ("one", "two, longer") for seed in (100, 101)
    ]


def test_a_command_may_name_arms(planned):
    assert planned("mnist", "--seeds", "1", "--arms", "two, longer") == [["arm", "mnist", "two, longer", 100]]


def test_a_command_may_begin_at_another_seed(planned):
    assert [job[-1] for job in planned("digits", "--seeds", "2", "--arms", "one", "--first", "7")] == [7, 8]


def test_an_arm_that_is_none_is_named(planned, capsys):
    with pytest.raises(SystemExit):
        planned("digits", "--arms", "three")
    assert "expected arms among one; two, longer, got 'three'" in capsys.readouterr().err


def test_the_speed_of_a_device_is_measured_on_this_one(monkeypatch, capsys):
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    monkeypatch.setattr("sys.argv", ["gpu.py", "--device", "cpu", "--quick"])
    gpu.main()
    result = json.loads(capsys.readouterr().out)
    assert result["gan"].keys() == {"fit", "by hand"} and result["ladder"].keys() == {"16", "64"}
    assert result["colour_gan"]["8"].keys() == gpu.FASTER.keys()
    assert result["colour_vae"].keys() == gpu.FASTER.keys() | gpu.COMPILED.keys()
    assert min(*result["gan"].values(), *result["colour_vae"].values()) > 0
    assert not list(environment.RESULTS.glob("*quick*"))


def test_the_loop_by_hand_is_what_fit_does():
    images, device = torch.rand(40, 1, 28, 28), torch.device("cpu")
    hand, fitted = gpu.new_gan((1, 28, 28)), gpu.new_gan((1, 28, 28))
    with torch.random.fork_rng():
        torch.manual_seed(5)
        gpu.by_hand(hand, images, steps=3, batch=4)
    gpu.fit(fitted, images, steps=3, batch_size=4, seed=5, device=device)
    for a, b in zip(hand.parameters(), fitted.parameters()):
        assert torch.equal(a, b)


def test_a_model_sees_the_same_pictures_however_they_come(monkeypatch, tmp_path):
    for name, value in {"PICTURES": 20, "SIZE": 8, "BATCH": 4, "STEPS": 12}.items():
        monkeypatch.setattr(streaming, name, value)
    streaming.draw(tmp_path)
    ways = [streaming.open_data(way, tmp_path) for way in ("tensor", "file of floats", "file of bytes", "PNG files")]
    one, two, three, files = [streaming.train(images) for images in ways]
    assert one == two == three and one != files and abs(one - files) < 0.1
