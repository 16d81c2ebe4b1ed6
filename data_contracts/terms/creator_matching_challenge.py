"""The terms of `creator_matching_challenge`: partners that match creators to shops, in three classes (RULEBOOK 2.6).

Does not belong here: which class a partner is in, and what it matched as known on a day (``dbt_project``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Literal

from data_contracts.terms.figures import (
    AnyPartnerTypes,
    Cents,
    Measure,
    RankCode,
    Service,
    Some,
    Step,
    Terms,
    TierLadder,
    Window,
)
from data_contracts.terms.program import Period, Program, Version


class Classes(Terms):
    """The tiers of each class; thresholds are cents of matched GMV."""

    ranked: TierLadder
    october_high: TierLadder
    october_low: TierLadder


class MatchingVersion(Version):
    """What may change within the program; ``service`` is whose GMV of the class window decides the class.

    ``ranked_from`` is the lowest rank of class ranked, ``high_from_cents`` the least GMV a day of class october_high.
    """

    measure: Measure
    service: Service
    partner_types: AnyPartnerTypes
    class_window: Window
    ranked_from: RankCode
    high_from_cents: Cents
    tiers: Classes

    def tiers_by_class(self) -> Mapping[str, tuple[Step, ...]]:
        """The tiers of each class; their thresholds are cents."""
        return dict(self.tiers)


class CreatorMatchingChallenge(Program):
    """A program with one period, its window; classes are decided by what is known on its first day."""

    counts_paid_days: ClassVar[bool] = True

    kind: Literal["creator_matching_challenge"]
    versions: Some[MatchingVersion]

    def baseline_freeze_on(self, period: Period) -> date:
        """Nothing that is learnt after the first day moves anybody to another class."""
        return period.first_day
