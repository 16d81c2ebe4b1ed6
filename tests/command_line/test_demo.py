"""Where a demo may run: it pays all that is owed, so only in a home that it made itself.

Does not belong here: the demo itself, which ``make demo`` runs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.command_line import app
from orchestration.demo import _require_own_home
from orchestration.errors import SettingsError
from orchestration.home import prepare_home
from orchestration.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_new_home_is_a_demos_from_then_on(home: Path) -> None:
    """Also one in which a UI was opened, where nothing was delivered."""
    prepare_home(Settings.from_environment())
    for _ in range(2):
        _require_own_home(Settings.from_environment())
        (home / "state.json").touch()


@pytest.mark.parametrize("kept", ["state.json", "landing/orders/landed_on=2025-10-01/a.csv", "ledger/ledger.sqlite"])
def test_no_demo_pays_in_a_home_that_is_not_its_own(home: Path, kept: str) -> None:
    (home / kept).parent.mkdir(parents=True)
    (home / kept).touch()
    with pytest.raises(
        SettingsError, match="is not a demo's, which pays all that is owed: move it away, or name a new"
    ):
        app(["demo"], standalone_mode=False)
    assert [path for path in home.rglob("*") if path.is_file()] == [home / kept]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INCENTIVES_LANDING", "/elsewhere/landing"),
        ("INCENTIVES_LEDGER_URL", "sqlite:////elsewhere/ledger.sqlite"),
        ("INCENTIVES_HEAD_COPY", "/elsewhere/head.json"),
    ],
)
def test_no_demo_reads_or_pays_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="of its own: unset INCENTIVES_LANDING, INCENTIVES_LEDGER_URL and INCENT"):
        app(["demo"], standalone_mode=False)
    assert not home.exists()
