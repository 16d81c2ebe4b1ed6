"""A program: an instance of a kind, its fixed part and its versions (RULEBOOK 2).

Belongs here: what holds for every kind. Does not belong here: a kind's own terms (one file each), reading files
(``loading``), and what holds on a given day (``cut_offs``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from data_contracts.terms.figures import (
    Basis,
    Day,
    Days,
    Instrument,
    Places,
    Some,
    Step,
    Terms,
    Text,
    Window,
)
from data_contracts.terms.refusal import refusal

# What describes a program and decides no money: it needs no basis, and mending it makes no other terms.
DESCRIPTION = frozenset({"title", "source", "basis"})


@dataclass(frozen=True)
class Period:
    """What an award is for: the whole window, a part of it, or a campaign; both days included."""

    period: str
    first_day: date
    last_day: date


class Source(Terms):
    """Where the terms come from: the document, and the sentence in it."""

    document: Text
    sentence: Text


class Version(Terms):
    """What may change within a program, in force from ``effective_from`` until the next version."""

    effective_from: Day
    basis: dict[str, Basis]

    @model_validator(mode="after")
    def _has_a_basis_for_each_figure(self) -> Self:
        _check_basis(self.basis, type(self).model_fields.keys() - DESCRIPTION)
        return self

    def tiers_by_class(self) -> Mapping[str, tuple[Step, ...]]:
        """The ladder of each class of beneficiaries, '' where there is one for all; none unless the kind says otherwise."""
        return {}

    def places(self) -> tuple[Places, ...]:
        """What the places of a ranking pay; none unless the kind says otherwise."""
        return ()


class Program(Terms):
    """One program. Versions are numbered from 1 in their order; amounts are cents, days are business days.

    A kind narrows ``kind`` and ``versions``, adds its figures, and says by the class variables which cut-offs it has.
    """

    counts_paid_days: ClassVar[bool]
    draws_ranks: ClassVar[bool] = False

    program_id: Annotated[str, Field(pattern="^[a-z0-9_]{1,64}$")]
    kind: str
    title: Text
    source: Source
    window: Window
    hold_days: Days
    clawback_days: Days
    instrument: Instrument
    basis: dict[str, Basis]
    versions: Some[Version]

    @model_validator(mode="after")
    def _claws_back_no_shorter_than_it_holds(self) -> Self:
        if self.clawback_days < self.hold_days:
            reason = f"{self.clawback_days} is below hold_days {self.hold_days}"
            raise refusal(reason, "let clawback_days be hold_days or more", "clawback_days")
        return self

    @model_validator(mode="after")
    def _has_a_version_from_the_first_day_on(self) -> Self:
        first = self.versions[0].effective_from
        if first > self.window.first_day:
            reason = f"{first} is after the window's first day {self.window.first_day}"
            raise refusal(reason, "let the first version hold from then or earlier", "versions", 0, "effective_from")
        for place, (older, newer) in enumerate(pairwise(self.versions), start=1):
            if newer.effective_from <= older.effective_from:
                reason = f"{newer.effective_from} is not after {older.effective_from} of the version before"
                raise refusal(reason, "let versions rise strictly by day", "versions", place, "effective_from")
        return self

    @model_validator(mode="after")
    def _has_a_basis_for_each_figure(self) -> Self:
        _check_basis(self.basis, type(self).model_fields.keys() - DESCRIPTION - {"program_id", "kind", "versions"})
        return self

    def baseline_freeze_on(self, period: Period) -> date | None:
        """The day from which a period learns nothing more of what is before its window; None where it looks at nothing there."""
        return None

    @property
    def close_on(self) -> date | None:
        """The last cut-off of a kind whose awards settle case by case; None where they settle by period."""
        return None

    def periods(self) -> tuple[Period, ...]:
        """The periods in order; the whole window, unless the kind says otherwise."""
        first_day, last_day = self.window.first_day, self.window.last_day
        return (Period(f"{first_day}..{last_day}", first_day, last_day),)

    def version_in_force(self, on: date) -> int | None:
        """The number of the last version with effective_from ≤ ``on``; None before the first."""
        return sum(version.effective_from <= on for version in self.versions) or None


def months_of(window: Window) -> tuple[Period, ...]:
    """The calendar months of a window, `2025-10` and so on, in order; the first and the last may be parts of one."""
    months = []
    first_day = window.first_day
    while first_day <= window.last_day:
        next_month = (first_day.replace(day=1) + timedelta(31)).replace(day=1)
        months.append(Period(f"{first_day:%Y-%m}", first_day, min(next_month - timedelta(1), window.last_day)))
        first_day = next_month
    return tuple(months)


def version_hash(program: Program, version_no: int) -> str:
    """The SHA-256, in hex, of the fixed part and that version as canonical JSON; KeyError for an unknown number.

    Titles, sources and bases stay outside: they decide no money, so mending one is not editing used terms.
    """
    version = dict(enumerate(program.versions, start=1))[version_no]
    terms = {
        "fixed": program.model_dump(mode="json", exclude={*DESCRIPTION, "versions"}),
        "version": version.model_dump(mode="json", exclude=set(DESCRIPTION)),
    }
    canonical = json.dumps(terms, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _check_basis(basis: Mapping[str, Basis], figures: Collection[str]) -> None:
    for figure in sorted(figures):
        if figure not in basis:
            raise refusal("is missing", "say whether the figure is stated in the source or assumed", "basis", figure)
    for named in basis:
        if named not in figures:
            raise refusal("is no figure beside this basis", "mend its spelling or take it out", "basis", named)
