"""Tables of recorded applications, in Markdown: means over seeds with their 95 % intervals."""

from collections.abc import Mapping

from course_utils.claims import interval
from course_utils.comparison.arms import Arms
from course_utils.show.tables import markdown


def spread(values, digits: int = 3) -> str:
    """A mean over seeds and half of its 95 % interval, such as "0.912 ± 0.004"."""
    found = interval(values)
    return f"{found.mean:.{digits}f} ± {found.high - found.mean:.{digits}f}"


def method_table(
    arms: Arms, rows: Mapping[str, str], columns: Mapping[str, tuple[str, ...]], head: str = "", digits: int = 3
) -> str:
    """A row for each method, by its name; a column for each measure, its arm and the path below the method.

    `columns={"RMSE": ("half", "rmse")}` reads `arms.values("half", method, "rmse")`, over the seeds that have it. –
    means that fewer than two do.
    """
    table = [[head, *columns]]
    for name, method in rows.items():
        cells = []
        for arm, *path in columns.values():
            seeds = {seed for seed, line in arms.of(arm).items() if has(line, method, *path)}
            cells.append(spread(arms.values(arm, method, *path, seeds=seeds), digits) if len(seeds) > 1 else "–")
        table.append([name, *cells])
    return markdown(table)


def has(line: Mapping, *path: str) -> bool:
    """Tell whether a recorded line goes down a path."""
    for name in path:
        if name not in line:
            return False
        line = line[name]
    return True
