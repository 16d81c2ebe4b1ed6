"""What the doctor calls sound, and what not: modes that let others in, a disk that is nearly full, a delivery that is refused."""

from __future__ import annotations

import fcntl
from datetime import date
from pathlib import Path

import pytest

from orchestration import doctor
from orchestration.command_line import app
from orchestration.deliveries import DeliveryRecord, State, write_record
from orchestration.doctor import examine
from orchestration.errors import BusyError, SettingsError
from orchestration.home import prepare_home
from orchestration.ledger.ledger import Ledger
from orchestration.progress import Progress
from orchestration.settings import Settings

GIB = 2**30


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with a ledger, and room on its disk."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path / "home"))
    settings = Settings.from_environment()
    prepare_home(settings)
    Ledger.open(settings.ledger_url)
    monkeypatch.setattr(doctor, "_free", lambda _: 2 * GIB)
    return settings


def test_a_sound_home(settings: Settings) -> None:
    found = examine(settings)
    assert found.troubles == []
    for words in ("lock: free", "2 GiB free", "ledger: mode 700", "ledger.sqlite: mode 600", "home: mode 711"):
        assert words in found.sound


def test_a_ledger_that_lacks_what_was_recorded(settings: Settings) -> None:
    settings.payouts.mkdir()
    (settings.payouts / "ledger_head.json").write_text('{"posting_no": 2, "entry_no": 2, "hash": "lost"}')
    (trouble,) = examine(settings).troubles
    assert "the ledger does not have posting 2" in trouble and "No newer ledger is left" in trouble


@pytest.mark.parametrize(
    ("place", "mode", "worst"),
    [
        ("ledger/ledger.sqlite", 0o640, 0o600),
        ("ledger/ledger.sqlite", 0o604, 0o600),
        ("ledger", 0o710, 0o700),
        (".", 0o715, 0o711),
    ],
)
def test_modes_that_let_others_in(settings: Settings, place: str, mode: int, worst: int) -> None:
    path = settings.home / place
    path.chmod(mode)
    assert examine(settings).troubles == [f"{path} has mode {mode:o}: chmod {worst:o}"]


def test_stricter_modes_are_sound(settings: Settings) -> None:
    settings.home.chmod(0o700)
    (settings.home / "ledger" / "ledger.sqlite").chmod(0o400)
    assert examine(settings).troubles == []


def test_a_disk_that_is_nearly_full(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_free", lambda _: 2 * GIB - 1)
    assert examine(settings).troubles == [f"only 2047 MiB are free under {settings.home}: free some"]


def test_a_refused_delivery(settings: Settings) -> None:
    day = date(2025, 10, 1)
    for state in (State.ACCEPTED, State.WAIVED, State.REFUSED):
        write_record(settings, DeliveryRecord("orders", day.replace(day=1 + len(state)), state, reason="it is refused"))
    assert examine(settings).troubles == [
        "it is refused; replace it in place, or `incentives waive orders 2025-10-08 --reason ...`"
    ]


def test_a_refused_delivery_whose_feed_has_gone_on(settings: Settings) -> None:
    refused = DeliveryRecord("ad_spend", date(2025, 10, 1), State.REFUSED, reason="it is refused")
    for record in (refused, DeliveryRecord("ad_spend", date(2025, 10, 2), State.ACCEPTED)):
        write_record(settings, record)
    assert examine(settings).troubles == [
        "it is refused; too late to replace: deliver it in the next unprocessed day's folder, and "
        "`incentives waive ad_spend 2025-10-01 --reason ...`"
    ]


def test_no_home_is_made_by_a_repair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path / "mistyped"))
    with pytest.raises(SettingsError, match="nothing was processed"):
        app(["doctor", "--repair"], standalone_mode=False)
    assert not (tmp_path / "mistyped").exists()


def test_nothing_is_repaired_beside_a_run(settings: Settings) -> None:
    Progress("UTC", date(2025, 10, 1), date(2025, 10, 1)).save(settings)
    with settings.lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="another writer is at work"):
            app(["doctor", "--repair"], standalone_mode=False)
    assert not (settings.serving / "marts.duckdb").exists()
