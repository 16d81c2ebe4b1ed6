"""Programs and terms files as people look at them: `incentives programs`, `programs check` and `programs schema`.

Does not belong here: which terms are refused (``tests/terms``).
"""

from __future__ import annotations

import json

import golden_world as golden
from deployment import SHIPPED_PROGRAMS, Deployment


def test_every_program_says_how_far_it_is_what_it_owes_and_who_leads(once: Deployment) -> None:
    once.ship("funded_deals_2025q4", "referral_2025q4")
    told = once.incentives("programs")
    assert told.code == 0, told
    rows = {line.split("│")[1].strip(): line for line in told.out.splitlines() if line.count("│") > 3}
    # 5,000.00 for P1, as the golden world's awards say.
    assert "$5,000.00" in rows[golden.PROGRAM] and "P1 $5,000.00" in rows[golden.PROGRAM]
    assert "PROVISIONAL" in rows[golden.PROGRAM]
    assert "2025-10 PROVISIONAL" in rows["funded_deals_2025q4"] and "nobody" in rows["funded_deals_2025q4"]
    assert "case by case" in rows["referral_2025q4"]
    assert f"as of {golden.LAST_DAY}" in told.out


def test_programs_are_listed_before_anything_was_processed(prepared: Deployment) -> None:
    told = prepared.incentives("programs")
    assert (told.code, "nothing was" in told.out) == (0, True)


def test_a_terms_file_is_checked_before_it_is_deployed(prepared: Deployment) -> None:
    for path in sorted(SHIPPED_PROGRAMS.glob("*.yaml")):
        assert prepared.incentives("programs", "check", str(path)).code == 0, path.name
    draft = prepared.folder / "draft.yaml"
    text = (SHIPPED_PROGRAMS / "bfcm_matching_2025.yaml").read_text(encoding="utf-8")
    draft.write_text(text.replace("amount_cents: 800_000", "amount_cents: 80_000"), encoding="utf-8")
    line = next(number for number, said in enumerate(draft.read_text().splitlines(), start=1) if " 80_000}" in said)
    refused = prepared.incentives("programs", "check", str(draft))
    assert refused.code == 2
    assert f"draft.yaml: line {line}: versions[0].tiers.ranked[1].amount_cents: 80000 is below 400000" in refused.told
    assert refused.told.endswith("let amounts stay or rise")


def test_the_schema_of_terms_files_is_printed_for_editors(prepared: Deployment) -> None:
    told = prepared.incentives("programs", "schema")
    assert told.code == 0
    assert len(json.loads(told.out)["oneOf"]) == 9
