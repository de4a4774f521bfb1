"""At the desk: a step of a case as its person takes it, with what the case does not say made up."""

from __future__ import annotations

from typing import Any

from rules.spec.documents.cases import Step
from workflows.at_gate import Said
from workflows.desk import Desk
from workflows.paper.script import CaseScript, acting, lowest
from workflows.play import ROLE


def act_at_desk(desk: Desk, script: CaseScript, run: str, step: Step) -> Said | None:
    """Take a step of a case at the desk; what its form asks for and the case does not give is made up.

    Raises:
        Refusal: the desk refuses it.
    """
    fields = dict(step.gives)
    about = script.works.get(step.about or "", step.about or "")
    setting, visit = desk.opened(run, step.in_)
    who = acting(step.who, visit)
    crowd = script.crowd(setting, visit)
    choice = str(fields.pop("choice", script.wish(setting.phase, visit.visit)))
    form = getattr(setting.phase, "form", None)
    match step.does:
        case "submit" if setting.phase.kind == "review":
            before = desk.house.runs.works_by_id(setting.community.id, [about]).get(about)
            fields = {**(before.fields if before is not None else {}), **fields}
            return desk.revise(run, step.in_, work=about, member=who, fields=fields)
        case "submit":
            into = next(iter(visit.things), None)
            return desk.submit(run, step.in_, member=who, fields={**crowd.fill(form, who), **fields}, into=into)
        case "join":
            return desk.enrol(run, member=who, fields={**crowd.fill(form, who), **fields}, phase=step.in_)
        case "claim" | "confirm" | "decline" if setting.phase.kind == "form_teams":
            _in_teams(desk, run, step, setting.phase)
        case "decline":
            return desk.decline(run, member=who, phase=step.in_)
        case "answer":
            filled = {**crowd.fill(form, who), **fields}
            role = who if who.startswith(ROLE) else None
            return desk.answer(run, step.in_, by=who, choice=choice, about=about, fields=filled, role=role)
        case "score":
            scores = {**lowest(setting.phase), **{name: int(str(value)) for name, value in fields.items()}}
            return desk.score(run, work=about, by=who, scores=scores, phase=step.in_)
        case "attend":
            from workflows.meeting import Meeting

            return Meeting(desk, run, step.in_).attend(by=who)[0]
        case "leave":
            return desk.withdraw(run, member=who)
    return None


def _in_teams(desk: Desk, run: str, step: Step, phase: Any) -> None:
    """Say yes or no to a part of a team, or take one: the one that the step is about, else the first."""
    from workflows.teamwork import Teamwork

    teams = Teamwork(desk, run, step.in_)
    match step.does:
        case "claim":
            teams.claim(step.who, step.about or phase.slots[0].id)
        case "confirm":
            teams.confirm(step.who)
        case _:
            teams.decline(step.who)
