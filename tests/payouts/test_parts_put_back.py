"""One part of a home put back alone from the day before: nobody is paid by what it knew then."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest
from ledger_by_hand import final, owed
from warehouse_by_hand import put_award

from data_contracts.feeds import FEEDS
from orchestration import payout_desk, verification
from orchestration.acceptance import accept_delivery
from orchestration.closed_days import (
    check_not_behind,
    check_same_history,
    closed_hashes,
    require_same_deliveries,
    write_read_deliveries,
)
from orchestration.deliveries import read_records
from orchestration.errors import IncentivesError, RefusedError, SettingsError
from orchestration.fingerprints import fingerprint
from orchestration.ingestion import check_all_taken_in, ingest, window_of
from orchestration.ledger.ledger import Ledger
from orchestration.progress import Progress
from orchestration.settings import Settings
from orchestration.warehouse import KeptMarts, mark_built, open_warehouse, require_built, rewrite_views, write_context
from orchestration.window import DAY

AWARD = final(10_000)
BEFORE, TODAY = date(2026, 1, 12), date(2026, 1, 13)
PARTNERS = (
    "partner_id,partner_type,name,payee_id,tax_form_on_file,updated_at\nP1,TSP,Harbor,{payee},true,{day}T00:00:00Z\n"
)


DEBTOR = {"NAME": "Marketplace Inc.", "ACCOUNT": "000123456789", "AGENT": "BANKUS33XXX"}


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``home`` as it is on the day that brought another account of P1 and no posting, a payout of the day before
    approved, and beside it the home ``of_before`` and ``of_today``. Made once: its warehouse names its place.
    """
    place = tmp_path_factory.mktemp("homes")
    (place / "home" / "ledger").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        settings = settings_of(place / "home", patch)
        run(settings, BEFORE, "account-of-before")
        owed(Ledger.open(settings.ledger_url), "2026-01-12", AWARD)
        _, (proposed,) = payout_desk.propose(settings, "ann")
        payout_desk.payouts_of(settings).approve([proposed.payout_id], "bob")
        shutil.copytree(settings.home, place / "of_before")
        run(settings, TODAY, "account-of-today")
        shutil.copytree(settings.home, place / "of_today")
    return place


def settings_of(home: Path, patch: pytest.MonkeyPatch) -> Settings:
    for name, value in DEBTOR.items():
        patch.setenv(f"INCENTIVES_DEBTOR_{name}", value)
    patch.setenv("INCENTIVES_HOME", str(home))
    patch.delenv("INCENTIVES_LANDING", raising=False)
    patch.delenv("INCENTIVES_LEDGER_URL", raising=False)
    return Settings.from_environment()


@pytest.fixture
def settings(homes: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The home as of today."""
    settings = settings_of(homes / "home", monkeypatch)
    shutil.rmtree(settings.home, ignore_errors=True)
    shutil.copytree(homes / "of_today", settings.home)
    return settings


def run(settings: Settings, day: date, payee: str) -> None:
    """A day as a run leaves it, but for its models: the delivery taken in, the context written, the day published and closed."""
    folder = settings.landing / "partners" / f"landed_on={day}"
    folder.mkdir(parents=True)
    (folder / "delivery.csv").write_text(PARTNERS.format(payee=payee, day=day))
    progress = Progress.load(settings)
    ingest(settings, progress, day)
    window = window_of(settings, progress, day)
    with open_warehouse(settings) as connection:
        write_context(connection, settings, window, read_records(settings), KeptMarts((), "project"))
        write_read_deliveries(connection, settings, day)
        mark_built(connection)
        put_award(connection, AWARD)
        connection.execute("create schema if not exists staging")
        for feed in FEEDS:
            connection.execute(f"create or replace view staging.stg_{feed} as select * from accepted.{feed}")
    progress = Progress("UTC", BEFORE, day, closed_hashes(settings, day))
    version = settings.serving / "finance" / f"version-{day.toordinal():06}"
    version.mkdir(parents=True)
    (version / "state.json").write_text(progress.text())
    (version / "ledger_head.json").write_text(json.dumps(Ledger.open(settings.ledger_url).head()._asdict()))
    progress.save(settings)


@pytest.fixture
def put_back(settings: Settings, homes: Path) -> Callable[[str], None]:
    """Puts back one part of the home as it was the day before."""

    def back(part: str) -> None:
        place, kept = settings.home / part, homes / "of_before" / part
        if place.is_dir():
            shutil.rmtree(place)
            shutil.copytree(kept, place)
        else:
            shutil.copy(kept, place)

    return back


def test_the_payee_of_today_is_known(settings: Settings) -> None:
    done, _ = payout_desk.export(settings, "cid")
    assert done.cancelled == (("PARTNER:P1|CASH|2026-01-12", "the payee changed since it was proposed"),)


def test_accepted_rows_of_the_day_before_pay_nobody(settings: Settings, put_back: Callable[[str], None]) -> None:
    put_back("accepted")
    for step in (payout_desk.propose, payout_desk.export):
        with pytest.raises(
            RefusedError,
            match="accepted/partners/landed_on=2026-01-13/part-0.parquet is gone, whose delivery was taken in",
        ):
            step(settings, "cid")
    with pytest.raises(RefusedError, match="partners/landed_on=2026-01-13/part-0.parquet is gone"):
        run(settings, TODAY + DAY, "account-of-today")


PARTS = ("accepted", "deliveries", "quarantine", "landing", "state.json", "warehouse")


@pytest.mark.parametrize("count", range(1, len(PARTS) + 1))
def test_no_parts_of_the_day_before_together_pay_the_account_of_before(
    settings: Settings, homes: Path, put_back: Callable[[str], None], count: int
) -> None:
    """Whichever are put back, what was served tells of the day after: the payout is refused, or cancelled for its payee."""
    for parts in combinations(PARTS, count):
        shutil.rmtree(settings.home)
        shutil.copytree(homes / "of_today", settings.home)
        for part in parts:
            put_back(part)
        try:
            done, _ = payout_desk.export(settings, "cid")
        except IncentivesError:
            continue
        assert not done.paid and done.cancelled, parts


def forget(name: str, *records: Path) -> None:
    """Leaves records as an earlier version wrote them, which did not know the name."""
    for path in records:
        record = json.loads(path.read_text())
        del record[name]
        path.write_text(json.dumps(record))


def test_a_run_on_records_of_the_day_before_is_refused(settings: Settings, put_back: Callable[[str], None]) -> None:
    """They agree with the rows and with landing, as on a disk of data that was put back: what came since would be lost."""
    for part in ("accepted", "deliveries", "quarantine", "landing"):
        put_back(part)
    refuse(settings, "the records of partners in .* are not those of the run that processed 2026-01-13: put accepted, ")
    with pytest.raises(RefusedError, match="the records of partners"):
        verification._history(settings, Progress.load(settings))


def test_a_home_of_another_history_than_was_served_is_behind_it(settings: Settings) -> None:
    progress = Progress.load(settings)
    check_not_behind(settings, progress)
    check_not_behind(settings, replace(progress, closed=None))  # of an earlier version
    with pytest.raises(RefusedError, match="serving shows 2026-01-13 and .* through 2026-01-13: `incentives run"):
        check_not_behind(settings, replace(progress, closed={"partners": "other"}))


def test_feeds_that_stop_no_day_may_be_mended_later(settings: Settings) -> None:
    folder = settings.landing / "ad_spend" / f"landed_on={TODAY}"
    folder.mkdir(parents=True)
    (folder / "delivery.csv").write_text("no column of the contract\n1\n")
    accept_delivery(settings, FEEDS["ad_spend"], TODAY)
    check_same_history(settings, Progress.load(settings))
    with open_warehouse(settings, read_only=True) as connection:
        require_same_deliveries(connection, settings)
        with pytest.raises(RefusedError, match="built on other deliveries of ad_spend"):
            require_same_deliveries(connection, settings, FEEDS)  # what a publication asks
    assert closed_hashes(settings, TODAY).keys() == {feed.name for feed in FEEDS.values() if feed.stops_day}


def test_a_home_that_is_put_back_whole_goes_on(settings: Settings, put_back: Callable[[str], None]) -> None:
    """As README says, of one back-up; what it serves is made anew, by the run of the next day here."""
    for part in (*PARTS, "serving"):
        put_back(part)
    run(settings, TODAY, "account-of-today")
    done, _ = payout_desk.export(settings, "cid")
    assert [reason for _, reason in done.cancelled] == ["the payee changed since it was proposed"]


def test_a_record_of_a_version_without_hashes_of_closed_days_goes_on(settings: Settings) -> None:
    forget("closed_days", settings.state)
    check_same_history(settings, Progress.load(settings))
    done, _ = payout_desk.export(settings, "cid")
    assert [reason for _, reason in done.cancelled] == ["the payee changed since it was proposed"]


def test_a_delivery_that_is_not_processed_is_taken_in_anew_where_its_rows_were_lost(settings: Settings) -> None:
    """As where a back-up was made while a run was taking in: payments do not read that day."""
    tomorrow = TODAY + DAY
    folder = settings.landing / "partners" / f"landed_on={tomorrow}"
    folder.mkdir()
    (folder / "delivery.csv").write_text(PARTNERS.format(payee="account-of-tomorrow", day=tomorrow))
    ingest(settings, Progress.load(settings), tomorrow)
    rows = settings.accepted / "partners" / f"landed_on={tomorrow}"
    shutil.rmtree(rows)
    done, _ = payout_desk.export(settings, "cid")
    assert [reason for _, reason in done.cancelled] == ["the payee changed since it was proposed"]
    with pytest.raises(RefusedError, match="partners/landed_on=2026-01-14 was not taken in as it stands now"):
        check_all_taken_in(settings, Progress.load(settings), tomorrow)
    ingest(settings, Progress.load(settings), tomorrow)
    assert pl.read_parquet(rows / "part-0.parquet")["payee_id"].to_list() == ["account-of-tomorrow"]


@pytest.mark.parametrize("then", ["replaced", "taken away", "refused and taken away"])
def test_a_day_is_not_closed_on_a_delivery_that_is_another_now(settings: Settings, then: str) -> None:
    tomorrow = TODAY + DAY
    folder = settings.landing / "partners" / f"landed_on={tomorrow}"
    folder.mkdir()
    bad = then.startswith("refused")
    (folder / "delivery.csv").write_text("no column\n1\n" if bad else PARTNERS.format(payee="first", day=tomorrow))
    ingest(settings, Progress.load(settings), tomorrow)
    if then == "replaced":
        (folder / "delivery.csv").write_text(PARTNERS.format(payee="second", day=tomorrow))
    else:
        shutil.rmtree(folder)
    with pytest.raises(
        RefusedError, match="partners/landed_on=2026-01-14 was (not taken in as it|taken in and is gone)"
    ):
        check_all_taken_in(settings, Progress.load(settings), tomorrow)


def test_a_view_of_the_warehouse_says_nobodys_account(settings: Settings) -> None:
    with open_warehouse(settings) as connection:
        connection.execute(
            "create or replace view staging.stg_partners as "
            "select * replace ('account-of-before' as payee_id) from accepted.partners"
        )
    done, _ = payout_desk.export(settings, "cid")
    assert [reason for _, reason in done.cancelled] == ["the payee changed since it was proposed"]


def test_models_that_read_other_deliveries_pay_nobody(settings: Settings) -> None:
    """As a warehouse of another history of the same day."""
    with open_warehouse(settings) as connection:
        connection.execute("update context.read_deliveries set hash = 'other' where feed = 'partners'")
    for look in (
        lambda: payout_desk.propose(settings, "cid"),
        lambda: payout_desk.export(settings, "cid"),
        lambda: verification._history(settings, Progress.load(settings)),
    ):
        with pytest.raises(
            RefusedError, match="models as of 2026-01-13 were built on other deliveries of partners than"
        ):
            look()
    with open_warehouse(settings) as connection:
        connection.execute("drop table context.read_deliveries")  # of an earlier version
    done, _ = payout_desk.export(settings, "cid")
    assert [reason for _, reason in done.cancelled] == ["the payee changed since it was proposed"]


def test_a_record_that_was_edited_with_its_rows_is_noticed(settings: Settings) -> None:
    path = settings.deliveries / "partners" / f"{TODAY}.json"
    part = settings.accepted / "partners" / f"landed_on={TODAY}" / "part-0.parquet"
    pl.read_parquet(part).with_columns(payee_id=pl.lit("account-of-mallory")).write_parquet(part)
    record = json.loads(path.read_text())
    record["parts"] = [asdict(fingerprint(part))]
    path.write_text(json.dumps(record))
    refuse(settings, "the records of partners in .* are not those of the run")


def test_payments_wait_for_the_latest_day_that_was_ever_shown(
    settings: Settings, put_back: Callable[[str], None]
) -> None:
    """A home put back from before publishes its own day again, and knows no more for it."""
    for part in PARTS:
        put_back(part)
    older, newest = settings.serving / "finance" / f"version-{BEFORE.toordinal():06}", TODAY.toordinal() + 1
    shutil.copytree(older, older.with_name(f"version-{newest:06}"))
    with pytest.raises(
        RefusedError,
        match="serving shows 2026-01-13 and .* through 2026-01-12: .* README says .Operations.: .*serving alone",
    ):
        payout_desk.export(settings, "cid")
    shutil.rmtree(settings.serving)
    done, _ = payout_desk.export(settings, "cid")
    assert [payout.payee_id for payout in done.paid] == ["account-of-before"]


def test_a_warehouse_without_its_models_is_told_in_one_line(settings: Settings) -> None:
    with open_warehouse(settings) as connection:
        connection.execute("drop schema awards cascade")
    with pytest.raises(SettingsError, match="warehouse.duckdb is not whole .* `incentives rebuild`"):
        payout_desk.propose(settings, "cid")


def test_a_copy_among_accepted_rows_is_named(settings: Settings) -> None:
    """As copying tools make it: its rows would count twice."""
    folder = settings.accepted / "partners" / f"landed_on={TODAY}"
    shutil.copy(folder / "part-0.parquet", folder / "part-0 (1).parquet")
    for look in (lambda: payout_desk.export(settings, "cid"), lambda: run(settings, TODAY + DAY, "account-of-today")):
        with pytest.raises(RefusedError, match=r"part-0 \(1\).parquet is none that acceptance wrote, .* move it away"):
            look()


def refuse(settings: Settings, told: str) -> None:
    """Neither a payment nor a run goes on."""
    for look in (
        lambda: payout_desk.propose(settings, "cid"),
        lambda: payout_desk.export(settings, "cid"),
        lambda: run(settings, TODAY + DAY, "account-of-today"),
    ):
        with pytest.raises(RefusedError, match=told):
            look()
        shutil.rmtree(settings.landing / "partners" / f"landed_on={TODAY + DAY}", ignore_errors=True)


def test_accepted_rows_of_a_delivery_before_it_was_replaced_pay_nobody(settings: Settings) -> None:
    """The file has the name of the one that replaced it."""
    part = settings.accepted / "partners" / f"landed_on={TODAY}" / "part-0.parquet"
    pl.read_parquet(part).with_columns(payee_id=pl.lit("account-of-noon")).write_parquet(part)
    refuse(settings, "partners/landed_on=2026-01-13/part-0.parquet is not as acceptance wrote it: put it back")


def test_verify_sees_what_size_and_time_of_accepted_rows_hide(settings: Settings) -> None:
    part = settings.accepted / "partners" / f"landed_on={TODAY}" / "part-0.parquet"
    before, content = part.stat(), part.read_bytes()
    part.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(RefusedError, match="part-0.parquet is not as acceptance wrote it"):
        verification._rows(settings, TODAY)


@pytest.mark.parametrize("name", [f"landed_on={BEFORE}", f"landed_on={TODAY} (1)", "landed_on=2026-1-3", "copy"])
def test_accepted_rows_of_a_folder_that_no_delivery_made_pay_nobody(settings: Settings, name: str) -> None:
    folder = settings.accepted / "creators" / name
    shutil.copytree(settings.accepted / "creators" / "landed_on=0001-01-01", folder)
    refuse(settings, f"{re.escape(str(folder))} holds rows that no record of a delivery speaks for")


def test_accepted_rows_that_were_copied_pay(settings: Settings) -> None:
    """As a restore leaves them: the same bytes, written later."""
    for part in settings.accepted.rglob("*.parquet"):
        os.utime(part, ns=(1, 1))
    done, _ = payout_desk.export(settings, "cid")
    assert [reason for _, reason in done.cancelled] == ["the payee changed since it was proposed"]


def test_records_of_a_version_without_fingerprints_speak_for_their_rows(settings: Settings) -> None:
    forget("parts", *settings.deliveries.rglob("*.json"))
    forget("closed_days", settings.state, *settings.serving.rglob("state.json"))
    with open_warehouse(settings) as connection:
        connection.execute("drop table context.read_deliveries")
    done, _ = payout_desk.export(settings, "cid")
    assert [reason for _, reason in done.cancelled] == ["the payee changed since it was proposed"]
    folder = settings.accepted / "partners" / f"landed_on={TODAY}"
    shutil.copy(folder / "part-0.parquet", folder / "part-0 (1).parquet")
    refuse(settings, r"part-0 \(1\).parquet is none that acceptance wrote, and would count")
    shutil.rmtree(folder)
    refuse(settings, "partners/landed_on=2026-01-13/part-0.parquet is gone, whose delivery was taken in")


def test_a_warehouse_that_does_not_tell_what_is_built_pays_nobody(
    settings: Settings, put_back: Callable[[str], None]
) -> None:
    """It is of a version that did not keep it, and its run may have gone beyond the home's day, or broken off."""
    put_back("state.json")
    with open_warehouse(settings) as connection:
        connection.execute("alter table context.run_window drop column is_built")
        with pytest.raises(RefusedError, match="not all models stand as of 2026-01-13"):
            require_built(connection)
    with pytest.raises(
        RefusedError, match="stands as of 2026-01-13 and .* through 2026-01-12: .* --through 2026-01-13"
    ):
        payout_desk.export(settings, "cid")


def test_a_copy_of_the_home_pays_nobody_by_the_rows_of_the_first(
    settings: Settings, put_back: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The paths in its warehouse are those of the first home, which was put back to the day before."""
    shutil.copytree(settings.home, tmp_path / "copy")
    put_back("accepted")
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path / "copy"))
    copy = Settings.from_environment()
    for step in (payout_desk.propose, payout_desk.export):
        with pytest.raises(
            SettingsError, match="reads accepted rows of another place, .* `incentives doctor --repair`"
        ):
            step(copy, "cid")
    rewrite_views(copy)
    done, _ = payout_desk.export(copy, "cid")
    assert done.cancelled == (("PARTNER:P1|CASH|2026-01-12", "the payee changed since it was proposed"),)


def test_a_state_of_the_day_before_pays_nobody(settings: Settings, put_back: Callable[[str], None]) -> None:
    """Nothing was posted as of the day, so that the ledger does not tell."""
    put_back("state.json")
    for step in (payout_desk.propose, payout_desk.export):
        with pytest.raises(
            RefusedError, match="stands as of 2026-01-13 and .* through 2026-01-12: .* --through 2026-01-13"
        ):
            step(settings, "cid")


def test_a_run_that_did_not_build_all_models_keeps_no_payout_of_the_day_before(
    settings: Settings, put_back: Callable[[str], None]
) -> None:
    put_back("state.json")
    put_back("serving")
    with open_warehouse(settings) as connection:
        connection.execute("update context.run_window set is_built = false")
    done, _ = payout_desk.export(settings, "cid")
    assert [payout.payee_id for payout in done.paid] == ["account-of-before"]


def test_a_home_that_moved_pays_once_its_paths_are_mended(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.home.rename(tmp_path / "moved")
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path / "moved"))
    moved = Settings.from_environment()
    with pytest.raises(SettingsError, match="reads accepted rows of another place, .*`incentives doctor --repair`"):
        payout_desk.export(moved, "cid")
    rewrite_views(moved)
    done, _ = payout_desk.export(moved, "cid")
    assert [reason for _, reason in done.cancelled] == ["the payee changed since it was proposed"]


def test_records_of_the_day_before_cost_no_rows(settings: Settings, put_back: Callable[[str], None]) -> None:
    """A feed that stops no day: its rows are there when the records are put back."""
    rows = settings.accepted / "ad_spend" / f"landed_on={TODAY}"
    rows.mkdir()
    shutil.copy(settings.accepted / "ad_spend" / "landed_on=0001-01-01" / "part-0.parquet", rows)
    put_back("deliveries")
    with pytest.raises(RefusedError, match="landed_on=2026-01-13 holds rows that no record of a delivery speaks for"):
        run(settings, TODAY + DAY, "account-of-today")
    shutil.rmtree(settings.accepted / "partners" / f"landed_on={TODAY}")
    with pytest.raises(
        RefusedError, match="records of partners in .* are not those of the run that processed 2026-01-13"
    ):
        run(settings, TODAY + DAY + DAY, "account-of-today")
    assert (rows / "part-0.parquet").exists()
