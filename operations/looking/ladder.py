"""Ladder: who rises, falls, begins or ends a grace or an observation, on one ladder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from operations.desk import Desk, member_frame, rulebook_of
from operations.looking.finding import ROW, Found, Looking, changes
from operations.ports.reviews import Plan, Verdict
from operations.prizes import deadline_in
from operations.ranking import Ranking
from operations.renames import renames_of
from rules.columns import holding, judge
from rules.condition import base_readings
from rules.decision import Decision
from rules.ladder import Ladder, next_step
from rules.reading import Reading
from rules.rulebook import Rulebook
from rules.values import Evidence

if TYPE_CHECKING:
    from rules.spec import Community

_JUDGED = ("outcome", "from", "to", "because", "kept", "earned")
_STATE = ("watched", "waiting_for", "below_for", "below_digest", "exempt_before", "pinned")
"""What is read of a standing besides what was judged."""


class OnLadder(Looking):
    """One ladder, for one value where it is kept per value."""

    def __init__(self, desk: Desk, plan: Plan, community: Community, rulebook: Rulebook, ladder: Ladder) -> None:
        super().__init__(desk, plan, community, rulebook)
        self.ladder = ladder
        self.spec = community.ladders[ladder.id]
        self.tiers = {tier.id: tier for tier in self.spec.tiers}
        self.value = ladder.value or ""

    @cached_property
    def orders(self) -> Mapping[str, Ranking]:
        """Who comes first, for each tier with seats."""
        return {
            tier.id: Ranking(self.community, tier.order or (), value=self.ladder.value, per=self.spec.per)
            for tier in self.spec.tiers
            if tier.seats is not None
        }

    def readings(self) -> frozenset[Reading]:
        return self.rulebook.readings().union(*(order.readings for order in self.orders.values()))

    def attributes(self) -> frozenset[str]:
        return super().attributes().union(*(order.attributes for order in self.orders.values()))

    def find(self, subjects: Sequence[str] | None) -> Found:
        frame = self.frame(self.ladder.id, self.value, subjects)
        judged = judge(self.rulebook, frame, self.plan.at).rename(
            {f"{self.ladder.name}:{one}": f"·{one}" for one in _JUDGED}
        )
        judged = judged.drop("subject")
        both = pl.concat([frame.select(ROW, "subject", *_STATE), judged], how="horizontal")
        for outcome, number in judged.group_by("·outcome").len().iter_rows():
            self.count(outcome, number)
        parts = [*self._observations(both), *self._exemptions(both), *self._graces(both), self._moves(both)]
        return self.found(pl.concat([frame, judged], how="horizontal"), parts)

    # ---------------------------------------------------------------------------------------------------- columns
    def _moves(self, both: pl.DataFrame) -> pl.DataFrame:
        asking = [t.id for t in self.spec.tiers if t.approval is not None or t.invitation is not None]
        seated = [tier.id for tier in self.spec.tiers if tier.seats is not None]
        freely = (pl.col("·outcome") == "promote") & (pl.col("·because") != "floor")
        ask, seats = freely & pl.col("·to").is_in(asking), freely & pl.col("·to").is_in(seated)
        moves = both.filter(pl.col("·to").is_not_null())
        waiting = moves["waiting_for"].is_not_null()
        self.count("waiting", int(waiting.sum()))
        moves = moves.filter(~waiting)
        resting = self.desk.memberships.resting(self.community.id, self.ladder.id, self.value, at=self.plan.at)
        if resting:
            told = pl.DataFrame(sorted(resting), schema={"subject": pl.String, "·to": pl.String}, orient="row")
            rest = moves.filter(ask).join(told, on=["subject", "·to"], how="semi")
            self.count("resting", rest.height)
            moves = moves.join(rest, on="subject", how="anti", maintain_order="left")
        to, leaves = pl.col("·to"), pl.col("·from")
        because, outcome = pl.col("·because"), pl.col("·outcome")
        return changes(
            moves, self.ladder.name, "move", to=to, leaves=leaves, outcome=outcome, because=because, ask=ask,
            seats=seats,
        )  # fmt: skip

    def _graces(self, both: pl.DataFrame) -> Iterator[pl.DataFrame]:
        graced = pl.col("below_for").is_not_null()
        leaves, outcome = pl.col("·from"), pl.col("·outcome")
        begins = both.filter((outcome == "grace") & graced.not_())
        yield changes(begins, self.ladder.name, "below", leaves=leaves, outcome=outcome, because=pl.col("·because"))
        self.count("grace_begins", begins.height)
        ends = both.filter(graced & pl.col("·to").is_null() & pl.col("·kept").fill_null(value=False))
        promised = both.filter(graced & (outcome == "grace") & (pl.col("below_digest") != self.community.digest))
        kept = list(self._kept_as_promised(promised))
        for rows in (ends, *kept):
            yield changes(rows, self.ladder.name, "above", leaves=leaves)
        self.count("grace_ends", ends.height + sum(rows.height for rows in kept))

    def _kept_as_promised(self, promised: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Those in grace who meet the `keep` under which it began: the promise holds, whatever came since."""
        now = renames_of(self.community).places.get(self.ladder.id, {})
        for (digest,), rows in sorted(promised.partition_by("below_digest", as_dict=True).items(), key=str):
            old = self.desk.specs.at(str(digest), self.community.id)
            ladder = next((one for one in rulebook_of(old).ladders if one.name == self.ladder.name), None)
            keeps = {} if ladder is None else {rung.id: rung.keep for rung in ladder.rungs if rung.keep is not None}
            readings = frozenset[Reading]().union(*(base_readings(keep) for keep in keeps.values()))
            frame = member_frame(
                self.desk,
                old,
                self.plan.at,
                ladder=self.ladder.id,
                value=self.value,
                readings=readings,
                subjects=rows["subject"].to_list(),
            )
            for tier, keep in keeps.items():
                here = rows.filter(pl.col("·from") == now.get(tier, tier))
                known = frame.join(here.select("subject"), on="subject", how="semi")
                held = known.filter(holding(keep, known)).select("subject")
                yield here.join(held, on="subject", how="semi", maintain_order="left")

    def _observations(self, both: pl.DataFrame) -> Iterator[pl.DataFrame]:
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
            yield changes(chosen, self.ladder.name, kind, to=pl.col("·target"), leaves=pl.col("·from"))
            self.count("observation_begins" if kind == "met" else "observation_ends", chosen.height)

    def _exemptions(self, both: pl.DataFrame) -> Iterator[pl.DataFrame]:
        if self.ladder.exempt is None or not any(tier.seats is not None for tier in self.spec.tiers):
            return
        now = pl.col("·because") == "exempt"
        before = pl.col("exempt_before").fill_null(value=False)
        for kind, which in (("exempt", now & before.not_()), ("liable", now.not_() & before & pl.col("pinned").not_())):
            yield changes(both.filter(which), self.ladder.name, kind, leaves=pl.col("·from"))

    # ---------------------------------------------------------------------------------------------------- reasons
    def verdicts(self, found: Found) -> Iterator[Verdict]:
        for one in found.changes.filter(~pl.col("kind").is_in(["move", "below"])).iter_rows(named=True):
            yield Verdict(
                subject=one["subject"], rule=one["rule"], kind=one["kind"], to=one["to"], leaves=one["leaves"]
            )
        for one, evidence in self.rows_of(found, ["below", "move"]):
            decision = next_step(self.ladder, one["subject"], evidence, self.plan.at)
            if (decision.outcome, decision.to) != (one["outcome"], one["to"]):
                raise AssertionError(
                    f"two readings of {self.ladder.name} disagree about {one['subject']}:"
                    f" {decision.outcome} {decision.to} and {one['outcome']} {one['to']}"
                )
            yield self._move(one, decision, evidence) if one["kind"] == "move" else self._below(one, decision)

    def _below(self, one: Mapping[str, str], decision: Decision) -> Verdict:
        grace = self.tiers[one["leaves"]].grace
        until = None if grace is None else deadline_in(self.community, grace, self.plan.at).isoformat()
        body = {**decision.data(), "until": until}
        return Verdict(subject=one["subject"], rule=one["rule"], kind="below", body=body, leaves=one["leaves"])

    def _move(self, one: Mapping[str, object], decision: Decision, evidence: Evidence) -> Verdict:
        seats = bool(one["seats"])
        assert decision.to is not None
        return Verdict(
            subject=decision.member,
            rule=self.ladder.name,
            kind="move",
            body=decision.data(),
            to=decision.to,
            leaves=decision.from_,
            seats=seats,
            rank=self.orders[decision.to].key(decision.member, evidence, self.plan.id) if seats else (),
            ask=bool(one["ask"]),
        )

    def contenders(self, found: Found) -> Iterator[Verdict]:
        """The moves into, or out of, tiers with limited seats, without their reasons."""
        limited = list(self.orders)
        some = pl.col("seats") | pl.col("leaves").is_in(limited)
        alone = Found({}, found.changes.filter((pl.col("kind") == "move") & some), found.frame)
        for place, (one, evidence) in enumerate(self.rows_of(alone, ["move"])):
            yield Verdict(
                subject=one["subject"],
                rule=one["rule"],
                kind="move",
                to=one["to"],
                leaves=one["leaves"],
                seats=one["seats"],
                rank=self.orders[one["to"]].key(one["subject"], evidence, self.plan.id) if one["seats"] else (),
                ask=one["ask"],
                place=place,
            )
