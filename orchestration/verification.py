"""Verifying what stands: the ledger's chain, the ledger against the awards, the served marts against the ledger.

Reads only. Does not belong here: the checks that every run makes on its own figures (dbt's tests, ``awards``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import duckdb

from orchestration.awards import awards_day, read_awards
from orchestration.deliveries import check_all_closed
from orchestration.errors import IncentivesError, SettingsError
from orchestration.ledger.adjustments import Adjustments
from orchestration.ledger.chain import Head
from orchestration.ledger.ledger import Ledger
from orchestration.payout_desk import anchors
from orchestration.payouts.exports import foreign_files, missing_files
from orchestration.payouts.payouts import Payouts
from orchestration.progress import Progress
from orchestration.publication import published_head, views_elsewhere
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, read_window


@dataclass(frozen=True)
class Verified:
    """What was found sound, and every difference, a sentence each."""

    passed: tuple[str, ...]
    differences: tuple[str, ...]


def verify(settings: Settings) -> Verified:
    """Walks everything; SettingsError where nothing was published yet."""
    processed = Progress.of_begun_home(settings).processed_through
    anchor = published_head(settings)
    if anchor is None:
        raise SettingsError("nothing was published yet, so there is nothing to verify; use `incentives run`")
    if views_elsewhere(settings):
        raise SettingsError(
            f"{settings.serving / 'marts.duckdb'} shows files of another place: `incentives doctor --repair`"
        )
    passed: list[str] = []
    differences: list[str] = []
    ledger = Ledger.open(settings.ledger_url)
    head = ledger.head()
    _note(
        passed,
        differences,
        f"chain of {head.posting_no} postings and {head.entry_no} entries",
        ledger.verify(anchors(settings)),
    )
    payouts = Payouts.open(settings.ledger_url)
    _note(passed, differences, f"{len(payouts.payouts())} payouts against the ledger", payouts.faults())
    files = payouts.files()
    _note(
        passed,
        differences,
        f"{len(files)} files of exports",
        [*missing_files(settings, files), *foreign_files(settings, files)],
    )
    adjustments = Adjustments.open(settings.ledger_url)
    _note(passed, differences, f"{len(adjustments.all())} adjustments against the ledger", adjustments.faults())
    with open_warehouse(settings, read_only=True) as connection:
        window = read_window(connection)
        as_of = awards_day(connection) or window.as_of
        last = ledger.last_awards_day()
        if last is None or last <= as_of:
            awards = read_awards(connection)
            _note(
                passed,
                differences,
                f"ledger against {len(awards)} awards as of {as_of}",
                ledger.check_against(awards),
            )
        else:
            differences.append(
                f"the ledger was posted as of {last}, and the awards are as of {as_of}: run through {last} and compare again"
            )
    _note(passed, differences, "served ledger against the ledger", _served_differences(settings, ledger, anchor))
    try:
        count = check_all_closed(settings, rehash=True)
        passed.append(f"bytes of {count} closed deliveries")
    except IncentivesError as error:
        differences.append(str(error))
    if processed != window.as_of:
        differences.append(f"processed through {processed}, but the warehouse stands as of {window.as_of}: run again")
    return Verified(tuple(passed), tuple(differences))


def _note(passed: list[str], differences: list[str], what: str, found: list[str]) -> None:
    if found:
        differences.extend(found)
    else:
        passed.append(what)


def _served_differences(settings: Settings, ledger: Ledger, published: Head) -> list[str]:
    """Where the served ledger is not the ledger up to the head of its publication; what people posted since is to come."""
    with duckdb.connect(str(settings.serving / "marts.duckdb"), read_only=True) as served:
        entries = served.execute(
            "select entry_no, amount_cents, debit_account, credit_account from finance.ledger_entries order by entry_no"
        ).fetchall()
        balances = served.execute(
            "select account, instrument, balance_cents from finance.ledger_balances order by account, instrument"
        ).fetchall()
    found = []
    standing = [entry for entry in ledger.entries() if entry.entry_no <= published.entry_no]
    written = [(entry.entry_no, entry.amount_cents, entry.debit_account, entry.credit_account) for entry in standing]
    if entries != written:
        found.append(
            f"the served marts hold {len(entries)} ledger entries unlike the ledger's {len(written)}: run again"
        )
    sums: Counter[tuple[str, str]] = Counter()
    for entry in standing:
        sums[entry.credit_account, entry.instrument] += entry.amount_cents
        sums[entry.debit_account, entry.instrument] -= entry.amount_cents
    if balances != sorted((*key, cents) for key, cents in sums.items() if cents):
        found.append("the served ledger_balances differ from the ledger: run again")
    return found
