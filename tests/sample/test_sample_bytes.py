"""The same arguments give the same bytes, a longer sample only adds days, and nothing that lands is refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from data_contracts.feeds import FEEDS
from orchestration.acceptance import accept_delivery
from orchestration.deliveries import State
from orchestration.errors import SettingsError
from orchestration.sample import write_sample
from orchestration.settings import Settings


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_second_and_longer_sample_has_the_same_bytes_and_more_days(
    peak: Path, peak_days: tuple[date, date], tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    longer_days = peak_days[0], peak_days[1] + timedelta(days=2)
    summary = write_sample(tmp_path / "longer", *longer_days, 5_000, 3, lambda done, total: told.append((done, total)))
    longer, shorter = contents(tmp_path / "longer"), contents(peak)
    added = {name.split("landed_on=")[1][:10] for name in longer.keys() - shorter.keys()}
    assert {name: longer[name] for name in shorter} == shorter
    assert added == {"2025-11-30", "2025-12-01"}
    assert told[-1] == (summary.orders, summary.orders)
    assert told == sorted(told)


def test_every_feed_is_there_and_nothing_is_refused_or_broken_by_accident(
    peak: Path, peak_days: tuple[date, date], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path))
    monkeypatch.setenv("INCENTIVES_LANDING", str(peak))
    settings = Settings.from_environment()
    assert {folder.name for folder in peak.iterdir()} == set(FEEDS)
    for folder in sorted(peak.glob("*/landed_on=*")):
        feed, day = folder.parent.name, date.fromisoformat(folder.name[10:])
        record = accept_delivery(settings, FEEDS[feed], day)
        assert record is not None
        assert record.state is State.ACCEPTED, record
        # Four rows are broken on purpose in the bulk and at most one on other days; of orders a few more, which land
        # in no other form.
        on_purpose = (4 if day == peak_days[0] else 1) + (10 if feed == "orders" else 0)
        assert record.quarantined <= on_purpose, record


@pytest.mark.parametrize(
    ("first", "last", "orders", "seed", "cause"),
    [
        (date(2025, 2, 1), date(2025, 1, 1), 5_000, 1, "before it starts"),
        (date(1999, 1, 1), date(2025, 1, 1), 5_000, 1, "from the year 2000 on"),
        (date(2025, 1, 1), date(2025, 1, 2), 10, 1, "ask for 1000 or more"),
        (date(2025, 1, 1), date(2025, 1, 2), 5_000, -1, "from 0 on"),
    ],
)
def test_senseless_arguments_are_refused(
    tmp_path: Path, first: date, last: date, orders: int, seed: int, cause: str
) -> None:
    with pytest.raises(SettingsError, match=cause):
        write_sample(tmp_path / "new", first, last, orders, seed)


def test_folder_with_something_in_it_is_refused(peak: Path, peak_days: tuple[date, date]) -> None:
    with pytest.raises(SettingsError, match="not an empty folder"):
        write_sample(peak, *peak_days, 5_000, 3)
