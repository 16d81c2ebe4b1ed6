"""The deployment's programs: their terms as loaded, as held against those that awards have used, and as hashed into a posting.

Does not belong here: what terms may say (``data_contracts.terms``) or what is owed under them (dbt).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from data_contracts.terms import Program, TermsError, load_programs, version_hash
from orchestration.errors import SettingsError
from orchestration.ledger.ledger import Ledger
from orchestration.settings import Settings


def deployed_programs(settings: Settings) -> tuple[Program, ...]:
    """Every program of the terms folder; SettingsError naming file, place and cure where one is refused."""
    if not settings.programs.is_dir():
        raise SettingsError(
            f"the terms folder {settings.programs} does not exist; create it or set INCENTIVES_PROGRAMS"
        )
    try:
        return load_programs(settings.programs)
    except TermsError as error:
        raise SettingsError(str(error)) from error


def all_versions(programs: Sequence[Program]) -> dict[tuple[str, int], str]:
    """The hash of every version of every program, by program and version number (from 1)."""
    return {
        (program.program_id, number): version_hash(program, number)
        for program in programs
        for number in range(1, len(program.versions) + 1)
    }


def checked_programs(settings: Settings) -> tuple[Program, ...]:
    """The deployed programs; SettingsError where a version that awards have used was edited or is gone."""
    programs = deployed_programs(settings)
    ledger = Ledger.open(settings.ledger_url)
    ledger.check_used_terms(all_versions(programs))
    check_none_is_gone(settings, programs, ledger.used_terms())
    return programs


def check_none_is_gone(settings: Settings, programs: Sequence[Program], used: Iterable[tuple[str, int]]) -> None:
    """SettingsError naming a terms version that awards have used and that stands in no file any more.

    Without its terms a program would owe nothing, and the next posting would take back all that it ever owed.
    """
    gone = sorted(set(used) - all_versions(programs).keys())
    if gone:
        program_id, number = gone[0]
        raise SettingsError(
            f"the terms of {program_id}, version {number}, were used by awards and are gone from {settings.programs}; "
            "put them back as they were: a program ends with its window, not with its file"
        )


def terms_hash(used: dict[tuple[str, int], str]) -> str:
    """One hash over the versions used, in the order of their names."""
    lines = [f"{program_id}\x1f{number}\x1f{digest}\n" for (program_id, number), digest in sorted(used.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
