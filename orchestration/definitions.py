"""The Dagster code location: all assets, the daily job and its schedule, over the settings of the environment.

``build_defs`` takes settings, so that tests build their own. Nothing is decided here.
"""

from collections.abc import Callable, Iterator

import dagster as dg

from data_contracts.feeds import FEEDS
from orchestration import daily_job
from orchestration.assets.feeds import feeds_asset, run_context_asset
from orchestration.assets.ledger import ledger_assets, money_check_keys
from orchestration.assets.models import Translator, models_asset
from orchestration.assets.payouts import payout_proposals_asset
from orchestration.assets.serving import served_marts_asset
from orchestration.home import prepare_home
from orchestration.partitions import delivery_days
from orchestration.settings import Settings
from orchestration.terminal_log import terminal_logger
from orchestration.writer_lock import writer_lock

PATIENCE_SECONDS = 900
"""How long a run waits for another writer before it gives up and says who holds the lock."""


def build_defs(settings: Settings) -> dg.Definitions:
    """Everything that Dagster shows and runs, for one deployment."""
    partitions = delivery_days(settings)
    translator = Translator(partitions)
    stopping_feeds = [feed.name for feed in FEEDS.values() if feed.stops_day]

    @dg.resource(description="The lock of the one writer, held while a run lasts.")
    def writer(context: dg.InitResourceContext) -> Iterator[None]:
        purpose = f"Dagster run {context.run.run_id}" if context.run else "Dagster"
        with writer_lock(settings, purpose, PATIENCE_SECONDS, _warner(context)):
            yield

    return dg.Definitions(
        assets=[
            feeds_asset(settings, partitions),
            run_context_asset(settings),
            models_asset(settings, translator),
            *ledger_assets(settings, money_check_keys(settings, translator, stopping_feeds)),
            payout_proposals_asset(settings),
            served_marts_asset(settings),
        ],
        jobs=[daily_job.job()],
        schedules=[daily_job.schedule(settings)],
        resources={"writer": writer},
        loggers={"console": terminal_logger},
        executor=dg.in_process_executor,
    )


def _warner(context: dg.InitResourceContext) -> Callable[[str], None]:
    """Where a waiting run says so: its own log."""

    def warn(told: str) -> None:
        if context.log is not None:
            context.log.warning(told)

    return warn


@dg.definitions
def defs() -> dg.Definitions:
    """The deployment that the environment names; its home is made, also where the first to ask is Dagster."""
    settings = Settings.from_environment()
    prepare_home(settings)
    return build_defs(settings)
