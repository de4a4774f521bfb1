"""Setting: one phase of one run at one moment, and the scenes that its play may look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

from operations.allocation import Allocation
from operations.around import Around
from operations.errors import Refusal
from operations.house import House
from operations.people import FEW, EffectPeople, People
from operations.ports.persons import FORGOTTEN
from operations.ports.resources import Claim
from operations.ports.runs import Entry, Run, Visit, Work
from operations.rehearsal import Crowd, lot, plain
from rules.counted import fact_kinds
from rules.spec import Community
from rules.spec.documents.mode import Mode
from rules.spec.people import Selection
from rules.spec.phase import PhaseSpec
from rules.time import deadline
from workflows import crews
from workflows.later import LaterMapping, LaterSequence
from workflows.legs import following
from workflows.play import ROLE, Asked, Figures, Kind, Scene, Wants, play_of

REFUSED = "refused"
"""Among what a phase keeps: why some runs that it should start could not be."""

KEPT = "@kept"
"""Among the results of a phase that is open: what its opening kept."""

SOON = timedelta(hours=1)
"""Whatever should have come in beside a phase by now comes within this; the phase is told when it does."""

OPEN_ENDED = ("everyone", "tier:", "stage:", "title:", "cohort:")


@dataclass(frozen=True)
class Setting:
    """One phase of one run, at one moment: who and what is around, before anything of the visit itself is read.

    `coming` are phases that it takes works from and whose branch goes on, as the workflow says.
    """

    house: House
    community: Community
    run: Run
    mode: Mode
    around: Around
    phase: PhaseSpec
    people: People
    at: datetime
    coming: tuple[str, ...] = ()

    @cached_property
    def follows(self) -> tuple[str, ...]:
        """Phases in branches beside this one from which it takes works as they come."""
        return following(self.mode.phases).get(self.phase.id, ()) if self.wants.follows else ()

    @property
    def play(self) -> Kind:
        """The rules of the phase's kind.

        Raises:
            Refusal: the kind cannot run yet.
        """
        found = play_of(self.phase.kind)
        if found is None:
            raise Refusal(f"{self.phase.id}: a phase of kind {self.phase.kind} cannot run yet.")
        return found

    @property
    def wants(self) -> Wants:
        """What the play has to look up."""
        return self.play.wants(self.phase)

    @property
    def resolver(self) -> EffectPeople:
        """Whom and what effects mean here."""
        return EffectPeople(self.people)

    def until(self, within: str, since: datetime) -> datetime:
        """Until when something lasts that began then."""
        community = self.community
        calendar = community.calendars[community.document.calendar]
        return deadline(
            within,
            since,
            zone=community.zone,
            calendar=calendar,
            slas=community.slas,
            calendars=community.calendars,
        )

    # ---------------------------------------------------------------------------------------------- works as they come
    def sources(self) -> list[Visit]:
        """Visits of the phases that works are taken from as they come."""
        return [one for phase in self.follows for one in self.around.visits_of(phase)]

    def growing(self) -> datetime | None:
        """Until when more works may come in beside this phase; None: no more will."""
        visits = self.sources()
        here = {one.phase for one in visits}
        soon = self.at + SOON
        moments = [max(one.deadline or soon, soon) for one in visits if one.state in ("open", "closing")]
        moments += [soon for phase in self.coming if phase not in here]
        return max(moments, default=None)

    def later(self, visit: Visit) -> datetime | None:
        """The deadline of a visit; while works may still come, as late as one that comes last may wait."""
        growing, within = self.growing(), self.wants.within
        if growing is None or within is None or visit.deadline is None:
            return visit.deadline
        return max(visit.deadline, self.until(within, growing))

    # ---------------------------------------------------------------------------------------------------------- scenes
    def before(self, visit: Visit) -> Scene:
        """The scene as the phase opens: who is asked and what about, and what still counts from before."""
        wants = self.wants
        asked = tuple(self.to_ask(wants.asked)) if wants.asked is not None else ()
        never = tuple(self.people.select(wants.never)) if wants.never is not None else ()
        if wants.everything:
            things: tuple[str, ...] = tuple(self._everything())
        elif wants.goods is not None and wants.things is None:
            things = (self.run.id,)
        else:
            things = tuple(self.people.things(wants.things)) if wants.things is not None else ()
        return self.scene(replace(visit, asked=asked, never=never, things=things))

    def scene(self, visit: Visit, *, due: bool = False, about: Collection[str] | None = None) -> Scene:
        """The scene of an open or closing visit, as it is now.

        Args:
            due: its time is up.
            about: things of the visit; only what is done about them is looked at, as if it were about nothing else.
        """
        wants, runs = self.wants, self.house.runs
        if about is not None:
            visit = replace(visit, things=tuple(about), many=0)
        works = LaterMapping(lambda: self._works(visit, wants))
        acts = LaterSequence(
            lambda: runs.acts(self.run.id, self.phase.id, since=visit.since, until=visit.visit, about=about)
        )
        return Scene(
            at=self.at,
            opened_at=visit.opened_at,
            deadline=visit.deadline,
            due=due,
            visit=visit.visit,
            subject=self.run.subject,
            asked=visit.asked,
            never=frozenset(visit.never),
            things=visit.things,
            growing=self.growing() if self.follows else None,
            kinds=self._kinds(visit, works) if wants.everything else {},
            works=works,
            expected=self.expected,
            reviewed=self.around.reviewed(self.phase.id),
            acts=acts,
            holds=self.people.holds(wants.until) if wants.until is not None else None,
            claims=self.claims(visit) if wants.goods is not None else (),
            groups={name: tuple(self.people.select(who)) for name, who in wants.groups.items()},
            agreed={name: agreed for name, ref in wants.agreed.items() if (agreed := self._answered(ref))},
            form_about=self._form_about(),
            lot=lambda name: lot(self.run.seed, self.run.task, self.phase.id, visit.since, plain(name, self.run.id)),
            until=lru_cache(maxsize=4096)(self.until),
            own=crews.own(self, visit, works) if wants.asked is not None else {},
            units=self.units,
            team_of=crews.team_of(self),
            kept=visit.results.get(KEPT, {}),
            free=lambda: crews.free(self),
            values=crews.values_of(self) if wants.traits else {},
            apart=lambda: crews.apart(self),
            may_do=lambda who, part: crews.may_do(self, who, part),
            place=f"{self.run.id}/{self.phase.id}",
            children=self._children(visit, wants),
            refused=tuple(visit.results.get(KEPT, {}).get(REFUSED, ())) if wants.children is not None else (),
        )

    def _answered(self, ref: str) -> frozenset[str]:
        """The values that a field of an earlier form was given last."""
        phase, _, name = ref.partition(".")
        given = [one.results[name] for one in self.around.visits_of(phase) if name in one.results]
        last = given[-1] if given else ()
        return frozenset(map(str, last if isinstance(last, list | tuple) else [last]))

    def _children(self, visit: Visit, wants: Wants) -> tuple[Run, ...]:
        if wants.children is None:
            return ()
        return tuple(children_of(self.house.runs.children(self.run.id), visit))

    def moments(self, scene: Scene) -> list[datetime]:
        """When something changed by itself in a phase: somebody's time to answer was over."""
        told = getattr(self.play, "moments", None)
        return [*told(self.phase, replace(scene, at=self.at))] if told is not None else []

    @cached_property
    def expected(self) -> tuple[str, ...] | None:
        """Of whom something is definitely expected; None where anybody of an open circle may come."""
        return self._expected(self.wants)

    @cached_property
    def units(self) -> Mapping[str, tuple[str, ...]]:
        """The teams, or parts of teams, of which works are expected, each with its people; none if members hand in."""
        return crews.units(self)

    def entry(self, entry: Entry) -> Entry:
        """A work on its way in, with the team or part that it is from."""
        return crews.from_unit(self, entry) if self.units else entry

    def barred(self, members: Sequence[str]) -> dict[str, str]:
        """Whose tier may not enter such a mode, and why."""
        closed = {
            tier.id: tier.title.en
            for ladder in self.community.ladders.values()
            if ladder.id == "tier"
            for tier in ladder.tiers
            if tier.may_enter and self.run.mode not in tier.may_enter
        }
        if not closed or not members:
            return {}
        found = {}
        for who, evidence in self.people.known.members(members).items():
            tier = evidence.attributes.get("tier")
            if isinstance(tier, str) and tier in closed:
                found[who] = f"members of the tier {closed[tier]} do not take part in {self.run.mode}"
        return found

    def claims(self, visit: Visit) -> tuple[Claim, ...]:
        """What was asked of something scarce in a visit, and what became of it."""
        of = self.house.resources.of_phase(self.run.id, self.phase.id, since=visit.visit, until=visit.visit)
        return tuple(of)

    @property
    def allocation(self) -> Allocation:
        """Asks for what is scarce, and settles it."""
        return Allocation(self.house, self.community, self.people.known)

    def closing_scene(self, visit: Visit, seen: Scene, *, at: datetime, due: bool) -> Scene:
        """The scene at the moment at which the phase closed, with its figures as of then."""
        then, look = self.people.known.then(at), self.people.look
        people = People(then, self.around, seed=self.run.seed, place=self.people.place, look=look)
        moved = replace(self, at=at, people=people)
        return replace(seen, at=at, due=due, figures=moved._figures(self.wants, visit, seen.works))

    def crowd(self, visit: Visit) -> Crowd:
        """The simulated participants of a visit."""
        eligible = self.wants.eligible

        def people() -> list[str]:
            return self.people.select(eligible if eligible is not None else "everyone")

        return Crowd(
            self.run.seed,
            f"{self.run.community}/{self.run.task}/{self.phase.id}/{visit.visit}",
            run=self.run.id,
            people=lru_cache(people),
            size=self.run.crowd,
            form=self.form,
            alike=self._staff(),
        )

    def _staff(self) -> Mapping[str, str]:
        """Who of the staff was assigned to the member whom the run is about: person to contact, host or tutor."""
        if self.mode.for_ != "member" or self.run.subject is None:
            return {}
        assigned = self.house.effects.assigned(self.community.id, self.run.subject)
        return {person: relation for relation, person in assigned.items()}

    def form(self, kind: str) -> Mapping[str, Any]:
        """The fields of a form: each with its type and as it is written."""
        declared = self.community.facts.get(kind)
        written = {field.id: field for field in declared.fields} if declared is not None else {}
        own = fact_kinds(self.community)[kind].own
        return {name: (own[name], field) for name, field in written.items()}

    def _works(self, visit: Visit, wants: Wants) -> dict[str, Work]:
        if self.phase.kind == "submit":
            found = self.house.runs.works(self.run.id, self.phase.id, since=visit.since, until=visit.visit)
            return {work.id: work for work in found if work.state != "refused"}
        if not visit.things:
            return {}
        by_id = self.house.runs.works_by_id(self.community.id, visit.things)
        return {thing: by_id[thing] for thing in visit.things if thing in by_id}

    def _expected(self, wants: Wants) -> tuple[str, ...] | None:
        """Of whom something is definitely expected; None where anybody of an open circle may come."""
        if wants.eligible is None or wants.asked is not None or not definite(wants.eligible):
            return None
        if wants.per != "member":
            return tuple(self.units)
        return tuple(self.to_ask(wants.eligible))

    def to_ask(self, who: Any) -> list[str]:
        """Members and roles that a who names, without those who want no contact any more: whoever is named by a result,
        such as those who came in, may have taken consent back since, or may have been forgotten."""
        found = self.people.select(who)
        if self.people.can_be_told(who):
            return found
        members = [one for one in found if not one.startswith(ROLE)]
        if len(members) <= FEW:
            known = {one.id: one for name in members if (one := self.people.known.person(name)) is not None}
        else:
            known = {one.id: one for one in self.house.members(self.community).find(members)}
        gone = {one.id for one in known.values() if one.attributes.get("consent") is False}
        gone |= {one for one in members if one.startswith(FORGOTTEN) and one not in known}
        return [one for one in found if one not in gone]

    def _everything(self) -> list[str]:
        """Works, people and runs: of this run, and of those that it started and waited for, theirs too."""
        runs = self._family()
        works = [work.id for run in runs for work in self.house.runs.works_of(run) if work.state != "refused"]
        parts = [who for run in runs for who in self.house.runs.parts(run)]
        return [*works, *dict.fromkeys(parts), *runs]

    def _family(self) -> list[str]:
        """The run and those that come from it, in the order in which they were begun."""
        found = [self.run.id]
        for run in found:
            found += [child.id for child in self.house.runs.children(run) if child.id not in found]
        return found

    def _kinds(self, visit: Visit, works: Mapping[str, Work]) -> dict[str, str]:
        runs = set(self._family())
        return {thing: "work" if thing in works else "run" if thing in runs else "member" for thing in visit.things}

    def _figures(self, wants: Wants, visit: Visit, works: Mapping[str, Work]) -> dict[Asked, Figures]:
        known = self.people.known
        things = visit.things or tuple(works)
        if self.phase.kind == "enrol":
            things = tuple(dict.fromkeys(act.by for act in self.house.runs.acts(self.run.id, self.phase.id)))
        authors = [work.author for work in works.values() if not work.author.startswith("role:")]
        runs = self._family() if wants.everything else [self.run.id]
        teams = crews.teams_of(self, things, works)
        others = (one for one in things if one not in works and one not in runs and teams.get(one) != one)
        members = list(dict.fromkeys([*authors, *others]))
        asked = [(one.name, one.over) for one in wants.figures]
        values = known.figures(asked, works=list(works.values()), members=members, runs=runs, teams=set(teams.values()))
        for name, over in asked:
            if known.kind_of(name) == "team":  # of a thing that is not a team: those of its team
                of_teams = values[name, over]
                values[name, over] = {thing: of_teams[team] for thing, team in teams.items() if team in of_teams}
        return {
            one: Figures(known.kind_of(one.name), values[one.name, one.over], known.places(one.name))
            for one in wants.figures
        }

    def _form_about(self) -> str:
        form = getattr(self.phase, "form", None)
        declared = self.community.facts.get(form) if form is not None else None
        return declared.about if declared is not None else "member"


def children_of(children: Sequence[Run], visit: Visit) -> Sequence[Run]:
    """Those of a run's children that one visit has started."""
    begins = f"{visit.run}/{visit.phase}/{visit.visit}/"
    return [one for one in children if one.key is not None and one.key.startswith(begins)]


def definite(who: Any) -> bool:
    """Whether a who names particular people: results, the subject, roles, or the first so many of some."""
    if who is None:
        return False
    if isinstance(who, Selection):
        return who.first is not None or all(definite(one) for one in who.from_)
    if isinstance(who, str):
        return not who.startswith(OPEN_ENDED)
    return all(definite(one) for one in who)
