"""The asset of payouts: proposals on a payout day, and what stands of payouts on every day.

Does not belong here: approving, exporting and settling, which are commands, so that no re-execution ever sends money.
"""

from collections.abc import Iterable

import dagster as dg

from orchestration.assets.feeds import OWNER
from orchestration.assets.ledger import FINANCE, column_schema
from orchestration.explanation import dollars
from orchestration.payout_desk import is_payout_day
from orchestration.payout_reports import load_payouts
from orchestration.payouts.payees import payees_as_known
from orchestration.payouts.payouts import Payouts
from orchestration.payouts.proposals import Unpaid
from orchestration.payouts.records import Payout
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, read_window

PROPOSER = "daily_incentives"
"""Who proposes in a run: the job, so that any person may approve."""


def payout_proposals_asset(settings: Settings) -> dg.AssetsDefinition:
    """Proposes payouts where the run's day is a payout day; the balances are those after the day's posting."""

    @dg.asset(
        name="payout_proposals",
        group_name="ledger",
        owners=[OWNER, FINANCE],
        kinds={"python", "sqlite"},
        deps=["incentive_ledger", "stg_partners", "stg_creators", "stg_sellers"],
        required_resource_keys={"writer"},
        description="Who is to be paid, who is held and why. Sends nothing: people approve and export by command.",
    )
    def payout_proposals(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        desk = Payouts.open(settings.ledger_url)
        with open_warehouse(settings) as connection:
            as_of = read_window(connection).as_of
            payees = payees_as_known(connection, as_of)
            if is_payout_day(settings, as_of):
                desk.propose(as_of, payees, PROPOSER)
            payouts, unpaid = desk.payouts(), desk.unpaid(as_of, payees)
            load_payouts(connection, payouts, unpaid)
            columns = column_schema(connection, "payouts")
        return dg.MaterializeResult(
            metadata={
                "as_of": as_of.isoformat(),
                "is_payout_day": is_payout_day(settings, as_of),
                "dagster/row_count": len(payouts),
                "dagster/column_schema": columns,
                "payouts by state": by_state(payouts),
                "balances without a payout": without_payout(unpaid),
            }
        )

    return payout_proposals


def by_state(payouts: Iterable[Payout]) -> dg.TableMetadataValue:
    """How many payouts stand in each state and instrument, and their dollars as text: money is no float."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for payout in payouts:
        count, cents = sums.get((payout.state, payout.owner.instrument), (0, 0))
        sums[payout.state, payout.owner.instrument] = count + 1, cents + payout.amount_cents
    records = [
        dg.TableRecord({"state": state, "instrument": instrument, "payouts": str(count), "amount": dollars(cents)})
        for (state, instrument), (count, cents) in sorted(sums.items())
    ]
    columns = [dg.TableColumn(name, "string") for name in ("state", "instrument", "payouts", "amount")]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns=columns))


def without_payout(unpaid: Iterable[Unpaid]) -> dg.TableMetadataValue:
    """Balances by why they get no payout now, in dollars as text."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for one in unpaid:
        count, cents = sums.get((one.reason, one.owner.instrument), (0, 0))
        sums[one.reason, one.owner.instrument] = count + 1, cents + one.balance_cents
    records = [
        dg.TableRecord({"reason": reason, "instrument": instrument, "balances": str(count), "amount": dollars(cents)})
        for (reason, instrument), (count, cents) in sorted(sums.items())
    ]
    columns = [dg.TableColumn(name, "string") for name in ("reason", "instrument", "balances", "amount")]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns=columns))
