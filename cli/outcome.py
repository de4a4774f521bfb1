"""Outcome: what a season left behind, in one picture that two seasons can be compared by.

Nothing in it depends on when or how often something was tried: no wall-clock times, no order of arrival, no
attempts. So a season in which servers were killed has the same digest as an undisturbed one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cli.console import encode
from cli.memory import Memory
from cli.programme import Played

if TYPE_CHECKING:
    from cli.journey import Mark
    from rules.spec import Community


@dataclass(frozen=True, slots=True)
class Outcome:
    """The final picture of a community."""

    standings: Mapping[str, Mapping[str, int]]  # ladder or lifecycle to tier or stage to members
    memberships: Mapping[str, int]  # how moves that waited for somebody's word came out
    awards: Mapping[str, int]  # points in all, pieces and money left, titles and benefits held, candidates
    deeds: Mapping[str, int]  # effects by kind
    ranking: Sequence[Mapping[str, Any]]  # the winners of the contest, best first
    runs: Mapping[str, int]  # task and how its run ended, to how many runs; their numbers follow the order of starts
    played: Sequence[Mapping[str, Any]]  # one task of each mode: when it ended, what came of it
    journey: Sequence[Mapping[str, str]]  # one member's way, day by day
    facts: int
    decisions: int
    members: str  # digest over the standing of every single member
    ledgers: str  # digest over every single balance, holding and candidate

    @property
    def digest(self) -> str:
        """What two seasons are compared by."""
        return f"sha256:{hashlib.sha256(encode(self.as_data())).hexdigest()}"

    def as_data(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


def look_back(
    memory: Memory,
    community: "Community",
    at: datetime,
    contest: str | None,
    played: Sequence[Played] = (),
    journey: Sequence["Mark"] = (),
) -> Outcome:
    """The picture of a community as of `at`, with the ranking of one contest, and what was played meanwhile."""
    id = community.id
    effects = memory.effects
    balances = effects.balances(id)
    holdings = effects.holdings(id, at=at)
    candidates = effects.candidates(id)
    awards = {
        "points": sum(one.amount for one in balances if one.kind == "points"),
        **{f"{one.kind} {one.account} {one.period}".strip(): one.amount for one in balances if one.kind != "points"},
        **_counted(f"{one.kind} {one.item}" for one in holdings),
        **_counted(f"candidate {one.list}:{one.of}" for one in candidates),
    }
    details = [
        sorted([one.kind, one.account, one.period, one.amount] for one in balances),
        sorted([one.kind, one.member, one.item, one.value] for one in holdings),
        sorted([one.member, one.list, one.of] for one in candidates),
    ]
    return Outcome(
        standings=memory.standings.sizes(community),
        memberships=dict(memory.memberships.counts(id)),
        awards=awards,
        deeds=dict(effects.totals(id)),
        ranking=ranking_of(memory, contest) if contest else [],
        runs=_counted(f"{run.task} {run.end or run.status}" for run in memory.runs.runs(id, limit=10_000)),
        played=[asdict(one) for one in played],
        journey=[asdict(one) for one in journey],
        facts=memory.facts(community).count(),
        decisions=memory.decisions.verify(id).decisions,
        members=_digest(_standing_of_each(memory, community, at)),
        ledgers=_digest(details),
    )


def ranking_of(memory: Memory, run: str) -> list[dict[str, Any]]:
    """The winners of a contest's judging: place, work, author, score."""
    judging = next((visit for visit in reversed(memory.runs.visits(run)) if visit.results.get("ranking")), None)
    if judging is None:
        return []
    winning = list(judging.results.get("winning", ()))
    works = memory.runs.works_by_id(judging.community, winning)
    scores = judging.results.get("scores", {})
    return [
        {"place": place, "work": work, "author": works[work].author, "score": _decimal(scores.get(work))}
        for place, work in enumerate(winning, 1)
    ]


def _decimal(score: str | None) -> str | None:
    """A score as people write it, with two places."""
    return None if score is None else f"{float(Fraction(score)):.2f}"


def _standing_of_each(memory: Memory, community: "Community", at: datetime) -> list[list[Any]]:
    from operations.desk import member_frame

    frame = member_frame(memory.desk, community, at, readings=frozenset())
    shown = [name for name in ("subject", *community.ladders, "stage", "in_grace", "pinned") if name in frame.columns]
    return [list(row) for row in frame.select(shown).sort("subject").iter_rows()]


def _counted(names: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found


def _digest(content: object) -> str:
    return hashlib.sha256(encode(content)).hexdigest()
