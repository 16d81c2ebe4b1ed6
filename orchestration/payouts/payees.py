"""Where each beneficiary's money goes, as the last processed day knows it.

Does not belong here: who is held for want of it (``proposals``).
"""

from __future__ import annotations

from datetime import date
from typing import Final

import duckdb

from orchestration.accepted_rows import EMPTY_DAY
from orchestration.payouts.proposals import Payee
from orchestration.settings import Settings

_FEEDS: Final = {"PARTNER": "partner", "CREATOR": "creator", "SELLER": "seller"}
_MEMBER: Final = {"MEMBER": "member"}
_HELD: Final = """
    select {noun}_id, payee_id, tax_form_on_file
    from (
        select *, row_number() over (partition by {noun}_id order by updated_at desc, landed_on desc) as newest_first
        from read_parquet(?, hive_partitioning = true, hive_types = {{'landed_on': date}})
        where landed_on > ? and landed_on <= ?
    )
    where newest_first = 1"""


def payees_as_known(settings: Settings, as_of: date) -> dict[tuple[str, str], Payee]:
    """Payee and tax form of every partner, creator and seller by (type, id): the version that held on a day (LANDING).

    Read from the accepted rows themselves, which their records know by hash, and through nothing that a run makes of them.
    """
    found: dict[tuple[str, str], Payee] = {}
    with duckdb.connect() as connection:
        for kind, noun in _FEEDS.items():
            parts = [str(part) for part in (settings.accepted / f"{noun}s").glob("*/*.parquet")]
            if parts:
                rows = connection.execute(_HELD.format(noun=noun), [parts, EMPTY_DAY, as_of]).fetchall()
                found |= {(kind, name): Payee(payee, bool(form)) for name, payee, form in rows}
    return found


def is_known(connection: duckdb.DuckDBPyConnection, beneficiary_type: str, beneficiary_id: str, as_of: date) -> bool:
    """Whether a record of that partner, creator, seller or member landed up to a day."""
    noun = (_FEEDS | _MEMBER)[beneficiary_type]
    found = connection.execute(
        f"select 1 from staging.stg_{noun}s where {noun}_id = ? and landed_on <= ? limit 1", [beneficiary_id, as_of]
    ).fetchone()
    return found is not None
