"""Timeline: what reviews decide about one member while facts come in day by day, with nothing but the pure meaning.

Standings move as reviews move them: a grace begins, an observation begins and breaks off, a cooldown runs. A move that
waits for somebody's word is carried out at once, as if everybody agreed; effects are not carried out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rules.counted import counted, fact_kinds
from rules.decision import Decision, Reason
from rules.errors import Unfit
from rules.evaluate import Look, evaluate
from rules.fact import Fact
from rules.firing import Fired, may_act
from rules.gate import Gate
from rules.ladder import Ladder, next_step
from rules.lifecycle import NOWHERE, next_stage
from rules.metric import measure
from rules.reading import Reading
from rules.rulebook import Rulebook, titles_held
from rules.spec.community import Community
from rules.spec.documents.cases import Expect, Happening, Timeline
from rules.time import Duration, WorkCalendar, add, day_start, local_day
from rules.values import Evidence, Value, fit

STANDING_WORDS = ("below_for", "met_for", "in_grace")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What one review came to.

    Args:
        at: its moment.
        expect: what the case expects of it.
        line: which line of the timeline.
        outcome, to, reasons: of the ladder or the lifecycle that the case is about.
        fired: rules that act.
        titles: titles held.
    """

    at: datetime
    expect: Expect
    line: int
    outcome: str
    to: str | None
    reasons: tuple[Reason, ...]
    fired: tuple[str, ...]
    titles: tuple[str, ...]


@dataclass
class _Stand:
    """One standing, as reviews remember it."""

    at: str | None
    since: datetime | None
    below: datetime | None = None
    met: dict[str, datetime] = field(default_factory=dict)
    held: tuple[str, ...] = ()

    def move(self, to: str, at: datetime) -> None:
        self.at, self.since, self.below = to, at, None
        self.met.clear()
        self.held = (*self.held, *(() if to in self.held else (to,)))


def unroll(
    community: Community, rulebook: Rulebook, case: Timeline, at: datetime, look: Look = evaluate
) -> Iterator[Reviewed]:
    """Let a timeline happen; one answer for each of its reviews, in order of time.

    Args:
        at: the beginning, and the moment from which `on` counts.
        look: how conditions are looked at.

    Raises:
        Unfit: something that the case gives does not fit.
    """
    return Unrolling(community, rulebook, case, at, look).reviews()


class Unrolling:
    """One member's life under one spec.

    `facts` are those that have happened so far, the moves that reviews made among them.
    """

    def __init__(self, community: Community, rulebook: Rulebook, case: Timeline, at: datetime, look: Look) -> None:
        self.community, self.rulebook, self.case, self.look, self.begins = community, rulebook, case, look, at
        self.zone = community.zone
        self.calendar = WorkCalendar(community.calendars[community.document.calendar])
        gate = Gate(community, rulebook)
        self.given = gate.evidence(case.subject.attributes, case.subject.metrics, case.community)
        if gate.ignored:
            raise Unfit(f"the case gives {', '.join(gate.ignored)}, which nothing here is called")
        self.facts: list[Fact] = []
        self.joined = self._ago(self._number("days_member"))
        self.stands = {ladder.name: self._begun(ladder) for ladder in rulebook.ladders}
        stage = self._text("stage")
        since = None if stage is None else self._ago(self._number("days_in_stage"))
        self.stage = _Stand(stage, since, held=() if stage is None else (stage,))
        self.fired: dict[str, Fired] = {}

    # ------------------------------------------------------------------------------------------------------- beginning
    def _number(self, name: str) -> int:
        value = self.given.attributes.get(name)
        return int(value) if isinstance(value, int) else 0

    def _text(self, name: str) -> str | None:
        value = self.given.attributes.get(name)
        return value if isinstance(value, str) else None

    def _ago(self, days: int) -> datetime:
        if not days:
            return self.begins
        return day_start(local_day(self.begins, self.zone) - days, self.zone)

    def _begun(self, ladder: Ladder) -> _Stand:
        names = ladder.standing.names
        tier = next((found for name in names if (found := self._text(name)) is not None), ladder.rungs[0].id)
        days = next((self._number(name) for name in ladder.since.names if name in self.given.attributes), None)
        since = self.joined if days is None else self._ago(days)
        return _Stand(tier, since, held=(tier,))

    # -------------------------------------------------------------------------------------------------------- unrolling
    def reviews(self) -> Iterator[Reviewed]:
        """Facts and reviews in order of time; at the same moment facts come first."""
        lines = [
            (moment, line.review is not None, number, turn, line)
            for number, line in enumerate(self.case.happens)
            for turn, moment in enumerate(self._moments(line))
        ]
        for moment, _, number, turn, line in sorted(lines, key=lambda one: one[:4]):
            if line.review is not None:
                yield self._review(moment, line.review, number)
            else:
                self.facts.append(self._fact(line, number, turn, moment))

    def _moments(self, line: Happening) -> Iterator[datetime]:
        moment = self.begins
        if line.on is not None:
            moment = add(moment, Duration.parse(line.on), self.zone, self.calendar)
        for _ in range(line.times):
            yield moment
            if line.every is not None:
                moment = add(moment, Duration.parse(line.every), self.zone, self.calendar)

    def _fact(self, line: Happening, number: int, turn: int, at: datetime) -> Fact:
        assert line.fact is not None
        kind = fact_kinds(self.community)[line.fact]
        written = {name: _numbered(raw, turn + 1) for name, raw in line.with_.items()}
        if not kind.imported:
            raise Unfit(f"'{line.fact}' is counted when it is asked for, and never happens")
        fields = {}
        for name, raw in written.items():
            known = kind.fields[name]
            value = fields[name] = fit(raw, known.type, name)
            low, high = known.low, known.high
            if isinstance(value, int) and ((low is not None and value < low) or (high is not None and value > high)):
                raise Unfit(f"{line.fact}: {name} is never {raw}")
        return Fact(f"{number}/{turn}", line.fact, self.case.subject.id, at, None, fields)

    def _review(self, at: datetime, expect: Expect, line: int) -> Reviewed:
        """One review: the lifecycle, every ladder, the rules; each reads what those before it did."""
        moved = self._lifecycle(at)
        outcome, to, reasons = "none", None, tuple[Reason, ...]()
        if self.case.of == "lifecycle":
            outcome, to, reasons = moved
        wanted = f"{self.case.ladder}@{self.case.value}" if self.case.value else self.case.ladder
        for ladder in self.rulebook.ladders:
            decided = self._ladder(ladder, at)
            if self.case.of != "lifecycle" and ladder.name == wanted:
                outcome, to, reasons = decided.outcome, decided.to, decided.reasons
        evidence = self._evidence(at)
        fired = self._rules(evidence, at, {*expect.fires, *expect.not_})
        titles = tuple(titles_held(self.rulebook, evidence, self.look)) if expect.titles is not None else ()
        return Reviewed(at, expect, line, outcome, to, reasons, fired, titles)

    def _lifecycle(self, at: datetime) -> tuple[str, str | None, tuple[Reason, ...]]:
        ways = self.rulebook.transitions
        if not ways:
            return "none", None, ()
        evidence = self._evidence(at)
        met = {f"met_for@{way.id}": self._days(self.stage.met.get(way.id), at) or 0 for way in ways}
        evidence = Evidence({**evidence.attributes, **met}, evidence.readings)
        here = self.stage.at or NOWHERE
        traces = [(way, self.look(way.when, evidence)) for way in ways if here in way.from_]
        decided = next_stage(ways, self.case.subject.id, evidence, at)
        if decided is not None and decided.to is not None:
            self._moved("moved_stage", self.stage.at, decided.to, at)
            self.stage.move(decided.to, at)
            return "move", decided.to, decided.reasons
        for way, trace in traces:
            if way.observe is not None and trace.truth is True:
                self.stage.met.setdefault(way.id, at)
            else:
                self.stage.met.pop(way.id, None)
        return "none", None, tuple(reason for _, trace in traces for reason in trace.reasons())

    def _ladder(self, ladder: Ladder, at: datetime) -> Decision:
        stand = self.stands[ladder.name]
        rank = ladder.type.rank(stand.at or ladder.rungs[0].id)
        above = ladder.rungs[rank + 1] if rank + 1 < len(ladder.rungs) else None
        evidence = self._evidence(at)
        attributes = {**evidence.attributes}
        if stand.below is not None:
            attributes[f"below_for@{ladder.name}"] = self._days(stand.below, at)
        if above is not None:
            attributes[f"met_for@{ladder.name}"] = self._days(stand.met.get(above.id), at) or 0
        evidence = Evidence(attributes, evidence.readings)
        decided = next_step(ladder, self.case.subject.id, evidence, at, self.look)
        if decided.to is not None:
            self._moved("moved_tier", stand.at, decided.to, at)
            stand.move(decided.to, at)
            return decided
        if decided.because in ("exempt", "pinned"):
            stand.met.clear()
            return decided
        rung = ladder.rungs[rank]
        if decided.outcome == "grace":
            stand.below = stand.below or at
        elif stand.below is not None and rung.keep is not None and evaluate(rung.keep, evidence).truth is True:
            stand.below = None
        if above is not None and above.observe is not None and above.earn is not None:
            if evaluate(above.earn, evidence).truth is True:
                stand.met.setdefault(above.id, at)
            else:
                stand.met.pop(above.id, None)
        return decided

    def _rules(self, evidence: Evidence, at: datetime, named: set[str]) -> tuple[str, ...]:
        found = []
        for rule in self.rulebook.rules_of("member"):
            trace = (self.look if rule.id in named else evaluate)(rule.when, evidence)
            last = self.fired.get(rule.name)
            if trace.truth is True and may_act(rule, last, at, self.zone, self.calendar):
                found.append(rule.id)
                self.fired[rule.name] = Fired(at, True)
            elif trace.truth is False and last is not None:
                self.fired[rule.name] = Fired(last.at, False)
        return tuple(sorted(set(found)))

    def _moved(self, kind: str, from_: str | None, to: str, at: datetime) -> None:
        fields: dict[str, Value] = {"to": to} if from_ is None else {"from": from_, "to": to}
        self.facts.append(Fact(f"{kind}/{len(self.facts)}", kind, self.case.subject.id, at, None, fields))

    # --------------------------------------------------------------------------------------------------------- evidence
    def _days(self, since: datetime | None, at: datetime) -> int | None:
        return None if since is None else local_day(at, self.zone) - local_day(since, self.zone)

    def _evidence(self, at: datetime) -> Evidence:
        attributes: dict[str, Value | None] = {
            name: value for name, value in self.given.attributes.items() if name not in STANDING_WORDS
        }
        attributes["days_member"] = self._days(self.joined, at)
        attributes["age"] = (at - self.joined) // timedelta(seconds=1)
        for ladder in self.rulebook.ladders:
            stand = self.stands[ladder.name]
            attributes[ladder.standing.names[0]] = stand.at
            attributes[ladder.since.names[0]] = self._days(stand.since, at)
            attributes[f"{ladder.name}_held"] = frozenset(stand.held)
        attributes["stage"] = self.stage.at
        attributes["days_in_stage"] = self._days(self.stage.since, at)
        attributes["in_grace"] = any(stand.below is not None for stand in self.stands.values())
        attributes.setdefault("titles", frozenset())
        readings = {reading: self._read(reading, at) for reading in self._readings}
        return Evidence(attributes, {**self.given.readings, **readings})

    @property
    def _readings(self) -> frozenset[Reading]:
        return self.rulebook.readings()

    def _read(self, reading: Reading, at: datetime) -> Value | None:
        given = self.given.readings.get(reading)
        if given is not None:
            return given
        metric = counted(self.community).get(reading.metric)
        if metric is None:
            return None
        entered = self._entered(reading)
        found = measure(
            metric,
            [fact for fact in self.facts if fact.kind in metric.kinds],
            reading,
            at,
            self.zone,
            as_of=self._as_of,
            entered=None if entered is None else {self.case.subject.id: entered},
        )
        whose = "" if reading.scope == "community" else self.case.subject.id
        if whose not in found and reading.over in ("in_tier", "in_stage") and entered is None:
            return None
        return found.get(whose, metric.nothing)

    def _entered(self, reading: Reading) -> datetime | None:
        if reading.over == "in_stage":
            return self.stage.since
        stand = self.stands.get("tier") or next(iter(self.stands.values()), None)
        return stand.since if stand is not None else None

    def _as_of(self, member: str, attribute: str, at: datetime) -> Value | None:
        return self.given.attributes.get(attribute) if member == self.case.subject.id else None


def _numbered(raw: object, turn: int) -> object:
    """`{n}` in a text is the number of the fact in its line: `change-{n}` names another one each time."""
    return raw.replace("{n}", str(turn)) if isinstance(raw, str) else raw


def moment_in_words(at: datetime, begins: datetime, community: Community) -> str:
    """`day 14`: how many local days after the beginning."""
    return f"day {local_day(at, community.zone) - local_day(begins, community.zone)}"
