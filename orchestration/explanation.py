"""Why an award is what it is: its evidence in words, and the order lines whose sum is the figure.

Also for those who got nothing. Reads the warehouse as the last run left it. Does not belong here: any rule; the figures are those
that the award's SQL wrote as evidence, and the lines are re-read point in time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestration.awards import awards_day
from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.ledger import Ledger
from orchestration.progress import Progress
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, read_window

_CANDIDATES = """
    select candidates.program_id, periods.kind, programs.title, candidates.period, candidates.beneficiary_type,
        candidates.beneficiary_id, candidates.subject_id, candidates.component, candidates.instrument,
        candidates.amount_cents, candidates.stage, candidates.terms_version, candidates.reason, candidates.evidence
    from awards.award_candidates as candidates
    inner join terms.programs as programs on candidates.program_id = programs.program_id
    inner join terms.periods as periods
        on candidates.program_id = periods.program_id and candidates.period = periods.period
    where candidates.program_id = $program and candidates.beneficiary_id = $beneficiary
        and ($period is null or candidates.period = $period)
        and ($subject is null or candidates.subject_id = $subject)
    order by candidates.period, candidates.component, candidates.subject_id"""

# Lines of the subjects that the partner serves, each by the assignment known at the same cut-off as the line.
_PARTNER_LINES = """
    select lines.gmv_date, lines.order_id, lines.order_line_id, lines.seller_id, lines.gross_cents, lines.net_cents
    from movements.lines_as_known(cast($known_through as date)) as lines
    inner join movements.assignment_periods as assignments
        on assignments.subject_type = case when $service = 'CREATOR' then 'CREATOR' else 'SELLER' end
        and assignments.subject_id = case when $service = 'CREATOR' then lines.creator_id else lines.seller_id end
        and assignments.service = $service
        and assignments.partner_id = $partner
        and lines.gmv_date >= assignments.valid_from and lines.gmv_date < assignments.valid_to
        and assignments.known_from <= cast($known_through as date) and assignments.known_to > cast($known_through as date)
    where lines.gmv_date between cast($first_day as date) and cast($last_day as date)
    order by lines.gmv_date, lines.order_id, lines.order_line_id"""

_ORDER_LINES = """
    select lines.gmv_date, lines.order_id, lines.order_line_id, lines.seller_id, lines.gross_cents, lines.net_cents
    from movements.lines_as_known(cast($known_through as date)) as lines
    where lines.order_id = $order_id
    order by lines.order_line_id"""


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


def dollars(cents: int) -> str:
    """Cents as people read them."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def explain_award(
    settings: Settings, program: str, beneficiary: str, period: str | None, subject: str | None, lines: int
) -> RenderableType:
    """Every award, or missing one, of a beneficiary in a program; at most ``lines`` order lines each, 0 for all."""
    Progress.of_begun_home(settings)
    with open_warehouse(settings, read_only=True) as connection:
        as_of = awards_day(connection) or read_window(connection).as_of
        found = _candidates(connection, program, beneficiary, period, subject)
        if not found and _candidates(connection, program, beneficiary, None, None):
            return Text(
                f"{program} looked at {beneficiary}, but at no such period or subject; leave --period or --subject out."
            )
        if not found:
            return _nothing(connection, program, beneficiary, as_of.isoformat())
        parts: list[RenderableType] = []
        for candidate in found:
            parts += [*_told(candidate, as_of.isoformat()), *_lines(connection, candidate, lines), Text("")]
    return Group(*parts)


def explain_entry(settings: Settings, entry_no: int, lines: int) -> RenderableType:
    """What an entry moved, under which award key, and how that award stands now."""
    Progress.of_begun_home(settings)
    entry = next(iter(Ledger.open(settings.ledger_url).entries(entry_no=entry_no)), None)
    if entry is None:
        raise SettingsError(f"the ledger has no entry {entry_no}; look at finance.ledger_entries")
    told = Text(
        f"entry {entry.entry_no} of posting {entry.posting_no}: {entry.entry_type} {dollars(entry.amount_cents)} "
        f"{entry.instrument}, {entry.debit_account} -> {entry.credit_account}"
    )
    if entry.program_id is None:
        return told
    award = explain_award(settings, entry.program_id, entry.beneficiary_id, entry.period, entry.subject_id, lines)
    return Group(told, Text(f"the award {entry.program_id} {entry.period} {entry.component} as it stands now:"), award)


def owed(settings: Settings, top: int) -> RenderableType:
    """Who is owed what, by program: pending and approved as the ledger has them, largest first."""
    Progress.of_begun_home(settings)
    table = Table(title="Who is owed what")
    for column in ("program", "beneficiary", "instrument"):
        table.add_column(column, overflow="fold")
    for column in ("provisional", "approved"):
        table.add_column(column, justify="right", no_wrap=True)
    sums: dict[tuple[str, str, str], list[int]] = {}
    for position in Ledger.open(settings.ledger_url).positions():
        key = (
            position.key.program_id,
            f"{position.key.beneficiary_type} {position.key.beneficiary_id}",
            position.key.instrument,
        )
        total = sums.setdefault(key, [0, 0])
        total[0] += position.pending
        total[1] += position.approved
    for program in sorted({key[0] for key in sums}):
        mine = sorted(
            ((key, total) for key, total in sums.items() if key[0] == program and any(total)),
            key=lambda item: (-sum(item[1]), item[0]),
        )
        for (_, name, instrument), (pending, approved) in mine[:top]:
            table.add_row(program, name, instrument, dollars(pending), dollars(approved))
        if mine:
            pending, approved = sum(total[0] for _, total in mine), sum(total[1] for _, total in mine)
            table.add_row(f"{program}, all {len(mine)}", "", "", dollars(pending), dollars(approved), end_section=True)
    return table


def _candidates(
    connection: duckdb.DuckDBPyConnection, program: str, beneficiary: str, period: str | None, subject: str | None
) -> list[Candidate]:
    rows = connection.execute(
        _CANDIDATES, {"program": program, "beneficiary": beneficiary, "period": period, "subject": subject}
    ).fetchall()
    return [Candidate(*(*row[:-1], json.loads(row[-1]))) for row in rows]


def _nothing(connection: duckdb.DuckDBPyConnection, program: str, beneficiary: str, as_of: str) -> RenderableType:
    known = connection.execute("select has_begun from terms.periods where program_id = ?", [program]).fetchall()
    if not known:
        programs = [row[0] for row in connection.execute("select program_id from terms.programs order by 1").fetchall()]
        raise SettingsError(f"there is no program {program}; the programs are {', '.join(programs)}")
    if not any(begun for (begun,) in known):
        return Text(f"{program} has not begun as of {as_of}, so nobody has an award yet.")
    return Text(
        f"{program} did not look at {beneficiary} as of {as_of}: it is no such beneficiary as the program names "
        "(type of partner, sign-up in the window, a counted day), so there is no award."
    )


def _told(candidate: Candidate, as_of: str) -> list[RenderableType]:
    subject = f", subject {candidate.subject_id}" if candidate.subject_id else ""
    amount = (
        f"{dollars(candidate.amount_cents)} {candidate.instrument}, {candidate.stage}"
        if candidate.amount_cents
        else "nothing"
    )
    head = Text(
        f"{candidate.title} ({candidate.program_id}, {candidate.period}): {candidate.beneficiary_type} "
        f"{candidate.beneficiary_id}{subject} is owed {amount} as of {as_of}: {candidate.reason}."
    )
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, value in candidate.evidence.items():
        if value is not None:
            shown = dollars(value) if name.endswith("_cents") else str(value)
            table.add_row(name.removesuffix("_cents").replace("_", " "), shown)
    table.add_row("terms version", str(candidate.terms_version))
    gap = _gap(candidate)
    return [head, table, *([Text(gap)] if gap else [])]


def _gap(candidate: Candidate) -> str:
    """How far it is to the next tier, where there is one."""
    increment, following = candidate.evidence.get("increment_cents"), candidate.evidence.get("next_tier_cents")
    if increment is None or following is None:
        return ""
    return f"{dollars(following - increment)} a day below the next tier of {dollars(following)} a day."


def _lines(connection: duckdb.DuckDBPyConnection, candidate: Candidate, most: int) -> list[RenderableType]:
    if candidate.kind == "incremental_daily_gmv":
        return _daily_gmv_lines(connection, candidate, most)
    order_id = candidate.evidence.get("order_id")
    if order_id is None:
        return []
    parameters = {"known_through": candidate.evidence["known_through"], "order_id": order_id}
    rows = connection.execute(_ORDER_LINES, parameters).fetchall()
    return [_table(f"lines of the qualifying purchase {order_id}", rows, most)]


def _daily_gmv_lines(connection: duckdb.DuckDBPyConnection, candidate: Candidate, most: int) -> list[RenderableType]:
    evidence = candidate.evidence
    parts: list[RenderableType] = []
    for name, first, last, known in (
        ("counted", "counted_first_day", "counted_last_day", "known_through"),
        ("baseline", "baseline_first_day", "baseline_last_day", "baseline_known_through"),
    ):
        parameters = {
            "partner": candidate.beneficiary_id,
            "service": evidence["service"],
            "first_day": evidence[first],
            "last_day": evidence[last],
            "known_through": evidence[known],
        }
        rows = connection.execute(_PARTNER_LINES, parameters).fetchall()
        total = sum(row[4 if evidence["measure"] == "gross" else 5] for row in rows)
        if total != evidence[f"{name}_gmv_cents"]:
            raise RefusedError(
                f"the lines of the {name} days sum to {dollars(total)}, the award says "
                f"{dollars(evidence[f'{name}_gmv_cents'])}; run `incentives rebuild` and compare"
            )
        title = f"{name} days: {len(rows)} lines, {evidence['measure']} {dollars(total)} = the figure above"
        parts.append(_table(title, rows, most))
    return parts


def _table(title: str, rows: list[tuple[Any, ...]], most: int) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("paid on", no_wrap=True)
    for column in ("order", "line", "seller"):
        table.add_column(column, overflow="fold")
    for column in ("gross", "net"):
        table.add_column(column, justify="right", no_wrap=True)
    shown = rows if most == 0 else rows[:most]
    for row in shown:
        table.add_row(str(row[0]), *(str(value) for value in row[1:4]), dollars(row[4]), dollars(row[5]))
    if len(shown) < len(rows):
        rest = rows[len(shown) :]
        table.add_row(
            f"{len(rest)} more",
            "--lines 0 shows all",
            "",
            "",
            dollars(sum(row[4] for row in rest)),
            dollars(sum(row[5] for row in rest)),
        )
    return table
