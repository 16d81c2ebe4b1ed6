"""A fixed world through the real command: chains of refunds and late parents, in two ranges and in other files, come to the same.

Does not belong here: the other worlds and ways, which take minutes (``campaigns.worlds``), and figures by hand
(``test_golden_world``).
"""

from __future__ import annotations

from pathlib import Path

from campaigns.fixed_worlds.fixed_world import fixed_world
from campaigns.worlds import Way, require_same, taken


def test_two_ranges_in_other_files_come_to_what_one_run_does(tmp_path: Path) -> None:
    """What stood at the end of each range is also what is known as of it (which ``taken`` looks at)."""
    world = fixed_world("superseding_and_late_parents")
    middle, last = str(world.days[2]), str(world.days[-1])
    once = taken(world, Way("once", ((last,),)), tmp_path)
    ranges = taken(world, Way("ranges", ((middle,), (last,)), in_any_files=True), tmp_path)
    require_same("beside once", once.figures, ranges.figures)
    assert once.entries != ranges.entries
