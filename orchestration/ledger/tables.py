"""The ledger's tables, with the checks that the database itself makes on every row.

Does not belong here: what refuses changes (``refusals``), connections and transactions (``store``).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from orchestration.ledger.accounts import MANUAL_PREFIX, account_sql
from orchestration.ledger.entries import AWARDS, BENEFICIARY_TYPES, INSTRUMENTS, KINDS, MAX_CENTS, PAY, RETURN, SIDES
from orchestration.ledger.payout_states import NEXT_STATES, POSTED_BY, PROPOSED

WHOLE = BigInteger().with_variant(Integer(), "sqlite")
# Ids order byte by byte: SQLite's own order, and PostgreSQL's under the collation "C".
WORD = Text().with_variant(Text(collation="C"), "postgresql")


def one_of(column: str, words: tuple[str, ...]) -> str:
    # Not IN: SQLite builds a list of more than two words anew for every row, which triples the cost of an insert.
    return "(" + " OR ".join(f"{column} = '{word}'" for word in words) + ")"


def _side(position: int) -> str:
    cases = " ".join(f"WHEN '{name}' THEN {account_sql(sides[position])}" for name, sides in SIDES.items())
    return f"CASE entry_type {cases} END"


METADATA: Final = MetaData()

POSTINGS: Final = Table(
    "postings",
    METADATA,
    Column("posting_no", WHOLE, primary_key=True, autoincrement=False),
    Column("kind", WORD, CheckConstraint(one_of("kind", tuple(KINDS))), nullable=False),
    Column("as_of", WORD, CheckConstraint("length(as_of) = 10"), nullable=False, comment="YYYY-MM-DD"),
    Column("inputs_hash", WORD, nullable=False),
    Column("terms_hash", WORD, nullable=False),
    Column("entry_count", WHOLE, CheckConstraint("entry_count > 0"), nullable=False),
    Column("last_entry_no", WHOLE, nullable=False),
    Column("sums", WORD, nullable=False, comment="cents by entry type and instrument, canonical JSON"),
    Column("previous_hash", WORD, nullable=False, unique=True),
    Column("hash", WORD, nullable=False, unique=True),
    Column("recorded_at", WORD, nullable=False, comment="UTC, outside the hash"),
    sqlite_strict=True,
)
Index(
    "one_awards_posting_a_day",
    POSTINGS.c.as_of,
    unique=True,
    sqlite_where=text(f"kind = '{AWARDS}'"),
    postgresql_where=text(f"kind = '{AWARDS}'"),
)

ENTRIES: Final = Table(
    "entries",
    METADATA,
    Column("entry_no", WHOLE, primary_key=True, autoincrement=False),
    # Deferred: entries are written as they are worked out, and their posting, which seals them, last.
    Column(
        "posting_no",
        WHOLE,
        ForeignKey("postings.posting_no", deferrable=True, initially="DEFERRED"),
        nullable=False,
        index=True,
    ),
    Column("entry_type", WORD, nullable=False),
    Column("program_id", WORD),
    Column("period", WORD),
    Column("beneficiary_type", WORD, nullable=False),
    Column("beneficiary_id", WORD, CheckConstraint("beneficiary_id <> ''"), nullable=False),
    Column("subject_id", WORD, nullable=False),
    Column("component", WORD),
    Column("instrument", WORD, nullable=False),
    Column("payout_id", WORD),
    Column("debit_account", WORD, nullable=False),
    Column("credit_account", WORD, nullable=False),
    Column("amount_cents", WHOLE, nullable=False),
    CheckConstraint(f"amount_cents > 0 AND amount_cents <= {MAX_CENTS}", name="amount_is_above_zero"),
    CheckConstraint(one_of("entry_type", tuple(SIDES)), name="entry_type_is_known"),
    CheckConstraint(one_of("beneficiary_type", BENEFICIARY_TYPES), name="beneficiary_type_is_known"),
    CheckConstraint(one_of("instrument", INSTRUMENTS), name="instrument_is_known"),
    CheckConstraint(
        f"CASE WHEN {one_of('entry_type', (PAY, RETURN))} "
        "THEN payout_id IS NOT NULL AND payout_id <> '' AND program_id IS NULL AND period IS NULL "
        "AND component IS NULL AND subject_id = '' "
        "ELSE payout_id IS NULL AND program_id IS NOT NULL AND program_id <> '' AND period IS NOT NULL "
        "AND period <> '' AND component IS NOT NULL AND component <> '' END",
        name="award_key_or_payout",
    ),
    CheckConstraint(
        f"CASE WHEN {one_of('entry_type', KINDS['MANUAL'])} THEN program_id LIKE '{MANUAL_PREFIX}%' END",
        name="manual_has_a_reason",
    ),
    CheckConstraint(f"debit_account = {_side(0)}", name="debit_account_is_the_keys"),
    CheckConstraint(f"credit_account = {_side(1)}", name="credit_account_is_the_keys"),
    sqlite_strict=True,
)
Index(
    "one_pay_and_one_return_a_payout",
    ENTRIES.c.payout_id,
    ENTRIES.c.entry_type,
    unique=True,
    sqlite_where=text("payout_id IS NOT NULL"),
    postgresql_where=text("payout_id IS NOT NULL"),
)

USED_TERMS: Final = Table(
    "used_terms",
    METADATA,
    Column("program_id", WORD, primary_key=True),
    Column("version_no", WHOLE, primary_key=True, autoincrement=False),
    Column("terms_hash", WORD, nullable=False),
    Column("first_as_of", WORD, nullable=False, comment="YYYY-MM-DD"),
    sqlite_strict=True,
)

CHECKPOINTS: Final = Table(
    "checkpoints",
    METADATA,
    Column("posting_no", WHOLE, ForeignKey("postings.posting_no"), primary_key=True, autoincrement=False),
    Column("last_entry_no", WHOLE, nullable=False),
    Column("position_count", WHOLE, nullable=False),
    Column("positions", LargeBinary, nullable=False, comment="what is posted under every award key; see positions.py"),
    sqlite_strict=True,
)

PAYOUTS: Final = Table(
    "payouts",
    METADATA,
    Column("payout_id", WORD, CheckConstraint("payout_id <> ''"), primary_key=True),
    Column("beneficiary_type", WORD, CheckConstraint(one_of("beneficiary_type", BENEFICIARY_TYPES)), nullable=False),
    Column("beneficiary_id", WORD, CheckConstraint("beneficiary_id <> ''"), nullable=False),
    Column("instrument", WORD, CheckConstraint(one_of("instrument", INSTRUMENTS)), nullable=False),
    Column("payout_day", WORD, CheckConstraint("length(payout_day) = 10"), nullable=False, comment="YYYY-MM-DD"),
    Column("payee_id", WORD, CheckConstraint("payee_id <> ''"), nullable=False),
    Column("amount_cents", WHOLE, CheckConstraint("amount_cents > 0"), nullable=False),
    Column(
        "head_posting_no", WHOLE, ForeignKey("postings.posting_no"), nullable=False, comment="what it was read from"
    ),
    sqlite_strict=True,
)

PAYOUT_LINES: Final = Table(
    "payout_lines",
    METADATA,
    Column("payout_id", WORD, ForeignKey("payouts.payout_id"), primary_key=True),
    Column("program_id", WORD, primary_key=True),
    Column("period", WORD, primary_key=True),
    Column("subject_id", WORD, primary_key=True),
    Column("component", WORD, primary_key=True),
    Column("amount_cents", WHOLE, CheckConstraint("amount_cents <> 0"), nullable=False),
    sqlite_strict=True,
)

PAYOUT_STATES: Final = Table(
    "payout_states",
    METADATA,
    Column("payout_id", WORD, ForeignKey("payouts.payout_id"), primary_key=True),
    Column("state", WORD, primary_key=True),
    Column("previous_state", WORD),
    Column("by_name", WORD, CheckConstraint("by_name <> ''"), nullable=False),
    Column("reason", WORD, nullable=False),
    Column("posting_no", WHOLE, ForeignKey("postings.posting_no", deferrable=True, initially="DEFERRED")),
    Column("recorded_at", WORD, nullable=False, comment="UTC"),
    # The life of a payout, held by the database: each state follows on one that was reached, and on each follows one.
    UniqueConstraint("payout_id", "previous_state", name="one_state_follows"),
    ForeignKeyConstraint(
        ["payout_id", "previous_state"], ["payout_states.payout_id", "payout_states.state"], name="follows_on_a_state"
    ),
    CheckConstraint(
        " OR ".join(
            [f"(state = '{PROPOSED}' AND previous_state IS NULL)"]
            + [
                f"(state = '{state}' AND previous_state IS NOT NULL AND previous_state = '{previous}')"
                for previous, states in NEXT_STATES.items()
                for state in states
            ]
        ),
        name="state_may_follow",
    ),
    CheckConstraint(f"({one_of('state', tuple(POSTED_BY))}) = (posting_no IS NOT NULL)", name="posted_where_paid"),
    sqlite_strict=True,
)

PAYOUT_FILES: Final = Table(
    "payout_files",
    METADATA,
    Column(
        "posting_no",
        WHOLE,
        ForeignKey("postings.posting_no", deferrable=True, initially="DEFERRED"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("name", WORD, primary_key=True),
    Column("sha256", WORD, nullable=False),
    Column("content", LargeBinary, nullable=False),
    sqlite_strict=True,
)

ADJUSTMENTS: Final = Table(
    "adjustments",
    METADATA,
    Column("adjustment_id", WORD, CheckConstraint("adjustment_id <> ''"), primary_key=True),
    Column("entry_type", WORD, CheckConstraint(one_of("entry_type", KINDS["MANUAL"])), nullable=False),
    Column("reason", WORD, CheckConstraint("reason <> ''"), nullable=False),
    Column("beneficiary_type", WORD, CheckConstraint(one_of("beneficiary_type", BENEFICIARY_TYPES)), nullable=False),
    Column("beneficiary_id", WORD, CheckConstraint("beneficiary_id <> ''"), nullable=False),
    Column("instrument", WORD, CheckConstraint(one_of("instrument", INSTRUMENTS)), nullable=False),
    Column("amount_cents", WHOLE, CheckConstraint("amount_cents > 0"), nullable=False),
    Column("note", WORD, nullable=False),
    Column("evidence_name", WORD, nullable=False),
    Column("evidence_sha256", WORD, CheckConstraint("length(evidence_sha256) = 64"), nullable=False),
    Column("requested_by", WORD, CheckConstraint("requested_by <> ''"), nullable=False),
    Column("recorded_at", WORD, nullable=False, comment="UTC"),
    sqlite_strict=True,
)

ADJUSTMENT_DECISIONS: Final = Table(
    "adjustment_decisions",
    METADATA,
    Column("adjustment_id", WORD, ForeignKey("adjustments.adjustment_id"), primary_key=True),
    Column("decision", WORD, CheckConstraint(one_of("decision", ("APPROVED", "REJECTED"))), nullable=False),
    Column("by_name", WORD, CheckConstraint("by_name <> ''"), nullable=False),
    Column("posting_no", WHOLE, ForeignKey("postings.posting_no", deferrable=True, initially="DEFERRED"), unique=True),
    Column("recorded_at", WORD, nullable=False, comment="UTC"),
    CheckConstraint("(decision = 'APPROVED') = (posting_no IS NOT NULL)", name="posted_where_approved"),
    sqlite_strict=True,
)

SCHEMA_VERSIONS: Final = Table(
    "schema_versions",
    METADATA,
    Column("version", WHOLE, primary_key=True, autoincrement=False),
    Column("brings", WORD, nullable=False),
    Column("recorded_at", WORD, nullable=False, comment="UTC"),
    sqlite_strict=True,
)
