"""The sample community with a few people of every kind in it, for tests of its gatherings, council and cars."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from operations.ports.effects import Deed
from operations.ports.members import Member
from operations.ports.standings import LIFECYCLE, First, Place
from rules.spec import Community, load
from store.folder import read_folder
from workflows.phases import discover

AUTO = Path(__file__).parents[2] / "specs" / "auto"
AT = datetime(2027, 3, 8, 2, 30, tzinfo=UTC)  # a Monday, 10:30 in Shanghai

CAST: Mapping[str, tuple[str, str, str]] = {
    **{f"amb-{n}": ("ambassador", "mature", "public_domain") for n in range(1, 13)},
    **{f"core-{n}": ("core", "mature", "private_domain") for n in range(1, 8)},
    **{f"both-{n}": ("core", "mature", "both") for n in range(1, 4)},
    **{f"act-{n}": ("active", "active", "public_domain") for n in range(1, 6)},
    **{f"base-{n}": ("base", "emerging", "public_domain") for n in range(1, 6)},
    **{f"hon-{n}": ("active", "honorary", "private_domain") for n in range(1, 4)},
}
"""Members: tier, stage, origin."""


def settle_in(memory: Any, *, days: int = 500) -> Community:
    """Publish the sample community and let everybody in the cast have been where they are for so many days."""
    files = read_folder(AUTO)
    loaded = load(files, discover())
    assert loaded.community is not None, loaded.diagnostics
    community = loaded.community
    before = AT - timedelta(days=days)
    memory.specs.publish(files, community, message="founded", author="test", at=before)
    members = [
        Member(who, before, {"consent": True, "origin": origin, "registered": True})
        for who, (_, _, origin) in CAST.items()
    ]
    memory.members(community).enlist(members, at=before)
    firsts = []
    for who, (tier, stage, _) in CAST.items():
        firsts.append(First(place=Place(member=who, ladder="tier"), at=tier, since=before))
        firsts.append(First(place=Place(member=who, ladder=LIFECYCLE), at=stage, since=before))
    memory.standings.begin(community.id, firsts, at=before)
    for role in community.roles:
        memory.effects.staff(community.id, role, [f"{role}-1", f"{role}-2"])
    for resource in community.resources.values():
        if resource.kind == "stock":
            memory.effects.stocked(community.id, resource.id, 60, by="test", at=before, key=resource.id)
    return community


def give_title(memory: Any, member: str, title: str, at: datetime = AT) -> None:
    deed = Deed(
        key=f"test/{title}/{member}", kind="title", at=at, source="test", member=member, details={"item": title}
    )
    memory.effects.do("auto", [deed])
