"""At the gate: which open phase is meant, who may act in it, and what the gate says to works and acts.

Who may act is looked at in the moment of the act, the form passes the typed gate, the phase's own rules are asked,
and then the gate decides in one transaction. The run's workflow is only poked when everything that is expected may
be in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from operations.errors import Refusal
from operations.house import House
from operations.ports.runs import RUNNING, Act, Entry, Gate, Visit
from operations.staffing import there
from rules.time import wall_clock
from workflows.asking import items_of
from workflows.at_inbox import AtInbox
from workflows.handing_back import hand_back
from workflows.legs import following
from workflows.play import ROLE, Scene
from workflows.records import fitting, tell_at_once
from workflows.scenes import Settings, run_time
from workflows.setting import Setting
from workflows.settling import settle, thing_by_thing
from workflows.taking_in import bring_in, take_in, taken_plainly

AT_ONCE = 500
"""So many works at most are let in in one transaction: a gate that is being shut waits for it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What became of one move: its id if it was accepted, otherwise why not."""

    id: str = ""
    reason: str | None = None
    late: bool = False

    @property
    def accepted(self) -> bool:
        return self.reason is None


class AtGate(AtInbox):
    """What all that participants do in phases has in common.

    Args:
        house: the ports.
        settings: finds what is around a phase.
        now: the wall's time.
        poke: tells a run's workflow that everything may be in, in a phase (`phase/visit`, "" for all that are open);
            a hint, it may be lost.
    """

    def __init__(
        self,
        house: House,
        settings: Settings | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        poke: Callable[[str, str], object] = lambda run, what: None,
    ) -> None:
        self.house, self._now, self._poke = house, now, poke
        self.settings = settings or Settings(house)

    # ---------------------------------------------------------------------------------------------------------- batches
    def submit_many(self, setting: Setting, visit: Visit, entries: Sequence[Entry]) -> list[Said]:
        """Hand in many works at once; whoever may not, or comes too late, is refused alone."""
        scene = setting_scene(setting, visit)
        reasons = self._strangers(setting, [entry.author for entry in entries])
        entries = [setting.entry(entry) for entry in entries]
        if setting.wants.per != "member":
            alone = [one.author for one in entries if one.unit is None]
            reasons = {who: f"{who} is in no team of which anything is expected here" for who in alone} | reasons
        said: list[Said | None] = []
        for entry in entries:
            reason = reasons.get(entry.author) or setting.play.refusal(setting.phase, scene, entry)
            wrong = fitting(setting, _form(setting), dict(entry.fields)) if reason is None else []
            said.append(Said(reason=reason or "; ".join(wrong)) if reason or wrong else None)
        going = [place for place, one in enumerate(said) if one is None]
        limit, mark = int(getattr(setting.phase, "limit", None) or 1), getattr(setting.phase, "late", "") == "mark"
        with self.house.runs.together() if len(going) <= AT_ONCE else nullcontext():
            gates = self.house.runs.submit(
                setting.run.id,
                setting.phase.id,
                [entries[place] for place in going],
                limit=limit,
                mark=mark,
                visit=visit.visit,
            )
            for place, gate in zip(going, gates, strict=True):
                said[place] = self._said(setting, gate, limit)
            answers = [one for one in said if one is not None]
            accepted = {entries[place].author for place, one in enumerate(answers) if one.accepted}
            self.house.runs.take_part(setting.run.id, {who: "author" for who in accepted if not who.startswith(ROLE)})
        if accepted:
            self._hand_on(setting, visit, [one.id for one in answers if one.accepted])
        if accepted and setting.expected is not None:
            self._poke_if_over(setting, visit)
        return answers

    def act(
        self,
        setting: Setting,
        visit: Visit,
        verb: str,
        *,
        by: str,
        role: str | None = None,
        about: str = "",
        fields: Mapping[str, Any],
        version: int = 1,
    ) -> Said:
        """Do something in a phase whose kind has moves of its own; `version` tells the same move once more apart.

        Raises:
            Refusal: the move is not legal, or the gate is shut.
        """
        at = self._time(setting, visit)
        act = Act(verb=verb, by=by, role=role, about=about, at=at, fields=fields, version=version)
        return self._act(setting, visit, act)

    def _act(self, setting: Setting, visit: Visit, act: Act) -> Said:
        reason = self._strangers(setting, [act.by]).get(act.by) if act.verb == "enrol" else None
        form = getattr(setting.phase, "form", None)
        with self.house.runs.together():
            scene = self._scene(setting, visit, act.about)
            reason = reason or setting.play.refusal(setting.phase, scene, act)
            if act.verb == "revise":
                of = setting.around.phases.get(scene.works[act.about].phase) if reason is None else None
                form = getattr(of, "form", None)
        if reason is None and form is not None and act.verb in ("enrol", "answer", "verdict", "revise", "minutes"):
            reason = "; ".join(fitting(setting, form, dict(act.fields))) or None
        if reason is not None:
            raise _refusal(reason)
        with self.house.runs.together():
            gate = self._through(setting, visit, act)
            said = one_of([self._said(setting, gate, 1)])
            hand_back(setting, visit, act, now=self._now())
        if gate.verdict == "accepted":  # in a transaction of its own: nobody who shuts the gate waits for metrics
            tell_at_once(setting, [replace(act, visit=gate.visit)])
        if act.verb == "enrol":
            self.house.runs.take_part(setting.run.id, {act.by: "member"})
        self._poke_if_over(setting, visit, act.about)
        return said

    def _scene(self, setting: Setting, visit: Visit, about: str) -> Scene:
        """What an act about one thing has to look at: of many things only that one, where each stands by itself."""
        if thing_by_thing(setting, visit) is None:
            return setting.scene(visit)
        return setting.scene(visit, about=[about] if about in visit.things else [])

    def strangers(self, setting: Setting, people: Sequence[str]) -> dict[str, str]:
        """Who of these may not come in here, and why."""
        return self._strangers(setting, people)

    def now(self) -> datetime:
        """The wall's time."""
        return self._now()

    def nudge(self, setting: Setting, visit: Visit) -> None:
        """Tell the run to look at a phase, if there is something to see."""
        self._poke_if_over(setting, visit)

    def nudge_all(self, run: str) -> None:
        """Tell the run to look at everything that is open."""
        self._poke(run, "")

    def _strangers(self, setting: Setting, people: Sequence[str]) -> dict[str, str]:
        """Who of these may not come in here, and why; looked up now, all together."""
        eligible = setting.wants.eligible
        members = sorted(set(people))
        if eligible is None:
            return {}
        may = setting.people.among(eligible, members)
        reasons = {who: f"{who} is not among those who may take part here" for who in members if who not in may}
        runs, most = setting.house.runs, setting.community.document.limits.runs_per_member
        with runs.together():
            inside = runs.parts(setting.run.id, members)
            newcomers = [who for who in members if who in may and who not in inside and not who.startswith(ROLE)]
            loads = runs.load(setting.community.id, newcomers) if newcomers else {}
        for who in newcomers:
            if loads.get(who, 0) >= most and who != setting.run.subject:
                reasons[who] = f"{who} takes part in {loads[who]} runs already, which is the most ({most})"
        return reasons | setting.barred([who for who in newcomers if who not in reasons])

    # -------------------------------------------------------------------------------------------------------- in common
    def opened(
        self, run_id: str, phase: str, *, visit: int | None = None, by: str | None = None, about: str = ""
    ) -> tuple[Setting, Visit]:
        """An open visit of a phase, with what is around it now.

        Args:
            visit: its number; without it, where several are open, the one that is about `about` and in which `by`
                may act.

        Raises:
            Refusal: there is none; it says whether it is over or has not begun.
        """
        with self.house.runs.together():  # so that what is looked up is looked up once
            going = list(self.house.runs.open_visits(run_id, phase=phase)) if visit is None else []
            if len(going) < 2:
                setting, opened = self._setting(run_id, phase, visit, next(iter(going), None))
        if len(going) > 1:
            setting, opened = self._setting(run_id, phase, self._which(run_id, phase, going, by, about))
        if setting.run.rehearsed or (opened.many and (not about or about in opened.things)):
            return setting, opened
        return setting, take_in(setting, opened, items_of)

    def _which(self, run_id: str, phase: str, going: Sequence[Visit], by: str | None, about: str) -> int:
        """Which of the visits of a phase that are open at once is meant."""
        meant = [one for one in going if about in one.things] if about else []
        meant = meant or list(going)
        if by is not None and len(meant) > 1:
            meant = [one for one in meant if self._may_act(run_id, one, by)] or meant[:1]
        if len(meant) > 1:
            numbers = ", ".join(str(one.visit) for one in meant)
            raise Refusal(f"{phase} of {run_id} is open several times: {numbers}.", "Say which: --visit NUMBER.")
        return meant[0].visit

    def _may_act(self, run_id: str, visit: Visit, by: str) -> bool:
        if by in visit.asked or self._role(visit, by) is not None:
            return True
        try:
            setting, _ = self._setting(run_id, visit.phase, visit.visit)
        except Refusal:  # it has closed since it was found open
            return False
        eligible = setting.wants.eligible
        return eligible is not None and by in setting.people.among(eligible, [by])

    def _setting(
        self, run_id: str, phase: str, number: int | None, known: Visit | None = None
    ) -> tuple[Setting, Visit]:
        """A visit, if it is open; the latest without a number, unless it was read already."""
        run = self.settings.run(run_id)
        visit = known or self.house.runs.visit(run_id, phase, number)
        if run.status != RUNNING:
            raise Refusal(f"{run_id} is over ({run.end}).")
        if visit is None:
            self.settings.of(run_id, phase, at=run.opened_at)  # refuses a phase that is not there
            raise Refusal(f"{phase} of {run_id} has not begun yet.")
        at = run_time(run, visit, self._now())
        setting = self.settings.of(run_id, phase, at=at, scope=visit.scope)
        if visit.state != "open":
            when = visit.closed_at or visit.deadline or at
            raise Refusal(f"{phase} of {run_id} is closed since {shown(setting, when)}.")
        return setting, visit

    def _hand_on(self, setting: Setting, visit: Visit, works: Sequence[str]) -> None:
        """Reviews beside a phase have its works as they come; simulated reviewers look when the run does."""
        if setting.run.rehearsed:
            return
        followers = [one for one, sources in following(setting.mode.phases).items() if visit.phase in sources]
        for phase in followers:
            with self.house.runs.together():
                for beside in self.house.runs.open_visits(setting.run.id, phase=phase):
                    there, opened = self._setting(setting.run.id, phase, None, beside)
                    bring_in(there, opened, items_of, coming=works if taken_plainly(there) else None)

    def _through(self, setting: Setting, visit: Visit, act: Act) -> Gate:
        return self.house.runs.act(setting.run.id, setting.phase.id, [act], visit=visit.visit)[0]

    def _time(self, setting: Setting, visit: Visit) -> datetime:
        return run_time(setting.run, visit, self._now())

    def _phase_of(self, run: str, kind: str, by: str, about: str = "") -> str:
        """The open phase of a kind; of several the one that is about this, or in which this person may act."""
        going = list({one.phase: one for one in self.house.runs.open_visits(run, kind=kind)}.values())
        if len(going) > 1 and about:
            going = [one for one in going if about in one.things] or going
        if len(going) > 1:
            going = [one for one in going if self._may_act(run, one, by)] or going
        if not going:
            known = self.settings.run(run)
            if known.status != RUNNING:
                raise Refusal(f"{run} is over ({known.end}).")
            raise Refusal(f"No phase of kind {kind} is open in {run}.", f"See `trellis task {run}`.")
        return going[-1].phase

    def _role(self, visit: Visit, by: str) -> str | None:
        """The role somebody answers for who is not asked by name."""
        if by.startswith(ROLE):
            return by
        if by in visit.asked:
            return None
        community = visit.community
        spec = self.house.specs.current(community)
        roles = [one for one in visit.asked if one.startswith(ROLE)]
        return next((one for one in roles if by in there(self.house.effects, spec, one)), None)

    def _said(self, setting: Setting, gate: Gate, limit: int) -> Said:
        phase = setting.phase.id
        match gate.verdict:
            case "accepted" | "known":
                return Said(id=gate.id, late=gate.late)
            case "closed" | "late":
                when = f" since {shown(setting, gate.closes_at)}" if gate.closes_at is not None else ""
                return Said(reason=f"{phase} of {setting.run.id} is closed{when}")
            case "limit":
                return Said(
                    reason=f"{limit} {'work is' if limit == 1 else 'works are'} the most that one may hand in here"
                )
            case "run_over":
                return Said(reason=f"{setting.run.id} is over")
            case _:
                return Said(reason=f"{phase} of {setting.run.id} has not begun yet")

    def _poke_if_over(self, setting: Setting, visit: Visit, about: str = "") -> None:
        if thing_by_thing(setting, visit) is not None:
            self._poke_if_settled(setting, visit, about)
            return
        scene = setting.scene(visit)
        progress = setting.play.progress(setting.phase, replace(scene, at=self._time(setting, visit)))
        if progress.over or progress.requests:
            self._poke(setting.run.id, f"{visit.phase}/{visit.visit}")

    def _poke_if_settled(self, setting: Setting, visit: Visit, about: str) -> None:
        """Of many things only the one that was spoken about is looked at, and whether any is left."""
        with self.house.runs.together():
            if about in visit.things:
                scene = replace(setting.scene(visit, about=[about]), at=self._time(setting, visit))
                if settle(setting, visit, scene, [about]):
                    return
            left = self.house.runs.left(visit.run, visit.phase, visit.visit, limit=1)
        if not left and setting.growing() is None:
            self._poke(setting.run.id, f"{visit.phase}/{visit.visit}")


def setting_scene(setting: Setting, visit: Visit) -> Scene:
    """A scene without what came in already, for many works at once."""
    return Scene(at=setting.at, opened_at=visit.opened_at, deadline=visit.deadline, things=visit.things)


def shown(setting: Setting, at: datetime) -> str:
    """A moment on the community's own wall clock."""
    return f"{wall_clock(at, setting.community.zone):%Y-%m-%d %H:%M} ({setting.community.document.zone})"


def _form(setting: Setting) -> str:
    return str(setting.phase.form)  # type: ignore[attr-defined]


def one_of(said: Sequence[Said]) -> Said:
    """The one answer there is. Raises Refusal if it is a no."""
    answer = said[0]
    if answer.reason is not None:
        raise _refusal(answer.reason)
    return answer


def _refusal(reason: str) -> Refusal:
    return Refusal(reason if reason.endswith(".") else f"{reason}.")
