"""Releasing: tasks that begin by themselves, at a moment or again and again, each time once.

What was due while nothing ran is made up for within a day. What lies before the specs said so is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from operations.ports.effects import Deed, Done, Effects
from operations.ports.specs import Specs
from rules.time import instant
from rules.time.schedule import next_time

if TYPE_CHECKING:
    from rules.spec import Community
    from rules.spec.documents.task import Task

CATCH_UP = timedelta(days=1)


def due(community: Community, *, after: datetime, until: datetime) -> Iterator[tuple[Task, datetime]]:
    """Tasks that begin by themselves later than `after` and not later than `until`, each with its last such moment."""
    for task in community.tasks.values():
        moment = _last(task.starts, after, until, community) if task.starts is not None else None
        if moment is not None:
            yield task, moment


def release(specs: Specs, effects: Effects, community: str, *, at: datetime) -> int:
    """Ask for the runs that are due now; returns how many are new. Repeating it starts nothing twice."""
    current = specs.current(community)
    deeds = [
        _deed(current, task, moment)
        for task, moment in due(current, after=at - CATCH_UP, until=at)
        if _said_since(specs, current, task) <= moment
    ]
    done: Done = effects.do(community, deeds) if deeds else Done()
    return done.new


def _last(starts: Any, after: datetime, until: datetime, community: Community) -> datetime | None:
    if isinstance(starts, str):
        once = instant(datetime.fromisoformat(starts), community.zone)
        return once if after < once <= until else None
    last: datetime | None = None
    moment = next_time(starts, after, community.zone)
    while moment is not None and moment <= until:
        last, moment = moment, next_time(starts, moment, community.zone)
    return last


def _said_since(specs: Specs, community: Community, task: Task) -> datetime:
    """Since when the specs say that the task begins so."""
    since = None
    for version in specs.versions(community.id):
        then = specs.at(version.digest, community.id).tasks.get(task.id)
        if then is None or then.starts != task.starts:
            break
        since = version.at
    assert since is not None
    return since


def _deed(community: Community, task: Task, moment: datetime) -> Deed:
    about = task.space
    if about is None and community.modes[task.mode].for_ == "space":
        about = next(iter(community.spaces))  # the one that is declared first: the check sees to it that there is one
    source = f"{community.id}/released/{task.id}"
    return Deed(
        key=f"{source}/{moment.isoformat()}",
        kind="start",
        at=moment,
        source=source,
        details={"task": task.id, "subject": about, "arguments": {}},
    )
