"""Through: the member through whom somebody came: who leads the team or the circle, or who began the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from operations.ports.teams import Team
from workflows.play import ROLE, Note
from workflows.setting import Setting

JOINED, ENROLLED = "joined_team", "enrolled"


def through(setting: Setting, notes: Iterable[Note]) -> Callable[[Note], str | None]:
    """Of a note that somebody came in, the member through whom; None where it was nobody, or they themselves.

    In a team it is whoever has the part that leads the run (a mentor their mentees); into the run itself whoever
    leads it alone, or else the member who began it.
    """
    of_teams = _leaders(setting, notes)

    @cache
    def of_run() -> str | None:
        owner = str(setting.mode.owner)
        leads = setting.people.things(owner) if setting.around.is_result(owner) else []
        alone = leads[0] if len(leads) == 1 and not leads[0].startswith(ROLE) else None
        return alone or setting.run.starter

    def of(note: Note) -> str | None:
        found = None
        if note.kind == JOINED:
            found = of_teams.get(str(note.fields.get("team")))
        elif note.kind == ENROLLED:
            found = of_run()
        return found if found != note.member else None

    return of


def leads(setting: Setting, team: Team) -> str | None:
    """Who leads a team, if one of its parts leads the run and one member has it."""
    phase, _, part = str(setting.mode.owner).partition(".")
    inside = team.inside(part) if part and phase == team.phase else ()
    return inside[0] if len(inside) == 1 else None


def _leaders(setting: Setting, notes: Iterable[Note]) -> Mapping[str, str]:
    """Who leads each team that is being formed, as its notes tell."""
    phase, _, part = str(setting.mode.owner).partition(".")
    if phase != setting.phase.id:
        return {}
    found: dict[str, set[str]] = {}
    for note in notes:
        if note.kind == JOINED and note.fields.get("slot") == part and note.member is not None:
            found.setdefault(str(note.fields.get("team")), set()).add(note.member)
    return {team: next(iter(inside)) for team, inside in found.items() if len(inside) == 1}
