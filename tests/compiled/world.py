"""A small world: accepted rows in an in-memory DuckDB, on which a run's SQL is built as it would be in the warehouse.

Belongs here: what a run writes before dbt starts (as ``orchestration.warehouse`` does), and running models and tests.
Does not belong here: short ways to name records (``records``), and any expected figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import duckdb
import polars as pl

from compiled.project import Model, Project, compiled_project
from compiled.records import Record
from data_contracts.feeds import FEEDS
from data_contracts.keys import key_of
from data_contracts.terms import RELATIONS, Program, relation_rows

DAY = timedelta(days=1)
SCHEMAS = ("landed", "accepted", "delivered", "known_before", "terms")
ROOMS = ("staging", "movements", "subjects", "marts", "awards")
CONTEXT = """
create schema context;
create table context.run_window (known_from date not null, known_through date not null, as_of date not null,
    earliest date not null, first_delivery date, time_zone varchar not null, continues boolean not null,
    project varchar not null, is_built boolean not null);
create table context.deliveries (feed varchar not null, landed_on date not null, delivered bigint not null,
    good bigint not null, accepted bigint not null, overtaken bigint not null, quarantined bigint not null,
    repeats bigint not null, state varchar not null, reason varchar);
create table context.quarantine (feed varchar, landed_on date, file varchar, row_number bigint, "column" varchar,
    rule varchar, all_rules varchar, raw varchar, record_id varchar);
"""


class World:
    """Accepted rows and the relations that the project's SQL makes of them.

    ``deliver`` adds accepted records; ``build`` runs all models and all dbt tests for the knowledge dates of a window. It
    goes on from kept marts where the run before ended where the window begins, and nothing of those days came since.
    """

    def __init__(
        self,
        records: Iterable[Record] = (),
        programs: Sequence[Program] = (),
        time_zone: str = "UTC",
        project: Project | None = None,
    ) -> None:
        self.project = project or compiled_project()
        self.programs = programs
        self.time_zone = time_zone
        self.deliveries: set[tuple[str, date]] = set()
        self.keys: set[tuple[Any, ...]] = set()
        self.built_through: date | None = None
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute(f"set TimeZone = '{time_zone}'")
        self._make_rooms()
        self.deliver(records)

    def _make_rooms(self) -> None:
        """The context, the accepted rows up to a run's end, and every model's relation, still empty."""
        statements = [CONTEXT, *(f"create schema {schema}" for schema in SCHEMAS)]
        for feed in FEEDS.values():
            columns = [f"{column.accepted_name} {column.sql_type}" for column in feed.columns]
            columns += ["landed_on date", *(f"{key} bigint" for key in feed.keys.values())]
            statements.append(f"create table landed.{feed.name} ({', '.join(columns)})")
            statements.append(f"create table accepted.{feed.name} as from landed.{feed.name}")
            for schema, side in (("delivered", ">"), ("known_before", "<=")):
                statements.append(
                    f"create view {schema}.{feed.name} as from accepted.{feed.name} "
                    f"where landed_on {side} (select known_from from context.run_window)"
                )
        for relation, types in RELATIONS.items():
            columns = [f"{name} {sql_type}" for name, sql_type in types.items()]
            statements.append(f"create table terms.{relation} ({', '.join(columns)})")
        statements.extend(f"create schema {room}" for room in ROOMS)
        self.connection.execute(";".join(statements))
        self.connection.execute(";".join(model.create for model in self.project.models))

    def deliver(self, records: Iterable[Record]) -> None:
        """Adds accepted rows; AssertionError where one delivery has a key twice, which acceptance never lets through."""
        rows = defaultdict(list)
        for record in records:
            landed_on = record.values["landed_on"]
            key = (record.feed, landed_on, *(record.values[name] for name in FEEDS[record.feed].key))
            assert key not in self.keys, f"{key} is delivered twice on one day"
            self.keys.add(key)
            self.delivered_on(record.feed, landed_on)
            if self.built_through is not None and landed_on <= self.built_through:
                self.built_through = None
            keys = [_key(record.values[name]) for name in FEEDS[record.feed].keys]
            rows[record.feed].append(_row([*record.values.values(), *keys]))
        # Literals, not parameters: DuckDB looks for pandas anew at each parameter, which takes longer than the insert.
        inserts = [f"insert into landed.{feed} values {', '.join(values)}" for feed, values in rows.items()]
        self.connection.execute(";".join(inserts))

    def delivered_on(self, feed: str, day: date) -> None:
        """A delivery of the feed on that day, with rows or without."""
        self.deliveries.add((feed, day))

    def build(self, through: date, known_from: date | None = None) -> None:
        """Runs the project for the knowledge dates (known_from, through], from the first delivery on where none is given.

        Then runs all dbt tests; AssertionError names those that fail and shows their rows.
        """
        first_delivery = min(
            (day for feed, day in self.deliveries if feed == "orders" and day <= through), default=None
        )
        self._write_context(through, known_from, first_delivery)
        self._write_terms(through, first_delivery)
        for model in self.project.models:
            if not model.is_standing:
                self._fill(model)
        self.built_through = through
        self._check()

    def build_daily(self, first: date, last: date) -> None:
        """One run for each day, after one from the beginning to ``first``."""
        self.build(first)
        while first < last:
            self.build(first + DAY, known_from=first)
            first += DAY

    def _write_context(self, through: date, known_from: date | None, first_delivery: date | None) -> None:
        earliest = min(day for _, day in self.deliveries)
        continues = known_from is not None and known_from == self.built_through
        self.built_through = None
        days = (known_from or earliest - DAY, through, through, earliest, first_delivery)
        window = (*days, self.time_zone, continues, "this one", False)
        statements = [
            "delete from context.run_window",
            f"insert into context.run_window values {_row(window)}",
            "delete from context.deliveries",
        ]
        for feed in sorted({feed for feed, _ in self.deliveries}):
            statements.append(f"delete from accepted.{feed}")
            statements.append(f"insert into accepted.{feed} from landed.{feed} where landed_on <= '{through}'")
            statements.append(
                f"insert into context.deliveries select '{feed}', landed_on, count(*), count(*), count(*), 0, 0, 0, "
                f"'ACCEPTED', null from landed.{feed} group by landed_on"
            )
        self.connection.execute(";".join(statements))

    def _write_terms(self, as_of: date, first_delivery: date | None) -> None:
        """As ``orchestration.terms_relations`` writes them, in one statement after the other and without its transaction."""
        statements = []
        for relation, rows in relation_rows(self.programs, as_of, first_delivery).items():
            statements.append(f"delete from terms.{relation}")
            if rows:
                statements.append(f"insert into terms.{relation} values {', '.join(_row(row) for row in rows)}")
        self.connection.execute(";".join(statements))

    def _fill(self, model: Model) -> None:
        self.connection.execute(f"delete from {model.relation} where {model.replaces}")
        self.connection.execute(model.fill)

    def _check(self) -> None:
        failures = []
        for check in self.project.checks:
            rows = self.connection.execute(check.sql).fetchmany(5)
            if rows:
                failures.append(f"{check.name}: {rows}")
        assert not failures, "dbt tests failed:\n" + "\n".join(failures)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that a query finds."""
        return self.connection.execute(sql, parameters).fetchall()

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of every table that the project fills, in the order of their columns: what a re-run must not change."""
        return {
            model.name: self.rows(f"select * from {model.relation} order by all")
            for model in self.project.models
            if not model.is_standing
        }


@cache
def _key(name: str) -> int:
    """The key of an id, as acceptance makes it."""
    key: int = key_of(pl.Series([name]))[0]
    return key


def _row(values: Iterable[Any]) -> str:
    return f"({', '.join(_literal(value) for value in values)})"


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
