"""Verdict: holds a play of a case against what it expects; what cannot be played yet is walked through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from operations.errors import Refusal
from rules.cases import Verdict, in_a_fact, judge, went_wrong
from rules.compile import Compiler
from rules.counted import fact_kinds
from rules.coverage.spots import spots
from rules.coverage.watch import Watch
from rules.errors import RuleRefusal
from rules.evaluate import evaluate
from rules.fact import Fact
from rules.gate import Gate
from rules.rulebook import Rulebook
from rules.spec import Community
from rules.spec.documents.cases import Play
from rules.spec.documents.mode import Mode
from rules.spec.substitute import ArgumentError
from rules.time import wall_clock
from rules.values import show
from rules.walk import SKIPPED, Walk, lapsed, walk
from workflows.paper.conductor import Played, play
from workflows.ready import cannot_run


def judge_play(community: Community, rulebook: Rulebook, case: Play, at: datetime, watch: Watch | None) -> Verdict:
    """Hold a play against the modes it belongs to.

    Args:
        at: when the run begins.
        watch: notes what is seen of the conditions of the mode.
    """
    try:
        mode = community.bind(case.task)
        not_yet = tuple(cannot_run(mode))
        if not_yet:
            return replace(_walked(community, rulebook, mode, case, at, watch), not_yet=not_yet)
        played = play(community, rulebook, case, at, watch)
        wrong = tuple(_wrong(community, case, played))
        if wrong and len({step.who for step in case.steps if step.after}) > 1:
            alone = play(community, rulebook, case, at, watch, alone=True)
            if not _wrong(community, case, alone):
                played, wrong = alone, ()
    except (RuleRefusal, Refusal, ArgumentError) as refused:
        return Verdict(case, (str(refused),))
    return Verdict(
        case,
        wrong,
        f"{', '.join(played.path)}; {played.end}",
        trace=tuple(_trace(community, played)),
        end=played.end,
    )


def _wrong(community: Community, case: Play, played: Played) -> list[str]:
    wrong = went_wrong(case, played.end, (played.path, played.first_rounds, played.to_the_end))
    for taken in played.steps:
        if taken.step.refused != (taken.refused is not None):
            what = f"refused: {taken.refused}" if taken.refused is not None else "taken"
            wrong.append(f"{taken.step.who}'s {taken.step.does} in {taken.step.in_} is {what}")
    told = [_told(community, fact) for fact in played.facts]
    wrong += [
        f"does not record {in_a_fact(wanted)}"
        for wanted in case.expect.facts
        if not any(_is(wanted, fact, names) for fact, (_, names) in zip(played.facts, told, strict=True))
    ]
    return wrong


def _told(community: Community, fact: Fact) -> tuple[str, Mapping[str, object]]:
    """The kind and fields of a fact in the language's own form."""
    known = fact_kinds(community)[fact.kind].fields
    return fact.kind, {
        name: show(value, known[name].type) if name in known else value for name, value in fact.fields.items()
    }


def _is(wanted: Mapping[str, int | str], fact: Fact, fields: Mapping[str, object]) -> bool:
    """Whether a fact is the one wanted: its kind with whom or what it is about, then its fields."""
    (kind, about), *rest = wanted.items()
    return (
        fact.kind == kind
        and about in (fact.member, fields.get("work"), *fields.values())
        and all(fields.get(name) == value for name, value in rest)
    )


def _trace(community: Community, played: Played) -> list[str]:
    """What happened, a line each."""
    lines = [
        (taken.at, f"{taken.step.who} {taken.step.does} {taken.step.about or ''} in {taken.step.in_}".replace("  ", " ")
         + (f": refused, {taken.refused}" if taken.refused else ""))
        for taken in played.steps
    ]  # fmt: skip
    lines += [(at, f"{phase} comes out {outcome}") for phase, outcome, at in played.closings]
    lines.sort(key=lambda line: line[0])
    return [f"{wall_clock(at, community.zone):%Y-%m-%d %H:%M} {text}" for at, text in lines]


# ------------------------------------------------------------------------------------------- what can only be walked
def _walked(
    community: Community, rulebook: Rulebook, mode: Mode, case: Play, at: datetime, watch: Watch | None
) -> Verdict:
    if _has_lapsed(community, rulebook, mode, case, watch):
        went = lapsed(mode)
        return Verdict(case, tuple(went_wrong(case, went.end, (went.path,))), f"ends with {went.end}", end=went.end)
    if watch is not None:
        _note(watch, mode, walk(mode, case.comes_out))
    return judge(community, rulebook, case, at)


def _has_lapsed(community: Community, rulebook: Rulebook, mode: Mode, case: Play, watch: Watch | None) -> bool:
    """Whether the mode's `while` is surely untrue of the first member of the case."""
    if mode.while_ is None or not case.members:
        return False
    person = case.members[0]
    evidence = Gate(community, rulebook).evidence({"consent": True, **person.attributes}, person.metrics)
    trace = evaluate(Compiler(community).condition(mode.while_), evidence)
    whole = watch.condition("mode", mode.id, "while") if watch is not None else None
    if watch is not None and whole is not None:
        watch.note(watch.of(whole, trace))
    return trace.truth is False


def _note(watch: Watch, mode: Mode, went: Walk) -> None:
    """A phase that is entered has seen its `only_if` hold, one that is skipped has seen it fail, if it is one leaf."""
    for phase, outcome in went.outcomes:
        whole = watch.condition("phase", mode.id, phase, "only_if")
        leaves = list(spots(whole)) if whole is not None else []
        if len(leaves) == 1:
            watch.note([(leaves[0], outcome != SKIPPED)])
