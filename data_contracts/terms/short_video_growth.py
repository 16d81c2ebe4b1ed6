"""The terms of `short_video_growth`: partners ranked each month by the growth of their short-video GMV (RULEBOOK 2.4).

Does not belong here: growth and ranks as known on a day (``dbt_project``).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from data_contracts.terms.figures import Cents, Days, Measure, PartnerTypes, Places, Ranking, Service, Some, Window
from data_contracts.terms.program import Period, Program, Version, months_of


class GrowthVersion(Version):
    """What may change within the program; growth is cents above the baseline month."""

    measure: Measure
    service: Service
    partner_types: PartnerTypes
    baseline: Window
    min_growth_cents: Cents
    ranks: Ranking
    consistency_cents: Cents

    def places(self) -> tuple[Places, ...]:
        """What each place of a month pays."""
        return self.ranks


class ShortVideoGrowth(Program):
    """A program with a period a calendar month of its window; ranks are drawn on the day on which a month settles."""

    counts_paid_days: ClassVar[bool] = True
    draws_ranks: ClassVar[bool] = True

    kind: Literal["short_video_growth"]
    hold_days: Annotated[Days, Field(ge=1)]
    versions: Some[GrowthVersion]

    def periods(self) -> tuple[Period, ...]:
        """The calendar months of the window."""
        return months_of(self.window)
