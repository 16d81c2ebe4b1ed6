"""Paying through the real command: from a balance to files and to the served marts, and what must stop it (rulebook 4)."""

from __future__ import annotations

import csv
import io
import json
import shutil
import stat
import xml.etree.ElementTree as ET
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from deployment import Deployment, Outcome

from orchestration.command_line import app, exit_code
from orchestration.ledger.entries import Award, AwardKey
from orchestration.ledger.ledger import Ledger

DEBTOR = {
    "INCENTIVES_DEBTOR_NAME": "Marketplace Inc.",
    "INCENTIVES_DEBTOR_ACCOUNT": "000123456789",
    "INCENTIVES_DEBTOR_AGENT": "BANKUS33XXX",
}
WHY = ("--reason", "goodwill", "--note", "x", "--evidence", __file__)
P1 = "PARTNER:P1|CASH|2025-10-04"


@pytest.fixture
def office(once: Deployment) -> Deployment:
    """The golden world as of October 4, with 75.00 granted to P1 by hand: asked for by ann, approved by bob."""
    granted(once, "75.00")
    return replace(once, environment=DEBTOR)


def granted(deployment: Deployment, amount: str) -> None:
    """Grants P1 an amount by hand."""
    evidence = deployment.folder / "mail.txt"
    evidence.write_text("we were down for an hour")
    told = ("--reason", "goodwill", "--note", "=outage", "--evidence", str(evidence), "--by", "ann")
    asked = done(deployment, "adjust", "grant", "PARTNER:P1", amount, *told)
    done(deployment, "adjust", "approve", asked.split(":")[0], "--by", "bob")


def said(deployment: Deployment, *arguments: str) -> Outcome:
    """What a command comes to that is run in this process, a fraction of a new one's time."""
    places = {"HOME": deployment.home, "LANDING": deployment.landing, "PROGRAMS": deployment.programs}
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
        for name, place in places.items():
            patched.setenv(f"INCENTIVES_{name}", str(place))
        for name, value in deployment.environment.items():
            patched.setenv(name, value)
        code = exit_code(lambda: app(list(arguments), standalone_mode=False))
    return Outcome(code, out.getvalue(), err.getvalue())


def done(deployment: Deployment, *arguments: str) -> str:
    outcome = said(deployment, *arguments)
    assert outcome.code == 0, outcome
    return outcome.out


def by_command(deployment: Deployment, *arguments: str) -> str:
    """The same in a process of its own, as people run it."""
    outcome = deployment.incentives(*arguments)
    assert outcome.code == 0, outcome
    return outcome.out


def approved(office: Deployment) -> None:
    done(office, "payouts", "propose", "--by", "ann")
    done(office, "payouts", "approve", "--all", "--by", "bob")


def export_folder(office: Deployment) -> Path:
    (folder,) = (office.home / "payouts").glob("export-*")
    return folder


def test_from_a_balance_to_files_and_to_the_served_marts(office: Deployment) -> None:
    by_command(office, "payouts", "propose", "--by", "ann")
    by_command(office, "payouts", "approve", "--all", "--by", "bob")
    assert "export 3: 1 payouts, $75.00 CASH" in by_command(office, "payouts", "export", "--by", "cid")
    folder = export_folder(office)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    root = ET.fromstring((folder / "cash.pain001.xml").read_bytes())
    sums = {element.text for element in root.iter() if element.tag.endswith(("CtrlSum", "InstdAmt"))}
    assert sums == {"75.00"}
    (row,) = csv.DictReader(io.StringIO((folder / "cash.csv").read_text()))
    assert (row["payout_id"], row["payee_id"], row["amount"]) == (P1, "PAYEE1", "75.00")
    assert json.loads((folder / "control.json").read_text())["posting_no"] == 3
    # The same command again pays nothing, and writes what is missing, the same bytes.
    content = (folder / "cash.csv").read_bytes()
    (folder / "cash.csv").unlink()
    assert "nothing was paid" in done(office, "payouts", "export", "--by", "cid")
    assert (folder / "cash.csv").read_bytes() == content
    done(office, "verify")
    told = done(office, "explain", "payout", P1)
    assert "=outage" in told and "approved by bob" in told
    done(office, "payouts", "settle", P1, "--by", "cid")
    # The next run shows it, moves no award by it, and on a payout day proposes what came since.
    granted(office, "60.00")
    replace(office, environment={"INCENTIVES_PAYOUT_DAYS": "5,20"}).run("2025-10-05")
    columns = "payout_id, amount_cents, state, proposed_by, approved_by, export_posting_no"
    assert office.rows(f"select {columns} from finance.payouts order by 1") == [
        (P1, 7_500, "SETTLED", "ann", "bob", 3),
        (P1.replace("04", "05"), 6_000, "PROPOSED", "daily_incentives", None, None),
    ]
    assert office.rows(
        "select sum(approved_cents), sum(paid_cents), sum(open_cents) from finance.partner_incentive_payouts"
        " where program_id = 'manual:goodwill'"
    ) == [(13_500, 7_500, 6_000)]
    done(office, "verify")


def test_a_publication_records_the_head_as_a_payment_does(once: Deployment) -> None:
    """So that a copy on another disk is missed before anybody is paid, too."""
    heads = [once.home / "payouts" / "ledger_head.json", once.home / "serving" / "finance" / "paid_head.json"]
    assert [json.loads(head.read_text())["posting_no"] for head in heads] == [1, 1]


def test_what_must_stop_a_payment(office: Deployment) -> None:
    approved(office)
    nobody = replace(office, environment={})
    outcome = said(nobody, "payouts", "export", "--by", "cid")
    assert outcome.code == 2 and "INCENTIVES_DEBTOR_NAME" in outcome.told
    ledger = office.home / "ledger"
    shutil.copytree(ledger, office.folder / "older")
    done(office, "payouts", "export", "--by", "cid")
    # A file that was edited: named by verify, and nothing more is paid beside it.
    file = export_folder(office) / "cash.csv"
    file.write_bytes(file.read_bytes().replace(b"PAYEE1", b"EVE"))
    # And a record that cannot be read keeps the file from nobody.
    record = next(office.home.glob("deliveries/partners/*.json"))
    written = record.read_bytes()
    record.write_text("{}")
    told = said(office, "verify").told
    assert "cash.csv is not what was exported" in told and "is no delivery record" in told
    record.write_bytes(written)
    assert "nothing was done" in said(office, "payouts", "export", "--by", "cid").told
    file.unlink()
    done(office, "payouts", "export", "--by", "cid")
    # A ledger restored from before the export would pay again: it is refused, by the desk and by the next run.
    shutil.rmtree(ledger)
    shutil.copytree(office.folder / "older", ledger)
    for arguments in (("payouts", "export", "--by", "cid"), ("payouts", "propose", "--by", "ann")):
        outcome = said(office, *arguments)
        assert outcome.code == 1 and "tail was cut off" in outcome.told
    assert "tail was cut off" in said(office, "verify").told
    # Without the head that is recorded beside them, files of exports say that one is missing.
    (office.home / "payouts" / "ledger_head.json").unlink()
    assert "ledger_head.json is missing" in said(office, "payouts", "propose", "--by", "ann").told


def test_awards_that_nobody_decided_are_not_paid(office: Deployment) -> None:
    """A posting that somebody added to the ledger, whole and chained, for a day that was never run."""
    ledger = Ledger.open(f"sqlite:///{office.home / 'ledger' / 'ledger.sqlite'}")
    key = AwardKey("tsp_daily_gmv_2025q4", "2025-10-01..2025-12-31", "PARTNER", "P1", "", "daily_gmv", "CASH")
    ledger.post_awards(date(2025, 10, 5), [Award(key, 1_000_000, "FINAL")], "inputs", "terms", {})
    outcome = said(office, "payouts", "propose", "--by", "ann")
    assert outcome.code == 1 and "the ledger differs from the awards" in outcome.told
    assert "the ledger was posted as of 2025-10-05" in said(office, "verify").told


def test_what_is_said_wrong_is_answered_in_one_line(office: Deployment) -> None:
    for arguments, code, told in (
        (("payouts", "approve", "--by", "bob"), 2, "name at least one payout"),
        (("payouts", "approve", "PARTNER:nobody|CASH|2025-10-04", "--by", "bob"), 2, "there is no payout"),
        (("payouts", "export", "--by", " "), 2, "--by NAME"),
        (("payouts", "fail", P1, "--by", "bob", "--reason", " "), 2, "--reason TEXT"),
        (("adjust", "approve", "adj-9", "--by", "bob"), 2, "there is no adjustment adj-9"),
        (("adjust", "approve", "adj-000001", "--by", "dan"), 1, "was APPROVED by bob"),
        (("adjust", "grant", "PARTNER:P1", "1.5", *WHY, "--by", "ann"), 2, "dollars and cents"),
        (("adjust", "grant", "P1", "1.50", *WHY, "--by", "ann"), 2, "TYPE:ID"),
        (("adjust", "grant", "MEMBER:nobody", "1.50", *WHY, "--by", "ann"), 2, "nobody was delivered as MEMBER:nobody"),
        (("explain", "payout", "x"), 2, "there is no payout x"),
    ):
        outcome = said(office, *arguments)
        assert outcome.code == code and told in outcome.told, outcome
