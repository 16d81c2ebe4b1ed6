"""Dagster's event log in SQLite, with its connections kept open.

The one that Dagster ships opens a new engine for every event, which prepares its statements anew, and closes the file, which
empties its write-ahead log: 10 ms an event, and a season has thousands. Everything else is Dagster's own: same files, same
tables, so that either may read what the other wrote. Does not belong here: what is logged.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event

MOST_OPEN = 8
"""Files that stay open at once: the index, and the last runs that were looked at."""

_BUSY_SECONDS = 30


class KeptEventLogStorage(SqliteEventLogStorage):
    """The same storage; each of the last few files keeps its engine."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._engines_lock = threading.RLock()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> KeptEventLogStorage:
        """As dagster.yaml names it."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._engines_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None)
        if engine is None:
            engine = create_engine(self.conn_string_for_shard(shard), connect_args={"timeout": _BUSY_SECONDS})
            event.listen(engine, "connect", _sync_less)
        self._engines[shard] = engine
        while len(self._engines) > MOST_OPEN:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def dispose(self) -> None:
        """Closes every file."""
        with self._engines_lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()
        super().dispose()


def close_left_open(folder: Path) -> None:
    """Writes into each file what stands in the write-ahead log that a killed process left beside it, and takes the log away.

    A log that another process still has open stays.
    """
    for log in folder.glob("*.db-wal"):
        with closing(
            sqlite3.connect(log.with_name(log.name.removesuffix("-wal")), timeout=_BUSY_SECONDS)
        ) as connection:
            connection.execute("pragma wal_checkpoint(passive)")


def _sync_less(connection: Any, _: object) -> None:
    """With a write-ahead log this keeps the file whole; a power cut may cost the log its last events, and nothing else."""
    connection.execute("pragma synchronous = normal")
