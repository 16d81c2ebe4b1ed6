"""The interpreter's search for reference cycles, held off while millions of award keys and entries are in hand.

They hold text and numbers, never each other, and go as soon as nobody uses them; yet the search walks all of them again
and again as more come, which costs as much as the posting itself. Does not belong here: anything that holds a cycle.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_cycle_search() -> Iterator[None]:
    """No search until the block (or, as a decorator, the call) ends, however it ends; then as it was before."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
