"""What a run proposes on a payout day, over a warehouse of the few relations that the asset reads (rulebook 4)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from ledger_by_hand import PAID, desk_of, final, owed

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
        for schema in ("context", "awards", "staging", "ledger"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            f"""create table context.run_window as
                select {is_built} as is_built, date '2026-01-14' as known_from, date '2026-01-15' as known_through,
                date '2026-01-15' as as_of, date '2026-01-01' as earliest, date '2026-01-01' as first_delivery,
                'UTC' as time_zone"""
        )
        columns = (
            "program_id",
            "period",
            "beneficiary_type",
            "beneficiary_id",
            "subject_id",
            "component",
            "instrument",
        )
        named = ", ".join(f"? as {name}" for name in columns)
        connection.execute(
            f"create table awards.incentive_awards as select {named}, ?::bigint as amount_cents, ? as stage",
            [*award.key, award.amount_cents, award.stage],
        )
        for noun in ("partner", "creator", "seller"):
            connection.execute(
                f"""create table staging.stg_{noun}s as select 'P1' as {noun}_id, '{PAID}' as payee_id,
                    true as tax_form_on_file, timestamptz '2026-01-01' as updated_at, date '2026-01-01' as landed_on"""
            )
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
