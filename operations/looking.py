"""Looking: reading everybody of a shard, and saying what would change, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from operations.desk import Desk, member_frame, rulebook_of
from operations.ports.reviews import Plan, Verdict
from operations.ports.standings import LIFECYCLE
from operations.prizes import deadline_in
from operations.ranking import Ranking
from operations.terms import TITLES, have_terms, look_at_terms
from rules.columns import evidence_of, judge
from rules.condition import base_readings
from rules.decision import Decision
from rules.evaluate import truth
from rules.firing import Fired, Rule, firing, may_act
from rules.ladder import Ladder, next_step
from rules.lifecycle import next_stage
from rules.reading import Reading
from rules.rulebook import Rulebook
from rules.values import Evidence

if TYPE_CHECKING:
    from rules.spec import Community

RULES, RULE = "rules", "rule"
"""`rules:member` is the part with all rules about members, `rule:ID` one with a rhythm of its own."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at one shard found: how many came out how, and what must change."""

    counts: Mapping[str, int]
    verdicts: Sequence[Verdict]


def parts_of(community: Community) -> list[str]:
    """The parts of a whole review in the order of a day: lifecycle, ladders, titles, rules by what they look at."""
    rulebook = rulebook_of(community)
    parts = [LIFECYCLE] if rulebook.transitions else []
    parts.extend(ladder.name for ladder in rulebook.ladders)
    if have_terms(community):
        parts.append(TITLES)
    parts.extend(f"{RULES}:{of}" for of in dict.fromkeys(rule.of for rule in rulebook.rules) if of in LOOKED_AT)
    return parts


LOOKED_AT = ("member", "community", "space")
"""What rules of a review look at; works, teams, runs and cohorts are looked at where they live."""


def is_rules(part: str) -> bool:
    """Whether a part of a review is one of rules."""
    return part.partition(":")[0] in (RULES, RULE) and ":" in part


def looks_at_members(community: Community, part: str) -> bool:
    """Whether a part looks at members, so that it is cut into shards."""
    if part.startswith(f"{RULE}:"):
        return community.rules[part.partition(":")[2]].of == "member"
    if part == TITLES:
        return False
    return not is_rules(part) or part == f"{RULES}:member"


def look(desk: Desk, plan: Plan, community: Community, part: str, subjects: Sequence[str] | None) -> Look:
    """Read everybody of a shard for one part of a review. Changes nothing."""
    if part == TITLES:
        return Look(*look_at_terms(desk, plan, community))
    rulebook = rulebook_of(community)
    if part == LIFECYCLE:
        return _Lifecycle(desk, plan, community, replace(rulebook, ladders=(), rules=())).look(subjects)
    if is_rules(part):
        rules = tuple(rule for rule in rulebook.rules if part in (f"{RULES}:{rule.of}", f"{RULE}:{rule.id}"))
        of = rules[0].of
        alone = replace(rulebook, ladders=(), transitions=(), rules=rules)
        return _Rules(desk, plan, community, alone).look(of, subjects)
    ladder = next(one for one in rulebook.ladders if one.name == part)
    alone = replace(rulebook, ladders=(ladder,), transitions=(), rules=())
    return _Ladder(desk, plan, community, alone, ladder).look(subjects)


class _Looking:
    def __init__(self, desk: Desk, plan: Plan, community: Community, rulebook: Rulebook) -> None:
        self.desk = desk
        self.plan = plan
        self.community = community
        self.rulebook = rulebook
        self.counts: dict[str, int] = {}
        self.verdicts: list[Verdict] = []
        self.readings: dict[str, Reading] = {}

    def count(self, name: str, number: int = 1) -> None:
        if number:
            self.counts[name] = self.counts.get(name, 0) + number

    def found(self) -> Look:
        return Look(self.counts, self.verdicts)

    def frame(
        self, ladder: str | None, value: str, readings: frozenset[Reading], subjects: Sequence[str] | None
    ) -> pl.DataFrame:
        """Members with their attributes, standings and readings."""
        return member_frame(
            self.desk, self.community, self.plan.at, ladder=ladder, value=value, readings=readings, subjects=subjects
        )

    def known_as(self, readings: frozenset[Reading]) -> None:
        self.readings = {reading.key: reading for reading in readings}

    def evidence(self, row: Mapping[str, Any]) -> Evidence:
        return evidence_of(row, self.readings)


class _Ladder(_Looking):
    """One ladder, for one value where it is kept per value."""

    def __init__(self, desk: Desk, plan: Plan, community: Community, rulebook: Rulebook, ladder: Ladder) -> None:
        super().__init__(desk, plan, community, rulebook)
        self.ladder = ladder
        self.spec = community.ladders[ladder.id]
        self.tiers = {tier.id: tier for tier in self.spec.tiers}

    def look(self, subjects: Sequence[str] | None) -> Look:
        value = self.ladder.value or ""
        orders = {
            tier.id: Ranking(self.community, tier.order or (), value=self.ladder.value, per=self.spec.per)
            for tier in self.spec.tiers
            if tier.seats is not None
        }
        readings = self.rulebook.readings().union(*(order.readings for order in orders.values()))
        self.known_as(readings)
        frame = self.frame(self.ladder.id, value, readings, subjects)
        judged = judge(self.rulebook, frame, self.plan.at).rename(
            {f"{self.ladder.name}:{one}": f"·{one}" for one in ("outcome", "from", "to", "because", "kept", "earned")}
        )
        both = pl.concat([frame, judged.drop("subject")], how="horizontal")
        for outcome, number in judged.group_by("·outcome").len().iter_rows():
            self.count(outcome, number)
        self._observations(both)
        self._exemptions(both)
        self._graces(both)
        resting = self.desk.memberships.resting(self.community.id, self.ladder.id, value, at=self.plan.at)
        moves = both.filter(pl.col("·to").is_not_null())
        for row in moves.iter_rows(named=True):
            self._move(row, orders, resting)
        return self.found()

    def _decided(self, row: Mapping[str, Any]) -> Decision:
        """The decision with its reasons, from the reference reading, which thereby checks the columns."""
        evidence = self.evidence({name: value for name, value in row.items() if not name.startswith("·")})
        decision = next_step(self.ladder, row["subject"], evidence, self.plan.at)
        if (decision.outcome, decision.to) != (row["·outcome"], row["·to"]):
            raise AssertionError(
                f"two readings of {self.ladder.name} disagree about {row['subject']}:"
                f" {decision.outcome} {decision.to} and {row['·outcome']} {row['·to']}"
            )
        return decision

    def _move(self, row: Mapping[str, Any], orders: Mapping[str, Ranking], resting: set[tuple[str, str]]) -> None:
        to = self.tiers[row["·to"]]
        rises = row["·outcome"] == "promote"
        ask = rises and row["·because"] != "floor" and (to.approval is not None or to.invitation is not None)
        if row["waiting_for"] is not None:
            self.count("waiting")
            return
        if ask and (row["subject"], to.id) in resting:
            self.count("resting")
            return
        decision = self._decided(row)
        seats = rises and to.seats is not None and row["·because"] != "floor"
        rank: tuple[int | str, ...] = ()
        if seats:
            rank = orders[to.id].key(row["subject"], self.evidence(row), self.plan.id)
        self.verdicts.append(
            Verdict(
                subject=row["subject"],
                rule=self.ladder.name,
                kind="move",
                body=decision.data(),
                to=to.id,
                leaves=row["·from"],
                seats=seats,
                rank=rank,
                ask=ask,
            )
        )

    def _graces(self, both: pl.DataFrame) -> None:
        graced = pl.col("below_for").is_not_null()
        begins = both.filter((pl.col("·outcome") == "grace") & graced.not_())
        for row in begins.iter_rows(named=True):
            decision = self._decided(row)
            grace = self.tiers[row["·from"]].grace
            until = None if grace is None else deadline_in(self.community, grace, self.plan.at).isoformat()
            body = {**decision.data(), "until": until}
            self.verdicts.append(
                Verdict(subject=row["subject"], rule=self.ladder.name, kind="below", body=body, leaves=row["·from"])
            )
        self.count("grace_begins", begins.height)
        ends = both.filter(graced & pl.col("·to").is_null() & pl.col("·kept").fill_null(value=False))
        promised = both.filter(
            graced & (pl.col("·outcome") == "grace") & (pl.col("below_digest") != self.community.digest)
        )
        over = [*ends["subject"], *self._kept_as_promised(promised)]
        for subject in over:
            self.verdicts.append(Verdict(subject=subject, rule=self.ladder.name, kind="above"))
        self.count("grace_ends", len(over))

    def _kept_as_promised(self, promised: pl.DataFrame) -> Iterator[str]:
        """Those in grace who meet the `keep` under which it began: the promise holds, whatever came since."""
        for (digest,), rows in promised.group_by("below_digest"):
            old = self.desk.specs.at(str(digest), self.community.id)
            ladder = next((one for one in rulebook_of(old).ladders if one.name == self.ladder.name), None)
            keeps = {} if ladder is None else {rung.id: rung.keep for rung in ladder.rungs if rung.keep is not None}
            readings = frozenset[Reading]().union(*(base_readings(keep) for keep in keeps.values()))
            frame = member_frame(
                self.desk,
                old,
                self.plan.at,
                ladder=self.ladder.id,
                value=self.ladder.value or "",
                readings=readings,
                subjects=rows["subject"].to_list(),
            )
            keys = {reading.key: reading for reading in readings}
            here = dict(rows.select("subject", "·from").iter_rows())
            for row in frame.iter_rows(named=True):
                keep = keeps.get(here[row["subject"]])
                if keep is not None and truth(keep, evidence_of(row, keys)) is True:
                    yield row["subject"]

    def _observations(self, both: pl.DataFrame) -> None:
        above = {tier.id: up for tier, up in zip(self.spec.tiers, self.spec.tiers[1:], strict=False)}
        watched = {below: up.id for below, up in above.items() if up.observe is not None}
        if not watched:
            return
        target = pl.col("·from").replace_strict(watched, default=None, return_dtype=pl.String)
        rows = both.with_columns(target.alias("·target")).with_columns(
            pl.col("watched").list.contains(pl.col("·target")).fill_null(value=False).alias("·watched"),
            pl.col("·earned").fill_null(value=False),
        )
        stays = pl.col("·target").is_not_null() & pl.col("·to").is_null()
        for kind, which in (
            ("met", stays & pl.col("·earned") & pl.col("·watched").not_()),
            ("unmet", stays & pl.col("·earned").not_() & pl.col("·watched")),
        ):
            chosen = rows.filter(which)
            for subject, goal, here in chosen.select("subject", "·target", "·from").iter_rows():
                self.verdicts.append(Verdict(subject=subject, rule=self.ladder.name, kind=kind, to=goal, leaves=here))
            self.count("observation_begins" if kind == "met" else "observation_ends", chosen.height)

    def _exemptions(self, both: pl.DataFrame) -> None:
        if self.ladder.exempt is None or not any(tier.seats is not None for tier in self.spec.tiers):
            return
        now = pl.col("·because") == "exempt"
        before = pl.col("exempt_before").fill_null(value=False)
        for kind, which in (("exempt", now & before.not_()), ("liable", now.not_() & before & pl.col("pinned").not_())):
            for subject, here in both.filter(which).select("subject", "·from").iter_rows():
                self.verdicts.append(Verdict(subject=subject, rule=self.ladder.name, kind=kind, leaves=here))


class _Lifecycle(_Looking):
    """The ways between the stages."""

    def look(self, subjects: Sequence[str] | None) -> Look:
        assert self.community.lifecycle is not None
        ways = {way.id: way for way in self.community.lifecycle.transitions}
        readings = self.rulebook.readings()
        self.known_as(readings)
        frame = self.frame(LIFECYCLE, "", readings, subjects)
        judged = judge(self.rulebook, frame, self.plan.at)
        both = pl.concat([frame, judged.drop("subject").rename(lambda name: f"·{name}")], how="horizontal")
        moves = both.filter(pl.col("·lifecycle:to").is_not_null())
        self.count("none", both.height - moves.height)
        for way in ways.values():
            if way.observe is not None:
                self._observe(both, way.id)
        resting = self.desk.memberships.resting(self.community.id, LIFECYCLE, "", at=self.plan.at)
        for row in moves.iter_rows(named=True):
            self._move(row, ways[row["·lifecycle:because"]], resting)
        return self.found()

    def _observe(self, both: pl.DataFrame, way: str) -> None:
        holds = pl.col(f"·lifecycle:{way}").fill_null(value=False)
        watched = pl.col("watched").list.contains(way).fill_null(value=False)
        stays = pl.col("·lifecycle:to").is_null()
        for kind, which in (("met", stays & holds & watched.not_()), ("unmet", stays & holds.not_() & watched)):
            chosen = both.filter(which).select("subject", "stage")
            for subject, stage in chosen.iter_rows():
                self.verdicts.append(Verdict(subject=subject, rule=LIFECYCLE, kind=kind, to=way, leaves=stage))
            self.count("observation_begins" if kind == "met" else "observation_ends", chosen.height)

    def _move(self, row: Mapping[str, Any], way: Any, resting: set[tuple[str, str]]) -> None:
        if row["waiting_for"] is not None:
            self.count("waiting")
            return
        ask = way.approval is not None or way.invitation is not None
        if ask and (row["subject"], way.id) in resting:
            self.count("resting")
            return
        evidence = self.evidence({name: value for name, value in row.items() if not name.startswith("·")})
        decision = next_stage(self.rulebook.transitions, row["subject"], evidence, self.plan.at)
        if decision is None or decision.because != way.id:
            raise AssertionError(f"two readings of the lifecycle disagree about {row['subject']}: {way.id}")
        self.count("move")
        self.verdicts.append(
            Verdict(
                subject=row["subject"],
                rule=LIFECYCLE,
                kind="move",
                body=decision.data(),
                to=way.to,
                leaves=row["stage"],
                ask=ask,
            )
        )


class _Rules(_Looking):
    """What follows from what, about one kind of subject."""

    def look(self, of: str, subjects: Sequence[str] | None) -> Look:
        readings = self.rulebook.readings(of)
        self.known_as(readings)
        frame = self._subjects(of, readings, subjects)
        if frame.is_empty():
            return self.found()
        judged = judge(self.rulebook, frame, self.plan.at, subject=of)
        names = [rule.name for rule in self.rulebook.rules]
        last = self.desk.firings.fired(self.community.id, names)
        here = dict(zip(frame["subject"], range(frame.height), strict=True))
        for rule in sorted(self.rulebook.rules, key=lambda rule: (-rule.priority, rule.name)):
            true = judged[f"rule:{rule.name}"]
            for number in true.arg_true():
                self._fire(rule, frame.row(number, named=True), last)
            self._ended(rule, frame, [(s, here[s]) for r, s in last if r == rule.name and s in here], true, last)
        return self.found()

    def _subjects(self, of: str, readings: frozenset[Reading], subjects: Sequence[str] | None) -> pl.DataFrame:
        if of == "member":
            return self.frame(None, "", readings, subjects)
        ids = [self.community.id] if of == "community" else list(self.community.spaces)
        frame = pl.DataFrame({"subject": ids})
        if of == "space":
            frame = frame.with_columns(pl.col("subject").alias("space"))
        measures = self.desk.measures(self.community)
        own = frozenset(reading for reading in readings if reading.scope == "subject")
        if own:
            measured = measures.frame(of, own, at=self.plan.at, zone=self.community.zone, subjects=ids)
            frame = frame.join(measured, on="subject", how="left", maintain_order="left")
        shared = [reading for reading in readings if reading.scope == "community"]
        known = measures.community(shared, self.plan.at) if shared else {}
        return frame.with_columns(
            pl.lit(value).alias(reading.key) for reading, value in known.items() if value is not None
        )

    def _fire(self, rule: Rule, row: Mapping[str, Any], last: Mapping[tuple[str, str], tuple[datetime, bool]]) -> None:
        before = last.get((rule.name, row["subject"]))
        fired = None if before is None else Fired(before[0], before[1])
        self.count(f"true:{rule.name}")
        if not may_act(rule, fired, self.plan.at, self.community.zone):
            return
        decisions = firing((rule,), row["subject"], self.evidence(row), self.plan.at)
        if not decisions:
            raise AssertionError(f"two readings of the rule {rule.name} disagree about {row['subject']}")
        self.count(f"fired:{rule.name}")
        self.verdicts.append(Verdict(subject=row["subject"], rule=rule.name, kind="fire", body=decisions[0].data()))

    def _ended(
        self,
        rule: Rule,
        frame: pl.DataFrame,
        known: Sequence[tuple[str, int]],
        true: pl.Series,
        last: Mapping[tuple[str, str], tuple[datetime, bool]],
    ) -> None:
        """Spells that are over: the condition was surely untrue at this look."""
        for subject, number in known:
            if not last[rule.name, subject][1] or true[number]:
                continue
            if truth(rule.when, self.evidence(frame.row(number, named=True))) is False:
                self.verdicts.append(Verdict(subject=subject, rule=rule.name, kind="untrue"))
