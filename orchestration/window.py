"""The window of a run: which knowledge dates it adds, and the day as of which it answers.

A plain value, written as the one-row relation ``context.run_window``. Does not belong here: finding out what was delivered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """Knowledge dates (known_from, known_through]; ``first_delivery`` is L0, the first accepted day of orders."""

    known_from: date
    known_through: date
    as_of: date
    earliest: date
    first_delivery: date | None
    time_zone: str

    def days(self) -> list[date]:
        """The knowledge dates of the window, rising."""
        count = (self.known_through - self.known_from).days
        return [self.known_from + DAY * step for step in range(1, count + 1)]

    def shortened_to(self, last_day: date) -> Window:
        """The same window, ending earlier."""
        return replace(self, known_through=last_day, as_of=last_day)
