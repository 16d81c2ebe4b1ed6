"""What is worked out slice by slice where it is large is the same as in one piece, and no key stands in two slices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

import pytest
from brute_force.test_corners import CORNERS, EVERY_DAY
from compiled.project import compiled_project
from compiled.world import World
from properties.worlds import small_programs
from scenarios.notation import Notation
from scenarios.scenario import lines_of

MARK = re.compile(r"true /\* in slice by (\w+) \*/")
SLICES = 3
SLICED = {
    "content_gmv_daily_movements",
    "creator_gmv_daily",
    "creator_gmv_daily_movements",
    "gmv_daily",
    "gmv_daily_movements",
}
CHECKS = {
    "content_movements_equal_lines": "content_gmv_daily_movements",
    "creator_movements_equal_lines": "creator_gmv_daily_movements",
    "shop_movements_equal_lines": "gmv_daily_movements",
}
"""Check → the cube that it holds to the lines."""


@pytest.fixture(scope="module")
def world() -> World:
    """The corners of knowledge, all at once: everything is of the run's window."""
    records = [
        row
        for landed_on, text in CORNERS.items()
        for sentence in lines_of(text)
        for row in Notation(landed_on, UTC).records(sentence)
    ]
    found = World(records, small_programs())
    found.build(EVERY_DAY[-1])
    return found


def of_slice(sql: str, number: int) -> str:
    """The statement for one slice, as the macro writes it."""
    return MARK.sub(rf"hash(\1) % {SLICES} = {number}", sql)


@contextmanager
def undone(world: World) -> Iterator[None]:
    """What is changed within is as it was afterwards."""
    world.connection.execute("begin")
    try:
        yield
    finally:
        world.connection.execute("rollback")


def test_the_slices_of_a_cube_are_the_cube(world: World) -> None:
    sliced = {model.name: model for model in compiled_project().models if MARK.search(model.fill)}
    assert sliced.keys() == SLICED
    taken_apart = 0
    for name, model in sliced.items():
        whole = world.rows(f"select * from {model.relation} order by all")
        with undone(world):
            world.connection.execute(f"delete from {model.relation}")
            counts = [0]
            for number in range(SLICES):
                world.connection.execute(of_slice(model.fill, number))
                counts += world.rows(f"select count(*) from {model.relation}")[0]
            assert world.rows(f"select * from {model.relation} order by all") == whole, name
        taken_apart += len(set(counts)) > 2
    assert taken_apart > 2, "the world has too few keys to take anything apart"


def test_a_check_in_slices_finds_what_it_finds_in_one_piece(world: World) -> None:
    checks = {check.name: check for check in compiled_project().checks if MARK.search(check.sql)}
    assert checks.keys() == CHECKS.keys()
    for name, check in checks.items():
        with undone(world):
            world.connection.execute(f"update movements.{CHECKS[name]} set gross_cents = gross_cents + 1")
            found = sorted(world.rows(check.sql))
            in_slices = [row for number in range(SLICES) for row in world.rows(of_slice(check.sql, number))]
            assert sorted(in_slices) == found, name
            assert found or not world.rows(f"select 1 from movements.{CHECKS[name]}")
