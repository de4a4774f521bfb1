"""Explain: where a member stands and how it came about, what keeps them there, and what the next tier or stage takes.

For each condition that matters the smallest changes that would flip it are named, and for the days to come when each
comparison runs out and the tier would be lost or gained if nothing happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from operations.desk import Desk, member_frame, rulebook_of
from operations.errors import Refusal
from operations.explained import Asked, Explanation, Stage, Standing, Step, Way
from operations.outlook import changes_of, due_days, outlook
from operations.ports.decisions import Wanted
from operations.ports.standings import LIFECYCLE, Place
from operations.ports.standings import Standing as Remembered
from rules.ahead import Ahead
from rules.columns import evidence_of
from rules.condition import Condition, base_readings
from rules.evaluate import Trace, evaluate
from rules.ladder import Ladder, known, next_step
from rules.lifecycle import NOWHERE, Transition, next_stage
from rules.reading import Reading
from rules.smallest import Lever, levers_of
from rules.spec.documents.metrics import Counted
from rules.values import Evidence, ValueType, legible

if TYPE_CHECKING:
    from rules.decision import Decision
    from rules.spec import Community

CLOCKS = ("below_for", "met_for")
"""How the readings begin that say how long something has held; they are no lack of the member's."""
MOST_TOLD = 50
"""So many decisions and moves are told of how a standing came about, the latest."""


def explain(
    desk: Desk, community: Community, member: str, at: datetime, *, tier: str | None = None, then: bool = False
) -> Explanation:
    """Explain one member's standings.

    Args:
        desk: the ports.
        community: the spec to explain under.
        member: id.
        at: the moment.
        tier: explain what this tier takes, instead of the next one.
        then: as it was at that moment; see `operations.desk.member_frame`.

    Raises:
        Refusal: the member or the tier is unknown.
    """
    rulebook = rulebook_of(community)
    ladders = [one for one in rulebook.ladders if tier is None or any(rung.id == tier for rung in one.rungs)]
    if tier is not None and not ladders:
        tiers = sorted({rung.id for one in rulebook.ladders for rung in one.rungs})
        raise Refusal(f"there is no tier {tier!r}", f"one of {', '.join(tiers)}" if tiers else "there is no ladder")
    if not desk.members(community).find([member]):
        if not desk.members(community).find(limit=1):
            raise Refusal(
                f"there is no member {member!r}: {community.id} has none yet", "`trellis import members FILE`"
            )
        raise Refusal(f"there is no member {member!r} in {community.id}", "`trellis members` lists them")
    look = _Look(desk, community, member, at, then)
    standings = tuple(look.standing(ladder, tier) for ladder in ladders)
    stage = None if community.lifecycle is None else look.lifecycle(rulebook.transitions)
    return Explanation(member, at, community.digest, stage, standings, private_metrics(community))


class _Look:
    """One member at one moment."""

    def __init__(self, desk: Desk, community: Community, member: str, at: datetime, then: bool) -> None:
        self.desk = desk
        self.community = community
        self.member = member
        self.at = at
        self.then = then
        self.levers: Callable[[Reading | str, ValueType], Lever] = levers_of(community)

    def standing(self, ladder: Ladder, tier: str | None) -> Standing:
        readings = _readings(ladder.conditions())
        evidence, entered = self._evidence(readings, ladder.id, ladder.value or "")
        decision = next_step(ladder, self.member, evidence, self.at)
        rank = None if decision.from_ is None else ladder.type.rank(decision.from_)
        goal = ladder.type.rank(tier) if tier is not None else (0 if rank is None else rank) + 1
        ahead = self._ahead(readings, evidence, entered)
        asked = list(self._asked(ladder, rank, goal, evidence, ahead))
        remembered = self._remembered(ladder)
        until = None if remembered is None or remembered.below_digest in (None, self.community.digest) else (
            remembered.below_until
        )  # fmt: skip
        leaves = [leaf.condition for one in asked for leaf in one.trace.leaves()]
        days = known(evidence, ladder.since.names)
        return Standing(
            ladder=ladder.name,
            tier=decision.from_,
            days=days,
            decision=decision,
            asked=tuple(asked),
            story=tuple(
                self._story(
                    ladder.name, "moved_tier", Place(member=self.member, ladder=ladder.id, value=ladder.value or "")
                )
            ),
            remembered=remembered,
            waits=tuple(self._waits(ladder, goal, evidence)),
            ahead=outlook(ladder, ahead, leaves, self.community.zone, below_until=until),  # type: ignore[arg-type]
        )

    def _asked(self, ladder: Ladder, rank: int | None, goal: int, evidence: Evidence, ahead: Ahead) -> Iterator[Asked]:
        if ladder.exempt is not None:
            exempt = evaluate(ladder.exempt, evidence)
            if exempt.truth is True:
                yield Asked("exempt", None, exempt)
        for floor in ladder.floors:
            held = evaluate(floor.when, evidence)
            if held.truth is True:
                yield Asked("floor", ladder.rungs[floor.rank].id, held)
        if rank is not None and (keep := ladder.rungs[rank].keep) is not None:
            trace = evaluate(keep, evidence)
            if trace.truth is False:
                yield self._flipped("keep", ladder.rungs[rank].id, trace, keep, ahead, surely=False)
            else:
                yield Asked("keep", ladder.rungs[rank].id, trace)
        if goal < len(ladder.rungs) and (earn := ladder.rungs[goal].earn) is not None:
            trace = evaluate(earn, evidence)
            if trace.truth is True:
                yield Asked("earn", ladder.rungs[goal].id, trace)
            else:
                yield self._flipped("earn", ladder.rungs[goal].id, trace, earn, ahead, surely=True)

    def _flipped(
        self, about: str, tier: str, trace: Trace, condition: Condition, ahead: Ahead, *, surely: bool
    ) -> Asked:
        possible, complete = changes_of(condition, ahead, self.levers, self.community.zone, wanted=True, surely=surely)
        return Asked(about, tier, trace, tuple(possible), complete)

    def lifecycle(self, transitions: tuple[Transition, ...]) -> Stage:
        """The stage, and each way on from it."""
        readings = _readings(one.when for one in transitions)
        evidence, entered = self._evidence(readings, LIFECYCLE, "")
        stage = evidence.attributes.get("stage")
        ahead = self._ahead(readings, evidence, entered)
        mine = [one for one in transitions if (NOWHERE if stage is None else str(stage)) in one.from_]
        due = due_days([one.when for one in mine], ahead, self.community.zone)
        return Stage(
            id=None if stage is None else str(stage),
            days=known(evidence, ("days_in_stage",)),
            decision=next_stage(transitions, self.member, evidence, self.at),
            ways=tuple(self._way(one, evidence, ahead, day) for one, day in zip(mine, due, strict=True)),
            story=tuple(self._story(LIFECYCLE, "moved_stage", Place(member=self.member, ladder=LIFECYCLE))),
        )

    def _way(self, way: Transition, evidence: Evidence, ahead: Ahead, due: date | None) -> Way:
        trace = evaluate(way.when, evidence)
        asked = Asked("way", way.to, trace)
        if trace.truth is not True:
            asked = self._flipped("way", way.to, trace, way.when, ahead, surely=True)
        waits: list[dict[str, Any]] = []
        if way.observe is not None:
            met = known(evidence, way.met_for) or 0
            waits.append({"what": "observe", "days": max(0, way.observe.days(self.at) - met)})
        assert self.community.lifecycle is not None
        spec = next(one for one in self.community.lifecycle.transitions if one.id == way.id)
        waits += [{"what": word} for word in ("approval", "invitation") if getattr(spec, word) is not None]
        return Way(way.id, way.to, asked, tuple(waits), due)

    def _evidence(self, readings: frozenset[Reading], ladder: str, value: str) -> tuple[Evidence, dict[str, datetime]]:
        """What is known of the member, with one standing, and when it and the stage were entered."""
        own = frozenset(reading for reading in readings if reading.scope in ("subject", "community"))
        entered: dict[str, datetime] = {}
        frame = member_frame(
            self.desk,
            self.community,
            self.at,
            readings=own,
            ladder=ladder,
            value=value,
            subjects=[self.member],
            then=self.then,
            entered=entered,
        )
        rows = list(frame.iter_rows(named=True))
        if not rows:
            raise Refusal(
                f"{self.member} was no member of {self.community.id} at that time", "give a later time with --at"
            )
        return evidence_of(rows[0], {reading.key: reading for reading in own}), entered

    def _ahead(self, readings: frozenset[Reading], evidence: Evidence, entered: dict[str, datetime]) -> Ahead:
        own = frozenset(reading for reading in readings if reading.scope == "subject")
        measures = self.desk.measures(self.community)
        kept = measures.kept(self.member, own, at=self.at, entered=entered, known_by=self.at if self.then else None)
        return Ahead(evidence, kept, self.at, self.community.zone)

    def _remembered(self, ladder: Ladder) -> Remembered | None:
        place = Place(member=self.member, ladder=ladder.id, value=ladder.value or "")
        return None if self.then else self.desk.standings.one(self.community.id, place)

    def _story(self, rule: str, moves: str, place: Place) -> list[Step]:
        wanted = Wanted(member=self.member, rule=rule, until=self.at)
        story = [
            Step(d.at, d.outcome, d.from_, d.to, d.because or self._lacking(d), d.digest, one.review)
            for one in self.desk.decisions.find(self.community.id, wanted, limit=MOST_TOLD)
            if (d := one.decision).rule == rule
        ]
        for fact in self.desk.facts(self.community).find(member=self.member, kinds=[moves], limit=MOST_TOLD):
            if fact.fields.get("source") == rule and fact.at <= self.at:
                left, entered = (
                    None if (found := fact.fields.get(name)) is None else str(found) for name in ("from", "to")
                )
                story.append(Step(fact.at, "moved", left, entered, "", None, None))
        for act in self.desk.standings.by_hand(self.community.id, self.member):
            if act.place == place and act.at <= self.at:
                what = "move by hand" if act.what == "move" else act.what
                said = f"{act.by}: {act.reason}" if act.reason else act.by
                story.append(Step(act.at, what, act.from_, act.to, said, None, None))
        return sorted(story, key=lambda one: (one.at, one.what == "moved"))[-MOST_TOLD:]

    def _lacking(self, decision: Decision) -> str:
        """What was not met when a standing was put in doubt or lost; what is private only by its name."""
        if decision.outcome not in ("grace", "demote"):
            return ""
        private = private_metrics(self.community)
        return "; ".join(
            one.metric
            if one.metric in private
            else f"{one.metric} {legible(one.value)}, not {one.comparison} {one.threshold}"
            for one in decision.reasons
            if one.truth is False and not one.metric.startswith(CLOCKS)
        )

    def _waits(self, ladder: Ladder, goal: int, evidence: Evidence) -> Iterator[dict[str, Any]]:
        """What the next tier waits for besides its condition."""
        if not 0 < goal < len(ladder.rungs):
            return
        rung = ladder.rungs[goal]
        tier = next(one for one in self.community.ladders[ladder.id].tiers if one.id == rung.id)
        if ladder.cooldown is not None and rung.earn is not None:
            since, needed = known(evidence, ladder.since.names), ladder.cooldown.days(self.at)
            if since is not None and since < needed:
                yield {"what": "cooldown", "days": needed - since}
        if rung.observe is not None:
            met = known(evidence, ladder.names("met_for")) or 0
            yield {"what": "observe", "days": max(0, rung.observe.days(self.at) - met)}
        if tier.approval is not None:
            yield {"what": "approval"}
        if tier.invitation is not None:
            yield {"what": "invitation"}
        if tier.seats is not None:
            taken = self.desk.standings.counts(self.community.id, ladder.id, ladder.value or "").get(rung.id, 0)
            yield {"what": "seat", "seats": tier.seats, "free": max(0, tier.seats - taken)}


def _readings(conditions: Iterable[Condition]) -> frozenset[Reading]:
    """What conditions are decided by."""
    return frozenset[Reading]().union(*(base_readings(condition) for condition in conditions))


def private_metrics(community: Community) -> frozenset[str]:
    """Metrics that read facts which only the contact may see."""
    kinds = {fact.id for fact in community.facts.values() if fact.private}
    return frozenset(
        metric.id for metric in community.metrics.values() if isinstance(metric, Counted) and kinds & set(metric.from_)
    )
