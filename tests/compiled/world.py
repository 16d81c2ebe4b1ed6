"""A small world: accepted rows in an in-memory DuckDB, on which a run's SQL is built as it would be in the warehouse.

Belongs here: what a run writes before dbt starts (as ``orchestration.warehouse`` does), and running models and tests.
Does not belong here: short ways to name records (``records``), and any expected figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import duckdb

from compiled.project import Model, Project, compiled_project
from compiled.records import Record
from data_contracts.feeds import FEEDS
from data_contracts.terms import Program
from orchestration.terms_relations import write_terms

DAY = timedelta(days=1)
ROOMS = ("staging", "movements", "subjects", "marts", "awards")
CONTEXT = """
create schema context;
create table context.run_window (known_from date not null, known_through date not null, as_of date not null,
    earliest date not null, first_delivery date, time_zone varchar not null);
create table context.deliveries (feed varchar not null, landed_on date not null, delivered bigint not null,
    good bigint not null, accepted bigint not null, overtaken bigint not null, quarantined bigint not null,
    repeats bigint not null, state varchar not null, reason varchar);
create table context.quarantine (feed varchar, landed_on date, file varchar, row_number bigint, "column" varchar,
    rule varchar, all_rules varchar, raw varchar, record_id varchar);
"""


class World:
    """Accepted rows and the relations that the project's SQL makes of them.

    ``deliver`` adds accepted records; ``build`` runs all models and all dbt tests for the knowledge dates of a window.
    """

    def __init__(
        self, records: Iterable[Record] = (), programs: Sequence[Program] = (), time_zone: str = "UTC",
        project: Project | None = None,
    ) -> None:
        self.project = project or compiled_project()
        self.programs = programs
        self.time_zone = time_zone
        self.days: set[date] = set()
        self.order_days: set[date] = set()
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute(f"set TimeZone = '{time_zone}'")
        self._make_rooms()
        self.deliver(records)

    def _make_rooms(self) -> None:
        """The context, the accepted rows up to a run's end, and every model's relation, still empty."""
        statements = [CONTEXT, "create schema landed; create schema accepted"]
        for feed in FEEDS.values():
            columns = [f"{column.accepted_name} {column.sql_type}" for column in feed.columns]
            statements.append(f"create table landed.{feed.name} ({', '.join([*columns, 'landed_on date'])})")
            statements.append(f"create table accepted.{feed.name} as from landed.{feed.name}")
        statements.extend(f"create schema {room}" for room in ROOMS)
        self.connection.execute(";".join(statements))
        write_terms(self.connection, self.programs, date(2025, 1, 1), None)
        self.connection.execute(";".join(model.create for model in self.project.models))

    def deliver(self, records: Iterable[Record]) -> None:
        """Adds accepted rows; AssertionError where one delivery has a key twice, which acceptance never lets through."""
        for record in records:
            values = record.values
            names = ", ".join(values)
            places = ", ".join("?" for _ in values)
            key = {name: values[name] for name in (*FEEDS[record.feed].key, "landed_on")}
            same = " and ".join(f"{name} = ?" for name in key)
            found = self.connection.execute(
                f"select count(*) from landed.{record.feed} where {same}", list(key.values())
            ).fetchone()
            assert found == (0,), f"{record.feed} {key} is delivered twice on one day"
            self.connection.execute(
                f"insert into landed.{record.feed} ({names}) values ({places})", list(values.values())
            )
            self.delivered_on(record.feed, values["landed_on"])

    def delivered_on(self, feed: str, day: date) -> None:
        """A delivery of the feed on that day, with rows or without."""
        self.days.add(day)
        if feed == "orders":
            self.order_days.add(day)

    def build(self, through: date, known_from: date | None = None) -> None:
        """Runs the project for the knowledge dates (known_from, through], from the first delivery on where none is given.

        Then runs all dbt tests; AssertionError names those that fail and shows their rows.
        """
        self._write_context(through, known_from)
        first_delivery = min((day for day in self.order_days if day <= through), default=None)
        write_terms(self.connection, self.programs, through, first_delivery)
        for model in self.project.models:
            if not model.is_standing:
                self._fill(model)
        self._check()

    def build_daily(self, first: date, last: date) -> None:
        """One run for each day, after one from the beginning to ``first``."""
        self.build(first)
        while first < last:
            self.build(first + DAY, known_from=first)
            first += DAY

    def _write_context(self, through: date, known_from: date | None) -> None:
        earliest = min(self.days)
        window = [known_from or earliest - DAY, through, through, earliest]
        first_delivery = min((day for day in self.order_days if day <= through), default=None)
        self.connection.execute("delete from context.run_window")
        self.connection.execute(
            "insert into context.run_window values (?, ?, ?, ?, ?, ?)", [*window, first_delivery, self.time_zone]
        )
        statements = ["delete from context.deliveries"]
        for feed in FEEDS:
            statements.append(f"delete from accepted.{feed}")
            statements.append(f"insert into accepted.{feed} from landed.{feed} where landed_on <= '{through}'")
            statements.append(
                f"insert into context.deliveries select '{feed}', landed_on, count(*), count(*), count(*), 0, 0, 0, "
                f"'ACCEPTED', null from landed.{feed} group by landed_on"
            )
        self.connection.execute(";".join(statements))

    def _fill(self, model: Model) -> None:
        kept = "where known_on > (select known_from from context.run_window)" * (model.materialized == "incremental")
        self.connection.execute(f"delete from {model.relation} {kept}")
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
