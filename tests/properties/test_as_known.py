"""As known at K is what a run stopped at K had in its marts, for every K: asked through the table macros that are served.

Does not belong here: movements row by row (``test_laws``), and how marts are published (``serving``).
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import duckdb
from compiled.project import compiled_project
from compiled.records import Record
from compiled.world import World
from hypothesis import given

from data_contracts.public_marts import AS_KNOWN, PUBLIC_MARTS
from orchestration import publication
from orchestration.ledger.chain import EMPTY
from orchestration.progress import Progress
from orchestration.settings import Settings
from orchestration.window import DAY, Window
from properties.effort import tried_on
from properties.worlds import CLOSE_ON, DAYS, TIME_ZONES, WEEK, worlds

MARTS = [macro.name.removesuffix("_as_known") for macro in AS_KNOWN]
SERVED = [mart for mart in PUBLIC_MARTS if mart.name.removesuffix("_movements") in MARTS]
BEFORE, BETWEEN = WEEK[0] - DAY, CLOSE_ON - DAY
"""Days on which nothing lands: nothing is known yet, and what was known last still is."""

Figures = dict[str, list[tuple[Any, ...]]]


def served(world: World, days: list[date]) -> dict[date, Figures]:
    """What readers of the published marts are told that was known on each day; dollars, which stand beside cents, left out."""
    zone = world.time_zone
    with TemporaryDirectory() as folder, patch.object(publication, "PUBLIC_MARTS", SERVED):
        home = Path(folder)
        settings = Settings(home, home, home, "sqlite://", zone, WEEK[0], None, None)
        window = Window(BEFORE, DAYS[-1], DAYS[-1], WEEK[0], None, zone)
        publication.publish(world.connection, settings, window, EMPTY, Progress(zone, WEEK[0], DAYS[-1]))
        with duckdb.connect(str(settings.serving / "marts.duckdb"), read_only=True) as reader:
            ask = "select columns(name -> not suffix(name, '_usd')) from {}_as_known('{}') order by all"
            return {day: {mart: reader.execute(ask.format(mart, day)).fetchall() for mart in MARTS} for day in days}


def of_the_day(world: World) -> Figures:
    """Keys and additive columns of the marts as a run left them: all that they have."""
    return {mart: world.rows(f"from marts.{mart} order by all") for mart in MARTS}


@tried_on(2)
@given(worlds(), TIME_ZONES)
def test_as_known_is_what_a_run_stopped_there_said(records: list[Record], time_zone: str) -> None:
    """Runs that go on from day to day, and then all movements made anew from nothing, which are asked about every day."""
    world = World(records, (), time_zone, compiled_project().upstream(*MARTS).without_checks())
    then: dict[date, Figures] = {BEFORE: {mart: [] for mart in MARTS}}
    for before, day in pairwise([None, *DAYS]):
        world.build(day, before)
        then[day] = of_the_day(world)
    then[BETWEEN] = then[WEEK[-1]]
    world.build(DAYS[-1])
    assert served(world, list(then)) == then
