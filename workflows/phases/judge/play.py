"""Judge, played: works are scored by criterion, evened out, ranked exactly, and the best of them win."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
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
    judged = Told(lambda: (act for act in scene.in_order if act.verb == "score"))
    parts = {act.by: "judge" for act in judged if act.role is None}
    if _lacking(phase, scene) and phase.if_silent != "done":
        return Closing(
            outcome="short",
            results={"ranking": [], "winning": [], "winners": []},
            notes=Told(lambda: _scored(scene, judged)),
            parts=parts,
        )
    totals = total_scores(phase, scene)
    ranking, shown = _ranking(phase, scene, totals), cache(decimal_text)  # few different scores, however many works
    winning = ranking[: int(phase.winners)]
    winners = list(dict.fromkeys(author for work in winning for author in scene.authors_of(work)))
    return Closing(
        outcome="done" if ranking else "short",
        results={
            "ranking": ranking,
            "winning": winning,
            "winners": winners,
            "scores": {work: shown(round(totals[work] * 100), 2) for work in ranking},
            "dimensions": dimensions(judged),
            "made_from": {"at": scene.at.isoformat(), "scores": sum(1 for _ in judged)},
        },
        notes=Told(lambda: chain(_scored(scene, judged), _placed(scene, ranking, totals))),
        parts=parts,
    )


def _scored(scene: Scene, judged: Iterable[Act]) -> Iterator[Note]:
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


def dimensions(judged: Iterable[Act]) -> dict[str, dict[str, Any]]:
    """The level of the whole field by criterion: how many works, their mean and quartiles; of each work the mean of
    its judges."""
    given: dict[str, dict[str, tuple[int, int]]] = {}  # criterion -> work -> sum and number of the scores
    for act in judged:
        for criterion, score in act.fields.items():
            works = given.setdefault(criterion, {})
            so_far, count = works.get(act.about, (0, 0))
            works[act.about] = (so_far + int(score), count + 1)
    means = cache(Fraction)  # few different ones, however many works
    return {
        criterion: summary({work: means(*marks) for work, marks in works.items()}, 2)
        for criterion, works in sorted(given.items())
    }


def towards(phase: Judge, scene: Scene, outcome: str, cast: Cast) -> Sequence[Planned]:
    """Every work gets the judges it lacks, who score as those before them did, and lowest where nobody did."""
    if outcome != "done":
        return ()
    scales = _scale(phase)
    needed = enough(phase.needs, len(scene.asked))
    acts = []
    for work in scene.things:
        before = _given(scene, work)
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
    panel = crowd.some(len(scene.asked), [who for who in scene.asked if who not in scene.never])
    acts = []
    alike: dict[tuple[int, ...], dict[str, int]] = {}  # few different marks, however many works
    for number, work in enumerate(scene.things):
        free = [who for who in panel if who in scene.asked_about(work)]
        if not free:
            continue
        here = free[number % len(free) :] + free[: number % len(free)]
        for turn in range(needed - len(_given(scene, work))):
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
            marks = alike.setdefault(tuple(scores.values()), scores)
            acts.append((when, work, by, who if who.startswith(ROLE) else None, marks))
    acts.sort(key=lambda act: act[:3])
    return [
        Planned(seq=seq, at=when, verb="score", by=by, role=role, about=work, fields=scores)
        for seq, (when, work, by, role, scores) in enumerate(acts)
    ]


# ------------------------------------------------------------------------------------------------------------ scoring
def total_scores(phase: Judge, scene: Scene) -> dict[str, Fraction]:
    """Each work's score from 0 to 100, by weight: people's scores as a part of their scale, metrics by rank."""
    lines = [line for line in _rubric(phase) if line.scale is not None]
    leans = _leans(scene, lines) if phase.normalise == "per_judge" else {}
    totals = {work: _by_people(lines, leans, _given(scene, work)) for work in scene.things}
    for line in _rubric(phase):
        if line.scale is None:
            parts = _by_rank(line, scene)
            for work in scene.things:
                totals[work] += line.weight * parts[work]
    return totals


def _leans(scene: Scene, lines: Sequence[Criterion]) -> dict[tuple[str, str], Fraction]:
    """How much each judge gives above the mean of a work's judges, by judge and criterion, over all they have judged.

    The works are looked at one after the other; nothing is kept of them but sums.
    """
    sums: dict[tuple[str, str], Fraction] = {}
    judged: Counter[str] = Counter()
    for work in scene.things:
        given = _given(scene, work)
        judged.update(given.keys())
        for line in lines:
            mean = Fraction(sum(scores[line.id] for scores in given.values()), len(given) or 1)
            for judge, scores in given.items():
                key = (judge, line.id)
                sums[key] = sums.get(key, Fraction(0)) + scores[line.id] - mean
    return {(judge, line): total / judged[judge] for (judge, line), total in sums.items()}


def _by_people(
    lines: Sequence[Criterion], leans: Mapping[tuple[str, str], Fraction], given: Mapping[str, Mapping[str, int]]
) -> Fraction:
    """A work's points from its judges: their mean as a part of the scale, without what a judge gives to everybody."""
    points = Fraction(0)
    for line in lines:
        assert line.scale is not None
        low, high = line.scale
        evened = [scores[line.id] - leans.get((judge, line.id), Fraction(0)) for judge, scores in given.items()]
        mean = sum(evened, Fraction(0)) / len(evened) if evened else Fraction(low)
        points += line.weight * min(max((mean - low) / (high - low), Fraction(0)), Fraction(1))
    return points


def _by_rank(line: Criterion, scene: Scene) -> dict[str, Fraction]:
    """The share of the other works that a work is ahead of, equal ones counting half; unknown is behind all."""
    asked = Asked(line.metric or "", line.over or "all")
    values = {work: value for work in scene.things if isinstance(value := scene.figure(asked, work), Fraction)}
    others = len(scene.things) - 1
    below: dict[Fraction, Fraction] = {}
    behind = len(scene.things) - len(values)
    for value, equal in sorted(Counter(values.values()).items()):
        below[value] = Fraction(behind) + Fraction(equal - 1, 2)
        behind += equal
    return {
        work: (below[values[work]] / others if others else Fraction(1)) if work in values else Fraction(0)
        for work in scene.things
    }


def _ranking(phase: Judge, scene: Scene, totals: Mapping[str, Fraction]) -> list[str]:
    """Works by score; equal ones in the order that the phase says."""
    equal: dict[Fraction, list[str]] = {}
    for work in scene.things:
        equal.setdefault(totals[work], []).append(work)
    return [work for total in sorted(equal, reverse=True) for work in sequence(scene, phase.ties, equal[total])]


def _rubric(phase: Judge) -> tuple[Criterion, ...]:
    return () if isinstance(phase.rubric, str) else phase.rubric


def _scale(phase: Judge) -> dict[str, tuple[int, int]]:
    return {line.id: (line.scale[0], line.scale[1]) for line in _rubric(phase) if line.scale is not None}


def _given(scene: Scene, work: str) -> dict[str, Mapping[str, int]]:
    """The scores of a work that count: of each judge the latest."""
    return {act.by: act.fields for act in scene.about.get(work, ()) if act.verb == "score"}


def _lacking(phase: Judge, scene: Scene) -> list[str]:
    """Works that have not got enough judges."""
    if not _scale(phase):
        return []
    needed = enough(phase.needs, len(scene.asked))
    return [work for work in scene.things if len(_given(scene, work)) < needed]


def _authors(scene: Scene, work: str) -> list[tuple[str, str | None]]:
    """Whose work it is, each with what tells the facts about several authors apart."""
    authors = scene.authors_of(work)
    if len(authors) < 2:
        return [("", _member(next(iter(authors), None)))]
    return [(f"/{author}", author) for author in authors]


def _member(author: str | None) -> str | None:
    return author if author and not author.startswith(ROLE) else None
