"""Parquet that ends the process which decodes it, and processes that end while they decode: no attempt after dies of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest

FEED = "program_lists"
ROWS = pl.DataFrame(
    {
        "list_id": ["L1", "L1", "L2"],
        "subject_id": ["S1", "S2", "S1"],
        "added_at": ["2025-10-01T09:00:00Z"] * 3,
        "updated_at": ["2025-10-01T09:00:00Z"] * 3,
    }
)
ATTEMPT = f"""
from datetime import date
from data_contracts.feeds import FEEDS
from orchestration.acceptance import accept_delivery
from orchestration.settings import Settings

record = accept_delivery(Settings.from_environment(), FEEDS["{FEED}"], date(2025, 10, 1))
print(record.state, record.reason)
"""
KILLED = f"""
import os, signal
from orchestration import acceptance

acceptance.values = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
{ATTEMPT}
"""
CHECKOUT = Path(__file__).resolve().parents[2]
FAULT = "b.parquet is damaged (decoding it ended the process): deliver it again"
REASON = f"{FEED}/landed_on=2025-10-01 is refused: {FAULT}"


def damaged() -> bytes:
    """A file whose first page of data says that it holds -4 values: three are written as 6, minus four as 7."""
    stream = BytesIO()
    ROWS.write_parquet(stream, compression="uncompressed", statistics=False)
    header = b"\x2c\x15"  # of a page of data, up to its number of values
    return stream.getvalue().replace(header + b"\x06", header + b"\x07", 1)


def attempt(world, script=ATTEMPT):
    """Takes the delivery in as a run does, in a process that may die: how it ended, and what it said."""
    places = {"INCENTIVES_HOME": str(world.settings.home), "INCENTIVES_LANDING": str(world.settings.landing)}
    environment = os.environ | places | {"PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.strip()


def marks(world):
    return [path.read_text() for path in world.settings.deliveries.rglob("*.decoding")]


def leave_mark(world, name):
    mark = world.settings.deliveries / FEED / "2025-10-01.decoding"
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(name)


def test_file_that_ends_the_process_is_refused_until_it_is_replaced(world):
    world.put(FEED, "a.parquet", ROWS)
    world.put(FEED, "b.parquet", damaged())
    world.put(FEED, "c.parquet", ROWS)
    assert attempt(world) == (-signal.SIGABRT, "")
    assert marks(world) == ["b.parquet"]
    assert attempt(world) == (0, f"REFUSED {REASON}")
    assert marks(world) == ["b.parquet"]  # or the next attempt died again
    assert world.accept(FEED).reason == REASON
    world.put(FEED, "b.parquet", ROWS)
    record = world.accept(FEED)
    assert (record.state, record.delivered, record.accepted, record.repeats) == ("ACCEPTED", 9, 3, 6)
    assert marks(world) == []


def test_process_killed_while_it_decodes_a_good_file(world):
    world.put(FEED, "a.parquet", ROWS)
    undisturbed = world.accept(FEED)
    rows = world.accepted(FEED)
    (world.settings.deliveries / FEED / "2025-10-01.json").unlink()
    assert attempt(world, KILLED) == (-signal.SIGKILL, "")
    assert marks(world) == ["a.parquet"]
    again = world.accept(FEED)
    assert replace(again, parts=()) == replace(undisturbed, parts=())
    assert [part.sha256 for part in again.parts] == [part.sha256 for part in undisturbed.parts]
    assert world.accepted(FEED).equals(rows)
    assert marks(world) == []


@pytest.mark.parametrize(
    ("ended_by", "state"),
    [
        (0, "ACCEPTED"),
        (1, "ACCEPTED"),  # by an exception, which reading meets again and words better
        (-signal.SIGSEGV, "REFUSED"),
        (-signal.SIGKILL, "REFUSED"),  # as the kernel does where memory ends
        (-signal.SIGTERM, "ACCEPTED"),
        (-signal.SIGINT, "ACCEPTED"),
    ],
)
def test_what_a_trial_says(world, monkeypatch, ended_by, state):
    trial = subprocess.CompletedProcess([], ended_by)
    monkeypatch.setattr("orchestration.decoding.subprocess.run", lambda *_, **__: trial)
    leave_mark(world, "a.parquet")
    world.put(FEED, "a.parquet", ROWS)
    assert world.accept(FEED).state == state
    assert marks(world) == (["a.parquet"] if state == "REFUSED" else [])


@pytest.mark.parametrize("left", ["", "a.parq", "gone.parquet"])
def test_mark_that_names_no_file_is_taken_away(world, monkeypatch, left):
    monkeypatch.setattr("orchestration.decoding.subprocess.run", None)
    leave_mark(world, left)
    world.put(FEED, "a.parquet", ROWS)
    assert world.accept(FEED).state == "ACCEPTED"
    assert marks(world) == []


def test_refusal_while_decoding_leaves_no_mark(world):
    world.put(FEED, "a.parquet", b"PAR1")
    assert "cannot be read" in world.accept(FEED).reason
    world.put(FEED, "a.parquet", ROWS.drop("list_id"))
    assert "lacks required column" in world.accept(FEED).reason
    assert marks(world) == []


def test_only_parquet_is_marked(world, monkeypatch):
    seen = []
    monkeypatch.setattr("orchestration.acceptance._Intake._check_length", lambda *_: seen.append(marks(world)))
    for day, name, content in ((1, "a.csv", ROWS.write_csv()), (2, "b.parquet", ROWS)):
        world.put(FEED, name, content, date(2025, 10, day))
        world.accept(FEED, date(2025, 10, day))
    assert seen == [[], ["b.parquet"]]
