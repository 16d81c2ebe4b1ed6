"""Which partner serves which shop or creator, and how that changes: moves, overlaps, corrections, a withdrawal.

The anchors stay with their partners, so that who earns what does not hang on chance. Does not belong here: the
partners and shops themselves (``registers``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from orchestration.sample import identifiers
from orchestration.sample.draws import DAY, SECOND, Flags, Ints, below
from orchestration.sample.population import Population

# Shops, by their number, whose assignment has a story: (number modulo, remainder).
_MOVES = (25, 7)
_OVERLAPS = (50, 13)
_CORRECTED = (50, 23)
_WITHDRAWN = (100, 31)


@dataclass(frozen=True)
class _Service:
    """Assignments of one service: one entry a subject; partners and subjects by number. Only subjects from
    ``first_with_story`` on have one.
    """

    name: str
    subject: Ints
    partner: Ints
    next_partner: Ints
    valid_from: Ints
    first_with_story: int


def assignment_versions(population: Population, first_day: int) -> pl.DataFrame:
    """Assignments by landing day; valid_from and valid_to are day numbers."""
    services = [
        _shop_service(population),
        _affiliate_service(population),
        _creator_service(population),
        _anchor_affiliate_service(population),
    ]
    frames = []
    start = 0
    for service in services:
        frames.append(_versions(service, start, first_day))
        start += 2 * len(service.subject)
    return pl.concat(frames)


def _shop_service(population: Population) -> _Service:
    """Each anchor has its own TSP; of the other shops a little more than half are served, mostly by the first TSPs."""
    index = np.arange(population.sellers, dtype=np.int64)
    partners = np.array(population.partners_of("TSP"), dtype=np.int64)
    place = (len(partners) * (below(index, 82, 10_000) / 10_000) ** 1.5).astype(np.int64)
    place = np.where(index < population.anchors, index, place)
    storied = np.any([index % every == rest for every, rest in (_MOVES, _OVERLAPS, _CORRECTED, _WITHDRAWN)], axis=0)
    served = (index < population.anchors) | storied | (below(index, 83, 100) < 52)
    following = partners[(place + 1 + below(index, 84, len(partners) - 1)) % len(partners)]
    since = population.first_paid_day - 30 - below(index, 85, 300)
    return _Service(
        "SHOP", index[served], partners[place][served], following[served], since[served], population.anchors
    )


def _affiliate_service(population: Population) -> _Service:
    index = np.arange(population.sellers, dtype=np.int64)
    return _plain_service("AFFILIATE", index, population, ("CAP", "TAP", "TSP"), 35)


def _creator_service(population: Population) -> _Service:
    index = np.arange(population.creators, dtype=np.int64)
    return _plain_service("CREATOR", index, population, ("MCN", "CAP"), 60)


def _anchor_affiliate_service(population: Population) -> _Service:
    """The anchors that have nobody for it go to the creator agencies in turn, so that these have much to do as well."""
    every = np.arange(population.anchors, dtype=np.int64)
    index = every[~np.isin(every, _affiliate_service(population).subject)]
    partners = np.array(population.partners_of("CAP"), dtype=np.int64)[index % len(population.partners_of("CAP"))]
    since = population.first_paid_day - 30 - below(index, 89, 200)
    return _Service("AFFILIATE", index, partners, partners, since, population.sellers)


def _plain_service(name: str, index: Ints, population: Population, types: tuple[str, ...], percent: int) -> _Service:
    partners = np.array([number for kind in types for number in population.partners_of(kind)], dtype=np.int64)
    salt = 86 + len(name)
    place = below(index, salt, len(partners))
    served = below(index, salt + 1, 100) < percent
    following = partners[(place + 1) % len(partners)]
    since = population.first_paid_day - 30 - below(index, salt + 2, 200)
    return _Service(name, index[served], partners[place][served], following[served], since[served], 0)


def _versions(service: _Service, start: int, first_day: int) -> pl.DataFrame:
    subject = service.subject
    moves, overlaps, corrected, withdrawn = (
        (subject % every == rest) & (subject >= service.first_with_story)
        for every, rest in (_MOVES, _OVERLAPS, _CORRECTED, _WITHDRAWN)
    )
    changed_on = first_day - 20 + below(subject, 81, 170)
    known_on = changed_on + below(subject, 80, 16) - 5
    number = start + np.arange(len(subject), dtype=np.int64)
    later = number + len(subject)
    wrong = np.where(corrected, service.next_partner, service.partner)
    nobody = np.zeros(len(subject), dtype=np.bool_)
    everybody = ~nobody
    first_partner, second_partner = service.partner, service.next_partner
    return pl.concat(
        [
            _rows(service, number, wrong, service.valid_from, changed_on, nobody, service.valid_from, everybody),
            _rows(service, number, first_partner, service.valid_from, changed_on, moves, known_on, moves | corrected),
            _rows(
                service, number, first_partner, service.valid_from, service.valid_from, withdrawn, known_on, withdrawn
            ),
            _rows(service, later, second_partner, changed_on, changed_on, nobody, known_on + 1, moves | overlaps),
        ]
    )


def _rows(
    service: _Service,
    number: Ints,
    partner: Ints,
    valid_from: Ints,
    valid_to: Ints,
    ends: Flags,
    known_on: Ints,
    chosen: Flags,
) -> pl.DataFrame:
    """Versions known on a day; valid_to is null unless ``ends``; only the ``chosen`` subjects have one."""
    is_seller = service.name != "CREATOR"
    subject_ids = identifiers.seller_ids if is_seller else identifiers.creator_ids
    frame = pl.DataFrame(
        {
            "assignment_id": identifiers.assignment_ids(number),
            "partner_id": identifiers.partner_ids(partner),
            "subject_id": subject_ids(service.subject),
            "valid_from": valid_from,
            "valid_to": valid_to,
            "updated_at": known_on * DAY + 43_200 * SECOND,
            "landed_on": known_on,
        }
    ).with_columns(
        pl.lit("SELLER" if is_seller else "CREATOR").alias("subject_type"),
        pl.lit(service.name).alias("service"),
        pl.when(pl.Series(ends)).then("valid_to").alias("valid_to"),
    )
    return frame.filter(pl.Series(chosen))
