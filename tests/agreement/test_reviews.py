"""Decisions and timelines of the shipped communities come out the same through the store and its reviews."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from cli.memory import Memory
from operations import review
from operations.desk import Desk
from operations.looking import look
from operations.ports.effects import Deed
from operations.ports.facts import Fact
from operations.ports.members import Member
from operations.ports.standings import LIFECYCLE, Change, First, Place
from rules.cases import came_out
from rules.condition import Measured, Ratio, Score, Source, sources, within
from rules.evaluate import evaluate
from rules.gate import Gate
from rules.ladder import Ladder, next_step
from rules.lifecycle import next_stage
from rules.reading import Reading
from rules.rulebook import Rulebook, compile_rulebook
from rules.spec import Community
from rules.spec.documents.cases import Cases, Decision, Timeline
from rules.time import day_start, local_day, moment
from rules.timeline import Reviewed, Unrolling
from rules.values import Evidence, Value
from tests.agreement.plays import called, loaded

pytestmark = pytest.mark.servers

NAMES = ("auto", "maintainers")
BEFORE = datetime(2020, 1, 1, tzinfo=UTC)


def cases(community: Community) -> Iterator[tuple[datetime, Any]]:
    for document in community.documents:
        if isinstance(document.model, Cases):
            for case in document.model.cases:
                yield moment(document.model.at, community.zone), case


def reviewed(desk: Desk, community: str, at: datetime, parts: list[str] | None = None) -> str:
    """A whole review without Temporal; returns its id."""
    plan = review.begin(desk, community, run=f"review at {at.isoformat()} of {parts}", at=at, parts=parts)
    for part in plan.parts:
        for shard in range(review.shards_of(desk, plan, part)):
            review.look_at(desk, community, plan.id, part, shard)
        for batch in range(review.settle(desk, community, plan.id, part)):
            review.carry_out_batch(desk, community, plan.id, part, batch)
    review.finish(desk, community, plan.id)
    return plan.id


class People:
    """Somebody for each case, in the store as the case says.

    Attributes that are standings become standings; `below_for`, `in_grace` and `met_for` become graces and
    observations; what is not said was long ago.
    """

    def __init__(self, memory: Memory, community: Community, rulebook: Rulebook) -> None:
        self.memory, self.community, self.rulebook = memory, community, rulebook
        self.kept = memory.members(community).attributes()
        self.members: list[Member] = []
        self.firsts: list[First] = []
        self.deeds: list[Deed] = []
        self.changes: list[Change] = []
        self.pins: list[Place] = []

    def flush(self) -> None:
        """Write down everybody who was noted."""
        memory, id_ = self.memory, self.community.id
        memory.members(self.community).enlist(self.members, at=BEFORE)
        memory.standings.begin(id_, self.firsts, at=BEFORE)
        memory.effects.do(id_, self.deeds)
        memory.standings.change(id_, self.changes)
        for place in self.pins:
            memory.standings.pin(id_, place, to=None, by="operator", reason="a case says so", at=BEFORE)

    def ago(self, at: datetime, days: int | None) -> datetime:
        zone = self.community.zone
        return BEFORE if days is None else at if days == 0 else day_start(local_day(at, zone) - days, zone)

    def note(self, who: str, known: Mapping[str, Value | None], at: datetime, *, watched: bool = True) -> None:
        """Somebody of whom this is known; `watched`: what is observed has been observed."""
        number = {name: int(value) for name, value in known.items() if isinstance(value, int)}
        attributes = {name: value for name, value in known.items() if name in self.kept and value is not None}
        joined = self.ago(at, number.get("days_member"))
        self.members.append(Member(who, joined, attributes))
        met = self.ago(at, number.get("met_for"))
        for ladder in self.rulebook.ladders:
            self._stand(who, known, number, ladder, at, joined, met if watched else None)
        stage = known.get("stage")
        if stage is not None:
            place = Place(member=who, ladder=LIFECYCLE)
            self.firsts.append(First(place=place, at=str(stage), since=self.ago(at, number.get("days_in_stage"))))
            for way in self.rulebook.transitions:
                if way.observe is not None and stage in way.from_ and watched:
                    change = Change(kind="met", place=place, at=met, from_=str(stage), to=way.id)
                    self.changes.append(change)
        titles = known.get("titles")
        for title in sorted(titles) if isinstance(titles, frozenset) else ():
            details = {"item": title}
            deed = Deed(key=f"{who}/{title}", kind="title", at=BEFORE, source="case", member=who, details=details)
            self.deeds.append(deed)

    def _stand(
        self,
        who: str,
        known: Mapping[str, Value | None],
        number: Mapping[str, int],
        ladder: Ladder,
        at: datetime,
        joined: datetime,
        met: datetime | None,
    ) -> None:
        said = next((known[name] for name in ladder.standing.names if known.get(name) is not None), None)
        tier = str(said or ladder.rungs[0].id)
        place = Place(member=who, ladder=ladder.id, value=ladder.value or "")
        days = next((number[name] for name in ladder.since.names if name in number), None)
        since = joined if days is None and "days_member" in number else self.ago(at, days)
        self.firsts.append(First(place=place, at=tier, since=since))
        if number.get("below_for") or number.get("in_grace"):
            begun, digest = self.ago(at, number.get("below_for", 1)), self.community.digest
            self.changes.append(Change(kind="below", place=place, at=begun, from_=tier, digest=digest))
        if known.get("pinned"):
            self.pins.append(place)
        rank = ladder.type.rank(tier)
        if met is not None and rank + 1 < len(ladder.rungs) and ladder.rungs[rank + 1].observe is not None:
            self.changes.append(Change(kind="met", place=place, at=met, from_=tier, to=ladder.rungs[rank + 1].id))


# ------------------------------------------------------------------------------------------------------------ decisions
class Given:
    """Measures that say what the cases give, instead of counting facts."""

    def __init__(self, inner: Any, readings: Mapping[str, Mapping[Reading, Value | None]], whole: Any) -> None:
        self._inner, self._readings, self._whole = inner, readings, whole

    def frame(self, subject: str, readings: Any, *, subjects: Any = None, **more: Any) -> pl.DataFrame:
        ids = list(subjects)
        columns: dict[str, Any] = {"subject": ids}
        for reading in readings:
            if reading.scope == "community":
                columns[reading.key] = [self._whole.get(reading)] * len(ids)
            else:
                columns[reading.key] = [self._readings.get(one, {}).get(reading) for one in ids]
        frame = pl.DataFrame(columns, strict=False)
        types = self._inner.frame(subject, readings, subjects=[], **more).schema
        return frame.with_columns(pl.col(name).cast(types[name]) for name in frame.columns if name != "subject")

    def community(self, readings: Any, at: datetime) -> Mapping[Reading, Value | None]:
        return {reading: self._whole.get(reading) for reading in readings}


def based(
    rulebook: Rulebook, given: Mapping[Reading, Value | None], *, exact: bool = True
) -> dict[Reading, Value | None]:
    """Readings with derived ones (ratios, scores) brought down to base readings that come to the same.

    `exact`: a ratio has its value whatever becomes of its denominator; otherwise the denominator stays as given.
    """
    derived: dict[Reading, Source] = {}
    for condition in rulebook.conditions():
        for source in sources(condition):
            if isinstance(source, Ratio | Score):
                derived[source.reading] = source
    found = {reading: value for reading, value in given.items() if reading not in derived}
    for reading, value in given.items():
        if reading in derived and isinstance(value, int):
            found |= made_of(derived[reading], value, found, exact)
    return found


def made_of(
    source: Source, value: int, known: Mapping[Reading, Value | None], exact: bool
) -> dict[Reading, Value | None]:
    """Base readings of which a derived metric has this value, scaled by its type; what is known stays if it can."""
    match source:
        case Ratio(numerator=Measured(reading=above), denominator=Measured(reading=below)):
            whole = known.get(below)
            count = whole if isinstance(whole, int) and whole else source.type.scale
            while exact and (value * count) % source.type.scale:
                count += whole if isinstance(whole, int) and whole else 1
            return {above: value * count // source.type.scale, below: count}
        case Score(parts=parts):
            bases: dict[Reading, Value | None] = {}
            for part in parts:
                for one in within(part.source):
                    if isinstance(one, Measured) and one.reading not in known:
                        bases[one.reading] = 0
            for part in parts:
                number = value / part.weight
                fits = number.denominator == 1 and (part.cap is None or number <= part.cap)
                if fits and isinstance(part.source, Measured) and part.source.reading in bases:
                    return {**bases, part.source.reading: int(number)}
    raise AssertionError(f"{source} is made otherwise")


@pytest.mark.parametrize("name", NAMES)
def test_decisions_come_out_the_same_through_the_store_and_its_reviews(name: str, memory: Memory) -> None:
    files, original = loaded(name)
    groups: defaultdict[tuple[datetime, str], list[Decision]] = defaultdict(list)
    for at, case in cases(original):
        if isinstance(case, Decision) and case.of in ("tiers", "lifecycle"):
            groups[at, repr(case.community)].append(case)
    seen = 0
    for number, ((at, _), group) in enumerate(sorted(groups.items(), key=lambda one: str(one[0]))):
        renamed, community = called(files, name, f"{name}-d{number}")
        memory.specs.publish(renamed, community, message="cases", author="test", at=BEFORE)
        seen += _decided(memory, community, at, group)
    assert seen == sum(map(len, groups.values()))


def _outcome(rulebook: Rulebook, case: Decision, evidence: Evidence, at: datetime) -> tuple[str, str | None]:
    if case.of == "lifecycle":
        move = next_stage(rulebook.transitions, case.subject.id, evidence, at)
        return ("none", None) if move is None else (move.outcome, move.to)
    name = f"{case.ladder}@{case.value}" if case.value else case.ladder
    ladder = next(one for one in rulebook.ladders if one.name == name)
    decided = next_step(ladder, case.subject.id, evidence, at)
    return decided.outcome, decided.to


def _decided(memory: Memory, community: Community, at: datetime, group: list[Decision]) -> int:
    rulebook = compile_rulebook(community)
    people = People(memory, community, rulebook)
    readings: dict[str, Mapping[Reading, Value | None]] = {}
    whole: Mapping[Reading, Value | None] = {}
    for number, case in enumerate(group):
        evidence = Gate(community, rulebook).evidence(case.subject.attributes, case.subject.metrics, case.community)
        who = f"p{number:03d}"
        whole = {r: v for r, v in evidence.readings.items() if r.scope == "community"}
        own = {r: v for r, v in evidence.readings.items() if r.scope != "community"}
        expected = came_out(community, rulebook, case, at)
        for exact in (True, False):
            readings[who] = based(rulebook, own, exact=exact)
            same = Evidence(evidence.attributes, {**readings[who], **whole})
            if _outcome(rulebook, case, same, at) == (expected.outcome, expected.to):
                break
        else:
            raise AssertionError(f"{case.name} cannot be told by base readings")
        people.note(who, evidence.attributes, at)
    people.flush()
    inner = memory.desk
    desk = replace(inner, measures=lambda spec: Given(inner.measures(spec), readings, whole))  # type: ignore[arg-type, return-value]
    taken: dict[tuple[str, str], Any] = {}
    for of, parts in (("tiers", [one.name for one in rulebook.ladders]), ("lifecycle", [LIFECYCLE])):
        if of == "lifecycle" and community.lifecycle is None:
            continue
        plan = review.begin(desk, community.id, run=f"{of} at {at.isoformat()}", at=at, parts=parts)
        for part in plan.parts:
            found = look(desk, plan, community, part, None)
            for verdict in found.verdicts:
                if verdict.kind in ("move", "below"):
                    taken[verdict.subject, part] = verdict.body
    for number, case in enumerate(group):
        expected = came_out(community, rulebook, case, at)
        part = LIFECYCLE if case.of == "lifecycle" else f"{case.ladder}@{case.value}" if case.value else case.ladder
        body = taken.get((f"p{number:03d}", part))
        below = int(str(case.subject.attributes.get("below_for", 0)))
        if expected.outcome in ("keep", "none") or (expected.outcome == "grace" and below):
            assert body is None, (case.name, body)
        else:
            assert body is not None, case.name
            assert (body["outcome"], body["to"]) == (expected.outcome, expected.to), case.name
            wrong = {one["metric"] for one in body["reasons"] if one["truth"] != "true"}
            assert set(case.expect.because) <= wrong, case.name
    return len(group)


# ------------------------------------------------------------------------------------------------------------ timelines
@pytest.mark.parametrize("name", [pytest.param("auto", marks=pytest.mark.slow), "maintainers"])
def test_timelines_come_out_the_same_through_the_store_and_its_reviews(name: str, memory: Memory) -> None:
    files, original = loaded(name)
    told = [(at, case) for at, case in cases(original) if isinstance(case, Timeline)]
    assert told
    for number, (at, case) in enumerate(told):
        renamed, community = called(files, name, f"{name}-t{number}")
        memory.specs.publish(renamed, community, message="cases", author="test", at=BEFORE)
        _lived(memory, community, case, at)


def _lived(memory: Memory, community: Community, case: Timeline, at: datetime) -> None:
    rulebook = compile_rulebook(community)
    known = Gate(community, rulebook).evidence(case.subject.attributes, case.subject.metrics, case.community)
    people = People(memory, community, rulebook)
    people.note(case.subject.id, known.attributes, at, watched=False)
    people.flush()
    facts, expected = _unrolled(community, rulebook, case, at)
    memory.facts(community).record([replace(fact, id=f"{community.id}/{fact.id}") for fact in facts])
    who = case.subject.id
    part = LIFECYCLE if case.of == "lifecycle" else case.ladder
    for one in expected:
        reviewed(memory.desk, community.id, one.at)
        now = [one_.decision for one_ in memory.decisions.of(community.id, who) if one_.decision.at == one.at]
        mine = [decision for decision in now if decision.rule == part]
        _agreed(memory, community, who, now)
        if mine:
            assert (mine[0].outcome, mine[0].to) == (one.outcome, one.to), (case.name, one.at)
        else:
            standing = memory.standings.one(community.id, Place(member=who, ladder=part))
            waits = standing is not None and standing.below_since is not None
            assert waits == (one.outcome == "grace"), (case.name, one.at)
            assert one.to is None, (case.name, one.at, one.to)


def _agreed(memory: Memory, community: Community, who: str, decisions: list[Any]) -> None:
    """Whatever waits for somebody's word is agreed to at once."""
    for decision in decisions:
        if decision.to is None:
            continue
        ladder, _, value = decision.rule.partition("@")
        place = Place(member=who, ladder=ladder, value=value)
        standing = memory.standings.one(community.id, place)
        if standing is not None and standing.at != decision.to:
            move = Change(kind="move", place=place, at=decision.at, to=decision.to, from_=decision.from_)
            memory.standings.change(community.id, [move])


def _unrolled(
    community: Community, rulebook: Rulebook, case: Timeline, at: datetime
) -> tuple[list[Fact], list[Reviewed]]:
    """The facts of a timeline, and what its reviews come to without any store."""
    life = Unrolling(community, rulebook, case, at, evaluate)
    expected = list(life.reviews())
    return [fact for fact in life.facts if not fact.kind.startswith("moved_")], expected
