"""The order lines on which the figures of an award rest, read again point in time: the versions that held, not the movements.

Belongs here: which figures of a candidate are sums of lines, and reading those lines. Does not belong here: showing them
(``explanation``), deciding what is owed (``second_opinion``), or the amounts of an award's SQL (dbt).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from orchestration.candidates import Candidate

# Day, order, line, seller, gross and net cents, then what attributed it.
Line = tuple[Any, ...]


@dataclass(frozen=True)
class Subjects:
    """Whose lines to look at: any version that names one of these may hold."""

    sellers: frozenset[str] = frozenset()
    creators: frozenset[str] = frozenset()
    contents: frozenset[str] = frozenset()
    matched: frozenset[str] = frozenset()
    orders: frozenset[str] = frozenset()

    def __or__(self, other: Subjects) -> Subjects:
        return Subjects(
            self.sellers | other.sellers,
            self.creators | other.creators,
            self.contents | other.contents,
            self.matched | other.matched,
            self.orders | other.orders,
        )


@dataclass(frozen=True)
class Figure:
    """A figure of a candidate that is a sum over lines.

    ``said``: its cents as the award's SQL had them, None where it had none to compare; ``measure``: net or gross; ``condition``:
    which of the subjects' lines are its own, SQL over ``lines`` with the names of ``parameters``, among them ``known_through``.
    """

    title: str
    said: int | None
    measure: str
    subjects: Subjects
    condition: str
    parameters: dict[str, Any] = field(default_factory=dict)


_BY_SERVICE = """exists (
    select 1
    from movements.assignment_periods as assignments
    where assignments.partner_id = $partner and assignments.service = $service
        and assignments.subject_type = case when $service = 'CREATOR' then 'CREATOR' else 'SELLER' end
        and assignments.subject_id = case when $service = 'CREATOR' then lines.creator_id else lines.seller_id end
        and lines.gmv_date >= assignments.valid_from and lines.gmv_date < assignments.valid_to
        and assignments.known_from <= cast($known_through as date)
        and assignments.known_to > cast($known_through as date)
)"""
_DAYS = "lines.gmv_date between cast($first_day as date) and cast($last_day as date)"
_SHORT_VIDEO = "lines.content_type = 'VIDEO' and lines.is_target_plan"

_KEYS = """
    create or replace temp table source_keys as
    select line_key from staging.stg_order_lines
    where list_contains($sellers, seller_id) or list_contains($orders, order_id)
    union
    select line_key from staging.stg_attributions
    where list_contains($creators, creator_id) or list_contains($contents, content_id)
        or list_contains($matched, matched_by_partner_id)"""
_ROWS = (
    """create or replace temp table source_order_lines as
    from staging.stg_order_lines where line_key in (from source_keys)""",
    """create or replace temp table source_attributions as
    from staging.stg_attributions where line_key in (from source_keys)""",
    """create or replace temp table source_orders as
    from staging.stg_orders where order_key in (select order_key from source_order_lines)""",
    """create or replace temp table source_refunds as
    from staging.stg_refunds
    where refund_id in (select refund_id from staging.stg_refunds where line_key in (from source_keys))""",
)


def _held(relation: str, key: str) -> str:
    return f"""(
        select * from (
            select *, row_number() over (partition by {key} order by updated_at desc, landed_on desc) as newest_first
            from {relation} where landed_on <= cast($known_through as date)
        ) where newest_first = 1
    )"""


_LINES = f"""
with completed as (select * from {_held("source_refunds", "refund_id")} where status = 'COMPLETED'),
reversals as (
    select line_key, sum(amount_cents + platform_discount_reversed_cents) as reversed_cents
    from completed
    where not exists (
        select 1 from completed as superseding
        where superseding.supersedes_refund_id = completed.refund_id and superseding.line_key = completed.line_key
            and superseding.refund_id <> completed.refund_id
    )
    group by line_key
),
lines as (
    select
        cast(orders.paid_at as date) as gmv_date, orders.paid_at, orders.status,
        lines.line_key, lines.order_id, lines.order_line_id, lines.seller_id,
        lines.original_amount_cents - lines.seller_discount_cents as gross_cents,
        case when orders.status = 'CANCELLED' then 0
            else greatest(lines.original_amount_cents - lines.seller_discount_cents - coalesce(reversals.reversed_cents, 0), 0)
        end as net_cents,
        attributions.content_type, attributions.content_id, attributions.creator_id,
        attributions.target_collaboration_id is not null as is_target_plan, attributions.matched_by_partner_id
    from {_held("source_order_lines", "line_key")} as lines
    inner join {_held("source_orders", "order_key")} as orders on lines.order_key = orders.order_key
    left join {_held("source_attributions", "line_key")} as attributions on lines.line_key = attributions.line_key
    left join reversals on lines.line_key = reversals.line_key
    where not lines.is_gift and orders.paid_at is not null
        and not (orders.is_sample or orders.is_replacement or orders.is_exchange)
)
"""
_SELECT_LINES = f"""{_LINES}
select gmv_date, order_id, order_line_id, seller_id, gross_cents, cast(net_cents as bigint) as net_cents
from lines where """

# Each reversed line by the day of its last refund: what came off its gross, whatever its refunds sum to.
_SELECT_TAKEN = f"""{_LINES},
last_refunds as (select line_key, cast(max(completed_at) as date) as refunded_on from completed group by line_key)
select
    case when lines.status = 'CANCELLED' then 'cancelled'
        else 'refunded on ' || cast(last_refunds.refunded_on as varchar) end as why,
    count(*) as line_count, cast(sum(lines.gross_cents - lines.net_cents) as bigint) as cents
from lines
left join last_refunds on lines.line_key = last_refunds.line_key
where lines.gross_cents > lines.net_cents and """


def gather(connection: duckdb.DuckDBPyConnection, figures: Iterable[Figure]) -> None:
    """Puts all versions of the lines that figures may rest on, their orders, attributions and refunds, into temporary tables."""
    subjects = Subjects()
    for figure in figures:
        subjects |= figure.subjects
    wanted = {
        name: sorted(getattr(subjects, name)) for name in ("sellers", "creators", "contents", "matched", "orders")
    }
    connection.execute(_KEYS, wanted)
    for rows in _ROWS:
        connection.execute(rows)


def lines_of(connection: duckdb.DuckDBPyConnection, figure: Figure) -> list[Line]:
    """The lines of a figure that were gathered, by paid day, order and line: gross is the fifth column, net the sixth (cents)."""
    return connection.execute(f"{_SELECT_LINES}{figure.condition} order by 1, 2, 3", figure.parameters).fetchall()


def taken_from(connection: duckdb.DuckDBPyConnection, figure: Figure) -> list[tuple[str, int, int]]:
    """What came off the gross of a figure's lines: why, how many lines, and cents, the greatest first."""
    return connection.execute(
        f"{_SELECT_TAKEN}{figure.condition} group by 1 order by 3 desc, 1", figure.parameters
    ).fetchall()


def total_of(figure: Figure, lines: Sequence[Line]) -> int:
    """What the lines sum to, by the figure's measure, in cents."""
    return sum(line[4 if figure.measure == "gross" else 5] for line in lines)


def figures_of(connection: duckdb.DuckDBPyConnection, candidate: Candidate) -> list[Figure]:
    """The figures of a candidate that are sums of lines, from its evidence; none where it rests on something else."""
    measured = _FIGURES.get((candidate.kind, candidate.component))
    return measured(connection, candidate) if measured else []


def _served(connection: duckdb.DuckDBPyConnection, partner: str, service: str) -> Subjects:
    """Whom a partner ever served, by any version of any assignment."""
    rows = connection.execute(
        "select distinct subject_id from movements.assignment_periods where partner_id = ? and service = ?",
        [partner, service],
    ).fetchall()
    served = frozenset(row[0] for row in rows)
    return Subjects(creators=served) if service == "CREATOR" else Subjects(sellers=served)


def _partner_figure(
    title: str,
    said: int,
    seen: dict[str, Any],
    subjects: Subjects,
    partner: str,
    window: str,
    known: str,
    more: str = "",
) -> Figure:
    """A sum over the days of a window of the lines that a partner served, by assignments as known on the same day."""
    parameters = {
        "partner": partner,
        "service": seen["service"],
        "first_day": seen[f"{window}_first_day"],
        "last_day": seen[f"{window}_last_day"],
        "known_through": seen[known],
    }
    condition = " and ".join(part for part in (_DAYS, more, _BY_SERVICE) if part)
    return Figure(title, said, seen["measure"], subjects, condition, parameters)


def _daily_gmv(connection: duckdb.DuckDBPyConnection, candidate: Candidate) -> list[Figure]:
    partner, seen = candidate.beneficiary_id, candidate.evidence
    subjects = _served(connection, partner, seen["service"])
    return [
        _partner_figure("counted days", seen["counted_gmv_cents"], seen, subjects, partner, "counted", "known_through"),
        _partner_figure(
            "baseline", seen["baseline_gmv_cents"], seen, subjects, partner, "baseline", "baseline_known_through"
        ),
    ]


def _short_video(connection: duckdb.DuckDBPyConnection, candidate: Candidate) -> list[Figure]:
    partner, seen = candidate.beneficiary_id, candidate.evidence
    subjects = _served(connection, partner, seen["service"])
    parts = (
        ("the month, when ranks were drawn", "current_cents", "counted", "ranked_known_through"),
        ("the baseline, when ranks were drawn", "baseline_cents", "baseline", "ranked_known_through"),
        ("the month, as known now", "tested_current_cents", "counted", "known_through"),
        ("the baseline, as known now", "tested_baseline_cents", "baseline", "known_through"),
    )
    is_drawn = seen["ranked_known_through"] != seen["known_through"]
    return [
        _partner_figure(title, seen[name], seen, subjects, partner, window, known, _SHORT_VIDEO)
        for title, name, window, known in (parts if is_drawn else parts[2:])
    ]


def _affiliate(_: duckdb.DuckDBPyConnection, candidate: Candidate) -> list[Figure]:
    partner, seller, seen = candidate.beneficiary_id, candidate.subject_id, candidate.evidence
    more = "lines.seller_id = $seller and lines.creator_id is not null"
    subjects = Subjects(sellers=frozenset({seller}))
    figure = _partner_figure(
        "affiliate GMV", seen["gmv_cents"], seen, subjects, partner, "counted", "known_through", more
    )
    figure.parameters["seller"] = seller
    return [figure]


def _matching(connection: duckdb.DuckDBPyConnection, candidate: Candidate) -> list[Figure]:
    partner, seen = candidate.beneficiary_id, candidate.evidence
    matched = {
        "partner": partner,
        "first_day": seen["counted_first_day"],
        "last_day": seen["counted_last_day"],
        "known_through": seen["known_through"],
    }
    condition = f"{_DAYS} and lines.matched_by_partner_id = $partner"
    subjects = Subjects(matched=frozenset({partner}))
    served = _served(connection, partner, seen["service"])
    return [
        Figure("matched GMV", seen["matched_gmv_cents"], seen["measure"], subjects, condition, matched),
        _partner_figure(
            "the class window", seen["class_gmv_cents"], seen, served, partner, "class_window", "baseline_known_through"
        ),
    ]


_SESSIONS = """
    select live_id from subjects.championship_sessions
    where program_id = ? and period = ? and entrant_id = ? and known_through = cast(? as date) and terms_version = ?
        and is_long_enough and is_invited"""


def _leaderboard(connection: duckdb.DuckDBPyConnection, candidate: Candidate) -> list[Figure]:
    seen = candidate.evidence
    figures = []
    for title, said, known in (
        ("livestreams, when ranks were drawn", "drawn_score_cents", "ranked_known_through"),
        ("livestreams, as known now", "score_now_cents", "known_through"),
    ):
        if known != "known_through" and seen[known] == seen["known_through"]:
            continue
        key = [candidate.program_id, candidate.period, candidate.beneficiary_id, seen[known], candidate.terms_version]
        lives = [row[0] for row in connection.execute(_SESSIONS, key).fetchall()]
        condition = "lines.content_type = 'LIVE' and list_contains($lives, lines.content_id)"
        parameters = {"lives": lives, "known_through": seen[known]}
        subjects = Subjects(contents=frozenset(lives))
        figures.append(Figure(title, seen[said], seen["measure"], subjects, condition, parameters))
    return figures


def _livestream(_: duckdb.DuckDBPyConnection, candidate: Candidate) -> list[Figure]:
    live, seen = candidate.subject_id, candidate.evidence
    condition = "lines.content_type = 'LIVE' and lines.content_id = $live"
    parameters = {"live": live, "known_through": seen["known_through"]}
    subjects = Subjects(contents=frozenset({live}))
    return [Figure("the livestream", seen["score_cents"], seen["measure"], subjects, condition, parameters)]


def _incubated(_: duckdb.DuckDBPyConnection, candidate: Candidate) -> list[Figure]:
    creator, seen = candidate.subject_id, candidate.evidence
    on_list = "lines.paid_at < coalesce(cast($removed_at as timestamptz), 'infinity')"
    condition = f"{_DAYS} and lines.creator_id = $creator and {on_list}"
    parameters = {
        "creator": creator,
        "removed_at": seen["removed_at"],
        "first_day": seen["counted_first_day"],
        "last_day": seen["counted_last_day"],
        "known_through": seen["known_through"],
    }
    subjects = Subjects(creators=frozenset({creator}))
    return [Figure("the creator's GMV", seen["gmv_cents"], seen["measure"], subjects, condition, parameters)]


def _purchase(_: duckdb.DuckDBPyConnection, candidate: Candidate) -> list[Figure]:
    seen = candidate.evidence
    if seen["order_id"] is None:
        return []
    order = seen["order_id"]
    parameters = {"order": order, "known_through": seen["known_through"]}
    subjects = Subjects(orders=frozenset({order}))
    return [Figure(f"the qualifying purchase {order}", None, "net", subjects, "lines.order_id = $order", parameters)]


_FIGURES = {
    ("incremental_daily_gmv", "daily_gmv"): _daily_gmv,
    ("short_video_growth", "monthly_rank"): _short_video,
    ("affiliate_service", "seller_service"): _affiliate,
    ("creator_matching_challenge", "matching"): _matching,
    ("live_championship", "leaderboard"): _leaderboard,
    ("live_championship", "attendance"): _livestream,
    ("creator_incubation", "incubation"): _incubated,
    ("referral_reward", "referral"): _purchase,
}
MEASURED_KINDS = frozenset(kind for kind, _ in _FIGURES) - {"referral_reward"}
"""Kinds whose figures are sums of lines; a referral's purchase leaves late refunds out (RULEBOOK 2.1)."""
