"""Taking in: a review beside a submit gets the works as they come, each with its reviewers' items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from operations.ports.inbox import Item
from operations.ports.runs import Planned, Visit
from workflows.play import Opening, Scene
from workflows.setting import Setting

PER_THING = 1_000
"""Simulated acts about one thing at most: their numbers tell with how many things they were drawn."""

PAGE = 2_000
"""Things that are taken in together."""

Items = Callable[[Setting, Visit, Opening], list[Item]]
Drawn = Callable[[Setting, Visit, Scene], Sequence[Planned]]


def take_in(
    setting: Setting, visit: Visit, items: Items, drawn: Drawn | None = None, *, coming: Sequence[str] | None = None
) -> Visit:
    """The visit with everything that came in beside it since it was looked at last.

    Args:
        items: makes the items of an opening.
        drawn: what simulated participants will do about new things; None: real ones act.
        coming: works of which it is known that they have come in; None: all are looked for.
    """
    if not bring_in(setting, visit, items, drawn, coming=coming):
        return visit
    return setting.house.runs.visit(visit.run, visit.phase, visit.visit) or visit


def bring_in(
    setting: Setting, visit: Visit, items: Items, drawn: Drawn | None = None, *, coming: Sequence[str] | None = None
) -> bool:
    """The same; whether there was anything, as far as is known before the visit is locked."""
    if visit.state != "open" or not setting.follows:
        return False
    new = _new(setting, visit) if coming is None else coming  # what is there already the store leaves out
    if not new:
        return False
    longer = replace(visit, deadline=setting.later(visit))
    runs, before = setting.house.runs, len(visit.things)
    with runs.together():
        for start in range(0, len(new), PAGE):
            page = new[start : start + PAGE]
            scene = setting.scene(longer, about=page)
            runs.take_in(visit.run, visit.phase, visit.visit, things=page, deadline=longer.deadline)
            setting.house.inbox.open(items(setting, longer, setting.play.opening(setting.phase, scene)))
            if drawn is not None:
                base = (before + start) * PER_THING
                planned = [replace(one, seq=base + one.seq) for one in drawn(setting, longer, scene)]
                runs.plan(visit.run, visit.phase, visit.visit, planned)
    return True


def _new(setting: Setting, visit: Visit) -> Sequence[str]:
    """Works that have come in since, in the order of arrival."""
    if taken_plainly(setting):
        return [one for source in setting.sources() for one in setting.house.runs.untaken(visit, source)]
    known = frozenset(visit.things)
    return [thing for thing in setting.people.things(setting.wants.things) if thing not in known]


def taken_plainly(setting: Setting) -> bool:
    """Whether all works of the phases beside it are taken, whatever they are."""
    return setting.wants.things in [f"{phase}.works" for phase in setting.follows]
