"""Offers: what a member may take part in now, what suits them first; nobody is shown what is not for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from operations.errors import Refusal
from operations.house import House
from operations.known import Known, readings_of
from operations.ports.runs import RUNNING, Run, Visit
from rules.compile import Compiler
from rules.errors import NotDecidable
from rules.evaluate import truth
from rules.spec import Community
from workflows.desk import Desk
from workflows.setting import Setting

DOES = {"enrol": "join", "submit": "hand in", "form_teams": "claim"}
"""What a member may do in a phase of a kind that is open to many."""
MOST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Something a member may do now.

    Args:
        suits: whether the task says that it suits them; None where it says nothing, or it cannot be told.
        asked: whether they are asked by name, so that somebody waits.
        does: join, hand in, claim, or answer.
    """

    task: str
    title: str
    title_zh: str
    run: str
    phase: str
    does: str
    suits: bool | None
    asked: bool
    until: datetime | None


def offers(house: House, spec: Community, member: str, *, now: datetime | None = None) -> list[Offer]:
    """What a member may do now: what waits for them first, then what suits them, then the rest; the oldest first.

    Raises:
        Refusal: there is no such member.
    """
    if not house.members(spec).find([member]):
        raise Refusal(f"{spec.id} has no member {member}.", "`trellis members` lists them.")
    at = now or datetime.now(UTC)
    desk = Desk(house, now=lambda: at)
    found: list[Offer] = []
    for run in reversed(house.runs.runs(spec.id, status=RUNNING, limit=MOST)):
        for visit in house.runs.visits(run.id):
            if visit.state == "open":
                found.extend(_offered(desk, spec, run, visit, member, at))
    return sorted(found, key=lambda one: (not one.asked, _rank(one.suits)))


def _offered(desk: Desk, spec: Community, run: Run, visit: Visit, member: str, at: datetime) -> Sequence[Offer]:
    asked = member in visit.asked
    does = DOES.get(visit.kind, "answer")
    if not asked and visit.kind not in DOES:
        return []
    try:
        setting = desk.opened(run.id, visit.phase, visit=visit.visit)[0]
    except Refusal:
        return []
    if not asked and not _open_to(desk, setting, member):
        return []
    task = spec.tasks.get(run.task) or setting.community.tasks[run.task]
    return [
        Offer(
            task=run.task,
            title=task.title.en,
            title_zh=task.title.zh,
            run=run.id,
            phase=visit.phase,
            does=does,
            suits=suits(desk.house, spec, run.task, member, at),
            asked=asked,
            until=visit.deadline,
        )
    ]


def _open_to(desk: Desk, setting: Setting, member: str) -> bool:
    """Whether the phase is for such members, and this one may come in now and has not yet."""
    if setting.wants.eligible is None:
        return False
    if member in setting.house.runs.parts(setting.run.id) and setting.phase.kind == "enrol":
        return False
    try:
        if member not in setting.people.among(setting.wants.eligible, [member]):
            return False
    except NotDecidable:
        return False
    return not desk.strangers(setting, [member])


def suits(house: House, spec: Community, task: str, member: str, at: datetime) -> bool | None:
    """Whether a task says that it suits a member."""
    wanted = spec.tasks[task].suits if task in spec.tasks else None
    if wanted is None:
        return None
    condition = Compiler(spec).condition(wanted)
    known = Known(house, spec, at).members([member], readings_of(condition)).get(member)
    return truth(condition, known) if known is not None else None


def _rank(suited: bool | None) -> int:
    return {True: 0, None: 1, False: 2}[suited]
