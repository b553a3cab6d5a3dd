"""A model card: what a model is for, what was measured of it, and what nobody measured (Mitchell et al., 2019)."""

from collections.abc import Mapping

from torch import nn

from course_utils.claims import Interval

SECTIONS = (  # section 4 of the paper, in its order
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
)


def model_card(title: str, sections: Mapping[str, Mapping[str, object] | str]) -> str:
    """A card in Markdown: a text for each of the nine `SECTIONS`, or entries such as `{"licence": "MIT"}`.

    Numbers are rounded to three digits, and an `Interval` shows its ends. Raises ValueError for a section that is
    missing, unknown or empty: a card must not pass over a gap in silence.
    """
    if odd := [name for name in (*SECTIONS, *sections) if (name in SECTIONS) != (name in sections)]:
        raise ValueError(f"expected the nine sections of `SECTIONS` and no others, got a difference in {odd[0]!r}")
    lines = [f"### {title}"]
    for name in SECTIONS:
        found = sections[name]
        entries = found if isinstance(found, Mapping) else {"": found}
        texts = {entry: shown(value) for entry, value in entries.items()}
        if not texts or not all(texts.values()):
            raise ValueError(f'expected something under "{name}", got nothing: write "not measured" if it was not')
        body = [f"- {entry}: {text}" if entry else text for entry, text in texts.items()]
        lines += [f"**{name}**", "\n".join(body)]
    return "\n\n".join(lines)


def shown(value: object) -> str:
    """A value as it stands on the card."""
    if isinstance(value, Interval):
        return f"{value.mean:.3g} [{value.low:.3g}, {value.high:.3g}]"
    return f"{value:.3g}" if isinstance(value, float) else str(value).strip()


def size_of(network: nn.Module) -> str:
    """A network's kind and how many weights it has, in words."""
    return f"{type(network).__name__}, {sum(weight.numel() for weight in network.parameters()):,} weights"
