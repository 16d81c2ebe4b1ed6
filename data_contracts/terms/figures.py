"""The figures that terms are made of: cents, days, counts, windows and steps of a ladder.

Belongs here: what more than one kind of program is written with. Does not belong here: a kind's own figures, or what
holds for a program as a whole (``program``).
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from data_contracts.terms.refusal import refusal

# The upper bounds are far above any program; they keep sums in a BIGINT and cut-offs in the calendar.
Cents = Annotated[int, Field(ge=0, le=10**15)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Days = Annotated[int, Field(ge=0, le=3_650)]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))]

Text = Annotated[str, Field(min_length=1)]
Measure = Literal["net", "gross"]
Service = Literal["SHOP", "AFFILIATE", "CREATOR"]
ShopService = Literal["SHOP", "AFFILIATE"]
Instrument = Literal["CASH", "AD_CREDIT", "SHOP_CREDIT"]
PartnerType = Literal["TSP", "CAP", "TAP", "MCN"]
PARTNER_TYPES: tuple[PartnerType, ...] = get_args(PartnerType)
RankCode = Literal["BRONZE", "SILVER", "GOLD", "PLATINUM", "DIAMOND"]
Basis = Literal["stated", "assumed"]

LADDER: tuple[RankCode, ...] = ("BRONZE", "SILVER", "GOLD", "PLATINUM", "DIAMOND")
"""The ranks of partners, the lowest first; a rank's level is its place in the ladder, from 1."""


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


class RankStep(Step):
    """A step that is reached by a rank: its threshold is the rank's level."""

    threshold_key: ClassVar[str] = "rank"
    rank: RankCode

    @property
    def threshold(self) -> int:
        """The level, from 1."""
        return LADDER.index(self.rank) + 1


class Places(Terms):
    """What each place of a ranking from ``first_rank`` to ``last_rank`` pays, in cents."""

    first_rank: Annotated[int, Field(ge=1, le=10**6)]
    last_rank: Annotated[int, Field(ge=1, le=10**6)]
    amount_cents: Cents


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


def _without_gaps(ranking: tuple[Places, ...]) -> tuple[Places, ...]:
    """The places, unless they leave one out, name one twice, or pay a lower place more than a higher one."""
    expected, amount = 1, None
    for at, places in enumerate(ranking):
        if places.first_rank != expected:
            raise refusal(f"{places.first_rank} is not {expected}", "leave no gap between ranks", at, "first_rank")
        if places.last_rank < places.first_rank:
            reason = f"{places.last_rank} is before first_rank {places.first_rank}"
            raise refusal(reason, "let the last place be the first or a later one", at, "last_rank")
        if amount is not None and places.amount_cents > amount:
            reason = f"{places.amount_cents} is above {amount} of the places before"
            raise refusal(reason, "let amounts stay or fall", at, "amount_cents")
        expected, amount = places.last_rank + 1, places.amount_cents
    return ranking


def _named_or_any(partner_types: Any) -> Any:
    """`any` as no restriction; an empty list says neither."""
    if partner_types == []:
        raise refusal("is empty", "name the types of partners, or write any")
    return () if partner_types == "any" else partner_types


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
AnyPartnerTypes = Annotated[
    tuple[PartnerType, ...],
    Field(strict=False),
    AfterValidator(_in_order),
    BeforeValidator(_named_or_any),
    WithJsonSchema(
        {"anyOf": [{"const": "any"}, {"type": "array", "minItems": 1, "items": {"enum": [*PARTNER_TYPES]}}]}
    ),
]
"""Types of partners that may earn; empty where any partner may, which terms write as `any`."""
Ladder = Annotated[tuple[AnyStep, ...], Field(strict=False), AfterValidator(_rising)]
TierLadder = Annotated[Some[Tier], AfterValidator(_rising)]
RankLadder = Annotated[Some[RankStep], AfterValidator(_rising)]
Ranking = Annotated[Some[Places], AfterValidator(_without_gaps)]
