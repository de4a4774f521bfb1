"""Teamwork: what people do about teams: say yes or no, take a part, leave it, or put somebody somewhere by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operations.errors import Refusal
from operations.ports.runs import RUNNING, Visit
from workflows.play import ROLE
from workflows.scenes import run_time
from workflows.seating import Seating

if TYPE_CHECKING:
    from workflows.desk import Desk

KIND = "form_teams"


class Teamwork:
    """The teams of a run, from the moment at which they are formed to its end.

    Args:
        desk: where acts are taken.
        run: the run.
        phase: the phase that forms them; without it the one that is open, or else the last that was.

    Raises:
        Refusal: the run forms no teams, or is over.
    """

    def __init__(self, desk: Desk, run: str, phase: str | None = None, *, visit: int | None = None) -> None:
        known = desk.settings.run(run)
        if known.status != RUNNING:
            raise Refusal(f"{run} is over ({known.end}).")
        visits = [one for one in desk.house.runs.visits(run) if one.kind == KIND and phase in (None, one.phase)]
        visits = [one for one in visits if visit in (None, one.visit) and one.state != "skipped"]
        if not visits:
            raise Refusal(
                f"{run} has formed no teams{f' in {phase}' if phase else ''} yet.", f"See `trellis task {run}`."
            )
        going = [one for one in visits if one.state == "open"]
        self._desk, self.run, self.visit = desk, run, (going or visits)[-1]
        self._visits = visits

    @property
    def is_open(self) -> bool:
        """Whether the teams are still being formed."""
        return self.visit.state == "open"

    def confirm(self, member: str) -> None:
        """Say yes to a part. Raises Refusal when none is offered."""
        if self.is_open:
            self._act("confirm", by=member)
        else:
            self._later(lambda one: one.answer(member, yes=True))

    def decline(self, member: str) -> None:
        """Say no to a part, or to any. Raises Refusal when the member is not asked."""
        if self.is_open:
            self._act("decline", by=member)
        else:
            self._later(lambda one: one.answer(member, yes=False))

    def claim(self, member: str, slot: str, *, team: str | None = None) -> None:
        """Take a part: while teams are formed, and afterwards as long as nobody has it.

        Raises:
            Refusal: it is taken, or the member may not have it; with the reason.
        """
        setting, _ = self._setting()
        stranger = self._desk.strangers(setting, [member]).get(member)
        if stranger is not None:
            raise Refusal(f"{stranger}.")
        if self.is_open:
            self._act("claim", by=member, about=f"{team}#{slot}" if team else slot)
        else:
            self._later(lambda one: one.claim(member, slot, team=team))

    def place(self, member: str, slot: str, *, team: str | None = None, instead: str | None = None, by: str) -> None:
        """Put somebody into a part by hand, with `instead` in exchange for who has it.

        Raises:
            Refusal: what was asked of teams would be broken; it says what.
        """
        if not self._setting()[0].house.members(self._setting()[0].community).find([member]):
            raise Refusal(f"There is no member {member!r}.", "See `trellis members`.")
        if self.is_open:
            about, fields = f"{member}@{team}#{slot}" if team else f"{member}@{slot}", {"instead": instead or ""}
            self._act("place", by=by, about=about, fields=fields)
        else:

            def put(one: Seating) -> None:
                _own_only(one, by, member, instead, team=team)
                one.place(member, slot, team=team, instead=instead, by=by)

            self._later(put)

    def leave(self, member: str, *, why: str = "withdrew", by: str | None = None) -> None:
        """Leave whatever part one has; `by` is who takes somebody else out.

        Raises:
            Refusal: the member is in no team, or in one that is not theirs to change.
        """

        def go(one: Seating) -> None:
            if by is not None and by != member:
                _own_only(one, by, member)
            if not one.leave(member, why=why):
                raise Refusal(f"{member} is in no team here.")

        if self.is_open:
            self._act("decline", by=member)
        else:
            self._later(go)

    # ------------------------------------------------------------------------------------------------------- in common
    def _setting(self) -> tuple[Any, Visit]:
        known = self._desk.settings.run(self.run)
        visit = self.visit
        at = run_time(known, visit, self._desk.now()) if visit.state == "open" else self._now()
        return self._desk.settings.of(self.run, visit.phase, at=at, scope=visit.scope), visit

    def _now(self) -> Any:
        """What time it is in the run: in its phase that is open."""
        known = self._desk.settings.run(self.run)
        going = [one for one in self._desk.house.runs.visits(self.run) if one.state == "open"]
        latest = max(going or self._visits, key=lambda one: one.opened_at)
        at = run_time(known, latest, self._desk.now())
        return max(at, latest.closed_at) if latest.closed_at is not None and not going else at

    def _act(self, verb: str, *, by: str, about: str = "", fields: dict[str, Any] | None = None) -> None:
        house = self._desk.house
        with house.runs.together():
            house.teams.alone(f"{self.run}/{self.visit.phase}")
            setting, visit = self._desk.opened(self.run, self.visit.phase, visit=self.visit.visit)
            acts = house.runs.acts(self.run, visit.phase, since=visit.visit, until=visit.visit)
            version = 1 + sum(1 for one in acts if (one.by, one.about, one.verb) == (by, about, verb))
            role = by if by.startswith(ROLE) else None
            self._desk.act(setting, visit, verb, by=by, role=role, about=about, fields=fields or {}, version=version)
        self._desk.nudge(setting, visit)

    def _later(self, change: Any) -> None:
        house = self._desk.house
        with house.runs.together():
            house.teams.alone(f"{self.run}/{self.visit.phase}")
            setting, visit = self._setting()
            change(Seating(setting, visit))
        self._desk.nudge_all(self.run)


def _own_only(seating: Seating, by: str, *about: str | None, team: str | None = None) -> None:
    """See that whoever leads a run by their part in one team, as a mentor does, changes nothing in another one.

    Raises:
        Refusal: it is about people of another team, or that team is named.
    """
    phase, _, part = seating.setting.mode.owner.partition(".")
    led = [one for one in seating.teams if phase == seating.visit.phase and by in one.inside(part)]
    meant = [one for one in seating.teams if team in (one.id, str(one.number)) or set(about) & set(one.inside())]
    other = next((one for one in meant if led and one not in led), None)
    if other is not None:
        raise Refusal(
            f"{by} does not lead team {other.number}, and changes nothing in it.",
            f"It is led by {', '.join(other.inside(part)) or 'nobody'}.",
        )
