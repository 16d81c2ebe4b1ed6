"""Payouts as they stand in the ledger's database: each with its lines and the states it went through.

Reads only, in the caller's transaction. Does not belong here: who may take a step (``payouts``), or who is paid (``proposals``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, case, cast, func, select

from orchestration.errors import RefusedError
from orchestration.ledger.entries import ADJUST, APPROVE, CHARGE, CLAWBACK, GRANT, PAY, RETURN
from orchestration.ledger.payout_states import STANDING
from orchestration.ledger.postings import day_of
from orchestration.ledger.store import rows_of
from orchestration.ledger.tables import ENTRIES, PAYOUT_LINES, PAYOUT_STATES, PAYOUTS, WHOLE
from orchestration.payouts.proposals import Line, Owner

PAYABLE_SIGNS: Final = {APPROVE: 1, ADJUST: 1, GRANT: 1, CLAWBACK: -1, CHARGE: -1}
"""Entry type → what it does to what is payable under its key; payments have no key."""

_PAID_SIGNS: Final = {PAY: -1, RETURN: 1}


class Step(NamedTuple):
    """One state that a payout reached: by whom, why, the posting that it stands with, when (UTC)."""

    state: str
    by_name: str
    reason: str
    posting_no: int | None
    recorded_at: str


class Payout(NamedTuple):
    """One payout: ``steps`` in the order in which they were taken; the last is its state. Amounts in cents."""

    payout_id: str
    owner: Owner
    day: date
    payee_id: str
    amount_cents: int
    head_posting_no: int
    lines: tuple[Line, ...]
    steps: tuple[Step, ...]

    @property
    def state(self) -> str:
        """Where it stands; RefusedError where it is in no state, as of no payout that was proposed here."""
        if not self.steps:
            raise RefusedError(f"{self.payout_id} is in no state: `incentives verify` says what was changed")
        return self.steps[-1].state

    def step(self, state: str) -> Step | None:
        """How it came to a state; None where it never did."""
        return next((step for step in self.steps if step.state == state), None)


def payouts_where(connection: Connection, *conditions: Any) -> list[Payout]:
    """The payouts that meet conditions on their table, in the order of their ids."""
    rows = rows_of(connection, select(PAYOUTS).where(*conditions).order_by(PAYOUTS.c.payout_id))
    headers = {row[0]: row for row in rows}
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    key = [PAYOUT_LINES.c[name] for name in ("payout_id", "program_id", "period", "subject_id", "component")]
    for found in rows_of(connection, _of(conditions, select(*key, PAYOUT_LINES.c.amount_cents), PAYOUT_LINES)):
        lines[found[0]].append(Line(*found[1:]))
    steps: defaultdict[str, dict[str | None, Step]] = defaultdict(dict)
    columns = [PAYOUT_STATES.c[name] for name in ("payout_id", "previous_state", *Step._fields)]
    for found in rows_of(connection, _of(conditions, select(*columns), PAYOUT_STATES)):
        steps[found[0]][found[1]] = Step(*found[2:])
    return [
        Payout(
            name,
            Owner(row[1], row[2], row[3]),
            day_of(row[4]),
            row[5],
            row[6],
            row[7],
            tuple(sorted(lines[name])),
            _in_order(steps[name]),
        )
        for name, row in headers.items()
    ]


def payable_lines(connection: Connection) -> dict[Owner, list[Line]]:
    """What is payable under each key and in no payout that stands, by owner; lines of 0 are left out."""
    cents: defaultdict[tuple[Owner, tuple[str, ...]], int] = defaultdict(int)
    for row in rows_of(connection, _earned()):
        cents[Owner(*row[:3]), row[3:7]] += row[7]
    key = [PAYOUT_LINES.c[name] for name in ("program_id", "period", "subject_id", "component")]
    owner = [PAYOUTS.c[name] for name in Owner._fields]
    spoken_for = (
        select(*owner, *key, cast(func.sum(PAYOUT_LINES.c.amount_cents), WHOLE))
        .join(PAYOUTS, PAYOUTS.c.payout_id == PAYOUT_LINES.c.payout_id)
        .join(_CURRENT, _CURRENT.c.payout_id == PAYOUTS.c.payout_id)
        .where(_CURRENT.c.state.in_(STANDING))
        .group_by(*owner, *key)
    )
    for row in rows_of(connection, spoken_for):
        cents[Owner(*row[:3]), row[3:7]] -= row[7]
    found: defaultdict[Owner, list[Line]] = defaultdict(list)
    for (whose, line_key), amount in sorted(cents.items()):
        if amount:
            found[whose].append(Line(line_key[0], line_key[1], line_key[2], line_key[3], amount))
    return found


def payable_balances(connection: Connection, owners: Iterable[Owner]) -> dict[Owner, int]:
    """What is on the payable accounts of these owners, in cents; 0 where no entry ever moved one."""
    wanted = dict.fromkeys(owners, 0)
    signs = {name: sign * ENTRIES.c.amount_cents for name, sign in (PAYABLE_SIGNS | _PAID_SIGNS).items()}
    columns = [ENTRIES.c[name] for name in Owner._fields]
    total = cast(func.sum(case(signs, value=ENTRIES.c.entry_type, else_=0)), WHOLE)
    for row in rows_of(connection, select(*columns, total).group_by(*columns)):
        if (owner := Owner(*row[:3])) in wanted:
            wanted[owner] = row[3]
    return wanted


def _earned() -> Select[Any]:
    names = (*Owner._fields, "program_id", "period", "subject_id", "component")
    columns = [ENTRIES.c[name] for name in names]
    signs = {name: sign * ENTRIES.c.amount_cents for name, sign in PAYABLE_SIGNS.items()}
    total = cast(func.sum(case(signs, value=ENTRIES.c.entry_type, else_=0)), WHOLE)
    return select(*columns, total).where(ENTRIES.c.entry_type.in_(tuple(PAYABLE_SIGNS))).group_by(*columns)


_LATER: Final = PAYOUT_STATES.alias("later_states")
_CURRENT: Final = (
    select(PAYOUT_STATES.c.payout_id, PAYOUT_STATES.c.state)
    .outerjoin(
        _LATER,
        (_LATER.c.payout_id == PAYOUT_STATES.c.payout_id) & (_LATER.c.previous_state == PAYOUT_STATES.c.state),
    )
    .where(_LATER.c.payout_id.is_(None))
    .subquery("current_states")
)


def in_state(*states: str) -> Any:
    """The condition that a payout stands in one of these states now."""
    return PAYOUTS.c.payout_id.in_(select(_CURRENT.c.payout_id).where(_CURRENT.c.state.in_(states)))


def _of(conditions: tuple[Any, ...], statement: Select[Any], table: Any) -> Select[Any]:
    return statement.join(PAYOUTS, PAYOUTS.c.payout_id == table.c.payout_id).where(*conditions)


def _in_order(steps: dict[str | None, Step]) -> tuple[Step, ...]:
    """Steps by the state before each, as the chain that they are."""
    found: list[Step] = []
    before: str | None = None
    while before in steps:
        found.append(steps[before])
        before = found[-1].state
    return tuple(found)
