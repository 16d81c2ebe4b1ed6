"""The golden world through the real command: what is served, owed, explained and verified is what was worked out by hand."""

from __future__ import annotations

import csv
import io
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import golden_world as golden
import pytest
from deployment import Deployment

ENTRIES = """
    select entry_no, as_of, entry_type, debit_account, credit_account, amount_cents
    from finance.ledger_entries order by entry_no"""
BALANCES = "select account, instrument, balance_cents from finance.ledger_balances order by account"
GMV = "select gmv_date, seller_id, content_type, gross_cents, net_cents, units, orders from {} order by all"

READ_FROM_ELSEWHERE = """
import duckdb, sys
with duckdb.connect() as own:
    own.execute(f"attach '{sys.argv[1]}' as bi (read_only)")
    print(own.execute("select count(*), sum(net_cents) from bi.gmv_daily").fetchone())
    print(own.execute("select count(*), sum(net_cents) from bi.gmv_daily_as_known('2025-10-02')").fetchone())
"""


def read_from_elsewhere(marts: Path) -> list[str]:
    """What another process sees that attaches the served file under another name, from another folder."""
    command = [sys.executable, "-c", READ_FROM_ELSEWHERE, str(marts)]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=True).stdout.splitlines()


@dataclass(frozen=True)
class DayByDay:
    """A run with ``--daily``, and what a reader saw that had the served file open all the while."""

    deployment: Deployment
    out: str
    before: list[tuple]
    during: list[list[tuple]]
    elsewhere: list[str]


@pytest.fixture(scope="module")
def day_by_day(states: Deployment) -> Iterator[DayByDay]:
    states.restore("prepared")
    states.run("2025-10-02")
    with duckdb.connect(str(states.marts), read_only=True) as reader:
        before = reader.execute(ENTRIES).fetchall()
        process = states.start("run", "--through", golden.LAST_DAY, "--daily")
        during = []
        while process.poll() is None:
            during.append(reader.execute(ENTRIES).fetchall())
            time.sleep(0.1)
        out, err = process.communicate()
        assert process.returncode == 0, err
        during.append(reader.execute(ENTRIES).fetchall())
        elsewhere = read_from_elsewhere(states.marts)
    states.keep("daily")
    yield DayByDay(states, out, before, during, elsewhere)
    shutil.rmtree(states.folder.with_name("daily"))


@pytest.fixture
def daily(day_by_day: DayByDay) -> Deployment:
    """The golden world, posted as of October 2 and then day by day."""
    day_by_day.deployment.restore("daily")
    return day_by_day.deployment


def test_gmv_by_day_seller_and_content(once: Deployment) -> None:
    assert once.rows(GMV.format("gmv_daily")) == golden.GMV_DAILY
    assert once.rows("select distinct gross_usd from gmv_daily where gmv_date = '2025-09-10'")[0][0] == 30_000


def test_gmv_as_it_was_known_on_an_earlier_day(once: Deployment) -> None:
    as_known = once.rows(GMV.format("gmv_daily_as_known('2025-10-02')"))
    assert as_known == golden.GMV_DAILY_AS_KNOWN_ON_OCTOBER_2
    assert once.rows(GMV.format("gmv_daily_as_known('2025-10-04')")) == golden.GMV_DAILY
    assert once.rows(GMV.format("gmv_daily_as_known('2025-09-09')")) == []
    partner = "select gmv_date, partner_id, gross_cents, net_cents from partner_gmv_daily_as_known('{}') order by all"
    assert once.rows(partner.format("2025-10-03")) == [
        (golden.SEPTEMBER_10, "P1", 3_000_000, 3_000_000),
        (golden.OCTOBER_1, "P1", 2_000_000, 2_000_000),
        (golden.OCTOBER_2, "P1", 5_000_000, 5_000_000),
        (golden.OCTOBER_3, "P1", 300_000, 300_000),
    ]
    assert (golden.OCTOBER_2, "P1", 5_000_000, 2_000_000) in once.rows(partner.format("2025-10-04"))
    creator = "select creator_id, content_type, net_cents from creator_gmv_daily_as_known('{}')"
    assert once.rows(creator.format("2025-10-03")) == [("CR1", "LIVE", 4_500_000)]


def test_a_late_attribution_and_a_late_refund_are_movements(once: Deployment) -> None:
    movements = once.rows(
        """select known_on, content_type, gross_cents, net_cents, units from gmv_daily_movements
        where gmv_date = '2025-10-02' order by all"""
    )
    assert movements == golden.MOVEMENTS_OF_OCTOBER_2


def test_posted_once_there_is_one_entry(once: Deployment) -> None:
    assert once.rows(ENTRIES) == golden.ENTRIES_ONCE
    assert once.rows(BALANCES) == golden.BALANCES


def test_posted_day_by_day_there_is_an_entry_a_day_and_the_same_balances(
    day_by_day: DayByDay, daily: Deployment
) -> None:
    assert day_by_day.before == golden.ENTRIES_DAILY[:1]
    assert daily.rows(ENTRIES) == golden.ENTRIES_DAILY
    assert daily.rows(BALANCES) == golden.BALANCES
    assert daily.rows(GMV.format("gmv_daily")) == golden.GMV_DAILY
    assert [line.split(":")[0] for line in day_by_day.out.splitlines()] == ["2025-10-03", "2025-10-04"]


def test_whatever_is_served_but_the_entries_is_the_same_posted_once_or_daily(
    states: Deployment, daily: Deployment
) -> None:
    served_daily = daily.served()
    states.restore("once")
    served_once = states.served()
    for of_entries in ("finance.ledger_entries", "finance.trial_balance"):
        assert served_daily.pop(of_entries) != served_once.pop(of_entries)
    assert served_daily == served_once


def test_a_reader_that_keeps_the_file_open_sees_its_version_all_along(day_by_day: DayByDay) -> None:
    assert len(day_by_day.during) > 20
    assert all(seen == day_by_day.before for seen in day_by_day.during)


def test_another_process_reads_the_new_version_from_another_folder(day_by_day: DayByDay) -> None:
    assert day_by_day.elsewhere == ["(6, 7400000)", "(3, 10000000)"]


def test_an_award_is_explained_down_to_its_lines(once: Deployment) -> None:
    told = once.incentives("explain", "award", golden.PROGRAM, "P1")
    assert told.code == 0
    for words in ("PARTNER P1 is owed $5,000.00 CASH, PROVISIONAL as of 2025-10-04", "$14,333.33", "$13,333.33"):
        assert words in told.out
    for line in ("O2-1", "O3-1", "O3-2", "O5-1", "O1-1"):
        assert line in told.out
    for line in ("O4-1", "O6-1"):
        assert line not in told.out


def test_somebody_without_an_award_is_told_why(once: Deployment) -> None:
    told = once.incentives("explain", "award", golden.PROGRAM, "P2")
    assert told.code == 0
    assert "did not look at P2" in told.out
    unknown = once.incentives("explain", "award", "no_such_program", "P1")
    assert unknown.code == 2
    assert golden.PROGRAM in unknown.told


def test_an_entry_is_explained(daily: Deployment) -> None:
    told = daily.incentives("explain", "entry", "3")
    assert told.code == 0
    assert "entry 3 of posting 3: RELEASE $3,000.00 CASH" in told.out
    assert "PARTNER P1 is owed $5,000.00" in told.out
    missing = daily.incentives("explain", "entry", "4")
    assert (missing.code, "no entry 4" in missing.told) == (2, True)


def test_what_is_owed_is_listed(once: Deployment) -> None:
    told = once.incentives("owed")
    assert told.code == 0
    assert "PARTNER P1" in told.out and "$5,000.00" in told.out


def test_all_is_verified_and_sound(daily: Deployment) -> None:
    told = daily.incentives("verify")
    assert told.code == 0, told
    assert "chain of 3 postings and 3 entries" in told.out
    assert daily.incentives("doctor").code == 0


def test_verify_finds_a_changed_delivery(once: Deployment) -> None:
    path = once.put("orders", "2025-10-01", golden.DELIVERIES["orders", "2025-10-01"].replace("B2", "B9"))
    changed = once.incentives("verify")
    assert changed.code == 1
    assert f"orders/landed_on=2025-10-01/{path.name} changed" in changed.told


def test_doctor_names_a_ledger_that_others_can_read(once: Deployment) -> None:
    (once.home / "ledger" / "ledger.sqlite").chmod(0o644)
    told = once.incentives("doctor")
    assert told.code == 2
    assert "ledger.sqlite has mode 644: chmod 600" in told.told


def test_files_are_for_those_whom_they_concern(once: Deployment) -> None:
    modes = {
        "home": 0o711,
        "home/ledger": 0o700,
        "home/ledger/ledger.sqlite": 0o600,
        "home/accepted": 0o700,
        "home/quarantine": 0o700,
        "home/warehouse": 0o700,
        "home/serving": 0o755,
        "home/serving/marts.duckdb": 0o644,
        "home/serving/main": 0o700,
        "home/serving/finance": 0o700,
        "home/serving/finance/version-000001/ledger_entries": 0o700,
        "home/serving/finance/version-000001/ledger_entries/2025-10.parquet": 0o600,
        "home/serving/finance/version-000001/ledger_balances/all.parquet": 0o600,
        "home/serving/finance/version-000001/parts.json": 0o600,
        "home/serving/finance/version-000001/state.json": 0o600,
        "home/serving/main/version-000001/gmv_daily": 0o700,
        "home/serving/main/version-000001/gmv_daily/2025-10.parquet": 0o600,
    }
    assert {name: oct(stat.S_IMODE((once.folder / name).stat().st_mode)) for name in modes} == {
        name: oct(mode) for name, mode in modes.items()
    }


def test_a_home_that_moved_serves_again_after_a_repair(once: Deployment, tmp_path: Path) -> None:
    moved = Deployment(tmp_path / "moved")
    shutil.move(once.folder, moved.folder)
    shutil.rmtree(moved.home / "accepted" / "creators")  # nothing of it ever landed, and a copy may leave it out
    assert moved.incentives("doctor", "--repair").code == 0
    assert moved.rows(GMV.format("gmv_daily")) == golden.GMV_DAILY


def test_a_bridge_between_posted_days_and_a_statement_say_why(daily: Deployment) -> None:
    written = daily.folder / "bridge.csv"
    outcome = daily.incentives("bridge", "--from", "2025-10-03", "--to", "2025-10-04", "--csv", str(written))
    assert outcome.code == 0, outcome
    (row,) = csv.DictReader(io.StringIO(written.read_text()))
    cents = {name.removesuffix("_cents"): int(value) for name, value in row.items() if name.endswith("_cents")}
    # 8,000.00 becomes 5,000.00 on October 4: a third day counts, of 3,000.00, and the daily average falls by a tier.
    # The refund that lands is of net GMV, and this program goes by gross.
    assert (cents.pop("old"), cents.pop("new")) == (800_000, 500_000)
    assert cents.pop("of_which_time") == cents["other_corrections"]
    assert {name: value for name, value in cents.items() if value} == {"other_corrections": -300_000}
    refused = daily.incentives("bridge", "--from", "2025-10-04", "--to", "2025-10-03")
    assert refused.code == 2 and "swap the days" in refused.told
    told = daily.incentives("statement", "PARTNER:P1", "--since", "2025-10-03", "--csv", str(written))
    assert told.code == 0, told
    changes = [row for row in csv.DictReader(io.StringIO(written.read_text())) if row["section"] == "change"]
    assert {row["amount_cents"] for row in changes} == {"-300000"}
    assert all("refunds/landed_on=2025-10-04/delivery.csv" in row["deliveries"] for row in changes)
    journal = daily.incentives("journal", "3").out
    assert "RELEASE" in journal and "3000.00" in journal
