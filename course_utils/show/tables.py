"""Tables in Markdown, for notebooks and for docs/."""

from collections.abc import Mapping, Sequence

from IPython.display import Markdown, display


def markdown(rows: Sequence[Sequence]) -> str:
    """Write rows as a Markdown table, the first of them as its head; a | in a cell stays what it is."""
    lengths = [len(row) for row in rows]
    if len(set(lengths)) > 1:
        raise ValueError(f"expected rows of one length, got {lengths}")
    lines = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def show_table(*rows: Sequence) -> None:
    """Display rows as a table in a notebook, the first of them as its head."""
    display(Markdown(markdown(rows)))


def score_table(scores: Mapping[str, Mapping[str, float]], title: str) -> None:
    """Show scores side by side: a column for each set of samples, a row for each metric of the first."""
    first, *_ = scores.values()
    rows = [[metric, *(f"{score[metric]:.3g}" for score in scores.values())] for metric in first]
    show_table([title, *scores], *rows)
