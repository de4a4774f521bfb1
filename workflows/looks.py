"""Looks: when a phase that is open is looked at again before its time is up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from operations.embargo import ends_at
from operations.ports.runs import Visit
from rules.time import ClockScale
from workflows.play import Scene
from workflows.setting import Setting

RARELY = timedelta(days=7)
"""How often one looks whether runs that were started have ended, should they have failed to say so."""

SELDOM = timedelta(days=30)
"""How often a condition is looked at that only changes when the run is told; every step of the run looks besides."""

LOOK_EVERY = timedelta(days=1)
"""How often a condition that is waited for is looked at, in the run's own time."""

AT_MOST = timedelta(seconds=1)
"""On a scaled clock not more often than so much real time: what looking costs does not shrink with the clock."""


def may_be_public(setting: Setting, at: datetime) -> list[datetime]:
    """When what an embargo holds back may be published, if that is still to come."""
    ends = ends_at(setting.community, setting.run.task)
    return [ends] if ends is not None and ends > at else []


def tended(setting: Setting, at: datetime, look: datetime | None) -> list[datetime]:
    """When to look at the teams of a run again, because somebody's time in them may be over."""
    if look is None:
        return []
    scale = setting.run.scale
    return [look if scale is None else max(look, at + ClockScale.parse(scale).virtual(AT_MOST))]


def looks(setting: Setting) -> timedelta | None:
    """How often one must look, in the run's own time, because a condition is waited for; None: it is not."""
    scale = setting.run.scale
    if setting.wants.children is not None and setting.mode.while_ is None and setting.mode.for_ != "member":
        return RARELY if scale is None else max(RARELY, ClockScale.parse(scale).virtual(AT_MOST))
    waits = setting.mode.while_ is not None or setting.wants.until is not None or setting.mode.for_ == "member"
    if not waits:
        return None
    every = SELDOM if setting.wants.until is None and setting.people.is_plain(setting.mode.while_) else LOOK_EVERY
    return every if scale is None else max(every, ClockScale.parse(scale).virtual(AT_MOST))


def wakes_of(setting: Setting, visit: Visit) -> list[datetime]:
    """When something may become of what is scarce: the next settlement, or the moment at which all of it is there."""
    claims = setting.claims(visit)
    waiting = [one.settle_at for one in claims if one.state == "waiting"]
    return waiting or [max(one.begins_at or visit.opened_at for one in claims)] if claims else []


def settled(scene: Scene) -> list[datetime]:
    """When it was said who gets what is scarce, and when they have it."""
    return [at for one in scene.claims for at in (one.settled_at, one.begins_at) if at is not None]


def next_look(visit: Visit, at: datetime, every: timedelta | None, wakes: Sequence[datetime] = ()) -> datetime | None:
    """When to look before the deadline: when the last simulated act is due, and regularly at what is waited for."""
    due = [visit.ends_at] if visit.ends_at is not None and visit.ends_at > at else []
    if every is not None:
        due.append(at + every)
    return min([*due, *wakes], default=None)
