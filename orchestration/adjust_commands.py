"""``incentives adjust``: its arguments, and what it prints. No logic of its own (rulebook 3, MANUAL postings)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from orchestration.errors import RefusedError, SettingsError
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.ledger.adjustments import Adjustment

adjust_app = typer.Typer(
    no_args_is_help=True, help="Money granted or charged by hand: one person asks, another approves."
)
console = Console(highlight=False, soft_wrap=True)

By = Annotated[str, typer.Option("--by", help="who does it")]
Whose = Annotated[str, typer.Argument(metavar="TYPE:ID", help="the beneficiary, as PARTNER:p1")]
Dollars = Annotated[str, typer.Argument(metavar="AMOUNT", help="dollars and cents, as 25.00")]
Instrument = Annotated[
    str | None,
    typer.Option(help="CASH, AD_CREDIT or SHOP_CREDIT; where none is said, SHOP_CREDIT for members, else CASH"),
]
Reason = Annotated[str, typer.Option(help="one word, as goodwill or correction")]
Note = Annotated[str, typer.Option(help="what it is for, in a sentence")]
Evidence = Annotated[Path, typer.Option(help="the file that shows why; its hash is kept in the ledger")]


@adjust_app.command("grant")
def grant(
    whose: Whose,
    amount: Dollars,
    reason: Reason,
    note: Note,
    evidence: Evidence,
    by: By,
    instrument: Instrument = None,
) -> None:
    """Asks for money to be granted to a beneficiary."""
    _ask("GRANT", whose, amount, reason, note, evidence, by, instrument)


@adjust_app.command("charge")
def charge(
    whose: Whose,
    amount: Dollars,
    reason: Reason,
    note: Note,
    evidence: Evidence,
    by: By,
    instrument: Instrument = None,
) -> None:
    """Asks for money to be charged to a beneficiary."""
    _ask("CHARGE", whose, amount, reason, note, evidence, by, instrument)


@adjust_app.command("charge-lost")
def charge_lost(
    kept: Annotated[
        Path, typer.Argument(metavar="KEPT", help="the `payouts` folder that was kept, with export-... in it")
    ],
    by: By,
) -> None:
    """Asks to charge what was paid and a restored ledger no longer knows: every payment of the kept exports that it lacks, once."""
    from orchestration.payout_desk import charge_lost as charge_lost_now

    charges = charge_lost_now(Settings.from_environment(), kept, by)
    for charge in charges:
        _tell(charge)
    if not charges:
        console.print(
            "the ledger has all of these exports: nothing is to be charged, but by hand what was paid twice, or arrived after all "
            "though the ledger says that it came back"
        )


@adjust_app.command("approve")
def approve(
    by: By,
    adjustment_ids: Annotated[list[str] | None, typer.Argument(help="as `adjust list` names them")] = None,
    all_of: Annotated[
        str | None, typer.Option(metavar="REASON", help="all of one reason that wait, but your own")
    ] = None,
) -> None:
    """Posts adjustments, all or none of them; somebody other than the one who asked must."""
    from orchestration.explanation import plain
    from orchestration.payout_desk import approve_adjustments, approve_all_of

    if (all_of is None) == (not adjustment_ids):
        raise SettingsError("name adjustments, as `incentives adjust list` does, or say --all-of REASON")
    settings = Settings.from_environment()
    done, left = (
        (approve_adjustments(settings, adjustment_ids, by), {})
        if adjustment_ids
        else approve_all_of(settings, all_of or "", by)
    )
    for adjustment in done:
        _tell(adjustment)
    for why in dict.fromkeys(left.values()):
        console.print(plain(f"left: {why}"))
    if left and not done:
        raise RefusedError("nothing was approved, since all that wait were left")


@adjust_app.command("reject")
def reject(adjustment_id: Annotated[str, typer.Argument()], by: By) -> None:
    """Ends a request; nothing is posted."""
    from orchestration.payout_desk import reject_adjustment

    _tell(reject_adjustment(Settings.from_environment(), adjustment_id, by))


@adjust_app.command("list")
def list_adjustments() -> None:
    """Every adjustment, with who asked for it and who decided."""
    from orchestration.payout_desk import adjustments_of

    for adjustment in adjustments_of(Settings.from_environment()).all():
        _tell(adjustment)


def _ask(
    entry_type: str, whose: str, amount: str, reason: str, note: str, evidence: Path, by: str, instrument: str | None
) -> None:
    from orchestration.ledger.adjustments import Request, evidence_of
    from orchestration.payout_desk import ask_adjustment

    kind, _, beneficiary = whose.partition(":")
    if not evidence.is_file():
        raise SettingsError(f"{evidence} is no file; name the file that shows why")
    shown = evidence.read_bytes()
    if not shown:
        raise SettingsError(f"{evidence} is empty, and shows nobody why; name the file that does")
    request = Request(
        entry_type,
        reason,
        kind,
        beneficiary,
        instrument or ("SHOP_CREDIT" if kind == "MEMBER" else "CASH"),  # members have no bank account
        _cents(amount),
        " ".join(note.split()),
        evidence.name,
        evidence_of(shown),
    )
    _tell(ask_adjustment(Settings.from_environment(), request, by))


def _cents(amount: str) -> int:
    """Dollars and cents as people write them, in cents; SettingsError where they are no such thing."""
    found = re.fullmatch(r"([0-9]{1,18})(?:\.([0-9]{2}))?", amount)
    if found is None:
        raise SettingsError(f"{ascii(amount[:40])} is no amount; write dollars and cents, as 25.00")
    return int(found[1]) * 100 + int(found[2] or 0)


def _tell(adjustment: Adjustment) -> None:
    from orchestration.explanation import dollars, plain

    request = adjustment.request
    decided = f"{adjustment.decision} by {adjustment.decided_by}" if adjustment.decision else "awaits another person"
    posted = f", posting {adjustment.posting_no}" if adjustment.posting_no else ""
    console.print(
        plain(
            f"{adjustment.adjustment_id}: {request.entry_type} {dollars(request.amount_cents)} {request.instrument} "
            f"{request.beneficiary_type}:{request.beneficiary_id}, {request.reason} ({request.note}), "
            f"asked for by {adjustment.requested_by} on {request.evidence_name} (SHA-256 {request.evidence_sha256}); "
            f"{decided}{posted}"
        )
    )
