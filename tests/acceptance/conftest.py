"""A deployment in a temporary folder: put deliveries into its landing, and look at what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data_contracts.feeds import FEEDS
from orchestration.acceptance import accept_delivery
from orchestration.deliveries import DeliveryRecord, delivery_folder
from orchestration.delivery_parts import part_paths
from orchestration.settings import Settings

DAY = date(2025, 10, 1)
TIME = "2025-10-01T09:00:00Z"

GOOD_ROWS: dict[str, dict[str, str]] = {
    "order_lines": {
        "order_line_id": "L1",
        "order_id": "O1",
        "seller_id": "S1",
        "product_id": "P1",
        "quantity": "2",
        "original_amount": "10.00",
        "seller_discount": "1.50",
        "platform_discount": "0",
        "is_gift": "false",
        "updated_at": TIME,
    },
    "orders": {
        "order_id": "O1",
        "buyer_id": "B1",
        "status": "DELIVERED",
        "created_at": TIME,
        "paid_at": TIME,
        "currency": "USD",
        "is_sample": "0",
        "is_replacement": "0",
        "is_exchange": "0",
        "updated_at": TIME,
    },
    "refunds": {
        "refund_id": "R1",
        "order_id": "O1",
        "order_line_id": "L1",
        "kind": "REFUND",
        "quantity": "1",
        "amount": "5",
        "platform_discount_reversed": "0",
        "status": "COMPLETED",
        "completed_at": TIME,
        "updated_at": TIME,
    },
    "referral_events": {
        "event_id": "E1",
        "event_type": "SIGNUP",
        "referee_id": "M2",
        "referrer_id": "M1",
        "occurred_at": TIME,
    },
    "live_sessions": {
        "live_id": "V1",
        "seller_id": "S1",
        "creator_id": "C1",
        "started_at": TIME,
        "ended_at": "2025-10-01T10:00:00Z",
        "hashtags": "#Sale #NEW",
        "updated_at": TIME,
    },
    "sellers": {
        "seller_id": "S1",
        "name": "Shop",
        "size_class": "SMALL",
        "onboarded_at": TIME,
        "payee_id": "P1",
        "tax_form_on_file": "1",
        "updated_at": TIME,
    },
    "assignments": {
        "assignment_id": "A1",
        "partner_id": "P1",
        "subject_type": "SELLER",
        "subject_id": "S1",
        "service": "SHOP",
        "valid_from": "2025-01-01",
        "valid_to": "2025-02-01",
        "updated_at": TIME,
    },
    "deals": {
        "deal_id": "D1",
        "seller_id": "S1",
        "kind": "COUPON",
        "platform_share_bps": "10000",
        "budget_amount": "1000",
        "starts_at": TIME,
        "ends_at": "2025-10-02T00:00Z",
        "updated_at": TIME,
    },
    "ad_spend": {
        "seller_id": "S1",
        "spend_on": "2025-10-01",
        "cash_spend": "1",
        "credit_spend": "0",
        "attributed_gmv": "3",
        "updated_at": TIME,
    },
}


@dataclass(frozen=True)
class World:
    """A landing and what acceptance makes of it."""

    settings: Settings

    def put(self, feed: str, name: str, content: str | bytes | pl.DataFrame, day: date = DAY) -> Path:
        """Writes one file of a delivery."""
        path = delivery_folder(self.settings, feed, day) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pl.DataFrame):
            content.write_parquet(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def put_rows(self, feed: str, rows: list[dict[str, str]], name: str = "a.csv", day: date = DAY) -> Path:
        """Writes rows as CSV, under the names of the first."""
        lines = [",".join(rows[0])] + [",".join(row.values()) for row in rows]
        return self.put(feed, name, "\n".join(lines) + "\n", day)

    def accept(self, feed: str, day: date = DAY) -> DeliveryRecord:
        """Takes a delivery in, and checks that its counts add up."""
        record = accept_delivery(self.settings, FEEDS[feed], day)
        assert record is not None
        assert record.delivered == record.good + record.quarantined + record.repeats
        assert record.good == record.accepted + record.overtaken
        if record.state == "ACCEPTED":
            assert self.accepted(feed, day).height == record.accepted
        assert not list(self.settings.home.rglob("*.tmp"))
        return record

    def accepted(self, feed: str, day: date = DAY) -> pl.DataFrame:
        """The accepted rows of a delivery."""
        return pl.read_parquet(part_paths(self.settings.accepted / feed / f"landed_on={day}"), glob=False)

    def quarantined(self, feed: str, day: date = DAY) -> pl.DataFrame:
        """The quarantined rows of a delivery; none where nothing was quarantined."""
        parts = part_paths(self.settings.quarantine / feed / f"landed_on={day}")
        return pl.read_parquet(parts, glob=False) if parts else pl.DataFrame()

    def rules(self, feed: str) -> list[tuple[int, str | None, str, str]]:
        """(row_number, column, rule, all_rules) of the day's quarantine."""
        rows = self.quarantined(feed)
        return rows.select("row_number", "column", "rule", "all_rules").rows() if rows.height else []


@pytest.fixture
def world(tmp_path: Path) -> World:
    settings = Settings(
        home=tmp_path / "home",
        landing=tmp_path / "landing",
        programs=tmp_path / "programs",
        ledger_url="sqlite://",
        time_zone="UTC",
        first_day=date(2016, 1, 1),
        serving_group=None,
        finance_group=None,
    )
    return World(settings)


@pytest.fixture
def good_row() -> dict[str, dict[str, str]]:
    return {feed: dict(row) for feed, row in GOOD_ROWS.items()}
