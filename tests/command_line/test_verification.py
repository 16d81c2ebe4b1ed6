"""The served ledger against the ledger: any entry or balance that differs is told."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.errors import RefusedError
from orchestration.ledger.chain import EMPTY, Head
from orchestration.ledger.entries import FINAL, Award, AwardKey
from orchestration.ledger.ledger import Ledger
from orchestration.publication import loaded_head, require_one_moment, views_elsewhere
from orchestration.reports import load_ledger
from orchestration.settings import Settings
from orchestration.verification import _served_differences

KEY = AwardKey("growth", "2025", "PARTNER", "P1", "", "daily_gmv", "CASH")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("", []),
        (
            "update finance.ledger_entries set amount_cents = 6 where entry_no = 1",
            ["2 ledger entries unlike the ledger's 2"],
        ),
        (
            "update finance.ledger_entries set credit_account = debit_account",
            ["2 ledger entries unlike the ledger's 2"],
        ),
        ("update finance.ledger_entries set payout_id = 'x'", ["2 ledger entries unlike the ledger's 2"]),
        ("update finance.ledger_entries set as_of = as_of + 1", ["2 ledger entries unlike the ledger's 2"]),
        ("delete from finance.ledger_entries where entry_no = 2", ["1 ledger entries unlike the ledger's 2"]),
        ("update finance.ledger_balances set balance_cents = balance_cents + 1", ["the served ledger_balances differ"]),
        (
            "delete from finance.ledger_balances; delete from finance.ledger_entries",
            ["0 ledger entries", "ledger_balances differ"],
        ),
    ],
)
def test_what_is_served_otherwise_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str, told: list[str]
) -> None:
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path))
    settings = Settings.from_environment()
    ledger = Ledger.open(settings.ledger_url)
    awards = [Award(KEY, 5, FINAL), Award(KEY._replace(beneficiary_id="P2"), 7, FINAL)]
    ledger.post_awards(date(2025, 10, 2), awards, "inputs", "terms", {})
    settings.serving.mkdir()
    with duckdb.connect(str(settings.serving / "marts.duckdb")) as served:
        load_ledger(served, ledger)
        served.execute("create schema finance")
        for table in ("ledger_entries", "ledger_balances"):
            served.execute(f"create table finance.{table} as from ledger.{table}")
        served.execute(damage or "select 1")
    found = _served_differences(settings, ledger, ledger.head())
    assert len(found) == len(told)
    for sentence, words in zip(found, told, strict=True):
        assert words in sentence


def test_what_is_served_is_compared_up_to_where_it_was_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marts that are published again alone, after somebody posted, show the ledger as it was loaded."""
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path))
    settings = Settings.from_environment()
    ledger = Ledger.open(settings.ledger_url)
    settings.serving.mkdir()
    with duckdb.connect(str(settings.serving / "marts.duckdb")) as warehouse:
        load_ledger(warehouse, ledger)
        assert loaded_head(warehouse, ledger) == EMPTY
        ledger.post_awards(date(2025, 10, 2), [Award(KEY, 5, FINAL)], "inputs", "terms", {})
        head = ledger.head()
        load_ledger(warehouse, ledger)
        ledger.post_awards(date(2025, 10, 3), [Award(KEY, 9, FINAL)], "inputs", "terms", {})
        assert loaded_head(warehouse, ledger) == head
        warehouse.execute("create schema finance")
        for table in ("ledger_entries", "ledger_balances"):
            warehouse.execute(f"create table finance.{table} as from ledger.{table}")
        warehouse.execute("update ledger.ledger_entries set posting_no = 7")
        with pytest.raises(RefusedError, match="to posting 7 and entry 1, which the ledger does not have"):
            loaded_head(warehouse, ledger)
    assert _served_differences(settings, ledger, head) == []


def test_payouts_are_not_published_beside_a_ledger_of_before_them() -> None:
    head = Head(2, 5, "hash")
    with duckdb.connect() as warehouse:
        warehouse.execute("create schema ledger")
        warehouse.execute("create table ledger.payouts (export_posting_no bigint, return_posting_no bigint)")
        require_one_moment(warehouse, head)
        warehouse.execute("insert into ledger.payouts values (null, null), (2, null)")
        require_one_moment(warehouse, head)
        for paid, returned in ((3, None), (2, 3)):
            warehouse.execute(
                "update ledger.payouts set (export_posting_no, return_posting_no) = row(?, ?)", [paid, returned]
            )
            with pytest.raises(
                RefusedError, match="payouts to posting 3 and the ledger to posting 2: run the job daily"
            ):
                require_one_moment(warehouse, head)


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 1000], ids=["gone", "empty", "broken"])
def test_marts_that_cannot_be_read_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path))
    settings = Settings.from_environment()
    ledger = Ledger.open(settings.ledger_url)
    settings.serving.mkdir()
    if content is not None:
        (settings.serving / "marts.duckdb").write_bytes(content)
    broken = pytest.raises(RefusedError, match=r"marts.duckdb cannot be read \(.*doctor --repair")
    with broken:
        _served_differences(settings, ledger, ledger.head())
    # What `doctor` asks first; in a home where nothing was published there is nothing to show.
    with broken if content is not None else nullcontext():
        assert not views_elsewhere(settings)
