"""Tampering is found and named: the triggers taken away first, as somebody with the file could."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from awards_by_hand import KEY, final, ledger_in, post, provisional

from orchestration.ledger import positions
from orchestration.ledger.chain import Head
from orchestration.ledger.ledger import Ledger

Tamper = Callable[..., list[str]]
BYTE = {"sqlite": "x'00'", "postgresql": "'\\x00'"}


@pytest.fixture
def tampered(ledger: Ledger, unguarded: Callable, monkeypatch: pytest.MonkeyPatch) -> Tamper:
    """Change a ledger of three postings and five entries behind its back, put the triggers back, and verify it."""
    monkeypatch.setattr("orchestration.ledger.positions.LEAST_ENTRIES", 4)
    post(ledger, "2025-10-02", provisional(500), provisional(100, beneficiary_id="P2"))
    post(ledger, "2025-10-03", provisional(800), provisional(100, beneficiary_id="P2"))
    post(ledger, "2025-10-04", final(800), provisional(60, beneficiary_id="P2"))
    head = ledger.head()
    assert ledger.verify([head]) == []

    def tamper(*statements: str) -> list[str]:
        with unguarded(ledger) as raw:
            for statement in statements:
                raw.execute(statement.replace("x'00'", BYTE[raw.dialect]))
        return ledger.verify([head])

    return tamper


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "UPDATE entries SET amount_cents = 301 WHERE entry_no = 3",
            r"posting 2 \(AWARDS of 2025-10-03\) says the sums",
        ),
        ("UPDATE entries SET subject_id = 'S' WHERE entry_no = 3", r"posting 2 .* no longer has its hash"),
        (
            "UPDATE entries SET beneficiary_id = 'P9' WHERE entry_no = 3",
            "entry 3, ACCRUE, stands on account pending:PARTNER",
        ),
        (
            "UPDATE entries SET credit_account = 'payable:PARTNER:P1' WHERE entry_no = 3",
            "in place of pending:PARTNER:P1",
        ),
        ("UPDATE entries SET amount_cents = -300 WHERE entry_no = 3", "entry 3 moves -300 cents"),
        ("UPDATE entries SET entry_type = 'PAY' WHERE entry_no = 3", r"type PAY, which posting 2 .* cannot hold"),
        ("UPDATE entries SET entry_type = 'GIFT' WHERE entry_no = 3", "type GIFT"),
        ("UPDATE entries SET posting_no = 1 WHERE entry_no = 3", "entry 3 names posting 1 and stands in posting 2"),
        (
            "UPDATE entries SET amount_cents = 10 WHERE entry_no = 2",
            "entry 5 leaves -30 cents pending and 0 approved for tsp_daily.* P2",
        ),
        ("DELETE FROM entries WHERE entry_no = 1", "entries 1 to 1 are missing from posting 1"),
        ("DELETE FROM entries WHERE entry_no = 2", "posting 1 .* says 2 entries and holds 1"),
        ("DELETE FROM postings WHERE posting_no = 2", "postings 2 to 2 are missing"),
        ("DELETE FROM postings WHERE posting_no = 3", "posting 3, to entry 5, was recorded as the head and is missing"),
        ("DELETE FROM postings WHERE posting_no = 3", "2 entries after entry 3 stand in no posting"),
        (
            "UPDATE postings SET as_of = '2025-10-01' WHERE posting_no = 2",
            "not later than the AWARDS posting of 2025-10-02",
        ),
        ("UPDATE postings SET sums = '{}' WHERE posting_no = 2", "says the sums {} and its entries"),
        ("UPDATE postings SET inputs_hash = 'x' WHERE posting_no = 2", "posting 2 .* no longer has its hash"),
        ("UPDATE postings SET hash = 'x' WHERE posting_no = 2", "posting 3 .* does not continue the hash"),
        ("UPDATE postings SET hash = 'x' WHERE posting_no = 3", "stands with entry 5 and hash x"),
        (
            "UPDATE checkpoints SET positions = x'00'",
            r"the checkpoint after posting 3 \(AWARDS of 2025-10-04\) does not hold",
        ),
        ("UPDATE checkpoints SET position_count = 1", "the checkpoint after posting 3"),
        ("UPDATE postings SET kind = 'PAY' WHERE posting_no = 2", r"posting 2 \(PAY of 2025-10-03\) cannot hold"),
        # An entry that no posting seals, and still in every balance.
        ("UPDATE entries SET entry_no = 0 WHERE entry_no = 5", "1 entries before entry 1 stand in no posting"),
        # A checkpoint ahead of all others, from which the next posting would go on.
        ("UPDATE checkpoints SET posting_no = 99", "after posting 99, and there is no such posting"),
    ],
)
def test_tampering_is_named(tampered: Tamper, statement: str, says: str) -> None:
    found = tampered(statement)
    assert any(re.search(says, sentence) for sentence in found), found


def test_a_trigger_that_is_gone_or_altered_is_named(sqlite_ledger: Ledger, behind: Callable) -> None:
    with behind(sqlite_ledger) as raw:
        raw.execute("DROP TRIGGER entries_no_delete")
        raw.execute("DROP TRIGGER postings_no_update")
        raw.execute("CREATE TRIGGER postings_no_update BEFORE UPDATE ON postings BEGIN SELECT 1; END")
    assert [sentence.split()[-5] for sentence in sqlite_ledger.verify()] == ["postings_no_update", "entries_no_delete"]


@pytest.mark.parametrize("instead", [None, "(entry_type)", "(payout_id, entry_type) WHERE payout_id IS NULL"])
def test_a_key_that_may_stand_twice_is_named(ledger: Ledger, behind: Callable, instead: str | None) -> None:
    assert ledger.verify() == []
    with behind(ledger) as raw:
        raw.execute("DROP INDEX one_pay_and_one_return_a_payout")
        if instead:
            raw.execute(f"CREATE UNIQUE INDEX one_pay_and_one_return_a_payout ON entries {instead}")
    assert ledger.verify() == [
        "the store no longer refuses the same twice: the unique key of entries (payout_id, entry_type) is missing or altered"
    ]


def test_a_condition_that_only_looks_like_the_ledgers_own_is_named(ledger: Ledger, behind: Callable) -> None:
    for kind in ("(AWARDS)", "AWARDS::text"):
        with behind(ledger) as raw:
            raw.execute("DROP INDEX one_awards_posting_a_day")
            raw.execute(f"CREATE UNIQUE INDEX one_awards_posting_a_day ON postings (as_of) WHERE kind = '{kind}'")
        assert [sentence[-48:] for sentence in ledger.verify()] == [
            "unique key of postings (as_of) is missing or altered"[-48:]
        ]


def test_a_table_that_stands_before_the_ledgers_own_is_named(postgresql_ledger: Ledger, behind: Callable) -> None:
    """It is read in its stead, and refuses nothing: so somebody hides a request that waits."""
    with behind(postgresql_ledger) as raw:
        raw.execute("CREATE SCHEMA shadow")
        raw.execute("CREATE TABLE shadow.adjustments AS SELECT * FROM adjustments")
        raw.execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path TO shadow, public', current_database()); END $$"
        )
    found = postgresql_ledger.verify()
    assert any("its trigger adjustments_append is missing or altered" in sentence for sentence in found), found


def test_a_trigger_that_bears_the_name_of_another_tables_is_named(postgresql_ledger: Ledger, behind: Callable) -> None:
    with behind(postgresql_ledger) as raw:
        raw.execute("CREATE FUNCTION helpful() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
        raw.execute(
            "CREATE TRIGGER payouts_append AFTER INSERT ON payout_states FOR EACH ROW EXECUTE FUNCTION helpful()"
        )
    (named,) = postgresql_ledger.verify()
    assert named.startswith("the store has the trigger payouts_append, which the ledger did not make")


@pytest.mark.parametrize("name", ["helpful", "payout_states_append"])
def test_a_rule_that_approves_by_itself_is_named(postgresql_ledger: Ledger, behind: Callable, name: str) -> None:
    with behind(postgresql_ledger) as raw:
        raw.execute("CREATE VIEW of_others AS SELECT * FROM payout_states")
        assert postgresql_ledger.verify() == []
        raw.execute(
            f"CREATE RULE {name} AS ON INSERT TO payout_states WHERE NEW.state = 'PROPOSED' DO ALSO "
            "INSERT INTO payout_states VALUES (NEW.payout_id, 'APPROVED', 'PROPOSED', 'bob', '', NULL, '')"
        )
    (named,) = postgresql_ledger.verify()
    assert named.startswith(f"the store has the trigger {name} (a rule), which the ledger did not make")


def test_a_tail_cut_off_without_a_trace_is_found_by_the_anchor_alone(tampered: Tamper, ledger: Ledger) -> None:
    tables = ("checkpoints", "entries", "postings")
    (sentence,) = tampered(*(f"DELETE FROM {table} WHERE posting_no = 3" for table in tables))
    assert sentence == (
        "posting 3, to entry 5, was recorded as the head and is missing: the ledger's tail was cut off, or INCENTIVES_LEDGER_URL "
        "names another home's"
    )
    assert ledger.verify() == []


def test_a_ledger_that_began_anew_does_not_hold_the_anchor(tmp_path: Path) -> None:
    other = ledger_in(tmp_path / "other")
    assert len(other.verify([Head(1, 2, "some hash")])) == 1
    assert other.verify([other.head()]) == []


def test_many_faults_are_counted_after_a_hundred(ledger: Ledger) -> None:
    found = ledger.check_against([provisional(1, subject_id=f"{number:03}") for number in range(150)])
    assert (len(found), found[-1]) == (101, "and 50 more")


def test_a_second_checkpoint_of_one_posting_is_named(
    ledger: Ledger, unguarded: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the primary key there may be two, of which the next posting would read one and the audit the other."""
    monkeypatch.setattr(positions, "LEAST_ENTRIES", 1)
    post(ledger, "2026-01-15", final(6_000))
    forged, _ = positions._packed([(KEY, 0, 1_000)])
    with unguarded(ledger) as raw:
        if raw.dialect == "sqlite":
            raw.execute("CREATE TABLE others AS SELECT * FROM checkpoints")
            raw.execute("DROP TABLE checkpoints")
            raw.execute("ALTER TABLE others RENAME TO checkpoints")
        else:
            raw.execute("ALTER TABLE checkpoints DROP CONSTRAINT checkpoints_pkey")
        raw.execute("CREATE INDEX by_posting ON checkpoints (posting_no)")
        raw.execute("INSERT INTO checkpoints SELECT posting_no, last_entry_no, 1, ? FROM checkpoints", [forged])
    key, found = ledger.verify()
    assert "the unique key of checkpoints (posting_no) is missing" in key
    assert found.startswith("the checkpoint after posting 1 (AWARDS of 2026-01-15) does not hold")
