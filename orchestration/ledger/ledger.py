"""The ledger itself: post what is owed, ask what stands, verify all of it (rulebook, section 3; PUBLIC.md).

Does not belong here: the rule (``posting``), the store's own words (``store``), what an audit checks (``audit``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, cast, func, literal, select, union_all

from orchestration.errors import RefusedError
from orchestration.ledger import posting
from orchestration.ledger.append import append
from orchestration.ledger.audit import audit
from orchestration.ledger.chain import EMPTY, Head
from orchestration.ledger.cycle_search import no_cycle_search
from orchestration.ledger.entries import AWARDS, Award, Entry
from orchestration.ledger.positions import keep_checkpoint, positions
from orchestration.ledger.postings import Posting, day_of, postings
from orchestration.ledger.store import open_engine, reading, rows_of, writing
from orchestration.ledger.tables import ENTRIES, POSTINGS, WHOLE
from orchestration.ledger.used_terms import keep_used, require_unedited, sealed, used_versions

SHOWN: Final = 100
"""How many differences are spelled out before the rest is only counted."""

ENTRY_COLUMNS: Final = (
    "entry_no",
    "posting_no",
    "as_of",
    "entry_type",
    "program_id",
    "period",
    "beneficiary_type",
    "beneficiary_id",
    "subject_id",
    "component",
    "instrument",
    "payout_id",
    "debit_account",
    "credit_account",
    "amount_cents",
)
BALANCE_COLUMNS: Final = ("account", "instrument", "balance_cents")
PUBLISHED: Final = {"ledger_entries": ENTRY_COLUMNS, "ledger_balances": BALANCE_COLUMNS}
"""Published table → its columns, as ``Ledger.rows`` gives them."""


@dataclass(frozen=True)
class PostingResult:
    """What came of asking for a posting: its number and count of entries, or why there is none, and the head after it.

    ``deferred`` counts the entries that an already posted day keeps for the next one.
    """

    as_of: date
    posting_no: int | None
    entry_count: int
    deferred: int
    head: Head
    message: str

    @property
    def posted(self) -> bool:
        """Whether a posting was written."""
        return self.posting_no is not None


class Ledger:
    """One ledger, open for posting and reading; it holds no connection between calls, so it may be kept and shared."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Ledger:
        """The ledger at a SQLAlchemy URL, made where it is missing; SettingsError where that cannot be."""
        return cls(open_engine(url))

    @no_cycle_search()
    def post_awards(
        self,
        as_of: date,
        awards: Iterable[Award],
        inputs_hash: str,
        terms_hash: str,
        used_terms: Mapping[tuple[str, int], str],
    ) -> PostingResult:
        """Post what makes pending and approved of every key equal to the awards as of a day: all of it or nothing.

        Awards come in any order (sorted by key is fastest) and are held in memory, about half a KB each. ``used_terms`` are
        the hashes of the terms versions that the awards used, by program and version number; new ones are kept, and the posting
        seals all that were ever used.
        A day before the last posted one, or that day again with other awards, posts nothing and says so.
        Raises RefusedError where two awards have one key or one cannot be posted, SettingsError where used terms were
        edited, BusyError where another process does not end its posting.
        """
        ordered = posting.in_key_order(awards)
        with writing(self._engine) as connection:
            used = used_versions(connection)
            require_unedited(used, used_terms)
            head, last = head_of(connection), _last_awards_day(connection)
            if last is not None and as_of < last:
                message = f"{as_of} lies before {last}, the last posted day: nothing was posted"
                return PostingResult(as_of, None, 0, 0, head, message)
            movements = posting.movements(posting.paired(ordered, positions(connection, head)))
            if as_of == last:
                return _already_posted(as_of, head, sum(1 for _ in movements))
            used = keep_used(connection, used, as_of, used_terms)
            new = append(
                connection,
                head,
                kind=AWARDS,
                as_of=as_of,
                inputs_hash=inputs_hash,
                terms_hash=sealed(terms_hash, used, as_of.isoformat()),
                movements=movements,
            )
            if new != head:
                keep_checkpoint(connection, new, map(posting.position_of, ordered))
        if new == head:
            return PostingResult(
                as_of, None, 0, 0, head, f"{as_of}: the ledger agrees with the awards; nothing to post"
            )
        count = new.entry_no - head.entry_no
        return PostingResult(
            as_of, new.posting_no, count, 0, new, f"{as_of}: posting {new.posting_no}, {count} entries"
        )

    def used_terms(self) -> dict[tuple[str, int], str]:
        """The hash of every terms version that was ever used, by program and version number."""
        with reading(self._engine) as connection:
            return {version[:2]: version.terms_hash for version in used_versions(connection)}

    def check_used_terms(self, hashes: Mapping[tuple[str, int], str]) -> None:
        """SettingsError naming program and version where a version that was used has another hash now."""
        with reading(self._engine) as connection:
            require_unedited(used_versions(connection), hashes)

    def head(self) -> Head:
        """How far the ledger goes, and its hash; record it elsewhere as an anchor."""
        with reading(self._engine) as connection:
            return head_of(connection)

    def holds(self, head: Head) -> bool:
        """Whether the ledger goes on from a head that was recorded, at any time; every one does from that of no posting."""
        return head.posting_no == 0 or [posting.hash for posting in self.postings(head.posting_no)] == [head.hash]

    def last_awards_day(self) -> date | None:
        """The day of the last AWARDS posting."""
        with reading(self._engine) as connection:
            return _last_awards_day(connection)

    def entries(
        self,
        *,
        entry_no: int | None = None,
        posting_no: int | None = None,
        payout_id: str | None = None,
        **key: str,
    ) -> Iterator[Entry]:
        """Entries by number, narrowed by the keywords; those of ``key`` are parts of an award key (``AwardKey``)."""
        wanted = {"entry_no": entry_no, "posting_no": posting_no, "payout_id": payout_id, **key}
        conditions = [ENTRIES.c[name] == value for name, value in wanted.items() if value is not None]
        with reading(self._engine) as connection:
            statement = select(ENTRIES).where(*conditions).order_by(ENTRIES.c.entry_no)
            yield from map(Entry._make, rows_of(connection, statement))

    def postings(self, posting_no: int | None = None) -> list[Posting]:
        """The postings in their order, or the one of that number, if there is one."""
        with reading(self._engine) as connection:
            return list(postings(connection, posting_no))

    def balances(self) -> list[tuple[str, str, int]]:
        """Account, instrument and balance (credits less debits, in cents) of every account that is not at 0.

        An account that came back to 0 is none of them, so that days posted singly or at once leave the same balances.
        """
        with reading(self._engine) as connection:
            return [(name, instrument, cents) for name, instrument, cents in rows_of(connection, _balances())]

    def positions(self) -> Iterator[posting.Position]:
        """Every award key with something pending or approved, in the order of keys."""
        with reading(self._engine) as connection:
            yield from positions(connection, head_of(connection))

    def rows(self, table: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a published table, plain tuples in the order of ``PUBLISHED[table]``; as_of is a date."""
        if table == "ledger_balances":
            yield from self.balances()
            return
        days: dict[int, date] = {}
        with reading(self._engine) as connection:
            for posting_no, day in rows_of(connection, select(POSTINGS.c.posting_no, POSTINGS.c.as_of)):
                days[posting_no] = day_of(day)
            for row in rows_of(connection, select(ENTRIES).order_by(ENTRIES.c.entry_no)):
                if row[1] not in days:
                    raise RefusedError(
                        f"entry {row[0]} is of posting {row[1]}, which is missing: `incentives verify` tells more"
                    )
                yield row[0], row[1], days[row[1]], *row[2:]

    @no_cycle_search()
    def verify(self, anchors: Iterable[Head] = ()) -> list[str]:
        """What is wrong with the ledger, a sentence each; empty where chain, entries and balances are sound.

        ``anchors`` are heads recorded elsewhere, of which the ledger must still hold every one.
        """
        with reading(self._engine) as connection:
            return _shortened(audit(connection, anchors))

    @no_cycle_search()
    def check_against(self, awards: Iterable[Award]) -> list[str]:
        """Where pending or approved of a key differ from the awards at their stage, a sentence a key."""
        ordered = posting.in_key_order(awards)
        with reading(self._engine) as connection:
            standing = positions(connection, head_of(connection))
            return _shortened(posting.differences(posting.paired(ordered, standing)))


def _already_posted(as_of: date, head: Head, deferred: int) -> PostingResult:
    message = f"{as_of} is posted already"
    if deferred:
        message += f" and the awards differ now: {deferred} entries will be posted with the next day"
    return PostingResult(as_of, None, 0, deferred, head, message)


def _shortened(sentences: Iterator[str]) -> list[str]:
    shown = list(islice(sentences, SHOWN))
    if more := sum(1 for _ in sentences):
        shown.append(f"and {more} more")
    return shown


def head_of(connection: Connection) -> Head:
    """How far the ledger goes, as a transaction sees it."""
    statement = select(POSTINGS.c.posting_no, POSTINGS.c.last_entry_no, POSTINGS.c.hash)
    rows = rows_of(connection, statement.order_by(POSTINGS.c.posting_no.desc()).limit(1))
    return next(map(Head._make, rows), EMPTY)


def last_day(connection: Connection, day: date) -> date:
    """The day of a posting that is made on a day: that day, or the last posting's where it is later, so that days never fall."""
    last = connection.scalar(select(func.max(POSTINGS.c.as_of)))
    return max(day, day_of(last)) if last else day


def _last_awards_day(connection: Connection) -> date | None:
    day = connection.scalar(select(func.max(POSTINGS.c.as_of)).where(POSTINGS.c.kind == AWARDS))
    return day_of(day) if day else None


def _balances() -> Select[Any]:
    credits_ = select(ENTRIES.c.credit_account.label("account"), ENTRIES.c.instrument, ENTRIES.c.amount_cents)
    debits = select(ENTRIES.c.debit_account, ENTRIES.c.instrument, literal(0) - ENTRIES.c.amount_cents)
    sides = union_all(credits_, debits).subquery()
    columns = sides.c.account, sides.c.instrument
    total = func.sum(sides.c.amount_cents)
    return select(*columns, cast(total, WHOLE)).group_by(*columns).having(total != 0).order_by(*columns)
