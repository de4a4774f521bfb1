"""Handing back: a returned work is in its authors' inbox with the reasons, its new version in that of who looks at it.

Whose turn it is, the play says (`passes`). What was asked about the work before is not asked any more.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from operations.ports.inbox import Item
from operations.ports.runs import Act, Visit
from workflows.asking import items_of
from workflows.play import BACK, REVISE, Opening, Request
from workflows.setting import Setting


def hand_back(setting: Setting, visit: Visit, act: Act, *, now: datetime) -> None:
    """Open what a return, or a new version, asks of the next ones; to be called in the transaction of the act.

    Args:
        now: the wall's time.
    """
    passes = getattr(setting.play, "passes", None)
    goes_on = act.verb == REVISE or (act.verb == "verdict" and act.choice == "return")
    if passes is None or not goes_on or setting.run.rehearsed:
        return
    scene = replace(setting.scene(visit, about=[act.about]), at=act.at)
    request = passes(setting.phase, scene, act.about)
    if request is None or not request.asked:
        return
    since = replace(visit, opened_at=act.at, began_at=now)
    (item,) = items_of(setting, since, Opening(requests=(request,)))
    if act.verb != REVISE:
        item = _for_authors(setting, item, scene.works[act.about].phase)
    first = items_of(setting, visit, Opening(requests=(Request(asked=request.asked, about=act.about),)))[0].id
    before = [f"{first}+{version}{back}" for version in range(1, act.version + 1) for back in ("", BACK)]
    inbox = setting.house.inbox
    inbox.close(visit.community, [one for one in (first, *before) if one != item.id])
    inbox.open([item])


def _for_authors(setting: Setting, item: Item, phase: str) -> Item:
    """What their authors are asked: another version, in the form that the work was handed in with; no service level."""
    form = getattr(setting.around.phases.get(phase), "form", None)
    return replace(item, form=form, claim_due=None, remind_at=(), escalate=())
