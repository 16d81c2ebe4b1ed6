"""Candidates for awards as the last run left them in the warehouse: whom a program looked at, also those that get nothing.

Does not belong here: why they get what (``explanation``), or the lines behind it (``source_lines``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb

_CANDIDATES = """
    select candidates.program_id, programs.kind, programs.title, candidates.period, candidates.beneficiary_type,
        candidates.beneficiary_id, candidates.subject_id, candidates.component, candidates.instrument,
        candidates.amount_cents, candidates.stage, candidates.terms_version, candidates.reason, candidates.evidence
    from awards.award_candidates as candidates
    inner join terms.programs as programs on candidates.program_id = programs.program_id
    where candidates.program_id = $program and candidates.beneficiary_id = $beneficiary
        and ($period is null or candidates.period = $period)
        and ($subject is null or candidates.subject_id = $subject)
    order by candidates.period, candidates.component, candidates.subject_id"""


@dataclass(frozen=True)
class Candidate:
    """One candidate for an award, as the award's SQL left it."""

    program_id: str
    kind: str
    title: str
    period: str
    beneficiary_type: str
    beneficiary_id: str
    subject_id: str
    component: str
    instrument: str
    amount_cents: int
    stage: str
    terms_version: int
    reason: str
    evidence: dict[str, Any]

    @property
    def name(self) -> str:
        """The award key in words."""
        key = (self.program_id, self.period, self.beneficiary_id, self.subject_id, self.component)
        return " ".join(part for part in key if part)


def candidates_of(
    connection: duckdb.DuckDBPyConnection, program: str, beneficiary: str, period: str | None, subject: str | None
) -> list[Candidate]:
    """What a program says of a beneficiary: of one period or subject, or of all where none is named."""
    rows = connection.execute(
        _CANDIDATES, {"program": program, "beneficiary": beneficiary, "period": period, "subject": subject}
    ).fetchall()
    return [Candidate(*(*row[:-1], json.loads(row[-1]))) for row in rows]
