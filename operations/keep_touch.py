"""Keep touch: cohorts brought up to date, every one with its host, and each tier's way of looking after its members.

Called when people may stand elsewhere than before: after a review, an import, a move. What is started is started once:
a run for each cohort (grouped), for each member who entered (dedicated), one for all (networked). What is over is
over at once: who left a cohort is not asked for anything there any more, and who stands below the tier that gave them
a contact has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from operations.cohorts import name_of, traits
from operations.desk import Desk
from operations.effects import EffectContext, deeds_of
from operations.handover import reassign
from operations.ports.effects import Deed
from operations.ports.inbox import Item
from operations.ports.touch import Opened
from operations.prizes import deadline_in
from operations.staffing import chain
from operations.touching import entered, start_deed
from operations.who import DecisionResolver
from rules.cohorts import Group, regroup
from rules.spec.effects import Assign
from rules.spec.people import refs

if TYPE_CHECKING:
    from rules.spec import Community
    from rules.spec.documents.community import Cohorts
    from rules.spec.documents.lifecycle import Stage
    from rules.spec.documents.tiers import Tier
    from rules.spec.documents.tiers import Touch as TierTouch


@dataclass(slots=True)
class Kept:
    """What was done: cohorts opened and closed, members who joined and left one, deeds asked for.

    `wake` are runs that have to look whether they may go on.
    """

    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    joined: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    hosted: int = 0
    without_host: list[str] = field(default_factory=list)
    started: int = 0
    released: int = 0
    wake: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """In numbers, those that are not zero."""
        numbers = {
            "opened": len(self.opened),
            "closed": len(self.closed),
            "joined": len(self.joined),
            "left": len(self.left),
            "hosted": self.hosted,
            "without_host": len(self.without_host),
            "started": self.started,
            "released": self.released,
        }
        return {name: number for name, number in numbers.items() if number}


def keep_touch(
    desk: Desk,
    community: Community,
    *,
    at: datetime,
    scale: str | None = None,
    seed: str | None = None,
    start: bool = True,
) -> Kept:
    """Bring everything up to date, in one transaction. Once more changes nothing.

    Args:
        scale: the clock of runs that are started; `seed`: they are rehearsed.
        start: whether what accompanies tiers is started.
    """
    kept = Kept()
    with desk.together():
        for load in desk.touch.loads(community.id):
            if not load.still_here and load.role in community.roles:
                reassign(desk.touch, desk.inbox, community, load.role, load.person, at=at)
        for partition in community.cohorts.values():
            _regroup(desk, community, partition, at, kept)
            _host(desk, community, partition, at, kept)
        _release(desk, community, at, kept)
        deeds = list(_Starting(desk, community, at, scale, seed).deeds())
        asked = [deed for deed in deeds if deed.kind == "start"]
        desk.effects.do(community.id, [deed for deed in deeds if deed.kind != "start"])
        kept.started = desk.effects.do(community.id, asked).new if start else 0
        kept.wake = list(desk.touch.runs_about(community.id, kept.closed)) if kept.closed else []
    kept.wake += _councils(desk, community, at)
    return kept


def moved_on(desk: Desk, community: Community, member: str, *, at: datetime) -> Kept:
    """One member stands elsewhere: out of the cohorts that are not theirs any more, at once.

    New cohorts they belong to they come into with all others, after the next review.
    """
    kept = Kept()
    with desk.together():
        for partition, cohort in desk.touch.cohorts_of(community.id, member).items():
            declared = community.cohorts.get(partition)
            resolver = DecisionResolver(desk, community, subject=member, at=at)
            if declared is None or member not in resolver.people(declared.of):
                kept.left[member] = cohort
                kept.closed += desk.touch.regroup(community.id, (), {}, {member: cohort}, at=at)
        for cohort in kept.closed:
            desk.touch.end(community.id, cohort, ["host"], at=at)
        _release(desk, community, at, kept, [member])
        kept.wake = list(desk.touch.runs_about(community.id, kept.closed)) if kept.closed else []
    kept.wake += _councils(desk, community, at, member)
    return kept


def _councils(desk: Desk, community: Community, at: datetime, member: str | None = None) -> list[str]:
    """Runs for all of a tier into which somebody has come now, or one member: a part that is free may be theirs."""
    found: list[str] = []
    for ladder in community.ladders.values():
        tasks = {
            tier.id: str(tier.touch.task) for tier in ladder.tiers if tier.touch and tier.touch.kind == "networked"
        }
        if ladder.per is not None or not tasks or desk.runs is None:
            continue
        frame = desk.standings.frame(community, at, subjects=None if member is None else [member])
        for tier, task in tasks.items():
            if any(member is not None or since == at for _, since in _standing_in(frame, ladder.id, tier)):
                found += [run.id for run in desk.runs.runs(community.id, task=task, status="running")]
    return found


# -------------------------------------------------------------------------------------------------------------- cohorts
def _regroup(desk: Desk, community: Community, partition: Cohorts, at: datetime, kept: Kept) -> None:
    number = desk.touch.hold(community.id, partition.id)
    present = desk.touch.cohorts(community.id, partition.id)
    members = desk.touch.members_of(community.id, [one.id for one in present])
    groups = [Group(one.number, one.key, frozenset(members[one.id])) for one in present]
    change = regroup(groups, traits(desk, community, partition, at), partition.size, next_number=number)
    if not change:
        return
    opened = [Opened(partition=partition.id, number=n, key=key) for n, key in change.opened.items()]
    joined = {member: f"{partition.id}/{n}" for member, n in change.joined.items()}
    left = {member: f"{partition.id}/{n}" for member, n in change.left.items()}
    closed = desk.touch.regroup(community.id, opened, joined, left, at=at)
    for cohort in closed:
        desk.touch.end(community.id, cohort, ["host"], at=at)
    kept.opened += [one.id for one in opened]
    kept.closed += closed
    kept.joined |= joined
    kept.left |= left


# ---------------------------------------------------------------------------------------------------------------- hosts
def _host(desk: Desk, community: Community, partition: Cohorts, at: datetime, kept: Kept) -> None:
    """Everyone without a host gets one; where nobody has room, somebody is asked to find one."""
    cohorts = desk.touch.cohorts(community.id, partition.id)
    lacking = [one for one in cohorts if one.host is None]
    if not lacking:
        return
    role = str(partition.host).removeprefix("role:")
    deeds = [
        Deed(
            key=f"{community.id}/touch/{one.id}/host/{at.astimezone(UTC).isoformat()}",
            kind="assign",
            at=at,
            source=f"{community.id}/touch/{one.id}",
            member=one.id,
            details={"relation": "host", "roles": chain_of(community, role)},
        )
        for one in sorted(lacking, key=lambda one: (-one.size, one.number))
    ]
    done = desk.effects.do(community.id, deeds)
    refused = {key for key, _ in done.refused}
    without = [deed.member or "" for deed in deeds if deed.key in refused]
    kept.hosted += len(deeds) - len(without)
    kept.without_host += without
    sought = {one.id: f"{community.id}/touch/{one.id}/no-host" for one in lacking}
    declared = community.roles.get(role)
    within = declared.handover if declared is not None and declared.handover else "1d"
    names = {one.id: name_of(community, one) for one in lacking}
    desk.inbox.open(
        [
            Item(
                community=community.id,
                id=sought[id_],
                asked=tuple(f"role:{one['role']}" for one in chain_of(community, role)),
                title={
                    "en": f"Find somebody for {names[id_]['en']}: nobody in the role has room",
                    "zh": f"为「{names[id_]['zh']}」安排负责人：该职能已无余力",
                },
                opened_at=at,
                due=deadline_in(community, within, at),
                about=id_,
            )
            for id_ in without
        ]
    )
    desk.inbox.close(community.id, [sought[one.id] for one in lacking if one.id not in without])


def chain_of(community: Community, role: str) -> list[dict[str, Any]]:
    """A role with its capacity, and those that step in when nobody in it has room."""
    chain: list[dict[str, Any]] = []
    while role in community.roles and all(one["role"] != role for one in chain):
        declared = community.roles[role]
        chain.append({"role": role, "capacity": declared.capacity})
        role = declared.backup or ""
    return chain


def _release(desk: Desk, community: Community, at: datetime, kept: Kept, members: Sequence[str] | None = None) -> None:
    """Who stands below every tier that gives such a person has none any more, if it was a tier that gave them."""
    for ladder in community.ladders.values():
        gives = [(place, relation) for place, tier in enumerate(ladder.tiers) for relation in _assigned_by(tier)]
        if not gives or ladder.per is not None:
            continue
        given = desk.touch.given_by_tiers(community.id, ladder.id, {relation for _, relation in gives})
        mine = [(member, relation) for member, relation in given if members is None or member in members]
        if not mine:
            continue
        frame = desk.standings.frame(community, at, subjects=sorted({member for member, _ in mine}))
        stands = dict(zip(frame["subject"].to_list(), frame[ladder.id].to_list(), strict=True))
        places = {tier.id: place for place, tier in enumerate(ladder.tiers)}
        for member, relation in mine:
            lowest = min(place for place, one in gives if one == relation)
            if places.get(stands.get(member) or "", 0) < lowest:
                kept.released += desk.touch.end(community.id, member, [relation], at=at)


def _assigned_by(tier: Tier) -> Iterator[str]:
    for effect in tier.then or ():
        if isinstance(effect, Assign):
            yield str(effect.assign.as_)


# --------------------------------------------------------------------------------------------------------------- starts
@dataclass(frozen=True, slots=True)
class _Starting:
    """How runs are started here: under which spec, at what time, on which clock."""

    desk: Desk
    community: Community
    at: datetime
    scale: str | None
    seed: str | None

    def deeds(self) -> Iterator[Deed]:
        """What accompanies each tier, for whatever it is for; the same key every time, so that it is started once."""
        stages = self.community.lifecycle.stages if self.community.lifecycle is not None else ()
        looked_after = [(stage, effects) for stage in stages if (effects := _assigning(stage))]
        if looked_after:
            frame = self.desk.standings.frame(self.community, self.at)
            for stage, effects in looked_after:
                here = frame.filter(pl.col("stage") == stage.id)["subject"].sort().to_list()
                yield from self._people_for(f"then:{stage.id}", effects, here)
        for ladder in self.community.ladders.values():
            touched = [tier for tier in ladder.tiers if tier.touch is not None or _assigning(tier)]
            if ladder.per is not None or not touched:
                continue
            frame = self.desk.standings.frame(self.community, self.at)
            for tier in touched:
                here = _standing_in(frame, ladder.id, tier.id)
                if effects := _assigning(tier):
                    yield from self._people_for(f"{ladder.id}:then:{tier.id}", effects, [member for member, _ in here])
                if tier.touch is not None and tier.touch.task is not None:
                    yield from self._accompany(tier.touch, here)

    def _accompany(self, touch: TierTouch, here: Sequence[tuple[str, datetime | None]]) -> Iterator[Deed]:
        """The runs that accompany those who stand in a tier."""
        task = str(touch.task)
        if touch.kind == "grouped":
            for cohort in self.desk.touch.cohorts(self.community.id, str(touch.cohorts)):
                yield self._start(task, cohort.id, cohort.id)
        elif touch.kind == "dedicated":
            for member, since in here:
                yield self._start(task, member, entered(member, since))
        elif touch.kind == "networked":
            yield from self._networked(task, here)

    def _people_for(self, label: str, effects: Sequence[Assign], members: Sequence[str]) -> Iterator[Deed]:
        """Somebody for those who stand where they have one and have none: they came with their standing, without a
        move, or nobody had room when they moved."""
        roles = {role for effect in effects for ref in refs(effect.assign.from_) for role in chain(self.community, ref)}
        if not any(self.desk.effects.people(self.community.id, role) for role in roles):
            return  # they wait until somebody is appointed
        there = {(one.member, one.relation) for one in self.desk.touch.assignments(self.community.id)}
        relations = {str(effect.assign.as_) for effect in effects}
        for member in members:
            if any((member, relation) not in there for relation in relations):
                context = EffectContext(
                    community=self.community,
                    source=f"{self.community.id}/touch/{member}@{self.at.isoformat()}/{label}",
                    at=self.at,
                    resolver=DecisionResolver(self.desk, self.community, subject=member, at=self.at),
                    into=self.desk.effects,
                    subject=member,
                )
                yield from deeds_of(effects, context)

    def _networked(self, task: str, here: Sequence[tuple[str, datetime | None]]) -> Iterator[Deed]:
        """One run for all of a tier; another one when that is over and somebody has come in since."""
        ended, running = self.desk.touch.runs_of(self.community.id, task)
        last = max(ended, default=None)
        if here and not running and (last is None or any(since is not None and since > last for _, since in here)):
            yield self._start(task, None, str(len(ended) + 1))

    def _start(self, task: str, subject: str | None, for_: str) -> Deed:
        return start_deed(self.community, task, subject, for_, at=self.at, scale=self.scale, seed=self.seed)


def _assigning(place: Tier | Stage) -> list[Assign]:
    """The effects on entering a tier or a stage that give somebody: to whoever has come there."""
    return [effect for effect in place.then or () if isinstance(effect, Assign) and effect.assign.to == "subject"]


def _standing_in(frame: pl.DataFrame, ladder: str, tier: str) -> list[tuple[str, datetime | None]]:
    """Who stands in a tier, and since when."""
    here = frame.filter(pl.col(ladder) == tier).select("subject", f"entered_{ladder}").sort("subject")
    return [(str(member), since) for member, since in here.iter_rows()]
