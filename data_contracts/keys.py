"""The 64-bit key that stands for a text id in accepted rows, so that joins of millions of lines compare numbers.

Belongs here: how an id becomes a key, the same for ever, since rows accepted years apart are joined by it. Does not belong here:
which feeds have which ids (``feeds``), or joins.

An id that is a whole number in plain digits and fits keeps its value, so no two share a key. Any other is hashed into the
negative numbers; two that share a key stop the posting (the dbt test ``keys_name_one_id``): they are never mixed in silence.
"""

from __future__ import annotations

from hashlib import blake2b

import polars as pl

_PLAIN_DIGITS = r"^(0|[1-9][0-9]{0,18})$"
_BYTES = 8


def key_of(ids: pl.Series) -> pl.Series:
    """The keys of a column of ids, BIGINT; null where there is no id."""
    number = pl.when(pl.col("id").str.contains(_PLAIN_DIGITS)).then(pl.col("id")).cast(pl.Int64, strict=False)
    keys = ids.alias("id").to_frame().select(number.alias("key")).to_series()
    hashed = keys.is_null() & ids.is_not_null()
    if not hashed.any():
        return keys
    return keys.scatter(hashed.arg_true(), [_hash(name) for name in ids.filter(hashed)])


def _hash(name: str) -> int:
    """A negative number that depends on nothing but the id."""
    number = int.from_bytes(blake2b(name.encode(), digest_size=_BYTES).digest(), "little")
    return number // 2 - (1 << (8 * _BYTES - 1))
