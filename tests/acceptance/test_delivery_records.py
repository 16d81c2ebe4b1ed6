"""Deliveries: counts, versions, refusal and its thresholds, manifests, closed days, waiving, and half-done work."""

from __future__ import annotations

import json
import os
import random
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from data_contracts.feeds import FEEDS
from data_contracts.values import canonical_text
from orchestration import acceptance
from orchestration.acceptance import accept_delivery, accepted_schema, ensure_empty_part
from orchestration.accepted_rows import check_rows_kept
from orchestration.deliveries import check_all_closed, find_deliveries, read_records, waive
from orchestration.errors import RefusedError, SettingsError

DAY = date(2025, 10, 1)


def _lines(good_row, count, **change):
    return [good_row["order_lines"] | {"order_line_id": f"L{n}"} | change for n in range(count)]


def _with_broken(good_row, good, broken):
    rows = _lines(good_row, good + broken)
    return [row | ({"quantity": "x"} if n < broken else {}) for n, row in enumerate(rows)]


# Refusal


@pytest.mark.parametrize(
    ("good", "broken", "state"),
    [
        (0, 2, "ACCEPTED"),
        (0, 3, "REFUSED"),
        (1, 5, "ACCEPTED"),
        (1, 6, "REFUSED"),
        (594, 6, "ACCEPTED"),  # just one in a hundred
        (593, 6, "REFUSED"),
    ],
)
def test_share_that_refuses(world, good_row, good, broken, state):
    world.put_rows("order_lines", _with_broken(good_row, good, broken))
    record = world.accept("order_lines")
    assert (record.state, record.quarantined) == (state, broken)
    assert world.quarantined("order_lines").height == broken
    assert (world.settings.accepted / "order_lines" / f"landed_on={DAY}").exists() == (state == "ACCEPTED")


def test_share_is_a_setting_of_the_feed(world, good_row, monkeypatch):
    monkeypatch.setitem(FEEDS, "order_lines", replace(FEEDS["order_lines"], refused_above_rows=0))
    world.put_rows("order_lines", _with_broken(good_row, 1, 1))
    assert world.accept("order_lines").state == "REFUSED"


def test_refused_delivery_is_replaced_in_place(world, good_row):
    world.put_rows("order_lines", _with_broken(good_row, 0, 3))
    refused = world.accept("order_lines")
    assert "3 of 3 rows break their contract, 3 of them quantity: type" in (refused.reason or "")
    world.put_rows("order_lines", _lines(good_row, 3))
    record = world.accept("order_lines")
    assert (record.state, record.accepted, record.reason) == ("ACCEPTED", 3, None)
    assert not world.quarantined("order_lines").height


def test_refused_delivery_that_was_taken_away_stays_refused(world, good_row):
    shutil.rmtree(world.put("order_lines", "a.txt", "").parent)
    assert accept_delivery(world.settings, FEEDS["order_lines"], DAY) is None
    path = world.put("order_lines", "a.txt", "")
    world.accept("order_lines")
    shutil.rmtree(path.parent)
    assert world.accept("order_lines").state == "REFUSED"


MANIFESTS = [
    ({"rows": 2, "totals": {"original_amount": "20.00", "seller_discount": 3}}, None),
    ({"rows": 2}, None),
    ({"rows": 3}, "says 3 rows, its files hold 2"),
    ({"rows": 2, "totals": {"original_amount": "20.01"}}, "says original_amount 20.01, its files hold 20.00"),
    ({"rows": 2, "totals": {"quantity": "4"}}, "totals quantity, which is no amount"),
    ({"rows": "2"}, "which is no whole number"),
    ([], "cannot be read"),
    ({"rows": 2, "totals": {"original_amount": "much"}}, "cannot be read"),
]


@pytest.mark.parametrize(("manifest", "message"), MANIFESTS)
def test_manifest(world, good_row, manifest, message):
    world.put_rows("order_lines", _lines(good_row, 1), "a.csv")
    world.put_rows("order_lines", _lines(good_row, 1, quantity="0"), "b.csv")  # broken rows count, too
    world.put("order_lines", "_manifest.json", json.dumps(manifest))
    record = world.accept("order_lines")
    assert record.state == ("REFUSED" if message else "ACCEPTED"), record.reason
    assert (message or "") in (record.reason or "")


def test_hidden_files_are_ignored(world, good_row):
    world.put_rows("order_lines", _lines(good_row, 1))
    world.put("order_lines", "_SUCCESS", "")
    world.put("order_lines", ".part.csv", "half")
    assert world.accept("order_lines").delivered == 1


# Versions


def test_repeats_and_overtaken(world, good_row):
    (row,) = _lines(good_row, 1)
    later = {"updated_at": "2025-10-01T09:00:00.000001Z"}
    rows = [
        row | later | {"quantity": "9"},
        row | later | {"quantity": "10"},
        row,
        row | {"original_amount": "10"},  # the same value, written otherwise
        row | later | {"quantity": "0"},  # broken: hides nothing
        row | {"order_line_id": "other"},
    ]
    for order in (rows, rows[::-1]):
        world.put_rows("order_lines", order, day=DAY)
        record = world.accept("order_lines")
        counts = (record.delivered, record.good, record.accepted, record.overtaken, record.quarantined, record.repeats)
        assert counts == (6, 4, 2, 2, 1, 1)
        held = world.accepted("order_lines").filter(pl.col("order_line_id") == "L0")["quantity"]
        assert held.item() == 9  # "9" is after "10" as text
        shutil.rmtree(world.settings.home)


def test_events_without_updated_at_hold_by_text(world, good_row):
    row = good_row["referral_events"]
    world.put_rows("referral_events", [row | {"referrer_id": "Mz"}, row | {"referrer_id": "Mä"}, row])
    assert world.accept("referral_events").overtaken == 2
    assert world.accepted("referral_events")["referrer_id"].item() == "Mä"


@pytest.mark.parametrize("at_once", [3, 250_000])
def test_versions_against_the_definition(world, good_row, monkeypatch, at_once):
    monkeypatch.setattr(acceptance, "_ROWS_COMPARED_AT_ONCE", at_once)
    chance = random.Random(7)
    rows = [
        good_row["order_lines"]
        | {
            "order_line_id": f"L{int(chance.paretovariate(0.7)) % 40}",
            "quantity": str(chance.randint(1, 3)),
            "updated_at": f"2025-10-01T09:0{chance.randint(0, 2)}Z",
        }
        for _ in range(300)
    ]
    world.put_rows("order_lines", rows)
    record = world.accept("order_lines")
    distinct = {(row["order_line_id"], row["updated_at"], row["quantity"]) for row in rows}
    holders = {key: max(version for version in distinct if version[0] == key) for key in {d[0] for d in distinct}}
    assert (record.repeats, record.accepted) == (300 - len(distinct), len(holders))
    accepted = world.accepted("order_lines").select("order_line_id", pl.col("updated_at").dt.minute(), "quantity")
    assert set(accepted.rows()) == {(key, int(at[15]), int(number)) for key, at, number in holders.values()}


def test_canonical_text(world, good_row):
    row = good_row["orders"] | {"paid_at": ""}
    world.put_rows("orders", [row])
    world.accept("orders")
    (text,) = world.accepted("orders").select(canonical_text(FEEDS["orders"].columns)).to_series()
    micros = "1759309200000000"
    assert text.split("\x1f") == ["O1", "B1", "DELIVERED", micros, "", "", "", "", "USD", "0", "0", "0", micros]


# Closed days


def test_closed_delivery_is_not_read_again(world, good_row):
    path = world.put_rows("order_lines", _lines(good_row, 1))
    record = world.accept("order_lines")
    os.utime(path, ns=(1, 1))  # touched: the bytes are the same
    assert world.accept("order_lines") == record
    assert check_all_closed(world.settings) == 1


@pytest.mark.parametrize("change", ["bytes", "same size", "added", "gone", "manifest"])
def test_changed_closed_delivery_stops_the_run(world, good_row, change):
    path = world.put_rows("order_lines", _lines(good_row, 1))
    world.accept("order_lines")
    named = path.name
    if change == "gone":
        path.unlink()
    elif change == "bytes":
        path.write_text(path.read_text() + "x")
    elif change == "same size":
        path.write_text(path.read_text().replace("S1", "S2"))
        os.utime(path, ns=(1, 1))
    else:
        named = "b.csv" if change == "added" else "_manifest.json"
        world.put("order_lines", named, "{}")
    for look in (lambda: world.accept("order_lines"), lambda: check_all_closed(world.settings)):
        with pytest.raises(RefusedError, match=f"order_lines/landed_on=2025-10-01/{named} .*closed"):
            look()


def test_audit_sees_what_size_and_time_hide(world, good_row):
    path = world.put_rows("order_lines", _lines(good_row, 1))
    world.accept("order_lines")
    before = path.stat()
    path.write_text(path.read_text().replace("S1", "S2"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    check_all_closed(world.settings)
    with pytest.raises(RefusedError, match=r"a\.csv changed"):
        check_all_closed(world.settings, rehash=True)


def test_audit_of_accepted_rows_sees_what_size_and_time_hide(world, good_row):
    world.put_rows("order_lines", _lines(good_row, 1))
    world.accept("order_lines")
    part = world.settings.accepted / "order_lines" / f"landed_on={DAY}" / "part-0.parquet"
    before, content = part.stat(), part.read_bytes()
    part.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
    check_rows_kept(world.settings, DAY)
    with pytest.raises(RefusedError, match=r"landed_on=2025-10-01/part-0\.parquet is not as acceptance wrote it"):
        check_rows_kept(world.settings, DAY, rehash=True)


def test_feed_without_money_may_be_replaced_until_its_next_delivery(world, good_row):
    row = good_row["live_sessions"] | {"video_id": "V1", "posted_at": "2025-10-01T00:00Z"}
    world.put("short_videos", "a.txt", "")
    assert world.accept("short_videos").state == "REFUSED"
    world.put_rows("short_videos", [row], day=DAY + timedelta(days=1))
    assert world.accept("short_videos", DAY + timedelta(days=1)).state == "ACCEPTED"
    assert world.accept("short_videos").state == "REFUSED"
    world.put_rows("short_videos", [row])
    with pytest.raises(RefusedError, match="came after its day was closed"):
        world.accept("short_videos")


# Waiving


def test_waived_delivery_counts_as_empty(world, good_row):
    world.put_rows("order_lines", _with_broken(good_row, 0, 3))
    world.accept("order_lines")
    record = waive(world.settings, FEEDS["order_lines"], DAY, "test data of the platform", "ann")
    assert (record.state, record.delivered, record.waived_by) == ("WAIVED", 0, "ann")
    assert list(read_records(world.settings)) == [record]
    assert world.accept("order_lines") == record


def test_waiving_needs_a_refused_delivery_and_a_reason(world, good_row):
    feed = FEEDS["order_lines"]
    with pytest.raises(RefusedError, match="was never taken in"):
        waive(world.settings, feed, DAY, "why", "ann")
    world.put_rows("order_lines", _with_broken(good_row, 0, 3))
    world.accept("order_lines")
    with pytest.raises(SettingsError, match="for a reason"):
        waive(world.settings, feed, DAY, " ", "ann")
    world.put_rows("order_lines", _lines(good_row, 1))
    with pytest.raises(RefusedError, match="has changed since it was refused"):
        waive(world.settings, feed, DAY, "why", "ann")
    world.accept("order_lines")
    with pytest.raises(RefusedError, match="is ACCEPTED"):
        waive(world.settings, feed, DAY, "why", "ann")


# Work that was cut off


def test_acceptance_that_was_cut_off_is_done_anew(world, good_row, monkeypatch):
    world.put_rows("order_lines", _lines(good_row, 2))

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(acceptance, "write_record", crash)
        with pytest.raises(KeyboardInterrupt):
            world.accept("order_lines")
    assert not list(read_records(world.settings))
    world.put_rows("order_lines", _with_broken(good_row, 0, 3))
    assert world.accept("order_lines").state == "REFUSED"
    assert not list(world.settings.accepted.rglob("*.parquet"))


def test_what_cannot_be_written_is_said_in_one_line(world, good_row):
    world.put_rows("order_lines", _lines(good_row, 1))
    world.settings.home.mkdir()
    (world.settings.home / "accepted").write_text("in the way")
    with pytest.raises(SettingsError, match="cannot be taken in"):
        world.accept("order_lines")


# Landing


def test_what_is_no_delivery_is_reported_and_ignored(world, good_row):
    world.put_rows("order_lines", _lines(good_row, 1))
    for name in ("sales/landed_on=2025-10-01", "orders/landed_on=2025-02-30", "orders/2025-10-01", "refunds/.tmp"):
        (world.settings.landing / name).mkdir(parents=True)
    (world.settings.landing / "refunds" / "landed_on=2025-10-01").mkdir()
    found = find_deliveries(world.settings)
    assert [(day, feed.name) for day, feed in found.deliveries] == [(DAY, "order_lines")]
    assert [remark.split(" ")[0] for remark in found.ignored] == [
        "orders/2025-10-01",
        "orders/landed_on=2025-02-30",
        "sales",
    ]


@pytest.mark.parametrize("feed", FEEDS.values(), ids=str)
def test_feed_that_never_landed_can_be_read(world, feed):
    ensure_empty_part(world.settings, feed)
    ensure_empty_part(world.settings, feed)
    (part,) = (world.settings.accepted / feed.name).glob("*/*.parquet")
    assert pl.read_parquet(part, hive_partitioning=False).schema == accepted_schema(feed)


def test_golden_landing(world):
    golden = Path(__file__).parent / "golden_landing"
    shutil.copytree(golden, world.settings.landing)
    records = [world.accept(feed.name, day) for day, feed in find_deliveries(world.settings).deliveries]
    assert {record.state for record in records} == {"ACCEPTED"}
    accepted = {}
    for record in records:
        accepted[record.feed] = accepted.get(record.feed, 0) + record.accepted
        assert record.delivered == record.accepted
    assert accepted == {
        "orders": 6,
        "order_lines": 7,
        "attributions": 1,
        "refunds": 1,
        "partners": 1,
        "sellers": 3,
        "assignments": 2,
    }
    refund = world.accepted("refunds", date(2025, 10, 4)).row(0, named=True)
    assert refund["amount_cents"] == 3_000_000
