"""Beginnings: what a season begins with: published specs, a generated community with a year of facts, staff, stock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.endings import Unfinished
from cli.patience import patiently

if TYPE_CHECKING:
    from cli.memory import Memory
    from rules.spec import Community

STOCK = {"model-car": 40, "medal": 80, "handbook": 200, "camera-kit": 8}
ADVISORS = 4
"""Members of the core who are given the title with which one judges."""


@dataclass(frozen=True, slots=True)
class Founding:
    """Who is there when it begins.

    Args:
        specs: the community's folder.
        data: where the generated files are kept.
        seed, members: what the generated community follows from.
        at: when it begins.
        until: the end of the generated year of facts.
    """

    specs: Path
    data: Path
    seed: int
    members: int
    at: datetime
    until: datetime

    def publish(self, memory: Memory) -> tuple[Community, Mapping[str, Any]]:
        """Check the specs and make them current."""
        from operations.publish import publish
        from store.folder import read_folder
        from workflows.phases import discover

        files, kinds = read_folder(self.specs), discover()
        published = patiently(
            lambda: publish(memory.specs, files, kinds, message="The demo's season", author="demo", at=self.at)
        )
        community = patiently(lambda: memory.specs.current(published.version.community))
        counts = {"documents": len(community.documents), "tasks": len(community.tasks)}
        return community, {**counts, "digest": community.digest[7:19]}

    def take_in(self, memory: Memory, community: Community) -> tuple[None, Mapping[str, Any]]:
        """A generated community with a year of facts, through the same door as any other."""
        from operations.generate import write_facts, write_members
        from operations.import_facts import import_facts
        from operations.import_members import import_members

        self.data.mkdir(parents=True, exist_ok=True)
        members, facts = self.data / "members.csv", self.data / "facts.csv"
        write_members(members, seed=self.seed, size=self.members, at=self.until)
        write_facts(facts, seed=self.seed, size=self.members, at=self.until)
        people = patiently(
            lambda: import_members(members, community, memory.members(community), memory.standings, at=self.at)
        )
        happened = patiently(lambda: import_facts(facts, community, memory.facts(community)))
        if people.rejected or happened.rejected:
            raise Unfinished(f"{people.rejected + happened.rejected} generated rows were rejected")
        known = people.known + happened.known
        return None, {"members": people.rows, "facts": happened.rows, "known already": known}

    def settle(self, memory: Memory, community: Community) -> tuple[None, Mapping[str, Any]]:
        """Who works for the brand, what is in stock, and who may judge."""
        from operations.ports.effects import Deed

        effects, id = memory.effects, community.id
        advisors = self._advisors(memory, community)
        titles = [
            Deed(
                key=f"demo/advisor/{member}",
                kind="title",
                at=self.at,
                source="demo",
                member=member,
                details={"item": "honorary-advisor"},
            )
            for member in advisors
        ]

        def settle() -> None:
            for role in community.roles:
                effects.staff(id, role, [f"{role}-1", f"{role}-2"])
            for item, count in STOCK.items():
                effects.stocked(id, item, count, by="demo", at=self.at, key=f"demo/{item}")
            effects.do(id, titles)

        patiently(settle)
        return None, {"roles": len(community.roles), "advisors": len(advisors), "in stock": sum(STOCK.values())}

    def _advisors(self, memory: Memory, community: Community) -> list[str]:
        from operations.desk import member_frame

        frame = patiently(lambda: member_frame(memory.desk, community, self.at, readings=frozenset()))
        ladder = next(iter(community.ladders))
        core = frame.filter(frame[ladder] == "core").sort("subject")
        return [str(member) for member in core["subject"].head(ADVISORS)]
