"""What the store refuses by itself on PostgreSQL, to the owner of its tables too, who may do what, and lost connections.

Does not belong here: what both databases do alike, which the other files try on both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from awards_by_hand import final, moved, post, provisional
from postgresql_server import OWNER, STRANGER, WRITER, Server
from sqlalchemy import event, text

from orchestration.errors import BusyError, RefusedError, SettingsError
from orchestration.ledger import append as append_module
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.store import reading, writing
from orchestration.ledger.tables import ENTRIES, METADATA
from orchestration.payouts.payment_files import Debtor
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Payee, Proposal

TABLES = [table.name for table in METADATA.sorted_tables]
AWARDS = [provisional(number + 1, subject_id=f"{number:04}") for number in range(1000)]
APPEND_ONLY = "the ledger is append-only"
LOST = r"the ledger postgresql\+psycopg://.* cannot be used: .*(terminat|closed the connection|connection is)"


def database_of(ledger: Ledger) -> str:
    name = ledger._engine.url.database
    assert name is not None
    return name


@pytest.fixture
def posted(postgresql_ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger of two postings, one entry each, with a checkpoint and a used version of terms."""
    monkeypatch.setattr("orchestration.ledger.positions.LEAST_ENTRIES", 1)
    awards = [provisional(5)]
    postgresql_ledger.post_awards(date(2025, 10, 2), awards, "i", "t", {("program", 1): "hash"})
    post(postgresql_ledger, "2025-10-03", provisional(8))
    return postgresql_ledger


@pytest.fixture
def raw(posted: Ledger, behind: Callable) -> Iterator[Any]:
    """A bare connection of the owner of the tables."""
    with behind(posted) as connection:
        yield connection


CHANGES = (
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
    "INSERT INTO {table} SELECT * FROM {table} LIMIT 1 ON CONFLICT ({key}) DO UPDATE SET {column} = excluded.{column}",
    "MERGE INTO {table} USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
)
REPEATS = (
    "INSERT INTO {table} SELECT * FROM {table} LIMIT 1",
    "INSERT INTO {table} SELECT * FROM {table} LIMIT 1 ON CONFLICT DO NOTHING",
)


@pytest.mark.parametrize("resting", [False, True])
def test_no_row_can_be_changed_deleted_or_replaced(posted: Ledger, postgresql: Server, resting: bool) -> None:
    """By the owner of the tables, nor by a superuser who asks that triggers rest as for replication."""
    server, database = postgresql, database_of(posted)
    before = posted.head(), list(posted.entries())
    with server.connect(database) as connection:
        connection.execute("SET session_replication_role = replica" if resting else f"SET ROLE {OWNER}")
        for table in METADATA.sorted_tables:
            key = ", ".join(column.name for column in table.primary_key)
            filled = connection.execute(f"SELECT count(*) FROM {table.name}").fetchone() != (0,)
            for change in (*CHANGES, *(REPEATS if filled else ())):
                statement = change.format(table=table.name, column=next(iter(table.columns)).name, key=key)
                with pytest.raises(psycopg.IntegrityError, match=rf"{APPEND_ONLY}|duplicate key"):
                    connection.execute(statement)
    assert (posted.head(), list(posted.entries())) == before
    assert posted.verify([before[0]]) == []


def put(raw: Any, table: str, source: int | str, **changed: object) -> None:
    """Insert a copy of row ``source`` with some columns changed."""
    columns = [column.name for column in METADATA.tables[table].columns]
    row = raw.execute(f"SELECT * FROM {table} WHERE {columns[0]} = ?", (source,)).fetchone()
    values = tuple((dict(zip(columns, row, strict=True)) | changed).values())
    raw.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", values)


def test_nothing_enters_a_sealed_posting_and_no_number_is_left_out(raw: Any) -> None:
    for changed in (
        {"entry_no": 3, "posting_no": 2},
        {"entry_no": 3, "posting_no": 4},
        {"entry_no": 4, "posting_no": 3},
        {"entry_no": 0, "posting_no": 3},
    ):
        with pytest.raises(psycopg.IntegrityError, match=APPEND_ONLY):
            put(raw, "entries", 2, **changed)
    others = ", ".join(column.name for column in list(ENTRIES.columns)[2:])
    for numbers in ((3, 3), (4, 3), (3, 4), (5, 3)), ((3, 3), (5, 3)), ((3, 3), (4, 4)), ((3, 2), (4, 3)):
        rows = ", ".join(f"({entry_no}, {posting_no})" for entry_no, posting_no in numbers)
        with pytest.raises(psycopg.IntegrityError, match=f"{APPEND_ONLY}|duplicate key"):
            raw.execute(
                f"INSERT INTO entries SELECT column1, column2, {others} FROM (VALUES {rows}) AS numbers, entries "
                "WHERE entry_no = 2"
            )


def test_no_hole_that_somebody_made_is_filled(raw: Any, postgresql: Server, posted: Ledger) -> None:
    with postgresql.connect(database_of(posted)) as connection:
        connection.execute("ALTER TABLE entries DISABLE TRIGGER entries_no_change")
        connection.execute("DELETE FROM entries WHERE entry_no = 1")
        connection.execute("ALTER TABLE entries ENABLE ALWAYS TRIGGER entries_no_change")
    with pytest.raises(psycopg.IntegrityError, match=APPEND_ONLY):
        put(raw, "entries", 2, entry_no=1, posting_no=3)


def test_a_table_of_a_sessions_own_deceives_nobody(raw: Any) -> None:
    raw.execute("CREATE TEMP TABLE postings AS SELECT 1 AS posting_no, 'h' AS hash")
    raw.execute("SET search_path = pg_temp, public")
    with pytest.raises(psycopg.IntegrityError, match=APPEND_ONLY):
        put(raw, "entries", 2, entry_no=3, posting_no=2)


def test_an_entry_that_contradicts_itself_is_refused(raw: Any) -> None:
    for changed in (
        {"amount_cents": 0},
        {"amount_cents": -5},
        {"amount_cents": 10**15 + 1},
        {"entry_no": None},
        {"entry_type": "GIFT"},
        {"instrument": "GOLD"},
        {"beneficiary_type": "FRIEND"},
        {"program_id": None},
        {"program_id": "other"},
        {"beneficiary_id": ""},
        {"payout_id": "PARTNER:P1|CASH|2025-10-15"},
        {"debit_account": "pending:PARTNER:P1"},
        {"credit_account": "payable:PARTNER:P1"},
        {"entry_type": "PAY"},
        {"entry_type": "GRANT"},
    ):
        with pytest.raises(psycopg.IntegrityError, match="violates"):
            put(raw, "entries", 2, **{"entry_no": 3, "posting_no": 3, **changed})
    with pytest.raises(psycopg.DataError):
        put(raw, "entries", 2, entry_no=3, posting_no=3, amount_cents="many")


def test_a_payout_is_paid_once_and_a_posting_follows_on_the_one_before(raw: Any, posted: Ledger) -> None:
    payout = {
        "entry_type": "PAY",
        "program_id": None,
        "period": None,
        "component": None,
        "payout_id": "PARTNER:P1|CASH|2025-10-15",
        "debit_account": "payable:PARTNER:P1",
        "credit_account": "settled:PARTNER:P1",
    }
    head = posted.head().hash
    right = {"posting_no": 3, "as_of": "2025-10-04", "last_entry_no": 3, "previous_hash": head, "hash": "new"}
    raw.execute("BEGIN")  # An entry waits for its posting until the transaction ends.
    put(raw, "entries", 2, entry_no=3, posting_no=3, **payout)
    for wrong in (
        {"posting_no": 4},
        {"posting_no": 2},
        {"as_of": "2025-10-03"},
        {"as_of": "2025-10-01"},
        {"last_entry_no": 2},
        {"previous_hash": "x"},
        {"hash": head},
    ):
        raw.execute("SAVEPOINT before")
        with pytest.raises(psycopg.IntegrityError, match=APPEND_ONLY):
            put(raw, "postings", 2, **(right | wrong))
        raw.execute("ROLLBACK TO before")
    with pytest.raises(psycopg.IntegrityError, match="one_pay_and_one_return_a_payout"):
        put(raw, "entries", 2, entry_no=4, posting_no=3, **payout)
    raw.execute("ROLLBACK TO before")
    put(raw, "postings", 2, **right)
    raw.execute("COMMIT")
    with pytest.raises(psycopg.IntegrityError, match="entries_posting_no_fkey"):
        put(raw, "entries", 2, entry_no=4, posting_no=4)


@pytest.mark.parametrize(
    ("alteration", "named"),
    [
        ("ALTER TABLE entries DISABLE TRIGGER entries_append", ["entries_append"]),
        ("ALTER TABLE entries ENABLE TRIGGER entries_no_change", ["entries_no_change"]),
        ("ALTER TABLE postings ENABLE REPLICA TRIGGER postings_append", ["postings_append"]),
        ("DROP TRIGGER postings_no_change ON postings", ["postings_no_change"]),
        (
            "CREATE OR REPLACE TRIGGER postings_append BEFORE INSERT ON postings FOR EACH ROW WHEN (false) "
            "EXECUTE FUNCTION postings_next_row()",
            ["postings_append"],
        ),
        (
            "CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RETURN NULL; END'",
            ["ledger_refuse_change"],
        ),
        ("ALTER FUNCTION entries_next_row() RESET search_path", ["entries_next_row"]),
        ("ALTER FUNCTION entries_next_row() SECURITY DEFINER", ["entries_next_row"]),
    ],
)
def test_a_trigger_that_is_gone_altered_or_rests_is_named(
    posted: Ledger, raw: Any, alteration: str, named: list[str]
) -> None:
    raw.execute(alteration)
    if "CREATE OR REPLACE TRIGGER" in alteration:
        raw.execute("ALTER TABLE postings ENABLE ALWAYS TRIGGER postings_append")
    assert [sentence.split()[-5] for sentence in posted.verify()] == named


def test_a_role_that_may_only_append_posts_and_changes_nothing(posted: Ledger, raw: Any, postgresql: Server) -> None:
    url = postgresql.url(database_of(posted), WRITER)
    for table in TABLES:
        raw.execute(f"GRANT SELECT, INSERT ON {table} TO {WRITER}")
    writer = Ledger.open(url)
    assert post(writer, "2025-10-04", *AWARDS[:5]).posted
    assert writer.verify([posted.head()]) == []
    with postgresql.connect(database_of(posted)) as connection:
        connection.execute(f"SET ROLE {WRITER}")
        for statement in (
            *(f"{verb} {table}" for verb in ("DELETE FROM", "TRUNCATE") for table in TABLES),
            "UPDATE entries SET amount_cents = 1",
            "ALTER TABLE entries DISABLE TRIGGER entries_no_change",
            "DROP TRIGGER entries_no_change ON entries",
            "CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS ''",
            "SET session_replication_role = replica",
            "CREATE TABLE mine (id int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_role_that_may_not_make_the_ledger_or_read_it_says_so(posted: Ledger, postgresql: Server) -> None:
    with pytest.raises(SettingsError, match="is not made yet, .* let the role that is to own them") as caught:
        Ledger.open(postgresql.url(postgresql.new_database(), WRITER))
    assert "\n" not in str(caught.value)
    with pytest.raises(SettingsError, match="cannot be used: permission denied for table schema_versions") as caught:
        Ledger.open(postgresql.url(database_of(posted), WRITER))
    assert "\n" not in str(caught.value)


def test_a_database_that_cannot_take_every_id_is_refused_before_the_first(postgresql: Server) -> None:
    with postgresql.connect() as connection:
        connection.execute(
            f"CREATE DATABASE narrow OWNER {OWNER} TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
        )
    with pytest.raises(SettingsError, match="has the encoding LATIN1; make one for the ledger with ENCODING 'UTF8'"):
        Ledger.open(postgresql.url("narrow"))


NAMES = [
    *(
        "a",
        "B",
        "b",
        "A",
        "é",
        "e",
        "z",
        "Ä",
        "ß",
        "日本",
        "😀",
        "_",
        "-",
        "a b",
        "a-b",
        "ab",
        "10",
        "9",
        "~",
        "É",
        " ",
    ),
    *("p%s", "?", "{}", '"', "\\", "\\N", ",", "'", "NULL", "null", "$1", ":name", "%(name)s"),
]


def test_the_same_postings_are_the_same_bytes_as_on_sqlite(postgresql_ledger: Ledger, sqlite_ledger: Ledger) -> None:
    for ledger in (postgresql_ledger, sqlite_ledger):
        post(ledger, "2025-10-02", *(provisional(9, beneficiary_id=name) for name in NAMES))
        post(ledger, "2025-10-03", *(final(5, subject_id=name, component=name) for name in NAMES))
    assert postgresql_ledger.head() == sqlite_ledger.head()
    assert list(postgresql_ledger.entries()) == list(sqlite_ledger.entries())
    assert postgresql_ledger.balances() == sqlite_ledger.balances()
    assert list(postgresql_ledger.positions()) == list(sqlite_ledger.positions())
    for table in ("ledger_entries", "ledger_balances"):
        assert list(postgresql_ledger.rows(table)) == list(sqlite_ledger.rows(table))
    assert postgresql_ledger.verify([sqlite_ledger.head()]) == []
    with reading(postgresql_ledger._engine) as connection:
        ours = list(connection.scalars(text("SELECT subject_id FROM entries WHERE posting_no = 2 ORDER BY subject_id")))
        its = list(
            connection.scalars(
                text('SELECT subject_id FROM entries WHERE posting_no = 2 ORDER BY subject_id COLLATE "en-x-icu"')
            )
        )
    assert ours == sorted(ours) != its, "the server's own order is another one"


def paid(ledger: Ledger) -> Payouts:
    """Three payouts on one day: one whose money came back, one that arrived, one cancelled."""
    partners, day = ("P1", "é", "P3"), date(2025, 10, 15)
    post(ledger, "2025-10-02", *(final(50_000, beneficiary_id=name) for name in partners))
    payees = {("PARTNER", name): Payee(f"account of {name}", True) for name in partners}
    desk = Payouts(ledger._engine)
    failed, cancelled, settled = [
        made.payout_id for made in desk.propose(day, payees, "Ann") if isinstance(made, Proposal)
    ]
    desk.approve([failed, settled], "Bob")
    desk.cancel([cancelled], "Bob", "a holiday")
    desk.export(day, payees, Debtor("Marketplace Inc.", "000123456789", "BANKUS33XXX"), "Cat")
    desk.settle([settled], "Cat")
    desk.fail([failed], "Cat", "no such account", day)
    return desk


def test_payouts_are_the_same_bytes_as_on_sqlite(postgresql_ledger: Ledger, sqlite_ledger: Ledger) -> None:
    here, there = paid(postgresql_ledger), paid(sqlite_ledger)
    assert postgresql_ledger.head() == sqlite_ledger.head()
    assert here.files() == there.files()
    assert [(payout.payout_id, payout.state, payout.lines) for payout in here.payouts()] == [
        (payout.payout_id, payout.state, payout.lines) for payout in there.payouts()
    ]
    assert here.faults() == postgresql_ledger.verify() == []


def test_the_life_of_a_payout_is_held_to_its_order(postgresql_ledger: Ledger, behind: Callable) -> None:
    post(postgresql_ledger, "2025-10-02", final(50_000))
    payees = {("PARTNER", "P1"): Payee("account", True)}
    ((proposal,),) = [Payouts(postgresql_ledger._engine).propose(date(2025, 10, 15), payees, "Ann")]
    assert isinstance(proposal, Proposal)
    approval = {"state": "APPROVED", "previous_state": "PROPOSED", "by_name": "Bob"}
    with behind(postgresql_ledger) as raw:
        for table, changed, says in (
            ("payouts", {}, APPEND_ONLY),
            ("payouts", {"payout_id": "other", "head_posting_no": 2}, APPEND_ONLY),
            ("payout_lines", {"component": "other"}, APPEND_ONLY),
            ("payout_states", {}, APPEND_ONLY),
            ("payout_states", approval | {"by_name": "Ann"}, APPEND_ONLY),
            ("payout_states", approval | {"state": "SETTLED"}, "state_may_follow"),
            ("payout_states", approval | {"state": "EXPORTED"}, "state_may_follow|posted_where_paid"),
        ):
            with pytest.raises(psycopg.IntegrityError, match=says):
                put(raw, table, proposal.payout_id, **changed)
        put(raw, "payout_states", proposal.payout_id, **approval)
        with pytest.raises(psycopg.IntegrityError, match=APPEND_ONLY):
            put(raw, "payout_states", proposal.payout_id, **(approval | {"state": "CANCELLED"}))


def terminate(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = %s", (OWNER,))


def lose(server: Server, ledger: Ledger, where: str, monkeypatch: pytest.MonkeyPatch, how: Callable[[], None]) -> None:
    """Lose the connection, once, at a place of a posting."""
    left = iter([how])

    def lose_once(*_: object) -> None:
        next(left, lambda: None)()

    if where == "a batch in the middle":
        calls, text_of = iter(range(100)), append_module.text_of
        monkeypatch.setattr(append_module, "BATCH", 100)
        monkeypatch.setattr(append_module, "text_of", lambda rows: (next(calls) == 5 and lose_once(), text_of(rows))[1])
    elif where == "the header":
        sums_text = append_module.sums_text
        monkeypatch.setattr(append_module, "sums_text", lambda sums: (lose_once(), sums_text(sums))[1])
    else:
        event.listen(ledger._engine, "commit", lose_once)


@pytest.mark.parametrize("where", ["a batch in the middle", "the header", "the commit"])
@pytest.mark.parametrize("server_falls", [False, True])
def test_a_lost_connection_leaves_nothing_and_the_same_call_finishes(
    postgresql_ledger: Ledger, postgresql: Server, monkeypatch: pytest.MonkeyPatch, where: str, server_falls: bool
) -> None:
    ledger = postgresql_ledger
    head = post(ledger, "2025-10-02", provisional(5)).head
    lose(postgresql, ledger, where, monkeypatch, postgresql.stop if server_falls else lambda: terminate(postgresql))
    try:
        with pytest.raises(SettingsError, match=LOST) as caught:
            post(ledger, "2025-10-03", *AWARDS)
        assert "\n" not in str(caught.value)
        if server_falls:
            with pytest.raises(
                SettingsError, match="cannot be used: connection .* failed: No such file or directory"
            ) as caught:
                ledger.head()
            assert "\n" not in str(caught.value)
    finally:
        if server_falls:
            postgresql.start()
    assert ledger.head() == head
    assert ledger.verify([head]) == []
    whole = post(ledger, "2025-10-03", *AWARDS)
    assert (whole.posting_no, whole.entry_count) == (2, 1001)
    assert ledger.verify([head, whole.head]) == []


def test_a_lost_connection_while_reading_is_one_line(posted: Ledger, postgresql: Server) -> None:
    rows = posted.rows("ledger_entries")
    next(rows)
    terminate(postgresql)
    with pytest.raises(SettingsError, match=LOST) as caught:
        list(rows)
    assert "\n" not in str(caught.value)


def test_a_writer_meets_a_session_that_knows_nothing_of_its_lock(
    posted: Ledger, raw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw.execute("BEGIN")
    put(raw, "entries", 2, entry_no=3, posting_no=3)
    with monkeypatch.context() as patched:
        patched.setattr("orchestration.ledger.store.WAIT_SECONDS", 0.05)
        with pytest.raises(BusyError, match="another process is writing to the ledger"):
            post(posted, "2025-10-04", final(8))
    raw.execute("ROLLBACK")
    assert post(posted, "2025-10-04", final(8)).entry_count == 1
    assert moved(posted)[-1] == (3, "APPROVE", 8)


def test_a_ledger_is_opened_and_read_while_another_posts(posted: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.ledger.store.WAIT_SECONDS", 0.05)
    with writing(posted._engine):
        again = Ledger.open(posted._engine.url.render_as_string(hide_password=False))
        assert again.head() == posted.head()


def test_defaults_of_server_and_role_change_nothing(posted: Ledger, raw: Any) -> None:
    database = database_of(posted)
    for setting in (
        "default_transaction_isolation = 'serializable'",
        "synchronous_commit = off",
        "client_encoding = 'LATIN1'",
        "lock_timeout = 1",
    ):
        raw.execute(f"ALTER DATABASE {database} SET {setting}")
    shown = "SELECT current_setting('transaction_isolation'), current_setting('synchronous_commit')"
    with writing(posted._engine) as connection:
        assert tuple(connection.execute(text(shown)).one()) == ("read committed", "on")
    with reading(posted._engine) as connection:
        assert connection.scalar(text("SHOW transaction_isolation")) == "repeatable read"
    assert post(posted, "2025-10-04", provisional(1, beneficiary_id="日本")).posted
    assert posted.verify() == []


def test_no_password_is_shown(postgresql: Server) -> None:
    socket, database = postgresql.socket, "postgres"
    for url in (
        f"postgresql+psycopg://{STRANGER}:secret@/{database}?host={socket}",
        f"postgresql+psycopg://{STRANGER}@/{database}?host={socket}&password=secret",
        f"postgresql+psycopg://{STRANGER}:secret@/{database}?host={socket}/nowhere",
        f"postgresql+psycopg://{STRANGER}:secret@/{database}?host={socket},{socket}/nowhere&port=5432,5433",
        f"postgresql+psycopg://{STRANGER}:secret@/{database}?nonsense=secret",
        f"postgresql+psycopg://{STRANGER}:secret/word@localhost/{database}",
        f"mysql://{STRANGER}:secret@localhost/{database}?password=secret",
    ):
        with pytest.raises(SettingsError) as caught:
            Ledger.open(url)
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_restored_back_up_refuses_and_verifies_as_before(posted: Ledger, postgresql: Server) -> None:
    head, restored = posted.head(), postgresql.new_database()
    login, file = ("--host", postgresql.socket, "--username", "postgres"), postgresql.socket / "ledger.dump"
    for command in (
        ("pg_dump", *login, "--format=custom", "--file", file, database_of(posted)),
        ("pg_restore", *login, "--exit-on-error", "--dbname", restored, file),
    ):
        done = postgresql.run(*command)
        assert done.returncode == 0, done.stderr
    ledger = Ledger.open(postgresql.url(restored))
    assert ledger.verify([head]) == []
    assert post(ledger, "2025-10-04", final(8)).head == post(posted, "2025-10-04", final(8)).head


def test_a_row_that_the_store_refuses_is_refused_in_one_line(posted: Ledger, postgresql: Server) -> None:
    says = f"nothing was posted: {APPEND_ONLY}: postings takes the next row and no other change"
    with pytest.raises(RefusedError, match=says) as caught, writing(posted._engine) as connection:
        connection.execute(text("DELETE FROM postings"))
    assert "\n" not in str(caught.value)
