"""Submit, played: works come in until the time is over, or until everything that is expected is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from operations.ports.runs import Act, Entry, Planned
from operations.rehearsal import Crowd
from workflows.later import Told
from workflows.phases.submit.spec import Submit
from workflows.play import ROLE, Cast, Closing, Note, Opening, Progress, Request, Scene, Wants, enough

MEMBER = "member"

USUAL = 40
"""How many simulated members hand something in where anybody may."""


def wants(phase: Submit) -> Wants:
    return Wants(eligible=phase.by, within=phase.within, keeps=True, per=phase.per, things=phase.into)


def opening(phase: Submit, scene: Scene) -> Opening:
    if scene.expected is None:
        return Opening(awaits="works of whoever likes")
    if not scene.expected:
        return Opening(outcome="short", awaits="nobody is there to hand anything in")
    if phase.per != MEMBER:
        asked = tuple(Request(asked=people, about=unit, form=phase.form) for unit, people in scene.units.items())
        return Opening(requests=asked, awaits=f"works of {len(asked)} {phase.per}s")
    request = Request(asked=scene.expected, form=phase.form)
    return Opening(requests=(request,), awaits=f"works of {len(scene.expected)}")


def refusal(phase: Submit, scene: Scene, act: Act | Entry) -> str | None:
    if isinstance(act, Act):
        return "in this phase works are handed in, nothing else"
    if phase.into is not None and scene.things and act.into not in scene.things:
        said = "it must be said into what" if act.into is None else f"{act.into} is none of them"
        return f"{said}: {', '.join(scene.things[:8])}"
    return None


def progress(phase: Submit, scene: Scene) -> Progress:
    if not scene.expected:
        return Progress(over=False)
    given = _given(scene)
    return Progress(over=all(given[author] >= int(phase.limit) for author in scene.expected))


def closing(phase: Submit, scene: Scene) -> Closing:
    given = _given(scene)
    missing = [author for author in scene.expected or () if not given[author]]
    if isinstance(phase.needs, str):
        base = len(scene.expected) if scene.expected is not None else len(given)
        done = base > 0 and base - len(missing) >= enough(phase.needs, base)
    else:
        done = len(scene.works) >= phase.needs
    lacking = list(dict.fromkeys(who for one in missing for who in scene.units.get(one, () if scene.units else (one,))))
    states = {} if scene.reviewed else dict.fromkeys(scene.works, ("accepted", 1))
    authors = list(dict.fromkeys(who for work in scene.works.values() for who in work.written_by))
    return Closing(
        outcome="done" if done else "short",
        results={"works": list(scene.works), "authors": authors, "missing": lacking},
        notes=Told(lambda: _notes(scene, lacking)),
        works=states,
        parts={author: "author" for author in authors if not author.startswith(ROLE)},
    )


def _notes(scene: Scene, lacking: Sequence[str]) -> Iterator[Note]:
    for work in scene.works.values():
        member = None if work.author.startswith(ROLE) else work.author
        team = work.unit.partition("#")[0] if work.unit is not None else scene.team_of.get(work.author)
        said = {"work": work.id, "late": work.late, "by": member, "team": team}
        yield Note(kind="submitted", key=work.id, at=work.at, member=member, fields=said)
    for author in lacking:
        if not author.startswith(ROLE):
            yield Note(kind="missed", key=f"{scene.visit}/{author}", at=scene.at, member=author)


def so_far(phase: Submit, scene: Scene) -> Mapping[str, object]:
    """Works and their authors as they come."""
    authors = dict.fromkeys(who for work in scene.works.values() for who in work.written_by)
    return {"works": list(scene.works), "authors": list(authors)}


def towards(phase: Submit, scene: Scene, outcome: str, cast: Cast) -> Sequence[Planned]:
    """As many works come in as are needed, or none; of teams and their parts one fewer."""
    given, limit = _given(scene), int(phase.limit)
    if outcome != "done" and not scene.units:
        return ()
    authors = [who for who in (scene.expected if scene.expected is not None else cast.people) if given[who] < limit]
    if outcome != "done":
        lacking = [who for who in authors if not given[who]]
        fewer = len(lacking) - 1 if isinstance(phase.needs, str) else phase.needs - 1 - len(scene.works)
        return _handed_in(phase, scene, cast, lacking[: max(fewer, 0)])
    if isinstance(phase.needs, str):
        base = len(scene.expected or ()) or 1
        wanted = enough(phase.needs, base) - sum(1 for who in scene.expected or given if given[who])
        authors = [who for who in authors if not given[who]]
    else:
        wanted = phase.needs - len(scene.works)
        authors = [who for turn in range(limit) for who in authors if given[who] + turn < limit]
    return _handed_in(phase, scene, cast, authors[: max(wanted, 0)])


def _handed_in(phase: Submit, scene: Scene, cast: Cast, authors: Sequence[str]) -> list[Planned]:
    """A work of each of them; of a team or a part the first of its people hands it in."""
    coming = [(scene.units[one][0] if one in scene.units else one) for one in authors if scene.units.get(one, (one,))]
    return [
        Planned(
            seq=seq,
            at=cast.moment(seq),
            verb="submit",
            by=who,
            about=scene.things[seq % len(scene.things)] if scene.things else "",
            fields=cast.fill(phase.form, who, seq),
        )
        for seq, who in enumerate(coming)
    ]


def improvise(phase: Submit, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    if scene.deadline is None:
        return ()
    if scene.units:
        comes = 96 if phase.per == "team" else 92
        authors = [unit for unit, people in scene.units.items() if people and crowd.percent("comes", unit) < comes]
    elif scene.expected is not None:
        authors = [who for who in scene.expected if crowd.percent("comes", who) < 85]
    else:
        needs = phase.needs if isinstance(phase.needs, int) else 1
        authors = crowd.some(crowd.size or max(USUAL, needs + needs // 3 + 1))
    given = _given(scene)
    acts = []
    for author in authors:
        room = int(phase.limit) - given[author]
        wanted = 1 if int(phase.limit) == 1 else 1 + crowd.number(min(int(phase.limit), 3), "works", author)
        if author.startswith(ROLE) and isinstance(phase.needs, int):
            wanted = max(wanted, phase.needs)
        for number in range(min(room, wanted)):
            when = crowd.moment(scene.opened_at, scene.deadline, "submit", author, number)
            people = scene.units.get(author, (author,))
            who = people[crowd.number(len(people), "hands in", author, number)]
            acts.append((when, who, number, crowd.fill(phase.form, author, number)))
    acts.sort(key=lambda act: act[:3])
    return [
        Planned(
            seq=seq,
            at=when,
            verb="submit",
            by=author,
            about=scene.things[crowd.number(len(scene.things), "into", author, number)] if scene.things else "",
            fields=fields,
        )
        for seq, (when, author, number, fields) in enumerate(acts)
    ]


def _given(scene: Scene) -> Counter[str]:
    return Counter(work.unit or work.author for work in scene.works.values())
