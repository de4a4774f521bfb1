"""The example communities in a memory: published, peopled, and reviewed without Temporal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from operations import membership, review
from operations.membership import Stand
from operations.ports.facts import Fact
from operations.ports.members import Member
from operations.ports.standings import First, Place
from rules.spec import Community, load
from rules.values import Value
from store.folder import read_folder
from workflows.phases import discover

if TYPE_CHECKING:
    from cli.memory import Memory

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[2] / "specs" / "examples"


class House:
    """One example community in the memory."""

    def __init__(self, memory: Memory, name: str) -> None:
        self.memory = memory
        files = read_folder(EXAMPLES / name)
        loaded = load(files, discover())
        assert loaded.community is not None
        self.spec: Community = loaded.community
        self.id = self.spec.id
        memory.specs.publish(files, self.spec, message="test", author="test", at=AT - timedelta(days=900))
        self._number = 0
        self._moves: dict[str, str] = {}

    def people(self, *ids: str, joined: datetime = AT - timedelta(days=800), **known: Value) -> None:
        """Members of whom the same is known."""
        self.memory.members(self.spec).enlist([Member(id_, joined, known) for id_ in ids], at=joined)

    def stand(self, member: str, at: str, ladder: str = "tier", value: str = "") -> None:
        """Somebody who brought a standing along."""
        first = First(place=Place(member=member, ladder=ladder, value=value), at=at)
        self.memory.standings.begin(self.id, [first], at=AT)

    def facts(self, kind: str, member: str, days_ago: Iterable[float], **fields: Value) -> None:
        """One fact for each number of days before the first review."""
        found = []
        for days in days_ago:
            self._number += 1
            found.append(Fact(f"f{self._number}", kind, member, AT - timedelta(days=days), fields=fields))
        self.memory.facts(self.spec).record(found)

    def reviewed(self, at: datetime = AT, parts: Sequence[str] | None = None) -> dict[str, dict[str, int]]:
        """A review; returns the counts by part."""
        self._number += 1
        desk = self.memory.desk
        plan = review.begin(desk, self.id, run=f"run {self._number}", at=at, parts=parts)
        for part in plan.parts:
            for shard in range(review.shards_of(desk, plan, part)):
                review.look_at(desk, self.id, plan.id, part, shard)
            for batch in range(review.settle(desk, self.id, plan.id, part)):
                review.carry_out_batch(desk, self.id, plan.id, part, batch)
        counts: dict[str, dict[str, int]] = review.finish(desk, self.id, plan.id)["parts"]
        return counts

    def at(self, member: str, ladder: str = "tier", value: str = "") -> str:
        """Where somebody stands."""
        held = self.memory.standings.one(self.id, Place(member=member, ladder=ladder, value=value))
        tiers = self.spec.ladders[ladder].tiers
        return tiers[0].id if held is None or held.at is None else held.at

    def asked(self, at: datetime) -> dict[str, Stand]:
        """Takes every move that waits for somebody's word as far as it goes at this time; by member."""
        self._moves |= {move.member: move.id for move in self.memory.memberships.unstarted(self.id)}
        desk = self.memory.desk
        return {member: membership.advance(desk, self.id, move, at) for member, move in self._moves.items()}

    def says(self, person: str, outcome: str, at: datetime) -> None:
        """Somebody (a member or a role) answers the first question that waits for them."""
        role = person.removeprefix("role:") if person.startswith("role:") else None
        items = self.memory.inbox.find(self.id, role=role, member=None if role else person)
        self.memory.inbox.complete(self.id, items[0].id, outcome=outcome, fields={}, by=role or person, at=at)
