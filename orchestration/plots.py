"""Plots for the metadata of assets: small SVG pictures, as Markdown that the Dagster UI shows.

Does not belong here: which figures are worth a picture (the assets know).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

_WIDTH, _HEIGHT, _MARGIN = 720, 220, 36


@dataclass(frozen=True)
class Series:
    """One line of a plot: its name, its colour and its values, one a position; None leaves a gap."""

    name: str
    colour: str
    values: Sequence[int | None]


def line_plot(title: str, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Markdown of a line plot over positions named by ``labels``; the vertical axis runs from 0 to the greatest value."""
    top = max((value for line in series for value in line.values if value is not None), default=0) or 1
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/><text x="{_MARGIN}" y="16" font-size="13">{title}</text>',
        f'<text x="{_MARGIN}" y="{_y(top, top) + 12:.0f}" fill="#666666">{top:,}</text>',
        f'<text x="{_MARGIN}" y="{_HEIGHT - 6}">{labels[0] if labels else ""}</text>',
        f'<text x="{_WIDTH - _MARGIN}" y="{_HEIGHT - 6}" text-anchor="end">{labels[-1] if labels else ""}</text>',
    ]
    for place, line in enumerate(series):
        points = " ".join(
            f"{_x(position, len(labels)):.1f},{_y(value, top):.1f}"
            for position, value in enumerate(line.values)
            if value is not None
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{line.colour}" stroke-width="1.6"/>')
        x = _WIDTH - _MARGIN - 150 * (len(series) - place - 1)
        parts.append(f'<text x="{x}" y="16" text-anchor="end" fill="{line.colour}">{line.name}</text>')
    picture = base64.b64encode(("".join(parts) + "</svg>").encode()).decode()
    return f"![{title}](data:image/svg+xml;base64,{picture})"


def _x(position: int, count: int) -> float:
    return _MARGIN + (_WIDTH - 2 * _MARGIN) * position / max(count - 1, 1)


def _y(value: int, top: int) -> float:
    return _HEIGHT - 22 - (_HEIGHT - 52) * value / top
