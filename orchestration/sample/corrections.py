"""What goes wrong between the platform and the landing: corrected lines, repeats, and broken rows.

Does not belong here: changes that are part of a record's life, such as an order being delivered (``orders``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from orchestration.sample.draws import DAY, Ints, Topic, stream

# What is broken, by feed: (column, text that takes its place); one of them at a time.
_BROKEN: dict[str, tuple[tuple[str, str | None], ...]] = {
    "orders": (
        ("currency", "EUR"),
        ("buyer_id", None),
        ("status", "PENDING"),
        ("paid_at", "2025-11-28T10:00:00"),
        ("updated_at", None),
    ),
    "order_lines": (
        ("original_amount", "19.999"),
        ("seller_discount", "999999.00"),
        ("quantity", "0"),
        ("seller_id", None),
        ("updated_at", "2025-11-28 10:00:00"),
    ),
    "attributions": (("content_type", "STORY"), ("order_id", None), ("updated_at", "2025-11-28T10:00:00")),
    "refunds": (
        ("amount", "12.345"),
        ("kind", "GOODWILL"),
        ("status", None),
        ("completed_at", "2025-11-28T10:00:00"),
        ("amount", "-5.00"),
    ),
    "members": (("country", None), ("is_employee", "maybe"), ("signed_up_at", "2025-11-28T10:00:00")),
    "referral_events": (("event_type", "SHARE"), ("occurred_at", None), ("occurred_at", "2025-11-28T10:00:00")),
    "sellers": (("size_class", "GIANT"), ("name", None)),
    "partners": (("partner_type", "AGENCY"),),
    "assignments": (("service", "LOGISTICS"), ("valid_to", "2001-01-01")),
    "live_sessions": (
        ("ended_at", "2001-01-01T00:00:00Z"),
        ("viewers", "-3"),
        ("creator_id", None),
        ("started_at", "2025-11-28T10:00:00"),
    ),
    "short_videos": (("views", "1.2M"), ("posted_at", None), ("creator_id", None)),
    "creators": (("username", None), ("payee_id", "MEMBER:7300000000000000000")),
    "partner_ranks": (("rank_code", "TITANIUM"), ("snapshot_on", "2025-11-31")),
    "program_lists": (("added_at", None), ("removed_at", "soon")),
    "deals": (("platform_share_bps", "12000"), ("ends_at", "2001-01-01T00:00:00Z"), ("budget_amount", "99.999")),
    "deal_redemptions": (("discount_amount", "-1.00"), ("restored", "perhaps"), ("deal_id", None)),
    "ad_spend": (("cash_spend", "12.345"), ("spend_on", None), ("attributed_gmv", "-10.00")),
}
# Each feed and day has a stream of its own; one topic tells so many feeds apart, so that a new feed leaves the others'
# draws alone.
_TOPICS, _FEEDS_A_TOPIC = (Topic.BROKEN_ROWS, Topic.BROKEN_PROGRAM_ROWS), 9
_BROKEN_DAYS = 0.4
_BROKEN_IN_BULK = 4


def corrected_lines(lines: pl.DataFrame, day: int, seed: int) -> pl.DataFrame:
    """Later versions of a few of the day's lines, one to fifteen days on: one unit more, or a twentieth off."""
    generator = stream(seed, Topic.CORRECTIONS, day)
    chosen = lines.filter(pl.Series(generator.random(len(lines)) < 0.004))
    days = pl.Series(generator.integers(1, 16, len(chosen)))
    more = pl.Series(generator.random(len(chosen)) < 0.5)
    amount, quantity = pl.col("original_amount"), pl.col("quantity")
    return chosen.with_columns(
        pl.when(more).then(quantity + 1).otherwise(quantity).alias("quantity"),
        pl.when(more).then(amount + amount // quantity).otherwise(amount - amount // 20).alias("original_amount"),
        pl.col("updated_at") + days * DAY,
        pl.col("landed_on") + days,
    )


def repeats(rows: pl.DataFrame, day: int, seed: int) -> pl.DataFrame:
    """A few rows that land again word for word, half in the same delivery and half a day later."""
    generator = stream(seed, Topic.CORRECTIONS, day)
    chosen = np.flatnonzero(generator.random(len(rows)) < 0.0008)
    later: Ints = (chosen % 2).astype(np.int64)
    return rows[chosen].with_columns(pl.col("landed_on") + pl.Series(later))


def broken_rows(feed: str, texts: pl.DataFrame, landed_on: int, is_bulk: bool, seed: int) -> pl.DataFrame:
    """Copies of a delivery's last rows with one value broken in each: on two days of five one row, in the bulk four.

    ``texts`` and what is returned hold the feed's columns as text.
    """
    topic, place = divmod(list(_BROKEN).index(feed), _FEEDS_A_TOPIC)
    generator = stream(seed, _TOPICS[topic], landed_on * _FEEDS_A_TOPIC + place)
    count = _BROKEN_IN_BULK if is_bulk else int(generator.random() < _BROKEN_DAYS)
    rows = texts.tail(min(count, len(texts) // 10))
    return break_rows(feed, rows, int(generator.integers(0, 60)))


def break_rows(feed: str, texts: pl.DataFrame, first: int = 0) -> pl.DataFrame:
    """The rows, as text, each with one value broken, taking the ways to break it in turn from the ``first``."""
    ways = _BROKEN[feed]
    rows = texts.to_dicts()
    for number, row in enumerate(rows):
        column, text = ways[(first + number) % len(ways)]
        row[column] = text
    return pl.DataFrame(rows, schema=texts.schema)
