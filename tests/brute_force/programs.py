"""What is owed as of a day, by the rulebook's sections 2.1 and 2.2, one subject after the other.

An award is (program_id, period, beneficiary_type, beneficiary_id, subject_id, component, instrument, stage, terms_version,
amount in cents). Does not belong here: measures (``measures``).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from brute_force.knowledge import Knowledge, Row
from brute_force.measures import days_between, is_counting, lines_as_known, net_of, partner_gmv_daily
from data_contracts.terms.incremental_daily_gmv import IncrementalDailyGmv
from data_contracts.terms.referral_reward import ReferralReward

Award = tuple[Any, ...]
DELIVERY_DAYS = 30


def daily_gmv_awards(program: IncrementalDailyGmv, knowledge: Knowledge, as_of: date) -> list[Award]:
    """Section 2.2 as of a day."""
    first_delivery = knowledge.first_delivery(as_of)
    first, last = program.window.first_day, program.window.last_day
    counted_through = min(as_of - timedelta(1), last)
    if first_delivery is None or as_of < max(first, first_delivery) or counted_through < first:
        return []
    freeze_on = last + timedelta(program.clawback_days)
    cut_off = max(min(as_of, freeze_on), first_delivery)
    baseline_cut_off = max(min(as_of, first + timedelta(program.hold_days)), first_delivery)
    number = sum(version.effective_from <= min(as_of, freeze_on) for version in program.versions)
    version = program.versions[number - 1]
    base = version.baseline
    if not any(base.first_day <= line.paid_on <= base.last_day for line in lines_as_known(knowledge, baseline_cut_off)):
        return []
    stage = "FINAL" if as_of >= last + timedelta(program.hold_days) else "PROVISIONAL"
    awards = []
    for partner in knowledge.held("partners", cut_off):
        if partner["partner_type"] not in version.partner_types:
            continue

        def gmv(known_on: date, begin: date, end: date, partner_id: str = partner["partner_id"]) -> int:
            figures = partner_gmv_daily(knowledge, known_on)
            return sum(
                values[0] if version.measure == "gross" else values[1]
                for (day, served_by, service), values in figures.items()
                if (served_by, service) == (partner_id, version.service) and begin <= day <= end
            )

        baseline = gmv(baseline_cut_off, base.first_day, base.last_day) // days_between(base.first_day, base.last_day)
        current = gmv(cut_off, first, counted_through) // days_between(first, counted_through)
        increment = current - max(baseline, version.baseline_floor_cents)
        amount = max((tier.amount_cents for tier in version.tiers if tier.threshold <= increment), default=0)
        key = (program.program_id, f"{first}..{last}", "PARTNER", partner["partner_id"], "", "daily_gmv")
        if amount:
            awards.append((*key, program.instrument, stage, number, amount))
    return sorted(awards)


class Referrals:
    """Section 2.1 as of a day."""

    def __init__(self, program: ReferralReward, knowledge: Knowledge, as_of: date) -> None:
        self.program, self.knowledge, self.as_of = program, knowledge, as_of
        last = program.window.last_day
        close_on = last + timedelta(program.purchase_window_days + DELIVERY_DAYS + program.clawback_days)
        self.first_delivery = knowledge.first_delivery(as_of)
        self.is_closed = as_of >= close_on
        self.cut_off = max(min(as_of, close_on), self.first_delivery or date.min)
        self.number = sum(version.effective_from <= min(as_of, close_on) for version in program.versions)
        self.version = program.versions[self.number - 1]
        self.members = {row["member_id"]: row for row in knowledge.held("members", self.cut_off)}
        self.events = knowledge.held("referral_events", self.cut_off)
        self.orders = knowledge.held("orders", self.cut_off)
        self.lines = knowledge.held("order_lines", self.cut_off)
        self.refunds = knowledge.held("refunds", self.cut_off)

    def awards(self) -> list[Award]:
        """All awards of the program, referrals and milestones."""
        if self.first_delivery is None or self.as_of < max(self.program.window.first_day, self.first_delivery):
            return []
        claims = defaultdict(list)
        for signup in self._first_signups():
            purchase = self._purchase(signup)
            is_late = self.is_closed and purchase and (self._is_flagged(signup) or purchase["delivered_at"] is None)
            if not self._fails(signup) and purchase and not is_late:
                claims[signup["referrer_id"]].append((purchase["paid_at"], signup["referee_id"], signup, purchase))
        awards = []
        for referrer, found in claims.items():
            final = 0
            found.sort(key=lambda claim: claim[:2])
            for _, referee, signup, purchase in found[: self.version.max_referrals]:
                is_final = self._is_final(signup, purchase)
                final += is_final
                stage = "FINAL" if is_final else "PROVISIONAL"
                awards.append(self._award(referrer, referee, "referral", stage, self.version.amount_per_referral_cents))
            awards.extend(
                self._award(referrer, str(step.threshold), "milestone", "FINAL", step.amount_cents)
                for step in self.version.milestones
                if step.threshold <= final and step.amount_cents
            )
        return sorted(award for award in awards if award[-1] > 0)

    def _award(self, referrer: str, subject: str, component: str, stage: str, amount: int) -> Award:
        program_id = self.program.program_id
        key = (program_id, program_id, "MEMBER", referrer, subject, component, self.program.instrument)
        return (*key, stage, self.number, amount)

    def _first_signups(self) -> list[Row]:
        """The first sign-up of each referee, where it lies in the window."""
        first: dict[str, Row] = {}
        signups = [event for event in self.events if event["event_type"] == "SIGNUP"]
        for event in sorted(signups, key=lambda event: (event["occurred_at"], event["event_id"])):
            first.setdefault(event["referee_id"], event)
        window = self.program.window
        return [
            event
            for event in first.values()
            if window.first_day <= self.knowledge.day(event["occurred_at"]) <= window.last_day
        ]

    def _fails(self, signup: Row) -> bool:
        referee, referrer = self.members.get(signup["referee_id"]), self.members.get(signup["referrer_id"])
        if signup["referee_id"] == signup["referrer_id"] or referee is None or referrer is None:
            return True
        if referee["is_employee"] or referrer["is_employee"] or referee["country"] != referrer["country"]:
            return True
        if any(order["paid_at"] < signup["occurred_at"] for order in self._orders_of(signup)):
            return True
        clicked_at, window = signup["clicked_at"], timedelta(self.version.click_window_days)
        if clicked_at is None or not clicked_at <= signup["occurred_at"] <= clicked_at + window:
            return True
        return any(self._is_of(event, signup) and event["event_type"] == "VOID" for event in self.events)

    def _is_of(self, event: Row, signup: Row) -> bool:
        return event["referee_id"] == signup["referee_id"]

    def _orders_of(self, signup: Row) -> list[Row]:
        own = (order for order in self.orders if order["buyer_id"] == signup["referee_id"])
        return [order for order in own if order["paid_at"] is not None]

    def _is_flagged(self, signup: Row) -> bool:
        marks = [event for event in self.events if event["event_type"] in ("FLAG", "CLEAR")]
        own = [event for event in marks if self._is_of(event, signup)]
        if own:
            latest = max(own, key=lambda event: (event["occurred_at"], event["event_id"]))
            return latest["event_type"] == "FLAG"
        referee, referrer = self.members.get(signup["referee_id"]), self.members.get(signup["referrer_id"])
        if referee is None or referrer is None:
            return False
        return any(
            referee[column] is not None and referee[column] == referrer[column]
            for column in ("device_hash", "payment_hash")
        )

    def _purchase(self, signup: Row) -> Row | None:
        """The earliest order in time with enough net, paid by D."""
        latest = signup["occurred_at"] + timedelta(self.program.purchase_window_days)
        found = [
            order
            for order in self._orders_of(signup)
            if is_counting(order)
            and signup["occurred_at"] <= order["paid_at"] <= latest
            and self.knowledge.day(order["paid_at"]) <= self.as_of
            and self._net(order) >= self.version.min_order_cents
        ]
        return min(found, key=lambda order: (order["paid_at"], order["order_id"]), default=None)

    def _net(self, order: Row) -> int:
        """The order's net, without refunds completed too long after the delivery."""
        refunds = self.refunds
        if order["delivered_at"] is not None:
            latest = order["delivered_at"] + timedelta(self.program.clawback_days)
            refunds = [row for row in refunds if row["completed_at"] is not None and row["completed_at"] <= latest]
        own = [line for line in self.lines if line["order_id"] == order["order_id"] and not line["is_gift"]]
        return sum(net_of(line, order, refunds) for line in own)

    def _is_final(self, signup: Row, purchase: Row) -> bool:
        if purchase["delivered_at"] is None or self._is_flagged(signup):
            return False
        final_on = self.knowledge.day(purchase["delivered_at"]) + timedelta(self.program.hold_days)
        return self.as_of >= final_on


def all_awards(programs: list[Any], knowledge: Knowledge, as_of: date) -> list[Award]:
    """The awards of every program as of a day, in order."""
    awards: list[Award] = []
    for program in programs:
        if isinstance(program, IncrementalDailyGmv):
            awards.extend(daily_gmv_awards(program, knowledge, as_of))
        else:
            awards.extend(Referrals(program, knowledge, as_of).awards())
    return sorted(awards)
