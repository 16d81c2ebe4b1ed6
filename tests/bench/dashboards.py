"""Ten questions that a dashboard asks of the served marts, and how long they take while a daily run writes.

Does not belong here: the marts themselves.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

QUESTIONS = {
    "market by month": "from market_monthly order by month",
    "top 100 shops of a month": "from seller_gmv_ranking where month = '2025-11-01' and rank <= 100",
    "top 100 creators of a month": "from creator_gmv_ranking where month = '2025-11-01' and rank <= 100",
    "partners of a month": "from partner_gmv_ranking where month = '2025-11-01' order by rank",
    "a partner's days": """select gmv_date, net_usd from partner_gmv_daily
        where service = 'SHOP' and partner_id = (select min(partner_id) from partner_gmv_daily) order by 1""",
    "net a day": "select gmv_date, sum(net_usd) from partner_gmv_daily where gmv_date >= '2025-11-01' group by 1 order by 1",
    "hashtags of a month": "from hashtag_monthly where month = '2025-11-01' order by net_cents desc limit 50",
    "open awards by program": "select program_id, stage, sum(amount_usd) from finance.incentive_awards group by all",
    "balances": "from finance.ledger_balances order by account limit 100",
    "a month of shop days": """select seller_id, gmv_date, sum(net_usd) from gmv_daily
        where gmv_date between '2025-11-01' and '2025-11-30' group by all order by 3 desc limit 100""",
}


def ask(marts: Path, goes_on: Callable[[], bool]) -> dict[str, float]:
    """Median milliseconds of each question, asked in turn for as long as something goes on, three times at least."""
    taken: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    rounds = 0
    while goes_on() or rounds < 3:
        with duckdb.connect(str(marts), read_only=True) as served:
            for name, sql in QUESTIONS.items():
                began = time.perf_counter()
                served.execute(sql).fetchall()
                taken[name].append((time.perf_counter() - began) * 1_000)
        rounds += 1
    return {name: round(statistics.median(times), 1) for name, times in taken.items()}
