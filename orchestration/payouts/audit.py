"""Auditing payouts: what they hold, who stood for them, what was posted and handed out for them (rulebook, sections 3 and 4).

Reads only, trusts no stored figure, and names what is wrong in sentences. Does not belong here: the chain itself
(``orchestration.ledger.audit``), and files on disk (``exports``).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, case, cast, func, select

from orchestration.ledger.chain import hash_of
from orchestration.ledger.entries import PAY, RETURN
from orchestration.ledger.payout_states import APPROVED, EXPORTED, FAILED, NEXT_STATES, OPEN, POSTED_BY, PROPOSED
from orchestration.ledger.people import same_person
from orchestration.ledger.store import rows_of
from orchestration.ledger.tables import ENTRIES, PAYOUT_FILES, PAYOUT_LINES, PAYOUT_STATES, PAYOUTS, POSTINGS, WHOLE
from orchestration.payouts.proposals import Line, Owner, payout_id
from orchestration.payouts.records import PAYABLE_SIGNS, Payout, payouts_where


class _Payment(NamedTuple):
    owner: Owner
    amount_cents: int
    posting_no: int


def inputs_hash_of_pay(paid: Iterable[tuple[Payout, *tuple[str, ...]]], file_hashes: Mapping[str, str]) -> str:
    """What a PAY posting rests on: every payout with payee, lines and people, who paid it among them, and the files' bytes."""
    told = [
        [
            payout.payout_id,
            *payout.owner,
            payout.day.isoformat(),
            payout.payee_id,
            payout.amount_cents,
            [list(line) for line in payout.lines],
            [[step.state, step.by_name] for step in payout.steps if step.state in OPEN],
            *payer,
        ]
        for payout, *payer in sorted(paid)
    ]
    return hash_of([told, sorted(file_hashes.items())])


def inputs_hash_of_fail(told: Iterable[tuple[str, str, str]]) -> str:
    """What a RETURN posting rests on: each payout, who says that its money came back, and why."""
    return hash_of(sorted(list(one) for one in told))


def payout_faults(connection: Connection) -> Iterator[str]:
    """What is wrong with payouts, a sentence each; nothing where all agrees. Memory grows with payouts and their lines."""
    payouts = payouts_where(connection)
    by_posting: defaultdict[int, list[Payout]] = defaultdict(list)
    for payout in payouts:
        for step in payout.steps:
            if step.posting_no is not None:
                by_posting[step.posting_no].append(payout)
    yield from _orphan_faults(connection, payouts)
    yield from _payment_faults(connection, payouts)
    yield from _step_faults(connection, payouts)
    yield from _line_faults(connection, payouts)
    yield from _posting_faults(connection, by_posting)


def _orphan_faults(connection: Connection, payouts: list[Payout]) -> Iterator[str]:
    """Whether every state and line is of a payout that stands."""
    known = {payout.payout_id for payout in payouts}
    for table, what in ((PAYOUT_STATES, "states"), (PAYOUT_LINES, "lines")):
        found = {row[0] for row in rows_of(connection, select(table.c.payout_id).distinct())}
        for name in sorted(found - known):
            yield f"{what} of {name} stand there, and there is no such payout"


def _payment_faults(connection: Connection, payouts: list[Payout]) -> Iterator[str]:
    """Whether each payout has the PAY and RETURN entries that its states say, of its amount and owner, and no entry is alone."""
    columns = [ENTRIES.c[name] for name in ("payout_id", "entry_type", *Owner._fields, "amount_cents", "posting_no")]
    rows = rows_of(connection, select(*columns).where(ENTRIES.c.payout_id.is_not(None)))
    standing: dict[tuple[str, str], _Payment] = {}
    for name, kind, *rest in rows:
        if (name, kind) in standing:
            yield f"the ledger has more than one {kind} entry of {name}"
        standing[name, kind] = _Payment(Owner(*rest[:3]), rest[3], rest[4])
    for payout in payouts:
        for state, kind in POSTED_BY.items():
            step = payout.step(state)
            wanted = step and _Payment(payout.owner, payout.amount_cents, step.posting_no or 0)
            found = standing.pop((payout.payout_id, kind), None)
            if found != wanted:
                yield f"{payout.payout_id} wants the {kind} entry {_told(wanted)}, and the ledger has {_told(found)}"
    for name, kind in standing:
        yield f"the ledger has a {kind} entry of {name}, and there is no such payout"


def _step_faults(connection: Connection, payouts: list[Payout]) -> Iterator[str]:
    """Whether each payout went the way that payouts go, by the right people, one at a time for each owner."""
    rows = rows_of(connection, select(PAYOUT_STATES.c.payout_id, func.count()).group_by(PAYOUT_STATES.c.payout_id))
    counts = {row[0]: row[1] for row in rows}
    waiting: Counter[Owner] = Counter()
    for payout in payouts:
        states = [step.state for step in payout.steps]
        pairs = zip(states, states[1:], strict=False)
        if (
            states[:1] != [PROPOSED]
            or counts[payout.payout_id] != len(states)
            or not all(after in NEXT_STATES.get(before, ()) for before, after in pairs)
        ):
            yield f"{payout.payout_id} went through {', '.join(states) or 'no state'}, which is no life of a payout"
            continue
        approval = payout.step(APPROVED)
        if approval and same_person(approval.by_name, payout.steps[0].by_name):
            yield f"{payout.payout_id} was proposed and approved by {approval.by_name}"
        if payout.payout_id != payout_id(payout.owner, payout.day):
            yield f"{payout.payout_id} is of {' '.join(payout.owner)} and {payout.day}, which its name does not say"
        waiting[payout.owner] += payout.state in OPEN
    for owner, count in waiting.items():
        if count > 1:
            yield f"{' '.join(owner)} has {count} payouts that await a decision"


def _line_faults(connection: Connection, payouts: list[Payout]) -> Iterator[str]:
    """Whether each payout is the sum of its lines, and they are what was payable and in no standing payout when it was proposed."""
    earned = _earned(connection)
    of_owner: defaultdict[Owner, list[Payout]] = defaultdict(list)
    for payout in payouts:
        of_owner[payout.owner].append(payout)
    for payout in payouts:
        total = sum(line.amount_cents for line in payout.lines)
        if total != payout.amount_cents:
            yield f"{payout.payout_id} is of {payout.amount_cents} cents and its lines sum to {total}"
        cents: Counter[tuple[str, str, str, str]] = Counter()
        for posting_no, line in earned.get(payout.owner, ()):
            if posting_no <= payout.head_posting_no:
                cents[line[:4]] += line.amount_cents
        for other in of_owner[payout.owner]:
            if other is not payout and _stood_paid(other, payout.head_posting_no):
                for line in other.lines:
                    cents[line[:4]] -= line.amount_cents
        # As sets, since an edited entry may lack what lines are in order of.
        if {Line(*key, amount) for key, amount in cents.items() if amount} != set(payout.lines):
            yield f"the lines of {payout.payout_id} are not what was payable after posting {payout.head_posting_no}"


def _stood_paid(payout: Payout, posting_no: int) -> bool:
    """Whether a payout was paid and not returned as of a posting."""
    paid, returned = payout.step(EXPORTED), payout.step(FAILED)
    return (
        paid is not None
        and (paid.posting_no or 0) <= posting_no
        and (returned is None or (returned.posting_no or 0) > posting_no)
    )


def _earned(connection: Connection) -> dict[Owner, list[tuple[int, Line]]]:
    """What each posting made payable or took back under each key, of the owners that have a payout."""
    names = (*Owner._fields, "posting_no", "program_id", "period", "subject_id", "component")
    columns = [ENTRIES.c[name] for name in names]
    signs = {name: sign * ENTRIES.c.amount_cents for name, sign in PAYABLE_SIGNS.items()}
    owners = select(*(PAYOUTS.c[name] for name in Owner._fields)).distinct().subquery("owners")
    joined = ENTRIES.join(
        owners,
        (owners.c.beneficiary_type == ENTRIES.c.beneficiary_type)
        & (owners.c.beneficiary_id == ENTRIES.c.beneficiary_id)
        & (owners.c.instrument == ENTRIES.c.instrument),
    )
    statement = (
        select(*columns, cast(func.sum(case(signs, value=ENTRIES.c.entry_type, else_=0)), WHOLE))
        .select_from(joined)
        .where(ENTRIES.c.entry_type.in_(tuple(PAYABLE_SIGNS)))
        .group_by(*columns)
    )
    found: defaultdict[Owner, list[tuple[int, Line]]] = defaultdict(list)
    for row in rows_of(connection, statement):
        found[Owner(*row[:3])].append((row[3], Line(*row[4:])))
    return found


def _posting_faults(connection: Connection, by_posting: Mapping[int, list[Payout]]) -> Iterator[str]:
    """Whether what PAY and RETURN postings say they rest on is what stands, and the stored files have their bytes."""
    hashes: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for row in rows_of(connection, select(PAYOUT_FILES)):
        hashes[row[0]][row[1]] = row[2]
        if hashlib.sha256(row[3]).hexdigest() != row[2]:
            yield f"the stored file {row[1]} of export {row[0]} no longer has its hash: it was changed"
    columns = POSTINGS.c.posting_no, POSTINGS.c.kind, POSTINGS.c.inputs_hash
    for posting_no, kind, inputs_hash in rows_of(
        connection, select(*columns).where(POSTINGS.c.kind.in_((PAY, RETURN)))
    ):
        payouts = by_posting.get(posting_no, [])
        if kind == PAY:
            paid = [(payout, step.by_name) for payout in payouts if (step := payout.step(EXPORTED))]
            files = hashes.pop(posting_no, {})
            # The first version told no payer. What it posted is in the chain, so nothing that was posted since passes for it.
            wanted = {inputs_hash_of_pay(paid, files), inputs_hash_of_pay([(payout,) for payout, _ in paid], files)}
        else:
            steps = [(payout.payout_id, payout.step(FAILED)) for payout in payouts]
            wanted = {inputs_hash_of_fail((name, step.by_name, step.reason) for name, step in steps if step)}
        if inputs_hash not in wanted:
            yield f"posting {posting_no} ({kind}) rests on other payouts, payees, people or files than stand there now"
    for posting_no in hashes:
        yield f"files are stored for export {posting_no}, which is no PAY posting"


def _told(payment: _Payment | None) -> str:
    if payment is None:
        return "none"
    return f"of {payment.amount_cents} cents to {' '.join(payment.owner)} in posting {payment.posting_no}"
