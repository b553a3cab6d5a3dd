"""The model card: it has every section of the paper, shows what it is given, and refuses to pass over a gap."""

import pytest

from course_utils.applications.model_card import SECTIONS, model_card, shown, size_of
from course_utils.claims import interval
from course_utils.networks import MLPGenerator

FULL = dict.fromkeys(SECTIONS, "not measured")


def test_a_card_shows_every_section_in_the_order_of_the_paper():
    text = model_card("A generator", dict(reversed(FULL.items())))
    places = [text.index(f"**{name}**") for name in SECTIONS]
    assert places == sorted(places) and text.startswith("### A generator\n")


def test_numbers_are_rounded_and_intervals_show_their_ends():
    found = interval([0.5, 0.6, 0.7])
    card = model_card("A generator", FULL | {"Metrics": {"distance": 12.3456, "leak": found, "images": 10_000}})
    assert "- distance: 12.3\n" in card and "- images: 10000" in card
    assert f"- leak: 0.6 [{found.low:.3g}, {found.high:.3g}]\n" in card
    assert shown(found).count(",") == 1


@pytest.mark.parametrize("gap", ["", "  ", {}, {"leak": ""}])
def test_a_gap_is_refused(gap):
    with pytest.raises(ValueError, match='expected something under "Factors"'):
        model_card("A generator", FULL | {"Factors": gap})


@pytest.mark.parametrize("name", [SECTIONS[0], SECTIONS[-1]])
def test_a_missing_section_is_named(name):
    with pytest.raises(ValueError, match=name):
        model_card("A generator", {other: text for other, text in FULL.items() if other != name})


def test_a_section_of_another_name_is_named():
    with pytest.raises(ValueError, match="Ethics"):
        model_card("A generator", FULL | {"Ethics": "none"})


def test_the_size_counts_every_weight():
    assert size_of(MLPGenerator(2, (3,), (1, 2, 2))) == f"MLPGenerator, {2 * 3 + 3 + 3 * 4 + 4} weights"
