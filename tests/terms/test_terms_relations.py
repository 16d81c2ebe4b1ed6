"""The relations as SQL reads them back: typed, whole, replaced at once, and there even when empty."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from data_contracts.terms import RELATIONS, relation_rows, version_hash
from data_contracts.terms.relations import figures
from orchestration.terms_relations import write_terms

L0 = date(2025, 9, 10)
AS_OF = date(2025, 10, 4)


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        yield opened


def read(connection, relation, where="true"):
    cursor = connection.execute(f"select * from terms.{relation} where {where} order by all")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_programs_are_written(connection, two):
    write_terms(connection, two, AS_OF, L0)
    assert [row | {"title": ""} for row in read(connection, "programs")] == [
        {
            "program_id": program_id,
            "kind": kind,
            "title": "",
            "instrument": instrument,
            "window_first_day": date(2025, 10, 1),
            "window_last_day": date(2025, 12, 31),
            "entrants": None,
            "hold_days": 30,
            "clawback_days": 90,
        }
        for program_id, kind, instrument in (
            ("referral_2025q4", "referral_reward", "SHOP_CREDIT"),
            ("tsp_daily_gmv_2025q4", "incremental_daily_gmv", "CASH"),
        )
    ]


def test_periods_are_written(connection, two):
    write_terms(connection, two, AS_OF, L0)
    assert read(connection, "periods", "kind = 'incremental_daily_gmv'") == [
        {
            "program_id": "tsp_daily_gmv_2025q4",
            "kind": "incremental_daily_gmv",
            "period": "2025-10-01..2025-12-31",
            "first_day": date(2025, 10, 1),
            "last_day": date(2025, 12, 31),
            "settle_on": date(2026, 1, 30),
            "freeze_on": date(2026, 3, 31),
            "close_on": None,
            "stage": "PROVISIONAL",
            "version_no": 1,
            "has_begun": True,
            "known_through": AS_OF,
            "is_cut_off_read_as_first_delivery": False,
            "counted_through": date(2025, 10, 3),
            "ranked_known_through": None,
            "ranked_version_no": None,
            "is_ranked_cut_off_read_as_first_delivery": False,
            "baseline_freeze_on": date(2025, 10, 31),
            "baseline_known_through": AS_OF,
            "is_baseline_cut_off_read_as_first_delivery": False,
        }
    ]
    (campaign,) = read(connection, "periods", "kind = 'referral_reward'")
    assert (campaign["period"], campaign["close_on"]) == ("referral_2025q4", date(2026, 5, 30))
    assert (campaign["version_no"], campaign["known_through"], campaign["stage"]) == (1, AS_OF, None)


def test_versions_are_written_with_nulls_where_a_kind_has_no_such_term(connection, two):
    write_terms(connection, two, AS_OF, L0)
    referral, daily_gmv = two
    nothing = dict.fromkeys(RELATIONS["versions"])
    assert read(connection, "versions") == [
        nothing
        | {
            "program_id": "referral_2025q4",
            "version_no": 1,
            "version_hash": version_hash(referral, 1),
            "effective_from": date(2025, 10, 1),
            "measure": "net",
            "is_any_partner": True,
            "amount_per_referral_cents": 5_000,
            "max_referrals": 50,
            "min_order_cents": 1_000,
            "click_window_days": 30,
            "purchase_window_days": 30,
        },
        nothing
        | {
            "program_id": "tsp_daily_gmv_2025q4",
            "version_no": 1,
            "version_hash": version_hash(daily_gmv, 1),
            "effective_from": date(2025, 10, 1),
            "measure": "net",
            "service": "SHOP",
            "is_any_partner": False,
            "baseline_first_day": date(2025, 9, 1),
            "baseline_last_day": date(2025, 9, 30),
            "baseline_floor_cents": 0,
        },
    ]


def test_each_version_has_its_tiers_and_types(connection, load, daily_gmv):
    first = daily_gmv["versions"][0]
    tiers = [{"threshold_cents": 1, "amount_cents": 2}]
    later = {"effective_from": date(2025, 11, 1), "partner_types": ["TSP", "CAP"], "tiers": tiers}
    daily_gmv["versions"].append(first | later)
    write_terms(connection, load(daily_gmv), AS_OF, L0)
    program_id = "tsp_daily_gmv_2025q4"
    assert connection.execute("select * from terms.partner_types order by all").fetchall() == [
        (program_id, 1, "TSP"),
        (program_id, 2, "CAP"),
        (program_id, 2, "TSP"),
    ]
    assert connection.execute("select * from terms.tiers order by all").fetchall() == [
        (program_id, 1, "", 1_000_000, 500_000),
        (program_id, 1, "", 2_500_000, 800_000),
        (program_id, 1, "", 5_000_000, 1_200_000),
        (program_id, 1, "", 10_000_000, 2_000_000),
        (program_id, 2, "", 1, 2),
    ]


def test_relations_are_typed_and_there_even_when_empty(connection):
    write_terms(connection, (), AS_OF, None)
    for relation, columns in RELATIONS.items():
        described = connection.execute(f"describe terms.{relation}").fetchall()
        assert {name: sql_type.lower() for name, sql_type, *_ in described} == columns
        assert read(connection, relation) == []


def test_a_later_day_replaces_everything(connection, two):
    write_terms(connection, two, AS_OF, L0)
    write_terms(connection, two[:1], date(2026, 7, 1), L0)
    (campaign,) = read(connection, "periods")
    assert campaign["known_through"] == date(2026, 5, 30)
    assert {row["program_id"] for row in read(connection, "tiers")} == {"referral_2025q4"}


def test_a_failure_leaves_what_was(connection, two, monkeypatch):
    write_terms(connection, two, AS_OF, L0)
    monkeypatch.setitem(RELATIONS, "tiers", RELATIONS["tiers"] | {"class": "no_such_type"})
    with pytest.raises(duckdb.Error):
        write_terms(connection, (), date(2026, 7, 1), L0)
    assert [len(read(connection, relation)) for relation in ("programs", "periods", "tiers")] == [2, 2, 7]
    connection.begin()  # the failed transaction is over


def test_every_figure_of_a_kind_stands_in_a_relation(shipped):
    for program in shipped:
        described = {"kind", "title"}
        assert figures(program).keys() - described <= RELATIONS["programs"].keys() | RELATIONS["versions"].keys()
        for version in program.versions:
            assert figures(version).keys() <= RELATIONS["versions"].keys()


def test_rows_have_a_value_for_each_column(shipped):
    for relation, rows in relation_rows(shipped, AS_OF, L0).items():
        assert rows
        assert {len(row) for row in rows} == {len(RELATIONS[relation])}
