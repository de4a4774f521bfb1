"""Programme: the tasks that a season plays besides its contest, one of each other mode, and what each came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cli.memory import Memory
    from operations.ports.facts import Fact
    from operations.ports.runs import Run
    from rules.spec import Community

OPENS = datetime(2027, 5, 10, 2, tzinfo=UTC)
"""When the programme begins: everybody has had a contest to show themselves in."""

STOCK = {"camera-kit": 8}
FACTS = 1_000_000
"""More facts of one kind than a season has."""


@dataclass(frozen=True, slots=True)
class Part:
    """One task of the programme.

    Args:
        mode: what it is played as; names the step.
        task: its id.
        scale: its clock.
        crowd: how many come where anybody may.
        args: what is given for this run besides what the task says.
        told: what it came to; refuses by an empty or zero count what must not be missing.
    """

    mode: str
    task: str
    scale: str
    crowd: int
    told: Callable[[Came], Mapping[str, Any]]
    args: Mapping[str, Any] = field(default_factory=dict)


class Came:
    """What a run that has ended left behind.

    Args:
        memory: where to look.
        community: the spec.
        run: that has ended.
    """

    def __init__(self, memory: Memory, community: Community, run: Run) -> None:
        self.memory, self.community, self.run = memory, community, run
        self.visits = memory.runs.visits(run.id)

    def facts(self, kind: str) -> Sequence[Fact]:
        """The facts of one kind that the run recorded."""
        found = self.memory.facts(self.community).find(kinds=[kind], limit=FACTS)
        return [one for one in found if one.fields.get("run") == self.run.id]

    def outcomes(self, phase: str) -> Mapping[str, int]:
        """How often a phase came out how."""
        return Counter(str(one.outcome) for one in self.visits if one.phase == phase)

    def credit(self) -> Mapping[str, int]:
        """The ledger of the run: whom it names, with their credit."""
        return self.memory.teams.credit(self.run.id)


def group(came: Came) -> Mapping[str, Any]:
    """Teams, their films, and who knows whom now."""
    return {
        "teams": len(came.memory.teams.of_run(came.run.id)),
        "films": len(came.facts("accepted")),
        "ties between teammates": len(came.facts("teamed")),
    }


def mentorship(came: Came) -> Mapping[str, Any]:
    """Groups, the mentors' verdicts, and who graduated."""
    return {
        "groups": len(came.memory.teams.of_run(came.run.id)),
        "notes of mentors": came.outcomes("note").get("done", 0),
        "graduated": len(came.facts("graduated")),
    }


def co_creation(came: Came) -> Mapping[str, Any]:
    """Contributions, and the ledger behind the credits."""
    ledger = came.credit()
    return {
        "contributions accepted": len(came.facts("accepted")),
        "contributors credited": len(ledger),
        "credit": sum(ledger.values()),
        "at the ceremony": len(came.facts("attended")),
    }


def council(came: Came) -> Mapping[str, Any]:
    """Meetings, motions, and the money that votes alone released."""
    carried = [one for one in came.visits if one.phase == "funds" and one.outcome == "done"]
    return {
        "seats": len(came.facts("joined_team")),
        "meetings": came.outcomes("session").get("done", 0),
        "rounds that released money": len(carried),
        "spent": sum(int(str(one.fields.get("amount", 0))) for one in came.facts("spent")) // 100,
    }


PROGRAMME = (
    Part("group", "twenty-four-hours", "1d=150ms", 60, group, {"teams": 3, "traits": {"car_model": "mixed"}}),
    Part("mentorship", "photo-masters", "1d=150ms", 60, mentorship),
    Part("co-creation", "owners-handbook", "1d=120ms", 80, co_creation),
)
COUNCIL = (Part("council", "core-user-committee", "1d=100ms", 40, council, {"least": 3}),)
