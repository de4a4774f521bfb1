"""Enrol, played: members come in, or are invited and answer; the best or the first get the places, the rest waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from operations.ports.runs import Act, Entry, Planned
from operations.rehearsal import Crowd
from workflows.phases.enrol.spec import Enrol
from workflows.play import (
    ROLE,
    Cast,
    Closing,
    Note,
    Opening,
    Progress,
    Request,
    Scene,
    Wants,
    figures_of,
    people_in,
    sequence,
)

USUAL = 24
"""How many simulated members come where anybody may."""

FACTS = {"enrol": "enrolled", "decline": "declined", "withdraw": "withdrew"}
"""What each move is as a fact."""


def wants(phase: Enrol) -> Wants:
    return Wants(
        asked=phase.who if phase.how == "invite" else None,
        eligible=phase.who,
        within=phase.within,
        figures=figures_of(phase.order),
        keeps=True,
    )


def opening(phase: Enrol, scene: Scene) -> Opening:
    if phase.how != "invite":
        return Opening(awaits="whoever comes in")
    invited = people_in(scene.asked)
    if not invited:
        return Opening(outcome="short", awaits="nobody can be invited")
    request = Request(asked=invited, choices=("join", "decline"), form=phase.form)
    return Opening(requests=(request,), awaits=f"{len(invited)} invited to answer")


def refusal(phase: Enrol, scene: Scene, act: Act | Entry) -> str | None:
    if isinstance(act, Entry) or act.verb not in ("enrol", "decline", "withdraw"):
        return "in this phase one comes in, declines or leaves, nothing else"
    if act.by.startswith(ROLE) or act.role is not None or act.about:
        return "members come in, decline and leave themselves, nobody does it for a role or about something"
    here = act.by in _inside(scene)
    if act.verb == "withdraw" and not here:
        return f"{act.by} is not in"
    if act.verb == "decline" and act.by not in scene.asked:
        return f"{act.by} was not invited"
    if act.verb == "enrol" and phase.how == "invite" and act.by not in scene.asked:
        return f"{act.by} was not invited"
    return None


def progress(phase: Enrol, scene: Scene) -> Progress:
    inside = _inside(scene)
    if phase.how == "invite":
        answered = {act.by for act in scene.acts}
        return Progress(over=all(who in answered for who in people_in(scene.asked)))
    full = phase.limit is not None and len(inside) >= int(phase.limit)
    return Progress(over=full and not phase.order)  # with an order somebody better may still come


def closing(phase: Enrol, scene: Scene) -> Closing:
    inside = _inside(scene)
    ranked = sequence(scene, phase.order, list(inside)) if phase.order else list(inside)
    limit = len(ranked) if phase.limit is None else int(phase.limit)
    members, waiting = ranked[:limit], ranked[limit:]
    declined = [act.by for act in scene.in_order if act.verb == "decline" and act.by not in inside]
    notes: list[Note] = []
    for act in scene.in_order:
        notes += at_once(phase, act)
        if act.verb == "enrol" and phase.form is not None and act.by in inside:
            filled = {**act.fields, "by": act.by}
            notes.append(Note(kind=phase.form, key=f"{act.visit}/{act.by}", at=act.at, member=act.by, fields=filled))
    answered = {act.by for act in scene.acts}
    notes += [
        Note(kind="missed", key=f"{scene.visit}/{who}", at=scene.at, member=who)
        for who in people_in(scene.asked)
        if who not in answered
    ]
    return Closing(
        outcome="done" if len(members) >= int(phase.needs) else "short",
        results={"members": members, "waiting": waiting, "declined": list(dict.fromkeys(declined))},
        notes=tuple(notes),
        parts=dict.fromkeys(members, "member"),
    )


def at_once(phase: Enrol, act: Act) -> Sequence[Note]:
    """That somebody came in, said no or left is known as soon as it is done, and not only when the time is up."""
    key = f"{act.visit}/{act.by}"
    return [Note(kind=FACTS[act.verb], key=key, at=act.at, member=act.by, fields={"by": act.by})]


def so_far(phase: Enrol, scene: Scene) -> Mapping[str, object]:
    """Whoever is in by now; who gets a place where there are not enough is told when it closes."""
    inside = list(_inside(scene))
    full = phase.limit is not None and len(inside) > int(phase.limit)
    return {"members": [] if full and phase.order else inside[: None if phase.limit is None else int(phase.limit)]}


def towards(phase: Enrol, scene: Scene, outcome: str, cast: Cast) -> Sequence[Planned]:
    """As many come in as are needed, or nobody."""
    inside = _inside(scene)
    if outcome != "done":
        return ()
    free = [who for who in (people_in(scene.asked) or cast.people) if who not in inside]
    come = free[: max(int(phase.needs) - len(inside), 0)]
    return [
        Planned(seq=seq, at=cast.moment(seq), verb="enrol", by=who, fields=cast.fill(phase.form, who))
        for seq, who in enumerate(come)
    ]


def improvise(phase: Enrol, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    if scene.deadline is None:
        return ()
    if phase.how == "invite":
        come = [(who, crowd.choose((("enrol", 72), ("decline", 14), ("", 14)), who)) for who in people_in(scene.asked)]
    else:
        size = crowd.size or max(USUAL, int(phase.needs) * 2)
        come = [(who, "enrol") for who in crowd.some(size)]
    inside = _inside(scene)
    acts = [
        (crowd.moment(scene.opened_at, scene.deadline, "enrol", who), who, verb)
        for who, verb in come
        if verb and who not in inside
    ]
    return [
        Planned(
            seq=seq,
            at=when,
            verb=verb,
            by=who,
            fields=crowd.fill(phase.form, who) if verb == "enrol" else {},
        )
        for seq, (when, who, verb) in enumerate(sorted(acts))
    ]


def _inside(scene: Scene) -> dict[str, Act]:
    """Who is in, in the order of coming; whoever left and came again stands at the end."""
    inside: dict[str, Act] = {}
    for act in scene.in_order:
        if act.verb == "enrol":
            inside.setdefault(act.by, act)
        else:
            inside.pop(act.by, None)
    return inside
