"""Seeing: what somebody may see of a run now: rivals nothing before the close, judges no authors while they judge.

While a `submit` is open its `seen_by` says who sees works of others; while a `blind` gate is open those it asks see
neither the authors of what they look at nor what the others said. They know such a work by another name (`~1f3c…`),
and score or answer under that name. What a `private` form holds is for whoever filled it in, the member's contact and
whoever leads the run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.errors import Refusal
from operations.rights import Actor, Viewer, actor_of, authors_of, owners, shows_authors, visible_acts, visible_works
from workflows.setting import KEPT

if TYPE_CHECKING:
    from operations.house import House
    from operations.ports.runs import Act, Run, Visit, Work
    from rules.spec import Community
    from workflows.at_inbox import AtInbox

HIDDEN = "~"


def other_name(run: Run, work: str) -> str:
    """The name under which a work is judged without its author; the same for everybody in the run."""
    return HIDDEN + hashlib.blake2b(f"{run.seed}/{work}".encode(), digest_size=6).hexdigest()


def real_name(house: House, run_id: str, name: str) -> str:
    """The work that is meant by a name; a name that is none of those stays as it is."""
    run = house.runs.run(run_id) if name.startswith(HIDDEN) else None
    if run is None:
        return name
    things = (thing for visit in house.runs.visits(run_id) for thing in visit.things)
    return next((thing for thing in things if other_name(run, thing) == name), name)


def seen(desk: AtInbox, run_id: str, person: str | None) -> dict[str, Any]:
    """A run as somebody may see it now: every phase with its works and answers as far as they may be seen.

    Args:
        person: who looks; None is the installation's own hand, who sees everything.

    Raises:
        Refusal: there is no such run, or it is a cohort's and somebody else looks.
    """
    run, mode, people = desk.around(run_id)
    house, community = desk.house, people.known.community
    actor = actor_of(house.effects, community, person)
    leads = person is not None and person in owners(people, house.effects, community, mode, run)
    mates = _mates(house, run, person)
    viewer = Viewer(actor=actor, leads=leads, mates=mates)
    if mode.for_ == "cohort" and not viewer.sees_all and person not in people.things("subject.members"):
        raise Refusal(f"{run.id} is for {run.subject} only, and {person} does not belong to it.")
    visits = house.runs.visits(run.id)
    phases = people.around.phases if people.around is not None else {}
    names = _hidden(run, visits, phases, actor)
    told = []
    for visit in visits:
        phase = phases.get(visit.phase)
        works = house.runs.works(run.id, visit.phase, since=visit.visit, until=visit.visit)
        acts = house.runs.acts(run.id, visit.phase, since=visit.visit, until=visit.visit)
        shown = visible_works(phase, visit, works, viewer)
        heard = visible_acts(phase, visit, acts, viewer)
        may_read = _reader(house, community, run, phase, viewer)
        told.append(
            {
                "phase": visit.phase,
                "visit": visit.visit,
                "scope": visit.scope,
                "kind": visit.kind,
                "state": visit.state,
                "outcome": visit.outcome,
                "works": [_work(work, names) for work in shown],
                "works_hidden": len(works) - len(shown),
                "answers": [_act(act, may_read) for act in heard],
                "answers_hidden": len(acts) - len(heard),
                "things": list(visit.things),
                "results": _results(community, phase, visit, all(map(may_read, acts))),
            }
        )
    renamed = _renamed({"run": run.id, "as": actor.name, "leads": leads, "phases": told}, names)
    assert isinstance(renamed, dict)
    return renamed


def _mates(house: House, run: Run, person: str | None) -> frozenset[str]:
    """Those who are in a team of the run with somebody."""
    if person is None:
        return frozenset()
    found: set[str] = set()
    for team in house.teams.of_run(run.id, live=True):
        members = set(team.inside())
        if person in members:
            found |= members
    return frozenset(found)


def _hidden(run: Run, visits: Iterable[Visit], phases: Mapping[str, Any], actor: Actor) -> Mapping[str, str]:
    """Works whose authors somebody must not know now, with the names by which they know them."""
    return {
        work: other_name(run, work)
        for visit in visits
        if not shows_authors(phases.get(visit.phase), visit, actor)
        for work in visit.things
    }


def _reader(house: House, community: Community, run: Run, phase: Any, viewer: Viewer) -> Callable[[Act], bool]:
    """Whether somebody may read what an answer says."""
    form = getattr(phase, "form", None)
    declared = community.facts.get(form) if isinstance(form, str) else None
    if declared is None or not declared.private or viewer.actor.person is None or viewer.leads:
        return lambda act: True
    contact = house.effects.assigned(run.community, run.subject or "").get("contact")
    return lambda act: viewer.actor.person in (act.by, contact)


def _results(community: Community, phase: Any, visit: Visit, may_read: bool) -> dict[str, Any]:
    """What came out, without what a phase keeps for itself; answers of a private form only for who may read them."""
    form = getattr(phase, "form", None)
    declared = community.facts.get(form) if isinstance(form, str) and not may_read else None
    hidden = {KEPT, *(field.id for field in (declared.fields if declared is not None else ()))}
    return {name: value for name, value in visit.results.items() if name not in hidden}


def _work(work: Work, names: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": work.id,
        "at": work.at,
        "state": work.state,
        "late": work.late,
        "fields": dict(work.fields),
    }
    if work.id not in names:
        told["authors"] = list(authors_of(work))
    return told


def _act(act: Act, may_read: Callable[[Act], bool]) -> dict[str, Any]:
    told: dict[str, Any] = {"by": act.by, "about": act.about, "did": act.verb, "choice": act.choice, "at": act.at}
    if may_read(act):
        told["fields"] = dict(act.fields)
    return told


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The same with every hidden work under its other name."""
    if not names:
        return value
    match value:
        case str():
            return names.get(value, value)
        case datetime():
            return value
        case Mapping():
            return {names.get(key, key): _renamed(one, names) for key, one in value.items()}
        case list() | tuple():
            return [_renamed(one, names) for one in value]
        case _:
            return value
