"""The greatest amounts that the contract lets through: a ratio in basis points has room for them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from compiled.records import record
from compiled.world import World

DAY = date(2025, 10, 1)
GREATEST = 999_999_999_999_999  # 9,999,999,999,999.99, thirteen digits before the point


def test_ratios_of_the_greatest_amounts() -> None:
    paid = {"status": "COMPLETED", "paid_at": datetime(2025, 10, 1, 9, tzinfo=UTC)}
    world = World()
    world.deliver(
        [
            record("orders", DAY, order_id="O1", **paid),
            record(
                "order_lines", DAY, order_line_id="L1", order_id="O1", seller_id="A", original_amount_cents=GREATEST
            ),
        ]
    )
    world.build(DAY)
    assert world.rows("select net_cents, net_unknown_bps from marts.market_monthly") == [(GREATEST, 10_000)]
    assert world.rows("select share_bps from marts.seller_gmv_ranking") == [(10_000,)]
