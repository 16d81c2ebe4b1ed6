"""The landing contract read a second time, in plain Python and cell by cell: what a row of text comes to.

Written from LANDING.md (Values, Feeds) alone, and shares nothing with ``data_contracts``: where both agree on a hundred
thousand mutated rows, neither changes a value in silence. Belongs here: cells and rows. Does not belong here: how files
hold them (``fuzz_formats``), or what is done to them (``fuzz_mutations``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

# key in *, optional with ?, closed lists after =
TABLE = """
orders: *order_id buyer_id
    status=UNPAID|ON_HOLD|AWAITING_SHIPMENT|PARTIALLY_SHIPPING|AWAITING_COLLECTION|IN_TRANSIT|DELIVERED|COMPLETED|CANCELLED
    created_at paid_at? delivered_at? completed_at? cancelled_at? currency=USD is_sample is_replacement is_exchange updated_at
order_lines: *order_line_id order_id seller_id product_id quantity original_amount seller_discount platform_discount
    is_gift updated_at
attributions: *order_line_id order_id content_type=LIVE|VIDEO|SHOWCASE|SHOP_TAB|OTHER content_id? creator_id?
    target_collaboration_id? matched_by_partner_id? updated_at
refunds: *refund_id order_id order_line_id kind=REFUND|RETURN|CANCEL|CHARGEBACK quantity amount
    platform_discount_reversed status=REQUESTED|COMPLETED|REJECTED completed_at? supersedes_refund_id? updated_at
members: *member_id signed_up_at country is_employee device_hash? payment_hash? updated_at
referral_events: *event_id event_type=SIGNUP|FLAG|CLEAR|VOID referee_id referrer_id? referral_code? clicked_at? occurred_at
live_sessions: *live_id seller_id creator_id started_at ended_at viewers? title? hashtags? updated_at
short_videos: *video_id creator_id posted_at views? title? hashtags? updated_at
sellers: *seller_id name size_class=SMALL|MEDIUM|LARGE onboarded_at payee_id? tax_form_on_file updated_at
creators: *creator_id username payee_id? tax_form_on_file updated_at
partners: *partner_id partner_type=TSP|CAP|TAP|MCN name payee_id? tax_form_on_file updated_at
assignments: *assignment_id partner_id subject_type=SELLER|CREATOR subject_id service=SHOP|AFFILIATE|CREATOR
    valid_from valid_to? updated_at
partner_ranks: *partner_id *snapshot_on rank_code=BRONZE|SILVER|GOLD|PLATINUM|DIAMOND updated_at
program_lists: *list_id *subject_id added_at removed_at? updated_at
deals: *deal_id seller_id kind=COUPON|DISCOUNT|FLASH_SALE platform_share_bps budget_amount starts_at ends_at
    invite_list_id? updated_at
deal_redemptions: *redemption_id deal_id order_line_id order_id discount_amount redeemed_at restored updated_at
ad_spend: *seller_id *spend_on cash_spend credit_spend attributed_gmv updated_at
"""
NOT_IN_FUTURE = ("updated_at", "paid_at", "redeemed_at", "started_at", "occurred_at")
WHITE_SPACE = "\t\n\x0b\x0c\r "
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017
MICROSECOND = timedelta(microseconds=1)

Value = str | int | bool | date | None  # money in cents, times in microseconds since 1970 UTC


@dataclass(frozen=True)
class Cell:
    """A column of the table above."""

    name: str
    kind: str
    is_key: bool
    optional: bool
    listed: tuple[str, ...]


class Json(str):
    """A cell that JSON Lines writes as it stands: a number, true, a list."""


def _kind(name: str) -> str:
    if name.endswith("_at"):
        return "time"
    if name.endswith("_on") or name in ("valid_from", "valid_to"):
        return "date"
    if name.endswith(("amount", "spend")) or "discount" in name or name == "attributed_gmv":
        return "money"
    if name in ("quantity", "viewers", "views") or name.endswith("_bps"):
        return "integer"
    if name.startswith("is_") or name in ("restored", "tax_form_on_file"):
        return "boolean"
    return "text"


def _cell(text: str) -> Cell:
    name, _, listed = text.partition("=")
    bare = name.strip("*?")
    kind = "boolean" if bare == "tax_form_on_file" else _kind(bare)
    return Cell(bare, kind, name.startswith("*"), name.endswith("?"), tuple(listed.split("|")) if listed else ())


FEED_CELLS: dict[str, tuple[Cell, ...]] = {}
for _line in TABLE.replace("\n    ", " ").strip().splitlines():
    _feed, _, _cells = _line.partition(":")
    FEED_CELLS[_feed] = tuple(_cell(text) for text in _cells.split())


def read_cell(kind: str, raw: str | None, lower: bool = False) -> tuple[Value, str | None]:
    """The value of a cell and the rule that what stands there breaks; (None, None) where nothing stands there."""
    if isinstance(raw, Json):
        raw = _json_text(kind, raw)
        if raw is None:
            return None, "type"
    text = (raw or "").strip(WHITE_SPACE)
    if text == "":
        return None, None
    if kind == "text":
        return (text.lower() if lower else text), None
    return READERS[kind](text)


def _json_text(kind: str, token: str) -> str | None:
    """The text that a JSON token counts as; None where its type is not one of that kind."""
    if token == "null":
        return ""
    if token in ("true", "false"):
        return token if kind == "boolean" else None
    if re.fullmatch(r"-?[0-9]+", token):
        return token
    if token[0] in "-0123456789":
        return token if kind != "text" else None
    return None


def _money(text: str) -> tuple[Value, str | None]:
    found = re.fullmatch(r"(-?)([0-9]{1,13})(?:\.([0-9]+))?", text)
    if not found:
        return None, "type"
    fraction = (found[3] or "").rstrip("0")
    if len(fraction) > 2:
        return None, "decimals"
    cents = int(found[2]) * 100 + int(fraction.ljust(2, "0"))
    return (-cents if found[1] else cents), None


def _integer(text: str) -> tuple[Value, str | None]:
    return (int(text), None) if re.fullmatch(r"-?[0-9]{1,18}", text) else (None, "type")


def _boolean(text: str) -> tuple[Value, str | None]:
    word = text.lower()
    return (word in ("true", "1"), None) if word in ("true", "1", "false", "0") else (None, "type")


def _date(text: str) -> tuple[Value, str | None]:
    try:
        return (date.fromisoformat(text), None) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else (None, "type")
    except ValueError:
        return None, "type"


def _time(text: str) -> tuple[Value, str | None]:
    if re.fullmatch(r"[0-9]{9,10}", text):
        return int(text) * 1_000_000, None
    found = re.fullmatch(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
        r"(?:(Z)|([+-])([0-9]{2}):?([0-9]{2}))?",
        text,
    )
    if not found:
        return None, "type"
    day, hour, minute, second, fraction, zulu, sign, hours, minutes = found.groups()
    try:
        ahead = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        if int(minutes or 0) > 59 or int(hours or 0) > 23:
            return None, "type"
        local = datetime.fromisoformat(f"{day}T{hour}:{minute}:{second or '00'}+00:00")
        at = local + timedelta(microseconds=int((fraction or "0")[:6].ljust(6, "0")))
        at = at + ahead if sign == "-" else at - ahead
    except (ValueError, OverflowError):
        return None, "type"
    if not zulu and not sign:
        return None, "naive_time"
    return (at - EPOCH) // MICROSECOND, None


READERS = {"money": _money, "integer": _integer, "boolean": _boolean, "date": _date, "time": _time}


@dataclass(frozen=True)
class Read:
    """What a row comes to: its values by column, and what it breaks in the order of the table; [] where it is good."""

    values: dict[str, Value]
    broken: tuple[str, ...]

    @property
    def first(self) -> tuple[str | None, str]:
        """The first broken column and its rule."""
        column, _, rule = self.broken[0].rpartition(":")
        return column or None, rule


MISSHAPEN = Read({}, ("shape",))


def read_row(feed: str, row: dict[str, str | None], landed_on: date) -> Read:
    """What the cells of a row come to; a column that is not there is null."""
    values: dict[str, Value] = {}
    broken: list[str] = []
    given: set[str] = set()
    latest = (datetime(landed_on.year, landed_on.month, landed_on.day, tzinfo=EPOCH.tzinfo) - EPOCH) // MICROSECOND
    latest += 2 * 86_400_000_000
    for cell in FEED_CELLS[feed]:
        value, fault = read_cell(cell.kind, row.get(cell.name), cell.name == "hashtags")
        values[cell.name] = value
        if value is not None or fault:
            given.add(cell.name)
        elif not cell.optional:
            fault = "required"
        fault = fault or (_fault(feed, cell, value, latest) if value is not None else None)
        if fault:
            broken.append(f"{cell.name}:{fault}")
    for name, fault in _pair_faults(feed, values, given):
        if f"{name}:{fault}" not in broken:
            broken.append(f"{name}:{fault}")
    return Read(values, tuple(broken))


def _fault(feed: str, cell: Cell, value: Value, latest: int) -> str | None:
    if cell.listed and value not in cell.listed:
        return "unsupported_currency" if cell.name == "currency" else "enum"
    if cell.kind in ("money", "integer"):
        least = 1 if (feed, cell.name) == ("order_lines", "quantity") else 0
        most = 10_000 if cell.name == "platform_share_bps" else 10**18
        return None if least <= value <= most else "range"
    if cell.name == "payee_id" and value.startswith("MEMBER:"):
        return "range"
    return "future" if cell.name in NOT_IN_FUTURE and value > latest else None


def _pair_faults(feed: str, values: dict[str, Value], given: set[str]) -> list[tuple[str, str]]:
    def known(*names: str) -> bool:
        return all(values[name] is not None for name in names)

    faults = []
    if feed == "order_lines" and known("seller_discount", "platform_discount", "original_amount"):
        above = values["seller_discount"] + values["platform_discount"] > values["original_amount"]
        faults += [("seller_discount", "discount_above_amount")] * above
    if feed == "refunds" and values["status"] == "COMPLETED" and "completed_at" not in given:
        faults.append(("completed_at", "required"))
    if feed == "referral_events" and values["event_type"] == "SIGNUP" and "referrer_id" not in given:
        faults.append(("referrer_id", "required"))
    for ends, starts in (("ended_at", "started_at"), ("ends_at", "starts_at")):
        if ends in values and known(ends, starts) and values[ends] <= values[starts]:
            faults.append((ends, "not_after"))
    if feed == "assignments":
        allowed = {"SELLER": ("SHOP", "AFFILIATE"), "CREATOR": ("CREATOR",)}.get(values["subject_type"])
        if allowed and known("service") and values["service"] not in allowed:
            faults.append(("service", "enum"))
        if known("valid_from", "valid_to") and values["valid_to"] < values["valid_from"]:
            faults.append(("valid_to", "not_after"))
    return faults


def canonical(feed: str, values: dict[str, Value]) -> bytes:
    """What decides between versions of the same time."""
    texts = []
    for cell in FEED_CELLS[feed]:
        value = values[cell.name]
        texts.append("" if value is None else str(int(value)) if isinstance(value, bool) else str(value))
    return "\x1f".join(texts).encode()


def versions_that_hold(feed: str, good: list[dict[str, Value]]) -> tuple[list[dict[str, Value]], int]:
    """The good rows that hold, one a key, and how many of all repeat another."""
    distinct = {tuple(values.values()): values for values in good}
    holding: dict[tuple[Value, ...], tuple[tuple[Value, bytes], dict[str, Value]]] = {}
    keys = [cell.name for cell in FEED_CELLS[feed] if cell.is_key]
    for values in distinct.values():
        key = tuple(values[name] for name in keys)
        version = (values.get("updated_at", 0), canonical(feed, values))
        if key not in holding or version > holding[key][0]:
            holding[key] = (version, values)
    return [values for _, values in holding.values()], len(good) - len(distinct)
