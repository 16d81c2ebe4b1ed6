"""What was posted is on the disk: a commit waits for it, and so does making the ledger."""

from __future__ import annotations

from pathlib import Path

from awards_by_hand import ledger_in
from disk import LINKED, SYNCED, Step, watched
from sqlalchemy import text

from orchestration.ledger.ledger import Ledger
from orchestration.ledger.store import writing


def test_a_commit_waits_for_the_disk(sqlite_ledger: Ledger) -> None:
    full = 2
    with writing(sqlite_ledger._engine) as connection:
        assert connection.scalar(text("PRAGMA synchronous")) == full


def test_a_new_ledger_has_its_name_on_the_disk(tmp_path: Path) -> None:
    with watched() as steps:
        ledger_in(tmp_path)
    (named,) = [place for place, step in enumerate(steps) if step.verb == LINKED]
    assert steps[named].path == tmp_path / "ledger.sqlite"
    assert Step(SYNCED, tmp_path) in steps[named:]
