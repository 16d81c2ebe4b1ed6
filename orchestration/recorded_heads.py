"""The ledger's head as it was recorded outside the ledger: a ledger put back from a back-up lacks it, and pays nobody.

Recorded after each publication, payment and adjustment: beside the files of exports, beside what is served, and in the file that
INCENTIVES_HEAD_COPY names. Does not belong here: what the chain is (``orchestration.ledger.chain``), and who asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from orchestration.errors import RefusedError, SettingsError
from orchestration.files import write_text
from orchestration.ledger.chain import Head, recorded_head
from orchestration.ledger.ledger import Ledger
from orchestration.payouts.exports import head_file
from orchestration.publication import published_head
from orchestration.settings import Settings


def recorded_heads(settings: Settings) -> list[Head]:
    """Every head that was recorded and that the ledger must still hold, each once.

    RefusedError where one was changed, or a place has none or an older one than it must have; SettingsError where the folder of the
    copy is not there.
    """
    beside = {path: _head_in(settings, path) for path in _places(settings)}
    published = published_head(settings)
    _require_own_copy(settings, published, beside)
    return list(dict.fromkeys(head for head in (published, *beside.values()) if head is not None))


def require_heads_held(settings: Settings) -> None:
    """RefusedError where the ledger is not the one that was last published or paid from: another, or from before."""
    for head in recorded_heads(settings):
        if not Ledger.open(settings.ledger_url).holds(head):
            raise RefusedError(
                f"nothing was done, since the ledger does not have posting {head.posting_no}, which {settings.home} recorded "
                "as its head: set INCENTIVES_LEDGER_URL to the ledger of this home; where it was put back from a back-up, see "
                "README (No newer ledger is left) and `incentives verify`"
            )


def record_head(settings: Settings) -> None:
    """Records the head of now at every place but with a publication, which does so itself; RefusedError as ``require_heads_held``.

    A head that the ledger does not hold is all that keeps what it lacks from being paid again, so none is ever written over.
    """
    require_heads_held(settings)
    head = Ledger.open(settings.ledger_url).head()
    settings.payouts.mkdir(mode=0o700, exist_ok=True)
    for path in _places(settings):
        write_text(path, json.dumps(head._asdict()) + "\n")


def _places(settings: Settings) -> list[Path]:
    # Also beside what is served: a back-up brings its own of the last, and knows nothing of what was paid since.
    places = [settings.serving / "finance" / "paid_head.json", head_file(settings)]
    # The copy first: after a crash it may be ahead of the home, and is behind it only where something ran without the setting.
    return places if settings.head_copy is None else [settings.head_copy, *places]


def _require_own_copy(settings: Settings, published: Head | None, heads: Mapping[Path, Head | None]) -> None:
    """RefusedError where the copy is not as this home left it."""
    copy, home = heads.get(settings.head_copy or Path()), heads[head_file(settings)]
    if copy is not None and home is None and published is None:
        raise RefusedError(
            f"{settings.head_copy}, which INCENTIVES_HEAD_COPY names, knows a ledger, and {settings.home} published none of it: "
            "name a file of its own for this home; where it was put back from a back-up, see README (No newer ledger is left)"
        )
    if settings.head_copy is not None and home is not None and (copy is None or copy.posting_no < home.posting_no):
        # One that the ledger lacks is behind in number only: what it knows of was lost here, and it alone still tells.
        if copy is not None and not Ledger.open(settings.ledger_url).holds(copy):
            raise RefusedError(
                f"the ledger does not have posting {copy.posting_no} as {settings.head_copy} knows it, which INCENTIVES_HEAD_COPY "
                "names: keep that file; if it is another home's, or the ledger of INCENTIVES_LEDGER_URL is, name this one's "
                "own; where this one was put back from a back-up, see README (No newer ledger is left)"
            )
        what = (
            "is missing" if copy is None else f"knows postings to {copy.posting_no}, and the home to {home.posting_no}"
        )
        raise RefusedError(
            f"{settings.head_copy}, which INCENTIVES_HEAD_COPY names, {what}: mount its disk or put it back; where it was never "
            f"there, or something ran without this setting, copy {head_file(settings)} to it"
        )


def _head_in(settings: Settings, path: Path) -> Head | None:
    if path.is_dir():
        raise SettingsError(f"{path} is a folder, and the ledger's head is recorded in a file: name one in it")
    if path == settings.head_copy and not path.parent.is_dir():
        raise SettingsError(
            f"INCENTIVES_HEAD_COPY is {path}, and there is no folder {path.parent}: mount it, or name another"
        )
    if not path.exists():
        if path == head_file(settings) and any(settings.payouts.glob("export-*/*")):
            raise RefusedError(f"{path} is missing beside files of exports: put it back from a back-up")
        return None
    try:
        return recorded_head(path.read_text(encoding="utf-8"))
    except ValueError as error:
        others = " or ".join(str(other) for other in _places(settings) if other != path)
        raise RefusedError(
            f"{path} is not the head that was recorded there: copy {others} over it, which was written with it; where a back-up "
            "was put back, do as README says (No newer ledger is left)"
        ) from error
