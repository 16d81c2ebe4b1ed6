"""A home that was restored, beside a ledger that was not: whom it pays is what it knows, so it waits until it has caught up."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from ledger_by_hand import final, owed
from warehouse_by_hand import put_award, put_payees, put_window

from orchestration import payout_desk
from orchestration.command_line import app, exit_code
from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.adjustments import evidence_of
from orchestration.ledger.ledger import Ledger
from orchestration.progress import Progress
from orchestration.recorded_heads import record_head, recorded_heads
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse

AWARD = final(10_000)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, date, str], Settings]:
    """Makes a home processed through a day, which knows this payee of P1; all have one ledger, which owes P1 100.00."""
    monkeypatch.setenv("INCENTIVES_LEDGER_URL", f"sqlite:///{tmp_path / 'elsewhere' / 'ledger.sqlite'}")
    for name, value in (("NAME", "Marketplace Inc."), ("ACCOUNT", "000123456789"), ("AGENT", "BANKUS33XXX")):
        monkeypatch.setenv(f"INCENTIVES_DEBTOR_{name}", value)
    owed(Ledger.open(Settings.from_environment().ledger_url), "2026-01-12", AWARD)

    def made(name: str, day: date, payee: str) -> Settings:
        (tmp_path / name).mkdir()
        monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path / name))
        settings = Settings.from_environment()
        Progress("UTC", date(2026, 1, 1), day).save(settings)
        with open_warehouse(settings) as connection:
            put_window(connection, day)
            put_award(connection, AWARD)
        put_payees(settings, payee)
        return settings

    return made


def test_a_home_older_than_the_ledger_pays_nobody(home: Callable[[str, date, str], Settings]) -> None:
    settings = home("now", date(2026, 1, 15), "account-of-today")
    _, (proposed,) = payout_desk.propose(settings, "ann")
    payout_desk.payouts_of(settings).approve([proposed.payout_id], "bob")
    restored = home("restored", date(2026, 1, 13), "account-of-before")
    for step in (payout_desk.propose, payout_desk.export):
        with pytest.raises(RefusedError, match="the ledger goes to 2026-01-15 and .* was processed through 2026-01-13"):
            step(restored, "cid")
    done, _ = payout_desk.export(settings, "cid")
    assert [payout.payee_id for payout in done.paid] == ["account-of-today"]
    payout_desk.fail(settings, [proposed.payout_id], "cid", "the bank was closed")
    with pytest.raises(RefusedError, match="--through 2026-01-15` first"):
        payout_desk.propose(restored, "ann")


def test_a_home_older_than_a_posting_pays_nobody(home: Callable[[str, date, str], Settings]) -> None:
    """The ledger came back to what this home knows to be owed, and nobody was paid since."""
    settings = home("restored", date(2026, 1, 13), "account-of-before")
    owed(Ledger.open(settings.ledger_url), "2026-01-14", AWARD, final(7_000, beneficiary_id="P2"))
    owed(Ledger.open(settings.ledger_url), "2026-01-15", AWARD)
    with pytest.raises(RefusedError, match="the ledger goes to 2026-01-15"):
        payout_desk.propose(settings, "ann")


def test_a_home_whose_warehouse_is_one_of_before_pays_nobody(home: Callable[[str, date, str], Settings]) -> None:
    """Put back alone, it knows the payees of its own day, and where no award changed since nothing else tells."""
    settings = home("now", date(2026, 1, 13), "account-of-before")
    _, (proposed,) = payout_desk.propose(settings, "ann")
    payout_desk.payouts_of(settings).approve([proposed.payout_id], "bob")
    Progress("UTC", date(2026, 1, 1), date(2026, 1, 15)).save(settings)
    for step in (payout_desk.propose, payout_desk.export):
        with pytest.raises(RefusedError, match="warehouse.duckdb stands as of 2026-01-13 and .* through 2026-01-15"):
            step(settings, "cid")


def test_files_of_an_earlier_export_are_said_to_be_of_it(
    home: Callable[[str, date, str], Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = home("now", date(2026, 1, 15), "account")
    _, (proposed,) = payout_desk.propose(settings, "ann")
    payout_desk.payouts_of(settings).approve([proposed.payout_id], "bob")
    _, written = payout_desk.export(settings, "cid")
    for path in written:  # as somebody does who files away what was sent
        path.unlink()
    assert exit_code(lambda: app(["payouts", "export", "--by", "cid"], standalone_mode=False)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(
        "of an earlier export, written again: send it only if it was never sent" in line for line in lines
    ) == len(written)


def test_a_ledger_and_payouts_of_a_back_up_pay_nobody_again(
    home: Callable[[str, date, str], Settings], tmp_path: Path
) -> None:
    """As README's restore puts them back, of a back-up between approval and export; what is served is in no back-up."""
    settings, ledger = home("now", date(2026, 1, 15), "account"), tmp_path / "elsewhere" / "ledger.sqlite"
    _, (proposed,) = payout_desk.propose(settings, "ann")
    payout_desk.payouts_of(settings).approve([proposed.payout_id], "bob")
    settings.payouts.mkdir(exist_ok=True)
    for place, kept in ((settings.payouts, tmp_path / "payouts"), (ledger.parent, tmp_path / "ledger")):
        shutil.copytree(place, kept)
    payout_desk.export(settings, "cid")
    for place, kept in ((settings.payouts, tmp_path / "payouts"), (ledger.parent, tmp_path / "ledger")):
        shutil.rmtree(place)
        shutil.copytree(kept, place)
    for step in (payout_desk.propose, payout_desk.export):
        with pytest.raises(RefusedError, match="recorded as the head and is missing: the ledger's tail was cut off"):
            step(settings, "cid")
    assert ledger_faults(settings)
    settings.serving.rename(tmp_path / "aside")  # the deliberate step, where no newer ledger is left
    done, _ = payout_desk.export(settings, "cid")
    assert [payout.payout_id for payout in done.paid] == [proposed.payout_id]


def test_a_ledger_put_back_alone_pays_nobody_again(home: Callable[[str, date, str], Settings], tmp_path: Path) -> None:
    """As beside a lost `serving`: the files of exports that stayed know of the posting that the ledger lacks."""
    settings, ledger = home("now", date(2026, 1, 15), "account"), tmp_path / "elsewhere"
    _, (proposed,) = payout_desk.propose(settings, "ann")
    payout_desk.payouts_of(settings).approve([proposed.payout_id], "bob")
    shutil.copytree(ledger, tmp_path / "ledger")
    _, written = payout_desk.export(settings, "cid")
    shutil.rmtree(ledger)
    (tmp_path / "ledger").rename(ledger)
    settings.serving.rename(tmp_path / "aside")
    for path in written:  # filed away where payments are sent from
        path.unlink()
    for step in (payout_desk.propose, payout_desk.export):
        with pytest.raises(RefusedError, match="recorded as the head and is missing: the ledger's tail was cut off"):
            step(settings, "cid")


def test_the_copy_of_another_home_is_none_of_this_one(
    home: Callable[[str, date, str], Settings], tmp_path: Path
) -> None:
    """A new home in the same environment would take it for its own, and so the other one's ledger."""
    (tmp_path / "disk").mkdir()
    record_head(replace(home("now", date(2026, 1, 15), "account"), head_copy=tmp_path / "disk" / "head.json"))
    other = replace(home("other", date(2026, 1, 15), "account"), head_copy=tmp_path / "disk" / "head.json")
    with pytest.raises(RefusedError, match="knows a ledger, and .*other published none of it: name a file of its own"):
        recorded_heads(other)
    with pytest.raises(SettingsError, match="disk is a folder, and the ledger's head is recorded in a file"):
        recorded_heads(replace(other, head_copy=tmp_path / "disk"))


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("head.json", "INCENTIVES_HEAD_COPY is 'head.json', another file in each folder"),
        ("~nobody-of-this-name/head.json", "INCENTIVES_HEAD_COPY is .*, which leads nowhere .*from / on"),
        ("/where/home/payouts/ledger_head.json", "INCENTIVES_HEAD_COPY is .*, which is put back with the home"),
    ],
)
def test_a_copy_is_one_file_elsewhere_wherever_commands_run(
    monkeypatch: pytest.MonkeyPatch, named: str, why: str
) -> None:
    monkeypatch.setenv("INCENTIVES_HOME", "/where/home")
    monkeypatch.setenv("INCENTIVES_HEAD_COPY", named)
    with pytest.raises(SettingsError, match=why):
        Settings.from_environment()


@pytest.mark.parametrize("name", ["HEAD_COPY", "LANDING", "PROGRAMS", "HOME"])
def test_a_path_that_leads_in_a_circle_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    monkeypatch.setenv(f"INCENTIVES_{name}", str(tmp_path / "circle"))
    with pytest.raises(SettingsError, match=f"INCENTIVES_{name} is .*circle', which leads nowhere"):
        Settings.from_environment()


def test_a_copy_that_was_overtaken_by_a_home_put_back_is_never_to_be_written_over(
    home: Callable[[str, date, str], Settings], tmp_path: Path
) -> None:
    """What ran without the setting has more postings than the copy, and none of those that the copy knows."""
    (tmp_path / "disk").mkdir()
    settings = replace(home("now", date(2026, 1, 15), "account"), head_copy=tmp_path / "disk" / "head.json")
    _, (proposed,) = payout_desk.propose(settings, "ann")
    payout_desk.payouts_of(settings).approve([proposed.payout_id], "bob")
    record_head(settings)
    shutil.copytree(tmp_path / "now", tmp_path / "snapshot")
    shutil.copytree(tmp_path / "elsewhere", tmp_path / "ledger")
    payout_desk.export(settings, "cid")
    for kept, place in (("snapshot", "now"), ("ledger", "elsewhere")):
        shutil.rmtree(tmp_path / place)
        (tmp_path / kept).rename(tmp_path / place)
    for day, cents in ((13, 10_001), (14, 10_002)):
        Ledger.open(settings.ledger_url).post_awards(
            date(2026, 1, day), [AWARD._replace(amount_cents=cents)], "x", "t", {}
        )
        record_head(replace(settings, head_copy=None))
    for step in (payout_desk.propose, payout_desk.export):
        with pytest.raises(RefusedError, match=r"does not have posting 2 as .*head.json knows it, .*: keep that file"):
            step(settings, "cid")


def test_a_head_that_the_ledger_lacks_is_never_written_over(
    home: Callable[[str, date, str], Settings], tmp_path: Path
) -> None:
    """It is all that keeps a restored ledger from paying again, on this disk and on the other one."""
    (tmp_path / "disk").mkdir()
    settings, ledger = home("now", date(2026, 1, 15), "account"), tmp_path / "elsewhere"
    settings = replace(settings, head_copy=tmp_path / "disk" / "head.json")
    _, (proposed,) = payout_desk.propose(settings, "ann")
    payout_desk.payouts_of(settings).approve([proposed.payout_id], "bob")
    shutil.copytree(ledger, tmp_path / "ledger")
    payout_desk.export(settings, "cid")
    shutil.rmtree(ledger)
    (tmp_path / "ledger").rename(ledger)
    before = recorded_heads(settings)
    with pytest.raises(RefusedError, match=r"does not have posting 2, .*No newer ledger is left"):
        record_head(settings)
    assert recorded_heads(settings) == before


def test_what_a_lost_ledger_paid_is_charged_by_the_command(
    home: Callable[[str, date, str], Settings], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """README, "No newer ledger is left", step by step: the back-up lies between approval and export."""

    def said(*words: str) -> tuple[int, str]:
        code = exit_code(lambda: app([*words], standalone_mode=False))
        return code, "".join(capsys.readouterr())

    settings, ledger = home("now", date(2026, 1, 15), "account"), tmp_path / "elsewhere"
    assert said("payouts", "propose", "--by", "ann")[0] == said("payouts", "approve", "--all", "--by", "bob")[0] == 0
    shutil.copytree(ledger, tmp_path / "ledger")
    assert "export 2: 1 payouts, $100.00 CASH" in said("payouts", "export", "--by", "cid")[1]
    once_more = said("payouts", "export", "--by", "cid")[1]  # as where the words of the first were lost
    assert once_more == (
        "nothing was approved, so nothing was paid\n"
        f"the last export is in {settings.payouts}/export-000002: send it only if it was never sent\n"
    )
    kept = str(settings.payouts.rename(tmp_path / "kept"))
    settings.serving.rename(tmp_path / "aside")
    shutil.rmtree(ledger)
    (tmp_path / "ledger").rename(ledger)
    assert said("payouts", "cancel", "--all", "--reason", "restored", "--by", "ann")[0] == 0
    for _ in range(2):  # said again, it is the same one
        code, line = said("adjust", "charge-lost", kept, "--by", "ann")
        assert code == 0 and line.startswith(
            "adj-000001: CHARGE $100.00 CASH PARTNER:P1, lost_payment (PARTNER:P1|CASH|"
        )
    assert said("adjust", "approve", "--by", "bob") == (
        2,
        "incentives: name adjustments, as `incentives adjust list` does, or say --all-of REASON\n",
    )
    code, line = said("payouts", "export", "--by", "cid")
    assert code == 1 and "charges of lost payments wait: `incentives adjust approve --all-of lost_payment`" in line
    code, line = said("adjust", "approve", "--all-of", "lost_payment", "--by", "ann")
    assert code == 1 and "somebody else must approve it" in line
    evidence = tmp_path / "statement.txt"
    evidence.write_text("paid twice")
    again = ["adjust", "charge", "PARTNER:P1", "1.00", "--reason", "lost_payment", "--evidence", str(evidence)]
    code, line = said(*again, "--note", "sent twice", "--by", "bob")
    assert code == 2 and "the note of a lost_payment begins with its payout's id" in line
    code, line = said(*again, "--note", "PARTNER:P1|CASH|2026-01-15 sent twice", "--by", "bob")
    assert code == 0 and line.startswith("adj-000002: CHARGE $1.00")
    code, line = said("adjust", "approve", "--all-of", "lost_payment", "--by", "bob")
    assert code == 1 and line.count("left: ") == 1 and "nothing was approved, since all that wait were left" in line
    assert "2026-01-15 stands as adj-000001 (10000 cents, asked for by ann, waits), as adj-000002 (100 cents, " in line
    code, line = said("adjust", "approve", "adj-000001", "--by", "bob")
    assert code == 0 and "APPROVED by bob, posting 2" in line
    assert said(*again, "--note", "PARTNER:P1|CASH|2026-01-16", "--by", "ann [/ops]")[0] == 0
    assert said(*again, "--note", "PARTNER:P1|CASH|2026-01-17", "--by", "bob")[0] == 0
    code, line = said("adjust", "approve", "--all-of", "lost_payment", "--by", "bob")
    approved, twice, own = line.splitlines()
    assert code == 0 and approved.endswith(
        f"asked for by ann [/ops] on statement.txt (SHA-256 {evidence_of(b'paid twice')}); APPROVED by bob, posting 3"
    )
    assert own == "left: adj-000004 was asked for by bob; somebody else must approve it"
    assert (
        "adj-000001 (10000 cents, asked for by ann, APPROVED), as adj-000002 (100 cents, asked for by bob, waits)"
        in twice
    )
    assert said("adjust", "reject", "adj-000004", "--by", "ann")[0] == 0
    head = settings.payouts / "ledger_head.json"
    head.unlink()  # as where the command before was killed once it had posted
    assert said("adjust", "reject", "adj-000002", "--by", "ann")[0] == 0
    code, line = said("adjust", "approve", "--all-of", "lost_payment", "--by", "bob")
    assert code == 2 and "no adjustment of reason 'lost_payment' waits" in line
    assert json.loads(head.read_text())["posting_no"] == 3
    assert "0 payouts proposed" in said("payouts", "propose", "--by", "ann")[1]
    assert ledger_faults(settings) == []


def test_a_home_put_back_whole_pays_nobody_again_where_another_disk_knows(
    home: Callable[[str, date, str], Settings], tmp_path: Path
) -> None:
    """As a machine's snapshot puts it back: ledger, records and what is served agree, and all are from before the export."""
    (tmp_path / "disk").mkdir()
    settings = replace(home("now", date(2026, 1, 15), "account"), head_copy=tmp_path / "disk" / "head.json")
    _, (proposed,) = payout_desk.propose(settings, "ann")
    payout_desk.payouts_of(settings).approve([proposed.payout_id], "bob")
    record_head(settings)  # as each publication does
    snapshot = (
        shutil.copytree(tmp_path / "now", tmp_path / "snapshot"),
        shutil.copytree(tmp_path / "elsewhere", tmp_path / "ledger"),
    )
    payout_desk.export(settings, "cid")
    assert ledger_faults(settings) == []
    (tmp_path / "disk").rename(tmp_path / "away")
    with pytest.raises(SettingsError, match=r"INCENTIVES_HEAD_COPY is .*: mount it, or name another"):
        payout_desk.fail(settings, [proposed.payout_id], "cid", "the bank was closed")
    (tmp_path / "disk").mkdir()  # where it was mounted
    with pytest.raises(RefusedError, match=r"head.json, which INCENTIVES_HEAD_COPY names, is missing: mount its disk"):
        payout_desk.fail(settings, [proposed.payout_id], "cid", "the bank was closed")
    (tmp_path / "disk").rmdir()
    (tmp_path / "away").rename(tmp_path / "disk")
    Ledger.open(settings.ledger_url).post_awards(date(2026, 1, 15), [AWARD._replace(amount_cents=10_001)], "x", "t", {})
    record_head(replace(settings, head_copy=None))
    with pytest.raises(
        RefusedError, match=r"head.json, .*, knows postings to 2, and the home to 3: .* ran without this"
    ):
        payout_desk.fail(settings, [proposed.payout_id], "cid", "the bank was closed")
    shutil.copy(settings.payouts / "ledger_head.json", tmp_path / "disk" / "head.json")  # as the message says
    assert recorded_heads(settings) == [Ledger.open(settings.ledger_url).head()]  # three places, told once
    for kept, place in zip(snapshot, (tmp_path / "now", tmp_path / "elsewhere"), strict=True):
        shutil.rmtree(place)
        kept.rename(place)
    for step in (payout_desk.propose, payout_desk.export):
        with pytest.raises(RefusedError, match="recorded as the head and is missing: the ledger's tail was cut off"):
            step(settings, "cid")


def ledger_faults(settings: Settings) -> list[str]:
    """What ``incentives verify`` says of the chain."""
    return Ledger.open(settings.ledger_url).verify(recorded_heads(settings))


def test_no_step_is_taken_on_the_ledger_of_another_home(
    home: Callable[[str, date, str], Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = home("mine", date(2026, 1, 15), "account")
    _, (proposed,) = payout_desk.propose(mine, "ann")
    payout_desk.payouts_of(mine).approve([proposed.payout_id], "bob")
    payout_desk.export(mine, "cid")
    other = replace(mine, ledger_url=f"sqlite:///{tmp_path / 'other' / 'ledger.sqlite'}")
    (tmp_path / "other").mkdir()
    owed(Ledger.open(other.ledger_url), "2026-01-12", AWARD)
    monkeypatch.setenv("INCENTIVES_LEDGER_URL", other.ledger_url)
    for words in (
        ("payouts", "approve", proposed.payout_id, "--by", "bob"),
        ("payouts", "settle", proposed.payout_id, "--by", "bob"),
        ("payouts", "cancel", proposed.payout_id, "--by", "bob", "--reason", "none"),
        ("adjust", "reject", "adj-000001", "--by", "bob"),
        ("adjust", "charge-lost", str(mine.payouts), "--by", "bob"),
        (
            "adjust",
            "grant",
            "PARTNER:P1",
            "1",
            *["--reason", "r", "--note", "n", "--by", "bob", "--evidence"],
            __file__,
        ),
    ):
        with pytest.raises(
            RefusedError, match="does not have posting 2, which .* recorded as its head: set INCENTIVES_LED"
        ):
            app(list(words), standalone_mode=False)
    monkeypatch.setenv("INCENTIVES_LEDGER_URL", mine.ledger_url)
    assert exit_code(lambda: app(["payouts", "settle", proposed.payout_id, "--by", "cid"], standalone_mode=False)) == 0
