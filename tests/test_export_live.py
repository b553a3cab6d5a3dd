"""The live pages' data: made by the lessons' own lines, whole, and as the command would write them again."""

import ast
import base64
import inspect
import io
import json
import pathlib

import export_live
import numpy as np
import pytest
import torch
from helpers import digits
from live import blind_rounds, lesson_models
from PIL import Image
from torch import Tensor, nn

from course_utils import latent, networks
from course_utils.claims import interval
from course_utils.comparison.measures import shuffled
from course_utils.comparison.records import Fight
from course_utils.data import IMAGE_SETS
from course_utils.metrics import sharpness
from course_utils.plumbing.checkpoints import FOLDER

NOTEBOOKS = export_live.ROOT / "notebooks"
MODELS = ("gan_03", "vae_06", "vae_07")
LESSONS = {"gan_03": "03", "vae_06": "06", "gan_07": "07", "vae_07": "07"}
every_model = pytest.mark.parametrize("name", MODELS)


def read_script(file: pathlib.Path) -> dict:
    """Return what a made script of a page holds."""
    text = file.read_text(encoding="utf-8")
    return json.loads(text[text.index("{") :].rstrip().removesuffix(";"))


def explorer() -> dict:
    return read_script(export_live.LIVE / "explorer" / "models.js")


def rounds() -> dict:
    return read_script(export_live.LIVE / "blind_test" / "rounds.js")


def unpacked(packed: dict) -> Tensor:
    """Return the tensor that `packed` has packed."""
    kind = "float32" if "float32" in packed else "uint8"
    numbers = np.frombuffer(base64.b64decode(packed[kind]), kind).copy()
    return torch.from_numpy(numbers).view(packed["shape"])


def exported_decoder(about: dict) -> networks.ConvGenerator:
    """Return the decoder that was exported, in PyTorch."""
    has_batch_norm = any(layer["kind"] == "BatchNorm2d" for layer in about["layers"])
    decoder = networks.ConvGenerator(about["latent_dim"], batch_norm=has_batch_norm)
    numbers = {
        f"{i}.{name}": unpacked(value)
        for i, layer in enumerate(about["layers"])
        for name, value in layer.items()
        if isinstance(value, dict)
    }
    decoder.load_state_dict(decoder.state_dict() | numbers)
    return decoder.eval()


def calls(source: str) -> dict[str, list[str]]:
    """Return the calls of GAN, VAE and fit in some code: their arguments, without what only shows or renames."""
    found: dict[str, list[str]] = {"GAN": [], "VAE": [], "fit": []}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in found:
            settings = [ast.unparse(keyword) for keyword in node.keywords if keyword.arg != "callback"]
            found[node.func.id].append(", ".join([*map(ast.unparse, node.args), *settings]))
    return found


def cells(lesson: str) -> list[str]:
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("name", LESSONS)
def test_the_models_are_made_by_the_lines_of_the_lessons(name):
    lesson = [calls(source) for source in cells(LESSONS[name])]
    ours = calls(inspect.getsource(getattr(lesson_models, name)))
    for kind, lines in ours.items():
        assert set(lines) <= {line for cell in lesson for line in cell[kind]}, kind
    assert len(ours["fit"]) == 1 and len(ours["GAN"] + ours["VAE"]) == 1
    shared = [
        ast.unparse(node.value) for node in ast.walk(ast.parse("\n".join(cells("07")))) if assigns(node, "SHARED")
    ]
    assert shared == [ast.unparse(node.value) for node in ast.walk(lines_of_module()) if assigns(node, "SHARED")]


def assigns(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name


def lines_of_module() -> ast.Module:
    return ast.parse(inspect.getsource(lesson_models))


@every_model
def test_the_committed_weights_are_those_that_were_recorded(name):
    about = explorer()["models"][name]
    assert about["fingerprint"] == export_live.fingerprint(exported_decoder(about))
    assert about["recipe"] == inspect.getsource(getattr(lesson_models, name)) and about["seed"] == lesson_models.SEED
    assert rounds()["recipes"] == [inspect.getsource(make) for make in (lesson_models.gan_07, lesson_models.vae_07)]


@every_model
def test_the_committed_weights_are_those_of_the_checkpoint(name):
    about = explorer()["models"][name]
    files = [file for run in about["run"] for file in FOLDER.glob(f"*-{run}.pt")]
    if not files:
        pytest.skip("the checkpoint is not in data/checkpoints: python scripts/export_live.py trains it")
    state = torch.load(files[0], weights_only=True)["averaged"]
    player = "generator" if name.startswith("gan") else "decoder"
    for key, tensor in export_live.numbers_of(exported_decoder(about)).items():
        assert torch.equal(tensor, state[f"{player}.{key}"]), key


@every_model
def test_layers_come_in_their_order_with_all_their_numbers(name):
    about = explorer()["models"][name]
    decoder = exported_decoder(about)
    assert [layer["kind"] for layer in about["layers"]] == [type(layer).__name__ for layer in decoder]
    assert export_live.layers_of(decoder) == about["layers"]
    assert not torch.equal(decoder(torch.zeros(1, about["latent_dim"])), torch.zeros(1, 1, 28, 28))


def test_tensors_come_back_as_they_were():
    for tensor in (torch.randn(3, 4), torch.randint(256, (2, 5), dtype=torch.uint8)):
        again = unpacked(export_live.packed(tensor))
        assert again.dtype == tensor.dtype and torch.equal(again, tensor)


def test_the_main_direction_is_the_one_along_which_pictures_change_most(monkeypatch):
    monkeypatch.setattr(export_live, "DIRECTIONS", 2)
    slopes = torch.zeros(784, 3)
    slopes[0, 2], slopes[1, 0] = 3.0, 1.0
    decoder = nn.Sequential(nn.Linear(3, 784, bias=False), nn.Unflatten(1, (1, 28, 28)))
    decoder[0].weight.data = slopes
    decoder.latent_dim = 3
    found = export_live.main_directions(decoder, draws=16)
    assert torch.allclose(found, torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]), atol=1e-5)


@pytest.mark.parametrize("name", ["vae_06", "vae_07"])
def test_the_exported_prior_is_one_and_knows_how_crowded_unseen_codes_lie(name):
    about = explorer()["models"][name]
    shares, means, scales, crowded = (
        unpacked(about["prior"][key]) for key in ("shares", "means", "scale_tril", "crowded")
    )
    assert shares.sum() == pytest.approx(1, abs=1e-5) and means.shape == (len(shares), about["latent_dim"])
    assert torch.equal(scales, scales.tril()) and (scales.diagonal(dim1=1, dim2=2) > 0).all()
    gaussians = torch.distributions.MultivariateNormal(means, scale_tril=scales)
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(shares), gaussians)
    density = latent.FittedPrior(mixture, len(shares)).mixture.log_prob(unpacked(about["codes"]))
    assert (crowded.diff() >= 0).all() and density.median().item() == pytest.approx(crowded[50].item(), abs=1)


def test_the_sheet_holds_every_picture_once_in_its_place():
    content = rounds()
    sheet = np.array(Image.open(io.BytesIO(base64.b64decode(content["sheet"]))))
    n = len(content["kinds"]) * content["shown"]
    assert sheet.shape == (28 * n // content["columns"], 28 * content["columns"]) and len(content["readability"]) == n
    tiles = torch.from_numpy(sheet).unflatten(0, (-1, 28)).unflatten(2, (-1, 28)).transpose(1, 2).flatten(0, 1)
    assert len(tiles.flatten(1).unique(dim=0)) == n
    drawn = torch.rand(50, 1, 28, 28)
    again = np.array(Image.open(io.BytesIO(base64.b64decode(blind_rounds.sheet(drawn)))))
    assert np.array_equal(again[28:56, 28:56], (255 * drawn[26, 0]).round().numpy())


def test_one_real_digit_of_each_class_is_named_in_the_order_of_the_classes():
    labels = shuffled(digits()).test_labels[rounds()["one_of_each"]]
    assert labels.tolist() == list(range(10))
    assert rounds()["one_of_each"] == blind_rounds.one_of_each(digits())


def test_real_digits_measure_what_the_page_says_they_do():
    real = rounds()["real"]
    assert real["sharpness"] == pytest.approx(sharpness(digits().test), rel=0.05)
    assert real["ink"] == pytest.approx(digits().test.mean().item(), rel=0.05)
    assert explorer()["real"]["sharpness"] == pytest.approx(sharpness(digits().test), rel=1e-5)


def test_the_numbers_of_lesson_07_are_those_of_the_records():
    assert rounds()["lesson_07"] == json.loads(json.dumps(blind_rounds.verdicts()))
    verdicts = (export_live.ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")
    for _, compared, matters, *cells in rounds()["lesson_07"]["rows"]:
        assert f"| {compared} | {matters} | {' | '.join(cells)} |" in verdicts
    of_n01, of_fitted = rounds()["lesson_07"]["distances"].values()
    assert f"| VAE | {of_n01:.3g} ±" in verdicts and f"| the same VAE, N(0, I) | {of_fitted:.3g} ±" in verdicts
    assert interval((fight_of_digits("untouched") / fight_of_digits("usual")).log()).low > 0, "not better there"


def fight_of_digits(way: str) -> Tensor:
    return Fight(export_live.ROOT / "benchmarks" / "results", "digits").values("vae", way, "ratio")


def test_a_rule_is_right_where_the_gans_rows_have_more(monkeypatch):
    monkeypatch.setattr(blind_rounds, "POOL", 40)
    monkeypatch.setattr(blind_rounds, "ROUNDS", 50)
    drawn = {"GAN": torch.rand(40, 1, 28, 28), "VAE": torch.full((40, 1, 28, 28), 0.9)}
    measured = {name: blind_rounds.measures_of(images, torch.full((40,), 0.5)) for name, images in drawn.items()}
    assert blind_rounds.rules(drawn, measured) == {"sharpness": 1.0, "ink": 0.0, "readability": 0.0, "variety": 1.0}


def test_variety_is_the_mean_distance_between_the_pictures_of_a_row():
    row = torch.zeros(1, blind_rounds.ROW, 1, 28, 28)
    row[0, 0, 0, 0, 0] = 1.0  # one of ten differs, by a distance of 1
    assert blind_rounds.variety(row).item() == pytest.approx(9 / 45, rel=1e-4)


def test_what_the_page_says_of_the_rules_is_what_they_scored():
    """The words of blind_test/index.html on sharpness and readability stand on these numbers, and so do its counts."""
    rules = rounds()["rules"]
    fights = [Fight(export_live.ROOT / "benchmarks" / "results", name) for name in IMAGE_SETS]
    assert [len(fight.of("gan")) for fight in fights] == [5, 3, 3] and rounds()["rounds"] == 2000
    assert min(rules[way]["sharpness"] for way in rules) > 0.9
    assert rules["after"]["readability"] < 0.2 < 0.5 < rules["usual"]["readability"]
    detector = rounds()["lesson_07"]["detector"]
    assert detector["blurred"] > 0.9 and detector["blurred, equally sharp"] == pytest.approx(0.5, abs=0.05)


def test_the_made_files_are_small_enough_to_keep():
    made = [export_live.LIVE / "explorer" / "models.js", export_live.LIVE / "blind_test" / "rounds.js"]
    assert all(50_000 < file.stat().st_size < 2_000_000 for file in made)
