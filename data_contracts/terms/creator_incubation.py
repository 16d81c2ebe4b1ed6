"""The terms of `creator_incubation`: partners that bring listed creators to a first success (RULEBOOK 2.8).

Does not belong here: what a creator sold, or whose creator it is (``dbt_project``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from data_contracts.terms.figures import AnyPartnerTypes, Measure, Some, Step, Text, TierLadder
from data_contracts.terms.program import Program, Version


class IncubationVersion(Version):
    """What may change within the program; thresholds are cents of a creator's GMV."""

    measure: Measure
    service: Literal["CREATOR"]
    partner_types: AnyPartnerTypes
    creators_list: Text
    tiers: TierLadder

    def tiers_by_class(self) -> Mapping[str, tuple[Step, ...]]:
        """The tiers; their thresholds are cents."""
        return {"": self.tiers}


class CreatorIncubation(Program):
    """A program with one period, its window."""

    counts_paid_days: ClassVar[bool] = True

    kind: Literal["creator_incubation"]
    versions: Some[IncubationVersion]
