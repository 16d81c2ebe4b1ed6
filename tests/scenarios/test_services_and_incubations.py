"""Affiliate services and incubated creators beside the cents: evidence, who got nothing and why, and instances side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from compiled.project import compiled_project
from compiled.world import World

from data_contracts.terms import Program, load_programs
from scenarios.notation import Notation
from scenarios.scenario import PROGRAMS, lines_of, program_with

KINDS = ("affiliate_service", "creator_incubation")
DAY = date(2025, 10, 1)
NEXT_DAY = date(2025, 10, 2)
Found = dict[tuple[str, str], tuple[int, str, dict[str, Any]]]
KEY = "program_id, period, beneficiary_type, beneficiary_id, subject_id, component, instrument"


def program_of(shipped: str, **terms: Any) -> Program:
    """A shipped program with changed terms."""
    return program_with(yaml.safe_load((PROGRAMS / f"{shipped}.yaml").read_text(encoding="utf-8")), terms, [])


def world_of(programs: Sequence[Program], happened: str, later: str = "", as_of: date = NEXT_DAY) -> World:
    """What landed on 2025-10-01 and what did later, on the as-of day, in UTC."""
    world = World(programs=programs, project=compiled_project().upstream(*KINDS))
    for landed_on, text in ((DAY, happened), (as_of, later)):
        notation = Notation(landed_on, ZoneInfo("UTC"))
        for sentence in lines_of(text):
            world.deliver(notation.records(sentence))
    world.build(as_of)
    return world


def looked_at(world: World, kind: str) -> Found:
    """Amount, reason and evidence of every beneficiary and subject that a kind looked at."""
    rows = world.rows(f"select beneficiary_id, subject_id, amount_cents, reason, evidence from awards.{kind}")
    return {(row[0], row[1]): (row[2], row[3], json.loads(row[4])) for row in rows}


# Affiliate services

SHOPS = """
P1 serves shop S{1..8} from 2025-09-01 in AFFILIATE
partner P1 is a TSP
P9 serves shop Y from 2025-09-01 in AFFILIATE
order O1 paid 2025-10-01: S1 3,000,000 by creator C, S8 2,000,000 by creator C, S2 100,000 by creator C, S3 99,999 by creator C
order O2 paid 2025-10-01: S4 100,000, S5 500 less 500 seller discount by creator C, S7 60,000 by creator C
order O3 paid 2025-10-01: Y 100,000 by creator C, Z 100,000 by creator C
order O4 paid 2025-10-01: S6 100,000 by creator C
order O5 paid 2025-09-30: S7 100,000 by creator C
line O6/1 of order O7: S7 100,000
line O6/1 came from LIVE by creator C
"""


@pytest.fixture(scope="module")
def shops() -> Found:
    program = program_of("affiliate_service_2025q4", max_sellers=3, partner_types=["TSP"])
    return looked_at(world_of([program], SHOPS), "affiliate_service")


def test_shops_that_are_looked_at(shops: Found) -> None:
    """Not S4 and S5, which have no affiliate GMV, Y of another type of partner, or Z, which nobody serves."""
    assert {subject: (amount, reason) for (_, subject), (amount, reason, _) in shops.items()} == {
        "S1": (100_000, "the highest reward of a shop"),
        "S8": (100_000, "a share of the affiliate GMV"),
        "S2": (5_000, "a share of the affiliate GMV"),
        "S6": (0, "no place: other shops of the partner take them all"),
        "S3": (0, "below the minimum"),
        "S7": (0, "below the minimum"),
    }


def test_figures_of_a_shop(shops: Found) -> None:
    assert shops["P1", "S1"][2] == {
        "measure": "net",
        "service": "AFFILIATE",
        "counted_first_day": "2025-10-01",
        "counted_last_day": "2025-10-01",
        "known_through": "2025-10-02",
        "days_with_gmv": 1,
        "gmv_cents": 3_000_000,
        "min_gmv_cents": 100_000,
        "rate_bps": 500,
        "share_cents": 150_000,
        "max_reward_cents": 100_000,
        "taken_by_max_reward_cents": 50_000,
        "reward_cents": 100_000,
        "rank": 1,
        "max_sellers": 3,
        "is_cut_off_read_as_first_delivery": False,
    }


def test_rank_and_reward_of_shops_without_a_place(shops: Found) -> None:
    names = ("rank", "gmv_cents", "reward_cents", "taken_by_max_reward_cents")
    assert {subject: tuple(evidence[name] for name in names) for (_, subject), (_, _, evidence) in shops.items()} == {
        "S1": (1, 3_000_000, 100_000, 50_000),
        "S8": (2, 2_000_000, 100_000, 0),
        "S2": (3, 100_000, 5_000, 0),
        "S6": (4, 100_000, 5_000, 0),
        "S3": (5, 99_999, 0, 0),
        "S7": (6, 60_000, 0, 0),
    }


def test_a_share_of_less_than_a_cent() -> None:
    program = program_of("affiliate_service_2025q4", min_gmv_cents=0, rate_bps=1)
    world = world_of(
        [program],
        "P1 serves shop A from 2025-10-01 in AFFILIATE\norder O1 paid 2025-10-01: A 9,999 by creator C",
    )
    assert looked_at(world, "affiliate_service")["P1", "A"][:2] == (0, "a share of less than a cent")


# Incubated creators

CREATORS = """
partner P1 is a TSP
partner P2 is a MCN
C{1..5} is on list incubation_2025q4
C6 is on list incubation_2025q4 until 2025-10-01 12:00
P1 serves creator C{1..3} from 2025-09-01
P1 serves creator C6 from 2025-09-01
P2 serves creator C4 from 2025-09-01
order X9 paid 2025-10-01 09:00: A 1 by creator C1
order X10 paid 2025-10-01 09:00: A 1,500,000 by creator C1
order O1 paid 2025-10-01 08:00: A 500 less 500 seller discount by creator C1
order O2 paid 2025-10-01: A 99,999 by creator C2, A 100,000 by creator C4, A 100,000 by creator C5, A 100,000 by creator C6
order O3 paid 2025-10-01 11:59:59: A 100,000 by creator C6
order O4 paid 2025-10-01: A 500 less 500 seller discount by creator C3
order O5 paid 2025-10-02: A 5,000,000 by creator C1
"""


@pytest.fixture(scope="module")
def creators() -> Found:
    program = program_of("creator_incubation_2025q4", partner_types=["TSP"])
    return looked_at(world_of([program], CREATORS), "creator_incubation")


def test_creators_that_are_looked_at(creators: Found) -> None:
    """Not C3, which no line binds, or C5, which nobody serves."""
    assert {key: (amount, reason) for key, (amount, reason, _) in creators.items()} == {
        ("P1", "C1"): (250_000, "tier reached"),
        ("P1", "C2"): (0, "below the first tier"),
        ("P2", "C4"): (0, "the partner is of no type that is named"),
        ("P1", "C6"): (100_000, "tier reached"),
    }


def test_figures_of_a_creator(creators: Found) -> None:
    assert creators["P1", "C1"][2] == {
        "measure": "net",
        "service": "CREATOR",
        "creators_list": "incubation_2025q4",
        "removed_at": None,
        "counted_first_day": "2025-10-01",
        "counted_last_day": "2025-10-01",
        "known_through": "2025-10-02",
        "counted_lines": 3,
        "gmv_cents": 1_500_001,
        "tier_cents": 1_000_000,
        "next_tier_cents": 5_000_000,
        "binding_order_line_id": "X10/1",
        "binding_order_id": "X10",
        "binding_paid_at": "2025-10-01 09:00:00+00",
        "binding_day": "2025-10-01",
        "is_named_type": True,
        "is_cut_off_read_as_first_delivery": False,
    }


def test_figures_of_a_creator_who_was_removed(creators: Found) -> None:
    evidence = creators["P1", "C6"][2]
    assert evidence["removed_at"] == "2025-10-01 12:00:00+00"
    assert (evidence["gmv_cents"], evidence["tier_cents"], evidence["next_tier_cents"]) == (100_000, 100_000, 1_000_000)


# Instances of a kind, side by side

SIDE_BY_SIDE = """
partner P1 is a TSP
C is on list incubation_2025q4
D is on list others
P1 serves creator C from 2025-09-01
P1 serves creator D from 2025-09-01
P1 serves shop A from 2025-09-01 in AFFILIATE
P1 serves shop B from 2025-09-01 in SHOP
order O1 paid 2025-10-01: A 200,000 by creator C, B 200,000 by creator D
refund R1 of O1/1: 50,000
refund R2 of O1/2: 150,000
"""


def test_two_instances_of_each_kind() -> None:
    """One by net and one by gross, with other services, lists, types and tiers; they share everything that happened."""
    programs = [
        *load_programs(PROGRAMS),
        program_of(
            "affiliate_service_2025q4", program_id="by_shop", service="SHOP", measure="gross", rate_bps=100,
            max_reward_cents=1_500, max_sellers=1, partner_types=["TSP"], instrument="CASH",
        ),
        program_of("affiliate_service_2025q4", program_id="services_of_caps", partner_types=["CAP"]),
        program_of(
            "creator_incubation_2025q4", program_id="others", creators_list="others", measure="gross",
            tiers=[{"threshold_cents": 200_000, "amount_cents": 7}], partner_types=["TSP"],
        ),
        program_of("creator_incubation_2025q4", program_id="creators_of_caps", partner_types=["CAP"]),
    ]  # fmt: skip
    world = world_of(programs, SIDE_BY_SIDE)
    found = [row for kind in KINDS for row in world.rows(f"select {KEY}, amount_cents from awards.{kind} order by all")]
    window = "2025-10-01..2025-12-31"
    assert found == [
        ("affiliate_service_2025q4", window, "PARTNER", "P1", "A", "seller_service", "AD_CREDIT", 7_500),
        ("by_shop", window, "PARTNER", "P1", "B", "seller_service", "CASH", 1_500),
        ("creator_incubation_2025q4", window, "PARTNER", "P1", "C", "incubation", "CASH", 100_000),
        ("creators_of_caps", window, "PARTNER", "P1", "C", "incubation", "CASH", 0),
        ("others", window, "PARTNER", "P1", "D", "incubation", "CASH", 7),
    ]


AT_FIRST = """
C{1..5} is on list incubation_2025q4
P1 serves creator C{2..5} from 2025-09-01
order O{1..5} paid 2025-10-01: A 100,000 by creator C{1..5}
order O6 paid 2025-10-01: B 100,000 by creator Z
refund R4 of O4/1: 1
refund R5 of O5/1: 1
"""
BETWEEN_THE_CUT_OFFS = """
P1 serves creator C1 from 2025-09-01
P1 serves shop B from 2025-09-01 in AFFILIATE
order O2 paid 2025-10-01 sample
refund R6 of O4/1: 0 supersedes R4
"""


def test_each_instance_knows_what_is_known_at_its_own_cut_off() -> None:
    """One of each kind freezes on 2026-01-30, the other one on 2026-03-31."""
    shipped = ["affiliate_service_2025q4", "creator_incubation_2025q4"]
    programs = [program_of(each) for each in shipped]
    programs += [program_of(each, program_id=f"early_{each}", clawback_days=30) for each in shipped]
    world = world_of(programs, AT_FIRST, BETWEEN_THE_CUT_OFFS, as_of=date(2026, 2, 15))
    found = [
        row
        for kind in KINDS
        for row in world.rows(
            f"select program_id, subject_id, amount_cents from awards.{kind} where amount_cents > 0 order by all"
        )
    ]
    assert found == [
        ("affiliate_service_2025q4", "B", 5_000),
        ("creator_incubation_2025q4", "C1", 100_000),
        ("creator_incubation_2025q4", "C3", 100_000),
        ("creator_incubation_2025q4", "C4", 100_000),
        ("early_creator_incubation_2025q4", "C2", 100_000),
        ("early_creator_incubation_2025q4", "C3", 100_000),
    ]
