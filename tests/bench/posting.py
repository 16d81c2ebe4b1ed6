"""How fast the ledger posts. Does not belong here: the rules of posting (``orchestration.ledger``)."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from orchestration.ledger.entries import PROVISIONAL, Award, AwardKey
from orchestration.ledger.ledger import Ledger


def entries_a_second(folder: Path, awards: int) -> int:
    """Entries a second of one posting of so many new awards into an empty SQLite ledger, chain and checks included."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        ledger = Ledger.open(f"sqlite:///{place}/ledger.sqlite")
        began = time.perf_counter()
        posted = ledger.post_awards(date(2025, 10, 2), _awards(awards), "inputs", "terms", {})
        seconds = time.perf_counter() - began
    return int(posted.entry_count / seconds)


def _awards(count: int) -> Iterator[Award]:
    """In the order in which a run reads them: by beneficiary."""
    for number in range(count):
        partner = f"P{number * 1_000 // count:03}"
        key = AwardKey("bench", "2025-10", "PARTNER", partner, f"{number:09}", "daily_gmv", "CASH")
        yield Award(key, number + 1, PROVISIONAL)
