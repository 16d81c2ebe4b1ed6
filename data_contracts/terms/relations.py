"""The relations in which SQL reads the terms: their columns and their rows.

Belongs here: what is in each relation. Does not belong here: an engine, or writing to one (``orchestration``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from datetime import date
from typing import Any

from data_contracts.terms.cut_offs import PeriodTerms, period_terms
from data_contracts.terms.figures import Terms
from data_contracts.terms.program import Program, Source, version_hash

Row = tuple[Any, ...]

RELATIONS: dict[str, dict[str, str]] = {
    "programs": {
        "program_id": "varchar",
        "kind": "varchar",
        "title": "varchar",
        "instrument": "varchar",
        "window_first_day": "date",
        "window_last_day": "date",
        "entrants": "varchar",
        "hold_days": "bigint",
        "clawback_days": "bigint",
    },
    "periods": {
        "program_id": "varchar",
        "kind": "varchar",
        "period": "varchar",
        "first_day": "date",
        "last_day": "date",
        "settle_on": "date",
        "freeze_on": "date",
        "close_on": "date",
        "stage": "varchar",
        "version_no": "bigint",
        "has_begun": "boolean",
        "known_through": "date",
        "is_cut_off_read_as_first_delivery": "boolean",
        "counted_through": "date",
        "ranked_known_through": "date",
        "ranked_version_no": "bigint",
        "is_ranked_cut_off_read_as_first_delivery": "boolean",
        "baseline_freeze_on": "date",
        "baseline_known_through": "date",
        "is_baseline_cut_off_read_as_first_delivery": "boolean",
    },
    "versions": {
        "program_id": "varchar",
        "version_no": "bigint",
        "version_hash": "varchar",
        "effective_from": "date",
        "measure": "varchar",
        "service": "varchar",
        "is_any_partner": "boolean",
        "baseline_first_day": "date",
        "baseline_last_day": "date",
        "baseline_floor_cents": "bigint",
        "class_window_first_day": "date",
        "class_window_last_day": "date",
        "ranked_from": "varchar",
        "high_from_cents": "bigint",
        "min_growth_cents": "bigint",
        "consistency_cents": "bigint",
        "min_gmv_cents": "bigint",
        "rate_bps": "bigint",
        "max_reward_cents": "bigint",
        "max_sellers": "bigint",
        "min_minutes": "bigint",
        "invite_list": "varchar",
        "creators_list": "varchar",
        "leaderboard_min_score_cents": "bigint",
        "attendance_amount_cents": "bigint",
        "attendance_event_min_score_cents": "bigint",
        "amount_per_referral_cents": "bigint",
        "max_referrals": "bigint",
        "min_order_cents": "bigint",
        "click_window_days": "bigint",
        "purchase_window_days": "bigint",
    },
    "partner_types": {"program_id": "varchar", "version_no": "bigint", "partner_type": "varchar"},
    "tiers": {
        "program_id": "varchar",
        "version_no": "bigint",
        "class": "varchar",
        "threshold": "bigint",
        "amount_cents": "bigint",
    },
    "places": {
        "program_id": "varchar",
        "version_no": "bigint",
        "first_rank": "bigint",
        "last_rank": "bigint",
        "amount_cents": "bigint",
    },
}
"""The columns of each relation and their SQL types.

``programs``       one row a program
``periods``        one row a period, at the as-of day (``cut_offs.PeriodTerms``)
``versions``       one row a version of a program; null where the kind has no such figure; ``is_any_partner`` where no type
                   of partner is named
``partner_types``  one row a type that may earn in a version; no row: any partner may
``tiers``          one row a step; the threshold is cents, referrals for a milestone, a level for a rank; class '' where
                   there is one
``places``         one row a stretch of places in a ranking, with what each of them pays
"""


def relation_rows(programs: Sequence[Program], as_of: date, first_delivery: date | None) -> dict[str, list[Row]]:
    """The rows of every relation, in the order of its columns, also where it has none."""
    return {
        "programs": [_in_order("programs", figures(program)) for program in programs],
        "periods": [_period_row(row) for program in programs for row in period_terms(program, as_of, first_delivery)],
        "versions": [row for program in programs for row in _version_rows(program)],
        "partner_types": [row for program in programs for row in _partner_type_rows(program)],
        "tiers": [row for program in programs for row in _tier_rows(program)],
        "places": [row for program in programs for row in _place_rows(program)],
    }


def figures(terms: Terms) -> dict[str, str | int | date]:
    """The single values of a mapping by their column; one within another gives `<key>_<its key>`."""
    columns: dict[str, str | int | date] = {}
    for key, value in terms:
        if isinstance(value, Source):
            continue
        if isinstance(value, Terms):
            columns |= {f"{key}_{inner}": figure for inner, figure in figures(value).items()}
        elif isinstance(value, str | int | date):
            columns[key] = value
    return columns


def _in_order(relation: str, values: dict[str, Any]) -> Row:
    return tuple(values.get(column) for column in RELATIONS[relation])


def _period_row(row: PeriodTerms) -> Row:
    names = [field.name for field in fields(row)]
    return _in_order("periods", dict(zip(names, astuple(row), strict=True)))


def _version_rows(program: Program) -> Iterable[Row]:
    for version_no, version in enumerate(program.versions, start=1):
        worked_out = {
            "version_no": version_no,
            "version_hash": version_hash(program, version_no),
            "is_any_partner": not dict(version).get("partner_types"),
        }
        yield _in_order("versions", figures(program) | figures(version) | worked_out)


def _partner_type_rows(program: Program) -> Iterable[Row]:
    for version_no, version in enumerate(program.versions, start=1):
        for partner_type in dict(version).get("partner_types", ()):
            yield program.program_id, version_no, partner_type


def _tier_rows(program: Program) -> Iterable[Row]:
    for version_no, version in enumerate(program.versions, start=1):
        for tier_class, steps in version.tiers_by_class().items():
            for step in steps:
                yield program.program_id, version_no, tier_class, step.threshold, step.amount_cents


def _place_rows(program: Program) -> Iterable[Row]:
    for version_no, version in enumerate(program.versions, start=1):
        for places in version.places():
            yield program.program_id, version_no, places.first_rank, places.last_rank, places.amount_cents
