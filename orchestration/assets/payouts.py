"""The asset of payouts: proposals on a payout day, and what stands of payouts on every day.

Does not belong here: approving, exporting and settling, which are commands, so that no re-execution ever sends money.
"""

from collections.abc import Iterable

import dagster as dg

from orchestration.assets.feeds import OWNER
from orchestration.assets.ledger import FINANCE, column_schema
from orchestration.closed_days import require_same_deliveries
from orchestration.explanation import dollars
from orchestration.ledger.people import PROPOSER
from orchestration.payout_desk import is_payout_day, unposted
from orchestration.payout_reports import load_payouts
from orchestration.payouts.payees import payees_as_known
from orchestration.payouts.payouts import Payouts
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, read_window, require_built


def payout_proposals_asset(settings: Settings) -> dg.AssetsDefinition:
    """Proposes payouts where the run's day is a payout day; the balances are those after the day's posting.

    Where that could not be posted, as for a day that is posted already with other awards, payouts wait (rulebook 4).
    """

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
            require_built(connection)
            require_same_deliveries(connection, settings)
            as_of = read_window(connection).as_of
            payees = payees_as_known(settings, as_of)
            waits = unposted(settings, connection) if is_payout_day(settings, as_of) else []
            if waits:
                context.log.warning(f"no payout is proposed, since the ledger differs from the awards: {waits[0]}")
            elif is_payout_day(settings, as_of):
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
                "payouts by state": counted(
                    ((one.state, one.owner.instrument, one.amount_cents) for one in payouts), "state", "payouts"
                ),
                "balances without a payout": counted(
                    ((one.reason, one.owner.instrument, one.balance_cents) for one in unpaid), "reason", "balances"
                ),
            }
        )

    return payout_proposals


def counted(rows: Iterable[tuple[str, str, int]], noun: str, things: str) -> dg.TableMetadataValue:
    """How many of these (what, instrument, cents) there are and their dollars, as text: money is no float."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for what, instrument, cents in rows:
        count, total = sums.get((what, instrument), (0, 0))
        sums[what, instrument] = count + 1, total + cents
    records = [
        dg.TableRecord({noun: what, "instrument": instrument, things: str(count), "amount": dollars(total)})
        for (what, instrument), (count, total) in sorted(sums.items())
    ]
    columns = [dg.TableColumn(name, "string") for name in (noun, "instrument", things, "amount")]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns=columns))
