"""The pandera contract of each feed, derived from its column list, and the rows of a batch that break it.

Belongs here: the rules on values (LANDING, Values and Feeds), as pandera checks named after the rule. Does not belong
here: how text becomes a value (``values``), or when so many broken rows refuse a delivery (``orchestration``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData
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
    whole = raw.with_columns(absent).with_columns(
        trimmed(c.name, raw.schema.get(c.name, pl.Null())) for c in feed.columns
    )
    outcome: list[pl.Expr] = []
    for column in feed.columns:
        reading = parsed(column, whole.schema[column.name])
        if column.name in mistyped:
            wrong = pl.lit(mistyped[column.name])
            reading = Parsed(
                pl.when(~wrong).then(reading.value), pl.when(wrong).then(pl.lit("type")).otherwise(reading.fault)
            )
        outcome += [
            reading.value.cast(ACCEPTED_TYPES[column.kind]).alias(column.name),
            reading.fault.alias(f"{column.name}:fault"),
        ]
    return whole.lazy().select(outcome).collect() if raw.height else whole.select(outcome).clear()


@dataclass(frozen=True)
class Contract:
    """The pandera schemas of a batch that ``values`` made, for a delivery of one day.

    ``whole`` is one check that every rule holds, which is all that a sound batch needs: a check costs milliseconds, a
    feed has two dozen rules, and most deliveries are small. ``each`` has a check a rule and says what is broken.
    """

    feed: Feed
    rules: tuple[Rule, ...]
    whole: pa.DataFrameSchema

    @cached_property
    def each(self) -> pa.DataFrameSchema:
        """A check a rule; its ``statistics`` hold its column and its position: in table order, pairs last."""
        return _schema_of_each(self.feed, self.rules)


def contract(feed: Feed, landed_on: date) -> Contract:
    """The contract of a feed for a delivery of that day."""
    rules = tuple(rules_of(feed, landed_on))
    every = pl.all_horizontal(rule.holds.fill_null(True) for rule in rules)
    whole = pa.DataFrameSchema(
        checks=[pa.Check(_holds(every), name="contract", n_failure_cases=1)], name=feed.name, strict=False
    )
    return Contract(feed, rules, whole)


def _schema_of_each(feed: Feed, rules: tuple[Rule, ...]) -> pa.DataFrameSchema:
    columns: dict[str, list[pa.Check]] = {column.name: [] for column in feed.columns}
    over_two: list[pa.Check] = []
    single = len(rules) - len(feed.pair_rules)
    for position, rule in enumerate(rules):
        check = pa.Check(
            _holds(rule.holds),
            name=rule.name,
            statistics={"column": rule.column, "position": position},
            n_failure_cases=1,  # which rows fail is read from the check's output; the cases would be whole batches
        )
        (columns[rule.column] if position < single else over_two).append(check)
    return pa.DataFrameSchema(
        {name: pa.Column(checks=checks, nullable=True) for name, checks in columns.items()},
        checks=over_two,
        name=feed.name,
    )


def broken_rows(contract: Contract, batch: pl.DataFrame) -> pl.DataFrame:
    """The rows of the batch that break the contract: BROKEN_ROWS, ``row`` counted from 0, in order.

    ``column`` and ``rule`` are the first broken; ``all_rules`` reads ``quantity:range;seller_discount:type``.
    """
    failure = _failure(contract.whole, batch)
    if failure is None:
        return pl.DataFrame(schema=BROKEN_ROWS)
    (error,) = failure.schema_errors
    if error.reason_code is not SchemaErrorReason.DATAFRAME_CHECK:
        raise RuntimeError(f"the contract of {failure.schema.name} could not be checked: {error}") from error
    broken = (~error.check_output.to_series().fill_null(True)).arg_true()
    detail = _failure(contract.each, batch[broken])
    if detail is None:
        raise RuntimeError(f"the rules of {failure.schema.name} disagree on {broken.len()} rows")
    found = _rows_of(detail)
    return found.with_columns(broken.gather(found["row"]).cast(BROKEN_ROWS["row"]).alias("row"))


def _failure(schema: pa.DataFrameSchema, batch: pl.DataFrame) -> SchemaErrors | None:
    """What pandera finds, whatever the environment says of it; an eager frame, for on a lazy one it looks at no value."""
    try:
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            schema.validate(batch, lazy=True)
    except SchemaErrors as failure:
        return failure
    return None


def rules_of(feed: Feed, landed_on: date) -> list[Rule]:
    """Every rule of a feed in the order in which a row's first broken one is looked for."""
    horizon = datetime.combine(landed_on, time(), UTC) + timedelta(days=2)
    rules = [rule for column in feed.columns for rule in _column_rules(column, horizon)]
    return rules + [Rule(pair.column, pair.rule, _PAIRS[pair.kind](pair)) for pair in feed.pair_rules]


def _holds(expression: pl.Expr) -> Callable[[PolarsData], pl.LazyFrame]:
    return lambda data: data.lazyframe.select(expression.alias("holds"))


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


def _rows_of(failure: SchemaErrors) -> pl.DataFrame:
    fails: dict[int, tuple[str, str, pl.Series]] = {}
    for error in failure.schema_errors:
        if error.reason_code is not SchemaErrorReason.DATAFRAME_CHECK:
            raise RuntimeError(f"the contract of {failure.schema.name} could not be checked: {error}") from error
        check = error.check
        kept = ~error.check_output.to_series().fill_null(True)
        fails[check.statistics["position"]] = (check.statistics["column"], check.name, kept)
    ordered = [fails[position] for position in sorted(fails)]
    frame = pl.DataFrame([broken.alias(str(n)) for n, (_, _, broken) in enumerate(ordered)]).with_row_index("row")

    def first(texts: list[str]) -> pl.Expr:
        return pl.coalesce(pl.when(str(n)).then(pl.lit(text)) for n, text in enumerate(texts))

    labels = [f"{column}:{name}" for column, name, _ in ordered]
    listed = pl.concat_list(pl.when(str(n)).then(pl.lit(label)) for n, label in enumerate(labels))
    return frame.filter(pl.any_horizontal(pl.exclude("row"))).select(
        "row",
        first([column for column, _, _ in ordered]).alias("column"),
        first([name for _, name, _ in ordered]).alias("rule"),
        # a rule over two columns may say of a column what its own rule has said
        listed.list.drop_nulls().list.unique(maintain_order=True).list.join(";").alias("all_rules"),
    )
