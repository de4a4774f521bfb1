"""Judge, played: works are scored by criterion, evened out, ranked exactly, and the best of them win."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any

from operations.ports.runs import Act, Entry, Planned
from operations.rehearsal import Crowd
from rules.spec.parts import Criterion
from rules.values import decimal_text
from workflows.later import Told
from workflows.phases.judge.spec import Judge
from workflows.play import (
    ROLE,
    Asked,
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
    figures_of,
    not_asked,
    sequence,
    several,
)
from workflows.summary import summary

Scores = Mapping[str, Mapping[str, Mapping[str, int]]]  # work -> judge -> criterion -> score


def wants(phase: Judge) -> Wants:
    criteria = tuple(Asked(line.metric, line.over or "all") for line in _rubric(phase) if line.metric is not None)
    return Wants(
        asked=phase.by,
        never=phase.never,
        things=phase.of,
        within=phase.within,
        figures=(*criteria, *figures_of(phase.ties)),
        keeps=True,
    )


def opening(phase: Judge, scene: Scene) -> Opening:
    if not scene.things:
        return Opening(outcome="short", awaits="there is nothing to judge")
    needed = enough(phase.needs, len(scene.asked))
    lacking = [work for work in scene.things if (free := able(scene, work)) is not None and free < needed]
    if lacking and _scale(phase):
        return Opening(outcome="short", awaits=f"{len(lacking)} works cannot have {needed} judges")
    judges = tuple(who for who in scene.asked if who not in scene.never)
    request = Request(asked=judges, choices=("score",), form=None)
    return Opening(requests=(request,), awaits=f"{needed} judges for each of {len(scene.things)} works")


def refusal(phase: Judge, scene: Scene, act: Act | Entry) -> str | None:
    if isinstance(act, Entry) or act.verb != "score":
        return "in this phase works are scored, nothing else"
    if (reason := not_asked(scene, act)) is not None:
        return reason
    if act.about not in scene.thing_set:
        return f"{act.about or 'this'} is none of the works to be judged"
    scales = _scale(phase)
    missing, unknown = sorted(set(scales) - set(act.fields)), sorted(set(act.fields) - set(scales))
    if unknown:
        return f"{unknown[0]} is no criterion scored by people; they are {', '.join(scales)}"
    if missing:
        return f"a score for {missing[0]} is missing"
    for criterion, (low, high) in scales.items():
        score = act.fields[criterion]
        if type(score) is not int or not low <= score <= high:
            return f"{criterion} is a whole number from {low} to {high}"
    return None


def progress(phase: Judge, scene: Scene) -> Progress:
    return Progress(over=not _lacking(phase, scene) and bool(_scale(phase)))


def settled(phase: Judge, scene: Scene, work: str) -> bool:
    """Whether a work has its judges; who else scores it until the time is up counts too."""
    judges = {act.by for act in scene.about.get(work, ()) if act.verb == "score"}
    return bool(_scale(phase)) and len(judges) >= enough(phase.needs, len(scene.asked))


def closing(phase: Judge, scene: Scene) -> Closing:
    judged = [act for act in scene.in_order if act.verb == "score"]
    parts = {act.by: "judge" for act in judged if act.role is None}
    if _lacking(phase, scene) and phase.if_silent != "done":
        return Closing(
            outcome="short",
            results={"ranking": [], "winning": [], "winners": []},
            notes=Told(lambda: _scored(scene, judged)),
            parts=parts,
        )
    totals = total_scores(phase, scene)
    ranking = _ranking(phase, scene, totals)
    winning = ranking[: int(phase.winners)]
    winners = list(dict.fromkeys(author for work in winning for author in scene.authors_of(work)))
    return Closing(
        outcome="done" if ranking else "short",
        results={
            "ranking": ranking,
            "winning": winning,
            "winners": winners,
            "scores": {work: decimal_text(round(totals[work] * 100), 2) for work in ranking},
            "dimensions": dimensions(judged),
            "made_from": {"at": scene.at.isoformat(), "scores": len(judged)},
        },
        notes=Told(lambda: chain(_scored(scene, judged), _placed(scene, ranking, totals))),
        parts=parts,
    )


def _scored(scene: Scene, judged: Sequence[Act]) -> Iterator[Note]:
    for act in judged:
        for criterion, score in sorted(act.fields.items()):
            fields = {"work": act.about, "criterion": criterion, "score": Fraction(score), "by": act.by}
            for also, member in _authors(scene, act.about):
                key = f"{act.visit}/{act.about}/{criterion}/{act.by}{also}"
                yield Note(kind="scored", key=key, at=act.at, member=member, fields=fields)


def _placed(scene: Scene, ranking: Sequence[str], totals: Mapping[str, Fraction]) -> Iterator[Note]:
    for place, work in enumerate(ranking, start=1):
        fields = {"work": work, "score": totals[work], "place": place, "of": len(ranking)}
        for also, author in _authors(scene, work):
            yield Note(kind="judged", key=f"{scene.visit}/{work}{also}", at=scene.at, member=author, fields=fields)


def dimensions(judged: Sequence[Act]) -> dict[str, dict[str, Any]]:
    """The level of the whole field by criterion: how many works, their mean and quartiles; of each work the mean of
    its judges."""
    given: dict[str, dict[str, list[int]]] = {}
    for act in judged:
        for criterion, score in act.fields.items():
            given.setdefault(criterion, {}).setdefault(act.about, []).append(int(score))
    return {
        criterion: summary({work: Fraction(sum(marks), len(marks)) for work, marks in works.items()}, 2)
        for criterion, works in sorted(given.items())
    }


def towards(phase: Judge, scene: Scene, outcome: str, cast: Cast) -> Sequence[Planned]:
    """Every work gets the judges it lacks, who score as those before them did, and lowest where nobody did."""
    if outcome != "done":
        return ()
    scales, given = _scale(phase), _given(scene)
    needed = enough(phase.needs, len(scene.asked))
    acts = []
    for work in scene.things:
        before = given.get(work, {})
        scores = next(iter(before.values()), {name: low for name, (low, _) in scales.items()})
        free = list(scene.asked_about(work))
        more = [who for who in several(free, needed + len(before)) if who not in before]
        acts += [(who, work, scores) for who in more[: max(needed - len(before), 0)]]
    return [
        Planned(
            seq=seq,
            at=cast.moment(seq),
            verb="score",
            by=who,
            role=who.partition("#")[0] if who.startswith(ROLE) else None,
            about=work,
            fields=dict(scores),
        )
        for seq, (who, work, scores) in enumerate(acts)
    ]


def improvise(phase: Judge, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    scales = _scale(phase)
    if scene.deadline is None or not scales:
        return ()
    needed = enough(phase.needs, len(scene.asked))
    given = _given(scene)
    panel = crowd.some(len(scene.asked), [who for who in scene.asked if who not in scene.never])
    acts = []
    for number, work in enumerate(scene.things):
        free = [who for who in panel if who in scene.asked_about(work)]
        if not free:
            continue
        here = free[number % len(free) :] + free[: number % len(free)]
        for turn in range(needed - len(given.get(work, {}))):
            who = here[turn % len(here)]
            by = who if turn < len(here) else f"{who}#{turn // len(here) + 1}"  # several people in one role
            if turn >= len(here) and not who.startswith(ROLE):
                continue
            quality, mood = crowd.number(1000, "quality", work), crowd.number(200, "mood", by)
            scores = {}
            for criterion, (low, high) in scales.items():
                drawn = (quality * 6 + mood * 10 + crowd.number(1000, "score", by, work, criterion) * 2) // 10
                scores[criterion] = low + (high - low) * min(drawn, 999) // 999
            when = crowd.moment(scene.opened_at, scene.deadline, "score", by, work)
            acts.append((when, work, by, who if who.startswith(ROLE) else None, scores))
    acts.sort(key=lambda act: act[:3])
    return [
        Planned(seq=seq, at=when, verb="score", by=by, role=role, about=work, fields=scores)
        for seq, (when, work, by, role, scores) in enumerate(acts)
    ]


# ------------------------------------------------------------------------------------------------------------ scoring
def total_scores(phase: Judge, scene: Scene) -> dict[str, Fraction]:
    """Each work's score from 0 to 100, by weight: people's scores as a part of their scale, metrics by rank."""
    given = _given(scene)
    totals = dict.fromkeys(scene.things, Fraction(0))
    for line in _rubric(phase):
        parts = _by_people(phase, line, scene, given) if line.scale is not None else _by_rank(line, scene)
        for work in scene.things:
            totals[work] += line.weight * parts[work]
    return totals


def _by_people(phase: Judge, line: Criterion, scene: Scene, given: Scores) -> dict[str, Fraction]:
    """The mean of the judges as a part of the scale; strict and mild judges evened out if the phase says so."""
    assert line.scale is not None
    low, high = line.scale
    means = {}
    for work in scene.things:
        scores = [scores[line.id] for scores in given.get(work, {}).values()]
        means[work] = Fraction(sum(scores), len(scores)) if scores else None
    lean = dict.fromkeys((judge for judges in given.values() for judge in judges), Fraction(0))
    if phase.normalise == "per_judge":
        for judge in lean:
            seen = [(judges[judge][line.id], means[work]) for work, judges in given.items() if judge in judges]
            lean[judge] = sum((score - mean for score, mean in seen if mean is not None), Fraction(0)) / len(seen)
    parts = {}
    for work in scene.things:
        evened = [scores[line.id] - lean[judge] for judge, scores in given.get(work, {}).items()]
        mean = sum(evened, Fraction(0)) / len(evened) if evened else Fraction(low)
        parts[work] = min(max((mean - low) / (high - low), Fraction(0)), Fraction(1))
    return parts


def _by_rank(line: Criterion, scene: Scene) -> dict[str, Fraction]:
    """The share of the other works that a work is ahead of, equal ones counting half; unknown is behind all."""
    asked = Asked(line.metric or "", line.over or "all")
    values = {work: value for work in scene.things if isinstance(value := scene.figure(asked, work), Fraction)}
    others = len(scene.things) - 1
    below: dict[Fraction, Fraction] = {}
    behind = len(scene.things) - len(values)
    for value in sorted(set(values.values())):
        equal = sum(1 for other in values.values() if other == value)
        below[value] = Fraction(behind) + Fraction(equal - 1, 2)
        behind += equal
    return {
        work: (below[values[work]] / others if others else Fraction(1)) if work in values else Fraction(0)
        for work in scene.things
    }


def _ranking(phase: Judge, scene: Scene, totals: Mapping[str, Fraction]) -> list[str]:
    ties = sequence(scene, phase.ties, scene.things)
    return sorted(ties, key=lambda work: -totals[work])  # a stable sort keeps the order of the ties


def _rubric(phase: Judge) -> tuple[Criterion, ...]:
    return () if isinstance(phase.rubric, str) else phase.rubric


def _scale(phase: Judge) -> dict[str, tuple[int, int]]:
    return {line.id: (line.scale[0], line.scale[1]) for line in _rubric(phase) if line.scale is not None}


def _given(scene: Scene) -> dict[str, dict[str, dict[str, int]]]:
    """The scores that count: of each judge for each work the latest."""
    given: dict[str, dict[str, dict[str, int]]] = {}
    for act in scene.in_order:
        if act.verb == "score" and act.about in scene.thing_set:
            given.setdefault(act.about, {})[act.by] = {name: int(score) for name, score in act.fields.items()}
    return given


def _lacking(phase: Judge, scene: Scene) -> list[str]:
    """Works that have not got enough judges."""
    if not _scale(phase):
        return []
    given, needed = _given(scene), enough(phase.needs, len(scene.asked))
    return [work for work in scene.things if len(given.get(work, {})) < needed]


def _authors(scene: Scene, work: str) -> list[tuple[str, str | None]]:
    """Whose work it is, each with what tells the facts about several authors apart."""
    authors = scene.authors_of(work)
    if len(authors) < 2:
        return [("", _member(next(iter(authors), None)))]
    return [(f"/{author}", author) for author in authors]


def _member(author: str | None) -> str | None:
    return author if author and not author.startswith(ROLE) else None
