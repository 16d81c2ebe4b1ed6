"""The terms of `affiliate_service`: a share of the affiliate GMV of each shop that a partner serves (RULEBOOK 2.5).

Does not belong here: a shop's affiliate GMV, or which shops take a partner's places (``dbt_project``).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from data_contracts.terms.figures import AnyPartnerTypes, Cents, Count, Measure, ShopService, Some
from data_contracts.terms.program import Program, Version


class AffiliateVersion(Version):
    """What may change within the program: the share in basis points, its caps, and how many shops count."""

    measure: Measure
    service: ShopService
    partner_types: AnyPartnerTypes
    min_gmv_cents: Cents
    rate_bps: Annotated[int, Field(ge=0, le=10_000)]
    max_reward_cents: Cents
    max_sellers: Count


class AffiliateService(Program):
    """A program with one period, its window."""

    counts_paid_days: ClassVar[bool] = True

    kind: Literal["affiliate_service"]
    versions: Some[AffiliateVersion]
