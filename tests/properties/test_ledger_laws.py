"""Laws of what is posted for small worlds, in the real ledger on SQLite: whatever was run and posted before, the same is owed.

Does not belong here: the posting rule for awards of no world (``ledger``).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from compiled.project import compiled_project
from compiled.records import Record
from compiled.world import World
from hypothesis import event, given
from hypothesis import strategies as st

from data_contracts.terms import Program
from orchestration.awards import read_awards
from orchestration.ledger.ledger import Ledger, PostingResult
from orchestration.programs import terms_hash
from orchestration.terms_relations import used_versions
from orchestration.warehouse import read_window
from properties.effort import tried_on
from properties.worlds import DAYS, TIME_ZONES, WEEK, all_refunded, small_programs, worlds

PROGRAMS = small_programs()
NET_PROGRAMS = [program for program in PROGRAMS if program.program_id != "by_gross"]
FREEZE_ON = WEEK[-2]
"""What is known then decides the programs of partners for good."""

POSTED_DAYS = st.sets(st.sampled_from(DAYS[3:-1]), min_size=2, max_size=4)


def owing(records: list[Record], programs: list[Program], time_zone: str = "UTC") -> World:
    """A world that comes as far as its awards."""
    return World(records, programs, time_zone, compiled_project().upstream("incentive_awards").without_checks())


@contextmanager
def ledgers(number: int) -> Iterator[list[Ledger]]:
    """Fresh ledgers, which must be sound in the end."""
    with TemporaryDirectory() as folder:
        opened = [Ledger.open(f"sqlite:///{Path(folder) / str(name)}.sqlite") for name in range(number)]
        yield opened
        for ledger in opened:
            assert ledger.verify([ledger.head()]) == []


def post(world: World, ledger: Ledger) -> PostingResult:
    """Posts what the world owes as of the day that was built last, as a run does; then it is what the ledger says is owed."""
    window, awards = read_window(world.connection), read_awards(world.connection)
    used = used_versions(world.connection)
    result = ledger.post_awards(window.as_of, awards, f"deliveries through {window.as_of}", terms_hash(used), used)
    assert ledger.check_against(awards) == []
    return result


def standing(ledger: Ledger) -> list[tuple[str, str, int]]:
    """Accounts, instruments and balances in cents, without those that came back to 0."""
    return [balance for balance in ledger.balances() if balance[2]]


@tried_on(2)
@given(worlds(), POSTED_DAYS, TIME_ZONES, st.randoms())
def test_the_same_posted_days_leave_the_same_bytes(
    records: list[Record], days: set[date], time_zone: str, shuffled: random.Random
) -> None:
    """Going on from day to day, or all days anew for each posting and rows in any order; a repeated run posts nothing."""
    last = DAYS[-1]
    with ledgers(2) as (going_on, made_anew):
        world = owing(records, PROGRAMS, time_zone)
        for before, day in pairwise([None, *sorted(days), last]):
            world.build(day, before)
            head = post(world, going_on).head
        world.build(last, max(days))
        assert post(world, going_on).head == head, "a run that is repeated posts something"
        shuffled.shuffle(records)
        rebuilt = owing(records, PROGRAMS, time_zone)
        for day in [*sorted(days), last]:
            rebuilt.build(day)
            post(rebuilt, made_anew)
        assert list(made_anew.entries()) == list(going_on.entries())
        assert made_anew.head() == going_on.head()
        assert post(rebuilt, going_on).head == made_anew.head(), "a rebuild posts something"
        event(f"{going_on.head().posting_no} postings")


@tried_on(2)
@given(worlds(), st.sampled_from(DAYS[4:]), POSTED_DAYS, TIME_ZONES)
def test_balances_are_the_same_whatever_days_were_posted(
    records: list[Record], last: date, days: set[date], time_zone: str
) -> None:
    world = owing(records, PROGRAMS, time_zone)
    with ledgers(3) as (every_day, some_days, last_day):
        for before, day in pairwise([None, *DAYS[2 : DAYS.index(last) + 1]]):
            world.build(day, before)
            post(world, every_day)
            if day in days or day == last:
                post(world, some_days)
        post(world, last_day)
        assert standing(every_day) == standing(some_days) == standing(last_day)
        event("something is owed" if standing(last_day) else "nothing is owed")


@tried_on(3)
@given(worlds(), st.sets(st.sampled_from(WEEK[3:-2]), min_size=1, max_size=3), TIME_ZONES)
def test_nothing_stays_posted_for_net_gmv_that_was_refunded(
    records: list[Record], days: set[date], time_zone: str
) -> None:
    """What was posted on days before is taken back to the cent, from what was pending and from what was approved."""
    world = owing([*records, *all_refunded(records, FREEZE_ON)], NET_PROGRAMS, time_zone)
    with ledgers(1) as (ledger,):
        for before, day in pairwise([None, *sorted(days)]):
            world.build(day, before)
            post(world, ledger)
        event("something was owed" if standing(ledger) else "nothing was owed")
        world.build(FREEZE_ON, max(days))
        post(world, ledger)
        assert standing(ledger) == []
