"""The benchmarks: their jobs are those that were recorded, and timings are interleaved."""

import json
import re
from functools import partial

import colour
import compression
import environment
import fair_fight
import gpu
import hybrids
import imputation
import labels
import pytest
import quality
import recommendation
import search_quality
import semisupervised
import sizes
import streaming
import torch
from sklearn.metrics import mutual_info_score
from torch import nn

from course_utils import data, networks

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


@pytest.mark.parametrize("dataset", quality.ON)
def test_the_recorded_runs_of_quality_are_its_jobs(dataset):
    assert recorded(f"quality_{dataset}") == sorted(map(str, quality.jobs_of(dataset, 5)))


@pytest.mark.parametrize("name, family", search_quality.FAMILIES.items())
def test_a_candidate_changes_settings_that_its_family_has(name, family):
    changes = family.changes + [quality.CHANGES.get(arm, {}) for arm in quality.KINDS[name]]
    assert {} in changes and all(change.keys() <= family.base.keys() for change in changes)


def test_the_base_has_its_own_time_and_a_rival_fewer_steps_if_they_cost_more(monkeypatch, tmp_path):
    monkeypatch.setattr(quality, "COSTS", tmp_path / "costs.json")
    quality.COSTS.write_text(json.dumps({"over_base": {"printed": [1.9, 2.0, 7.0], "quarters": [0.5]}}))
    assert quality.steps_of("ours", "digits") == 6140 and quality.steps_of("printed", "digits") == 3070
    assert quality.steps_of("burda", "mnist") == 200_336 and quality.steps_of("quarters", "mnist") == 400_672


def test_clusters_are_found_without_labels_and_say_much_about_them():
    images = data.load("digits")
    y = search_quality.labels({"told": "clusters", "classes": 10}, images)  # (N,)
    table = torch.zeros(10, 10).index_put_((y, images.train_labels), torch.tensor(1.0), accumulate=True)
    assert len(y) == len(images.train) and table.sum(1).min() > 500
    assert table.max(1).values.sum() / len(y) > 0.35  # 0.1 for labels at random


def test_the_control_of_the_clusters_is_told_as_much_and_nothing_about_the_images():
    images = data.load("digits")
    y = search_quality.labels({"told": "clusters", "classes": 20}, images)  # (N,)
    control = search_quality.labels(quality.settings_of("20 at random"), images)  # (N,)
    assert torch.equal(y.bincount(), control.bincount())
    assert mutual_info_score(y, control) < 0.1 < 1.0 < mutual_info_score(y, images.train_labels)
    assert quality.steps_of("20 at random", "digits") == quality.steps_of("20 clusters", "digits")


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


def by_hand(model: nn.Module, x: torch.Tensor) -> int:
    """Multiply-adds of a step for one image: each weight of a convolution works once for each pixel of its output.

    The backward pass takes as many for the weights and as many for the input, which pictures do not need.
    """
    layers = []

    def count(layer, inputs, output):
        pixels = output[0, 0].numel() if output.dim() == 4 else 1
        layers.append(layer.weight.numel() * pixels)

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    model.terms(x)
    return 3 * sum(layers) - layers[0]


@pytest.mark.parametrize("width", [4, 16])
def test_multiply_adds_are_those_that_one_counts_by_hand(width):
    assert sizes.multiply_adds(sizes.vae(width)) == by_hand(sizes.vae(width), torch.rand(2, *networks.IMAGE))


def test_counting_multiply_adds_draws_no_other_weights(monkeypatch):
    seen = []
    monkeypatch.setattr(sizes, "trained", lambda model, *rest: seen.append(model) or 1.0)
    sizes.vae_arm("digits", seed=5, width=4)
    sizes.seed_everything(5)
    for a, b in zip(seen[0].parameters(), sizes.vae(4).parameters()):
        assert torch.equal(a, b)


def test_every_rung_sees_the_same_images_and_the_rules_meet_at_the_batch_of_lesson_07():
    assert [sizes.SEEN % batch for batch in (sizes.BATCH, *sizes.BATCHES, 64)] == [0] * 7
    assert {sizes.rate_of(sizes.BATCH, rule) for rule in sizes.RULES} == {sizes.RATE}
    rates = [sizes.rate_of(4 * sizes.BATCH, rule) / sizes.RATE for rule in ("kept", "square root", "linear")]
    assert rates == [1, 2, 4]


def test_a_folder_of_coloured_pictures_is_read_as_it_was_written(tmp_path):
    digits = data.load("digits")
    colour.write(digits, tmp_path / "coloured", count=60, size=32)
    pictures = data.load_folder(tmp_path / "coloured", size=32, colour=True)
    assert pictures.classes == digits.classes and pictures.train.shape[1:] == (3, 32, 32)
    assert len(pictures.train) + len(pictures.validation) + len(pictures.test) == 60
    apart = pictures.train.flatten(2).amax(2) - pictures.train.flatten(2).amin(2)  # (N, 3), ink from paper
    assert (apart.amax(1) > 0.3).all() and apart.std() > 0.1
    digits_in_grey = data.load_folder(tmp_path / "coloured", size=32).train
    assert digits_in_grey.std() < digits.train[:60].std()  # ink and paper are nearer to each other than white to black


def test_the_picture_of_samples_is_small(tmp_path):
    rows = [torch.rand(8, *colour.COLOUR) for _ in range(4)]
    colour.picture(rows, tmp_path / "samples.png")
    assert (tmp_path / "samples.png").stat().st_size < 150_000


@pytest.mark.parametrize("file, arms", [("sizes", list(sizes.ARMS)), ("colour", ["120 s"])])
def test_recorded_arms_are_arms_of_their_benchmark(file, arms):
    jobs = [json.loads(line)["job"] for path in environment.RESULTS.glob(f"{file}_*.jsonl") for line in path.open()]
    assert {name for _, _, name, _ in jobs} <= set(arms)
    assert min((seed for *_, seed in jobs), default=130) >= 130  # settings were chosen on earlier ones
