"""Script: how a play goes where its case does not say who does what: every phase towards the outcome it shall have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from operations.ports.runs import Act, Planned, Visit, Work
from operations.rehearsal import Crowd
from rules.spec.documents.cases import Play, Step
from rules.spec.phase import PhaseSpec
from workflows.play import ROLE, Cast, Scene, play_of
from workflows.setting import Setting

GUESTS = tuple(f"guest-{number:03d}" for number in range(1, 401))
"""Made-up people who come where anybody may."""
HANGS_ON_FACTS = ("measure", "wait", "allocate")
"""Kinds whose outcome nobody acts out: a case that says how they come out stands for the facts it does not tell."""
_VERBS = {
    "join": "enrol", "decline": "decline", "answer": "answer", "score": "score", "attend": "attend",
    "claim": "claim", "confirm": "confirm",
}  # fmt: skip


@dataclass
class CaseScript:
    """What the people of a case do, and whoever steps in for those it does not name.

    Args:
        case: the play.
        pending: steps that were not taken yet; what they will do is not done by anybody else.
        works: the names of works in the case, and their ids.
    """

    case: Play
    pending: list[Step] = field(default_factory=list)
    works: dict[str, str] = field(default_factory=dict)

    def wish(self, phase: PhaseSpec, visit: int) -> str:
        """The outcome that a visit shall have: as the case says, its first otherwise."""
        return self.said(phase.id, visit) or phase.outcomes()[0]

    def said(self, phase: str, visit: int) -> str | None:
        """The outcome that the case says, the last one for all further visits."""
        said = self.case.comes_out.get(phase)
        if said is None or isinstance(said, str):
            return said
        return said[min(visit, len(said)) - 1]

    # --------------------------------------------------------------------------------------------- as `conduct.Script`
    def planned(self, setting: Setting, visit: Visit, scene: Scene) -> Sequence[Planned]:
        """Acts towards the wished outcome, in order of time; what the case's own people will do is left to them."""
        towards = getattr(play_of(setting.phase.kind), "towards", None)
        if towards is None or visit.deadline is None:
            return ()
        mine = [step for step in self.pending if step.in_ == visit.phase and not step.refused]
        cast = Cast(
            people=GUESTS,
            fill=self.crowd(setting, visit).fill,
            moment=_Moments(visit.opened_at, visit.deadline, late=bool(mine)),
        )
        acts: Sequence[Planned] = towards(
            setting.phase, self._to_come(setting, visit, scene, mine), self.wish(setting.phase, visit.visit), cast
        )
        return acts

    def outcome(self, setting: Setting, visit: Visit, came: str) -> str:
        """What hangs on facts comes out as the case says; everything else as it comes out."""
        said = self.said(visit.phase, visit.visit)
        return said if said is not None and setting.phase.kind in HANGS_ON_FACTS else came

    def crowd(self, setting: Setting, visit: Visit) -> Crowd:
        """Whoever fills in forms where the case does not."""
        place = f"{self.case.name}/{visit.phase}/{visit.visit}"
        return Crowd(0, place, run=visit.run, people=self._people, size=None, form=setting.form)

    def _people(self) -> Sequence[str]:
        return [person.id for person in self.case.members] or GUESTS[:3]

    def _to_come(self, setting: Setting, visit: Visit, scene: Scene, mine: Sequence[Step]) -> Scene:
        """The scene as it will be when the case's own people have acted."""
        works, acts = dict(scene.works), list(scene.acts)
        for number, step in enumerate(mine):
            if step.does == "submit" and setting.phase.kind == "submit":
                id_ = f"to-come/{number}"
                works[id_] = Work(
                    community="", id=id_, run="", phase="", visit=visit.visit, author=step.who, at=visit.opened_at
                )
            elif step.does in _VERBS:
                acts.append(self._act(setting, visit, step))
        return replace(scene, works=works, acts=tuple(acts))

    def _act(self, setting: Setting, visit: Visit, step: Step) -> Act:
        fields: dict[str, Any] = dict(step.gives)
        choice = fields.pop("choice", None)
        if step.does == "score":
            fields = {**lowest(setting.phase), **fields}
        who = acting(step.who, visit)
        return Act(
            verb="verdict" if setting.phase.kind == "review" else _VERBS[step.does],
            by=who,
            role=who if who.startswith(ROLE) else None,
            at=visit.opened_at,
            about=self.works.get(step.about or "", step.about or ""),
            choice=str(choice) if choice is not None else None,
            fields=fields,
            visit=visit.visit,
        )


def acting(who: str, visit: Visit) -> str:
    """Who acts where a case names a role and not the role is asked but whoever of it was given to the member."""
    person = f"{who.removeprefix(ROLE)}-1"
    return person if who.startswith(ROLE) and who not in visit.asked and person in visit.asked else who


def lowest(phase: PhaseSpec) -> dict[str, int]:
    """The lowest score for each criterion that people score."""
    rubric: Any = getattr(phase, "rubric", ())
    return {line.id: line.scale[0] for line in rubric if line.scale is not None}


@dataclass(frozen=True, slots=True)
class _Moments:
    """Moments in the middle of the time there is; at its very end where the case's own people come first."""

    since: datetime
    until: datetime
    late: bool

    def __call__(self, number: int) -> datetime:
        span = self.until - self.since
        step = min(timedelta(seconds=1), span / 2_000)
        return self.until - step * (1_000 - number) if self.late else self.since + span / 2 + step * number
