"""What is refused in the terms of the kinds with rankings, ranks, rounds and shares, and where it stands in the file."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from data_contracts import terms
from data_contracts.terms import TermsError, editors_schema, load_program, load_programs, period_terms

SHIPPED = Path(__file__).resolve().parents[2] / "data_contracts" / "programs"
RANKS = [{"first_rank": 1, "last_rank": 1, "amount_cents": 3}, {"first_rank": 2, "last_rank": 5, "amount_cents": 2}]


def changed(program_id, path, value):
    """The keys of a shipped program with one of them changed."""
    written = yaml.safe_load((SHIPPED / f"{program_id}.yaml").read_text(encoding="utf-8"))
    place = written
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return written


def places(*stretches):
    return [{"first_rank": first, "last_rank": last, "amount_cents": cents} for first, last, cents in stretches]


V = ("versions", 0)
REFUSED = [
    # program, path set, value, path refused, reason
    ("tsp_short_video_2025q4", (*V, "ranks"), places((2, 2, 1)), "versions[0].ranks[0].first_rank", "2 is not 1"),
    (
        "tsp_short_video_2025q4",
        (*V, "ranks"),
        places((1, 1, 9), (3, 5, 1)),
        "versions[0].ranks[1].first_rank",
        "3 is not 2",
    ),
    (
        "tsp_short_video_2025q4",
        (*V, "ranks"),
        places((1, 3, 9), (3, 5, 1)),
        "versions[0].ranks[1].first_rank",
        "3 is not 4",
    ),
    (
        "tsp_short_video_2025q4",
        (*V, "ranks"),
        places((1, 1, 9), (2, 1, 1)),
        "versions[0].ranks[1].last_rank",
        "1 is before first_rank 2",
    ),
    (
        "tsp_short_video_2025q4",
        (*V, "ranks"),
        places((1, 1, 9), (2, 5, 10)),
        "versions[0].ranks[1].amount_cents",
        "10 is above 9 of the places before",
    ),
    ("tsp_short_video_2025q4", (*V, "ranks"), [], "versions[0].ranks", "is empty"),
    ("tsp_short_video_2025q4", ("hold_days",), 0, "hold_days", "0 is below 1"),
    ("live_championship_2025q4", ("hold_days",), 0, "hold_days", "0 is below 1"),
    ("tsp_short_video_2025q4", (*V, "service"), "SHOPS", "versions[0].service", "'SHOPS' is none of"),
    ("affiliate_service_2025q4", (*V, "service"), "CREATOR", "versions[0].service", "'CREATOR' is none of"),
    ("affiliate_service_2025q4", (*V, "rate_bps"), 10_001, "versions[0].rate_bps", "10001 is above 10000"),
    ("affiliate_service_2025q4", (*V, "partner_types"), [], "versions[0].partner_types", "is empty"),
    ("affiliate_service_2025q4", (*V, "partner_types"), "all", "versions[0].partner_types", "'all' is no list"),
    (
        "affiliate_service_2025q4",
        (*V, "partner_types"),
        ["TAP", "TAP"],
        "versions[0].partner_types[1]",
        "'TAP' stands twice",
    ),
    ("affiliate_service_2025q4", (*V, "max_sellers"), -1, "versions[0].max_sellers", "-1 is below 0"),
    (
        "tsp_rank_upgrade_2025q4",
        (*V, "ranks"),
        [{"rank": "GOLD", "amount_cents": 1}, {"rank": "SILVER", "amount_cents": 2}],
        "versions[0].ranks[1].rank",
        "2 is not above 3 of the step before",
    ),
    (
        "tsp_rank_upgrade_2025q4",
        (*V, "ranks"),
        [{"rank": "SILVER", "amount_cents": 2}, {"rank": "GOLD", "amount_cents": 1}],
        "versions[0].ranks[1].amount_cents",
        "1 is below 2 of the step before",
    ),
    ("tsp_rank_upgrade_2025q4", (*V, "ranks", 0, "rank"), "IRON", "versions[0].ranks[0].rank", "'IRON' is none of"),
    ("bfcm_matching_2025", (*V, "tiers", "october_low"), [], "versions[0].tiers.october_low", "is empty"),
    ("bfcm_matching_2025", (*V, "tiers", "november"), [], "versions[0].tiers.november", "is an unknown key"),
    ("bfcm_matching_2025", (*V, "ranked_from"), "TOP", "versions[0].ranked_from", "'TOP' is none of"),
    (
        "bfcm_matching_2025",
        (*V, "class_window", "last_day"),
        date(2025, 9, 30),
        "versions[0].class_window.last_day",
        "2025-09-30 is before first_day 2025-10-01",
    ),
    ("live_championship_2025q4", ("rounds", 0, "first_day"), date(2025, 9, 30), "rounds[0]", "lies outside the window"),
    ("live_championship_2025q4", ("rounds", 2, "last_day"), date(2026, 1, 1), "rounds[2]", "lies outside the window"),
    ("live_championship_2025q4", ("rounds", 1, "round"), "warmup", "rounds[1].round", "'warmup' stands twice"),
    ("live_championship_2025q4", ("rounds", 1, "round"), "Black Friday", "rounds[1].round", "does not match"),
    ("live_championship_2025q4", ("entrants",), "SELLER", "entrants", "'SELLER' is none of"),
    ("live_key_events_2025q4", (*V, "invite_list"), "", "versions[0].invite_list", "is empty"),
    ("live_key_events_2025q4", (*V, "attendance", "amount_cents"), -1, "versions[0].attendance.amount_cents", "-1 is"),
    ("funded_deals_2025q4", (*V, "measure"), "gross", "versions[0].measure", "'gross' is none of 'net'"),
    ("creator_incubation_2025q4", (*V, "service"), "SHOP", "versions[0].service", "'SHOP' is none of 'CREATOR'"),
]


@pytest.mark.parametrize(("program_id", "path", "value", "refused", "reason"), REFUSED)
def test_insane_terms_are_refused(load, program_id, path, value, refused, reason):
    with pytest.raises(TermsError) as caught:
        load(changed(program_id, path, value))
    assert caught.value.path == refused
    assert reason in caught.value.reason


def test_a_refusal_names_the_line(tmp_path):
    text = (SHIPPED / "tsp_short_video_2025q4.yaml").read_text(encoding="utf-8")
    wrong = "{first_rank: 7, last_rank: 10, amount_cents: 200_000}"
    text = text.replace("{first_rank: 6, last_rank: 10, amount_cents: 200_000}", wrong)
    file = tmp_path / "p.yaml"
    file.write_text(text, encoding="utf-8")
    line = next(number for number, said in enumerate(text.splitlines(), start=1) if wrong in said)
    with pytest.raises(TermsError, match=rf"p\.yaml: line {line}: versions\[0\]\.ranks\[2\]\.first_rank: 7 is not 6; "):
        load_program(file)


def test_a_key_that_is_missing_names_the_line_of_what_lacks_it(tmp_path):
    text = (SHIPPED / "funded_deals_2025q4.yaml").read_text(encoding="utf-8")
    file = tmp_path / "p.yaml"
    file.write_text(text.replace("    measure: net\n", ""), encoding="utf-8")
    line = next(number for number, said in enumerate(text.splitlines(), start=1) if said.startswith("  - effective"))
    with pytest.raises(TermsError, match=rf"line {line}: versions\[0\]\.measure: is missing; "):
        load_program(file)


@pytest.mark.parametrize(
    ("as_of", "known", "drawn", "version", "drawn_version"),
    [
        ("2025-11-29", "2025-11-29", "2025-11-29", 1, 1),
        ("2025-11-30", "2025-11-30", "2025-11-30", 2, 2),
        ("2025-12-01", "2025-12-01", "2025-11-30", 3, 2),
        ("2026-01-29", "2026-01-29", "2025-11-30", 3, 2),
        ("2026-01-30", "2026-01-29", "2025-11-30", 3, 2),
    ],
)
def test_ranks_are_drawn_when_a_month_settles(load, as_of, known, drawn, version, drawn_version):
    """October settles on 2025-11-30 and freezes on 2026-01-29; terms change on the day it settles and on the next one."""
    written = yaml.safe_load((SHIPPED / "tsp_short_video_2025q4.yaml").read_text(encoding="utf-8"))
    first = written["versions"][0]
    changes = (date(2025, 11, 30), date(2025, 12, 1), date(2026, 1, 30))
    written["versions"] = [first, *(first | {"effective_from": day} for day in changes)]
    october = period_terms(load(written)[0], date.fromisoformat(as_of), date(2025, 9, 1))[0]
    assert (october.known_through, october.ranked_known_through) == (
        date.fromisoformat(known),
        date.fromisoformat(drawn),
    )
    assert (october.version_no, october.ranked_version_no) == (version, drawn_version)


def test_classes_of_a_challenge_are_cut_at_its_first_day(load):
    written = yaml.safe_load((SHIPPED / "bfcm_matching_2025.yaml").read_text(encoding="utf-8"))
    (program,) = load(written)
    for as_of, known in (("2025-11-12", "2025-11-12"), ("2025-12-24", "2025-11-12")):
        row = period_terms(program, date.fromisoformat(as_of), date(2025, 9, 1))[0]
        assert (row.baseline_known_through, row.ranked_known_through) == (date.fromisoformat(known), None)


def test_months_may_begin_and_end_within_one(load):
    written = changed(
        "funded_deals_2025q4", ("window",), {"first_day": date(2025, 11, 29), "last_day": date(2026, 1, 2)}
    )
    written["versions"][0]["effective_from"] = date(2025, 11, 29)
    periods = [(row.period, str(row.first_day), str(row.last_day)) for row in load(written)[0].periods()]
    assert periods == [
        ("2025-11", "2025-11-29", "2025-11-30"),
        ("2025-12", "2025-12-01", "2025-12-31"),
        ("2026-01", "2026-01-01", "2026-01-02"),
    ]


def test_the_schema_for_editors_is_the_one_that_stands_in_the_project():
    written = Path(terms.__file__).with_name("program.schema.json").read_text(encoding="utf-8")
    assert json.loads(written) == editors_schema(), "run `make staging`"


def test_the_schema_for_editors_knows_every_kind_and_figure():
    schema = editors_schema()
    kinds = {branch["$ref"].removeprefix("#/$defs/") for branch in schema["oneOf"]}
    for program in load_programs(SHIPPED):
        name = type(program).__name__
        assert name in kinds
        assert schema["$defs"][name]["required"] == list(type(program).model_fields)
        assert schema["$defs"][name]["additionalProperties"] is False
