"""Dagster's event log with its files kept open: the same log, read and written by either storage."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.event_log import MOST_OPEN, KeptEventLogStorage


@dg.asset
def something() -> None: ...


def test_dagsters_own_storage_reads_what_was_written_and_files_are_closed(tmp_path: Path) -> None:
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\n"
        "event_log_storage: {module: orchestration.event_log, class: KeptEventLogStorage, "
        f'config: {{base_dir: "{home / "runs"}"}}}}\n'
    )
    runs = MOST_OPEN + 2
    with dg.DagsterInstance.from_config(str(home)) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, KeptEventLogStorage)
        for _ in range(runs):
            assert dg.materialize([something], instance=instance).success
        assert len(storage._engines) == MOST_OPEN
    plain = SqliteEventLogStorage(str(home / "runs"))
    written = plain.fetch_materializations(something.key, limit=100).records
    assert len(written) == runs
