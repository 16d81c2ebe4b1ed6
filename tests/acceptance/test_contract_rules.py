"""Every rule of the landing contract, from both sides."""

from __future__ import annotations

import pytest

# feed, changed cells, what quarantine says; None where the row is good
CASES = [
    ("order_lines", {"order_line_id": ""}, "order_line_id:required"),
    ("order_lines", {"order_line_id": " \t"}, "order_line_id:required"),
    ("order_lines", {"order_line_id": "\t9007199254740993\x0b"}, None),
    ("order_lines", {"seller_id": "null"}, None),
    ("order_lines", {"quantity": "1"}, None),
    ("order_lines", {"quantity": "0"}, "quantity:range"),
    ("order_lines", {"quantity": "1.0"}, "quantity:type"),
    ("order_lines", {"quantity": "1" * 18}, None),
    ("order_lines", {"quantity": "1" * 19}, "quantity:type"),
    ("order_lines", {"original_amount": "10.5000"}, None),
    ("order_lines", {"original_amount": "10.505"}, "original_amount:decimals"),
    ("order_lines", {"original_amount": "1e3"}, "original_amount:type"),
    ("order_lines", {"original_amount": "+10"}, "original_amount:type"),
    ("order_lines", {"original_amount": "9999999999999.99"}, None),
    ("order_lines", {"original_amount": "10000000000000.00"}, "original_amount:type"),
    ("order_lines", {"platform_discount": "-0.01"}, "platform_discount:range"),
    ("order_lines", {"platform_discount": "-0"}, None),
    ("order_lines", {"platform_discount": "8.50"}, None),
    ("order_lines", {"platform_discount": "8.51"}, "seller_discount:discount_above_amount"),
    (
        "order_lines",
        {"platform_discount": "8.51", "quantity": "0"},
        "quantity:range;seller_discount:discount_above_amount",
    ),
    ("order_lines", {"is_gift": "TRUE"}, None),
    ("order_lines", {"is_gift": "yes"}, "is_gift:type"),
    ("order_lines", {"updated_at": "2025-10-03T00:00:00Z"}, None),
    ("order_lines", {"updated_at": "2025-10-03T00:00:00.000001Z"}, "updated_at:future"),
    ("order_lines", {"updated_at": "2025-10-03T00:00:00.0000009Z"}, None),
    ("order_lines", {"updated_at": "2025-10-01 09:00+0200"}, None),
    ("order_lines", {"updated_at": "2025-10-01T09:00"}, "updated_at:naive_time"),
    ("order_lines", {"updated_at": "2025-02-29T09:00Z"}, "updated_at:type"),
    ("order_lines", {"updated_at": "2025-10-01T24:00Z"}, "updated_at:type"),
    ("order_lines", {"updated_at": "2025-10-01"}, "updated_at:type"),
    ("order_lines", {"updated_at": "999999999"}, None),
    ("order_lines", {"updated_at": "99999999"}, "updated_at:type"),
    ("orders", {"status": "DELIVERED "}, None),
    ("orders", {"status": "delivered"}, "status:enum"),
    ("orders", {"currency": "EUR"}, "currency:unsupported_currency"),
    ("orders", {"currency": ""}, "currency:required"),
    ("orders", {"paid_at": ""}, None),
    ("orders", {"paid_at": "2025-10-04T00:00Z"}, "paid_at:future"),
    ("orders", {"created_at": "2025-10-04T00:00Z"}, None),
    ("refunds", {"completed_at": ""}, "completed_at:required"),
    ("refunds", {"completed_at": "", "status": "REQUESTED"}, None),
    ("refunds", {"completed_at": "soon"}, "completed_at:type"),
    ("referral_events", {"referrer_id": ""}, "referrer_id:required"),
    ("referral_events", {"referrer_id": "", "event_type": "FLAG"}, None),
    ("referral_events", {"occurred_at": "2025-10-04T00:00Z"}, "occurred_at:future"),
    ("live_sessions", {"ended_at": "2025-10-01T09:00:00Z"}, "ended_at:not_after"),
    ("live_sessions", {"ended_at": "2025-10-01T09:00:00.000001Z"}, None),
    ("sellers", {"payee_id": "MEMBER:1"}, "payee_id:range"),
    ("sellers", {"payee_id": "member:1"}, None),
    ("sellers", {"payee_id": ""}, None),
    ("assignments", {"service": "CREATOR"}, "service:enum"),
    ("assignments", {"service": "NONE"}, "service:enum"),
    ("assignments", {"service": "CREATOR", "subject_type": "CREATOR"}, None),
    ("assignments", {"service": "AFFILIATE", "subject_type": "CREATOR"}, "service:enum"),
    ("assignments", {"valid_to": "2025-01-01"}, None),
    ("assignments", {"valid_to": "2024-12-31"}, "valid_to:not_after"),
    ("assignments", {"valid_to": ""}, None),
    ("assignments", {"valid_from": "2025-1-01"}, "valid_from:type"),
    ("deals", {"platform_share_bps": "10001"}, "platform_share_bps:range"),
    ("deals", {"ends_at": "2025-10-01T09:00Z"}, "ends_at:not_after"),
    ("ad_spend", {"spend_on": "2025-02-29"}, "spend_on:type"),
]


@pytest.mark.parametrize(("feed", "change", "broken"), CASES)
def test_rule(world, good_row, feed, change, broken):
    world.put_rows(feed, [good_row[feed] | change])
    record = world.accept(feed)
    assert record.state == "ACCEPTED"
    if broken is None:
        assert record.accepted == 1, world.rules(feed)
    else:
        column, rule = broken.split(";")[0].split(":")
        assert world.rules(feed) == [(1, column, rule, broken)]
        assert record.accepted == 0


def test_environment_cannot_switch_the_contract_off(world, good_row, monkeypatch):
    monkeypatch.setenv("PANDERA_VALIDATION_ENABLED", "False")
    monkeypatch.setenv("PANDERA_VALIDATION_DEPTH", "SCHEMA_ONLY")
    world.put_rows("order_lines", [good_row["order_lines"] | {"quantity": "0"}])
    assert world.accept("order_lines").quarantined == 1


def test_accepted_values(world, good_row):
    changes = {"platform_discount": "-0", "updated_at": "2025-10-01T09:00:00.1234569+05:30"}
    world.put_rows("order_lines", [good_row["order_lines"] | changes])
    world.accept("order_lines")
    row = world.accepted("order_lines").row(0, named=True)
    assert (row["quantity"], row["original_amount_cents"], row["seller_discount_cents"]) == (2, 1000, 150)
    assert row["platform_discount_cents"] == 0
    assert row["updated_at"].isoformat() == "2025-10-01T03:30:00.123456+00:00"
    assert list(row)[-3:] == ["landed_on", "order_key", "line_key"]


def test_hashtags_are_lower_cased(world, good_row):
    world.put_rows("live_sessions", [good_row["live_sessions"]])
    world.accept("live_sessions")
    assert world.accepted("live_sessions")["hashtags"].item() == "#sale #new"
