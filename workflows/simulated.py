"""Simulated: what simulated participants were planned to do in a phase, and how it is carried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from operations.ports.runs import Act, Entry, Planned, Visit, Work
from workflows.play import Scene
from workflows.records import tell_at_once
from workflows.setting import Setting

PAGE = 2_000
"""Acts that are carried out together."""


def catch_up(setting: Setting, visit: Visit, *, until: datetime) -> int:
    """Carry out what simulated participants were to do by then; they were looked at when the phase opened."""
    runs, run, done = setting.house.runs, setting.run.id, 0
    with runs.together():
        while todo := runs.planned(run, visit.phase, visit.visit, until=until, limit=PAGE):
            entries = [
                setting.entry(Entry(author=one.by, at=one.at, fields=one.fields, into=one.about or None))
                for one in todo
                if one.verb == "submit"
            ]
            acts = [act_of(one, visit.visit) for one in todo if one.verb != "submit"]
            if entries:
                limit = int(getattr(setting.phase, "limit", 1))
                runs.submit(run, visit.phase, entries, limit=limit, mark=False, visit=visit.visit)
            if acts:
                gates = runs.act(run, visit.phase, acts, visit=visit.visit)
                tell_at_once(setting, [act for act, gate in zip(acts, gates, strict=True) if gate.accepted])
            runs.played(run, visit.phase, visit.visit, [one.seq for one in todo])
            done += len(todo)
    return done


def until_over(setting: Setting, scene: Scene, planned: Sequence[Planned]) -> tuple[list[Planned], bool]:
    """Planned acts up to the one with which everything is in, and whether there is such a one."""

    acts = [act_of(one, scene.visit) for one in planned]

    def over(count: int) -> bool:
        return setting.play.progress(setting.phase, _played(scene, planned[:count], acts[:count])).over

    if not planned or not over(len(planned)):
        return list(planned), False
    low, high = 0, len(planned)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if over(middle) else (middle + 1, high)
    return list(planned[:low]), True


def act_of(planned: Planned, visit: int) -> Act:
    """A planned act as an act."""
    return Act(
        verb=planned.verb,
        by=planned.by,
        at=planned.at,
        about=planned.about,
        role=planned.role,
        choice=planned.choice,
        fields=planned.fields,
        version=planned.version,
        visit=visit,
        seq=planned.seq,
    )


def _played(scene: Scene, planned: Sequence[Planned], all_acts: Sequence[Act]) -> Scene:
    """The scene as it will be when these acts were carried out."""
    acts = tuple(act for act in all_acts if act.verb != "submit")
    works = dict(scene.works)
    for one in planned:
        if one.verb == "submit":
            id_ = f"planned/{one.seq}"
            works[id_] = Work(
                community="",
                id=id_,
                run="",
                phase="",
                visit=scene.visit,
                author=one.by,
                unit=next((unit for unit, people in scene.units.items() if one.by in people), None),
                at=one.at,
                seq=one.seq,
            )
    at = planned[-1].at if planned else scene.opened_at
    return replace(scene, acts=(*scene.acts, *acts), works=works, at=at)
