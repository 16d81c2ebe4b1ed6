"""The terms of `rank_upgrade`: a partner that reaches a higher rank and keeps it (RULEBOOK 2.3).

Does not belong here: which ranks a partner had, and which it kept as known on a day (``dbt_project``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from data_contracts.terms.figures import PartnerTypes, RankLadder, Some, Step
from data_contracts.terms.program import Program, Version


class RankVersion(Version):
    """What may change within the program: what each rank pays."""

    partner_types: PartnerTypes
    ranks: RankLadder

    def tiers_by_class(self) -> Mapping[str, tuple[Step, ...]]:
        """What each rank pays; thresholds are levels of the ladder, from 1."""
        return {"": self.ranks}


class RankUpgrade(Program):
    """A program with one period, its window; snapshots count up to D itself."""

    counts_paid_days: ClassVar[bool] = False

    kind: Literal["rank_upgrade"]
    versions: Some[RankVersion]
