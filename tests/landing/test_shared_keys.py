"""Two ids that share a key stop the posting, whenever they landed: they are never taken for one order or line."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from compiled.records import Record, record
from compiled.world import World

FIRST, SECOND = date(2025, 10, 2), date(2025, 10, 3)
PAID_AT = datetime(2025, 10, 1, 12, tzinfo=UTC)


def order(order_id: str, landed_on: date) -> list[Record]:
    """An order with one line."""
    return [
        record("orders", landed_on, order_id=order_id, paid_at=PAID_AT),
        record("order_lines", landed_on, order_line_id=f"{order_id}-1", order_id=order_id, seller_id="S1"),
    ]


@pytest.mark.parametrize("landed_on", [FIRST, SECOND])
@pytest.mark.parametrize(
    ("feed", "key", "name"), [("orders", "order_key", "order"), ("order_lines", "line_key", "line")]
)
def test_ids_that_share_a_key_are_named(landed_on: date, feed: str, key: str, name: str) -> None:
    world = World([*order("OA", FIRST), *order("OB", landed_on)])
    shared = f"(select min({key}) from landed.{feed})"
    world.connection.execute(f"update landed.{feed} set {key} = {shared}")
    with pytest.raises(AssertionError, match=rf"keys_name_one_id: \[\('{name}', -\d+, 'OA.*', 'OB.*'\)"):
        world.build_daily(FIRST, SECOND)


def test_ids_with_keys_of_their_own_pass() -> None:
    World([*order("OA", FIRST), *order("OB", FIRST)]).build_daily(FIRST, SECOND)
