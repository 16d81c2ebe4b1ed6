"""Parents (LANDING, Versions and parents): what waits and for how long, what disagrees with its line, and what never waits.

Does not belong here: the figures of what has come together (``tests/scenarios``, ``tests/brute_force``).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from compiled.project import compiled_project
from compiled.records import Record, record
from compiled.world import World

from data_contracts.feeds import FEEDS

FIRST = date(2025, 7, 1)
PAID = datetime(2025, 6, 30, 12, tzinfo=UTC)
REPORT = "select feed, record_id, parent_id, landed_on, age_days, reason from marts.waiting_records order by all"
LOOKED_AT = (
    "waiting_records", "order_mismatches", "gmv_daily", "creator_gmv_daily", "partner_gmv_daily", "market_monthly",
)  # fmt: skip


def world_of(*records: Record) -> World:
    """A world of these records, with the models that are looked at here."""
    return World(records, project=compiled_project().upstream(*LOOKED_AT))


def day(number: int) -> date:
    """So many days after the first."""
    return FIRST + timedelta(number)


def order(name: str, landed_on: date = FIRST) -> Record:
    """A paid order."""
    return record("orders", landed_on, order_id=name, buyer_id="nobody knows", paid_at=PAID)


def line(name: str, order_id: str, landed_on: date = FIRST) -> Record:
    """A line of 1.00 that a seller sold whom nobody knows."""
    return record(
        "order_lines", landed_on, order_line_id=name, order_id=order_id, seller_id="S", original_amount_cents=100
    )


def attribution(line_id: str, landed_on: date = FIRST, order_id: str = "O") -> Record:
    """A line sold in a livestream, by a creator whom nobody knows."""
    return record(
        "attributions", landed_on, order_line_id=line_id, order_id=order_id, content_type="LIVE", creator_id="C"
    )


def refund(name: str, line_id: str, landed_on: date = FIRST, order_id: str = "O") -> Record:
    """A refund of 0.30."""
    return record(
        "refunds",
        landed_on,
        refund_id=name,
        order_line_id=line_id,
        order_id=order_id,
        amount_cents=30,
        completed_at=PAID,
    )


def redemption(name: str, line_id: str, deal_id: str, landed_on: date = FIRST, order_id: str = "O") -> Record:
    """A redemption of a deal for a line."""
    return record(
        "deal_redemptions", landed_on, redemption_id=name, deal_id=deal_id, order_line_id=line_id, order_id=order_id
    )


def deal(name: str, landed_on: date = FIRST) -> Record:
    """A deal of a seller whom nobody knows."""
    return record("deals", landed_on, deal_id=name, seller_id="S", kind="COUPON")


ORPHANS = [
    order("O"),
    deal("D"),
    line("L", "O"),
    line("waits", "no order"),
    line("broken order", "O!"),
    attribution("L"),
    attribution("no line"),
    attribution("waits"),
    attribution("broken order"),
    refund("of L", "L"),
    refund("of none", "no line"),
    refund("of one that waits", "waits"),
    refund("of a broken one", "L!"),
    refund("of a broken order's", "broken order"),
    redemption("all there", "L", "D"),
    redemption("no line", "no line", "D"),
    redemption("line waits", "waits", "D"),
    redemption("no deal", "L", "no deal"),
    redemption("neither", "no line", "no deal"),
    redemption("line waits, no deal", "waits", "no deal"),
    redemption("broken deal", "L", "D!"),
    redemption("no line, broken deal", "no line", "D!"),
    redemption("broken line, no deal", "L!", "no deal"),
    redemption("broken order", "broken order", "D"),
]
WAIT = {
    ("order_lines", "waits"): "no order",
    ("order_lines", "broken order"): "O!",
    ("attributions", "no line"): "no line",
    ("attributions", "waits"): "no order",
    ("attributions", "broken order"): "O!",
    ("refunds", "of none"): "no line",
    ("refunds", "of one that waits"): "no order",
    ("refunds", "of a broken one"): "L!",
    ("refunds", "of a broken order's"): "O!",
    ("deal_redemptions", "no line"): "no line",
    ("deal_redemptions", "line waits"): "no order",
    ("deal_redemptions", "no deal"): "no deal",
    ("deal_redemptions", "neither"): "no line",
    ("deal_redemptions", "line waits, no deal"): "no order",
    ("deal_redemptions", "broken deal"): "D!",
    ("deal_redemptions", "no line, broken deal"): "D!",
    ("deal_redemptions", "broken line, no deal"): "L!",
    ("deal_redemptions", "broken order"): "O!",
}
QUARANTINED = [
    ("orders", "O!"),
    ("order_lines", "L!"),
    ("deals", "D!"),
    # of other feeds: these are no parents of whoever waits for such an id
    *(("sellers", name) for name in ("no order", "no line", "no deal")),
    ("orders", "no line"),
    ("orders", "no deal"),
    ("order_lines", "no order"),
    ("order_lines", "no deal"),
    ("deals", "no line"),
    ("deals", "no order"),
]


def quarantine(world: World, *broken: tuple[str, str]) -> None:
    """Broken rows of these feeds and keys, and one whose key could not be read."""
    rows = ", ".join(
        f"('{feed}', '{FIRST}', 'a.csv', {number}, 'quantity', 'type', 'quantity:type', '', {key})"
        for number, (feed, key) in enumerate([*((feed, f"'{name}'") for feed, name in broken), ("orders", "null")])
    )
    world.connection.execute(f"insert into context.quarantine values {rows}")


@pytest.fixture(scope="module")
def world() -> World:
    """Orphans of every kind, whose parents land on the 95th day."""
    parents = [
        *(order(name, day(95)) for name in ("no order", "O!")),
        *(line(name, "O", day(95)) for name in ("no line", "L!")),
        *(deal(name, day(95)) for name in ("no deal", "D!")),
    ]
    world = world_of(*ORPHANS, *parents)
    quarantine(world, *QUARANTINED)
    return world


@pytest.mark.parametrize(
    ("age", "reason"), [(0, "WAITING"), (89, "WAITING"), (90, "WAITING"), (91, "LOST"), (94, "LOST")]
)
def test_what_waits_for_whom_and_since_when(world: World, age: int, reason: str) -> None:
    world.build(day(age))
    assert world.rows(REPORT) == [
        (feed, name, parent, FIRST, age, "PARENT_QUARANTINED" if parent.endswith("!") else reason)
        for (feed, name), parent in sorted(WAIT.items(), key=lambda item: (item[0], item[1]))
    ]


def test_what_waits_counts_nowhere_and_as_soon_as_its_parents_land(world: World) -> None:
    world.build(day(94))
    figures = "select content_type, gross_cents, net_cents, orders from marts.gmv_daily order by all"
    assert world.rows(figures) == [("LIVE", 100, 70, 1)]
    world.build(day(95), known_from=day(94))
    assert world.rows(REPORT) == []
    # L, no line, waits and broken order were attributed; no line and L! belong to order O
    assert world.rows(figures) == [("LIVE", 400, 400 - 4 * 30, 3), ("UNATTRIBUTED", 100, 70, 1)]


def test_the_age_is_counted_from_when_the_record_first_landed() -> None:
    again = [refund("R", "none", day(number)) for number in (0, 40)]
    world = world_of(order("O"), *again, refund("S", "none", day(40)))
    world.build(day(91))
    assert [row[1:] for row in world.rows(REPORT)] == [
        ("R", "none", FIRST, 91, "LOST"),
        ("S", "none", day(40), 51, "WAITING"),
    ]


def test_it_waits_for_the_parent_that_its_version_which_holds_names() -> None:
    moved = [line("L", "none"), line("L", "O", day(1)), line("M", "O"), line("M", "none", day(1))]
    world = world_of(order("O"), *moved, refund("R", "L"), refund("S", "M"))
    world.build(day(1))
    assert [row[:3] for row in world.rows(REPORT)] == [("order_lines", "M", "none"), ("refunds", "S", "none")]


def test_parents_are_those_of_the_contract() -> None:
    assert {name: [parent.feed for parent in feed.parents] for name, feed in FEEDS.items() if feed.parents} == {
        "order_lines": ["orders"],
        "attributions": ["order_lines"],
        "refunds": ["order_lines"],
        "deal_redemptions": ["order_lines", "deals"],
    }


# Order ids that disagree


def test_an_order_id_other_than_the_lines_is_reported_and_the_lines_holds() -> None:
    both = [order("O"), order("P"), line("L", "O"), line("M", "P"), deal("D")]
    agreeing = [attribution("L"), refund("R", "L"), redemption("X", "L", "D")]
    other = [attribution("M", day(1), "O"), refund("S", "M", order_id="none"), redemption("Y", "M", "D", order_id="O")]
    corrected = [refund("T", "M"), refund("T", "M", day(1), "P")]
    early = [refund("U", "later", order_id="P"), line("later", "O", day(1))]
    waiting = [refund("V", "none", order_id="P")]
    world = world_of(*both, *agreeing, *other, *corrected, *early, *waiting)
    world.build(day(1))
    found = world.rows(
        "select feed, record_id, order_line_id, named_order_id, order_id, landed_on from marts.order_mismatches order by all"
    )
    assert found == [
        ("attributions", "M", "M", "O", "P", day(1)),
        ("deal_redemptions", "Y", "M", "O", "P", FIRST),
        ("refunds", "S", "M", "none", "P", FIRST),
        ("refunds", "U", "later", "P", "O", FIRST),
    ]
    # every refund but the one that waits counts on its line
    assert world.rows("select sum(gross_cents), sum(net_cents) from marts.gmv_daily") == [(300, 300 - 4 * 30)]


# What never waits


def test_a_missing_seller_member_creator_or_partner_leaves_the_figures_whole() -> None:
    """Nobody but the partner who serves the shop, by an assignment, is so much as named; there is no record of any."""
    served = [
        record("assignments", FIRST, assignment_id=f"A{service}", partner_id="P", subject_type=kind, subject_id=subject,
               service=service, valid_from=date(2025, 1, 1))
        for kind, subject, service in (("SELLER", "S", "SHOP"), ("CREATOR", "C", "CREATOR"))
    ]  # fmt: skip
    world = world_of(order("O"), line("L", "O"), attribution("L"), refund("R", "L"), *served)
    world.build(FIRST)
    assert world.rows(REPORT) == []
    assert world.rows("select seller_id, gross_cents, net_cents from marts.gmv_daily") == [("S", 100, 70)]
    assert world.rows("select creator_id, gross_cents, net_cents from marts.creator_gmv_daily") == [("C", 100, 70)]
    partners = "select partner_id, service, gross_cents, net_cents from marts.partner_gmv_daily order by all"
    assert world.rows(partners) == [("P", "CREATOR", 100, 70), ("P", "SHOP", 100, 70)]
    sizes: list[Any] = world.rows(
        "select net_cents, net_small_bps, net_medium_bps, net_large_bps, net_unknown_bps from marts.market_monthly "
        "where month = '2025-06-01' and not is_rolling"
    )
    assert sizes == [(70, 0, 0, 0, 10_000)]
