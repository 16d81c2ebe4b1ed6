"""The terms versions that awards have used: kept with their hashes, and sealed by the postings (rulebook, section 2).

The terms hash of an AWARDS posting says all versions that had been used by its day, and the chain covers it: who edits them here
and in their files alike is found. Does not belong here: what terms say, and how they are hashed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import Connection, insert, select

from orchestration.errors import SettingsError
from orchestration.ledger.chain import Header, hash_of
from orchestration.ledger.entries import AWARDS
from orchestration.ledger.store import rows_of
from orchestration.ledger.tables import USED_TERMS

_SEAL: Final = "+"
"""What stands before the seal in a posting's terms hash; postings of earlier versions have neither."""


class UsedVersion(NamedTuple):
    """One terms version, its hash, and the first day (YYYY-MM-DD) as of which awards used it."""

    program_id: str
    version_no: int
    terms_hash: str
    first_as_of: str


def used_versions(connection: Connection) -> list[UsedVersion]:
    """Every version that was ever used, in the order of programs and numbers."""
    columns = [USED_TERMS.c[name] for name in UsedVersion._fields]
    return sorted(map(UsedVersion._make, rows_of(connection, select(*columns))))


def require_unedited(used: Iterable[UsedVersion], hashes: Mapping[tuple[str, int], str]) -> None:
    """SettingsError naming program and version where a version that was used has another hash now."""
    for program_id, version_no, terms_hash, _ in used:
        if hashes.get((program_id, version_no), terms_hash) != terms_hash:
            raise SettingsError(
                f"the terms of {program_id}, version {version_no}, were edited after awards had used them; "
                "put them back as they were and add a new version instead"
            )


def keep_used(
    connection: Connection, used: Sequence[UsedVersion], as_of: date, hashes: Mapping[tuple[str, int], str]
) -> list[UsedVersion]:
    """Keep the versions that were not used before; all that were used, these among them."""
    known = {version[:2] for version in used}
    new = [UsedVersion(*key, hashes[key], as_of.isoformat()) for key in sorted(hashes.keys() - known)]
    for version in new:
        connection.execute(insert(USED_TERMS).values(**version._asdict()))
    return sorted([*used, *new])


def sealed(terms_hash: str, used: Iterable[UsedVersion], as_of: str) -> str:
    """The terms hash of a posting as of a day, with the seal over what had been used by then."""
    # A day with nothing to post keeps its versions too, and a posting of an earlier day may follow. The first days are left
    # out: whether days with nothing to post were asked for changes no posting, but where a version was used on those alone.
    by_then = [version[:3] for version in used if version.first_as_of <= as_of]
    return f"{terms_hash}{_SEAL}{hash_of(by_then)}" if by_then else terms_hash


def seal_faults(headers: Iterable[Header], used: Sequence[UsedVersion]) -> Iterator[str]:
    """Which postings were sealed over other versions than stand there now, a sentence each."""
    for header in headers:
        terms_hash, seal, _ = header.terms_hash.rpartition(_SEAL)
        if header.kind == AWARDS and seal and header.terms_hash != sealed(terms_hash, used, header.as_of):
            yield (
                f"posting {header.posting_no} (AWARDS of {header.as_of}) rests on other terms versions than stand in "
                "used_terms now: a row was changed, added or taken"
            )
