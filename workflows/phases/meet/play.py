"""Meet, played: the host sets the day, people come, and the minutes end it; without a quorum it does not count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from operations.ports.runs import Act, Entry, Planned
from operations.rehearsal import Crowd
from workflows.phases.meet.spec import Meet
from workflows.play import ROLE, Cast, Closing, Note, Opening, Progress, Request, Scene, Wants, enough, several

DAY, MINUTES, ATTEND = "day", "done", "attend"
"""What the host may say, and what everybody else may."""
HOST = "host"
_MINUTE = timedelta(minutes=1)


def wants(phase: Meet) -> Wants:
    groups = {HOST: phase.host, **{ref: ref for ref in phase.must}}
    return Wants(asked=phase.who, things=phase.agenda, within=phase.within, groups=groups)


def opening(phase: Meet, scene: Scene) -> Opening:
    hosts = _group(scene, HOST)
    if not scene.asked or not hosts:
        return Opening(outcome="short", awaits="nobody is invited" if hosts else "there is no host")
    requests = [Request(asked=hosts, choices=(DAY, MINUTES), form=phase.form)]
    guests = tuple(who for who in scene.asked if who not in hosts)
    if guests:
        requests.append(Request(asked=guests, choices=(ATTEND,), turn="guests"))
    for ref in phase.must:
        there = tuple(who for who in _group(scene, ref) if who not in guests and who not in hosts)
        if there:
            requests.append(Request(asked=there, choices=(ATTEND,), turn=ref))
    return Opening(requests=tuple(requests), awaits=f"a day, and {len(scene.asked)} who are invited")


def refusal(phase: Meet, scene: Scene, act: Act | Entry) -> str | None:
    if isinstance(act, Entry) or act.verb not in ("set_day", ATTEND, "minutes"):
        return "in this phase one meets; there is nothing else to do"
    if _minutes(scene) is not None:
        return "the minutes are in; it is over"
    if act.verb == "set_day":
        return _no_host(scene, act) or _no_day(scene, act)
    day = _day(scene)
    if day is None:
        return "the host has not set the day yet"
    if act.at < day:
        return f"the day is {day:%Y-%m-%d %H:%M} UTC; nobody has been there yet"
    if act.verb == "minutes":
        return _no_host(scene, act)
    who = act.about or act.by
    if act.about and act.about != act.by and (reason := _no_host(scene, act)) is not None:
        return reason
    return None if _is_invited(phase, scene, who, _as(act)) else f"{who} is not invited"


def progress(phase: Meet, scene: Scene) -> Progress:
    return Progress(over=_minutes(scene) is not None)


def closing(phase: Meet, scene: Scene) -> Closing:
    minutes, came = _minutes(scene), _came(scene)
    hosts = {act.by: act.role for act in scene.in_order if act.verb in ("set_day", "minutes")}
    host = minutes.by if minutes is not None else next(iter(hosts), None)
    if minutes is not None:
        came.setdefault(minutes.by, minutes)
    attended = [who for who, act in came.items() if not _is_staff(scene, who, act)]
    took_place = bool(attended) or minutes is not None
    absent = [who for who in scene.asked if took_place and who not in came and not who.startswith(ROLE)]
    told = minutes is not None and _counts(phase, scene, came)
    return Closing(
        outcome="done" if told else "short",
        results={
            "attended": attended,
            "absent": absent,
            "staff": [who for who in came if who not in attended],
            "host": host,
            "day": day.isoformat() if (day := _day(scene)) is not None else None,
        },
        notes=tuple(_notes(phase, scene, came, attended, absent)),
        parts={who: "host" if who == host else "guest" for who in attended},
    )


def towards(phase: Meet, scene: Scene, outcome: str, cast: Cast) -> Sequence[Planned]:
    """The day is at once; as many come as are needed, of each who must be there one; then the minutes."""
    hosts = _group(scene, HOST)
    if outcome != "done" or not hosts:
        return ()
    host, came = hosts[0], _came(scene)
    acts = [_planned(0, scene.opened_at, "set_day", host, {DAY: "1min"})]
    lacking = enough(phase.needs, len(scene.asked)) - sum(1 for who in scene.asked if who in came)
    people = [who for who in several(scene.asked, len(scene.asked)) if who not in came][: max(lacking, 0)]
    people += [_group(scene, ref)[0] for ref in phase.must if _group(scene, ref) and not _is_there(scene, came, ref)]
    acts += [_planned(seq, cast.moment(seq), ATTEND, who) for seq, who in enumerate(dict.fromkeys(people), start=1)]
    filled = cast.fill(phase.form, host)
    return [*acts, _planned(len(acts), cast.moment(len(acts)), "minutes", host, filled)]


def improvise(phase: Meet, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    hosts = _group(scene, HOST)
    if scene.deadline is None or not hosts or crowd.percent("holds", "it") < 4:
        return ()
    host, span = hosts[0], scene.deadline - scene.opened_at
    called = scene.opened_at + span / 20
    ahead = max(_MINUTE, span * (30 + crowd.number(40, "day")) / 100)
    minutes = int(ahead / _MINUTE)
    day = called + minutes * _MINUTE
    acts = [("set_day", host, called, {DAY: f"{minutes}min"})]
    guests = [who for who in scene.asked if crowd.percent("comes", who) < 85]
    guests += [_group(scene, ref)[0] for ref in phase.must if _group(scene, ref) and crowd.percent("comes", ref) < 95]
    step = min(_MINUTE, (scene.deadline - day) / 4_000)
    for number, who in enumerate(dict.fromkeys(guests)):
        acts.append((ATTEND, who, day + step * (number % 1_000), {}))
    acts.append(("minutes", host, day + (scene.deadline - day) / 3, crowd.fill(phase.form, host)))
    return [_planned(seq, at, verb, who, fields) for seq, (verb, who, at, fields) in enumerate(acts)]


# ------------------------------------------------------------------------------------------------------------- who came
def _group(scene: Scene, name: str) -> tuple[str, ...]:
    """Who hosts, or of whom one must be there."""
    return scene.groups.get(name, ())


def _day(scene: Scene) -> datetime | None:
    """The day as the host said it last."""
    said = [act for act in scene.in_order if act.verb == "set_day"]
    return scene.until(str(said[-1].fields[DAY]), said[-1].at) if said else None


def _minutes(scene: Scene) -> Act | None:
    return next((act for act in scene.in_order if act.verb == "minutes"), None)


def _came(scene: Scene) -> dict[str, Act]:
    """Who was there, in order of arrival, by what."""
    found: dict[str, Act] = {}
    for act in scene.in_order:
        if act.verb == ATTEND:
            found.setdefault(act.about or act.by, act)
    return found


def _as(act: Act) -> str | None:
    """The role in which somebody is there; one whom the host names is there in the role that the host says."""
    if act.about and act.about != act.by:
        named = act.fields.get("as")
        return str(named) if named else None
    return act.role


def _is_invited(phase: Meet, scene: Scene, who: str, role: str | None) -> bool:
    circle = {*scene.asked, *_group(scene, HOST), *(one for ref in phase.must for one in _group(scene, ref))}
    return who in circle or (role is not None and role in circle)


def _is_staff(scene: Scene, who: str, act: Act) -> bool:
    role = act.role if act.verb == "minutes" else _as(act)
    return who.startswith(ROLE) or (role is not None and who not in scene.asked)


def _is_there(scene: Scene, came: dict[str, Act], ref: str) -> bool:
    """Whether at least one of those who must be there was."""
    return any(who in _group(scene, ref) or _as(act) == ref or act.role == ref for who, act in came.items())


def _counts(phase: Meet, scene: Scene, came: dict[str, Act]) -> bool:
    """Whether enough of the invited were there, and of each who must be there one."""
    there = sum(1 for who, act in came.items() if who in scene.asked or _as(act) in scene.asked)
    quorum = there >= enough(phase.needs, len(scene.asked))
    return quorum and all(_is_there(scene, came, ref) for ref in phase.must)


def _no_host(scene: Scene, act: Act) -> str | None:
    hosts = _group(scene, HOST)
    if act.by in hosts or (act.role is not None and act.role in hosts):
        return None
    return f"{act.role or act.by} is not the host; {', '.join(hosts) or 'nobody'} is"


def _no_day(scene: Scene, act: Act) -> str | None:
    try:
        day = scene.until(str(act.fields.get(DAY, "")), act.at)
    except ValueError:
        return "the day is a moment such as 2027-03-08 10:00, or a time from now such as 3d"
    if day < act.at:
        return "the day has passed already"
    if scene.deadline is not None and day >= scene.deadline:
        return "the day is after the time in which it must take place"
    return None


def _planned(seq: int, at: datetime, verb: str, who: str, fields: Mapping[str, object] | None = None) -> Planned:
    role = who.partition("#")[0] if who.startswith(ROLE) else None
    return Planned(seq=seq, at=at, verb=verb, by=who, role=role, fields=fields or {})


def _notes(
    phase: Meet, scene: Scene, came: dict[str, Act], attended: Sequence[str], absent: Sequence[str]
) -> Iterator[Note]:
    minutes = _minutes(scene)
    host = minutes.by if minutes is not None else None
    through = host if host in attended else None  # whoever came, came through a host who is a member
    for who in attended:
        part = "host" if who == host else "guest"
        via = through if who != host else None
        fields = {"part": part, "by": who, "via": via}
        yield Note(kind="attended", key=f"{scene.visit}/{who}", at=came[who].at, member=who, fields=fields)
    for who in absent:
        yield Note(kind="absent", key=f"{scene.visit}/{who}", at=scene.at, member=who)
    if minutes is not None:
        filled = {**minutes.fields, "by": minutes.by}
        if scene.form_about not in ("member", "run") and scene.subject is not None:
            filled[scene.form_about] = scene.subject
        yield Note(kind=phase.form, key=f"{scene.visit}", at=minutes.at, member=through, fields=filled)
