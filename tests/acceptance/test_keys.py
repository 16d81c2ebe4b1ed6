"""The 64-bit keys that stand for ids in joins: the same for ever, and never shared in silence."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.keys import key_of

NAMES = [
    "0", "7", "577460734002208766", "9223372036854775807", "9223372036854775808", "007", "-1", "+1", "1.0", "٣", "",
    "L1", "a1b2c3", "x" * 1_000_000, None,
]  # fmt: skip


def test_plain_digits_are_their_own_key():
    assert key_of(pl.Series(NAMES[:4])).to_list() == [0, 7, 577460734002208766, 9223372036854775807]


def test_all_else_is_negative_and_apart():
    keys = key_of(pl.Series(NAMES[4:-1])).to_list()
    assert max(keys) < 0 and len(set(keys)) == len(keys)


def test_no_id_has_no_key():
    assert key_of(pl.Series(NAMES))[-1] is None


def test_keys_stay_as_they_are():
    """Rows accepted years apart are joined by them: these may never change."""
    assert key_of(pl.Series(["L1", "a1b2c3"])).to_list() == [-1736261135768434424, -4045220411192547122]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_a_key_depends_on_its_id_alone(names):
    assert key_of(pl.Series(names, dtype=pl.String)).to_list() == [key_of(pl.Series([name]))[0] for name in names]
