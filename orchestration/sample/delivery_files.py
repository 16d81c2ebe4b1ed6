"""Delivery folders on disk: which feed comes in which format, and how a value becomes text.

Belongs here: formats and names. Does not belong here: which rows land when (``outbox``), or how a
file is replaced (``files``).
"""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import polars as pl

from data_contracts.columns import Kind
from data_contracts.feeds import Feed
from orchestration.files import replacing

_SUFFIXES = {
    "orders": "parquet",
    "order_lines": "parquet",
    "attributions": "parquet",
    "refunds": "parquet",
    "members": "parquet",
    "referral_events": "jsonl",
    "sellers": "csv",
    "partners": "csv",
    "assignments": "csv",
    "live_sessions": "parquet",
    "short_videos": "parquet",
    "creators": "csv.gz",
    "partner_ranks": "csv",
    "program_lists": "csv",
    "deals": "jsonl",
    "deal_redemptions": "parquet",
    "ad_spend": "parquet",
}
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_ROW_GROUP = 250_000
_CENT = pl.lit("0.01").cast(pl.Decimal(18, 2))


def is_text(feed: str) -> bool:
    """Whether the feed's main file is text, so that a broken row can stand in it."""
    return _SUFFIXES[feed] != "parquet"


def typed(feed: Feed, rows: pl.DataFrame) -> pl.DataFrame:
    """The feed's columns with amounts as decimals, times in UTC and ids as text, from cents, microseconds and day
    numbers.
    """
    columns = []
    for column in feed.columns:
        value = pl.col(column.name)
        match column.kind:
            case Kind.TEXT:
                value = value.cast(pl.String)
            case Kind.MONEY:
                value = (value.cast(pl.Decimal(18, 2)) * _CENT).cast(pl.Decimal(18, 2))
            case Kind.TIME:
                value = value.cast(pl.Datetime("us", "UTC"))
            case Kind.DATE:
                value = value.cast(pl.Int32).cast(pl.Date)
        columns.append(value.alias(column.name))
    return rows.select(columns)


def texts(feed: Feed, rows: pl.DataFrame) -> pl.DataFrame:
    """The feed's columns as they stand in text files."""
    columns = []
    for column in feed.columns:
        value = pl.col(column.name)
        columns.append(value.dt.strftime(_TIME_FORMAT) if column.kind is Kind.TIME else value.cast(pl.String))
    return typed(feed, rows).select(columns)


def write_main(out: Path, feed: str, landed_on: date, number: int, rows: pl.DataFrame) -> None:
    """The n-th main file of a delivery, ``rows`` typed for Parquet feeds and as texts for the others."""
    suffix = _SUFFIXES[feed]
    with replacing(_path(out, feed, landed_on, f"part-{number:05d}.{suffix}")) as path:
        if suffix == "parquet":
            rows.write_parquet(path, compression="zstd", compression_level=1, row_group_size=_ROW_GROUP)
        elif suffix == "jsonl":
            rows.write_ndjson(path)
        elif suffix == "csv":
            rows.write_csv(path)
        else:
            # Without the time in the gzip header, so that the same rows are the same bytes.
            path.write_bytes(gzip.compress(rows.write_csv().encode(), compresslevel=6, mtime=0))


def write_corrections(out: Path, feed: str, landed_on: date, rows: pl.DataFrame) -> None:
    """The file of texts that comes beside the Parquet files of a delivery."""
    with replacing(_path(out, feed, landed_on, "corrections.csv")) as path:
        rows.write_csv(path)


def _path(out: Path, feed: str, landed_on: date, name: str) -> Path:
    return out / feed / f"landed_on={landed_on.isoformat()}" / name
