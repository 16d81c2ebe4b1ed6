"""Assignments that overlap (LANDING, Feeds): who holds from when to when, and what is reported.

Each case is a subject of its own. Does not belong here: the money of it (``tests/scenarios``).
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from compiled.project import compiled_project
from compiled.records import Record, record
from compiled.world import World

FIRST = date(2025, 10, 1)
OPEN = date(9999, 12, 31)
Given = dict[str, tuple[int, int | None]]

# what is given: assignment and its days of October; who holds on which days; what is reported: who is ended by whom, when
CASES: dict[str, tuple[Given, list[tuple[str, int, int | None]], list[tuple[str, str, int]]]] = {
    "one after the other": ({"A": (1, 5), "B": (5, 9)}, [("A", 1, 5), ("B", 5, 9)], []),
    "a day in common": ({"A": (1, 6), "B": (5, 9)}, [("A", 1, 5), ("B", 5, 9)], [("A", "B", 5)]),
    "a gap": ({"A": (1, 4), "B": (5, 9)}, [("A", 1, 4), ("B", 5, 9)], []),
    "without an end": ({"A": (1, None), "B": (5, None)}, [("A", 1, 5), ("B", 5, None)], [("A", "B", 5)]),
    "one within another": ({"A": (1, 20), "B": (5, 9)}, [("A", 1, 5), ("B", 5, 9)], [("A", "B", 5)]),
    "from one day on": ({"A": (1, 9), "B": (1, 5)}, [("B", 1, 5)], [("A", "B", 1)]),
    "from one day on, by text": ({"A9": (1, 5), "A10": (1, 9)}, [("A9", 1, 5)], [("A10", "A9", 1)]),
    "the earlier id from the later day": ({"B": (1, 9), "A": (5, 7)}, [("B", 1, 5), ("A", 5, 7)], [("B", "A", 5)]),
    "three": (
        {"A": (1, 20), "B": (5, 15), "C": (10, 30)},
        [("A", 1, 5), ("B", 5, 10), ("C", 10, 30)],
        [("A", "B", 5), ("B", "C", 10)],
    ),
    "a third after the second's end": (
        {"A": (1, 20), "B": (5, 9), "C": (10, 30)},
        [("A", 1, 5), ("B", 5, 9), ("C", 10, 30)],
        [("A", "B", 5)],
    ),
    "a withdrawn one": ({"A": (1, 9), "W": (5, 5)}, [("A", 1, 9)], []),
    "a withdrawn one of the same day": ({"A": (1, 9), "W": (1, 1)}, [("A", 1, 9)], []),
    "a withdrawn one between two": (
        {"A": (1, 9), "W": (3, 3), "B": (5, 7)},
        [("A", 1, 5), ("B", 5, 7)],
        [("A", "B", 5)],
    ),
    "two withdrawn ones": ({"V": (5, 5), "W": (5, 5)}, [], []),
}


def october(day: int | None) -> date | None:
    """A day of October, or none."""
    return day and date(2025, 10, day)


def assignment(subject: str, name: str, days: tuple[int, int | None], landed_on: date = FIRST, **given: str) -> Record:
    """A shop served by a partner who is called like the assignment."""
    first, end = days
    named = {"subject_type": "SELLER", "subject_id": subject, "service": "SHOP", "partner_id": name} | given
    return record(
        "assignments",
        landed_on,
        assignment_id=f"{subject}/{name}",
        valid_from=october(first),
        valid_to=october(end),
        **named,
    )


def held(world: World, subject: str) -> list[tuple[str, date, date]]:
    """Who serves a subject as known now."""
    return world.rows(
        "select partner_id, valid_from, valid_to from movements.assignment_periods "
        "where subject_id = ? and known_to = ? order by valid_from",
        [subject, OPEN],
    )


def reported(world: World, subject: str) -> list[tuple[str, str, date]]:
    """Who is ended by whom, and when."""
    found = world.rows(
        "select partner_id, ended_by, ended_on from marts.assignment_overlaps where subject_id = ? order by valid_from, ended_on",
        [subject],
    )
    return [(partner, by.removeprefix(f"{subject}/"), on) for partner, by, on in found]


def world_of(records: list[Record]) -> World:
    """A world of assignments, with the models that say who holds."""
    return World(records, project=compiled_project().upstream("assignment_periods", "assignment_overlaps"))


@pytest.fixture(scope="module")
def world() -> World:
    world = world_of(
        [assignment(case, name, days) for case, (given, *_) in CASES.items() for name, days in given.items()]
    )
    world.build(FIRST)
    return world


@pytest.mark.parametrize("case", CASES)
def test_the_later_one_holds_and_the_overlap_is_reported(world: World, case: str) -> None:
    _, holding, ended = CASES[case]
    assert held(world, case) == [(name, october(first), october(end) or OPEN) for name, first, end in holding]
    assert reported(world, case) == [(name, by, october(on)) for name, by, on in ended]


def test_only_assignments_of_one_subject_and_service_overlap() -> None:
    world = world_of(
        [
            assignment("S", "A", (1, None)),
            assignment("S", "B", (5, None), service="AFFILIATE"),
            assignment("S", "C", (5, None), subject_type="CREATOR", service="CREATOR"),
            assignment("T", "D", (5, None)),
        ]
    )
    world.build(FIRST)
    assert world.rows("select * from marts.assignment_overlaps") == []
    assert {(name, end) for subject in "ST" for name, _, end in held(world, subject)} == {
        (name, OPEN) for name in "ABCD"
    }


def test_an_assignment_that_is_withdrawn_later_gives_back_what_it_took() -> None:
    next_day = FIRST + timedelta(1)
    world = world_of(
        [assignment("S", "A", (1, None)), assignment("S", "B", (5, 9)), assignment("S", "B", (5, 5), next_day)]
    )
    world.build(FIRST)
    assert reported(world, "S") == [("A", "B", october(5))]
    world.build(next_day, known_from=FIRST)
    assert reported(world, "S") == []
    assert held(world, "S") == [("A", october(1), OPEN)]
    before = world.rows(
        "select partner_id, valid_from, valid_to from movements.assignment_periods where known_to = ? order by valid_from",
        [next_day],
    )
    assert before == [("A", october(1), october(5)), ("B", october(5), october(9))]
