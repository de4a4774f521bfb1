"""Form teams, played: people are proposed, invited, come by themselves or are placed, until all parts are filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from operations.ports.runs import Act, Entry, Planned
from operations.ports.teams import TEAMS, Seat, Slot, Team
from operations.rehearsal import Crowd
from rules.spec.people import Selection
from workflows.phases.form_teams.forming import (
    APART,
    BOUND,
    BY_HAND,
    CLAIM,
    OFFER,
    POOL,
    PROPOSED,
    SOLVE,
    UNWILLING,
    Forming,
    Place,
    answer_until,
    forming,
    number_of,
    parts_of,
    proposal,
    write_pool,
)
from workflows.phases.form_teams.spec import FormTeams
from workflows.play import ROLE, Cast, Closing, Note, Opening, Progress, Request, Scene, Wants

ANSWERS = ("confirm", "decline")


def wants(phase: FormTeams) -> Wants:
    parts = {
        slot.id: Selection.model_construct(from_=_listed(slot.from_ or phase.from_), where=slot.where)
        for slot in phase.slots
        if not isinstance(slot, str)
    }
    return Wants(
        eligible=phase.from_ if phase.fill == CLAIM else None,
        within=phase.within,
        parts=parts,
        traits=tuple(phase.traits) if not isinstance(phase.traits, str) else (),
        apart=phase.never_together,
    )


def opening(phase: FormTeams, scene: Scene) -> Opening:
    if phase.fill not in PROPOSED:
        awaits = "parts to be taken" if phase.fill == CLAIM else "teams to be put together by hand"
        return Opening(awaits=f"{awaits}: {', '.join(part.id for part in parts_of(phase))}")
    pool, pairs = list(scene.free()), scene.apart()
    here = {one.id for one in pool}
    apart = sorted(sorted(pair) for pair in pairs if pair <= here)
    kept: dict[str, Any] = {POOL: write_pool(pool), APART: apart}
    empty = replace(scene, kept=kept, acts=())
    offer, bound = proposal(forming(phase, empty, scene.opened_at))
    kept |= {OFFER: offer, BOUND: bound}
    proposed = forming(phase, replace(scene, kept=kept, acts=()), scene.opened_at)
    if not any(proposed.places):
        return Opening(outcome="short", awaits="there is nobody for the parts", kept=kept, either=True)
    asked = proposed.pending()
    if not asked:
        done = _complete(proposed) >= int(phase.needs)
        return Opening(outcome="done" if done else "short", awaits="teams are formed", kept=kept, either=True)
    return Opening(
        requests=tuple(_request(one) for one in asked),
        awaits=f"{len(asked)} people to say yes",
        kept=kept,
        look_at=min((one.until for one in asked if one.until is not None), default=None),
    )


def refusal(phase: FormTeams, scene: Scene, act: Act | Entry) -> str | None:
    if isinstance(act, Entry) or act.verb not in ("claim", "confirm", "decline", "place", "withdraw"):
        return "in this phase parts of teams are filled, nothing else"
    found = forming(phase, scene, act.at)
    mine = found.place_of(act.by)
    match act.verb:
        case "confirm":
            if mine is None:
                return f"no part is offered to {act.by}; another may have it by now"
            return f"{act.by} is {mine.part} already" if mine.filled else None
        case "decline" | "withdraw":
            known = mine is not None or (act.by in found.pool and act.by not in found.unwilling)
            return None if known else f"{act.by} is in no team here"
        case "claim":
            return _no_claim(phase, scene, found, act)
        case _:
            return _no_place(found, act)


def _no_claim(phase: FormTeams, scene: Scene, found: Forming, act: Act) -> str | None:
    part = act.about.rpartition("#")[2]
    known = {one.id: one for one in found.parts}
    if phase.fill != CLAIM:
        return "parts are not claimed here, they are offered"
    if part not in known:
        return f"there is no part {part!r}; there are {', '.join(known)}"
    mine = found.place_of(act.by)
    if mine is not None:
        return f"{act.by} has {mine.part}, and nobody has two parts of one team"
    if not scene.may_do(act.by, part):
        return f"{act.by} does not meet what {part} asks for"
    team = number_of(act.about) or found.room(part)
    if team is None or team > found.teams or len(found.inside(team)[part]) >= known[part].limit:
        has = ", ".join(who for n in range(1, found.teams + 1) for who in found.inside(n)[part])
        return f"{part} is taken by {has}"
    return None


def _no_place(found: Forming, act: Act) -> str | None:
    """Why an edit by hand breaks what was asked of teams."""
    member, at, where = act.about.rpartition("@")
    part, instead = where.rpartition("#")[2], str(act.fields.get("instead") or "")
    if not at or part not in {one.id for one in found.parts}:
        return f"there is no part {part!r}; there are {', '.join(one.id for one in found.parts)}"
    team, here = number_of(where) or found.room(part), found.place_of(member)
    if team is None or team > max(found.teams, 1):
        return f"there is no team with room for {part}"
    if here is not None and (here.team, here.part) == (team, part):
        return f"{member} is {part} there already"
    other = found.place_of(instead) if instead else None
    if instead and (other is None or (other.team, other.part) != (team, part)):
        return f"{instead} is not {part} of team {team}"
    if member not in found.pool and not found.scene.may_do(member, part):
        return f"{member} cannot be {part}"
    trial = forming(found.phase, found.scene, act.at)
    if here is not None:
        trial.places.remove(here)
    wrong = trial.clash(team, part, member, without=instead or None)
    if here is not None and other is not None:
        trial.places.remove(other)
        trial.put(replace(other, member=member))
        wrong += trial.clash(here.team, here.part, instead)
    elif here is not None and here.team != team and found.complete(here.team) and not trial.complete(here.team):
        wrong.append(f"team {here.team} would have nobody left as {here.part}; swap with somebody")
    return "; ".join(wrong) or None


def progress(phase: FormTeams, scene: Scene) -> Progress:
    found = forming(phase, scene, scene.at)
    asked = found.pending()
    if phase.fill not in PROPOSED:
        return Progress(over=found.full())
    later = [one for one in asked if one.turn or one.since > scene.opened_at]
    return Progress(
        over=not asked and _complete(found) >= int(phase.needs) and not _incomplete(found),
        requests=tuple(_request(one) for one in later),
        look_at=min((one.until for one in asked if one.until is not None), default=None),
    )


def closing(phase: FormTeams, scene: Scene) -> Closing:
    found = forming(phase, scene, scene.at)
    complete = [n for n in range(1, found.teams + 1) if found.complete(n)]
    standing = complete if phase.fill == SOLVE else list(range(1, found.teams + 1))
    teams = tuple(_team(found, number, place) for place, number in enumerate(standing, start=1))
    names = {number: team.id for number, team in zip(standing, teams, strict=True)}
    notes = [
        Note(
            kind="joined_team",
            key=f"{scene.visit}/{names[one.team]}/{one.part}/{one.member}",
            at=one.since,
            member=one.member,
            fields={"team": names[one.team], "slot": one.part, "by": one.by or one.member},
        )
        for one in found.places
        if one.filled and one.team in names
    ]
    for n, gone in enumerate(found.gone):
        kind = {"declined": "declined", "silent": "missed"}.get(gone.why, "left_team" if gone.was else "")
        if kind:
            fields = {"team": names.get(gone.place.team), "slot": gone.place.part} if kind == "left_team" else {}
            key = f"{scene.visit}/{n}/{gone.place.member}"
            notes.append(Note(kind=kind, key=key, at=gone.at, member=gone.place.member, fields=fields))
    notes += [
        Note(kind="declined", key=f"{scene.visit}/ahead/{n}/{who}", at=at, member=who)
        for n, (who, at) in enumerate(found.ahead)
    ]
    return Closing(
        outcome="done" if len(complete) >= int(phase.needs) else "short",
        results=results(found, {names[n]: found.inside(n, asked=False) for n in standing}),
        notes=tuple(notes),
        parts={one.member: one.part for one in found.places if one.filled and one.team in names},
        teams=teams,
    )


def so_far(phase: FormTeams, scene: Scene) -> dict[str, Any]:
    """Who is in already, for those who look from beside."""
    found = forming(phase, scene, scene.at)
    return results(found, {_id(scene, n): found.inside(n, asked=False) for n in range(1, found.teams + 1)})


def moments(phase: FormTeams, scene: Scene) -> list[datetime]:
    """When somebody's time to say yes was over."""
    return [one.at for one in forming(phase, scene, scene.at).gone]


def results(found: Forming, teams: Mapping[str, Mapping[str, list[str]]]) -> dict[str, Any]:
    """The results: teams, who is in them, in each part, who waits, and the parts."""
    slots: dict[str, list[str]] = {part.id: [] for part in found.parts}
    for parts in teams.values():
        for part, inside in parts.items():
            slots[part] += inside
    members = list(dict.fromkeys(who for parts in teams.values() for inside in parts.values() for who in inside))
    names = (
        list(slots) if len(teams) <= 1 else [f"{name.rpartition('/')[2]}#{part}" for name in teams for part in slots]
    )
    kept = found.scene.kept
    return {
        **slots,
        "teams": list(teams),
        "members": members,
        "waiting": [who for who in found.pool if who not in members and who not in found.unwilling],
        "slots": names,
        "holder": members,
        TEAMS: {name: {part: list(inside) for part, inside in parts.items()} for name, parts in teams.items()},
        **({"@bound": kept[BOUND]} if BOUND in kept else {}),
        **({UNWILLING: sorted(found.unwilling)} if found.unwilling else {}),
    }


# ------------------------------------------------------------------------------------------------------------ rehearsal
def towards(phase: FormTeams, scene: Scene, outcome: str, cast: Cast) -> Sequence[Planned]:
    """Who is proposed says yes, and made-up people take the parts that lack somebody; or everybody says no."""
    found = forming(phase, scene, scene.opened_at)
    acts: list[tuple[str, str, str]] = []
    if outcome != "done":
        acts += [("decline", who, "") for who in found.pool]
    else:
        acts += [("confirm", one.member, "") for one in found.pending()]
        others = iter(who for who in cast.people if found.place_of(who) is None)
        for team in range(1, max(int(phase.needs), 1) + 1):
            inside = found.inside(team) if team <= found.teams else {}
            for part in found.parts:
                for _ in range(part.needs - len(inside.get(part.id, ()))):
                    acts.append(("place", f"{ROLE}owner", f"{next(others)}@{team}#{part.id}"))
    return [
        Planned(seq=seq, at=cast.moment(seq), verb=verb, by=who, about=about)
        for seq, (verb, who, about) in enumerate(acts)
    ]


def improvise(phase: FormTeams, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    """Nine in ten say yes, the others no or nothing; parts that are claimed are taken one after the other."""
    if scene.deadline is None:
        return ()
    planned: list[Planned] = []
    if phase.fill in PROPOSED:
        answered: set[str] = set()
        played = scene
        while True:
            found = forming(phase, played, scene.deadline if answered else scene.opened_at)
            left = [one for one in _everybody(found) if one.member not in answered]
            asked = [one for one in left if one.since == left[0].since]
            if not asked:
                break
            for one in asked:
                answered.add(one.member)
                until = min(answer_until(phase, scene, one.since) or scene.deadline, scene.deadline)
                said = crowd.choose((("confirm", 90), ("decline", 7), ("", 3)), one.member)
                if said and one.since < until:
                    when = crowd.moment(one.since, until, said, one.member)
                    planned.append(Planned(seq=0, at=when, verb=said, by=one.member))
            played = replace(scene, acts=tuple(_act(one) for one in planned))
    else:
        taken: set[str] = set()
        for number in range(1, forming(phase, scene, scene.opened_at).teams + 1):
            for part in parts_of(phase):
                for seat in range(part.limit if part.needs else part.limit * (crowd.percent("optional", part.id) < 50)):
                    who = next(
                        (one for one in crowd.some(400) if one not in taken and scene.may_do(one, part.id)), None
                    )
                    if who is None:
                        continue
                    taken.add(who)
                    when = crowd.moment(scene.opened_at, scene.deadline, "takes", number, part.id, seat)
                    by_hand = phase.fill == BY_HAND
                    verb, by = ("place", f"{ROLE}owner") if by_hand else ("claim", who)
                    about = f"{who}@{number}#{part.id}" if by_hand else f"{number}#{part.id}"
                    planned.append(Planned(seq=0, at=when, verb=verb, by=by, about=about))
    planned.sort(key=lambda one: (one.at, one.by, one.about))
    return [replace(one, seq=seq) for seq, one in enumerate(planned)]


def _everybody(found: Forming) -> list[Place]:
    """All who were ever asked, in order."""
    return sorted([*found.places, *(one.place for one in found.gone)], key=lambda one: (one.since, one.member))


def _act(one: Planned) -> Act:
    return Act(verb=one.verb, by=one.by, at=one.at, about=one.about, fields=one.fields, seq=one.seq)


# -------------------------------------------------------------------------------------------------------------- writing
def _complete(found: Forming) -> int:
    return sum(found.complete(n) for n in range(1, found.teams + 1))


def _incomplete(found: Forming) -> bool:
    """Whether a team with people in it lacks somebody."""
    return any(not found.complete(n) for n in {one.team for one in found.places})


def _request(one: Place) -> Request:
    return Request(asked=(one.member,), choices=ANSWERS, due=one.until, turn=f"{one.team}.{one.part}.{one.member}")


def _id(scene: Scene, number: int) -> str:
    return f"{scene.place}/{scene.visit}/{number}"


def _team(found: Forming, number: int, place: int) -> Team:
    scene = found.scene
    run, _, phase = scene.place.rpartition("/")
    name = _id(scene, place)
    shares = {slot.id: slot.share for slot in found.phase.slots if not isinstance(slot, str)}
    return Team(
        id=name,
        community=run.partition("/")[0],
        run=run,
        phase=phase,
        visit=scene.visit,
        number=place,
        formed_at=scene.at,
        slots=tuple(
            Slot(id=part.id, needs=part.needs, limit=part.limit, share=shares.get(part.id)) for part in found.parts
        ),
        seats=tuple(
            Seat(team=name, slot=one.part, member=one.member, since=one.since, why=why(found, one))
            for one in found.places
            if one.team == number and one.filled
        ),
    )


def why(found: Forming, one: Place) -> dict[str, Any]:
    """What spoke for somebody in a part."""
    told: dict[str, Any] = {"how": one.how}
    known = found.pool.get(one.member)
    if known is not None:
        alone = [who for who, other in found.pool.items() if one.part in other.parts]
        told |= {
            "could": sorted(known.parts),
            "load": known.load,
            "of": len(alone),
            "place": alone.index(one.member) + 1 if one.member in alone else None,
            "traits": {name: None if v is None else sorted(v) for name, v in known.traits.items()},
        }
    if one.instead:
        told["instead"] = one.instead
    if one.by:
        told["by"] = one.by
    return {name: value for name, value in told.items() if value is not None}


def _listed(who: Any) -> tuple[Any, ...]:
    return tuple(who) if isinstance(who, tuple | list) else (who,)
