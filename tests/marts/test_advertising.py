"""Advertising in market_monthly: what was spent, and what the advertising system claims for it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from compiled.records import Record, record
from compiled.world import World

OCT_3, OCT_4, NOV_1 = date(2025, 10, 3), date(2025, 10, 4), date(2025, 11, 1)


def spend(landed_on: date, seller: str, day: date, cash: int, credit: int, attributed: int, **values: object) -> Record:
    """What a shop spent on a day, in cents."""
    return record(
        "ad_spend",
        landed_on,
        seller_id=seller,
        spend_on=day,
        cash_spend_cents=cash,
        credit_spend_cents=credit,
        attributed_gmv_cents=attributed,
        **values,
    )


@pytest.fixture(params=["day by day", "at once"], scope="module")
def market(request: pytest.FixtureRequest) -> World:
    """A market with one sale in October, and advertising of two shops."""
    world = World()
    world.deliver(
        [
            record("orders", OCT_3, order_id="O1", status="COMPLETED", paid_at=datetime(2025, 10, 2, tzinfo=UTC)),
            record("order_lines", OCT_3, order_line_id="1", order_id="O1", seller_id="S1", original_amount_cents=100),
            spend(OCT_3, "S1", date(2025, 10, 1), 300, 0, 1_000),
            spend(OCT_3, "S2", date(2025, 10, 1), 50, 50, 200),
            spend(OCT_3, "S2", date(2025, 9, 30), 9, 9, 9),
            # Corrected: 300 and 1,000 become 200 and 700. An older correction that lands later changes nothing.
            spend(OCT_4, "S1", date(2025, 10, 1), 200, 0, 700),
            spend(NOV_1, "S1", date(2025, 10, 1), 7, 7, 7, updated_at=datetime(2025, 10, 3, 12, tzinfo=UTC)),
            # A day after the as-of day, and one of another month.
            spend(NOV_1, "S1", date(2025, 11, 2), 1, 1, 1),
            spend(NOV_1, "S1", date(2025, 11, 1), 0, 0, 5),
        ]
    )
    if request.param == "at once":
        world.build(NOV_1)
    else:
        world.build(OCT_3)
        world.build(OCT_4, known_from=OCT_3)
        world.build(NOV_1, known_from=OCT_4)
    return world


def test_advertising_by_month(market: World) -> None:
    # October: cash 200 + 50, credit 50, claimed 700 + 200; 900 / 300 = 3 dollars a dollar.
    # November has a row for it is not over, nothing spent on it yet, and so no ratio; September is before the first line.
    assert market.rows(
        "select month, cash_spend_cents, credit_spend_cents, attributed_gmv_cents, attributed_gmv_per_ad_dollar_bps "
        "from marts.market_monthly order by all"
    ) == [(date(2025, 10, 1), 250, 50, 900, 30_000), (date(2025, 11, 1), 0, 0, 5, None)]


def test_a_delivery_that_is_replaced_after_its_day_still_counts(market: World) -> None:
    # Refused on 4 October, as nothing stops for it, and replaced when November was processed.
    market.deliver([spend(OCT_4, "S3", date(2025, 10, 2), 1_000, 0, 0)])
    market.build(NOV_1, known_from=NOV_1)
    assert market.rows("select cash_spend_cents from marts.market_monthly where month = '2025-10-01'") == [(1_250,)]
