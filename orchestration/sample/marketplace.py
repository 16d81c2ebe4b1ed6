"""The marketplace from its first paid day to the last delivery: draws each day once and delivers what lands on it.

Does not belong here: what a day holds (``orders``, ``refunds`` and the others) and how files look
(``delivery_files``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from data_contracts.feeds import FEEDS
from orchestration.errors import SettingsError
from orchestration.sample import corrections, delivery_files, members, referrals, registers
from orchestration.sample.ad_spend import spend_versions
from orchestration.sample.assignments import assignment_versions
from orchestration.sample.attributions import attribution_versions, draw_attributions
from orchestration.sample.deal_redemptions import redemption_versions
from orchestration.sample.deals import deal_versions
from orchestration.sample.demand import HISTORY_DAYS, Demand
from orchestration.sample.draws import day_date, day_number
from orchestration.sample.live_sessions import session_versions
from orchestration.sample.orders import Arrival, Lines, Orders, draw_lines, draw_orders, line_rows, order_versions
from orchestration.sample.outbox import Outbox
from orchestration.sample.partner_ranks import rank_versions
from orchestration.sample.population import Population
from orchestration.sample.program_lists import list_versions
from orchestration.sample.refunds import refund_versions
from orchestration.sample.short_videos import video_versions

FEWEST_ORDERS = 1_000
_ROWS_A_FILE = 400_000


@dataclass(frozen=True)
class SampleSummary:
    """What was written: orders placed, deliveries (folders), files' data rows by feed, broken ones included."""

    orders: int
    deliveries: int
    rows: dict[str, int]


def write_sample(
    out: Path,
    first_day: date,
    last_day: date,
    orders: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> SampleSummary:
    """Write the deliveries of ``first_day`` (a bulk with the year before it) to ``last_day`` under ``out``.

    ``orders`` are those paid in two whole years: the one before ``first_day`` and the one from it on. An earlier
    ``last_day`` cuts the second year off, a later one goes on growing; either way the deliveries of a day are the
    same bytes. ``progress`` is told after each paid day how many orders are done, and of how many.
    SettingsError where the days are reversed, ``orders`` are too few for a market, or ``out`` is not empty.
    """
    _check(out, first_day, last_day, orders, seed)
    marketplace = _Marketplace(out, day_number(first_day), day_number(last_day), orders, seed)
    return marketplace.write(progress or (lambda done, total: None))


class _Marketplace:
    def __init__(self, out: Path, first_day: int, last_day: int, orders: int, seed: int) -> None:
        self._out, self._seed = out, seed
        self._first_day, self._last_day = first_day, last_day
        self._first_paid_day = first_day - HISTORY_DAYS
        self._demand = Demand(self._first_paid_day, last_day - self._first_paid_day + 1, orders, seed)
        self._population = Population(orders, self._first_paid_day)
        self._referrals = referrals.plan(self._population, orders, seed)
        self._outbox = Outbox(first_day)
        self._rows: Counter[str] = Counter()
        self._parts: Counter[tuple[str, int]] = Counter()

    def write(self, progress: Callable[[int, int], None]) -> SampleSummary:
        """All deliveries, in the order of their days."""
        self._put_registers()
        total = self._demand.orders_before(self._last_day + 1)
        for day in range(self._first_paid_day, self._last_day + 1):
            self._put_members(day)
            self._outbox.put("partner_ranks", rank_versions(day, self._population))
            self._outbox.put("deals", deal_versions(day, self._population))
            self._put_orders(day)
            if day < self._first_day:
                self._deliver_full_files()
            else:
                self._deliver(day)
            progress(self._demand.orders_before(day + 1), total)
        return SampleSummary(total, len(self._parts), dict(sorted(self._rows.items())))

    def _put_registers(self) -> None:
        """What is planned for the whole of time at once: it is small."""
        self._outbox.put("sellers", registers.seller_versions(self._population, self._first_day))
        self._outbox.put("creators", registers.creator_versions(self._population, self._first_day))
        self._outbox.put("partners", registers.partner_versions(self._population, self._first_day))
        self._outbox.put("assignments", assignment_versions(self._population, self._first_day))
        self._outbox.put("program_lists", list_versions(self._population))
        self._outbox.put("members", self._referrals.members)
        self._outbox.put("referral_events", self._referrals.events)
        for chunk in members.before_history(self._population):
            self._outbox.put("members", chunk)
            self._deliver_full_files()

    def _put_members(self, day: int) -> None:
        first = self._population.members_before(self._demand.orders_before(day))
        last = self._population.members_before(self._demand.orders_before(day + 1))
        self._outbox.put("members", members.joined_on(day, first, last))
        if day > self._first_day:
            self._outbox.put("members", members.changed_on(day, self._population, self._seed))

    def _put_orders(self, day: int) -> None:
        """The orders paid on a day and all that follows from them, whenever it lands."""
        first_index = self._demand.orders_before(day)
        known_members = self._population.members_before(first_index)
        planned = self._referrals.purchases_on(day)
        orders = draw_orders(day, self._demand.orders_on(day), first_index, known_members, planned, self._seed)
        lines = draw_lines(orders, self._population, self._seed)
        versions = order_versions(orders)
        landing = versions.filter(pl.col("arrival") == int(Arrival.LANDS)).drop("arrival")
        broken = versions.filter(pl.col("arrival") == int(Arrival.BROKEN)).drop("arrival")
        rows = line_rows(orders, lines)
        self._outbox.put("orders", landing)
        self._outbox.put("orders", broken.unique("order_id", keep="first", maintain_order=True), "broken")
        self._outbox.put("orders", corrections.repeats(landing, day, self._seed), "corrections")
        self._outbox.put("order_lines", rows)
        self._outbox.put("order_lines", corrections.corrected_lines(rows, day, self._seed), "corrections")
        self._outbox.put("order_lines", corrections.repeats(rows, day, self._seed), "corrections")
        self._outbox.put("refunds", refund_versions(orders, lines, self._seed))
        self._put_marketing(orders, lines)

    def _put_marketing(self, orders: Orders, lines: Lines) -> None:
        """What brought the lines of a day: contents, deals and advertising."""
        population, seed = self._population, self._seed
        attributions = draw_attributions(orders, lines, population, seed)
        self._outbox.put("attributions", attribution_versions(attributions, orders, lines, population))
        self._outbox.put("live_sessions", session_versions(orders, lines, attributions, population, seed))
        self._outbox.put("short_videos", video_versions(orders.day, attributions, population, seed))
        self._outbox.put("deal_redemptions", redemption_versions(orders, lines, population, seed))
        self._outbox.put("ad_spend", spend_versions(orders.day, lines, population))

    def _deliver_full_files(self) -> None:
        """Write of the first delivery what fills files, so that the history never stands in memory."""
        feeds = self._outbox.full(self._first_day, _ROWS_A_FILE)
        for feed in feeds:
            self._write_main(feed, self._first_day, self._outbox.take_main(self._first_day, feed))

    def _deliver(self, day: int) -> None:
        for feed, parts in self._outbox.take(day).items():
            contract = FEEDS[feed]
            texts = {part: delivery_files.texts(contract, rows) for part, rows in parts.items() if part != "main"}
            beside = [rows for part, rows in texts.items() if part == "corrections"]
            beside += [corrections.break_rows(feed, rows) for part, rows in texts.items() if part == "broken"]
            if "main" in parts:
                last = delivery_files.texts(contract, parts["main"].tail(50))
                beside.append(corrections.broken_rows(feed, last, day, day == self._first_day, self._seed))
            self._write_delivery(feed, day, parts.get("main"), pl.concat(beside) if beside else None)

    def _write_delivery(self, feed: str, day: int, main: pl.DataFrame | None, beside: pl.DataFrame | None) -> None:
        """Main rows and, in a file of their own unless the feed is text anyway, corrections and broken rows."""
        if main is not None:
            self._write_main(feed, day, main, beside if delivery_files.is_text(feed) else None)
        if beside is not None and not delivery_files.is_text(feed) and len(beside):
            self._rows[feed] += len(beside)
            self._parts[feed, day] += 1
            delivery_files.write_corrections(self._out, feed, day_date(day), beside)

    def _write_main(self, feed: str, day: int, rows: pl.DataFrame, broken: pl.DataFrame | None = None) -> None:
        self._parts[feed, day] += 1
        text = delivery_files.is_text(feed)
        written = delivery_files.texts(FEEDS[feed], rows) if text else delivery_files.typed(FEEDS[feed], rows)
        if broken is not None:
            written = pl.concat([written, broken])
        self._rows[feed] += len(written)
        delivery_files.write_main(self._out, feed, day_date(day), self._parts[feed, day], written)


def _check(out: Path, first_day: date, last_day: date, orders: int, seed: int) -> None:
    if last_day < first_day:
        raise SettingsError(f"the sample ends on {last_day}, before it starts on {first_day}; name a later last day")
    if first_day.year < 2000:
        raise SettingsError(f"the sample starts on {first_day}; name a day from the year 2000 on")
    if orders < FEWEST_ORDERS:
        raise SettingsError(f"{orders} orders make no marketplace; ask for {FEWEST_ORDERS} or more")
    if seed < 0:
        raise SettingsError(f"the seed is {seed}; name a number from 0 on")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SettingsError(f"{out} is not an empty folder; name a new one, so that two marketplaces do not mix")
