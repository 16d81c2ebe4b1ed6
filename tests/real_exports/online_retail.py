"""Half a million real lines of a British wholesaler as deliveries: the adapter from Online Retail to the landing contract.

Stand-ins, since the source lacks them: GBP counts as USD; one shop sold everything; an invoice is an order, paid and completed
when it was issued, never a sample, replacement or exchange; a line has neither discount nor gift. Invoice numbers are lost, so
consecutive rows of the same time, customer, country and sign of the quantity are one invoice, and a row's number in the file is
its line. The product is named by its description. The naive times are local British ones. Floats become the decimal, or the
whole number, that they print as. Nothing is cleaned: a negative quantity, a negative price and a missing customer are
delivered as they are. Does not belong here: what becomes of the rows (``test_online_retail`` counts that by itself).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

TIME_ZONE = "Europe/London"
SHOP = "UK-WHOLESALER"

_INVOICED_AT = pl.col("InvoiceDate").cast(pl.Datetime("us")).dt.replace_time_zone(TIME_ZONE)
_INVOICE = pl.struct("InvoiceDate", "CustomerID", "Country", pl.col("Quantity") < 0).rle_id() + 1
_PRICE = pl.col("UnitPrice").cast(pl.String).cast(pl.Decimal(18, 3))
_AMOUNT = _PRICE * pl.col("Quantity").cast(pl.Decimal(18, 0))
_NO = pl.lit(False)
_ZERO = pl.lit("0")


def orders(export: Path) -> pl.DataFrame:
    """Rows of orders: one an invoice."""
    rows = pl.read_parquet(export).with_columns(order_id=_INVOICE)
    return rows.unique("order_id", keep="first", maintain_order=True).select(
        "order_id",
        pl.col("CustomerID").cast(pl.Int64).alias("buyer_id"),
        pl.lit("COMPLETED").alias("status"),
        _INVOICED_AT.alias("created_at"),
        _INVOICED_AT.alias("paid_at"),
        _INVOICED_AT.alias("completed_at"),
        pl.lit("USD").alias("currency"),
        _NO.alias("is_sample"),
        _NO.alias("is_replacement"),
        _NO.alias("is_exchange"),
        _INVOICED_AT.alias("updated_at"),
    )


def order_lines(export: Path) -> pl.DataFrame:
    """Rows of order_lines: one a row of the export, in its order."""
    return pl.read_parquet(export).select(
        pl.int_range(1, pl.len() + 1).alias("order_line_id"),
        _INVOICE.alias("order_id"),
        pl.lit(SHOP).alias("seller_id"),
        pl.col("Description").alias("product_id"),
        pl.col("Quantity").alias("quantity"),
        _AMOUNT.cast(pl.String).alias("original_amount"),
        _ZERO.alias("seller_discount"),
        _ZERO.alias("platform_discount"),
        _NO.alias("is_gift"),
        _INVOICED_AT.alias("updated_at"),
    )
