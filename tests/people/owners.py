"""The sample community `auto` in a memory, with reviews that need no Temporal, and facts a line each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operations import review
from operations.by_form import fill_in
from operations.ports.facts import Fact
from operations.ports.members import Member
from operations.ports.standings import LIFECYCLE, First, Place
from operations.publish import publish
from store.folder import read_folder
from workflows.phases import discover

if TYPE_CHECKING:
    from cli.memory import Memory
    from rules.spec import Community

SPECS = Path(__file__).parents[2] / "specs"
AT = datetime(2027, 3, 1, 22, tzinfo=UTC)
MARKS = {"depth": 5, "originality": 5, "passion": 4, "sharing": 4, "reputation": 4}


def owners(memory: Memory, folder: str = "auto", *, staffed: bool = True) -> Community:
    """A community of the folder, published; two colleagues in each role."""
    publish(memory.specs, read_folder(SPECS / folder), discover(), message="test", author="test", at=AT)
    spec = memory.specs.current(Path(folder).name)
    for role in spec.roles if staffed else ():
        memory.effects.staff(spec.id, role, [f"{role}-1", f"{role}-2"])
    return spec


def enlist(memory: Memory, spec: Community, member: str, *, days: int = 400, **attributes: Any) -> None:
    """Somebody who joined so many days ago."""
    told = {name: value for name, value in attributes.items() if name not in ("tier", "stage", "since")}
    memory.members(spec).enlist([Member(member, AT - timedelta(days=days), told)], at=AT - timedelta(days=days))
    since = AT - timedelta(days=attributes.get("since", 200))
    firsts = [
        First(place=Place(member=member, ladder=ladder), at=attributes[name], since=since)
        for name, ladder in (("tier", "tier"), ("stage", LIFECYCLE))
        if name in attributes
    ]
    memory.standings.begin(spec.id, firsts, at=AT)


def did(
    memory: Memory, spec: Community, member: str | None, kind: str, *days_ago: float, key: str = "", **fields: Any
) -> None:
    """One fact of a kind for each number of days ago."""
    facts = [
        Fact(f"{kind}/{member}/{key}/{days}", kind, member, AT - timedelta(days=days), None, dict(fields))
        for days in days_ago
    ]
    memory.facts(spec).record(facts)


def spotted(memory: Memory, spec: Community, member: str, *, day: int = 10, **more: Any) -> None:
    """A scout's nomination so many days ago, with good marks unless other ones are given; None leaves a field out."""
    told = {"origin": "public_domain", "place": "论坛", "evidence": f"https://f.example/{day}", "topic": "audio"}
    fields = {name: value for name, value in {**told, **MARKS, **more}.items() if value is not None}
    fill_in(memory.house, spec, "spotted", fields, about=member, by="scout-1", at=AT - timedelta(days=day))


def reviewed(memory: Memory, spec: Community, *, days: int = 0) -> Mapping[str, Any]:
    """A whole review so many days after AT; counts by part."""
    desk, at = memory.desk, AT + timedelta(days=days)
    plan = review.begin(desk, spec.id, run=f"run {at.isoformat()}", at=at, shard_size=500)
    for part in plan.parts:
        for shard in range(review.shards_of(desk, plan, part)):
            review.look_at(desk, spec.id, plan.id, part, shard)
        for batch in range(review.settle(desk, spec.id, plan.id, part, size=200)):
            review.carry_out_batch(desk, spec.id, plan.id, part, batch)
    parts: Mapping[str, Any] = review.finish(desk, spec.id, plan.id)["parts"]
    return parts


def stage(memory: Memory, spec: Community, member: str) -> str | None:
    """Where somebody stands in the lifecycle."""
    held = memory.standings.one(spec.id, Place(member=member, ladder=LIFECYCLE))
    return held.at if held is not None else None


def tier(memory: Memory, spec: Community, member: str) -> str | None:
    """The tier somebody stands in, where one is remembered."""
    held = memory.standings.one(spec.id, Place(member=member, ladder="tier"))
    return held.at if held is not None else None
