"""Adjustments by hand: money granted or charged for a reason, with evidence, by two people (rulebook, sections 3 and 4).

One asks, another approves, and the approval posts a MANUAL posting in the same transaction. Does not belong here: awards, which
no adjustment ever touches.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, func, insert, select

from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.accounts import MANUAL_PREFIX, account
from orchestration.ledger.append import append
from orchestration.ledger.chain import NO_TERMS, hash_of
from orchestration.ledger.entries import (
    BENEFICIARY_TYPES,
    CHARGE,
    GRANT,
    INSTRUMENTS,
    MANUAL,
    MAX_CENTS,
    SIDES,
    Movement,
)
from orchestration.ledger.ledger import head_of, last_day
from orchestration.ledger.people import person, same_person
from orchestration.ledger.postings import day_of
from orchestration.ledger.store import open_engine, reading, rows_of, writing
from orchestration.ledger.tables import ADJUSTMENT_DECISIONS, ADJUSTMENTS, ENTRIES, POSTINGS

COMPONENT: Final = "adjustment"
"""The component of an adjustment's key, whose period is the day of its posting and whose subject is its id."""

_REASON: Final = re.compile(r"[a-z][a-z0-9_-]{0,40}")


class Request(NamedTuple):
    """What somebody asks for: GRANT or CHARGE, why in one word and in a sentence, whose money, cents > 0, and the evidence."""

    entry_type: str
    reason: str
    beneficiary_type: str
    beneficiary_id: str
    instrument: str
    amount_cents: int
    note: str
    evidence_name: str
    evidence_sha256: str


class Adjustment(NamedTuple):
    """One adjustment: who asked for it, and what was decided (APPROVED, REJECTED, or None while nobody did)."""

    adjustment_id: str
    request: Request
    requested_by: str
    decision: str | None
    decided_by: str | None
    posting_no: int | None


class Adjustments:
    """The adjustments of one ledger; holds no connection between calls."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Adjustments:
        """The adjustments of the ledger at a SQLAlchemy URL."""
        return cls(open_engine(url))

    def ask(self, request: Request, by: str) -> Adjustment:
        """Records one request, as ``ask_all`` does."""
        return self.ask_all([request], by)[0]

    def ask_all(self, requests: Sequence[Request], by: str) -> list[Adjustment]:
        """Records requests, all or none; each as it stands now. SettingsError naming what of one cannot be.

        The same request of the same person, while nobody decided it, is that one: its answer may have been lost.
        """
        for request in requests:
            require_request(request)
        name = person(by)
        with writing(self._engine) as connection:
            standing = _adjustments(connection)
            waiting = {
                one.request: one.adjustment_id for one in standing if (one.requested_by, one.decision) == (name, None)
            }
            new = [request for request in dict.fromkeys(requests) if request not in waiting]
            waiting |= zip(new, _record(connection, new, len(standing), name), strict=True)
            return _these(connection, [waiting[request] for request in requests])

    def approve(self, adjustment_ids: Sequence[str], by: str, day: date) -> list[Adjustment]:
        """Posts adjustments, a posting each, all or none; RefusedError where one was decided already, or the same person asked."""
        name = person(by)
        with writing(self._engine) as connection:
            as_of = last_day(connection, day)
            for found in _undecided(connection, adjustment_ids, "APPROVED", name):
                for why in own([found], name).values():
                    raise RefusedError(why)
                posted = append(
                    connection,
                    head_of(connection),
                    kind=MANUAL,
                    as_of=as_of,
                    inputs_hash=inputs_hash_of(found, name),
                    terms_hash=NO_TERMS,
                    movements=[movement_of(found, as_of)],
                )
                _decide(connection, found.adjustment_id, "APPROVED", name, posted.posting_no)
            return _these(connection, adjustment_ids)

    def reject(self, adjustment_id: str, by: str) -> Adjustment:
        """Ends a request that nobody decided yet; nothing is posted."""
        name = person(by)
        with writing(self._engine) as connection:
            for found in _undecided(connection, [adjustment_id], "REJECTED", name):
                _decide(connection, found.adjustment_id, "REJECTED", name, None)
        return self.one(adjustment_id)

    def all(self) -> list[Adjustment]:
        """Every adjustment, in the order in which they were asked for."""
        with reading(self._engine) as connection:
            return _adjustments(connection)

    def these(self, adjustment_ids: Sequence[str]) -> list[Adjustment]:
        """Adjustments by their ids, each once; SettingsError naming one that is not there."""
        with reading(self._engine) as connection:
            return _these(connection, adjustment_ids)

    def one(self, adjustment_id: str) -> Adjustment:
        """One adjustment; SettingsError where there is none of that id."""
        return self.these([adjustment_id])[0]

    def faults(self) -> list[str]:
        """What is wrong with adjustments, a sentence each; nothing where requests, decisions and entries agree."""
        with reading(self._engine) as connection:
            return list(_faults(connection))


def evidence_of(content: bytes) -> str:
    """The hash by which a file of evidence is known: SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def own(waiting: Iterable[Adjustment], by: str) -> dict[str, str]:
    """The adjustments that this person asked for, and so cannot approve: id → why."""
    return {
        one.adjustment_id: f"{one.adjustment_id} was asked for by {one.requested_by}; somebody else must approve it"
        for one in waiting
        if same_person(one.requested_by, by)
    }


def movement_of(adjustment: Adjustment, as_of: date) -> Movement:
    """The one entry of an adjustment: a key of its own, which no award has."""
    request = adjustment.request
    program_id = MANUAL_PREFIX + request.reason
    whose = request.beneficiary_type, request.beneficiary_id
    debit, credit = (account(role, program_id, *whose) for role in SIDES[request.entry_type])
    return (
        request.entry_type,
        program_id,
        as_of.isoformat(),
        *whose,
        adjustment.adjustment_id,
        COMPONENT,
        request.instrument,
        None,
        debit,
        credit,
        request.amount_cents,
    )


def inputs_hash_of(adjustment: Adjustment, approved_by: str) -> str:
    """What a MANUAL posting rests on: the request with its evidence, and the two people."""
    told = [adjustment.adjustment_id, *adjustment.request, adjustment.requested_by, approved_by]
    return hash_of(told)


def require_request(request: Request) -> None:
    """SettingsError naming what of a request cannot be."""
    if request.entry_type not in (GRANT, CHARGE):
        raise SettingsError(f"{request.entry_type!r} is no adjustment; it is {GRANT} or {CHARGE}")
    if not _REASON.fullmatch(request.reason):
        raise SettingsError(f"the reason {request.reason!r} is no single word; write it as goodwill or correction")
    if request.beneficiary_type not in BENEFICIARY_TYPES or not request.beneficiary_id:
        raise SettingsError(f"a beneficiary is TYPE:ID, of type {', '.join(BENEFICIARY_TYPES)}")
    if request.instrument not in INSTRUMENTS:
        raise SettingsError(f"{request.instrument!r} is no instrument; it is one of {', '.join(INSTRUMENTS)}")
    if not 0 < request.amount_cents <= MAX_CENTS:
        raise SettingsError(
            f"an adjustment is a whole number of cents above 0 and at most {MAX_CENTS}, not {request.amount_cents}"
        )
    if not request.note:
        raise SettingsError("say what it is for: --note TEXT")
    if any("\ud800" <= sign <= "\udfff" for sign in request.beneficiary_id):
        raise SettingsError(f"{ascii(request.beneficiary_id)} is no id; write it as it was delivered")
    for text in (request.note, request.evidence_name):
        if text != text.strip() or not text.isprintable():
            raise SettingsError(f"{ascii(text)} begins or ends with a blank, or holds what cannot be printed")


def _adjustments(connection: Connection) -> list[Adjustment]:
    decisions = ADJUSTMENT_DECISIONS.c
    columns = [ADJUSTMENTS.c[name] for name in Request._fields]
    statement = (
        select(
            ADJUSTMENTS.c.adjustment_id,
            *columns,
            ADJUSTMENTS.c.requested_by,
            decisions.decision,
            decisions.by_name,
            decisions.posting_no,
        )
        .outerjoin(ADJUSTMENT_DECISIONS, decisions.adjustment_id == ADJUSTMENTS.c.adjustment_id)
        .order_by(func.length(ADJUSTMENTS.c.adjustment_id), ADJUSTMENTS.c.adjustment_id)
    )
    return [Adjustment(row[0], Request(*row[1:10]), *row[10:]) for row in rows_of(connection, statement)]


def _these(connection: Connection, adjustment_ids: Sequence[str]) -> list[Adjustment]:
    """Adjustments by their ids, each once; SettingsError naming one that is not there."""
    known = {adjustment.adjustment_id: adjustment for adjustment in _adjustments(connection)}
    for name in adjustment_ids:
        if name not in known:
            raise SettingsError(f"there is no adjustment {ascii(name)[1:-1]}; `incentives adjust list` names them")
    return [known[name] for name in dict.fromkeys(adjustment_ids)]


def _undecided(connection: Connection, adjustment_ids: Sequence[str], decision: str, by: str) -> Iterator[Adjustment]:
    """The adjustments that wait. One that the same person decided so already is done and left out."""
    for found in _these(connection, adjustment_ids):
        if found.decision is None:
            yield found
        elif (found.decision, found.decided_by) != (decision, by):
            raise RefusedError(f"{found.adjustment_id} was {found.decision} by {found.decided_by}; nothing was changed")


def _record(connection: Connection, requests: Sequence[Request], standing: int, by: str) -> list[str]:
    """Records requests under the ids that follow on those that stand; the ids."""
    names = [_name(number) for number, _ in enumerate(requests, standing + 1)]
    rows = [
        {**request._asdict(), "adjustment_id": name, "requested_by": by, "recorded_at": _now()}
        for name, request in zip(names, requests, strict=True)
    ]
    if rows:
        connection.execute(insert(ADJUSTMENTS), rows)
    return names


def _name(number: int) -> str:
    return f"adj-{number:06d}"


def _decide(connection: Connection, adjustment_id: str, decision: str, by: str, posting_no: int | None) -> None:
    values = {"adjustment_id": adjustment_id, "decision": decision, "by_name": by, "posting_no": posting_no}
    connection.execute(insert(ADJUSTMENT_DECISIONS).values(**values, recorded_at=_now()))


def _faults(connection: Connection) -> Iterator[str]:
    columns = POSTINGS.c.posting_no, POSTINGS.c.as_of, POSTINGS.c.inputs_hash
    manual = select(*columns).where(POSTINGS.c.kind == MANUAL)
    postings = {row[0]: (day_of(row[1]), row[2]) for row in rows_of(connection, manual)}
    names = [column for column in ENTRIES.c if column.name not in ("entry_no", "posting_no")]
    entries: dict[int, list[tuple[object, ...]]] = {}
    for row in rows_of(
        connection, select(ENTRIES.c.posting_no, *names).where(ENTRIES.c.entry_type.in_((GRANT, CHARGE)))
    ):
        entries.setdefault(row[0], []).append(row[1:])
    for number, adjustment in enumerate(_adjustments(connection), 1):
        if adjustment.adjustment_id != _name(number):
            yield f"{_name(number)} is missing, and {adjustment.adjustment_id} stands there: a request was taken away"
            return
        if adjustment.decision != "APPROVED":
            continue
        if adjustment.request.entry_type not in (GRANT, CHARGE):
            yield f"{adjustment.adjustment_id} is neither {GRANT} nor {CHARGE}: it was changed"
            continue
        as_of, inputs_hash = postings.pop(adjustment.posting_no or 0, (None, ""))
        if as_of is None:
            yield f"{adjustment.adjustment_id} was approved, and its posting {adjustment.posting_no} is missing"
        elif entries.get(adjustment.posting_no or 0) != [movement_of(adjustment, as_of)]:
            yield f"posting {adjustment.posting_no} does not move what {adjustment.adjustment_id} says"
        elif inputs_hash != inputs_hash_of(adjustment, adjustment.decided_by or ""):
            yield f"posting {adjustment.posting_no} rests on other words, evidence or people than {adjustment.adjustment_id}"
        elif same_person(adjustment.requested_by, adjustment.decided_by or ""):
            yield f"{adjustment.adjustment_id} was asked for and approved by {adjustment.decided_by}"
    for posting_no in postings:
        yield f"posting {posting_no} is MANUAL, and no adjustment stands for it"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
