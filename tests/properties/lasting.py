"""What stands after a run: all that the project's models hold, but for what a run works out for its own window alone.

Does not belong here: a law.
"""

from __future__ import annotations

from typing import Any

from compiled.project import Project, compiled_project
from compiled.world import World

OF_ONE_WINDOW = {
    "touched_orders", "touched_lines", "line_versions", "order_versions", "attribution_versions", "refund_versions",
    "reversal_states", "line_cells", "line_movements", "lines_before_and_after", "touched_lives", "touched_videos",
    "versions_in_question", "earlier_orders", "earlier_order_lines", "earlier_attributions", "earlier_refunds",
}  # fmt: skip

Rows = list[tuple[Any, ...]]


def unchecked() -> Project:
    """All models without the dbt tests, which other laws run on worlds like these."""
    return compiled_project().without_checks()


def lasting(world: World) -> dict[str, Rows]:
    """All that stands after a run, whatever its window was: rows by model."""
    return {name: rows for name, rows in world.contents().items() if name not in OF_ONE_WINDOW}
