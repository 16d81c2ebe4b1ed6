"""One scenario: its world, its terms, and what it says is owed.

Belongs here: reading a scenario file and asking the SQL. Does not belong here: the sentences of records (``notation``).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from compiled.project import Project, compiled_project
from compiled.world import World
from pydantic import TypeAdapter

from data_contracts.terms import Program
from data_contracts.terms.loading import AnyProgram
from orchestration.agreement import require_agreement
from scenarios.notation import CENTS, EMPTY, Notation, cents

HERE = Path(__file__).parent
PROGRAMS = HERE.parents[1] / "data_contracts" / "programs"
ANY_PROGRAM: TypeAdapter[Program] = TypeAdapter(AnyProgram)
KEYS = {"name", "time_zone", "terms", "later_versions", "beside", "alone", "happened", "owed"}

# `P1 500,000 provisional` · `Ann for Bob 5,000 final` · `Ann for 3 referrals 5,000 final` · `Bob is CAPPED`
# `P1 300,000 final for 2025-10`, where a program has several periods · `P1 300,000 final by THE_PROGRAM_BESIDE`
OWED = re.compile(
    rf"(?P<who>\S+)(?: for (?P<whom>\S+?)(?: referrals)?)? (?P<amount>{CENTS}) (?P<stage>provisional|final)"
    r"(?: for (?P<period>\S+))?(?: by (?P<program>\S+))?"
)
EACH = re.compile(r"\{(?P<first>\d+)\.\.(?P<last>\d+)\}")
STATUS = re.compile(r"(?P<who>\S+) is (?P<status>[A-Z]+)")


@dataclass(frozen=True)
class Scenario:
    """What landed on which day, under which terms, and what is owed as of which days.

    ``beside``: shipped programs of the same kind in the same world.
    """

    name: str
    time_zone: str
    program: Program
    beside: tuple[Program, ...]
    happened: tuple[Mapping[date, str], ...]
    owed: Mapping[date, str]

    def world(self, project: Project | None = None) -> World:
        """The deliveries, not built yet; by itself with the models of the program's kind and their tests only."""
        world = World(
            programs=[self.program, *self.beside],
            time_zone=self.time_zone,
            project=project or project_of(self.program.kind),
        )
        for part in self.happened:
            for landed_on, text in part.items():
                notation = Notation(landed_on, ZoneInfo(self.time_zone))
                for sentence in lines_of(text):
                    if empty := EMPTY.fullmatch(sentence):
                        world.delivered_on(empty["feed"], landed_on)
                    else:
                        world.deliver(notation.records(sentence))
        return world

    @property
    def names_periods(self) -> bool:
        """Whether it says for which period something is owed; then it does so everywhere."""
        awards = [OWED.fullmatch(line) for text in self.owed.values() for line in lines_of(text)]
        return any(award["period"] for award in awards if award)

    def expected(self, as_of: date) -> list[str]:
        """What is owed that day in the words of ``found``, and no line for `nobody`."""
        lines = lines_of(self.owed[as_of])
        return sorted(normal_award(line) for line in lines if line != "nobody" and not STATUS.fullmatch(line))

    def found(self, world: World) -> list[str]:
        """The awards of the kind in the world as ``normal_award`` writes them."""
        rows = world.rows(
            "select beneficiary_id, subject_id, amount_cents, stage, period, program_id "
            f"from awards.{self.program.kind} where amount_cents is distinct from 0"
        )
        return sorted(
            award_text(
                *award, period if self.names_periods else None, None if program == self.program.program_id else program
            )
            for *award, period, program in rows
        )

    def expected_statuses(self, as_of: date) -> dict[str, str]:
        """How the referrals stand of which the scenario says so."""
        found = [match for line in lines_of(self.owed[as_of]) if (match := STATUS.fullmatch(line))]
        return {match["who"]: match["status"] for match in found}


@cache
def project_of(kind: str) -> Project:
    """The part of the project that decides awards of a kind, which is a third of it or less."""
    return compiled_project().upstream(kind)


def lines_of(text: str) -> list[str]:
    """The lines of a text, without what stands after a # and without empty ones; one with {1..3} is three of them."""
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [each for line in lines if line for each in each_of(line)]


def each_of(line: str) -> list[str]:
    """The line with each number of its range in place of {01..71}, which may stand there several times."""
    counted = EACH.search(line)
    if not counted:
        return [line]
    numbers = range(int(counted["first"]), int(counted["last"]) + 1)
    return [line.replace(counted[0], f"{number:0{len(counted['first'])}}") for number in numbers]


def normal_award(line: str) -> str:
    """One award as ``award_text``; ValueError where the line is none."""
    match = OWED.fullmatch(line)
    if not match:
        raise ValueError(f"this says nothing that can be owed: {line!r}")
    amount, stage = cents(match["amount"]), match["stage"].upper()
    return award_text(match["who"], match["whom"], amount, stage, match["period"], match["program"])


def award_text(*award: Any) -> str:
    """`beneficiary|subject|amount|STAGE|period|program`: the period where it is told, the program where it is one beside."""
    return "|".join(str(value or "") for value in award)


def assert_second_opinion_agrees(world: World, kind: str) -> None:
    """RefusedError where plain Python decides otherwise than the SQL of a kind, on any candidate."""
    world.connection.execute(f"create or replace table awards.award_candidates as from awards.{kind}")
    require_agreement(world.connection)


def found_statuses(world: World) -> dict[str, str]:
    """How each referral in the world stands."""
    return dict(world.rows("select referee_id, status from marts.referral_conversions"))


def scenarios_of(file: str) -> Iterator[Scenario]:
    """The scenarios of a file beside this one, each with what `usually` happens, unless it stands `alone`."""
    content = yaml.safe_load((HERE / file).read_text(encoding="utf-8"))
    shipped = shipped_terms(content["program"])
    for written in content["scenarios"]:
        unknown = written.keys() - KEYS
        if unknown:
            raise ValueError(f"{file}: {written['name']}: unknown {unknown}")
        usual = {} if written.get("alone") else content.get("usually", {})
        yield Scenario(
            name=written["name"],
            time_zone=written.get("time_zone", "UTC"),
            program=program_with(shipped, written.get("terms", {}), written.get("later_versions", [])),
            beside=tuple(program_with(shipped_terms(name), {}, []) for name in written.get("beside", ())),
            happened=(usual, written["happened"]),
            owed=written["owed"],
        )


def shipped_terms(program_id: str) -> dict[str, Any]:
    """The terms file of a shipped program."""
    terms: dict[str, Any] = yaml.safe_load((PROGRAMS / f"{program_id}.yaml").read_text(encoding="utf-8"))
    return terms


def program_with(shipped: dict[str, Any], terms: dict[str, Any], later_versions: list[dict[str, Any]]) -> Program:
    """The shipped program with changed terms: of its fixed part, of its version, and versions that follow it."""
    program = copy.deepcopy(shipped)
    for key, value in terms.items():
        (program if key in program else program["versions"][0])[key] = value
    for changes in later_versions:
        program["versions"].append(copy.deepcopy(program["versions"][-1]) | changes)
    return ANY_PROGRAM.validate_python(program)
