"""Which deliveries changed an award between two postings: those whose records lie behind its figures.

Belongs here: finding the days on which such records landed. Does not belong here: which lines a figure is the sum of
(``source_lines``), or how a change splits into causes by the cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import duckdb

from orchestration.candidates import Candidate
from orchestration.ledger.entries import AwardKey
from orchestration.source_lines import Figure, Subjects, figures_of, gather, lines_of


class Change(NamedTuple):
    """An award key, the posting's day that changed it, and the day of the AWARDS posting before; None where it was the first."""

    key: AwardKey
    before: date | None
    as_of: date


Landed = tuple[str, date]
"""Feed and landed_on of a delivery."""

_ASSIGNMENTS: Final = ("assignments", "partner_id = $beneficiary")
_PARTNERS: Final = ("partners", "partner_id = $beneficiary")
_RANKS: Final = ("partner_ranks", "partner_id = $beneficiary")
_NAMING: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "incremental_daily_gmv": (_ASSIGNMENTS, _PARTNERS),
    "rank_upgrade": (_RANKS, _PARTNERS),
    "short_video_growth": (_ASSIGNMENTS, _PARTNERS),
    "affiliate_service": (("assignments", "partner_id = $beneficiary and subject_id = $subject"), _PARTNERS),
    "creator_matching_challenge": (_RANKS, _PARTNERS),
    "live_championship": (
        (
            "live_sessions",
            """live_id in (
                select live_id from subjects.championship_sessions
                where program_id = $program and period = $period and entrant_id = $beneficiary
            ) and ($subject = '' or live_id = $subject)""",
        ),
        _PARTNERS,
    ),
    "creator_incubation": (
        ("assignments", "partner_id = $beneficiary and subject_id = $subject"),
        ("program_lists", "subject_id = $subject"),
        _PARTNERS,
    ),
    "funded_deals": (("deal_redemptions", "deal_id = $subject"), ("deals", "deal_id = $subject")),
    "referral_reward": (
        (
            "referral_events",
            "referee_id = $subject or $component = 'milestone' and referrer_id = $beneficiary",
        ),
        ("members", "member_id in ($subject, $beneficiary)"),
    ),
}
"""Kind → feeds whose records name the beneficiary or the subject of an award themselves, and how."""

# Lines of which a record landed in the span, among those that were gathered: so that few of a figure's are read again.
_TOUCHED: Final = """
    create or replace temp table touched_lines as
    with span as (select cast($before as date) as before, cast($as_of as date) as as_of)
    select line_key from source_order_lines, span where landed_on > before and landed_on <= as_of
    union
    select line_key from source_attributions, span where landed_on > before and landed_on <= as_of
    union
    select line_key from source_refunds, span where landed_on > before and landed_on <= as_of
    union
    select lines.line_key
    from source_order_lines as lines
    inner join source_orders as orders on lines.order_key = orders.order_key
    cross join span
    where orders.landed_on > before and orders.landed_on <= as_of"""

# A line is known by its own id alone: the order that an attribution or a refund names may be another.
_LANDED: Final = """
    with wanted as (
        select distinct line_key, order_key from source_order_lines
        where order_line_id in (select unnest($lines))
    ),
    records as (
        select 'orders' as feed, landed_on from source_orders where order_key in (select order_key from wanted)
        union
        select 'order_lines', landed_on from source_order_lines where line_key in (select line_key from wanted)
        union
        select 'attributions', landed_on from source_attributions where line_key in (select line_key from wanted)
        union
        select 'refunds', landed_on from source_refunds where line_key in (select line_key from wanted)
    )
    select feed, landed_on from records
    where landed_on > cast($before as date) and landed_on <= cast($as_of as date)"""

_REDEEMED: Final = """
    select distinct order_id from subjects.redeemed_lines
    where program_id = ? and period = ? and deal_id = ? and order_id is not null"""

_REFERRED: Final = """
    select order_id from marts.referral_conversions
    where program_id = ? and referrer_id = ? and status = 'FINAL'"""


def deliveries_behind(
    connection: duckdb.DuckDBPyConnection, candidates: Mapping[AwardKey, Candidate], changes: Iterable[Change]
) -> dict[Change, list[Landed]]:
    """The deliveries behind each change of a key that has a candidate, by day and feed.

    A delivery stands behind a change if, between the two days, it brought a record (order, line, attribution, refund) of a line
    that the figures of the award rest on at one of them, or a record that names the beneficiary or the subject itself. A paid day
    counts from the next day on only: of its lines the deliveries that brought them stand behind it, though they landed before.
    None at all: a day passed, or the terms or what others reached decided.
    """
    wanted = [change for change in changes if change.key in candidates]
    figures = {key: _figures(connection, candidates[key]) for key in {change.key for change in wanted}}
    gather(connection, [figure for found in figures.values() for figure in found])
    behind: dict[Change, list[Landed]] = {}
    touched = None
    for change in sorted(wanted, key=lambda change: (change.as_of, change.key)):
        if touched != (change.before, change.as_of):
            touched = change.before, change.as_of
            connection.execute(_TOUCHED, {"before": change.before or date.min, "as_of": change.as_of})
        found = _landed_with_lines(connection, figures[change.key], change)
        found |= _landed_by_name(connection, candidates[change.key], change)
        behind[change] = sorted(found, key=lambda landed: (landed[1], landed[0]))
    return behind


def _figures(connection: duckdb.DuckDBPyConnection, candidate: Candidate) -> list[Figure]:
    """The figures of a candidate; for a deal the orders that redeemed it, for a milestone the purchases of those who count."""
    program = candidate.program_id
    if candidate.kind == "funded_deals":
        rows = connection.execute(_REDEEMED, [program, candidate.period, candidate.subject_id]).fetchall()
    elif candidate.component == "milestone":
        rows = connection.execute(_REFERRED, [program, candidate.beneficiary_id]).fetchall()
    else:
        return figures_of(connection, candidate)
    orders = [order for (order,) in rows]
    parameters = {"orders": orders, "known_through": candidate.evidence["known_through"]}
    subjects = Subjects(orders=frozenset(orders))
    return [Figure("orders", None, "net", subjects, "list_contains($orders, lines.order_id)", parameters)]


def _landed_with_lines(connection: duckdb.DuckDBPyConnection, figures: list[Figure], change: Change) -> set[Landed]:
    """Deliveries of records of the lines behind figures."""
    found: set[Landed] = set()
    for figure in figures:
        touched = replace(
            figure, condition=f"{figure.condition} and lines.line_key in (select line_key from touched_lines)"
        )
        lines = _known_on(connection, touched, change.as_of)
        if change.before is not None:
            lines |= _known_on(connection, touched, change.before)
        found |= _landed(connection, lines, change.before or date.min, change.as_of)
        if change.before is not None and "last_day" in figure.parameters:
            day = change.before.isoformat()
            new_day = replace(figure, condition=f"{figure.condition} and lines.gmv_date >= date '{day}'")
            found |= _landed(connection, _known_on(connection, new_day, change.as_of), date.min, change.as_of)
    return found


def _known_on(connection: duckdb.DuckDBPyConnection, figure: Figure, day: date) -> set[str]:
    """The lines, by order_line_id, that a figure rested on as of a day."""
    parameters = dict(figure.parameters)
    parameters["known_through"] = min(str(parameters["known_through"]), day.isoformat())
    if "last_day" in parameters:
        parameters["last_day"] = min(str(parameters["last_day"]), (day - timedelta(days=1)).isoformat())
    return {line[2] for line in lines_of(connection, replace(figure, parameters=parameters))}


def _landed(connection: duckdb.DuckDBPyConnection, lines: set[str], before: date, as_of: date) -> set[Landed]:
    """The deliveries that brought records of these lines after one day and through another."""
    if not lines:
        return set()
    parameters = {"lines": sorted(lines), "before": before, "as_of": as_of}
    return set(connection.execute(_LANDED, parameters).fetchall())


def _landed_by_name(connection: duckdb.DuckDBPyConnection, candidate: Candidate, change: Change) -> set[Landed]:
    """The deliveries that brought records which name the beneficiary or the subject."""
    found: set[Landed] = set()
    for feed, condition in _NAMING[candidate.kind]:
        if feed == "partners" and candidate.beneficiary_type != "PARTNER":
            continue
        named = {
            "program": candidate.program_id,
            "period": candidate.period,
            "beneficiary": candidate.beneficiary_id,
            "subject": candidate.subject_id,
            "component": candidate.component,
        }
        parameters: dict[str, Any] = {name: value for name, value in named.items() if f"${name}" in condition}
        parameters |= {"before": change.before or date.min, "as_of": change.as_of}
        rows = connection.execute(
            f"select distinct landed_on from staging.stg_{feed} "
            f"where landed_on > $before and landed_on <= $as_of and ({condition})",
            parameters,
        ).fetchall()
        found |= {(feed, landed_on) for (landed_on,) in rows}
    return found
