"""Small worlds for hypothesis: few ids, few moments and few amounts, so that records meet in every corner.

Windows are days instead of months, so that all cut-offs lie within a week, the close of the referral campaign excepted.
Corners that chance would seldom find are stories of their own. Does not belong here: a law, and how often a corner comes up
(``test_worlds``).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from compiled.records import Record, record
from hypothesis import strategies as st
from pydantic import TypeAdapter

from data_contracts.feeds import FEEDS
from data_contracts.terms import Program
from data_contracts.terms.loading import AnyProgram

SHIPPED = Path(__file__).resolve().parents[2] / "data_contracts" / "programs"
FIRST, LAST = date(2025, 10, 1), date(2025, 10, 3)
# 10-03 + 1 purchase day + 30 + 2 clawback days
CLOSE_ON = date(2025, 11, 5)
WEEK = [date(2025, 9, 29) + timedelta(days) for days in range(8)]
DAYS = [*WEEK, CLOSE_ON, CLOSE_ON + timedelta(1)]
"""The days on which something lands, and as of which awards are asked."""

AS_OF = st.sampled_from([*WEEK[2:], WEEK[3], WEEK[4], WEEK[4], *DAYS[-2:]])
TIME_ZONES = st.sampled_from(["UTC", "America/Los_Angeles", "Asia/Tokyo"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-{text}").replace(tzinfo=UTC)


# Midnights of three time zones and the seconds before them, and moments a day of seconds apart from each other.
MOMENTS = [
    _moment(text)
    for text in (
        "09-29 12:00:00", "09-30 14:59:59", "09-30 15:00:00", "09-30 23:59:59", "10-01 00:00:00", "10-01 06:59:59",
        "10-01 07:00:00", "10-02 00:00:00", "10-02 00:00:01", "10-03 07:00:00", "10-03 23:59:59", "10-04 00:00:00",
        "10-05 00:00:01",
    )
]  # fmt: skip
UPDATES = [_moment("09-29 00:00:00"), _moment("10-01 00:00:00"), _moment("10-02 00:00:00")]
ORDERS, LINES, REFUNDS = ["O1", "O2", "O3"], ["L1", "L2", "L3", "L4"], ["R1", "R2", "R3"]
SELLERS, CREATORS, PARTNERS, MEMBERS = ["A", "B"], ["C1", "C2"], ["P1", "P2"], ["Ann", "Bob", "Cat"]
CONTENTS = ["V1", "V2"]
# What is delivered in bulk, and may be corrected by whatever comes later.
BULK_ORDER, BULK_LINES = "O4", ["L5", "L6"]
SUPERSEDED = [(None, "R1", "R2"), ("R3", "R1", "R2"), ("R2", "R1", None), ("R2", "R1", "R1"), ("R1", "R1", "R2")]
"""What R1, R2 and R3 supersede: a chain of three, cycles of three and of two, and a refund that supersedes itself."""

moments = st.sampled_from(MOMENTS)
amounts = st.sampled_from([0, 50, 100, 100, 150, 300])
rarely = st.sampled_from([False] * 7 + [True])
often = st.sampled_from([True, True, True, False])


def _one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "orders": {
        "order_id": _one_of(*ORDERS, BULK_ORDER),
        "buyer_id": _one_of("Bob", "Bob", "Cat"),
        "status": _one_of("COMPLETED", "COMPLETED", "COMPLETED", "CANCELLED"),
        "paid_at": _one_of(None, *MOMENTS),
        "delivered_at": _one_of(None, *MOMENTS),
        "is_sample": rarely,
        "is_replacement": rarely,
        "is_exchange": rarely,
    },
    "order_lines": {
        "order_line_id": _one_of(*LINES, BULK_LINES[0]),
        "order_id": _one_of(*ORDERS),
        "seller_id": _one_of(*SELLERS),
        "quantity": _one_of(1, 2),
        "original_amount_cents": _one_of(100, 150, 300),
        "seller_discount_cents": _one_of(0, 0, 1, 100),
        "is_gift": rarely,
    },
    "attributions": {
        "order_line_id": _one_of(*LINES),
        "content_type": _one_of("LIVE", "VIDEO", "SHOWCASE"),
        "content_id": _one_of(None, *CONTENTS),
        "creator_id": _one_of(None, *CREATORS),
        "target_collaboration_id": _one_of(None, "T1", "T2"),
        "matched_by_partner_id": _one_of(None, *PARTNERS),
    },
    "refunds": {
        "refund_id": _one_of(*REFUNDS),
        "order_line_id": _one_of(*LINES),
        "amount_cents": amounts,
        "platform_discount_reversed_cents": _one_of(0, 0, 1),
        "status": _one_of("COMPLETED", "COMPLETED", "REQUESTED", "REJECTED"),
        "completed_at": moments,
        "supersedes_refund_id": _one_of(None, *REFUNDS),
    },
    "assignments": {
        "assignment_id": _one_of("X1", "X2", "X10"),
        "partner_id": _one_of(*PARTNERS),
        "subject": _one_of(
            ("SELLER", "A", "SHOP"), ("SELLER", "B", "SHOP"), ("SELLER", "A", "AFFILIATE"), ("CREATOR", "C1", "CREATOR")
        ),
        "valid_from": _one_of(date(2025, 9, 1), *WEEK[1:5]),
        "valid_days": _one_of(None, None, None, 0, 1, 2),
    },
    "partners": {"partner_id": _one_of(*PARTNERS), "partner_type": _one_of("TSP", "TSP", "CAP")},
    "members": {
        "member_id": _one_of(*MEMBERS),
        "country": _one_of("US", "US", "US", "CA"),
        "is_employee": rarely,
        "device_hash": _one_of(None, None, "d1", "d2"),
        "payment_hash": _one_of(None, None, None, "p1"),
    },
    "referral_events": {
        "event_id": _one_of("E1", "E2", "E3", "E4"),
        "event_type": _one_of("SIGNUP", "SIGNUP", "SIGNUP", "FLAG", "CLEAR", "VOID"),
        "referee_id": _one_of("Bob", "Cat"),
        "referrer_id": _one_of("Ann", "Ann", "Ann", "Bob"),
        "clicked_at": _one_of(None, *MOMENTS[:8]),
        "occurred_at": _one_of(*MOMENTS[:9]),
    },
    "live_sessions": {
        "live_id": _one_of(*CONTENTS),
        "seller_id": _one_of(*SELLERS),
        "creator_id": _one_of(*CREATORS),
        "started_at": moments,
        "viewers": _one_of(None, 0, 3),
        "hashtags": _one_of(None, "#a", "#a #b"),
    },
    "short_videos": {
        "video_id": _one_of(*CONTENTS),
        "creator_id": _one_of(*CREATORS),
        "posted_at": moments,
        "views": _one_of(None, 0, 7),
        "hashtags": _one_of(None, "#b", "#b #c"),
    },
    "sellers": {"seller_id": _one_of(*SELLERS), "size_class": _one_of("SMALL", "MEDIUM", "LARGE")},
    "ad_spend": {
        "seller_id": _one_of(*SELLERS),
        "spend_on": _one_of(*WEEK[:4]),
        "cash_spend_cents": amounts,
        "attributed_gmv_cents": amounts,
    },
}  # fmt: skip


@st.composite
def deliveries(draw: st.DrawFn, feed: str, at_most: int, at_least: int = 0) -> list[Record]:
    """Versions of records of one feed; a key stands once in a delivery, as acceptance sees to."""
    rows = {}
    landed = st.sampled_from(WEEK + WEEK[:6] + DAYS)
    for _ in range(draw(st.integers(at_least, at_most))):
        values = {name: draw(strategy) for name, strategy in FIELDS[feed].items()}
        if "subject" in values:
            values["subject_type"], values["subject_id"], values["service"] = values.pop("subject")
            days = values.pop("valid_days")
            values["valid_to"] = None if days is None else values["valid_from"] + timedelta(days)
        if feed == "refunds" and values["status"] != "COMPLETED":
            values["completed_at"] = None
        if feed == "live_sessions":
            values["ended_at"] = values["started_at"] + timedelta(minutes=draw(st.sampled_from([1, 60])))
        landed_on = draw(landed)
        if any(column.name == "updated_at" for column in FEEDS[feed].columns):
            values["updated_at"] = draw(st.sampled_from(UPDATES))
        rows[tuple(values[name] for name in FEEDS[feed].key), landed_on] = record(feed, landed_on, **values)
    return list(rows.values())


@st.composite
def worlds(draw: st.DrawFn) -> list[Record]:
    """All records of a small world: four orders that would earn awards, and what happens to them before and after."""
    records = draw(plain_world())
    keys = {key_of(row) for row in records}
    for story in (superseding_refunds, undone_cancellation, bulk_history, late_attribution, hand_over):
        _add(records, keys, draw(story(records)) if draw(st.booleans()) else [])
    for feed, at_most in (
        ("orders", 4), ("order_lines", 4), ("attributions", 4), ("refunds", 5), ("assignments", 3), ("partners", 2),
        ("members", 3), ("referral_events", 3), ("live_sessions", 2), ("short_videos", 2), ("sellers", 3), ("ad_spend", 1),
    ):  # fmt: skip
        _add(records, keys, draw(deliveries(feed, at_most)))
    return records


def _add(records: list[Record], keys: set[tuple[Any, ...]], more: list[Record]) -> None:
    """Adds what is not delivered that day already."""
    for row in more:
        if key_of(row) not in keys:
            keys.add(key_of(row))
            records.append(row)


@st.composite
def superseding_refunds(draw: st.DrawFn, _: list[Record]) -> list[Record]:
    """Three refunds of one line that supersede each other, each landing on a day of its own."""
    line = draw(st.sampled_from(LINES))
    return [
        record(
            "refunds", draw(st.sampled_from(WEEK[:6])), refund_id=refund, order_line_id=line, updated_at=UPDATES[2],
            amount_cents=draw(st.sampled_from([10, 50])), completed_at=MOMENTS[8], supersedes_refund_id=superseded,
        )
        for refund, superseded in zip(REFUNDS, draw(st.sampled_from(SUPERSEDED)), strict=True)
    ]  # fmt: skip


@st.composite
def undone_cancellation(draw: st.DrawFn, records: list[Record]) -> list[Record]:
    """An order of the plain world is cancelled, and a later delivery says that it is not."""
    name = draw(st.sampled_from(ORDERS))
    plain = next(row.values for row in records if row.feed == "orders" and row.values["order_id"] == name)
    first, second = sorted(draw(st.sets(st.sampled_from(WEEK[1:7]), min_size=2, max_size=2)))
    cancelled = plain | {"status": "CANCELLED", "landed_on": first, "updated_at": UPDATES[2]}
    corrected = plain | {"landed_on": second, "updated_at": UPDATES[2]}
    return [Record("orders", cancelled), Record("orders", corrected)]


@st.composite
def bulk_history(draw: st.DrawFn, _: list[Record]) -> list[Record]:
    """One day delivers what happened to an order over days: its lines, what brought them, and their end."""
    landed_on = draw(st.sampled_from(WEEK[2:6]))
    status, paid_at = draw(st.sampled_from(["COMPLETED", "COMPLETED", "CANCELLED"])), draw(st.sampled_from(MOMENTS[:8]))
    buyer = draw(st.sampled_from(["Zoe", "Zoe", "Cat"]))
    rows = [record("orders", landed_on, order_id=BULK_ORDER, buyer_id=buyer, status=status, paid_at=paid_at)]
    for line in BULK_LINES:
        seller, content = draw(st.sampled_from(SELLERS)), draw(st.sampled_from(["LIVE", "VIDEO"]))
        rows += [
            record("order_lines", landed_on, order_line_id=line, order_id=BULK_ORDER, seller_id=seller,
                   original_amount_cents=150, seller_discount_cents=draw(st.sampled_from([0, 0, 150]))),
            record("attributions", landed_on, order_line_id=line, content_type=content, content_id="V1",
                   creator_id=draw(st.sampled_from(CREATORS)), target_collaboration_id="T1"),
            record("refunds", landed_on, refund_id=f"R/{line}", order_line_id=line, completed_at=MOMENTS[7],
                   amount_cents=draw(st.sampled_from([40, 150]))),
        ]  # fmt: skip
    return rows


@st.composite
def late_attribution(draw: st.DrawFn, _: list[Record]) -> list[Record]:
    """The order of the baseline is refunded in part, and only then one learns what brought it."""
    first, second = sorted(draw(st.sets(st.sampled_from(WEEK[:6]), min_size=2, max_size=2)))
    creator, partner = draw(st.sampled_from(CREATORS)), draw(st.sampled_from(PARTNERS))
    return [
        record("refunds", first, refund_id="R/L0", order_line_id="L0", amount_cents=20, completed_at=MOMENTS[1]),
        record("attributions", second, order_line_id="L0", content_type="VIDEO", creator_id=creator,
               target_collaboration_id="T1", matched_by_partner_id=partner),
    ]  # fmt: skip


@st.composite
def hand_over(draw: st.DrawFn, _: list[Record]) -> list[Record]:
    """A shop changes its partner in the middle of what counts, which is said on any day."""
    landed_on, moves_on = draw(st.sampled_from(WEEK[:6])), draw(st.sampled_from(WEEK[1:5]))
    return [
        record("assignments", landed_on, assignment_id="X10", partner_id=PARTNERS[1], subject_type="SELLER",
               subject_id=SELLERS[0], service="SHOP", valid_from=moves_on)
    ]  # fmt: skip


@st.composite
def plain_world(draw: st.DrawFn) -> list[Record]:
    """Two partners, two referees, a baseline order and three orders in the window; each lands on a day of its own."""

    def lands(feed: str, updated_at: datetime = UPDATES[0], **values: Any) -> None:
        updated = {"updated_at": updated_at} if feed != "referral_events" else {}
        records.append(record(feed, draw(st.sampled_from(WEEK[:1] * 4 + WEEK[1:6])), **values, **updated))

    records: list[Record] = []
    for number, partner in enumerate(PARTNERS):
        lands("partners", partner_id=partner, partner_type="TSP")
        lands("assignments", assignment_id=f"X0{number}", partner_id=partner, subject_type="SELLER",
              subject_id=SELLERS[number], service="SHOP", valid_from=date(2025, 9, 1))  # fmt: skip
        lands("assignments", assignment_id=f"Y0{number}", partner_id=partner, subject_type="CREATOR",
              subject_id=CREATORS[number], service="CREATOR", valid_from=date(2025, 9, 1))  # fmt: skip
    for member in MEMBERS:
        lands("members", member_id=member)
    lands("referral_events", event_id="E1", event_type="SIGNUP", referee_id="Bob", referrer_id="Ann",
          clicked_at=MOMENTS[4], occurred_at=MOMENTS[6])  # fmt: skip
    lands("referral_events", event_id="E2", event_type="SIGNUP", referee_id="Cat", referrer_id="Ann",
          clicked_at=MOMENTS[4], occurred_at=MOMENTS[4])  # fmt: skip
    lands("orders", order_id="O0", buyer_id="Zoe", paid_at=MOMENTS[0])
    lands("order_lines", order_line_id="L0", order_id="O0", seller_id="A", original_amount_cents=60)
    for order, buyer in (("O1", "Bob"), ("O2", "Cat"), ("O3", "Bob")):
        lands("orders", order_id=order, buyer_id=buyer, paid_at=draw(st.sampled_from(MOMENTS[6:10])),
              delivered_at=draw(st.sampled_from([None, *MOMENTS[7:]])))  # fmt: skip
    for line, order in zip(LINES, ("O1", "O1", "O2", "O3"), strict=True):
        lands("order_lines", order_line_id=line, order_id=order, seller_id=draw(st.sampled_from(SELLERS)),
              original_amount_cents=draw(st.sampled_from([100, 150, 300])))  # fmt: skip
        lands("attributions", order_line_id=line, content_type="LIVE", creator_id=draw(st.sampled_from(CREATORS)))
    return records


def all_refunded(records: list[Record], landed_on: date) -> list[Record]:
    """A delivery that refunds every line in full, and in time for every program."""
    lines = sorted({row.values["order_line_id"] for row in records if row.feed == "order_lines"})
    return [
        record(
            "refunds",
            landed_on,
            refund_id=f"all-{line}",
            order_line_id=line,
            amount_cents=10_000,
            completed_at=MOMENTS[0],
        )
        for line in lines
    ]


def key_of(row: Record) -> tuple[Any, ...]:
    """A record's key and the delivery that it stands in."""
    return (row.feed, row.values["landed_on"], *(row.values[name] for name in FEEDS[row.feed].key))


def small_programs() -> list[Program]:
    """The shipped kinds with windows of three days, amounts of cents and a cap of one referral."""
    daily = yaml.safe_load((SHIPPED / "tsp_daily_gmv_2025q4.yaml").read_text(encoding="utf-8"))
    daily |= {"window": {"first_day": FIRST, "last_day": LAST}, "hold_days": 1, "clawback_days": 2}
    daily["versions"][0] |= {
        "effective_from": FIRST,
        "baseline": {"first_day": date(2025, 9, 29), "last_day": date(2025, 9, 30)},
        "tiers": [{"threshold_cents": cents, "amount_cents": cents} for cents in (1, 50, 100, 150, 200)],
    }
    by_gross = daily | {"program_id": "by_gross", "versions": [daily["versions"][0] | {"measure": "gross"}]}
    by_creator = daily | {"program_id": "by_creator", "versions": [daily["versions"][0] | {"service": "CREATOR"}]}
    referral = yaml.safe_load((SHIPPED / "referral_2025q4.yaml").read_text(encoding="utf-8"))
    referral |= {"window": {"first_day": FIRST, "last_day": LAST}, "hold_days": 1, "clawback_days": 2}
    referral["purchase_window_days"] = 1
    referral["versions"][0] |= {
        "effective_from": FIRST, "click_window_days": 1, "min_order_cents": 100, "amount_per_referral_cents": 5,
        "max_referrals": 1, "milestones": [{"referrals": 1, "amount_cents": 7}, {"referrals": 2, "amount_cents": 9}],
    }  # fmt: skip
    adapter: TypeAdapter[Program] = TypeAdapter(AnyProgram)
    return [adapter.validate_python(program) for program in (daily, by_gross, by_creator, referral)]
