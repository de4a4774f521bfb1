"""Settling: of many things that a phase is about, those are done with about which nothing more can be said.

In some kinds of phases what is said about a thing has nothing to do with the others (`settled` of their play). Where
such a phase is about many things, an act and a look cost what those things cost that they are about, not what all do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from operations.ports.runs import Visit
from workflows.play import Progress, Scene
from workflows.setting import Setting

PAGE = 2_000
"""Things that are looked at together."""


def thing_by_thing(setting: Setting, visit: Visit) -> Callable[[Any, Scene, str], bool] | None:
    """What tells whether a thing is settled, where there are many and each stands by itself; otherwise None."""
    return getattr(setting.play, "settled", None) if visit.many else None


def settle(setting: Setting, visit: Visit, scene: Scene, things: Collection[str]) -> int:
    """Note which of these many things are settled; returns how many are not."""
    settled = thing_by_thing(setting, visit)
    assert settled is not None
    done = [thing for thing in things if settled(setting.phase, scene, thing)]
    setting.house.runs.settle(visit.run, visit.phase, visit.visit, done)
    return len(things) - len(done)


def progress_of(setting: Setting, visit: Visit, *, due: bool) -> Progress:
    """Whether everything is in; of many things only those are looked at that are not settled, page by page.

    Unless its time is up one page with such a thing is enough: it goes on.
    """
    if thing_by_thing(setting, visit) is None:
        return setting.play.progress(setting.phase, setting.scene(visit, due=due))
    found = [setting.play.progress(setting.phase, setting.scene(visit, due=due, about=()))]
    after = -1
    while page := setting.house.runs.left(visit.run, visit.phase, visit.visit, after=after, limit=PAGE):
        after, things = page[-1][0], [thing for _, thing in page]
        scene = setting.scene(visit, due=due, about=things)
        if settle(setting, visit, scene, things):
            found.append(setting.play.progress(setting.phase, scene))
            if not due:
                break
    deadlines = [one.deadline for one in found if one.deadline is not None]
    return Progress(
        over=all(one.over for one in found),
        deadline=max(deadlines, default=None),
        requests=tuple(request for one in found for request in one.requests),
        look_at=min((one.look_at for one in found if one.look_at is not None), default=None),
    )
