"""The benchmarks: their jobs are those that were recorded, and timings are interleaved."""

import json
import re

import environment
import fair_fight
import hybrids
import labels
import pytest

BENCHMARKS = environment.RESULTS.parent


def recorded(name: str) -> list[str]:
    lines = (environment.RESULTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return sorted(str(json.loads(line)["job"]) for line in lines)


@pytest.mark.parametrize("benchmark, file", [(fair_fight, "fight"), (labels, "labels"), (hybrids, "hybrids")])
@pytest.mark.parametrize("dataset, seeds", [("digits", 5), ("mnist", 3), ("fashion_mnist", 3)])
def test_the_recorded_runs_are_the_jobs_of_their_benchmark(benchmark, file, dataset, seeds):
    assert recorded(f"{file}_{dataset}") == sorted(map(str, benchmark.jobs_of(dataset, seeds)))


@pytest.mark.parametrize("benchmark", [labels, hybrids])
def test_the_recorded_search_is_the_one_of_its_benchmark(benchmark):
    assert recorded(benchmark.SEARCH.stem) == sorted(map(str, benchmark.candidates()))


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


def test_an_arm_that_is_none_is_named(planned, capsys):
    with pytest.raises(SystemExit):
        planned("digits", "--arms", "three")
    assert "expected arms among one; two, longer, got 'three'" in capsys.readouterr().err
