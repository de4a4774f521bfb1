"""Known: what is known of members, works and a run at one moment, as conditions and orders read it.

As of the moment, always: what was imported of members, titles, metrics, how long a run or a team has lasted. Whoever
acts and decides now reads tiers, stages, grace and cohorts as they are now: a run is told of a move at once, also one
whose clock is behind, and must see it then. Whoever looks back (`past`: the figures of a phase that closed earlier, a
report as of a day) reads these as they were, so that nobody counts for a tier they came to later.

Always as it is now, since nothing else is remembered: in how many runs and circles somebody takes part (`load`,
`circle`), who is in a team, a pin, and the fields of works.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from sys import intern
from typing import TYPE_CHECKING, Any

from rules.columns.truths import evidence_of
from rules.compile import Compiler
from rules.condition import Condition, Measured, Source, base_readings, within
from rules.counted import counted
from rules.errors import RuleRefusal, Unfit
from rules.evaluate import read
from rules.names import metric_type
from rules.reading import Reading, split_scope
from rules.spec import Community
from rules.time import local_day
from rules.values import Evidence, Value, ValueType, fit

if TYPE_CHECKING:
    import polars as pl

    from operations.house import House
    from operations.ports.members import Member
    from operations.ports.runs import Run, Work

PAGE = 5_000
"""Works of which everything that is known is held together."""

HELD = 40_000
"""Of so many members at most what is known is held."""

CIRCLE = "circle"
"""The mode whose runs are circles, and the attribute that says in which of them a member is."""

Figure = Fraction | str | bool | None
_MOMENTS = {"in_tier": "entered_tier", "in_stage": "entered_stage"}


class Known:
    """Looks up evidence; every question is one query for all subjects together.

    Args:
        house: the ports.
        community: the pinned spec.
        at: the moment as of which is looked; later facts do not count.
        past: whether that is looking back, so that standings and cohorts are those of then too.
    """

    def __init__(self, house: House, community: Community, at: datetime, *, past: bool = False) -> None:
        self.house, self.community, self.at, self.past = house, community, at, past
        self._sources: dict[str, Source | None] = {}
        self._everybody: dict[frozenset[Reading], Mapping[str, Evidence]] = {}
        self._people: dict[str, Member | None] = {}

    def then(self, at: datetime) -> Known:
        """What was known at an earlier moment."""
        return type(self)(self.house, self.community, at, past=True)

    @property
    def back_at(self) -> datetime | None:
        """The moment, where that is looking back; None where everything is as it is now."""
        return self.at if self.past else None

    # ---------------------------------------------------------------------------------------------------------- members
    def members(self, ids: Collection[str] | None, readings: Iterable[Reading] = ()) -> Mapping[str, Evidence]:
        """What is known of members (all without ids), in the order of their ids; strangers are left out."""
        wanted = frozenset(readings)
        if ids is None:
            if wanted not in self._everybody:
                self._everybody[wanted] = dict(self._each(None, wanted))
            return self._everybody[wanted]
        return dict(self._each(ids, wanted)) if ids else {}

    def each_member(
        self, ids: Collection[str] | None, readings: Iterable[Reading] = ()
    ) -> Iterator[tuple[str, Evidence]]:
        """The same as `members`, told one by one: what is known of very many is never held at once."""
        wanted = frozenset(readings)
        if ids is not None:
            return self._each(ids, wanted) if ids else iter(())
        return iter(self._everybody[wanted].items()) if wanted in self._everybody else self._each_of_all(wanted)

    def _each_of_all(self, wanted: frozenset[Reading]) -> Iterator[tuple[str, Evidence]]:
        """Everybody one by one; held for the next time, as there is seldom only one, unless they are very many."""
        held: dict[str, Evidence] | None = {}
        for who, evidence in self._each(None, wanted):
            if held is not None:
                held[who] = evidence
                held = held if len(held) <= HELD else None
            yield who, evidence
        if held is not None:
            self._everybody[wanted] = held

    def person(self, id: str) -> Member | None:
        """One member as imported, without standings and metrics; looked up once."""
        if id not in self._people:
            self._people[id] = next(iter(self.house.members(self.community).find([id])), None)
        return self._people[id]

    def _each(self, ids: Collection[str] | None, wanted: frozenset[Reading]) -> Iterator[tuple[str, Evidence]]:
        community = self.community
        frame = self.house.members(community).frame(self.at, subjects=ids)
        standings = self.house.standings
        look = standings.as_of if self.past else standings.frame
        standing = look(community, self.at, subjects=ids)
        frame = frame.join(standing, on="subject", how="left", suffix="_standing")
        own = {one for one in wanted if one.scope == "subject"}
        by_column: dict[str, Reading] = {}
        if own:
            measured = self._measured("member", own, frame["subject"].to_list(), standing)
            frame = frame.join(measured, on="subject", how="left")
            by_column = {one.key: one for one in own}
        everybody = self.community_readings(wanted)
        frame = frame.drop([name for name, kind in frame.schema.items() if kind.is_temporal()])
        load = self.house.runs.load(community.id, ids)
        circles = self.house.runs.within(community.id, CIRCLE, ids) if CIRCLE in community.modes else None
        for row in frame.sort("subject").iter_rows(named=True):
            subject = str(row.pop("subject"))
            evidence = evidence_of(row, by_column)
            attributes = {**evidence.attributes, "load": load.get(subject, 0)}
            if circles is not None:
                told = attributes.get(CIRCLE)
                here = circles.get(subject, frozenset())
                attributes[CIRCLE] = here | told if isinstance(told, frozenset) else here
            yield subject, Evidence(attributes, {**evidence.readings, **everybody})

    def _measured(
        self, subject: str, readings: Collection[Reading], ids: Sequence[str], standing: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        entered = {
            window: standing.select("subject", entered=column)
            for window, column in _MOMENTS.items()
            if standing is not None and column in standing.columns and any(one.over == window for one in readings)
        }
        return self.house.measures(self.community).frame(
            subject, readings, at=self.at, zone=self.community.zone, subjects=ids, entered=entered or None
        )

    def community_readings(self, readings: Collection[Reading]) -> dict[Reading, Value | None]:
        wanted = [one for one in readings if one.scope == "community"]
        if not wanted:
            return {}
        return self.house.measures(self.community).community(wanted, self.at)

    # ------------------------------------------------------------------------------- cohorts, spaces, runs
    def cohort(self, id: str, readings: Iterable[Reading] = (), *, names: Collection[str] | None = None) -> Evidence:
        """What is known of a cohort: its size, what its members share, and metrics about it.

        Args:
            names: the names that are asked for; all without them.
        """
        found = None
        if names is None or any(name.startswith("cohort.") and name != "cohort.size" for name in names):
            cohorts = self.house.touch.cohorts(self.community.id, closed=True)
            found = next((one for one in cohorts if one.id == id), None)
        attributes: dict[str, Value | None] = {
            "cohort.size": len(self.house.touch.members_of(self.community.id, [id], at=self.back_at)[id])
        }
        if found is not None:
            partition = self.community.cohorts.get(found.partition)
            shared = zip(partition.by, found.key, strict=False) if partition is not None else ()
            attributes |= {"cohort.partition": found.partition, **{f"cohort.{name}": value for name, value in shared}}
        return Evidence(attributes, self._about("cohort", id, readings))

    def space(self, id: str, readings: Iterable[Reading] = ()) -> Evidence:
        """What is known of a space: which it is, and metrics about it."""
        return Evidence({"space": id}, self._about("space", id, readings))

    def run(self, run: Run, readings: Iterable[Reading] = ()) -> Evidence:
        """What is known of a run, as its own conditions read it (`run.days`, `run.retention`)."""
        task = self.community.tasks.get(run.task)
        days = local_day(self.at, self.community.zone) - local_day(run.opened_at, self.community.zone)
        attributes: dict[str, Value | None] = {
            "run.mode": run.mode, "run.task": run.task, "run.goal": getattr(task, "goal", None), "run.days": days
        }  # fmt: skip
        own = [one for one in readings if one.scope == "run"]
        return Evidence(attributes, self._about("run", run.id, own))

    def _about(self, kind: str, id: str, readings: Iterable[Reading]) -> dict[Reading, Value | None]:
        """Metrics about one thing of a kind, and of the community."""
        wanted = list(readings)
        own = {one: replace(one, scope="subject") for one in wanted if one.scope in ("subject", kind)}
        found: dict[Reading, Value | None] = dict(self.community_readings(wanted))
        if own:
            row = self._measured(kind, list(own.values()), [id]).row(0, named=True)
            found |= {asked: row.get(base.key) for asked, base in own.items()}
        return found

    # ------------------------------------------------------------------------------------------------------------ works
    def works(self, works: Collection[Work], readings: Iterable[Reading] = ()) -> Mapping[str, Evidence]:
        """What is known of works: their fields (`work.x`), their authors (`author.x`), and metrics of both."""
        return dict(self.each_work(works, readings))

    def each_work(self, works: Iterable[Work], readings: Iterable[Reading] = ()) -> Iterator[tuple[str, Evidence]]:
        """The same as `works`, told one by one: what is known of very many is looked up in pages."""
        wanted, left = frozenset(readings), iter(works)
        everybody = self.community_readings(wanted)
        while page := list(islice(left, PAGE)):
            yield from self._works(page, wanted, everybody)

    def _works(
        self, works: Sequence[Work], wanted: frozenset[Reading], everybody: Mapping[Reading, Value | None]
    ) -> Iterator[tuple[str, Evidence]]:
        authors = {work.author for work in works if not work.author.startswith("role:")}
        of_author = {Reading(r.metric, r.over, r.until, r.of): r for r in wanted if r.scope == "author"}
        people = self.members(authors, of_author)
        own = {Reading(r.metric, r.over, r.until, r.of): r for r in wanted if r.scope in ("subject", "work")}
        measured: dict[str, Mapping[str, Any]] = {}
        if own:
            frame = self._measured("work", list(own), [work.id for work in works])
            measured = {row["subject"]: row for row in frame.iter_rows(named=True)}
        runs: dict[str, Run | None] = {}
        for work in works:
            run = runs[work.run] if work.run in runs else runs.setdefault(work.run, self.house.runs.run(work.run))
            attributes = self._fields(work, run)
            read_: dict[Reading, Value | None] = dict(everybody)
            author = people.get(work.author)
            if author is not None:
                attributes |= {f"author.{name}": value for name, value in author.attributes.items()}
                read_ |= {asked: author.readings.get(base) for base, asked in of_author.items()}
            row = measured.get(work.id, {})
            read_ |= {asked: row.get(base.key) for base, asked in own.items()}
            yield work.id, Evidence(attributes, read_)

    def _fields(self, work: Work, run: Run | None) -> dict[str, Value | None]:
        community = self.community
        found: dict[str, Value | None] = {"work.submitted_at": _day(work.at, community), "work.id": work.id}
        if run is not None:
            task = community.tasks.get(run.task)
            theme = task.brief.theme if task is not None and task.brief is not None else None
            found |= {"work.mode": run.mode, "work.task": run.task, "work.theme": theme}
        for name, raw in work.fields.items():
            source = self._source(f"work.{name}")
            if source is None:
                continue
            try:
                found[f"work.{name}"] = fit(raw, source.type, name)
            except Unfit:
                continue
        return found

    def _source(self, name: str) -> Source | None:
        if name not in self._sources:
            try:
                self._sources[name] = Compiler(self.community).source(name)
            except RuleRefusal:
                self._sources[name] = None
        return self._sources[name]

    # ------------------------------------------------------------------------------------------------------------ teams
    def teams(self, ids: Collection[str], readings: Iterable[Reading] = ()) -> Mapping[str, Evidence]:
        """What is known of teams: how long there is one, how many are in it, who is in which part, and its metrics."""
        found: dict[str, Evidence] = {}
        asked = {Reading(r.metric, r.over, r.until, r.of): r for r in readings}
        rows: dict[str, Mapping[str, Any]] = {}
        if asked and ids:
            frame = self._measured("team", list(asked), sorted(ids))
            rows = {row["subject"]: row for row in frame.iter_rows(named=True)}
        for id_ in sorted(ids):
            team = self.house.teams.team(id_)
            attributes: dict[str, Value | None] = {}
            if team is not None:
                days = local_day(self.at, self.community.zone) - local_day(team.formed_at, self.community.zone)
                attributes = {"team.days": days, "team.size": len(team.inside())}
                for part in team.slots:
                    attributes[f"team.{part.id}"] = ", ".join(team.inside(part.id)) or None
            read_ = {r: rows.get(id_, {}).get(base.key) for base, r in asked.items()}
            found[id_] = Evidence(attributes, read_)
        return found

    # ---------------------------------------------------------------------------------------------------------- figures
    def kind_of(self, name: str) -> str:
        """What a figure is about: work, member, team, run, community; members' attributes are about members."""
        scope, bare = split_scope(name)
        if scope == "community":
            return "community"
        if scope == "author":
            return "member"
        if scope != "subject":
            return scope
        metrics = counted(self.community)
        if bare in metrics:
            return metrics[bare].subject
        if bare in self.community.metrics:
            sources = within(Compiler(self.community).source(bare))
            kinds = {metrics[s.reading.metric].subject for s in sources if isinstance(s, Measured)}
            return next(iter(sorted(kinds)), "member")
        return "member"

    def places(self, name: str) -> int:
        """Decimal places of a figure."""
        bare = split_scope(name)[1]
        return metric_type(self.community, bare).places if bare in self.community.metrics else 0

    def figures(
        self,
        asked: Collection[tuple[str, str]],
        *,
        works: Collection[Work] = (),
        members: Collection[str] = (),
        runs: Collection[str] = (),
        teams: Collection[str] = (),
    ) -> dict[tuple[str, str], dict[str, Figure]]:
        """Figures (a name and a window each) of all of the things that they are about; one look for each kind."""
        compiler = Compiler(self.community)
        by_kind: dict[str, dict[tuple[str, str], Source]] = {}
        for name, over in asked:
            kind = self.kind_of(name)
            read_as = name.removeprefix("author.") if kind == "member" else name
            by_kind.setdefault(kind, {})[name, over] = compiler.source(read_as, over)
        found: dict[tuple[str, str], dict[str, Figure]] = {}
        for kind, sources in by_kind.items():
            readings = frozenset(reading for source in sources.values() for reading in _base(source))
            of_teams = kind == "team"
            if of_teams:
                known: Iterable[tuple[str, Evidence]] = self.teams(teams, readings).items()
            else:
                known = self._of_kind(kind, readings, works, members, runs)
            values: dict[tuple[str, str], dict[str, Figure]] = {figure: {} for figure in sources}
            for thing, seen in known:
                for figure, source in sources.items():
                    values[figure][thing] = natural(read(source, seen), source.type)
            found |= values
        return found

    def _of_kind(
        self,
        kind: str,
        readings: frozenset[Reading],
        works: Collection[Work],
        members: Collection[str],
        runs: Collection[str],
    ) -> Iterator[tuple[str, Evidence]]:
        match kind:
            case "work":
                yield from self.each_work(works, readings)
            case "member":
                yield from self.each_member(members, readings)
            case "community":
                yield "", Evidence({}, self.community_readings(readings))
            case "run" if runs:
                own = {Reading(r.metric, r.over, r.until, r.of): r for r in readings}
                rows = self._measured(kind, list(own), list(runs)).iter_rows(named=True)
                for row in rows:
                    yield row["subject"], Evidence({}, {r: row.get(base.key) for base, r in own.items()})

    def order(self, lines: Sequence[Any], ids: Sequence[str], *, lot: Any) -> list[str]:
        """Members in the order that lines say; unknown last, ids break ties."""
        asked = [(line.highest or line.lowest, line.over or "all") for line in lines if not line.draw]
        figures = self.figures(asked, members=ids)

        def key(who: str) -> tuple[Any, ...]:
            parts: list[Any] = []
            for line in lines:
                if line.draw:
                    parts.append((0, lot(who)))
                    continue
                value = figures[line.highest or line.lowest, line.over or "all"].get(who)
                number = value if isinstance(value, Fraction) else None
                parts.append((1, 0) if number is None else (0, -number if line.highest else number))
            return (*parts, who)

        return sorted(ids, key=key)


def readings_of(condition: Condition) -> frozenset[Reading]:
    """The base readings that a condition needs."""
    return base_readings(condition)


def natural(value: Value | None, type_: ValueType) -> Figure:
    """A scaled value in natural units; a set as its members in one text.

    The same figure of many things is one object: there are few different ones.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return intern(value)
    if isinstance(value, frozenset):
        return intern(", ".join(sorted(value)))
    return _fraction(value, type_.scale)


_fraction = lru_cache(maxsize=65_536)(Fraction)


def _base(source: Source) -> frozenset[Reading]:
    return frozenset(one.reading for one in within(source) if isinstance(one, Measured))


def _day(at: datetime, community: Community) -> int:
    return local_day(at, community.zone)
