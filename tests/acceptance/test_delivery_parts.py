"""A delivery is the same rows however many parts it is written in.

Does not belong here: which rows are good, repeated or overtaken (``test_landing_deliveries``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from data_contracts.feeds import FEEDS
from orchestration import delivery_parts
from orchestration.acceptance import take_in
from orchestration.delivery_parts import DeliveryParts, part_paths

DAY = date(2025, 10, 1)


@pytest.fixture
def many_files(world: Any, good_row: Any) -> Any:
    """Twelve orders in six files; of two of them a repeat and an older version in later files, and two broken rows."""
    orders = [good_row["orders"] | {"order_id": f"O{n}"} for n in range(12)]
    again = [orders[0], orders[7] | {"updated_at": "2025-09-01T00:00:00Z"}]
    rows = [*orders, *again, orders[3] | {"paid_at": "soon"}, orders[4] | {"status": "LOST"}]
    for number in range(6):
        world.put_rows("orders", rows[number * 3 : number * 3 + 3] or rows[:1], f"{number}.csv")
    return world


@pytest.mark.parametrize("most_rows", [1, 2, 5, 7, 10, 100])
def test_parts_hold_the_same_rows(many_files: Any, monkeypatch: Any, most_rows: int) -> None:
    whole = many_files.accept("orders")
    accepted, quarantined = many_files.accepted("orders"), many_files.quarantined("orders")
    assert (whole.accepted, whole.overtaken, whole.repeats, whole.quarantined) == (12, 1, 1, 2)

    monkeypatch.setattr(delivery_parts, "_MOST_ROWS", most_rows)
    again = take_in(many_files.settings, FEEDS["orders"], DAY)
    assert again is not None and replace(again, parts=()) == replace(whole, parts=())
    assert many_files.accepted("orders").equals(accepted)
    assert many_files.quarantined("orders").equals(quarantined)
    parts = part_paths(many_files.settings.accepted / "orders" / f"landed_on={DAY}")
    assert len(parts) == 1 if most_rows == 100 else len(parts) > 1
    assert [(part.name, part.size) for part in again.parts] == [(part.name, part.stat().st_size) for part in parts]


def test_parts_of_an_earlier_attempt_are_replaced(many_files: Any, monkeypatch: Any) -> None:
    with monkeypatch.context() as small:
        small.setattr(delivery_parts, "_MOST_ROWS", 1)
        many_files.accept("orders")
    for path in sorted((many_files.settings.landing / "orders" / f"landed_on={DAY}").iterdir())[1:]:
        path.unlink()
    record = take_in(many_files.settings, FEEDS["orders"], DAY)
    assert record is not None and record.accepted == 3
    assert many_files.accepted("orders").height == 3


def test_parts_stay_in_order(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(delivery_parts, "_MOST_ROWS", 1)
    parts = DeliveryParts(tmp_path, pl.Schema({"number": pl.Int64}))
    for number in range(12):  # part-10 sorts before part-2 as text
        parts.add(pl.DataFrame({"number": [number]}))
    parts.publish(without=pl.Series([number in (0, 11) for number in range(12)]))
    assert pl.read_parquet(part_paths(tmp_path), glob=False)["number"].to_list() == list(range(1, 11))
