"""Rows that wait for the day on which they land: bounded by what seventy days of payments still have to say.

Does not belong here: how they are written (``delivery_files``).
"""

from __future__ import annotations

from collections import defaultdict

import polars as pl

from data_contracts.feeds import FEEDS

# The feeds whose main rows hold several versions of a key.
_VERSIONED = frozenset(FEEDS) - {"order_lines", "members", "referral_events"}


class Outbox:
    """Rows by landing day, feed and part: ``main`` rows, ``corrections`` that come in a file of their own, and
    ``broken`` ones whose values are yet to be broken. Landing days before ``first_day`` count as that day.
    """

    def __init__(self, first_day: int) -> None:
        self._first_day = first_day
        self._rows: dict[int, dict[tuple[str, str], list[pl.DataFrame]]] = defaultdict(lambda: defaultdict(list))

    def put(self, feed: str, rows: pl.DataFrame, part: str = "main") -> None:
        """Keep rows with a column ``landed_on`` (day numbers). Of the versions of a key that are put at once the first
        delivery holds the last alone, as an export would.
        """
        if rows.is_empty():
            return
        if not rows.select((pl.col("landed_on") > self._first_day).any()).item():
            self._keep(self._first_day, feed, part, rows.drop("landed_on"))
            return
        clipped = rows.with_columns(pl.col("landed_on").clip(lower_bound=self._first_day))
        for (landed_on,), group in clipped.partition_by("landed_on", as_dict=True, include_key=False).items():
            self._keep(landed_on, feed, part, group)

    def _keep(self, landed_on: int, feed: str, part: str, rows: pl.DataFrame) -> None:
        if landed_on == self._first_day and feed in _VERSIONED and part == "main":
            rows = rows.sort("updated_at", maintain_order=True).unique(
                FEEDS[feed].key, keep="last", maintain_order=True
            )
        self._rows[landed_on][feed, part].append(rows)

    def full(self, landed_on: int, rows: int) -> list[str]:
        """The feeds of which at least so many main rows wait for a day."""
        waiting = self._rows[landed_on].items()
        return [feed for (feed, part), frames in waiting if part == "main" and sum(map(len, frames)) >= rows]

    def take_main(self, landed_on: int, feed: str) -> pl.DataFrame:
        """The main rows of a feed that wait for a day, which are then no longer kept."""
        return pl.concat(self._rows[landed_on].pop((feed, "main")), how="diagonal")

    def take(self, landed_on: int) -> dict[str, dict[str, pl.DataFrame]]:
        """All rows of a landing day by feed and part, which are then no longer kept."""
        taken: dict[str, dict[str, pl.DataFrame]] = defaultdict(dict)
        for (feed, part), frames in self._rows.pop(landed_on, {}).items():
            if frames:
                taken[feed][part] = pl.concat(frames, how="diagonal")
        return taken
