"""Metric: what a metric that is computed `from` facts means. Small, pure and exact; whatever is faster must agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from rules.condition import Condition
from rules.evaluate import evaluate
from rules.fact import Fact, FactKind, tie
from rules.reading import Reading
from rules.time.local import day_start, local_day, to_date
from rules.time.window import Window
from rules.values import Evidence, Value, ValueType

Take = Literal[
    "count", "sum", "mean", "max", "min", "latest", "distinct", "days_with", "streak", "since_first", "since_last"
]
Period = Literal["day", "week", "month"]
COUNTS: frozenset[str] = frozenset({"count", "sum", "distinct", "days_with", "streak"})
"""What is 0 over no facts; everything else is unknown then."""

AT_FIELD = "."
"""Before the name of a field in a step `(by, maintenance@.subproject)`: the standing at the field's value."""

_SECOND = timedelta(seconds=1)

AsOf = Callable[[str, str, datetime], Value | None]
"""What a member's attribute was: (member, attribute, moment) to its value, None for unknown."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` facts count in each calendar period, for each value of `of` if given."""

    count: int
    every: Period
    of: str | None = None


@dataclass(frozen=True, slots=True)
class MetricFromFacts:
    """A metric computed from facts, every name resolved.

    Args:
        type: what it reads as.
        kinds: the kinds of facts it reads, by id.
        field: field whose value is taken, perhaps one step through a member (`by.company`).
        value: what that field holds, per kind.
        key: field that names the subject; `community` for one subject only.
        subject: what kind of thing the subject is.
        where: the condition on the facts of each kind; no entry is no condition.
        steps: fields read through a member, by the name written: (`to.days_member`) to (`to`, `days_member`); what is
            kept per value is named `by.maintenance@subproject` and read at the value in the fact's own field.
        blank: of a sum: over no facts it is unknown, for nobody has said anything, rather than 0.
    """

    id: str
    type: ValueType
    kinds: Mapping[str, FactKind]
    take: Take
    subject: str = "member"
    key: str = "member"
    field: str | None = None
    value: Mapping[str, ValueType] | None = None
    by: str | None = None
    where: Mapping[str, Condition] | None = None
    steps: Mapping[str, tuple[str, str]] | None = None
    period: Period | None = None
    dated_by: str | None = None
    limits: tuple[Limit, ...] = ()
    ignore: frozenset[str] = frozenset()
    blank: bool = False

    @property
    def nothing(self) -> Value | None:
        """What it reads as over no facts."""
        if self.take not in COUNTS or self.blank:
            return None
        return False if self.type.kind == "boolean" else 0

    def places(self, kind: str) -> int:
        """Decimal places at which values of the field are scaled in facts of this kind."""
        return places_of((self.value or {}).get(kind, self.type))


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A fact that counts for a metric: about whom, under which value, when, in which order, and what it brings."""

    subject: str
    by: str | None
    at: datetime
    day: int
    tie: int
    happened: datetime | None  # when the fact's own time matters: not for `dated_by`
    value: Value | None
    kind: str
    apart: tuple[str | None, ...]  # for each limit, the value for which it counts


def measure(
    metric: MetricFromFacts,
    facts: Iterable[Fact],
    reading: Reading,
    at: datetime,
    zone: ZoneInfo,
    *,
    as_of: AsOf | None = None,
    entered: Mapping[str, datetime] | None = None,
) -> dict[str, Value | None]:
    """What the metric reads for every subject with at least one fact that counts, ever.

    Whoever is missing in the answer reads `metric.nothing`. With scope `community` there is one answer, under "".

    Args:
        facts: any facts, in any order, each at most once.
        as_of: for fields read through a member, and for `ignore: staff`; without it they are unknown.
        entered: when members entered the present tier or stage, for `in_tier` and `in_stage`.
    """
    window = Window.parse(reading.over, reading.until)
    groups: dict[str, list[Occurrence]] = defaultdict(list)
    for occurrence in _limited(metric, occurrences(metric, facts, zone, as_of)):
        if reading.of is None or occurrence.by == reading.of:
            groups["" if reading.scope == "community" else occurrence.subject].append(occurrence)
    answers: dict[str, Value | None] = {}
    for subject, found in groups.items():
        since = (entered or {}).get(subject)
        if window.since_entry and since is None:
            answers[subject] = None
            continue
        last = local_day(at, zone) if window.is_elapsed else (window.days(at, zone, since) or (0, 0))[1]
        answers[subject] = taken(metric, [o for o in found if _inside(o, window, at, zone, since)], at, last)
    return answers


def occurrences(
    metric: MetricFromFacts, facts: Iterable[Fact], zone: ZoneInfo, as_of: AsOf | None = None
) -> Iterator[Occurrence]:
    """The facts that the metric counts before limits and windows, each with what it brings."""
    for fact in facts:
        kind = metric.kinds.get(fact.kind)
        if kind is None:
            continue
        subject = "" if metric.key == "community" else read_field(metric, fact, metric.key, as_of)
        if not isinstance(subject, str) or _ignored(metric, fact, subject, as_of):
            continue
        condition = (metric.where or {}).get(fact.kind)
        if condition is not None and not _holds(metric, fact, condition, subject, as_of):
            continue
        value = None if metric.field is None else read_field(metric, fact, metric.field, as_of)
        if metric.field is not None and value is None:
            continue
        by = None if metric.by is None else read_field(metric, fact, metric.by, as_of)
        if metric.dated_by is None:
            day, moment, happened = local_day(fact.at, zone), fact.at, fact.at
        else:
            date = read_field(metric, fact, metric.dated_by, as_of)
            if not isinstance(date, int):
                continue
            day, moment, happened = date, day_start(date, zone), None
        yield Occurrence(
            subject=subject,
            by=None if by is None else as_text(by),
            at=moment,
            day=day,
            tie=tie(fact.key),
            happened=happened,
            value=value,
            kind=fact.kind,
            apart=tuple(_apart(metric, fact, limit, as_of) for limit in metric.limits),
        )


def read_field(metric: MetricFromFacts, fact: Fact, name: str, as_of: AsOf | None) -> Value | None:
    """A field of a fact, or one step through a member whom it names, as of the fact."""
    step = (metric.steps or {}).get(name)
    if step is None:
        return fact.member if name == "member" else fact.fields.get(name)
    member = read_field(metric, fact, step[0], None)
    if not isinstance(member, str) or as_of is None:
        return None
    attribute, _, value = step[1].partition("@")
    if value.startswith(AT_FIELD):
        at_hand = fact.fields.get(value.removeprefix(AT_FIELD))
        return None if at_hand is None else as_of(member, f"{attribute}@{at_hand}", fact.at)
    return as_of(member, step[1], fact.at)


def as_text(value: Value) -> str:
    """A value as `by` and limits group by it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if not isinstance(value, frozenset) else ", ".join(sorted(value))


def period_of(day: int, every: Period) -> int:
    """The number of the local day, week (from Monday) or month that a day lies in."""
    if every == "day":
        return day
    if every == "week":
        return (day + 3) // 7
    date = to_date(day)
    return date.year * 12 + date.month


def places_of(type_: ValueType) -> int:
    """Decimal places at which values of this type are scaled: money has two."""
    return 2 if type_.kind == "money" else type_.places


def rescaled(value: Fraction | int, from_: int, to: int) -> int:
    """A number scaled by 10^from_ at another scale, rounded half to even."""
    return round(Fraction(value) * Fraction(10) ** (to - from_))


def _ignored(metric: MetricFromFacts, fact: Fact, subject: str, as_of: AsOf | None) -> bool:
    by = fact.fields.get("by")
    if "suspect" in metric.ignore and fact.fields.get("suspect") is True:
        return True
    if not isinstance(by, str):
        return False
    if "self" in metric.ignore and by in (subject, fact.member):
        return True
    return "staff" in metric.ignore and (
        by.startswith("role:") or (as_of is not None and as_of(by, "staff", fact.at) is True)
    )


def _holds(metric: MetricFromFacts, fact: Fact, condition: Condition, subject: str, as_of: AsOf | None) -> bool:
    known: dict[str, Value | None] = {**fact.fields, "member": fact.member, "subject": subject}
    for name in metric.steps or {}:
        known[name] = read_field(metric, fact, name, as_of)
    return evaluate(condition, Evidence(known)).truth is True


def _apart(metric: MetricFromFacts, fact: Fact, limit: Limit, as_of: AsOf | None) -> str | None:
    value = None if limit.of is None else read_field(metric, fact, limit.of, as_of)
    return None if value is None else as_text(value)


def _limited(metric: MetricFromFacts, found: Iterable[Occurrence]) -> Iterable[Occurrence]:
    """In order of time, whatever finds room under every limit; only what counts takes room."""
    if not metric.limits:
        yield from found
        return
    taken: dict[tuple[int, str, int, str | None], int] = defaultdict(int)
    for occurrence in sorted(found, key=lambda o: (o.at, o.tie)):
        rooms = [
            (index, occurrence.subject, period_of(occurrence.day, limit.every), occurrence.apart[index])
            for index, limit in enumerate(metric.limits)
        ]
        if all(taken[room] < limit.count for room, limit in zip(rooms, metric.limits, strict=True)):
            for room in rooms:
                taken[room] += 1
            yield occurrence


def _inside(occurrence: Occurrence, window: Window, at: datetime, zone: ZoneInfo, entered: datetime | None) -> bool:
    if occurrence.happened is not None and occurrence.happened > at:
        return False
    days = window.days(at, zone, entered)
    if days is not None:
        return days[0] <= occurrence.day <= days[1]
    start, end = window.span(at, zone)
    return start <= occurrence.at < end


def taken(metric: MetricFromFacts, found: list[Occurrence], at: datetime, last: int) -> Value | None:
    """What a metric reads over these facts, all of them inside the window, whose last local day is `last`."""
    match metric.take:
        case "count":
            return _counted(metric, len(found))
        case "distinct":
            return _counted(metric, len({as_text(o.value) for o in found if o.value is not None}))
        case "days_with":
            return _counted(metric, len({o.day for o in found}))
        case "streak":
            return _counted(metric, streak({period_of(o.day, metric.period or "day") for o in found}, metric, last))
        case "sum" if found or not metric.blank:
            return _counted(metric, rescaled(_total(metric, found), 0, places_of(metric.type)))
    if not found:
        return None
    match metric.take:
        case "mean":
            return rescaled(_total(metric, found) / len(found), 0, places_of(metric.type))
        case "since_first":
            return _seconds(at, min(o.at for o in found))
        case "since_last":
            return _seconds(at, max(o.at for o in found))
        case "latest":
            return _shown(metric, max(found, key=lambda o: (o.at, o.tie)))
        case "max":
            return _shown(metric, max(found, key=lambda o: _natural(metric, o)))
        case _:
            return _shown(metric, min(found, key=lambda o: _natural(metric, o)))


def streak(periods: set[int], metric: MetricFromFacts, last: int) -> int:
    """How many periods in a row, up to the one that day `last` lies in; it may still be without a fact."""
    period = period_of(last, metric.period or "day")
    if period not in periods:
        period -= 1
    length = 0
    while period in periods:
        length, period = length + 1, period - 1
    return length


def _counted(metric: MetricFromFacts, number: int) -> Value:
    return number > 0 if metric.type.kind == "boolean" else number


def _natural(metric: MetricFromFacts, occurrence: Occurrence) -> Fraction:
    value = occurrence.value
    return Fraction(value, 10 ** metric.places(occurrence.kind)) if isinstance(value, int) else Fraction(0)


def _total(metric: MetricFromFacts, found: Iterable[Occurrence]) -> Fraction:
    return sum((_natural(metric, o) for o in found), Fraction(0))


def _shown(metric: MetricFromFacts, occurrence: Occurrence) -> Value | None:
    value = occurrence.value
    if isinstance(value, bool) or metric.type.kind == "boolean":
        return bool(value) if metric.type.kind == "boolean" else int(bool(value))
    if isinstance(value, int):
        return rescaled(value, metric.places(occurrence.kind), places_of(metric.type))
    return value


def _seconds(at: datetime, then: datetime) -> int:
    return (at - then) // _SECOND
