"""Review: look at the whole community, decide who moves, and carry out what needs nobody's word.

A review has parts, in the order of a day: the lifecycle, each ladder, the rules. Of each part everybody is read
first, shard by shard; then seats are given in order; then the changes are made in batches, each in one transaction
with its decisions, facts and effects. Every step may be repeated: what was done is not done again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.desk import Desk, rulebook_of
from operations.looking import LOOKED_AT, has_part, is_rules, look, looks_at_members, parts_of
from operations.move import Step, deeds_of_move, deeds_of_rule, fact_of, grace_notice
from operations.ports.reviews import JUDGED, Membership, Plan, Verdict
from operations.ports.standings import LIFECYCLE, Change, Place
from operations.ports.trials import SHADOW, Difference
from operations.seats import without_seat
from operations.shadow import compare
from operations.terms import TITLES, carry_out_terms
from operations.trial import account, in_share, on_trial, step_at, watch
from rules.decision import Decision, Reason

if TYPE_CHECKING:
    from rules.spec import Community

SHARD = 50_000
"""Members read at once."""
BATCH = 2_000
"""Changes carried out in one transaction."""
HALTED = "trial_halted"
"""The count that says that a version on trial was stopped."""


def begin(
    desk: Desk,
    community: str,
    *,
    run: str,
    at: datetime,
    parts: Sequence[str] | None = None,
    shard_size: int = SHARD,
) -> Plan:
    """Begin a review, under the current spec; `run` names whoever carries it out, so that it is begun once."""
    with desk.together():
        trial = step_at(desk, community, at)
        spec = desk.specs.current(community)
        tried = [] if trial is None else [desk.specs.at(trial.digest, community)]
        chosen = list(dict.fromkeys(part for one in (spec, *tried) for part in _chosen(one, parts)))
        return desk.reviews.begin(
            community,
            run=run,
            at=at,
            digest=spec.digest,
            parts=chosen,
            shard_size=shard_size,
            trial=None if trial is None else trial.digest,
            share=0 if trial is None else trial.share,
        )


def _chosen(spec: Community, parts: Sequence[str] | None) -> list[str]:
    known = parts_of(spec)
    if parts is None:
        return known
    alone = [f"rule:{rule.id}" for rule in spec.rules.values() if rule.of in LOOKED_AT]
    return [part for part in (*known, *alone) if _wanted(part, parts)]


def _wanted(part: str, parts: Sequence[str]) -> bool:
    """`tier` also means `tier@value` of every value, `rules` all rules."""
    if part in parts or part.partition("@")[0] in parts:
        return True
    return part.startswith("rules:") and "rules" in parts


def shards_of(desk: Desk, plan: Plan, part: str) -> int:
    """Into how many shards a part is cut: only what looks at members is."""
    return plan.shards if looks_at_members(_spec_with(desk, plan, part), part) else 1


def _spec_with(desk: Desk, plan: Plan, part: str) -> Community:
    """The spec that has a part: the current one, or the one on trial."""
    spec = desk.specs.at(plan.digest, plan.community)
    if plan.trial is not None and not has_part(spec, part):
        return desk.specs.at(plan.trial, plan.community)
    return spec


def look_at(desk: Desk, community: str, review: str, part: str, shard: int) -> Mapping[str, int]:
    """Read one shard for one part, and keep what must change.

    Whoever is in the share of a version on trial is judged under that, everybody else under the current one; what a
    shadow would say of them all is kept beside.
    """
    plan = desk.reviews.plan(community, review)
    if desk.reviews.has_looked(plan, part, shard):
        return {}
    counts: dict[str, int] = {}
    verdicts: list[Verdict] = []
    beside: list[_Beside] = []
    shadow = desk.trials.running(community, SHADOW)
    for spec, subjects in _circles(desk, plan, part, shard):
        found = look(desk, plan, spec, part, subjects)
        own = None if spec.digest == plan.digest else spec.digest
        verdicts.extend(found.verdicts if own is None else (replace(one, digest=own) for one in found.verdicts))
        for name, number in found.counts.items():
            counts[name] = counts.get(name, 0) + number
        if own is not None:
            counts[JUDGED] = len(subjects or ())
        if shadow is not None and found.found is not None:
            tried = desk.specs.at(shadow.digest, community)
            beside.append((spec.digest, *compare(desk, plan, tried, part, subjects, found.found)))
    with desk.together():
        desk.reviews.looked(plan, part, shard, counts, verdicts)
        for digest, members, differences, problem in beside:
            assert shadow is not None
            desk.trials.compared(
                shadow,
                review=plan.id,
                at=plan.at,
                digest=digest,
                part=part,
                shard=shard,
                members=members,
                differences=differences,
                problem=problem,
            )
    return counts


_Beside = tuple[str, int, list[Difference], str]


def _circles(desk: Desk, plan: Plan, part: str, shard: int) -> Iterator[tuple[Community, Sequence[str] | None]]:
    """Whom to judge under which spec: everybody of the shard (None: of all) under the current one, without a trial."""
    current = desk.specs.at(plan.digest, plan.community)
    cut = shards_of(desk, plan, part) > 1
    subjects = desk.reviews.members(plan.community, plan.bounds(shard)) if cut else None
    trial = on_trial(desk, plan)
    if trial is None or not looks_at_members(_spec_with(desk, plan, part), part):
        if has_part(current, part):
            yield current, subjects
        return
    everybody = desk.reviews.members(plan.community, plan.bounds(shard)) if subjects is None else subjects
    inside = {member for member in everybody if in_share(member, trial.digest, plan.share)}
    tried = desk.specs.at(trial.digest, plan.community)
    for spec, some in (
        (current, [member for member in everybody if member not in inside]),
        (tried, [member for member in everybody if member in inside]),
    ):
        if some and has_part(spec, part):
            yield spec, some


def settle(desk: Desk, community: str, review: str, part: str, *, size: int = BATCH) -> int:
    """Give the free seats to those who come first, and put all changes into batches; returns how many.

    Before that a version on trial is stopped if a bound is passed, and what was found under it is forgotten. While a
    version is on trial the seats are those of the current one.
    """
    plan = desk.reviews.plan(community, review)
    stopped = {HALTED: 1} if watch(desk, plan, part, plan.at) else {}
    if is_rules(part) or part in (LIFECYCLE, TITLES):
        desk.reviews.count(plan, part, stopped)
        return desk.reviews.sort(plan, part, without=(), size=size)
    spec = _spec_with(desk, plan, part)
    ladder, _, value = part.partition("@")
    seats = {tier.id: tier.seats for tier in spec.ladders[ladder].tiers if tier.seats is not None}
    left_out: list[tuple[int, int]] = []
    if seats:
        contenders = desk.reviews.contenders(plan, part)
        taken = desk.standings.counts(community, ladder, value)
        left_out = [(one.shard, one.place) for one in without_seat(seats, contenders, taken)]
    desk.reviews.count(plan, part, {**stopped, **({"no_seat": len(left_out)} if left_out else {})})
    return desk.reviews.sort(plan, part, without=left_out, size=size)


def carry_out_batch(
    desk: Desk,
    community: str,
    review: str,
    part: str,
    batch: int,
    *,
    scale: str | None = None,
    seed: str | None = None,
) -> Mapping[str, int]:
    """Make one batch of changes, with decisions, facts and effects, in one transaction; once."""
    plan = desk.reviews.plan(community, review)
    with desk.together():
        verdicts = desk.reviews.batch(plan, part, batch)
        counts: dict[str, int] = {}
        for digest in dict.fromkeys(verdict.digest for verdict in verdicts):
            spec = desk.specs.at(digest or plan.digest, community)
            mine = [verdict for verdict in verdicts if verdict.digest == digest]
            hand = _Hand(desk, plan, spec, scale, seed)
            if part == TITLES:
                done = carry_out_terms(desk, plan, spec, mine)
            else:
                done = hand.rules(mine) if is_rules(part) else hand.moves(part, mine)
            for name, number in done.items():
                counts[name] = counts.get(name, 0) + number
        if not desk.reviews.done(plan, part, batch, counts):
            raise AlreadyDone
    return counts


class AlreadyDone(Exception):
    """Another attempt has carried this batch out; everything of this one is undone."""


def finish(desk: Desk, community: str, review: str) -> Mapping[str, Any]:
    """Sum up: for each part the counts of what was found and what was done.

    A version on trial for everybody becomes the current one with that.
    """
    plan = desk.reviews.plan(community, review)
    with desk.together():
        account(desk, plan, plan.at, standings=any(not is_rules(part) and part != TITLES for part in plan.parts))
        return desk.reviews.finish(plan)


class _Hand:
    """Carries out one batch."""

    def __init__(self, desk: Desk, plan: Plan, community: Community, scale: str | None, seed: str | None) -> None:
        self.desk = desk
        self.plan = plan
        self.community = community
        self.scale = scale
        self.seed = seed

    def _step(self, verdict: Verdict) -> Step:
        return Step(
            source=f"{self.community.id}/{self.plan.id}/{verdict.rule}/{verdict.subject}",
            subject=verdict.subject,
            rule=verdict.rule,
            from_=verdict.leaves,
            to=verdict.to,
            at=self.plan.at,
            transition=verdict.body.get("because") if verdict.rule == LIFECYCLE else None,
            author=verdict.body.get("author"),
            scale=self.scale,
            seed=self.seed,
        )

    # --------------------------------------------------------------------------------------- tiers and stages
    def moves(self, part: str, verdicts: Sequence[Verdict]) -> dict[str, int]:
        ladder, _, value = part.partition("@")
        by_change = {}
        for verdict in verdicts:
            change = Change(
                kind="wait" if verdict.ask else verdict.kind,
                place=Place(member=verdict.subject, ladder=ladder, value=value),
                at=self.plan.at,
                to=verdict.to,
                from_=verdict.leaves,
                until=_moment(verdict.body.get("until")),
                digest=self.community.digest,
            )
            by_change[change] = verdict
        done = [
            (change, by_change[change]) for change in self.desk.standings.change(self.community.id, list(by_change))
        ]
        moved = [verdict for change, verdict in done if change.kind == "move"]
        asked = [verdict for change, verdict in done if change.kind == "wait"]
        below = [verdict for change, verdict in done if change.kind == "below"]
        self.desk.decisions.append(
            self.community.id, self.plan.id, [_decision(v.body) for v in (*moved, *asked, *below)]
        )
        steps = [self._step(verdict) for verdict in moved]
        deeds = [deed for step in steps for deed in deeds_of_move(self.desk, self.community, step)]
        if steps:
            self.desk.facts(self.community).record([fact_of(step) for step in steps])
        done_deeds = self.desk.effects.do(self.community.id, deeds)
        self.desk.outbox.put(
            self.community.id,
            [grace_notice(self.community, self._step(v), v.body["reasons"], v.body.get("until")) for v in below],
        )
        self.desk.memberships.ask([self._membership(ladder, value, verdict) for verdict in asked])
        counts = {"asked": len(asked), "effects": done_deeds.new, "effects_refused": len(done_deeds.refused)}
        for verdict in moved:
            name = f"moved:{verdict.leaves or 'none'}>{verdict.to}"
            counts[name] = counts.get(name, 0) + 1
        return {name: number for name, number in counts.items() if number}

    def _membership(self, ladder: str, value: str, verdict: Verdict) -> Membership:
        assert verdict.to is not None
        return Membership(
            community=self.community.id,
            id=f"{self.plan.id}/{verdict.rule}/{verdict.subject}",
            member=verdict.subject,
            ladder=ladder,
            value=value,
            from_=verdict.leaves,
            to=verdict.to,
            transition=verdict.body.get("because") if ladder == LIFECYCLE else None,
            digest=self.community.digest,
            review=self.plan.id,
            opened_at=self.plan.at,
            scale=self.scale,
            seed=self.seed,
        )

    # ------------------------------------------------------------------------------------------------- rules
    def rules(self, verdicts: Sequence[Verdict]) -> dict[str, int]:
        fired = [verdict for verdict in verdicts if verdict.kind == "fire"]
        ended = [(verdict.rule, verdict.subject) for verdict in verdicts if verdict.kind == "untrue"]
        self.desk.firings.untrue(self.community.id, ended)
        self.desk.firings.fire(self.community.id, [(v.rule, v.subject) for v in fired], at=self.plan.at)
        self.desk.decisions.append(self.community.id, self.plan.id, [_decision(v.body) for v in fired])
        priority = {rule.name: rule.priority for rule in rulebook_of(self.community).rules}
        fired.sort(key=lambda verdict: (-priority[verdict.rule], verdict.rule, verdict.subject))
        deeds = [deed for verdict in fired for deed in deeds_of_rule(self.desk, self.community, self._step(verdict))]
        done = self.desk.effects.do(self.community.id, deeds)
        counts = {"effects": done.new, "effects_refused": len(done.refused)}
        return {name: number for name, number in counts.items() if number}


def _decision(body: Mapping[str, Any]) -> Decision:
    """A decision back from its data."""
    truths = {"true": True, "false": False, "unknown": None}
    return Decision(
        member=body["member"],
        rule=body["rule"],
        outcome=body["outcome"],
        from_=body["from"],
        to=body["to"],
        reasons=tuple(
            Reason(r["metric"], r["over"], r["value"], r["comparison"], r["threshold"], truths[r["truth"]])
            for r in body["reasons"]
        ),
        digest=body["digest"],
        at=datetime.fromisoformat(body["at"]),
        because=body["because"],
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
