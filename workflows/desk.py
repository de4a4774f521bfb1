"""Desk: what a participant does, by whatever door they come: come in, hand in, score, answer, claim, complete, leave.

Who may act is looked at in the moment of the act, the form passes the typed gate, the phase's own rules are asked,
and then the gate decides in one transaction. Refusals say why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from operations.errors import Refusal
from operations.ports.inbox import Item
from operations.ports.runs import Act, Entry, Visit
from rules.counted import fact_kinds
from rules.fact import Fact
from rules.spec import Community
from rules.values import Value, ValueType
from workflows.at_gate import AtGate, Said, one_of
from workflows.play import REVISE, ROLE
from workflows.scenes import run_time
from workflows.seating import ANSWERS
from workflows.seeing import real_name
from workflows.setting import Setting


class Desk(AtGate):
    """Where participants act."""

    # ------------------------------------------------------------------------------------------------------ single acts
    def submit(
        self,
        run: str,
        phase: str,
        *,
        member: str,
        fields: Mapping[str, Any],
        into: str | None = None,
        visit: int | None = None,
    ) -> Said:
        """Hand a work in.

        Args:
            visit: the number of the visit, where a phase is open several times; that in which the member may act
                without it. The same in every verb.

        Raises:
            Refusal: the phase does not take it; with the reason and, if it is over, since when.
        """
        setting, opened = self.opened(run, phase, visit=visit, by=member)
        return self._submit(setting, opened, member, fields, into)

    def _submit(self, setting: Setting, visit: Visit, member: str, fields: Mapping[str, Any], into: str | None) -> Said:
        entry = Entry(author=member, at=self._time(setting, visit), fields=fields, into=into)
        return one_of(self.submit_many(setting, visit, [entry]))

    def enrol(
        self,
        run: str,
        *,
        member: str,
        fields: Mapping[str, Any],
        phase: str | None = None,
        visit: int | None = None,
    ) -> Said:
        """Come in, or accept an invitation.

        Raises:
            Refusal: the member may not, or nobody can come in now.
        """
        setting, at = self.opened(run, phase or self._phase_of(run, "enrol", member), visit=visit, by=member)
        return self._act(setting, at, Act(verb="enrol", by=member, at=self._time(setting, at), fields=fields))

    def decline(self, run: str, *, member: str, phase: str | None = None, visit: int | None = None) -> Said:
        """Say no to an invitation. Raises Refusal when there is none."""
        setting, at = self.opened(run, phase or self._phase_of(run, "enrol", member), visit=visit, by=member)
        return self._act(setting, at, Act(verb="decline", by=member, at=self._time(setting, at)))

    def withdraw(self, run: str, *, member: str) -> Said:
        """Leave a run: out of an open enrolment, and works that are not accepted yet are taken back.

        That somebody left is a fact (`withdrew`), whether the enrolment by which they came in is still open or not.

        Raises:
            Refusal: the member has no part in the run.
        """
        told = False
        for known in self.house.runs.open_visits(run, kind="enrol"):
            setting, visit = self.opened(run, known.phase, visit=known.visit)
            act = Act(verb="withdraw", by=member, at=self._time(setting, visit))
            if setting.play.refusal(setting.phase, setting.scene(visit), act) is None:
                self._act(setting, visit, act)
                told = True
        self._leave_teams(run, member)
        if not self.house.runs.leave(run, member):
            raise Refusal(f"{member} has no part in {run}.")
        if not told:
            self._tell_left(run, member)
        return Said(id=run)

    def _tell_left(self, run_id: str, member: str) -> None:
        """That somebody left who came in by an enrolment that is over, or by none."""
        run = self.settings.run(run_id)
        visits = self.house.runs.visits(run_id)
        at = run_time(run, visits[-1], self._now()) if visits else self._now()
        fields: dict[str, Value] = {"task": run.task, "mode": run.mode, "run": run.id, "by": member}
        community = self.house.specs.at(run.digest, run.community)
        key = f"{run.id}/withdrew/{member}/{at.timestamp():.6f}"
        self.house.facts(community).record([Fact(key, "withdrew", member, at, None, fields)])

    def _leave_teams(self, run: str, member: str) -> None:
        from workflows.teamwork import Teamwork

        forming = {one.phase for one in self.house.teams.of_run(run, live=True) if member in one.inside()}
        for phase in sorted(forming):
            Teamwork(self, run, phase).leave(member)

    def score(
        self,
        run: str,
        *,
        work: str,
        by: str,
        scores: Mapping[str, int],
        phase: str | None = None,
        visit: int | None = None,
    ) -> Said:
        """Score a work as a judge (a member, or somebody in a judging role).

        Raises:
            Refusal: not a judge, the own work, or scores that do not fit the rubric.
        """
        work = real_name(self.house, run, work)
        phase = phase or self._phase_of(run, "judge", by, work)
        setting, at = self.opened(run, phase, visit=visit, by=by, about=work)
        role = self._role(at, by)
        act = Act(verb="score", by=by, role=role, about=work, at=self._time(setting, at), fields=scores)
        return self._act(setting, at, act)

    def answer(
        self,
        run: str,
        phase: str,
        *,
        by: str,
        choice: str,
        about: str = "",
        fields: Mapping[str, Any] | None = None,
        role: str | None = None,
        visit: int | None = None,
    ) -> Said:
        """Answer a question, or give a verdict about a work.

        Raises:
            Refusal: not asked, or no such answer.
        """
        about = real_name(self.house, run, about)
        setting, at = self.opened(run, phase, visit=visit, by=role or by, about=about)
        return self._answer(setting, at, by, choice, about, fields or {}, role)

    def _answer(
        self,
        setting: Setting,
        visit: Visit,
        by: str,
        choice: str,
        about: str,
        fields: Mapping[str, Any],
        role: str | None,
    ) -> Said:
        verb = "verdict" if setting.phase.kind == "review" else "answer"
        work = setting.house.runs.works_by_id(setting.community.id, [about]).get(about) if about else None
        act = Act(
            verb=verb,
            by=by,
            at=self._time(setting, visit),
            about=about,
            role=role or self._role(visit, by),
            choice=choice,
            fields=fields,
            version=work.version if work is not None and verb == "verdict" else 1,
        )
        return self._act(setting, visit, act)

    def revise(
        self, run: str, phase: str, *, work: str, member: str, fields: Mapping[str, Any], visit: int | None = None
    ) -> Said:
        """Hand in a new version of a work that a review has returned.

        Raises:
            Refusal: not the author, or nothing was returned.
        """
        setting, at = self.opened(run, phase, visit=visit, about=work)
        known = self.house.runs.works_by_id(setting.community.id, [work]).get(work)
        if known is None:
            raise Refusal(f"There is no work {work!r}.")
        act = Act(
            verb="revise",
            by=member,
            at=self._time(setting, at),
            about=work,
            fields=fields,
            version=known.version + 1,
        )
        return self._act(setting, at, act)

    # ------------------------------------------------------------------------------------------------------------ forms
    def form_of(self, run: str, phase: str, work: str | None = None) -> str | None:
        """The form that is filled in a phase; for a new version of a work, the form of that work."""
        setting = self.settings.of(run, phase, at=self._now())
        if work is not None:
            known = self.house.runs.works_by_id(setting.community.id, [work]).get(work)
            return getattr(setting.around.phases.get(known.phase), "form", None) if known is not None else None
        return getattr(setting.phase, "form", None)

    def fields(self, form: str | None, community: Community) -> dict[str, ValueType]:
        """The fields of a form and what they hold."""
        if form is None:
            return {}
        return {name: field.type for name, field in fact_kinds(community)[form].own.items()}

    # ------------------------------------------------------------------------------------------------------------ inbox
    def _complete_in_run(self, item: Item, who: str, outcome: str, fields: Mapping[str, Any]) -> None:
        assert item.run is not None
        assert item.phase is not None
        number = item.visit
        if item.choices == ANSWERS:
            from workflows.teamwork import Teamwork

            team = Teamwork(self, item.run, item.phase, visit=number)
            team.decline(who) if outcome == "decline" else team.confirm(who)
            self.house.inbox.finish(item.community, item.id, outcome=outcome, fields=fields, by=who, at=self._now())
            return
        setting, visit = self.opened(item.run, item.phase, visit=number, about=item.about or "")
        about = item.about if item.about in visit.things else ""
        match setting.phase.kind:
            case "submit":
                self.submit(item.run, item.phase, member=who, fields=fields, visit=number)
            case "review" if item.choices == (REVISE,):
                self.revise(item.run, item.phase, work=about or "", member=who, fields=fields, visit=number)
            case "enrol":
                if outcome == "decline":
                    self.decline(item.run, member=who, phase=item.phase, visit=number)
                else:
                    self.enrol(item.run, member=who, fields=fields, phase=item.phase, visit=number)
            case "meet":
                from workflows.meeting import Meeting
                from workflows.phases.meet.play import DAY

                Meeting(self, item.run, item.phase, visit=number).done(outcome, fields, by=who)
                if outcome == DAY:
                    return  # it stays on the host's desk until the minutes are in
            case _:
                role = (
                    next((one for one in item.asked if one.startswith(ROLE)), None) if who not in item.asked else None
                )
                self.answer(
                    item.run,
                    item.phase,
                    by=who,
                    choice=outcome,
                    about=about or "",
                    fields=fields,
                    role=role,
                    visit=number,
                )
        alone = len(item.asked) == 1
        if alone and item.choices != ("score",):
            self.house.inbox.finish(item.community, item.id, outcome=outcome, fields=fields, by=who, at=self._now())
