"""The sample community with people in it who can do things: skills, cities, cars, tiers and stages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from operations.ports.members import Member
from operations.ports.standings import First, Place
from rules.spec import Community, load
from workflows.phases import discover

AT = datetime(2027, 3, 8, 1, tzinfo=UTC)
JOINED = AT - timedelta(days=900)
AUTO = Path(__file__).parents[3] / "specs" / "auto"
SKILLS = ("script", "driving", "camera", "editing", "writing", "photography", "structure", "music")
CITIES = ("beijing", "shanghai")


class Clock:
    """The wall's time, as the test says."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now


@cache
def auto() -> tuple[dict[str, bytes], Community]:
    """The sample's documents and what they say."""
    files = {str(path.relative_to(AUTO)): path.read_bytes() for path in sorted(AUTO.rglob("*.yaml"))}
    loaded = load(files, discover())
    assert loaded.community is not None
    return files, loaded.community


def people(count: int) -> list[Member]:
    """Members of whom each can do two things; every city has everything."""
    cars = [item.id for item in auto()[1].lists["car-models"].items]
    fields = [item.id for item in auto()[1].lists["fields"].items]
    return [
        Member(
            f"m{n:03d}",
            JOINED,
            {
                "consent": True,
                "registered": True,
                "city": CITIES[n // len(SKILLS) % len(CITIES)],
                "car_model": cars[n % len(cars)],
                "skills": frozenset({SKILLS[n % len(SKILLS)], SKILLS[(n + 3) % len(SKILLS)]}),
                "interests": frozenset({fields[n % 2], "photography"}),
            },
        )
        for n in range(count)
    ]


def settle(memory: Any, count: int = 64, *, core: int = 12) -> Community:
    """Publish the sample and let people in: the first ones core and mature, the next active, the rest base."""
    files, community = auto()
    memory.specs.publish(files, community, message="founded", author="test", at=AT - timedelta(days=1))
    memory.members(community).enlist(people(count), at=JOINED)
    firsts = []
    for n in range(count):
        tier = "core" if n < core else "active" if n < count * 2 // 3 else "base"
        stage = "mature" if n < core else "active" if n < count * 2 // 3 else "emerging"
        firsts.append(First(place=Place(member=f"m{n:03d}", ladder="tier"), at=tier, since=JOINED))
        firsts.append(First(place=Place(member=f"m{n:03d}", ladder="lifecycle"), at=stage, since=JOINED))
    memory.standings.begin(community.id, firsts, at=JOINED)
    for role in ("planner", "host", "director", "optimiser", "platform-builder", "management"):
        memory.effects.staff(community.id, role, [f"staff-{role}"])
    for item in ("camera-kit", "handbook", "medal"):
        memory.effects.stocked(community.id, item, 500, by="test", at=JOINED, key=item)
    return community
