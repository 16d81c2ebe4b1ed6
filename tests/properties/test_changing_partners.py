"""Who serves a shop or a creator: a change moves whole days, and a correction changes only what it names.

Each shop and creator of these worlds has partners of its own, so that a partner's figures say whose they are. Does not belong here:
how assignments overlap (``landing/test_overlaps``).
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from brute_force.comparison import as_known
from brute_force.knowledge import Knowledge, Row
from brute_force.measures import END_OF_TIME, Cube, partner_of
from compiled.project import compiled_project
from compiled.records import Record, record
from compiled.world import World
from hypothesis import event, given
from hypothesis import strategies as st

from properties.effort import tried_on
from properties.lasting import lasting, unchecked
from properties.worlds import (
    CREATORS,
    DAYS,
    PARTNERS,
    SELLERS,
    TIME_ZONES,
    WEEK,
    deliveries,
    key_of,
    small_programs,
    worlds,
)

PROGRAMS = small_programs()
NOW = datetime(2025, 12, 31, tzinfo=UTC)
PARTNER_MOVEMENTS = "partner_gmv_daily_movements"
OF_SUBJECTS = """
    select 'SELLER', seller_id, gmv_date, sum(gross_cents), sum(net_cents), sum(short_video_gross_cents),
        sum(short_video_net_cents), coalesce(sum(gross_cents) filter (content_type = 'LIVE'), 0),
        coalesce(sum(net_cents) filter (content_type = 'LIVE'), 0), sum(affiliate_gross_cents), sum(affiliate_net_cents),
        0, 0, sum(units)
    from movements.gmv_daily_movements where known_on <= '{0}' group by all
    union all
    select 'CREATOR', creator_id, gmv_date, sum(gross_cents), sum(net_cents), sum(short_video_gross_cents),
        sum(short_video_net_cents), coalesce(sum(gross_cents) filter (content_type = 'LIVE'), 0),
        coalesce(sum(net_cents) filter (content_type = 'LIVE'), 0), sum(gross_cents), sum(net_cents), 0, 0, sum(units)
    from movements.creator_gmv_daily_movements where known_on <= '{0}' group by all
"""
SERVICES = {"SELLER": ("SHOP", "AFFILIATE"), "CREATOR": ("CREATOR",)}
FOLLOW = {
    "assignment_versions", "assignment_periods", "assignment_overlaps", "partner_gmv_daily_movements", "partner_gmv_daily",
    "partner_gmv_ranking", "live_session_performance", "incremental_daily_gmv", "award_candidates", "incentive_awards",
    "deliveries",
}  # fmt: skip
"""The models that say who serves whom, what follows from it, and what was delivered."""


def served_apart(records: list[Record]) -> list[Record]:
    """The same world in which no two subjects have a partner in common: A's are A/P1 and A/P2."""
    partners = [f"{subject}/{partner}" for subject in (*SELLERS, *CREATORS) for partner in PARTNERS]
    return [
        *(record("partners", WEEK[0], partner_id=partner, partner_type="TSP") for partner in partners),
        *(own_partner(row) if row.feed == "assignments" else row for row in records),
    ]


def own_partner(row: Record) -> Record:
    """The assignment to the subject's own partner of that name."""
    return Record(row.feed, row.values | {"partner_id": f"{row.values['subject_id']}/{row.values['partner_id']}"})


@tried_on(4)
@given(worlds(), st.sampled_from(WEEK[2:5]), st.sampled_from(WEEK), TIME_ZONES)
def test_a_shop_that_changes_its_partner_moves_whole_days(
    records: list[Record], moves_on: date, landed_on: date, time_zone: str
) -> None:
    """As known on every day: all figures of a paid day stand with the partner of that day, and with nobody else."""
    moved = record("assignments", landed_on, assignment_id="Z", partner_id="A/P3", subject_type="SELLER", subject_id="A",
                   service="SHOP", valid_from=moves_on)  # fmt: skip
    records = [*served_apart(records), moved]
    world = World(records, (), time_zone, compiled_project().upstream(PARTNER_MOVEMENTS).without_checks())
    world.build(DAYS[-1])
    for known_on in DAYS:
        serving = partner_of(Knowledge(records, time_zone).held("assignments", known_on))
        whole_days: Cube = {}
        for kind, subject, day, *figures in world.rows(OF_SUBJECTS.format(known_on)):
            for service in SERVICES[kind]:
                if any(figures) and (partner := serving(kind, subject, service, day)):
                    whole_days[day, partner, service] = tuple(figures)
        found = as_known(world, PARTNER_MOVEMENTS, known_on)
        assert {key: figures for key, figures in found.items() if key[-1] != "MATCHED"} == whole_days, known_on
    event(f"{len({key[1] for key in whole_days if key[1].startswith('A/') and key[2] == 'SHOP'})} partners of the shop")


@tried_on(4)
@given(worlds(), deliveries("assignments", 1, 1), st.sampled_from(["X00", "X01", "Y00", "X10"]), TIME_ZONES)
def test_a_corrected_assignment_changes_only_what_it_names(
    records: list[Record], corrections: list[Record], corrected: str, time_zone: str
) -> None:
    """Other subjects, services and days than those of the version before and of itself keep their figures and awards."""
    new = Record("assignments", own_partner(corrections[0]).values | {"assignment_id": corrected, "updated_at": NOW})
    records = [row for row in served_apart(records) if key_of(row) != key_of(new)]
    plain, changed = (World(rows, PROGRAMS, time_zone, unchecked()) for rows in (records, [*records, new]))
    plain.build(DAYS[-1])
    changed.build(DAYS[-1])
    subjects = {new.values["subject_id"]}
    for known_on in DAYS:
        assignments = Knowledge(records).held("assignments", known_on)
        versions = [row for row in assignments if row["assignment_id"] == corrected]
        versions = [*versions, new.values] if new.values["landed_on"] <= known_on else []
        subjects |= {version["subject_id"] for version in versions}
        was, now = as_known(plain, PARTNER_MOVEMENTS, known_on), as_known(changed, PARTNER_MOVEMENTS, known_on)
        for key in was.keys() | now.keys():
            if was.get(key) != now.get(key):
                assert any(names(version, assignments, *key) for version in versions), (known_on, key)
    event("something changed" if was != now else "nothing changed")
    others = f"where split_part({{}}, '/', 1) not in ({', '.join(map(repr, subjects))}) order by all"
    for relation, column in (
        ("awards.award_candidates", "beneficiary_id"), ("marts.partner_gmv_daily", "partner_id"),
        ("marts.live_session_performance", "seller_id"),
    ):  # fmt: skip
        of_others = f"from {relation} {others.format(column)}"
        assert changed.rows(of_others) == plain.rows(of_others), relation
    unchanged, standing = lasting(plain), lasting(changed)
    for name in unchanged.keys() - FOLLOW:
        assert standing[name] == unchanged[name], name


def names(version: Row, assignments: list[Row], day: date, partner: str, service: str) -> bool:
    """Whether a version of an assignment says who serves a partner's subject on a day, itself or by ending another one."""
    subject = ("subject_type", "subject_id", "service")
    same = [row for row in assignments if all(row[part] == version[part] for part in subject)]
    ended = [row for row in same if row["valid_from"] <= version["valid_from"]]
    until = max(row["valid_to"] or END_OF_TIME for row in [version, *ended])
    return (
        partner.startswith(f"{version['subject_id']}/")
        and service == version["service"]
        and version["valid_from"] != version["valid_to"]
        and version["valid_from"] <= day < until
    )
