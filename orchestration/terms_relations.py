"""Writing the terms of programs, as of a day, where dbt reads them: schema ``terms`` of the warehouse.

Does not belong here: what the relations hold (``data_contracts.terms.relations``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

from data_contracts.terms import RELATIONS, Program, relation_rows


def write_terms(
    connection: duckdb.DuckDBPyConnection, programs: Sequence[Program], as_of: date, first_delivery: date | None
) -> None:
    """Replace all relations of schema ``terms`` by those of ``programs`` at ``as_of``, all of them or none.

    ``first_delivery`` is L₀, None while no orders were accepted. The transaction is its own: ``connection`` must not
    be inside one.
    """
    rows = relation_rows(programs, as_of, first_delivery)
    connection.begin()
    try:
        connection.execute("create schema if not exists terms")
        for relation, columns in RELATIONS.items():
            declared = ", ".join(f"{column} {sql_type}" for column, sql_type in columns.items())
            connection.execute(f"create or replace table terms.{relation} ({declared})")
            if rows[relation]:
                places = ", ".join("?" for _ in columns)
                connection.executemany(f"insert into terms.{relation} values ({places})", rows[relation])
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
