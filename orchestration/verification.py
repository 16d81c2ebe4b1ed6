"""Verifying what stands: the ledger's chain, the ledger against the awards, the served marts against the ledger.

Reads only. Does not belong here: the checks that every run makes on its own figures (dbt's tests, ``awards``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Any, Final

import duckdb

from orchestration.accepted_rows import check_rows_kept
from orchestration.awards import awards_day, read_awards
from orchestration.closed_days import check_not_behind, check_same_history, require_same_deliveries
from orchestration.deliveries import check_all_closed
from orchestration.errors import IncentivesError, SettingsError
from orchestration.ledger.adjustments import Adjustments
from orchestration.ledger.chain import Head
from orchestration.ledger.ledger import ENTRY_COLUMNS, Ledger
from orchestration.payouts.exports import foreign_files, missing_files
from orchestration.payouts.payouts import Payouts
from orchestration.progress import Progress
from orchestration.publication import published_head, readable_marts, views_elsewhere
from orchestration.recorded_heads import recorded_heads
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, read_window

_ROWS_AT_ONCE: Final = 10_000

Checked = tuple[str, list[str]]
"""What was looked at, in words, and where it differs."""


@dataclass(frozen=True)
class Verified:
    """What was found sound, and every difference, a sentence each."""

    passed: tuple[str, ...]
    differences: tuple[str, ...]


def verify(settings: Settings) -> Verified:
    """Walks everything; SettingsError where nothing was published yet."""
    progress = Progress.of_begun_home(settings)
    processed = progress.processed_through
    anchor = published_head(settings)
    if anchor is None:
        raise SettingsError("nothing was published yet, so there is nothing to verify; use `incentives run`")
    if views_elsewhere(settings):
        raise SettingsError(
            f"{settings.serving / 'marts.duckdb'} shows files of another place: `incentives doctor --repair`"
        )
    passed: list[str] = []
    differences: list[str] = []
    ledger, payouts = Ledger.open(settings.ledger_url), Payouts.open(settings.ledger_url)
    adjustments = Adjustments.open(settings.ledger_url)
    checks: tuple[Callable[[], Checked], ...] = (
        lambda: _chain(settings, ledger),
        lambda: (f"{len(payouts.payouts())} payouts against the ledger", payouts.faults()),
        lambda: _files(settings, payouts),
        lambda: (f"{len(adjustments.all())} adjustments against the ledger", adjustments.faults()),
        lambda: _awards(settings, ledger, processed),
        lambda: ("served ledger against the ledger", _served_differences(settings, ledger, anchor)),
        lambda: _rows(settings, processed or date.min),
        lambda: (f"bytes of {check_all_closed(settings, rehash=True)} closed deliveries", []),
        lambda: _history(settings, progress),
    )
    for check in checks:
        # What one check cannot read, since it was changed, keeps no other one from telling more.
        try:
            what, found = check()
        except (IncentivesError, OSError) as error:
            differences.append(str(error))
            continue
        differences.extend(found)
        if not found:
            passed.append(what)
    return Verified(tuple(passed), tuple(differences))


def _chain(settings: Settings, ledger: Ledger) -> Checked:
    head = ledger.head()
    return f"chain of {head.posting_no} postings and {head.entry_no} entries", ledger.verify(recorded_heads(settings))


def _files(settings: Settings, payouts: Payouts) -> Checked:
    files = payouts.files()
    return f"{len(files)} files of exports", [*missing_files(settings, files), *foreign_files(settings, files)]


def _awards(settings: Settings, ledger: Ledger, processed: date | None) -> Checked:
    with open_warehouse(settings, read_only=True) as connection:
        window = read_window(connection)
        as_of = awards_day(connection) or window.as_of
        last = ledger.last_awards_day()
        if last is None or last <= as_of:
            awards = read_awards(connection)
            what, found = f"ledger against {len(awards)} awards as of {as_of}", ledger.check_against(awards)
        else:
            what = ""
            found = [
                f"the ledger was posted as of {last}, and the awards are as of {as_of}: run through {last} and compare again"
            ]
    if processed != window.as_of:
        found.append(f"processed through {processed}, but the warehouse stands as of {window.as_of}: run again")
    return what, found


def _rows(settings: Settings, processed: date) -> Checked:
    checked = check_rows_kept(settings, processed, rehash=True)
    return f"bytes of the accepted rows of {checked} deliveries", []


def _history(settings: Settings, progress: Progress) -> Checked:
    check_same_history(settings, progress)
    check_not_behind(settings, progress)
    with open_warehouse(settings, read_only=True) as connection:
        if read_window(connection).known_through == progress.processed_through:
            require_same_deliveries(connection, settings)
    return "records of closed days against the last run", []


def _served_differences(settings: Settings, ledger: Ledger, published: Head) -> list[str]:
    """Where the served ledger is not the ledger up to the head of its publication; what people posted since is to come."""
    found: list[str] = []
    sums: Counter[tuple[str, str]] = Counter()
    served_count, count, is_unlike = 0, 0, False
    with (
        readable_marts(settings),
        duckdb.connect(str(settings.serving / "marts.duckdb"), read_only=True) as served,
    ):
        columns = ", ".join(ENTRY_COLUMNS)
        entries = served.execute(f"select {columns} from finance.ledger_entries order by entry_no")
        written = (row for row in ledger.rows("ledger_entries") if row[0] <= published.entry_no)
        for shown, entry in zip_longest(_each(entries), written):
            served_count += shown is not None
            count += entry is not None
            is_unlike |= shown != entry
            if entry is not None:
                *_, instrument, _, debit, credit, cents = entry
                sums[credit, instrument] += cents
                sums[debit, instrument] -= cents
        balances = served.execute(
            "select account, instrument, balance_cents from finance.ledger_balances order by account, instrument"
        ).fetchall()
    if is_unlike:
        found.append(f"the served marts hold {served_count} ledger entries unlike the ledger's {count}: run again")
    if balances != sorted((*key, cents) for key, cents in sums.items() if cents):
        found.append("the served ledger_balances differ from the ledger: run again")
    return found


def _each(rows: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := rows.fetchmany(_ROWS_AT_ONCE):
        yield from batch
