"""Each class of news moves known cents, in its own column and in no other.

Partner P1 gets a fifth of the affiliate GMV of each shop that it serves. What is bridged is October 2 to October 5.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from compiled.records import Record, record
from properties.program_worlds import BEFORE, SERVICE, at, sale, served
from scenarios.scenario import program_with, shipped_terms

from bridge.bridged_home import bridged_home
from data_contracts.terms import Program
from orchestration.bridge import CLASSES, Bridge, Changes, bridge, totals

FIRST, LAST = date(2025, 10, 2), date(2025, 10, 5)
EARLY, SOLD, NEWS = date(2025, 9, 30), date(2025, 10, 1), date(2025, 10, 4)
WINDOW = {"first_day": EARLY, "last_day": date(2025, 10, 3)}
TERMS: dict[str, Any] = {
    "window": WINDOW,
    "effective_from": EARLY,
    "hold_days": 1,
    "clawback_days": 30,
    **SERVICE,
    "max_reward_cents": 10_000,
}
BY_CREATOR = {"creator_id": "C1"}


def program(*later_versions: dict[str, Any]) -> Program:
    """A fifth of the affiliate GMV of each shop, and later versions."""
    return program_with(shipped_terms("affiliate_service_2025q4"), TERMS, list(later_versions))


def partners() -> list[Record]:
    """P1 serves all shops."""
    records = [record("partners", BEFORE[0], partner_id=name, partner_type="TSP") for name in ("P1", "P2")]
    for shop in SHOPS:
        records += served("P1", shop, "AFFILIATE")
    return records


def known(shop: str, cents: int = 1_000, **came: Any) -> list[Record]:
    """A sale of a shop that was known on both days."""
    return sale(f"known of {shop}", at(EARLY), shop, cents, **{**BY_CREATOR, **came})


def again(records: list[Record], feed: str, **changed: Any) -> Record:
    """A later version of the one record of a feed, which lands among the news."""
    (old,) = [row for row in records if row.feed == feed]
    updated_at = datetime.combine(NEWS, datetime.min.time(), UTC)
    return Record(feed, old.values | {"landed_on": NEWS, "updated_at": updated_at} | changed)


def late_order() -> list[Record]:
    return known("S late") + sale("late", at(SOLD), "S late", 500, NEWS, **BY_CREATOR)


def paid_late() -> list[Record]:
    """Its order was known on both days, and that it is paid on the last one only."""
    records = sale("paid late", at(SOLD), "S paid late", 500, FIRST, **BY_CREATOR)
    order = next(row for row in records if row.feed == "orders")
    return [row for row in records if row is not order] + [
        Record("orders", order.values | {"paid_at": None, "delivered_at": None}),
        again([order], "orders"),
    ]


def refund() -> list[Record]:
    line = "known of S refunded"
    came = record("refunds", NEWS, refund_id="R1", order_line_id=line, amount_cents=250, completed_at=at(NEWS))
    return [*known("S refunded"), came]


def attribution() -> list[Record]:
    records = known("S attributed", creator_id=None)
    return [*records, again(records, "attributions", creator_id="C1")]


def assignment() -> list[Record]:
    (was,) = served("P1", "S assigned", "AFFILIATE")
    return [*known("S assigned"), again([was], "assignments", partner_id="P2")]


def cancel() -> list[Record]:
    records = known("S cancelled")
    return [*records, again(records, "orders", status="CANCELLED")]


def correction() -> list[Record]:
    records = known("S corrected")
    return [*records, again(records, "order_lines", original_amount_cents=1_300)]


def time_alone() -> list[Record]:
    """Known and paid on the first day, which counts from the next one on."""
    return known("S waiting") + sale("waiting", at(FIRST), "S waiting", 700, FIRST, **BY_CREATOR)


def nothing() -> list[Record]:
    return known("S quiet")


MOVED = {
    "S late": (late_order, Changes(old=200, late_orders=100, new=300)),
    "S paid late": (paid_late, Changes(late_orders=100, new=100)),
    "S refunded": (refund, Changes(old=200, refunds=-50, new=150)),
    "S attributed": (attribution, Changes(attributions=200, new=200)),
    "S assigned": (assignment, Changes(old=200, assignments=-200)),
    "S cancelled": (cancel, Changes(old=200, other_corrections=-200)),
    "S corrected": (correction, Changes(old=200, other_corrections=60, new=260)),
    "S waiting": (time_alone, Changes(old=200, other_corrections=140, of_which_time=140, new=340)),
    "S quiet": (nothing, Changes(old=200, new=200)),
}
SHOPS = tuple(MOVED)


@pytest.fixture(scope="module")
def all_at_once(tmp_path_factory: pytest.TempPathFactory) -> Bridge:
    """One world in which everything happens."""
    records = [row for make, _ in MOVED.values() for row in make()]
    settings = bridged_home(tmp_path_factory.mktemp("bridged"), [*partners(), *records], [program()], [FIRST, LAST])
    found = bridge(settings, FIRST, LAST)
    assert not (settings.home / "bridge").exists()
    return found


@pytest.mark.parametrize("shop", SHOPS)
def test_each_class_of_news_moves_its_own_cents(all_at_once: Bridge, shop: str) -> None:
    changes = {(line.key.beneficiary_id, line.key.subject_id): line.changes for line in all_at_once.lines}
    assert changes["P1", shop] == MOVED[shop][1]
    assert changes.get(("P2", shop)) == (Changes(assignments=200, new=200) if shop == "S assigned" else None)


def test_the_total_is_the_sum_of_all_shops(all_at_once: Bridge) -> None:
    ((name, changes),) = totals(all_at_once.lines, lambda line: (line.key.instrument,)).items()
    assert name == ("AD_CREDIT",)
    assert changes.old + sum(getattr(changes, name) for name in CLASSES) == changes.new
    assert changes == Changes(
        old=1400,
        late_orders=200,
        refunds=-50,
        attributions=200,
        other_corrections=0,
        of_which_time=140,
        new=1750,
    )


def test_gmv_of_the_market_is_bridged_by_the_same_news(all_at_once: Bridge) -> None:
    """Attributions, assignments and terms move no GMV of the market, and neither does time."""
    market = {line.measure: line.changes for line in all_at_once.gmv if not line.partner_id}
    # Known: eight sales of 1,000 but the one paid late, and one of 700; later 500 twice, 300 more of a corrected line.
    assert market["gross"] == Changes(old=8_700, late_orders=1_000, other_corrections=300, new=10_000)
    assert market["net"] == Changes(old=8_700, late_orders=1_000, refunds=-250, other_corrections=-700, new=8_750)
    partners = {
        line.partner_id: line.changes for line in all_at_once.gmv if line.partner_id and line.measure == "gross"
    }
    assert partners["P2"] == Changes(assignments=1_000, new=1_000)


def test_a_version_of_the_terms_is_a_class_of_its_own(tmp_path: Path) -> None:
    """On figures that stand: what a late order added is a fifth of it, and its share of the new rate is of the terms."""
    terms = program({"effective_from": date(2025, 10, 3), "rate_bps": 3_000})
    settings = bridged_home(tmp_path, [*partners(), *late_order()], [terms], [FIRST, LAST])
    (line,) = bridge(settings, FIRST, LAST).lines
    assert line.changes == Changes(old=200, late_orders=100, terms=150, new=450)


def test_the_first_version_of_a_program_that_begins_is_no_change_of_terms(tmp_path: Path) -> None:
    terms = program()
    settings = bridged_home(tmp_path, [*partners(), *known("S quiet")], [terms], [date(2025, 9, 29), LAST])
    (line,) = bridge(settings, date(2025, 9, 29), LAST).lines
    assert line.changes == Changes(late_orders=200, new=200)
