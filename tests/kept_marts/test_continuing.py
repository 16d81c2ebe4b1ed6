"""Which runs go on from kept marts: those after a run that built all models up to the day before, of the same project.

Any doubt makes them anew, since nothing else would tell that a mart is not what its movements sum to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from data_contracts.feeds import FEEDS
from orchestration.acceptance import ensure_empty_part
from orchestration.deliveries import DeliveryRecord, State
from orchestration.settings import Settings
from orchestration.warehouse import KeptMarts, mark_built, open_warehouse, write_context
from orchestration.window import DAY, Window

EARLIEST = date(2025, 10, 1)
KEPT = KeptMarts(("marts.gmv_daily", "marts.creator_gmv_daily"), "this one")


class Warehouse:
    """The warehouse of a deployment in which runs follow each other; dbt is played by two empty marts."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
        self.connection, self.settings = connection, settings
        self.connection.execute("create schema marts")

    def begin(
        self, known_from: int, through: int, kept: KeptMarts = KEPT, zone: str = "UTC", late: bool = False
    ) -> bool:
        """Writes the context of a run over the days (known_from, through] of October, and says whether it continues."""
        window = Window(_october(known_from), _october(through), _october(through), EARLIEST, EARLIEST, zone)
        videos = DeliveryRecord("short_videos", EARLIEST, State.ACCEPTED if late else State.REFUSED)
        orders = (DeliveryRecord("orders", _october(day), State.ACCEPTED) for day in range(1, through + 1))
        write_context(self.connection, self.settings, window, iter([videos, *orders]), kept)
        ((continues,),) = self.connection.execute("select continues from context.run_window").fetchall()
        assert self.has_marts() == continues, "marts that are not gone on from are gone"
        return bool(continues)

    def build(self) -> None:
        """All models stand."""
        self.half_build()
        mark_built(self.connection)

    def half_build(self) -> None:
        """The models stand, but the run broke off before it said so."""
        for relation in KEPT.relations:
            self.connection.execute(f"create table if not exists {relation} (gmv_date date)")

    def run(self, known_from: int, through: int, **different: bool) -> bool:
        """A run that comes to its end."""
        continues = self.begin(known_from, through, **different)
        self.build()
        return continues

    def has_marts(self) -> bool:
        return self.connection.execute("from duckdb_tables() where schema_name = 'marts'").fetchone() is not None


def _october(day: int) -> date:
    return EARLIEST + DAY * (day - 1)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """One that has processed 1 to 5 October, in two runs."""
    settings = Settings(tmp_path, tmp_path, tmp_path, "sqlite://", "UTC", EARLIEST, None, None, memory="500MB")
    for feed in FEEDS.values():
        ensure_empty_part(settings, feed)
    with open_warehouse(settings) as connection:
        warehouse = Warehouse(connection, settings)
        assert not warehouse.run(0, 2)
        assert warehouse.run(2, 5)
        yield warehouse


def test_a_run_over_the_next_days_continues(warehouse: Warehouse) -> None:
    assert warehouse.run(5, 6)
    assert warehouse.run(6, 9)


def test_a_run_over_no_day_continues_and_is_gone_on_from(warehouse: Warehouse) -> None:
    assert warehouse.run(5, 5)
    assert warehouse.run(5, 6)


@pytest.mark.parametrize("again", [(5, 7), (5, 6), (5, 9), (5, 5)])
def test_after_a_run_that_broke_off_nothing_continues(warehouse: Warehouse, again: tuple[int, int]) -> None:
    """Wherever it broke off, and through whichever day one tries again: progress did not move."""
    assert warehouse.begin(5, 7)
    warehouse.half_build()
    assert not warehouse.begin(*again)
    warehouse.half_build()
    assert not warehouse.run(*again)
    assert warehouse.run(again[1], again[1] + 1)


def test_a_run_that_was_built_but_not_published_is_not_gone_on_from(warehouse: Warehouse) -> None:
    assert warehouse.run(5, 7)
    assert not warehouse.run(5, 7)
    assert not warehouse.run(5, 6)


def test_a_run_over_no_day_that_broke_off_is_not_gone_on_from(warehouse: Warehouse) -> None:
    """Its window ends where the next begins, and yet what it made anew is not there."""
    other = replace(KEPT, project="another")
    assert not warehouse.begin(5, 5, other)
    warehouse.half_build()
    assert not warehouse.begin(5, 6, other)


def test_a_rebuild_makes_all_anew_and_is_gone_on_from_only_when_it_ended(warehouse: Warehouse) -> None:
    assert not warehouse.begin(0, 5)
    assert not warehouse.begin(5, 6)
    assert not warehouse.run(0, 5)
    assert warehouse.run(5, 6)


def test_another_project_or_time_zone_makes_all_anew(warehouse: Warehouse) -> None:
    assert not warehouse.begin(5, 6, replace(KEPT, project="another"))
    warehouse.build()
    assert not warehouse.begin(6, 7, replace(KEPT, project="another"), zone="Asia/Tokyo")


def test_a_mart_that_is_not_there_makes_all_anew(warehouse: Warehouse) -> None:
    warehouse.connection.execute("drop table marts.gmv_daily")
    assert not warehouse.run(5, 6)


def test_a_delivery_that_was_replaced_after_its_day_makes_all_anew_once(warehouse: Warehouse) -> None:
    assert not warehouse.run(5, 6, late=True)
    assert warehouse.run(6, 7, late=True)


def test_a_warehouse_of_an_earlier_version_says_nothing_of_its_marts(warehouse: Warehouse) -> None:
    warehouse.connection.execute("alter table context.run_window drop is_built")
    assert not warehouse.run(5, 6)
    assert warehouse.run(6, 7)


def test_a_warehouse_without_any_run_continues_from_nothing(tmp_path: Path, warehouse: Warehouse) -> None:
    warehouse.connection.execute("drop table context.run_window; drop table context.deliveries")
    assert not warehouse.run(5, 6)
