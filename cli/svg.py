"""SVG: a small drawing made of rectangles, lines, dots and words, in colours that also differ in grey."""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unicodedata import east_asian_width

from operations.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

INK: Final = "#1f2933"
FAINT: Final = "#9aa5b1"
LINE: Final = "#e4e7eb"
BLUE: Final = "#2f6f9f"
ORANGE: Final = "#d9822b"
GREEN: Final = "#3f9142"
GREY: Final = "#cbd2d9"


class Svg:
    """A drawing; coordinates are pixels from the upper left corner."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self.width, self.height = width, height
        self._title = title
        self._parts: list[str] = []

    def rect(self, x: float, y: float, width: float, height: float, fill: str, tip: str = "") -> None:
        """A filled rectangle; the tip is shown where a pointer rests on it."""
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" fill="{fill}">'
            f"{_tip(tip)}</rect>"
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, stroke: str = LINE, width: float = 1) -> None:
        """A straight line."""
        self._parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" stroke-width="{width}"/>'
        )

    def path(self, points: list[tuple[float, float]], stroke: str, width: float = 1.5, dash: str = "") -> None:
        """A line through points."""
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(f'<polyline points="{drawn}" fill="none" stroke="{stroke}" stroke-width="{width}"{dashed}/>')

    def dot(
        self, x: float, y: float, radius: float, fill: str, tip: str = "", ring: str = "none", width: float = 1
    ) -> None:
        """A dot, with a ring of some width around it."""
        self._parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}" stroke="{ring}" stroke-width="{width}">'
            f"{_tip(tip)}</circle>"
        )

    def legend(self, x: float, y: float, entries: Iterable[tuple[str, str]]) -> None:
        """What colours mean, one after the other in a row whose base line is `y`."""
        for colour, words in entries:
            self.rect(x, y - 11, 12, 12, colour)
            self.text(x + 18, y, words)
            x += 18 + width_of(words) + 24

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: int = 12,
        fill: str = INK,
        anchor: str = "start",
        bold: bool = False,
    ) -> None:
        """Words; `y` is their base line, `anchor` start, middle or end."""
        weight = ' font-weight="600"' if bold else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"{weight}>'
            f"{escape(words)}</text>"
        )

    def __str__(self) -> str:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" role="img" font-family="system-ui, sans-serif">'
        )
        back = f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>'
        return "\n".join([head, f"<title>{escape(self._title)}</title>", back, *self._parts, "</svg>"]) + "\n"


def save(path: Path, drawing: Svg) -> None:
    """Write a drawing.

    Raises:
        Refusal: the file cannot be written.
    """
    try:
        path.write_text(str(drawing), encoding="utf-8")
    except OSError as error:
        raise Refusal(
            f"{path} cannot be written: {error.strerror or error}.", "Name a file in a folder that is there."
        ) from None


def width_of(words: str, size: int = 12) -> float:
    """About how many pixels words take: Chinese and its kin a full square each, the rest some three fifths of one."""
    return sum(size * (1.0 if east_asian_width(letter) in "WF" else 0.6) for letter in words)


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round numbers between two others, some `about` of them."""
    if high <= low:
        return [low]
    rough = (high - low) / about
    size = 10.0 ** floor(log10(rough))
    step = next(size * by for by in (1, 2, 2.5, 5, 10) if size * by >= rough * (1 - 1e-9))
    first = ceil(low / step - 1e-9)
    return [step * place for place in range(first, floor(high / step + 1e-9) + 1)]


def _tip(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""
