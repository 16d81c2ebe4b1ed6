"""What a command comes to, in this process: the days that it asks for, one writer at a time, and its exit code.

Does not belong here: commands that run whole (``tests/end_to_end``).
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

from orchestration import runs
from orchestration.command_line import exit_code
from orchestration.errors import BusyError, IncentivesError, RefusedError, SettingsError
from orchestration.files import write_text
from orchestration.progress import Progress
from orchestration.runs import RunOutcome, run_through
from orchestration.settings import Settings
from orchestration.writer_lock import writer_lock

FIRST = date(2025, 10, 1)
TODAY = date(2025, 10, 5)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A deployment to which orders were delivered on the first day."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("INCENTIVES_TIMEZONE", "Asia/Tokyo")
    folder = tmp_path / "home" / "landing" / "orders" / f"landed_on={FIRST}"
    folder.mkdir(parents=True)
    (folder / "delivery.csv").touch()
    return Settings.from_environment()


# The days that a run asks for


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[date, date]]]:
    """The ranges of days for which the job is started."""
    ranges: list[tuple[date, date]] = []

    def execute(_: Settings, first: date, last: date, tags: dict[str, str]) -> RunOutcome:
        ranges.append((first, last))
        return RunOutcome(first, last, "", "", 0)

    monkeypatch.setattr(runs, "_execute", execute)
    monkeypatch.setattr(runs, "today", lambda _: TODAY)
    return ranges


def october(*days: tuple[int, int]) -> list[tuple[date, date]]:
    return [(FIRST.replace(day=first), FIRST.replace(day=last)) for first, last in days]


@pytest.mark.parametrize(
    ("done", "through", "daily", "ranges"),
    [
        (None, 3, False, [(1, 3)]),
        (None, 3, True, [(1, 1), (2, 2), (3, 3)]),
        (2, 4, False, [(3, 4)]),
        (2, 9, False, [(3, 5)]),  # today at the latest
        (2, 9, True, [(3, 3), (4, 4), (5, 5)]),
        (4, 4, False, [(4, 4)]),
        (4, 4, True, [(4, 4)]),
        (4, 2, False, [(4, 4)]),  # a closed day: the last processed one is verified again
    ],
)
def test_a_run_asks_for_every_unprocessed_day_up_to_today(
    settings: Settings, asked: list[Any], done: int | None, through: int, daily: bool, ranges: list[tuple[int, int]]
) -> None:
    if done is not None:
        Progress("Asia/Tokyo", FIRST, FIRST.replace(day=done)).save(settings)
    told: list[RunOutcome] = []
    run_through(settings, FIRST.replace(day=through), daily, told.append)
    assert asked == [(outcome.first, outcome.last) for outcome in told] == october(*ranges)


def test_days_before_the_first_delivery_are_refused(settings: Settings, asked: list[Any]) -> None:
    with pytest.raises(SettingsError, match="nothing was delivered up to 2025-09-30; the first delivery is 2025-10-01"):
        run_through(settings, FIRST - timedelta(2), False, lambda _: None)
    assert asked == []


def test_a_home_does_not_go_on_in_another_time_zone(settings: Settings) -> None:
    Progress("Asia/Tokyo", FIRST, FIRST).save(settings)
    assert Progress.load(settings) == Progress("Asia/Tokyo", FIRST, FIRST)
    settings.state.write_text(json.dumps(json.loads(settings.state.read_text()) | {"time_zone": "UTC"}))
    with pytest.raises(SettingsError, match="INCENTIVES_TIMEZONE is Asia/Tokyo, but .* was begun with UTC"):
        Progress.load(settings)


# One writer


def test_nobody_writes_beside_the_one_who_holds_the_lock(settings: Settings) -> None:
    with writer_lock(settings, "this test"), settings.lock.open() as other:
        for kind in (fcntl.LOCK_EX, fcntl.LOCK_SH):
            with pytest.raises(BlockingIOError):
                fcntl.flock(other, kind | fcntl.LOCK_NB)
    with settings.lock.open() as other:
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        with (
            pytest.raises(BusyError, match="another writer is at work: this test, process"),
            writer_lock(settings, "me"),
        ):
            pytest.fail("two writers")


# Exit codes


def raising(error: BaseException) -> Any:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (lambda: None, 0, ""),
        (raising(IncentivesError("two\nlines")), 1, "incentives: two lines"),
        (raising(RefusedError("refused")), 1, "incentives: refused"),
        (raising(SettingsError("a setting")), 2, "incentives: a setting"),
        (raising(BusyError("busy")), 3, "incentives: busy"),
        (raising(typer.BadParameter("no day")), 2, "no day"),
        (raising(PermissionError(errno.EACCES, "denied", "place")), 2, "incentives: place may not be read or written"),
        (
            raising(OSError(errno.ENOSPC, "No space left on device", "place")),
            2,
            "incentives: No space left on device (place)",
        ),
        (lambda: 130, 130, "incentives: interrupted; the same command finishes the job"),
    ],
)
def test_a_command_ends_with_its_code_and_one_line(
    capsys: pytest.CaptureFixture[str], command: Any, code: int, told: str
) -> None:
    assert exit_code(command) == code
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == bool(told)


@pytest.mark.parametrize("path", ["", "/", "folder"])
def test_a_folder_is_no_file_to_write_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    assert exit_code(lambda: write_text(Path(path), "x")) == 2
    told = capsys.readouterr().err
    assert told.startswith("incentives: a folder is no file") and told.count("\n") == 1
    assert [found.name for found in tmp_path.iterdir()] == ["folder"]


def test_what_nobody_can_mend_is_a_bug_and_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_code(raising(ZeroDivisionError()))


def test_a_command_whose_output_nobody_reads_does_its_work(tmp_path: Path) -> None:
    """As in a scheduler's shell: ``incentives … >&-``."""
    command = f"{shlex.quote(sys.executable)} -m orchestration.command_line doctor >&-"
    told = subprocess.run(
        ["sh", "-c", command], env=os.environ | {"INCENTIVES_HOME": str(tmp_path)}, stderr=subprocess.PIPE, text=True
    ).stderr
    assert "Traceback" not in told
