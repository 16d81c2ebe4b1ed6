"""The corners of knowledge, one run a day and one run for all: every measure as known on every day, and every award."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from pathlib import Path

import pytest
import yaml
from compiled.records import Record
from compiled.world import DAY, World
from properties.worlds import small_programs
from scenarios.notation import Notation
from scenarios.scenario import lines_of

from brute_force.comparison import assert_awards_equal, assert_measures_equal
from brute_force.knowledge import Knowledge

CORNERS = yaml.safe_load((Path(__file__).parent / "corners.yaml").read_text(encoding="utf-8"))
FIRST, LAST = min(CORNERS), max(CORNERS)
EVERY_DAY = [FIRST + timedelta(days) for days in range((LAST - FIRST).days + 2)]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """All rows of all corners."""
    return [
        row
        for landed_on, text in CORNERS.items()
        for sentence in lines_of(text)
        for row in Notation(landed_on, UTC).records(sentence)
    ]


def test_day_by_day(records: list[Record]) -> None:
    world, knowledge = World(records, small_programs()), Knowledge(records)
    before: date | None = None
    for day in EVERY_DAY:
        world.build(day, before)
        assert_measures_equal(world, knowledge, day)
        assert_awards_equal(world, knowledge, day)
        before = day


def test_at_once(records: list[Record]) -> None:
    world, knowledge = World(records, small_programs()), Knowledge(records)
    world.build(EVERY_DAY[-1])
    for day in EVERY_DAY:
        assert_measures_equal(world, knowledge, day)


def test_two_days_at_a_time(records: list[Record]) -> None:
    world, knowledge = World(records, small_programs()), Knowledge(records)
    before: date | None = None
    for day in EVERY_DAY[1::2]:
        world.build(day, before)
        for known_on in (day - DAY, day):
            assert_measures_equal(world, knowledge, known_on)
        before = day


def test_a_run_that_ended_too_far(records: list[Record]) -> None:
    """A run replaces all that stands after its window's start, also what an earlier run left beyond its end."""
    world, knowledge = World(records, small_programs()), Knowledge(records)
    world.build(EVERY_DAY[-1])
    world.build(EVERY_DAY[5], EVERY_DAY[3])
    for day in EVERY_DAY[:6]:
        assert_measures_equal(world, knowledge, day)
    assert_awards_equal(world, knowledge, EVERY_DAY[5])
