"""What a sample holds, read back: all that landed, as text where it is text, and the version of each key that holds.

Does not belong here: acceptance (``orchestration``), which the tests of the bytes run.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from data_contracts.columns import Column, Kind
from data_contracts.feeds import FEEDS


def read(landing: Path, feed: str) -> pl.DataFrame:
    """The rows of a feed's main files with their landing day; text feeds as text."""
    frames = []
    for path in sorted(landing.glob(f"{feed}/*/part-*")):
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
        elif path.suffix == ".jsonl":
            frame = pl.read_ndjson(path, infer_schema_length=None).select(pl.all().cast(pl.String))
        else:
            frame = pl.read_csv(path, infer_schema=False)
        frames.append(frame.with_columns(pl.lit(date.fromisoformat(path.parent.name[10:])).alias("landed_on")))
    return pl.concat(frames, how="diagonal")


def read_corrections(landing: Path, feed: str) -> pl.DataFrame:
    """The rows of the files of corrections beside a feed's main files, as text."""
    return pl.concat([pl.read_csv(path, infer_schema=False) for path in landing.glob(f"{feed}/*/corrections.csv")])


def versions(landing: Path, feed: str) -> pl.DataFrame:
    """One row a key and version in the order of updated_at, without broken rows: amounts in cents, times in UTC."""
    contract, rows = FEEDS[feed], read(landing, feed)
    columns = [_value(column, rows.schema[column.name]) for column in contract.columns]
    required = [column.name for column in contract.columns if column.required]
    # A broken row is a copy that comes after its original.
    return (
        rows.select(*columns, "landed_on")
        .drop_nulls(required)
        .unique([*contract.key, "updated_at"], keep="first", maintain_order=True)
        .sort("updated_at", maintain_order=True)
    )


def _value(column: Column, given: pl.DataType) -> pl.Expr:
    """The column's values, null where they do not parse."""
    value = pl.col(column.name)
    match column.kind:
        case Kind.TIME if given == pl.String:
            value = value.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC", strict=False)
        case Kind.DATE if given == pl.String:
            value = value.str.to_date(strict=False)
        case Kind.BOOLEAN if given == pl.String:
            value = value.replace_strict({"true": True, "false": False}, default=None)
        case Kind.INTEGER:
            value = value.cast(pl.Int64, strict=False)
        case Kind.MONEY:
            value = (value.cast(pl.Decimal(18, 2), strict=False) * 100).cast(pl.Int64)
    return value


def held(landing: Path, feed: str) -> pl.DataFrame:
    """One row a key: its last version."""
    return versions(landing, feed).unique(FEEDS[feed].key, keep="last", maintain_order=True)


def lines_that_count(landing: Path) -> pl.DataFrame:
    """One row a line that counts, with its order's paid_at and paid_on, its gross in cents and its attribution; as
    they came first, before refunds and corrections.
    """
    orders = held(landing, "orders").filter(
        pl.col("paid_at").is_not_null(), pl.col("status") != "CANCELLED", ~pl.any_horizontal("^is_.*$")
    )
    return (
        held(landing, "order_lines")
        .filter(~pl.col("is_gift"))
        .join(orders.select("order_id", "paid_at"), "order_id")
        .join(held(landing, "attributions").drop("order_id", "updated_at", "landed_on"), "order_line_id", how="left")
        .with_columns(
            (pl.col("original_amount") - pl.col("seller_discount")).alias("gross"),
            pl.col("paid_at").dt.date().alias("paid_on"),
        )
    )
