"""Many people at once, from several processes: each step is taken once (rulebook 4)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from ledger_by_hand import desk_of, final, owed

from orchestration.ledger.ledger import Ledger

DAY = date(2026, 1, 15)
PROCESSES, ATTEMPTS = 4, 63
"""Four processes with 63 rounds of four steps each: a thousand attempts."""

ATTEMPT = """
import sys
from datetime import date
from ledger_by_hand import DEBTOR, PAYEES
from orchestration.errors import IncentivesError
from orchestration.payouts.payouts import Payouts

url, me, attempts = sys.argv[1], sys.argv[2], int(sys.argv[3])
desk = Payouts.open(url)
for number in range(attempts):
    steps = (
        lambda: desk.propose(date(2026, 1, 15), PAYEES, f"proposer {me}"),
        lambda: desk.approve([one.payout_id for one in desk.payouts() if one.state == "PROPOSED"], f"approver {me}"),
        lambda: desk.export(date(2026, 1, 15), PAYEES, DEBTOR, f"payer {me}"),
        lambda: desk.settle([one.payout_id for one in desk.payouts() if one.state == "EXPORTED"], f"payer {me}"),
    )
    for step in steps:
        try:
            step()
        except IncentivesError:
            pass
"""


def attempts(url: str, count: int) -> list[subprocess.Popen[bytes]]:
    here = Path(__file__).resolve().parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(here), str(here.parent.parent)])}
    return [
        subprocess.Popen([sys.executable, "-c", ATTEMPT, url, str(number), str(count)], env=environment)
        for number in range(PROCESSES)
    ]


def test_a_thousand_attempts_at_once_pay_each_balance_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    ledger = Ledger.open(url)
    owed(ledger, "2026-01-15", final(10_000), final(700, instrument="AD_CREDIT"), final(9_000, beneficiary_id="P2"))
    for process in attempts(url, ATTEMPTS):
        assert process.wait(120) == 0
    desk = desk_of(ledger)
    assert [(one.amount_cents, one.state) for one in desk.payouts()] == [
        (700, "SETTLED"),
        (10_000, "SETTLED"),
        (9_000, "SETTLED"),
    ]
    assert not [name for name, _, _ in ledger.balances() if name.startswith("payable:")]
    assert ledger.verify() == [] and desk.faults() == []


def test_processes_killed_in_the_middle_leave_whole_steps(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    ledger = Ledger.open(url)
    owed(ledger, "2026-01-15", final(10_000), final(9_000, beneficiary_id="P2"))
    started = attempts(url, 1_000)
    time.sleep(1.5)
    for number, process in enumerate(started):
        time.sleep(0.03 * number)
        process.send_signal(signal.SIGKILL)
        process.wait()
    desk = desk_of(ledger)
    assert ledger.verify() == [] and desk.faults() == []
    for process in attempts(url, 1):
        assert process.wait(60) == 0
    assert {one.state for one in desk.payouts()} <= {"SETTLED", "EXPORTED"} and desk.faults() == []
    assert sum(entry.amount_cents for entry in ledger.entries(entry_type="PAY")) == 19_000
