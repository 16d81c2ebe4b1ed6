"""The terms of `incremental_daily_gmv`: a partner's daily GMV above its baseline (RULEBOOK 2.2).

Does not belong here: what a partner's GMV is, or which tier it reaches as known on a day (``dbt_project``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import ClassVar, Literal

from data_contracts.terms.figures import Cents, Measure, PartnerTypes, Service, Some, Step, TierLadder, Window
from data_contracts.terms.program import Period, Program, Version


class IncrementalVersion(Version):
    """What may change within the program; thresholds are cents of GMV a day above the baseline."""

    measure: Measure
    service: Service
    partner_types: PartnerTypes
    baseline: Window
    baseline_floor_cents: Cents
    tiers: TierLadder

    def tiers_by_class(self) -> Mapping[str, tuple[Step, ...]]:
        """The tiers; their thresholds are cents."""
        return {"": self.tiers}


class IncrementalDailyGmv(Program):
    """A program with one period, its window, and a baseline before it."""

    counts_paid_days: ClassVar[bool] = True

    kind: Literal["incremental_daily_gmv"]
    versions: Some[IncrementalVersion]

    def baseline_freeze_on(self, period: Period) -> date:
        """The baseline stands once the first day has been held."""
        return period.first_day + timedelta(self.hold_days)
