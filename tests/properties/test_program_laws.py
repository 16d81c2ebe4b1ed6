"""Laws of programs of every kind: what more sales, another name, a stranger or a second program may change, and what caps say.

Does not belong here: what is owed in one case (``scenarios``), and laws of figures that no program decides (``test_laws``).
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from compiled.records import Record, record
from compiled.world import World
from hypothesis import given
from hypothesis import strategies as st

from properties.effort import tried_on
from properties.program_worlds import (
    AS_OF,
    BEFORE,
    COUNTED,
    CREATORS,
    FIRST,
    HOUR,
    PARTNERS,
    PROGRAMS,
    SECOND,
    SERVICE,
    SHOPS,
    VIDEO,
    Candidates,
    amounts,
    at,
    built,
    candidates,
    livestream,
    owed,
    program_worlds,
    renamed,
    renamed_candidates,
    sale,
    sales,
    served,
)

RANKED = {"monthly_rank", "leaderboard"}
TIERS = {"daily_gmv", "matching", "incubation", "attendance", "seller_service"}
"""Components that pay by what was sold, and by nobody else's sales; one_shop apart, whose shops take places from each other."""
NAMES = st.permutations(["0", "P1", "P11", "Zed", "a b", "it's", "z", "É", "é", "中", "𝒵", "S1"])
"""Names in no order; among them one that a partner and one that a shop has already."""
HUGE = 9_000_000
COSTS = {"order_lines": {"original_amount_cents": 120}, "refunds": {"amount_cents": 20}}
"""What makes worlds of ties: all lines cost the same."""


def test_every_program_pays_somebody() -> None:
    """The drawn worlds are worth a law: each program owes something in some of a few of them."""
    paid: set[str] = set()

    @tried_on(6)
    @given(program_worlds())
    def look(records: list[Record]) -> None:
        paid.update(key.program_id for key in owed(candidates(built(records, date(2025, 10, 5)))))

    look()
    assert paid == {program.program_id for program in PROGRAMS}


# More sales


def tiers_owed(found: Candidates) -> Counter[tuple[str, ...]]:
    """Cents by award of a tier; of an incubated creator by whoever is its partner, since an earlier sale binds another one."""
    cents: Counter[tuple[str, ...]] = Counter()
    for key, one in found.items():
        if key.component in TIERS and key.program_id != "one_shop":
            cents[key._replace(beneficiary_id="") if key.component == "incubation" else key] += one.amount_cents
    return cents


def raised(row: Record, lines: set[str], cents: int) -> Record:
    """The row, dearer where it is one of those lines."""
    if row.feed != "order_lines" or row.values["order_line_id"] not in lines:
        return row
    return Record(row.feed, row.values | {"original_amount_cents": row.values["original_amount_cents"] + cents})


@tried_on(5)
@given(
    program_worlds(), sales("more", COUNTED, 1, 4), st.sets(st.sampled_from([f"L{n}" for n in range(10)])), amounts, AS_OF
)  # fmt: skip
def test_more_sales_never_lower_an_award_of_a_tier(
    records: list[Record], more: list[Record], dearer: set[str], cents: int, as_of: date
) -> None:
    """Sales on counted days are added, and others are dearer; what is before the windows stays as it was."""
    was = tiers_owed(candidates(built(records, as_of)))
    now = tiers_owed(candidates(built([*(raised(row, dearer, cents) for row in records), *more], as_of)))
    assert {key: (was[key], now[key]) for key in was if now[key] < was[key]} == {}


# Caps and budgets


@tried_on(8)
@given(program_worlds(), AS_OF)
def test_caps_and_budgets_are_kept_and_used(records: list[Record], as_of: date) -> None:
    world = built(records, as_of)
    found = candidates(world)
    budgets_are_kept_and_used(world, records, as_of, found)
    shops_have_places_up_to_the_cap(found)
    referrals_have_places_up_to_the_cap(found)
    places_are_on_the_ladder(found)


def claims(world: World) -> dict[tuple[str, str, str], tuple[int, int]]:
    """What each deal's redemptions ask for in a month, in plain Python, and its budget then."""
    asked: dict[tuple[str, str, str], tuple[int, int]] = {}
    for program_id, deal, period, budget, counts, discount, share, gross, net in world.rows(
        "select program_id, deal_id, period, budget_amount_cents, not restored and is_within_deal and is_invited and "
        "seller_id = deal_seller_id, discount_amount_cents, platform_share_bps, gross_cents, net_cents "
        "from subjects.redeemed_lines"
    ):
        cost = discount * share // 10_000 * net // gross if counts and gross else 0
        asked[program_id, deal, period] = (asked.get((program_id, deal, period), (0, 0))[0] + cost, budget)
    return asked


def budgets_are_kept_and_used(world: World, records: list[Record], as_of: date, found: Candidates) -> None:
    """Month by month a deal draws what is asked for and left; in all never more than the greatest budget that it had."""
    drawn = {
        (key.program_id, key.subject_id, key.period): one.amount_cents
        for key, one in found.items()
        if key.component == "deal_cost"
    }
    spent: Counter[tuple[str, str]] = Counter()
    for (program_id, deal, period), (asked, budget) in sorted(claims(world).items()):
        left = max(budget - spent[program_id, deal], 0)
        assert drawn.pop((program_id, deal, period)) == min(asked, left), (program_id, deal, period)
        spent[program_id, deal] += min(asked, left)
    assert drawn == {}
    for (_, deal), cents in spent.items():
        versions = [row.values for row in records if row.feed == "deals" and row.values["deal_id"] == deal]
        assert cents <= max(row["budget_amount_cents"] for row in versions if row["landed_on"] <= as_of)


def amounts_of(found: Candidates, program_id: str, component: str) -> dict[str, list[int]]:
    """What a program pays each beneficiary in a component, the most first."""
    paid: dict[str, list[int]] = {}
    for key, one in found.items():
        if (key.program_id, key.component) == (program_id, component) and one.amount_cents:
            paid.setdefault(key.beneficiary_id, []).append(one.amount_cents)
    return {beneficiary: sorted(cents, reverse=True) for beneficiary, cents in paid.items()}


def shops_have_places_up_to_the_cap(found: Candidates) -> None:
    """The only place of a partner goes to the best of all shops that would earn, and no shop earns more than the most."""
    every, best = (amounts_of(found, name, "seller_service") for name in ("affiliate_service_2025q4", "one_shop"))
    assert best == {partner: cents[:1] for partner, cents in every.items()}
    assert all(cents[0] <= SERVICE["max_reward_cents"] for cents in every.values())


def referrals_have_places_up_to_the_cap(found: Candidates) -> None:
    """The only place of a referrer is taken where any referral would be paid."""
    every, first = (amounts_of(found, name, "referral") for name in ("referral_2025q4", "one_referral"))
    assert first == {referrer: cents[:1] for referrer, cents in every.items()}


def places_are_on_the_ladder(found: Candidates) -> None:
    """Each place of a period is paid once at most, and what it pays is what the terms say."""
    taken = Counter[Any]()
    ladders = {program.program_id: program.versions[0].places() for program in PROGRAMS}
    for key, one in found.items():
        if key.component in RANKED and one.amount_cents:
            rank = one.evidence["rank"]
            taken[key.program_id, key.period, rank] += 1
            places = ladders[key.program_id]
            assert one.amount_cents in [place.amount_cents for place in places if place.first_rank == rank]
    assert max(taken.values(), default=1) == 1, taken


# Names


@tried_on(5)
@given(program_worlds(), NAMES, AS_OF)
def test_names_in_the_same_order_change_nothing_else(records: list[Record], names: list[str], as_of: date) -> None:
    """Not even where everybody is tied: names of partners, shops and creators decide by their order alone."""
    mapping: dict[str, str] = {}
    for group in (PARTNERS, SHOPS, CREATORS):
        mapping |= zip(group, sorted(names[len(mapping) :][: len(group)], key=str.encode), strict=True)
    records = [Record(row.feed, row.values | COSTS.get(row.feed, {})) for row in records]
    was = candidates(built(records, as_of))
    assert candidates(built(renamed(records, mapping), as_of)) == renamed_candidates(was, mapping)


@tried_on(4)
@given(
    program_worlds(),
    st.permutations(PARTNERS[::-1]),
    st.permutations(SHOPS[::-1]),
    st.permutations(CREATORS[::-1]),
    AS_OF,
)
def test_names_in_another_order_change_only_ties(
    records: list[Record], partners: list[str], shops: list[str], creators: list[str], as_of: date
) -> None:
    """Partners, shops and creators exchange their names."""
    names = dict(zip((*PARTNERS, *SHOPS, *CREATORS), (*partners, *shops, *creators), strict=True))
    assert_renamed(records, names, as_of)


@tried_on(3)
@given(program_worlds(), st.sampled_from(PARTNERS), st.sampled_from(["z", "0", "P11", "é"]), AS_OF)
def test_a_partner_takes_its_awards_along_to_a_new_name(
    records: list[Record], partner: str, name: str, as_of: date
) -> None:
    """And nobody else's award is another one."""
    assert_renamed(records, {partner: name}, as_of)


def assert_renamed(records: list[Record], names: dict[str, str], as_of: date) -> None:
    """Every candidate of a program without ties is the same under the new names, to the last figure."""
    was, now = candidates(built(records, as_of)), candidates(built(renamed(records, names), as_of))
    ties = tied(was)
    expected = {key: one for key, one in renamed_candidates(was, names).items() if key.program_id not in ties}
    assert {key: one for key, one in now.items() if key.program_id not in ties} == expected


def tied(found: Candidates) -> set[str]:
    """Programs in which the order of names decides between two."""
    compared: Counter[tuple[Any, ...]] = Counter()
    for key, one in found.items():
        seen, race = one.evidence, (key.program_id, key.period)
        if key.component == "monthly_rank" and seen["rank"] is not None:
            compared[*race, seen["growth_cents"], seen["gross_cents"]] += 1
        elif key.component == "leaderboard" and seen["is_ranked"]:
            compared[*race, seen["drawn_score_cents"], seen["drawn_gross_cents"]] += 1
        elif key.component == "seller_service":
            compared[*race, key.beneficiary_id, seen["reward_cents"], seen["gmv_cents"]] += 1
    return {program_id for (program_id, *_), entrants in compared.items() if entrants > 1}


# Who is not eligible


@tried_on(4)
@given(program_worlds(), AS_OF)
def test_who_is_not_eligible_changes_no_award(records: list[Record], as_of: date) -> None:
    was = owed(candidates(built(records, as_of)))
    strange = [
        *of_no_named_type(), *too_short(), *below_the_minimum(), *sold_for_nothing(), *used_in_vain(records),
        *invited_in_vain(),
    ]  # fmt: skip
    now = owed(candidates(built([*records, *strange], as_of)))
    assert {key: award for key, award in now.items() if key.beneficiary_id != "0 small"} == was
    assert not {key for key in now if key.beneficiary_id == "0 small" and key.component in RANKED}


def of_no_named_type() -> list[Record]:
    """A partner whose type no program names sells the most: for shops not or no more invited, and with a listed creator."""
    other, listed = "0 other", {"subject_id": "0 creator", "list_id": "incubation_2025q4"}
    gone = {"subject_id": "0 gone", "list_id": "key_live_events_2025q4", "removed_at": at(COUNTED[0])}
    came: dict[str, Any] = {"creator_id": "0 creator", "matched_by_partner_id": other}
    records = [record("program_lists", BEFORE[0], **values) for values in (listed, gone)]
    records.append(record("partners", BEFORE[0], partner_id=other, partner_type="MCN"))
    records.append(record("partner_ranks", BEFORE[1], partner_id=other, snapshot_on=BEFORE[1], rank_code="SILVER"))
    records.append(record("partner_ranks", COUNTED[0], partner_id=other, snapshot_on=COUNTED[0], rank_code="DIAMOND"))
    records += served(other, "0 creator", "CREATOR")
    for shop in ("0 shop", "0 gone"):
        records += served(other, shop, "SHOP", "AFFILIATE")
        for day in COUNTED:
            live = f"{shop} {day}"
            records.append(livestream(live, shop, "0 creator", at(day)))
            records += sale(live, at(day), shop, HUGE, content_type="LIVE", content_id=live, **came)
            records += sale(f"{live} video", at(day), shop, HUGE, **VIDEO, **came)
    return records


def too_short() -> list[Record]:
    """Livestreams of an invited shop, a second short of an hour; nobody serves the shop whose lines they sell."""
    return [
        row
        for day in COUNTED
        for live in [f"0 short {day}"]
        for row in (
            livestream(live, "S1", "C1", at(day), seconds=3_599),
            *sale(live, at(day), "nobody's", HUGE, content_type="LIVE", content_id=live),
        )
    ]


def below_the_minimum() -> list[Record]:
    """A partner enters the race and the championship with a cent too little, which may earn it an award of another kind."""
    records = [record("partners", BEFORE[0], partner_id="0 small", partner_type="CAP")]
    records += served("0 small", "0 small shop", "SHOP", "AFFILIATE")
    for month, day in enumerate(COUNTED[::2]):
        live = f"0 small {day}"
        records.append(livestream(live, "0 small shop", "0 creator", at(day)))
        records += sale(live, at(day), "0 small shop", 99, content_type="LIVE", content_id=live)
        records += sale(f"0 clip {month}", at(day), "0 small shop", 49, **VIDEO)
    return records


def sold_for_nothing() -> list[Record]:
    """Lines that count nowhere, of a shop, a creator and a partner that earn."""
    came: dict[str, Any] = {
        "creator_id": "C1",
        "matched_by_partner_id": "P1",
        "content_type": "LIVE",
        "content_id": "V1",
    }
    reasons: dict[str, dict[str, Any]] = {
        "orders": {"is_sample": True, "is_replacement": True, "is_exchange": True, "paid_at": None},
        "order_lines": {"is_gift": True},
    }
    return [
        Record(row.feed, row.values | ({column: value} if row.feed == feed else {}))
        for feed, columns in reasons.items()
        for column, value in columns.items()
        for row in sale(f"0 {column}", at(COUNTED[0]), "S1", HUGE, **came)
    ]


def used_in_vain(records: list[Record]) -> list[Record]:
    """Redemptions of every line that are restored, or at the end of the deal; of another shop, or of a gift."""
    lines = [row.values for row in records if row.feed == "order_lines"]
    uses = [(line["order_line_id"], line["seller_id"], restored) for line in lines for restored in (True, False)]
    uses += [("0 short 2025-09-30", "S2", False), ("0 is_gift", "S1", False)]
    return [
        record("deal_redemptions", COUNTED[1], redemption_id=f"0 {line} {restored}", deal_id=f"deal of {shop}",
               order_line_id=line, discount_amount_cents=HUGE, restored=restored,
               redeemed_at=at(COUNTED[0]) if restored or line.startswith("0") else at(COUNTED[3]))
        for line, shop, restored in uses
    ]  # fmt: skip


def invited_in_vain() -> list[Record]:
    """Friends of a referrer that buy first and fail: the referrer itself, an employee, one abroad, and one who clicked after it."""
    first = at(COUNTED[0]) - 2 * HOUR
    members: dict[str, dict[str, Any]] = {
        "0 employee": {"is_employee": True},
        "0 abroad": {"country": "CA"},
        "0 late": {},
    }
    records = [record("members", BEFORE[0], member_id=member, **values) for member, values in members.items()]
    for name in ("Ann", *members, "0 unknown"):
        clicked_at = first + HOUR if name == "0 late" else first
        records.append(
            record("referral_events", COUNTED[0], event_id=f"0 {name}", event_type="SIGNUP", referee_id=name,
                   referrer_id="Ann", clicked_at=clicked_at, occurred_at=first)
        )  # fmt: skip
        records += sale(f"0 {name}", first, "nobody's", HUGE, buyer_id=name)
    return records


# Two programs of a kind


@tried_on(3)
@given(program_worlds(), AS_OF)
def test_two_programs_of_a_kind_owe_together_what_each_owes_alone(records: list[Record], as_of: date) -> None:
    """Of every kind there are two, and all that is said of any candidate is the same."""
    alone = [candidates(built(records, as_of, programs)) for programs in (FIRST, SECOND)]
    assert candidates(built(records, as_of)) == alone[0] | alone[1]
