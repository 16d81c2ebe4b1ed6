"""Reading the programs of a folder, one YAML file each, or refusing them by name (RULEBOOK 2).

Belongs here: files and YAML, and the list of the kinds there are. Does not belong here: what terms may be.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from data_contracts.terms.affiliate_service import AffiliateService
from data_contracts.terms.creator_incubation import CreatorIncubation
from data_contracts.terms.creator_matching_challenge import CreatorMatchingChallenge
from data_contracts.terms.funded_deals import FundedDeals
from data_contracts.terms.incremental_daily_gmv import IncrementalDailyGmv
from data_contracts.terms.live_championship import LiveChampionship
from data_contracts.terms.program import Program
from data_contracts.terms.rank_upgrade import RankUpgrade
from data_contracts.terms.referral_reward import ReferralReward
from data_contracts.terms.refusal import TermsError, shown, terms_error
from data_contracts.terms.short_video_growth import ShortVideoGrowth

AnyProgram = Annotated[
    IncrementalDailyGmv
    | RankUpgrade
    | ShortVideoGrowth
    | AffiliateService
    | CreatorMatchingChallenge
    | LiveChampionship
    | CreatorIncubation
    | FundedDeals
    | ReferralReward,
    Field(discriminator="kind"),
]

_ANY_PROGRAM: TypeAdapter[Program] = TypeAdapter(AnyProgram)
_INTEGER = "tag:yaml.org,2002:int"


def load_programs(folder: Path) -> tuple[Program, ...]:
    """The programs of ``folder``'s ``*.yaml`` files, sorted by program_id; a folder without any has no program.

    TermsError where a file cannot be read, is no YAML, has insane terms, or names a program_id that another one has.
    """
    programs: dict[str, Program] = {}
    files: dict[str, Path] = {}
    for file in _files(folder):
        program = load_program(file)
        if program.program_id in programs:
            reason = f"{program.program_id!r} stands in {files[program.program_id].name} too"
            raise TermsError(str(file), "program_id", reason, "give each program an id of its own")
        programs[program.program_id] = program
        files[program.program_id] = file
    return tuple(programs[program_id] for program_id in sorted(programs))


def _files(folder: Path) -> list[Path]:
    try:
        files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    except OSError as error:
        cure = "name a folder of terms files that can be read"
        raise TermsError(str(folder), "", f"cannot be listed: {error.strerror}", cure) from error
    for file in files:
        if file.suffix == ".yml":
            raise TermsError(str(file), "", "ends in .yml and would be passed over", "let its name end in .yaml")
    return [file for file in files if file.suffix == ".yaml"]


def load_program(file: Path) -> Program:
    """The program of one file; TermsError where it cannot be read, is no YAML or has insane terms."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        written = yaml.load(text, Loader=_TermsLoader)
        return _ANY_PROGRAM.validate_python(written)
    except ValidationError as error:
        raise terms_error(str(file), error, lambda steps: _line_of(text, steps)) from error
    except OSError as error:
        raise TermsError(str(file), "", f"cannot be read: {error.strerror}", "mend its permissions") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        path = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise TermsError(str(file), path, str(error.problem or error.context), "write valid YAML") from error
    except (yaml.YAMLError, ValueError) as error:
        reason = f"is no YAML in UTF-8: {' '.join(str(error).split())}"
        raise TermsError(str(file), "", reason, "write valid YAML") from error


def _line_of(text: str, steps: Sequence[str | int]) -> int | None:
    """The line of what stands at a path, or of the last thing on the way to it; None in an empty file."""
    node = yaml.compose(text, Loader=_TermsLoader)
    line = node.start_mark.line + 1 if node else None
    for step in steps:
        found = _below(node, step)
        if found is None:
            break
        marked, node = found
        line = marked.start_mark.line + 1
    return line


def _below(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """What a step leads to: the node that marks its line, which is a mapping's key, and the one to go on from."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


class _TermsLoader(yaml.SafeLoader):
    """YAML in which no key stands twice and an integer looks like one.

    YAML 1.1 reads 0100 as 64 and 1:30 as 90; here both stay text, which no figure takes.
    """

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _INTEGER]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping; ConstructorError where a key stands twice."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                if key_node.value in seen:
                    problem = f"the key {shown(key_node.value)} stands twice in one mapping"
                    raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
                seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)


_TermsLoader.add_implicit_resolver(
    _INTEGER, re.compile(r"^-?(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:_[0-9]{3})+)$"), list("-0123456789")
)


def editors_schema() -> dict[str, Any]:
    """The JSON Schema of a terms file, by which editors complete and check it; whole numbers may have their thousands set apart."""
    schema: dict[str, Any] = _lenient(_ANY_PROGRAM.json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Terms of a program"} | schema


def _lenient(part: Any) -> Any:
    """A part of a schema in which an integer may be written as ``500_000``, which editors take for text."""
    if isinstance(part, list):
        return [_lenient(item) for item in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") == "integer":
        said = {key: part[key] for key in ("title", "description") if key in part}
        number = {key: value for key, value in part.items() if key not in said}
        return said | {"anyOf": [number, {"type": "string", "pattern": "^[1-9][0-9]{0,2}(_[0-9]{3})+$"}]}
    return {key: _lenient(value) for key, value in part.items()}
