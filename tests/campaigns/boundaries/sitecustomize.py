"""Preloaded into ``incentives`` and the dbt that it starts, by PYTHONPATH: names each boundary between two writes, and dies at one.

A boundary is the moment before this process opens a file for writing, renames, links, removes or syncs one, makes or removes a
folder, starts a process, or has DuckDB or SQLite execute what is no query. The environment says what is wanted:
``CAMPAIGN_FOLDER`` is the deployment, ``CAMPAIGN_NAMES`` a file to which the names go, ``CAMPAIGN_DEATH`` the name to die at, and
``CAMPAIGN_VICTIM`` who dies: ``main`` (the command alone), ``dbt`` (its child alone) or ``group`` (all of them). Does not belong
here: what becomes of it (``campaigns.kills``).
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

DIED = "died"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = {"os.mkdir", "os.rmdir", "os.remove", "os.chmod", "os.utime", "os.truncate", "subprocess.Popen"}
_QUERY = re.compile(r"(select|with|describe|pragma|set|explain|show|values|begin)\b", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# What Dagster logs stands in the values: the event's type and, behind the time, its step.
_EVENT = re.compile(r"INSERT INTO event_logs .*'([A-Z]+_[A-Z_]+)', '[^']*', (?:'(\w+)'|NULL)", re.DOTALL)
_LONGEST = 160
# What differs between two runs of the same deployment: numbers of runs, processes, versions and folders for captured words.
_PASSING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "RUN"),
    (re.compile(r"\.\d+\.tmp"), ".PID.tmp"),
    (re.compile(r"version-\d+"), "version-N"),
    (re.compile(r"compute_logs/\w+"), "compute_logs/STEP"),
    (re.compile(r"version \d+"), "version N"),
)


class Boundaries:
    """The boundaries of this process, in the order in which it comes to them."""

    def __init__(self, process: str, environment: dict[str, str]) -> None:
        self.process = process
        self.folder = environment["CAMPAIGN_FOLDER"]
        self.death = environment.get("CAMPAIGN_DEATH", "")
        self.victim = environment.get("CAMPAIGN_VICTIM", "main")
        self.last: dict[str, str] = {}
        self.names = os.open(environment["CAMPAIGN_NAMES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def reach(self, what: str) -> None:
        """Names a boundary, or dies at it."""
        name = f"{self.process} {' '.join(what.replace(self.folder + '/', '').split())}"
        for passing, instead in _PASSING:
            name = passing.sub(instead, name)
        name = name[:_LONGEST]
        if name != self.death:
            os.write(self.names, f"{name}\n".encode())
            return
        self.death = ""
        os.write(self.names, f"{DIED}\n".encode())
        for process in self._victims():
            os.kill(process, signal.SIGKILL)

    def _victims(self) -> list[int]:
        if self.process == "dbt":
            return {"dbt": [os.getpid()], "main": [os.getppid()]}.get(self.victim, [os.getppid(), os.getpid()])
        tasks = Path("/proc/self/task")
        children = [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
        return [*children, os.getpid()] if self.victim == "group" else [os.getpid()]

    def audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        """What Python itself says it is about to do."""
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITES and not isinstance(path, int):
                self._file("open", path)
        elif event in ("os.rename", "os.link"):
            self._file(event.removeprefix("os."), arguments[1])
        elif event == "subprocess.Popen":
            self.reach(f"start {Path(os.fsdecode(arguments[0])).name}")
        elif event in _CHANGES and not isinstance(arguments[0], int):
            self._file(event.removeprefix("os."), arguments[0])

    def _file(self, verb: str, path: object) -> None:
        text = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
        if text.startswith(self.folder):
            self.reach(f"{verb} {text}")

    def executed(self, place: str, statement: object) -> None:
        """What a database is about to execute."""
        text = " ".join(_COMMENT.sub("", str(statement)).split())
        if _QUERY.match(text):
            return
        if logged := _EVENT.match(text):
            text = f"log {logged[1]} {logged[2] or ''}"
        if text.upper().startswith("COMMIT"):
            text = f"COMMIT after {self.last.get(place, 'nothing')}"
        else:
            self.last[place] = text
        self.reach(f"{place}: {text}")


def watch(boundaries: Boundaries) -> None:
    """Puts itself in the way of everything that writes."""
    import duckdb

    sync, connect, execute = os.fsync, sqlite3.connect, duckdb.DuckDBPyConnection.execute

    def synced(descriptor: int) -> None:
        boundaries._file("sync", Path(f"/proc/self/fd/{descriptor}").readlink())
        sync(descriptor)

    def connected(database: Any, *arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(database, *arguments, **named)
        place = f"sqlite {os.fsdecode(database)}"
        connection.set_trace_callback(lambda statement: boundaries.executed(place, statement))
        return connection

    def executed(connection: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        boundaries.executed("duckdb", query)
        return execute(connection, query, *arguments, **named)

    os.fsync = synced
    sqlite3.connect = sqlite3.dbapi2.connect = connected  # type: ignore[assignment,attr-defined]
    duckdb.DuckDBPyConnection.execute = executed  # type: ignore[method-assign,assignment]
    sys.addaudithook(boundaries.audited)


def watched_process() -> str:
    """Which of the processes this is; empty for any other, such as those that pass on captured words."""
    if "orchestration.dbt_process" in sys.orig_argv:
        return "dbt"
    return "main" if any(Path(word).name == "incentives" for word in sys.orig_argv[1:2]) else ""


if "CAMPAIGN_NAMES" in os.environ and watched_process():
    watch(Boundaries(watched_process(), dict(os.environ)))
