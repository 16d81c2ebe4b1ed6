"""Marts published in parts: what is written anew, what is shared with the last version, and that readers see one version whole.

A market of one shop over three months, in a warehouse of two marts and one set of movements. Does not belong here: which versions
stay, and for how long (``test_publication``).
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from data_contracts.public_marts import AS_KNOWN, PUBLIC_MARTS, PublicMart
from orchestration import dbt, mart_parts, publication
from orchestration.errors import RefusedError, SettingsError
from orchestration.ledger.chain import Head
from orchestration.mart_parts import _find
from orchestration.progress import Progress
from orchestration.publication import Publication, publish, views_elsewhere, write_views
from orchestration.settings import Settings
from orchestration.window import DAY, Window

MONTHS = ["2025-09.parquet", "2025-10.parquet", "2025-11.parquet"]
HEAD = Head(1, 2, "abc")
BY_DATE = PublicMart("gmv_daily", "marts.gmv_daily", ("gmv_date", "seller_id"), part_by="gmv_date")
MOVEMENTS = PublicMart(
    "gmv_daily_movements",
    "movements.gmv_daily_movements",
    ("known_on", "gmv_date", "seller_id", "content_type"),
    part_by="known_on",
)
BALANCES = PublicMart("ledger_balances", "ledger.ledger_balances", ("account",), finance=True)


class Shop:
    """A warehouse with the marts above, and what is served of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.warehouse = duckdb.connect()
        self.warehouse.execute(
            """create schema marts; create schema movements; create schema ledger;
            create table movements.gmv_daily_movements as
            select day + 1 as known_on, day as gmv_date, 'S1' as seller_id, 'LIVE' as content_type,
                cast(100 as bigint) as net_cents, cast(1 as bigint) as units
            from (select cast(range as date) as day from range(date '2025-09-10', date '2025-11-11', interval 1 day));
            create table ledger.ledger_balances as select 'program:P' as account, cast(7 as bigint) as balance_cents"""
        )
        self.build()

    def build(self) -> None:
        """The mart is made anew in every run, as dbt does, in whatever order."""
        self.warehouse.execute(
            """create or replace table marts.gmv_daily as
            select gmv_date, seller_id, content_type, cast(sum(net_cents) as bigint) as net_cents,
                cast(sum(units) as bigint) as units
            from movements.gmv_daily_movements group by all order by random()"""
        )

    def change(self, sql: str) -> None:
        self.warehouse.execute(sql)

    def publish(self, known_from: str = "2025-08-31", through: str = "2025-11-11") -> Publication:
        window = Window(
            date.fromisoformat(known_from),
            date.fromisoformat(through),
            date(2025, 11, 11),
            date(2025, 9, 1),
            None,
            "UTC",
        )
        return publish(
            self.warehouse, self.settings, window, HEAD, Progress("UTC", window.earliest, window.known_through)
        )

    def folder(self, mart: PublicMart, version: int) -> Path:
        return self.settings.serving / mart.schema / f"version-{version:06d}" / mart.name

    def files(self, mart: PublicMart, version: int) -> list[str]:
        return sorted(path.name for path in self.folder(mart, version).iterdir())

    def written(self, mart: PublicMart, version: int) -> list[str]:
        """The files that the version does not share with the one before."""
        before = {path.stat().st_ino for path in self.folder(mart, version - 1).iterdir()}
        return sorted(path.name for path in self.folder(mart, version).iterdir() if path.stat().st_ino not in before)

    def served(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.serving / "marts.duckdb"), read_only=True) as served:
            return served.execute(sql).fetchall()

    def check_served(self) -> None:
        """What is served is what the warehouse has, to the row."""
        for mart in (BY_DATE, MOVEMENTS, BALANCES):
            columns = ", ".join(row[0] for row in self.warehouse.execute(f"describe {mart.relation}").fetchall())
            there = self.warehouse.execute(f"select {columns} from {mart.relation} order by all").fetchall()
            assert self.served(f"select {columns} from {mart.schema}.{mart.name} order by all") == there


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("INCENTIVES_HOME", str(tmp_path / "it's home"))
    monkeypatch.setattr(publication, "PUBLIC_MARTS", (BY_DATE, MOVEMENTS, BALANCES))
    monkeypatch.setattr(publication, "AS_KNOWN", AS_KNOWN[:1])
    shop = Shop(Settings.from_environment())
    yield shop
    shop.warehouse.close()


# What is written, and what is shared


def test_a_part_holds_a_month_in_the_order_of_the_mart(shop: Shop) -> None:
    published = shop.publish()
    assert published == Publication(1, {"gmv_daily": 62, "gmv_daily_movements": 62, "ledger_balances": 1}, 7, 0)
    assert shop.files(BY_DATE, 1) == MONTHS
    assert shop.files(BALANCES, 1) == ["all.parquet"]
    with duckdb.connect() as reader:
        days = reader.execute(
            "select gmv_date from read_parquet(?)", [str(shop.folder(BY_DATE, 1) / MONTHS[1])]
        ).fetchall()
    assert days == [(date(2025, 10, 1) + number * DAY,) for number in range(31)]
    shop.check_served()


@pytest.mark.parametrize("content", ["", "[]", "5", '{"gmv_daily": {}}', '{"gmv_daily": {"shape": "", "parts": []}}'])
def test_a_broken_record_of_the_parts_shares_none_and_stops_no_publication(shop: Shop, content: str) -> None:
    shop.publish()
    (shop.settings.serving / "finance" / "version-000001" / "parts.json").write_text(content)
    assert shop.publish().shared == 0
    shop.check_served()
    assert shop.publish().written == 0


def test_months_that_did_not_change_are_the_same_files(shop: Shop) -> None:
    shop.publish()
    shop.build()
    assert shop.publish() == Publication(2, {"gmv_daily": 62, "gmv_daily_movements": 62, "ledger_balances": 1}, 0, 7)
    assert shop.written(BY_DATE, 2) == shop.written(MOVEMENTS, 2) == shop.written(BALANCES, 2) == []
    shop.check_served()


@pytest.mark.parametrize(
    "change",
    [
        "update marts.gmv_daily set net_cents = net_cents + 1 where gmv_date = '2025-10-31'",
        "delete from marts.gmv_daily where gmv_date = '2025-10-01'",
        "update marts.gmv_daily set seller_id = 'S2' where gmv_date = '2025-10-01'",
        "update marts.gmv_daily set net_cents = null where gmv_date = '2025-10-01'",
        # Amounts between two days, and one row in place of another: neither rows nor sums of columns tell.
        "update marts.gmv_daily set net_cents = net_cents + day(gmv_date) * 2 - 31 where gmv_date in ('2025-10-15', '2025-10-16')",
        "insert into marts.gmv_daily from marts.gmv_daily where gmv_date = '2025-10-02';"
        "delete from marts.gmv_daily where gmv_date = '2025-10-03'",
    ],
)  # fmt: skip
def test_a_changed_month_is_written_anew_and_it_alone(shop: Shop, change: str) -> None:
    shop.publish()
    shop.change(change)
    assert shop.publish().written == 1
    assert shop.written(BY_DATE, 2) == [MONTHS[1]]
    shop.check_served()


def test_equal_rows_count_each(shop: Shop) -> None:
    """XOR would not tell two and two of a row from two and two of another."""
    twice = "insert into marts.gmv_daily from marts.gmv_daily where gmv_date = '2025-10-0{}'"
    shop.change(twice.format(1) + ";delete from marts.gmv_daily where gmv_date = '2025-10-02'")
    shop.publish()
    shop.change(
        "update marts.gmv_daily set gmv_date = case gmv_date when '2025-10-01' then date '2025-10-02' else '2025-10-01' end "
        "where gmv_date in ('2025-10-01', '2025-10-02')"
    )
    assert shop.publish().written == 1


def test_every_exchange_of_amounts_between_two_rows_is_seen(shop: Shop) -> None:
    """DuckDB ends a row's hash by XOR with its last column, so that sums of bare row hashes miss one exchange in thousands
    between amounts whose hashes are near."""
    near = """select x.n as a, y.n as b from range(3000) as x(n), range(3000) as y(n) where a < b
        order by bit_count(xor(hash(a), hash(b))), a, b limit 1"""
    shop.change(f"create table near as {near}")
    rows = "select k // 2 as pair, k, case when k % 2 = {} then a else b end as amount from range(60000) as t(k), near"
    for name, even in (("before", 0), ("after", 1)):
        shop.change(f"create table {name} as {rows.format(even)}")
    bare = "select pair, sum(hash(pair, k, amount)) as total from {} group by pair"
    (blind,) = shop.warehouse.execute(
        f"select count(*) from ({bare.format('before')}) as x join ({bare.format('after')}) as y using (pair, total)"
    ).fetchone() or (0,)
    assert blind > 0, "the danger is gone with this DuckDB"
    pairs = shop.warehouse.execute(
        f"select pair from ({bare.format('before')}) as x join ({bare.format('after')}) as y using (pair, total)"
    ).fetchall()
    for (pair,) in pairs[:5]:
        found = []
        for name in ("before", "after"):
            shop.change(f"create or replace view marts.exchanged as from {name} where pair = {pair}")
            found.append(_find(shop.warehouse, PublicMart("x", "marts.exchanged", ("k",)), None)["all"])
        assert found[0].rows == found[1].rows == 2
        assert found[0].sums[0] != found[1].sums[0]
        assert found[0].sums[1] != found[1].sums[1]


def test_a_month_that_vanished_vanishes(shop: Shop) -> None:
    shop.publish()
    shop.change("delete from marts.gmv_daily where gmv_date < '2025-10-01'")
    assert shop.publish().written == 0
    assert shop.files(BY_DATE, 2) == MONTHS[1:]
    shop.check_served()


@pytest.mark.parametrize(
    "change", ["add column orders bigint default 3", "rename units to pieces", "alter units type integer"]
)
def test_other_columns_or_types_write_all(shop: Shop, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    monkeypatch.setattr(publication, "AS_KNOWN", ())
    shop.publish()
    shop.change(f"alter table marts.gmv_daily {change}")
    assert shop.publish().written == 3
    assert shop.written(BY_DATE, 2) == MONTHS
    shop.check_served()


@pytest.mark.parametrize("module, name, value", [(mart_parts, "WRITER", 2), (duckdb, "__version__", "9.9.9")])
def test_another_writer_writes_all(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, value: object
) -> None:
    shop.publish()
    monkeypatch.setattr(module, name, value)
    assert shop.publish("2025-11-11").written == 7


def test_another_order_or_other_months_write_all(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.publish()
    for other, files in (({"order_by": ("gmv_date", "units")}, MONTHS), ({"part_by": None}, ["all.parquet"])):
        monkeypatch.setattr(publication, "PUBLIC_MARTS", (replace(BY_DATE, **other), MOVEMENTS, BALANCES))
        published = shop.publish("2025-11-11")
        assert (published.written, shop.files(BY_DATE, published.number)) == (len(files), files)
        shop.check_served()


def test_a_part_that_is_gone_or_cut_off_is_written_anew(shop: Shop) -> None:
    shop.publish()
    (shop.folder(BY_DATE, 1) / MONTHS[0]).unlink()
    part = shop.folder(BY_DATE, 1) / MONTHS[2]
    part.write_bytes(part.read_bytes()[:-1])
    (shop.folder(MOVEMENTS, 1) / MONTHS[0]).unlink()
    assert shop.publish("2025-11-11").written == 3
    shop.check_served()


def test_a_version_from_before_there_were_parts_is_overtaken(shop: Shop) -> None:
    shop.publish()
    (shop.settings.serving / "finance" / "version-000001" / "parts.json").unlink()
    assert shop.publish("2025-11-11").written == 7
    shop.check_served()


# No rows, no dates, sizes


def test_a_mart_without_rows_still_shows_its_columns(shop: Shop) -> None:
    shop.change(
        "delete from marts.gmv_daily; delete from ledger.ledger_balances; delete from movements.gmv_daily_movements"
    )
    published = shop.publish()
    assert published.rows == {"gmv_daily": 0, "gmv_daily_movements": 0, "ledger_balances": 0}
    assert shop.files(BY_DATE, 1) == shop.files(BALANCES, 1) == ["all.parquet"]
    assert shop.served("from gmv_daily_as_known(date '2025-11-11')") == []
    assert shop.publish(known_from="2025-11-11").shared == 3
    shop.check_served()
    shop.change("insert into marts.gmv_daily values (date '2025-10-05', 'S1', 'LIVE', 5, 1)")
    shop.change(
        "insert into movements.gmv_daily_movements values (date '2025-11-12', date '2025-10-05', 'S1', 'LIVE', 5, 1)"
    )
    shop.publish(known_from="2025-11-11")
    assert (shop.files(BY_DATE, 3), shop.files(MOVEMENTS, 3)) == ([MONTHS[1]], [MONTHS[2]])
    shop.check_served()


def test_rows_without_a_date_are_served_too(shop: Shop) -> None:
    shop.change("update marts.gmv_daily set gmv_date = null where gmv_date < '2025-09-20'")
    shop.publish()
    assert shop.files(BY_DATE, 1) == [*MONTHS, "undated.parquet"]
    shop.check_served()
    shop.change("delete from marts.gmv_daily where gmv_date is null")
    shop.publish()
    assert (shop.written(BY_DATE, 2), shop.files(BY_DATE, 2)) == ([], MONTHS)


def test_what_stands_in_the_parts_is_recorded_with_them(shop: Shop) -> None:
    shop.publish()
    contents = json.loads((shop.settings.serving / "finance" / "version-000001" / "parts.json").read_text())
    assert contents.keys() == {"gmv_daily", "gmv_daily_movements", "ledger_balances"}
    parts = contents["gmv_daily"]["parts"]
    assert {name: part["rows"] for name, part in parts.items()} == {"2025-09": 21, "2025-10": 31, "2025-11": 10}
    for name, part in parts.items():
        assert part["bytes"] == (shop.folder(BY_DATE, 1) / f"{name}.parquet").stat().st_size > 0


def test_folders_and_parts_are_for_their_groups(shop: Shop) -> None:
    shop.publish()
    for shared_with, folder_mode, file_mode in (("", 0o700, 0o600), ("finance", 0o750, 0o640)):
        group = shop.settings.home.group() if shared_with else None
        shop.settings = replace(shop.settings, finance_group=group)
        folder = shop.folder(BALANCES, shop.publish("2025-11-11").number)
        for path in (folder, folder.parent, folder.parent.parent):
            assert stat.S_IMODE(path.stat().st_mode) == folder_mode
        assert [stat.S_IMODE(part.stat().st_mode) for part in folder.iterdir()] == [file_mode]


# Movements: months before the window


def test_of_movements_only_months_that_a_run_touched_are_looked_at(shop: Shop) -> None:
    shop.publish(through="2025-11-10")
    shop.change(
        "update movements.gmv_daily_movements set net_cents = 1 where known_on = '2025-10-05'"
    )  # no run does that
    shop.change("update movements.gmv_daily_movements set net_cents = 1 where known_on = '2025-11-11'")
    shop.publish(known_from="2025-11-10")
    assert shop.written(MOVEMENTS, 2) == [MONTHS[2]]
    assert shop.served("select net_cents from gmv_daily_movements where known_on = '2025-11-11'") == [(1,)]


def test_the_month_of_the_last_known_day_is_looked_at(shop: Shop) -> None:
    shop.publish(through="2025-10-31")
    shop.change("update movements.gmv_daily_movements set net_cents = 1 where known_on > '2025-10-30'")
    shop.publish(known_from="2025-10-31")
    assert shop.written(MOVEMENTS, 2) == MONTHS[1:]
    shop.check_served()


def test_a_month_without_movements_any_more_vanishes(shop: Shop) -> None:
    shop.publish(through="2025-11-10")
    shop.change("delete from movements.gmv_daily_movements where known_on > '2025-10-31'")
    shop.publish(known_from="2025-11-10")
    assert (shop.written(MOVEMENTS, 2), shop.files(MOVEMENTS, 2)) == ([], MONTHS[:2])
    shop.check_served()


@pytest.mark.parametrize("known_from, through", [("2025-10-31", "2025-11-10"), ("2025-11-10", "2025-11-11")])
def test_another_window_than_the_next_looks_at_all_movements(shop: Shop, known_from: str, through: str) -> None:
    """So that of a rebuild, or of a run whose last publication counts for nothing since its end was not recorded."""
    shop.publish(through="2025-11-09")
    shop.change("update movements.gmv_daily_movements set net_cents = 1 where known_on = '2025-09-20'")
    shop.publish(known_from, through)
    assert shop.written(MOVEMENTS, 2) == [MONTHS[0]]
    shop.check_served()


def test_movements_that_were_made_anew_are_looked_at_whole(shop: Shop) -> None:
    """A rebuild that was interrupted before it published; the next run goes on from the last publication."""
    shop.publish(through="2025-11-10")
    shop.change(
        """create table movements.again as from movements.gmv_daily_movements;
        update movements.again set net_cents = 1 where known_on = '2025-09-20';
        drop table movements.gmv_daily_movements;
        alter table movements.again rename to gmv_daily_movements"""
    )
    shop.publish(known_from="2025-11-10")
    assert shop.written(MOVEMENTS, 2) == [MONTHS[0]]
    shop.check_served()


def test_a_version_without_its_mark_looks_at_all_movements(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A publication that ended between the ledger's head and the marks: the relation is of the version before it."""
    shop.publish(through="2025-11-09")
    monkeypatch.setattr(publication, "_mark_movements", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        shop.publish("2025-11-09", "2025-11-10")
    monkeypatch.undo()
    monkeypatch.setattr(publication, "PUBLIC_MARTS", (BY_DATE, MOVEMENTS, BALANCES))
    monkeypatch.setattr(publication, "AS_KNOWN", AS_KNOWN[:1])
    shop.change("update movements.gmv_daily_movements set net_cents = 1 where known_on = '2025-09-20'")
    assert shop.publish("2025-11-09").number == 3
    assert shop.written(MOVEMENTS, 3) == [MONTHS[0]]
    shop.check_served()


@pytest.mark.parametrize("mart", [mart for mart in PUBLIC_MARTS if mart.is_by_knowledge], ids=lambda mart: mart.name)
def test_runs_replace_only_their_window_of_public_movements(mart: PublicMart) -> None:
    schema, _, model = mart.relation.partition(".")
    sql = (dbt.PROJECT / "models" / schema / f"{model}.sql").read_text(encoding="utf-8")
    assert "materialized='incremental', incremental_strategy='replace_window', full_refresh=false" in sql


# Readers


@pytest.mark.parametrize("after", [0, 1, 3, 5])
def test_an_interrupted_publication_leaves_the_last_version_served(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    shop.publish()
    before = shop.served("from gmv_daily order by all")
    shop.change(
        "update marts.gmv_daily set net_cents = net_cents + 1; update movements.gmv_daily_movements set units = 2"
    )
    written = iter(range(100))

    def write(*arguments: Any) -> None:
        if next(written) == after:
            raise KeyboardInterrupt
        whole(*arguments)

    whole = mart_parts._write
    with monkeypatch.context() as patched:
        patched.setattr(mart_parts, "_write", write)
        with pytest.raises(KeyboardInterrupt):
            shop.publish()
    assert shop.served("from gmv_daily order by all") == before
    # Before the next run, the month that was written is gone from the mart: nothing of it may stay.
    shop.change("delete from marts.gmv_daily where gmv_date < '2025-10-01'")
    assert shop.publish() == Publication(2, {"gmv_daily": 41, "gmv_daily_movements": 62, "ledger_balances": 1}, 5, 1)
    assert shop.files(BY_DATE, 2) == MONTHS[1:]
    shop.check_served()


def test_a_version_is_whole_once_its_ledger_head_stands(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.publish()
    with monkeypatch.context() as patched:
        patched.setattr(publication, "write_views", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            shop.publish("2025-11-11")
    assert publication.published_head(shop.settings) == HEAD
    write_views(shop.settings)
    assert not views_elsewhere(shop.settings)
    assert "version-000002" in shop.served("select sql from duckdb_views() where view_name = 'gmv_daily'")[0][0]


def test_a_version_whose_ledger_head_was_changed_is_moved_away_and_made_anew(shop: Shop, tmp_path: Path) -> None:
    shop.publish()
    version = shop.settings.serving / "finance" / "version-000001"
    (version / "ledger_head.json").write_text("{}")
    with pytest.raises(RefusedError, match=r"move .*version-000001 away, then `incentives rebuild`"):
        publication.published_head(shop.settings)
    version.rename(tmp_path / "away")
    assert publication.published_head(shop.settings) is None
    shop.publish()
    assert publication.published_head(shop.settings) == HEAD
    shop.check_served()


def test_an_open_reader_keeps_its_version(shop: Shop) -> None:
    shop.publish()
    with duckdb.connect(str(shop.settings.serving / "marts.duckdb"), read_only=True) as reader:
        before = reader.execute("from gmv_daily order by all").fetchall()
        shop.change("update marts.gmv_daily set net_cents = 5 where gmv_date > '2025-10-01'")
        shop.publish()
        assert reader.execute("from gmv_daily order by all").fetchall() == before


def test_as_known_reads_all_parts(shop: Shop) -> None:
    shop.publish()
    shop.publish("2025-11-11")
    known = "select count(*), max(gmv_date), sum(net_usd) from gmv_daily_as_known(date '{}')"
    for day, days in ((date(2025, 9, 10), 0), (date(2025, 10, 5), 25), (date(2025, 11, 11), 62)):
        last = day - DAY if days else None
        assert shop.served(known.format(day)) == [(days, last, days if days else None)]


def test_only_the_part_of_a_month_is_decoded_for_it(shop: Shop) -> None:
    """The statistics at the ends of the other files are enough: their rows may be anything."""
    shop.publish()
    for name in (MONTHS[0], MONTHS[2]):
        part = shop.folder(BY_DATE, 1) / name
        content = part.read_bytes()
        footer = int.from_bytes(content[-8:-4], "little") + 8
        part.write_bytes(content[:4] + bytes(len(content) - 4 - footer) + content[-footer:])
    october = "select count(*), sum(net_cents) from gmv_daily where gmv_date between '2025-10-01' and '2025-10-31'"
    assert shop.served(october) == [(31, 3100)]
    with pytest.raises(duckdb.Error):
        shop.served("select sum(net_cents) from gmv_daily")


def test_parts_that_are_gone_are_named(shop: Shop) -> None:
    shop.publish()
    for part in shop.folder(BY_DATE, 1).iterdir():
        part.unlink()
    with pytest.raises(
        SettingsError, match=r"gmv_daily holds no part of gmv_daily; `incentives run` publishes it anew"
    ):
        write_views(shop.settings)


def _interrupted(*_: Any) -> None:
    raise KeyboardInterrupt
