"""What processes that were killed left behind: the next one that writes in the same place clears it away, and nothing else.

Each test makes the leftover itself. Does not belong here: kills (``test_kills``), or rows that an acceptance left
(``tests/acceptance``).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from orchestration.event_log import close_left_open
from orchestration.files import replacing, write_text
from orchestration.ledger.ledger import Ledger
from orchestration.settings import Settings
from orchestration.warehouse import KeptMarts, open_warehouse, write_context
from orchestration.window import Window


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path / "home"))
    return Settings.from_environment()


@pytest.fixture(scope="module")
def ended() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_beside_no_leftover_of_it(tmp_path: Path, ended: int) -> None:
    running = os.getppid()
    for name in (f".a.{ended}.tmp", f".a.{ended}.tmp.wal", f".a.{running}.tmp", f".aa.{ended}.tmp", "a.tmp"):
        (tmp_path / name).touch()
    write_text(tmp_path / "a", "text")
    assert names(tmp_path) == sorted(["a", "a.tmp", f".a.{running}.tmp", f".aa.{ended}.tmp"])


def test_the_log_that_a_killed_run_left_beside_its_events_is_written_into_them(tmp_path: Path) -> None:
    left, whole = tmp_path / "left", tmp_path / "whole"
    left.mkdir()
    whole.mkdir()
    with closing(sqlite3.connect(whole / "run.db")) as open_one:
        open_one.executescript("pragma journal_mode = wal; create table events (id); insert into events values (7)")
        open_one.commit()
        for name in names(whole):
            shutil.copy(whole / name, left / name)
        assert names(left) == ["run.db", "run.db-shm", "run.db-wal"]
        close_left_open(left)
        # Who still has a file open keeps its log.
        close_left_open(whole)
        assert names(whole) == ["run.db", "run.db-shm", "run.db-wal"]
    assert names(left) == ["run.db"]
    with closing(sqlite3.connect(left / "run.db")) as found:
        assert found.execute("select id from events").fetchall() == [(7,)]


def test_a_leftover_of_an_earlier_process_of_the_same_number_is_not_written_on(tmp_path: Path) -> None:
    temporary = tmp_path / f".marts.duckdb.{os.getpid()}.tmp"
    with duckdb.connect(str(temporary)) as connection:
        connection.execute("create schema finance")
    with replacing(tmp_path / "marts.duckdb") as new:
        assert new == temporary
        assert not new.exists()
        new.touch()


@pytest.mark.parametrize("is_there", [False, True], ids=["before", "after"])
def test_a_ledger_that_was_begun_or_just_made_leaves_nothing_beside_it(
    tmp_path: Path, ended: int, is_there: bool
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    if is_there:
        Ledger.open(url)
    for end in ("", "-wal", "-shm"):
        (tmp_path / f".ledger.sqlite.{ended}.tmp{end}").touch()
    assert Ledger.open(url).head().posting_no == 0
    assert names(tmp_path) == ["ledger.sqlite"]


def test_what_was_spilled_goes_when_the_warehouse_is_written_next(settings: Settings) -> None:
    with open_warehouse(settings):
        pass
    spilled = settings.warehouse.with_name("warehouse.duckdb.tmp")
    spilled.mkdir()
    (spilled / "duckdb_temp_storage_DEFAULT-0.tmp").touch()
    with open_warehouse(settings, read_only=True):
        assert spilled.exists(), "a reader may be beside another one, which spills"
    with open_warehouse(settings):
        assert names(settings.warehouse.parent) == ["warehouse.duckdb"]


def test_deliveries_on_their_way_into_the_warehouse_pass_through_the_home(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the next run finds what a killed one left, unlike in the machine's folder for temporary files."""
    written: list[Path] = []
    write_parquet = pl.DataFrame.write_parquet

    def write(rows: pl.DataFrame, path: Path) -> None:
        written.append(path)
        write_parquet(rows, path)

    monkeypatch.setattr(pl.DataFrame, "write_parquet", write)
    for place in (settings.accepted, settings.quarantine):
        place.mkdir(parents=True)
    monkeypatch.setattr("orchestration.warehouse._write_views", lambda *_: None)
    day = date(2025, 10, 1)
    with open_warehouse(settings) as connection:
        write_context(connection, settings, Window(day, day, day, day, None, "UTC"), [], KeptMarts((), ""))
    assert [path.parent for path in written] == [settings.warehouse.parent]
    assert names(settings.warehouse.parent) == ["warehouse.duckdb"]
