"""On how many worlds the laws are tried: the same few in every run, as many others as are asked for where LAW_EXAMPLES is a number.

Which others, says the seed that pytest is given: `make laws` does both. Does not belong here: a law.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

ASKED = int(os.environ.get("LAW_EXAMPLES", "0"))


def tried_on(examples: int) -> settings:
    """The decorator of a law: that many worlds, always the same ones; where more are asked for, those of the seed.

    No example is kept from run to run, so that a seed alone says what is tried.
    """
    return settings(
        deadline=None,
        max_examples=ASKED or examples,
        derandomize=not ASKED,
        database=None,
        print_blob=bool(ASKED),
        suppress_health_check=list(HealthCheck),
    )
