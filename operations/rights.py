"""Rights: who may do what with a run, and what anybody may see of it while it is open.

A run is led by its owner: a role, or a result such as the mentor (until it exists: whoever started it). What the
brand's own people may do besides is `staff_may`: `run` everything, `support` give, answer and see, `see` look only.
Everybody else may do what they are asked for. The installation's own hand (no person named) is not bound.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from operations.errors import Refusal
from operations.ports.audit import OPERATOR
from operations.staffing import ROLE, roles_of, there

if TYPE_CHECKING:
    from operations.people import People
    from operations.ports.effects import Effects
    from operations.ports.runs import Act, Run, Visit, Work
    from rules.spec import Community
    from rules.spec.documents.mode import Mode

Lead = Literal["cancel", "migrate", "hand out", "edit"]
"""What only whoever leads a run does: call it off, move it to another version, give its work to others, edit teams."""
_WORDS = {
    "cancel": "call it off",
    "migrate": "move it to another version",
    "hand out": "give its work to others",
    "edit": "edit what is in it",
}
_MAY = {"run": "run", "support": "support", "see": "see"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who acts, with the roles they are in. Without a person it is the installation's own hand."""

    person: str | None
    roles: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How the audit log calls them."""
        return self.person or OPERATOR

    @property
    def is_staff(self) -> bool:
        return bool(self.roles)


def actor_of(effects: Effects, community: Community, person: str | None) -> Actor:
    """Somebody by name, with the roles they are in now; a role itself (`role:planner`) is in itself."""
    if person is None or person == OPERATOR:
        return Actor(person=None)
    if person.startswith(ROLE):
        return Actor(person=person, roles=(person.removeprefix(ROLE),))
    return Actor(person=person, roles=tuple(roles_of(effects, community, person)))


def owners(people: People, effects: Effects, community: Community, mode: Mode, run: Run) -> list[str]:
    """Who leads a run now, by name; whoever started it as long as the result that shall lead is not there yet."""
    found = [person for one in people.things(mode.owner) for person in there(effects, community, one)]
    if not found and run.starter is not None:
        return [run.starter]
    return list(dict.fromkeys(found))


def refuse_unless_lead(actor: Actor, act: Lead, run: Run, mode: Mode, leaders: Collection[str]) -> None:
    """See that somebody may do what only whoever leads a run does.

    Raises:
        Refusal: they do not lead it; it says who does, and what they may do.
    """
    if actor.person is None or actor.person in leaders:
        return
    if actor.is_staff and mode.staff_may == "run":
        return
    led = ", ".join(sorted(leaders)) or "nobody yet"
    if actor.is_staff:
        raise Refusal(
            f"{run.id} is led by {led}; staff may {_MAY[mode.staff_may]} it, not {_WORDS[act]}.",
            f"Its mode {mode.id} says staff_may: {mode.staff_may}. Ask {led}.",
        )
    raise Refusal(f"{actor.name} does not lead {run.id} and may not {_WORDS[act]}.", f"It is led by {led}.")


# ------------------------------------------------------------------------------------------------------------- seeing
@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Somebody who looks at a run: whether they lead it, and the units (teams) they are in."""

    actor: Actor
    leads: bool
    mates: frozenset[str] = frozenset()

    @property
    def sees_all(self) -> bool:
        """The installation's own hand, whoever leads it and the brand's people see what rivals do not."""
        return self.actor.person is None or self.leads or self.actor.is_staff


def visible_works(phase: Any, visit: Visit, works: Iterable[Work], viewer: Viewer) -> list[Work]:
    """Works of a `submit` that somebody may see now: `seen_by` counts while the phase is open, then all do."""
    seen_by = getattr(phase, "seen_by", "all")
    if viewer.sees_all or seen_by == "all" or visit.state == "closed":
        return list(works)
    mine = {viewer.actor.person} | (set(viewer.mates) if seen_by == "team" else set())
    return [work for work in works if mine & {work.author, *authors_of(work)}]


def visible_acts(phase: Any, visit: Visit, acts: Iterable[Act], viewer: Viewer) -> list[Act]:
    """Answers, verdicts and scores that somebody may see now: of a `blind` gate only the own ones until it closes."""
    if viewer.actor.person is None or not getattr(phase, "blind", False) or visit.state == "closed":
        return list(acts)
    return [act for act in acts if act.by == viewer.actor.person]


def shows_authors(phase: Any, visit: Visit, actor: Actor) -> bool:
    """Whether the authors of what is judged are shown: not to those asked by a `blind` gate until it closes."""
    if not getattr(phase, "blind", False) or visit.state == "closed" or actor.person is None:
        return True
    roles = {who.removeprefix(ROLE) for who in visit.asked if who.startswith(ROLE)}
    return not (actor.person in visit.asked or roles & set(actor.roles))


def authors_of(work: Work) -> Sequence[str]:
    """Everybody who wrote a work."""
    return tuple(getattr(work, "authors", ()) or (work.author,))
