"""The fingerprint of a run: what changes the result changes it, wherever that is written."""

import collections
import sys
import types

import numpy as np
import pytest
import torch
from helpers import ring_points, run, stopping_after, tiny_gan
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, RandomSampler, SequentialSampler, Subset, TensorDataset

from course_utils import losses
from course_utils.gan import GAN
from course_utils.plumbing.fingerprint import MOST, Fingerprint
from course_utils.training import fit
from course_utils.vae import VAE

POINTS = ring_points()
pytestmark = pytest.mark.usefixtures("folder")


def print_of(thing) -> str:
    return Fingerprint(thing).hexdigest()


def notebook(source: str) -> dict:
    """Run a cell as a notebook does and return its names."""
    names = {"__name__": "__main__", "GAN": GAN, "torch": torch, "losses": losses}
    exec(source, names)
    return names


def learners_gan(source: str, settings: object = None) -> GAN:
    """Return a tiny GAN whose class a cell has defined as `Mine`."""
    plain = tiny_gan()
    gan = notebook(source)["Mine"](plain.generator, plain.discriminator)
    if settings is not None:
        gan.settings = settings
    return gan


STEP = """
class Mine(Base):
    def training_step(self, batch, optimizers, step):
        metrics = super().training_step(batch, optimizers, step)
        return {name: mine(value) for name, value in metrics.items()}
"""
USUAL = "def mine(value): return 2 * value\nclass Base(GAN):\n    width = 3\n" + STEP
CHANGES = {
    "a setting in a list": lambda: (learners_gan(USUAL, [1, 2.0]), learners_gan(USUAL, [1, 2.5])),
    "a setting in a dict": lambda: (learners_gan(USUAL, {"a": 1}), learners_gan(USUAL, {"a": 2})),
    "a setting in a tensor": lambda: (learners_gan(USUAL, POINTS[:2]), learners_gan(USUAL, POINTS[1:3])),
    "a setting in an array": lambda: (learners_gan(USUAL, np.ones(3)), learners_gan(USUAL, np.zeros(3))),
    "a function that the loss calls": lambda: (
        learners_gan(USUAL),
        learners_gan(USUAL.replace("2 * value", "3 * value")),
    ),
    "a function that this function calls": lambda: (
        learners_gan("def deep(v): return v\ndef mine(v): return deep(v)\nBase = GAN" + STEP),
        learners_gan("def deep(v): return -v\ndef mine(v): return deep(v)\nBase = GAN" + STEP),
    ),
    "a number of the notebook": lambda: (
        learners_gan("weight = 2\ndef mine(v): return weight * v\nBase = GAN" + STEP),
        learners_gan("weight = 3\ndef mine(v): return weight * v\nBase = GAN" + STEP),
    ),
    "a default of a function": lambda: (
        learners_gan("def mine(v, weight=2): return weight * v\nBase = GAN" + STEP),
        learners_gan("def mine(v, weight=3): return weight * v\nBase = GAN" + STEP),
    ),
    "what a function closes over": lambda: (
        learners_gan("def make(w): return lambda v: w * v\nmine = make(2)\nBase = GAN" + STEP),
        learners_gan("def make(w): return lambda v: w * v\nmine = make(3)\nBase = GAN" + STEP),
    ),
    "a base class": lambda: (
        learners_gan(USUAL),
        learners_gan(USUAL.replace("width = 3", "def generate(self, n, y): return 1 + super().generate(n, y)")),
    ),
    "a class attribute": lambda: (learners_gan(USUAL), learners_gan(USUAL.replace("width = 3", "width = 4"))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_edited_cell_trains_anew_and_the_same_cell_again_returns_at_once(change, folder, capsys):
    first, edited = CHANGES[change]()
    run(first)
    run(CHANGES[change]()[0])
    assert capsys.readouterr().err == "" and len(list(folder.iterdir())) == 1
    run(edited)
    assert "training anew" in capsys.readouterr().err and len(list(folder.iterdir())) == 2


def test_an_edited_loss_of_the_course_trains_anew(monkeypatch, capsys):
    run()
    d_loss, g_loss = losses.ADVERSARIAL["non_saturating"]
    twice = types.FunctionType((lambda logits: 2 * logits.mean()).__code__, vars(losses), g_loss.__name__)
    monkeypatch.setitem(losses.ADVERSARIAL, "non_saturating", (d_loss, twice))
    run()
    assert "training anew" in capsys.readouterr().err


def test_a_function_put_onto_a_model_counts(capsys):
    run()
    gan = tiny_gan()
    gan.generate = lambda n, y: GAN.generate(gan, n, y).mul(2)
    run(gan)
    assert "training anew" in capsys.readouterr().err


def test_a_hook_on_a_layer_counts(capsys):
    run()
    gan = tiny_gan()
    gan.generator.register_forward_hook(lambda module, inputs, output: output + 1)
    run(gan)
    assert "training anew" in capsys.readouterr().err


def test_freezing_a_network_trains_anew(capsys):
    run()
    gan = tiny_gan()
    gan.generator[0].requires_grad_(False)
    run(gan)
    assert "training anew" in capsys.readouterr().err


def test_private_attributes_and_buffers_that_are_not_saved_count(capsys):
    for private, buffer in ((1, 0.0), (2, 0.0), (1, 1.0)):
        gan = tiny_gan()
        gan._private = private
        gan.register_buffer("unsaved", torch.tensor(buffer), persistent=False)
        run(gan)
    assert capsys.readouterr().err.count("training anew") == 2


def test_what_is_in_a_subclass_of_a_collection_counts():
    class Settings(dict):
        pass

    class Sizes(list):
        pass

    Pair = collections.namedtuple("Pair", "a b")
    for one, other in (
        (collections.OrderedDict(a=1), collections.OrderedDict(a=2)),
        (Settings(a=1), Settings(a=2)),
        (Sizes([1]), Sizes([2])),
        (Pair(1, 2), Pair(1, 3)),
        (Settings(a=1), {"a": 1}),
    ):
        assert print_of(one) != print_of(other)


class Lazy(Dataset):
    """Points that are made when they are asked for, as a folder of files would be read."""

    def __len__(self) -> int:
        return 40

    def __getitem__(self, i: int) -> Tensor:
        return torch.full((2,), i / 40)


LOADERS = {
    "other images": lambda: (TensorDataset(POINTS), {}),
    "a subset": lambda: (Subset(TensorDataset(POINTS + 1), range(0, 100)), {}),
    "another subset": lambda: (Subset(TensorDataset(POINTS + 1), range(100, 200)), {}),
    "an order": lambda: (TensorDataset(POINTS + 1), {"sampler": SequentialSampler(POINTS)}),
    "another order": lambda: (TensorDataset(POINTS + 1), {"sampler": RandomSampler(POINTS, num_samples=200)}),
    "a function that joins": lambda: (TensorDataset(POINTS + 1), {"collate_fn": lambda parts: torch.stack(parts[0])}),
}


@pytest.mark.parametrize("change", LOADERS)
def test_other_data_behind_a_loader_train_anew(change, capsys):
    run(data=DataLoader(TensorDataset(POINTS + 1), batch_size=10))
    run(data=DataLoader(TensorDataset(POINTS + 1), batch_size=10))
    assert capsys.readouterr().err == ""
    dataset, options = LOADERS[change]()
    run(data=DataLoader(dataset, batch_size=10, **options))
    assert "training anew" in capsys.readouterr().err


def test_data_that_a_loader_reads_when_asked_are_named(capsys):
    run(data=DataLoader(Lazy(), batch_size=10))
    message = "run: the checkpoint does not see a change in the items of Lazy; rename it after one.\n"
    assert capsys.readouterr().err == message


def test_other_held_out_data_train_anew(capsys):
    def train(held_out: Tensor) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            encoder, decoder = nn.Linear(2, 4), nn.Linear(2, 2)
        decoder.latent_dim = 2
        vae = VAE(encoder, decoder, likelihood="gaussian")
        fit(vae, POINTS, steps=4, held_out=held_out, checkpoint="vae")

    train(POINTS[:20])
    train(POINTS[:20].clone())
    assert capsys.readouterr().err == ""
    train(POINTS[20:40])
    assert "training anew" in capsys.readouterr().err


def test_what_cannot_be_looked_into_is_named():
    assert Fingerprint([1, object()]).unseen == {"object"}
    too_many = [[i] for i in range(MOST)]
    assert Fingerprint([*too_many, collections.deque()]).unseen == {"list", "deque"}


def test_equal_things_have_equal_fingerprints_whatever_their_order_in_memory():
    loop = [1]
    loop.append(loop)
    again = [1]
    again.append(again)
    assert print_of(loop) == print_of(again) != print_of([1, [1]])
    assert print_of({"b", "a"}) == print_of({"a", "b"}) != print_of({"a"})
    assert print_of(True) != print_of(1) != print_of(1.0)
    assert print_of(nn.Linear) == print_of(nn.Linear) != print_of(nn.Conv2d)


def test_training_changes_no_fingerprint_and_seeds_no_randomness():
    gan = tiny_gan()
    before = print_of(gan)
    torch.manual_seed(3)
    state = torch.get_rng_state()
    fit(gan, POINTS, steps=3)
    assert print_of(gan) == before and torch.equal(torch.get_rng_state(), state)


def test_new_weights_begin_a_new_run_on_the_same_model(folder):
    gan, _ = run()
    with torch.no_grad():
        for weight in gan.parameters():
            weight.mul_(0.5)
    run(gan)
    assert len(list(folder.iterdir())) == 2


def test_a_model_that_counts_its_steps_goes_on_and_returns_at_once(folder, capsys):
    gan = learners_gan("class Mine(GAN):\n    seen = 0\n" + COUNTING)
    with pytest.raises(KeyboardInterrupt), stopping_after(8, KeyboardInterrupt):
        run(gan)
    for _ in range(2):
        run(gan)
    assert "training anew" not in capsys.readouterr().err and len(list(folder.iterdir())) == 1


COUNTING = """
    def training_step(self, batch, optimizers, step):
        self.seen += 1
        return super().training_step(batch, optimizers, step)
"""


def test_the_object_of_a_bound_method_counts():
    class Loss:
        def __init__(self, weight):
            self.weight = weight

        def of(self, x):
            return self.weight * x

    assert print_of(Loss(1).of) == print_of(Loss(1).of) != print_of(Loss(2).of)
    assert print_of(torch.ones(2).mul) != print_of(torch.zeros(2).mul)


def test_code_is_followed_through_modules_and_imports(monkeypatch):
    def changed(factor: int) -> str:
        inner, outer = types.ModuleType("mine.inner"), types.ModuleType("mine")
        exec(f"def loss(x): return {factor} * x", vars(inner))
        inner.loss.__module__ = "__main__"
        outer.inner = inner
        for module in (inner, outer):
            module.__file__ = "mine.py"
            monkeypatch.setitem(sys.modules, module.__name__, module)
        far = notebook("import mine\ndef far(x): return mine.inner.loss(x)")["far"]
        late = notebook("def late(x):\n    import mine\n    return mine.inner.loss(x)")["late"]
        return print_of(far) + print_of(late)

    one, two = changed(1), changed(2)
    assert one[:12] != two[:12] and one[12:] != two[12:] and changed(1) == one


def test_hooks_on_gradients_and_swapped_names_of_arguments_count():
    plain, clipped = tiny_gan(), tiny_gan()
    next(clipped.parameters()).register_hook(lambda gradient: gradient.clamp(-0.1, 0.1))
    assert print_of(plain) != print_of(clipped)
    one, other = (notebook(f"def h({names}): return real - fake")["h"] for names in ("real, fake", "fake, real"))
    assert print_of(one) != print_of(other)
