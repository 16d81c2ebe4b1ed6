"""The terms of `funded_deals`: the platform's share of what redeemed deals cost their shops (RULEBOOK 2.9).

Does not belong here: a deal's own share, budget and invite list, which are delivered (``dbt_project``).
"""

from __future__ import annotations

from typing import ClassVar, Literal

from data_contracts.terms.figures import Some
from data_contracts.terms.program import Period, Program, Version, months_of


class FundedVersion(Version):
    """What may change within the program."""

    # A cost shrinks with what of its line was reversed (RULEBOOK 2.9): gross would be a term that nothing reads.
    measure: Literal["net"]


class FundedDeals(Program):
    """A program with a period a calendar month of its window."""

    counts_paid_days: ClassVar[bool] = False

    kind: Literal["funded_deals"]
    versions: Some[FundedVersion]

    def periods(self) -> tuple[Period, ...]:
        """The calendar months of the window."""
        return months_of(self.window)
