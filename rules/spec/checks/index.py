"""The index: everything a community declares under its name, and names that are taken twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rules.spec.checks.at import At
from rules.spec.checks.names import Names
from rules.spec.documents.community import CommunityDocument
from rules.spec.documents.lifecycle import Lifecycle
from rules.spec.documents.metrics import FactKind, Metrics
from rules.spec.documents.mode import Mode
from rules.spec.documents.resources import Resources
from rules.spec.documents.rules import Rules
from rules.spec.documents.sla import Slas
from rules.spec.documents.task import Task
from rules.spec.documents.tiers import Tiers
from rules.spec.pack import meant
from rules.spec.vocabulary import ENGINE_ATTRIBUTES, ENGINE_FACTS

_IN_COMMUNITY = (
    ("role", "roles"), ("list", "lists"), ("attribute", "attributes"), ("channel", "channels"), ("space", "spaces"),
    ("cohort", "cohorts"), ("title", "titles"), ("goal", "goals"), ("message", "messages"),
)  # fmt: skip


def index(places: Iterable[tuple[At, Any]], document: CommunityDocument, lost: frozenset[str]) -> Names:
    """Everything declared, by kind, after saying what is declared twice. The first of two counts."""
    names = Names(document, {}, lost)
    read: dict[str, str] = dict.fromkeys(ENGINE_ATTRIBUTES, "an attribute that the engine knows")
    for at, kind, thing in _declared(places):
        ids = names.of(kind)
        if thing.id in ids:
            at.say(
                "TRL312",
                f"{_a(kind)} '{thing.id}' is there twice",
                "ids are unique in the community; rename one of them",
            )
            continue
        ids[thing.id] = thing
        if kind == "fact" and thing.id in ENGINE_FACTS:
            _also_the_engines(at, thing)
        if kind == "list" and thing.id == "origins":
            at.say("TRL312", "the list 'origins' belongs to the engine", "choose another id")
        if kind in ("attribute", "metric", "ladder"):
            _one_meaning(at, kind, thing.id, read)
    return names


def _also_the_engines(at: At, fact: FactKind) -> None:
    """A community may add fields to a kind that the engine records too, and bring its own history of it."""
    for n, field in enumerate(fact.fields):
        engines = ENGINE_FACTS[fact.id].get(field.id)
        if engines is not None and engines != field.type:
            place = at.out() / "fields" / n / "type"
            message = f"the engine records facts called '{fact.id}' too, and their '{field.id}' is {engines}"
            place.say("TRL312", message, f"write type: {engines}, or choose another id")


def _one_meaning(at: At, kind: str, word: str, read: dict[str, str]) -> None:
    """A name that conditions read means one thing."""
    added = (word, f"days_in_{word}", f"{word}_held") if kind == "ladder" else (word,)
    for name in added:
        if name in read and not (kind == "ladder" and word == "tier"):
            at.say("TRL319", f"conditions read '{name}' already: it is {read[name]}", "choose another id")
            return
    read.update(dict.fromkeys(added, _a(kind)))


def _a(kind: str) -> str:
    return {"attribute": "an attribute", "fact": "a kind of fact"}.get(kind, f"a {kind}")


def _declared(places: Iterable[tuple[At, Any]]) -> Iterator[tuple[At, str, Any]]:
    for at, model in places:
        if isinstance(model, CommunityDocument):
            for kind, key in _IN_COMMUNITY:
                yield from _each(at / key, kind, getattr(model, key))
        elif isinstance(model, Metrics):
            yield from _each(at / "facts", "fact", model.facts)
            yield from _each(at / "metrics", "metric", tuple(meant(metric) for metric in model.metrics))
        elif isinstance(model, Tiers):
            yield (at / "id" if "id" in model.model_fields_set else at / "schema"), "ladder", model
            yield from _each(at / "tiers", "tier", model.tiers)
        elif isinstance(model, Lifecycle):
            yield from _each(at / "stages", "stage", model.stages)
        elif isinstance(model, Slas):
            yield from _each(at / "slas", "sla", model.slas)
        elif isinstance(model, Resources):
            for n, resource in enumerate(model.resources):
                yield at / "resources" / n / "id", resource.kind, resource
        elif isinstance(model, Rules):
            yield from _each(at / "rules", "rule", model.rules)
        elif isinstance(model, Mode | Task) or model.__class__.__name__ == "Calendar":
            yield at / "id", type(model).__name__.lower(), model


def _each(at: At, kind: str, things: tuple[Any, ...]) -> Iterator[tuple[At, str, Any]]:
    for n, thing in enumerate(things):
        yield at / n / "id", kind, thing
