"""A small warehouse as a run leaves it, for tests of payouts: the few relations that they read, without a model.

Does not belong here: what a test expects, and the ledger (``ledger_by_hand``).
"""

from __future__ import annotations

from datetime import date

import duckdb

from data_contracts.feeds import FEEDS
from orchestration.acceptance import accept_delivery
from orchestration.deliveries import delivery_folder
from orchestration.ledger.entries import Award
from orchestration.settings import Settings

FIRST_DAY = date(2026, 1, 1)


def put_window(connection: duckdb.DuckDBPyConnection, day: date, is_built: bool = True) -> None:
    """The window of a run of one day, all models of which stand."""
    connection.execute("create schema if not exists context")
    connection.execute(
        """create or replace table context.run_window as
            select $1::date - 1 as known_from, $1::date as known_through, $1::date as as_of, date '2026-01-01' as earliest,
                date '2026-01-01' as first_delivery, 'UTC' as time_zone, $2 as is_built""",
        [day, is_built],
    )


def put_award(connection: duckdb.DuckDBPyConnection, award: Award) -> None:
    """This award as all that is owed."""
    connection.execute("create schema if not exists awards")
    columns = ", ".join(f"? as {column}" for column in award.key._fields)
    connection.execute(
        f"create or replace table awards.incentive_awards as select {columns}, ?::bigint as amount_cents, ? as stage",
        [*award.key, award.amount_cents, award.stage],
    )


def put_payees(settings: Settings, payee: str) -> None:
    """P1's record as a partner with this account, delivered and taken in on the first day."""
    folder = delivery_folder(settings, "partners", FIRST_DAY)
    folder.mkdir(parents=True)
    (folder / "delivery.csv").write_text(
        "partner_id,partner_type,name,payee_id,tax_form_on_file,updated_at\n"
        f"P1,TSP,Harbor,{payee},true,{FIRST_DAY}T00:00:00Z\n"
    )
    accept_delivery(settings, FEEDS["partners"], FIRST_DAY)
