"""How many orders are paid on which day: growth, weekdays, the season and its peak.

Does not belong here: who buys and what (``orders``), or which shop gains from it (``population``).
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from orchestration.sample.draws import Floats, Topic, day_date, day_number, stream

HISTORY_DAYS = 365
PLANNED_DAYS = 2 * HISTORY_DAYS
YEARLY_GROWTH = 1.6

_WEEKDAYS = (0.95, 0.94, 0.97, 1.00, 1.05, 1.06, 1.03)
# (month, day) -> level of the season; straight lines between them. January dips, the peak comes on top.
_SEASON = (
    ((1, 1), 0.78),
    ((1, 20), 0.80),
    ((2, 20), 0.90),
    ((6, 1), 0.96),
    ((8, 1), 0.94),
    ((9, 15), 0.92),
    ((10, 5), 1.10),
    ((11, 10), 1.35),
    ((12, 2), 1.75),
    ((12, 14), 1.60),
    ((12, 22), 1.20),
    ((12, 26), 0.90),
    ((12, 31), 0.80),
)


class Demand:
    """The number of orders of each paid day.

    ``orders`` are those paid in ``PLANNED_DAYS`` days from ``first_paid_day`` on: the year of history and the year
    after it. The figures of a day do not depend on where the sample ends, hence a longer one only adds days.
    """

    def __init__(self, first_paid_day: int, days: int, orders: int, seed: int) -> None:
        length = max(days, PLANNED_DAYS)
        noise = 1 + 0.03 * stream(seed, Topic.DEMAND).standard_normal(length)
        through = np.cumsum(_levels(first_paid_day, length) * noise)
        self._first_paid_day = first_paid_day
        self._through = np.floor(through * (orders / through[PLANNED_DAYS - 1]) + 1e-6).astype(np.int64)

    def orders_before(self, day: int) -> int:
        """Orders paid on all days before ``day``: also the index of that day's first order."""
        place = day - self._first_paid_day
        return int(self._through[place - 1]) if place > 0 else 0

    def orders_on(self, day: int) -> int:
        """Orders paid on ``day``."""
        return self.orders_before(day + 1) - self.orders_before(day)


def _levels(first_paid_day: int, length: int) -> Floats:
    days = [day_date(first_paid_day + place) for place in range(length)]
    growth = YEARLY_GROWTH ** (np.arange(length) / 365.25)
    weekdays = np.array([_WEEKDAYS[day.weekday()] for day in days])
    return np.asarray(growth * weekdays * np.array([_season(day) * _peak(day) for day in days]), dtype=np.float64)


def _season(day: date) -> float:
    places = [day_number(date(day.year, month, at)) for (month, at), _ in _SEASON]
    return float(np.interp(day_number(day), places, [level for _, level in _SEASON]))


def _peak(day: date) -> float:
    """What the days from 20 November to 1 December add: three to four times a plain day on the great ones."""
    if not date(day.year, 11, 20) <= day <= date(day.year, 12, 1):
        return 1.0
    november = date(day.year, 11, 1)
    black_friday = november + timedelta(days=(3 - november.weekday()) % 7 + 22)
    cyber_monday = black_friday + timedelta(days=3)
    if day in (black_friday, cyber_monday):
        return 2.4
    return 2.0 if black_friday < day < cyber_monday else 1.6
