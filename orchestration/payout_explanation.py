"""Why a payout is what it is: who took which step, and the awards and adjustments behind each of its lines.

Reads only. Does not belong here: why an award is what it is (``explanation``).
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestration.explanation import dollars, explain_adjustment, explain_award, plain
from orchestration.ledger.accounts import MANUAL_PREFIX
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Line
from orchestration.payouts.records import Payout
from orchestration.progress import Progress
from orchestration.settings import Settings


def explain_payout(settings: Settings, payout_id: str, lines: int) -> RenderableType:
    """A payout's steps and lines, and each line's award as it stands now, with at most ``lines`` order lines, 0 for all."""
    Progress.of_begun_home(settings)
    (payout,) = Payouts.open(settings.ledger_url).payouts([payout_id])
    kind, beneficiary, instrument = payout.owner
    head = plain(
        f"{payout.payout_id}: {dollars(payout.amount_cents)} {instrument} to {payout.payee_id} for {kind}:{beneficiary}, "
        f"what was payable after posting {payout.head_posting_no} and in no other payout"
    )
    parts: list[RenderableType] = [head, _steps(payout), _lines(payout)]
    for line in payout.lines:
        parts += [Text(""), _line(settings, payout, line, lines)]
    return Group(*parts)


def _steps(payout: Payout) -> Table:
    table = Table(title="steps")
    for name in ("state", "by", "at (UTC)", "posting", "why"):
        table.add_column(name, overflow="fold")
    for step in payout.steps:
        row = (step.state, step.by_name, step.recorded_at, str(step.posting_no or ""), step.reason)
        table.add_row(*(plain(cell) for cell in row))
    return table


def _lines(payout: Payout) -> Table:
    table = Table(title="lines, whose sum is the payout")
    for name in ("program", "period", "subject", "component", "amount"):
        table.add_column(name, justify="right" if name == "amount" else "left", overflow="fold")
    for line in payout.lines:
        cells = (line.program_id, line.period, line.subject_id, line.component, dollars(line.amount_cents))
        table.add_row(*(plain(cell) for cell in cells))
    return table


def _line(settings: Settings, payout: Payout, line: Line, lines: int) -> RenderableType:
    if line.program_id.startswith(MANUAL_PREFIX):
        return explain_adjustment(settings, line.subject_id)
    award = explain_award(
        settings, line.program_id, payout.owner.beneficiary_id, line.period, line.subject_id or None, lines
    )
    return Group(Text(f"the award {line.program_id} {line.period} {line.component} as it stands now:"), award)
