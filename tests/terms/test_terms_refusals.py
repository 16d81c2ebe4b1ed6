"""Insane terms are refused with file, path, reason and cure (RULEBOOK 2)."""

from __future__ import annotations

import pickle
from datetime import date, datetime

import pytest
import yaml

from data_contracts.terms import TermsError, load_programs


def change(terms, path, value):
    """Set ``path``; ``...`` as the value takes the key out."""
    *parents, last = path
    for step in parents:
        terms = terms[step]
    if value is ...:
        del terms[last]
    else:
        terms[last] = value


def in_version(*path):
    return ("versions", 0, *path)


BOTH_KINDS = [
    # path set, value, path refused, reason
    (("hold_days",), 91, "clawback_days", "90 is below hold_days 91"),
    (("hold_days",), -1, "hold_days", "-1 is below 0"),
    (("hold_days",), True, "hold_days", "True is no whole number"),
    (("clawback_days",), 3_651, "clawback_days", "3651 is above 3650"),
    (("window", "last_day"), date(2025, 9, 30), "window.last_day", "2025-09-30 is before first_day 2025-10-01"),
    (("window", "first_day"), "2025-10-01", "window.first_day", "'2025-10-01' is no day"),
    (
        ("window", "first_day"),
        datetime(2025, 10, 1),
        "window.first_day",
        "2025-10-01 00:00:00 is no day",
    ),
    (("window", "first_day"), 20251001, "window.first_day", "20251001 is no day"),
    (("window", "last_day"), date(3000, 1, 1), "window.last_day", "3000-01-01 is above 2999-12-31"),
    (("window",), None, "window", "None is no mapping"),
    (("kind",), "lottery", "kind", "'lottery' is no kind of program"),
    (("kind",), ..., "kind", "is missing"),
    (("kind",), ["referral_reward"], "kind", "\"['referral_reward']\" is no kind of program"),
    (("instrument",), "cash", "instrument", "'cash' is none of 'CASH', 'AD_CREDIT' or 'SHOP_CREDIT'"),
    (("instrument",), ..., "instrument", "is missing"),
    (("program_id",), "Q4 2025", "program_id", "'Q4 2025' does not match ^[a-z0-9_]{1,64}$"),
    (("title",), "", "title", "is empty"),
    (("title",), 2025, "title", "2025 is no text"),
    (("source", "sentence"), ..., "source.sentence", "is missing"),
    (("bonus_cents",), 5, "bonus_cents", "is an unknown key"),
    (("two\nlines",), 5, "two lines", "is an unknown key"),
    (("basis", "hold_days"), ..., "basis.hold_days", "is missing"),
    (("basis", "hold_days"), "guessed", "basis.hold_days", "'guessed' is none of 'stated' or 'assumed'"),
    (("basis", "holding_days"), "stated", "basis.holding_days", "is no figure beside this basis"),
    (("versions",), [], "versions", "is empty"),
    (("versions",), 7, "versions", "7 is no list"),
    (in_version("measure"), ..., "versions[0].measure", "is missing"),
    (in_version("cap"), 1, "versions[0].cap", "is an unknown key"),
    (in_version("basis", "measure"), ..., "versions[0].basis.measure", "is missing"),
    (in_version("basis", "cap"), "stated", "versions[0].basis.cap", "is no figure beside this basis"),
    (
        in_version("effective_from"),
        date(2025, 10, 2),
        "versions[0].effective_from",
        "2025-10-02 is after the window's first day 2025-10-01",
    ),
]

REFERRAL = [
    (in_version("measure"), "gross", "versions[0].measure", "'gross' is none of 'net'"),
    (in_version("min_order_cents"), 1000.0, "versions[0].min_order_cents", "1000.0 is no whole number"),
    (in_version("min_order_cents"), "1000", "versions[0].min_order_cents", "'1000' is no whole number"),
    (in_version("amount_per_referral_cents"), -5000, "versions[0].amount_per_referral_cents", "-5000 is below 0"),
    (
        in_version("amount_per_referral_cents"),
        10**16,
        "versions[0].amount_per_referral_cents",
        f"{10**16} is above {10**15}",
    ),
    (in_version("max_referrals"), -1, "versions[0].max_referrals", "-1 is below 0"),
    (in_version("click_window_days"), ..., "versions[0].click_window_days", "is missing"),
    (("purchase_window_days",), ..., "purchase_window_days", "is missing"),
    (
        in_version("milestones", 0, "referrals"),
        0,
        "versions[0].milestones[0].referrals",
        "0 is below 1",
    ),
    (
        in_version("milestones", 1, "referrals"),
        3,
        "versions[0].milestones[1].referrals",
        "3 is not above 3 of the step before",
    ),
    (
        in_version("milestones", 2, "amount_cents"),
        9_999,
        "versions[0].milestones[2].amount_cents",
        "9999 is below 10000 of the step before",
    ),
]

DAILY_GMV = [
    (in_version("measure"), "gmv", "versions[0].measure", "'gmv' is none of 'net' or 'gross'"),
    (in_version("baseline_floor_cents"), -1, "versions[0].baseline_floor_cents", "-1 is below 0"),
    (in_version("baseline_floor_cents"), ..., "versions[0].baseline_floor_cents", "is missing"),
    (
        in_version("baseline", "first_day"),
        date(2025, 10, 1),
        "versions[0].baseline.last_day",
        "2025-09-30 is before first_day 2025-10-01",
    ),
    (in_version("service"), "MATCHED", "versions[0].service", "'MATCHED' is none of 'SHOP', 'AFFILIATE' or 'CREATOR'"),
    (in_version("partner_types"), [], "versions[0].partner_types", "is empty"),
    (in_version("partner_types"), ["TSP", "TSP"], "versions[0].partner_types[1]", "'TSP' stands twice"),
    (
        in_version("partner_types"),
        ["tsp"],
        "versions[0].partner_types[0]",
        "'tsp' is none of 'TSP', 'CAP', 'TAP' or 'MCN'",
    ),
    (in_version("tiers"), [], "versions[0].tiers", "is empty"),
    (
        in_version("tiers", 3, "threshold_cents"),
        5_000_000,
        "versions[0].tiers[3].threshold_cents",
        "5000000 is not above 5000000 of the step before",
    ),
    (
        in_version("tiers", 1, "amount_cents"),
        499_999,
        "versions[0].tiers[1].amount_cents",
        "499999 is below 500000 of the step before",
    ),
    (in_version("tiers", 0, "amount_cents"), 5e5, "versions[0].tiers[0].amount_cents", "500000.0 is no whole number"),
    (in_version("tiers", 0, "threshold"), 1, "versions[0].tiers[0].threshold", "is an unknown key"),
    (in_version("tiers", 0, "threshold_cents"), -1, "versions[0].tiers[0].threshold_cents", "-1 is below 0"),
]

CASES = [
    *(("referral", *case) for case in (*BOTH_KINDS, *REFERRAL)),
    *(("daily_gmv", *case) for case in (*BOTH_KINDS, *DAILY_GMV)),
]


@pytest.mark.parametrize(("program", "path", "value", "at", "reason"), CASES)
def test_insane_terms_are_refused_in_one_line(request, tmp_path, load, program, path, value, at, reason):
    terms = request.getfixturevalue(program)
    change(terms, path, value)
    with pytest.raises(TermsError) as caught:
        load(terms)
    error = caught.value
    assert (error.file, error.path, error.reason) == (str(tmp_path / "p0.yaml"), at, reason)
    assert error.cure
    assert not error.cure.endswith(" more)")
    assert str(error) == f"{tmp_path / 'p0.yaml'}: line {error.line}: {at}: {reason}; {error.cure}"
    assert len(str(error).splitlines()) == 1


def test_amounts_may_stay_the_same_from_tier_to_tier(load, daily_gmv):
    daily_gmv["versions"][0]["tiers"][1]["amount_cents"] = 500_000
    assert load(daily_gmv)


def test_daily_gmv_may_be_measured_in_gross(load, daily_gmv):
    daily_gmv["versions"][0]["measure"] = "gross"
    assert load(daily_gmv)


def test_clawback_days_may_equal_hold_days(load, daily_gmv):
    daily_gmv["hold_days"] = 90
    assert load(daily_gmv)


def test_a_window_may_be_one_day(load, daily_gmv):
    daily_gmv["window"]["last_day"] = daily_gmv["window"]["first_day"]
    (program,) = load(daily_gmv)
    assert [period.period for period in program.periods()] == ["2025-10-01..2025-10-01"]


def test_several_findings_are_counted(load, daily_gmv):
    daily_gmv["hold_days"] = daily_gmv["clawback_days"] = 1.5
    with pytest.raises(TermsError, match=r"p0\.yaml: line \d+: hold_days: 1\.5 is no whole number; .* \(and 1 more\)$"):
        load(daily_gmv)


def test_a_misspelt_key_is_named_before_the_missing_one(load, referral):
    referral["versions"][0]["max_referral"] = referral["versions"][0].pop("max_referrals")
    with pytest.raises(TermsError, match=r"versions\[0\]\.max_referral: is an unknown key; .* \(and 1 more\)$"):
        load(referral)


@pytest.mark.parametrize("day", [date(2025, 10, 1), date(2025, 9, 1)])
def test_versions_rise_strictly(load, daily_gmv, day):
    first = daily_gmv["versions"][0]
    daily_gmv["versions"].append(first | {"effective_from": day})
    reason = rf"versions\[1\]\.effective_from: {day} is not after 2025-10-01 of the version before; "
    with pytest.raises(TermsError, match=reason):
        load(daily_gmv)


def test_a_program_id_stands_in_one_file_only(load, daily_gmv):
    with pytest.raises(TermsError) as caught:
        load(daily_gmv, daily_gmv)
    assert caught.value.file.endswith("p1.yaml")
    assert (caught.value.path, caught.value.reason) == ("program_id", "'tsp_daily_gmv_2025q4' stands in p0.yaml too")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: referral_reward\nhold_days: 1\nhold_days: 2\n", "line 3, column 1: the key 'hold_days' stands twice"),
        ("window: {first_day: 2025-10-01, first_day: 2025-10-01}\n", "line 1, column 33: the key 'first_day' stands"),
        ("kind: [\n", "line 2, column 1: expected the node content"),
        ("kind:\n\treferral_reward\n", "line 2, column 1: found character '\\t'"),
        ("hold_days: !!python/name:os.system\n", "line 1, column 12: could not determine a constructor"),
        ("kind: a\n---\nkind: b\n", "line 2, column 1: but found another document"),
        ("window: 2025-13-01\n", "is no YAML in UTF-8: month must be in 1..12"),
        ("hold_days: \x07\n", "is no YAML in UTF-8: unacceptable character"),
        ("", "None is no mapping"),
        ("- kind\n", "line 1: ['kind'] is no mapping"),
        ("kind\n", "line 1: 'kind' is no mapping"),
    ],
)
def test_what_is_no_yaml_mapping_is_refused(tmp_path, text, message):
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(TermsError) as caught:
        load_programs(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'p.yaml'}: {message}")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "written", ["0100", "1:30", "0x10", "0b11", "1_00", "1_0", "+5", "5.0", "1e3", "1_000.0", "_1"]
)
def test_what_only_looks_like_an_integer_is_none(tmp_path, daily_gmv, written):
    text = yaml.safe_dump(daily_gmv).replace("clawback_days: 90", f"clawback_days: {written}")
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(TermsError, match=r"p\.yaml: line \d+: clawback_days: .* is no whole number; "):
        load_programs(tmp_path)


def test_thousands_may_be_set_apart(tmp_path, daily_gmv):
    text = yaml.safe_dump(daily_gmv).replace("threshold_cents: 10000000", "threshold_cents: 10_000_000")
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    assert load_programs(tmp_path)[0].versions[0].tiers[3].threshold == 10_000_000


def test_text_that_is_no_utf_8_is_refused(tmp_path):
    (tmp_path / "p.yaml").write_bytes(b"title: \xff\n")
    with pytest.raises(TermsError, match=r"p\.yaml: is no YAML in UTF-8: .*; write valid YAML$"):
        load_programs(tmp_path)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(TermsError, match=r"nowhere: cannot be listed: No such file or directory; name a folder"):
        load_programs(tmp_path / "nowhere")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "p.yaml").mkdir()
    with pytest.raises(TermsError, match=r"p\.yaml: cannot be read: Is a directory; "):
        load_programs(tmp_path)


def test_a_file_that_would_be_passed_over_is_refused(tmp_path):
    (tmp_path / "p.yml").write_text("", encoding="utf-8")
    with pytest.raises(TermsError, match=r"p\.yml: ends in \.yml and would be passed over; let its name end in \.yaml"):
        load_programs(tmp_path)


def test_other_files_are_no_terms(tmp_path):
    (tmp_path / "README.md").write_text("about", encoding="utf-8")
    (tmp_path / ".p.yaml").write_text("[", encoding="utf-8")
    assert load_programs(tmp_path) == ()


def test_a_refusal_crosses_processes():
    error = TermsError("p.yaml", "hold_days", "is missing", "write it")
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == "p.yaml: hold_days: is missing; write it"
