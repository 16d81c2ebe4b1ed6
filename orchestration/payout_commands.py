"""``incentives payouts``: its arguments, and what it prints. No logic of its own (PUBLIC, Command line; rulebook 4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestration.errors import SettingsError
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.payouts.proposals import Proposal, Unpaid
    from orchestration.payouts.records import Payout

payouts_app = typer.Typer(no_args_is_help=True, help="Proposing, approving and paying what is payable.")
console = Console(highlight=False, soft_wrap=True)

By = Annotated[str, typer.Option("--by", help="who does it")]
Reason = Annotated[str, typer.Option("--reason", help="why")]
Ids = Annotated[list[str] | None, typer.Argument(help="payout ids, as `payouts list` names them")]
All = Annotated[bool, typer.Option("--all", help="all that can take this step")]


@payouts_app.command("propose")
def propose(by: By) -> None:
    """Proposes a payout of every balance that can be paid, as of the last processed day."""
    from orchestration.payout_desk import propose as propose_now
    from orchestration.payouts.proposals import Proposal, Unpaid

    day, decisions = propose_now(Settings.from_environment(), by)
    new = [decision for decision in decisions if isinstance(decision, Proposal)]
    console.print(f"{day}: {len(new)} payouts proposed by {_plain(by)}{_totals(new)}")
    for one in new:
        console.print(f"  {one.payout_id}  {_dollars(one.amount_cents)}  to {_plain(one.payee_id)}")
    console.print(_unpaid_table([one for one in decisions if isinstance(one, Unpaid)]))


@payouts_app.command("list")
def list_payouts(state: Annotated[str | None, typer.Option(help="only those in this state")] = None) -> None:
    """Every payout with its state and who took the last step, and the balances that get none, with the reason."""
    from orchestration.ledger.payout_states import STATES
    from orchestration.payout_desk import payouts_of, unpaid

    if state is not None and state.upper() not in STATES:
        raise SettingsError(f"{ascii(state)} is no state of a payout; the states are {', '.join(STATES)}")
    settings = Settings.from_environment()
    payouts = payouts_of(settings).payouts()
    console.print(_table(one for one in payouts if state is None or one.state == state.upper()))
    if state is None:
        console.print(_unpaid_table(unpaid(settings)))


@payouts_app.command("approve")
def approve(by: By, payout_ids: Ids = None, every: All = False) -> None:
    """Approves payouts, all or none of them; somebody other than the proposer must."""
    from orchestration.ledger.payout_states import PROPOSED
    from orchestration.payout_desk import payouts_to_change

    settings = Settings.from_environment()
    chosen = _chosen(settings, payout_ids, every, (PROPOSED,))
    console.print(_table(payouts_to_change(settings).approve(chosen, by)))


@payouts_app.command("export")
def export(by: By) -> None:
    """Pays every approved payout by one PAY posting, and writes its files; again, the same files where one is missing."""
    from orchestration.payout_desk import export as export_now
    from orchestration.payouts.exports import folder_of

    settings = Settings.from_environment()
    done, written = export_now(settings, by)
    for payout_id, reason in done.cancelled:
        console.print(
            f"{payout_id} was cancelled: {_plain(reason)}; what is payable then is proposed on the next payout day"
        )
    if done.posting_no is None:
        none = "nothing that was approved could be paid" if done.cancelled else "nothing was approved"
        console.print(f"{none}, so nothing was paid")
        # Whoever says it again, since the words of an export were lost, must not take it for unpaid.
        if not written and (folders := sorted(settings.payouts.glob("export-*"))):
            console.print(f"the last export is in {folders[-1]}: send it only if it was never sent", markup=False)
    else:
        console.print(f"export {done.posting_no}: {len(done.paid)} payouts{_totals(done.paid)}")
    for path in written:
        is_new = path.parent == folder_of(settings, done.posting_no or 0)
        earlier = "" if is_new else "  (of an earlier export, written again: send it only if it was never sent)"
        console.print(f"  {path}{earlier}", markup=False)


@payouts_app.command("settle")
def settle(by: By, payout_ids: Ids = None, every: All = False) -> None:
    """Records that the money of exported payouts arrived."""
    from orchestration.ledger.payout_states import EXPORTED
    from orchestration.payout_desk import payouts_to_change

    settings = Settings.from_environment()
    chosen = _chosen(settings, payout_ids, every, (EXPORTED,))
    console.print(_table(payouts_to_change(settings).settle(chosen, by)))


@payouts_app.command("fail")
def fail(by: By, reason: Reason, payout_ids: Ids = None) -> None:
    """Records that the money of exported payouts came back, and posts it as payable again."""
    from orchestration.payout_desk import fail as fail_now

    console.print(_table(fail_now(Settings.from_environment(), _ids(payout_ids), by, reason)))


@payouts_app.command("cancel")
def cancel(by: By, reason: Reason, payout_ids: Ids = None, every: All = False) -> None:
    """Takes back payouts that are not exported yet; their balance is proposed anew on the next payout day."""
    from orchestration.ledger.payout_states import OPEN
    from orchestration.payout_desk import payouts_to_change

    settings = Settings.from_environment()
    chosen = _chosen(settings, payout_ids, every, OPEN)
    console.print(_table(payouts_to_change(settings).cancel(chosen, by, reason)))


def _chosen(settings: Settings, payout_ids: list[str] | None, every: bool, states: Collection[str]) -> list[str]:
    """The payouts that somebody named, or all in the states before the step."""
    from orchestration.payout_desk import payouts_in

    if every and payout_ids:
        raise SettingsError("name payouts or say --all, not both")
    return payouts_in(settings, states) if every else _ids(payout_ids)


def _ids(payout_ids: list[str] | None) -> list[str]:
    if not payout_ids:
        raise SettingsError("name at least one payout; `incentives payouts list` names them")
    return payout_ids


def _table(payouts: Iterable[Payout]) -> Table:
    table = Table(title="payouts")
    for name in ("payout", "amount", "to", "state", "by", "why"):
        table.add_column(name, justify="right" if name == "amount" else "left", overflow="fold")
    for payout in payouts:
        state, last = payout.state, payout.steps[-1]
        row = (payout.payout_id, _dollars(payout.amount_cents), payout.payee_id, state, last.by_name, last.reason)
        table.add_row(*map(_plain, row))
    return table


def _totals(payouts: Iterable[Payout | Proposal]) -> str:
    """What payouts come to, each instrument by itself: they are never added together (rulebook)."""
    sums: dict[str, int] = {}
    for payout in payouts:
        sums[payout.owner.instrument] = sums.get(payout.owner.instrument, 0) + payout.amount_cents
    return "".join(f", {_dollars(cents)} {instrument}" for instrument, cents in sorted(sums.items()))


def _unpaid_table(unpaid: Iterable[Unpaid]) -> Table:
    table = Table(title="balances without a payout")
    for name in ("beneficiary", "instrument", "balance", "held", "reason"):
        table.add_column(name, justify="right" if name == "balance" else "left", overflow="fold")
    for one in unpaid:
        kind, beneficiary, instrument = one.owner
        held = "HELD" if one.is_held else ""
        table.add_row(
            _plain(f"{kind}:{beneficiary}"), instrument, _dollars(one.balance_cents), held, _plain(one.reason)
        )
    return table


def _plain(text: str) -> str:
    """Text of others for the terminal: no markup, and nothing that moves the cursor or turns the writing round."""
    from rich.markup import escape

    from orchestration.explanation import plain

    return escape(plain(text).plain)


def _dollars(cents: int) -> str:
    from orchestration.explanation import dollars

    return dollars(cents)
