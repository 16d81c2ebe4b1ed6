"""The table of feeds in LANDING, each column from both sides of each of its rules.

The table stands here as the contract writes it, and kinds go by the contract's rules of names: nothing is read from the
product's own column lists. Does not belong here: what a value may look like (``test_landing_values``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from data_contracts.feeds import FEEDS
from data_contracts.values import canonical_text
from orchestration.acceptance import accepted_schema

DAY = date(2025, 10, 1)
# * key, ? may be null; an enumeration stands in brackets
TABLE = {
    "orders": "*order_id, buyer_id, status(UNPAID ON_HOLD AWAITING_SHIPMENT PARTIALLY_SHIPPING AWAITING_COLLECTION "
    "IN_TRANSIT DELIVERED COMPLETED CANCELLED), created_at, paid_at?, delivered_at?, completed_at?, cancelled_at?, "
    "currency(USD), is_sample, is_replacement, is_exchange, updated_at",
    "order_lines": "*order_line_id, order_id, seller_id, product_id, quantity, original_amount, seller_discount, "
    "platform_discount, is_gift, updated_at",
    "attributions": "*order_line_id, order_id, content_type(LIVE VIDEO SHOWCASE SHOP_TAB OTHER), content_id?, "
    "creator_id?, target_collaboration_id?, matched_by_partner_id?, updated_at",
    "refunds": "*refund_id, order_id, order_line_id, kind(REFUND RETURN CANCEL CHARGEBACK), quantity, amount, "
    "platform_discount_reversed, status(REQUESTED COMPLETED REJECTED), completed_at?, supersedes_refund_id?, updated_at",
    "members": "*member_id, signed_up_at, country, is_employee, device_hash?, payment_hash?, updated_at",
    "referral_events": "*event_id, event_type(SIGNUP FLAG CLEAR VOID), referee_id, referrer_id?, referral_code?, "
    "clicked_at?, occurred_at",
    "live_sessions": "*live_id, seller_id, creator_id, started_at, ended_at, viewers?, title?, hashtags?, updated_at",
    "short_videos": "*video_id, creator_id, posted_at, views?, title?, hashtags?, updated_at",
    "sellers": "*seller_id, name, size_class(SMALL MEDIUM LARGE), onboarded_at, payee_id?, tax_form_on_file, updated_at",
    "creators": "*creator_id, username, payee_id?, tax_form_on_file, updated_at",
    "partners": "*partner_id, partner_type(TSP CAP TAP MCN), name, payee_id?, tax_form_on_file, updated_at",
    "assignments": "*assignment_id, partner_id, subject_type(SELLER CREATOR), subject_id, service(SHOP AFFILIATE CREATOR), "
    "valid_from, valid_to?, updated_at",
    "partner_ranks": "*partner_id, *snapshot_on, rank_code(BRONZE SILVER GOLD PLATINUM DIAMOND), updated_at",
    "program_lists": "*list_id, *subject_id, added_at, removed_at?, updated_at",
    "deals": "*deal_id, seller_id, kind(COUPON DISCOUNT FLASH_SALE), platform_share_bps, budget_amount, starts_at, ends_at, "
    "invite_list_id?, updated_at",
    "deal_redemptions": "*redemption_id, deal_id, order_line_id, order_id, discount_amount, redeemed_at, restored, updated_at",
    "ad_spend": "*seller_id, *spend_on, cash_spend, credit_spend, attributed_gmv, updated_at",
}
KINDS = {
    "time": r".*_at",
    "date": r".*_on|valid_from|valid_to",
    "money": r".*amount|.*discount.*|.*spend|attributed_gmv",
    "integer": r"quantity|views|viewers|.*_bps",
    "boolean": r"is_.*|restored|tax_form_on_file",
    "text": r".*",
}
NOT_IN_FUTURE = {"updated_at", "paid_at", "redeemed_at", "started_at", "occurred_at"}
HORIZON = "2025-10-03T00:00:00"  # 00:00 UTC of landed_on + 2 days
LEAST = {("order_lines", "quantity"): 1}
MOST = {"platform_share_bps": 10_000}
PLAIN = {
    "text": "T1",
    "time": "2025-09-30T09:00:00Z",
    "date": "2025-10-01",
    "money": "0",
    "integer": "1",
    "boolean": "false",
}
# what a plain row needs so that rules over two columns hold, whichever of its columns is changed below
BESIDE = {
    "refunds": {"status": "REQUESTED", "completed_at": PLAIN["time"]},
    "referral_events": {"event_type": "FLAG", "referrer_id": "M1"},
    "live_sessions": {"ended_at": "2100-01-01T00:00:00Z"},
    "deals": {"ends_at": "2100-01-01T00:00:00Z"},
    "assignments": {"valid_to": "2100-01-01"},
    "order_lines": {"original_amount": "1"},
}
ALONG = {
    ("subject_type", "CREATOR"): {"service": "CREATOR"},
    ("service", "CREATOR"): {"subject_type": "CREATOR"},
}
ALSO = {("original_amount", "-0.01"): ";seller_discount:discount_above_amount"}  # no discount is small enough
UNREADABLE = {"time": "soon", "date": "2025-1-01", "money": "1e3", "integer": "1.0", "boolean": "yes"}
Case = tuple[dict[str, str], str | None]


@dataclass(frozen=True)
class Told:
    """A column as LANDING tells it."""

    name: str
    is_key: bool
    is_optional: bool
    values: tuple[str, ...]

    @property
    def kind(self) -> str:
        return next(kind for kind, names in KINDS.items() if re.fullmatch(names, self.name))


def told(feed: str) -> list[Told]:
    """The columns of a feed in the table's order."""
    found = [re.fullmatch(r"(\*?)(\w+)(\??)(?:\((.*)\))?", text) for text in TABLE[feed].split(", ")]
    return [
        Told(match[2], match[1] == "*", match[3] == "?", tuple((match[4] or "").split())) for match in found if match
    ]


def plain_row(feed: str) -> dict[str, str]:
    """A good row, every column given."""
    return {column.name: (*column.values, PLAIN[column.kind])[0] for column in told(feed)} | BESIDE.get(feed, {})


def cases(feed: str) -> Iterator[Case]:
    """Changes of a plain row, one column each, and what quarantine says; None where the row stays good."""
    for column in told(feed):
        for value, rule in (*_presence(column), *_values(feed, column), *_kind(column)):
            change = {column.name: value} | ALONG.get((column.name, value), {})
            yield change, rule and f"{column.name}:{rule}" + ALSO.get((column.name, value), "")


def _presence(column: Told) -> Iterator[tuple[str, str | None]]:
    yield "", None if column.is_optional else "required"
    yield "\t \x0b", None if column.is_optional else "required"


def _values(feed: str, column: Told) -> Iterator[tuple[str, str | None]]:
    other = "unsupported_currency" if column.name == "currency" else "enum"
    for value in column.values:
        yield from ((value, None), (value.lower(), other), (f"{value}S", other))
    if column.name == "payee_id":
        yield from (("MEMBER:1", "range"), ("MEMBER:", "range"), ("MEMBER1", None), ("member:1", None))
    if column.kind == "money":
        yield from (("0", None), ("-0.01", "range"))
    if column.kind == "integer":
        least = LEAST.get((feed, column.name), 0)
        most = MOST.get(column.name, 10**18 - 1)
        yield from ((str(least), None), (str(least - 1), "range"), (str(most), None))
        yield str(most + 1), "range" if column.name in MOST else "type"


def _kind(column: Told) -> Iterator[tuple[str, str | None]]:
    if column.kind in UNREADABLE:
        yield UNREADABLE[column.kind], "type"
    if column.kind == "money":
        yield from (("0.010", None), ("0.001", "decimals"))
    if column.kind == "boolean":
        yield from (("TRUE", None), ("0", None), ("2", "type"))
    if column.kind == "text" and not column.values:
        yield from (("9223372036854775808", None), ("null", None))
    if column.kind == "time":
        yield "2025-09-30T09:00:00", "naive_time"
        late = "future" if column.name in NOT_IN_FUTURE else None
        yield from ((f"{HORIZON}Z", None), (f"{HORIZON}.000001Z", late))
        yield from (("2025-10-03T05:30+05:30", None), ("2025-10-02T19:00:00.000001-05:00", late))


def with_own_keys(feed: str, rows: list[dict[str, str]], changed: list[dict[str, str]]) -> list[dict[str, str]]:
    """Each row under a key of its own, so that none repeats or overtakes another; keys that are looked at stay."""
    (first, *_) = [column for column in told(feed) if column.is_key]
    return [
        row | ({first.name: f"K{number}"} if first.name not in change else {})
        for number, (row, change) in enumerate(zip(rows, changed, strict=True))
    ]


@pytest.fixture
def unrefused(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows break, the rest is taken in."""
    for name, feed in FEEDS.items():
        monkeypatch.setitem(FEEDS, name, replace(feed, refused_above_rows=10**6))


def test_feeds_are_those_of_the_table() -> None:
    assert list(FEEDS) == list(TABLE)


@pytest.mark.parametrize("feed", TABLE)
def test_every_column_from_both_sides(world: Any, unrefused: None, feed: str) -> None:
    all_cases = list(cases(feed))
    changes = [change for change, _ in all_cases]
    world.put_rows(feed, with_own_keys(feed, [plain_row(feed) | change for change in changes], changes))
    record = world.accept(feed)
    assert record.state == "ACCEPTED", record.reason
    found = {number: rules for number, _, _, rules in world.rules(feed)}
    expected = {number: rule for number, (_, rule) in enumerate(all_cases, start=1) if rule is not None}
    wrong = {number: (all_cases[number - 1], rules) for number, rules in found.items() if expected.get(number) != rules}
    missed = [all_cases[number - 1] for number in expected.keys() - found.keys()]
    assert not wrong and not missed
    assert record.good == len(all_cases) - len(expected)


@pytest.mark.parametrize("feed", TABLE)
def test_the_first_broken_column_is_that_of_the_tables_order(world: Any, feed: str) -> None:
    """Every column that can be broken is, in a file whose columns stand the other way round."""
    broken = plain_row(feed)
    expected = []
    for column in told(feed):
        value, rule = UNREADABLE.get(column.kind, ""), "type" if column.kind in UNREADABLE else "required"
        if column.values:
            value, rule = "none", "unsupported_currency" if column.name == "currency" else "enum"
        elif column.name == "payee_id":
            value, rule = "MEMBER:1", "range"
        elif column.kind == "text" and column.is_optional:
            continue
        broken[column.name] = value
        expected.append(f"{column.name}:{rule}")
    world.put_rows(feed, [dict(reversed(broken.items()))])
    world.accept(feed)
    assert world.rules(feed) == [(1, *expected[0].split(":"), ";".join(expected))]


@pytest.mark.parametrize("feed", TABLE)
def test_a_file_may_lack_optional_columns_and_no_other(world: Any, feed: str) -> None:
    row = plain_row(feed)
    optional = [column.name for column in told(feed) if column.is_optional]
    row |= {"status": "REQUESTED"} if feed == "refunds" else {}
    world.put_rows(feed, [{name: cell for name, cell in row.items() if name not in optional}])
    assert world.accept(feed).accepted == 1
    money = [column.name for column in told(feed) if column.kind == "money"]
    assert [world.accepted(feed)[f"{name}_cents" if name in money else name].item() for name in optional] == [
        None
    ] * len(optional)
    for day, column in enumerate((column for column in told(feed) if not column.is_optional), start=2):
        without = {name: cell for name, cell in row.items() if name != column.name}
        world.put_rows(feed, [without], day=date(2025, 10, day))
        record = world.accept(feed, date(2025, 10, day))
        assert record.state == "REFUSED"
        assert f"a.csv lacks required column {column.name}:" in record.reason


@pytest.mark.parametrize("feed", TABLE)
def test_rows_are_of_one_key_where_all_of_its_columns_agree(world: Any, feed: str) -> None:
    row = plain_row(feed)
    others = [(column, _another(column, row[column.name])) for column in told(feed) if column.name != "currency"]
    rows = [row | {column.name: value} | ALONG.get((column.name, value), {}) for column, value in others]
    world.put_rows(feed, [row, *rows])
    record = world.accept(feed)
    keys = sum(column.is_key for column in told(feed))
    assert (record.quarantined, record.repeats) == (0, 0), world.rules(feed)
    assert (record.accepted, record.overtaken) == (1 + keys, len(others) - keys)


def _another(column: Told, value: str) -> str:
    if column.values:
        return next(other for other in column.values if other != value)
    others = {"text": "T2", "time": "2025-09-30T10:00:00Z", "date": "2025-10-02", "money": "0.5", "integer": "2"}
    return others.get(column.kind, "true")


@pytest.mark.parametrize("feed", TABLE)
def test_canonical_text_is_the_tables_columns_in_order(world: Any, feed: str) -> None:
    micros = "1759222800000000"  # 2025-09-30T09:00:00Z
    written = {"time": micros, "date": "2025-10-01", "money": "1234", "integer": "1", "boolean": "0", "text": "T1"}
    row, expected = plain_row(feed), []
    for column in told(feed):
        if column.is_optional and column.name not in BESIDE.get(feed, {}):
            row[column.name] = ""
            expected.append("")
        elif column.kind == "money":
            row[column.name] = "12.34" if column.name != "original_amount" else "24.680"
            expected.append("1234" if column.name != "original_amount" else "2468")
        else:
            special = row[column.name] in PLAIN.values()
            expected.append(written[column.kind] if special else row[column.name])
    if feed in ("live_sessions", "deals"):
        expected = ["4102444800000000" if text == "2100-01-01T00:00:00Z" else text for text in expected]
    world.put_rows(feed, [row])
    assert world.accept(feed).accepted == 1, world.rules(feed)
    (text,) = world.accepted(feed).select(canonical_text(FEEDS[feed].columns)).to_series()
    assert text.split("\x1f") == expected


@pytest.mark.parametrize("feed", TABLE)
def test_accepted_rows_have_the_tables_columns_and_money_in_cents(feed: str) -> None:
    types = {
        "time": pl.Datetime("us", "UTC"), "date": pl.Date(), "money": pl.Int64(), "integer": pl.Int64(),
        "boolean": pl.Boolean(), "text": pl.String(),
    }  # fmt: skip
    expected = {c.name + ("_cents" if c.kind == "money" else ""): types[c.kind] for c in told(feed)}
    # Beside the table's columns: the day, and the keys of orders and lines.
    expected["landed_on"] = pl.Date()
    expected |= {
        key: pl.Int64() for name, key in (("order_id", "order_key"), ("order_line_id", "line_key")) if name in expected
    }
    assert list(accepted_schema(FEEDS[feed]).items()) == list(expected.items())


def test_feeds_that_no_money_rests_on_stop_no_day() -> None:
    assert {name for name, feed in FEEDS.items() if not feed.stops_day} == {"short_videos", "ad_spend"}
    shares = {(feed.refused_above_share_bps, feed.refused_above_rows) for feed in FEEDS.values()}
    assert shares == {(100, 5)}, "1 % and 5 rows"


# Rules over two columns: feed, changed cells, what quarantine says
PAIRS: list[tuple[str, dict[str, str], str | None]] = [
    ("order_lines", {"original_amount": "10", "seller_discount": "4.99", "platform_discount": "5.01"}, None),
    (
        "order_lines",
        {"original_amount": "10", "seller_discount": "5", "platform_discount": "5.01"},
        "seller_discount:discount_above_amount",
    ),
    ("order_lines", {"original_amount": "0", "seller_discount": "0.01"}, "seller_discount:discount_above_amount"),
    # a rule over two columns comes after all over one, also those of later columns
    (
        "order_lines",
        {"original_amount": "0", "seller_discount": "0.01", "updated_at": "soon"},
        "updated_at:type;seller_discount:discount_above_amount",
    ),
    ("order_lines", {"original_amount": "x", "seller_discount": "9"}, "original_amount:type"),
    ("refunds", {"status": "COMPLETED", "completed_at": ""}, "completed_at:required"),
    ("refunds", {"status": "COMPLETED", "completed_at": "2099-01-01T00:00Z"}, None),
    ("refunds", {"status": "REQUESTED", "completed_at": ""}, None),
    ("refunds", {"status": "REJECTED", "completed_at": ""}, None),
    (
        "refunds",
        {"status": "COMPLETED", "completed_at": "", "updated_at": "2025-09-30T09:00"},
        "updated_at:naive_time;completed_at:required",
    ),
    ("referral_events", {"event_type": "SIGNUP", "referrer_id": ""}, "referrer_id:required"),
    ("referral_events", {"event_type": "SIGNUP", "referrer_id": "M1"}, None),
    *(("referral_events", {"event_type": name, "referrer_id": ""}, None) for name in ("FLAG", "CLEAR", "VOID")),
    *(
        (feed, {start: "2025-10-01T09:00:00Z", end: f"2025-10-01T{clock}Z"}, rule and f"{end}:{rule}")
        for feed, start, end in (("live_sessions", "started_at", "ended_at"), ("deals", "starts_at", "ends_at"))
        for clock, rule in (("09:00:00.000001", None), ("09:00:00", "not_after"), ("08:59:59.999999", "not_after"))
    ),
    ("assignments", {"valid_from": "2025-10-01", "valid_to": "2025-10-01"}, None),
    ("assignments", {"valid_from": "2025-10-01", "valid_to": "2025-10-02"}, None),
    ("assignments", {"valid_from": "2025-10-01", "valid_to": "2025-09-30"}, "valid_to:not_after"),
    ("assignments", {"valid_from": "2025-10-01", "valid_to": ""}, None),
    *(
        ("assignments", {"subject_type": subject, "service": service}, None if fits else "service:enum")
        for subject, service, fits in (
            ("SELLER", "SHOP", True),
            ("SELLER", "AFFILIATE", True),
            ("SELLER", "CREATOR", False),
            ("CREATOR", "SHOP", False),
            ("CREATOR", "AFFILIATE", False),
            ("CREATOR", "CREATOR", True),
        )
    ),
]


def test_rules_over_two_columns(world: Any, unrefused: None) -> None:
    for feed in sorted({feed for feed, *_ in PAIRS}):
        chosen = [(change, rule) for name, change, rule in PAIRS if name == feed]
        changes = [change for change, _ in chosen]
        world.put_rows(feed, with_own_keys(feed, [plain_row(feed) | change for change in changes], changes))
        world.accept(feed)
        found = {number: rules for number, _, _, rules in world.rules(feed)}
        assert found == {number: rule for number, (_, rule) in enumerate(chosen, start=1) if rule}, feed
        for number, column, rule, _ in world.rules(feed):
            first = str(chosen[number - 1][1]).split(";")[0]
            assert f"{column}:{rule}" == first


def test_hashtags_are_lower_cased(world: Any) -> None:
    for feed in ("live_sessions", "short_videos"):
        world.put_rows(feed, [plain_row(feed) | {"hashtags": " #Sale #ÄRA ", "title": " Big SALE "}])
        world.accept(feed)
        assert world.accepted(feed).select("hashtags", "title").row(0) == ("#sale #ära", "Big SALE")
