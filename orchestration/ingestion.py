"""Taking in delivery days: which are due, in what order, and where a refused delivery stops them (LANDING, Deliveries).

Belongs here: the order of days, closed days and the window that follows. Does not belong here: what is in a delivery
(``acceptance``) or how a run is started (``daily_job``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from data_contracts.feeds import FEEDS, Feed
from orchestration.acceptance import accept_delivery, clear_unrecorded, ensure_empty_part, take_in
from orchestration.accepted_rows import check_rows_kept, rows_are_kept
from orchestration.closed_days import check_same_history
from orchestration.deliveries import (
    DeliveryRecord,
    Found,
    State,
    check_all_closed,
    check_closed,
    find_deliveries,
    is_closed,
    latest_accepted,
    read_record,
    read_records,
)
from orchestration.errors import RefusedError, SettingsError
from orchestration.progress import Progress
from orchestration.settings import Settings
from orchestration.window import DAY, Window


@dataclass(frozen=True)
class Ingested:
    """What taking in came to: the last day whose deliveries are all closed, and the delivery that stopped it, if one."""

    through: date
    refused: DeliveryRecord | None
    ignored: tuple[str, ...]


def last_processed(settings: Settings, progress: Progress) -> date:
    """The last day that counts as processed: days before the earliest delivery do, also where its folder was taken away
    since it was taken in. SettingsError where nothing landed.
    """
    if progress.processed_through is not None:
        return progress.processed_through
    taken_in = [record.landed_on for record in read_records(settings) if _must_be_there(record)]
    return min([earliest_delivery(settings), *taken_in]) - DAY


def earliest_delivery(settings: Settings) -> date:
    """The first day for which anything was delivered; SettingsError where landing is missing or empty."""
    if not settings.landing.is_dir():
        raise SettingsError(
            f"the landing folder {settings.landing} does not exist; create it or set INCENTIVES_LANDING, "
            "or try `incentives sample`"
        )
    found = find_deliveries(settings)
    if not found.deliveries:
        raise SettingsError(
            f"{settings.landing} holds no delivery; put files in <feed>/landed_on=YYYY-MM-DD/, or try `incentives sample`"
            + "".join(f" ({remark})" for remark in found.ignored)
        )
    return found.deliveries[0][0]


def check_first_day(settings: Settings, done: date) -> None:
    """SettingsError where days after the last processed one lie before the first that Dagster offers."""
    if done + DAY < settings.first_day:
        raise SettingsError(
            f"landed_on={done + DAY} is before INCENTIVES_FIRST_DAY {settings.first_day}: set that earlier, "
            "or mend the name of the folder"
        )


def check_range(settings: Settings, progress: Progress, first: date, last: date) -> None:
    """RefusedError where days first..last would leave out an unprocessed day before them."""
    done = last_processed(settings, progress)
    if last > done and first > done + DAY:
        raise RefusedError(f"{first} comes after {done + DAY}, which is not processed yet; start the range there")


def ingest(
    settings: Settings,
    progress: Progress,
    last: date,
    feeds: frozenset[str] = frozenset(FEEDS),
    report: Callable[[DeliveryRecord], None] = lambda _: None,
) -> Ingested:
    """Takes in every delivery of ``feeds`` after the last processed day up to ``last``, day by day; those of processed
    days are looked at again.

    Stops before the first day with a refused delivery of a feed that money rests on. Running it again takes in only
    what was not taken in yet, or changed since: a day is closed once it is processed.
    """
    done = last_processed(settings, progress)
    check_all_closed(settings, through=done)
    check_rows_kept(settings, done)
    check_same_history(settings, progress)
    found = find_deliveries(settings)
    _check_none_vanished(settings, found.deliveries, done)
    _check_nothing_came_late(settings, found.deliveries, done)
    # Only now: rows whose record was lost must still be there when it is put back.
    for feed in FEEDS.values():
        ensure_empty_part(settings, feed)
        clear_unrecorded(settings, feed, done)
    _retry_refused(settings, done, report)
    due = [(day, name) for day, name in _deliveries_by_day(settings, found) if done < day <= last and name in feeds]
    for day, deliveries in groupby(due, key=lambda delivery: delivery[0]):
        records = list(_take_in(settings, day, [FEEDS[name] for _, name in deliveries]))
        for record in records:
            report(record)
        for record in records:
            if record.state is State.REFUSED and FEEDS[record.feed].stops_day:
                return Ingested(max(done, day - DAY), record, found.ignored)
    return Ingested(max(done, last), None, found.ignored)


def _deliveries_by_day(settings: Settings, found: Found) -> list[tuple[date, str]]:
    """Days and feeds of what was delivered, in order; a refused delivery stays one of them when its folder is taken away."""
    delivered = {(day, feed.name) for day, feed in found.deliveries}
    refused = {(record.landed_on, record.feed) for record in read_records(settings) if record.state is State.REFUSED}
    return sorted(delivered | refused)


def _take_in(settings: Settings, day: date, feeds: list[Feed]) -> Iterator[DeliveryRecord]:
    for feed in feeds:
        record = read_record(settings, feed.name, day)
        if record is None or record.state is State.REFUSED or _changed(settings, record):
            record = take_in(settings, feed, day)
        if record is not None:
            yield record


def _changed(settings: Settings, record: DeliveryRecord) -> bool:
    """Whether the delivery, or its accepted rows, are others than were taken in."""
    try:
        check_closed(settings, record)
    except RefusedError:
        return True
    return not rows_are_kept(settings, record)


def _check_none_vanished(settings: Settings, deliveries: tuple[tuple[date, Feed], ...], done: date) -> None:
    """What was taken in, or waived, for a day that is not processed yet must still be there.

    It would count without a file, or nobody could close its day. A refused one keeps its day waiting all the same.
    """
    present = {(day, feed.name) for day, feed in deliveries}
    for record in read_records(settings):
        if record.state is State.REFUSED or record.landed_on <= done:
            continue
        if _must_be_there(record) and (record.landed_on, record.feed) not in present:
            what = "waived" if record.state is State.WAIVED else "taken in"
            raise RefusedError(f"{record.name} was {what} and is gone: put it back, or deliver it with no rows")


def _must_be_there(record: DeliveryRecord) -> bool:
    """Whether a delivery may not be without its files: all but one that was waived after they had been taken away."""
    return record.state is not State.WAIVED or bool(record.files)


def _retry_refused(settings: Settings, done: date, report: Callable[[DeliveryRecord], None]) -> None:
    """Feeds that stop no day may be replaced until their next delivery is accepted, which may be in this very run."""
    for record in list(read_records(settings)):
        feed = FEEDS[record.feed]
        if record.state is State.REFUSED and not feed.stops_day and record.landed_on <= done:
            if is_closed(record, latest_accepted(settings, feed.name)):
                continue
            again = accept_delivery(settings, feed, record.landed_on)
            if again is not None:
                report(again)


def _check_nothing_came_late(settings: Settings, deliveries: tuple[tuple[date, Feed], ...], done: date) -> None:
    for day, feed in deliveries:
        if day <= done and read_record(settings, feed.name, day) is None:
            raise RefusedError(
                f"{feed.name}/landed_on={day} came after its day was closed: put it into the next unprocessed day's folder"
            )


def check_all_taken_in(settings: Settings, progress: Progress, through: date) -> None:
    """RefusedError where a delivery after the last processed day, up to ``through``, was not taken in as it is now, or is refused.

    Its day would be closed without it: since only some feeds were asked for, or since it came while the run was at work. A
    refused one keeps its day open also where its folder was taken away.
    """
    done = last_processed(settings, progress)
    found = find_deliveries(settings)
    _check_none_vanished(settings, found.deliveries, done)
    for day, feed in _deliveries_by_day(settings, found):
        if done < day <= through and not _is_taken_in(settings, read_record(settings, feed, day)):
            raise RefusedError(
                f"{feed}/landed_on={day} was not taken in as it stands now: run it again, with all feeds (daily_incentives)"
            )


def _is_taken_in(settings: Settings, record: DeliveryRecord | None) -> bool:
    """Whether a delivery counts for what it is now; a refused one of a feed that stops no day counts as nothing."""
    if record is None:
        return False
    if record.state is State.REFUSED:
        return not FEEDS[record.feed].stops_day
    return not _changed(settings, record)


def window_of(settings: Settings, progress: Progress, through: date) -> Window:
    """The window of a run that goes through a day: the knowledge dates after the last processed one."""
    done = last_processed(settings, progress)
    last = max(done, through)
    first_orders = [
        record.landed_on
        for record in read_records(settings)
        if record.feed == "orders" and record.state is State.ACCEPTED and record.landed_on <= last
    ]
    return Window(
        known_from=done,
        known_through=last,
        as_of=last,
        earliest=progress.earliest or earliest_delivery(settings),
        first_delivery=min(first_orders, default=None),
        time_zone=settings.time_zone,
    )
