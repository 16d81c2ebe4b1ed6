"""A delivery that is recorded is on the disk: its rows first, then the record that commits them.

Does not belong here: acceptances that were cut off (``test_delivery_records``).
"""

from __future__ import annotations

import os
import stat
from datetime import date
from typing import Any

import pytest
from disk import is_kept, named_in_order, watched

from orchestration import delivery_parts

DAY = date(2025, 10, 1)


@pytest.mark.parametrize("most_rows", [1, 400_000])
def test_rows_are_on_the_disk_before_the_record_that_commits_them(
    world: Any, good_row: Any, monkeypatch: Any, most_rows: int
) -> None:
    """Held in memory, or written in parts and then anew without the rows that are left out."""
    monkeypatch.setattr(delivery_parts, "_MOST_ROWS", most_rows)
    row = good_row["order_lines"]
    world.put_rows("order_lines", [row, row, row | {"order_line_id": "L2", "quantity": "0"}])
    settings = world.settings
    part = settings.accepted / "order_lines" / f"landed_on={DAY}" / "part-0.parquet"
    broken = settings.quarantine / "order_lines" / f"landed_on={DAY}" / "part-0.parquet"
    record = settings.deliveries / "order_lines" / f"{DAY}.json"
    before = os.umask(0)
    try:
        with watched() as steps:
            assert world.accept("order_lines").accepted == 1
    finally:
        os.umask(before)
    assert [path for path in named_in_order(steps) if path in (part, broken, record)] == [broken, part, record]
    for path in (broken, part, record):
        assert is_kept(steps, path), path
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
