"""A world of one shop, its livestreams and videos, and the lines that they sold.

Figures in cents. V9 and L9 are named by attributions, but their records never landed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from compiled.records import Record, record
from compiled.world import World

OCT_1 = date(2025, 10, 1)
NOV_1 = date(2025, 11, 1)
NOV_2 = date(2025, 11, 2)
NEW_YORK = "America/New_York"  # UTC-4 until 2 November 2025


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def sale(landed_on: date, line: str, paid_at: str, cents: int, order: str, **attribution: str | None) -> list[Record]:
    """An order of the day, one line of it, and what brought it."""
    return [
        record("orders", landed_on, order_id=order, status="COMPLETED", paid_at=at(paid_at)),
        record_of_line(landed_on, line, cents, order),
        record("attributions", landed_on, order_line_id=line, order_id=order, creator_id="C1", **attribution),
    ]


def record_of_line(landed_on: date, line: str, cents: int, order: str) -> Record:
    """A line of shop S1."""
    return record(
        "order_lines", landed_on, order_line_id=line, order_id=order, seller_id="S1", original_amount_cents=cents
    )


def session(landed_on: date, live: str, started_at: str, lasts: timedelta, **values: object) -> Record:
    """A livestream of shop S1."""
    start = at(started_at)
    return record(
        "live_sessions",
        landed_on,
        live_id=live,
        seller_id="S1",
        creator_id="C1",
        started_at=start,
        ended_at=start + lasts,
        **values,
    )


def video(landed_on: date, name: str, posted_at: str, **values: object) -> Record:
    """A video of creator C1."""
    return record("short_videos", landed_on, video_id=name, creator_id="C1", posted_at=at(posted_at), **values)


def served(partner: str, name: str, valid_from: date, valid_to: date | None, service: str = "SHOP") -> Record:
    """An assignment of shop S1."""
    return record(
        "assignments",
        OCT_1,
        assignment_id=name,
        partner_id=partner,
        subject_type="SELLER",
        subject_id="S1",
        service=service,
        valid_from=valid_from,
        valid_to=valid_to,
    )


def content_world() -> World:
    """October's contents and sales, delivered on 1 October and on 1 and 2 November, not built yet."""
    world = World(time_zone=NEW_YORK)
    world.deliver(
        [
            served("P1", "A1", date(2025, 1, 1), date(2025, 11, 1)),
            served("P2", "A2", date(2025, 11, 1), None),
            served("P3", "A3", date(2025, 1, 1), None, service="AFFILIATE"),
            # Started at 23:59:30 on 31 October in New York: the partner of that day, and October's hashtags.
            session(
                NOV_1,
                "L1",
                "2025-11-01T03:59:30",
                timedelta(minutes=61, seconds=59),
                viewers=300,
                hashtags="#sale #new",
            ),
            session(NOV_1, "L2", "2025-11-01T04:00:00", timedelta(minutes=60)),
            video(OCT_1, "V1", "2025-10-01T12:00:00", views=1_000, hashtags="#sale #sale"),
            # The same video, watched more by November.
            video(NOV_1, "V1", "2025-10-01T12:00:00", views=7_000, hashtags="#sale #sale"),
            video(OCT_1, "V2", "2025-10-01T12:00:00", views=0, hashtags="#new"),
            *sale(NOV_1, "1", "2025-11-01T03:59:59", 1_000, "O1", content_type="LIVE", content_id="L1"),
            record_of_line(NOV_1, "2", 2_000, "O1"),
            record("attributions", NOV_1, order_line_id="2", order_id="O1", content_type="LIVE", content_id="L1"),
            # Paid in November, a minute after the end.
            *sale(NOV_1, "3", "2025-11-01T05:10:00", 400, "O2", content_type="LIVE", content_id="L1"),
            *sale(NOV_1, "4", "2025-10-05T12:00:00", 700, "O3", content_type="VIDEO", content_id="V1"),
            *sale(
                NOV_1,
                "5",
                "2025-10-06T12:00:00",
                900,
                "O4",
                content_type="VIDEO",
                content_id="V1",
                target_collaboration_id="T1",
            ),
            # A LIVE line that names a video's id is no sale of the video.
            *sale(NOV_1, "6", "2025-10-06T12:00:00", 5_000, "O5", content_type="LIVE", content_id="V1"),
            *sale(NOV_1, "7", "2025-10-06T12:00:00", 6_000, "O6", content_type="VIDEO", content_id="V9"),
            *sale(NOV_1, "8", "2025-10-06T12:00:00", 8_000, "O7", content_type="LIVE", content_id="L9"),
            *sale(NOV_1, "9", "2025-10-06T12:00:00", 10_000, "O8", content_type="SHOWCASE", content_id="V1"),
            # On 2 November, 100 of line 2 is refunded, and line 5 turns out to be of V2.
            record(
                "refunds",
                NOV_2,
                refund_id="R1",
                order_id="O1",
                order_line_id="2",
                quantity=0,
                amount_cents=100,
                completed_at=at("2025-11-01T20:00:00"),
            ),
            record(
                "attributions",
                NOV_2,
                order_line_id="5",
                order_id="O4",
                content_type="VIDEO",
                content_id="V2",
                creator_id="C1",
                target_collaboration_id="T1",
            ),
        ]
    )
    return world
