"""Programme: the tasks that a season plays, one of each mode and a council's year, and what each came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.endings import Unfinished

if TYPE_CHECKING:
    from cli.memory import Memory
    from operations.ports.facts import Fact
    from operations.ports.runs import Run
    from rules.spec import Community

OPENS = datetime(2027, 5, 10, 2, tzinfo=UTC)
"""When the programme begins: everybody has had a contest to show themselves in."""

SMALL = 2000
"""Below so many members few have been in a contest, and few stand high: others may come too."""

AT_WILL = frozenset({"at the ceremony"})
"""Who comes to a ceremony is drawn; too few is an end as good as any."""

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
        told: what it came to; refuses by an empty or zero count what must not be missing.
        may_lack: of what it came to, what may be missing as well.
        args: what is given for this run besides what the task says.
        small: and what is given besides in a small community.
    """

    mode: str
    task: str
    scale: str
    crowd: int
    told: Callable[[Came], Mapping[str, Any]]
    args: Mapping[str, Any] = field(default_factory=dict)
    small: Mapping[str, Any] = field(default_factory=dict)
    may_lack: frozenset[str] = frozenset()

    def among(self, members: int) -> Part:
        """The same in a community of this size."""
        return replace(self, args={**self.args, **self.small}) if members < SMALL else self


@dataclass(frozen=True, slots=True)
class Played:
    """One task that has been played: its mode, its run, on which local day that ended, and what came of it."""

    mode: str
    run: str
    ended: str
    came: Mapping[str, Any]


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

    def found(self, phase: str, result: str) -> list[str]:
        """What the visits of a phase found, one after the other: works, people, runs."""
        return [str(one) for visit in self.visits if visit.phase == phase for one in visit.results.get(result, ())]

    def credit(self) -> Mapping[str, int]:
        """The ledger of the run: whom it names, with their credit."""
        return self.memory.teams.credit(self.run.id)


def contest(came: Came) -> Mapping[str, Any]:
    """Entries, hidden until closing, and the winners."""
    return {
        "phases": len(came.visits),
        "entries": len(came.memory.runs.works(came.run.id, "entries")),
        "winners": len(came.found("judging", "winning")),
    }


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
    """Meetings, motions, and the money that votes alone released.

    Raises:
        Unfinished: money went to a motion that was not carried.
    """
    carried = {*came.found("vote", "carry"), *came.found("second-vote", "carry")}
    paid = [one for one in came.memory.resources.of_phase(came.run.id, "funds") if one.state == "served"]
    for one in paid:
        if one.work not in carried:
            raise Unfinished(f"{one.key} was paid, and no vote has carried {one.work}")
    return {
        "seats": len(came.facts("joined_team")),
        "meetings": came.outcomes("session").get("done", 0),
        "motions": len(came.memory.runs.works(came.run.id, "proposals")),
        "carried": len(carried),
        "paid": len(paid),
        "spent": sum(one.amount for one in paid) // 100,
    }


CONTEST = Part("contest", "most-beautiful-lines", "1d=50ms", 200, contest)
PROGRAMME = (
    Part(
        "group",
        "twenty-four-hours",
        "1d=50ms",
        60,
        group,
        args={"teams": 3, "traits": {"car_model": "mixed"}},
        small={"who": ["tier:active", "tier:core"], "teams": 2},
    ),
    Part(
        "mentorship",
        "photo-masters",
        "1d=50ms",
        60,
        mentorship,
        small={
            "mentors": {
                "from": ["tier:active", "tier:core", "tier:ambassador"],
                "where": {"skills": {"contains": "photography"}},
                "first": 3,
            },
            "mentees": ["tier:base", "tier:active"],
        },
    ),
    Part("co-creation", "owners-handbook", "1d=50ms", 80, co_creation, may_lack=AT_WILL),
    Part(
        "council",
        "core-user-committee",
        "1d=25ms",
        40,
        council,
        args={"least": 3},
        small={"least": 2, "from": ["tier:core", "tier:ambassador"], "keep": {"good_standing": {"is": True}}},
    ),
)
