"""Metrics: what they read is in the facts, is of the right type, and never leads back to themselves."""

from __future__ import annotations

from typing import Final

from rules.spec.checks.asked import NUMBERS, Asked, words
from rules.spec.checks.at import At, meant
from rules.spec.checks.community import one_of
from rules.spec.checks.conditions import condition
from rules.spec.checks.effects import within
from rules.spec.checks.names import Names, parts_of
from rules.spec.checks.packs import packed
from rules.spec.checks.scene import Scene, Wrong
from rules.spec.conditions import leaves
from rules.spec.documents.metrics import Counted, FactKind, Metric, Metrics, Named, Packed, Ratio, Score
from rules.spec.pack import meant as as_computed

_COUNTS: Final = {"count": "integer", "distinct": "integer", "days_with": "integer", "streak": "integer",
                  "since_first": "duration", "since_last": "duration"}  # fmt: skip


def metrics(at: At, written: Metrics, names: Names) -> None:
    """Check kinds of facts and metrics."""
    for n, fact in enumerate(written.facts):
        _fact(at / "facts" / n, fact, names)
    for n, metric in enumerate(written.metrics):
        here = at / "metrics" / n
        if isinstance(metric, Counted):
            _counted(here, metric, names)
        elif isinstance(metric, Named):
            about = names.about(metric)
            condition(here / "when", metric.when, Scene(names, about=about or "member"))
        elif isinstance(metric, Ratio | Score):
            _composed(here, metric, names)
        elif isinstance(metric, Packed):
            packed(here, metric, names)
        if _leads_back(metric, names):
            (here / "id").say("TRL361", f"metric '{metric.id}' is made of itself", "metrics are made of others")


def _fact(at: At, fact: FactKind, names: Names) -> None:
    _suspect(at / "suspect", fact, names)
    seen: set[str] = set()
    for n, spec in enumerate(fact.fields):
        here = at / "fields" / n
        if spec.id in seen:
            (here / "id").say("TRL312", f"field '{spec.id}' is there twice", "ids are unique here")
        seen.add(spec.id)
        one_of(here / "one_of", spec.one_of, Scene(names))
        within(here / "within", spec.within, Scene(names))
        if spec.type == "follow_ups" and spec.within is None:
            (here / "type").say("TRL360", "follow_ups say within which time each is answered", "add within: a time")


def _suspect(at: At, fact: FactKind, names: Names) -> None:
    if fact.suspect is None:
        return
    scene = Scene(names, about="fact", fields=names.fields_of((fact.id,)))
    for name, round_ in (("reciprocal", fact.suspect.reciprocal), ("ring", fact.suspect.ring)):
        if round_ is not None:
            _field(at / name / "field", round_.field, scene, {"member"})
    for n, burst in enumerate(fact.suspect.burst):
        _field(at / "burst" / n / "from", burst.from_, scene)


def _counted(at: At, metric: Counted, names: Names) -> None:
    known = [k for k in metric.from_ if k in names.facts()]
    for n, kind in enumerate(metric.from_):
        if kind not in names.facts() and not names.silent(kind):
            (at / "from" / n).unknown("TRL303", "kind of fact", kind, names.facts())
    if len(known) < len(metric.from_):
        return  # whatever it reads may be in the facts that are not known
    fields = names.fields_of(metric.from_)
    scene = Scene(names, about="fact", fields=fields)
    read = _field(at / "field", metric.field, scene)
    _field(at / "by", metric.by, scene)
    if "key" in metric.model_fields_set:
        _key(at / "key", metric.key, scene)
    _field(at / "dated_by", metric.dated_by, scene, {"date"})
    for n, limit in enumerate(metric.limits):
        _field(at / "limits" / n / "from", limit.from_, scene)
    condition(at / "where", metric.where, scene)
    if not _typed(at, metric, read):
        names.doubt(metric)


def _field(at: At, word: str | None, scene: Scene, want: set[str] | None = None) -> Asked | None:
    if word is None:
        return None
    found = scene.reads(word)
    if isinstance(found, Wrong):
        at.say(found.code, found.message, found.hint)
        return None
    if want is not None and found.kind not in (*want, "any"):
        at.say(
            "TRL360", f"'{word}' is {words(found.kind)}", f"a field of type {' or '.join(sorted(want))} is read here"
        )
    return found


def _key(at: At, word: str, scene: Scene) -> None:
    found = _field(at, word, scene)
    subjects = ("member", "work", "team", "run", "cohort", "space", "community", "any")
    if found is not None and found.kind not in subjects:
        at.say(
            "TRL360",
            f"'{word}' is {words(found.kind)}, not what a metric can be about",
            "a field of type member, work, team, run, cohort or space",
        )


def _typed(at: At, metric: Counted, read: Asked | None) -> bool:
    """Check that the type of a metric is what its way of computing gives; whether it is."""
    given = _COUNTS.get(metric.take)
    if given is None and read is not None and read.kind != "any":
        if metric.take in ("sum", "mean") and read.kind not in ("integer", "decimal", "duration", "money"):
            message = f"'{metric.field}' is {words(read.kind)}: there is no {metric.take} of it"
            (at / "take").say("TRL362", message, "take latest, distinct or count")
            return False
        if metric.take == "mean":
            given = "decimal"
        elif read.kind in NUMBERS or read.kind == "boolean":
            given = read.kind
        else:
            given = "text"
    fits = given is None or metric.type == given or (given in ("integer", "money") and metric.type == "decimal")
    if not fits:
        message = f"take: {metric.take} gives {words(given or '')}, the metric says {metric.type}"
        (at / "type").say("TRL362", message, f"write type: {given}")
    return fits


def _composed(at: At, metric: Ratio | Score, names: Names) -> None:
    abouts: set[str] = set()
    for n, part in enumerate(parts_of(metric)):
        here = at / "ratio" / n if isinstance(metric, Ratio) else at / "score" / n / "metric"
        found = names.of("metric").get(part)
        if found is None:
            if not names.silent(part):
                here.say("TRL301", f"unknown metric '{part}'", meant(part, names.of("metric")))
        elif found.type not in ("integer", "decimal", "duration"):
            here.say(
                "TRL362",
                f"'{part}' is {words(found.type)}: it cannot be counted with",
                "name a metric that is a number",
            )
        else:
            about = names.about(found)
            if about is not None and abouts and about not in abouts:
                message = f"'{part}' is about a {about}, the parts before it about a {next(iter(abouts))}"
                here.say("TRL302", message, "all parts are about the same kind of thing")
            abouts |= {about} if about is not None else set()


def _leads_back(metric: Metric, names: Names) -> bool:
    seen: set[str] = set()
    todo = _made_of(as_computed(metric))
    while todo:
        part = todo.pop()
        if part == metric.id:
            return True
        if part not in seen and part in names.of("metric"):
            seen.add(part)
            todo += _made_of(names.of("metric")[part])
    return False


def _made_of(metric: Metric) -> list[str]:
    if isinstance(metric, Ratio | Score):
        return list(parts_of(metric))
    if isinstance(metric, Named):
        return [leaf.name.rpartition(".")[2] for _, leaf in leaves(metric.when)]
    return []
