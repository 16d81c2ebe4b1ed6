"""What stands after a command, as one value that two deployments at the same place can be compared by, and what lies about.

Belongs here: everything served, accepted, recorded and posted, without clocks; the names of all files and relations, without
numbers that pass. Does not belong here: how it came to stand.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
from deployment import Deployment

_FILES = ("accepted", "quarantine", "deliveries", "state.json", "dagster/dagster.yaml")
_LEDGER = {
    "postings": "posting_no, kind, as_of, inputs_hash, terms_hash, entry_count, last_entry_no, sums, previous_hash, hash",
    "entries": "*",
    "used_terms": "*",
    "checkpoints": "*",
}
# Numbers of runs, versions and captured words: they differ between two runs of the same.
_PASSING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "RUN"),
    (re.compile(r"version-\d{6}"), "version-N"),
    (re.compile(r"(compute_logs)/\w+"), r"\1/STEP"),
)

Standing = dict[str, object]
"""By name: rows of each served mart and of each table of the ledger, and the hash of each file that is kept."""


def standing(deployment: Deployment) -> Standing:
    """What stands: two commands came to the same where these are equal."""
    files = [path for name in _FILES for path in (deployment.home / name, *(deployment.home / name).rglob("*"))]
    return (
        {f"served {name}": rows for name, rows in deployment.served().items()}
        | {f"ledger {table}": rows for table, rows in _ledger(deployment).items()}
        | {str(path.relative_to(deployment.home)): _hash(path) for path in files if path.is_file()}
    )


def _ledger(deployment: Deployment) -> dict[str, list[tuple]]:
    """The ledger's rows but for the time at which they were written."""
    with closing(sqlite3.connect(deployment.home / "ledger" / "ledger.sqlite")) as ledger:
        return {
            table: ledger.execute(f"select {columns} from {table} order by 1, 2").fetchall()
            for table, columns in _LEDGER.items()
        }


def _hash(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".json" and b'"parts"' in content:
        record = json.loads(content)
        for part in record["parts"]:
            del part["mtime_ns"]  # when its accepted rows were written
        content = json.dumps(record).encode()
    return hashlib.sha256(content).hexdigest()


def differences(found: Standing, expected: Standing) -> list[str]:
    """Where one standing is not the other, a few words each."""
    return [
        f"{name} {'is missing' if name not in found else 'is new' if name not in expected else 'differs'}"
        for name in sorted(found.keys() | expected.keys())
        if name not in found or name not in expected or found[name] != expected[name]
    ]


def names(deployment: Deployment) -> set[str]:
    """Every file and folder, and every relation of the warehouse: what one deployment has beyond another was left behind."""
    found = {str(path.relative_to(deployment.folder)) for path in deployment.folder.rglob("*")}
    for passing, instead in _PASSING:
        found = {passing.sub(instead, name) for name in found}
    with duckdb.connect(str(deployment.home / "warehouse" / "warehouse.duckdb"), read_only=True) as warehouse:
        relations = warehouse.execute(
            "select schema_name || '.' || table_name from duckdb_tables() union all "
            "select schema_name || '.' || view_name from duckdb_views() where not internal"
        ).fetchall()
    return found | {f"relation {name}" for (name,) in relations}
