"""A ledger of an earlier version gets the tables that it lacks, and keeps what was posted to the letter."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from awards_by_hand import ledger_in, post, provisional
from sqlalchemy import text

from orchestration.errors import SettingsError
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.migrations import MIGRATIONS
from orchestration.ledger.store import reading

LATER_TABLES = [table.name for migration in MIGRATIONS[1:] for table in migration.tables]


def raw_script(folder: Path, script: str) -> None:
    with closing(sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)) as raw:
        raw.executescript(script)


def test_a_ledger_of_the_first_version_is_upgraded_and_goes_on(tmp_path: Path) -> None:
    before = ledger_in(tmp_path)
    post(before, "2025-10-02", provisional(5))
    head, entries = before.head(), list(before.entries())
    # The first version had none of these tables, guarded no row numbers, and kept no record of its version.
    raw_script(tmp_path, "DROP TRIGGER used_terms_row_number")
    raw_script(tmp_path, ";".join(f"DROP TABLE {name}" for name in (*reversed(LATER_TABLES), "schema_versions")))
    upgraded = ledger_in(tmp_path)
    assert (upgraded.head(), list(upgraded.entries())) == (head, entries)
    with reading(upgraded._engine) as connection:
        versions = connection.execute(text("SELECT version, brings FROM schema_versions ORDER BY version")).all()
    assert [tuple(row) for row in versions] == [(one.version, one.brings) for one in MIGRATIONS]
    assert upgraded.verify([head]) == []
    assert post(upgraded, "2025-10-03", provisional(8)).posted


def test_a_ledger_of_a_later_version_is_refused_by_name(tmp_path: Path) -> None:
    ledger_in(tmp_path)
    raw_script(tmp_path, f"INSERT INTO schema_versions VALUES ({len(MIGRATIONS) + 1}, 'more', 'later')")
    with pytest.raises(SettingsError, match=f"has version {len(MIGRATIONS) + 1}.*knows {len(MIGRATIONS)}: upgrade it"):
        Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
