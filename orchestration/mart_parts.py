"""The parts of a served mart: a Parquet file a calendar month, written where its rows changed, shared with the last version
where they did not.

Whether rows changed is found by looking at all of them, since nothing else tells it for certain; that costs a tenth of sorting
and writing them. Does not belong here: versions, who may read them and the views over them (``publication``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from data_contracts.public_marts import PublicMart
from orchestration.files import replacing
from orchestration.warehouse import quoted

WRITER = 1
"""Counted up whenever parts come to be written in another way, so that none is shared with a version from before."""

WHOLE = "all"
"""The name of the one part of a mart that has no months, or has no rows: it still shows the columns."""

_UNDATED = "undated"


@dataclass(frozen=True)
class Part:
    """What stands in a part, whatever its order: rows and two sums over their hashes; and the bytes of its file."""

    rows: int
    sums: tuple[int, int]
    bytes: int = 0


@dataclass(frozen=True)
class MartParts:
    """The parts of a mart in one version by name (``2025-10``), the folder they stand in, and how they were written."""

    folder: Path
    shape: str
    parts: dict[str, Part]

    @property
    def rows(self) -> int:
        """The rows of the mart."""
        return sum(part.rows for part in self.parts.values())


def write_parts(
    connection: duckdb.DuckDBPyConnection,
    mart: PublicMart,
    folder: Path,
    last: MartParts | None,
    unchanged_before: date | None,
) -> tuple[MartParts, int]:
    """Fills a new folder with the parts of a mart; returns them, and how many are shared with the last version.

    ``unchanged_before``: the first day of a month before which no row changed since then, where that is known.
    """
    shape = _shape(connection, mart)
    known = last.parts if last is not None and last.shape == shape else {}
    since = unchanged_before if known else None
    kept = {name: part for name, part in known.items() if since is not None and name < _month(since)}
    found = kept | _find(connection, mart, since) or {WHOLE: Part(0, (0, 0))}
    parts, shared = {}, 0
    for name, part in sorted(found.items()):
        path = folder / f"{name}.parquet"
        if last is not None and name in known and _share(part, known[name], last.folder / path.name, path):
            shared += 1
        else:
            _write(connection, mart, name, path)
        parts[name] = replace(part, bytes=path.stat().st_size)
    return MartParts(folder, shape, parts), shared


def _shape(connection: duckdb.DuckDBPyConnection, mart: PublicMart) -> str:
    """All that a file hangs on besides its rows. DuckDB's version belongs to it: its hashes hold within one only."""
    columns = ", ".join(f"{name} {kind}" for name, kind in _columns(connection, mart))
    order = ", ".join(mart.order_by)
    return f"writer {WRITER}, DuckDB {duckdb.__version__}, months of {mart.part_by}, order by {order}: {columns}"


def _columns(connection: duckdb.DuckDBPyConnection, mart: PublicMart) -> list[tuple[str, str]]:
    described = connection.execute(f"select column_name, column_type from (describe {mart.relation})").fetchall()
    return [(f'"{name}"', kind) for name, kind in described]


def _find(connection: duckdb.DuckDBPyConnection, mart: PublicMart, since: date | None) -> dict[str, Part]:
    """What stands in the parts of the mart now, read in one scan; bytes are not known yet.

    A row's hash is hashed again before it is added: DuckDB joins the hashes of columns by XOR, so that sums of them would not
    see every exchange of amounts between two rows. Sums count each of equal rows. Changes go unseen where the 64-bit hashes of
    an old and a new row agree, or both sums of 64-bit hashes do.
    """
    columns = ", ".join(name for name, _ in _columns(connection, mart))
    month = f"date_trunc('month', {mart.part_by})" if mart.part_by else "cast(null as date)"
    where = f"where {mart.part_by} >= date '{since.isoformat()}'" if since else ""
    found = connection.execute(
        f"""select strftime(month, '%Y-%m'), count(*), sum(hash(row_hash)), sum(hash(hash(row_hash)))
        from (select {month} as month, hash({columns}) as row_hash from {mart.relation} {where}) group by month"""
    ).fetchall()
    undated = _UNDATED if mart.part_by else WHOLE
    return {name or undated: Part(rows, (first, second)) for name, rows, first, second in found}


def _share(part: Part, known: Part, old: Path, new: Path) -> bool:
    """Keeps one copy of a file under both names, if it holds the rows of the part, and is as it was written."""
    if replace(part, bytes=known.bytes) != known or not old.exists() or old.stat().st_size != known.bytes:
        return False
    new.hardlink_to(old)
    return True


def _write(connection: duckdb.DuckDBPyConnection, mart: PublicMart, name: str, path: Path) -> None:
    order = ", ".join(mart.order_by)
    with replacing(path) as temporary:
        connection.execute(
            f"copy (select * from {mart.relation} where {_rows_of(mart, name)} order by {order}) "
            f"to {quoted(temporary)} (format parquet, compression zstd)"
        )


def _rows_of(mart: PublicMart, name: str) -> str:
    if name == WHOLE:
        return "true"
    if name == _UNDATED:
        return f"{mart.part_by} is null"
    first = f"date '{name}-01'"
    return f"{mart.part_by} >= {first} and {mart.part_by} < cast({first} + interval 1 month as date)"


def _month(day: date) -> str:
    return day.strftime("%Y-%m")
