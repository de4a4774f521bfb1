"""Ahead: what will be known of a member on later days if nothing happens but that time passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from rules.metric import MetricFromFacts, Take, period_of, places_of, rescaled, streak
from rules.reading import Reading
from rules.time.local import local_day
from rules.time.window import Window
from rules.values import Evidence, Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Cell:
    """What one local day, or one fact of it, brings to a metric.

    Args:
        day: the local day, since 1970-01-01.
        n: how many facts.
        x: their value or sum, at the most places that any kind of the metric has; for distinct values what stands
            for one.
        w: their value if it is a text.
        t: when, in microseconds since 1970; None where only the day matters.
        tie: the order within one moment.
    """

    day: int
    n: int = 1
    x: int | None = None
    w: str | None = None
    t: int | None = None
    tie: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What one reading of one member is computed from.

    Args:
        metric: what it means.
        cells: those that count for it, limits and values looked at already.
        entered: when the member entered the present tier or stage, for a window that begins there.
    """

    metric: MetricFromFacts
    cells: Sequence[Cell]
    entered: datetime | None = None


class Ahead:
    """One member from a moment on, if nothing happens.

    Readings of the member lose what runs out of their windows, times since something grow, and so do tenure and age.
    What is read of the community stays as it is: nobody knows what others will do.

    Args:
        evidence: what is known at the moment.
        kept: what the member's readings are computed from; what is not there stays.
        at: the moment.
        zone: whose days count.
    """

    def __init__(self, evidence: Evidence, kept: Mapping[Reading, Kept], at: datetime, zone: ZoneInfo) -> None:
        self._evidence = evidence
        self._kept = kept
        self._at = at
        self._zone = zone
        self._growing = {
            name: _DAY if name == "age" else 1
            for name, value in evidence.attributes.items()
            if isinstance(value, int) and not isinstance(value, bool) and _grows(name)
        }

    def moment(self, days: int) -> datetime:
        """The same time of day, so many days later."""
        return self._at + timedelta(days=days)

    def takes(self, reading: Reading) -> Take | None:
        """What the metric of a reading takes; None where the reading stays as it is."""
        kept = self._kept.get(reading)
        return None if kept is None else kept.metric.take

    def evidence(self, days: int) -> Evidence:
        """What will be known so many days later."""
        if not days:
            return self._evidence
        attributes = dict(self._evidence.attributes)
        for name, by in self._growing.items():
            attributes[name] = int(attributes[name]) + by * days  # type: ignore[arg-type]
        readings = dict(self._evidence.readings)
        at = self.moment(days)
        for reading, kept in self._kept.items():
            readings[reading] = value_at(kept, reading, at, self._zone)
        return Evidence(attributes, readings)

    def horizon(self, most: int = 800) -> int:
        """After so many days nothing runs out any more, at most `most`."""
        today = local_day(self._at, self._zone)
        last = 0
        for reading, kept in self._kept.items():
            window = Window.parse(reading.over, reading.until)
            if not kept.cells or window.over == "all" or window.since_entry:
                continue
            length = window.over.seconds // _DAY + 1 if not isinstance(window.over, str) else 366
            late = 0 if window.until is None else window.until.seconds // _DAY
            last = max(last, max(cell.day for cell in kept.cells) + length + late + 1 - today)
        return max(0, min(last, most))


def value_at(kept: Kept, reading: Reading, at: datetime, zone: ZoneInfo) -> Value | None:
    """What a reading is at a moment, from cells; as `rules.metric.measure` says of the facts themselves."""
    window = Window.parse(reading.over, reading.until)
    metric = kept.metric
    if window.since_entry and kept.entered is None:
        return None
    if window.is_elapsed:
        start, end = ((moment - _EPOCH) // _MICROSECOND for moment in window.span(at, zone))
        inside = [cell for cell in kept.cells if cell.t is not None and start <= cell.t < end]
        last = local_day(at, zone)
    else:
        days = window.days(at, zone, kept.entered)
        assert days is not None
        inside = [cell for cell in kept.cells if days[0] <= cell.day <= days[1]]
        last = days[1]
    return _taken(metric, inside, at, last)


def _taken(metric: MetricFromFacts, cells: Sequence[Cell], at: datetime, last: int) -> Value | None:
    match metric.take:
        case "count":
            return _counted(metric, sum(cell.n for cell in cells))
        case "sum" if not metric.blank or sum(cell.n for cell in cells) > 0:
            return _counted(metric, _scaled(metric, Fraction(_total(metric, cells))))
        case "distinct":
            return _counted(metric, len({cell.x for cell in cells}))
        case "days_with":
            return _counted(metric, len({cell.day for cell in cells}))
        case "streak":
            return _counted(metric, streak({period_of(c.day, metric.period or "day") for c in cells}, metric, last))
    number = sum(cell.n for cell in cells)
    if not cells or not number:
        return None
    now = (at - _EPOCH) // _MICROSECOND
    match metric.take:
        case "mean":
            return _scaled(metric, Fraction(_total(metric, cells), number))
        case "since_first":
            return (now - min(cell.t or 0 for cell in cells)) // _SECOND
        case "since_last":
            return (now - max(cell.t or 0 for cell in cells)) // _SECOND
        case "latest":
            return _shown(metric, max(cells, key=lambda cell: (cell.t or 0, cell.tie or 0)))
        case "max":
            return _shown(metric, max(cells, key=lambda cell: (cell.x or 0, cell.w or "")))
        case _:
            return _shown(metric, min(cells, key=lambda cell: (cell.x or 0, cell.w or "")))


def _total(metric: MetricFromFacts, cells: Sequence[Cell]) -> int:
    return sum((cell.x or 0) * (cell.n if metric.limits else 1) for cell in cells)


def _counted(metric: MetricFromFacts, number: int) -> Value:
    return number > 0 if metric.type.kind == "boolean" else number


def _shown(metric: MetricFromFacts, cell: Cell) -> Value | None:
    if metric.type.kind == "boolean":
        return bool(cell.x)
    if not metric.type.numeric:
        return cell.w
    return _scaled(metric, Fraction(cell.x or 0))


def _scaled(metric: MetricFromFacts, value: Fraction) -> int:
    """A value of a cell at the places of the metric, rounded half to even."""
    finest = max((places_of(type_) for type_ in (metric.value or {}).values()), default=0)
    return rescaled(value, finest, places_of(metric.type))


def _grows(name: str) -> bool:
    return name in ("age", "days_member") or name.startswith("days_in_")
