"""Why an award is what it is: its evidence in words, and the order lines whose sum is the figure.

Also for those who got nothing. Reads the warehouse as the last run left it. Does not belong here: any rule; the figures are those
that the award's SQL wrote as evidence, and the lines are re-read point in time.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import duckdb
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestration.awards import awards_day
from orchestration.candidates import Candidate, candidates_of
from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.accounts import MANUAL_PREFIX
from orchestration.ledger.adjustments import Adjustments
from orchestration.ledger.entries import CHARGE
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.payout_states import EXPORTED, SETTLED
from orchestration.payouts.payouts import Payouts
from orchestration.progress import Progress
from orchestration.redemptions import redemptions_of
from orchestration.settings import Settings
from orchestration.source_lines import figures_of, gather, lines_of, taken_from, total_of
from orchestration.warehouse import open_warehouse, read_window


def dollars(cents: int) -> str:
    """Cents as people read them."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def plain(text: str, style: str = "") -> Text:
    """Text of others for the terminal: no markup, and nothing that moves the cursor or turns the writing round."""
    return Text("".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text), style=style)


def explain_award(
    settings: Settings, program: str, beneficiary: str, period: str | None, subject: str | None, lines: int
) -> RenderableType:
    """Every award, or missing one, of a beneficiary in a program; at most ``lines`` order lines each, 0 for all."""
    Progress.of_begun_home(settings)
    with open_warehouse(settings, read_only=True) as connection:
        as_of = awards_day(connection) or read_window(connection).as_of
        found = candidates_of(connection, program, beneficiary, period, subject)
        if not found and candidates_of(connection, program, beneficiary, None, None):
            return plain(
                f"{program} looked at {beneficiary}, but at no such period or subject; leave --period or --subject out."
            )
        if not found:
            return _nothing(connection, program, beneficiary, as_of.isoformat())
        parts: list[RenderableType] = []
        for candidate in found:
            parts += [*_told(candidate, as_of.isoformat()), *_lines(connection, candidate, lines)]
            parts += [*_redemptions(connection, candidate, lines), Text("")]
    return Group(*parts)


def explain_entry(settings: Settings, entry_no: int, lines: int) -> RenderableType:
    """What an entry moved, under which award key, and how that award stands now."""
    Progress.of_begun_home(settings)
    entry = next(iter(Ledger.open(settings.ledger_url).entries(entry_no=entry_no)), None)
    if entry is None:
        raise SettingsError(f"the ledger has no entry {entry_no}; look at finance.ledger_entries")
    told = plain(
        f"entry {entry.entry_no} of posting {entry.posting_no}: {entry.entry_type} {dollars(entry.amount_cents)} "
        f"{entry.instrument}, {entry.debit_account} -> {entry.credit_account}"
    )
    if entry.program_id is None:
        return Group(told, plain(f"`incentives explain payout '{entry.payout_id}'` says why"))
    if entry.program_id.startswith(MANUAL_PREFIX):
        return Group(told, explain_adjustment(settings, entry.subject_id))
    award = explain_award(settings, entry.program_id, entry.beneficiary_id, entry.period, entry.subject_id, lines)
    return Group(told, Text(f"the award {entry.program_id} {entry.period} {entry.component} as it stands now:"), award)


def explain_adjustment(settings: Settings, adjustment_id: str) -> RenderableType:
    """What an adjustment was for, by which evidence, and who stood for it."""
    found = Adjustments.open(settings.ledger_url).one(adjustment_id)
    return plain(
        f"{found.adjustment_id}: {found.request.note}; evidence {found.request.evidence_name} "
        f"({found.request.evidence_sha256}), asked for by {found.requested_by}, approved by {found.decided_by}"
    )


def owed(settings: Settings, top: int) -> RenderableType:
    """Who is owed what, by program or reason of an adjustment, most first: provisional and payable.

    Payable is what was approved less what was paid and did not come back. Instruments are never added together.
    """
    Progress.of_begun_home(settings)
    table = Table(title="Who is owed what")
    for column in ("program", "beneficiary", "instrument"):
        table.add_column(column, overflow="fold")
    for column in ("provisional", "approved", "paid", "payable"):
        table.add_column(column, justify="right", no_wrap=True)
    groups: defaultdict[tuple[str, str], list[tuple[str, list[int]]]] = defaultdict(list)
    for (program, instrument, name), (pending, approved, paid) in _owed_sums(settings).items():
        groups[program, instrument].append((name, [pending, approved, paid, approved - paid]))
    for (program, instrument), mine in sorted(groups.items()):
        mine.sort(key=lambda one: (-one[1][0] - one[1][3], one[0]))
        for name, cents in mine[:top]:
            table.add_row(program, plain(name), instrument, *map(dollars, cents))
        totals = [dollars(sum(column)) for column in zip(*(cents for _, cents in mine), strict=True)]
        table.add_row(f"{program}, all {len(mine)}", "", instrument, *totals, end_section=True)
    return table


def _owed_sums(settings: Settings) -> dict[tuple[str, str, str], list[int]]:
    """Provisional, approved and paid cents by program, instrument and beneficiary, where any is not 0."""
    sums: defaultdict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for key, pending, approved in Ledger.open(settings.ledger_url).positions():
        total = sums[key.program_id, key.instrument, f"{key.beneficiary_type} {key.beneficiary_id}"]
        total[0] += pending
        total[1] += approved
    for adjustment in Adjustments.open(settings.ledger_url).all():
        if adjustment.posting_no is not None:
            asked = adjustment.request
            name = f"{asked.beneficiary_type} {asked.beneficiary_id}"
            sign = -1 if asked.entry_type == CHARGE else 1
            sums[f"{MANUAL_PREFIX}{asked.reason}", asked.instrument, name][1] += sign * asked.amount_cents
    for payout in Payouts.open(settings.ledger_url).payouts():
        if payout.state in (EXPORTED, SETTLED):
            for line in payout.lines:
                name = f"{payout.owner.beneficiary_type} {payout.owner.beneficiary_id}"
                sums[line.program_id, payout.owner.instrument, name][2] += line.amount_cents
    return {key: total for key, total in sums.items() if any(total)}


def _nothing(connection: duckdb.DuckDBPyConnection, program: str, beneficiary: str, as_of: str) -> RenderableType:
    known = connection.execute("select has_begun from terms.periods where program_id = ?", [program]).fetchall()
    if not known:
        programs = [row[0] for row in connection.execute("select program_id from terms.programs order by 1").fetchall()]
        raise SettingsError(f"there is no program {program}; the programs are {', '.join(programs)}")
    if not any(begun for (begun,) in known):
        return Text(f"{program} has not begun as of {as_of}, so nobody has an award yet.")
    return plain(
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
    head = plain(
        f"{candidate.title} ({candidate.program_id}, {candidate.period}): {candidate.beneficiary_type} "
        f"{candidate.beneficiary_id}{subject} is owed {amount} as of {as_of}: {candidate.reason}."
    )
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, value in candidate.evidence.items():
        if value is not None:
            shown = dollars(value) if name.endswith("_cents") else str(value)
            table.add_row(name.removesuffix("_cents").replace("_", " "), plain(shown))
    table.add_row("terms version", str(candidate.terms_version))
    gap = _gap(candidate)
    return [head, table, *([Text(gap)] if gap else [])]


# By component: the figure, what it did not reach, and how both are called.
_GAPS = {
    "daily_gmv": ("increment_cents", "next_tier_cents", "a day below the next tier of {} a day"),
    "matching": ("matched_gmv_cents", "next_tier_cents", "below the next tier of {}"),
    "incubation": ("gmv_cents", "next_tier_cents", "below the next tier of {}"),
    "monthly_rank": ("growth_cents", "min_growth_cents", "below the least growth of {}"),
    "seller_service": ("gmv_cents", "min_gmv_cents", "below the least GMV of {}"),
    "leaderboard": ("drawn_score_cents", "min_score_cents", "below the least score of {}"),
    "attendance": ("score_cents", "min_score_cents", "below the least score of {}"),
    "deal_cost": ("drawn_cents", "requested_cents", "of the {} asked for found no budget"),
}


def _gap(candidate: Candidate) -> str:
    """How far it is to what was not reached, where there is such a thing."""
    figure, threshold, words = _GAPS.get(candidate.component, ("", "", ""))
    reached, wanted = candidate.evidence.get(figure), candidate.evidence.get(threshold)
    if reached is None or wanted is None or reached >= wanted:
        return ""
    return f"{dollars(wanted - reached)} {words.format(dollars(wanted))}."


def _lines(connection: duckdb.DuckDBPyConnection, candidate: Candidate, most: int) -> list[RenderableType]:
    """The lines of each figure that is a sum of lines; RefusedError where they sum to something else."""
    figures = figures_of(connection, candidate)
    gather(connection, figures)
    parts: list[RenderableType] = []
    for figure in figures:
        lines = lines_of(connection, figure)
        total = total_of(figure, lines)
        if figure.said is None:
            parts.append(_table(f"lines of {figure.title}", lines, most))
        elif total == figure.said:
            title = f"{figure.title}: {len(lines)} lines, {figure.measure} {dollars(total)} = the figure above"
            parts += [_table(title, lines, most), *_taken(taken_from(connection, figure))]
        else:
            raise RefusedError(
                f"the lines of {figure.title} sum to {dollars(total)}, the award says {dollars(figure.said)}; "
                "run `incentives rebuild` and compare"
            )
    return parts


def _redemptions(connection: duckdb.DuckDBPyConnection, candidate: Candidate, most: int) -> list[RenderableType]:
    """The redemptions behind a deal's cost; RefusedError where they cost something else."""
    if candidate.kind != "funded_deals":
        return []
    redemptions = redemptions_of(connection, candidate)
    total = sum(redemption.cost_cents for redemption in redemptions)
    if total != candidate.evidence["requested_cents"]:
        raise RefusedError(
            f"the redemptions cost {dollars(total)}, the award says {dollars(candidate.evidence['requested_cents'])}; "
            "run `incentives rebuild` and compare"
        )
    table = Table(title=f"{len(redemptions)} redemptions cost {dollars(total)} = requested above", title_justify="left")
    for column in ("redeemed at", "redemption", "line"):
        table.add_column(column, overflow="fold")
    for column in ("discount", "share", "net of gross", "cost"):
        table.add_column(column, justify="right", no_wrap=True)
    for redemption in redemptions if most == 0 else redemptions[:most]:
        part = (
            ""
            if redemption.net_cents is None
            else f"{dollars(redemption.net_cents)} of {dollars(redemption.gross_cents or 0)}"
        )
        table.add_row(
            f"{redemption.redeemed_at:%Y-%m-%d %H:%M:%S}",
            plain(redemption.redemption_id),
            plain(redemption.order_line_id),
            dollars(redemption.discount_cents),
            f"{redemption.platform_share_bps} bps",
            part,
            redemption.refusal or dollars(redemption.cost_cents),
        )
    if most and len(redemptions) > most:
        table.add_row(f"{len(redemptions) - most} more", "--lines 0 shows all")
    return [table]


def _taken(taken: list[tuple[str, int, int]]) -> list[RenderableType]:
    """What refunds and cancellations took from lines, the greatest first."""
    if not taken:
        return []
    told = [f"{count} {'line' if count == 1 else 'lines'} {why} ({dollars(cents)})" for why, count, cents in taken[:5]]
    more = f" and {len(taken) - 5} more days" if len(taken) > 5 else ""
    return [Text(f"reversed {dollars(sum(cents for *_, cents in taken))} of their gross: {', '.join(told)}{more}")]


def _table(title: str, rows: list[tuple[Any, ...]], most: int) -> Table:
    table = Table(title=plain(title), title_justify="left")
    table.add_column("paid on", no_wrap=True)
    for column in ("order", "line", "seller"):
        table.add_column(column, overflow="fold")
    for column in ("gross", "net"):
        table.add_column(column, justify="right", no_wrap=True)
    shown = rows if most == 0 else rows[:most]
    for row in shown:
        table.add_row(str(row[0]), *(plain(str(value)) for value in row[1:4]), dollars(row[4]), dollars(row[5]))
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
