"""No join compares each row of one side with each of the other: what grows with the marketplace is joined by equal keys.

A condition on one side alone of an outer join is enough to make DuckDB do that, so its plans are looked at.
"""

from __future__ import annotations

from compiled.project import compiled_project
from compiled.world import World

from orchestration.reports import LIABILITY_AGEING, PARTNER_INCENTIVE_PAYOUTS, REFERRAL_REWARD_LEDGER, TRIAL_BALANCE

ROW_BY_ROW = "BLOCKWISE_NL_JOIN"
REPORTS = {
    "referral_reward_ledger": REFERRAL_REWARD_LEDGER,
    "partner_incentive_payouts": PARTNER_INCENTIVE_PAYOUTS,
    "trial_balance": TRIAL_BALANCE,
    "liability_ageing": LIABILITY_AGEING,
}
LEDGER = """
    create schema ledger;
    create table ledger.ledger_entries (entry_no bigint, posting_no bigint, as_of date, program_id varchar, component varchar,
        beneficiary_type varchar, beneficiary_id varchar, subject_id varchar, period varchar, entry_type varchar,
        instrument varchar, payout_id varchar, debit_account varchar,
        credit_account varchar, amount_cents bigint);
    create table ledger.payouts (payout_id varchar, state varchar);
    create table ledger.payout_lines (payout_id varchar, program_id varchar, period varchar, beneficiary_type varchar,
        beneficiary_id varchar, instrument varchar, amount_cents bigint);
    create table ledger.unpaid_balances (beneficiary_type varchar, beneficiary_id varchar, instrument varchar, is_held boolean,
        reason varchar)"""


def test_joins_are_by_key() -> None:
    """Of models, of their checks and of the reports that stand on the ledger."""
    world = World()
    world.connection.execute(LEDGER)
    project = compiled_project()
    steps = {model.name: model.fill for model in project.models if model.fill} | REPORTS
    steps |= {check.name: check.sql for check in project.checks}
    row_by_row = [name for name, sql in steps.items() if ROW_BY_ROW in plan_of(world, sql)]
    assert not row_by_row


def plan_of(world: World, sql: str) -> str:
    """How DuckDB would go about a statement."""
    ((_, plan),) = world.rows("explain " + sql)
    return str(plan)
