"""An export that is killed at any of its statements paid everything or nothing, and the same command finishes it (rulebook 4)."""

from __future__ import annotations

import os
import shutil
import signal
from datetime import date
from itertools import count
from pathlib import Path

from ledger_by_hand import DEBTOR, PAYEES, desk_of, final, owed
from sqlalchemy import Engine, event

from orchestration.ledger.ledger import Ledger
from orchestration.payouts.payouts import Payouts

DAY = date(2026, 1, 15)
NAMES = ["PARTNER:P1|CASH|2026-01-15", "PARTNER:P2|CASH|2026-01-15"]


def ledger_of(folder: Path) -> Ledger:
    return Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}")


def export_and_die(folder: Path, statement: int) -> bool:
    """Exports in a process that dies before the statement of that number; whether it died."""
    child = os.fork()
    if child == 0:
        seen = count(1)

        def die(*_: object) -> None:
            if next(seen) == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        desk = Payouts.open(f"sqlite:///{folder / 'ledger.sqlite'}")
        for moment in ("before_cursor_execute", "commit"):
            event.listen(Engine, moment, die)
        desk.export(DAY, PAYEES, DEBTOR, "cid")
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_an_export_killed_at_every_statement_pays_once(tmp_path: Path) -> None:
    first = tmp_path / "approved"
    first.mkdir()
    owed(ledger_of(first), "2026-01-15", final(10_000), final(9_000, beneficiary_id="P2"))
    desk = desk_of(ledger_of(first))
    desk.propose(DAY, PAYEES, "ann")
    desk.approve(NAMES, "bob")
    for statement in count(1):
        folder = tmp_path / str(statement)
        shutil.copytree(first, folder)
        died = export_and_die(folder, statement)
        ledger = ledger_of(folder)
        desk = desk_of(ledger)
        paid = [entry.payout_id for entry in ledger.entries(entry_type="PAY")]
        assert paid == ([] if died else NAMES)
        assert {payout.state for payout in desk.payouts()} == {"APPROVED" if died else "EXPORTED"}
        desk.export(DAY, PAYEES, DEBTOR, "cid")
        assert [entry.payout_id for entry in ledger.entries(entry_type="PAY")] == NAMES
        assert ledger.verify() == [] and desk.faults() == [] and len(desk.files()) == 3
        shutil.rmtree(folder)
        if not died:
            break
    assert statement > 15
