"""The pandera contract of each feed, derived from its column list, and the rows of a batch that break it.

Belongs here: the rules on values (LANDING, Values and Feeds), as pandera checks named after the rule. Does not belong
here: how text becomes a value (``values``), or when so many broken rows refuse a delivery (``orchestration``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrorReason, SchemaErrors

from data_contracts.columns import Column, Kind
from data_contracts.feeds import Feed, PairRule
from data_contracts.values import ACCEPTED_TYPES, Parsed, parsed, trimmed

BROKEN_ROWS = pl.Schema({"row": pl.UInt32, "column": pl.String, "rule": pl.String, "all_rules": pl.String})


@dataclass(frozen=True)
class Rule:
    """What must hold of ``column``: ``holds`` is true, or null where there is nothing to look at."""

    column: str
    name: str
    holds: pl.Expr


def values(feed: Feed, raw: pl.DataFrame, mistyped: dict[str, pl.Series]) -> pl.DataFrame:
    """The batch that a contract is checked on, from the columns as delivered (a missing one is null throughout).

    One row a delivered row: for each column of the feed its value under its name, and under ``<name>:fault`` the rule
    that makes what stands there unreadable. ``mistyped`` marks the cells that a file itself says are of another kind,
    such as a JSON list.
    """
    absent = [pl.lit(None).alias(c.name) for c in feed.columns if c.name not in raw.columns]
    types = {c.name: raw.schema.get(c.name, pl.Null()) for c in feed.columns}
    whole = raw.lazy().with_columns(absent).with_columns(trimmed(name, dtype) for name, dtype in types.items())
    outcome: list[pl.Expr] = []
    for column in feed.columns:
        reading = parsed(column, types[column.name])
        if column.name in mistyped:
            wrong = pl.lit(mistyped[column.name])
            reading = Parsed(
                pl.when(~wrong).then(reading.value), pl.when(wrong).then(pl.lit("type")).otherwise(reading.fault)
            )
        outcome += [
            reading.value.cast(ACCEPTED_TYPES[column.kind]).alias(column.name),
            reading.fault.alias(f"{column.name}:fault"),
        ]
    return whole.select(outcome).collect()


@dataclass(frozen=True)
class Contract:
    """The pandera schema of a batch that ``values`` made, for a delivery of one day, and the rules that it checks.

    One check holds all rules: a check costs milliseconds, a feed has two dozen rules, and most deliveries are small.
    ``rules`` are in table order, rules over two columns last.
    """

    schema: pa.DataFrameSchema
    rules: tuple[Rule, ...]


def contract(feed: Feed, landed_on: date) -> Contract:
    """The contract of a feed for a delivery of that day."""
    rules = tuple(rules_of(feed, landed_on))
    every = pl.all_horizontal(rule.holds.fill_null(True) for rule in rules)
    # Which rows fail is read from the check's output; the failure cases would be whole batches.
    check = pa.Check(lambda data: data.lazyframe.select(every.alias("holds")), name="contract", n_failure_cases=1)
    return Contract(pa.DataFrameSchema(checks=[check], name=feed.name), rules)


def broken_rows(contract: Contract, batch: pl.DataFrame) -> pl.DataFrame:
    """The rows of the batch that break the contract: BROKEN_ROWS, ``row`` counted from 0, in order.

    ``column`` and ``rule`` are the first broken; ``all_rules`` reads ``quantity:range;seller_discount:type``.
    """
    try:
        # An eager frame: on a LazyFrame, or where the environment says so, pandera would look at no value.
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            contract.schema.validate(batch, lazy=True)
    except SchemaErrors as failure:
        return _named(contract.rules, batch, _rows_of(failure))
    return pl.DataFrame(schema=BROKEN_ROWS)


def rules_of(feed: Feed, landed_on: date) -> list[Rule]:
    """Every rule of a feed in the order in which a row's first broken one is looked for."""
    horizon = datetime.combine(landed_on, time(), UTC) + timedelta(days=2)
    rules = [rule for column in feed.columns for rule in _column_rules(column, horizon)]
    return rules + [Rule(pair.column, pair.rule, _PAIRS[pair.kind](pair)) for pair in feed.pair_rules]


def _column_rules(column: Column, horizon: datetime) -> list[Rule]:
    value, fault = pl.col(column.name), pl.col(f"{column.name}:fault")
    faults = ["type"]
    faults += ["decimals"] if column.kind is Kind.MONEY else []
    faults += ["naive_time"] if column.kind is Kind.TIME else []
    rules = [Rule(column.name, "required", value.is_not_null() | fault.is_not_null())] if column.required else []
    rules += [Rule(column.name, name, fault != name) for name in faults]
    if column.values:
        rules.append(Rule(column.name, column.enum_rule, value.is_in(list(column.values))))
    bounds = []
    if column.minimum is not None:
        bounds.append(value >= column.minimum)
    if column.maximum is not None:
        bounds.append(value <= column.maximum)
    if column.forbidden_prefix is not None:
        bounds.append(~value.str.starts_with(column.forbidden_prefix))
    if bounds:
        rules.append(Rule(column.name, "range", pl.all_horizontal(bounds)))
    if column.not_in_future:
        rules.append(Rule(column.name, "future", value <= horizon))
    return rules


def _at_most_with(pair: PairRule) -> pl.Expr:
    return pl.col(pair.column) + pl.col(pair.other) <= pl.col(str(pair.limit))


def _after(pair: PairRule) -> pl.Expr:
    return pl.col(pair.column) > pl.col(pair.other)


def _not_before(pair: PairRule) -> pl.Expr:
    return pl.col(pair.column) >= pl.col(pair.other)


def _required_when(pair: PairRule) -> pl.Expr:
    given = pl.col(pair.column).is_not_null() | pl.col(f"{pair.column}:fault").is_not_null()
    return given | ~pl.col(pair.other).is_in(list(pair.values))


def _one_of_when(pair: PairRule) -> pl.Expr:
    choices = [
        (pl.col(pair.other) != other) | pl.col(pair.column).is_in(list(values))
        for other, values in pair.allowed.items()
    ]
    return pl.all_horizontal(choices)


_PAIRS: dict[str, Callable[[PairRule], pl.Expr]] = {
    "at_most_with": _at_most_with,
    "after": _after,
    "not_before": _not_before,
    "required_when": _required_when,
    "one_of_when": _one_of_when,
}


def _rows_of(failure: SchemaErrors) -> pl.Series:
    """The positions of the rows that the check found broken; an error inside the check is no broken row."""
    (error,) = failure.schema_errors
    if error.reason_code is not SchemaErrorReason.DATAFRAME_CHECK:
        raise RuntimeError(f"the contract of {failure.schema.name} could not be checked: {error}") from error
    broken: pl.Series = ~error.check_output.to_series().fill_null(True)
    return broken.arg_true().cast(BROKEN_ROWS["row"]).alias("row")


def _named(rules: tuple[Rule, ...], batch: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """What each of those rows breaks; rules are looked at one by one for them alone."""
    fails = batch[rows].select((~rule.holds.fill_null(True)).alias(str(n)) for n, rule in enumerate(rules))

    def first(texts: list[str]) -> pl.Expr:
        return pl.coalesce(pl.when(str(n)).then(pl.lit(text)) for n, text in enumerate(texts))

    listed = pl.concat_list(pl.when(str(n)).then(pl.lit(f"{rule.column}:{rule.name}")) for n, rule in enumerate(rules))
    return fails.with_columns(rows).select(
        "row",
        first([rule.column for rule in rules]).alias("column"),
        first([rule.name for rule in rules]).alias("rule"),
        # a rule over two columns may say of a column what its own rule has said
        listed.list.drop_nulls().list.unique(maintain_order=True).list.join(";").alias("all_rules"),
    )
