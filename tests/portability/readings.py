"""A query read by both grammars: as DuckDB and as Spark, without a warehouse.

Does not belong here: what both grammars read alike and only one engine has (``constructs``).
"""

from __future__ import annotations

from functools import cache

import sqlglot
from sqlglot import exp


@cache
def read(sql: str, grammar: str) -> exp.Expr:
    """The query as the grammar understands it; sqlglot's ParseError where it does not."""
    return sqlglot.parse_one(sql, read=grammar)


def on_spark(query: exp.Expr) -> str:
    """A query that was read, in Spark's words; sqlglot's UnsupportedError where there are none."""
    return query.sql("spark", comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE)


def is_read_alike(sql: str) -> bool:
    """Whether the text means the same to both grammars: there is nothing that had to be said otherwise."""
    return _without_order_of_nulls(sql, "duckdb") == _without_order_of_nulls(sql, "spark")


def _without_order_of_nulls(sql: str, grammar: str) -> str:
    """Where nulls come in an order is told apart by ``constructs``, which knows the columns that have none."""
    query = read(sql, grammar).copy()
    for key in query.find_all(exp.Ordered):
        key.set("nulls_first", False)
    return on_spark(query)
