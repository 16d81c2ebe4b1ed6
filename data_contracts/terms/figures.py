"""The figures that terms are made of: cents, days, counts, windows and steps of a ladder.

Belongs here: what more than one kind of program is written with. Does not belong here: a kind's own figures, or what
holds for a program as a whole (``program``).
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from data_contracts.terms.refusal import refusal

# The upper bounds are far above any program; they keep sums in a BIGINT and cut-offs in the calendar.
Cents = Annotated[int, Field(ge=0, le=10**15)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Days = Annotated[int, Field(ge=0, le=3_650)]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))]

Text = Annotated[str, Field(min_length=1)]
Measure = Literal["net", "gross"]
Service = Literal["SHOP", "AFFILIATE", "CREATOR"]
Instrument = Literal["CASH", "AD_CREDIT", "SHOP_CREDIT"]
PartnerType = Literal["TSP", "CAP", "TAP", "MCN"]
Basis = Literal["stated", "assumed"]


class Terms(BaseModel):
    """A mapping of a terms file: every key written out and known, no value read as another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Window(Terms):
    """Days in the business time zone, both ends included."""

    first_day: Day
    last_day: Day

    @model_validator(mode="after")
    def _is_not_reversed(self) -> Self:
        if self.last_day < self.first_day:
            reason = f"{self.last_day} is before first_day {self.first_day}"
            raise refusal(reason, "let the window end on or after its first day", "last_day")
        return self


class Step(Terms):
    """One step of a ladder: what is paid, in cents, from the threshold that ``threshold_key`` names."""

    threshold_key: ClassVar[str]
    amount_cents: Cents

    @property
    def threshold(self) -> int:
        """What must be reached: cents or a count, as the kind says."""
        return int(getattr(self, self.threshold_key))


class Tier(Step):
    """A step that is reached by GMV, in cents."""

    threshold_key: ClassVar[str] = "threshold_cents"
    threshold_cents: Cents


AnyItem = TypeVar("AnyItem")
AnyStep = TypeVar("AnyStep", bound=Step)


def _rising(steps: tuple[AnyStep, ...]) -> tuple[AnyStep, ...]:
    """The steps, unless a threshold does not rise strictly or an amount falls."""
    for place, (lower, upper) in enumerate(pairwise(steps), start=1):
        if upper.threshold <= lower.threshold:
            reason = f"{upper.threshold} is not above {lower.threshold} of the step before"
            raise refusal(reason, "let thresholds rise strictly", place, upper.threshold_key)
        if upper.amount_cents < lower.amount_cents:
            reason = f"{upper.amount_cents} is below {lower.amount_cents} of the step before"
            raise refusal(reason, "let amounts stay or rise", place, "amount_cents")
    return steps


def _in_order(partner_types: tuple[PartnerType, ...]) -> tuple[PartnerType, ...]:
    """The types sorted, so that another order is no other terms; none may stand twice."""
    for place, partner_type in enumerate(partner_types):
        if partner_type in partner_types[:place]:
            raise refusal(f"{partner_type!r} stands twice", "name each type once", place)
    return tuple(sorted(partner_types))


def _not_empty(items: tuple[AnyItem, ...]) -> tuple[AnyItem, ...]:
    if not items:
        raise refusal("is empty", "write at least one item")
    return items


# A YAML list is a Python list: only the container is read leniently, its items stay strict. Emptiness is looked at
# after the items, since pydantic's own minimum also complains about a list whose only item is wrong.
Some = Annotated[tuple[AnyItem, ...], Field(strict=False), AfterValidator(_not_empty)]
PartnerTypes = Annotated[Some[PartnerType], AfterValidator(_in_order)]
Ladder = Annotated[tuple[AnyStep, ...], Field(strict=False), AfterValidator(_rising)]
TierLadder = Annotated[Some[Tier], AfterValidator(_rising)]
