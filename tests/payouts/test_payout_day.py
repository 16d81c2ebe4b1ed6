"""What a run proposes on a payout day, over a warehouse of the few relations that the asset reads (rulebook 4)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from ledger_by_hand import PAID, desk_of, final, owed
from warehouse_by_hand import put_award, put_payees, put_window

from orchestration.assets.payouts import payout_proposals_asset
from orchestration.errors import RefusedError
from orchestration.ledger.entries import Award
from orchestration.ledger.ledger import Ledger
from orchestration.payouts.payouts import Payouts
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse

DAY = date(2026, 1, 15)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Payouts:
    """A home whose ledger was posted as of the payout day: 100.00 dollars to P1."""
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path))
    ledger = Ledger.open(Settings.from_environment().ledger_url)
    owed(ledger, DAY.isoformat(), final(10_000))
    return desk_of(ledger)


def run(award: Award, is_built: bool = True) -> None:
    """The asset in a run of that day, in whose warehouse this award stands."""
    settings = Settings.from_environment()
    with open_warehouse(settings) as connection:
        connection.execute("create schema ledger")
        put_window(connection, DAY, is_built)
        put_award(connection, award)
    put_payees(settings, PAID)
    payout_proposals_asset(settings)(dg.build_asset_context(resources={"writer": None}))


def test_what_was_posted_is_proposed(desk: Payouts) -> None:
    run(final(10_000))
    assert [(one.amount_cents, one.state) for one in desk.payouts()] == [(10_000, "PROPOSED")]


def test_where_the_day_could_not_be_posted_payouts_wait(desk: Payouts) -> None:
    """The day is posted already and the awards are others now, which are posted with the next day."""
    run(final(4_000))
    assert desk.payouts() == []


def test_where_the_models_of_the_day_were_not_all_built_nothing_is_proposed(desk: Payouts) -> None:
    """A run that was killed once it had written its window left the awards of the day before, which the ledger agrees with."""
    with pytest.raises(RefusedError, match="not all models stand as of 2026-01-15"):
        run(final(10_000), is_built=False)
    assert desk.payouts() == []
