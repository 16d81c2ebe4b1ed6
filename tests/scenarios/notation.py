"""The sentences of a scenario file, as accepted rows.

    partner P1 is a TSP
    P1 ranks GOLD on DAY                                                           a snapshot of that day
    [assignment X:] P1 serves shop A | creator C from DAY [until DAY] [in AFFILIATE]      until: the first day after
    order O1 [of BUYER] unpaid | paid TIME [delivered TIME] [cancelled] [sample] [replacement] [exchange]
        [from livestream L1]                                                                   what each line came from
        [: A 100, B 2 units 300 less 50 seller discount and 10 platform discount, C 5 gift]       lines O1/1, O1/2, O1/3
        A 100 by creator C                                                         a line that came from VIDEO by creator C
        A 100 by short video                                             a line that came from VIDEO in a targeted plan
    line O1/1 of order O2: A 100                                                   a line that is corrected by itself
    line O1/1 came from LIVE [L1] [by creator C] [in plan T] [matched by P1]
    refund R1 of O1/1: 100 [and 10 platform discount] [completed TIME | requested | rejected] [supersedes R0]
    livestream L1 of shop A [by creator C] starts TIME [ends TIME]                         by itself: two hours later
    member Ann [in CA] [employee] [device d1] [payment p1]
    Bob signs up TIME invited by Ann [after a click TIME | without a click] [as event E1]   by itself: an hour after it
    Bob is flagged | cleared | voided TIME [as event E2]
    deal D1 of A from TIME until TIME: 5,000 bps of 10,000 [for list L]       the platform's share, and the budget
    redemption X1 of D1 on O1/1: 500 at TIME [restored]
    C is on list L [from TIME] [until TIME]                    until: the first moment after; by itself from the day's noon
    an empty delivery of orders

Any sentence may end with `updated TIME`; by itself a record was updated at 00:00 UTC of the day on which it landed.
A sentence with {01..71} in it is 71 sentences, from 01 to 71. Amounts are cents. A TIME is
in the business time zone, or in UTC with a Z at its end; a DAY in place of a TIME is its noon.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from compiled.records import Record, record

DAY = r"\d{4}-\d\d-\d\d"
TIME = rf"{DAY}(?: \d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?"
CENTS = r"\d{1,3}(?:,\d{3})+|\d+"
EVENTS = {"flagged": "FLAG", "cleared": "CLEAR", "voided": "VOID"}

PARTNER = re.compile(r"partner (?P<id>\S+) is an? (?P<type>[A-Z]+)")
RANKS = re.compile(rf"(?P<partner>\S+) ranks (?P<rank>[A-Z]+) on (?P<day>{DAY})")
SERVES = re.compile(
    rf"(?:assignment (?P<id>\S+): )?(?P<partner>\S+) serves (?P<type>shop|creator) (?P<subject>\S+) from (?P<start>{DAY})"
    rf"(?: until (?P<end>{DAY}))?(?: in (?P<service>[A-Z]+))?"
)
ORDER = re.compile(
    rf"order (?P<id>\S+?)(?: of (?P<buyer>\S+?))? (?:unpaid|paid (?P<paid>{TIME}))(?: delivered (?P<delivered>{TIME}))?"
    r"(?P<flags>(?: cancelled| sample| replacement| exchange)*)(?: from livestream (?P<live>\S+?))?(?:: (?P<lines>.*))?"
)
GOODS = re.compile(
    rf"(?P<seller>\S+) (?:(?P<units>\d+) units? )?(?P<amount>{CENTS})(?: less (?P<seller_discount>{CENTS}) seller discount)?"
    rf"(?: and (?P<platform_discount>{CENTS}) platform discount)?(?P<gift> gift)?(?P<short_video> by short video)?"
    r"(?: by creator (?P<creator>\S+))?"
)
LINE = re.compile(r"line (?P<id>\S+) of order (?P<order>\S+): (?P<goods>.*)")
CAME = re.compile(
    r"line (?P<id>\S+) came from (?P<content>[A-Z_]+)(?: (?P<content_id>\S+))?(?: by creator (?P<creator>\S+))?"
    r"(?: in plan (?P<plan>\S+))?(?: matched by (?P<matched>\S+))?"
)
REFUND = re.compile(
    rf"refund (?P<id>\S+) of (?P<line>\S+): (?P<amount>{CENTS})(?: and (?P<platform>{CENTS}) platform discount)?"
    rf"(?: (?:completed (?P<completed>{TIME})|(?P<status>requested|rejected)))?(?: supersedes (?P<superseded>\S+))?"
)
LIVESTREAM = re.compile(
    rf"livestream (?P<id>\S+) of shop (?P<seller>\S+)(?: by creator (?P<creator>\S+))? starts (?P<start>{TIME})"
    rf"(?: ends (?P<end>{TIME}))?"
)
MEMBER = re.compile(
    r"member (?P<id>\S+)(?: in (?P<country>\S+))?(?P<employee> employee)?(?: device (?P<device>\S+))?"
    r"(?: payment (?P<payment>\S+))?"
)
SIGNUP = re.compile(
    rf"(?P<referee>\S+) signs up (?P<at>{TIME}) invited by (?P<referrer>\S+)"
    rf"(?: after a click (?P<click>{TIME})|(?P<clickless> without a click))?(?: as event (?P<event>\S+))?"
)
MARKED = re.compile(
    rf"(?P<referee>\S+) is (?P<type>flagged|cleared|voided) (?P<at>{TIME})(?: as event (?P<event>\S+))?"
)
DEAL = re.compile(
    rf"deal (?P<id>\S+) of (?P<seller>\S+) from (?P<start>{TIME}) until (?P<end>{TIME}): (?P<share>{CENTS}) bps of "
    rf"(?P<budget>{CENTS})(?: for list (?P<list>\S+))?"
)
REDEMPTION = re.compile(
    rf"redemption (?P<id>\S+) of (?P<deal>\S+) on (?P<line>\S+): (?P<amount>{CENTS}) at (?P<at>{TIME})"
    r"(?P<restored> restored)?"
)
LISTED = re.compile(
    rf"(?P<subject>\S+) is on list (?P<list>\S+)(?: from (?P<start>{TIME}))?(?: until (?P<end>{TIME}))?"
)
UPDATED = re.compile(rf"(?P<said>.*) updated (?P<at>{TIME})")
EMPTY = re.compile(r"an empty delivery of (?P<feed>\S+)")

Said = dict[str, str]


class Notation:
    """Reads the sentences that landed on one day, in one business time zone."""

    def __init__(self, landed_on: date, time_zone: tzinfo) -> None:
        self.landed_on = landed_on
        self.time_zone = time_zone
        self.readings: tuple[tuple[re.Pattern[str], Callable[[Said], Iterator[tuple[str, dict[str, Any]]]]], ...] = (
            (PARTNER, self._partner),
            (RANKS, self._rank),
            (SERVES, self._assignment),
            (ORDER, self._order),
            (LINE, self._line),
            (CAME, self._attribution),
            (REFUND, self._refund),
            (LIVESTREAM, self._livestream),
            (MEMBER, self._member),
            (SIGNUP, self._signup),
            (MARKED, self._mark),
            (DEAL, self._deal),
            (REDEMPTION, self._redemption),
            (LISTED, self._list_entry),
        )

    def records(self, sentence: str) -> list[Record]:
        """The rows of one sentence; ValueError where it is none."""
        changes: dict[str, Any] = {}
        said = sentence
        if updated := UPDATED.fullmatch(sentence):
            said, changes = updated["said"], {"updated_at": self.moment(updated["at"])}
        for pattern, reading in self.readings:
            if match := pattern.fullmatch(said):
                return [record(feed, self.landed_on, **row, **changes) for feed, row in reading(match.groupdict())]
        raise ValueError(f"this says nothing that a feed knows: {sentence!r}")

    def moment(self, written: str) -> datetime:
        """A time in the business time zone, or in UTC with a Z; a day alone is its noon."""
        if len(written) == len("2025-10-01"):
            written += " 12:00"
        if written.endswith("Z"):
            return datetime.fromisoformat(written[:-1]).replace(tzinfo=UTC)
        return datetime.fromisoformat(written).replace(tzinfo=self.time_zone)

    def _optional(self, written: str | None) -> datetime | None:
        return self.moment(written) if written else None

    def _partner(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "partners", {"partner_id": said["id"], "partner_type": said["type"]}

    def _rank(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        snapshot = {"snapshot_on": date.fromisoformat(said["day"]), "rank_code": said["rank"]}
        yield "partner_ranks", {"partner_id": said["partner"], **snapshot}

    def _assignment(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        is_shop = said["type"] == "shop"
        yield (
            "assignments",
            {
                "assignment_id": said["id"] or f"{said['partner']}-{said['subject']}-{said['start']}",
                "partner_id": said["partner"],
                "subject_type": "SELLER" if is_shop else "CREATOR",
                "subject_id": said["subject"],
                "service": said["service"] or ("SHOP" if is_shop else "CREATOR"),
                "valid_from": date.fromisoformat(said["start"]),
                "valid_to": date.fromisoformat(said["end"]) if said["end"] else None,
            },
        )

    def _order(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        flags = said["flags"].split()
        order = {
            "order_id": said["id"],
            "buyer_id": said["buyer"] or "somebody",
            "paid_at": self._optional(said["paid"]),
            "delivered_at": self._optional(said["delivered"]),
            "status": "CANCELLED" if "cancelled" in flags else "COMPLETED" if said["paid"] else "UNPAID",
        }
        yield "orders", order | {f"is_{kind}": kind in flags for kind in ("sample", "replacement", "exchange")}
        for number, goods in enumerate(said["lines"].split(", ") if said["lines"] else (), start=1):
            line_id = f"{said['id']}/{number}"
            yield from self._line({"id": line_id, "order": said["id"], "goods": goods})
            if said["live"]:
                yield "attributions", {"order_line_id": line_id, "content_type": "LIVE", "content_id": said["live"]}

    def _line(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        goods = GOODS.fullmatch(said["goods"])
        if not goods:
            raise ValueError(f"these are no goods: {said['goods']!r}")
        yield (
            "order_lines",
            {
                "order_line_id": said["id"],
                "order_id": said["order"],
                "seller_id": goods["seller"],
                "quantity": int(goods["units"] or 1),
                "original_amount_cents": cents(goods["amount"]),
                "seller_discount_cents": cents(goods["seller_discount"]),
                "platform_discount_cents": cents(goods["platform_discount"]),
                "is_gift": bool(goods["gift"]),
            },
        )
        if goods["creator"] or goods["short_video"]:
            plan = "T" if goods["short_video"] else None
            came = {"id": said["id"], "content": "VIDEO", "content_id": None, "creator": goods["creator"], "plan": plan}
            yield from self._attribution(came | {"matched": None})

    def _attribution(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        yield (
            "attributions",
            {
                "order_line_id": said["id"],
                "content_type": said["content"],
                "content_id": said["content_id"],
                "creator_id": said["creator"],
                "target_collaboration_id": said["plan"],
                "matched_by_partner_id": said["matched"],
            },
        )

    def _refund(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        status = (said["status"] or "completed").upper()
        completed_at = self.moment(said["completed"] or self.landed_on.isoformat())
        yield (
            "refunds",
            {
                "refund_id": said["id"],
                "order_line_id": said["line"],
                "amount_cents": cents(said["amount"]),
                "platform_discount_reversed_cents": cents(said["platform"]),
                "status": status,
                "completed_at": completed_at if status == "COMPLETED" else None,
                "supersedes_refund_id": said["superseded"],
            },
        )

    def _livestream(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        started_at = self.moment(said["start"])
        yield (
            "live_sessions",
            {
                "live_id": said["id"],
                "seller_id": said["seller"],
                "creator_id": said["creator"] or "somebody",
                "started_at": started_at,
                "ended_at": self._optional(said["end"]) or started_at + timedelta(hours=2),
            },
        )

    def _member(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        yield (
            "members",
            {
                "member_id": said["id"],
                "country": said["country"] or "US",
                "is_employee": bool(said["employee"]),
                "device_hash": said["device"],
                "payment_hash": said["payment"],
            },
        )

    def _signup(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        at = self.moment(said["at"])
        clicked_at = None if said["clickless"] else self._optional(said["click"]) or at - timedelta(hours=1)
        yield (
            "referral_events",
            {
                "event_id": said["event"] or f"signup-{said['referee']}-{said['at']}",
                "event_type": "SIGNUP",
                "referee_id": said["referee"],
                "referrer_id": said["referrer"],
                "clicked_at": clicked_at,
                "occurred_at": at,
            },
        )

    def _mark(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        yield (
            "referral_events",
            {
                "event_id": said["event"] or f"{said['type']}-{said['referee']}-{said['at']}",
                "event_type": EVENTS[said["type"]],
                "referee_id": said["referee"],
                "occurred_at": self.moment(said["at"]),
            },
        )

    def _deal(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        yield (
            "deals",
            {
                "deal_id": said["id"],
                "seller_id": said["seller"],
                "kind": "COUPON",
                "platform_share_bps": cents(said["share"]),
                "budget_amount_cents": cents(said["budget"]),
                "starts_at": self.moment(said["start"]),
                "ends_at": self.moment(said["end"]),
                "invite_list_id": said["list"],
            },
        )

    def _redemption(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        yield (
            "deal_redemptions",
            {
                "redemption_id": said["id"],
                "deal_id": said["deal"],
                "order_line_id": said["line"],
                "order_id": said["line"].partition("/")[0],
                "discount_amount_cents": cents(said["amount"]),
                "redeemed_at": self.moment(said["at"]),
                "restored": bool(said["restored"]),
            },
        )

    def _list_entry(self, said: Said) -> Iterator[tuple[str, dict[str, Any]]]:
        yield (
            "program_lists",
            {
                "list_id": said["list"],
                "subject_id": said["subject"],
                "added_at": self.moment(said["start"] or self.landed_on.isoformat()),
                "removed_at": self._optional(said["end"]),
            },
        )


def cents(written: str | None) -> int:
    """An amount as people write it, 1,000 being ten dollars."""
    return int((written or "0").replace(",", ""))
