"""A fresh SQLite ledger for every test that asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest
from awards_by_hand import ledger_in

from orchestration.ledger.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return ledger_in(tmp_path)
