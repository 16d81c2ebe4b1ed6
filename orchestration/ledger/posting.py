"""The posting rule: what to enter so that the ledger says what the awards say (rulebook, section 3).

Pure functions over awards and positions, both by key. Does not belong here: databases, Dagster, numbers and hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from orchestration.errors import RefusedError
from orchestration.ledger.accounts import account
from orchestration.ledger.entries import (
    ACCRUE,
    ADJUST,
    APPROVE,
    BENEFICIARY_TYPES,
    CLAWBACK,
    FINAL,
    INSTRUMENTS,
    MAX_CENTS,
    PROVISIONAL,
    RELEASE,
    SIDES,
    Award,
    AwardKey,
    Movement,
)


class Position(NamedTuple):
    """What is posted under one award key, in cents: pending, and approved less clawed back."""

    key: AwardKey
    pending: int
    approved: int


Pair = tuple[AwardKey, int, int, Award | None]
"""A key with its pending, its approved (0 where never posted) and its award (None where there is none)."""


def position_of(award: Award) -> tuple[AwardKey, int, int]:
    """The position that an award wants, as a bare tuple, since one is made for every award."""
    key, owed, stage = award
    return (key, owed, 0) if stage == PROVISIONAL else (key, 0, owed)


def in_key_order(awards: Iterable[Award]) -> list[Award]:
    """The awards sorted by key, whatever order they come in; RefusedError where two have one key."""
    ordered = sorted(awards, key=itemgetter(0))
    for one, next_one in pairwise(ordered):
        if one[0] == next_one[0]:
            raise RefusedError(
                f"two awards have the key {one.key} ({one.amount_cents} and {next_one.amount_cents} cents); "
                "nothing was posted: make the award model give one row per key"
            )
    return ordered


def paired(awards: Iterable[Award], positions: Iterable[Position]) -> Iterator[Pair]:
    """Awards and positions, both sorted by key, as one stream of keys in order."""
    awards = iter(awards)
    award = next(awards, None)
    for key, pending, approved in positions:
        while award is not None and award[0] < key:
            yield award[0], 0, 0, award
            award = next(awards, None)
        if award is not None and award[0] == key:
            yield key, pending, approved, award
            award = next(awards, None)
        else:
            yield key, pending, approved, None
    if award is not None:
        yield award[0], 0, 0, award
    for award in awards:
        yield award[0], 0, 0, award


def entries_of(key: AwardKey, pending: int, approved: int, award: Award | None) -> list[tuple[str, int]]:
    """The entries, type and cents > 0 in order, that bring one key from its position to its award.

    Raises RefusedError naming the key where the award's amount or stage is none that can be posted.
    """
    if award is None:
        return _without_award(pending, approved)
    _, owed, stage = award
    if type(owed) is not int or not 0 < owed <= MAX_CENTS:
        raise RefusedError(f"the award {key} is of {owed!r} cents; an award is a whole number of cents above 0")
    if stage == PROVISIONAL:
        return _provisional(pending, approved, owed)
    if stage == FINAL:
        return _final(pending, approved, owed)
    raise RefusedError(f"the award {key} has stage {stage!r}; a stage is {PROVISIONAL} or {FINAL}")


def _without_award(pending: int, approved: int) -> list[tuple[str, int]]:
    # Of the two at most one is there: a provisional posting leaves nothing approved, a final one nothing pending.
    entries = []
    if pending:
        entries.append((RELEASE, pending))
    if approved:
        entries.append((CLAWBACK, approved))
    return entries


def _provisional(pending: int, approved: int, owed: int) -> list[tuple[str, int]]:
    entries = []
    if approved:
        entries.append((CLAWBACK, approved))
    if owed > pending:
        entries.append((ACCRUE, owed - pending))
    elif owed < pending:
        entries.append((RELEASE, pending - owed))
    return entries


def _final(pending: int, approved: int, owed: int) -> list[tuple[str, int]]:
    entries = []
    moved = max(0, min(pending, owed - approved))
    if moved:
        entries.append((APPROVE, moved))
    if pending > moved:
        entries.append((RELEASE, pending - moved))
    if owed > approved + moved:
        entries.append((ADJUST, owed - approved - moved))
    elif owed < approved:
        entries.append((CLAWBACK, approved - owed))
    return entries


def movements(pairs: Iterable[Pair]) -> Iterator[Movement]:
    """What an AWARDS posting enters: nothing for the keys whose position is their award already."""
    for key, pending, approved, award in pairs:
        changes = entries_of(key, pending, approved, award)
        if not changes:
            continue
        program, period, kind, beneficiary, subject, component, instrument = key
        if kind not in BENEFICIARY_TYPES or instrument not in INSTRUMENTS:
            raise RefusedError(
                f"the award {key} names a beneficiary type or an instrument that the rulebook does not have"
            )
        if not (program and period and beneficiary and component):
            raise RefusedError(f"the award {key} lacks a part of its key; only subject_id may be ''")
        for entry_type, cents in changes:
            sides = SIDES[entry_type]
            debit, credit = account(sides[0], program, kind, beneficiary), account(sides[1], program, kind, beneficiary)
            yield (
                entry_type,
                program,
                period,
                kind,
                beneficiary,
                subject,
                component,
                instrument,
                None,
                debit,
                credit,
                cents,
            )


def differences(pairs: Iterable[Pair]) -> Iterator[str]:
    """What the ledger says otherwise than the awards, a sentence a key; nothing where every key agrees."""
    for key, pending, approved, award in pairs:
        _, to_be_pending, to_be_approved = position_of(award) if award else (key, 0, 0)
        if pending != to_be_pending or approved != to_be_approved:
            yield (
                f"{key}: pending {pending} and approved {approved} cents are posted, "
                f"the award ({award.stage if award else 'none'}) wants {to_be_pending} and {to_be_approved}"
            )
