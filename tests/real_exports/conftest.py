"""Landings for real exports, and what the models make of the rows that acceptance let through.

Does not belong here: the adapters, which have a module a source, and any expected figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from acceptance.conftest import World as Landing
from compiled.project import compiled_project
from compiled.world import World

from data_contracts.feeds import FEEDS
from orchestration.settings import Settings


@pytest.fixture(scope="module")
def new_landing(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Landing]:
    """Makes landings, each with a home of its own."""

    def made() -> Landing:
        folder = tmp_path_factory.mktemp("landing")
        settings = Settings(
            home=folder / "home",
            landing=folder / "landing",
            programs=folder / "programs",
            ledger_url="sqlite://",
            time_zone="UTC",
            first_day=date(2005, 1, 1),
            serving_group=None,
            finance_group=None,
        )
        return Landing(settings)

    return made


@pytest.fixture(scope="session")
def built() -> Callable[[Landing, date, str], World]:
    """Runs the models of GMV and of what waits, with their checks, on all that a landing's deliveries let through."""

    def build(landing: Landing, through: date, time_zone: str) -> World:
        world = World(time_zone=time_zone, project=compiled_project().upstream("gmv_daily", "waiting_records"))
        for feed in FEEDS:
            _insert(world, f"landed.{feed}", landing.settings.accepted / feed)
            for (day,) in world.rows(f"select distinct landed_on from landed.{feed}"):
                world.delivered_on(feed, day)
            _insert(world, "context.quarantine", landing.settings.quarantine / feed)
        world.build(through)
        return world

    return build


def _insert(world: World, relation: str, folder: Path) -> None:
    if list(folder.glob("*/*.parquet")):
        world.rows(
            f"insert into {relation} by name from read_parquet('{folder}/*/*.parquet', hive_partitioning = false)"
        )


@pytest.fixture(scope="session")
def broken() -> Callable[[Landing, str, date], Counter[tuple[str, str]]]:
    """Counts a delivery's quarantined rows by the first column and rule that they break."""

    def count(landing: Landing, feed: str, day: date) -> Counter[tuple[str, str]]:
        rows = landing.quarantined(feed, day)
        return Counter(rows.select("column", "rule").rows()) if rows.height else Counter()

    return count
