"""Histories for kept marts: contents that sell and change, lines that are corrected, assignments that move.

Figures in cents. Does not belong here: what is expected of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from compiled.records import Record, record

FIRST = date(2025, 10, 29)
DAYS = [FIRST + timedelta(number) for number in range(7)]
"""October ends within them."""


def at(day: date, hour: int = 12) -> datetime:
    """An hour of a day in UTC."""
    return datetime.combine(day, time(hour), UTC)


def corners() -> list[Record]:
    """One history with each way in which a kept row changes, appears or vanishes, one day after the other."""
    day = DAYS
    return [
        served(day[0], "A1", "P1", "S1"),
        served(day[0], "A2", "P2", "S2"),
        live(day[0], "X", "S1", "#sale #new"),
        live(day[0], "Y", "S2", None),
        video(day[0], "X", "C1", "#sale"),
        *sale(day[0], "1", "S1", "LIVE", "X"),
        *sale(day[0], "2", "S1", "VIDEO", "X"),
        *sale(day[0], "3", "S2", "LIVE", "later"),
        *sale(day[0], "4", "S2", None, None),
        # A late refund; a content whose record lands after it sold; another hashtag; a live of another shop.
        record("refunds", day[1], refund_id="R", order_line_id="1", order_id="1", amount_cents=30),
        live(day[1], "later", "S2", "#new"),
        video(day[1], "X", "C2", "#new #sale", views=2_000),
        live(day[1], "Y", "S1", "#y"),
        # Keys that vanish: the line is of another shop, the order is a sample, the attribution names another creator.
        line(day[2], "1", "S2"),
        record("orders", day[2], order_id="4", paid_at=at(FIRST), is_sample=True),
        attribution(day[2], "2", "VIDEO", "X", "C2"),
        # No hashtag any more; an older version that lands later changes nothing.
        live(day[3], "X", "S1", None),
        video(day[3], "X", "C9", "#old", updated_at=at(FIRST - timedelta(1))),
        # Assignments: one is corrected to another shop, one withdrawn, later one overlaps from before.
        served(day[3], "A1", "P1", "S2", valid_from=date(2025, 10, 30)),
        served(day[4], "A2", "P2", "S2", valid_to=date(2025, 9, 1)),
        served(day[5], "A3", "P3", "S1"),
        # The order counts again, paid in another month; the attribution is of the livestream of the same id.
        record("orders", day[4], order_id="4", paid_at=at(day[4])),
        attribution(day[4], "2", "LIVE", "X", "C1"),
        # All of it is taken back.
        record("orders", day[5], order_id="1", paid_at=at(FIRST), status="CANCELLED"),
        record("orders", day[6], order_id="1", paid_at=None, status="UNPAID"),
        live(day[6], "X", "S1", "#sale", viewers=7),
    ]


def drawn(seed: int) -> list[Record]:
    """A history drawn at random: few ids, so that deliveries meet."""
    draw = random.Random(seed)
    found: dict[tuple[object, ...], Record] = {}
    for day in DAYS:
        for row in _delivered(draw, day):
            found[(row.feed, day, next(iter(row.values.values())))] = row
    return list(found.values())


def _delivered(draw: random.Random, day: date) -> Iterator[Record]:
    shops, contents, creators = ("S1", "S2"), ("X", "Y", "Z"), ("C1", "C2")
    hashtags = (None, "#a", "#b", "#a #b", "#b #b #c")
    anchor = draw.choice(DAYS[:4])
    for number in range(draw.randint(1, 3)):
        name, order = str(draw.randint(1, 6)), str(draw.randint(1, 4))
        paid_at = draw.choice([None, *(at(paid) for paid in DAYS[:4])])
        status = draw.choice(["COMPLETED", "COMPLETED", "CANCELLED"])
        yield record(
            "orders", day, order_id=order, paid_at=paid_at, status=status, updated_at=at(draw.choice(DAYS[:5]))
        )
        yield line(day, name, draw.choice(shops), order, draw.choice([50, 100]))
        kind = draw.choice(["LIVE", "VIDEO", "SHOWCASE"])
        yield attribution(day, str(draw.randint(1, 6)), kind, draw.choice(contents), draw.choice(creators))
        yield record("refunds", day, refund_id=f"R{number}", order_line_id=name, amount_cents=draw.choice([10, 200]))
        yield live(day, draw.choice(contents), draw.choice(shops), draw.choice(hashtags), anchor)
        yield video(day, draw.choice(contents), draw.choice(creators), draw.choice(hashtags), views=number)
    if draw.random() < 0.6:
        yield served(day, draw.choice("AB"), draw.choice(["P1", "P2"]), draw.choice(shops), draw.choice(DAYS[:3]),
                     draw.choice([None, *DAYS[:3]]))  # fmt: skip


def sale(day: date, name: str, shop: str, kind: str | None, content: str | None) -> list[Record]:
    """An order of one line, both of that name, and what brought it."""
    rows = [record("orders", day, order_id=name, paid_at=at(day)), line(day, name, shop)]
    return rows if kind is None else [*rows, attribution(day, name, kind, content, "C1")]


def line(day: date, name: str, shop: str, order: str | None = None, cents: int = 100) -> Record:
    """A line of the order of its name, or of another."""
    return record("order_lines", day, order_line_id=name, order_id=order or name, seller_id=shop,
                  original_amount_cents=cents)  # fmt: skip


def attribution(day: date, name: str, kind: str, content: str | None, creator: str) -> Record:
    """What brought a line."""
    return record("attributions", day, order_line_id=name, content_type=kind, content_id=content, creator_id=creator)


def live(day: date, name: str, shop: str, hashtags: str | None, start: date = FIRST, **values: object) -> Record:
    """A livestream."""
    values = {"viewers": 100} | values
    return record("live_sessions", day, live_id=name, seller_id=shop, creator_id="C1", started_at=at(start),
                  ended_at=at(start, 13), hashtags=hashtags, **values)  # fmt: skip


def video(day: date, name: str, creator: str, hashtags: str | None, **values: object) -> Record:
    """A short video."""
    values = {"views": 1_000} | values
    return record(
        "short_videos", day, video_id=name, creator_id=creator, posted_at=at(FIRST), hashtags=hashtags, **values
    )


def served(
    day: date, name: str, partner: str, shop: str, valid_from: date = FIRST, valid_to: date | None = None
) -> Record:
    """An assignment of a shop."""
    return record("assignments", day, assignment_id=name, partner_id=partner, subject_type="SELLER", subject_id=shop,
                  service="SHOP", valid_from=valid_from, valid_to=valid_to)  # fmt: skip
