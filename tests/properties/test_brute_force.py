"""The SQL and the rulebook in plain Python agree on every small world: all measures as known on each day, and all awards."""

from __future__ import annotations

from datetime import date

from brute_force.comparison import assert_awards_equal, assert_measures_equal
from brute_force.knowledge import Knowledge
from compiled.records import Record
from compiled.world import World
from hypothesis import given

from properties.effort import tried_on
from properties.worlds import AS_OF, DAYS, TIME_ZONES, small_programs, worlds

PROGRAMS = small_programs()


@tried_on(20)
@given(worlds(), AS_OF, TIME_ZONES)
def test_measures_and_awards(records: list[Record], as_of: date, time_zone: str) -> None:
    world = World(records, PROGRAMS, time_zone)
    knowledge = Knowledge(records, time_zone)
    world.build(as_of)
    for known_on in DAYS:
        if known_on <= as_of:
            assert_measures_equal(world, knowledge, known_on)
    assert_awards_equal(world, knowledge, as_of)
