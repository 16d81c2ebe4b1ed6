"""Where each beneficiary's money goes, as the last processed day knows it.

Does not belong here: who is held for want of it (``proposals``).
"""

from __future__ import annotations

from datetime import date
from typing import Final

import duckdb

from orchestration.payouts.proposals import Payee

_FEEDS: Final = {"PARTNER": "partner", "CREATOR": "creator", "SELLER": "seller"}
_MEMBER: Final = {"MEMBER": "member"}


def payees_as_known(connection: duckdb.DuckDBPyConnection, as_of: date) -> dict[tuple[str, str], Payee]:
    """Payee and tax form of every partner, creator and seller by (type, id): the version that held on a day (LANDING)."""
    found: dict[tuple[str, str], Payee] = {}
    for kind, noun in _FEEDS.items():
        rows = connection.execute(
            f"""
            select {noun}_id, payee_id, tax_form_on_file
            from (
                select *, row_number() over (partition by {noun}_id order by updated_at desc, landed_on desc) as newest_first
                from staging.stg_{noun}s
                where landed_on <= ?
            )
            where newest_first = 1""",
            [as_of],
        ).fetchall()
        found |= {(kind, name): Payee(payee, bool(form)) for name, payee, form in rows}
    return found


def is_known(connection: duckdb.DuckDBPyConnection, beneficiary_type: str, beneficiary_id: str, as_of: date) -> bool:
    """Whether a record of that partner, creator, seller or member landed up to a day."""
    noun = (_FEEDS | _MEMBER)[beneficiary_type]
    found = connection.execute(
        f"select 1 from staging.stg_{noun}s where {noun}_id = ? and landed_on <= ? limit 1", [beneficiary_id, as_of]
    ).fetchone()
    return found is not None
