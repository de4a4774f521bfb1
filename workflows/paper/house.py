"""House on paper: everything a run needs around it, held in memory, and only as much of it as runs ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from operations.deed_facts import facts_of
from operations.embargo import EMBARGO, item_of, told_of
from operations.house import House
from operations.known import Known
from operations.people import RELATIONS
from operations.ports.audit import AuditLog, FollowUp, FollowUps
from operations.ports.effects import Deed, Done, Effects, Holding
from operations.ports.facts import Facts, Recorded
from operations.ports.inbox import Inbox, Item
from operations.ports.measures import Measures
from operations.ports.members import Member, Members
from operations.ports.notices import Outbox
from operations.ports.resources import Resources
from operations.ports.runs import Runs
from operations.ports.specs import Specs
from operations.ports.standings import LIFECYCLE, Place, Standing, Standings
from operations.ports.touch import Touch
from rules.counted import counted
from rules.fact import Fact
from rules.metric import MetricFromFacts, measure
from rules.reading import Reading
from rules.spec import Community
from rules.values import Evidence, Value
from workflows.paper.resources import PaperResources
from workflows.paper.runs import PaperRuns
from workflows.paper.teams import PaperTeams

if TYPE_CHECKING:
    import polars as pl


@dataclass
class Paper:
    """What is remembered of a community while one task is played.

    Args:
        community: the specs.
        people: what is known of members at the beginning, by id: attributes and readings.
        everybody: readings of the community.
    """

    community: Community
    people: dict[str, Evidence] = field(default_factory=dict)
    everybody: Mapping[Reading, Value | None] = field(default_factory=dict)
    runs: PaperRuns = field(default_factory=PaperRuns)
    facts: dict[str, Fact] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    follow_ups: dict[str, FollowUp] = field(default_factory=dict)
    deeds: dict[str, Deed] = field(default_factory=dict)
    held: dict[str, Deed] = field(default_factory=dict)
    titles: dict[tuple[str, str, str], Holding] = field(default_factory=dict)
    assigned: dict[str, dict[str, str]] = field(default_factory=dict)
    _reckoned: dict[Any, Mapping[str, Value | None]] = field(default_factory=dict, repr=False)

    def house(self) -> House:
        """The ports that runs use; whatever runs never ask is not there."""
        effects = PaperEffects(self)
        return House(
            specs=cast(Specs, _Specs(self)),
            runs=cast(Runs, self.runs),
            teams=PaperTeams(self.runs),
            inbox=cast(Inbox, _Inbox(self)),
            outbox=cast(Outbox, None),
            audit=cast(AuditLog, None),
            follow_ups=cast(FollowUps, _FollowUps(self)),
            effects=cast(Effects, effects),
            resources=cast(Resources, PaperResources()),
            standings=cast(Standings, _Standings(self)),
            touch=cast(Touch, _Touch(self)),
            facts=lambda community: cast(Facts, _Facts(self)),
            members=lambda community: cast(Members, _Members(self)),
            measures=lambda community: cast(Measures, _Measures(self)),
        )

    # --------------------------------------------------------------------------------------------------------- readings
    def read(self, reading: Reading, subject: str, at: datetime) -> Value | None:
        """A metric of one subject: what the case gives, otherwise what the facts of the play come to."""
        if reading.scope == "community":
            given = self.everybody.get(reading)
        else:
            person = self.people.get(subject)
            given = None if person is None else person.readings.get(reading)
        if given is not None:
            return given
        metric = counted(self.community).get(reading.metric)
        if metric is None:
            return None
        mine = subject if reading.scope != "community" else ""
        return self._measured(metric, reading, at).get(mine, metric.nothing)

    def _measured(self, metric: MetricFromFacts, reading: Reading, at: datetime) -> Mapping[str, Value | None]:
        """A metric of every subject; reckoned once as long as no fact comes in."""
        key = (reading, at, len(self.facts))
        if key not in self._reckoned:
            if len(self._reckoned) > 64:
                self._reckoned.clear()
            facts = [fact for fact in self.facts.values() if fact.kind in metric.kinds]
            found = measure(metric, facts, reading, at, self.community.zone, as_of=self._as_of) if facts else {}
            self._reckoned[key] = found
        return self._reckoned[key]

    def _as_of(self, member: str, attribute: str, at: datetime) -> Value | None:
        person = self.people.get(member)
        return None if person is None else person.attributes.get(attribute)

    def attributes(self, member: str, at: datetime) -> dict[str, Value | None]:
        """What is known of a member at a moment, the titles given in the play among it."""
        found = dict(self.people[member].attributes)
        held = {
            one.item
            for (who, *_), one in self.titles.items()
            if who == member and one.since <= at and (one.until is None or one.until > at)
        }
        before = found.get("titles")
        found["titles"] = (before if isinstance(before, frozenset) else frozenset()) | held
        return found


class PaperKnown(Known):
    """What is known on paper."""

    @property
    def _paper(self) -> Paper:
        return cast(Any, self.house.specs).paper  # type: ignore[no-any-return]

    def _each(self, ids: Collection[str] | None, wanted: frozenset[Reading]) -> Iterator[tuple[str, Evidence]]:
        paper = self._paper
        known = sorted(paper.people if ids is None else set(ids) & paper.people.keys())
        load = paper.runs.load(self.community.id, known)
        for who in known:
            yield (
                who,
                Evidence(
                    {**paper.attributes(who, self.at), "load": load.get(who, 0)},
                    {reading: paper.read(reading, who, self.at) for reading in wanted},
                ),
            )

    def cohort(self, id: str, readings: Iterable[Reading] = (), *, names: Collection[str] | None = None) -> Evidence:
        """What the case says of a cohort; where it says nothing, that is unknown."""
        told = self._paper.people.get(id, Evidence())
        return Evidence(told.attributes, {one: self._paper.read(one, id, self.at) for one in readings})

    def _about(self, kind: str, id: str, readings: Iterable[Reading]) -> dict[Reading, Value | None]:
        """Of the run, what the case says under the id `run`, or what its facts come to."""
        who = kind if kind == "run" and kind in self._paper.people else id
        own = {one: replace(one, scope="subject") if one.scope == kind else one for one in readings}
        return {one: self._paper.read(base, who, self.at) for one, base in own.items()}

    def community_readings(self, readings: Collection[Reading]) -> dict[Reading, Value | None]:
        return {one: self._paper.read(one, "", self.at) for one in readings if one.scope == "community"}


class PaperEffects:
    """Effects on paper: titles, assignments and facts; goods and money are never short."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper

    def do(self, community: str, deeds: Sequence[Deed]) -> Done:
        paper = self._paper
        new = [deed for deed in {one.key: one for one in deeds}.values() if deed.key not in paper.deeds]
        early = [deed for deed in new if deed.details.get(EMBARGO)]
        if early:
            paper.held |= {deed.key: deed for deed in early}
            paper.items |= {item.id: item for item in told_of(community, early) if item.id not in paper.items}
        new = [deed for deed in new if not deed.details.get(EMBARGO) and not self._takes_nothing(deed)]
        for deed in new:
            paper.deeds[deed.key] = deed
            self._carry_out(deed)
        paper.facts |= {fact.id: fact for fact in facts_of(new)}
        return Done(new=len(new), known=len(deeds) - len(new))

    def held_back(self, community: str, *, run: str | None = None) -> Sequence[Deed]:
        return [deed for deed in self._paper.held.values() if run in (None, deed.run)]

    def publish_now(self, community: str, keys: Sequence[str], *, at: datetime) -> int:
        found = [self._paper.held.pop(key) for key in keys if key in self._paper.held]
        for deed in found:
            details = {name: value for name, value in deed.details.items() if name != EMBARGO}
            self.do(community, [replace(deed, at=at, details=details)])
        _Inbox(self._paper).close(community, [item_of(deed.source) for deed in found])
        return len(found)

    def _takes_nothing(self, deed: Deed) -> bool:
        """Whether a title is taken back from somebody who does not hold it."""
        if deed.kind != "revoke" or deed.details.get("holding") != "title":
            return False
        item, person = deed.details["item"], self._paper.people.get(deed.member or "")
        given = person.attributes.get("titles") if person is not None else None
        if isinstance(given, frozenset) and any(one.partition("@")[0] == item for one in given):
            return False
        mine = [one for key, one in self._paper.titles.items() if key[:2] == (deed.member or "", item)]
        return not any(one.until is None or one.until > deed.at for one in mine)

    def _carry_out(self, deed: Deed) -> None:
        paper, details, member = self._paper, deed.details, deed.member or ""
        if deed.kind == "title":
            value, until = details.get("value") or "", details.get("until")
            end = None if until is None else datetime.fromisoformat(until)
            held = Holding(kind="title", member=member, item=details["item"], value=value, since=deed.at, until=end)
            paper.titles[member, details["item"], value] = held
        elif deed.kind == "revoke" and details.get("holding") == "title":
            for key in [key for key in paper.titles if key[:2] == (member, details["item"])]:
                paper.titles[key] = replace(paper.titles[key], until=deed.at)
        elif deed.kind == "assign":
            mine = paper.assigned.setdefault(member, {})
            if details["roles"]:
                mine.setdefault(details["relation"], self.people("", details["roles"][0]["role"])[0])

    def undo(self, community: str, source: str, *, at: datetime) -> int:
        paper = self._paper
        mine = [deed for deed in paper.deeds.values() if deed.source.startswith(source)]
        paper.held = {key: deed for key, deed in paper.held.items() if not deed.source.startswith(source)}
        for deed in mine:
            paper.facts.pop(f"{deed.key}#fact", None)
            if deed.kind == "title":
                paper.titles.pop((deed.member or "", deed.details["item"], deed.details.get("value") or ""), None)
        return len(mine)

    def people(self, community: str, role: str) -> Sequence[str]:
        """One person in every role, who is called like it."""
        return (f"{role}-1",)

    def assigned(self, community: str, member: str) -> Mapping[str, str]:
        """On paper everybody has somebody to contact, a host and a tutor, as in a community that is in order."""
        made_up = {relation: f"{relation}-of-{member}" for relation in RELATIONS}
        return {**made_up, **self._paper.assigned.get(member, {})}


class _Specs:
    def __init__(self, paper: Paper) -> None:
        self.paper = paper

    def at(self, digest: str, community: str | None = None) -> Community:
        return self.paper.community

    def current(self, community: str | None = None) -> Community:
        return self.paper.community


class _Inbox:
    def __init__(self, paper: Paper) -> None:
        self._paper = paper

    def open(self, items: Sequence[Item]) -> int:
        new = {item.id: item for item in items if item.id not in self._paper.items}
        self._paper.items |= new
        return len(new)

    def missed(self, run: str, phase: str, visit: int) -> int:
        return 0

    def close(self, community: str, ids: Sequence[str]) -> None:
        for id in ids:
            if id in self._paper.items:
                self._paper.items[id] = replace(self._paper.items[id], state="gone")


class _FollowUps:
    def __init__(self, paper: Paper) -> None:
        self._paper = paper

    def open(self, follow_ups: Sequence[FollowUp]) -> int:
        new = {one.id: one for one in follow_ups if one.id not in self._paper.follow_ups}
        self._paper.follow_ups |= new
        return len(new)


class _Standings:
    def __init__(self, paper: Paper) -> None:
        self._paper = paper

    def of(self, community: str, member: str) -> Sequence[Standing]:
        """Where the case says that somebody stands; where it says nothing, that is unknown."""
        stands = self.stands(community, member)
        return [Standing(place=Place(member=member, ladder=one), at=at, since=None) for one, at in stands.items()]

    def stands(self, community: str, member: str) -> Mapping[str, str | None]:
        person = self._paper.people.get(member)
        ladders = {LIFECYCLE: "stage"} | {name: name for name in self._paper.community.ladders}
        at = {ladder: None if person is None else person.attributes.get(name) for ladder, name in ladders.items()}
        return {ladder: None if one is None else str(one) for ladder, one in at.items()}


class _Touch:
    """On paper a cohort is everybody whom the case names."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper

    def members_of(
        self, community: str, cohorts: Collection[str], *, at: datetime | None = None
    ) -> Mapping[str, Sequence[str]]:
        return {one: [who for who in sorted(self._paper.people) if who != one] for one in cohorts}

    def belonging(self, community: str, partition: str, *, at: datetime | None = None) -> Sequence[str]:
        return sorted(self._paper.people)

    def runs_about(self, community: str, subjects: Collection[str]) -> Sequence[str]:
        return ()

    def given_by_runs(self, community: str, member: str) -> Sequence[str]:
        return ()

    def end(self, community: str, member: str, relations: Collection[str], *, at: datetime) -> int:
        return 0


class _Facts:
    def __init__(self, paper: Paper) -> None:
        self._paper = paper

    def record(self, facts: Iterable[Fact]) -> Recorded:
        before = len(self._paper.facts)
        self._paper.facts |= {fact.id: fact for fact in facts}
        return Recorded(new=len(self._paper.facts) - before)

    def find(
        self, *, member: str | None = None, kinds: Collection[str] | None = None, limit: int = 100
    ) -> Sequence[Fact]:
        found = [
            fact
            for fact in self._paper.facts.values()
            if member in (None, fact.member) and (kinds is None or fact.kind in kinds)
        ]
        return sorted(found, key=lambda fact: fact.at, reverse=True)[:limit]

    def moments(self, member: str, kind: str, *, after: datetime, until: datetime) -> Sequence[datetime]:
        return sorted(fact.at for fact in self.find(member=member, kinds=[kind]) if after < fact.at <= until)


class _Members:
    def __init__(self, paper: Paper) -> None:
        self._paper = paper

    def find(self, ids: Collection[str] | None = None, *, limit: int | None = None) -> Sequence[Member]:
        people = self._paper.people
        found = []
        for id in sorted(people if ids is None else set(ids) & people.keys()):
            attributes = {name: value for name, value in people[id].attributes.items() if value is not None}
            found.append(Member(id, None, attributes))
        return found if limit is None else found[:limit]


class _Measures:
    def __init__(self, paper: Paper) -> None:
        self._paper = paper

    def frame(
        self, subject: str, readings: Collection[Reading], *, at: datetime, subjects: Collection[str], **_: Any
    ) -> pl.DataFrame:
        import polars as pl

        columns: dict[str, list[Any]] = {"subject": list(subjects)}
        for reading in readings:
            columns[reading.key] = [self._paper.read(reading, one, at) for one in subjects]
        return pl.DataFrame(columns, schema_overrides={"subject": pl.String}, strict=False)
