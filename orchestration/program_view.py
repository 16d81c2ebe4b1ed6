"""Programs as people read them in a terminal: how each stands, and what a terms file says once it is sound.

Does not belong here: what terms may say (``data_contracts.terms``), or why somebody is owed what (``explanation``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from data_contracts.terms import PeriodTerms, Program, TermsError, load_program, period_terms
from data_contracts.terms.figures import Step
from orchestration.errors import SettingsError
from orchestration.explanation import dollars
from orchestration.ledger.ledger import Ledger
from orchestration.programs import deployed_programs
from orchestration.progress import Progress
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, read_window


@dataclass
class Standing:
    """The money of one program as the ledger has it, in cents, in all and by beneficiary."""

    provisional: int = 0
    approved: int = 0
    by_beneficiary: dict[str, int] = field(default_factory=dict)

    @property
    def leader(self) -> str:
        """Who is owed most, and how much; nobody where nothing is owed."""
        owed = {who: cents for who, cents in self.by_beneficiary.items() if cents > 0}
        if not owed:
            return "nobody"
        who = min(owed, key=lambda name: (-owed[name], name))
        return f"{who} {dollars(owed[who])}"


def all_programs(settings: Settings) -> RenderableType:
    """Every deployed program: its window, how far it is, what it owes so far and who leads."""
    programs = deployed_programs(settings)
    as_of, first_delivery = _known(settings)
    standings = _standings(settings) if as_of else {}
    table = Table("program", "window", "stage", "instrument")
    for column in ("provisional", "approved"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("leads", overflow="fold")
    for program in programs:
        standing = standings.get(program.program_id, Standing())
        table.add_row(
            Text(f"{program.program_id}\n{program.title}"),
            f"{program.window.first_day}\n{program.window.last_day}",
            "nothing was processed yet" if as_of is None else stage(program, as_of, first_delivery),
            program.instrument,
            dollars(standing.provisional),
            dollars(standing.approved),
            standing.leader,
        )
    told = f"as of {as_of}; " if as_of else ""
    return Group(table, Text(f"{told}incentives programs check FILE says what a terms file means"))


def stage(program: Program, as_of: date, first_delivery: date | None) -> str:
    """How far the periods of a program are as of a day, in words."""
    rows = period_terms(program, as_of, first_delivery)
    if not any(row.has_begun for row in rows):
        return f"begins {program.window.first_day}"
    if program.close_on is not None:
        return f"closed {program.close_on}" if as_of >= program.close_on else f"case by case until {program.close_on}"
    if len(rows) == 1:
        return _stage(rows[0], as_of)
    return "\n".join(f"{row.period} {_stage(row, as_of)}" for row in rows)


def checked(file: Path, as_of: date) -> RenderableType:
    """What the terms of a file mean, period by period; SettingsError with line, reason and cure where they are refused."""
    try:
        program = load_program(file)
    except TermsError as error:
        raise SettingsError(str(error)) from error
    table = Table("period", "first day", "last day", "settles on", "frozen on", "terms version today")
    for row in period_terms(program, as_of, None):
        settles, freezes = row.settle_on or "case by case", row.freeze_on or row.close_on
        shown = (row.period, row.first_day, row.last_day, settles, freezes, row.version_no or "none yet")
        table.add_row(*(str(value) for value in shown))
    told = f"{file} is sound: {program.program_id}, {program.kind}, {program.title}, paid in {program.instrument}"
    return Group(Text(told), table, *_versions(program))


def _versions(program: Program) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for number, version in enumerate(program.versions, start=1):
        table = Table(show_header=False, box=None, padding=(0, 2))
        for ladder, steps in version.tiers_by_class().items():
            for step in steps:
                table.add_row(f"{ladder} from {_reached(step)}".strip(), dollars(step.amount_cents))
        for place in version.places():
            places = f"place {place.first_rank}"
            if place.last_rank > place.first_rank:
                places = f"places {place.first_rank} to {place.last_rank}"
            table.add_row(places, dollars(place.amount_cents))
        parts += [Text(f"version {number}, from {version.effective_from}:"), table]
    return parts


def _reached(step: Step) -> str:
    """What a step asks for, as people write it."""
    threshold = getattr(step, step.threshold_key)
    if step.threshold_key.endswith("_cents"):
        return dollars(threshold)
    return f"{threshold} {step.threshold_key}" if isinstance(threshold, int) else str(threshold)


def _stage(row: PeriodTerms, as_of: date) -> str:
    if not row.has_begun:
        return f"begins {row.first_day}"
    if row.freeze_on is not None and as_of >= row.freeze_on:
        return f"FINAL, frozen since {row.freeze_on}"
    return (
        f"PROVISIONAL until {row.settle_on}" if row.stage == "PROVISIONAL" else f"FINAL, learns until {row.freeze_on}"
    )


def _known(settings: Settings) -> tuple[date | None, date | None]:
    """The day that was processed last, and the first delivery day of orders; nothing in a home that has not begun."""
    if not settings.state.exists():
        return None, None
    through = Progress.load(settings).processed_through
    if through is None:
        return None, None
    with open_warehouse(settings, read_only=True) as connection:
        return through, read_window(connection).first_delivery


def _standings(settings: Settings) -> dict[str, Standing]:
    standings: dict[str, Standing] = {}
    for position in Ledger.open(settings.ledger_url).positions():
        standing = standings.setdefault(position.key.program_id, Standing())
        standing.provisional += position.pending
        standing.approved += position.approved
        owed = standing.by_beneficiary
        who = position.key.beneficiary_id
        owed[who] = owed.get(who, 0) + position.pending + position.approved
    return standings
