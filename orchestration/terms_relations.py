"""The terms of programs, as of a day, where dbt reads them: schema ``terms`` of the warehouse. Writing them, and which are used.

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


def used_versions(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, int], str]:
    """The hash of each terms version by which a period that has begun is decided or ranked, by program and version number.

    Of the terms that the awards there stand on: those of the folder may have been edited since.
    """
    rows = connection.execute(
        """select distinct program_id, versions.version_no, versions.version_hash
        from terms.periods join terms.versions using (program_id)
        where periods.has_begun and versions.version_no in (periods.version_no, periods.ranked_version_no)"""
    ).fetchall()
    return {(program_id, number): version_hash for program_id, number, version_hash in rows}
