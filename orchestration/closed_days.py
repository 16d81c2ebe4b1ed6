"""What the days that are closed brought, as one hash a feed: by it a home knows that it still stands on what it processed.

Does not belong here: accepted rows as files (``accepted_rows``), the bytes in landing (``deliveries``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import date
from typing import Final

import duckdb

from data_contracts.feeds import FEEDS
from orchestration.deliveries import feed_records
from orchestration.errors import RefusedError
from orchestration.progress import Progress
from orchestration.publication import published_progress
from orchestration.settings import Settings
from orchestration.warehouse import read_window

MONEY_FEEDS: Final = tuple(feed.name for feed in FEEDS.values() if feed.stops_day)
"""Feeds that stop a day: of their closed days nothing changes."""


def closed_hashes(settings: Settings, through: date) -> dict[str, str]:
    """By feed, one hash over its deliveries of the days up to one: what became of each, and the hash of each file and of its rows.

    Of feeds that stop a day, of which nothing may change once it is closed. Clocks stay out of it.
    """
    return {feed: _hash(settings, feed, through) for feed in MONEY_FEEDS}


def check_same_history(settings: Settings, progress: Progress) -> None:
    """RefusedError where the records of closed days are not those on which the last run ended.

    As when records and rows, which agree, were put back together of a day before: what came since would be lost unseen.
    """
    if progress.processed_through is None or progress.closed is None:
        return  # nothing is closed, or by a version that did not keep this
    now = closed_hashes(settings, progress.processed_through)
    others = sorted(feed for feed in now.keys() & progress.closed.keys() if now[feed] != progress.closed[feed])
    if others:
        raise RefusedError(
            f"the records of {', '.join(others)} in {settings.deliveries} are not those of the run that processed "
            f"{progress.processed_through}: put accepted, quarantine, deliveries, state.json and landing back, of one back-up"
        )


def write_read_deliveries(connection: duckdb.DuckDBPyConnection, settings: Settings, through: date) -> None:
    """Keeps in the warehouse which deliveries its models are about to read, of all feeds."""
    hashes = {feed: _hash(settings, feed, through) for feed in FEEDS}
    connection.execute("create or replace table context.read_deliveries (feed varchar not null, hash varchar not null)")
    connection.executemany("insert into context.read_deliveries values (?, ?)", list(hashes.items()))


def require_same_deliveries(
    connection: duckdb.DuckDBPyConnection, settings: Settings, feeds: Collection[str] = MONEY_FEEDS
) -> None:
    """RefusedError where the models in the warehouse were built on other deliveries of its window's days than are recorded now.

    As where one was delivered anew since, or the warehouse is of another history: nothing is closed, proposed or paid by them.
    ``feeds``: which are asked for; payments do not rest on those that stop no day, and these may be mended later.
    """
    kept = "select 1 from duckdb_tables() where (schema_name, table_name) = ('context', 'read_deliveries')"
    if connection.execute(kept).fetchone() is None:
        return  # a version that did not keep this
    through = read_window(connection).known_through
    read = dict(connection.execute("from context.read_deliveries").fetchall())
    if others := sorted(feed for feed in read if feed in feeds and read[feed] != _hash(settings, feed, through)):
        raise RefusedError(
            f"nothing was done, since the models as of {through} were built on other deliveries of {', '.join(others)} than are "
            f"recorded now: run the whole job daily_incentives, or where {through} was processed `incentives rebuild`"
        )


def check_not_behind(settings: Settings, progress: Progress) -> None:
    """RefusedError where a later day was published than the home was processed through, or the same day of another history.

    As when the home was put back from before: it does not know what the published day brought.
    """
    shown = published_progress(settings)
    if shown is None or shown.processed_through is None or progress.processed_through is None:
        return
    is_other = shown.closed != progress.closed and None not in (shown.closed, progress.closed)
    if shown.processed_through > progress.processed_through or (
        shown.processed_through == progress.processed_through and is_other
    ):
        raise RefusedError(
            f"nothing was done, since {settings.serving} shows {shown.processed_through} and {settings.home} was processed "
            f"through {progress.processed_through}: `incentives run --through {shown.processed_through}` first, or, where what "
            f"came since is lost for good, do as README says (Operations): {settings.serving} alone may know what was paid since"
        )


def _hash(settings: Settings, feed: str, through: date) -> str:
    hashed = hashlib.sha256()
    for record in feed_records(settings, feed):
        if record.landed_on <= through:
            files = "".join(f"\x1f{file.name}\x1f{file.sha256}" for file in (*record.files, *record.parts))
            hashed.update(f"{record.landed_on}\x1f{record.state}{files}\n".encode())
    return hashed.hexdigest()
