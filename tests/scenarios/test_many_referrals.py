"""The shipped cap of 50 referrals and milestones of 3, 5 and 10, with 51 friends who become final one a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from compiled.records import Record, record
from compiled.world import World

from data_contracts.terms import load_programs
from scenarios.scenario import PROGRAMS, project_of

FRIENDS = 51
DELIVERED = date(2025, 10, 11)
"""The day on which the first friend's order is delivered; the second's a day later, and so on."""
FIRST_FINAL = DELIVERED + timedelta(30)
MILESTONES = {3: 5_000, 5: 10_000, 10: 20_000}


def friends() -> Iterator[Record]:
    """Ann invites 51 friends, who buy a second apart; the first order is the first to be delivered."""
    landed_on = date(2025, 10, 10)
    yield record("members", landed_on, member_id="Ann")
    for number in range(FRIENDS):
        name = f"friend-{number:02}"
        signed_up_at = datetime(2025, 10, 5, tzinfo=UTC)
        yield record("members", landed_on, member_id=name)
        yield record(
            "referral_events", landed_on, event_id=name, event_type="SIGNUP", referee_id=name, referrer_id="Ann",
            clicked_at=signed_up_at, occurred_at=signed_up_at,
        )  # fmt: skip
        yield record(
            "orders", landed_on, order_id=name, buyer_id=name, paid_at=signed_up_at + timedelta(seconds=number),
            delivered_at=datetime(2025, 10, 11, 9, tzinfo=UTC) + timedelta(number),
        )  # fmt: skip
        yield record(
            "order_lines", landed_on, order_line_id=name, order_id=name, seller_id="A",
            original_amount_cents=1_000,
        )  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    programs = [program for program in load_programs(PROGRAMS) if program.kind == "referral_reward"]
    return World(friends(), programs, project=project_of("referral_reward"))


@pytest.mark.parametrize("final", [2, 3, 4, 5, 9, 10, 49, 50, 51])
def test_milestones_and_cap(world: World, final: int) -> None:
    """On the day on which so many would be final, every milestone up to then pays; the 51st friend never does."""
    world.build(FIRST_FINAL + timedelta(final - 1))
    found = world.rows(
        "select component, subject_id, stage, amount_cents from awards.referral_reward where amount_cents > 0"
    )
    places = min(final, 50)
    expected = [("referral", f"friend-{number:02}", "FINAL", 5_000) for number in range(places)]
    expected += [("referral", f"friend-{number:02}", "PROVISIONAL", 5_000) for number in range(places, 50)]
    expected += [("milestone", str(count), "FINAL", amount) for count, amount in MILESTONES.items() if count <= final]
    assert sorted(found) == sorted(expected)
