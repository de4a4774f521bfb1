"""Meeting: what host and guests of a gathering do: set the day, say who was there, write the minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from operations.errors import Refusal
from operations.ports.runs import Visit
from workflows.phases.meet.play import ATTEND, DAY, HOST, MINUTES
from workflows.play import ROLE
from workflows.setting import Setting

if TYPE_CHECKING:
    from workflows.at_gate import Said
    from workflows.desk import Desk


class Meeting:
    """One gathering that is open.

    Args:
        desk: where acts are taken.
        run: the run it belongs to.
        phase: its phase; the one that is open without it.

    Raises:
        Refusal: none is open.
    """

    def __init__(self, desk: Desk, run: str, phase: str | None = None, *, visit: int | None = None) -> None:
        if phase is None:
            open_ = desk.house.runs.latest_open(run, "meet")
            if open_ is None:
                raise Refusal(f"Nobody is invited to meet in {run} now.", f"See `trellis task {run}`.")
            phase = open_.phase
        self._desk, self.run, self.phase = desk, run, phase
        self.setting, self.visit = desk.opened(run, phase, visit=visit)
        if self.setting.phase.kind != "meet":
            raise Refusal(f"{phase} of {run} is no gathering.")

    def set_day(self, day: str, *, by: str) -> Said:
        """Say when it takes place, or that it takes place at another time; the last word counts.

        Args:
            day: a local moment (`2027-03-08 10:00`) or a time from now (`3d`).

        Raises:
            Refusal: not the host, or no time within which it may take place.
        """
        return self._move("set_day", by, fields={DAY: day})

    def attend(self, *, by: str, people: Sequence[str] = (), roles: Mapping[str, str] | None = None) -> list[Said]:
        """Say that one was there; a host says it of others too.

        Args:
            people: who was there; whoever says it without them.
            roles: in which role somebody of the staff was there: person to `role:management`.

        Raises:
            Refusal: not invited, not the host, or before the day.
        """
        as_ = dict(roles or {})
        for who, role in as_.items():
            if who not in self.setting.house.effects.people(self.visit.community, role.removeprefix(ROLE)):
                raise Refusal(f"{who} is not in {role}.", "See `trellis staff`.")
        if not people and not as_:
            return [self._move(ATTEND, by)]
        everybody = dict.fromkeys((*people, *as_))
        return [
            self._move(ATTEND, by, about="" if who == by else who, fields={"as": as_[who]} if who in as_ else {})
            for who in everybody
        ]

    def minutes(self, fields: Mapping[str, Any], *, by: str) -> Said:
        """Write the minutes; with them it is over.

        Raises:
            Refusal: not the host, before the day, or the form does not fit.
        """
        return self._move("minutes", by, fields=fields)

    def state(self) -> dict[str, Any]:
        """Who is invited and hosts, the agenda, the day, and who was there so far."""
        scene = self.setting.scene(self.visit)
        closing = self.setting.play.closing(self.setting.phase, scene)
        return {
            "hosts": list(scene.groups[HOST]),
            "invited": list(scene.asked),
            "must": [ref for ref in scene.groups if ref != HOST],
            "agenda": list(scene.things),
            "day": closing.results["day"],
            "attended": list(closing.results["attended"]),
            "staff": list(closing.results["staff"]),
            "deadline": scene.deadline.isoformat() if scene.deadline is not None else None,
        }

    def done(self, outcome: str, fields: Mapping[str, Any], *, by: str) -> None:
        """What somebody says at their inbox: the day, the minutes, or that they were there."""
        if outcome == DAY:
            self.set_day(str(fields.get(DAY, "")), by=by)
        elif outcome == MINUTES:
            self.minutes(fields, by=by)
        else:
            self.attend(by=by)

    def _move(self, verb: str, by: str, *, about: str = "", fields: Mapping[str, Any] | None = None) -> Said:
        role = role_in(self.setting, self.visit, by)
        return self._desk.act(self.setting, self.visit, verb, by=by, role=role, about=about, fields=fields or {})


def role_in(setting: Setting, visit: Visit, by: str) -> str | None:
    """The role in which somebody is at a gathering who is not there by name; the host's first."""
    if by.startswith(ROLE):
        return by
    groups = setting.scene(visit).groups
    named = {who for group in (visit.asked, *groups.values()) for who in group}
    if by in named:
        return None
    roles = dict.fromkeys(who for group in (groups[HOST], *groups.values(), visit.asked) for who in group)
    staff = setting.house.effects.people
    return next(
        (one for one in roles if one.startswith(ROLE) and by in staff(visit.community, one.removeprefix(ROLE))), None
    )
