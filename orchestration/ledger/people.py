"""The names of people who stand for a step: how they are written, and when two are one.

Does not belong here: who may take which step.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from orchestration.errors import SettingsError

PROPOSER: Final = "daily_incentives"
"""Who proposes in a run: the job, so that any person may approve; no person goes by it."""

_UNSEEN: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Letters and marks that take part in words and show nothing; control and format characters are not printable anyhow."""

_ALIKE: Final = frozenset({"LATIN", "GREEK", "CYRILLIC"})
"""Scripts that share the shapes of letters, in the words in which Unicode names them."""


def named(by: str) -> str:
    """A name as it is kept: one spelling of each letter, one blank between words.

    SettingsError where there is none, or where it could pass for another one to the eye.
    """
    name = " ".join(unicodedata.normalize("NFKC", by).split())
    if not name or not name.isprintable():
        raise SettingsError("somebody must stand for it: say --by NAME")
    if _UNSEEN.search(name) or any(len(_scripts(word)) > 1 for word in name.split()):
        raise SettingsError(f"the name {ascii(name)} has letters that nobody sees, or of two scripts in one word")
    return name


def person(by: str) -> str:
    """The name of a person, who is not the job that proposes; SettingsError as ``named``."""
    name = named(by)
    if same_person(name, PROPOSER):
        raise SettingsError(f"{PROPOSER} is the daily run and no person: say --by with your own name")
    return name


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person: capital letters tell nobody apart."""
    return one.casefold() == other.casefold()


def _scripts(word: str) -> set[str]:
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in word} & _ALIKE
