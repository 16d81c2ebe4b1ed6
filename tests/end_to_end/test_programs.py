"""Programs and terms files as people look at them: `incentives programs`, `programs check` and `programs schema`.

Does not belong here: which terms are refused (``tests/terms``).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import golden_world as golden
from deployment import SHIPPED_PROGRAMS, Deployment

README = Path(__file__).resolve().parents[2] / "README.md"


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


def test_a_new_program_is_one_file(prepared: Deployment) -> None:
    """The invented program of the README: by gross, with a floor for the baseline, in a window of three days."""
    (written,) = re.findall(
        r"```yaml\n(program_id: opening_sprint_2025\n.*?)```", README.read_text(encoding="utf-8"), re.S
    )
    (prepared.programs / "opening_sprint_2025.yaml").write_text(written, encoding="utf-8")
    prepared.run(golden.LAST_DAY)
    awards = prepared.rows(
        "select program_id, beneficiary_id, amount_cents, stage from finance.incentive_awards order by all"
    )
    assert awards == [
        # Gross of A and B: 2,000,000 + 5,000,000 + 300,000 = 7,300,000 in three days, floor(2,433,333.3);
        # less the floor of 150,000, which is above the baseline of 100,000: 2,283,333, the first tier.
        ("opening_sprint_2025", "P1", 40_000, "PROVISIONAL"),
        (golden.PROGRAM, "P1", 500_000, "PROVISIONAL"),
    ]
    explained = prepared.incentives("explain", "award", "opening_sprint_2025", "P1")
    assert "$400.00" in explained.out and "$73,000.00 = the figure above" in explained.out
    assert "$7,166.67 a day below the next tier of $30,000.00 a day" in explained.out
