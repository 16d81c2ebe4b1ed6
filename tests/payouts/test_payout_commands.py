"""What the commands of payouts and adjustments answer to words that nobody should say: one line, a code, nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from ledger_by_hand import PAYEES, desk_of, final, owed

from orchestration import payout_desk
from orchestration.command_line import app, exit_code
from orchestration.errors import RefusedError
from orchestration.ledger.adjustments import Adjustments
from orchestration.ledger.ledger import Ledger
from orchestration.payout_desk import anchors
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Payee
from orchestration.settings import Settings

DAY = date(2026, 1, 15)
P1 = "PARTNER:P1|AD_CREDIT|2026-01-15"
ESCAPE = "\x1b\x07[/b]"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Payouts:
    """A home with a ledger that owes P1 7.00 of credit, proposed by ann."""
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path))
    ledger = Ledger.open(Settings.from_environment().ledger_url)
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


@pytest.mark.parametrize("amount", ["9" * 5_000, "9" * 17, "1e3", "-1.00", "1.0", ".50", "१.00", "0.00", ""])
def test_an_amount_that_is_none_is_refused_in_one_line(
    desk: Payouts, answer: Answer, tmp_path: Path, amount: str
) -> None:
    code, _, line = answer("adjust", "grant", *why(tmp_path), "--", "PARTNER:P1", amount)
    assert code == 2 and line.count("\n") == 1 and len(line) < 300


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
    assert code == 0 and "0 payouts proposed by [/b] ann, $0.00" in shown


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"posting_no": 1}', b"\xff"], ids=repr)
def test_a_broken_record_of_the_head_is_named(desk: Payouts, content: bytes) -> None:
    settings = Settings.from_environment()
    settings.payouts.mkdir()
    (settings.payouts / "ledger_head.json").write_bytes(content)
    with pytest.raises(RefusedError, match=r"ledger_head.json is not the head"):
        anchors(settings)
