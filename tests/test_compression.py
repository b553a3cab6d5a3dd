"""The coder of lesson 09, bits back, contexts and files: against numbers by hand, other formulas and bad input."""

import bz2
import io
import math
import zlib

import pytest
import torch
from PIL import Image

from course_utils import data, networks
from course_utils.applications import compression as coding
from course_utils.vae import VAE


@pytest.fixture
def bits():
    return (torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0)) < 0.2).float()


@pytest.fixture
def vae():
    torch.manual_seed(0)
    return VAE(networks.ConvEncoder(4), networks.ConvGenerator(4))


def test_a_symbol_costs_its_information():
    state = 1 << 24
    for _ in range(8):
        state = coding.push(state, 0, 1 << 21)  # p = 1 / 8: three bits
    assert state.bit_length() == 25 + 24


@pytest.mark.parametrize("state", [0, 1, 12345, 1 << 100])
def test_pop_undoes_push(state):
    table = {"a": (0, 3), "b": (3, 10), "c": (13, 3)}  # of 2 ** 4 slots

    def find(slot):
        return next((name, start, width) for name, (start, width) in table.items() if start <= slot < start + width)

    for letter in "abcabbc":
        pushed = coding.push(state, *table[letter], precision=4)
        assert coding.pop(pushed, find, precision=4) == (letter, state)
        state = pushed


def test_probabilities_always_leave_a_slot_for_each():
    assert coding.slots(torch.tensor([0.0, 0.25, 1.0]), 4) == [1, 4, 15]


@pytest.mark.parametrize("bins, precision", [(1024, 24), (64, 12)])
def test_images_and_waiting_bits_come_back(vae, bits, bins, precision):
    coder, waiting = coding.BitsBack(vae, bins, precision), coding.bits_that_wait(1000)
    back, rest = coder.decode(3, coder.encode(bits, waiting))
    assert torch.equal(back, bits) and rest == waiting


def test_written_bits_are_near_the_bound(vae, bits):
    many, waiting = bits.repeat(10, 1, 1, 1), coding.bits_that_wait(4096)
    state = coding.BitsBack(vae).encode(many, waiting)
    bound = -vae.elbo(many).mean().item() / math.log(2)
    assert (state.bit_length() - waiting.bit_length()) / 30 == pytest.approx(bound, rel=0.01)


def test_alone_costs_the_code_too(vae, bits):
    coder, waiting = coding.BitsBack(vae), coding.bits_that_wait(4096)
    x = bits[:1]
    net = coder.encode(x, waiting).bit_length() - waiting.bit_length()
    assert coder.alone(x[0], waiting) > net + 4  # four dimensions


def test_every_bin_has_a_slot(vae, bits):
    with torch.no_grad():
        starts = coding.BitsBack(vae, 64, 12).starts(bits[0])
    assert starts.shape == (4, 65) and (starts[:, 1:] > starts[:, :-1]).all()
    assert (starts[:, 0] == 0).all() and (starts[:, -1] == 1 << 12).all()


@pytest.mark.parametrize("neighbours", [12, 16])
def test_contexts_are_the_neighbours(neighbours):
    x = torch.zeros(1, 1, 6, 8)
    x[0, 0, 3, 4] = 1
    context = coding.contexts(x, neighbours)[0]
    around = coding.NEIGHBOURS[:neighbours]
    expected = {(3 - dy, 4 - dx): 1 << i for i, (dy, dx) in enumerate(around) if 3 - dy < 6 and 4 - dx < 8}
    assert {(row, column): context[row, column].item() for row, column in context.nonzero().tolist()} == expected


def test_context_streams_come_back(bits):
    p = coding.shares(coding.counts(coding.contexts(bits), bits))
    waiting = coding.bits_that_wait(100)
    state = coding.encode_contexts(bits, p, waiting)
    back, rest = coding.decode_contexts(3, p, state)
    cost = coding.bits_of(p[coding.contexts(bits)], bits[:, 0]).sum().item()
    assert torch.equal(back, bits) and rest == waiting
    assert state.bit_length() - waiting.bit_length() == pytest.approx(cost, abs=2)


def test_learning_while_coding_costs_what_it_costs_pixel_by_pixel(bits):
    context, counted, total = coding.contexts(bits), torch.zeros(coding.CONTEXTS, 2), 0.0
    for c, pixel in zip(context.flatten().tolist(), bits.flatten().int().tolist()):
        total -= math.log2((counted[c, pixel] + 0.5) / (counted[c].sum() + 1))
        counted[c, pixel] += 1
    assert coding.adaptive_bits(coding.counts(context, bits)) == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize("kind, settings", [("PNG", {}), ("TIFF", {"compression": "group4"})])
def test_a_picture_holds_the_pixels(bits, kind, settings):
    opened = Image.open(io.BytesIO(coding.picture(bits, kind, **settings)))
    pixels = torch.tensor(list(opened.convert("L").tobytes())).view(84, 28)
    assert opened.mode == "1" and torch.equal(pixels // 255, bits[:, 0].flatten(0, 1).long())


def test_eight_pixels_make_a_byte(bits):
    assert len(coding.packed(bits)) == 3 * 98


def test_bad_input_is_refused(vae, bits):
    with pytest.raises(ValueError, match="got greys"):
        coding.BitsBack(vae).encode(bits / 2 + 0.1, 1)
    with pytest.raises(ValueError, match="power of two"):
        coding.BitsBack(vae, bins=1000)
    with pytest.raises(ValueError, match="less than 2 \\*\\* precision"):
        coding.BitsBack(vae, bins=16, precision=4)
    with pytest.raises(ValueError, match="bernoulli"):
        coding.BitsBack(VAE(vae.encoder, vae.decoder, likelihood="gaussian"))
    with pytest.raises(ValueError, match="expected one of png"):
        coding.file_bits(bits, "gif")


def test_a_file_takes_the_smaller_of_two_layouts():
    x = (data.load("digits").test[:400] > 0.5).float()
    for kind, coder in (("bz2", bz2.compress), ("zlib", zlib.compress)):
        sizes = [8 * len(coder(layout, 9)) / len(x) for layout in (coding.packed(x), coding.spread(x))]
        assert coding.file_bits(x, kind) == min(sizes)
    assert len(coding.packed(x)) == 98 * len(x) and len(coding.spread(x)) == 784 * len(x)
