"""The arithmetic of the bench: exponents, and the parts of time that overlap."""

from __future__ import annotations

import pytest

from bench.growth import exponent
from bench.stages import shares


@pytest.mark.parametrize(
    ("costs", "found"),
    [
        ({100: 2.0, 1_000: 20.0}, 1.0),
        ({100: 2.0, 1_000: 20.0, 10_000: 200.0}, 1.0),
        ({10: 1.0, 100: 100.0}, 2.0),
        ({10: 5.0, 100: 5.0}, 0.0),
        ({10: 5.0}, None),
        ({10: 0.0, 100: 5.0}, None),
    ],
)
def test_the_exponent_is_the_slope_on_logarithms(costs: dict[int, float], found: float | None) -> None:
    assert exponent(costs) == (None if found is None else pytest.approx(found))


def test_stages_that_run_at_once_share_the_time() -> None:
    spans = [(100.0, 104.0, "movements"), (102.0, 106.0, "checks"), (110.0, 111.0, "checks")]
    assert shares(spans) == {"movements": pytest.approx(3.0), "checks": pytest.approx(4.0)}
