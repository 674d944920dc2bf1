"""Charts as SVG text that scales with the page and follows its colours; no script, no library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

WIDTH, HEIGHT = 380, 270
LEFT, RIGHT, TOP, BOTTOM = 54, 10, 10, 40
"""Room for the numbers and names of the axes."""
COLOURS = 8
"""Number of colours that the page's style knows as ``c0`` to ``c7``."""
TICKS = 5


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis.

    Attributes:
        name: what it measures.
        low: its smaller end.
        high: its larger end.
    """

    name: str
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: its name, its points, and perhaps one point that stands out."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    mark: tuple[float, float] | None = None
    mark_name: str = ""


def line_chart(
    series: Sequence[Series], x: Axis, y: Axis, *, diagonal: bool = False, names_one: bool = False
) -> Markup:
    """Curves over common axes, with a legend below where there are several.

    Args:
        series: drawn in their order; values that are not finite are left out.
        x: horizontal axis.
        y: vertical axis.
        diagonal: whether to draw the line from corner to corner.
        names_one: whether there is a legend for a single curve, too.
    """
    parts = [_frame(x, y)]
    if diagonal:
        parts.append(_path([(x.low, y.low), (x.high, y.high)], x, y, "guide"))
    for index, one in enumerate(series):
        colour = f"c{index % COLOURS}"
        points = [
            (a, b)
            for a, b in zip(one.x, one.y, strict=True)
            if a is not None and b is not None and math.isfinite(a) and math.isfinite(b)
        ]
        parts.append(_path(points, x, y, f"line {colour}"))
        if len(points) == 1 or one.mark is not None:
            at = one.mark or points[0]
            parts.append(
                f'<circle class="dot {colour}" cx="{_x(at[0], x):.1f}" cy="{_y(at[1], y):.1f}" '
                f'r="4"><title>{escape(one.mark_name or one.name)}</title></circle>'
            )
    names = [one.name for one in series] if len(series) > 1 or names_one else []
    return _figure("".join(parts), names, f"{y.name} over {x.name}")


def reliability_chart(bins: Sequence[Mapping[str, Any]]) -> Markup:
    """Accuracy of each bin of confidence as a bar; perfect bars end on the diagonal."""
    x, y = Axis("confidence"), Axis("accuracy")
    most = max((one["faces"] for one in bins), default=1)
    parts = [_frame(x, y)]
    for one in bins:
        left, right = _x(one["low"], x) + 1, _x(one["high"], x) - 1
        top = _y(one["accuracy"], y)
        # Wide bars hold many faces: a gap in a bin of three is no reason to worry.
        opacity = 0.25 + 0.75 * math.sqrt(one["faces"] / most)
        parts.append(
            f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{_y(0, y) - top:.1f}" fill-opacity="{opacity:.2f}"><title>'
            f"{one['faces']} faces, confidence {one['confidence']:.3f}, "
            f"accuracy {one['accuracy']:.3f}</title></rect>"
        )
    parts.append(_path([(0, 0), (1, 1)], x, y, "guide"))
    return _figure("".join(parts), [], "accuracy over confidence")


def _x(value: float, axis: Axis) -> float:
    return LEFT + (value - axis.low) / (axis.high - axis.low) * (WIDTH - LEFT - RIGHT)


def _y(value: float, axis: Axis) -> float:
    return HEIGHT - BOTTOM - (value - axis.low) / (axis.high - axis.low) * (HEIGHT - TOP - BOTTOM)


def _path(points: Sequence[tuple[float, float]], x: Axis, y: Axis, style: str) -> str:
    inside = [
        (min(max(a, x.low), x.high), min(max(b, y.low), y.high)) for a, b in points
    ]  # a curve that leaves the axes runs along their edge
    told = " ".join(f"{_x(a, x):.1f},{_y(b, y):.1f}" for a, b in inside)
    return f'<polyline class="{style}" points="{told}"/>'


def _frame(x: Axis, y: Axis) -> str:
    parts = []
    for text in _ticks(x):
        at = _x(float(text), x)
        parts.append(
            f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{text}</text>'
        )
    for text in _ticks(y):
        at = _y(float(text), y)
        parts.append(
            f'<line class="grid" y1="{at:.1f}" y2="{at:.1f}" x1="{LEFT}" x2="{WIDTH - RIGHT}"/>'
            f'<text x="{LEFT - 5}" y="{at + 4:.1f}" text-anchor="end">{text}</text>'
        )
    middle_x, middle_y = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text x="{middle_x}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x.name)}</text>'
        f'<text transform="translate(11 {middle_y}) rotate(-90)" '
        f'text-anchor="middle">{escape(y.name)}</text>'
    )
    return "".join(parts)


def _ticks(axis: Axis) -> list[str]:
    """About five round numbers on the axis."""
    rough = (axis.high - axis.low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough * 0.999)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(axis.low / step - 1e-9), math.floor(axis.high / step + 1e-9)
    return [f"{number * step:.{digits}f}" for number in range(first, last + 1)]


def _figure(content: str, names: Sequence[str], told: str) -> Markup:
    legend = "".join(
        f'<li><span class="swatch c{index % COLOURS}"></span>{escape(name)}</li>'
        for index, name in enumerate(names)
    )
    return Markup(  # noqa: S704 - every text in it is escaped above
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(told)}">{content}'
        f'</svg><ul class="legend">{legend}</ul>'
    )


def fitted(name: str, values: Sequence[float]) -> Axis:
    """An axis that holds all the finite values, and a little more."""
    known = [value for value in values if value is not None and math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    room = max((high - low) * 0.05, 1e-3)
    return Axis(name, low - room if low < 0 else max(0.0, low - room), high + room)
