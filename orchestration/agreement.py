"""Whether the awards that SQL decided are those of a second opinion: all of them, on every run, before anything is posted.

Belongs here: reading candidates and terms from the warehouse, comparing to the cent, and drawing a sample of candidates whose
figures are measured again. Does not belong here: any rule (``second_opinion``), or reading lines (``source_lines``).
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from orchestration.candidates import candidates_of
from orchestration.errors import RefusedError
from orchestration.redemptions import redemptions_of
from orchestration.second_opinion import Candidate, Opinion, Terms, second_opinion
from orchestration.source_lines import MEASURED_KINDS, figures_of, gather, lines_of, total_of

_CANDIDATES = """
    select period, beneficiary_id, subject_id, component, terms_version, evidence, amount_cents, stage
    from awards.award_candidates
    where program_id = ?
    order by period, component, beneficiary_id, subject_id"""

DEALS = "funded_deals"
_SAMPLE = """
    with drawn as (
        select candidates.program_id, candidates.beneficiary_id, candidates.period, candidates.subject_id,
            md5(concat_ws(' ', $seed, candidates.program_id, candidates.period, candidates.beneficiary_id, candidates.subject_id))
            as lot
        from awards.award_candidates as candidates
        inner join terms.programs as programs on candidates.program_id = programs.program_id
        where list_contains($kinds, programs.kind)
    )
    select program_id, beneficiary_id, period, subject_id
    from (select *, row_number() over (partition by program_id order by lot) as place from drawn)
    where place = 1
    order by lot
    limit $sample"""


def require_agreement(connection: duckdb.DuckDBPyConnection) -> int:
    """How many candidates a second opinion agrees on; RefusedError naming the first award key on which it does not.

    An award of 0 cents is none, so its stage is not compared.
    """
    agreed = 0
    for program_id, kind in connection.execute("select program_id, kind from terms.programs order by 1").fetchall():
        rows = connection.execute(_CANDIDATES, [program_id]).fetchall()
        candidates = [_candidate(row) for row in rows]
        opinions = second_opinion(kind, candidates, _terms(connection, program_id))
        for row, opinion in zip(rows, opinions, strict=True):
            _compare(program_id, row, opinion)
        agreed += len(rows)
    return agreed


def require_measures(connection: duckdb.DuckDBPyConnection, sample: int) -> list[str]:
    """The candidates of a sample, another one each day, whose figures were summed again from their order lines.

    RefusedError naming the award and the figure that is another sum. One candidate of a program at most.
    """
    (as_of,) = connection.execute("select cast(as_of as varchar) from context.run_window").fetchone() or ("",)
    drawn = connection.execute(
        _SAMPLE, {"seed": as_of, "kinds": sorted({*MEASURED_KINDS, DEALS}), "sample": sample}
    ).fetchall()
    candidates = [one for key in drawn for one in candidates_of(connection, *key)]
    figures = [(candidate, figure) for candidate in candidates for figure in figures_of(connection, candidate)]
    gather(connection, [figure for _, figure in figures])
    for candidate, figure in figures:
        total = total_of(figure, lines_of(connection, figure))
        if figure.said is not None and total != figure.said:
            raise RefusedError(
                f"nothing was posted: of the award {candidate.name} the lines of {figure.title} sum to {total} cents, the "
                f"award says {figure.said}; run `incentives rebuild` and compare"
            )
    for candidate in candidates:
        costs = (
            sum(one.cost_cents for one in redemptions_of(connection, candidate)) if candidate.kind == DEALS else None
        )
        if costs is not None and costs != candidate.evidence["requested_cents"]:
            raise RefusedError(
                f"nothing was posted: the redemptions of {candidate.name} cost {costs} cents, the award says "
                f"{candidate.evidence['requested_cents']}; run `incentives rebuild` and compare"
            )
    return [candidate.name for candidate in candidates]


def _candidate(row: tuple[Any, ...]) -> Candidate:
    period, beneficiary, subject, component, version, evidence, *_ = row
    return {
        "period": period,
        "beneficiary": beneficiary,
        "subject": subject,
        "component": component,
        "version": version,
        "measures": json.loads(evidence),
    }


def _compare(program_id: str, row: tuple[Any, ...], opinion: Opinion) -> None:
    period, beneficiary, subject, component, *_, amount, stage = row
    if (amount, amount and stage) != (opinion[0], opinion[0] and opinion[1]):
        key = " ".join(part for part in (program_id, period, beneficiary, subject, component) if part)
        raise RefusedError(
            f"nothing was posted: the award {key} is {amount} cents {stage}, a second opinion says {opinion[0]} cents "
            f"{opinion[1]}; one of the two rules is wrong, run `incentives explain award {program_id} {beneficiary}`"
        )


def _terms(connection: duckdb.DuckDBPyConnection, program_id: str) -> Terms:
    """The terms of one program as dictionaries."""
    versions = {
        row["version_no"]: row | {"tiers": {}, "places": []} for row in _rows(connection, "versions", program_id)
    }
    for row in _rows(connection, "tiers", program_id):
        tiers = versions[row["version_no"]]["tiers"]
        tiers.setdefault(row["class"], []).append((row["threshold"], row["amount_cents"]))
    for row in _rows(connection, "places", program_id):
        versions[row["version_no"]]["places"].append((row["first_rank"], row["last_rank"], row["amount_cents"]))
    (as_of,) = connection.execute("select as_of from context.run_window").fetchone() or (None,)
    return {
        "as_of": as_of,
        "periods": {row["period"]: row for row in _rows(connection, "periods", program_id)},
        "versions": versions,
    }


def _rows(connection: duckdb.DuckDBPyConnection, relation: str, program_id: str) -> list[dict[str, Any]]:
    """The rows of a relation of terms about a program, as dictionaries."""
    cursor = connection.execute(f"select * from terms.{relation} where program_id = ? order by all", [program_id])
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
