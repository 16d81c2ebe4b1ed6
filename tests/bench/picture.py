"""A plot on two logarithmic axes, as SVG: where cost grows in proportion, every curve climbs by the same slope.

Does not belong here: what is plotted (``results``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 460, 60, 210, 40, 40
COLOURS = ("#222222", "#888888", "#3b5bdb", "#e8590c", "#2b8a3e", "#c2255c", "#7048e8", "#0c8599",
           "#f08c00", "#5c940d", "#a61e4d", "#74c0fc", "#63e6be", "#862e9c", "#ffa8a8")  # fmt: skip


@dataclass(frozen=True)
class Curve:
    """One line of the plot: its name and its points (size, seconds)."""

    name: str
    points: list[tuple[int, float]]


@dataclass(frozen=True)
class _Axis:
    """Maps values to places, by their logarithms; it begins and ends at whole powers of ten."""

    low: int
    high: int
    begin: float
    end: float

    @classmethod
    def over(cls, values: Iterable[float], begin: float, end: float) -> _Axis:
        logarithms = [math.log10(value) for value in values] or [0.0]
        low, high = math.floor(min(logarithms)), math.ceil(max(logarithms))
        return cls(low, max(high, low + 1), begin, end)

    def place(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self.begin + share * (self.end - self.begin), 1)

    @property
    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def log_log_plot(title: str, sizes: str, curves: Sequence[Curve]) -> str:
    """An SVG of the curves over ``sizes``; what took no time cannot be shown and is left out."""
    shown = [Curve(curve.name, [point for point in curve.points if point[1] > 0]) for curve in curves]
    across = _Axis.over((size for curve in shown for size, _ in curve.points), LEFT, WIDTH - RIGHT)
    up = _Axis.over((seconds for curve in shown for _, seconds in curve.points), HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/><text x="{LEFT}" y="20" font-size="14">{title}</text>',
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{sizes}</text>',
        *_grid(across, up),
    ]
    for number, curve in enumerate(shown):
        parts += _drawn(curve, COLOURS[number % len(COLOURS)], TOP + 10 + 18 * number, across, up)
    return "".join(parts) + "</svg>\n"


def _grid(across: _Axis, up: _Axis) -> Iterable[str]:
    for tick in across.ticks:
        x = across.place(tick)
        yield f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{HEIGHT - BOTTOM}" stroke="#dddddd"/>'
        yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{tick:,.0f}</text>'
    for tick in up.ticks:
        y = up.place(tick)
        yield f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#dddddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{tick:g} s</text>'


def _drawn(curve: Curve, colour: str, y: int, across: _Axis, up: _Axis) -> Iterable[str]:
    """The line, its points, and its name at the right."""
    places = [(across.place(size), up.place(seconds)) for size, seconds in sorted(curve.points)]
    line = " ".join(f"{x},{height}" for x, height in places)
    yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
    yield from (f'<circle cx="{x}" cy="{height}" r="3" fill="{colour}"/>' for x, height in places)
    yield f'<text x="{WIDTH - RIGHT + 20}" y="{y}" fill="{colour}">{curve.name}</text>'
