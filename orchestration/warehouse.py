"""The warehouse that dbt builds, and what is written into it before dbt starts: the run's context as relations.

Belongs here: opening the DuckDB file and the schemas ``context`` and ``accepted``. Does not belong here: any figure; those are
dbt's.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from data_contracts.feeds import FEEDS
from orchestration.deliveries import DeliveryRecord, State
from orchestration.errors import BusyError, RefusedError, SettingsError
from orchestration.settings import Settings
from orchestration.window import Window

_DELIVERIES = pl.Schema(
    {"feed": pl.String(), "landed_on": pl.Date()}
    | dict.fromkeys(("delivered", "good", "accepted", "overtaken", "quarantined", "repeats"), pl.Int64())
    | {"state": pl.String(), "reason": pl.String()}
)
PATIENCE_SECONDS = 10
"""How long a run waits for a command that reads the warehouse, such as `explain`, to let go of it."""


@contextmanager
def open_warehouse(settings: Settings, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse in the business time zone; BusyError while another process keeps the file."""
    if read_only and not settings.warehouse.exists():
        raise SettingsError(
            f"{settings.warehouse} is not there: `incentives rebuild` makes it anew from the accepted rows"
        )
    settings.warehouse.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = _connected(settings, read_only)
    if not read_only:
        # What a process that was killed had spilled stays until somebody spills again; while this one writes, nobody else does.
        shutil.rmtree(settings.warehouse.with_name(f"{settings.warehouse.name}.tmp"), ignore_errors=True)
    try:
        # Both were checked when the settings were read.
        connection.execute(f"set TimeZone = '{settings.time_zone}'; set memory_limit = '{settings.memory}'")
        yield connection
    except duckdb.IOException as error:
        if "No files found" not in str(error):
            raise
        raise SettingsError(
            f"{settings.warehouse} reads accepted rows of another place, which are not there: `incentives doctor --repair`"
        ) from error
    except duckdb.CatalogException as error:
        raise SettingsError(
            f"{settings.warehouse} is not whole ({str(error).splitlines()[0]}): `incentives rebuild` makes it anew from the "
            "accepted rows, or where no day was processed yet `incentives run`"
        ) from error
    finally:
        connection.close()


def _connected(settings: Settings, read_only: bool) -> duckdb.DuckDBPyConnection:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return duckdb.connect(str(settings.warehouse), read_only=read_only)
        except duckdb.IOException as error:
            if "lock" not in str(error).lower():
                raise SettingsError(
                    f"{settings.warehouse} cannot be opened ({str(error).splitlines()[0]}): mend its permissions; where it is "
                    "damaged, move it away, and `incentives rebuild` makes it anew from the accepted rows"
                ) from error
            if time.monotonic() >= until:
                raise BusyError(
                    f"{settings.warehouse} is locked by another process; wait for it to end, or close the program that "
                    "has it open (BI tools read the served marts instead)"
                ) from error
            time.sleep(0.2)


@dataclass(frozen=True)
class KeptMarts:
    """The marts that a run goes on from where it can, as ``schema.name``, and the fingerprint of the project that makes them."""

    relations: tuple[str, ...]
    project: str


def write_context(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    window: Window,
    records: Iterable[DeliveryRecord],
    kept: KeptMarts,
) -> None:
    """Replaces the relations that a run's SQL reads besides the terms, in one transaction.

    Kept marts that do not stand exactly as known before the window go: the run makes them anew. Until ``mark_built`` says
    that all models were built, no later run goes on from what this one leaves.
    """
    known = list(records)
    connection.execute("begin")
    continues = _continues(connection, window, known, kept)
    if not continues:
        for relation in kept.relations:
            connection.execute(f"drop table if exists {relation}")
    _write_window(connection, window, continues, kept.project)
    _write_deliveries(connection, known, settings.warehouse.with_name("deliveries.parquet"))
    _write_views(connection, settings, window)
    connection.execute("commit")


def check_movements(connection: duckdb.DuckDBPyConnection, window: Window, kept: Iterable[str]) -> None:
    """RefusedError where relations that earlier runs should have filled are not there: what they hold would lack history.

    That is so after an upgrade that brings new movements, or where the warehouse was lost.
    """
    if window.known_from < window.earliest:
        return
    found = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    missing = sorted(set(kept) - {name for (name,) in found})
    if missing:
        raise RefusedError(
            f"the warehouse has no {', '.join(missing)}, which days through {window.known_from} should have filled: run "
            "`incentives rebuild`, which makes them anew from the accepted rows"
        )


def forget_movements(connection: duckdb.DuckDBPyConnection) -> None:
    """Drops all movements before a rebuild, so that it also takes up models of another shape.

    Until they are made anew, the check that they cover every day keeps anything from being posted.
    """
    connection.execute("drop schema if exists movements cascade")


def mark_built(connection: duckdb.DuckDBPyConnection) -> None:
    """Says that every model stands as of the window's end: the next run may go on from there."""
    connection.execute("update context.run_window set is_built = true")


def is_built(connection: duckdb.DuckDBPyConnection) -> bool | None:
    """Whether all models stand as of the window; None in a warehouse of a version that did not keep this."""
    if not _tells_what_is_built(connection):
        return None
    return bool(connection.execute("select 1 from context.run_window where is_built").fetchone())


def require_built(connection: duckdb.DuckDBPyConnection) -> None:
    """RefusedError where the models do not all stand as of the window: its run was killed, failed, or was of some assets alone.

    Awards are those of a day before then, so that nothing may be paid or published as of this one.
    """
    as_of = read_window(connection).as_of
    if not is_built(connection):
        raise RefusedError(
            f"nothing was done, since not all models stand as of {as_of}: `incentives run --through {as_of}`, or run the whole "
            "job daily_incentives"
        )


def _continues(
    connection: duckdb.DuckDBPyConnection, window: Window, records: list[DeliveryRecord], kept: KeptMarts
) -> bool:
    """Whether the kept marts are there, and are what a run over all days before the window would make of them now.

    The run before built all models, of the same project, up to the day before the window, and no delivery of those days was
    accepted since: a refused one of a feed that stops no day may be.
    """
    if window.known_from < window.earliest or not _stands(connection, kept):
        return False
    built = connection.execute(
        "select known_through, earliest, time_zone, project from context.run_window where is_built"
    ).fetchall()
    if built != [(window.known_from, window.earliest, window.time_zone, kept.project)]:
        return False
    accepted = connection.execute(
        "select feed, landed_on from context.deliveries where state = ? and landed_on <= ?",
        [State.ACCEPTED, window.known_from],
    ).fetchall()
    return set(accepted) == {
        (record.feed, record.landed_on)
        for record in records
        if record.state is State.ACCEPTED and record.landed_on <= window.known_from
    }


def _stands(connection: duckdb.DuckDBPyConnection, kept: KeptMarts) -> bool:
    """Whether the warehouse has the kept marts, and a run before this one that said what it was about."""
    found = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    return _tells_what_is_built(connection) and set(kept.relations) <= {name for (name,) in found}


def _tells_what_is_built(connection: duckdb.DuckDBPyConnection) -> bool:
    told = connection.execute(
        "select 1 from duckdb_columns() where (schema_name, table_name, column_name) = ('context', 'run_window', 'is_built')"
    )
    return told.fetchone() is not None


def _write_window(connection: duckdb.DuckDBPyConnection, window: Window, continues: bool, project: str) -> None:
    connection.execute("create schema if not exists context")
    connection.execute(
        """create or replace table context.run_window (
            known_from date not null, known_through date not null, as_of date not null, earliest date not null,
            first_delivery date, time_zone varchar not null, continues boolean not null, project varchar not null,
            is_built boolean not null)"""
    )
    connection.execute(
        "insert into context.run_window values (?, ?, ?, ?, ?, ?, ?, ?, false)",
        [
            window.known_from,
            window.known_through,
            window.as_of,
            window.earliest,
            window.first_delivery,
            window.time_zone,
            continues,
            project,
        ],
    )


def _write_deliveries(connection: duckdb.DuckDBPyConnection, records: Iterable[DeliveryRecord], part: Path) -> None:
    connection.execute(
        """create or replace table context.deliveries (
            feed varchar not null, landed_on date not null, delivered bigint not null, good bigint not null,
            accepted bigint not null, overtaken bigint not null, quarantined bigint not null, repeats bigint not null,
            state varchar not null, reason varchar)"""
    )
    rows = [
        (
            record.feed,
            record.landed_on,
            record.delivered,
            record.good,
            record.accepted,
            record.overtaken,
            record.quarantined,
            record.repeats,
            record.state,
            _reason(record),
        )
        for record in records
    ]
    # Through a file: a parameter a value would take seconds for a year of deliveries. Always the same one, so that the next
    # run takes away what a killed one left.
    try:
        pl.DataFrame(rows, schema=_DELIVERIES, orient="row").write_parquet(part)
        connection.execute("insert into context.deliveries select * from read_parquet(?)", [str(part)])
    finally:
        part.unlink(missing_ok=True)


def _reason(record: DeliveryRecord) -> str | None:
    """Why a delivery is refused, and of a waived one also who said so and why."""
    if record.waived_because is None:
        return record.reason
    return f"waived by {record.waived_by}: {record.waived_because} ({record.reason})"


def _write_views(connection: duckdb.DuckDBPyConnection, settings: Settings, window: Window) -> None:
    """Views over the immutable Parquet, up to the window's end: what a later day accepted already does not exist yet."""
    first, before, last = date.min, window.known_from, window.known_through
    for schema, after, through in (
        ("accepted", first, last),
        ("known_before", first, before),
        ("delivered", before, last),
    ):
        connection.execute(f"create schema if not exists {schema}")
        for feed in FEEDS:
            selected = _select_between(settings.accepted / feed / "*" / "*.parquet", after, through)
            connection.execute(f"create or replace view {schema}.{feed} as {selected}")
    # Broken rows all of them: those of a refused delivery, whose day waits, are what people look for.
    broken = quoted(settings.quarantine / "*" / "*" / "*.parquet")
    connection.execute(
        f"create or replace view context.quarantine as select * from read_parquet({broken}, hive_partitioning = false)"
    )


def rewrite_views(settings: Settings) -> None:
    """Has the views of the warehouse read the rows of this home: their paths are absolute."""
    with open_warehouse(settings) as connection:
        _write_views(connection, settings, read_window(connection))


def require_own_rows(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """SettingsError where the views read accepted rows of another home, since this one moved or is a copy: its models would."""
    if not views_read(connection, "accepted", settings.accepted):
        raise SettingsError(
            f"{settings.warehouse} reads accepted rows of another place, not of {settings.home}: `incentives doctor --repair`"
        )


def _select_between(parts: Path, after: date, through: date) -> str:
    """Accepted rows of the days (after, through], whose folders alone are opened.

    DuckDB takes no parameters in a view: the path is quoted, the days are dates.
    """
    return (
        f"select * from read_parquet({quoted(parts)}, hive_partitioning = true, hive_types = {{'landed_on': date}}) "
        f"where landed_on > date '{after.isoformat()}' and landed_on <= date '{through.isoformat()}'"
    )


def views_read(connection: duckdb.DuckDBPyConnection, schemas: str, folder: Path) -> bool:
    """Whether all views of these schemas (a pattern of LIKE) read files below this folder, whose path stands in them."""
    views = connection.execute(
        "select sql from duckdb_views() where not internal and schema_name like ?", [schemas]
    ).fetchall()
    here = quoted(folder / "_").removesuffix("_'")
    return all(here in sql for (sql,) in views)


def quoted(path: Path) -> str:
    """A path in SQL text, where no parameter may stand."""
    return "'" + str(path).replace("'", "''") + "'"


def read_window(connection: duckdb.DuckDBPyConnection) -> Window:
    """The window that the run in the warehouse is about; SettingsError where there was none yet."""
    try:
        row = connection.execute(
            "select known_from, known_through, as_of, earliest, first_delivery, time_zone from context.run_window"
        ).fetchone()
    except duckdb.CatalogException as error:
        raise SettingsError("the warehouse is empty: run `incentives run --through DAY` first") from error
    assert row is not None
    return Window(*row)
