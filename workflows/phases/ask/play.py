"""Ask, played: one answer is wanted, or one for each thing; who is silent counts as the phase says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from operations.ports.runs import Act, Entry, Planned
from operations.rehearsal import Crowd
from workflows.phases.ask.spec import Ask
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
    able,
    enough,
    not_asked,
    people_in,
    several,
)

SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one thing; by silence, or by answers. `choice` None: nothing yet."""

    choice: str | None
    by_answers: bool


def wants(phase: Ask) -> Wants:
    return Wants(asked=phase.by, never=phase.never, things=phase.of, within=phase.within)


def opening(phase: Ask, scene: Scene) -> Opening:
    if phase.of is not None and not scene.things:
        return Opening(outcome="short", awaits="there is nothing to ask about")
    requests = tuple(
        Request(asked=asked, about=thing, choices=choices_of(phase), form=phase.form)
        for thing in _things(phase, scene)
        if (asked := scene.asked_about(thing))
    )
    if not requests:
        return Opening(outcome=_silence(phase), awaits="nobody can be asked")
    return Opening(requests=requests, awaits="an answer" if phase.of is None else f"{len(requests)} answers")


def refusal(phase: Ask, scene: Scene, act: Act | Entry) -> str | None:
    if isinstance(act, Entry) or act.verb != "answer":
        return "in this phase a question is answered, nothing else"
    if phase.of is not None and act.about not in scene.thing_set:
        return f"{act.about or 'this'} is nothing one is asked about here"
    if (reason := not_asked(scene, act)) is not None:
        return reason
    if act.choice not in choices_of(phase):
        return f"an answer is one of {', '.join(choices_of(phase))}"
    return None


def progress(phase: Ask, scene: Scene) -> Progress:
    return Progress(over=all(_decided(phase, scene, thing, final=False) for thing in _things(phase, scene)))


def closing(phase: Ask, scene: Scene) -> Closing:
    answers = scene.in_order
    verdicts = {thing: _verdict(phase, scene, thing) for thing in _things(phase, scene)}
    results: dict[str, Any] = {choice: [] for choice in choices_of(phase)}
    if phase.of is not None:
        for thing, verdict in verdicts.items():
            if verdict.choice in results:
                results[verdict.choice].append(thing)
    else:
        for act in answers:
            if act.role is None and act.choice is not None:
                results[act.choice].append(act.by)
    for act in answers:
        for name, value in act.fields.items():
            results.setdefault(name, value)
    return Closing(
        outcome=_outcome(phase, scene, verdicts),
        results=results,
        notes=tuple(_notes(phase, scene, answers, verdicts)),
        parts={act.by: "answerer" for act in answers if act.role is None},
    )


def towards(phase: Ask, scene: Scene, outcome: str, cast: Cast) -> Sequence[Planned]:
    """As many give this answer as it takes; silence needs nobody."""
    each = phase.of is not None or phase.decided_by == "each"
    choice = choices_of(phase)[0] if each and outcome == "done" else outcome
    if choice not in choices_of(phase):
        return ()
    acts = []
    for thing in _things(phase, scene):
        free = list(scene.asked_about(thing))
        said = {act.by for act in scene.about.get(thing, ())}
        wanted = len(free) if phase.decided_by != "count" else _needs(phase, scene, thing)
        acts += [(who, thing) for who in several(free, wanted) if who not in said]
    return [
        Planned(
            seq=seq,
            at=cast.moment(seq),
            verb="answer",
            by=who,
            role=who.partition("#")[0] if who.startswith(ROLE) else None,
            about=thing,
            choice=choice,
            fields=cast.fill(phase.form, who, thing),
        )
        for seq, (who, thing) in enumerate(acts)
    ]


def improvise(phase: Ask, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    if scene.deadline is None:
        return ()
    choices = choices_of(phase)
    weights = [(choice, 80 if place == 0 else 20 // (len(choices) - 1)) for place, choice in enumerate(choices)]
    acts = []
    for thing in _things(phase, scene):
        for who in scene.asked_about(thing):
            if crowd.percent("silent", who, thing) < 6:
                continue
            when = crowd.moment(scene.opened_at, scene.deadline, "answer", who, thing)
            acts.append((when, who, thing))
    return [
        Planned(
            seq=seq,
            at=when,
            verb="answer",
            by=who,
            role=who if who.startswith(ROLE) else None,
            about=thing,
            choice=crowd.choose(weights, who, thing),
            fields=crowd.fill(phase.form, who, thing),
        )
        for seq, (when, who, thing) in enumerate(sorted(acts))
    ]


def choices_of(phase: Ask) -> tuple[str, ...]:
    """The ids of the answers, the way on first."""
    return tuple(choice if isinstance(choice, str) else choice.id for choice in phase.choices)


# ----------------------------------------------------------------------------------------------------------- deciding
def _things(phase: Ask, scene: Scene) -> tuple[str, ...]:
    return tuple(scene.things) if phase.of is not None else ("",)


def _base(scene: Scene, thing: str) -> int:
    """How many may answer about a thing: those asked, without whoever it is the work of."""
    free = able(scene, thing)
    return len(scene.own.get(thing, scene.asked)) if free is None else free


def _needs(phase: Ask, scene: Scene, thing: str) -> int:
    """How many answers are needed: a share is one of all asked, as of the seats of a council, and not of more than may
    answer."""
    if not isinstance(phase.needs, str):
        return phase.needs
    return max(1, min(enough(phase.needs, len(scene.own.get(thing, scene.asked))), _base(scene, thing)))


def _decided(phase: Ask, scene: Scene, thing: str, *, final: bool) -> str | None:
    """The choice that stands by answers alone, or None. `final`: no more answers will come."""
    mine = [act for act in scene.about.get(thing, ()) if act.choice is not None]
    choices = choices_of(phase)
    given = Counter(act.choice for act in mine)
    base, needs = _base(scene, thing), _needs(phase, scene, thing)
    everybody = able(scene, thing) is not None and len({act.by for act in mine}) >= base
    if phase.veto is not None and given[phase.veto]:
        return phase.veto
    match phase.decided_by:
        case "each":
            enough_came = len(mine) >= needs
            return choices[0] if enough_came and (final or everybody or (has_one_role(scene) and bool(mine))) else None
        case "count":
            running: Counter[str] = Counter()
            for act in mine:
                assert act.choice is not None
                running[act.choice] += 1
                if running[act.choice] >= needs:
                    return act.choice
            return None
        case "majority":
            if not final and not everybody:
                sure = [choice for choice in choices if given[choice] * 2 > base]
                counts = able(scene, thing) is not None and len(mine) >= needs
                return sure[0] if sure and counts else _one_role(scene, mine, needs)
            if len(mine) < needs:
                return None
            return next((choice for choice in choices if given[choice] * 2 > len(mine)), None)
        case _:
            if not final and not everybody:
                return _one_role(scene, mine, needs)
            if len(mine) < needs or not mine:
                return None
            most = max(given.values())
            first = [choice for choice in choices if given[choice] == most]
            return first[0] if len(first) == 1 else None


def has_one_role(scene: Scene) -> bool:
    """Whether a single role is asked and nobody by name: then one answer for it is all there is to come."""
    return len(scene.asked) == 1 and scene.asked[0].startswith(ROLE)


def _one_role(scene: Scene, mine: Sequence[Act], needs: int) -> str | None:
    """The answer of the only role that was asked, if one answer is enough."""
    return mine[0].choice if has_one_role(scene) and mine and needs <= 1 else None


def _verdict(phase: Ask, scene: Scene, thing: str) -> Verdict:
    choice = _decided(phase, scene, thing, final=True)
    if choice is not None:
        return Verdict(choice, True)
    return Verdict(phase.if_silent if phase.if_silent != SILENT else None, False)


def _outcome(phase: Ask, scene: Scene, verdicts: dict[str, Verdict]) -> str:
    if phase.of is not None or phase.decided_by == "each":
        return "done" if any(verdict.by_answers for verdict in verdicts.values()) else "short"
    return verdicts[""].choice or SILENT


def _silence(phase: Ask) -> str:
    return "short" if phase.of is not None or phase.decided_by == "each" else phase.if_silent


def _notes(phase: Ask, scene: Scene, answers: Sequence[Act], verdicts: dict[str, Verdict]) -> list[Note]:
    notes = []
    for act in answers:
        member = act.by if act.role is None else None
        key = f"{scene.visit}/{act.about}/{act.by}"
        fields = {"choice": act.choice, "silent": False, "by": act.by}
        notes.append(Note(kind="answered", key=key, at=act.at, member=member, fields=fields))
        if phase.form is not None:
            filled = {**act.fields, "by": act.by, "choice": act.choice}
            about = act.about or scene.subject
            if about is None and scene.form_about == "member":
                about = member
            if about is not None:
                filled[scene.form_about] = about
            notes.append(Note(kind=phase.form, key=key, at=act.at, member=_about(scene, act, member), fields=filled))
    counts = phase.if_silent if phase.if_silent != SILENT else None
    for thing, verdict in verdicts.items():
        answered = {act.by for act in scene.about.get(thing, ())}
        if phase.decided_by != "each" and verdict.by_answers:
            continue  # decided without them
        for who in people_in(scene.asked_about(thing)):
            if who in answered:
                continue
            key = f"{scene.visit}/{thing}/{who}"
            notes.append(Note(kind="missed", key=key, at=scene.at, member=who))
            if counts is not None:
                fields = {"choice": counts, "silent": True, "by": who}
                notes.append(Note(kind="answered", key=key, at=scene.at, member=who, fields=fields))
    return notes


def _about(scene: Scene, act: Act, member: str | None) -> str | None:
    """Whom the form's fact is about: what was asked about, else the run's subject, else whoever filled it in."""
    if scene.form_about != "member":
        return scene.author_of(act.about) or member
    if act.about:
        return scene.author_of(act.about) or act.about
    return scene.subject or member
