"""Which accepted rows a run reads: those of its own days, those known before, and none that a later day accepted already."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from data_contracts.feeds import FEEDS
from orchestration.acceptance import ensure_empty_part
from orchestration.deliveries import read_records
from orchestration.warehouse import KeptMarts, open_warehouse, write_context
from orchestration.window import Window

DAYS = [date(2025, 10, 1) + timedelta(number) for number in range(4)]


def test_rows_of_each_day_are_in_their_place(world: Any, good_row: Any) -> None:
    for day in DAYS:
        world.put_rows("orders", [good_row["orders"] | {"order_id": f"O{day.day}"}], day=day)
        world.accept("orders", day)
    for feed in FEEDS.values():
        ensure_empty_part(world.settings, feed)
    window = Window(DAYS[0], DAYS[2], DAYS[2], DAYS[0], DAYS[0], "UTC")
    with open_warehouse(world.settings) as connection:
        write_context(connection, world.settings, window, read_records(world.settings), KeptMarts((), "this one"))
        found = {
            schema: connection.execute(f"select order_id, landed_on from {schema}.orders order by all").fetchall()
            for schema in ("known_before", "delivered", "accepted")
        }
    rows = [(f"O{day.day}", day) for day in DAYS]
    assert found == {"known_before": rows[:1], "delivered": rows[1:3], "accepted": rows[:3]}
