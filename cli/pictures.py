"""Pictures of the past: how well a ladder foretold people's promotions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.svg import BLUE, FAINT, GREEN, GREY, INK, LINE, ORANGE, Svg, save, ticks

if TYPE_CHECKING:
    from operations.backtest import Backtest
    from rules.history.score import TierScore

__all__ = ["draw_backtest", "save"]

_WIDTH, _LEFT, _RIGHT = 860, 150, 40
_TIER = 190


def draw_backtest(found: Backtest) -> Svg:
    """For each tier who was promoted by whom, and by how many days the rules were earlier or later."""
    start, end = found.span
    svg = Svg(_WIDTH, 90 + _TIER * len(found.tiers), f"Backtest of {found.community}, ladder {found.ladder.name}")
    svg.text(24, 32, f"{found.community}: rules and people, {start:%Y-%m-%d} to {end:%Y-%m-%d}", size=18, bold=True)
    for place, (colour, words) in enumerate(((ORANGE, "only people"), (GREEN, "both"), (BLUE, "only rules"))):
        svg.rect(24 + 120 * place, 46, 12, 12, colour)
        svg.text(42 + 120 * place, 57, words)
    largest = max((len(set(one.people) | set(one.rules)) for one in found.tiers), default=1) or 1
    for place, one in enumerate(found.tiers):
        _tier(svg, 84 + _TIER * place, found.ladder.rungs[one.rank].id, one, largest)
    return svg


def _tier(svg: Svg, top: float, tier: str, one: TierScore, largest: int) -> None:
    from operations.backtest import share_text

    svg.line(24, top - 8, _WIDTH - 24, top - 8)
    svg.text(24, top + 22, tier, size=15, bold=True)
    svg.text(24, top + 42, f"precision {share_text(one.precision) or '–'}", fill=FAINT)
    svg.text(24, top + 58, f"recall {share_text(one.recall) or '–'}", fill=FAINT)
    both = len(one.found)
    parts = ((ORANGE, len(one.people) - both), (GREEN, both), (BLUE, len(one.false)))
    x, unit = float(_LEFT), (_WIDTH - _LEFT - _RIGHT) / max(largest, sum(number for _, number in parts))
    for colour, number in parts:
        svg.rect(x, top + 8, number * unit, 26, colour, str(number))
        if number * unit > 24:
            svg.text(x + number * unit / 2, top + 26, str(number), fill="#ffffff", anchor="middle")
        x += number * unit
    _leads(svg, top + 58, one)


def _leads(svg: Svg, top: float, one: TierScore) -> None:
    """A dot for each member whom both promoted, by how many days the rules were earlier; quartiles as a box."""
    quartiles = one.quartiles
    if quartiles is None:
        svg.text(_LEFT, top + 20, "nobody was promoted by both", fill=FAINT)
        return
    low, high = min(0, *one.leads), max(0, *one.leads)
    high = high if high > low else low + 1
    width = _WIDTH - _LEFT - _RIGHT

    def at(days: float) -> float:
        return _LEFT + (days - low) / (high - low) * width

    svg.rect(at(quartiles[0]), top + 8, at(quartiles[2]) - at(quartiles[0]), 48, LINE)
    svg.line(at(quartiles[1]), top + 4, at(quartiles[1]), top + 60, INK, 2)
    svg.line(at(0), top, at(0), top + 64, FAINT)
    stacked: dict[int, int] = {}
    for days in one.leads:
        column = round(at(days) / 7)
        level = stacked[column] = stacked.get(column, -1) + 1
        colour = GREEN if days >= 0 else GREY
        svg.dot(column * 7, top + 50 - 7 * min(level, 6), 3, colour, f"{days} days", ring=FAINT)
    for tick in ticks(low, high):
        svg.text(at(tick), top + 78, f"{tick:,.0f}", size=11, fill=FAINT, anchor="middle")
    svg.text(
        _LEFT,
        top + 96,
        f"days the rules were earlier (right) or later (left); median {quartiles[1]:,}",
        size=11,
        fill=FAINT,
    )
