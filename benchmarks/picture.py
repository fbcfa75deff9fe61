"""A picture of what was measured: a bar for each ratio, with its spread and its target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from jinja2 import Environment, StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Row

_SCALE: Final = 300
"""Pixels for a ratio of 1."""
_MOST: Final = 1.35
_TEMPLATE: Final = Path(__file__).with_name("picture.svg.jinja")


def picture(rows: Sequence[Row]) -> str:
    """Draw an SVG of the ratios; those above the scale, and those that are no ratios, are left out."""
    shown = [row for row in rows if row.ratio.median < _MOST and "figure is" not in row.note and row.target]
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, autoescape=False)  # noqa: S701  # escaped here
    return (
        environment.from_string(_TEMPLATE.read_text("utf-8")).render(bars=[_bar(row) for row in shown], scale=_SCALE)
        + "\n"
    )


def _bar(row: Row) -> dict[str, str | float]:
    return {
        "what": escape(row.what),
        "against": escape(row.against),
        "width": round(row.ratio.median * _SCALE, 1),
        "low": round(400 + row.ratio.low * _SCALE, 1),
        "high": round(400 + min(row.ratio.high, _MOST) * _SCALE, 1),
        "end": round(408 + max(row.ratio.median, row.target) * _SCALE, 1),
        "target": round(400 + row.target * _SCALE, 1) if row.target < _MOST else 0,
        "ratio": f"{row.ratio.median:.2f}",
        "colour": "#3b7" if row.is_met else "#d83",
    }
