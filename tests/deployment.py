"""A whole deployment in a folder of its own, driven by the real command in processes of its own.

Belongs here: its places, the command, what it serves, and keeping a copy to come back to. Does not belong here: any data, or
what a command is expected to say.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

COMMAND = Path(sys.executable).with_name("incentives")
SHIPPED_PROGRAMS = Path(__file__).resolve().parent.parent / "data_contracts" / "programs"
KEPT = ("accepted", "quarantine", "deliveries", "ledger", "payouts", "serving", "state.json")
"""What a command that fails must leave as it was; the rest of the home is working space, logs and the run record."""


@dataclass(frozen=True)
class Outcome:
    """What a command came to: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> str:
        """The one line in which a command that failed says why."""
        lines = [line for line in self.err.splitlines() if line.startswith("incentives: ")]
        assert len(lines) == 1 and "Traceback" not in self.out + self.err, self
        return lines[0]


@dataclass(frozen=True)
class Deployment:
    """Home, landing and terms below one folder. Views and manifests hold absolute paths, so copies come back to it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def programs(self) -> Path:
        return self.folder / "programs"

    @property
    def marts(self) -> Path:
        return self.home / "serving" / "marts.duckdb"

    def ship(self, *programs: str) -> None:
        """Deploys these of the shipped programs."""
        self.programs.mkdir(parents=True, exist_ok=True)
        for program in programs:
            shutil.copy(SHIPPED_PROGRAMS / f"{program}.yaml", self.programs)

    def put(self, feed: str, day: str, text: str) -> Path:
        """Delivers a CSV file, in place of the one that may be there."""
        path = self.landing / feed / f"landed_on={day}" / "delivery.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Starts ``incentives``, from a folder that is not the checkout's."""
        places = {"HOME": self.home, "LANDING": self.landing, "PROGRAMS": self.programs}
        named = {f"INCENTIVES_{name}": str(place) for name, place in places.items()}
        outside = {
            name: value for name, value in os.environ.items() if not name.startswith(("INCENTIVES_", "DAGSTER_"))
        }
        return subprocess.Popen(
            [COMMAND, *arguments],
            env=outside | named | self.environment | environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def incentives(self, *arguments: str, **environment: str) -> Outcome:
        """Runs ``incentives`` to its end."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=300)
        return Outcome(process.returncode, out, err)

    def run(self, through: str, *options: str) -> Outcome:
        """``incentives run``, which must succeed."""
        outcome = self.incentives("run", "--through", through, *options)
        assert outcome.code == 0, outcome
        return outcome

    def rows(self, sql: str) -> list[tuple]:
        """Rows of the served marts, as a BI tool gets them."""
        with duckdb.connect(str(self.marts), read_only=True) as served:
            return served.execute(sql).fetchall()

    def served(self) -> dict[str, list[tuple]]:
        """Every row of every served mart."""
        with duckdb.connect(str(self.marts), read_only=True) as served:
            names = served.execute("select schema_name || '.' || view_name from duckdb_views() where not internal")
            return {
                name: served.execute(f"select * from {name} order by all").fetchall() for (name,) in names.fetchall()
            }

    def kept(self) -> dict[str, str]:
        """The hash of every file that a command which fails may not touch."""
        places = [self.home / name for name in KEPT]
        files = [path for place in places for path in (place, *place.rglob("*")) if path.is_file()]
        return {str(path.relative_to(self.home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def keep(self, name: str) -> None:
        """Keeps a copy of everything beside the folder."""
        shutil.copytree(self.folder, self.folder.with_name(name))

    def restore(self, name: str) -> None:
        """Brings everything back as it was kept, in place."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.folder.with_name(name), self.folder)
