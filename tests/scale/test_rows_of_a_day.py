"""A day looks up keys in history and works on what they find: the same rows on 60 days of history as on 30.

Each model of movements, and each relation that runs add to, is filled for the same day on top of both, as a run fills it, and
held to by the same checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import duckdb
import pytest
from compiled.project import Model, compiled_project
from compiled.records import Record, record
from compiled.world import DAY, World

from data_contracts.feeds import FEEDS
from scale.plan import rows_of_step

LAST = date(2025, 11, 30)
TODAY = LAST + DAY
ORDERS_A_DAY = 6
ROW_A_DAY = ("movements_cover_every_day",)
"""Checks that look at the calendar of history itself, one row a day."""
CONTENT = ("LIVE", "VIDEO", "SHOP_TAB")


class ProfiledDay(World):
    """A world in which the rows of a day's steps are counted; what was known before stands in tables of its own."""

    def __init__(self, records: list[Record]) -> None:
        kept = [model.name for model in compiled_project().models if _is_of_movements(model)]
        super().__init__(records, project=compiled_project().upstream(*kept))
        kept_relations = [_short(model) for model in self.project.models if model.materialized == "incremental"]
        feeds = [f"{schema}.{feed}" for schema in ("accepted", "known_before") for feed in FEEDS]
        self.history = frozenset([*kept_relations, *feeds])
        self.entered: dict[str, int] = {}
        self.written: dict[str, int] = {}

    def build_today(self) -> None:
        """The day after ``LAST``, step by step."""
        self._write_context(TODAY, LAST, min(day for _, day in self.deliveries))
        self._write_terms(TODAY, None)
        for feed in FEEDS:
            for schema, side in (("known_before", "<="), ("delivered", ">")):
                self.connection.execute(f"drop view {schema}.{feed}")
                self.connection.execute(
                    f"create table {schema}.{feed} as from accepted.{feed} where landed_on {side} '{LAST}'"
                )
        for model in self.project.models:
            if not model.is_standing:
                self._count(model)
        self._check()
        for check in self.project.checks:
            if check.name not in ROW_A_DAY:
                self.entered[check.name] = rows_of_step(self.connection, check.sql, self.history)

    def _count(self, model: Model) -> None:
        self.connection.execute(f"delete from {model.relation} where {model.replaces}")
        self.entered[model.name] = rows_of_step(self.connection, model.fill, self.history)
        ((self.written[model.name],),) = self.rows(f"select count(*) from {model.relation} where {model.replaces}")


def _is_of_movements(model: Model) -> bool:
    return _short(model).startswith("movements.") or model.materialized == "incremental"


def _short(model: Model) -> str:
    return ".".join(model.relation.replace('"', "").split(".")[-2:])


def _history(days: int) -> Iterator[Record]:
    """So many days up to ``LAST``, each alike: orders that change the day after, attributed lines, refunds."""
    since = LAST - DAY * 29
    yield record("assignments", since, assignment_id="A", partner_id="P", subject_type="SELLER", subject_id="S0",
                 service="SHOP", valid_from=date(2025, 1, 1))  # fmt: skip
    for number in range(days):
        yield from _paid_on(LAST - DAY * number)


def _paid_on(day: date) -> Iterator[Record]:
    paid_at = datetime.combine(day, time(12))
    yield record("live_sessions", day, live_id=f"C{day}-3", seller_id="S0", started_at=paid_at, ended_at=paid_at,
                 hashtags="#sale #new")  # fmt: skip
    yield record("short_videos", day, video_id=f"C{day}-1", posted_at=paid_at, hashtags="#sale")
    for number in range(ORDERS_A_DAY):
        order = f"{day}-{number}"
        yield record("orders", day, order_id=order, paid_at=paid_at, status="PAID")
        if day < LAST:
            yield record("orders", day + DAY, order_id=order, paid_at=paid_at)
        for place in range(1 + number % 2):
            yield from _line(order, f"{order}-{place}", day, number)
        if number == 0 and day < LAST:
            yield record(
                "refunds", day + DAY, refund_id=order, order_id=order, order_line_id=f"{order}-0", amount_cents=100
            )


def _line(order: str, line: str, day: date, number: int) -> Iterator[Record]:
    yield record("order_lines", day, order_line_id=line, order_id=order, seller_id=f"S{number % 3}",
                 original_amount_cents=1_000 + number)  # fmt: skip
    if number % 3:
        yield record("attributions", day, order_line_id=line, order_id=order, content_type=CONTENT[number % 3],
                     content_id=f"C{day}-{number}", creator_id=f"K{number}", matched_by_partner_id="P")  # fmt: skip


def _touches() -> Iterator[Record]:
    """What the day's deliveries change of days before: an order, a line that moves, attributions and
    refunds, of which two are at odds with their lines.
    """

    def order(days_ago: int, number: int) -> str:
        return f"{TODAY - timedelta(days_ago)}-{number}"

    yield record("orders", TODAY, order_id=order(5, 1), paid_at=datetime.combine(LAST, time(12)), status="CANCELLED")
    yield record("order_lines", TODAY, order_line_id=f"{order(8, 1)}-1", order_id=order(9, 2), seller_id="S1",
                 original_amount_cents=900)  # fmt: skip
    yield record("attributions", TODAY, order_line_id=f"{order(12, 2)}-0", order_id=order(12, 2), content_type="VIDEO",
                 content_id="C9", creator_id="K9")  # fmt: skip
    yield record("attributions", TODAY, order_line_id="early", order_id="waits", content_type="VIDEO", content_id="C9")
    yield record(
        "refunds", TODAY, refund_id="late", order_line_id=f"{order(15, 3)}-0", order_id=order(15, 3), amount_cents=50
    )
    yield record("refunds", TODAY, refund_id="instead", order_line_id=f"{order(10, 0)}-0", order_id="another", amount_cents=70,
                 supersedes_refund_id=order(10, 0))  # fmt: skip


@pytest.fixture(scope="module")
def worlds() -> tuple[ProfiledDay, ProfiledDay]:
    """The same day on top of 30 days and on top of 60."""
    made = []
    for days in (30, 60):
        world = ProfiledDay([*_history(days), *_paid_on(TODAY), *_touches()])
        world.build(LAST)
        world.build_today()
        made.append(world)
    return made[0], made[1]


def test_a_day_writes_what_its_deliveries_touch_however_long_history_is(
    worlds: tuple[ProfiledDay, ProfiledDay],
) -> None:
    short, long = worlds
    assert long.written == short.written
    idle = [name for name, rows in long.written.items() if not rows]
    assert not idle, "a model that writes nothing today proves nothing"


def test_nothing_of_history_but_the_touched_enters_a_step(worlds: tuple[ProfiledDay, ProfiledDay]) -> None:
    short, long = worlds
    assert long.entered == short.entered


@pytest.mark.parametrize(
    ("sql", "grows"),
    [
        ("select k, max(v) from history.versions where k in (select k from touched) group by k", False),
        ("select k, max(v) from history.versions semi join touched using (k) group by k", False),
        ("select k, v from history.versions where v > 39", False),
        ("select k, max(v) from history.versions group by k", True),
        ("select k, v from history.versions union all select k, 0 from touched", True),
        ("select k, v, row_number() over (partition by k) from history.versions where k % 2 = 0", True),
        ("select count(*) from history.versions", True),
    ],
)  # fmt: skip
def test_the_count_tells_a_look_up_from_reading_it_all(sql: str, grows: bool) -> None:
    counts = []
    for days in (30, 60):
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("create schema history; create table touched as select 7 as k")
        connection.execute(
            f"create table history.versions as select range as k, {days} - range as v from range({days})"
        )
        counts.append(rows_of_step(connection, sql.replace("39", str(days - 3)), frozenset({"history.versions"})))
    assert (counts[0] != counts[1]) == grows, counts
