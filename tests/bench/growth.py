"""How cost grows with size: the exponent of a power law through what was measured. Does not belong here: what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping

LINEAR = 1.05
"""What grows with a greater exponent is worse than linear; the rest is noise."""


def exponent(costs: Mapping[int, float]) -> float | None:
    """The exponent b of cost = a * size ** b by least squares on logarithms; None where fewer than two sizes cost anything.

    costs: by size, both in any unit.
    """
    points = [(math.log(size), math.log(cost)) for size, cost in costs.items() if cost > 0]
    if len(points) < 2:
        return None
    middle_size = sum(size for size, _ in points) / len(points)
    middle_cost = sum(cost for _, cost in points) / len(points)
    spread = sum((size - middle_size) ** 2 for size, _ in points)
    return sum((size - middle_size) * (cost - middle_cost) for size, cost in points) / spread
