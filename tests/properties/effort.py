"""On how many worlds the laws are tried: the same few in every run, as many others as are asked for where LAW_EXAMPLES is a number.

Which others, says the seed that pytest is given: `make laws` does both. Does not belong here: a law.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

ASKED = int(os.environ.get("LAW_EXAMPLES", "0"))


class FreshWorlds(HypothesisProvider):
    """Draws each example anew, and by its seed alone.

    By itself, hypothesis makes five examples of six from the one before, with a part of it copied: they cost as much as others, and
    look at the same corners again. And it mixes in constants of whatever modules are loaded, so that a law has other examples alone
    than in company.
    """

    def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
        return None


AVAILABLE_PROVIDERS["fresh worlds"] = FreshWorlds


def tried_on(examples: int) -> settings:
    """The decorator of a law: that many worlds, always the same ones; where more are asked for, those of the seed.

    No example is kept from run to run, so that a seed alone says what is tried.
    """
    return settings(
        backend="fresh worlds",
        deadline=None,
        max_examples=ASKED or examples,
        derandomize=not ASKED,
        database=None,
        print_blob=bool(ASKED),
        suppress_health_check=list(HealthCheck),
    )
