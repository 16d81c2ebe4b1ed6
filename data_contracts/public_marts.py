"""The marts that are served: name, schema, where they stand in the warehouse, and the order of their rows.

Names are public and fixed. Columns and their types are held by dbt's contracts; here stands only what serving needs. Does not
belong here: how they are published (``orchestration.publication``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublicMart:
    """``finance`` marts hold persons or money owed and have their own folder and group. ``order_by`` is the grain.

    ``part_by``: the date by whose calendar months a mart is published that grows with the marketplace, so that only the months
    that changed are written; none where it stays small, or changes as a whole.
    """

    name: str
    relation: str
    order_by: tuple[str, ...]
    finance: bool = False
    part_by: str | None = None

    @property
    def is_by_knowledge(self) -> bool:
        """Whether it holds movements, whose days before a run's window never change."""
        return self.part_by == "known_on"

    @property
    def schema(self) -> str:
        """The schema that BI tools see it in."""
        return "finance" if self.finance else "main"


_AWARD_KEY = ("program_id", "period", "beneficiary_type", "beneficiary_id", "subject_id", "component", "instrument")

PUBLIC_MARTS: tuple[PublicMart, ...] = (
    PublicMart("gmv_daily", "marts.gmv_daily", ("gmv_date", "seller_id", "content_type"), part_by="gmv_date"),
    PublicMart(
        "partner_gmv_daily", "marts.partner_gmv_daily", ("gmv_date", "partner_id", "service"), part_by="gmv_date"
    ),
    PublicMart(
        "creator_gmv_daily",
        "marts.creator_gmv_daily",
        ("gmv_date", "creator_id", "content_type"),
        part_by="gmv_date",
    ),
    PublicMart(
        "gmv_daily_movements",
        "movements.gmv_daily_movements",
        ("known_on", "gmv_date", "seller_id", "content_type"),
        part_by="known_on",
    ),
    PublicMart(
        "partner_gmv_daily_movements",
        "movements.partner_gmv_daily_movements",
        ("known_on", "gmv_date", "partner_id", "service"),
        part_by="known_on",
    ),
    PublicMart(
        "creator_gmv_daily_movements",
        "movements.creator_gmv_daily_movements",
        ("known_on", "gmv_date", "creator_id", "content_type"),
        part_by="known_on",
    ),
    PublicMart("seller_gmv_ranking", "marts.seller_gmv_ranking", ("month", "rank"), part_by="month"),
    PublicMart("partner_gmv_ranking", "marts.partner_gmv_ranking", ("month", "rank")),
    PublicMart("creator_gmv_ranking", "marts.creator_gmv_ranking", ("month", "rank"), part_by="month"),
    PublicMart("short_video_growth_ranking", "marts.short_video_growth_ranking", ("program_id", "period", "rank")),
    PublicMart("live_ranking", "marts.live_ranking", ("program_id", "period", "rank")),
    PublicMart("live_session_performance", "marts.live_session_performance", ("live_id",), part_by="started_date"),
    PublicMart("short_video_performance", "marts.short_video_performance", ("video_id",), part_by="posted_date"),
    PublicMart("hashtag_monthly", "marts.hashtag_monthly", ("month", "hashtag"), part_by="month"),
    PublicMart("deal_funding", "marts.deal_funding", ("program_id", "deal_id", "month")),
    PublicMart("market_monthly", "marts.market_monthly", ("month", "is_rolling")),
    PublicMart("deliveries", "marts.deliveries", ("landed_on", "feed")),
    PublicMart("waiting_records", "marts.waiting_records", ("feed", "record_id")),
    PublicMart("assignment_overlaps", "marts.assignment_overlaps", ("assignment_id",)),
    PublicMart("order_mismatches", "marts.order_mismatches", ("feed", "record_id")),
    PublicMart(
        "quarantine",
        "marts.quarantine",
        ("landed_on", "feed", "file", "row_number"),
        finance=True,
        part_by="landed_on",
    ),
    PublicMart("referral_conversions", "marts.referral_conversions", ("program_id", "referee_id"), finance=True),
    PublicMart("incentive_awards", "awards.incentive_awards", _AWARD_KEY, finance=True),
    PublicMart("ledger_entries", "ledger.ledger_entries", ("entry_no",), finance=True, part_by="as_of"),
    PublicMart("ledger_balances", "ledger.ledger_balances", ("account", "instrument"), finance=True),
    PublicMart("referral_reward_ledger", "ledger.referral_reward_ledger", ("entry_no",), finance=True, part_by="as_of"),
    PublicMart(
        "partner_incentive_payouts",
        "ledger.partner_incentive_payouts",
        ("partner_id", "program_id", "period", "instrument"),
        finance=True,
    ),
    PublicMart(
        "trial_balance", "ledger.trial_balance", ("month", "account", "instrument"), finance=True, part_by="month"
    ),
    PublicMart(
        "liability_ageing",
        "ledger.liability_ageing",
        (
            "program_id",
            "beneficiary_type",
            "beneficiary_id",
            "instrument",
            "bucket",
            "final_on",
            "decided_by",
            "waits_for",
        ),
        finance=True,
    ),
    PublicMart("payouts", "ledger.payouts", ("payout_id",), finance=True),
    PublicMart(
        "payout_lines",
        "ledger.payout_lines",
        ("payout_id", "program_id", "period", "subject_id", "component"),
        finance=True,
    ),
    PublicMart(
        "unpaid_balances",
        "ledger.unpaid_balances",
        ("beneficiary_type", "beneficiary_id", "instrument"),
        finance=True,
    ),
)


@dataclass(frozen=True)
class AsKnownMacro:
    """A table macro that answers as known on a past day: the sum of a mart's movements up to it."""

    name: str
    movements: str
    keys: tuple[str, ...]
    exists_where: str


AS_KNOWN: tuple[AsKnownMacro, ...] = (
    AsKnownMacro(
        "gmv_daily_as_known", "gmv_daily_movements", ("gmv_date", "seller_id", "content_type"), "sum(units) <> 0"
    ),
    AsKnownMacro(
        "partner_gmv_daily_as_known",
        "partner_gmv_daily_movements",
        ("gmv_date", "partner_id", "service"),
        "sum(units) <> 0 or sum(matched_gross_cents) <> 0 or sum(matched_net_cents) <> 0",
    ),
    AsKnownMacro(
        "creator_gmv_daily_as_known",
        "creator_gmv_daily_movements",
        ("gmv_date", "creator_id", "content_type"),
        "sum(units) <> 0",
    ),
)
