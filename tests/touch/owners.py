"""Owners of the sample community, put where a test wants them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operations.ports.facts import Fact
from operations.ports.members import Member
from operations.ports.standings import LIFECYCLE, First, Place
from operations.publish import publish
from rules.spec import Community
from store.folder import read_folder
from workflows.phases import discover

if TYPE_CHECKING:
    from cli.memory import Memory

SPECS = Path(__file__).parents[2] / "specs" / "auto"
AT = datetime(2027, 3, 1, 2, tzinfo=UTC)  # a Monday morning in Shanghai
LONG_AGO = AT - timedelta(days=400)


def auto(memory: Memory) -> Community:
    """The sample community, published."""
    publish(memory.specs, read_folder(SPECS), discover(), message="test", author="test", at=LONG_AGO)
    return memory.specs.current("auto")


def owners(
    memory: Memory,
    community: Community,
    ids: Iterable[str],
    *,
    tier: str = "base",
    stage: str | None = None,
    since: datetime | None = None,
    **attributes: Any,
) -> list[str]:
    """Members with consent who stand in a tier and a stage."""
    people = list(ids)
    known: Mapping[str, Any] = {"consent": True, **attributes}
    memory.members(community).enlist([Member(id_, LONG_AGO, dict(known)) for id_ in people], at=LONG_AGO)
    firsts = [First(place=Place(member=id_, ladder="tier"), at=tier, since=since or LONG_AGO) for id_ in people]
    if stage is not None:
        firsts += [
            First(place=Place(member=id_, ladder=LIFECYCLE), at=stage, since=since or LONG_AGO) for id_ in people
        ]
    memory.standings.begin(community.id, firsts, at=LONG_AGO)
    return people


def numbered(prefix: str, count: int) -> list[str]:
    return [f"{prefix}-{number:02d}" for number in range(1, count + 1)]


def happened(
    memory: Memory, community: Community, kind: str, member: str | None, days_ago: Iterable[float], **fields: Any
) -> None:
    """One fact of a kind for each number of days before `AT`."""
    memory.facts(community).record(
        [
            Fact(
                f"{kind}/{member}/{days}/{sorted(fields.items())}",
                kind,
                member,
                AT - timedelta(days=days),
                None,
                fields,
            )
            for days in days_ago
        ]
    )
