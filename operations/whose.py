"""Whose: the people behind a thing that a rule is about, where people are wanted: of a work its authors, of a team
its members, of a run those who lead it or take part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from operations.desk import Desk

if TYPE_CHECKING:
    from operations.house import House
    from rules.spec import Community


def written_by(desk: Desk, community: Community, work: str) -> Sequence[str]:
    """Everybody whose work it is; nobody if it is not known."""
    found = None if desk.runs is None else desk.runs.works_by_id(community.id, [work]).get(work)
    return () if found is None else found.written_by


def inside(desk: Desk, community: Community, kind: str, thing: str) -> Sequence[str]:
    """Who belongs to a team, a cohort or a run; of a member the member alone."""
    match kind:
        case "cohort":
            return desk.touch.members_of(community.id, [thing])[thing]
        case "team":
            found = None if desk.teams is None else desk.teams.team(thing)
            return () if found is None else found.inside()
        case "run":
            return () if desk.runs is None else sorted(desk.runs.parts(thing))
    return [thing]


def of_run(desk: Desk, community: Community, run_id: str, ref: str, at: datetime) -> Sequence[str]:
    """Whom `run.owner`, `run.starter`, `run.participants` or `run.contributors` of a run names now."""
    from operations.arguments import bindable
    from operations.around import Around
    from operations.known import Known
    from operations.people import People

    run = None if desk.runs is None or desk.teams is None else desk.runs.run(run_id)
    if run is None or desk.runs is None:
        return []
    spec = desk.specs.at(run.digest, community.id)
    mode: Any = spec.bind(run.task, bindable(run.args))
    around = Around(spec, run, mode, desk.runs.visits(run_id))
    house = cast("House", desk)  # what is known is asked of ports that both have
    found = People(Known(house, spec, at), around, seed=run.seed, place=run.task).people(ref)
    return found or ([run.starter] if ref == "run.owner" and run.starter is not None else [])
