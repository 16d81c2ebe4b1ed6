"""Awards as tests write them: one line each, everything that does not matter filled in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from orchestration.ledger.entries import FINAL, PROVISIONAL, Award, AwardKey
from orchestration.ledger.ledger import Ledger, PostingResult

KEY = AwardKey("tsp_daily_gmv_2025q4", "2025-10-01..2025-12-31", "PARTNER", "P1", "", "daily_gmv", "CASH")


def provisional(amount_cents: int, **key: str) -> Award:
    """A provisional award of P1, other parts of its key by name."""
    return Award(KEY._replace(**key), amount_cents, PROVISIONAL)


def final(amount_cents: int, **key: str) -> Award:
    """A final award of P1, other parts of its key by name."""
    return Award(KEY._replace(**key), amount_cents, FINAL)


def post(ledger: Ledger, day: str, *awards: Award) -> PostingResult:
    """Post awards as of a day, with hashes that depend on the day alone."""
    return ledger.post_awards(date.fromisoformat(day), awards, f"inputs of {day}", "terms", {})


def moved(ledger: Ledger) -> list[tuple[int, str, int]]:
    """Posting, type and cents of every entry."""
    return [(entry.posting_no, entry.entry_type, entry.amount_cents) for entry in ledger.entries()]


def ledger_in(folder: Path) -> Ledger:
    """The SQLite ledger of a folder."""
    return Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}")
