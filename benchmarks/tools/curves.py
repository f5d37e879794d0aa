"""A line over two logarithmic axes, as an SVG in the colours of the reader's theme."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

LEFT, TOP, WIDTH, HEIGHT, BELOW = 70, 16, 480, 220, 46
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#3a332c}.grid{stroke:#e5dccd}.line{stroke:#8a5a2b;fill:none;"
    "stroke-width:2.5}.dot{fill:#8a5a2b}@media(prefers-color-scheme:dark){text{fill:#ddd3c4}.grid{stroke:#40382f}"
    ".line{stroke:#d09a5c}.dot{fill:#d09a5c}}"
)


def curve(title: str, points: Sequence[tuple[float, float]], across: str, up: str) -> str:
    """An SVG of `points`, all above zero; `across` and `up` say what the axes are, with their units."""
    lows, highs = zip(*(_decades([point[axis] for point in points]) for axis in (0, 1)), strict=True)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x, y = ((log10(point[axis]) - lows[axis]) / (highs[axis] - lows[axis]) for axis in (0, 1))
        return LEFT + x * WIDTH, TOP + (1 - y) * HEIGHT

    parts = []
    for decade in range(lows[0], highs[0] + 1):
        x, _ = place((10.0**decade, 10.0 ** lows[1]))
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{TOP + HEIGHT}"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{_decade(decade)}</text>'
        )
    for decade in range(lows[1], highs[1] + 1):
        _, y = place((10.0 ** lows[0], 10.0**decade))
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_decade(decade)}</text>')
    placed = [place(point) for point in points]
    parts.append(f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in placed)}"/>')
    for (x, y), (_, value) in zip(placed, points, strict=True):
        anchor = "start" if x < LEFT + 20 else "middle"  # Clear of the axis and its numbers.
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        parts.append(f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="{anchor}">{number(value)}</text>')
    foot = TOP + HEIGHT + BELOW - 8
    parts.append(f'<text x="{LEFT + WIDTH}" y="{foot}" text-anchor="end">{escape(across)} →</text>')
    parts.append(f'<text x="{LEFT}" y="{foot}">↑ {escape(up)}</text>')
    size = f"{LEFT + WIDTH + 40} {TOP + HEIGHT + BELOW}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Powers of ten around the values, with room above the highest for its number."""
    low, high = floor(log10(min(values))), ceil(log10(max(values) * 1.2))
    return low, max(high, low + 1)


def _decade(decade: int) -> str:
    return (
        f"{10**decade:,}"
        if 0 <= decade < 6
        else f"{10 ** (decade - 6):,} M"
        if decade >= 6
        else f"{10.0**decade:g}"
    )


def number(value: float) -> str:
    """Three digits at least, and no more behind the point than those."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
