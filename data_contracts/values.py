"""How text, or a native Parquet value, becomes a value (LANDING, Values), as polars expressions.

Belongs here: trimming, and for each kind of column the value and the rule that an unreadable one breaks (``type``,
``decimals``, ``naive_time``). Does not belong here: what a readable value may be (``contracts``) or how files are read.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from polars.expr.whenthen import Then

from data_contracts.columns import Column, Kind

WHITE_SPACE = "\t\n\x0b\x0c\r "

ACCEPTED_TYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.MONEY: pl.Int64(),
    Kind.INTEGER: pl.Int64(),
    Kind.BOOLEAN: pl.Boolean(),
    Kind.TIME: pl.Datetime("us", "UTC"),
    Kind.DATE: pl.Date(),
}

_MONEY = r"^-?[0-9]{1,13}(\.[0-9]+)?$"
_CENTS = r"^-?[0-9]{1,13}(\.[0-9]{1,2}0*)?$"
_INTEGER = r"^-?[0-9]{1,18}$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_LOCAL_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"  # no leap seconds
_OFFSET = r"(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])"
_EPOCH_SECONDS = r"^[0-9]{9,10}$"

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_FIRST_MICROSECOND = -719_162 * _DAY  # 0001-01-01, the first day that Python and every engine can write
_LAST_MICROSECOND = 2_932_897 * _DAY - 1  # the end of 9999-12-31
_UNITS_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


@dataclass(frozen=True)
class Parsed:
    """A column's value (null where there is none), and the rule broken where something stands that is no value."""

    value: pl.Expr
    fault: pl.Expr


def trimmed(name: str, dtype: pl.DataType) -> pl.Expr:
    """The column as delivered, text without white space at its ends; empty text is null and nothing else is."""
    if not isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return pl.col(name)
    text = pl.col(name).cast(pl.String).str.strip_chars(WHITE_SPACE)
    return pl.when(text != "").then(text).alias(name)


def parsed(column: Column, dtype: pl.DataType) -> Parsed:
    """How a trimmed column of that type becomes a value; what its kind cannot be made from breaks ``type``."""
    raw = pl.col(column.name)
    if dtype == pl.Null:
        return Parsed(pl.lit(None, ACCEPTED_TYPES[column.kind]), pl.lit(None, pl.String))
    native = _native(column.kind, dtype, raw)
    if native is not None:
        return native
    # Whole numbers count as their digits; a decimal with places for fractions is no text of any kind.
    if dtype.is_integer() or (isinstance(dtype, pl.Decimal) and dtype.scale == 0):
        raw = raw.cast(pl.String)
    elif not isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return Parsed(pl.lit(None, ACCEPTED_TYPES[column.kind]), _fault(raw.is_not_null()))
    return _FROM_TEXT[column.kind](raw, column)


def canonical_text(columns: tuple[Column, ...]) -> pl.Expr:
    """The canonical text of an accepted row (LANDING, Versions): what decides between versions of the same time."""
    return pl.concat_str([_canonical(column).fill_null("") for column in columns], separator="\x1f")


def _canonical(column: Column) -> pl.Expr:
    value = pl.col(column.accepted_name)
    if column.kind is Kind.TIME:
        return value.to_physical().cast(pl.String)
    if column.kind is Kind.BOOLEAN:
        return value.cast(pl.Int8).cast(pl.String)
    return value.cast(pl.String)


def _fault(broken: pl.Expr, rule: str = "type") -> Then:
    return pl.when(broken).then(pl.lit(rule))


def _native(kind: Kind, dtype: pl.DataType, raw: pl.Expr) -> Parsed | None:
    """The reading of a Parquet type made for this kind; None where the value must be read as text, or cannot be."""
    if kind is Kind.MONEY and isinstance(dtype, pl.Decimal):
        return _money_from_decimal(raw)
    if kind is Kind.INTEGER and dtype.is_integer():
        number = raw.cast(pl.Int64, strict=False)
        return _readable(raw, number, number.is_between(-(10**18) + 1, 10**18 - 1))
    if kind is Kind.BOOLEAN and dtype == pl.Boolean:
        return Parsed(raw, pl.lit(None, pl.String))
    if kind is Kind.DATE and dtype == pl.Date:
        return _readable(raw, raw, raw.dt.year().is_between(1, 9999))
    if kind is Kind.TIME and isinstance(dtype, pl.Datetime):
        return _time_from_stamp(raw, dtype)
    return None


def _readable(raw: pl.Expr, value: pl.Expr, valid: pl.Expr) -> Parsed:
    valid = valid.fill_null(False)
    return Parsed(pl.when(valid).then(value), _fault(raw.is_not_null() & ~valid))


def _money_from_decimal(raw: pl.Expr) -> Parsed:
    cut = raw.cast(pl.Decimal(38, 2), strict=False)
    in_reach = raw.cast(pl.Int64, strict=False).abs() < 10**13
    whole_cents = (in_reach & (cut == raw)).fill_null(False)
    cents = pl.when(whole_cents).then(cut.to_physical().cast(pl.Int64, strict=False))
    fault = _fault(in_reach.fill_null(False), "decimals").otherwise(pl.lit("type"))
    return Parsed(cents, pl.when(raw.is_not_null() & ~whole_cents).then(fault))


def _time_from_stamp(raw: pl.Expr, dtype: pl.Datetime) -> Parsed:
    if dtype.time_zone is None:
        return Parsed(pl.lit(None, ACCEPTED_TYPES[Kind.TIME]), _fault(raw.is_not_null(), "naive_time"))
    units = _UNITS_PER_SECOND[dtype.time_unit]
    count = raw.to_physical()
    first, last = _FIRST_MICROSECOND * units // _SECOND, (_LAST_MICROSECOND + 1) * units // _SECOND - 1
    # Nanoseconds reach the years 1677 to 2262 only, and these bounds do not fit in 64 bits.
    valid = count.is_between(first, last) if dtype.time_unit != "ns" else raw.is_not_null()
    micros = count * (_SECOND // units) if units <= _SECOND else count // (units // _SECOND)
    return _readable(raw, micros.cast(ACCEPTED_TYPES[Kind.TIME]), valid)


def _text(raw: pl.Expr, column: Column) -> Parsed:
    value = raw.str.to_lowercase() if column.name == "hashtags" else raw
    return Parsed(value, pl.lit(None, pl.String))


def _money(raw: pl.Expr, column: Column) -> Parsed:
    whole_cents = raw.str.contains(_CENTS)
    cents = pl.when(whole_cents).then(raw).cast(pl.Decimal(38, 2), strict=False).to_physical().cast(pl.Int64)
    fault = _fault(raw.str.contains(_MONEY), "decimals").otherwise(pl.lit("type"))
    return Parsed(cents, pl.when(~whole_cents).then(fault))


def _integer(raw: pl.Expr, column: Column) -> Parsed:
    valid = raw.str.contains(_INTEGER)
    return _readable(raw, pl.when(valid).then(raw).cast(pl.Int64, strict=False), valid)


def _boolean(raw: pl.Expr, column: Column) -> Parsed:
    word = raw.str.to_lowercase()
    return _readable(raw, word.is_in(["true", "1"]), word.is_in(["true", "1", "false", "0"]))


def _date(raw: pl.Expr, column: Column) -> Parsed:
    day = _day(pl.when(raw.str.contains(_DATE)).then(raw))
    return _readable(raw, day, day.dt.year() >= 1)


def _day(text: pl.Expr) -> pl.Expr:
    return text.str.to_date("%Y-%m-%d", strict=False)


def _time(raw: pl.Expr, column: Column) -> Parsed:
    with_offset = raw.str.contains(f"^{_LOCAL_TIME}{_OFFSET}$")
    without = raw.str.contains(f"^{_LOCAL_TIME}$")
    epoch = pl.when(raw.str.contains(_EPOCH_SECONDS)).then(raw).cast(pl.Int64, strict=False) * _SECOND
    micros = pl.coalesce(_microseconds(pl.when(with_offset | without).then(raw)), epoch)
    valid = micros.is_between(_FIRST_MICROSECOND, _LAST_MICROSECOND).fill_null(False)
    fault = _fault(valid & without, "naive_time").otherwise(_fault(raw.is_not_null() & ~valid))
    return Parsed(pl.when(valid & ~without).then(micros).cast(ACCEPTED_TYPES[Kind.TIME]), fault)


def _microseconds(text: pl.Expr) -> pl.Expr:
    """Microseconds since 1970-01-01 UTC of a well-formed time; null where its day is on no calendar."""
    days = _day(text.str.head(10)).cast(pl.Int64)
    minutes = _digits(text, 11) * 60 + _digits(text, 14)
    rest = text.str.slice(16)
    seconds = pl.when(rest.str.starts_with(":")).then(_digits(rest, 1)).otherwise(0)
    fraction = rest.str.extract(r"\.([0-9]{1,6})").str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
    offset = rest.str.extract(r"([+-][0-9]{2}:?[0-9]{2})$").str.replace(":", "", literal=True)
    ahead = (_digits(offset, 1) * 60 + _digits(offset, 3)) * pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    return days * _DAY + ((minutes - ahead.fill_null(0)) * 60 + seconds) * _SECOND + fraction


def _digits(text: pl.Expr, start: int) -> pl.Expr:
    return text.str.slice(start, 2).cast(pl.Int64, strict=False)


_FROM_TEXT = {
    Kind.TEXT: _text,
    Kind.MONEY: _money,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.TIME: _time,
    Kind.DATE: _date,
}
