"""Days (LANDING, Deliveries): what a refused delivery stops and for how long, what is closed, and what is nothing new.

Does not belong here: why a delivery is refused (``test_landing_deliveries``), or what a run says of it (``tests/end_to_end``).
"""

from __future__ import annotations

import os
import shutil
from datetime import date, timedelta
from typing import Any

import pytest

from data_contracts.feeds import FEEDS
from orchestration.assets.feeds import DAILY_FEEDS, days_without
from orchestration.deliveries import State, check_all_closed, delivery_folder, find_deliveries, read_record, waive
from orchestration.errors import RefusedError
from orchestration.ingestion import Ingested, ingest
from orchestration.progress import Progress

FIRST = date(2025, 10, 1)
DAYS = [FIRST + timedelta(days) for days in range(5)]
VIDEO = {
    "video_id": "V1",
    "creator_id": "C1",
    "posted_at": "2025-09-30T00:00Z",
    "updated_at": "2025-09-30T00:00Z",
}


def take_in(world: Any, last: date, done: date | None = None) -> Ingested:
    """Takes in the days up to ``last``, after the last processed one."""
    return ingest(world.settings, Progress("UTC", earliest=FIRST, processed_through=done), last)


def state(world: Any, feed: str, day: date) -> State | None:
    """What is recorded of a delivery."""
    record = read_record(world.settings, feed, day)
    return record and record.state


@pytest.fixture
def stopped(world: Any, good_row: Any) -> Any:
    """Orders on four days; the lines of the second are refused, and the videos of the first."""
    for day in DAYS[:4]:
        world.put_rows("orders", [good_row["orders"] | {"order_id": f"O{day.day}"}], day=day)
    for day in (DAYS[0], DAYS[2]):
        world.put_rows("order_lines", [good_row["order_lines"] | {"order_line_id": f"L{day.day}"}], day=day)
    world.put("order_lines", "a.txt", "", DAYS[1])
    world.put("short_videos", "a.txt", "", DAYS[0])
    return world


# A refused delivery


def test_no_day_from_a_refused_delivery_on_is_taken_in_and_those_before_it_are(stopped: Any) -> None:
    found = take_in(stopped, DAYS[3])
    assert (found.through, found.refused and found.refused.name) == (DAYS[0], "order_lines/landed_on=2025-10-02")
    assert [state(stopped, "orders", day) for day in DAYS[:4]] == [State.ACCEPTED, State.ACCEPTED, None, None]
    assert state(stopped, "order_lines", DAYS[2]) is None


def test_it_stays_so_however_often_it_is_asked(stopped: Any) -> None:
    take_in(stopped, DAYS[3])
    found = take_in(stopped, DAYS[3], done=DAYS[0])
    assert (found.through, found.refused and found.refused.landed_on) == (DAYS[0], DAYS[1])


def test_a_refused_delivery_that_is_replaced_in_place_lets_the_days_go_on(stopped: Any, good_row: Any) -> None:
    take_in(stopped, DAYS[3])
    shutil.rmtree(delivery_folder(stopped.settings, "order_lines", DAYS[1]))
    stopped.put_rows("order_lines", [good_row["order_lines"]], day=DAYS[1])
    found = take_in(stopped, DAYS[3], done=DAYS[0])
    assert (found.through, found.refused) == (DAYS[3], None)
    assert state(stopped, "order_lines", DAYS[1]) is State.ACCEPTED


def test_a_refused_delivery_that_is_waived_lets_the_days_go_on_and_counts_as_empty(stopped: Any) -> None:
    take_in(stopped, DAYS[3])
    waive(stopped.settings, FEEDS["order_lines"], DAYS[1], "lost", "Ada")
    found = take_in(stopped, DAYS[3], done=DAYS[0])
    assert (found.through, found.refused) == (DAYS[3], None)
    record = read_record(stopped.settings, "order_lines", DAYS[1])
    assert record is not None
    assert (record.state, record.delivered, record.waived_because) == (State.WAIVED, 0, "lost")
    check_all_closed(stopped.settings)


def test_a_refused_delivery_that_was_taken_away_still_stops_its_day(stopped: Any) -> None:
    """Neither replaced nor waived: a folder that is gone would let the day pass unseen."""
    take_in(stopped, DAYS[3])
    shutil.rmtree(delivery_folder(stopped.settings, "order_lines", DAYS[1]))
    found = take_in(stopped, DAYS[3], done=DAYS[0])
    assert (found.through, found.refused and found.refused.name) == (DAYS[0], "order_lines/landed_on=2025-10-02")


def test_a_refused_delivery_that_was_taken_away_may_be_waived(stopped: Any) -> None:
    take_in(stopped, DAYS[3])
    shutil.rmtree(delivery_folder(stopped.settings, "order_lines", DAYS[1]))
    waive(stopped.settings, FEEDS["order_lines"], DAYS[1], "was another day's", "Ada")
    assert take_in(stopped, DAYS[3], done=DAYS[0]).through == DAYS[3]
    take_in(stopped, DAYS[3], done=DAYS[3])
    stopped.put("order_lines", "a.csv", "", DAYS[1])
    with pytest.raises(RefusedError, match=r"order_lines/landed_on=2025-10-02/a.csv came after its day was closed"):
        take_in(stopped, DAYS[3], done=DAYS[3])


def test_the_first_day_of_all_may_not_be_taken_away_either(world: Any, good_row: Any) -> None:
    """Nothing was processed yet, so the first folder that is left would begin the count of days."""
    for day in DAYS[:2]:
        world.put_rows("orders", [good_row["orders"] | {"order_id": f"O{day.day}"}], day=day)
    world.put("order_lines", "a.txt", "", DAYS[0])
    assert take_in(world, DAYS[1]).through == DAYS[0] - timedelta(1)
    shutil.rmtree(delivery_folder(world.settings, "order_lines", DAYS[0]))
    orders = delivery_folder(world.settings, "orders", DAYS[0])
    orders.rename(world.settings.landing.parent / "aside")
    with pytest.raises(RefusedError, match="orders/landed_on=2025-10-01 was taken in and is gone"):
        take_in(world, DAYS[1])
    (world.settings.landing.parent / "aside").rename(orders)
    assert take_in(world, DAYS[1]).refused is not None
    waive(world.settings, FEEDS["order_lines"], DAYS[0], "lost", "Ada")
    assert take_in(world, DAYS[1]).through == DAYS[1]


def test_a_waived_delivery_is_closed_like_any_other(stopped: Any) -> None:
    take_in(stopped, DAYS[3])
    waive(stopped.settings, FEEDS["order_lines"], DAYS[1], "lost", "Ada")
    take_in(stopped, DAYS[3], done=DAYS[0])
    stopped.put("order_lines", "a.txt", "changed", DAYS[1])
    with pytest.raises(RefusedError, match=r"order_lines/landed_on=2025-10-02/a.txt changed, but .* counts as nothing"):
        take_in(stopped, DAYS[3], done=DAYS[3])


def test_what_replaced_a_waived_delivery_too_late_counts_once_it_is_moved(stopped: Any, good_row: Any) -> None:
    take_in(stopped, DAYS[3])
    waive(stopped.settings, FEEDS["order_lines"], DAYS[1], "lost", "Ada")
    take_in(stopped, DAYS[3], done=DAYS[0])
    shutil.rmtree(delivery_folder(stopped.settings, "order_lines", DAYS[1]))
    check_all_closed(stopped.settings, rehash=True)
    stopped.put_rows("order_lines", [good_row["order_lines"]], "a.txt", day=DAYS[1])
    stopped.put_rows("order_lines", [good_row["order_lines"]], day=DAYS[1])
    for name in (
        "a.csv came after its day was closed",
        "a.txt changed, but .*: move what is there into the next unprocessed day",
    ):
        with pytest.raises(RefusedError, match=name):
            take_in(stopped, DAYS[4], done=DAYS[3])
        (delivery_folder(stopped.settings, "order_lines", DAYS[1]) / name[:5]).unlink()
    stopped.put_rows("order_lines", [good_row["order_lines"]], day=DAYS[4])
    assert take_in(stopped, DAYS[4], done=DAYS[3]).through == DAYS[4]
    assert [state(stopped, "order_lines", day) for day in (DAYS[1], DAYS[4])] == [State.WAIVED, State.ACCEPTED]


def test_a_waived_delivery_that_is_replaced_before_its_day_is_processed_counts(stopped: Any, good_row: Any) -> None:
    take_in(stopped, DAYS[3])
    waive(stopped.settings, FEEDS["order_lines"], DAYS[1], "lost", "Ada")
    shutil.rmtree(delivery_folder(stopped.settings, "order_lines", DAYS[1]))
    stopped.put_rows("order_lines", [good_row["order_lines"]], day=DAYS[1])
    assert take_in(stopped, DAYS[3], done=DAYS[0]).through == DAYS[3]
    assert state(stopped, "order_lines", DAYS[1]) is State.ACCEPTED


def test_a_waived_delivery_may_not_vanish_before_its_day_is_processed(stopped: Any) -> None:
    """Once the day is closed nothing could be put right any more but by putting it back."""
    take_in(stopped, DAYS[3])
    waive(stopped.settings, FEEDS["order_lines"], DAYS[1], "lost", "Ada")
    shutil.rmtree(delivery_folder(stopped.settings, "order_lines", DAYS[1]))
    with pytest.raises(RefusedError, match="order_lines/landed_on=2025-10-02 was waived and is gone"):
        take_in(stopped, DAYS[3], done=DAYS[0])


@pytest.mark.parametrize("feed", FEEDS)
def test_every_feed_but_those_without_money_stops_its_day(world: Any, good_row: Any, feed: str) -> None:
    world.put(feed, "a.txt", "", DAYS[1])
    world.put(feed, "a.csv", "", DAYS[0])
    found = take_in(world, DAYS[2])
    if feed in ("short_videos", "ad_spend"):
        assert (found.through, found.refused) == (DAYS[2], None)
        assert state(world, feed, DAYS[1]) is State.REFUSED
    else:
        assert (found.through, found.refused and found.refused.feed) == (DAYS[0], feed)


# Feeds that no money rests on


def test_what_stops_no_day_may_be_replaced_after_its_day_was_processed(stopped: Any) -> None:
    assert take_in(stopped, DAYS[0]).through == DAYS[0]
    assert state(stopped, "short_videos", DAYS[0]) is State.REFUSED
    shutil.rmtree(delivery_folder(stopped.settings, "short_videos", DAYS[0]))
    stopped.put_rows("short_videos", [VIDEO], day=DAYS[0])
    take_in(stopped, DAYS[0], done=DAYS[0])
    assert state(stopped, "short_videos", DAYS[0]) is State.ACCEPTED


def test_what_was_replaced_in_time_is_taken_in_before_the_feeds_next_delivery(stopped: Any) -> None:
    """The run that brings the next delivery is the first to see the replacement: it came before that was accepted."""
    take_in(stopped, DAYS[0])
    shutil.rmtree(delivery_folder(stopped.settings, "short_videos", DAYS[0]))
    stopped.put_rows("short_videos", [VIDEO], day=DAYS[0])
    stopped.put_rows("short_videos", [VIDEO], day=DAYS[1])
    stopped.put("order_lines", "a.txt", "", DAYS[1])
    take_in(stopped, DAYS[1], done=DAYS[0])
    assert [state(stopped, "short_videos", day) for day in DAYS[:2]] == [State.ACCEPTED, State.ACCEPTED]
    check_all_closed(stopped.settings)


def test_what_is_replaced_too_late_is_named(stopped: Any) -> None:
    take_in(stopped, DAYS[0])
    shutil.rmtree(delivery_folder(stopped.settings, "order_lines", DAYS[1]))
    stopped.put_rows("short_videos", [VIDEO], day=DAYS[1])
    assert take_in(stopped, DAYS[1], done=DAYS[0]).through == DAYS[1]
    stopped.put_rows("short_videos", [VIDEO], day=DAYS[0])
    with pytest.raises(RefusedError, match=r"short_videos/landed_on=2025-10-01/a.csv came after its day was closed"):
        take_in(stopped, DAYS[2], done=DAYS[1])
    shutil.rmtree(delivery_folder(stopped.settings, "short_videos", DAYS[0]))
    assert take_in(stopped, DAYS[2], done=DAYS[1]).through == DAYS[2]


# Closed days


def test_a_late_file_is_refused_in_a_closed_days_folder_and_taken_in_from_the_current_one(
    stopped: Any, good_row: Any
) -> None:
    take_in(stopped, DAYS[0])
    late = good_row["refunds"]
    path = stopped.put_rows("refunds", [late], day=DAYS[0])
    with pytest.raises(RefusedError, match="refunds/landed_on=2025-10-01 came after its day was closed"):
        take_in(stopped, DAYS[0], done=DAYS[0])
    shutil.rmtree(path.parent)
    stopped.put_rows("refunds", [late], day=DAYS[1])
    take_in(stopped, DAYS[1], done=DAYS[0])
    assert state(stopped, "refunds", DAYS[1]) is State.ACCEPTED


def test_every_closed_day_is_compared_on_every_run_by_size_and_time_and_then_by_hash(
    stopped: Any, good_row: Any
) -> None:
    take_in(stopped, DAYS[0])
    path = delivery_folder(stopped.settings, "orders", DAYS[0]) / "a.csv"
    os.utime(path, ns=(1, 1))  # another time, but the same bytes
    assert take_in(stopped, DAYS[0], done=DAYS[0]).refused is None
    path.write_text(path.read_text().replace("O1", "O9"))  # another time and other bytes of the same size
    with pytest.raises(RefusedError, match=r"orders/landed_on=2025-10-01/a.csv changed, but its day is closed"):
        take_in(stopped, DAYS[3], done=DAYS[0])
    assert state(stopped, "orders", DAYS[1]) is None


def test_a_delivery_before_the_first_processed_day_comes_too_late(stopped: Any, good_row: Any) -> None:
    take_in(stopped, DAYS[0])
    stopped.put_rows("orders", [good_row["orders"]], day=FIRST - timedelta(1))
    with pytest.raises(RefusedError, match="orders/landed_on=2025-09-30 came after its day was closed"):
        take_in(stopped, DAYS[1], done=DAYS[0])


# Nothing new


def test_a_missing_folder_is_nothing_new_and_for_orders_and_lines_a_warning(stopped: Any, good_row: Any) -> None:
    shutil.rmtree(delivery_folder(stopped.settings, "order_lines", DAYS[1]))
    delivery_folder(stopped.settings, "orders", DAYS[4]).mkdir()
    assert take_in(stopped, DAYS[4]).through == DAYS[4]
    assert DAILY_FEEDS == ("orders", "order_lines")
    missing = {feed: days_without(stopped.settings, feed, DAYS[0], DAYS[4]) for feed in DAILY_FEEDS}
    assert missing == {"orders": [DAYS[4]], "order_lines": [DAYS[1], DAYS[3], DAYS[4]]}


def test_a_delivery_of_no_rows_is_no_missing_one(world: Any) -> None:
    world.put("orders", "a.csv", "", DAYS[0])
    world.put("order_lines", "_manifest.json", '{"rows": 0}', DAYS[0])
    assert take_in(world, DAYS[0]).refused is None
    assert [days_without(world.settings, feed, DAYS[0], DAYS[0]) for feed in DAILY_FEEDS] == [[], []]


# Folders that are no delivery


@pytest.mark.parametrize(
    "folder", ["orders/landed_on=0001-01-01", "orders/landed_on=2025-10-1", "orders/landed_on=2025-13-01", "order/x"]
)
def test_a_folder_without_a_valid_date_or_feed_is_reported_and_ignored(world: Any, good_row: Any, folder: str) -> None:
    world.put_rows("orders", [good_row["orders"]], day=FIRST)
    (world.settings.landing / folder).mkdir(parents=True)
    (world.settings.landing / folder / "a.csv").write_text("no delivery")
    found = find_deliveries(world.settings)
    assert [(day, feed.name) for day, feed in found.deliveries] == [(FIRST, "orders")]
    (remark,) = found.ignored
    assert remark.startswith(folder.removesuffix("/x"))
    assert take_in(world, FIRST).ignored == (remark,)
