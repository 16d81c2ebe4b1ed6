"""The terms of `live_championship`: partners or creators ranked by what their livestreams sold, and key events (RULEBOOK 2.7).

Does not belong here: which livestreams are eligible, and what they sold as known on a day (``dbt_project``).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from data_contracts.terms.figures import (
    AnyPartnerTypes,
    Cents,
    Count,
    Days,
    Measure,
    Places,
    Ranking,
    ShopService,
    Some,
    Terms,
    Text,
    Window,
)
from data_contracts.terms.program import Period, Program, Version
from data_contracts.terms.refusal import refusal


class Round(Window):
    """A part of the window in which entrants compete; its id is the period."""

    round: Annotated[str, Field(pattern="^[a-z0-9_]{1,64}$")]


class Leaderboard(Terms):
    """The least score of an entrant, in cents, and what the places pay."""

    min_score_cents: Cents
    ranks: Ranking


class Attendance(Terms):
    """A flat amount for each eligible livestream whose own score reaches the least one, in cents."""

    amount_cents: Cents
    event_min_score_cents: Cents


class LiveVersion(Version):
    """What may change within the program; no leaderboard, no attendance or no invite list is written as null.

    ``service`` is whose partner enters for a livestream's shop, where partners compete.
    """

    measure: Measure
    service: ShopService
    partner_types: AnyPartnerTypes
    min_minutes: Count
    invite_list: Text | None
    leaderboard: Leaderboard | None
    attendance: Attendance | None

    def places(self) -> tuple[Places, ...]:
        """What the places of the leaderboard pay."""
        return self.leaderboard.ranks if self.leaderboard else ()


class LiveChampionship(Program):
    """A program with a period a round, or one, its window, where there are no rounds."""

    counts_paid_days: ClassVar[bool] = False
    draws_ranks: ClassVar[bool] = True

    kind: Literal["live_championship"]
    hold_days: Annotated[Days, Field(ge=1)]
    entrants: Literal["PARTNER", "CREATOR"]
    rounds: Annotated[tuple[Round, ...], Field(strict=False)]
    versions: Some[LiveVersion]

    @model_validator(mode="after")
    def _has_rounds_of_its_own_within_the_window(self) -> Self:
        for place, part in enumerate(self.rounds):
            if part.first_day < self.window.first_day or part.last_day > self.window.last_day:
                raise refusal("lies outside the window", "let rounds lie within the window", "rounds", place)
            if any(part.round == earlier.round for earlier in self.rounds[:place]):
                reason = f"{part.round!r} stands twice"
                raise refusal(reason, "give each round an id of its own", "rounds", place, "round")
        return self

    def periods(self) -> tuple[Period, ...]:
        """The rounds in order, or the window."""
        if not self.rounds:
            return super().periods()
        return tuple(Period(part.round, part.first_day, part.last_day) for part in self.rounds)
