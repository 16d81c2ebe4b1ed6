"""The shipped terms as what a test changes, and a folder to write the changed ones to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from data_contracts.terms import Program, load_programs

SHIPPED = Path(__file__).resolve().parents[2] / "data_contracts" / "programs"


@pytest.fixture
def referral() -> dict[str, Any]:
    """The keys of the shipped referral program."""
    return yaml.safe_load((SHIPPED / "referral_2025q4.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def daily_gmv() -> dict[str, Any]:
    """The keys of the shipped program of incremental daily GMV."""
    return yaml.safe_load((SHIPPED / "tsp_daily_gmv_2025q4.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., tuple[Program, ...]]:
    """Write each program to a file of its own (``p0.yaml``, ``p1.yaml``, …) and load the folder."""

    def write_and_load(*written: dict[str, Any]) -> tuple[Program, ...]:
        for number, terms in enumerate(written):
            text = yaml.safe_dump(terms, allow_unicode=True, sort_keys=False)
            (tmp_path / f"p{number}.yaml").write_text(text, encoding="utf-8")
        return load_programs(tmp_path)

    return write_and_load


@pytest.fixture
def two(
    load: Callable[..., tuple[Program, ...]], referral: dict[str, Any], daily_gmv: dict[str, Any]
) -> tuple[Program, ...]:
    """Two of the programs that ship: referrals and daily GMV."""
    return load(referral, daily_gmv)


@pytest.fixture
def shipped() -> tuple[Program, ...]:
    """The programs that ship."""
    return load_programs(SHIPPED)
