"""On how many worlds the laws are tried: the same few in every run, many others where LAW_EXAMPLES asks for a number.

Does not belong here: a law.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

ASKED = int(os.environ.get("LAW_EXAMPLES", "0"))


def tried_on(examples: int) -> settings:
    """The decorator of a law: that many worlds, always the same ones; where more are asked for, new ones each time."""
    return settings(
        deadline=None,
        max_examples=ASKED or examples,
        derandomize=not ASKED,
        suppress_health_check=list(HealthCheck),
    )
