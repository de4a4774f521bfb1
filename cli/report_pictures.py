"""Pictures of reports: bars, coloured tables, dots, boxes and timelines, one under the other in one drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cli.svg import BLUE, FAINT, GREEN, GREY, INK, LINE, ORANGE, Svg, ticks, width_of

if TYPE_CHECKING:
    from datetime import datetime

    from operations.reports import Bars, Boxes, Chart, Dots, Grid, Report, Timeline

WIDTH = 960
SIDE = 24
HEAD = 44  # above a chart, for its title
BAR, ROW, BOX, SPAN = 30, 40, 46, 26
PLOT = 300


def draw(report: Report) -> Svg:
    """All charts of a report."""
    heights = [HEAD + _height(chart) for chart in report.charts]
    svg = Svg(WIDTH, 60 + sum(heights) + 16, report.title)
    svg.text(SIDE, 36, report.title, size=18, bold=True)
    top = 60.0
    for chart, height in zip(report.charts, heights, strict=True):
        svg.line(SIDE, top, WIDTH - SIDE, top)
        svg.text(SIDE, top + 26, chart.title, size=14, bold=True)
        _DRAW[type(chart).__name__](svg, top + HEAD, chart)
        top += height
    return svg


def _height(chart: Chart) -> int:
    size: dict[str, Callable[[Any], int]] = {
        "Bars": lambda one: BAR * max(len(one.bars), 1) + 36,
        "Grid": lambda one: ROW * (len(one.rows) + 1) + 20,
        "Dots": lambda one: PLOT + 74,
        "Boxes": lambda one: BOX * max(len(one.boxes), 1) + 44,
        "Timeline": lambda one: SPAN * max(len(one.spans), 1) + 44,
    }
    return size[type(chart).__name__](chart)


def _number(value: Fraction) -> str:
    if value.denominator == 1:
        return f"{int(value):,}"
    return f"{float(value):,.2f}"


def _tick(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _left(labels: list[str]) -> float:
    """Where what is labelled begins, so that the longest label has room."""
    return SIDE + min(max([width_of(label, 12) for label in labels] or [60]) + 14, 340)


def _bars(svg: Svg, top: float, chart: Bars) -> None:
    left = _left([label for label, _, _ in chart.bars])
    right = WIDTH - SIDE - 170
    numbers = [value for _, value, _ in chart.bars if value is not None]
    most = float(max([*numbers, *chart.planned.values()], default=Fraction(1))) or 1.0
    bottom = top + BAR * len(chart.bars)
    for tick in ticks(0, most):
        x = left + tick / most * (right - left)
        svg.line(x, top - 4, x, bottom)
        svg.text(x, bottom + 16, _tick(tick), size=11, fill=FAINT, anchor="middle")
    svg.text(right, bottom + 30, chart.unit, size=11, fill=FAINT, anchor="end")
    for place, (label, value, note) in enumerate(chart.bars):
        y = top + BAR * place
        svg.text(left - 8, y + 18, _short(label, left - SIDE - 8), anchor="end")
        if value is None:
            svg.text(left + 6, y + 18, _told("unknown 未知", note), fill=FAINT)
            continue
        length = max(float(value), 0) / most * (right - left)
        mark = chart.planned.get(label)
        over = mark is not None and value > mark
        svg.rect(left, y + 5, length, BAR - 12, ORANGE if over else BLUE, f"{label}: {_number(value)} {note}")
        if mark is not None:
            x = left + float(mark) / most * (right - left)
            svg.line(x, y + 1, x, y + BAR - 3, INK, 2)
        svg.text(left + length + 6, y + 18, _told(_number(value), note))


def _told(value: str, note: str) -> str:
    return f"{value} · {note}" if note else value


def _grid(svg: Svg, top: float, chart: Grid) -> None:
    left = _left(list(chart.rows))
    width = (WIDTH - SIDE - left) / max(len(chart.columns), 1)
    numbers = [value for value, _ in chart.cells.values() if value is not None]
    low, high = (min(numbers), max(numbers)) if numbers else (Fraction(0), Fraction(1))
    for n, column in enumerate(chart.columns):
        svg.text(left + width * (n + 0.5), top + 20, _short(column, width - 8), anchor="middle", fill=FAINT)
    for m, row in enumerate(chart.rows):
        y = top + ROW * (m + 1) - 8
        svg.text(left - 8, y + 24, row, anchor="end")
        for n, column in enumerate(chart.columns):
            x = left + width * n
            cell = chart.cells.get((row, column))
            if cell is None:
                continue
            value, note = cell
            if value is None:
                svg.rect(x + 1, y + 1, width - 2, ROW - 2, LINE, f"{row}, {column}: unknown ({note})")
                svg.text(x + width / 2, y + 24, "unknown 未知", anchor="middle", fill=FAINT, size=11)
                continue
            share = float((value - low) / (high - low)) if high > low else 1.0
            svg.rect(x + 1, y + 1, width - 2, ROW - 2, _shade(share), f"{row}, {column}: {_number(value)} ({note})")
            ink = "#ffffff" if share > 0.55 else INK
            svg.text(x + width / 2, y + 24, _number(value), anchor="middle", fill=ink)


def _shade(share: float) -> str:
    """From nearly white to blue."""
    light, dark = (0xE8, 0xF1, 0xF7), (0x2F, 0x6F, 0x9F)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(light, dark, strict=True))


def _dots(svg: Svg, top: float, chart: Dots) -> None:
    left, right, bottom = SIDE + 90.0, WIDTH - SIDE - 40.0, top + PLOT + 14
    across = [float(x) for _, x, _ in chart.dots]
    up = [float(y) for _, _, y in chart.dots]
    lowest, highest = min([*across, 1.0]), max([*across, 5.0])
    most = max([*up, 0.0]) or 1.0
    for tick in ticks(0, most):
        y = bottom - tick / most * (PLOT - 20)
        svg.line(left, y, right, y)
        svg.text(left - 8, y + 4, _tick(tick), size=11, fill=FAINT, anchor="end")
    for tick in ticks(lowest, highest, 4):
        x = left + (tick - lowest) / (highest - lowest) * (right - left)
        svg.line(x, top, x, bottom)
        svg.text(x, bottom + 16, _tick(tick), size=11, fill=FAINT, anchor="middle")
    svg.text(right, bottom + 34, chart.across, size=11, fill=FAINT, anchor="end")
    svg.text(left, top + 4, chart.up, size=11, fill=FAINT)
    top += 14
    taken: dict[tuple[int, int], int] = {}
    for label, value, outcome in chart.dots:
        x = left + (float(value) - lowest) / (highest - lowest) * (right - left)
        y = bottom - float(outcome) / most * (PLOT - 20)
        svg.dot(x, y, 6, BLUE, f"{label}: {_number(value)}, {_number(outcome)}", ring="#ffffff")
        spot = (round(x / 40), round(y / 14))
        level = taken[spot] = taken.get(spot, -1) + 1
        near = x + width_of(label, 11) > right
        svg.text(x - 10 if near else x + 10, y + 4 + 13 * level, label, size=11, anchor="end" if near else "start")


def _boxes(svg: Svg, top: float, chart: Boxes) -> None:
    left, right = _left([label for label, _ in chart.boxes]), WIDTH - SIDE - 20
    everything = [float(number) for _, numbers in chart.boxes for number in numbers]
    low, high = min([*everything, 0.0]), max(everything or [1.0])
    high = high if high > low else low + 1

    def at(value: float | Fraction) -> float:
        return left + (float(value) - low) / (high - low) * (right - left)

    bottom = top + BOX * len(chart.boxes)
    for tick in ticks(low, high):
        svg.line(at(tick), top - 4, at(tick), bottom)
        svg.text(at(tick), bottom + 16, _tick(tick), size=11, fill=FAINT, anchor="middle")
    svg.text(right, bottom + 32, chart.unit, size=11, fill=FAINT, anchor="end")
    for place, (label, numbers) in enumerate(chart.boxes):
        y = top + BOX * place + 8
        lowest, first, middle, third, highest = numbers
        svg.text(left - 8, y + 19, label, anchor="end")
        svg.line(at(lowest), y + 15, at(highest), y + 15, INK)
        tip = f"{label}: {', '.join(_number(one) for one in numbers)}"
        svg.rect(at(first), y + 4, max(at(third) - at(first), 2), 22, GREY, tip)
        svg.line(at(middle), y + 1, at(middle), y + 29, INK, 2)
        for end in (lowest, highest):
            svg.line(at(end), y + 9, at(end), y + 21, INK)


def _timeline(svg: Svg, top: float, chart: Timeline) -> None:
    from datetime import timedelta

    if not chart.spans:
        return
    left, right = _left([_indented(one.label, one.inner) for one in chart.spans]), WIDTH - SIDE - 150
    begins = min(one.begins for one in chart.spans)
    ends = max(*(one.ends for one in chart.spans), begins + timedelta(hours=1))
    days = (ends - begins) / timedelta(days=1)

    def at(moment: datetime) -> float:
        return left + (moment - begins) / (ends - begins) * (right - left)

    bottom = top + SPAN * len(chart.spans)
    for tick in ticks(0, days, 8):
        moment = begins + timedelta(days=tick)
        svg.line(at(moment), top - 4, at(moment), bottom)
        svg.text(at(moment), bottom + 16, f"{moment:%m-%d}", size=11, fill=FAINT, anchor="middle")
    for place, one in enumerate(chart.spans):
        y = top + SPAN * place
        svg.text(left - 8, y + 16, _short(_indented(one.label, one.inner), left - SIDE - 8), anchor="end", size=12)
        colour = ORANGE if one.state in ("cancel", "short", "silent") else GREEN if one.inner else BLUE
        tip = f"{one.label}: {one.begins:%Y-%m-%d} – {one.ends:%Y-%m-%d}, {one.state}"
        svg.rect(at(one.begins), y + 5, max(at(one.ends) - at(one.begins), 2), SPAN - 11, colour, tip)
        svg.text(at(one.ends) + 6, y + 16, one.state, size=11, fill=FAINT)


def _indented(label: str, inner: bool) -> str:
    return f"· {label}" if inner else label


def _short(words: str, room: float) -> str:
    """Words that fit into so many pixels."""
    if width_of(words) <= room:
        return words
    while words and width_of(words) + 8 > room:
        words = words[:-1]
    return f"{words}…"


_DRAW: Mapping[str, Callable[[Svg, float, Any], None]] = {
    "Bars": _bars,
    "Grid": _grid,
    "Dots": _dots,
    "Boxes": _boxes,
    "Timeline": _timeline,
}
