"""Who there is: shops with their weight and prices, creators, partners, and how many members.

Belongs here: traits that do not change, and how a shop's share moves over time. Does not belong here: the records
of shops and partners that land (``registers``), of members (``members``), or who serves whom (``assignments``).
"""

from __future__ import annotations

from datetime import date

import numpy as np

from orchestration.sample.draws import Flags, Floats, Ints, below, day_number, normal

SEASON_FIRST_DAY = day_number(date(2025, 10, 1))
SEASON_RAMP_DAYS = 14

# The recalled shop's first product is called back in February: what it earned its partner in Q4 is taken back.
RECALLED_SELLER = 2
RECALLED_PRODUCT = 0
RECALL_PAID_DAYS = (day_number(date(2025, 10, 1)), day_number(date(2025, 12, 31)))
RECALL_DAYS = (day_number(date(2026, 2, 9)), day_number(date(2026, 2, 20)))

# Of each twelve partners seven are TSPs.
_PARTNER_TYPES = ("TSP", "TSP", "CAP", "TSP", "MCN", "TSP", "TAP", "TSP", "CAP", "TSP", "MCN", "TSP")
# By how much an anchor's weight rises in October 2025, to what it has from then on: one stays, one falls.
_ANCHOR_RISES = (8.0, 8.0, 6.0, 10.0, 1.5, 0.6)
_ORDINARY_PRICE_CENTS = 6_000
_ANCHOR_PRICE_CENTS = 33_000


class Population:
    """A marketplace for ``orders`` orders in two years, whose history starts on ``first_paid_day``.

    Shops are numbered from the greatest; the first ``anchors`` of them are the anchors, one for each TSP.
    """

    def __init__(self, orders: int, first_paid_day: int) -> None:
        self.orders = orders
        self.first_paid_day = first_paid_day
        self.sellers = max(200, orders // 1_200)
        self.creators = max(60, orders // 350)
        self.partners = max(12, self.sellers // 200)
        self.first_members = max(50, orders // 8)
        self.partner_types = [_PARTNER_TYPES[number % 12] for number in range(self.partners)]
        self.anchors = len(self.partners_of("TSP"))
        self._index: Ints = np.arange(self.sellers, dtype=np.int64)
        self._weights = (self._index + 1 + self.sellers / 200) ** -1.85
        self._before = self._weights / self._anchor_rises()
        self.price_cents = self._price_levels()
        self.onboarded_on = self._onboarding_days()

    def partners_of(self, partner_type: str) -> list[int]:
        """The numbers of the partners of one type."""
        return [number for number, kind in enumerate(self.partner_types) if kind == partner_type]

    def shares_through(self, day: int) -> Floats:
        """For each shop the share of the day's lines that it and all before it have; the last is 1."""
        ramp = min(max((day - SEASON_FIRST_DAY + 1) / SEASON_RAMP_DAYS, 0.0), 1.0)
        weights = (self._before + (self._weights - self._before) * ramp) * (self.onboarded_on <= day)
        through = np.cumsum(weights)
        return np.asarray(through / through[-1], dtype=np.float64)

    def members_before(self, orders_before: int) -> int:
        """Members that have joined by the time so many orders were paid: one joins with every eighth order."""
        return self.first_members + orders_before // 8

    def _anchor_rises(self) -> Floats:
        rises = np.ones(self.sellers)
        rises[: self.anchors] = [_ANCHOR_RISES[number % len(_ANCHOR_RISES)] for number in range(self.anchors)]
        return rises

    def _price_levels(self) -> Floats:
        ordinary = _ORDINARY_PRICE_CENTS * np.exp(0.6 * normal(self._index, 21))
        anchor = _ANCHOR_PRICE_CENTS * np.exp(0.15 * normal(self._index, 22))
        return np.where(self._index < max(self.anchors, self.sellers // 100), anchor, ordinary)

    def _onboarding_days(self) -> Ints:
        """Four of five shops, and all great ones, were there before the history; the rest join in its two years."""
        newcomer: Flags = (below(self._index, 23, 5) == 0) & (self._index >= 2 * self.anchors)
        joined = self.first_paid_day + below(self._index, 24, 700)
        return np.where(newcomer, joined, self.first_paid_day - 30 - below(self._index, 25, 700))
