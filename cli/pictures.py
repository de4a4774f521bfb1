"""Pictures of the past: how well a ladder foretold people's promotions, and what other thresholds would trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.svg import BLUE, FAINT, GREEN, GREY, INK, LINE, ORANGE, Svg, save, ticks

if TYPE_CHECKING:
    from operations.backtest import Backtest
    from operations.tune import Both, Tuned, Tuning
    from rules.history.score import TierScore

__all__ = ["draw_backtest", "save"]

_WIDTH, _LEFT, _RIGHT = 860, 150, 40
_TIER = 190


def draw_backtest(found: Backtest) -> Svg:
    """For each tier who was promoted by whom, and by how many days the rules were earlier or later."""
    start, end = found.span
    svg = Svg(_WIDTH, 90 + _TIER * len(found.tiers), f"Backtest of {found.community}, ladder {found.ladder.name}")
    svg.text(24, 32, f"{found.community}: rules and people, {start:%Y-%m-%d} to {end:%Y-%m-%d}", size=18, bold=True)
    svg.legend(24, 57, ((ORANGE, "only people"), (GREEN, "both"), (BLUE, "only rules")))
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


_PLOT = 330
_MARGIN = 56


def draw_tuning(found: Tuning) -> Svg:
    """For each tier precision over recall: what the training span offers, and what became of it on the other."""
    ladder = found.scene.ladder
    svg = Svg(_WIDTH, 96 + (_PLOT + 70) * len(found.tiers), f"Tuning of {found.scene.community.id}")
    svg.text(24, 32, f"{found.scene.community.id}: precision and recall of other thresholds", size=18, bold=True)
    legend = (
        (BLUE, f"training span, to {found.train[1]:%Y-%m-%d}"),
        (ORANGE, "the same thresholds on the span held out"),
        (INK, "large: as it is (ring) and recommended (dot)"),
    )
    svg.legend(24, 61, legend)
    for place, one in enumerate(found.tiers):
        _trade(svg, 90 + (_PLOT + 70) * place, ladder.rungs[one.rank].id, one)
    return svg


def _trade(svg: Svg, top: float, tier: str, one: Tuned) -> None:
    width = _WIDTH - 2 * _MARGIN
    most = max(p[0] for both in (one.start, one.chosen, *one.front) for p in (_at(both.train), _at(both.held_out)))
    most = min(1.0, max(most * 1.1, 0.1))

    def spot(score: TierScore) -> tuple[float, float]:
        recall, precision = _at(score)
        return _MARGIN + recall / most * width, top + 30 + (1 - precision) * (_PLOT - 30)

    svg.text(24, top + 12, tier, size=15, bold=True)
    for tick in ticks(0, 1, 5):
        y = top + 30 + (1 - tick) * (_PLOT - 30)
        svg.line(_MARGIN, y, _MARGIN + width, y)
        svg.text(_MARGIN - 8, y + 4, f"{tick:.1f}", size=11, fill=FAINT, anchor="end")
    for tick in ticks(0, most):
        x = _MARGIN + tick / most * width
        svg.line(x, top + 30, x, top + _PLOT)
        svg.text(x, top + _PLOT + 16, f"{tick:.2f}", size=11, fill=FAINT, anchor="middle")
    svg.text(_MARGIN + width, top + _PLOT + 32, "recall", size=11, fill=FAINT, anchor="end")
    svg.text(_MARGIN, top + 24, "precision", size=11, fill=FAINT)
    for both in one.front:
        svg.path([spot(both.train), spot(both.held_out)], GREY, 1, "3 3")
    svg.path([spot(both.train) for both in one.front], BLUE)
    for both in one.front:
        for score, colour in ((both.train, BLUE), (both.held_out, ORANGE)):
            svg.dot(*spot(score), 4, colour, _settings(one, both))
    for both, filled in ((one.start, False), (one.chosen, True)):
        for score, colour in ((both.train, BLUE), (both.held_out, ORANGE)):
            fill, ring = (colour, INK) if filled else ("none", colour)
            svg.dot(*spot(score), 8, fill, _settings(one, both), ring, 1 if filled else 3)


def _at(score: TierScore) -> tuple[float, float]:
    """Recall and precision; 0 for nobody."""
    return float(score.recall or 0), float(score.precision or 0)


def _settings(one: Tuned, both: Both) -> str:
    values = one.values(both.setting)
    return "; ".join(f"{knob.label} {knob.shown(values[knob])}" for knob in one.knobs)
