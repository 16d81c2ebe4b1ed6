"""The window of a run, and the days that may be asked for: what is closed, and what L0 is.

Does not belong here: which deliveries stop a day (``test_landing_days``).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from orchestration.errors import RefusedError
from orchestration.ingestion import check_range, window_of
from orchestration.progress import Progress
from orchestration.window import Window

DAYS = [date(2025, 10, 1) + timedelta(number) for number in range(6)]


@pytest.fixture
def landed(world: Any, good_row: Any) -> Any:
    """Partners on the first day, orders that are refused on the second, and accepted on the third and fifth."""
    world.put("partners", "a.csv", "", DAYS[0])
    world.put("orders", "a.txt", "", DAYS[1])
    for day in (DAYS[2], DAYS[4]):
        world.put_rows("orders", [good_row["orders"]], day=day)
    for feed, day in (("partners", DAYS[0]), *(("orders", day) for day in (DAYS[1], DAYS[2], DAYS[4]))):
        world.accept(feed, day)
    return world


@pytest.mark.parametrize(
    ("done", "through", "known_from", "known_through", "first_delivery"),
    [
        (None, 1, -1, 1, None),  # the day before the first counts as processed; a refused delivery of orders is none
        (None, 4, -1, 4, 2),
        (0, 1, 0, 1, None),
        (1, 3, 1, 3, 2),
        (4, 4, 4, 4, 2),
        (4, 2, 4, 4, 2),  # a closed day again: as_of stays the last processed day
    ],
)
def test_the_window_begins_after_the_last_processed_day(
    landed: Any, done: int | None, through: int, known_from: int, known_through: int, first_delivery: int | None
) -> None:
    progress = Progress("UTC", processed_through=None if done is None else DAYS[done])
    assert window_of(landed.settings, progress, DAYS[through]) == Window(
        known_from=DAYS[0] + timedelta(known_from),
        known_through=DAYS[known_through],
        as_of=DAYS[known_through],
        earliest=DAYS[0],
        first_delivery=None if first_delivery is None else DAYS[first_delivery],
        time_zone="UTC",
    )


def test_a_range_begins_with_the_first_unprocessed_day_or_with_closed_ones(landed: Any) -> None:
    progress = Progress("UTC", earliest=DAYS[0], processed_through=DAYS[1])
    for first, last in ((0, 1), (0, 4), (2, 2), (2, 5)):
        check_range(landed.settings, progress, DAYS[first], DAYS[last])
    with pytest.raises(RefusedError, match="2025-10-04 comes after 2025-10-03, which is not processed yet"):
        check_range(landed.settings, progress, DAYS[3], DAYS[3])
