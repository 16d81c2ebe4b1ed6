"""What was seen, as tables: for the terminal, and as Markdown that can be pasted. Does not belong here: measuring (``sizes``)."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from bench.growth import LINEAR, exponent
from bench.picture import Curve, log_log_plot
from bench.sizes import EMPTY, HAND, MORE, MORE_ON_WEEK, REBUILD, Size
from bench.stages import STAGES

WORSE = " !"
"""What marks a cost that grows worse than linearly."""

SECONDS = (
    f"Seconds, and how many times those of SQL by hand, as it stands now / as known. Growth above {LINEAR} is marked"
)
PICTURE = "cost_by_stage.svg"


@dataclass(frozen=True)
class Sheet:
    """A table: its title, its columns and its rows of text."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def show(self, console: Console) -> None:
        """Prints it."""
        console.print(f"\n{self.title}:")
        table = Table(*self.columns, box=box.SIMPLE)
        table.columns[0].no_wrap = True
        for column in table.columns[1:]:
            column.justify = "right"
        for row in self.rows:
            table.add_row(*row)
        console.print(table)

    def markdown(self) -> str:
        """The same as a Markdown table."""
        lines = [self.columns, ("---", *("---:" for _ in self.columns[1:])), *self.rows]
        return f"{self.title}:\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def sheets(sizes: Sequence[Size]) -> list[Sheet]:
    """Seconds beside SQL by hand, memory, and the questions of dashboards, each with its growth over the sizes."""
    parts = [f"1/{size.part}" for size in sizes]
    ratios = [column for part in parts for column in (f"{part}: s", "× now / known")]
    plain = ("what", *parts, "growth")
    return [
        Sheet(SECONDS, ("what", *ratios, "growth"), list(_rows(sizes, _seconds, _ratio))),
        Sheet("GiB of memory at the peak, and spilled to disk", plain, list(_rows(sizes, lambda size: size.gib))),
        Sheet(
            "Milliseconds of a question while a run writes",
            plain,
            list(_rows(sizes, lambda size: {name: [value] for name, value in size.questions_ms.items()})),
        ),
    ]


def ratio_of_days(size: Size) -> str:
    """How a day on a year compares with the same day on a week."""
    ratio = _median(size.seconds[MORE]) / _median(size.seconds[MORE_ON_WEEK])
    return f"1/{size.part}: one more day takes {ratio:.2f} × the same day on one week"


def write(folder: Path, heading: str, sizes: Sequence[Size], ledger: str) -> None:
    """Leaves ``results.md`` and its plot in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    curves = [
        Curve(name, [(size.orders, _median(size.seconds[figure])) for size in sizes])
        for name, figure in _curves()
        if all(figure in size.seconds for size in sizes)
    ]
    (folder / PICTURE).write_text(log_log_plot("Seconds of a full rebuild by stage", "orders", curves))
    told = [heading, *(sheet.markdown() for sheet in sheets(sizes)), *map(ratio_of_days, sizes), ledger]
    (folder / "results.md").write_text("\n\n".join([*told, f"![seconds by stage and size]({PICTURE})\n"]))


def _curves() -> Iterable[tuple[str, str]]:
    yield from ((name, name) for name in (*HAND.values(), REBUILD, MORE))
    yield from ((stage, f"{REBUILD}: {stage}") for stage in STAGES)


def _seconds(size: Size) -> dict[str, list[float]]:
    """What is shown of the seconds, in this order: the stages of a rebuild and of one more day, and all else as a whole."""
    staged = [name for run in (REBUILD, MORE) for name in (run, *(f"{run}: {stage}" for stage in STAGES))]
    return {name: size.seconds[name] for name in (*HAND.values(), *staged, MORE_ON_WEEK, EMPTY)}


def _rows(
    sizes: Sequence[Size],
    figures: Callable[[Size], dict[str, list[float]]],
    beside: Callable[[Size, str], str] | None = None,
) -> Iterable[tuple[str, ...]]:
    for name, values in figures(sizes[0]).items():
        if not any(values):  # nothing was spilled
            continue
        cells = [name]
        for size in sizes:
            cells.append(_cell(figures(size)[name]))
            if beside is not None:
                cells.append(beside(size, name))
        growth = exponent({size.orders: _median(figures(size)[name]) for size in sizes})
        cells.append("" if growth is None else f"{growth:.2f}" + WORSE * (round(growth, 2) > LINEAR))
        yield tuple(cells)


def _cell(values: list[float]) -> str:
    """The median, and least and most where there are several."""
    spread = f" ({min(values):.2f}–{max(values):.2f})" if len(values) > 1 else ""
    return f"{_median(values):.2f}{spread}"


def _ratio(size: Size, name: str) -> str:
    """A rebuild or one of its stages beside both scripts; whatever else has nothing to stand beside."""
    if not name.startswith((REBUILD, *HAND.values())):
        return ""
    return " / ".join(f"{_median(size.seconds[name]) / _median(size.seconds[hand]):.2f}" for hand in HAND.values())


def _median(values: list[float]) -> float:
    return statistics.median(values)
