"""Replay: take recorded decisions again, each under its own spec with what was known then, and say what differs.

Decisions of one moment are taken together: standings, attributes and readings of everybody concerned come as columns.
Days of grace and observation are taken from the decision itself, since they are dates that the review kept and not
facts. A fact that was recorded later, a correction, or a change of the log makes a difference; so does a defect.

Works, runs, teams and cohorts are read as they were too: which runs were under way, who was in a team or cohort, what
had been published. What is not remembered is read as it is now: the fields of a work that was handed in anew since.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from operations.desk import Desk, rulebook_of, with_foremost
from operations.errors import Refusal
from operations.looking.things import things_frame
from operations.ports.decisions import ERASED, Recorded, Wanted
from operations.ports.standings import LIFECYCLE, main_ladder
from rules.columns import evidence_of
from rules.condition import Condition, base_readings
from rules.decision import Decision, Reason
from rules.firing import Rule, firing
from rules.ladder import Ladder, next_step
from rules.lifecycle import next_stage
from rules.reading import Reading
from rules.values import Evidence

if TYPE_CHECKING:
    import polars as pl

    from rules.spec import Community

_STATE = ("below_for", "met_for")
"""What a decision says of how long something had lasted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One decision that comes out otherwise now.

    Args:
        recorded: as it stands in the log.
        taken: as it is taken now; None where nothing is decided or it cannot be taken again.
        what: in one sentence.
    """

    recorded: Recorded
    taken: Decision | None
    what: str

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "seq": self.recorded.seq,
            "review": self.recorded.review,
            "recorded": self.recorded.decision.data(),
            "taken": None if self.taken is None else self.taken.data(),
            "what": self.what,
        }


def replay(
    desk: Desk, community: str, wanted: Wanted, *, done: Callable[[int], None] = lambda count: None
) -> Iterator[Difference]:
    """Take the decisions wanted again, in the order of the log, and yield those that differ.

    Args:
        done: is told after each batch how many decisions it had.
    """
    waiting: list[Recorded] = []
    for batch in desk.decisions.each(community, wanted, size=20_000):
        waiting.extend(one for one in batch if not one.reduced and one.decision.rule != ERASED)
        if not waiting:
            done(len(batch))
            continue
        last = waiting[-1].review  # its decisions may go on in the next batch
        ready = [one for one in waiting if one.review != last] if len(waiting) < 100_000 else waiting
        waiting = [one for one in waiting if one.review == last] if len(waiting) < 100_000 else []
        yield from _batch(desk, community, ready, done)
    yield from _batch(desk, community, waiting, done)


def _batch(
    desk: Desk, community: str, recorded: Sequence[Recorded], done: Callable[[int], None]
) -> Iterator[Difference]:
    def moment(one: Recorded) -> tuple[str, datetime]:
        return one.decision.digest, one.decision.at

    for (digest, at), found in groupby(sorted(recorded, key=moment), key=moment):
        group = list(found)
        try:
            spec = desk.specs.at(digest, community)
        except Refusal as refusal:
            yield from (Difference(one, None, refusal.message) for one in group)
        else:
            yield from sorted(_Moment(desk, spec, at).differences(group), key=lambda one: one.recorded.seq)
        done(len(group))


class _Moment:
    """Everything that was decided at one moment under one spec."""

    def __init__(self, desk: Desk, community: Community, at: datetime) -> None:
        self.desk = desk
        self.community = community
        self.at = at
        self.rulebook = rulebook_of(community)

    def differences(self, recorded: Sequence[Recorded]) -> Iterator[Difference]:
        ladders = {ladder.name: ladder for ladder in self.rulebook.ladders}
        order = [LIFECYCLE, *ladders]
        by_rule: dict[str, list[Recorded]] = {}
        for one in recorded:
            by_rule.setdefault(one.decision.rule, []).append(one)
        rules = {rule.name: rule for rule in self.rulebook.rules}
        fired: dict[str, list[Recorded]] = {}
        for name, found in by_rule.items():
            if name in ladders:
                without = order[order.index(name) :]
                yield from self._on_ladder(ladders[name], found, without)
            elif name == LIFECYCLE and self.rulebook.transitions:
                yield from self._on_stages(found, order)
            elif name in rules:
                fired.setdefault(rules[name].of, []).extend(found)
            else:
                said = f"the spec {self.community.digest[:19]} has no ladder or rule {name}"
                yield from (Difference(one, None, said) for one in found)
        for of, found in fired.items():
            yield from self._fired(of, rules, found)

    # ----------------------------------------------------------------------------------------------- of each kind
    def _on_ladder(self, ladder: Ladder, found: Sequence[Recorded], without: Sequence[str]) -> Iterator[Difference]:
        frame = self._members(found, ladder.conditions(), ladder.id, ladder.value or "", without)
        for one, evidence in self._evidence(frame, found, ladder.conditions()):
            if evidence is None:
                yield self._stranger(one)
                continue
            known = _as_recorded(one.decision, evidence, {"pinned": False})
            here = {ladder.standing.names[0]: one.decision.from_} if one.decision.from_ is not None else {}
            stood = next((v for n in ladder.standing.names if (v := known.attributes.get(n)) is not None), None)
            taken = next_step(ladder, one.decision.member, _with(known, here), self.at)
            difference = _difference(one, taken)
            if difference is None and stood != one.decision.from_:
                said = f"{one.decision.member} stood in {stood or 'no tier'} then, not in {one.decision.from_}"
                difference = Difference(one, taken, said)
            if difference is not None:
                yield difference

    def _on_stages(self, found: Sequence[Recorded], without: Sequence[str]) -> Iterator[Difference]:
        conditions = [way.when for way in self.rulebook.transitions]
        frame = self._members(found, conditions, LIFECYCLE, "", without)
        for one, evidence in self._evidence(frame, found, conditions):
            if evidence is None:
                yield self._stranger(one)
                continue
            more: dict[str, Any] = {"stage": one.decision.from_}
            met = _state(one.decision).get("met_for")
            if met is not None:
                more[f"met_for@{one.decision.because}"] = met
            taken = next_stage(self.rulebook.transitions, one.decision.member, _with(evidence, more), self.at)
            if difference := _difference(one, taken):
                yield difference

    def _fired(self, of: str, rules: Mapping[str, Rule], found: Sequence[Recorded]) -> Iterator[Difference]:
        asked = {one.decision.rule for one in found}
        conditions = [rules[name].when for name in asked]
        if of == "member":
            known = self._evidence(self._members(found, conditions, None, "", ()), found, conditions)
        else:
            known = self._known(self._things(of, found), found, self.rulebook.readings(of))
        for one, evidence in known:
            if evidence is None:
                yield self._stranger(one)
                continue
            taken = firing((rules[one.decision.rule],), one.decision.member, evidence, self.at)
            if difference := _difference(one, taken[0] if taken else None):
                yield difference

    # ------------------------------------------------------------------------------------------------- what was known
    def _members(
        self,
        found: Sequence[Recorded],
        conditions: Any,
        ladder: str | None,
        value: str,
        without: Sequence[str],
    ) -> pl.DataFrame:
        import polars as pl

        subjects = sorted({one.decision.member for one in found})
        members = self.desk.members(self.community).frame(self.at, subjects=subjects)
        standings = self.desk.standings.frame(
            self.community, self.at, ladder=ladder, value=value, subjects=subjects, then=True, without=without
        )
        twice = [name for name in members.columns if name in standings.columns and name != "subject"]
        frame = members.drop(twice).join(standings, on="subject", how="left", maintain_order="left")
        readings = _readings(conditions)
        if readings:
            tier = ladder if ladder not in (None, LIFECYCLE) else main_ladder(self.community)
            entered = {"in_stage": frame.select("subject", pl.col("entered_stage").alias("entered"))}
            if tier is not None and f"entered_{tier}" in frame.columns:
                entered["in_tier"] = frame.select("subject", pl.col(f"entered_{tier}").alias("entered"))
            measured = self.desk.measures(self.community).frame(
                "member",
                readings,
                at=self.at,
                zone=self.community.zone,
                subjects=frame["subject"].to_list(),
                entered=entered,
                known_by=self.at,
                strictly=bool(without),
            )
            frame = frame.join(measured, on="subject", how="left", maintain_order="left")
        frame = with_foremost(self.desk, self.community, self.at, frame)
        return frame.drop([name for name in frame.columns if name.startswith("entered_")])

    def _things(self, of: str, found: Sequence[Recorded]) -> pl.DataFrame:
        """What was known of the things of another kind than members that decisions are about."""
        return things_frame(
            self.desk,
            self.community,
            of,
            self.at,
            readings=self.rulebook.readings(of),
            names=list(self.rulebook.attributes(of)),
            ids={one.decision.member for one in found},
            then=True,
        )

    def _evidence(
        self, frame: pl.DataFrame, found: Sequence[Recorded], conditions: Any
    ) -> Iterator[tuple[Recorded, Evidence | None]]:
        yield from self._known(frame, found, _readings(conditions))

    def _known(
        self, frame: pl.DataFrame, found: Sequence[Recorded], asked: Collection[Reading]
    ) -> Iterator[tuple[Recorded, Evidence | None]]:
        readings = {reading.key: reading for reading in asked}
        known: dict[str, Evidence] = {}
        for row in frame.iter_rows(named=True):
            known[row["subject"]] = evidence_of(row, readings)
        for one in found:
            yield one, known.get(one.decision.member)

    def _stranger(self, one: Recorded) -> Difference:
        return Difference(one, None, f"{one.decision.member} is not known at that time")


def _readings(conditions: Any) -> frozenset[Reading]:
    listed: list[Condition] = list(conditions)
    found = frozenset[Reading]().union(*(base_readings(condition) for condition in listed))
    return frozenset(reading for reading in found if reading.scope in ("subject", "community"))


def _state(decision: Decision) -> dict[str, int]:
    """How long something had lasted, as the decision says."""
    return {r.metric: r.value for r in decision.reasons if r.metric in _STATE and isinstance(r.value, int)}


def _as_recorded(decision: Decision, evidence: Evidence, more: Mapping[str, Any]) -> Evidence:
    return _with(evidence, {**_state(decision), **more})


def _with(evidence: Evidence, more: Mapping[str, Any]) -> Evidence:
    return Evidence({**evidence.attributes, **more}, evidence.readings)


def _difference(recorded: Recorded, taken: Decision | None) -> Difference | None:
    was = recorded.decision
    if taken is None:
        return Difference(recorded, None, f"{was.rule}: nothing is decided now, it was {_outcome(was)}")
    if (was.outcome, was.to, was.because) != (taken.outcome, taken.to, taken.because):
        return Difference(recorded, taken, f"{was.rule}: {_outcome(taken)} now, it was {_outcome(was)}")
    if was.reasons == taken.reasons:
        return None
    changed = [
        f"{_named(now)} is {_said(now)}, it was {_said(old)}"
        for old, now in zip(was.reasons, taken.reasons, strict=False)
        if _plain(old) != _plain(now)
    ]
    if changed or len(was.reasons) != len(taken.reasons):
        said = "; ".join(changed) or "other comparisons were made"
        return Difference(recorded, taken, f"{was.rule}: {_outcome(was)} for other reasons: {said}")
    return None


def _plain(reason: Reason) -> Reason:
    def listed(value: Any) -> Any:
        return list(value) if isinstance(value, tuple | list) else value

    return replace(reason, value=listed(reason.value), threshold=listed(reason.threshold))


def _said(reason: Reason) -> str:
    return f"{'unknown' if reason.value is None else reason.value} {reason.comparison} {reason.threshold}"


def _named(reason: Reason) -> str:
    return reason.metric if reason.over == "all" else f"{reason.metric} over {reason.over}"


def _outcome(decision: Decision) -> str:
    to = f" to {decision.to}" if decision.to else ""
    return f"{decision.outcome}{to}{f' ({decision.because})' if decision.because else ''}"
