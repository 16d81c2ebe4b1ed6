"""The names of people who stand for a step: how they are written, and when two are one.

Does not belong here: who may take which step.
"""

from __future__ import annotations

import unicodedata

from orchestration.errors import SettingsError


def named(by: str) -> str:
    """A person's name as it is kept: one spelling of each letter, one blank between words."""
    name = " ".join(unicodedata.normalize("NFKC", by).split())
    if not name or not name.isprintable():
        raise SettingsError("somebody must stand for it: say --by NAME")
    return name


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person: capital letters tell nobody apart."""
    return one.casefold() == other.casefold()
