"""What the commands of payouts and adjustments answer to words that nobody should say: one line, a code, nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from ledger_by_hand import KEY, PAYEES, desk_of, final, owed
from sqlalchemy import insert
from warehouse_by_hand import put_award, put_payees, put_window

from orchestration import payout_desk
from orchestration.command_line import app, exit_code
from orchestration.errors import RefusedError, SettingsError
from orchestration.explanation import owed as owed_by_program
from orchestration.ledger.adjustments import Adjustments, Request
from orchestration.ledger.chain import Head
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.store import writing
from orchestration.ledger.tables import PAYOUTS
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Payee
from orchestration.progress import Progress
from orchestration.recorded_heads import recorded_heads
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse

DAY = date(2026, 1, 15)
P1 = "PARTNER:P1|AD_CREDIT|2026-01-15"
PROGRAM = KEY.program_id
ACCOUNT = ("payable:PARTNER:P1", "AD_CREDIT")
ESCAPE = "\x1b\x07[/b]"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Payouts:
    """A home with a ledger that owes P1 7.00 of credit, proposed by ann."""
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path))
    settings = Settings.from_environment()
    Progress(settings.time_zone, DAY, DAY).save(settings)
    ledger = Ledger.open(settings.ledger_url)
    owed(ledger, "2026-01-15", final(700, instrument="AD_CREDIT"))
    found = desk_of(ledger)
    found.propose(DAY, PAYEES | {("PARTNER", "P1"): Payee(ESCAPE, has_tax_form=True)}, "ann")
    return found


Answer = Callable[..., tuple[int, str, str]]


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Answer:
    def given(*arguments: str) -> tuple[int, str, str]:
        code = exit_code(lambda: app(list(arguments), standalone_mode=False))
        return code, *capsys.readouterr()

    return given


def why(tmp_path: Path, note: str = "n") -> tuple[str, ...]:
    (tmp_path / "mail.txt").write_text("we were down")
    return "--reason", "goodwill", "--note", note, "--evidence", str(tmp_path / "mail.txt"), "--by", "ann"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("approve", "\udcff", "--by", "bob"), "there is no payout"),
        (("approve", P1, "--by", "b\udcff"), "--by NAME"),
        (("approve", P1, "--all", "--by", "bob"), "not both"),
        (("cancel", P1, "--by", "bob", "--reason", "\udcff"), "plain words"),
        (("cancel", P1, "--by", "bob", "--reason", "\x1b[31m"), "plain words"),
        (("list", "--state", "payed"), "PROPOSED, APPROVED"),
    ],
)
def test_words_that_cannot_be_are_refused_in_one_line(
    desk: Payouts, answer: Answer, arguments: tuple[str, ...], told: str
) -> None:
    code, _, line = answer("payouts", *arguments)
    assert code == 2 and told in line and line.count("\n") == 1
    assert [payout.state for payout in desk.payouts()] == ["PROPOSED"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("payouts", "list"),
        ("payouts", "propose", "--by", "ann"),
        ("payouts", "approve", "--all", "--by", "ann"),
        ("payouts", "approve", P1, "--by", "ann"),
        ("payouts", "export", "--by", "ann"),
        ("payouts", "settle", P1, "--by", "ann"),
        ("payouts", "fail", P1, "--by", "ann", "--reason", "r"),
        ("payouts", "cancel", P1, "--by", "ann", "--reason", "r"),
        ("adjust", "list"),
        ("adjust", "approve", "adj-000001", "--by", "ann"),
        ("adjust", "reject", "adj-000001", "--by", "ann"),
    ],
    ids=" ".join,
)
def test_a_mistyped_home_is_named_and_nothing_is_made_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, arguments: tuple[str, ...]
) -> None:
    home = tmp_path / "hmoe"
    monkeypatch.setenv("INCENTIVES_HOME", str(home))
    code, shown, line = answer(*arguments)
    assert (code, shown) == (2, "") and f"nothing was processed in {home} yet" in line
    assert not home.exists()


@pytest.mark.parametrize("amount", ["9" * 5_000, "9" * 17, "1e3", "-1.00", "1.0", ".50", "१.00", "0.00", ""])
def test_an_amount_that_is_none_is_refused_in_one_line(
    desk: Payouts, answer: Answer, tmp_path: Path, amount: str
) -> None:
    code, _, line = answer("adjust", "grant", *why(tmp_path), "--", "PARTNER:P1", amount)
    assert code == 2 and line.count("\n") == 1 and len(line) < 300


@pytest.mark.parametrize(
    ("whose", "said", "instrument"),
    [("MEMBER:M1", (), "SHOP_CREDIT"), ("PARTNER:P1", (), "CASH"), ("MEMBER:M1", ("--instrument", "CASH"), "CASH")],
)
def test_members_are_granted_credit_where_no_instrument_is_said(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, tmp_path: Path, whose: str, said: tuple[str, ...], instrument: str
) -> None:
    asked: list[str] = []

    def ask(_settings: Settings, request: Request, _by: str) -> None:
        asked.append(request.instrument)
        raise SettingsError("asked")

    monkeypatch.setattr(payout_desk, "ask_adjustment", ask)
    assert answer("adjust", "grant", whose, "1.00", *why(tmp_path), *said)[0] == 2
    assert asked == [instrument]


@pytest.mark.parametrize(
    ("whose", "note"),
    [("PARTNER:P\udcff", "n"), ("PARTNER: P1", "n"), ("PARTNER:P1\nx", "n"), ("PARTNER:P1", "\x1b[m")],
)
def test_an_adjustment_is_in_words_that_can_be_printed(
    desk: Payouts, answer: Answer, tmp_path: Path, whose: str, note: str
) -> None:
    code, _, line = answer("adjust", "grant", whose, "1.00", *why(tmp_path, note))
    assert code == 2 and line.count("\n") == 1
    assert Adjustments(desk._engine).all() == []


def test_what_was_delivered_moves_no_cursor(desk: Payouts, answer: Answer) -> None:
    code, shown, _ = answer("payouts", "list", "--state", "proposed")
    assert code == 0 and "\x1b" not in shown and "\x07" not in shown and r"\x1b\x07[/b]" in shown


def test_a_name_is_no_markup(desk: Payouts, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payout_desk, "propose", lambda _settings, _by: (DAY, []))
    code, shown, _ = answer("payouts", "propose", "--by", "[/b] ann")
    assert code == 0 and "0 payouts proposed by [/b] ann\n" in shown


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        b'{"time_zone": "UTC", "earliest": "2026-13-01", "processed_through": null}',
        b'{"time_zone": "UTC", "earliest": 5, "processed_through": null}',
        b'{"time_zone": ["UTC"], "earliest": null, "processed_through": null}',
    ],
    ids=repr,
)
def test_a_broken_record_of_the_homes_progress_is_named(desk: Payouts, answer: Answer, content: bytes) -> None:
    settings = Settings.from_environment()
    settings.state.write_bytes(content)
    for arguments in (("payouts", "list"), ("owed",), ("adjust", "list")):
        code, _, line = answer(*arguments)
        assert code == 2 and f"{settings.state} is not the record" in line and line.count("\n") == 1
    with pytest.raises(SettingsError, match="put it back from a back-up"):
        Progress.load(settings)


@pytest.mark.parametrize("place", ["payouts", "serving/finance/version-000001"])
@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b'{"posting_no": 1}', b'{"posting_no": [], "entry_no": 1, "hash": "x"}', b"\xff"],
    ids=repr,
)
def test_a_broken_record_of_the_head_is_named(desk: Payouts, content: bytes, place: str) -> None:
    settings = Settings.from_environment()
    folder = settings.home / place
    folder.mkdir(parents=True)
    (folder / "ledger_head.json").write_bytes(content)
    with pytest.raises(RefusedError, match=r"ledger_head.json is not the head"):
        recorded_heads(settings)


def test_a_copy_beside_the_published_versions_is_none_of_them(desk: Payouts) -> None:
    settings = Settings.from_environment()
    for name in ("version-000001", "version-000002.copy", "version-old", "version-7", "version-0000008"):
        folder = settings.serving / "finance" / name
        folder.mkdir(parents=True)
        (folder / "ledger_head.json").write_text(json.dumps(Head(1, 1, name)._asdict()))
    assert recorded_heads(settings) == [Head(1, 1, "version-000001")]


def test_whom_the_ledger_owes_is_known_also_without_a_record_of_theirs(
    desk: Payouts, answer: Answer, tmp_path: Path
) -> None:
    """A deal names its seller, whose own record may never come: what is owed to that one can be put right all the same."""
    with open_warehouse(Settings.from_environment()) as connection:
        connection.execute("create schema staging")
        connection.execute("create table staging.stg_sellers (seller_id varchar, landed_on date)")
    ledger = Ledger(desk._engine)
    deal = {
        "program_id": "funded_deals_2025q4",
        "beneficiary_type": "SELLER",
        "beneficiary_id": "S9",
        "subject_id": "D1",
    }
    owed(ledger, "2026-01-16", final(700, instrument="AD_CREDIT"), final(800, component="deal_cost", **deal))
    code, shown, _ = answer("adjust", "charge", "SELLER:S9", "8.00", *why(tmp_path))
    assert code == 0 and "adj-000001: CHARGE" in shown
    code, _, line = answer("adjust", "charge", "SELLER:S8", "8.00", *why(tmp_path))
    assert code == 2 and "nobody was delivered as SELLER:S8" in line


def test_a_number_that_no_ledger_has_is_answered_in_one_line(desk: Payouts, answer: Answer) -> None:
    for arguments in (("journal", "9" * 20), ("explain", "entry", "9" * 20)):
        code, _, line = answer(*arguments)
        assert code == 2 and "no number that long" in line and line.count("\n") == 1


@pytest.mark.parametrize("arguments", [("list",), ("approve", "--all", "--by", "bob"), ("approve", "x", "--by", "bob")])
def test_a_payout_that_somebody_put_there_without_a_state_is_named(
    desk: Payouts, answer: Answer, arguments: tuple[str, ...]
) -> None:
    with writing(desk._engine) as connection:
        row = {"payout_id": "x", "beneficiary_type": "PARTNER", "beneficiary_id": "P9", "instrument": "CASH"}
        row |= {"payout_day": "2026-01-15", "payee_id": "eve", "amount_cents": 1, "head_posting_no": 1}
        connection.execute(insert(PAYOUTS).values(row))
    code, _, line = answer("payouts", *arguments)
    assert code == 1 and "x is in no state" in line and line.count("\n") == 1


def test_who_approves_is_shown_the_payee_that_is_paid(desk: Payouts, answer: Answer, tmp_path: Path) -> None:
    """Signs that turn the writing round or move the cursor would show another one."""
    granted(desk, "P2", "AD_CREDIT")
    desk.propose(DAY, {("PARTNER", "P2"): Payee("\u202eeve\x1b[2J", has_tax_form=True)}, "ann")
    code, shown, _ = answer("explain", "payout", P1.replace("P1", "P2"))
    assert code == 0 and r"to \u202eeve\x1b[2J for PARTNER:P2" in shown and "\x1b" not in shown


def test_an_id_is_no_markup(desk: Payouts, answer: Answer) -> None:
    owed(Ledger(desk._engine), "2026-01-16", final(700, beneficiary_id=ESCAPE))
    code, shown, _ = answer("owed")
    assert code == 0 and r"\x1b\x07[/b]" in shown


def test_an_export_that_cancels_all_says_what_becomes_of_it(desk: Payouts, answer: Answer) -> None:
    settings = Settings.from_environment()
    put_payees(settings, "another account")
    with open_warehouse(settings) as connection:
        put_window(connection, DAY)
        put_award(connection, final(700, instrument="AD_CREDIT"))
    assert answer("payouts", "export", "--by", "cid")[1] == "nothing was approved, so nothing was paid\n"
    desk.approve([P1], "bob")
    code, shown, _ = answer("payouts", "export", "--by", "cid")
    assert code == 0 and " ".join(shown.split()) == (
        f"{P1} was cancelled: the payee changed since it was proposed; what is payable then is proposed on the next payout day "
        "nothing that was approved could be paid, so nothing was paid"
    )


def test_evidence_shows_something(desk: Payouts, answer: Answer, tmp_path: Path) -> None:
    given = why(tmp_path)
    for path, told in (
        (tmp_path / "none", "is no file"),
        (tmp_path, "is no file"),
        (tmp_path / "mail.txt", "is empty"),
    ):
        (tmp_path / "mail.txt").write_bytes(b"")
        code, _, line = answer("adjust", "grant", "PARTNER:P1", "1.00", *given[:5], str(path), *given[6:])
        assert code == 2 and f"{path} {told}" in line and line.count("\n") == 1
    assert answer("adjust", "list")[1] == ""


def test_an_entry_by_hand_and_one_of_a_payout_say_what_they_are_of(desk: Payouts, answer: Answer) -> None:
    granted(desk, "P1", "AD_CREDIT")
    desk.approve([P1], "bob")
    paid = {("PARTNER", "P1"): Payee(ESCAPE, has_tax_form=True)}
    desk.export(DAY, paid, None, "cid")
    code, shown, _ = answer("explain", "entry", "2")
    assert code == 0 and "GRANT $1.00" in shown and "adj-000001: outage; evidence mail.txt" in shown
    code, shown, _ = answer("explain", "entry", "3")
    assert code == 0 and "PAY $7.00" in shown and f"incentives explain payout '{P1}'" in shown


def test_who_is_owed_what_is_what_is_not_paid_yet(desk: Payouts) -> None:
    """Provisional, approved, paid and payable; the payable of all programs is the balance of the account."""
    settings, ledger = Settings.from_environment(), Ledger(desk._engine)

    def shown() -> list[list[str]]:
        payable = sum(cents for *account, cents in ledger.balances() if tuple(account) == ACCOUNT)
        columns = owed_by_program(settings, 9).columns
        rows = [list(map(str, row)) for row in zip(*(column.cells for column in columns), strict=True)]
        totals = [row for row in rows if "all 1" in row[0]]
        assert sum(round(float(row[-1].replace("$", "")) * 100) for row in totals) == payable
        return [[row[0], *row[3:]] for row in rows if "all 1" not in row[0]]

    assert shown() == [[PROGRAM, "$0.00", "$7.00", "$0.00", "$7.00"]]
    granted(desk, "P1", "AD_CREDIT")
    by_hand = ["manual:goodwill", "$0.00", "$1.00", "$0.00", "$1.00"]
    assert shown() == [by_hand, [PROGRAM, "$0.00", "$7.00", "$0.00", "$7.00"]]
    desk.approve([P1], "bob")
    desk.export(DAY, {("PARTNER", "P1"): Payee(ESCAPE, has_tax_form=True)}, None, "cid")
    assert shown() == [by_hand, [PROGRAM, "$0.00", "$7.00", "$7.00", "$0.00"]]
    desk.fail([P1], "cid", "closed account", DAY)
    assert shown() == [by_hand, [PROGRAM, "$0.00", "$7.00", "$0.00", "$7.00"]]
    owed(ledger, "2026-01-16")
    assert shown() == [by_hand]


def granted(desk: Payouts, partner: str, instrument: str) -> None:
    """Grants a partner 1.00, asked for by ann and approved by bob."""
    adjustments = Adjustments(desk._engine)
    asked = Request("GRANT", "goodwill", "PARTNER", partner, instrument, 100, "outage", "mail.txt", "0" * 64)
    adjustments.approve([adjustments.ask(asked, "ann").adjustment_id], "bob", DAY)


def test_who_pays_is_named_by_more_than_blanks(desk: Payouts, monkeypatch: pytest.MonkeyPatch) -> None:
    for part, told in (("NAME", " Marketplace Inc. "), ("ACCOUNT", "000123"), ("AGENT", "BANKUS33 ")):
        monkeypatch.setenv(f"INCENTIVES_DEBTOR_{part}", told)
    assert Settings.from_environment().debtor == ("Marketplace Inc.", "000123", "BANKUS33")
    monkeypatch.setenv("INCENTIVES_DEBTOR_NAME", " ")
    with pytest.raises(SettingsError, match="some are set: set all"):
        Settings.from_environment()
