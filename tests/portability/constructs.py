"""What Spark lacks or reads otherwise, and sqlglot passes or rewrites without a word: each with its cure and an example.

Looked for outside of the macros that engines say differently. Does not belong here: what the two grammars read differently
(``readings``), or rendering (``rendering``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.tokens import TokenType

from data_contracts.feeds import FEEDS

DIALECT = "put it behind a macro in dbt_project/macros/dialect.sql"
MONEY = "put it behind a macro in dbt_project/macros/money.sql"

ALIKE = frozenset(
    [
        *("abs", "bool_and", "bool_or", "cast", "coalesce", "count", "dense_rank", "exists", "greatest", "lag", "lead"),
        *("least", "max", "min", "nullif", "rank", "row_number", "sum"),
    ]
)
"""Functions that mean the same to both engines, nulls included."""
SPARKS_OWN = frozenset(
    [
        *(
            "add_months",
            "aggregate",
            "array_distinct",
            "array_join",
            "array_sort",
            "collect_list",
            "current_timezone",
            "date_add",
            "datediff",
            "decimal",
            "explode",
            "filter",
            "map",
        ),
        *("named_struct", "pmod", "sequence", "split", "timestamp_micros", "to_json", "transform", "trunc"),
        *("unix_micros",),
    ]
)
"""Built-in functions of Spark 3.5, of which its halves of our macros are made; DECIMAL has brackets too."""
WORDS = frozenset(
    [
        *(
            "all",
            "and",
            "any",
            "as",
            "between",
            "by",
            "case",
            "distinct",
            "div",
            "else",
            "except",
            "from",
            "having",
            "in",
        ),
        *(
            "intersect",
            "join",
            "lateral",
            "not",
            "on",
            "or",
            "over",
            "select",
            "then",
            "union",
            "using",
            "values",
            "when",
        ),
        *("where", "with"),
    ]
)
"""What may stand before a bracket and is no function."""
TYPES = frozenset({"BIGINT", "BOOLEAN", "DATE", "INT", "TEXT"})
"""Types with one meaning: a TIMESTAMP of DuckDB has no zone, and sums of 128 bits are Spark's DECIMAL."""
DAY = re.compile(r"(^|_)(on|at|day|date|month|from|to|through|as_of|earliest|latest)$")
"""How columns that hold days and moments are called."""
NEVER_NULL = {column.accepted_name for feed in FEEDS.values() for column in feed.columns if column.required} | {
    *("landed_on", "changed_on", "known_from", "known_on")
}
"""Columns that order versions and ties, and are always there."""


@dataclass(frozen=True)
class Construct:
    """Something that no model may say; ``found`` looks at a query as the grammar of ``read`` understands it."""

    name: str
    cure: str
    found: Callable[[exp.Expr], bool]
    examples: tuple[str, ...]
    read: str = "duckdb"


def words(sql: str) -> set[str]:
    """What stands in a text outside of quotes and comments."""
    return {
        token.text.lower() for token in sqlglot.tokenize(sql, read="spark") if token.token_type is not TokenType.STRING
    }


def functions(sql: str) -> Iterator[str]:
    """The names that are called in a text, as they stand there; type names with brackets are among them."""
    tokens = sqlglot.tokenize(sql, read="spark")
    for token, after in zip(tokens, tokens[1:], strict=False):
        if after.token_type is TokenType.L_PAREN and re.fullmatch(r"[A-Za-z_]\w*", token.text):
            named = token.text.lower()
            if token.token_type is not TokenType.STRING and named not in WORDS:
                yield named


def _any(*kinds: type[exp.Expr]) -> Callable[[exp.Expr], bool]:
    return lambda query: query.find(*kinds) is not None


def _with(kind: type[exp.Expr], *arguments: str) -> Callable[[exp.Expr], bool]:
    return lambda query: any(node.args.get(name) for node in query.find_all(kind) for name in arguments)


def _odd_join(query: exp.Expr) -> bool:
    return any(
        join.method or join.kind not in ("", "INNER", "CROSS", "OUTER") or join.args.get("using")
        for join in query.find_all(exp.Join)
    )


def _odd_type(query: exp.Expr) -> bool:
    return any(kind.this.value not in TYPES for kind in query.find_all(exp.DataType))


def _is_day(value: exp.Expr | None) -> bool:
    """Whether a value is a day or a moment, as far as names tell."""
    if isinstance(value, exp.Paren | exp.Subquery):
        return _is_day(value.this)
    if isinstance(value, exp.Select):
        return _is_day(value.selects[0])
    if isinstance(value, exp.Coalesce | exp.Greatest | exp.Least | exp.Min | exp.Max | exp.Alias):
        return _is_day(value.this)
    if isinstance(value, exp.Cast):
        return bool(value.to.this.value == "DATE")
    if isinstance(value, exp.Anonymous):
        return value.name in ("plus_days", "plus_months", "plus_seconds", "month_of")
    return isinstance(value, exp.Column) and DAY.search(value.name) is not None


def _counts_with_days(query: exp.Expr) -> bool:
    return any(
        _is_day(sum_.left) or _is_day(sum_.right) or isinstance(sum_.right, exp.Interval)
        for sum_ in query.find_all(exp.Add, exp.Sub)
    )


def _leaves_nulls_open(query: exp.Expr) -> bool:
    """Read as Spark: ascending means nulls first there, unless said; DuckDB has them last."""
    return any(
        bool(key.args.get("nulls_first")) and not isinstance(key.this, exp.Is) and key.this.name not in NEVER_NULL
        for key in query.find_all(exp.Ordered)
    )


def _tests_subquery_as_value(query: exp.Expr) -> bool:
    tests = [*query.find_all(exp.Exists), *(test for test in query.find_all(exp.In) if test.args.get("query"))]
    return any(not isinstance(_clause(test), exp.Where | exp.Having) for test in tests)


def _is_kept_by_hint(query: exp.Expr) -> bool:
    return any(step.args.get("materialized") is not None for step in query.find_all(exp.CTE))


def _clause(node: exp.Expr) -> exp.Expr | None:
    return node.find_ancestor(exp.Where, exp.Having, exp.Join, exp.Select)


def _several_not_in(query: exp.Expr) -> bool:
    return any(
        isinstance(negated.this.unnest(), exp.In) and isinstance(negated.this.unnest().this, exp.Tuple)
        for negated in query.find_all(exp.Not)
    )


def _uses_its_own_names(query: exp.Expr) -> bool:
    """A name that a select gives is used in its where or beside, unless it is made of a column of that name, or constant."""
    for select in query.find_all(exp.Select):
        given = {
            column.alias: column
            for column in select.selects
            if isinstance(column, exp.Alias)
            and (parts := {part.name for part in column.find_all(exp.Column)})
            and column.alias not in parts
        }
        for place in [*select.selects, select.args.get("where")]:
            for column in place.find_all(exp.Column) if place else ():
                if column.name in given and not column.table and column.find_ancestor(exp.Select) is select:
                    return True
    return False


PLAIN = "write it with select, where, group by, join on and row_number()"
NAMED = "name the columns"
CONSTRUCTS = (
    Construct(
        "qualify", PLAIN, _any(exp.Qualify), ("select a from t qualify row_number() over (order by a desc) = 1",)
    ),
    Construct(
        "a star less or other than all columns",
        NAMED,
        _with(exp.Star, "except_", "replace", "rename"),
        ("select * exclude (a) from t", "select * replace (1 as a) from t", "select * rename (a as b) from t"),
    ),
    Construct("columns()", NAMED, _any(exp.Columns), ("select columns('a.*') from t",)),
    Construct(
        "no query",
        "append and overwrite partitions",
        lambda query: not isinstance(query, exp.Query),
        ("merge into t using u on a = b when matched then delete", "delete from t where a = 1"),
    ),
    Construct(
        "a join of DuckDB's own, or one that hides whose column is meant",
        PLAIN,
        _odd_join,
        (
            "select 1 from t asof join u on t.a >= u.a",
            "select 1 from t semi join u on t.a = u.a",
            "select 1 from t anti join u on t.a = u.a",
            "select 1 from t positional join u",
            "select 1 from t natural join u",
            "select a from t join u using (a)",
        ),
    ),
    Construct("lateral", PLAIN, _any(exp.Lateral), ("select 1 from t cross join lateral (select t.a + 1 as b) as u",)),
    Construct(
        "unnest",
        DIALECT,
        _any(exp.Unnest, exp.Explode),
        ("select unnest([1, 2]) as a", "select a from t, unnest(t.b) as u(a)"),
    ),
    Construct("group by all", "name the keys", _with(exp.Group, "all"), ("select a, sum(b) from t group by all",)),
    Construct("distinct on", PLAIN, _with(exp.Distinct, "on"), ("select distinct on (a) a, b from t",)),
    Construct("pivot", PLAIN, _any(exp.Pivot), ("pivot t on a using sum(b)",)),
    Construct("a sample", PLAIN, _any(exp.TableSample), ("select a from t using sample 10",)),
    Construct(
        "a query that reads itself",
        PLAIN,
        _with(exp.With, "recursive"),
        ("with recursive x as (select 1 as n) select n from x",),
    ),
    Construct(
        "materialized", "leave it out", _is_kept_by_hint, ("with x as materialized (select 1 as n) select n from x",)
    ),
    Construct(
        "union by name", NAMED, _with(exp.SetOperation, "by_name"), ("select a from t union by name select a from u",)
    ),
    Construct(
        "division",
        MONEY,
        _any(exp.IntDiv, exp.Div, exp.Mod),
        ("select a // b as c from t", "select a / b as c from t", "select a % b as c from t"),
    ),
    Construct(
        "a type that engines do not share",
        f"{MONEY}, or dialect.sql",
        _odd_type,
        (
            "select cast(a as hugeint) as a from t",
            "select cast(a as double) as a from t",
            "select cast(a as timestamp) as a from t",
            "select cast(a as timestamptz) as a from t",
            "select cast(a as json) as a from t",
        ),
    ),
    Construct(
        "+ and - with days or moments",
        DIALECT,
        _counts_with_days,
        (
            "select known_from + 1 as b from t",
            "select (select as_of from t) - landed_on as age from u",
            "select plus_days(a, 1) - b as age from u",
            "select a + interval 1 day as b from t",
        ),
    ),
    Construct("at time zone", DIALECT, _any(exp.AtTimeZone), ("select a at time zone 'UTC' as b from t",)),
    Construct(
        "an ascending order that leaves open where nulls stand",
        "say nulls last",
        _leaves_nulls_open,
        ("select a from t order by paid_at", "select lag(a) over (partition by b order by a + 1) as c from t"),
        read="spark",
    ),
    Construct(
        "a test of a subquery as a value",
        "join it, or ask in where",
        _tests_subquery_as_value,
        ("select a in (select b from u) as c from t", "select exists (select 1 from u) as c from t"),
    ),
    Construct(
        "several columns not in a subquery, which nulls decide",
        "say not exists",
        _several_not_in,
        ("select 1 from t where (a, b) not in (select a, b from u)",),
    ),
    Construct(
        "a name that the same select gives",
        "say the expression, or take a step more",
        _uses_its_own_names,
        ("select a + 1 as b from t where b > 1", "select a + 1 as b, b + 1 as c from t"),
    ),
)
