"""GMV as known on a day, line by line (RULEBOOK 1): by shop, creator, partner and matching partner.

Figures of a key are (gross, net, units, …) in cents and pieces; keys whose figures are all 0 are left out.
Does not belong here: what is owed for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from brute_force.knowledge import Knowledge, Row

Cube = dict[tuple[Any, ...], tuple[int, ...]]
END_OF_TIME = date(9999, 12, 31)


@dataclass(frozen=True)
class Line:
    """One counting line; amounts in cents."""

    order_line_id: str
    order_id: str
    paid_on: date
    seller_id: str
    content_type: str
    creator_id: str | None
    is_target_plan: bool
    matched_by: str | None
    gross: int
    net: int
    units: int

    @property
    def short_video(self) -> tuple[int, int]:
        return (self.gross, self.net) if self.content_type == "VIDEO" and self.is_target_plan else (0, 0)

    @property
    def live(self) -> tuple[int, int]:
        return (self.gross, self.net) if self.content_type == "LIVE" else (0, 0)

    @property
    def affiliate(self) -> tuple[int, int]:
        return (self.gross, self.net) if self.creator_id is not None else (0, 0)


def is_counting(order: Row) -> bool:
    """Whether the order's lines count, but for gifts."""
    return order["paid_at"] is not None and not (order["is_sample"] or order["is_replacement"] or order["is_exchange"])


def net_of(line: Row, order: Row, refunds: Iterable[Row]) -> int:
    """gross less what was reversed, of a line of a counting order; ``refunds`` as they hold."""
    gross: int = line["original_amount_cents"] - line["seller_discount_cents"]
    if order["status"] == "CANCELLED":
        return 0
    own = [row for row in refunds if row["order_line_id"] == line["order_line_id"] and row["status"] == "COMPLETED"]
    reversed_cents = 0
    for refund in own:
        others = [other for other in own if other["refund_id"] != refund["refund_id"]]
        if all(other["supersedes_refund_id"] != refund["refund_id"] for other in others):
            reversed_cents += refund["amount_cents"] + refund["platform_discount_reversed_cents"]
    return max(gross - reversed_cents, 0)


def lines_as_known(knowledge: Knowledge, known_on: date) -> list[Line]:
    """Every counting line as known on the day."""
    orders = {row["order_id"]: row for row in knowledge.held("orders", known_on)}
    attributions = {row["order_line_id"]: row for row in knowledge.held("attributions", known_on)}
    refunds = knowledge.held("refunds", known_on)
    nothing = {"content_type": "UNATTRIBUTED", "creator_id": None, "target_collaboration_id": None}
    lines = []
    for line in knowledge.held("order_lines", known_on):
        order = orders.get(line["order_id"])
        if order is None or not is_counting(order) or line["is_gift"]:
            continue
        attribution = attributions.get(line["order_line_id"], nothing)
        lines.append(
            Line(
                order_line_id=line["order_line_id"],
                order_id=line["order_id"],
                paid_on=knowledge.day(order["paid_at"]),
                seller_id=line["seller_id"],
                content_type=attribution["content_type"],
                creator_id=attribution["creator_id"],
                is_target_plan=attribution["target_collaboration_id"] is not None,
                matched_by=attribution.get("matched_by_partner_id"),
                gross=line["original_amount_cents"] - line["seller_discount_cents"],
                net=net_of(line, order, refunds),
                units=line["quantity"],
            )
        )
    return lines


def _cube(pairs: Iterable[tuple[tuple[Any, ...], tuple[int, ...]]]) -> Cube:
    sums: dict[tuple[Any, ...], list[int]] = {}
    for key, figures in pairs:
        held = sums.setdefault(key, [0] * len(figures))
        for place, figure in enumerate(figures):
            held[place] += figure
    return {key: tuple(figures) for key, figures in sums.items() if any(figures)}


def gmv_daily(lines: list[Line]) -> Cube:
    """(paid day, shop, content type) → gross, net, units, orders."""
    orders = defaultdict(set)
    for line in lines:
        orders[line.paid_on, line.seller_id, line.content_type].add(line.order_id)
    sums = _cube(
        ((line.paid_on, line.seller_id, line.content_type), (line.gross, line.net, line.units)) for line in lines
    )
    return {key: (*figures, len(orders[key])) for key, figures in sums.items()}


def market_orders(lines: list[Line]) -> Cube:
    """(paid day,) → orders of the whole market."""
    orders = {(line.paid_on, line.order_id) for line in lines}
    return _cube(((paid_on,), (1,)) for paid_on, _ in orders)


def creator_gmv_daily(lines: list[Line]) -> Cube:
    """(paid day, creator, content type) → gross, net, units."""
    return _cube(
        ((line.paid_on, line.creator_id, line.content_type), (line.gross, line.net, line.units))
        for line in lines
        if line.creator_id is not None
    )


def partner_of(assignments: list[Row]) -> Callable[[str, str, str, date], str | None]:
    """Who serves (subject_type, subject_id, service) on a day, by the assignments as they hold.

    Of overlapping ones the later (valid_from, assignment_id) holds from its valid_from on, and the earlier one ends there.
    """
    standing = [row for row in assignments if row["valid_to"] is None or row["valid_from"] < row["valid_to"]]

    def find(subject_type: str, subject_id: str, service: str, day: date) -> str | None:
        started = [
            row
            for row in standing
            if (row["subject_type"], row["subject_id"], row["service"]) == (subject_type, subject_id, service)
            and row["valid_from"] <= day
        ]
        if not started:
            return None
        latest = max(started, key=lambda row: (row["valid_from"], row["assignment_id"]))
        return latest["partner_id"] if day < (latest["valid_to"] or END_OF_TIME) else None

    return find


def partner_gmv_daily(knowledge: Knowledge, known_on: date) -> Cube:
    """(paid day, partner, service) → gross, net, short video, LIVE, affiliate, matched (each gross and net), units."""
    find = partner_of(knowledge.held("assignments", known_on))

    def served(line: Line) -> Iterator[tuple[tuple[Any, ...], tuple[int, ...]]]:
        figures = (line.gross, line.net, *line.short_video, *line.live, *line.affiliate, 0, 0, line.units)
        for service in ("SHOP", "AFFILIATE"):
            partner = find("SELLER", line.seller_id, service, line.paid_on)
            yield (line.paid_on, partner, service), figures
        if line.creator_id is not None:
            yield (line.paid_on, find("CREATOR", line.creator_id, "CREATOR", line.paid_on), "CREATOR"), figures
        yield (line.paid_on, line.matched_by, "MATCHED"), (0, 0, 0, 0, 0, 0, 0, 0, line.gross, line.net, 0)

    pairs = [pair for line in lines_as_known(knowledge, known_on) for pair in served(line)]
    return _cube((key, figures) for key, figures in pairs if key[1] is not None)


def days_between(first: date, last: date) -> int:
    """Days of a window, both included."""
    return (last - first) // timedelta(1) + 1
