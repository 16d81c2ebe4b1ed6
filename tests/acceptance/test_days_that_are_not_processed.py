"""Deliveries of days that are not processed yet: they may be replaced, also where they were taken in already."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from orchestration import acceptance
from orchestration.deliveries import State, read_record
from orchestration.errors import RefusedError, SettingsError
from orchestration.home import prepare_home
from orchestration.ingestion import check_first_day, ingest
from orchestration.progress import Progress
from orchestration.settings import Settings

DAY = date(2025, 10, 1)
ORDERS = (
    "order_id,buyer_id,status,created_at,paid_at,currency,is_sample,is_replacement,is_exchange,updated_at\n"
    "{order},B1,UNPAID,2025-10-01T09:00:00Z,,USD,false,false,false,2025-10-01T09:00:00Z\n"
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path / "home"))
    settings = Settings.from_environment()
    prepare_home(settings)
    return settings


def put(settings: Settings, feed: str, text: str) -> Path:
    folder = settings.landing / feed / f"landed_on={DAY}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "delivery.csv").write_text(text)
    return folder


def test_a_whole_day_may_be_delivered_anew_after_one_of_its_feeds_was_refused(settings: Settings) -> None:
    put(settings, "orders", ORDERS.format(order="O1"))
    put(settings, "order_lines", "order_line_id\nL1\n")
    refused = ingest(settings, Progress("UTC"), DAY).refused
    assert refused is not None
    assert refused.feed == "order_lines"
    put(settings, "orders", ORDERS.format(order="O1") + ORDERS.format(order="O2").splitlines()[1] + "\n")
    (settings.landing / "order_lines" / f"landed_on={DAY}" / "delivery.csv").write_text("")
    assert ingest(settings, Progress("UTC"), DAY).refused is None
    record = read_record(settings, "orders", DAY)
    assert record is not None
    assert (record.state, record.accepted) == (State.ACCEPTED, 2)


def test_the_same_bytes_of_a_processed_day_may_not_change(settings: Settings) -> None:
    put(settings, "orders", ORDERS.format(order="O1"))
    ingest(settings, Progress("UTC"), DAY)
    put(settings, "orders", ORDERS.format(order="O9"))
    with pytest.raises(RefusedError, match=r"orders/landed_on=2025-10-01/delivery.csv changed, but its day is closed"):
        ingest(settings, Progress("UTC", earliest=DAY, processed_through=DAY), DAY)


def test_what_was_taken_in_may_not_vanish_before_its_day_is_processed(settings: Settings) -> None:
    put(settings, "sellers", "seller_id\n")
    folder = put(settings, "orders", ORDERS.format(order="O1"))
    put(settings, "sellers", "seller_id,name,size_class,onboarded_at,tax_form_on_file,updated_at\n")
    ingest(settings, Progress("UTC"), DAY)
    (folder / "delivery.csv").unlink()
    with pytest.raises(RefusedError, match="orders/landed_on=2025-10-01 was taken in and is gone"):
        ingest(settings, Progress("UTC"), DAY)


def test_a_day_before_the_first_that_dagster_offers_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCENTIVES_FIRST_DAY", "2025-10-01")
    offered = Settings.from_environment()
    check_first_day(offered, date(2025, 9, 30))
    with pytest.raises(SettingsError, match=r"landed_on=2025-09-30 is before INCENTIVES_FIRST_DAY 2025-10-01"):
        check_first_day(offered, date(2025, 9, 29))


class KilledError(BaseException):
    """Stands for the end of the process."""


def take_in_and_die(settings: Settings, monkeypatch: pytest.MonkeyPatch, place: object, step: str) -> None:
    """Takes in all that landed, and ends before a step of the acceptance."""

    def die(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(place, step, die)
        with pytest.raises(KilledError):
            ingest(settings, Progress("UTC"), DAY)


def accepted_orders(settings: Settings) -> list[str]:
    parts = settings.accepted / "orders" / "*" / "*.parquet"
    return sorted(pl.read_parquet(parts, hive_partitioning=False)["order_id"])


def test_rows_of_an_acceptance_that_was_cut_off_go_when_their_delivery_went(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(settings, "sellers", "seller_id,name,size_class,onboarded_at,tax_form_on_file,updated_at\n")
    folder = put(settings, "orders", ORDERS.format(order="O1") + "O2\n")
    take_in_and_die(settings, monkeypatch, acceptance, "write_record")
    assert accepted_orders(settings) == ["O1"]
    shutil.rmtree(folder)
    ingest(settings, Progress("UTC"), DAY)
    assert accepted_orders(settings) == []
    assert not list(settings.quarantine.glob("orders/landed_on=2*"))


def test_a_delivery_that_was_put_back_after_a_cut_off_replacement_is_taken_in_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered = put(settings, "orders", ORDERS.format(order="O1")) / "delivery.csv"
    ingest(settings, Progress("UTC"), DAY)
    first, at = delivered.read_bytes(), delivered.stat().st_mtime_ns
    put(settings, "orders", ORDERS.format(order="O2"))
    take_in_and_die(settings, monkeypatch, acceptance._Intake, "_check_share")
    delivered.write_bytes(first)
    os.utime(delivered, ns=(at, at))
    ingest(settings, Progress("UTC"), DAY)
    assert accepted_orders(settings) == ["O1"]
