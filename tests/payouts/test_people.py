"""Whose name stands for a step: no name passes for another person's to the eye, and nobody goes by the job's (rulebook 4)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from ledger_by_hand import DEBTOR, PAYEES, desk_of, final, owed

from orchestration.errors import SettingsError
from orchestration.ledger.adjustments import Adjustments, Request, evidence_of
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.people import PROPOSER, named, person
from orchestration.payout_desk import propose
from orchestration.settings import Settings

DAY = date(2026, 1, 15)
P1 = "PARTNER:P1|CASH|2026-01-15"
UNSEEN = ["\u034f", "\u115f", "\u1160", "\u3164", "\uffa0", "\u17b4", "\u180b", "\u2800", "\ufe0f", "\U000e0101"]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    found = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    owed(found, "2026-01-15", final(10_000))
    return found


@pytest.mark.parametrize("sign", [*UNSEEN, "\u200b", "\u00ad", "\u202e", "\x00", "\udcff"], ids=ascii)
def test_a_name_holds_nothing_that_nobody_sees(ledger: Ledger, sign: str) -> None:
    desk = desk_of(ledger)
    desk.propose(DAY, PAYEES, "ann")
    for name in (f"ann{sign}", f"{sign}ann", f"a{sign}nn"):
        with pytest.raises(SettingsError):
            desk.approve([P1], name)


def test_a_word_is_of_one_script() -> None:
    # A Cyrillic a before a Latin nn, and a Latin Ann with a Greek omicron.
    for name in ("\u0430nn", "Ann L\u03bfw"):
        with pytest.raises(SettingsError, match="two scripts"):
            named(name)
    for name in ("Анна Petrova", "Αννα", "José Ñuñez", "东京 太郎", "O'Brien-Smith", "अनीता"):
        assert named(name) == name


def test_nobody_goes_by_the_name_of_the_job(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, adjustments = desk_of(ledger), Adjustments(ledger._engine)
    for name in (PROPOSER, "Daily_Incentives", f" {PROPOSER}"):
        with pytest.raises(SettingsError, match="no person"):
            person(name)
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path))
    request = Request("GRANT", "goodwill", "PARTNER", "P1", "CASH", 1, "why", "mail", evidence_of(b"mail"))
    desk.propose(DAY, PAYEES, "ann")
    for step in (
        lambda: propose(Settings.from_environment(), PROPOSER),
        lambda: desk.approve([P1], PROPOSER),
        lambda: desk.cancel([P1], PROPOSER, "why"),
        lambda: desk.export(DAY, PAYEES, DEBTOR, PROPOSER),
        lambda: adjustments.ask(request, PROPOSER),
    ):
        with pytest.raises(SettingsError, match="no person"):
            step()


def test_what_the_job_proposed_anybody_may_approve(ledger: Ledger) -> None:
    desk = desk_of(ledger)
    desk.propose(DAY, PAYEES, PROPOSER)
    (payout,) = desk.approve([P1], "ann")
    assert payout.state == "APPROVED"
