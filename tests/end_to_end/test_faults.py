"""Faults of the machine: a disk that fills, a clock that jumps, two runs at once, a reader that looks on throughout. What stands in
the end is what stands where nothing was wrong.

Each write of acceptance and publication fails once in this process; the rest goes through the real command. Does not belong here:
kills (``test_kills``), and full disks at every size (``campaigns.full_disk``).
"""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import golden_world as golden
import pytest
from campaigns.standing import Standing, differences, standing
from deployment import Deployment, Outcome
from sqlalchemy import event
from test_kills import wait_for

from data_contracts.feeds import FEEDS
from data_contracts.public_marts import PublicMart
from orchestration import publication
from orchestration.acceptance import take_in
from orchestration.deliveries import read_record
from orchestration.errors import SettingsError
from orchestration.ledger.chain import Head
from orchestration.ledger.entries import Award, AwardKey
from orchestration.ledger.ledger import Ledger
from orchestration.progress import Progress
from orchestration.publication import publish
from orchestration.settings import Settings
from orchestration.window import Window

CLOCKS = Path(__file__).resolve().parents[1] / "campaigns" / "clocks"
DAY = date(2025, 10, 1)
NEXT_DAY = "2025-10-05"
LOOK = "select * from gmv_daily order by all"
WRITES = ("mkdir", "chmod", "replace", "link", "fsync")
"""What Python's own writes come to; DuckDB's and Polars' own go wrong on a small disk only."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path / "home"))
    return Settings.from_environment()


# Every write fails once


@contextmanager
def no_room_at(number: int) -> Iterator[list[str]]:
    """Fails the write of that number, from 1, for want of room; collects what was written until then."""
    written: list[str] = []

    def failing(name: str, write: Callable[..., object]) -> Callable[..., object]:
        def write_or_fail(*arguments: object, **named: object) -> object:
            written.append(name)
            if len(written) == number:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(*arguments, **named)

        return write_or_fail

    with pytest.MonkeyPatch.context() as patched:
        for name in WRITES:
            patched.setattr(os, name, failing(name, getattr(os, name)))
        yield written


def temporary_names(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if ".tmp" in path.name]


def test_an_acceptance_for_which_there_is_no_room_is_none(settings: Settings) -> None:
    feed = FEEDS["orders"]
    folder = settings.landing / "orders" / f"landed_on={DAY}"
    folder.mkdir(parents=True)
    rows = golden.order("O1", "B1", "2025-10-01T09:00:00Z") + golden.order("O2", "B1", "some time")
    (folder / "delivery.csv").write_text(golden.ORDERS + rows)
    number, failed = 0, True
    while failed:
        number += 1
        with no_room_at(number) as written:
            try:
                take_in(settings, feed, DAY)
            except SettingsError as error:
                assert "No space left on device" in str(error) and "free space" in str(error)
            failed = len(written) >= number
        record = read_record(settings, "orders", DAY)
        record = record or take_in(settings, feed, DAY)
        assert record is not None
        assert (record.state, record.accepted, record.quarantined) == ("ACCEPTED", 1, 1)
        assert temporary_names(settings.home) == []
        (settings.deliveries / "orders" / f"{DAY}.json").unlink()
    assert number > 15


def test_a_publication_for_which_there_is_no_room_leaves_one_version_whole(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    marts = (
        PublicMart("gmv_daily", "marts.gmv_daily", ("gmv_date",), part_by="gmv_date"),
        PublicMart("ledger_balances", "ledger.ledger_balances", ("account",), finance=True),
    )
    monkeypatch.setattr(publication, "PUBLIC_MARTS", marts)
    monkeypatch.setattr(publication, "AS_KNOWN", ())
    window = Window(DAY, DAY, DAY, DAY, None, "UTC")
    number, failed = 0, True
    with duckdb.connect() as warehouse:
        warehouse.execute(
            """create schema marts; create schema ledger;
            create table marts.gmv_daily as
            select cast(range as date) as gmv_date, cast(1 as bigint) as net_cents
            from range(date '2025-09-29', date '2025-10-03', interval 1 day);
            create table ledger.ledger_balances as select 'program:P' as account, cast(1 as bigint) as balance_cents"""
        )
        publish(warehouse, settings, window, Head(1, 1, "abc"), Progress("UTC", DAY, DAY))
        while failed:
            number += 1
            # Of both marts, so that a mixture of versions shows; of the second month alone, so that the first is shared.
            for mart, cents in (("marts.gmv_daily", "net_cents"), ("ledger.ledger_balances", "balance_cents")):
                where = "where gmv_date > '2025-10-01'" if cents == "net_cents" else ""
                warehouse.execute(f"update {mart} set {cents} = {cents} + 1 {where}")
            with no_room_at(number) as written:
                try:
                    publish(warehouse, settings, window, Head(1, 1, "abc"), Progress("UTC", DAY, DAY))
                except OSError as error:
                    assert error.errno == errno.ENOSPC
                failed = len(written) >= number
            assert _served(settings) in ((number, number), (number + 1, number + 1))
            publish(warehouse, settings, window, Head(1, 1, "abc"), Progress("UTC", DAY, DAY))
            assert _served(settings) == (number + 1, number + 1)
            assert temporary_names(settings.home) == []
    assert number > 40


def _served(settings: Settings) -> tuple[int, int]:
    with duckdb.connect(str(settings.serving / "marts.duckdb"), read_only=True) as served:
        row = served.execute(
            "select max(net_cents), (select max(balance_cents) from finance.ledger_balances) from gmv_daily"
        )
        (found,) = row.fetchall()
    return found


def test_a_posting_for_which_there_is_no_room_is_none(tmp_path: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    awards = [
        Award(AwardKey("P", "2025", "PARTNER", f"{number:05}", "", "gmv", "CASH"), number, "PROVISIONAL")
        for number in range(1, 2_001)
    ]

    def post() -> int | None:
        return ledger.post_awards(DAY, awards, "inputs", "terms", {("P", 1): "hash"}).posting_no

    def fill(connection: object, _: object) -> None:
        connection.execute("pragma max_page_count = 40")

    event.listen(ledger._engine, "connect", fill)
    with pytest.raises(SettingsError, match="full; see to path, rights and disk"):
        post()
    assert ledger.head().posting_no == 0
    event.remove(ledger._engine, "connect", fill)
    assert post() == 1
    assert ledger.verify() == []


# A small disk


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Callable[[str], None]]:
    """A disk of its own at a place of the home; it is enlarged by what is yielded. Skips where none may be mounted."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("a full disk was not tried: there is no `mount` here")
    if mounted.returncode != 0:
        pytest.skip(f"a full disk was not tried: {mounted.stderr.strip()} (mounting needs root)")
    try:
        yield lambda larger: subprocess.run(["mount", "-o", f"remount,size={larger}", str(place)], check=True) and None
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_fills_ends_a_run_in_one_line_and_room_is_all_it_takes(states: Deployment) -> None:
    """First that of Dagster's record; then the warehouse's, while dbt builds; then that of the served marts, once all is posted."""
    states.restore("once")
    undisturbed = standing(states)
    states.restore("prepared")
    with (
        small_disk(states.home / "dagster", "100k") as enlarge_storage,
        small_disk(states.home / "warehouse", "1m") as enlarge_warehouse,
        small_disk(states.home / "serving", "80k") as enlarge_serving,
    ):
        check_no_room(states.incentives("run", "--through", golden.LAST_DAY))
        assert not list(states.home.glob("deliveries/*/*")), "the run came further than to its record"
        enlarge_storage("100m")
        check_no_room(states.incentives("run", "--through", golden.LAST_DAY))
        ledger = Ledger.open(f"sqlite:///{states.home / 'ledger' / 'ledger.sqlite'}")
        assert ledger.head().posting_no == 0, "the run came further than to dbt"
        enlarge_warehouse("100m")
        check_no_room(states.incentives("run", "--through", golden.LAST_DAY))
        assert list(states.home.glob("serving/main/version-*")), "the run did not come to the served marts"
        assert not states.marts.exists()
        enlarge_serving("100m")
        outcome = states.run(golden.LAST_DAY)
        assert "is posted already" in outcome.out
        assert differences(standing(states), undisturbed) == []
        assert states.incentives("verify").code == 0


def check_no_room(outcome: Outcome) -> None:
    assert outcome.code == 2, outcome
    assert "space" in outcome.told.lower(), outcome.told


# Clocks, two runs at once, and a reader


@dataclass(frozen=True)
class LookedOn:
    """A day run while the clock jumped, another run was asked for and a reader looked on; then a rebuild in another year.

    ``seen``: what each reader saw before its command, and again and again while it ran.
    """

    undisturbed: Standing
    after_the_run: Standing
    after_the_rebuild: Standing
    second: list[Outcome]
    seen: list[list[list[tuple]]]


@pytest.fixture(scope="module")
def looked_on(states: Deployment) -> LookedOn:
    """The day after the golden world, first as it should be, then with all that goes wrong."""
    states.restore("once")
    at = f"{NEXT_DAY}T09:00:00Z"
    states.put("orders", NEXT_DAY, golden.ORDERS + golden.order("O7", "B7", at))
    states.put("order_lines", NEXT_DAY, golden.LINES + golden.line("O7-1", "A", "30000.00", at))
    states.keep("landed_next")
    states.run(NEXT_DAY)
    undisturbed = standing(states)
    states.restore("landed_next")
    second: list[Outcome] = []
    runs = len(list(states.home.glob("dagster/storage/*")))

    def begun() -> bool:
        return len(list(states.home.glob("dagster/storage/*"))) > runs

    def ask_again(process: subprocess.Popen[str]) -> None:
        wait_for(begun, process)
        second.append(states.incentives("run", "--through", NEXT_DAY))

    # A year back, from publication on.
    back = {"CAMPAIGN_CLOCK_DAYS": "-365", "CAMPAIGN_CLOCK_FROM": str(states.home / "serving/main/version-000002")}
    seen = [look_on(states, ("run", "--through", NEXT_DAY), back, ask_again)]
    after_the_run = standing(states)
    seen.append(look_on(states, ("rebuild",), {"CAMPAIGN_CLOCK_DAYS": "366"}))
    return LookedOn(undisturbed, after_the_run, standing(states), second, seen)


def look_on(
    deployment: Deployment,
    command: tuple[str, ...],
    clock: dict[str, str],
    meanwhile: Callable[[subprocess.Popen[str]], None] = lambda _: None,
) -> list[list[tuple]]:
    """What a reader that keeps the served file open sees before, during and after a command, which must succeed."""
    with duckdb.connect(str(deployment.marts), read_only=True) as reader:
        seen = [reader.execute(LOOK).fetchall()]
        process = deployment.start(*command, PYTHONPATH=str(CLOCKS), **clock)
        meanwhile(process)
        while process.poll() is None:
            seen.append(reader.execute(LOOK).fetchall())
            time.sleep(0.1)
        out, err = process.communicate()
        assert process.returncode == 0, (out, err)
        return [*seen, reader.execute(LOOK).fetchall()]


def test_clocks_that_jump_change_no_figure_and_no_entry(looked_on: LookedOn) -> None:
    assert differences(looked_on.after_the_run, looked_on.undisturbed) == []
    assert differences(looked_on.after_the_rebuild, looked_on.undisturbed) == []


def test_of_two_runs_at_once_one_works_and_the_other_says_so(looked_on: LookedOn) -> None:
    (second,) = looked_on.second
    assert second.code == 3
    assert f"incentives run --through {NEXT_DAY}, process" in second.told


def test_a_reader_sees_its_version_until_the_command_has_ended(looked_on: LookedOn) -> None:
    for seen in looked_on.seen:
        assert len(seen) > 20
        assert all(rows == seen[0] for rows in seen)
    assert looked_on.seen[0][0] != looked_on.seen[1][0]
