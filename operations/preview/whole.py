"""Preview: the new specs against the current ones, over the whole community."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from operations.errors import Refusal
from operations.looking import looking_at
from operations.ports.reviews import Plan
from operations.preview import affected
from operations.preview.compare import Group, compared
from operations.preview.documents import Edit, edits
from operations.preview.outlook import outlook, parts_looked_at
from operations.preview.sight import Sight, changed_metrics
from operations.renames import refuse_lost, renames_of
from rules.reading import Reading

if TYPE_CHECKING:
    from operations.desk import Desk
    from operations.ports.runs import Runs
    from rules.spec import Community

FORM = "plan/v1"
"""What a plan that was written to a file says it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would change.

    Args:
        at: as of when.
        given: whether that moment was named by whoever asked; otherwise it was the present one.
        version: number of the current version.
        groups: members by what becomes of them; see `Group`.
        more: documents, runs, timers, seats, money, renames, as JSON.
    """

    community: str
    at: datetime
    given: bool
    current: str
    version: int
    new: str
    members: int
    edits: tuple[Edit, ...]
    groups: tuple[Group, ...] = field(repr=False)
    more: dict[str, Any] = field(repr=False)

    @property
    def changes(self) -> bool:
        """Whether anything is other than it is: the documents, or what becomes of anybody."""
        return self.current != self.new or any(group.new or group.gone for group in self.groups)

    def data(self) -> dict[str, Any]:
        """As JSON, the same for the same specs, facts and moment."""
        of = {kind: [group.data() for group in self.groups if group.kind in kinds] for kind, kinds in _LISTS.items()}
        return {
            "plan": FORM,
            "community": self.community,
            "at": self.at.astimezone(UTC).isoformat(),
            "at_given": self.given,
            "current": {"digest": self.current, "version": self.version},
            "new": {"digest": self.new},
            "changes": self.changes,
            "members": self.members,
            "documents": [edit.data() for edit in self.edits],
            **of,
            **self.more,
        }


_LISTS = {
    "transitions": ("move",),
    "graces": ("below", "above"),
    "observations": ("met", "unmet"),
    "rules": ("fire",),
}


def preview(
    desk: Desk, runs: Runs, new: Community, *, at: datetime, given: bool = False, version: int | None = None
) -> Preview:
    """What the next review would do under a spec that is not current yet, and under the one that is.

    Args:
        new: the spec, checked.
        at: as of when.
        given: whether somebody named that moment.

    Raises:
        Refusal: nothing is published of this community, it has no members, or the spec loses a tier.
    """
    current = desk.specs.current(new.id)
    refuse_lost(current, new)
    renames = renames_of(new)
    plan = _next_review(desk, new.id, at)
    wanted = [_wanted(desk, community, plan) for community in (current, new)]
    sight = Sight(desk, at, wanted)
    if not sight.count and given:
        raise Refusal(
            f"The community {new.id} had no members by {at:%Y-%m-%d %H:%M} UTC.", "Give a later time with --at."
        )
    if not sight.count:
        raise Refusal(f"The community {new.id} has no members yet.", "Take some in: trellis import members FILE.")
    standings = sight.standings()
    promised = standings.pending()
    before = outlook(sight, current, plan, standings)
    after = outlook(sight, new, plan, standings.renamed(renames), renames)
    del standings
    groups, seats = compared(before, after, renames)
    return Preview(
        community=new.id,
        at=at,
        given=given,
        current=current.digest,
        version=version if version is not None else _version(desk, current),
        new=new.digest,
        members=sight.count,
        edits=tuple(edits(current, new)),
        groups=tuple(groups),
        more={
            "metrics": sorted(changed_metrics(current, new)),
            "seats": affected.seats(seats, groups),
            "runs": affected.runs_affected(runs, desk, new, current),
            "timers": affected.timers(current, new, at),
            "budgets": affected.money(desk, current, new, groups, at),
            "renamed": affected.renamed(renames, desk.standings.sizes(current) if renames else {}),
            "promised": promised,
        },
    )


def _wanted(desk: Desk, community: Community, plan: Plan) -> tuple[Community, frozenset[Reading], frozenset[str]]:
    """What every part needs to read of members."""
    readings, names = frozenset[Reading](), frozenset[str]()
    for part in parts_looked_at(community):
        looking = looking_at(desk, plan, community, part)
        readings, names = readings | looking.readings(), names | looking.attributes()
    return community, readings, names


def _next_review(desk: Desk, community: str, at: datetime) -> Plan:
    """The review that would begin at this moment: lots are drawn with its name."""
    return Plan(id=desk.reviews.next_id(community, at), community=community, at=at, digest="", parts=())


def _version(desk: Desk, current: Community) -> int:
    return next((v.number for v in desk.specs.versions(current.id) if v.current), 0)
