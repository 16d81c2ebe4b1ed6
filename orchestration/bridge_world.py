"""A warehouse to try things in: awards worked out again on a part of what is known, for the restatement bridge.

Belongs here: its folder, which accepted rows it shows, and building the models that decide awards, as dbt compiled them in the last
run. It begins with the movements that the warehouse has through a day; what came after that day is let in class by class, as one
more window of a run. Does not belong here: the order of classes and what they sum to (``bridge``), and any figure (dbt).
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from data_contracts.terms import Program
from orchestration.errors import BusyError, RefusedError, SettingsError
from orchestration.ledger.entries import AwardKey
from orchestration.settings import Settings
from orchestration.terms_relations import write_terms
from orchestration.warehouse import open_warehouse, quoted, read_window

_AWARDS = "model.incentives.incentive_awards"
_ACCEPTED = "source.incentives.accepted."
_MOVEMENTS = "movements"
_ROWS_AT_ONCE = 10_000


class RowClass(IntEnum):
    """Why an accepted row is news, in the order of letting in: by what it is and when it landed, whatever days are asked for.

    BESIDE_SALES: all rows of feeds that speak of no sale, as partners, ranks, lists, sessions, members, referrals and deals.
    ASSIGNMENTS and REFUNDS: all rows of those feeds. LATE_ORDERS: what a sale came with until it was first known to be paid: rows
    of its order, its lines, their attributions and redemptions. Of those, what lands later is ATTRIBUTIONS or LATER_VERSIONS.
    """

    BESIDE_SALES = 1
    ASSIGNMENTS = 2
    LATE_ORDERS = 3
    REFUNDS = 4
    ATTRIBUTIONS = 5
    LATER_VERSIONS = 6


_OF_FEED = {
    "assignments": RowClass.ASSIGNMENTS,
    "orders": RowClass.LATER_VERSIONS,
    "order_lines": RowClass.LATER_VERSIONS,
    "deal_redemptions": RowClass.LATER_VERSIONS,
    "refunds": RowClass.REFUNDS,
    "attributions": RowClass.ATTRIBUTIONS,
}
"""The class of a feed's rows, of those that may be part of a sale once it is known; of all other feeds BESIDE_SALES."""
_SOLD_BY = {
    "orders": "order_key",
    "order_lines": "line_key",
    "attributions": "line_key",
    "deal_redemptions": "line_key",
}
"""Feeds whose rows may be part of a sale, and the key by which it is found."""

# When what news speak of was first known to be sold: one row an order (paid), and one a line (it and its order, paid).
_SALES = """
    create schema bridge;
    create table bridge.asked_lines as
    select line_key from landed.order_lines where landed_on > $first
    union
    select line_key from landed.attributions where landed_on > $first
    union
    select line_key from landed.deal_redemptions where landed_on > $first;

    create table bridge.lines as
    select line_key, order_key, landed_on from landed.order_lines
    where line_key in (select line_key from bridge.asked_lines);

    create table bridge.sold_by_order_key as
    select order_key, min(landed_on) as sold_on
    from landed.orders
    where paid_at is not null and order_key in (
        select order_key from bridge.lines
        union
        select order_key from landed.orders where landed_on > $first
    )
    group by order_key;

    create table bridge.sold_by_line_key as
    select lines.line_key, min(greatest(lines.landed_on, orders.sold_on)) as sold_on
    from bridge.lines as lines
    inner join bridge.sold_by_order_key as orders on lines.order_key = orders.order_key
    group by lines.line_key"""

_GMV = """
    select '' as partner_id, '' as service, coalesce(sum(gross_cents), 0), coalesce(sum(net_cents), 0)
    from movements.gmv_daily_movements
    union all
    select partner_id, service, sum(gross_cents + matched_gross_cents), sum(net_cents + matched_net_cents)
    from movements.partner_gmv_daily_movements
    group by partner_id, service"""
# Of service MATCHED the cube has matched amounts alone, of all others none.


@dataclass(frozen=True)
class _Model:
    """A model as dbt compiled it; ``columns`` with their types. A kept one holds what earlier windows added to it."""

    relation: str
    room: str
    columns: str
    sql: str
    is_view: bool
    is_kept: bool


class BridgeWorld:
    """What is owed as of days from ``first`` on, on the rows through ``first`` and the classes of later ones that were let in."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, models: Sequence[_Model], first_delivery: date | None):
        self._connection = connection
        self._models = models
        self._first_delivery = first_delivery
        self._build(movements=True)

    def let_in(self, row_class: RowClass) -> bool:
        """Lets in the rows of a class, besides those of the classes before; False where there are none, and nothing changes."""
        (found,) = _one(self._connection, "select exists (from bridge.news where row_class = ?)", [row_class])
        if found:
            self._connection.execute("update bridge.let_in set through_class = ?", [row_class])
            self._build(movements=True)
        return bool(found)

    def awards(self, programs: Sequence[Program], as_of: date) -> Iterator[tuple[AwardKey, int]]:
        """Every award above 0 of these programs, under these of their versions, as of a day: its key and its cents."""
        self._connection.execute("update context.run_window set as_of = ?", [as_of])
        write_terms(self._connection, programs, as_of, self._first_delivery)
        self._build(movements=False)
        self._connection.execute(f"select {', '.join(AwardKey._fields)}, amount_cents from awards.incentive_awards")
        while rows := self._connection.fetchmany(_ROWS_AT_ONCE):
            for row in rows:
                yield AwardKey(*row[:-1]), row[-1]

    def gmv(self) -> Iterator[tuple[str, str, int, int]]:
        """Partner, service, gross and net cents of all paid days, as known; the whole market has '' for both names."""
        yield from self._connection.execute(_GMV).fetchall()

    def _build(self, movements: bool) -> None:
        """Makes anew the movements of the window after ``first``, or all that is made of them and of terms."""
        for model in self._models:
            if not model.is_view and (model.room == _MOVEMENTS) == movements:
                if model.is_kept:
                    self._connection.execute(
                        f"delete from {model.relation} where known_on > (select known_from from context.run_window)"
                    )
                else:
                    self._connection.execute(f"create or replace table {model.relation} ({model.columns})")
                self._connection.execute(f"insert into {model.relation} by name {model.sql}")


@contextmanager
def open_bridge_world(settings: Settings, first: date, last: date) -> Iterator[BridgeWorld]:
    """A world that stands as known on ``first``, before which nothing is let in and after ``last`` nothing is there.

    BusyError while another bridge is worked out in this home; SettingsError where nothing was run yet, or room or memory are short.
    """
    manifest = _manifest(settings)
    models = _models(manifest)
    with _scratch_folder(settings) as folder:
        try:
            window = _take_over(settings, models, folder, first)
            with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
                connection.execute(f"set TimeZone = '{settings.time_zone}'; set memory_limit = '{settings.memory}'")
                connection.execute("set preserve_insertion_order = false; set parquet_metadata_cache = true")
                _write_context(connection, folder, first, last)
                _show_rows(connection, settings, _feeds(manifest), first, last)
                _make_rooms(connection, models, folder)
                yield BridgeWorld(connection, models, window)
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise SettingsError(
                f"the bridge cannot be worked out in {folder} ({str(error).splitlines()[0]}): free space there or set "
                "INCENTIVES_MEMORY higher, then ask again"
            ) from error


@contextmanager
def _scratch_folder(settings: Settings) -> Iterator[Path]:
    """A folder that goes when it was used; one bridge at a time has it, so what is there before is what a killed one left."""
    folder, lock = settings.home / "bridge", settings.home / "bridge.lock"
    with lock.open("a", encoding="utf-8") as stream:
        lock.chmod(0o600)
        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"another bridge is worked out in {settings.home}; wait for it to end") from None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _manifest(settings: Settings) -> dict[str, Any]:
    """What dbt wrote of its last build; SettingsError where there was none."""
    path = settings.home / "dbt" / "manifest.json"
    if not path.exists():
        raise SettingsError(f"no run has left its models in {path.parent}: `incentives rebuild` makes them anew")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _deciding(manifest: dict[str, Any]) -> dict[str, set[str]]:
    """The models that decide awards, each with all that it reads, sources too."""
    found: dict[str, set[str]] = {}
    waiting = [_AWARDS]
    while waiting:
        name = waiting.pop()
        if name in manifest["nodes"] and name not in found:
            found[name] = set(manifest["nodes"][name]["depends_on"]["nodes"])
            waiting.extend(found[name])
    return found


def _models(manifest: dict[str, Any]) -> list[_Model]:
    """The models that decide awards, each after all that it reads."""
    order = TopologicalSorter(_deciding(manifest)).static_order()
    return [_model(manifest["nodes"][name]) for name in order if name in manifest["nodes"]]


def _model(node: dict[str, Any]) -> _Model:
    if not node.get("compiled_code"):
        raise RefusedError(
            f"the model {node['name']} is another one than the last run built: run `incentives rebuild`, then ask again"
        )
    config = node["config"]
    return _Model(
        relation=f"{node['schema']}.{node['alias']}",
        room=node["schema"],
        columns=", ".join(f'"{name}" {column["data_type"]}' for name, column in node["columns"].items()),
        sql=node["compiled_code"],
        is_view=config["materialized"] == "view",
        is_kept=config["incremental_strategy"] == "replace_window",
    )


def _feeds(manifest: dict[str, Any]) -> list[str]:
    """The feeds that awards rest on."""
    read = {name for names in _deciding(manifest).values() for name in names}
    return sorted(name.removeprefix(_ACCEPTED) for name in read if name.startswith(_ACCEPTED))


def _take_over(settings: Settings, models: Sequence[_Model], folder: Path, first: date) -> date | None:
    """Copies what the warehouse knew on a day, and lets go of it; returns the first delivery day of orders."""
    with open_warehouse(settings, read_only=True) as warehouse:
        for model in models:
            if model.is_kept:
                warehouse.execute(
                    f"copy (from {model.relation} where known_on <= date '{first}') to {quoted(_part(folder, model))}"
                )
        warehouse.execute(f"copy (from context.run_window) to {quoted(folder / 'run_window.parquet')}")
        return read_window(warehouse).first_delivery


def _part(folder: Path, model: _Model) -> Path:
    return folder / f"{model.relation}.parquet"


def _write_context(connection: duckdb.DuckDBPyConnection, folder: Path, first: date, last: date) -> None:
    """The window (first, last], of a run that goes on from what was known on ``first``."""
    connection.execute("create schema context")
    connection.execute(f"create table context.run_window as from read_parquet({quoted(folder / 'run_window.parquet')})")
    connection.execute(
        "update context.run_window set known_from = ?, known_through = ?, as_of = ?, continues = false, is_built = false",
        [first, last, first],
    )


def _show_rows(
    connection: duckdb.DuckDBPyConnection, settings: Settings, feeds: Sequence[str], first: date, last: date
) -> None:
    """Accepted rows as a run reads them: ``known_before`` through ``first``, ``delivered`` after it as far as let in, and both.

    News are copied, each row with its class, since every step reads them again.
    """
    for schema in ("landed", "known_before", "delivered", "accepted"):
        connection.execute(f"create schema {schema}")
    for feed in feeds:
        parts = quoted(settings.accepted / feed / "*" / "*.parquet")
        rows = f"from read_parquet({parts}, hive_partitioning = true, hive_types = {{'landed_on': date}})"
        connection.execute(f"create view landed.{feed} as {rows} where landed_on <= date '{last}'")
        connection.execute(f"create view known_before.{feed} as {rows} where landed_on <= date '{first}'")
    connection.execute(_SALES.replace("$first", f"date '{first}'"))
    connection.execute("create table bridge.let_in as select 0 as through_class")
    connection.execute("create table bridge.news (feed varchar, row_class integer)")
    for feed in feeds:
        connection.execute(f"create table bridge.{feed}_news as {_classed(feed, first)}")
        connection.execute(f"insert into bridge.news select distinct '{feed}', row_class from bridge.{feed}_news")
        connection.execute(
            f"create view delivered.{feed} as select * exclude (row_class) from bridge.{feed}_news "
            "where row_class <= (select through_class from bridge.let_in)"
        )
        connection.execute(
            f"create view accepted.{feed} as from known_before.{feed} union all by name from delivered.{feed}"
        )


def _classed(feed: str, first: date) -> str:
    """The rows of a feed that landed after a day, each with its class."""
    of_feed = int(_OF_FEED.get(feed, RowClass.BESIDE_SALES))
    news = f"from landed.{feed} as rows where landed_on > date '{first}'"
    if feed not in _SOLD_BY:
        return f"select rows.*, {of_feed} as row_class {news}"
    key = _SOLD_BY[feed]
    sold = f"(select {key}, sold_on from bridge.sold_by_{key}) as sales"
    is_part_of_sale = "sales.sold_on is null or rows.landed_on <= sales.sold_on"
    return (
        f"select rows.*, case when {is_part_of_sale} then {int(RowClass.LATE_ORDERS)} else {of_feed} end as row_class "
        f"from (select * {news}) as rows left join {sold} on rows.{key} = sales.{key}"
    )


def _make_rooms(connection: duckdb.DuckDBPyConnection, models: Sequence[_Model], folder: Path) -> None:
    """Every model's relation: views for good, kept movements as they were taken over, the rest empty."""
    for room in sorted({model.room for model in models}):
        connection.execute(f"create schema if not exists {room}")
    for model in models:
        if model.is_view:
            connection.execute(f"create view {model.relation} as {model.sql}")
            continue
        connection.execute(f"create table {model.relation} ({model.columns})")
        if model.is_kept:
            connection.execute(
                f"insert into {model.relation} by name from read_parquet({quoted(_part(folder, model))})"
            )


def _one(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any]) -> tuple[Any, ...]:
    row = connection.execute(sql, parameters).fetchone()
    assert row is not None
    return row
