"""Stage, version and cut-offs from both sides of each boundary (RULEBOOK 1, 2, 2.1, 2.2).

Window 2025-10-01 to 2025-12-31, hold 30, clawback 90: settle_on 2026-01-30, freeze_on 2026-03-31, baseline_freeze_on
2025-10-31; the referral program closes on 12-31 + 30 + 30 + 90 = 150 days = 2026-05-30.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from data_contracts.terms import period_terms, version_hash

L0 = date(2025, 9, 1)
FIRST, LAST = date(2025, 10, 1), date(2025, 12, 31)
SETTLE, FREEZE, CLOSE = date(2026, 1, 30), date(2026, 3, 31), date(2026, 5, 30)
BASELINE_FREEZE = date(2025, 10, 31)


def day(text):
    return date.fromisoformat(text)


@pytest.fixture
def gmv_at(load, daily_gmv):
    (program,) = load(daily_gmv)
    return lambda as_of, first_delivery=L0: period_terms(program, as_of, first_delivery)[0]


@pytest.fixture
def referral_at(load, referral):
    (program,) = load(referral)
    return lambda as_of, first_delivery=L0: period_terms(program, as_of, first_delivery)[0]


def test_the_days_of_a_window(gmv_at):
    row = gmv_at(day("2025-10-04"))
    assert (row.program_id, row.kind) == ("tsp_daily_gmv_2025q4", "incremental_daily_gmv")
    assert (row.period, row.first_day, row.last_day) == ("2025-10-01..2025-12-31", FIRST, LAST)
    assert (row.settle_on, row.freeze_on, row.baseline_freeze_on) == (SETTLE, FREEZE, BASELINE_FREEZE)
    assert row.close_on is None


def test_the_days_of_a_referral_campaign(referral_at):
    row = referral_at(day("2025-10-04"))
    assert (row.program_id, row.kind) == ("referral_2025q4", "referral_reward")
    assert (row.period, row.first_day, row.last_day) == ("referral_2025q4", FIRST, LAST)
    assert row.close_on == CLOSE
    assert (row.settle_on, row.freeze_on, row.stage, row.counted_through) == (None, None, None, None)
    assert (row.baseline_freeze_on, row.baseline_known_through) == (None, None)


@pytest.mark.parametrize(
    ("as_of", "begun", "counted"),
    [
        ("2025-09-30", False, "2025-09-29"),
        ("2025-10-01", True, "2025-09-30"),
        ("2025-10-02", True, "2025-10-01"),
        ("2025-12-31", True, "2025-12-30"),
        ("2026-01-01", True, "2025-12-31"),
        ("2026-01-02", True, "2025-12-31"),
    ],
)
def test_paid_days_count_up_to_the_day_before(gmv_at, as_of, begun, counted):
    row = gmv_at(day(as_of))
    assert (row.has_begun, row.counted_through) == (begun, day(counted))


@pytest.mark.parametrize(
    ("as_of", "stage"), [("2025-10-01", "PROVISIONAL"), ("2026-01-29", "PROVISIONAL"), ("2026-01-30", "FINAL")]
)
def test_an_award_is_final_from_settle_on(gmv_at, as_of, stage):
    assert gmv_at(day(as_of)).stage == stage


@pytest.mark.parametrize(
    ("as_of", "known"),
    [("2026-03-30", "2026-03-30"), ("2026-03-31", "2026-03-31"), ("2026-04-01", "2026-03-31")],
)
def test_nothing_is_learnt_after_freeze_on(gmv_at, as_of, known):
    assert gmv_at(day(as_of)).known_through == day(known)


@pytest.mark.parametrize(
    ("as_of", "known"),
    [
        ("2026-03-31", "2026-03-31"),
        ("2026-04-01", "2026-04-01"),
        ("2026-05-29", "2026-05-29"),
        ("2026-05-30", "2026-05-30"),
        ("2026-05-31", "2026-05-30"),
    ],
)
def test_a_referral_campaign_learns_until_it_closes(referral_at, as_of, known):
    assert referral_at(day(as_of)).known_through == day(known)


@pytest.mark.parametrize(
    ("as_of", "known"),
    [("2025-10-30", "2025-10-30"), ("2025-10-31", "2025-10-31"), ("2025-11-01", "2025-10-31")],
)
def test_a_baseline_freezes_hold_days_after_the_first_day(gmv_at, as_of, known):
    row = gmv_at(day(as_of))
    assert row.baseline_known_through == day(known)
    assert not row.is_baseline_cut_off_read_as_first_delivery


@pytest.mark.parametrize(
    ("as_of", "first_delivery", "begun"),
    [
        ("2025-10-05", None, False),
        ("2025-10-05", "2025-10-06", False),
        ("2025-10-05", "2025-10-05", True),
        ("2025-10-05", "2025-10-04", True),
        ("2025-09-30", "2025-09-29", False),
    ],
)
def test_no_award_before_the_first_delivery(gmv_at, referral_at, as_of, first_delivery, begun):
    first_delivery = first_delivery and day(first_delivery)
    for row in (gmv_at(day(as_of), first_delivery), referral_at(day(as_of), first_delivery)):
        assert row.has_begun is begun
        assert row.known_through == day(as_of)
        assert not row.is_cut_off_read_as_first_delivery


@pytest.mark.parametrize(
    ("first_delivery", "known", "is_read_as_first"),
    [
        ("2026-03-30", "2026-03-31", False),
        ("2026-03-31", "2026-03-31", False),
        ("2026-04-01", "2026-04-01", True),
        ("2026-06-01", "2026-06-01", True),
    ],
)
def test_a_frozen_cut_off_before_the_first_delivery_is_read_as_it(gmv_at, first_delivery, known, is_read_as_first):
    row = gmv_at(day("2026-06-01"), day(first_delivery))
    assert (row.known_through, row.is_cut_off_read_as_first_delivery) == (day(known), is_read_as_first)
    assert (row.baseline_known_through, row.is_baseline_cut_off_read_as_first_delivery) == (day(first_delivery), True)
    assert (row.freeze_on, row.counted_through, row.has_begun) == (FREEZE, LAST, True)


@pytest.mark.parametrize(
    ("first_delivery", "known", "is_read_as_first"),
    [("2025-10-31", "2025-10-31", False), ("2025-11-01", "2025-11-01", True)],
)
def test_a_baseline_alone_is_read_as_the_first_delivery(gmv_at, first_delivery, known, is_read_as_first):
    row = gmv_at(day("2025-12-01"), day(first_delivery))
    assert row.baseline_known_through == day(known)
    assert row.is_baseline_cut_off_read_as_first_delivery is is_read_as_first
    assert (row.known_through, row.is_cut_off_read_as_first_delivery) == (day("2025-12-01"), False)


def test_a_closed_campaign_before_the_first_delivery_is_read_as_it(referral_at):
    row = referral_at(day("2026-07-01"), day("2026-05-31"))
    assert (row.known_through, row.is_cut_off_read_as_first_delivery) == (day("2026-05-31"), True)
    assert not row.is_baseline_cut_off_read_as_first_delivery


def with_versions(terms, *days):
    first = terms["versions"][0]
    terms["versions"] = [first | {"effective_from": effective_from} for effective_from in days]
    return terms


@pytest.mark.parametrize(
    ("changes_on", "as_of", "version_no"),
    [
        ("2025-11-01", "2025-09-30", None),
        ("2025-11-01", "2025-10-01", 1),
        ("2025-11-01", "2025-10-31", 1),
        ("2025-11-01", "2025-11-01", 2),
        ("2026-03-31", "2026-03-30", 1),
        ("2026-03-31", "2026-04-01", 2),
        ("2026-04-01", "2026-04-01", 1),
        ("2026-04-01", "2027-01-01", 1),
    ],
)
def test_a_version_in_force_is_cut_at_freeze_on(load, daily_gmv, changes_on, as_of, version_no):
    (program,) = load(with_versions(daily_gmv, FIRST, day(changes_on)))
    assert period_terms(program, day(as_of), L0)[0].version_no == version_no


@pytest.mark.parametrize(
    ("changes_on", "as_of", "version_no"),
    [
        ("2026-04-01", "2026-04-01", 2),
        ("2026-05-30", "2026-05-29", 1),
        ("2026-05-30", "2026-05-30", 2),
        ("2026-05-31", "2026-05-31", 1),
        ("2026-05-31", "2027-01-01", 1),
    ],
)
def test_a_version_of_a_campaign_is_cut_at_its_close(load, referral, changes_on, as_of, version_no):
    (program,) = load(with_versions(referral, FIRST, day(changes_on)))
    assert period_terms(program, day(as_of), L0)[0].version_no == version_no


def test_the_first_delivery_does_not_move_the_version(load, daily_gmv):
    (program,) = load(with_versions(daily_gmv, FIRST, day("2026-04-01")))
    row = period_terms(program, day("2026-06-01"), day("2026-05-01"))[0]
    assert (row.known_through, row.version_no) == (day("2026-05-01"), 1)


def test_cut_offs_stay_in_the_calendar(load, daily_gmv, referral):
    last = date(2999, 12, 31)
    for terms in (daily_gmv, referral):
        terms["window"]["last_day"] = last
        terms["clawback_days"] = 3_650
    referral["purchase_window_days"] = 3_650
    for program in load(daily_gmv, referral):
        assert period_terms(program, last, L0)[0].known_through == last


def test_a_version_hash_covers_what_decides_money(load, daily_gmv):
    (before,) = load(with_versions(daily_gmv, FIRST, day("2025-11-01")))
    daily_gmv["title"] = "Another title"
    daily_gmv["source"]["sentence"] = "Another sentence."
    daily_gmv["basis"]["hold_days"] = "assumed"
    (described,) = load(daily_gmv)
    assert version_hash(described, 1) == version_hash(before, 1) != version_hash(before, 2)
    assert len(version_hash(before, 1)) == 64

    daily_gmv["versions"][1]["baseline_floor_cents"] = 1
    (edited,) = load(daily_gmv)
    assert version_hash(edited, 1) == version_hash(before, 1)
    assert version_hash(edited, 2) != version_hash(before, 2)

    daily_gmv["hold_days"] = 31
    (lengthened,) = load(daily_gmv)
    assert version_hash(lengthened, 1) != version_hash(edited, 1)


def changed(name, figure):
    """Another value of a figure that the terms may have too."""
    if isinstance(figure, int):
        return figure + 1
    if isinstance(figure, date):
        return figure - timedelta(1)
    if isinstance(figure, dict):
        return figure | {"last_day": figure["last_day"] + timedelta(1)}
    if name == "partner_types":
        return ["CAP"]
    if isinstance(figure, list):
        return figure[:-1]
    return {"instrument": "AD_CREDIT", "measure": "gross", "service": "CREATOR", "program_id": "another"}[name]


@pytest.mark.parametrize("kind", ["daily_gmv", "referral"])
def test_every_figure_is_in_the_hash(request, load, kind):
    """Whatever decides money: editing it after it was used is found."""
    terms = request.getfixturevalue(kind)
    version = terms["versions"][0]
    described = {"title", "source", "basis", "kind", "versions"} | ({"measure"} if kind == "referral" else set())
    before = version_hash(*load(terms), 1)
    for place in (terms, version):
        for name in place.keys() - described:
            whole = place[name]
            place[name] = changed(name, whole)
            assert version_hash(*load(terms), 1) != before, name
            place[name] = whole
    assert version_hash(*load(terms), 1) == before


def test_a_version_hash_knows_no_order_of_partner_types(load, daily_gmv):
    daily_gmv["versions"][0]["partner_types"] = ["TSP", "CAP"]
    (one,) = load(daily_gmv)
    daily_gmv["versions"][0]["partner_types"] = ["CAP", "TSP"]
    (other,) = load(daily_gmv)
    assert version_hash(one, 1) == version_hash(other, 1)


@pytest.mark.parametrize("version_no", [0, 2])
def test_an_unknown_version_has_no_hash(load, daily_gmv, version_no):
    (program,) = load(daily_gmv)
    with pytest.raises(KeyError):
        version_hash(program, version_no)
