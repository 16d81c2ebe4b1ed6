"""Versions of the served marts: how long they stay, and the place that the small file shows."""

from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb
import pytest

from orchestration.publication import GRACE_SECONDS, _forget_old, views_elsewhere
from orchestration.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path / "home"))
    return Settings.from_environment()


def age(folder: Path) -> None:
    long_ago = time.time() - GRACE_SECONDS - 1
    os.utime(folder, (long_ago, long_ago))


def test_the_grace_of_a_version_begins_when_the_next_one_is_published(settings: Settings) -> None:
    first, second, third = (settings.serving / "main" / f"version-00000{number}" for number in (1, 2, 3))
    for folder in (first, second, third):
        folder.mkdir(parents=True)
    age(first)  # it was current for longer than the grace
    _forget_old(settings, 1, 2)
    _forget_old(settings, 2, 3)
    assert first.exists()
    age(first)
    _forget_old(settings, 3, 4)
    assert (first.exists(), second.exists(), third.exists()) == (False, True, True)


def test_views_of_a_copied_home_are_found_out(settings: Settings, tmp_path: Path) -> None:
    assert not views_elsewhere(settings)
    for home, expected in ((settings.home, False), (tmp_path / "elsewhere", True)):
        part = home / "serving" / "main" / "part.parquet"
        part.parent.mkdir(parents=True, exist_ok=True)
        settings.serving.mkdir(parents=True, exist_ok=True)
        (settings.serving / "marts.duckdb").unlink(missing_ok=True)
        with duckdb.connect(str(settings.serving / "marts.duckdb")) as served:
            served.execute(f"copy (select 1 as one) to '{part}' (format parquet)")
            served.execute(f"create view one as select * from read_parquet('{part}')")
        assert views_elsewhere(settings) is expected
