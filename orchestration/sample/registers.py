"""The registers of shops, creators and partners as they land: names, sizes, whom to pay, whether a tax form is there.

Does not belong here: their weight in the market (``population``) and who serves whom (``assignments``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from orchestration.sample import identifiers
from orchestration.sample.draws import DAY, SECOND, Flags, Ints, below
from orchestration.sample.population import Population

_FIRST_WORDS = ("Aurora", "Bluebird", "Cedar", "Dovetail", "Ember", "Fern", "Golden", "Harbor", "Indigo", "Juniper")
_LAST_WORDS = ("Home", "Beauty, Inc.", "Outdoor", "& Co., Ltd", "Kids", "Sound", 'Kitchen "Pro"', "Pets", "Café", "Fit")


def seller_versions(population: Population, first_day: int) -> pl.DataFrame:
    """Shops by landing day; one in twelve changes later: it grows, names a payee or brings its tax form."""
    index = np.arange(population.sellers, dtype=np.int64)
    onboarded_at = population.onboarded_on * DAY + below(index, 71, 80_000) * SECOND
    size = np.select([index < population.sellers // 100 + population.anchors, below(index, 72, 4) == 0], [2, 1], 0)
    first = pl.DataFrame(
        {
            "seller_id": identifiers.seller_ids(index),
            "name": _names(index, 73),
            "size_class": np.array(["SMALL", "MEDIUM", "LARGE"])[size],
            "onboarded_at": onboarded_at,
            "payee_id": _payees(index, "S", below(index, 74, 20) > 0),
            "tax_form_on_file": below(index, 75, 16) > 0,
            "updated_at": onboarded_at,
        }
    )
    changes = below(index, 76, 12) == 0
    grown = np.array(["MEDIUM", "LARGE", "LARGE"])[size]
    second = first.with_columns(pl.Series("size_class", grown), _payees(index, "S", index >= 0).alias("payee_id"))
    return _landing(first, second.with_columns(tax_form_on_file=True), changes, first_day - 200 + below(index, 77, 500))


def creator_versions(population: Population, first_day: int) -> pl.DataFrame:
    """Creators by landing day: one in fifteen has no payee and one in ten no tax form; half of these bring both some
    day later.
    """
    index = np.arange(population.creators, dtype=np.int64)
    joined_at = (population.first_paid_day - 1 - below(index, 191, 700)) * DAY + below(index, 192, 80_000) * SECOND
    has_payee, has_form = below(index, 193, 15) > 0, below(index, 194, 10) > 0
    word = below(index, 195, len(_FIRST_WORDS))
    first = pl.DataFrame(
        {
            "creator_id": identifiers.creator_ids(index),
            "username": [f"{_FIRST_WORDS[place].lower()}.{number}" for place, number in zip(word, index, strict=True)],
            "payee_id": _payees(index, "C", has_payee),
            "tax_form_on_file": has_form,
            "updated_at": joined_at,
        }
    )
    second = first.with_columns(_payees(index, "C", index >= 0).alias("payee_id"), tax_form_on_file=True)
    changes = ~(has_payee & has_form) & (below(index, 196, 2) == 0)
    return _landing(first, second, changes, first_day - 100 + below(index, 197, 300))


def partner_versions(population: Population, first_day: int) -> pl.DataFrame:
    """Partners by landing day: of every seven one brings its tax form half a year late, of every eleven one has
    no payee.
    """
    index = np.arange(population.partners, dtype=np.int64)
    signed_at = (population.first_paid_day - 60) * DAY + index * SECOND
    has_form = index % 7 != 3
    first = pl.DataFrame(
        {
            "partner_id": identifiers.partner_ids(index),
            "partner_type": population.partner_types,
            "name": _names(index, 78),
            "payee_id": _payees(index, "P", index % 11 != 5),
            "tax_form_on_file": has_form,
            "updated_at": np.broadcast_to(signed_at, len(index)),
        }
    )
    return _landing(first, first.with_columns(tax_form_on_file=True), ~has_form, first_day + 130 + index % 20)


def _landing(first: pl.DataFrame, second: pl.DataFrame, changes: Flags, changed_on: Ints) -> pl.DataFrame:
    """First versions on the day of their change, second ones, where there is one, on ``changed_on`` if later."""
    changed_at = pl.Series("updated_at", changed_on * DAY + 36_000 * SECOND)
    later = changed_at > first["updated_at"]
    versions = pl.concat([first, second.with_columns(changed_at).filter(pl.Series(changes) & later)])
    return versions.with_columns((pl.col("updated_at") // DAY).alias("landed_on"))


def _names(index: Ints, salt: int) -> list[str]:
    first, last = below(index, salt, len(_FIRST_WORDS)), below(index, salt + 100, len(_LAST_WORDS))
    return [f"{_FIRST_WORDS[a]} {_LAST_WORDS[b]} {number}" for a, b, number in zip(first, last, index, strict=True)]


def _payees(index: Ints, letter: str, known: Flags) -> pl.Series:
    return pl.Series([f"PAYEE-{letter}{number:07d}" if has else None for number, has in zip(index, known, strict=True)])
