"""A run that is killed at any point leaves a state from which the same command finishes, to what an undisturbed run serves.

One home is killed in three moments, one after the other, and once its dbt alone. Does not belong here: kills inside a posting
(``tests/ledger``), at every boundary and at random moments (``campaigns.kills``).
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

import dagster as dg
import duckdb
import golden_world as golden
from campaigns.kills import victims
from deployment import Deployment, Outcome

PATIENCE_SECONDS = 240


def wait_for(moment: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Waits for a moment; a process that ends before it is a failure."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not moment():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


def run_and_kill(deployment: Deployment, moment: Callable[[], bool]) -> None:
    """Starts a run and kills it, and nothing but it, in a moment."""
    process = deployment.start("run", "--through", golden.LAST_DAY)
    wait_for(moment, process)
    process.kill()
    process.communicate()


def run_and_kill_dbt(deployment: Deployment, moment: Callable[[], bool]) -> Outcome:
    """Starts a run and kills its dbt alone, in a moment; what the command then says."""
    process = deployment.start("run", "--through", golden.LAST_DAY)
    wait_for(moment, process)
    for victim in victims(process.pid, "dbt"):
        os.kill(victim, signal.SIGKILL)
    out, err = process.communicate()
    return Outcome(process.returncode, out, err)


def is_free(deployment: Deployment) -> bool:
    """Whether no process holds the warehouse."""
    try:
        duckdb.connect(str(deployment.home / "warehouse" / "warehouse.duckdb")).close()
    except duckdb.IOException:
        return False
    return True


def run_states(deployment: Deployment) -> list[str]:
    """What Dagster says of each run, the newest first: one that seems to last would keep the queue waiting."""
    with dg.DagsterInstance.from_config(str(deployment.home / "dagster")) as instance:
        return [run.status.value for run in instance.get_runs()]


def test_a_run_killed_in_three_moments_ends_as_an_undisturbed_one(states: Deployment) -> None:
    states.restore("once")
    undisturbed = states.served()
    states.restore("prepared")
    home = states.home

    run_and_kill(states, lambda: any(home.glob("deliveries/*/*.json")))
    assert not (home / "state.json").exists()
    assert len(list(home.glob("deliveries/*/*.json"))) < len(golden.DELIVERIES)

    run_and_kill(states, lambda: len(list(home.glob("dbt/run/**/*.sql"))) > 5)
    assert len(list(home.glob("deliveries/*/*.json"))) == len(golden.DELIVERIES)
    killed = time.monotonic()
    wait_for(lambda: is_free(states))
    assert time.monotonic() - killed < 2, "dbt went on after its run was killed"

    written = {path: path.stat().st_mtime_ns for path in home.glob("dbt/run/**/*.sql")}
    lost = run_and_kill_dbt(states, lambda: any(path.stat().st_mtime_ns > at for path, at in written.items()))
    assert (lost.code, "nothing was posted or published" in lost.told) == (1, True)

    run_and_kill(states, lambda: (home / "serving").exists())
    assert not (home / "state.json").exists()

    finished = states.run(golden.LAST_DAY)
    assert "is posted already" in finished.out
    assert states.served() == undisturbed
    assert states.incentives("verify").code == 0
    assert run_states(states) == ["SUCCESS", "FAILURE", "FAILURE", "FAILURE", "FAILURE"]


def test_a_run_that_its_user_interrupts_says_how_to_go_on(prepared: Deployment) -> None:
    process = prepared.start("run", "--through", golden.LAST_DAY)
    wait_for(lambda: any(prepared.home.glob("dbt/run/**/*.sql")), process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    outcome = Outcome(process.returncode, out, err)
    assert outcome.code == 130
    assert outcome.told == "incentives: interrupted; the same command finishes the job"
    assert is_free(prepared)
