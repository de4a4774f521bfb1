"""Seating: what happens to teams after they were formed: who leaves, who comes instead, by whose hand, to the end.

The part, not the team, is the unit: a part that somebody leaves is offered again in the way in which the phase fills
parts, first to those who wait; what was handed in from it stays with it, and no deadline moves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from operations.errors import Refusal
from operations.known import readings_of
from operations.ports.inbox import Item
from operations.ports.runs import Visit
from operations.ports.teams import Seat, Team
from rules.compile import Compiler
from rules.evaluate import truth
from rules.fact import Fact
from rules.spec.phase import every_phase
from workflows import crews
from workflows.phases.form_teams.candidates import faults
from workflows.phases.form_teams.forming import BY_HAND, CLAIM, INVITE, PROPOSED, SOLVE, UNWILLING, parts_of, traits_of
from workflows.play import Free
from workflows.scenes import Settings
from workflows.setting import Setting
from workflows.through import leads

FORMS = "form_teams"
"""The kind of phase from which teams come."""

ANSWERS = ("confirm", "decline")

KEPT_FOR = timedelta(days=14)
"""How often it is looked whether parts are kept, besides whenever the run is looked at for something else."""


@dataclass(frozen=True)
class Seating:
    """The teams of one phase of a run, at one moment after it has formed them.

    Args:
        setting: of the phase.
        visit: its visit that formed them.
    """

    setting: Setting
    visit: Visit

    @property
    def phase(self) -> Any:
        return self.setting.phase

    @property
    def teams(self) -> list[Team]:
        """Its teams that are not over."""
        live = self.setting.house.teams.of_run(self.setting.run.id, live=True)
        return [one for one in live if (one.phase, one.visit) == (self.visit.phase, self.visit.visit)]

    # ------------------------------------------------------------------------------------------------- somebody comes
    def claim(self, member: str, slot: str, *, team: str | None = None) -> Team:
        """Take a part that nobody has.

        Raises:
            Refusal: parts are not claimed here, it is taken, or the member does not meet what it asks for.
        """
        if self.phase.fill != CLAIM:
            raise Refusal("Parts are not claimed here, they are offered.")
        found = self._with_slot(slot, team)
        self._may(found, member, slot)
        seat = Seat(team=found.id, slot=slot, member=member, since=self.setting.at, why={"how": CLAIM})
        self._come(found, seat, f"{slot} is taken by {', '.join(found.inside(slot))}.")
        return found

    def answer(self, member: str, *, yes: bool) -> Team:
        """Say yes or no to a part that was offered after the teams were formed.

        Raises:
            Refusal: nothing is offered to the member.
        """
        for team in self.teams:
            for seat in team.seats:
                if seat.member == member and seat.until is None and seat.offered_until is not None:
                    if yes and self.setting.at < seat.offered_until:
                        self._come(team, replace(seat, since=self.setting.at, offered_until=None), "")
                        return team
                    if not yes:
                        self.vacate(team, seat, at=self.setting.at, why="declined")
                        return team
        raise Refusal(f"No part is offered to {member}; another may have it by now.")

    def place(self, member: str, slot: str, *, team: str | None = None, instead: str | None = None, by: str) -> Team:
        """Put somebody into a part by hand; with `instead` they change places, or the other one is out.

        Raises:
            Refusal: it would break what was asked of teams, and how.
        """
        to = self._with_slot(slot, team)
        here = next(((one, seat) for one in self.teams for seat in one.seats if _there(seat, member)), None)
        if here is not None and (here[0].id, here[1].slot) == (to.id, slot):
            raise Refusal(f"{member} is {slot} there already.")
        other = next((seat for seat in to.seats if instead and _there(seat, instead) and seat.slot == slot), None)
        if instead and other is None:
            raise Refusal(f"{instead} is not {slot} of team {to.number}.")
        wrong = self._clashes(to, member, slot, without={member, instead or ""})
        if here is not None and other is not None and here[0].id != to.id:
            wrong += self._clashes(here[0], other.member, here[1].slot, without={member})
        elif here is not None and other is None and self._lacks(here[0], here[1]):
            wrong.append(f"team {here[0].number} would have nobody left as {here[1].slot}; swap with somebody")
        if wrong:
            raise Refusal(f"{'; '.join(wrong)}.", "Nothing was changed.")
        at, house = self.setting.at, self.setting.house
        if other is not None:
            self.vacate(to, other, at=at, why="by_hand", refill=False)
        if here is not None:
            self.vacate(here[0], here[1], at=at, why="moved", refill=other is None)
        told = {"how": BY_HAND, "by": by, **({"instead": instead} if instead else {})}
        self._come(to, Seat(team=to.id, slot=slot, member=member, since=at, why=told), f"{slot} is full.")
        if here is not None and other is not None:
            back = Seat(
                team=here[0].id,
                slot=here[1].slot,
                member=other.member,
                since=at,
                why={"how": BY_HAND, "by": by, "instead": member},
            )
            self._come(house.teams.team(here[0].id) or here[0], back, f"{here[1].slot} is full.")
        return to

    # ------------------------------------------------------------------------------------------------- somebody leaves
    def leave(self, member: str, *, why: str = "withdrew") -> int:
        """Everything that somebody has in these teams is free; returns how many parts that were."""
        mine = [(team, seat) for team in self.teams for seat in team.seats if _there(seat, member)]
        for team, seat in mine:
            self.vacate(team, seat, at=self.setting.at, why=why)
        return len(mine)

    def vacate(self, team: Team, seat: Seat, *, at: datetime, why: str, refill: bool = True) -> None:
        """A part is free: it is noted, told as a fact, and offered to the next."""
        house = self.setting.house
        if not house.teams.vacate(team.id, seat.slot, seat.member, at=at, why=why):
            return
        kind = "left_team" if seat.filled else "declined" if why == "declined" else "missed"
        self._tell(kind, team, seat, at, f"left/{seat.since.timestamp():.6f}")
        house.inbox.close(self.setting.community.id, [_offer(team, seat)])
        if refill:
            self._refill(team, seat, at)

    def tend(self) -> datetime | None:
        """Free what is idle, over or not kept, pass on what was not answered; returns when to look again."""
        at, teams = self.setting.at, self.teams
        if not teams:
            return None
        looks: list[datetime] = []
        slots = {slot.id: slot for slot in self.phase.slots}
        here = [(team, seat) for team in teams for seat in team.seats if seat.until is None]
        people = {seat.member for _, seat in here}
        idle = any(slot.idle is not None for slot in slots.values())
        signs = self.setting.house.teams.signs(self.setting.run.id, people) if idle and people else {}
        gone, lost = self._gone(sorted(people)), self._not_kept(slots, here)
        for team, seat in here:
            slot = slots[seat.slot]
            if seat.offered_until is not None:
                if seat.offered_until <= at:
                    self.vacate(team, seat, at=seat.offered_until, why="silent")
                else:
                    looks.append(seat.offered_until)
                continue
            ends: list[tuple[datetime, str]] = []
            if slot.term is not None:
                ends.append((self.setting.until(str(slot.term), seat.since), "term"))
            if slot.idle is not None and not self._keeps_at_it(seat.member):
                since = max(seat.since, self.visit.closed_at or seat.since, signs.get(seat.member, seat.since))
                ends.append((self.setting.until(str(slot.idle), since), "idle"))
            if seat.member in gone or (seat.slot, seat.member) in lost:
                ends.append((at, "left" if seat.member in gone else "keep"))
            due = [end for end in ends if end[0] <= at]
            if due:
                self.vacate(team, seat, at=min(due)[0], why=min(due)[1])
            else:
                looks += [end for end, _ in ends]
        waits_for_somebody = self._fill_what_is_free(at)
        if waits_for_somebody or any(slot.keep is not None for slot in slots.values()):
            looks.append(at + KEPT_FOR)
        return min(looks, default=None)

    # ------------------------------------------------------------------------------------------------------- in common
    def _with_slot(self, slot: str, team: str | None) -> Team:
        known = [part.id for part in parts_of(self.phase)]
        if slot not in known:
            raise Refusal(f"There is no part {slot!r}; there are {', '.join(known)}.")
        teams = self.teams
        if team is not None:
            named = [one for one in teams if team in (one.id, str(one.number))]
            if not named:
                raise Refusal(f"There is no team {team!r}.", f"Teams: {', '.join(str(one.number) for one in teams)}.")
            return named[0]
        limits = {part.id: part.limit for part in parts_of(self.phase)}
        free = [one for one in teams if len(one.inside(slot)) < limits[slot]]
        if not (free or teams):
            raise Refusal("There is no team.")
        return (free or teams)[0]

    def _may(self, team: Team, member: str, slot: str) -> None:
        if not crews.may_do(self.setting, member, slot):
            raise Refusal(f"{member} does not meet what {slot} asks for.")
        wrong = self._clashes(team, member, slot, without=set())
        if wrong:
            raise Refusal(f"{'; '.join(wrong)}.")

    def _clashes(self, team: Team, member: str, slot: str, *, without: set[str]) -> list[str]:
        """What speaks against somebody in a part of a team."""
        inside = {part.id: [who for who in team.inside(part.id) if who not in without] for part in parts_of(self.phase)}
        inside[slot] = [*inside[slot], member]
        everybody = [who for people in inside.values() for who in people]
        known = {one.id: one for one in crews.known_of(self.setting, everybody)}
        people = {
            who: replace(one, parts=one.parts | {part}) if who != member else one
            for part, there in inside.items()
            for who in there
            if (one := known.get(who, Free(id=who, parts=frozenset()))) is not None
        }
        apart = crews.apart_of(self.setting, everybody)
        traits = traits_of(self.phase, crews.values_of(self.setting))
        return faults(inside, people, parts_of(self.phase), traits, apart=apart, partly=True)

    def _lacks(self, team: Team, seat: Seat) -> bool:
        needs = next((part.needs for part in parts_of(self.phase) if part.id == seat.slot), 0)
        return len(team.inside(seat.slot)) - 1 < needs

    def _come(self, team: Team, seat: Seat, full: str) -> None:
        house, run = self.setting.house, self.setting.run
        if not house.teams.seat(seat):
            raise Refusal(full or f"{seat.slot} is full.")
        if seat.offered_until is None:
            house.runs.take_part(run.id, {seat.member: seat.slot})
            self._tell("joined_team", team, seat, seat.since, f"joined/{seat.since.timestamp():.6f}")

    def _refill(self, team: Team, before: Seat, at: datetime) -> None:
        """A part that somebody had goes to the next, or is offered to them."""
        if self.phase.fill == CLAIM and self.setting.run.rehearsed:
            self._claimed_by_somebody(team, before, at)
        if self.phase.fill in PROPOSED and before.until is None:
            self._offer(team, before.slot, at, instead=before.member)

    def _fill_what_is_free(self, at: datetime) -> bool:
        """Offer what nobody has to whoever could be in by now; whether anything is still free."""
        if self.phase.fill not in PROPOSED:
            return False
        free = [(team, slot.id) for team in self.teams for slot in self.phase.slots if self._room(team, slot.id)]
        for team, slot in free:
            while self._offer(self.setting.house.teams.team(team.id) or team, slot, at):
                pass
        return any(self._room(self.setting.house.teams.team(team.id) or team, slot) for team, slot in free)

    def _room(self, team: Team, slot: str) -> int:
        """How many more a part takes: of seats to which people are invited as many as there are, else as it needs."""
        part = next(one for one in parts_of(self.phase) if one.id == slot)
        most = part.limit if self.phase.fill == INVITE else max(part.needs, 1)
        return most - len([one for one in team.seats if one.until is None and one.slot == slot])

    def _offer(self, team: Team, slot: str, at: datetime, *, instead: str | None = None) -> bool:
        """A part goes to the first who fits, or is offered to them: those who waited first, then who came since."""
        now = self.setting.house.teams.team(team.id) or team
        if self._room(now, slot) <= 0:
            return False
        known = {one.id: one for one in crews.free(self.setting)}
        said_no = {one.member for one in team.seats if one.left in ("declined", "silent")} | {instead}
        waiting = [who for who in self._waiting(known) if who not in said_no]
        fitting = [
            who
            for who in waiting
            if who in known and slot in known[who].parts and not self._clashes(now, who, slot, without=set())
        ]
        if not fitting:
            return False
        who = min(fitting, key=lambda one: known[one].load) if self.phase.fill == SOLVE else fitting[0]
        asked = self.phase.confirm is not None or self.phase.fill == INVITE
        within = str(self.phase.confirm if self.phase.confirm is not None else self.phase.within)
        until = self.setting.until(within, at) if asked else None
        told = {"how": self.phase.fill, "could": sorted(known[who].parts)}
        told |= {} if instead is None else {"instead": instead}
        seat = Seat(team=team.id, slot=slot, member=who, since=at, why=told, offered_until=until)
        try:
            self._come(team, seat, "")
        except Refusal:  # somebody has come by another way since it was looked at; the run is not to end for that
            return False
        if until is not None:
            self.setting.house.inbox.open([self._item(team, seat, until)])
        return True

    def _claimed_by_somebody(self, team: Team, before: Seat, at: datetime) -> None:
        """A simulated member takes a part that has become free."""
        now = self.setting.house.teams.team(team.id) or team
        been = {seat.member for seat in now.seats}
        for who in self.setting.crowd(self.visit).some(60):
            if who not in been and crews.may_do(self.setting, who, before.slot):
                self._come(team, Seat(team=team.id, slot=before.slot, member=who, since=at, why={"how": CLAIM}), "")
                return

    def _waiting(self, known: Collection[str]) -> list[str]:
        """Who waited when the teams were formed, in order, and who of those known could be in only since; without a
        part now."""
        here = {seat.member for team in self.teams for seat in team.seats if seat.until is None}
        latest = self.setting.house.runs.visit(self.visit.run, self.visit.phase, self.visit.visit)
        results = latest.results if latest is not None else {}
        waited = list(results.get("waiting", ()))
        met = {seat.member for team in self.teams for seat in team.seats}
        met |= {*waited, *results.get("members", ()), *results.get(UNWILLING, ())}
        return [who for who in (*waited, *(one for one in known if one not in met)) if who not in here]

    def _gone(self, people: Sequence[str]) -> set[str]:
        """Who took back consent."""
        found = self.setting.house.members(self.setting.community).find(people) if people else ()
        return {one.id for one in found if one.attributes.get("consent") is False}

    def _keeps_at_it(self, member: str) -> bool:
        """In a rehearsal most do what they took on, whatever it is."""
        return self.setting.run.rehearsed and self.setting.crowd(self.visit).percent("keeps at it", member) < 85

    def _not_kept(self, slots: Mapping[str, Any], here: Sequence[tuple[Team, Seat]]) -> set[tuple[str, str]]:
        """Parts of which what has to be kept is surely untrue of whoever has them."""
        lost: set[tuple[str, str]] = set()
        for slot in slots.values():
            people = sorted({seat.member for _, seat in here if seat.slot == slot.id})
            if slot.keep is None or not people:
                continue
            condition = Compiler(self.setting.community).condition(slot.keep)
            known = self.setting.people.known.members(people, readings_of(condition))
            lost |= {(slot.id, who) for who, evidence in known.items() if truth(condition, evidence) is False}
        return lost

    def _item(self, team: Team, seat: Seat, until: datetime) -> Item:
        title = self.phase.title or self.setting.community.tasks[self.setting.run.task].title
        run, visit = self.setting.run, self.visit
        return Item(
            community=self.setting.community.id,
            id=_offer(team, seat),
            asked=(seat.member,),
            title={"en": title.en, "zh": title.zh},
            opened_at=seat.since,
            due=until,
            about=team.id,
            choices=ANSWERS,
            run=run.id,
            phase=visit.phase,
            visit=visit.visit,
            workflow=run.id,
            scale=run.scale,
            began_at=visit.began_at if run.scale is not None else None,
        )

    def _tell(self, kind: str, team: Team, seat: Seat, at: datetime, key: str) -> None:
        run = self.setting.run
        told: dict[str, Any] = {"task": run.task, "mode": run.mode, "phase": self.visit.phase, "run": run.id}
        if kind in ("joined_team", "left_team"):
            told |= {"team": team.id, "slot": seat.slot}
        leader = leads(self.setting, team) if kind == "joined_team" else None
        if leader is not None and leader != seat.member:
            told["via"] = leader
        name = f"{team.id}/{seat.slot}/{seat.member}/{kind}/{key}"
        self.setting.house.facts(self.setting.community).record([Fact(name, kind, seat.member, at, None, told)])


def seatings(settings: Settings, run_id: str, at: datetime) -> Iterator[Seating]:
    """The phases of a run that have formed teams which are not over."""
    live = settings.house.teams.of_run(run_id, live=True)
    for phase, number in dict.fromkeys((team.phase, team.visit) for team in live):
        visit = settings.house.runs.visit(run_id, phase, number)
        if visit is not None and visit.state == "closed":
            yield Seating(settings.of(run_id, phase, at=at, scope=visit.scope), visit)


def tend(settings: Settings, run_id: str, at: datetime) -> datetime | None:
    """Look after the teams of a run; returns when to look again, None if nothing can change by itself."""
    run = settings.run(run_id)
    mode = settings.mode(run, settings.house.specs.at(run.digest, run.community))
    if not any(phase.kind == FORMS for _, phase in every_phase(mode.phases)):
        return None
    looks = [look for one in seatings(settings, run_id, at) if (look := one.tend()) is not None]
    return min(looks, default=None)


def _there(seat: Seat, member: str) -> bool:
    return seat.member == member and seat.until is None


def _offer(team: Team, seat: Seat) -> str:
    return f"{team.id}/{seat.slot}+{seat.member}"
