"""The page of each feed says what the code keeps: derived from the column list, with an example that passes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data_contracts import feed_pages
from data_contracts.feeds import FEEDS, Feed

PAGES = Path(feed_pages.__file__).with_name("pages")
EXAMPLES_DAY = date(2025, 10, 1)


def test_one_page_a_feed_as_derived():
    assert {path.stem for path in PAGES.iterdir()} == set(FEEDS)
    for feed in FEEDS.values():
        assert (PAGES / f"{feed.name}.md").read_text(encoding="utf-8") == feed_pages.page(feed), "run `make staging`"


@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda feed: feed.name)
def test_example_passes_whole_and_fills_every_column(world, feed: Feed):
    text = (feed_pages.EXAMPLES / f"{feed.name}.csv").read_text(encoding="utf-8")
    world.put(feed.name, "example.csv", text, EXAMPLES_DAY)
    record = world.accept(feed.name, EXAMPLES_DAY)
    assert (record.state, record.reason, record.accepted) == ("ACCEPTED", None, record.delivered)
    assert record.unknown_columns == ()
    accepted = world.accepted(feed.name, EXAMPLES_DAY)
    assert not [name for name in accepted.columns if accepted[name].null_count() == accepted.height]
    columns = text.splitlines()[0].split(",")
    assert columns == [column.name for column in feed.columns]


def test_no_record_of_the_examples_waits():
    for feed in FEEDS.values():
        rows = pl.DataFrame(feed_pages.example_rows(feed))
        for parent in feed.parents:
            keys = [row[parent.column] for row in feed_pages.example_rows(FEEDS[parent.feed])]
            assert set(rows[parent.column]) <= set(keys), feed.name
