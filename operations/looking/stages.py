"""Stages: who goes which way between the stages of the lifecycle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from operations.looking.finding import ROW, Found, Looking, changes
from operations.ports.reviews import Verdict
from operations.ports.standings import LIFECYCLE
from rules.columns import judge
from rules.lifecycle import next_stage
from rules.reading import Reading

_STATE = ("stage", "watched", "waiting_for")
"""What is read of a standing besides what was judged."""


class OnStages(Looking):
    """The ways between the stages."""

    def readings(self) -> frozenset[Reading]:
        return self.rulebook.readings()

    def find(self, subjects: Sequence[str] | None) -> Found:
        assert self.community.lifecycle is not None
        ways = self.community.lifecycle.transitions
        frame = self.frame(LIFECYCLE, "", subjects)
        judged = judge(self.rulebook, frame, self.plan.at)
        judged = judged.drop("subject").rename(lambda name: f"·{name}")
        both = pl.concat([frame.select(ROW, "subject", *_STATE), judged], how="horizontal")
        moves = both.filter(pl.col("·lifecycle:to").is_not_null())
        self.count("none", both.height - moves.height)
        parts = [part for way in ways if way.observe is not None for part in self._observed(both, way.id)]
        return self.found(pl.concat([frame, judged], how="horizontal"), [*parts, self._moves(moves)])

    def _observed(self, both: pl.DataFrame, way: str) -> Iterator[pl.DataFrame]:
        holds = pl.col(f"·lifecycle:{way}").fill_null(value=False)
        watched = pl.col("watched").list.contains(way).fill_null(value=False)
        stays = pl.col("·lifecycle:to").is_null()
        for kind, which in (("met", stays & holds & watched.not_()), ("unmet", stays & holds.not_() & watched)):
            chosen = both.filter(which)
            yield changes(chosen, LIFECYCLE, kind, to=pl.lit(way), leaves=pl.col("stage"))
            self.count("observation_begins" if kind == "met" else "observation_ends", chosen.height)

    def _moves(self, moves: pl.DataFrame) -> pl.DataFrame:
        assert self.community.lifecycle is not None
        waiting = moves["waiting_for"].is_not_null()
        self.count("waiting", int(waiting.sum()))
        moves = moves.filter(~waiting)
        way = pl.col("·lifecycle:because")
        asking = [
            one.id
            for one in self.community.lifecycle.transitions
            if one.approval is not None or one.invitation is not None
        ]
        resting = self.desk.memberships.resting(self.community.id, LIFECYCLE, "", at=self.plan.at)
        if resting:
            told = pl.DataFrame(sorted(resting), schema={"subject": pl.String, "·way": pl.String}, orient="row")
            named = moves.filter(way.is_in(asking)).with_columns(way.alias("·way"))
            rest = named.join(told, on=["subject", "·way"], how="semi")
            self.count("resting", rest.height)
            moves = moves.join(rest, on="subject", how="anti", maintain_order="left")
        self.count("move", moves.height)
        return changes(
            moves,
            LIFECYCLE,
            "move",
            to=pl.col("·lifecycle:to"),
            leaves=pl.col("stage"),
            outcome=pl.lit("move"),
            because=way,
            ask=way.is_in(asking),
        )

    def verdicts(self, found: Found) -> Iterator[Verdict]:
        for one in found.changes.filter(pl.col("kind") != "move").iter_rows(named=True):
            yield Verdict(subject=one["subject"], rule=LIFECYCLE, kind=one["kind"], to=one["to"], leaves=one["leaves"])
        for one, evidence in self.rows_of(found, ["move"]):
            decision = next_stage(self.rulebook.transitions, one["subject"], evidence, self.plan.at)
            if decision is None or decision.because != one["because"]:
                raise AssertionError(f"two readings of the lifecycle disagree about {one['subject']}: {one['because']}")
            yield Verdict(
                subject=one["subject"],
                rule=LIFECYCLE,
                kind="move",
                body=decision.data(),
                to=one["to"],
                leaves=one["leaves"],
                ask=one["ask"],
            )
