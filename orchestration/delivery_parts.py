"""The rows of one delivery as Parquet parts: held in memory while they are few, written in parts where they are many.

Belongs here: when a part is written, and giving parts their names in one step. Does not belong here: which rows are good
(``acceptance``), or what a delivery's record says (``deliveries``).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from orchestration.files import sync

PARTS = "part-*.parquet"
_MOST_ROWS = 400_000  # in memory at once
_MOST_BYTES = 2**28
_ROW_GROUP = 200_000


def part_paths(folder: Path) -> list[Path]:
    """The published parts in a day's folder, in order of their rows; empty where there is none."""
    return sorted(folder.glob(PARTS), key=lambda path: int(path.stem.removeprefix("part-")))


class DeliveryParts:
    """Rows of one schema in the order in which they are added; nobody reads them before they are published."""

    def __init__(self, folder: Path, schema: pl.Schema) -> None:
        self.folder = folder
        self.rows = 0
        self._held = [schema.to_frame()]
        self._written: list[Path] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Adds rows; what is held is written to a part that has no name yet once it is much."""
        self._held.append(rows)
        self.rows += rows.height
        height = sum(held.height for held in self._held)
        if height >= _MOST_ROWS or sum(held.estimated_size() for held in self._held) >= _MOST_BYTES:
            self._write_held()

    def scan(self) -> pl.LazyFrame:
        """All rows in order, with their ``place``."""
        if not self._written:
            return pl.concat(self._held).lazy().with_row_index("place")
        if len(self._held) > 1:
            self._write_held()
        return pl.scan_parquet(self._written, row_index_name="place", hive_partitioning=False, glob=False)

    def publish(self, without: pl.Series | None = None) -> None:
        """Gives the parts their names, one part at least; ``without`` flags rows, one flag a row, that are left out."""
        if len(self._held) > 1 or not self._written:
            if not self._written:
                self._held = [_left(pl.concat(self._held), without)]
                without = None
            self._write_held()
        first = 0
        for number, part in enumerate(self._written):
            if without is not None:
                first = _rewrite(part, without, first)
            publish_part(part, self.folder / f"part-{number}.parquet")

    def _write_held(self) -> None:
        part = self.folder / f"part-{len(self._written)}.parquet.tmp"
        write_part(pl.concat(self._held), part)
        self._written.append(part)
        self._held = [self._held[0].clear()]


def write_part(rows: pl.DataFrame, path: Path) -> None:
    """Writes rows under a name that nobody reads."""
    rows.write_parquet(path, compression="zstd", compression_level=1, row_group_size=_ROW_GROUP)


def publish_part(finished: Path, path: Path) -> None:
    """Gives a finished file its name, in one step and for good."""
    finished.chmod(0o600)
    sync(finished)
    finished.replace(path)
    sync(path.parent)


def _rewrite(part: Path, without: pl.Series, first: int) -> int:
    """Leaves the flagged rows out of a part that begins with row ``first``; returns where the next begins."""
    rows = pl.read_parquet(part, hive_partitioning=False, glob=False)
    flags = without.slice(first, rows.height)
    if flags.any():
        write_part(rows.filter(~flags), part)
    return first + rows.height


def _left(rows: pl.DataFrame, without: pl.Series | None) -> pl.DataFrame:
    return rows if without is None else rows.filter(~without)
