"""Two small marketplaces that the tests of this folder read: a few days around a peak, and a winter with a recall."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestration.sample import SampleSummary, write_sample


@pytest.fixture(scope="session")
def peak_days() -> tuple[date, date]:
    """First and last delivery of ``peak``."""
    return date(2025, 11, 26), date(2025, 11, 29)


@pytest.fixture(scope="session")
def winter_days() -> tuple[date, date]:
    """First and last delivery of ``winter``."""
    return date(2026, 1, 20), date(2026, 2, 25)


@pytest.fixture(scope="session")
def peak(tmp_path_factory: pytest.TempPathFactory, peak_days: tuple[date, date]) -> Path:
    """Four deliveries of 5,000 orders in two years, seed 3."""
    out = tmp_path_factory.mktemp("peak")
    write_sample(out, *peak_days, 5_000, 3)
    return out


@pytest.fixture(scope="session")
def winter_run(tmp_path_factory: pytest.TempPathFactory, winter_days: tuple[date, date]) -> tuple[Path, SampleSummary]:
    """A bulk with the campaign and the peak in its history, and the five weeks in which the recall lands."""
    out = tmp_path_factory.mktemp("winter")
    return out, write_sample(out, *winter_days, 20_000, 5)


@pytest.fixture(scope="session")
def winter(winter_run: tuple[Path, SampleSummary]) -> Path:
    """The landing folder of ``winter_run``."""
    return winter_run[0]
