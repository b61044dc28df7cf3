"""Charts as SVG elements of a page: drawn from plain figures, readable without colour, named for those who can't see
them. Every chart only repeats what the table beside it says."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_WIDTH, _LABEL, _ROW, _BAR = 720, 220, 24, 14


def bars(title: str, names: Sequence[str], shares: Sequence[float], notes: Sequence[str]) -> str:
    """Horizontal bars of shares (0 to 1), with the figure and a note beside each."""
    height = _ROW * len(names) + 8
    room = _WIDTH - _LABEL - 170
    said = "; ".join(f"{name} {100 * value:.1f} %" for name, value in zip(names, shares, strict=True))
    parts = [_opening(_WIDTH, height, title, said)]
    for at, (name, value, note) in enumerate(zip(names, shares, notes, strict=True)):
        y = 4 + at * _ROW
        width = max(room * min(max(value, 0.0), 1.0), 1.0)
        parts += [
            f'<text x="{_LABEL - 8}" y="{y + 12}" text-anchor="end">{escape(_cut(name))}</text>',
            f'<rect class="track" x="{_LABEL}" y="{y}" width="{room}" height="{_BAR}"/>',
            f'<rect class="bar" x="{_LABEL}" y="{y}" width="{width:.1f}" height="{_BAR}"/>',
            f'<text x="{_LABEL + room + 8}" y="{y + 12}">{100 * value:.1f} % '
            f'<tspan class="faint">{escape(note)}</tspan></text>',
        ]
    return "".join([*parts, "</svg>"])


def _opening(width: int, height: int, title: str, said: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(f"{title}: {said}", quote=True)}"'
        f' style="max-width:{width}px" xmlns="http://www.w3.org/2000/svg">'
    )


def _cut(name: str) -> str:
    return name if len(name) <= 30 else name[:29] + "…"


def columns(title: str, names: Sequence[str], values: Sequence[float]) -> str:
    """Vertical bars above and below zero, one a name, each with its figure as a tooltip; losses have a pattern of their
    own place below the line, so that no colour is needed to tell them."""
    height, top, width = 220, 12, max(360, min(960, 90 * len(values)))
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0
    room = height - top - 46
    zero = top + room * high / span
    said = "; ".join(f"{name} {value:,.0f}" for name, value in zip(names, values, strict=True))
    parts = [_opening(width, height, title, said)]
    step = width / len(values)
    for at, (name, value) in enumerate(zip(names, values, strict=True)):
        size = max(room * abs(value) / span, 1.0)
        y = zero - size if value >= 0 else zero
        kind = "bar" if value >= 0 else "loss"
        parts.append(
            f'<rect class="{kind}" x="{at * step + step * 0.15:.1f}" y="{y:.1f}" width="{step * 0.7:.1f}" '
            f'height="{size:.1f}"><title>{escape(name)}: {value:,.0f}</title></rect>'
        )
        if step >= 60:
            x = at * step + step / 2
            parts.append(f'<text x="{x:.1f}" y="{height - 24}" text-anchor="middle">{escape(_cut(name)[:18])}</text>')
            parts.append(f'<text class="faint" x="{x:.1f}" y="{height - 8}" text-anchor="middle">{value:,.0f}</text>')
    parts.append(f'<line class="zero" x1="0" x2="{width}" y1="{zero:.1f}" y2="{zero:.1f}"/>')
    return "".join([*parts, "</svg>"])


def line(title: str, names: Sequence[str], values: Sequence[float]) -> str:
    """A line through values, with its lowest, highest, first and last written beside it."""
    width, height, left, top = 720, 220, 110, 14
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    room_x, room_y = width - left - 16, height - top - 34
    points = [
        (left + room_x * at / (len(values) - 1), top + room_y * (high - value) / span)
        for at, value in enumerate(values)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    said = (
        f"from {values[0]:,.0f} ({names[0]}) to {values[-1]:,.0f} ({names[-1]}); lowest {low:,.0f}, highest {high:,.0f}"
    )
    parts = [
        _opening(width, height, title, said),
        f'<line class="axis" x1="{left}" x2="{width - 16}" y1="{top + room_y}" y2="{top + room_y}"/>',
        f'<text class="faint" x="{left - 8}" y="{top + 8}" text-anchor="end">{high:,.0f}</text>',
        f'<text class="faint" x="{left - 8}" y="{top + room_y}" text-anchor="end">{low:,.0f}</text>',
        f'<text class="faint" x="{left}" y="{height - 10}">{escape(names[0])}</text>',
        f'<text class="faint" x="{width - 16}" y="{height - 10}" text-anchor="end">{escape(names[-1])}</text>',
        f'<polyline class="line" points="{path}"/>',
    ]
    marks = [
        f'<circle class="bar" cx="{x:.1f}" cy="{y:.1f}" r="2.5"><title>{escape(name)}: {value:,.0f}</title></circle>'
        for (x, y), name, value in zip(points, names, values, strict=True)
    ]
    return "".join([*parts, *marks, "</svg>"])
