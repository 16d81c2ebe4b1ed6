"""Ids that look like the platform's: 18 and 19 digits, as 64-bit integers until they are written as text.

Each is a one-to-one function of an index, so that nobody has to remember which ids were given.
"""

from __future__ import annotations

import numpy as np

from orchestration.sample.draws import Ints, below

_SPREAD_BITS = 40
_ORDER_SHIFT = 20
_LINE_SHIFT = 16


def order_ids(index: Ints) -> Ints:
    """576…: rising with the order's index, as ids made from time do."""
    return 576_460_000_000_000_000 + (index << _ORDER_SHIFT) + below(index, 1, 1 << _ORDER_SHIFT)


def line_ids(index: Ints, line_number: Ints) -> Ints:
    """577…: the order's index and the line's number within it (below 16)."""
    place = (index << _ORDER_SHIFT) + (line_number << _LINE_SHIFT)
    return 577_460_000_000_000_000 + place + below(place, 2, 1 << _LINE_SHIFT)


def refund_ids(line_id: Ints, number: int) -> Ints:
    """4035…: a line's first or second refund."""
    return 3_458_000_000_000_000_000 + line_id + number * 4 * 10**15


def member_ids(index: Ints) -> Ints:
    """7300…"""
    return 7_300_000_000_000_000_000 + _spread(index) * 100 + below(index, 3, 100)


def seller_ids(index: Ints) -> Ints:
    """7495…"""
    return 7_495_000_000_000_000_000 + _spread(index) * 100 + below(index, 4, 100)


def creator_ids(index: Ints) -> Ints:
    """7010…"""
    return 7_010_000_000_000_000_000 + _spread(index) * 100 + below(index, 5, 100)


def partner_ids(index: Ints) -> Ints:
    """8640…"""
    return 8_640_000_000_000_000_000 + _spread(index) * 100 + below(index, 6, 100)


def product_ids(seller: Ints, product: Ints) -> Ints:
    """1729…: the seller's n-th product (below 1000)."""
    return 1_729_000_000_000_000_000 + _spread(seller * 1_000 + product) * 100


def content_ids(creator: Ints, day: Ints | int, number: Ints) -> Ints:
    """7556…: the livestream (number 0 or 1) or video (2 or 3) that a creator made on a day (days since 1970)."""
    return 7_556_000_000_000_000_000 + _spread((creator * 40_000 + day) * 4 + number) * 100


def collaboration_ids(seller: Ints, creator: Ints) -> Ints:
    """7431…: the targeted plan of a seller with a creator."""
    return 7_431_000_000_000_000_000 + _spread(seller * 1_000_000 + creator) * 100


def assignment_ids(number: Ints) -> Ints:
    """7482…: rising with the assignment's number."""
    return 7_482_000_000_000_000_000 + number * 1_000 + below(number, 7, 1_000)


def event_ids(number: Ints) -> Ints:
    """7604…: rising with the referral event's number."""
    return 7_604_000_000_000_000_000 + number * 1_000 + below(number, 8, 1_000)


def deal_ids(seller: Ints, fortnight: Ints) -> Ints:
    """7522…: the deal that a seller runs in a fortnight (days since 1970 // 14, below 4000)."""
    return 7_522_000_000_000_000_000 + _spread(seller * 4_000 + fortnight) * 100


def redemption_ids(line_id: Ints) -> Ints:
    """5577…: a line's redemption of a deal."""
    return 5_000_000_000_000_000_000 + line_id


def _spread(index: Ints) -> Ints:
    """The index moved to another place below 2^40, one to one."""
    moved = index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (moved & np.uint64((1 << _SPREAD_BITS) - 1)).astype(np.int64)
