"""Elsewhere: conditions outside of ladders, stages and rules that nobody can ever meet, or that say nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rules.condition import Attribute, Condition
from rules.condition import sources as sources_of
from rules.errors import NotDecidable
from rules.fact import FactKind
from rules.proof.finding import Finding
from rules.proof.places import Written
from rules.proof.prover import Moment, Prover
from rules.proof.solver import Answer
from rules.proof.subject import Domain, Subject
from rules.proof.terms import at_least, at_most, implies, no
from rules.proof.world import Var
from rules.spec.community import Document
from rules.spec.documents.metrics import Counted, Named
from rules.spec.people import Selection
from rules.spec.source import Path
from rules.values import ValueType, show

_WAY_OUT = "change one of the lines below"


def elsewhere(prover: Prover) -> None:
    """Examine every other condition about members, works, runs and the community, and the `where` of metrics."""
    someone = prover.subject()
    for written, what in _conditions(prover):
        never(prover, someone, written, "TRL430", what)
    for document in prover.places.documents("metrics/v1"):
        for number, metric in enumerate(document.model.metrics):  # type: ignore[attr-defined]
            if isinstance(metric, Counted) and metric.where is not None:
                _where(prover, document, number, metric)
    for document in prover.places.documents("metrics/v1"):
        for number, metric in enumerate(document.model.metrics):  # type: ignore[attr-defined]
            if isinstance(metric, Named):
                _named(prover, someone, document, number, metric)


def never(prover: Prover, someone: Subject, written: Written, code: str, what: str) -> Answer | None:
    """Note that nobody can meet a condition, if nobody can; None if it cannot be asked."""
    question = f"whether it can ever hold: {what}"
    try:
        condition = prover.places.condition(written)
    except NotDecidable as problem:
        prover.open(written.place, question, str(problem))
        return None
    answer = prover.possible([someone.truths(condition).true], written.place, question)
    if answer == "unsat":
        claims = prover.claims(someone, prover.places.lines(written))
        moment = Moment("m1", someone, [condition])
        prover.impossible(code, written.place, what, _WAY_OUT, claims, moment)
    return answer


def _conditions(prover: Prover) -> Iterator[tuple[Written, str]]:
    """Conditions of titles, benefits, goals, floors and tasks, and what it means that one never holds."""
    for document in prover.places.documents("community/v1"):
        for number, title in enumerate(document.model.titles):  # type: ignore[attr-defined]
            here: Path = ("titles", number)
            value = _first(prover, title.per)
            if isinstance(title.held_by, Selection) and title.held_by.where is not None:
                path = (*here, "held_by", "where")
                yield (
                    Written(document, path, title.held_by.where, value, title.per),
                    f"nobody can ever hold the title '{title.id}'",
                )
            for key, node, what in (
                ("while", title.while_, f"the title '{title.id}' always rests: nobody meets its while"),
                ("renew", title.renew, f"the title '{title.id}' is never renewed: nobody meets its renew"),
            ):
                if node is not None:
                    yield Written(document, (*here, key), node, value, title.per), what
        for number, goal in enumerate(document.model.goals):  # type: ignore[attr-defined]
            path = ("goals", number, "reached")
            yield Written(document, path, goal.reached), f"the goal '{goal.id}' can never be reached"
    for document in prover.places.documents("resources/v1"):
        for number, resource in enumerate(document.model.resources):  # type: ignore[attr-defined]
            node = getattr(resource, "while_", None)
            if node is not None:
                path = ("resources", number, "while")
                yield Written(document, path, node), f"the benefit '{resource.id}' always rests: nobody meets its while"
    for document in prover.places.documents("tiers/v1"):
        ladder: Any = document.model
        value = _first(prover, ladder.per)
        if ladder.exempt is not None:
            path = ("exempt",)
            yield Written(document, path, ladder.exempt, value, ladder.per), f"nobody is ever exempt on '{ladder.id}'"
        for number, floor in enumerate(ladder.floors):
            path = ("floors", number, "when")
            written = Written(document, path, floor.when, value, ladder.per)
            yield written, f"the floor at '{floor.tier}' never holds anybody"
    for document in prover.places.documents("task/v1"):
        task: Any = document.model
        if task.suits is not None:
            yield Written(document, ("suits",), task.suits), f"the task '{task.id}' suits nobody"


def _first(prover: Prover, per: str | None) -> str | None:
    return None if per is None else next((item.id for item in prover.community.lists[per].items), None)


# ------------------------------------------------------------------------------------------------- named conditions
def _named(prover: Prover, someone: Subject, document: Document, number: int, metric: Named) -> None:
    """Note that a named condition is true of nobody (unless what depends on it was noted already) or of everybody."""
    written = Written(document, ("metrics", number, "when"), metric.when)
    try:
        condition = prover.places.condition(written)
    except NotDecidable as problem:
        prover.open(written.place, f"whether '{metric.id}' says anything", str(problem))
        return
    true = someone.truths(condition).true
    lines = {line.place for line in prover.places.lines(written)}
    told = any(one.place in lines for finding in prover.findings for one in finding.because)
    if not told:
        never(prover, someone, written, "TRL431", f"the named condition '{metric.id}' is true of nobody")
    if prover.possible([no(true)], written.place, f"whether '{metric.id}' is ever untrue") == "unsat":
        message = f"the named condition '{metric.id}' is true of everybody"
        prover.found(Finding("TRL431", written.place, message, "ask something that can be missed"))


# ------------------------------------------------------------------------------------------------- facts that count
class _FactDomain(Domain):
    """What the fields of one kind of fact can be."""

    def __init__(self, kind: FactKind) -> None:
        self.kind = kind

    def attribute(self, subject: Subject, name: str, type_: ValueType) -> Var:
        var = subject.world.variable(name, type_)
        field = self.kind.fields.get(name)
        if field is not None and type_.numeric:
            if field.low is not None:
                law = implies(var.known, at_least(var.value, field.low))
                subject.world.law(law, f"{name} of {self.kind.id} is at least {show(field.low, type_)}")
            if field.high is not None:
                law = implies(var.known, at_most(var.value, field.high))
                subject.world.law(law, f"{name} of {self.kind.id} is at most {show(field.high, type_)}")
        elif type_.numeric and name.rpartition(".")[2].startswith(("days_", "age", "load")):
            subject.world.law(at_least(var.value, 0), f"{name} is never negative")
        return var


def _where(prover: Prover, document: Document, number: int, metric: Counted) -> None:
    """Note that no fact can ever count for a metric."""
    counts = prover.domain.metrics[metric.id]
    path = ("metrics", number, "where")
    refused: list[tuple[Subject, Condition]] = []
    for kind, condition in (counts.where or {}).items():
        fact = Subject(prover.world, _FactDomain(counts.kinds[kind]))
        place = document.source.key_place(path)
        answer = prover.possible([fact.truths(condition).true], place, f"whether a fact can count for '{metric.id}'")
        if answer != "unsat":
            return
        refused.append((fact, condition))
    if refused:
        fact, condition = refused[0]
        written = Written(document, path, metric.where, fields=_fields([condition]))
        claims = prover.claims(fact, prover.places.lines(written))
        message = f"no fact can ever count for the metric '{metric.id}'"
        moment = Moment("a-fact", fact, [condition])
        prover.impossible("TRL432", written.place, message, _WAY_OUT, claims, moment)


def _fields(conditions: Iterable[Condition]) -> Mapping[str, ValueType]:
    return {
        name: source.type
        for condition in conditions
        for source in sources_of(condition)
        if isinstance(source, Attribute)
        for name in source.names
    }
