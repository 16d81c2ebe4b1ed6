"""The door to payouts: propose, approve, export, settle, fail, cancel, and read them (rulebook, section 4).

Each step is one transaction of the ledger's database, together with what it posts. Does not belong here: who is paid
(``proposals``), what the files look like (``payment_files``), and where they are put (``exports``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, func, insert, select

from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.accounts import account
from orchestration.ledger.append import append
from orchestration.ledger.chain import NO_TERMS, Head
from orchestration.ledger.entries import CHARGE, PAY, RETURN, SIDES, Movement
from orchestration.ledger.ledger import head_of, last_day
from orchestration.ledger.payout_states import APPROVED, CANCELLED, EXPORTED, FAILED, OPEN, PROPOSED, SETTLED
from orchestration.ledger.people import named, person, same_person
from orchestration.ledger.store import open_engine, reading, rows_of, writing
from orchestration.ledger.tables import (
    ADJUSTMENT_DECISIONS,
    ADJUSTMENTS,
    PAYOUT_FILES,
    PAYOUT_LINES,
    PAYOUT_STATES,
    PAYOUTS,
)
from orchestration.payouts.audit import inputs_hash_of_fail, inputs_hash_of_pay, payout_faults
from orchestration.payouts.lost_payments import LOST_PAYMENT, lost_payout
from orchestration.payouts.payment_files import Debtor, Payment, rendered
from orchestration.payouts.proposals import Owner, Payee, Proposal, Unpaid, decided, hold_reason, payee_of, payout_id
from orchestration.payouts.records import Payout, in_state, payable_balances, payable_lines, payouts_where

_LOST: Final = (
    select(*(ADJUSTMENTS.c[name] for name in Owner._fields), ADJUSTMENTS.c.note)
    .outerjoin(ADJUSTMENT_DECISIONS, ADJUSTMENT_DECISIONS.c.adjustment_id == ADJUSTMENTS.c.adjustment_id)
    .where(ADJUSTMENTS.c.entry_type == CHARGE, ADJUSTMENTS.c.reason == LOST_PAYMENT)
    .where(func.coalesce(ADJUSTMENT_DECISIONS.c.decision, "") != "REJECTED")
)
"""Whose payment a restored ledger lost, and the note that names its id, which the bank knows."""

_CAME_BACK: Final = {
    SETTLED: ": if its money came back, grant it by `incentives adjust grant`",
    CANCELLED: ": if it was charged as a lost payment and came back, grant it by `incentives adjust grant`",
}
"""What to do with money that came back of a payout that cannot fail any more, by its state."""

_AT_ONCE: Final = 10_000
"""Payouts that one statement asks for by name: SQLite takes 32,766 parameters."""


class Export(NamedTuple):
    """One export: the payouts that it paid, those that it cancelled with the reason; ``posting_no`` is None where none was paid."""

    posting_no: int | None
    paid: tuple[Payout, ...]
    cancelled: tuple[tuple[str, str], ...]


class Payouts:
    """The payouts of one ledger; holds no connection between calls."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Payouts:
        """The payouts of the ledger at a SQLAlchemy URL."""
        return cls(open_engine(url))

    def propose(self, day: date, payees: Mapping[tuple[str, str], Payee], by: str) -> list[Proposal | Unpaid]:
        """Proposes a payout of every balance that can be paid; all decisions, in the order of owners.

        Proposing again, on that day or another, adds nothing for owners whose payout awaits a decision.
        """
        name = named(by)
        with writing(self._engine) as connection:
            head = head_of(connection)
            decisions = list(decided(payable_lines(connection), payees, _taken(connection, day), day))
            made = [decision for decision in decisions if isinstance(decision, Proposal)]
            _write(connection, made, head.posting_no)
            _take(connection, [_step(proposal.payout_id, None, PROPOSED, name) for proposal in made])
        return decisions

    def unpaid(self, day: date, payees: Mapping[tuple[str, str], Payee]) -> list[Unpaid]:
        """The balances that would get no payout if it were proposed now, and why."""
        with reading(self._engine) as connection:
            decisions = decided(payable_lines(connection), payees, _taken(connection, day), day)
            return [decision for decision in decisions if isinstance(decision, Unpaid)]

    def approve(self, payout_ids: Sequence[str], by: str) -> list[Payout]:
        """Approves payouts, all or none; RefusedError where one is not proposed, or was proposed by the same person."""

        def check(payout: Payout, name: str) -> None:
            if same_person(payout.steps[0].by_name, name):
                raise RefusedError(f"{payout.payout_id} was proposed by {name}; somebody else must approve it")

        return self._advance(payout_ids, by, PROPOSED, APPROVED, check=check)

    def settle(self, payout_ids: Sequence[str], by: str) -> list[Payout]:
        """Records that the money of exported payouts arrived."""
        return self._advance(payout_ids, by, EXPORTED, SETTLED)

    def cancel(self, payout_ids: Sequence[str], by: str, reason: str) -> list[Payout]:
        """Takes back payouts that are not exported yet; their balance is proposed anew next time."""
        return self._advance(payout_ids, by, OPEN, CANCELLED, reason=_reason(reason))

    def fail(self, payout_ids: Sequence[str], by: str, reason: str, day: date) -> list[Payout]:
        """Records that the money of exported payouts came back: posts one RETURN of all of them."""
        name, why = person(by), _reason(reason)
        with writing(self._engine) as connection:
            chosen = _chosen(connection, payout_ids, (EXPORTED,), FAILED, name)
            if chosen:
                told = [(payout.payout_id, name, why) for payout in chosen]
                posted = _post(connection, RETURN, day, chosen, inputs_hash_of_fail(told))
                _take(
                    connection,
                    [_step(one.payout_id, EXPORTED, FAILED, name, why, posted.posting_no) for one in chosen],
                )
        return self.payouts(payout_ids)

    def export(self, day: date, payees: Mapping[tuple[str, str], Payee], debtor: Debtor | None, by: str) -> Export:
        """Pays every approved payout by one PAY posting and renders its files, in one transaction (rulebook 4).

        A payout whose balance fell below it, or whose payee changed or is held now, is cancelled and not paid. SettingsError
        where cash is to be paid and nobody is named who pays.
        """
        name = person(by)
        with writing(self._engine) as connection:
            approved = payouts_where(connection, in_state(APPROVED))
            balances = payable_balances(connection, [payout.owner for payout in approved])
            faults = {payout.payout_id: _fault(payout, balances[payout.owner], payees) for payout in approved}
            # The bank knows the id of a payment that a restored ledger lost, and would drop another one of it.
            lost = {lost_payout(row[3]) for row in rows_of(connection, _LOST)}
            faults |= dict.fromkeys(lost & faults.keys(), "charged as a lost payment; the next payout day has it")
            paid = tuple(payout for payout in approved if not faults[payout.payout_id])
            cancelled = tuple((payout_id, fault) for payout_id, fault in faults.items() if fault)
            _take(connection, [_step(payout_id, APPROVED, CANCELLED, name, fault) for payout_id, fault in cancelled])
            if not paid:
                return Export(None, (), cancelled)
            if debtor is None and any(payout.owner.instrument == "CASH" for payout in paid):
                raise SettingsError(
                    "cash is to be paid and nobody is named who pays: set INCENTIVES_DEBTOR_NAME, "
                    "INCENTIVES_DEBTOR_ACCOUNT and INCENTIVES_DEBTOR_AGENT"
                )
            head = head_of(connection)
            posting_no = head.posting_no + 1
            as_of = last_day(connection, day)
            files = rendered(head, as_of, [_payment(payout) for payout in paid], debtor or Debtor("", "", ""))
            hashes = {file: hashlib.sha256(content).hexdigest() for file, content in sorted(files.items())}
            _post(connection, PAY, as_of, paid, inputs_hash_of_pay([(payout, name) for payout in paid], hashes))
            _take(connection, [_step(one.payout_id, APPROVED, EXPORTED, name, "", posting_no) for one in paid])
            for file, content in files.items():
                values = {"posting_no": posting_no, "name": file, "sha256": hashes[file], "content": content}
                connection.execute(insert(PAYOUT_FILES).values(**values))
        return Export(posting_no, paid, cancelled)

    def payouts(self, payout_ids: Sequence[str] | None = None) -> list[Payout]:
        """All payouts, or these, in the order of their ids; SettingsError naming one that is not there."""
        with reading(self._engine) as connection:
            return payouts_where(connection) if payout_ids is None else _known(connection, payout_ids)

    def files(self) -> list[tuple[int, str, str, bytes]]:
        """Every file that was ever exported: posting, name, SHA-256, content."""
        with reading(self._engine) as connection:
            statement = select(PAYOUT_FILES).order_by(PAYOUT_FILES.c.posting_no, PAYOUT_FILES.c.name)
            return [(row[0], row[1], row[2], bytes(row[3])) for row in rows_of(connection, statement)]

    def faults(self) -> list[str]:
        """What is wrong with payouts, a sentence each; nothing where lines, states, entries and files agree."""
        with reading(self._engine) as connection:
            return list(payout_faults(connection))

    def _advance(
        self,
        payout_ids: Sequence[str],
        by: str,
        before: str | tuple[str, ...],
        after: str,
        *,
        reason: str = "",
        check: Callable[[Payout, str], None] = lambda _payout, _name: None,
    ) -> list[Payout]:
        name = person(by)
        with writing(self._engine) as connection:
            expected = (before,) if isinstance(before, str) else before
            chosen = _chosen(connection, payout_ids, expected, after, name)
            for payout in chosen:
                check(payout, name)
            _take(connection, [_step(one.payout_id, one.state, after, name, reason) for one in chosen])
        return self.payouts(payout_ids)


def _taken(connection: Connection, day: date) -> dict[Owner, str]:
    """Owners who can have no payout of a day: one awaits a decision, or that day's was made already."""
    made = payouts_where(connection, PAYOUTS.c.payout_day == day.isoformat())
    taken = {payout.owner: f"its payout of {day} was {payout.state}; the next payout day has it" for payout in made}
    waiting = payouts_where(connection, in_state(*OPEN))
    taken |= {
        Owner(
            *row[:3]
        ): f"its payout of {day} was made already and is charged as a lost payment; the next payout day has it"
        for row in rows_of(connection, _LOST)
        if lost_payout(row[3]) == payout_id(Owner(*row[:3]), day)
    }
    return taken | {payout.owner: f"{payout.payout_id} is {payout.state} and awaits a decision" for payout in waiting}


def _fault(payout: Payout, balance: int, payees: Mapping[tuple[str, str], Payee]) -> str:
    """Why an approved payout cannot be paid now; '' where it can."""
    payee = payee_of(payout.owner, payees)
    if balance < payout.amount_cents:
        return f"the balance fell to {balance} cents, below the payout's {payout.amount_cents}"
    if held := hold_reason(payout.owner, payee):
        return f"held since it was proposed: {held}"
    if payee.payee_id != payout.payee_id:
        return "the payee changed since it was proposed"
    return ""


def _chosen(
    connection: Connection, payout_ids: Sequence[str], expected: tuple[str, ...], after: str, name: str
) -> list[Payout]:
    """The payouts that have the step before them. One whose last step it was, by the same person, is done and left out."""
    chosen = []
    for payout in _known(connection, payout_ids):
        if payout.state in expected:
            chosen.append(payout)
        elif payout.state != after or payout.steps[-1].by_name != name:
            cure = _CAME_BACK.get(payout.state, "") if after == FAILED else ""
            raise RefusedError(
                f"{payout.payout_id} is {payout.state} (by {payout.steps[-1].by_name}) and cannot become {after}; "
                f"nothing was changed{cure}"
            )
    return chosen


def _known(connection: Connection, payout_ids: Sequence[str]) -> list[Payout]:
    # Ids are ASCII: what a terminal hands on of other bytes is asked of no database.
    wanted = sorted({name for name in payout_ids if name.isascii()})
    found: list[Payout] = []
    for start in range(0, len(wanted), _AT_ONCE):
        found += payouts_where(connection, PAYOUTS.c.payout_id.in_(wanted[start : start + _AT_ONCE]))
    if missing := set(payout_ids) - {payout.payout_id for payout in found}:
        raise SettingsError(f"there is no payout {ascii(min(missing))[1:-1]}; `incentives payouts list` names them")
    return found


def _write(connection: Connection, proposals: Sequence[Proposal], head_posting_no: int) -> None:
    headers = [
        {
            "payout_id": proposal.payout_id,
            **proposal.owner._asdict(),
            "payout_day": proposal.day.isoformat(),
            "payee_id": proposal.payee_id,
            "amount_cents": proposal.amount_cents,
            "head_posting_no": head_posting_no,
        }
        for proposal in proposals
    ]
    lines = [{"payout_id": one.payout_id, **line._asdict()} for one in proposals for line in one.lines]
    for table, rows in ((PAYOUTS, headers), (PAYOUT_LINES, lines)):
        if rows:
            connection.execute(insert(table), rows)


def _step(
    payout_id: str, before: str | None, after: str, by: str, reason: str = "", posting_no: int | None = None
) -> dict[str, Any]:
    """One step as its row."""
    return {
        "payout_id": payout_id,
        "state": after,
        "previous_state": before,
        "by_name": by,
        "reason": reason,
        "posting_no": posting_no,
        "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _take(connection: Connection, steps: Sequence[dict[str, Any]]) -> None:
    """Takes steps with one statement: one each takes ten times as long, and a payout day has tens of thousands."""
    if steps:
        connection.execute(insert(PAYOUT_STATES), steps)


def _post(connection: Connection, kind: str, day: date, payouts: Iterable[Payout], inputs_hash: str) -> Head:
    """Posts one entry a payout, in the order of payout ids."""
    return append(
        connection,
        head_of(connection),
        kind=kind,
        as_of=last_day(connection, day),
        inputs_hash=inputs_hash,
        terms_hash=NO_TERMS,
        movements=[_movement(kind, payout) for payout in sorted(payouts)],
    )


def _movement(kind: str, payout: Payout) -> Movement:
    beneficiary_type, beneficiary_id, instrument = payout.owner
    debit, credit = (account(role, None, beneficiary_type, beneficiary_id) for role in SIDES[kind])
    return (
        kind,
        None,
        None,
        beneficiary_type,
        beneficiary_id,
        "",
        None,
        instrument,
        payout.payout_id,
        debit,
        credit,
        payout.amount_cents,
    )


def _payment(payout: Payout) -> Payment:
    return Payment(payout.payout_id, *payout.owner, payout.payee_id, payout.amount_cents, payout.day)


def _reason(reason: str) -> str:
    told = " ".join(reason.split())
    if not told:
        raise SettingsError("say why: --reason TEXT")
    if not told.isprintable():
        raise SettingsError(f"the reason {ascii(told)} holds what cannot be printed: say it in plain words")
    return told
