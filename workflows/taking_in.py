"""Taking in: a review beside a submit gets the works as they come, each with its reviewers' items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from operations.ports.inbox import Item
from operations.ports.runs import Planned, Visit
from workflows.play import Opening, Scene
from workflows.scenes import Setting

PER_THING = 1_000
"""Simulated acts about one thing at most: their numbers tell with how many things they were drawn."""

Items = Callable[[Setting, Visit, Opening], list[Item]]
Drawn = Callable[[Setting, Visit, Scene], Sequence[Planned]]


def take_in(setting: Setting, visit: Visit, items: Items, drawn: Drawn | None = None) -> Visit:
    """The visit with everything that came in beside it since it was looked at last.

    Args:
        items: makes the items of an opening.
        drawn: what simulated participants will do about new things; None: real ones act.
    """
    if visit.state != "open" or not setting.follows:
        return visit
    known = frozenset(visit.things)
    new = tuple(thing for thing in setting.people.things(setting.wants.things) if thing not in known)
    if not new:
        return visit
    longer = replace(visit, things=(*visit.things, *new), deadline=setting.later(visit))
    scene = replace(setting.scene(longer), things=new)
    runs = setting.house.runs
    with runs.together():
        runs.take_in(visit.run, visit.phase, visit.visit, things=longer.things, deadline=longer.deadline)
        setting.house.inbox.open(items(setting, longer, setting.play.opening(setting.phase, scene)))
        if drawn is not None:
            base = len(visit.things) * PER_THING
            planned = [replace(one, seq=base + one.seq) for one in drawn(setting, longer, scene)]
            runs.plan(visit.run, visit.phase, visit.visit, planned)
    return longer
