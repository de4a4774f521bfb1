"""Sight: everybody of a community read once, for all parts of a review and for two specs at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from operations.desk import Desk, beside
from operations.ports.members import JOINED_AT
from operations.ports.standings import LIFECYCLE, Renames, Snapshot
from rules.counted import definitions
from rules.reading import Reading

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rules.spec import Community

_ENTERED = ("in_tier", "in_stage")


class Sight:
    """What one look has read, offered through the ports that a review reads from.

    Args:
        desk: the real ports.
        at: the moment of the look.
        wanted: for each spec the readings of members that its parts need.
    """

    def __init__(
        self, desk: Desk, at: datetime, wanted: Sequence[tuple[Community, frozenset[Reading], frozenset[str]]]
    ) -> None:
        self._desk = desk
        self._at = at
        self._attributes = frozenset[str]().union(*(names for _, _, names in wanted))
        self._members: dict[str, pl.DataFrame] = {}
        self._first = wanted[0][0]
        self._measured: dict[tuple[str, Reading], pl.Series] = {}
        self._since: list[tuple[Community, Reading, pl.DataFrame, pl.Series]] = []
        everybody: Future[pl.DataFrame] = Future()
        with ThreadPoolExecutor(1) as beside_it:  # standings come from the server while columns are added up here
            standings = beside_it.submit(desk.standings.snapshot, self._first.id, at, everybody.result)
            try:
                everybody.set_result(self._everybody())
            except BaseException as error:
                everybody.set_exception(error)
                raise
            self._numbered = desk.measures(self._first).numbered("member", self._subjects, at)
            self._read(wanted)
            self._snapshot: Snapshot | None = standings.result()

    def _everybody(self) -> pl.DataFrame:
        """Reads the members, whose order is from now on that of every frame; gives them with when they joined."""
        port = self._desk.members(self._first)
        frame = port.frame(self._at, names=self._attributes | {JOINED_AT}, ordered=False)
        self._subjects = frame["subject"]
        self._members[self._known_as(self._first)] = frame.drop(JOINED_AT)
        return frame.select("subject", pl.col(JOINED_AT).alias("joined"))

    def standings(self) -> Snapshot:
        """The standings of now; asked for once, since what was changed of them takes the place of what was read."""
        snapshot, self._snapshot = self._snapshot, None
        assert snapshot is not None
        return snapshot

    def desk(self, snapshot: Snapshot, renames: Renames) -> Desk:
        """The desk of a review from standings as they would be; what else is remembered has its names of now."""
        ports: dict[str, Any] = {
            "memberships": _Memberships(self._desk.memberships, renames),
            "firings": _Firings(self._desk.firings, renames),
            "members": lambda spec: _Members(self.members(spec)),
            "measures": lambda spec: _Measures(self, spec),
            "standings": _Standings(snapshot, self._attributes),
        }
        return replace(self._desk, **ports)

    def members(self, community: Community) -> pl.DataFrame:
        """What is known of all members, without standings and readings."""
        key = self._known_as(community)
        if key not in self._members:
            frame = self._desk.members(community).frame(self._at, names=self._attributes, ordered=False)
            self._members[key] = beside(self._subjects.to_frame(), frame)
        return self._members[key]

    def _known_as(self, community: Community) -> str:
        """What of a spec decides how members are read."""
        types = self._desk.members(community).attributes()
        return f"{community.zone} {sorted((name, repr(types[name])) for name in types if name in self._attributes)}"

    @property
    def count(self) -> int:
        """How many members there are."""
        return len(self._subjects)

    def _read(self, wanted: Sequence[tuple[Community, frozenset[Reading], frozenset[str]]]) -> None:
        """Read each definition of a metric once; the spec that says the same of it is not asked again."""
        for number, (community, readings, _) in enumerate(wanted):
            asked = {reading for reading in readings if reading.over not in _ENTERED}
            earlier = wanted[:number]
            for reading in list(asked):
                for other, others, _ in earlier:
                    if reading in others and _same(community, other, reading):
                        self._measured[community.digest, reading] = self._measured[other.digest, reading]
                        asked.discard(reading)
            if asked:
                frame = self._desk.measures(community).frame(
                    "member", asked, at=self._at, zone=community.zone, subjects=self._numbered, narrow=True
                )
                for reading in asked:
                    self._measured[community.digest, reading] = frame[reading.key]

    def measured(
        self, community: Community, readings: Collection[Reading], entered: Mapping[str, pl.DataFrame] | None
    ) -> pl.DataFrame:
        """The readings of everybody, in the order of `members`."""
        known = [
            self._measured.get((community.digest, reading), self._known_since(community, reading, entered))
            for reading in readings
        ]
        frame = pl.DataFrame([self._subjects, *(column for column in known if column is not None)])
        rest = [reading for reading, column in zip(readings, known, strict=True) if column is None]
        if rest:
            more = self._desk.measures(community).frame(
                "member",
                rest,
                at=self._at,
                zone=community.zone,
                subjects=self._numbered,
                entered=entered,
                narrow=True,
            )
            frame = beside(frame, more)
            for reading in rest:
                if entered is not None and reading.over in entered:
                    self._since.append((community, reading, entered[reading.over], more[reading.key]))
        return frame

    def _known_since(
        self, community: Community, reading: Reading, entered: Mapping[str, pl.DataFrame] | None
    ) -> pl.Series | None:
        """What was read since everybody entered, if it is asked again and nobody entered meanwhile."""
        if entered is None or reading.over not in entered:
            return None
        for other, asked, since, column in self._since:
            if asked == reading and _same(community, other, reading) and since.equals(entered[reading.over]):
                return column
        return None


def _same(one: Community, other: Community, reading: Reading) -> bool:
    """Whether a metric means the same in two specs."""
    mine, theirs = definitions(one).get(reading.metric), definitions(other).get(reading.metric)
    return mine is not None and mine == theirs and one.zone == other.zone


def changed_metrics(one: Community, other: Community) -> frozenset[str]:
    """Metrics computed from facts that do not mean the same in two specs, or are not in both."""
    mine, theirs = definitions(one), definitions(other)
    return frozenset(id_ for id_ in mine.keys() | theirs.keys() if mine.get(id_) != theirs.get(id_))


class _Members:
    """The port `Members`, as far as a look reads it."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def frame(self, at: datetime, *, subjects: Collection[str] | None = None, **_: Any) -> pl.DataFrame:
        return _only(self._frame, subjects)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a look reads nothing else of members: {name}")


class _Standings:
    """The port `Standings`, as far as a look reads it."""

    def __init__(self, snapshot: Snapshot, names: frozenset[str]) -> None:
        self._snapshot = snapshot
        self._names = names

    def frame(
        self,
        community: Community,
        at: datetime,
        *,
        ladder: str | None = None,
        value: str = "",
        subjects: Collection[str] | None = None,
        **_: Any,
    ) -> pl.DataFrame:
        return self._snapshot.frame(community, at, ladder=ladder, value=value, subjects=subjects, names=self._names)

    def counts(self, community: str, ladder: str, value: str = "") -> Mapping[str, int]:
        return self._snapshot.counts(ladder, value)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a look reads nothing else of standings: {name}")


class _Measures:
    """The port `Measures`, as far as a look reads it."""

    def __init__(self, sight: Sight, community: Community) -> None:
        self._sight = sight
        self._community = community

    def frame(
        self,
        subject: str,
        readings: Collection[Reading],
        *,
        at: datetime,
        zone: ZoneInfo,
        subjects: Collection[str] | None = None,
        entered: Mapping[str, pl.DataFrame] | None = None,
        **_: Any,
    ) -> pl.DataFrame:
        return _only(self._sight.measured(self._community, list(readings), entered), subjects)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a look reads nothing else of measures: {name}")


class _Memberships:
    """The port `Memberships`, as far as a look reads it, under the names of now."""

    def __init__(self, memberships: Any, renames: Renames) -> None:
        self._memberships = memberships
        self._renames = renames

    def resting(self, community: str, ladder: str, value: str, *, at: datetime) -> set[tuple[str, str]]:
        names = self._renames.ways if ladder == LIFECYCLE else self._renames.places.get(ladder, {})
        found = self._memberships.resting(community, ladder, value, at=at)
        return {(member, names.get(to, to)) for member, to in found}

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a look reads nothing else of memberships: {name}")


class _Firings:
    """The port `Firings`, as far as a look reads it, under the names of now."""

    def __init__(self, firings: Any, renames: Renames) -> None:
        self._firings = firings
        self._old = {new: old for old, new in renames.rules.items()}

    def fired(self, community: str, rules: Sequence[str]) -> Mapping[tuple[str, str], tuple[datetime, bool]]:
        then = {self._then(rule): rule for rule in rules}
        found = self._firings.fired(community, [*then, *rules])
        return {(then.get(rule, rule), subject): last for (rule, subject), last in found.items()}

    def _then(self, rule: str) -> str:
        id_, at, value = rule.partition("@")
        return f"{self._old.get(id_, id_)}{at}{value}"

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a look reads nothing else of firings: {name}")


def _only(frame: pl.DataFrame, subjects: Collection[str] | None) -> pl.DataFrame:
    if subjects is None or len(subjects) == frame.height:
        return frame
    return frame.filter(pl.col("subject").is_in(pl.Series(list(subjects), dtype=pl.String).implode()))
