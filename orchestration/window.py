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

    def from_the_beginning(self) -> Window:
        """The same end, with every knowledge date since the first delivery."""
        return replace(self, known_from=self.earliest - DAY)
