"""The terms of `referral_reward`: a member invites a friend who buys (RULEBOOK 2.1).

Does not belong here: which referral qualifies, and what it is worth as known on a day (``dbt_project``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from data_contracts.terms.figures import Cents, Count, Days, Ladder, Some, Step
from data_contracts.terms.program import Period, Program, Version

# What a purchase on the last possible day has left to be delivered in, before its clawback days begin (RULEBOOK 2.1).
DELIVERY_DAYS = 30


class Milestone(Step):
    """A number of final referrals, and what reaching it pays on top, in cents."""

    threshold_key: ClassVar[str] = "referrals"
    referrals: Annotated[int, Field(ge=1, le=10**9)]


class ReferralVersion(Version):
    """What may change within the campaign; a window of n days is n × 86,400 seconds."""

    # A purchase qualifies by its net (RULEBOOK 2.1): gross would be a term that nothing reads.
    measure: Literal["net"]
    click_window_days: Days
    min_order_cents: Cents
    amount_per_referral_cents: Cents
    max_referrals: Count
    milestones: Ladder[Milestone]

    def tiers_by_class(self) -> Mapping[str, tuple[Step, ...]]:
        """The milestones; their thresholds are counts of referrals."""
        return {"": self.milestones}


class ReferralReward(Program):
    """A referral campaign; the campaign_id is the program_id, and each award settles by its own delivery.

    ``purchase_window_days`` stands in the fixed part, since close_on needs it before a version can be chosen.
    """

    counts_paid_days: ClassVar[bool] = False

    kind: Literal["referral_reward"]
    purchase_window_days: Days
    versions: Some[ReferralVersion]

    @property
    def close_on(self) -> date:
        """The day from which nothing more is learnt: last day + purchase window + delivery + clawback days."""
        return self.window.last_day + timedelta(self.purchase_window_days + DELIVERY_DAYS + self.clawback_days)

    def periods(self) -> tuple[Period, ...]:
        """The campaign as one period."""
        return (Period(self.program_id, self.window.first_day, self.window.last_day),)
